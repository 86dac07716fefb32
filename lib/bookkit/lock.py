"""Run a command in an environment of our own, and while holding a lock, so that two builds in one clone do not meet.

Runs before the environment exists, with any Python 3.6 or later: standard library only.

    python3 -I lock.py LOCKFILE COMMAND [ARGUMENT ...]      LOCKFILE - takes no lock
"""

import errno
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

__all__ = ["HELD", "SOURCES", "check_environment", "clean", "clear", "main", "told"]

# Set in every process below a holder, so that a locked target may call another one; and when the first of them began.
HELD, BEGAN = "BOOK_LOCK_HELD", "BOOK_START"

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
            "MPL.*|MATPLOTLIB.*",  # a backend that drops every figure, another style
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
    if HELD in os.environ:
        environment.update((name, os.environ[name]) for name in (HELD, BEGAN) if name in os.environ)
    environment.setdefault(BEGAN, f"{time.time():.1f}")
    if lock == "-" or environment.get(HELD) == os.path.realpath(lock):
        return subprocess.call(command, env=environment)
    os.makedirs(os.path.dirname(lock), exist_ok=True)
    with open(lock, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build runs in this clone; waiting for it to finish", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        environment[HELD] = os.path.realpath(lock)
        # the command inherits the lock: if this process alone is killed, what it started still writes and still holds it
        code = subprocess.call(command, env=environment, pass_fds=(handle.fileno(),))
        fcntl.flock(handle, fcntl.LOCK_UN)
        return code


if __name__ == "__main__":
    sys.exit(told(main))
