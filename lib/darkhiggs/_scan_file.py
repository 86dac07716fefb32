"""A scan on disk: the file that asks for it, the points that follow from it, and the parts with their rows."""

import difflib
import hashlib
import importlib
import json
import math
import os
import platform
import subprocess
import threading
import tomllib
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, shown
from .errors import ParameterError

Columns = dict[str, npt.NDArray[Any]]
Function = Callable[..., Mapping[str, npt.ArrayLike]]

# Reason code of a point at which the function raised an error; those of the function itself are smaller.
RAISED = 127
DEFAULT = "darkhiggs.fit:evaluate"
# Numbers of points that 32 bits can count, which is where the Sobol sequence ends.
MOST = 2**32
_KINDS = ("sobol", "grid", "file")
_PRIORS = ("linear", "log", "normal")
_TOP = ("chunk", "evaluate", "hubble", "inputs", "parameters", "points")
_OF_POINTS = {"sobol": ("kind", "n", "seed"), "grid": ("kind",), "file": ("kind", "file", "columns")}
_OF_PARAMETER = ("high", "low", "mean", "prior", "sigma", "steps", "unit", "value")
_UNITS = {"m_h1": "GeV", "m_x": "GeV", "m_zp": "GeV"}
_LEAST_SHARE = 1e-6
# Points that are evaluated at once, however long a part is, and parts of a scan if the scan file leaves that open.
_BATCH, _PARTS = 8192, 10_000


@dataclass(frozen=True)
class Parameter:
    """A column of the points: a fixed value, a range with a prior, or a column of the caller's file."""

    name: str
    prior: str
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    sigma: float = 0.0
    steps: int = 0

    @cached_property
    def _cut(self) -> tuple[float, float, float]:
        """Parts of the normal distribution below, inside and above the range."""
        from scipy.special import ndtr  # type: ignore[import-untyped]

        low, high = ((end - self.mean) / self.sigma for end in (self.low, self.high))
        below, above = float(ndtr(low)), float(ndtr(-high))
        # in a tail the difference of the small numbers is the exact one
        return below, float(ndtr(-low)) - above if low > 0.0 else float(ndtr(high)) - below, above

    def at(self, share: Array) -> Array:
        """Values below which a share of the prior lies; 0 and 1 give the ends of the range."""
        if self.prior == "fixed":
            return np.full(share.shape, self.low)
        if self.prior == "log":
            value = self.low * (self.high / self.low) ** share
        elif self.prior == "normal":
            from scipy.special import ndtri

            below, inside, above = self._cut
            under, over = below + inside * share, above + inside * (1.0 - share)
            value = self.mean + self.sigma * np.where(under < over, ndtri(under), -ndtri(over))
        else:
            value = self.low + (self.high - self.low) * share
        return np.where(share <= 0.0, self.low, np.where(share >= 1.0, self.high, np.clip(value, self.low, self.high)))

    def share(self, value: Array) -> Array:
        """Share of the prior below a value, 0 to 1."""
        if self.prior == "log":
            share = np.log(value / self.low) / np.log(self.high / self.low)
        elif self.prior == "normal":
            from scipy.special import ndtr

            below, inside, above = self._cut
            place = (value - self.mean) / self.sigma
            share = np.where(place < 0.0, (ndtr(place) - below) / inside, 1.0 - (ndtr(-place) - above) / inside)
        else:
            share = (value - self.low) / (self.high - self.low)
        return np.clip(share, 0.0, 1.0)


@dataclass(frozen=True)
class Plan:
    """What a scan file asks for, with all defaults filled in."""

    kind: str
    n: int
    chunk: int
    seed: int
    inputs: str
    hubble: bool
    evaluate: str
    parameters: tuple[Parameter, ...]
    file: str = ""
    file_digest: str = ""

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.n // self.chunk)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """Parameters that have a range."""
        return tuple(parameter for parameter in self.parameters if parameter.prior in _PRIORS)

    def name(self, part: int) -> str:
        """Name of the file of a part."""
        return f"part-{part:0{max(5, len(str(self.parts - 1)))}d}.parquet"

    def record(self) -> dict[str, Any]:
        """Everything that decides about the rows, for JSON; of the caller's file, name and digest but no folder."""
        return asdict(self) | {"file": Path(self.file).name, "parameters": [asdict(one) for one in self.parameters]}

    def points(self, part: int) -> tuple[npt.NDArray[np.int64], Columns]:
        """Numbers of the points of a part, and their parameters."""
        first, last = part * self.chunk, min((part + 1) * self.chunk, self.n)
        index = np.arange(first, last)
        if self.kind == "file":
            table = _table(self.file, self.file_digest)
            fixed = [one.prior == "fixed" for one in self.parameters]
            return index, {
                one.name: one.at(np.zeros(index.shape)) if still else table[one.name][first:last]
                for one, still in zip(self.parameters, fixed, strict=True)
            }
        if self.kind == "grid":
            steps = [one.steps for one in self.free]
            shares = [place / max(n - 1, 1) for place, n in zip(np.unravel_index(index, steps), steps, strict=True)]
        else:
            shares = list(_sobol(len(self.free), self.seed, first, last - first).T)
        return index, self.drawn(np.stack(shares))

    def drawn(self, shares: Array) -> Columns:
        """Parameters of points that are given by the shares of the free parameters, shape (k, n)."""
        given = dict(zip(self.free, shares, strict=True))
        none = np.zeros(shares.shape[1:])
        # on a grid a parameter with one step takes the middle of its prior
        return {one.name: one.at(none + 0.5 if one.steps == 1 else given.get(one, none)) for one in self.parameters}


def plan_of(record: Mapping[str, Any]) -> Plan:
    """Make a plan again from its record."""
    return Plan(**{**record, "parameters": tuple(Parameter(**one) for one in record["parameters"])})


# --- the points

_own = threading.local()


def _sobol(dimension: int, seed: int, first: int, n: int) -> Array:
    """Part of a scrambled Sobol sequence; a worker goes on from where it stopped, as going forward takes time."""
    from scipy.stats import qmc  # type: ignore[import-untyped]

    kept = getattr(_own, "sobol", None)
    if kept is None or kept[0] != (dimension, seed) or kept[1].num_generated > first:
        kept = (dimension, seed), qmc.Sobol(dimension, scramble=True, rng=seed, bits=32)
        _own.sobol = kept
    engine = kept[1]
    with warnings.catch_warnings():
        # the last part of a sequence may have any length
        warnings.simplefilter("ignore", UserWarning)
        if first > engine.num_generated:
            engine.fast_forward(first - engine.num_generated)
        return engine.random(n)


@lru_cache(maxsize=2)
def _table(path: str, digest: str) -> Columns:
    """Columns of the caller's file; a worker reads it once."""
    content = Path(path).read_bytes()
    if digest and hashlib.sha256(content).hexdigest() != digest:
        raise ParameterError(f"{Path(path).name} has changed since the scan was begun")
    return _read_points(Path(path), content)


def _read_points(path: Path, content: bytes) -> Columns:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    try:
        if path.suffix == ".parquet":
            table = pa.parquet.read_table(pa.BufferReader(content))
        else:
            table = pa.csv.read_csv(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise ParameterError(f"{path.name} is not a table: {_first_line(error)}") from None
    columns = {}
    for name in table.column_names:
        try:
            columns[name] = table[name].cast(pa.float64()).to_numpy()
        except (pa.ArrowException, NotImplementedError):
            raise ParameterError(f"{path.name}: column {shown(name)} does not hold numbers") from None
        bad = np.flatnonzero(~np.isfinite(columns[name]))
        if bad.size:
            raise ParameterError(f"{path.name}: column {shown(name)} has no finite number in row {bad[0] + 1}")
    return columns


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


# --- the scan file


def read_plan(path: Path) -> Plan:
    """Read a scan file; ParameterError with one sentence for its first fault."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise ParameterError(f"there is no file {path}") from None
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ParameterError(f"{path.name} is not a text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path.name} is not TOML: {_first_line(error)}") from None
    try:
        return _plan(table, path.parent)
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None


def _only(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse a key that is not known."""
    for name in table:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
            raise ParameterError(f"{where} has no entry {shown(name)}; {hint}")


def _number(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(f"{name} = {shown(value)} is not a number")
    if not (np.isfinite(value) and low <= value <= high):
        raise ParameterError(f"{name} = {value:g} is outside its range [{low:g}, {high:g}]")
    return float(value)


def _count(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f"{name} = {shown(value)} is not a whole number")
    if not low <= value <= high:
        raise ParameterError(f"{name} = {value} is outside its range [{low}, {high}]")
    return value


def _word(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ParameterError(f"{name} = {shown(value)} is not one of {', '.join(allowed)}")
    return value


def _section(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name not in table:
        raise ParameterError(f"the section [{name}] is missing")
    if not isinstance(table[name], dict):
        raise ParameterError(f"{name} = {shown(table[name])} is not a section [{name}]")
    found: Mapping[str, Any] = table[name]
    return found


def _plan(table: Mapping[str, Any], folder: Path) -> Plan:
    from . import inputs

    _only("the file", table, _TOP)
    points = _section(table, "points")
    kind = _word("points.kind", points.get("kind"), _KINDS)
    _only(f"[points] of kind {kind}", points, _OF_POINTS[kind])
    chunk = _count("chunk", table.get("chunk", _BATCH), 1, 10_000_000)
    hubble = table.get("hubble", False)
    if not isinstance(hubble, bool):
        raise ParameterError(f"hubble = {shown(hubble)} is neither true nor false")
    chosen = _word("inputs", table.get("inputs", "talk"), inputs.sets())
    evaluate = table.get("evaluate", DEFAULT)
    function(evaluate)
    named = _section(table, "parameters")
    if not named and kind != "file":
        raise ParameterError("[parameters] names no parameter")
    parameters = tuple(_parameter(name, entry, kind) for name, entry in named.items())
    seed, n, file, digest = 0, 0, "", ""
    if kind == "sobol":
        if "n" not in points:
            raise ParameterError("[points] lacks n, the number of points")
        n, seed = _count("points.n", points["n"], 1, MOST), _count("points.seed", points.get("seed", 1), 0, MOST - 1)
    elif kind == "grid":
        n = _product([one.steps for one in parameters if one.steps])
    else:
        parameters, n, file, digest = _from_file(points, parameters, folder)
    if "chunk" not in table:
        # each part is a task and a file, and a scheduler and a file system bend under many of them
        chunk = max(chunk, 2 ** math.ceil(math.log2(n / _PARTS)))
    plan = Plan(kind, n, chunk, seed, chosen, hubble, evaluate, parameters, file, digest)
    if evaluate == DEFAULT:
        for parameter in parameters:
            _physical(parameter)
    if kind != "file" and not plan.free:
        raise ParameterError("no parameter has a range")
    return plan


def _product(steps: list[int]) -> int:
    n = 1
    for one in steps:
        n *= one
    if n > MOST:
        raise ParameterError(f"the grid has {n:.3g} points, more than {MOST}")
    return n


def _parameter(name: str, entry: Any, kind: str) -> Parameter:
    where = f"parameters.{name}"
    if not isinstance(entry, dict):
        raise ParameterError(f"{where} = {shown(entry)} is not a table such as {{ value = 0.1 }}")
    if not name.isidentifier():
        raise ParameterError(f"{shown(name)} is not the name of a parameter")
    _only(where, entry, _OF_PARAMETER)
    unit = _UNITS.get(name, entry.get("unit"))
    if "unit" in entry and entry["unit"] != unit:
        raise ParameterError(f"{where}.unit = {shown(entry['unit'])} is not {unit}, the unit of {name}")
    if "value" in entry:
        more = sorted(set(entry) - {"value", "unit"})
        if more:
            raise ParameterError(f"{where} has a value and also {more[0]}; give either a value or a range")
        return Parameter(name, "fixed", _number(f"{where}.value", entry["value"]))
    if kind == "file":
        raise ParameterError(f"{where} has no value; with points from a file the others are fixed")
    for end in ("low", "high"):
        if end not in entry:
            raise ParameterError(f"{where} lacks {end}; give low and high, or a value")
    low, high = (_number(f"{where}.{end}", entry[end]) for end in ("low", "high"))
    if low >= high:
        raise ParameterError(f"{where}: low = {low:g} is not below high = {high:g}")
    prior = _word(f"{where}.prior", entry.get("prior", "linear"), _PRIORS)
    if prior == "log" and low <= 0.0:
        raise ParameterError(f"{where}: low = {low:g} is not positive, as a prior in the logarithm needs")
    steps = 0
    if kind == "grid":
        if "steps" not in entry:
            raise ParameterError(f"{where} lacks steps, the number of its values on the grid")
        steps = _count(f"{where}.steps", entry["steps"], 1, MOST)
    elif "steps" in entry:
        raise ParameterError(f"{where} has steps, which only a grid takes")
    mean = sigma = 0.0
    for word in ("mean", "sigma"):
        if (word in entry) != (prior == "normal"):
            fault = f"lacks {word}" if prior == "normal" else f"has {word}, which only a normal prior takes"
            raise ParameterError(f"{where} {fault}")
    if prior == "normal":
        mean, sigma = _number(f"{where}.mean", entry["mean"]), _number(f"{where}.sigma", entry["sigma"])
        if sigma <= 0.0:
            raise ParameterError(f"{where}: sigma = {sigma:g} is not positive")
    found = Parameter(name, prior, low, high, mean, sigma, steps)
    if prior == "normal" and found._cut[1] < _LEAST_SHARE:
        raise ParameterError(f"{where}: less than {_LEAST_SHARE:g} of the normal prior lies between low and high")
    return found


def _from_file(
    points: Mapping[str, Any], fixed: tuple[Parameter, ...], folder: Path
) -> tuple[tuple[Parameter, ...], int, str, str]:
    """Parameters, number of points, path and digest of the caller's file."""
    name = points.get("file")
    if not isinstance(name, str) or not name.endswith((".csv", ".parquet")):
        raise ParameterError(f"points.file = {shown(name)} is not the name of a .csv or .parquet file")
    path = (folder / name).resolve()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ParameterError(f"points.file = {name!r} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(content).hexdigest()
    columns = _read_points(path, content)
    chosen = points.get("columns", list(columns))
    if not isinstance(chosen, list) or not chosen or not all(isinstance(one, str) for one in chosen):
        raise ParameterError(f"points.columns = {shown(chosen)} is not a list of names")
    for one in chosen:
        if one not in columns:
            raise ParameterError(f"{path.name} has no column {one!r}; it has {', '.join(columns)}")
        if any(one == other.name for other in fixed):
            raise ParameterError(f"{one} is a column of {path.name} and has a value in [parameters]")
    n = len(columns[chosen[0]])
    if not n:
        raise ParameterError(f"{path.name} has no rows")
    read = tuple(Parameter(one, "file", float(columns[one].min()), float(columns[one].max())) for one in chosen)
    return read + fixed, n, str(path), digest


def _physical(parameter: Parameter) -> None:
    """Refuse a name that the model does not have, and a range that leaves the model."""
    from . import model

    point = model.benchmark("A")
    known = ("m_zp", "g_x", "m_x", "m_h1", "sin_theta", "lambda_phi_x", "q_x", "q_phi")
    _only("[parameters]", {parameter.name: None}, known)
    if parameter.prior == "file":
        # a point outside the model gets a reason, and the others are evaluated
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for end in {parameter.low, parameter.low if parameter.prior == "fixed" else parameter.high}:
            point.replace(**{"m_x": point.m_zp, parameter.name: end})


def function(name: Any) -> Function:
    """Import the function that a scan evaluates."""
    module, colon, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not (module and colon and attribute):
        raise ParameterError(f"evaluate = {shown(name)} is not of the form package.module:function")
    try:
        found: Function = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise ParameterError(f"evaluate = {name!r} cannot be imported: {_first_line(error)}") from None
    except AttributeError:
        raise ParameterError(f"evaluate = {name!r}: the module has no {attribute}") from None
    if not callable(found):
        raise ParameterError(f"evaluate = {name!r} is not a function")
    return found


# --- what decides about the bits of the rows


@lru_cache(maxsize=1)
def library_digest() -> str:
    """Digest of the code and the data of the library."""
    digest, folder = hashlib.sha256(), Path(__file__).parent
    for path in sorted(path for end in ("py", "toml", "csv") for path in folder.rglob(f"*.{end}")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def identity(plan: Plan) -> dict[str, Any]:
    """Everything that decides about the bits of the rows: a scan goes on only where all of it is the same."""
    found: dict[str, Any] = {
        "scan": plan.record(),
        "library": {"version": importlib.import_module(__name__.partition(".")[0]).__version__, "digest": library_digest()},
        "versions": {name: metadata.version(name) for name in ("numpy", "pyarrow", "scipy")}
        | {"python": ".".join(platform.python_version_tuple()[:2])},
    }
    module = plan.evaluate.partition(":")[0]
    if not module.startswith("darkhiggs."):
        source = getattr(importlib.import_module(module), "__file__", None)
        found["evaluate"] = hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else ""
    return found


def digest_of(record: Any) -> str:
    """Digest of a record, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def commit() -> str | None:
    """Commit of the checkout that holds the library, if it is one."""
    folder = Path(__file__).parent
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "-C", str(folder), "log", "-1", "--format=%H", "--", "."],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return done.stdout.strip() or None
    return None


# --- rows


def evaluated(plan: Plan, points: Columns, columns: tuple[str, ...] = ()) -> tuple[Columns, list[str]]:
    """Evaluate points; where the function raises, halve the points until only those that raise are left.

    Returns the columns of the function, with the reason `RAISED` and nan for a point that raises, and what was raised.
    """
    call = function(plan.evaluate)
    n = len(next(iter(points.values())))
    raised: list[str] = []
    pieces: list[tuple[slice, Columns | None]] = []
    for piece, found in _by_halves(call, plan, points, slice(0, n), raised):
        pieces.append((piece, found))
    names = columns or next((tuple(found) for _, found in pieces if found is not None), ())
    made: Columns = {name: np.full(n, np.nan) for name in names}
    made["reason"] = np.zeros(n, np.int8)
    for piece, found in pieces:
        if found is None:
            made["reason"][piece] = RAISED
            continue
        if columns and set(found) - {"reason"} != set(columns) - {"reason"}:
            raise ParameterError(f"{plan.evaluate} returned the columns {', '.join(found)}, and {', '.join(columns)} before")
        for name, values in found.items():
            made[name][piece] = values
    return made, raised


def _by_halves(
    call: Function, plan: Plan, points: Columns, piece: slice, raised: list[str]
) -> Iterator[tuple[slice, Columns | None]]:
    size = piece.stop - piece.start
    try:
        answer = call({name: values[piece] for name, values in points.items()}, inputs=plan.inputs, hubble=plan.hubble)
        found = {name: np.asarray(values) for name, values in answer.items()}
    except (MemoryError, OSError):
        # of the machine and not of a point
        raise
    except Exception as error:
        if size == 1:
            raised.append(f"{type(error).__name__}: {_first_line(error)}")
            yield piece, None
            return
        middle = piece.start + size // 2
        yield from _by_halves(call, plan, points, slice(piece.start, middle), raised)
        yield from _by_halves(call, plan, points, slice(middle, piece.stop), raised)
        return
    for name, values in found.items():
        if values.shape != (size,) or values.dtype.kind not in "fiub":
            raise ParameterError(f"{plan.evaluate} returned {name} of shape {values.shape} for {size} points")
    if "chi2" not in found:
        raise ParameterError(f"{plan.evaluate} returned no column chi2")
    yield piece, found


def trial(plan: Plan) -> tuple[str, ...]:
    """Names of the columns that the function returns, from the first points; ParameterError if it raises at all of them."""
    n = min(8, plan.n)
    points = replace(plan, chunk=n).points(0)[1]
    made, raised = evaluated(plan, points)
    if len(raised) == n:
        raise ParameterError(f"{plan.evaluate} raises at each of the first {n} points: {raised[0]}")
    return tuple(made)


# --- parts


def table_of(plan: Plan, part: int, columns: tuple[str, ...]) -> tuple[Columns, list[str]]:
    """All columns of a part: the number of the point, its parameters, and what the function returns; and what was raised.

    A column of the function takes the place of a parameter of the same name.
    """
    index, points = plan.points(part)
    batches = [slice(first, first + _BATCH) for first in range(0, len(index), _BATCH)]
    made = [evaluated(plan, {name: values[batch] for name, values in points.items()}, columns) for batch in batches]
    found = {name: np.concatenate([columns_of[name] for columns_of, _ in made]) for name in made[0][0]}
    return {"index": index} | points | found, [said for _, more in made for said in more]


def encoded(table: Columns, mark: str, part: int) -> bytes:
    """Bytes of a part, which are the same for the same rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    note = {"scan": mark, "part": str(part), "rows": _rows_digest(table)}
    made = pa.table(table).replace_schema_metadata({f"darkhiggs.{name}": text for name, text in note.items()})
    sink = pa.BufferOutputStream()
    floats = [name for name, values in table.items() if values.dtype.kind == "f"]
    pq.write_table(
        made, sink, compression="zstd", use_dictionary=False, use_byte_stream_split=floats, row_group_size=max(made.num_rows, 1)
    )
    return sink.getvalue().to_pybytes()


def _rows_digest(table: Columns) -> str:
    digest = hashlib.sha256()
    for name, values in table.items():
        digest.update(f"{name} {values.dtype.str} {len(values)}\n".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def whole(path: Path, mark: str, part: int, rows: int) -> tuple[Columns, bytes] | None:
    """Rows and bytes of a part that is there and undamaged: its bytes are those that its rows would be written as."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    table = decoded(content)
    if table is None or len(table.get("index", ())) != rows or encoded(table, mark, part) != content:
        return None
    return table, content


def decoded(content: bytes) -> Columns | None:
    """Rows of a part, or None for bytes that are no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
        return {name: table[name].to_numpy() for name in table.column_names}
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError):
        return None


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there, also after a power failure."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
