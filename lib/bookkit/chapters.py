"""The chapters of the book: which there are, their knobs, and what they depend on."""

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import nbformat
import yaml

from darkhiggs import inputs
from darkhiggs.errors import ParameterError

from . import claims, figures, lock

__all__ = [
    "ROOT",
    "Knob",
    "check_knobs",
    "dependencies",
    "find",
    "fingerprint",
    "key",
    "knobs",
    "names",
    "pages",
    "parse_argument",
    "path_of",
    "read",
    "start",
]

ROOT = Path(__file__).resolve().parents[2]

# name = default  # unit, low to high: meaning      or      # one of a, b: meaning
_KNOB = re.compile(r"^(?P<name>\w+)\s*=\s*(?P<default>[^#]+?)\s*#\s*(?P<range>[^:]+):\s*(?P<text>.+)$")
_NUMBERS = re.compile(r"^(?:(?P<unit>\S+),\s*)?(?P<low>\S+) to (?P<high>\S+)$")


@dataclass(frozen=True)
class Knob:
    """A parameter of a chapter, as its comment declares it.

    Parameters
    ----------
    name : str
        Variable name.
    default : float or str
        Default value.
    low, high : float
        Allowed range of a number.
    unit : str
        Unit, ``""`` if dimensionless.
    choices : tuple of str
        Allowed words, for a text knob.
    text : str
        Meaning.
    """

    name: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    text: str = ""

    def check(self, value: Any) -> None:
        """Raise a sentence that names knob, value and range if the value does not fit."""
        if self.choices:
            if value not in self.choices:
                raise ParameterError(f"{self.name} = {value!r} is not one of {', '.join(self.choices)}")
            return
        unit = f" {self.unit}" if self.unit else ""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # written so that nan fails too
        if not number or not self.low <= value <= self.high:
            shown = f"{value:g}{unit}" if number else repr(value)
            raise ParameterError(f"{self.name} = {shown} is outside its range [{self.low:g}, {self.high:g}]{unit}")


@cache
def _listed(toc: str) -> tuple[str, ...]:
    """Pages of a table of contents."""
    try:
        content = yaml.safe_load(toc)
        return (content["root"], *(entry["file"] for part in content["parts"] for entry in part["chapters"]))
    except (yaml.YAMLError, KeyError, TypeError):
        raise ParameterError(
            "_toc.yml needs 'root: PAGE' and 'parts:', each with 'chapters:' of lines '- file: PAGE'"
        ) from None


def pages() -> tuple[str, ...]:
    """List the pages of the table of contents in their order, as paths without ending; the first is the root."""
    return _listed((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """List the chapters in the order of the table of contents."""
    return tuple(Path(page).name for page in pages() if (ROOT / f"{page}.ipynb").exists())


def find(name: str) -> str:
    """Return the name of a chapter, or raise an error that lists all names."""
    if name not in names():
        unlisted = f"; add 'file: book/chapters/{name}' to _toc.yml" if (ROOT / f"book/chapters/{name}.ipynb").exists() else ""
        raise ParameterError(f"no chapter is called {name!r}; chapters: {', '.join(names())}{unlisted}")
    return name


def path_of(name: str) -> Path:
    """Path of a chapter relative to the root."""
    for page in pages():
        if Path(page).name == name:
            return Path(f"{page}.ipynb")
    raise ParameterError(f"_toc.yml lists no page {name!r}")


def knobs(source: str) -> dict[str, Knob]:
    """Parse the source of a cell tagged ``parameters``.

    Parameters
    ----------
    source : str
        One knob a line, ``name = default  # unit, low to high: meaning`` or ``# one of a, b: meaning``.

    Returns
    -------
    dict of str to Knob
        By name.

    Raises
    ------
    ParameterError
        If a line declares no range, or its default is not a plain number or word inside it.
    """
    found = {}
    for line in filter(str.strip, source.splitlines()):
        if line.lstrip().startswith("#"):
            continue
        match = _KNOB.match(line.strip())
        if match is None:
            raise ParameterError(f"a knob needs a comment 'unit, low to high: meaning': {line.strip()!r}")
        name, text = match["name"], match["text"]
        try:
            default = ast.literal_eval(match["default"])
        except (ValueError, SyntaxError):
            raise ParameterError(f"a knob's default is a plain number or word: {line.strip()!r}") from None
        words, numbers = match["range"].strip(), _NUMBERS.match(match["range"].strip())
        if words.startswith("one of "):
            knob = Knob(name, default, choices=tuple(word.strip() for word in words[7:].split(",")), text=text)
        elif numbers is not None:
            knob = Knob(name, default, float(numbers["low"]), float(numbers["high"]), numbers["unit"] or "", text=text)
        else:
            raise ParameterError(f"a knob's range reads 'unit, low to high' or 'one of a, b': {line.strip()!r}")
        knob.check(default)
        found[name] = knob
    return found


def parameters_source(notebook: nbformat.NotebookNode) -> str:
    """Source of the cell tagged ``parameters``."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            return str(cell.source)
    raise ParameterError("the notebook has no cell tagged 'parameters'")


def read(name: str) -> nbformat.NotebookNode:
    """Return the notebook of a chapter with its stored outputs.

    Parameters
    ----------
    name : str
        Name of the chapter.

    Raises
    ------
    ParameterError
        If there is no such chapter, or its file is not a notebook, such as half a merge.
    """
    path = path_of(find(name))
    try:
        return nbformat.read(ROOT / path, as_version=4)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        # json names the first fault in its first line
        raise ParameterError(f"{path} is not a notebook: {str(error).partition(chr(10))[0][:100]}") from None


def check_knobs(name: str, values: Mapping[str, Any]) -> None:
    """Check values against the knobs of a chapter.

    Parameters
    ----------
    name : str
        Name of the chapter.
    values : mapping
        Values by knob name.

    Raises
    ------
    ParameterError
        If a name is unknown or a value is out of range.
    """
    declared = knobs(parameters_source(read(name)))
    for knob, value in values.items():
        if knob not in declared:
            raise ParameterError(f"{knob} is not a parameter of chapter {name}; parameters: {', '.join(declared)}")
        declared[knob].check(value)


def parse_argument(argument: str) -> tuple[str, Any]:
    """Split ``name=value``; the value is a number or a word."""
    name, equals, raw = argument.partition("=")
    if not equals or not name.isidentifier():
        raise ParameterError(f"{argument!r} is not of the form name=value")
    try:
        return name, ast.literal_eval(raw)
    except (ValueError, SyntaxError):
        try:
            return name, float(raw)
        except ValueError:
            return name, raw


def start(name: str, variables: Mapping[str, Any]) -> None:
    """Begin a chapter: check its knobs, choose its inputs and set the figure style.

    A chapter with a knob ``input_set`` works with this set from here on, any other with the talk's.

    Parameters
    ----------
    name : str
        Name of the chapter.
    variables : mapping
        ``globals()`` of the notebook.

    Raises
    ------
    ParameterError
        If a knob is out of its range.
    """
    lock.check_environment()
    declared = knobs(parameters_source(read(name)))
    for knob in declared.values():
        if knob.name not in variables:
            raise ParameterError(f"{knob.name} has no value; the cell tagged 'parameters' runs before chapters.start")
        knob.check(variables[knob.name])
    inputs.activate(variables["input_set"] if "input_set" in declared else "talk")
    figures.use_style()


def _imports(path: Path) -> frozenset[Path]:
    """Library files that a Python source imports, directly."""
    try:
        return _imported(path.read_text(encoding="utf-8"), ".".join(path.parent.relative_to(ROOT / "lib").parts), ROOT)
    except (SyntaxError, ImportError):
        # the chapters that import it say so when they run, and the others can run
        return frozenset()


@cache
def _imported(source: str, package: str, root: Path) -> frozenset[Path]:
    """Library files that a source imports; if it imports a package, all files of it, since some may be loaded on first use."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            # `import a.b` gives the name a
            modules |= {alias.name if alias.asname else alias.name.partition(".")[0] for alias in node.names}
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package) if node.level else (node.module or "")
            modules |= {base if alias.name == "*" else f"{base}.{alias.name}" for alias in node.names}
    found: set[Path] = set()
    for module in modules:
        # the packages above a module are executed before it
        parents = [root / "lib" / Path(*module.split(".")[:depth]) for depth in range(1, module.count(".") + 2)]
        found |= {path for parent in parents for path in (parent.with_suffix(".py"), parent / "__init__.py") if path.is_file()}
        if (parents[-1] / "__init__.py").is_file():
            found |= set(parents[-1].rglob("*.py"))
    return frozenset(found)


def dependencies(name: str) -> tuple[Path, ...]:
    """Files whose content a chapter depends on: itself, its claims, what it imports, the data, the lock.

    Parameters
    ----------
    name : str
        Name of the chapter.

    Returns
    -------
    tuple of Path
        Sorted absolute paths.
    """
    notebook_path = ROOT / path_of(name)
    try:
        code = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")
        todo, seen = set(_imported(code, "", ROOT)), set[Path]()
    except (SyntaxError, ImportError, ParameterError):
        # let the chapter itself say so when it runs
        todo, seen = set((ROOT / "lib").rglob("*.py")), set[Path]()
    # every chapter depends on run.py, because run.py executes it
    todo.add(ROOT / "lib/bookkit/run.py")
    while todo:
        path = todo.pop()
        seen.add(path)
        todo |= _imports(path) - seen
    # read by name at run time, so all of them may be meant
    data = set((ROOT / "lib/darkhiggs").rglob("data/*.*"))
    rows = {path for path in (claims.CLAIMS / f"{stem}.toml" for stem in (name, "tolerances")) if path.is_file()}
    fixed = {notebook_path, ROOT / "requirements.txt", ROOT / "book/references.bib", claims.INDEPENDENT}
    if ROOT / "lib/bookkit/scan.py" in seen:
        fixed |= set((ROOT / "book/data").glob("whole_model.*"))
    return tuple(sorted(seen | data | rows | fixed))


def fingerprint(name: str) -> str:
    """Fingerprint of a chapter: it has to run when this is not the one it was built from."""
    return key(dependencies(name))


def key(paths: Iterable[Path]) -> str:
    """Fingerprint of files by name and content, so that a copy of the repository can go on with a build copied along."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
