"""Execute one chapter with papermill.

python -m bookkit.run stage NAME             into the stage the book is built from
python -m bookkit.run alone NAME [k=v ...]   into _build/chapters/NAME, leaving the book alone
"""

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import nbformat

from darkhiggs.errors import ParameterError

from . import chapters, checks, generate, lock
from .chapters import ROOT
from .checks import check_record

__all__ = ["ChapterError", "execute", "main"]

STAGE = ROOT / "_build/stage"
_ATTEMPTS = 3
_CELL_SECONDS = 300
# The verdict badge and the downloads take the place of these comments in a chapter.
_BADGE, _DOWNLOADS = "<!-- verdict -->", "<!-- downloads -->"


class ChapterError(RuntimeError):
    """A chapter raised; the message names chapter, cell and the error's last lines."""


def execute(name: str, output: Path, parameters: Mapping[str, Any], data: Path, **variables: str) -> nbformat.NotebookNode:
    """Run a chapter and return the executed notebook.

    Parameters
    ----------
    name : str
        Name of the chapter.
    output : Path
        Where papermill writes; kept when the chapter raises, for inspection.
    parameters : mapping
        Knobs to override.
    data : Path
        Folder for the curves.
    **variables
        Environment of the kernel beside its own.

    Returns
    -------
    NotebookNode
        The executed notebook.

    Raises
    ------
    ParameterError
        If a knob is unknown or out of range.
    ChapterError
        If a cell raises.
    """
    chapters.check_knobs(chapters.find(name), parameters)
    import papermill

    from .kernel import KernelManager

    source = ROOT / chapters.path_of(name)
    output.parent.mkdir(parents=True, exist_ok=True)
    lock.clear()
    os.environ.update(variables, BOOK_OUTPUT=str(data))
    # papermill fills in what stands in braces in a path
    read, write = (re.sub(r"([{}])", r"\1\1", str(path)) for path in (source, output))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            notebook = papermill.execute_notebook(
                read, write, dict(parameters), kernel_name="python3", cwd=source.parent, progress_bar=False,
                execution_timeout=_CELL_SECONDS, start_timeout=60, extra_arguments=["--log-level=CRITICAL"],
                kernel_manager_class=KernelManager,
            )  # fmt: skip
            return join_streams(nbformat.from_dict(notebook))
        except papermill.PapermillExecutionError as error:
            raise ChapterError(_sentence(name, error)) from None
        except (RuntimeError, OSError) as error:
            # kernels that start together race for ports
            if attempt == _ATTEMPTS or not re.search(r"(?i)kernel (died|didn't respond)|address already in use", str(error)):
                raise ChapterError(f"chapter {name}: the kernel did not run: {error}") from None
            time.sleep(0.5 * attempt)
    raise AssertionError("unreachable")


def join_streams(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Join what a cell printed in several breaths, so that the same run gives the same file and one block on the page."""
    for cell in notebook.cells:
        joined: list[Any] = []
        for output in cell.get("outputs", []):
            last = joined[-1] if joined else None
            if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
                last.text += output.text
            else:
                joined.append(output)
        if "outputs" in cell:
            cell.outputs = joined
    return notebook


def _sentence(name: str, error: Any) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
    last = [line for line in plain if line.strip()][-6:]
    first = next((line for line in str(error.source).splitlines() if line.strip()), "")
    return f"chapter {name} failed in cell {error.cell_index} ({first.strip()[:60]})\n  " + "\n  ".join(last)


def citations(notebook: nbformat.NotebookNode, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the bibliography that a chapter cites, in its text, its caption and its checks."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text += json.dumps([cell.metadata.get("mystnb", {}) for cell in notebook.cells])
    keys = {key.strip() for group in re.findall(r"\{cite:[pt]\}`([^`]+)`", text) for key in group.split(",")}
    return tuple(sorted(keys | {row["cite"] for row in record["rows"] if row["cite"]}))


def _bibtex(keys: tuple[str, ...]) -> str:
    from pybtex.database import BibliographyData, parse_file

    entries = parse_file(str(ROOT / "book/references.bib")).entries
    missing = [key for key in keys if key not in entries]
    if missing:
        raise ChapterError(f"references.bib has no entry {', '.join(missing)}")
    return str(BibliographyData({key: entries[key] for key in keys}).to_string("bibtex"))


def _finish(name: str, notebook: nbformat.NotebookNode, data: Path) -> dict[str, Any]:
    """Put badge and downloads into an executed chapter and write the files they point to."""
    record = check_record(notebook)
    if record is None:
        raise ChapterError(f"chapter {name} shows no check table")
    data.mkdir(parents=True, exist_ok=True)
    (data / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (data / f"{name}.bib").write_text(_bibtex(citations(notebook, record)), encoding="utf-8")
    files = {f"data/{name}.json": "checks and verdict (JSON)", f"data/{name}.bib": "references (BibTeX)"}
    files |= {f"data/{path.name}": f"curves: {path.stem} (CSV)" for path in sorted(data.glob(f"{name}*.csv"))}
    links = "\n".join(f"- {{download}}`{text} <{path}>`" for path, text in files.items())
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(_BADGE, generate.verdicts(record)).replace(_DOWNLOADS, links)
    return record


def _replace(path: Path, text: str) -> None:
    """Write a file so that a killed run leaves the old one or the new one."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _say(text: str, stream: TextIO | None = None) -> None:
    """Print a line in one write: unbuffered, `print` writes its end apart, and parallel chapters mix their lines."""
    stream = stream or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def stage(name: str) -> None:
    """Run a chapter for the book."""
    position, began = chapters.names().index(name) + 1, float(os.environ.get("BOOK_START", time.time()))
    where = f"[{position} of {len(chapters.names())}] {name}"
    _say(f"{where}: running ({time.time() - began:.0f} s so far)")
    target = STAGE / chapters.path_of(name)
    data = target.parent / "data"
    for old in data.glob(f"{name}*.csv"):
        old.unlink()
    scratch = ROOT / "_build/running" / f"{name}.ipynb"
    notebook = execute(name, scratch, {}, data)
    record = _finish(name, notebook, data)
    # papermill's own bookkeeping (paths, times) has no place in the book
    for holder in (notebook, *notebook.cells):
        holder.metadata.pop("papermill", None)
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, nbformat.writes(notebook))
    scratch.unlink()
    _say(f"{where}: calculation {record['calculation']}, the talk {record['talk']} ({time.time() - began:.0f} s so far)")


def alone(name: str, arguments: list[str]) -> None:
    """Run a chapter with other parameters into its own folder."""
    parameters = dict(chapters.parse_argument(argument) for argument in arguments)
    folder = ROOT / "_build/chapters" / name
    notebook = execute(name, folder / f"{name}.ipynb", parameters, folder)
    pictures = [
        output.data["image/svg+xml"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]
    for number, picture in enumerate(pictures, start=1):
        suffix = f"-{number}" if len(pictures) > 1 else ""
        (folder / f"{name}{suffix}.svg").write_text(picture, encoding="utf-8")
    table = next(
        (o.data["text/plain"] for c in notebook.cells for o in c.get("outputs", []) if checks.MIME in o.get("data", {})), ""
    )
    print(f"{table}\n\nnotebook, figure and curves: {folder.relative_to(ROOT)}/")


def main(argv: list[str]) -> int:
    """Run the command line."""
    try:
        if argv[0] == "stage":
            stage(argv[1])
        else:
            alone(argv[1], argv[2:])
    except (ParameterError, ChapterError) as error:
        _say(f"error: {error}", sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(lock.told(main))
