"""Refresh the stored outputs of the chapters and the pages generated from them, and print the numbers that changed.

python -m bookkit.reference [NAME ...]     default: all chapters
"""

import json
import re
import sys
from collections.abc import Iterator

import nbformat

from darkhiggs.errors import ParameterError

from . import chapters, generate, lock, play, run
from .chapters import ROOT

__all__ = ["followed", "main", "moved", "stored"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_CELL_METADATA = ("tags", "mystnb")
# The chapter whose figure the README shows.
_PICTURED = "two_body"


def stored(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Reduce an executed notebook to the parts that are committed: text outputs without pictures and run-dependent metadata.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook, changed in place.

    Returns
    -------
    NotebookNode
        The same notebook.
    """
    kept = {name: notebook.metadata[name] for name in ("darkhiggs",) if name in notebook.metadata}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}, **kept})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in _CELL_METADATA if key in cell.metadata})
        for output in cell.get("outputs", []):
            output.pop("metadata", None)
            if "data" in output:
                output["metadata"] = {}
                output.data = nbformat.from_dict(
                    {mime: body for mime, body in output.data.items() if not mime.startswith("image/") and mime != play.MIME}
                )
    return notebook


def _texts(notebook: nbformat.NotebookNode) -> Iterator[tuple[int, list[str]]]:
    for number, cell in enumerate(notebook.cells):
        lines: list[str] = []
        for output in cell.get("outputs", []):
            lines += str(output.get("text", "")).splitlines() + str(output.get("data", {}).get("text/plain", "")).splitlines()
        yield number, lines


def moved(old: nbformat.NotebookNode, new: nbformat.NotebookNode) -> list[str]:
    """List the numbers of the stored text that differ between two versions of a chapter.

    Parameters
    ----------
    old, new : NotebookNode
        The chapter before and after.

    Returns
    -------
    list of str
        One line for each changed line of text, with its changed numbers and their relative changes.
    """
    lines = []
    before, after = dict(_texts(old)), dict(_texts(new))
    for number in sorted(before.keys() | after.keys()):
        was, now = before.get(number, []), after.get(number, [])
        if was == now:
            continue
        if len(was) != len(now):
            lines.append(f"cell {number}: {len(was)} lines became {len(now)}")
            continue
        for left, right in zip(was, now, strict=True):
            if left == right:
                continue
            numbers = list(zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=False))
            changes = [f"{a} -> {b}{_relative(a, b)}" for a, b in numbers if a != b]
            lines.append(f"cell {number}: {right[:60]}: " + (", ".join(changes) or f"text was {left[:60]!r}"))
    return lines


def _relative(a: str, b: str) -> str:
    return f" ({float(b) / float(a) - 1.0:+.2%})" if float(a) else ""


def _picture(name: str, notebook: nbformat.NotebookNode) -> str:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/svg+xml"):
                return str(picture)
    raise run.ChapterError(f"chapter {name} shows no figure")


def followed(name: str) -> nbformat.NotebookNode:
    """Return a chapter, with its code taken from another chapter if its metadata say so.

    Parameters
    ----------
    name : str
        Name of the chapter. If its metadata contain ``{"darkhiggs": {"runs": OTHER, "parameters": {...}}}``, it is chapter
        OTHER with other parameters. Its text is its own; all code is copied from OTHER, with the name of this chapter.

    Returns
    -------
    NotebookNode
        The notebook, with its stored outputs.

    Raises
    ------
    ChapterError
        If the two chapters differ in their number of code cells, or OTHER has no such parameter.
    """
    notebook = nbformat.read(ROOT / chapters.path_of(name), as_version=4)
    rule = notebook.metadata.get("darkhiggs")
    if rule is None:
        return notebook
    other = nbformat.read(ROOT / chapters.path_of(rule["runs"]), as_version=4)
    mine, theirs = ([cell for cell in book.cells if cell.cell_type == "code"] for book in (notebook, other))
    if len(mine) != len(theirs):
        raise run.ChapterError(f"chapter {name} runs {rule['runs']}, which has {len(theirs)} code cells and not {len(mine)}")
    for cell, source in zip(mine, theirs, strict=True):
        cell.source = source.source.replace(f'"{rule["runs"]}"', f'"{name}"')
        if "parameters" in cell.metadata.get("tags", []):
            for knob, value in rule["parameters"].items():
                cell.source, found = re.subn(rf"(?m)^{knob} = \S+", f"{knob} = {json.dumps(value)}", cell.source)
                if found != 1:
                    raise run.ChapterError(f"chapter {rule['runs']}, which {name} runs, has no parameter {knob}")
    return notebook


def refresh(name: str) -> list[str]:
    """Run a chapter, rewrite its stored outputs, and return the changes.

    Parameters
    ----------
    name : str
        Name of the chapter.

    Returns
    -------
    list of str
        One line for each change.
    """
    path, scratch = ROOT / chapters.path_of(name), ROOT / "_build/reference" / name
    old = chapters.read(name)
    path.write_text(nbformat.writes(followed(name)) + "\n", encoding="utf-8")
    new = run.execute(name, scratch / f"{name}.ipynb", {}, scratch, BOOK_FIGURES="strict")
    if name == _PICTURED:
        (ROOT / "book/_static/result.svg").write_text(_picture(name, new), encoding="utf-8")
    changes = moved(old, stored(new))
    text = nbformat.writes(new) + "\n"
    if path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return changes


def _refresh_all(names: list[str]) -> int:
    """Refresh several chapters in parallel, and then the pages that are generated from them."""
    failed = [name for name, code in run.each(names, "bookkit.reference", "--one") if code]
    if failed:
        run.say(f"error: {', '.join(failed)} failed; the generated pages were not changed", sys.stderr)
        return 1
    try:
        generate.write_pages(ROOT, ROOT)
        generate.write_readme()
    except ValueError as error:
        # a chapter that was not refreshed has no outputs yet
        run.say(f"error: {error}", sys.stderr)
        return 1
    return 0


def main(argv: list[str]) -> int:
    """Run the command line."""
    try:
        if argv[:1] != ["--one"]:
            return _refresh_all([chapters.find(name) for name in dict.fromkeys(argv)] or list(chapters.names()))
        changes = refresh(argv[1])
    except (ParameterError, run.ChapterError) as error:
        run.say(f"error: {error}", sys.stderr)
        return 1
    said = f"{len(changes)} changes" if changes else "nothing moved"
    run.say("\n  ".join([f"{argv[1]}: {said}", *changes]))
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
