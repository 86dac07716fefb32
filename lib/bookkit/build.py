"""Build the book: run the chapters that are stale, several at once, then make the pages from the executed chapters.

python -m bookkit.build
"""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from darkhiggs.errors import ParameterError

from . import chapters, checks, claims, generate, lock, page, run
from .chapters import ROOT
from .run import STAGE

__all__ = ["lettered", "main", "stale", "with_et_al"]

_HTML = ROOT / "_build/html"
# Sources of the pages, written anew for each site.
_SOURCE = ROOT / "_build/source"


def stale() -> list[str]:
    """List the chapters whose built version does not match their present files."""
    return [name for name in chapters.names() if run.built_from(name) != chapters.fingerprint(name)]


def _pages() -> tuple[Path, ...]:
    """List the files of the book that are not executed: texts, pictures, configuration."""
    book = (path for path in (ROOT / "book").rglob("*") if path.is_file() and path.suffix != ".ipynb")
    hidden = {path for path in book if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)}
    return tuple(sorted(hidden | {ROOT / "_config.yml", ROOT / "_toc.yml", ROOT / "requirements.txt"}))


def _staged() -> list[Path]:
    """Notebooks and downloads of all chapters."""
    paths = [STAGE / chapters.path_of(name) for name in chapters.names()]
    return [*paths, *(path for name in chapters.names() for path in sorted(run.downloads(name).glob("*")))]


def _site() -> Path:
    """Return the folder of the site that belongs to the present files."""
    library = sorted(path for path in (ROOT / "lib").rglob("*") if path.suffix in (".py", ".js", ".toml", ".csv"))
    return ROOT / "_build/sites" / chapters.key([*_pages(), *library, *_staged()])[:16]


def _sync() -> None:
    """Write the sources of the pages: texts, executed chapters in the order of a reader, downloads."""
    keep = {*_staged()}
    for path in [path for path in STAGE.rglob("*") if path.is_file() and path not in keep]:
        path.unlink()
    shutil.rmtree(_SOURCE, ignore_errors=True)
    for path in [*_pages(), *(keep - {STAGE / chapters.path_of(name) for name in chapters.names()})]:
        target = _SOURCE / path.relative_to(STAGE if path.is_relative_to(STAGE) else ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    papers = _SOURCE / "book/references.bib"
    papers.write_text(lettered(with_et_al(papers.read_text(encoding="utf-8"))), encoding="utf-8")
    generate.write_pages(STAGE, _SOURCE)
    generate.write_staged(_SOURCE)
    address = page.repository()
    for name in chapters.names():
        notebook = nbformat.read(STAGE / chapters.path_of(name), as_version=4)
        files = [path.name for path in run.downloads(name).iterdir()]
        record = checks.check_record(notebook)
        assert record is not None
        shown = page.arrange(notebook, name, record, page.take_along(name, files, address))
        (_SOURCE / chapters.path_of(name)).write_text(nbformat.writes(shown), encoding="utf-8")


def with_et_al(text: str) -> str:
    """Write "Aoyama et al." where a bibliography names one author and others; a citation would say "Aoyama and others".

    Examples
    --------
    >>> from bookkit import build
    >>> build.with_et_al("author = {Aoyama, T. and others},")
    'author = {{Aoyama et al.}},'
    """
    return re.sub(r"author = \{([^{},]+), [^{},]+? and others\}", r"author = {{\1 et al.}}", text)


def lettered(text: str) -> str:
    """Add a letter to the year of papers that would be cited alike: same authors, as a citation names them, and same year."""
    from pybtex.database import parse_string

    alike: dict[tuple[str, ...], list[str]] = {}
    for key, entry in parse_string(text, "bibtex").entries.items():
        names = [" ".join(person.last_names) for person in entry.persons["author"]]
        shown = names if len(names) < 3 else [names[0], "et al."]
        alike.setdefault((*shown, entry.fields["year"]), []).append(key)
    for (*_, year), keys in alike.items():
        for key, letter in zip(keys, "abcdefgh" if len(keys) > 1 else "", strict=False):
            there = text.index(f"{{{key},")
            text = text[:there] + text[there:].replace(f"year = {{{year}}}", f"year = {{{year}{letter}}}", 1)
    return text


def _run_chapters(names: list[str], began: float) -> list[str]:
    """Run chapters, report their progress, and return those that failed."""
    listed, failed = chapters.names(), []
    for name, code in run.each(names, "bookkit.run", "stage"):
        if code is None:
            said = "running"
        elif code == 0:
            record = json.loads((run.downloads(name) / f"{name}.json").read_text(encoding="utf-8"))
            said = f"calculation {record['calculation']}, the talk {record['talk']}"
        else:
            failed.append(name)
            said = "failed" if code > 0 else f"ended by signal {-code}"
        run.say(f"[{listed.index(name) + 1} of {len(listed)}] {name}: {said} ({time.monotonic() - began:.0f} s so far)")
    return failed


def _make_pages(site: Path) -> int:
    """Make the pages; the site that is served changes in one step, and only after a clean build."""
    _sync()
    work = ROOT / "_build/work"
    shutil.rmtree(work, ignore_errors=True)
    command = [sys.executable, "-m", "bookkit.build", "sphinx", str(_SOURCE), "--path-output", str(work)]
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
    # a list of all sources, which no page leads to
    (work / "_build/html/_modules/index.html").unlink(missing_ok=True)
    site.parent.mkdir(exist_ok=True)
    shutil.rmtree(site, ignore_errors=True)
    (work / "_build/html").rename(site)
    link = site.parent / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("sites") / site.name)
    link.replace(_HTML)
    for old in site.parent.iterdir():
        if old != site:
            shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    return 0


def _sphinx(argv: list[str]) -> None:
    """Run Jupyter Book without two habits that cost a third of its time."""
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
    if argv[:1] == ["sphinx"]:
        _sphinx(argv[1:])
    began = time.monotonic()
    try:
        page.repository()
    except ParameterError as error:
        run.say(f"error: {error}", sys.stderr)
        return 1
    failed = _run_chapters(stale(), began)
    if failed:
        run.say(f"error: {', '.join(failed)} failed; the site in place was not changed", sys.stderr)
        return 1
    site = _site()
    if _HTML.resolve() != site:
        run.say(f"building the pages ({time.monotonic() - began:.0f} s so far)")
        try:
            code = _make_pages(site)
        except (claims.ClaimError, ImportError) as error:
            run.say(f"error: {error}; the site in place was not changed", sys.stderr)
            return 1
        if code:
            return code
        run.say(f"the book is built ({time.monotonic() - began:.0f} s so far)")
    run.say(f"the book: {_HTML}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
