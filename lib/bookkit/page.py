"""The page of a chapter: an executed notebook, which stands in running order, put into the order of a reader.

Title, verdicts, downloads and answer come first, then the figure and what to see in it, then text and tables, and the code at
the end: the parameters with the line that reruns the chapter, the rest folded.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell

from darkhiggs.errors import ParameterError

from . import chapters, checks, figures, generate, leads, play
from .chapters import ROOT

__all__ = ["HOW", "arrange", "folded", "following", "repository", "rerun_line", "take_along", "title_and_reason"]

#: Stands below the heading of the check table.
HOW = "[How to read this table](../background/checks.md)."
_WHY = re.compile(r"\n*<!-- why: (.+?) -->")
_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?")
# What a download holds and its format, by the ending of its file.
_OFFERS = {
    ".ipynb": ("executed notebook", ".ipynb"),
    ".svg": ("figure", "SVG"),
    ".png": ("figure", "PNG"),
    ".csv": ("curves", "CSV"),
    ".json": ("checks", "JSON"),
    ".bib": ("references", "BibTeX"),
}


def title_and_reason(text: str) -> tuple[str, str]:
    r"""Return the title of a page, and why to read it; ``""`` where its source does not say.

    Parameters
    ----------
    text : str
        Source of the page, or the first cell of a chapter.

    Examples
    --------
    >>> from bookkit import page
    >>> page.title_and_reason("# The CMB\n\nAn answer.\n\n<!-- why: late annihilation ionises hydrogen -->")
    ('The CMB', 'late annihilation ionises hydrogen')
    """
    title, why = re.search(r"^# (.+)$", text, re.M), _WHY.search(text)
    return title[1] if title else "", why[1] if why else ""


def following(name: str, root: Path = ROOT) -> str:
    """Return the sentence that leads from a chapter to the next page of the table of contents.

    Parameters
    ----------
    name : str
        Name of the chapter.
    root : Path
        Where the sources of the pages are.

    Returns
    -------
    str
        Markdown, ``""`` after the last page.
    """
    pages, here = chapters.pages(), chapters.path_of(name).with_suffix("").as_posix()
    after = pages[pages.index(here) + 1 :]
    if not after:
        return ""
    path = next(path for path in (root / f"{after[0]}.ipynb", root / f"{after[0]}.md") if path.is_file())
    text = path.read_text(encoding="utf-8")
    title, why = title_and_reason(nbformat.reads(text, as_version=4).cells[0].source if path.suffix == ".ipynb" else text)
    place = Path(os.path.relpath(f"{after[0]}{path.suffix}", Path(here).parent)).as_posix()
    return f"**Next**: [{title}]({place})" + (f": {why}." if why else ".")


def repository(root: Path = ROOT) -> str:
    """Return the address of the repository, the setting ``url`` of ``repository`` in ``_config.yml``; ``""`` if it is empty.

    Parameters
    ----------
    root : Path
        Where ``_config.yml`` is.

    Raises
    ------
    ParameterError
        If it is no address of a repository on GitHub.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")).get("repository") or {}
    address = settings.get("url") or "" if isinstance(settings, dict) else settings
    found = _GITHUB.fullmatch(str(address))
    if address and not found:
        raise ParameterError(f"repository: url: {address!r} in _config.yml is not of the form https://github.com/OWNER/NAME")
    return f"https://github.com/{found[1]}" if found else ""


def take_along(name: str, files: Iterable[str], address: str = "") -> str:
    """Return the line under the title of a chapter: downloads, the command that runs it, and where its source is.

    Parameters
    ----------
    name : str
        Name of the chapter.
    files : iterable of str
        Names of its downloads.
    address : str
        The `repository`; without it nothing is said of source and Binder.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> from bookkit import page
    >>> page.take_along("cmb", ["cmb.csv", "cmb_dwarf.csv"]).splitlines()[1]
    'Downloads: {download}`curves (CSV) <data/cmb/cmb.csv>`, {download}`curves, dwarf (CSV) <data/cmb/cmb_dwarf.csv>`.'
    """
    there = sorted(Path(file) for file in files)
    links = []
    for ending, (content, form) in _OFFERS.items():
        for file in (file for file in there if file.suffix == ending):
            part = re.sub(r"[_-]+", " ", file.stem.removeprefix(name)).strip()
            told = f"{content}{f', {part}' if part else ''} ({form})"
            links.append(f"{{download}}`{told} <data/{name}/{file}>`")
    lines = [f"Downloads: {', '.join(links)}.", f"Run it again: `make chapter NAME={name}`."]
    if address:
        source = chapters.path_of(name).as_posix()
        binder = address.replace("https://github.com", "https://mybinder.org/v2/gh")
        place = f"{binder}/HEAD?urlpath={quote(f'lab/tree/{source}', safe='')}"
        lines.append(f"Elsewhere: [source on GitHub]({address}/blob/HEAD/{source}), [notebook on Binder]({place}).")
    return "\n".join([":::{container} take", *lines, ":::"])


def rerun_line(name: str, parameters: str) -> str:
    """Return the command that reruns a chapter, with its first parameter at its default.

    Parameters
    ----------
    name : str
        Name of the chapter.
    parameters : str
        Source of its cell tagged ``parameters``.
    """
    knob = next(iter(chapters.knobs(parameters).values()))
    return f'make chapter NAME={name} ARGS="{knob.name}={knob.default}"'


def folded(sources: Iterable[str]) -> str:
    """Return the code of several cells as one."""
    return "\n\n\n".join(source.strip() for source in sources)


def _shown(outputs: Iterable[Any], pictures: bool) -> list[Any]:
    """Return the outputs of a cell that are pictures, or the others; the digest of the curves is no part of the page."""
    kept = [output for output in outputs if figures.DIGEST not in output.get("data", {})]
    return [output for output in kept if any(kind.startswith("image/") for kind in output.get("data", {})) == pictures]


def _figure(cell: Any) -> list[Any]:
    """Return the cell that shows a figure, and the one with its sliders if it has any."""
    pictures, sliders = [], []
    for picture in _shown(cell.outputs, pictures=True):
        data = dict(picture.data)
        sliders += [new_markdown_cell(play.controls(data.pop(play.MIME)))] if play.MIME in data else []
        pictures.append(nbformat.from_dict({**picture, "data": data}))
    return [_silent(cell, pictures), *sliders]


def arrange(notebook: nbformat.NotebookNode, name: str, record: Mapping[str, Any], take: str) -> nbformat.NotebookNode:
    """Put an executed chapter into the order of its page.

    Parameters
    ----------
    notebook : NotebookNode
        The executed chapter; it is not changed.
    name : str
        Name of the chapter.
    record : mapping
        Record of its check table.
    take : str
        Its `take_along` line.

    Returns
    -------
    NotebookNode
        What the page is made of.
    """
    cells = notebook.cells
    drawn = next(number for number, cell in enumerate(cells) if "figure" in cell.metadata.get("mystnb", {}))
    sees = next((number for number, cell in enumerate(cells) if cell.source.startswith(leads.SEE)), None)
    first = _WHY.sub("", cells[0].source).replace(checks.BADGE, f"{generate.verdicts(record)}\n\n{take}")
    room = [new_markdown_cell(first)]
    room += _figure(cells[drawn])
    room += [new_markdown_cell(cells[sees].source)] if sees is not None else []
    headed = False
    for number, cell in enumerate(cells):
        if cell.cell_type == "markdown" and number not in (0, sees):
            room.append(new_markdown_cell(re.sub(r"\A## Checks$", rf"\g<0>\n\n{HOW}", cell.source, flags=re.M)))
            headed = not cell.source.startswith("## What the talk states")
        elif cell.cell_type == "code" and (outputs := _shown(cell.outputs, pictures=False)):
            room += [] if headed else [new_markdown_cell("## Results")]
            headed = True
            room.append(_silent(cell, outputs))
    parameters = chapters.parameters_source(notebook)
    code = [cell.source for cell in cells if cell.cell_type == "code" and cell.source != parameters]
    lines = folded(code).count("\n") + 1
    room += [
        new_markdown_cell("## The code\n\nThe chapter runs with these parameters; each comment gives unit and allowed range."),
        new_code_cell(parameters),
        new_markdown_cell(
            f"This command, in the folder of the book, runs the chapter again with a value of yours:\n\n"
            f"```sh\n{rerun_line(name, parameters)}\n```"
        ),
        new_code_cell(
            folded(code),
            metadata={"tags": ["hide-input"], "mystnb": {"code_prompt_show": f"Show the other {lines} lines of code"}},
        ),
        *([new_markdown_cell(after)] if (after := following(name)) else []),
    ]
    for number, cell in enumerate(room):
        cell["id"] = f"cell-{number:02d}"
    return nbformat.from_dict({**notebook, "cells": room, "metadata": {**notebook.metadata}})


def _silent(cell: Any, outputs: Sequence[Any]) -> Any:
    """Return a cell that shows outputs without its code."""
    settings = {"mystnb": cell.metadata["mystnb"]} if any(_shown(outputs, pictures=True)) else {}
    return new_code_cell(cell.source, outputs=list(outputs), metadata={"tags": ["remove-input"], **settings})
