"""Run a command with clean environment variables while holding a lock, so that two builds in one clone do not collide.

This module runs before the environment exists, with any Python 3.6 or later, and uses the standard library only.

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

# _LIB is the path as imported, because the library may be a copy in which bookkit is a link
_LIB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

# Settings of pip that are taken from outside: where packages come from.
SOURCES = (
    "PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT PIP_PROXY "
    "PIP_KEYRING_PROVIDER PIP_TIMEOUT PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR"
).split()

# Variables that may be set for other programs, by name or class of names; they are removed. Variables that choose a numeric
# kernel, a number of threads (OPENBLAS_, OMP_, NPY_DISABLE_CPU_FEATURES ...), a proxy or a certificate are kept.
_FOREIGN = re.compile(
    "|".join(
        (
            "PYTHON.+|__PYVENV.*",  # another library, start-up file, warnings as errors ...; PYTHON alone is used by make
            "VIRTUAL_ENV.*|CONDA.*",  # another environment
            # the machine sets where packages come from, not where they are installed or which ones
            "(?!(PIP_CONFIG_FILE|{})$)PIP_.*".format("|".join(SOURCES)),
            "JUPYTER.*|IPY.*|PYDEVD.*|PAPERMILL.*|TRAITLETS.*|NBVAL.*",  # another kernel or its settings
            "MPL.*|MATPLOTLIB.*",  # a backend with which all figures vanish without an error, another style
            "SCIPY_.*|NUMPY_.*|NPY_PROMOTION_STATE",  # other rules of arithmetic
            "SPHINX.*|DOCUTILS.*|SOURCE_DATE_EPOCH",  # other pages
            "GIT_.*",  # set in a hook: another repository
            "MAKE.*|MFLAGS|GNUMAKEFLAGS",  # the job server of an outer make is not available; its -i and -n would apply
            "PYTEST_(ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD|DEBUG|THEME.*)",  # other tests
            "BASH_.*|ENV|CDPATH|GREP_.*",  # other shells
            "LANG|LANGUAGE|LC_.*|COLUMNS|LINES|FORCE_COLOR|CLICOLOR_FORCE|PY_COLORS",  # other text
            "BOOK_.*",  # variables of the book, from a build that started this one
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
    # a separate list of fonts: one shared between environments becomes outdated, and every figure then gives a warning
    "MPLCONFIGDIR": _ROOT + "/.venv/matplotlib",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# One thread per chapter, because the chapters run in parallel and more threads would wait for each other. A value that is set
# is kept.
_THREADS = "OPENBLAS_NUM_THREADS OMP_NUM_THREADS".split()


def clean(environment: "Mapping[str, str]") -> "dict[str, str]":
    """Return an environment without the variables of other programs and with those that the book needs.

    Parameters
    ----------
    environment : mapping of str to str
        Variables by name; the mapping is not changed.

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
        # Python then uses another folder, but a browser does not
        del found["TMPDIR"]
    found.update(_OURS)
    for name in _THREADS:
        found.setdefault(name, "1")
    return found


def clear() -> None:
    """Clean the environment of this process and of the kernels that it starts, which call `check_environment`."""
    found = clean(os.environ)
    os.environ.clear()
    os.environ.update(found, BOOK_PREFIX=sys.prefix)


def check_environment() -> None:
    """Raise RuntimeError if this kernel runs in another environment than the process that started it."""
    runner = os.environ.get("BOOK_PREFIX", sys.prefix)
    if sys.prefix != runner:
        raise RuntimeError(f"this kernel runs in the environment {sys.prefix}, not in {runner}")


def told(main: "Callable[[list[str]], int]") -> int:
    """Run a command line; an error of the folder or the disk is reported in one sentence.

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
    """Send SIGTERM to this process as soon as the process that started it has ended for any reason."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def start(main: "Callable[[list[str]], int]") -> int:
    """Run a command line; SIGTERM, or the end of the parent process, acts like Ctrl-C, so that no kernel keeps running.

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
        # only once: a second signal, from the terminal or from the parent, would interrupt the clean-up
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        raise KeyboardInterrupt

    # commands that a shell starts in the background ignore SIGINT; this is kept
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    _end_with_parent()
    try:
        return told(main)
    except KeyboardInterrupt:
        return 130


def _check_folder() -> None:
    """Stop with an error if the path of this folder has characters with which Python makes no environment."""
    try:
        _ROOT.encode()
    except UnicodeEncodeError:
        bad = "bytes that are not UTF-8"
    else:
        bad = ", ".join(repr(sign) for sign in sorted(set(_ROOT)) if sign == ":" or not sign.isprintable())
    if bad:
        raise SystemExit(f"error: the path of this folder holds {bad}; Python makes no environment there. Move it.")


def main(argv: "list[str]") -> int:
    """Wait for the lock, run the command, and return its exit code."""
    import fcntl  # imported here, because reading the chapters also works where there is no fcntl

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
            # processes that the command left running do not write any more; those of a command that was killed may
            fcntl.flock(handle, fcntl.LOCK_UN)
        return code


def _call(command: "list[str]", environment: "dict[str, str]", *inherited: int) -> int:
    """Run a command; it gets Ctrl-C from the terminal, and SIGTERM when this process gets it or the parent process ends."""
    process = subprocess.Popen(command, env=environment, pass_fds=inherited)
    # a function that does nothing instead of SIG_IGN, which the command would inherit
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    _end_with_parent()
    return process.wait()


if __name__ == "__main__":
    sys.exit(told(main))
