"""Execute one chapter with papermill.

python -m bookkit.run stage NAME             into the stage the book is built from
python -m bookkit.run alone NAME [k=v ...]   into _build/chapters/NAME, leaving the book alone
"""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import nbformat

from darkhiggs.errors import ParameterError

from . import chapters, checks, figures, lock
from .chapters import ROOT
from .checks import check_record

__all__ = ["STAGE", "ChapterError", "built_from", "downloads", "each", "execute", "main", "say"]

STAGE = ROOT / "_build/stage"
_ATTEMPTS = 3
_CELL_SECONDS = 300


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
    chapters.check_knobs(name, parameters)
    import papermill

    # messages that reach a stream after its kernel has ended are of no use
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
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
        except KeyboardInterrupt:
            # what waited for the kernel would complain that it is gone
            logging.getLogger("asyncio").disabled = True
            raise
        except papermill.PapermillExecutionError as error:
            raise ChapterError(_sentence(name, error)) from None
        except (RuntimeError, OSError) as error:
            # kernels that start together race for ports
            if attempt == _ATTEMPTS or not re.search(r"(?i)kernel (died|didn't respond)|address already in use", str(error)):
                raise ChapterError(f"chapter {name}: the kernel did not run: {error}") from None
            time.sleep(0.5 * attempt)
    raise ChapterError(f"chapter {name}: the kernel did not run")


def join_streams(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Merge consecutive stream outputs: Jupyter splits them differently from run to run."""
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


def _offer(name: str, notebook: nbformat.NotebookNode, data: Path) -> None:
    """Write the downloads of an executed chapter beside its curves: rows and verdicts, references, the notebook."""
    record = check_record(notebook)
    if record is None:
        raise ChapterError(f"chapter {name} shows no check table")
    data.mkdir(parents=True, exist_ok=True)
    (data / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (data / f"{name}.bib").write_text(_bibtex(citations(notebook, record)), encoding="utf-8")
    _draw(name, notebook, data)
    copy = nbformat.from_dict(notebook)
    _in_words(copy, checks.in_words(record))
    (data / f"{name}.ipynb").write_text(nbformat.writes(copy) + "\n", encoding="utf-8")


def _draw(name: str, notebook: nbformat.NotebookNode, data: Path) -> None:
    """Write the figure of an executed chapter as SVG; its PNG, which the kernel has written, gets the same name."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = ["".join(bundle["image/svg+xml"]) for bundle in outputs if "image/svg+xml" in bundle]
    for number, picture in enumerate(pictures):
        (data / f"{name}{f'-{number + 1}' if number else ''}.svg").write_text(picture, encoding="utf-8")
    if (data / figures.PNG).is_file():
        (data / figures.PNG).replace(data / f"{name}.png")


def _in_words(notebook: nbformat.NotebookNode, words: str) -> None:
    """Replace the comment that stands for the verdicts by words."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(checks.BADGE, words)


def _replace(path: Path, text: str) -> None:
    """Write a file so that a killed run leaves the old one or the new one."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write text and newline in one call; print() makes two, and lines of parallel chapters would interleave."""
    stream = stream or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def each(names: Sequence[str], module: str, *arguments: str) -> Iterator[tuple[str, int | None]]:
    """Run a module for each of some names, as many at once as there are cores, and go on after one fails.

    Parameters
    ----------
    names : sequence of str
        Last argument of each process.
    module : str
        The module to run, ``python -m MODULE ARGUMENTS NAME``.
    *arguments : str
        What stands before the name.

    Yields
    ------
    tuple of str and int or None
        Name and ``None`` when a process begins, name and exit code when it has ended.
    """
    waiting, running = list(names), dict[str, subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                name = waiting.pop(0)
                yield name, None
                command = [sys.executable, "-m", module, *arguments, name]
                # who inherits the lock of the build holds it: if this process is killed, until the last of them has ended
                running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
            time.sleep(0.05)
            for name in [name for name, process in running.items() if process.poll() is not None]:
                yield name, running.pop(name).returncode
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def downloads(name: str) -> Path:
    """Return the folder of the downloads of a chapter."""
    return STAGE / chapters.path_of(name).parent / "data" / name


def built_from(name: str) -> str:
    """Fingerprint that a chapter of the stage was built from, ``""`` if it is not there."""
    try:
        return str(json.loads((STAGE / chapters.path_of(name)).read_text(encoding="utf-8"))["metadata"]["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def stage(name: str) -> None:
    """Run a chapter for the book."""
    fingerprint = chapters.fingerprint(chapters.find(name))
    scratch = ROOT / "_build/running" / name
    shutil.rmtree(scratch, ignore_errors=True)
    notebook = execute(name, scratch / f"{name}.ipynb", {}, scratch / "data", BOOK_FIGURES="strict")
    # papermill's own bookkeeping (paths, times) has no place in the book
    for holder in (notebook, *notebook.cells):
        holder.metadata.pop("papermill", None)
    _offer(name, notebook, scratch / "data")
    if chapters.fingerprint(name) != fingerprint:
        raise ChapterError(f"a file that chapter {name} depends on changed while it ran; run it again")
    notebook.metadata["fingerprint"] = fingerprint
    # if killed from here on, the notebook is missing, and the chapter runs again
    target = STAGE / chapters.path_of(name)
    target.unlink(missing_ok=True)
    shutil.rmtree(downloads(name), ignore_errors=True)
    downloads(name).parent.mkdir(parents=True, exist_ok=True)
    (scratch / "data").rename(downloads(name))
    _replace(target, nbformat.writes(notebook))
    shutil.rmtree(scratch)


def _mark_rerun(notebook: nbformat.NotebookNode, parameters: Mapping[str, Any]) -> None:
    """Put the verdicts of a rerun under its title, and say which knobs moved: the text was written for the defaults."""
    declared, record = chapters.knobs(chapters.parameters_source(notebook)), check_record(notebook)
    words = "" if record is None else checks.in_words(record)
    moved = [(knob, value, declared[knob].default) for knob, value in parameters.items() if value != declared[knob].default]
    if moved:
        changes = "; ".join(f"`{knob} = {value}` in place of {default}" for knob, value, default in moved)
        words = (
            f"> **Rerun with {changes}.** Tables, figure and checks are those of this run. "
            f"The text and the caption were written for the defaults.\n\n{words}"
        )
    _in_words(notebook, words)


def alone(name: str, arguments: list[str]) -> None:
    """Run a chapter with other parameters into a folder of its own."""
    parameters = dict(chapters.parse_argument(argument) for argument in arguments)
    folder = ROOT / "_build/chapters" / chapters.find(name)
    path = folder / f"{name}.ipynb"
    notebook = execute(name, path, parameters, folder)
    _mark_rerun(notebook, parameters)
    _replace(path, nbformat.writes(notebook))
    _draw(name, notebook, folder)
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
        say(f"error: {error}", sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
