"""Run a command in an environment of our own, and while holding a lock, so that two builds in one clone do not meet.

Runs before the environment exists, with any Python 3.6 or later: standard library only.

    python3 -I lock.py LOCKFILE COMMAND [ARGUMENT ...]      LOCKFILE - takes no lock
"""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["SOURCES", "check_environment", "clean", "clear", "main", "start", "told"]

# as it was imported: the library may be a copy whose bookkit is a link
_LIB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

# What pip may be told from outside: where packages come from.
SOURCES = (
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT PIP_PROXY "
    "PIP_KEYRING_PROVIDER PIP_TIMEOUT PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR"
).split()

# What the outside may have set for other programs, by name or class of names. What chooses a numeric kernel or a number of
# threads (OPENBLAS_, OMP_, NPY_DISABLE_CPU_FEATURES ...), a proxy or a certificate passes.
_FOREIGN = re.compile(
    "|".join(
        (
            "PYTHON.+|__PYVENV.*",  # another library, start-up file, warnings as errors ...; PYTHON alone is make's
            "VIRTUAL_ENV.*|CONDA.*",  # another environment
            # pip is told by the site where packages come from, not where they go or which they are
            "(?!(PIP_CONFIG_FILE|{})$)PIP_.*".format("|".join(SOURCES)),
            "JUPYTER.*|IPY.*|PYDEVD.*|PAPERMILL.*|TRAITLETS.*|NBVAL.*",  # another kernel or its settings
            "MPL.*|MATPLOTLIB.*",  # a backend with which all figures vanish without an error, another style
            "SCIPY_.*|NUMPY_.*|NPY_PROMOTION_STATE",  # other rules of arithmetic
            "SPHINX.*|DOCUTILS.*|SOURCE_DATE_EPOCH",  # other pages
            "GIT_.*",  # set in a hook: another repository
            "MAKE.*|MFLAGS|GNUMAKEFLAGS",  # an outer make's job server is closed to us; -i and -n in silence
            "PYTEST_(ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD|DEBUG|THEME.*)",  # other tests
            "BASH_.*|ENV|CDPATH|GREP_.*",  # other shells
            "LANG|LANGUAGE|LC_.*|COLUMNS|LINES|FORCE_COLOR|CLICOLOR_FORCE|PY_COLORS",  # other text
            "BOOK_.*",  # ours, from a build around this one
        )
    )
)

_OURS = {
    "PYTHONPATH": _LIB,
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
    "IPYTHONDIR": _ROOT + "/_build/ipython",
    "JUPYTER_CONFIG_DIR": _ROOT + "/_build/jupyter",
    "JUPYTER_DATA_DIR": _ROOT + "/_build/jupyter",
    # a font list of its own: one shared between environments goes stale, and then every figure warns
    "MPLCONFIGDIR": _ROOT + "/.venv/matplotlib",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# One thread a chapter, since the chapters run side by side: more of them only wait for each other. What is set stays.
_THREADS = "OPENBLAS_NUM_THREADS OMP_NUM_THREADS".split()


def clean(environment: "Mapping[str, str]") -> "dict[str, str]":
    """Return an environment without what the outside set for other programs, and with what the book needs.

    Parameters
    ----------
    environment : mapping of str to str
        Variables by name; not changed.

    Returns
    -------
    dict of str to str
        The environment in which make, pip, kernels, figures and tests run.

    Examples
    --------
    >>> found = clean({"HOME": "/", "PIP_USER": "1", "PIP_PROXY": "proxy:1"})
    >>> [name for name in ("HOME", "PIP_USER", "PIP_PROXY") if name in found]
    ['HOME', 'PIP_PROXY']
    """
    found = {name: value for name, value in environment.items() if not _FOREIGN.fullmatch(name)}
    if not os.path.isdir(found.get("TMPDIR", "/")):
        # Python looks elsewhere, a browser does not
        del found["TMPDIR"]
    found.update(_OURS)
    for name in _THREADS:
        found.setdefault(name, "1")
    return found


def clear() -> None:
    """Clean the environment of this process, and so of the kernels that it starts; they can tell whether they are its own."""
    found = clean(os.environ)
    os.environ.clear()
    os.environ.update(found, BOOK_PREFIX=sys.prefix)


def check_environment() -> None:
    """Raise a sentence if this is a kernel of another environment than its runner's."""
    runner = os.environ.get("BOOK_PREFIX", sys.prefix)
    if sys.prefix != runner:
        raise RuntimeError(f"this kernel runs in the environment {sys.prefix}, not in {runner}")


def told(main: "Callable[[list[str]], int]") -> int:
    """Run a command line; what the folder or the disk refuses is said in one sentence.

    Parameters
    ----------
    main : callable
        Takes the arguments and returns the exit code.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> told(lambda arguments: 0)
    0
    """
    try:
        return main(sys.argv[1:])
    except OSError as error:
        refused = (
            "EACCES EPERM EROFS ENOSPC EDQUOT EFBIG ENOTDIR EISDIR EEXIST ELOOP ENAMETOOLONG EMFILE ENFILE ENOLCK ENOTSUP EIO"
        )
        if error.errno not in [getattr(errno, name) for name in refused.split()]:
            raise
        where = os.path.relpath(os.fsdecode(error.filename), _ROOT) if error.filename else "into this folder"
        sys.stderr.write(f"error: cannot write {where}: {error.strerror}\n")
        return 1


def _end_with_parent() -> None:
    """Send this process SIGTERM as soon as the process that started it is gone, however it was ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def start(main: "Callable[[list[str]], int]") -> int:
    """Run the command line of a process that ends like Ctrl-C when it is ended, or its parent is, so that no kernel stays.

    Parameters
    ----------
    main : callable
        Takes the arguments and returns the exit code.

    Returns
    -------
    int
        The exit code.
    """

    def interrupt(*_: object) -> None:
        # once: a second one, from the terminal and from the parent, would cut the cleaning up short
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        raise KeyboardInterrupt

    # a shell's background commands begin with SIGINT ignored; that stays
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    _end_with_parent()
    try:
        return told(main)
    except KeyboardInterrupt:
        return 130


def _check_folder() -> None:
    """Say at once where the book cannot live."""
    try:
        _ROOT.encode()
    except UnicodeEncodeError:
        bad = "bytes that are not UTF-8"
    else:
        bad = ", ".join(repr(sign) for sign in sorted(set(_ROOT)) if sign == ":" or not sign.isprintable())
    if bad:
        raise SystemExit(f"error: the path of this folder holds {bad}; Python makes no environment there. Move it.")


def main(argv: "list[str]") -> int:
    """Wait for the lock, run the command, return its exit code."""
    import fcntl  # not where only the chapters are read

    _check_folder()
    lock, command = argv[0], argv[1:]
    environment = clean(os.environ)
    if lock == "-":
        return _call(command, environment)
    os.makedirs(os.path.dirname(lock), exist_ok=True)
    with open(lock, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build runs in this clone; waiting for it to finish", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        # the command inherits the lock: if only this process is killed, the lock stays held until the command ends
        code = _call(command, environment, handle.fileno())
        if code >= 0:
            # whatever it left running no longer writes; of a command that was killed, it may
            fcntl.flock(handle, fcntl.LOCK_UN)
        return code


def _call(command: "list[str]", environment: "dict[str, str]", *inherited: int) -> int:
    """Run a command; Ctrl-C reaches it from the terminal, and what ends this process, or its parent, is passed on."""
    process = subprocess.Popen(command, env=environment, pass_fds=inherited)
    # not SIG_IGN, which the command would inherit
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    _end_with_parent()
    return process.wait()


if __name__ == "__main__":
    sys.exit(told(main))
