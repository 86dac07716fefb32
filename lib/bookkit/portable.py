"""Run the chapters as other processors would, and print the differences in their texts and curves.

python -m bookkit.portable [KERNEL ...]     default: all kernels that this processor can run
"""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from . import chapters, lock, reference, run
from .chapters import ROOT
from .numbers import TRACE

__all__ = ["kernels", "main"]

_OUT = ROOT / "_build/portable"
# Largest difference that is accepted between kernels, in units of the last digit shown.
_EDGE = 0.1
# Relative size of the last digit with which a curve is written.
_LAST_DIGIT = 1e-5
_DISABLE = "NPY_DISABLE_CPU_FEATURES"


def kernels() -> dict[str, dict[str, str]]:
    """List sets of environment variables that change the last bits: BLAS, numpy's loops, the C library, threads, hashes.

    Returns
    -------
    dict
        Variables by the name of the kernel, only for kernels that this processor can run. ``native`` sets no variables.

    Notes
    -----
    The names of the instruction groups are read from numpy, because they change between its versions.
    """
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # type: ignore[import-not-found]

    groups = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    # AVX2 and FMA are X86_V3 since numpy 2.4
    beyond_avx2 = [name for name in groups if name not in ("X86_V3", "AVX2", "FMA3")]
    plain = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4"}

    def kernel(core: str, disable: list[str], threads: int, seed: int) -> dict[str, str]:
        one = {"OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        return one | {"PYTHONHASHSEED": str(seed)} | ({_DISABLE: " ".join(disable)} if disable else {})

    found = {"native": {}, "prescott": kernel("Prescott", groups, 1, 1) | plain}
    if __cpu_features__["AVX2"] and __cpu_features__["FMA3"]:
        found |= {"haswell": kernel("Haswell", beyond_avx2, 2, 2), "zen": kernel("Zen", beyond_avx2, 1, 3)}
    if __cpu_features__["AVX512F"]:
        found |= {"skylakex": kernel("SkylakeX", [], 2, 4)}
    return found


def _run(kernel: str, variables: Mapping[str, str], name: str) -> str:
    """Execute one chapter with these environment variables; return the error, or an empty text."""
    folder = _OUT / kernel
    trace = folder / f"{name}.trace"
    trace.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bookkit.portable", "--one", name, str(folder)]
    result = subprocess.run(
        command, env=os.environ | variables | {TRACE: str(trace)}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return "" if result.returncode == 0 else (result.stdout + result.stderr).strip()


def _one(name: str, folder: Path) -> None:
    # the runner removes these two variables from the environment of the kernel, so they are passed explicitly
    kept = {variable: os.environ[variable] for variable in (TRACE, "PYTHONHASHSEED") if variable in os.environ}
    notebook = run.execute(name, folder / f"{name}.ipynb", {}, folder / name, **kept)
    nbformat.write(reference.stored(notebook), folder / f"{name}.ipynb")


def _outputs(notebook: nbformat.NotebookNode) -> list[Any]:
    return [cell.get("outputs", []) for cell in notebook.cells if cell.cell_type == "code"]


def _faults(kernel: str, name: str) -> Iterator[str]:
    """List the differences from the committed outputs and from the curves of the book."""
    folder = _OUT / kernel
    old, new = (nbformat.read(path, as_version=4) for path in (ROOT / chapters.path_of(name), folder / f"{name}.ipynb"))
    if _outputs(old) != _outputs(new):
        yield from reference.moved(old, new) or ["an output differs beside its text"]
    for path in sorted(run.downloads(name).glob("*.csv")):
        if moved := _curves_moved(path, folder / name / path.name):
            yield f"{path.name}: {moved}"


def _curves_moved(ours: Path, theirs: Path) -> str:
    """Name the columns that differ by more than the last digit written and by more than a billionth of the largest value."""
    lines = [[line for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#"] for path in (ours, theirs)]
    (titles, *rows), (others, *new) = (list(csv.reader(part)) for part in lines)
    if titles != others or len(rows) != len(new):
        return "other columns or rows"
    # a column of words differs or not; the numbers beside it are compared as numbers
    words = {place for row in rows for place, cell in enumerate(row) if not _is_number(cell)}
    if changed := [titles[place] for place in words if [row[place] for row in rows] != [row[place] for row in new]]:
        return ", ".join(changed)
    titles = [title for place, title in enumerate(titles) if place not in words]
    a, b = (
        np.array([[cell for place, cell in enumerate(row) if place not in words] for row in part], dtype=np.float64)
        for part in (rows, new)
    )
    largest = np.max(np.where(np.isfinite(a), np.abs(a), 0.0), axis=0)
    # two infinite values are equal for isclose, and their difference is nan
    with np.errstate(invalid="ignore"):
        apart = ~np.isclose(a, b, rtol=_LAST_DIGIT, atol=0.0, equal_nan=True) & ~(np.abs(a - b) <= 1e-9 * largest)
    return ", ".join(title for title, bad in zip(titles, apart.any(axis=0), strict=True) if bad)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _trace(kernel: str, name: str) -> list[tuple[float, str, str]]:
    lines = (_OUT / kernel / f"{name}.trace").read_text(encoding="ascii").splitlines()
    rows = [re.fullmatch(r"(\S+) \d+ ([^ ]*) (.*)", line) for line in lines]
    return [(float(row[1]), row[2], row[3]) for row in rows if row]


def _unit(value: float, spec: str) -> float:
    """Size of the last digit that a format shows."""
    precision, kind = re.fullmatch(r".*?(?:\.(\d+))?([fegFEG%]?)", spec).groups()  # type: ignore[union-attr]
    digits = int(precision or 6)
    if kind in ("f", "F", "%"):
        return 10.0 ** -(digits + 2 * (kind == "%"))
    power = int(f"{value:e}".partition("e")[2])
    return float(10.0 ** (power - digits + (kind not in ("e", "E"))))


def _spread(used: list[str], name: str) -> tuple[float, str]:
    """Largest difference between kernels of a number shown, in units of its last shown digit, and the number as shown."""
    first, *others = (_trace(kernel, name) for kernel in used)
    worst = (0.0, "")
    for other in others:
        for (a, spec, shown), (b, _, _) in zip(first, other, strict=True):
            if a != b and np.isfinite([a, b]).all():
                worst = max(worst, (abs(a - b) / _unit(a, spec), shown))
    return worst


def main(argv: list[str]) -> int:
    """Run the command line."""
    if argv[:1] == ["--one"]:
        try:
            _one(argv[1], Path(argv[2]))
        except run.ChapterError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        return 0
    known = kernels()
    unknown = [name for name in argv if name not in known]
    if unknown:
        print(f"error: {unknown[0]} is no kernel that this processor can be; it can be {', '.join(known)}", file=sys.stderr)
        return 2
    used, bad = argv or list(known), 0
    names = chapters.names()
    for kernel in used:
        (_OUT / kernel).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            failures = list(pool.map(partial(_run, kernel, known[kernel]), names))
        for name, failure in zip(names, failures, strict=True):
            faults = [failure] if failure else list(_faults(kernel, name))
            bad += len(faults)
            print("".join(f"{kernel} {name}: {fault}\n" for fault in faults), end="", flush=True)
        print(f"{kernel}: {len(names)} chapters done", flush=True)
    if len(used) > 1 and not bad:
        spread, shown, name = max((*_spread(used, name), name) for name in names)
        print(f"numbers shown differ by at most {spread:.2g} of the last digit shown ({name}: {shown})")
        if spread > _EDGE:
            print(f"error: that is above {_EDGE}; show fewer digits there", file=sys.stderr)
            bad += 1
    print("nothing moves" if not bad else f"{bad} differences")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(lock.start(main))
