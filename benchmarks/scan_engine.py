"""The scan engine on the README's scan file: time of a point, two workers against one, memory of all processes."""

import importlib.util
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Numbers of points, of those that measure the start, and with --full; wanted spread of the time of a point, ratio of the wall
# times of one and two workers at the larger number, memory in bytes, and wall time of the full number in seconds.
POINTS, START, FULL = (10_000, 100_000), 64, 1_000_000
SLOPE, WORKERS, MEMORY, SECONDS = 0.2, 1.7, 2e9, 600.0


@dataclass(frozen=True)
class Run:
    """What a scan took: wall time, processor time and largest memory of all its processes; and the digests of its parts."""

    wall: float
    processor: float
    memory: float
    parts: list[str]
    reasons: dict[str, int]


def scan_file(points: int) -> str:
    """Scan file of the README with another number of points."""
    found = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    text, count = re.subn(r"(?m)^n = [\d_]+$", f"n = {points}", found[1])
    assert count == 1
    return text


def processor() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(points: int, workers: int) -> Run:
    """Run the scan in a folder of its own and watch its processes."""
    import psutil

    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib"), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scan.toml").write_text(scan_file(points), encoding="utf-8")
        command = [sys.executable, "-m", "darkhiggs.scan", "run", "scan.toml", "--workers", str(workers)]
        before, start, memory = processor(), time.perf_counter(), 0.0
        with (folder / "said").open("w+", encoding="utf-8") as said:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
            tree = psutil.Process(process.pid)
            while process.poll() is None:
                total = 0.0
                with suppress(psutil.NoSuchProcess):
                    for one in (tree, *tree.children(recursive=True)):
                        # a worker that ends meanwhile has no memory left
                        with suppress(psutil.NoSuchProcess):
                            total += one.memory_info().rss
                memory = max(memory, total)
                time.sleep(0.3)
            wall = time.perf_counter() - start
            if process.returncode:
                said.seek(0)
                raise RuntimeError(said.read())
        manifest = json.loads((folder / "scan/manifest.json").read_text(encoding="utf-8"))
    return Run(wall, processor() - before, memory, manifest["parts"], manifest["reasons"])


def compare(full: bool) -> bool:
    print("Scan engine: the README's scan, lambda from the relic density at each point; all processes together")
    if any(importlib.util.find_spec(name) is None for name in ("dask", "distributed", "pyarrow")):
        print("    not run: pip install 'darkhiggs[scan]'", flush=True)
        return True
    start = run(START, 1)
    print(f"    start, and what is made once: {start.processor:.1f} s of processor time in one worker", flush=True)
    runs = {}
    for points, workers in [*((points, workers) for points in POINTS for workers in (1, 2)), *([(FULL, 2)] * full)]:
        one = runs[points, workers] = run(points, workers)
        print(
            f"    {points} points, {workers} workers: {one.wall:.1f} s, processor {one.processor:.1f} s, "
            f"memory {one.memory / 1e6:.0f} MB; rows by reason {one.reasons}",
            flush=True,
        )
    once = {1: start.processor, 2: run(START, 2).processor}
    each = {
        pair: 1e3 * (one.processor - once[pair[1]]) / (pair[0] - START)
        for pair, one in runs.items()
        if pair[1] == 1 or pair[0] == FULL
    }
    spread = max(each.values()) / min(each.values()) - 1.0
    same = all(runs[points, 1].parts == runs[points, 2].parts for points in POINTS)
    gain = runs[POINTS[-1], 1].wall / runs[POINTS[-1], 2].wall
    memory = max(one.memory for one in runs.values())
    good = spread <= SLOPE and same and gain >= WORKERS and memory <= MEMORY
    print("    a point after the start: " + ", ".join(f"{time:.3f} ms at {pair[0]}" for pair, time in each.items()))
    print(f"    spread {100.0 * spread:.0f} % (wanted {100.0 * SLOPE:.0f} %)")
    print(f"    wall times of one and two workers at {POINTS[-1]} points: ratio {gain:.2f} (wanted {WORKERS})")
    print(f"    rows of one and two workers: {'the same' if same else 'not the same'}, bit for bit")
    print(
        f"    largest memory {memory / 1e6:.0f} MB, where what processes share counts for each (wanted {MEMORY / 1e6:.0f} MB)"
    )
    if full:
        wall = runs[FULL, 2].wall
        good &= wall <= SECONDS
        print(f"    {FULL} points on two workers: {wall:.0f} s (wanted {SECONDS:.0f} s)")
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good
