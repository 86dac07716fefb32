"""Build the wheel of the library, and try it in a fresh environment, as a borrower has it.

python -m bookkit.wheel     into _build/wheel
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import install, lock
from .chapters import ROOT

__all__ = ["build", "main"]

_SOURCES = ("pyproject.toml", "README.md", "LICENSE")
_CODE = "import darkhiggs; print(darkhiggs.__version__)"


def build(folder: Path, root: Path = ROOT) -> Path:
    """Build the wheel from a copy of its sources, so that nothing of an older build gets in; needs no network.

    Parameters
    ----------
    folder : Path
        Where the wheel is written.
    root : Path
        Folder of pyproject.toml and lib.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    RuntimeError
        If pip does not build it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(root / "lib", Path(scratch, "lib"), ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for name in _SOURCES:
            shutil.copy(root / name, scratch)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
        result = subprocess.run(
            [*command, "--disable-pip-version-check", "--wheel-dir", str(folder), scratch], capture_output=True, text=True
        )
    if result.returncode:
        raise RuntimeError(f"the wheel was not built: {result.stderr.strip()}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def main(argv: list[str]) -> int:
    """Run the command line."""
    folder = ROOT / "_build/wheel"
    shutil.rmtree(folder, ignore_errors=True)
    wheel = build(folder)
    wanted = wheel.name.split("-")[1]
    with tempfile.TemporaryDirectory() as scratch:
        python = str(Path(scratch, "bin/python"))
        subprocess.run([sys.executable, "-I", "-m", "venv", scratch], check=True)
        install_it = [python, "-I", "-m", "pip", "install", "-qq", "--disable-pip-version-check", str(wheel)]
        if code := subprocess.call(install_it, env=install.environment()):
            return code
        found = subprocess.run([python, "-I", "-c", _CODE], cwd=scratch, capture_output=True, text=True)
    if found.stdout.strip() != wanted:
        print(f"error: the wheel of {wanted} gives {found.stdout.strip() or found.stderr.strip()}", file=sys.stderr)
        return 1
    print(f"{wheel.relative_to(ROOT)}: darkhiggs {wanted}, installed and imported in a fresh environment")
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
