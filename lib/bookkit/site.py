"""Build the HTML book from the executed chapters.

python -m bookkit.site keys      fingerprints, so that make knows what is stale
python -m bookkit.site build     the pages, put in place in one step at the end
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import chapters, generate, lock
from .chapters import ROOT
from .run import STAGE

__all__ = ["main"]

_KEYS = ROOT / "_build/keys"
_HTML = ROOT / "_build/html"


def _pages() -> tuple[Path, ...]:
    """Everything of the book that is not executed."""
    book = (path for path in (ROOT / "book").rglob("*") if path.is_file() and path.suffix != ".ipynb")
    hidden = {path for path in book if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)}
    return tuple(sorted(hidden | {ROOT / "_config.yml", ROOT / "_toc.yml", ROOT / "requirements.txt"}))


def write_keys() -> None:
    """Write a fingerprint a chapter and one for the pages, touching only those that changed."""
    _KEYS.mkdir(parents=True, exist_ok=True)
    library = tuple(sorted(path for path in (ROOT / "lib").rglob("*") if path.suffix in (".py", ".toml", ".csv")))
    wanted = {name: chapters.key(chapters.dependencies(name)) for name in chapters.names()}
    wanted["site"] = chapters.key(_pages() + library)
    for path in _KEYS.iterdir():
        if path.stem not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = _KEYS / f"{name}.key"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _sync() -> None:
    """Make the stage hold exactly the pages and the chapters of the table of contents."""
    staged = {STAGE / chapters.path_of(name) for name in chapters.names()}
    keep = staged | {STAGE / path.relative_to(ROOT) for path in _pages()}
    for path in [path for path in STAGE.rglob("*") if path.is_file()]:
        belongs = path.parent.name == "data" and path.name.split(".")[0].startswith(chapters.names())
        if path not in keep and not belongs:
            path.unlink()
    for path in _pages():
        target = STAGE / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    generate.write_pages(STAGE, STAGE)


def build() -> int:
    """Build the pages; the site that is served changes in one step, and only after a clean build."""
    began = float(os.environ.get("BOOK_START", time.time()))
    _sync()
    print(f"building the pages ({time.time() - began:.0f} s so far)", flush=True)
    work = ROOT / "_build/work"
    shutil.rmtree(work, ignore_errors=True)
    command = [sys.executable, "-m", "bookkit.site", "sphinx", str(STAGE), "--path-output", str(work)]
    command += ["-q", "-W", "-n", "--keep-going"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    refused = re.search(r"\[Errno (\d+)\] (.*)", result.stdout)
    if result.returncode and refused:
        # what was written of the pages may be what fills the disk
        shutil.rmtree(work, ignore_errors=True)
        raise OSError(int(refused[1]), refused[2].partition(":")[0], work)
    if result.returncode:
        print(result.stdout, "error: the pages have warnings; the site in place was not changed", sep="\n", file=sys.stderr)
        return result.returncode
    sites = ROOT / "_build/sites"
    sites.mkdir(exist_ok=True)
    new = sites / f"{time.time_ns()}"
    (work / "_build/html").rename(new)
    link = sites / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("sites") / new.name)
    link.replace(_HTML)
    for old in sites.iterdir():
        if old != new:
            shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    (ROOT / "_build/site.stamp").touch()
    print(f"the book is built ({time.time() - began:.0f} s so far)", flush=True)
    return 0


def _sphinx(argv: list[str]) -> None:
    """Run Jupyter Book, and spare it a third of its time."""
    import gc
    from functools import cache

    from jupyter_book.cli.main import main as jupyter_book
    from pybtex import plugin

    # it reads the metadata of all packages for every citation
    plugin._load_entry_point = cache(plugin._load_entry_point)
    # it makes many small objects and hardly a cycle
    gc.disable()
    sys.argv = ["jupyter-book", "build", *argv]
    jupyter_book()


def main(argv: list[str]) -> int:
    """Run the command line."""
    if argv[0] == "sphinx":
        _sphinx(argv[1:])
    if argv[0] == "keys":
        write_keys()
        return 0
    return build()


if __name__ == "__main__":
    sys.exit(lock.told(main))
