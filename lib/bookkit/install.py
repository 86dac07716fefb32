"""Make an environment from a lock file and the library, unless it exists already.

This module runs before the environment exists, with any Python 3.6 or later, and uses the standard library only.

    python3 -m bookkit.install FOLDER REQUIREMENTS
    python3 -m bookkit.install pip REQUIREMENTS       into the environment whose Python runs this
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from bookkit import lock

__all__ = ["environment", "main", "pip", "sources"]

_OLDEST, _NEWEST = (3, 11), (3, 13)


def sources(configuration: "Mapping[str, str]") -> "dict[str, str]":
    """Select the settings of pip's configuration that say where packages come from.

    Where packages are installed, and which ones, is set by this module.

    Parameters
    ----------
    configuration : mapping of str to str
        Values by section and key, as ``pip config list`` shows them.

    Returns
    -------
    dict of str to str
        The settings as environment variables.

    Examples
    --------
    >>> sources({"global.user": "true", "global.proxy": "here:1", ":env:.proxy": "there:1"})
    {'PIP_PROXY': 'there:1'}
    """
    found = {}
    # the order of pip: `install` takes precedence over `global`, and the environment over both
    for section in ("global", "install", ":env:"):
        for key, value in configuration.items():
            if key.startswith(f"{section}."):
                found["PIP_" + key[len(section) + 1 :].upper().replace("-", "_")] = value
    return {name: value for name, value in found.items() if name in lock.SOURCES and value}


def _configuration() -> "dict[str, str]":
    # `pip config list` is not used: with `user = true` in one of pip's files it shows only one file
    from pip._internal.configuration import Configuration
    from pip._internal.exceptions import PipError

    configuration = Configuration(isolated=False)
    try:
        configuration.load()
    except PipError as error:
        raise SystemExit(f"error: pip's configuration: {' '.join(str(error).split())}") from None
    return dict(configuration.items())


def environment() -> "dict[str, str]":
    """Return the environment variables of pip: the settings of the book and the package sources of the machine."""
    return dict(lock.clean(os.environ), **sources(_configuration()), PIP_CONFIG_FILE=os.devnull)


def pip(requirements: str) -> int:
    """Run pip with the settings of the book and the package sources of the machine; return its exit code."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        requirements,
    ]
    # a relative path to the library, so that the checkout may be moved and may have any name
    Path(sysconfig.get_path("purelib"), "book.pth").write_text("../../../../lib\n")
    return subprocess.call(command, env=environment())


def _is_ready(folder: Path, requirements: Path) -> bool:
    """Return whether an environment was made from these requirements, and its Python exists and still has the same version."""
    ready, python = folder / "ready", folder / "bin/python"
    if not ready.is_file() or ready.read_bytes() != requirements.read_bytes() or not python.exists():
        return False
    return subprocess.call([str(python), "-I", "-c", "import bookkit"], stderr=subprocess.DEVNULL) == 0


def _fault(folder: Path, requirements: Path) -> str:
    """Return the reason why an environment cannot be made; empty if it can."""
    if folder.is_symlink():
        # the target of a link may be in use elsewhere, and venv would clear it
        return f"{folder} is a link and does not fit {requirements}; remove the link, or install where it points"
    here = sys.version_info[:2]
    if not _OLDEST <= here <= _NEWEST:
        known = f"{_OLDEST[0]}.{_OLDEST[1]} to {_NEWEST[0]}.{_NEWEST[1]} are"
        return f"Python {here[0]}.{here[1]} is not supported; {known}. Choose one: make PYTHON=python3.12 ..."
    return ""


def main(argv: "list[str]") -> int:
    """Run the command line."""
    if argv[0] == "pip":
        return pip(argv[1])
    folder, requirements = Path(argv[0]), Path(argv[1])
    if _is_ready(folder, requirements):
        return 0
    fault = _fault(folder, requirements)
    if fault:
        print(f"error: {fault}", file=sys.stderr)
        return 1
    print(f"installing the environment into {folder}", flush=True)
    python = str(folder / "bin/python")
    for command in (
        [sys.executable, "-I", "-m", "venv", "--clear", str(folder)],
        [python, "-m", "bookkit.install", "pip", str(requirements)],
        # make the list of fonts once, and not in every kernel
        [
            python,
            "-c",
            "import importlib.util as u\nif u.find_spec('matplotlib'): import matplotlib.font_manager",
        ],
    ):
        code = subprocess.call(command)
        if code:
            return code
    shutil.copyfile(str(requirements), str(folder / "ready"))
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
