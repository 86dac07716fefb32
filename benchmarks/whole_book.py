"""All chapters of the book against the commit before: each that both have is run by both, in turns, in temporary folders."""

import io
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "8d560f0"
NEEDED = ("lib", "book", "_toc.yml")
# Wanted ratio of the processor times of all chapters together.
WANTED = 2.0
# Runs a chapter as the book does, from the folder that holds the library on the path.
CHAPTER = """
import sys
from pathlib import Path
from bookkit import run
name, folder = sys.argv[1], Path(sys.argv[2])
run.execute(name, folder / f"{name}.ipynb", {}, folder, BOOK_FIGURES="strict")
"""


def names(book: Path) -> list[str]:
    """Chapters of a book in alphabetical order."""
    return sorted(path.stem for path in (book / "book/chapters").glob("*.ipynb"))


def seconds(book: Path, name: str) -> float:
    """Processor time of a chapter: its kernel, and what starts it."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    start = spent()
    command = [sys.executable, "-c", CHAPTER, name, str(book / "_build/executed" / name)]
    environment = os.environ | {"PYTHONPATH": str(book / "lib")}
    done = subprocess.run(command, env=environment, cwd=book, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"chapter {name}: {done.stderr.strip()[-400:]}")
    return spent() - start


def compare() -> bool:
    print(f"All chapters, without installation and pages: the book against itself at {BEFORE}, in turns; processor time")
    command = ["git", "-C", str(ROOT), "archive", BEFORE, *NEEDED]
    archive = subprocess.run(command, capture_output=True, check=False) if shutil.which("git") else None
    if archive is None or archive.returncode:
        print("    not run: this copy has no history that holds the commit", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        now, before = Path(folder, "now"), Path(folder, "before")
        for name in NEEDED:
            source, copy = ROOT / name, now / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
        tarfile.open(fileobj=io.BytesIO(archive.stdout)).extractall(before, filter="data")
        common = [name for name in names(now) if name in names(before)]
        # the first run in a folder compiles the modules and lists the fonts
        for book in (now, before):
            seconds(book, common[0])
        times = {}
        for name in common:
            times[name] = seconds(now, name), seconds(before, name)
            new, old = times[name]
            print(f"    {name:24s} {new:6.1f} s, before {old:6.1f} s, ratio {old / new:5.1f}", flush=True)
        other = sorted(set(names(now)) ^ set(names(before)))
    new, old = (sum(part) for part in zip(*times.values(), strict=True))
    slowest = max(times, key=lambda name: times[name][0])
    print(f"    {len(common)} chapters {new:.0f} s, before {old:.0f} s; in one book alone: {', '.join(other) or 'none'}")
    print(f"    the slowest is {slowest} with {times[slowest][0]:.1f} s")
    print(f"    ratio {old / new:.1f} (wanted {WANTED:.0f})")
    good = old / new >= WANTED
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good
