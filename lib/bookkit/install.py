"""Install a lock file, and the library, into the environment whose Python runs this.

.venv/bin/python -m bookkit.install REQUIREMENTS
"""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from bookkit import lock

__all__ = ["main", "sources"]


def sources(configuration: Mapping[str, str]) -> dict[str, str]:
    """Take from pip's configuration where packages come from; where they go and which they are is ours.

    Parameters
    ----------
    configuration : mapping of str to str
        Values by section and key, as ``pip config list`` shows them.

    Returns
    -------
    dict of str to str
        The settings as variables of the environment.

    Examples
    --------
    >>> sources({"global.user": "true", "global.proxy": "here:1", ":env:.proxy": "there:1"})
    {'PIP_PROXY': 'there:1'}
    """
    found = {}
    # pip's order: what is set for `install` wins over `global`, and the environment over both
    for section in ("global", "install", ":env:"):
        for key, value in configuration.items():
            if key.startswith(f"{section}."):
                found["PIP_" + key[len(section) + 1 :].upper().replace("-", "_")] = value
    return {name: value for name, value in found.items() if name in lock.SOURCES and value}


def _configuration() -> dict[str, str]:
    # not `pip config list`: with `user = true` in pip's files that shows one of them only
    from pip._internal.configuration import Configuration
    from pip._internal.exceptions import PipError

    configuration = Configuration(isolated=False)
    try:
        configuration.load()
    except PipError as error:
        raise SystemExit(f"error: pip's configuration: {' '.join(str(error).split())}") from None
    return dict(configuration.items())


def main(argv: list[str]) -> int:
    """Run pip with the book's settings and the sources of the site."""
    settings = sources(_configuration()) | {"PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "-r", argv[0]]
    # the library, by a path from there, so that the checkout may move and may have any name
    Path(sysconfig.get_path("purelib"), "book.pth").write_text("../../../../lib\n")
    return subprocess.call(command, env=lock.clean(os.environ) | settings)


if __name__ == "__main__":
    sys.exit(lock.told(main))
