"""Refresh the stored outputs of the chapters and what is generated from them; print what moved, as numbers.

python -m bookkit.reference
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from . import chapters, generate, lock, run
from .chapters import ROOT

__all__ = ["main", "moved", "stored"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_CELL_METADATA = ("tags", "mystnb")


def stored(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Strip an executed notebook to what is committed: text outputs, no pictures, no noise.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook, changed in place.

    Returns
    -------
    NotebookNode
        The same notebook.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in _CELL_METADATA if key in cell.metadata})
        for output in cell.get("outputs", []):
            output.pop("metadata", None)
            if "data" in output:
                output["metadata"] = {}
                output.data = nbformat.from_dict(
                    {mime: body for mime, body in output.data.items() if not mime.startswith("image/")}
                )
    return notebook


def _texts(notebook: nbformat.NotebookNode) -> Iterator[tuple[int, list[str]]]:
    for number, cell in enumerate(notebook.cells):
        lines: list[str] = []
        for output in cell.get("outputs", []):
            lines += str(output.get("text", "")).splitlines() + str(output.get("data", {}).get("text/plain", "")).splitlines()
        yield number, lines


def moved(old: nbformat.NotebookNode, new: nbformat.NotebookNode) -> list[str]:
    """Say which numbers of the stored text differ between two versions of a chapter.

    Parameters
    ----------
    old, new : NotebookNode
        Before and after.

    Returns
    -------
    list of str
        One line a changed number, with the relative change, or a changed text.
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


def _picture(notebook: nbformat.NotebookNode) -> str:
    bundles: list[Any] = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return str(next(bundle["image/svg+xml"] for bundle in bundles if "image/svg+xml" in bundle))


def main(_: list[str]) -> int:
    """Run all chapters and rewrite their stored outputs."""
    for name in chapters.names():
        path = ROOT / chapters.path_of(name)
        scratch = ROOT / "_build/reference" / f"{name}.ipynb"
        try:
            new = run.execute(name, scratch, {}, scratch.parent)
        except run.ChapterError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        if name == "two_body":
            (ROOT / "book/_static/result.svg").write_text(_picture(new), encoding="utf-8")
        old = nbformat.read(path, as_version=4)
        changes = moved(old, stored(new))
        text = nbformat.writes(new) + "\n"
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        print(f"{name}: " + ("nothing moved" if not changes else f"{len(changes)} changes"))
        print("".join(f"  {change}\n" for change in changes), end="")
    generate.write_pages(ROOT, ROOT)
    if Path(ROOT / "README.md").exists():
        generate.write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(lock.told(main))
