"""All limits on distinct points, against the commit before: two processes in one run, whose answers are compared."""

import io
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "8d560f0"
# Points of a call, of which the library before gets a part; wanted ratios of times, with and without the relic density; largest
# difference of N_eff, also of one above 1/2 relative to 4 times its square, and of the ratio of any other value to its limit.
POINTS, PART, WANTED, SAME = 20_000, 1_000, (5.0, 10.0), (1.5e-4, 1e-9)
RADIATION, RELIC = ("N_eff", "N_eff with X"), "relic density"


def sector(count: int) -> Any:
    """Random points of all eight parameters."""
    from darkhiggs import model

    random = np.random.default_rng(15)

    def between(low: float, high: float) -> Any:
        return np.exp(random.uniform(np.log(low), np.log(high), POINTS))[:count]

    return model.DarkSector(
        m_zp=between(3e-3, 0.5),
        g_x=between(1e-6, 3e-3),
        q_phi=between(0.05, 3.0),
        q_x=between(0.1, 3.0),
        m_x=between(1e-3, 3.0),
        m_h1=between(0.05, 10.0),
        sin_theta=between(1e-4, 0.03),
        lambda_phi_x=between(1e-4, 1.0),
    )


def serve(count: int) -> None:
    """Time every row alone and all of them in one call, and write times and rows."""
    from darkhiggs import constraints

    points, names = sector(count), constraints.names()
    start = time.process_time()
    constraints.table(points)
    # what is made once, such as an interpolation
    once = time.process_time() - start
    seconds = {}
    for name in names:
        start = time.process_time()
        constraints.table(points, [name])
        seconds[name] = (time.process_time() - start) / count
    start = time.process_time()
    rows = constraints.table(points)
    total = (time.process_time() - start) / count
    found = {row.name: (row.value, row.limit, row.allowed) for row in rows}
    pickle.dump((seconds, total, once - count * total, found), sys.stdout.buffer)


def asked(folder: Path, count: int) -> Any:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT)))}
    command = [sys.executable, "-m", "benchmarks.many_limits", str(count)]
    return pickle.loads(subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=True).stdout)


def compare() -> bool:
    print(f"All limits on distinct points: the library against itself at {BEFORE}; processor time of each point")
    archive = subprocess.run(["git", "-C", ROOT, "archive", BEFORE, "lib"], capture_output=True, check=False)
    if not shutil.which("git") or archive.returncode:
        print("    not run: this copy has no history that holds the commit", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        tarfile.open(fileobj=io.BytesIO(archive.stdout)).extractall(folder, filter="data")
        old_seconds, old_total, _, old = asked(Path(folder, "lib"), PART)
        seconds, total, once, new = asked(ROOT / "lib", POINTS)
    worst, radiation, moved = 0.0, 0.0, 0
    for name, (value, limit, allowed) in old.items():
        mine, _, yes = (part[:PART] for part in np.broadcast_arrays(*new[name]))
        if name in RADIATION:
            radiation = max(radiation, float(np.max(np.abs(mine - value) / np.maximum(1.0, np.square(2.0 * value)))))
        else:
            difference = np.abs(mine - value) / np.maximum(np.abs(value), 1e-30)
            worst = max(worst, float(np.max(np.where(np.isfinite(limit), difference, 0.0))))
        moved += int(np.sum(yes != allowed))
        ratio = old_seconds[name] / seconds[name]
        print(f"    {name:20s} {1e6 * seconds[name]:8.2f} us, before {1e6 * old_seconds[name]:8.2f} us, ratio {ratio:7.1f}")
    bare = (old_total - old_seconds[RELIC]) / (total - seconds[RELIC])
    good = old_total / total >= WANTED[0] and bare >= WANTED[1] and radiation <= SAME[0] and worst <= SAME[1]
    print(f"    all rows in one call {1e6 * total:.0f} us, before {1e6 * old_total:.0f} us, ratio {old_total / total:.1f}")
    print(f"    without the relic density ratio {bare:.1f} (wanted {WANTED[1]:.0f}); made once {once:.1f} s")
    print(f"    largest difference of N_eff {radiation:.1e} (wanted {SAME[0]:.1e}), of another row {worst:.1e} ({SAME[1]:.0e})")
    print(f"    points whose verdict in a row moved: {moved}")
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good


if __name__ == "__main__":
    serve(int(sys.argv[1]))
