"""Run the chapters as other processors would, and print what moves in their text and curves.

python -m bookkit.portable [KERNEL ...]     default: all that this processor can be
"""

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
# Part of the last stable digit that the noise may fill.
_EDGE = 0.1
_DISABLE = "NPY_DISABLE_CPU_FEATURES"


def kernels() -> dict[str, dict[str, str]]:
    """List sets of environment variables that change the last bits: BLAS, numpy's loops, the C library, threads, hashes.

    Returns
    -------
    dict
        Name to variables; only what this processor can do. ``native`` is the machine as it is.

    Notes
    -----
    numpy's groups of instructions are asked of numpy itself: their names change between its versions.
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
    """Execute one chapter below the variables; return what went wrong."""
    folder = _OUT / kernel
    trace = folder / f"{name}.trace"
    trace.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bookkit.portable", "--one", name, str(folder)]
    result = subprocess.run(
        command, env=os.environ | variables | {TRACE: str(trace)}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return "" if result.returncode == 0 else (result.stdout + result.stderr).strip()


def _one(name: str, folder: Path) -> None:
    # these two would not reach the kernel: its runner drops them
    kept = {variable: os.environ[variable] for variable in (TRACE, "PYTHONHASHSEED") if variable in os.environ}
    notebook = run.execute(name, folder / f"{name}.ipynb", {}, folder, **kept)
    nbformat.write(reference.stored(notebook), folder / f"{name}.ipynb")


def _outputs(notebook: nbformat.NotebookNode) -> list[Any]:
    return [cell.get("outputs", []) for cell in notebook.cells if cell.cell_type == "code"]


def _faults(kernel: str, name: str) -> Iterator[str]:
    """Say what differs from the committed outputs and from the curves of the book."""
    folder = _OUT / kernel
    old, new = (nbformat.read(path, as_version=4) for path in (ROOT / chapters.path_of(name), folder / f"{name}.ipynb"))
    if _outputs(old) != _outputs(new):
        yield from reference.moved(old, new) or ["an output differs beside its text"]
    for path in sorted((run.STAGE / chapters.path_of(name)).parent.glob(f"data/{name}*.csv")):
        ours, theirs = (one.read_text(encoding="utf-8").splitlines() for one in (path, folder / path.name))
        if ours != theirs:
            yield f"{path.name}: {sum(a != b for a, b in zip(ours, theirs, strict=False))} of {len(ours)} lines"


def _trace(kernel: str, name: str) -> list[tuple[float, int, str]]:
    lines = (_OUT / kernel / f"{name}.trace").read_text(encoding="ascii").splitlines()
    rows = [re.fullmatch(r"(\S+) (\d+) (.*)", line) for line in lines]
    return [(float(row[1]), int(row[2]), row[3]) for row in rows if row]


def _spread(used: list[str], name: str) -> tuple[float, str]:
    """Largest relative distance between kernels of a number shown, in units of its last stable digit."""
    first, *others = (_trace(kernel, name) for kernel in used)
    worst = (0.0, "")
    for other in others:
        for (a, digits, shown), (b, _, _) in zip(first, other, strict=False):
            scale = max(abs(a), abs(b))
            if scale and np.isfinite(scale):
                worst = max(worst, (abs(a - b) / scale * 10.0 ** (digits - 1), shown))
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
        print(f"numbers shown differ by at most {spread:.2g} of their last stable digit ({name}: {shown})")
        if spread > _EDGE:
            print(f"error: that is above {_EDGE}; fewer digits are stable there", file=sys.stderr)
            bad += 1
    print("nothing moves" if not bad else f"{bad} differences")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(lock.told(main))
