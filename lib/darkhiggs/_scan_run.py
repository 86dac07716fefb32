"""The runner of scans: `python -m darkhiggs.scan run`, `resume` and `profile`."""

import argparse
import hashlib
import importlib.util
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, TextIO

import numpy as np

from . import _scan_file
from ._arrays import Array
from ._scan_file import Columns, Plan
from .errors import ParameterError

_NEEDED = ("dask", "distributed", "pyarrow")
_MANIFEST, _ROWS, _LOCK = "manifest.json", "rows", ".lock"
# Parts that the scheduler knows of at a time: enough for thousands of workers, and a few megabytes there.
_AHEAD = 5000
# A scan gives up when so many parts fail before any succeeds: the fault is then not in a part.
_HOPELESS = 10
_CONNECT = 20.0
# chi2 of a point without a value, in a search.
_FAR = 1e12


class Stopped(Exception):
    """A sentence that ends the command; what is written stays."""


# --- what a worker does


@dataclass
class Outcome:
    """What became of a part."""

    part: int
    state: str  # "made", "kept", or why the whole scan stops: "disk", "refused"
    said: str = ""
    digest: str = ""
    rows: int = 0
    reasons: dict[int, int] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)


def make_part(plan: Plan, part: int, folder: str, mark: str, columns: tuple[str, ...], library: str) -> Outcome:
    """Make one part, unless it is there and undamaged; runs in a worker."""
    rows = Path(folder, _ROWS)
    if _scan_file.library_digest() != library:
        return Outcome(part, "refused", f"the worker on {socket.gethostname()} has another version of the library")
    if not _appears(rows):
        return Outcome(part, "refused", f"the worker on {socket.gethostname()} does not see the folder {folder}")
    path = rows / plan.name(part)
    try:
        size = min((part + 1) * plan.chunk, plan.n) - part * plan.chunk
        if found := _scan_file.whole(path, mark, part, size):
            return _outcome(part, "kept", *found)
        table, raised = _scan_file.table_of(plan, part, columns)
        content = _scan_file.encoded(table, mark, part)
        _scan_file.write(path, content)
    except OSError as error:
        return Outcome(part, "disk", f"cannot write {Path(folder).name}/{_ROWS}/{path.name}: {error.strerror or error}")
    except ParameterError as error:
        return Outcome(part, "refused", str(error))
    return _outcome(part, "made", table, content, raised[0] if raised else "")


def _appears(folder: Path) -> bool:
    """Wait for a folder that a network file system may show late."""
    for _ in range(10):
        if folder.is_dir():
            return True
        time.sleep(0.5)
    return False


def _outcome(part: int, state: str, table: Columns, content: bytes, said: str = "") -> Outcome:
    reasons, counts = np.unique(table["reason"], return_counts=True)
    chi2 = np.where((table["reason"] == 0) & np.isfinite(table["chi2"]), table["chi2"], np.inf)
    at = int(np.argmin(chi2))
    best = {name: values[at].item() for name, values in table.items()} if np.isfinite(chi2[at]) else {}
    digest = hashlib.sha256(content).hexdigest()
    return Outcome(part, state, said, digest, len(chi2), dict(zip(reasons.tolist(), counts.tolist(), strict=True)), best)


# --- the scheduler and the workers


def _is_there(name: str) -> bool:
    """Return whether a package can be imported, without the second that the import takes."""
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:
        return False


def _need() -> None:
    """Raise Stopped if a package of the extra is missing."""
    for name in _NEEDED:
        if not _is_there(name):
            raise Stopped(f"a scan needs {', '.join(_NEEDED)}, and {name} is missing: pip install 'darkhiggs[scan]'")


@contextmanager
def _client(address: str | None, workers: int | None) -> Iterator[Any]:
    """Connect to a scheduler, or start one with a worker on each core."""
    # of the sentences of distributed none helps whoever runs a scan; what matters is told by the runner
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "critical")
    from dask import distributed

    with ExitStack() as stack:
        if address is None:
            n = workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or os.cpu_count() or 1
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=n, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
                )
            )
            client = stack.enter_context(distributed.Client(cluster))
        else:
            where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
            try:
                client = stack.enter_context(distributed.Client(**where, timeout=_CONNECT))
            except (OSError, ValueError, TypeError) as error:
                raise Stopped(f"no scheduler answers at {address}: {str(error).splitlines()[0]}") from None
        yield client


@dataclass
class Bar:
    """Progress on the standard error: one line that is rewritten on a terminal, and otherwise a line at each tenth."""

    total: int
    stream: TextIO
    done: int = 0
    made: int = 0
    shown: int = -1
    unit: str = "parts"
    began: float = field(default_factory=time.monotonic)

    def step(self, outcome: Outcome) -> None:
        """Count a part."""
        self.done += 1
        self.made += outcome.rows if outcome.state == "made" else 0
        live = self.stream.isatty()
        tenth = 10 * self.done // self.total
        if not live and tenth == self.shown:
            return
        self.shown = tenth
        spent = max(time.monotonic() - self.began, 1e-6)
        speed = f", {self.made / spent:.3g} points/s" if self.made else ""
        speed += f", {_duration((self.total - self.done) * spent / self.done)} left"
        line = f"[{'#' * (2 * tenth):20}] {self.done} of {self.total} {self.unit}{speed}"
        self.stream.write(f"\r{line:<79}" if live else f"{line}\n")
        self.stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.done and self.stream.isatty():
            self.stream.write("\n")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _completed(client: Any, call: Callable[..., Any], tasks: Sequence[Any], *arguments: Any) -> Iterator[tuple[Any, Any]]:
    """Run a function for each task; yields task and result, or task and the exception, as they end."""
    from dask import distributed

    todo = iter(tasks)
    known: dict[Any, Any] = {}

    def submit(n: int) -> list[Any]:
        batch = list(islice(todo, n))
        futures = client.map(_spread, batch, call=call, arguments=arguments, pure=False) if batch else []
        known.update(zip((future.key for future in futures), batch, strict=True))
        return list(futures)

    pending = distributed.as_completed(submit(_AHEAD))
    for future in pending:
        if future.status == "finished":
            try:
                result = future.result()
            except Exception as error:
                result = error
        elif future.status == "error":
            result = future.exception()
        else:
            raise Stopped("the scheduler has gone")
        task = known.pop(future.key)
        # the scheduler forgets a task when nobody holds its future
        del future
        for more in submit(1):
            pending.add(more)
        yield task, result


def _spread(task: Any, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return call(task, *arguments)


# --- a scan


def _made(part: int, plan: Plan, folder: str, mark: str, columns: tuple[str, ...], library: str) -> Outcome:
    return make_part(plan, part, folder, mark, columns, library)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder of a result, so that two commands do not work on it at once."""
    with (folder / _LOCK).open("a") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped(f"another command works on {folder}") from None
        except (ImportError, OSError):
            # a file system without locks
            pass
        yield


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1) + "\n").encode()


def _differs(old: Any, new: Any, path: str = "") -> str:
    """First place in which two records differ, in words."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            if said := _differs(old.get(name), new.get(name), f"{path}.{name}" if path else name):
                return said
        return ""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next(
            (said for i, pair in enumerate(zip(old, new, strict=True)) if (said := _differs(*pair, f"{path}[{i}]"))), ""
        )
    if old == new:
        return ""
    if path.endswith("digest") or path == "evaluate":
        return f"{path} differs"
    return f"{path} was {json.dumps(old)[:60]} and is {json.dumps(new)[:60]}"


def run(
    scan: Path, folder: Path, again: bool, address: str | None = None, workers: int | None = None, stream: TextIO | None = None
) -> dict[str, Any]:
    """Run a scan, or go on with it; returns the manifest."""
    _need()
    stream = stream or sys.stderr
    plan = _scan_file.read_plan(scan)
    mine = _scan_file.identity(plan)
    mark = _scan_file.digest_of(mine)
    manifest, there = folder / _MANIFEST, (folder / _MANIFEST).exists()
    if there and not again:
        raise Stopped(f"{folder} holds a scan: go on with `resume`, or choose another folder with --out")
    if again and not there and not (folder / _ROWS).is_dir():
        raise Stopped(f"there is no scan in {folder} to go on with; begin one with `run`")
    if there:
        _same(manifest, mine)
    columns = _scan_file.trial(plan)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        (folder / _ROWS).mkdir(exist_ok=True)
        for draft in [*folder.glob(".*.tmp"), *(folder / _ROWS).glob(".*.tmp")]:
            draft.unlink()
        names = {plan.name(part) for part in range(plan.parts)}
        if strange := sorted(path.name for path in (folder / _ROWS).iterdir() if path.name not in names):
            raise Stopped(f"{folder / _ROWS} holds {strange[0]}, which is no part of this scan")
        record = mine | {
            "digest": mark,
            "commit": _scan_file.commit(),
            "engine": {name: metadata.version(name) for name in ("dask", "distributed")},
            "columns": ["index", *_columns(plan, columns)],
        }
        if there and (old := _loaded(manifest)):
            # what the scan was begun with, where it does not bear on the rows
            record |= {name: old[name] for name in ("commit", "engine")}
        _scan_file.write(manifest, _text(record | {"complete": False}))
        found = _parts(plan, folder, mark, columns, address, workers, stream)
        record |= _summary(found)
        _scan_file.write(manifest, _text(record))
    return record


def _columns(plan: Plan, columns: tuple[str, ...]) -> list[str]:
    own = [parameter.name for parameter in plan.parameters]
    return own + [name for name in columns if name not in own]


def _loaded(manifest: Path) -> dict[str, Any] | None:
    """Read a manifest; None if it is damaged."""
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and {"scan", "commit", "engine", "columns"} <= set(found) else None
    except ValueError:
        return None


def _same(manifest: Path, mine: Mapping[str, Any]) -> None:
    """Refuse to go on with a scan that would give other rows."""
    old = _loaded(manifest)
    if old is None:
        # every part carries the mark of its scan, so that nothing depends on the manifest
        return
    here = json.loads(json.dumps(mine))
    if said := _differs({name: old.get(name) for name in here}, here):
        raise Stopped(f"{manifest.parent} holds another scan, whose rows would differ: {said}")


def _parts(
    plan: Plan, folder: Path, mark: str, columns: tuple[str, ...], address: str | None, workers: int | None, stream: TextIO
) -> list[Outcome]:
    """Have all parts made, and return what became of them, in order."""
    found: dict[int, Outcome] = {}
    failed: dict[int, str] = {}
    told = False
    bar = Bar(plan.parts, stream)
    arguments = (plan, str(folder.resolve()), mark, columns, _scan_file.library_digest())
    try:
        with _client(address, workers) as client:
            if address is not None and not client.nthreads():
                stream.write(f"waiting for workers at {address}\n")
            for part, outcome in _completed(client, _made, range(plan.parts), *arguments):
                if isinstance(outcome, Exception):
                    failed[part] = f"{type(outcome).__name__}: {_line(outcome)}"
                    if len(failed) >= _HOPELESS and not found:
                        break
                    continue
                if outcome.state in ("disk", "refused"):
                    raise Stopped(outcome.said)
                found[part] = outcome
                if outcome.said and not told:
                    told = True
                    stream.write(f"a point of {plan.name(part)} has no chi2 because of {outcome.said}\n")
                bar.step(outcome)
    except Stopped as stop:
        bar.end()
        raise Stopped(f"{stop}; {_standing(plan, found)}") from None
    except KeyboardInterrupt:
        bar.end()
        raise Stopped(f"stopped; {_standing(plan, found)}") from None
    bar.end()
    if failed:
        part = min(failed)
        count = plan.parts - len(found)
        raise Stopped(
            f"{count} of {plan.parts} parts are missing, {plan.name(part)} because of {failed[part]}; {_standing(plan, found)}"
        )
    return [found[part] for part in range(plan.parts)]


def _standing(plan: Plan, found: Mapping[int, Outcome]) -> str:
    return f"{len(found)} of {plan.parts} parts are done, and `resume` goes on"


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]


def _summary(found: list[Outcome]) -> dict[str, Any]:
    """Numbers of rows by reason, the best point, and the digests of the files."""
    reasons: Counter[int] = Counter()
    for outcome in found:
        reasons.update(outcome.reasons)
    best = min((outcome.best for outcome in found if outcome.best), key=lambda row: (row["chi2"], row["index"]), default=None)
    return {
        "complete": True,
        "rows": sum(outcome.rows for outcome in found),
        "reasons": {str(code): reasons[code] for code in sorted(reasons)},
        "best": best if best is None else {name: value if value == value else None for name, value in best.items()},
        "parts": [outcome.digest for outcome in found],
    }


# --- the profile of a result


@dataclass(frozen=True)
class Axis:
    """Bins in one column of the rows."""

    name: str
    edges: Array

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    def bin_of(self, values: Array) -> Array:
        """Bin of each value, -1 outside; the last one includes its upper edge."""
        found = np.searchsorted(self.edges, values, side="right") - 1
        found = np.where(values == self.edges[-1], self.bins - 1, found)
        return np.where((found >= 0) & (found < self.bins), found, -1)


def bests(chi2: Array, cell: Array, n: int) -> Array:
    """Row with the smallest chi2 of each of n cells, the first of several, -1 for a cell without rows; cell -1 is no cell."""
    rows = np.flatnonzero((cell >= 0) & np.isfinite(chi2))
    # stable, so that of equal rows the first comes first
    rows = rows[np.lexsort((chi2[rows], cell[rows]))]
    cells, first = np.unique(cell[rows], return_index=True)
    found = np.full(n, -1)
    found[cells] = rows[first]
    return found


def profile(
    folder: Path,
    names: Sequence[str],
    bins: int = 40,
    refine: int = 0,
    within: float = 12.0,
    out: Path | None = None,
    address: str | None = None,
    workers: int | None = None,
    stream: TextIO | None = None,
) -> tuple[Path, str]:
    """Write the smallest chi2 of each cell in one or two columns, with its point; returns the file and a summary.

    With `refine`, each cell within a distance of the best point is searched by differential evolution for so many generations.
    A sampler would not do: it puts its points where the prior volume is, but a profile asks for the smallest chi2 of each
    cell, however small the volume around it. Differential evolution needs no derivatives, which thresholds and points without
    a value would spoil, evaluates a generation in one vectorised call, and gives the same result for the same seed.
    """
    _need()
    stream = stream or sys.stderr
    record = _loaded(folder / _MANIFEST) if (folder / _MANIFEST).exists() else None
    if record is None or not record.get("complete"):
        raise Stopped(f"{folder} holds no complete scan; finish it with `resume`")
    plan = _scan_file.plan_of(record["scan"])
    for name in names:
        if name not in record["columns"]:
            raise Stopped(f"the rows have no column {name!r}; they have {', '.join(record['columns'])}")
    if refine:
        _refinable(plan, names)
    axes = [_axis(folder, plan, name, bins) for name in names]
    n = int(np.prod([axis.bins for axis in axes]))
    best = np.full(n, np.inf)
    place = np.full((n, 2), -1)
    for part, table in _rows(folder, plan, [*names, "chi2", "reason"]):
        row = bests(np.where(table["reason"] == 0, table["chi2"], np.inf), _cell(axes, table), n)
        chi2 = np.where(row >= 0, table["chi2"][row], np.inf)
        better = chi2 < best
        best[better] = chi2[better]
        place[better] = np.stack([np.full(n, part), row], axis=-1)[better]
    rows = _fetched(folder, plan, place, record["columns"])
    refined = np.zeros(n)
    if refine and np.isfinite(best).any():
        _refine(plan, axes, best, rows, refined, refine, within, address, workers, stream)
    path = out or folder / f"profile-{'-'.join(names)}.csv"
    _scan_file.write(path, _csv(axes, best, rows, refined))
    return path, _said(axes, best, refined)


def _refinable(plan: Plan, names: Sequence[str]) -> None:
    free = [one.name for one in plan.free]
    if not free:
        raise Stopped("points from a file have no ranges in which a profile could be refined")
    for name in names:
        if name not in free:
            raise Stopped(
                f"{name} has no range in the scan, so that the profile in it cannot be refined; ranges have {', '.join(free)}"
            )
    _scan_file.function(plan.evaluate)


def _axis(folder: Path, plan: Plan, name: str, bins: int) -> Axis:
    """Bins over the range of a column: even in the logarithm if the prior is, or if all are positive and span decades."""
    parameter = next((one for one in plan.free if one.name == name), None)
    if parameter is not None:
        low, high, log = parameter.low, parameter.high, parameter.prior == "log"
    else:
        ends = []
        for _, table in _rows(folder, plan, [name]):
            if (finite := table[name][np.isfinite(table[name])]).size:
                ends += [finite.min(), finite.max()]
        if not ends or min(ends) == max(ends):
            raise Stopped(f"{name} has the same value in all rows")
        low, high = float(min(ends)), float(max(ends))
        log = low > 0.0 and high > 100.0 * low
    edges = np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
    edges[0], edges[-1] = low, high
    return Axis(name, edges)


def _rows(folder: Path, plan: Plan, names: Sequence[str], parts: Iterable[int] | None = None) -> Iterator[tuple[int, Columns]]:
    """Columns of each part, or of some."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for part in range(plan.parts) if parts is None else parts:
        path = folder / _ROWS / plan.name(part)
        try:
            table = pq.read_table(path, columns=list(dict.fromkeys(names)))
        except (pa.ArrowException, OSError):
            raise Stopped(f"{path} is missing or damaged; `resume` makes it again") from None
        yield part, {name: table[name].to_numpy() for name in table.column_names}


def _cell(axes: Sequence[Axis], table: Columns) -> Array:
    """Cell of each row, the last axis fastest; -1 outside."""
    found = np.zeros(len(table["chi2"]), int)
    outside = np.zeros(found.shape, bool)
    for axis in axes:
        bin_of = axis.bin_of(table[axis.name])
        found = found * axis.bins + bin_of
        outside |= bin_of < 0
    return np.where(outside, -1, found)


def _fetched(folder: Path, plan: Plan, place: Array, columns: Sequence[str]) -> Columns:
    """All columns of the best rows, nan for a cell without one."""
    found: Columns = {name: np.full(len(place), np.nan) for name in columns}
    wanted = sorted({part for part in place[:, 0].tolist() if part >= 0})
    for part, table in _rows(folder, plan, columns, wanted):
        mine = place[:, 0] == part
        for name, values in table.items():
            found[name][mine] = values[place[mine, 1]]
    return found


def _refine(
    plan: Plan,
    axes: Sequence[Axis],
    best: Array,
    rows: Columns,
    refined: Array,
    generations: int,
    within: float,
    address: str | None,
    workers: int | None,
    stream: TextIO,
) -> None:
    """Search each cell that is not far from the best point, or has a neighbour that is not."""
    shape = [axis.bins for axis in axes]
    near = (best <= best.min() + within).reshape(shape)
    for k in range(len(shape)):
        grown = np.moveaxis(near, k, 0).copy()
        grown[1:] |= np.moveaxis(near, k, 0)[:-1]
        grown[:-1] |= np.moveaxis(near, k, 0)[1:]
        near = np.moveaxis(grown, 0, k)
    cells = np.flatnonzero(near)
    shares = np.stack([one.share(rows[one.name]) for one in plan.free], axis=-1)
    tasks = []
    for cell in cells.tolist():
        at = [int(k) for k in np.unravel_index(cell, shape)]
        bounds = np.array([(0.0, 1.0)] * len(plan.free))
        for axis, k in zip(axes, at, strict=True):
            i = next(i for i, one in enumerate(plan.free) if one.name == axis.name)
            bounds[i] = plan.free[i].share(axis.edges[k : k + 2])
        around = np.ix_(*(range(max(k - 1, 0), min(k + 2, n)) for k, n in zip(at, shape, strict=True)))
        starts = shares[np.arange(len(best)).reshape(shape)[around].ravel()]
        starts = starts[np.isfinite(starts).all(axis=-1)]
        tasks.append((cell, bounds, np.clip(starts, bounds[:, 0], bounds[:, 1])))
    bar = Bar(len(tasks), stream, unit="cells")
    failed = ""
    with _client(address, workers) as client:
        for task, row in _completed(client, refined_cell, tasks, plan, generations):
            if isinstance(row, Exception):
                failed = failed or f"{type(row).__name__}: {_line(row)}"
                continue
            bar.step(Outcome(task[0], "kept"))
            if row["chi2"] < best[task[0]]:
                best[task[0]] = row["chi2"]
                refined[task[0]] = 1.0
                for name in rows:
                    rows[name][task[0]] = row.get(name, np.nan)
    bar.end()
    if failed:
        raise Stopped(f"the profile could not be refined: {failed}")


def refined_cell(task: tuple[int, Array, Array], plan: Plan, generations: int) -> dict[str, float]:
    """Point with the smallest chi2 that differential evolution finds in a cell; runs in a worker."""
    from scipy.optimize import differential_evolution  # type: ignore[import-untyped]

    cell, bounds, starts = task
    rng = np.random.default_rng([plan.seed, cell])
    size = 12 * len(bounds)
    first = bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) * rng.random((size, len(bounds)))
    first[: len(starts)] = starts[:size]

    def chi2(shares: Array) -> Array:
        table, _ = _scan_file.evaluated(plan, plan.drawn(shares))
        return np.where((table["reason"] == 0) & np.isfinite(table["chi2"]), table["chi2"], _FAR)

    # a generation may find a better point without converging, and a polish by derivatives would stumble over the thresholds
    found = differential_evolution(
        chi2, bounds, init=first, maxiter=generations, vectorized=True, updating="deferred", polish=False, rng=rng, tol=1e-4
    )
    own = plan.drawn(np.asarray(found.x)[:, None])
    table, _ = _scan_file.evaluated(plan, own)
    return {"index": -1.0} | {name: float(values[0]) for name, values in (own | table).items()}


def _csv(axes: Sequence[Axis], best: Array, rows: Columns, refined: Array) -> bytes:
    """Table of the cells, the last axis fastest."""
    shape = [axis.bins for axis in axes]
    columns: dict[str, Array] = {}
    for axis, k in zip(axes, np.unravel_index(np.arange(len(best)), shape), strict=True):
        columns |= {f"{axis.name}_low": axis.edges[k], f"{axis.name}_high": axis.edges[k + 1]}
    columns |= {"chi2": best, "delta_chi2": best - best.min(), "refined": refined}
    columns |= {name: values for name, values in rows.items() if name != "chi2"}
    whole = ("refined", "index", "reason")
    lines = [",".join(columns)]
    for row in zip(*columns.values(), strict=True):
        texts = (
            "" if not np.isfinite(value) else str(int(value)) if name in whole else repr(float(value))
            for name, value in zip(columns, row, strict=True)
        )
        lines.append(",".join(texts))
    return ("\n".join(lines) + "\n").encode()


def _said(axes: Sequence[Axis], best: Array, refined: Array) -> str:
    from scipy.stats import chi2  # type: ignore[import-untyped]

    there = np.isfinite(best)
    if not there.any():
        return "no row has a chi2"
    inside = [int(np.sum(best - best.min() <= chi2.ppf(level, len(axes)))) for level in (0.6827, 0.9545)]
    return (
        f"chi2 = {best.min():.4f} at best; {int(there.sum())} of {len(best)} cells have points, "
        f"{inside[0]} are inside 68 %, {inside[1]} inside 95 %, {int(refined.sum())} were refined"
    )


# --- the command line


def main(argv: Sequence[str]) -> int:
    """Run the command line; whatever goes wrong is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m darkhiggs.scan", description="Scan a million points.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | resume | profile")
    more = argparse.ArgumentParser(add_help=False)
    more.add_argument(
        "--scheduler", metavar="ADDRESS", help="address or scheduler file of a Dask cluster; by default one is started"
    )
    more.add_argument(
        "--workers", type=int, metavar="N", help="processes of the cluster that is started; by default one a core"
    )
    for name, words in (("run", "begin a scan"), ("resume", "go on with a scan that was stopped")):
        command = commands.add_parser(name, help=words, parents=[more])
        command.add_argument("scan", type=Path, help="scan file, TOML")
        command.add_argument(
            "--out", type=Path, metavar="FOLDER", help="result; by default beside the scan file, under its name"
        )
    command = commands.add_parser("profile", help="profile likelihood in one or two columns", parents=[more])
    command.add_argument("result", type=Path, help="folder of a result")
    command.add_argument("names", nargs="+", metavar="x", help="one or two columns")
    command.add_argument("--bins", type=int, default=40, metavar="N", help="bins in each column")
    command.add_argument(
        "--refine", type=int, default=0, metavar="N", help="generations of differential evolution in each cell"
    )
    command.add_argument("--within", type=float, default=12.0, metavar="D", help="refine cells up to this distance in chi2")
    command.add_argument("--out", type=Path, metavar="FILE", help="table, CSV; by default in the result")
    given = parser.parse_args(argv)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _check(given)
        if given.command == "profile":
            path, said = profile(
                given.result, given.names, given.bins, given.refine, given.within, given.out, given.scheduler, given.workers
            )
            print(f"{path}: {said}")
        else:
            folder = _folder(given)
            record = run(given.scan, folder, given.command == "resume", given.scheduler, given.workers)
            print(f"{folder}: {_told(record)}")
    except (Stopped, ParameterError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return 130
    except OSError as error:
        begun = given.command != "profile" and (_folder(given) / _MANIFEST).exists()
        more_words = "; what is done stays, and `resume` goes on" if begun else ""
        where = error.filename or "the result"
        print(f"error: cannot write {where}: {error.strerror or error}{more_words}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _folder(given: argparse.Namespace) -> Path:
    """Folder of a result, by default beside the scan file."""
    folder: Path = given.out or given.scan.with_suffix("")
    return folder


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _check(given: argparse.Namespace) -> None:
    for name, low, high in (("workers", 1, 4096), ("bins", 1, 2000), ("refine", 0, 100_000)):
        value = getattr(given, name, None)
        if value is not None and not low <= value <= high:
            raise Stopped(f"--{name} {value} is outside its range [{low}, {high}]")
    if given.scheduler and given.workers:
        raise Stopped("--workers is for the cluster that is started here; leave it out with --scheduler")
    if len(getattr(given, "names", [])) > 2:
        raise Stopped("a profile is in one or two columns")


def _told(record: Mapping[str, Any]) -> str:
    counts = record["reasons"]
    bad = record["rows"] - counts.get("0", 0)
    best = record["best"]
    words = f"{record['rows']} rows in {len(record['parts'])} parts, {bad} without a chi2"
    if raised := counts.get(str(_scan_file.RAISED), 0):
        words += f", {raised} of them raised an error"
    return words + (f"; chi2 = {best['chi2']:.4f} at best, point {best['index']}" if best else "")
