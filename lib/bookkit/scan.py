"""The stored scan of the whole model: python -m bookkit.scan, or make scan.

The parameters are searched for the best point of each cell of some planes. Random points of the ranges in
book/data/whole_model.toml come first, then rounds of points near the best ones, displaced by the difference of two others as in
differential evolution. Each point counts in every plane, so that a million points serve all of them.
They are evaluated by `python -m darkhiggs.scan run`. Stored is the best point of each cell.
"""

import csv
import io
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from darkhiggs import inputs, model
from darkhiggs.errors import ParameterError

from . import lock
from .chapters import ROOT

__all__ = ["SETS", "Plane", "Result", "main", "planes", "ranges", "stored"]

#: Sets of inputs that are scanned.
SETS = ("talk", "today")
_RANGES = ROOT / "book/data/whole_model.toml"
_POINTS, _MANIFEST = _RANGES.with_suffix(".csv"), _RANGES.with_suffix(".json")
_FOLDER = ROOT / "_build/scan"
_ROUNDS, _EACH, _SEED = 16, 49_152, 2401
# Most points are for cells with a chi2 this close to the best, and for their neighbours; worse ones than _KEPT are not stored.
_NEAR, _ELSEWHERE, _KEPT = 10.0, 0.1, 60.0
Columns = dict[str, npt.NDArray[np.float64]]


@cache
def ranges() -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each parameter; all have a prior in the logarithm."""
    parameters = tomllib.loads(_RANGES.read_text(encoding="utf-8"))["parameters"]
    return {name: (entry["low"], entry["high"]) for name, entry in parameters.items()}


@dataclass(frozen=True)
class Plane:
    """Cells in one or two parameters, at fixed values of others.

    Parameters
    ----------
    axes : mapping
        For each parameter the number of cells, or the edges between them.
    fixed : mapping of str to float, optional
        Values of other parameters.
    """

    axes: Mapping[str, int | tuple[float, ...]]
    fixed: Mapping[str, float] = field(default_factory=dict)

    @property
    def edges(self) -> Columns:
        """Edges of the cells."""
        found = {}
        for name, cells in self.axes.items():
            low, high = ranges()[name]
            found[name] = np.geomspace(low, high, cells + 1) if isinstance(cells, int) else np.array([low, *cells, high])
        return found

    @property
    def centres(self) -> list[npt.NDArray[np.float64]]:
        """Geometric middle of the cells of each axis."""
        return [np.sqrt(edges[1:] * edges[:-1]) for edges in self.edges.values()]

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of cells."""
        return tuple(len(edges) - 1 for edges in self.edges.values())

    def cell(self, points: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.int_]:
        """Return the number of the cell of each point, the last axis fastest, and -1 for a point of none."""
        at = [np.clip(np.searchsorted(x, points[name], "right") - 1, 0, len(x) - 2) for name, x in self.edges.items()]
        inside = np.all([points[name] == value for name, value in self.fixed.items()], axis=0)
        return np.where(inside, np.ravel_multi_index(at, self.shape), -1)


@cache
def planes() -> dict[str, Plane]:
    """Return what is profiled, by name: planes and a line of the whole model, and the mass of X at each benchmark.

    At a benchmark the two rows of the second axis are an H1 that a B can decay into, and a heavier one.
    """
    end = inputs.natural("m_B+") - inputs.natural("m_K+")
    # fine where the excess is, and one cell on either side
    m_h1, sin_theta = tuple(np.geomspace(1.0, 6.0, 33).tolist()), tuple(np.geomspace(1e-3, 2e-2, 25).tolist())
    found = {
        "H1": Plane({"m_h1": m_h1, "sin_theta": sin_theta}),
        "X": Plane({"m_x": 34, "m_h1": m_h1}),
        "Z'": Plane({"m_zp": 40, "g_x": 36}),
        "Phi": Plane({"q_phi": 48}),
    }
    for name in ("A", "A10", "B"):
        point = model.benchmark(name)
        found[name] = Plane({"m_x": 48, "m_h1": (end,)}, {"m_zp": float(point.m_zp), "g_x": float(point.g_x)})
    return found


# --- the stored result


@dataclass(frozen=True)
class Result:
    """Best point of each cell, for one set of inputs.

    Parameters
    ----------
    points : dict of str to ndarray
        Columns: the parameters, ``"lambda_phi_x"`` and ``"chi2"``.
    places : dict of str to ndarray
        Number of the row of each cell of a plane, in the shape of the plane; -1 for a cell without a point.
    """

    points: Columns
    places: dict[str, npt.NDArray[np.int_]]

    @property
    def best(self) -> dict[str, float]:
        """Point with the smallest chi2."""
        at = int(np.argmin(self.points["chi2"]))
        return {name: float(values[at]) for name, values in self.points.items()}

    def delta(self, plane: str) -> npt.NDArray[np.float64]:
        """Difference in chi2 of each cell of a plane from the best point of all; infinite for a cell without a point."""
        chi2 = np.append(self.points["chi2"], np.inf) - self.points["chi2"].min()
        return chi2[self.places[plane]]

    def sample(self, count: int, seed: int = 1) -> Columns:
        """Points that are drawn at random, each at most once."""
        total = len(self.points["chi2"])
        rows = np.random.default_rng(seed).choice(total, min(count, total), replace=False)
        return {name: values[rows] for name, values in self.points.items()}


@cache
def stored(name: str) -> Result:
    """Read the stored result.

    Parameters
    ----------
    name : {"talk", "today"}
        Set of inputs.

    Returns
    -------
    Result
        Best point of each cell of each of `planes`.

    Raises
    ------
    ParameterError
        If the set is unknown.
    """
    if name not in SETS:
        raise ParameterError(f"name = {name!r} is not one of {', '.join(SETS)}")
    rows = [row for row in csv.DictReader(io.StringIO(_POINTS.read_text(encoding="utf-8"))) if row["inputs"] == name]
    places = {plane: np.full(found.shape, -1) for plane, found in planes().items()}
    for number, row in enumerate(rows):
        places[row["plane"]].flat[int(row["cell"])] = number
    points = {key: np.array([float(row[key]) for row in rows]) for key in (*ranges(), "lambda_phi_x", "chi2")}
    return Result(points, places)


# --- the search


class Elite:
    """Best point of each cell of a plane so far, in shares of the ranges."""

    def __init__(self, plane: Plane) -> None:
        size = int(np.prod(plane.shape))
        self.plane = plane
        self.chi2 = np.full(size, np.inf)
        self.shares = np.full((size, len(ranges())), np.nan)
        self.points = {name: np.full(size, np.nan) for name in (*ranges(), "lambda_phi_x")}

    def update(self, points: Columns) -> None:
        """Take the points that are better than those that are there."""
        cell = self.plane.cell(points)
        # stable, so that of equal points the first is taken
        order = np.lexsort((points["chi2"], cell))
        cells, first = np.unique(cell[order], return_index=True)
        for at, row in zip(cells.tolist(), order[first].tolist(), strict=True):
            if at >= 0 and points["chi2"][row] < self.chi2[at]:
                self.chi2[at] = points["chi2"][row]
                for name, values in self.points.items():
                    values[at] = points[name][row]
        self.shares = np.stack([_share(name, self.points[name]) for name in ranges()], axis=-1)

    def gain(self, before: npt.NDArray[np.float64]) -> float:
        """Return the mean fall of chi2, at most `_NEAR`, of the cells that are close to the best."""
        near = self.chi2 < self.chi2.min() + _NEAR
        return float(np.mean(np.minimum(before[near] - self.chi2[near], _NEAR))) if near.any() else 0.0

    def proposals(self, count: int, others: npt.NDArray[np.float64], random: np.random.Generator) -> Columns:
        """Draw points for the cells: near the best of a neighbour, displaced by the difference of two that are not far."""
        from scipy.ndimage import binary_dilation  # type: ignore[import-untyped]

        shape = self.plane.shape
        near = binary_dilation((self.chi2 < self.chi2.min() + _NEAR).reshape(shape), np.ones((3,) * len(shape))).ravel()
        weight = np.where(near, 1.0, _ELSEWHERE * near.size / max(np.sum(~near), 1) * near.mean() + 1e-9)
        at = np.array(np.unravel_index(random.choice(near.size, count, p=weight / weight.sum()), shape))

        def around(steps: int | npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
            step = random.integers(-steps, np.add(steps, 1), at.shape)
            found = self.shares[np.ravel_multi_index(np.clip((at + step).T, 0, np.array(shape) - 1).T, shape)]
            # a cell without a point lends one of any plane
            return np.where(np.isfinite(found), found, others[random.integers(len(others), size=count)])

        # half of the points start from the best of their own cell; few coordinates move or most, by steps of all sizes
        few = np.where(random.random((count, 1)) < 0.6, 0.25, 0.9)
        base, one, other = around(random.integers(0, 2, count)), around(3), around(3)
        size, jitter = 10.0 ** random.uniform(-2.0, 0.0, (count, 1)), 10.0 ** random.uniform(-4.0, -1.5, (count, 1))
        moved = base + (random.random(base.shape) < few) * size * (one - other)
        moved += (random.random(base.shape) < few) * jitter * random.standard_normal(base.shape)
        # now and then one comes from elsewhere
        moved = np.where(random.random(base.shape) < 0.02, others[random.integers(len(others), size=count)], moved)
        found = {name: _value(name, np.clip(moved[:, k], 0.0, 1.0)) for k, name in enumerate(ranges())}
        for (name, edges), k in zip(self.plane.edges.items(), at, strict=True):
            low, high = edges[k], edges[k + 1]
            drawn = low * (high / low) ** random.random(count)
            found[name] = np.where((found[name] >= low) & (found[name] < high), found[name], drawn)
        return found | {name: np.full(count, value) for name, value in self.plane.fixed.items()}


def _share(name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = ranges()[name]
    return np.log(value / low) / np.log(high / low)


def _value(name: str, share: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = ranges()[name]
    return low * (high / low) ** share


def _run(folder: Path, text: str) -> dict[str, Any]:
    """Evaluate the points of a scan file, or go on with them; returns the manifest."""
    scan = folder.with_suffix(".toml")
    scan.write_text(text, encoding="utf-8")
    word = "resume" if (folder / "manifest.json").exists() else "run"
    command = [sys.executable, "-m", "darkhiggs.scan", word, str(scan), "--out", str(folder)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1].removeprefix("error: ")
        raise ParameterError(f"{said}; without the folder {_FOLDER.relative_to(ROOT)} the search begins anew")
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def _rows(folder: Path) -> Columns:
    """Points of a scan that have a chi2."""
    from pyarrow import parquet

    table = parquet.read_table(folder / "rows", columns=[*ranges(), "lambda_phi_x", "chi2", "reason"])
    columns = {name: table[name].to_numpy() for name in table.column_names}
    good = (columns.pop("reason") == 0) & np.isfinite(columns["chi2"])
    return {name: values[good] for name, values in columns.items()}


def search(name: str) -> tuple[dict[str, Elite], dict[str, Any]]:
    """Search all planes with a set of inputs; returns the best points and the facts for the manifest."""
    import pyarrow as pa
    from pyarrow import parquet

    folder, random = _FOLDER / name, np.random.default_rng(_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    head = f'inputs = "{name}"\n'
    record = _run(folder / "start", head + _RANGES.read_text(encoding="utf-8"))
    elites, total = {plane: Elite(found) for plane, found in planes().items()}, record["rows"]
    points = _rows(folder / "start")
    for number in range(_ROUNDS + 1):
        before = {plane: elite.chi2.copy() for plane, elite in elites.items()}
        for elite in elites.values():
            elite.update(points)
        gains = [elite.gain(before[plane]) for plane, elite in elites.items()]
        best = min(float(elite.chi2.min()) for elite in elites.values())
        print(f"{name}: {total} points, chi2 = {best:.4f} at best, last gain of a cell {max(gains):.3f}", flush=True)
        if number == _ROUNDS:
            break
        others = np.concatenate([elite.shares[np.isfinite(elite.chi2)] for elite in elites.values()])
        size = [int(np.prod(elite.plane.shape)) ** 0.5 for elite in elites.values()]
        counts = (_EACH * np.array(size) / sum(size)).astype(int)
        drawn = [elite.proposals(int(n), others, random) for elite, n in zip(elites.values(), counts, strict=True)]
        table = {key: np.concatenate([one[key] for one in drawn]) for key in ranges()}
        parquet.write_table(pa.table(table), folder / f"points-{number:02d}.parquet")
        text = f'{head}[points]\nkind = "file"\nfile = "points-{number:02d}.parquet"\n[parameters]\n'
        total += _run(folder / f"round-{number:02d}", text)["rows"]
        points = _rows(folder / f"round-{number:02d}")
    facts = {"points": total, "chi2": best, "last gain of a cell": max(gains)}
    return elites, facts | {key: record[key] for key in ("library", "versions", "commit")}


def _lines(name: str, elites: Mapping[str, Elite]) -> Iterator[str]:
    for plane, elite in elites.items():
        for cell in np.flatnonzero(elite.chi2 <= elite.chi2.min() + _KEPT).tolist():
            values = [*(float(values[cell]) for values in elite.points.values()), float(elite.chi2[cell])]
            yield ",".join([name, plane, str(cell), *map(repr, values)])


def main(argv: list[str]) -> int:
    """Run the command line."""
    if argv:
        print(f"error: {argv[0]} is not known: make scan takes no argument", file=sys.stderr)
        return 2
    lines = [",".join(["inputs", "plane", "cell", *ranges(), "lambda_phi_x", "chi2"])]
    facts = {"command": "make scan", "rounds": _ROUNDS, "points of a round": _EACH, "seed": _SEED}
    try:
        for name in SETS:
            elites, facts[name] = search(name)
            lines += _lines(name, elites)
    except ParameterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _POINTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _MANIFEST.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"written: {_POINTS.relative_to(ROOT)}, {_MANIFEST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
