"""Portal couplings and relic densities of 10^4 random points, against the commit before: two processes take turns."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "e1e1f4c"
POINTS, CHUNK = 10_000, 2_500
# Wanted ratios of processor times, of the couplings and of the densities; largest relative difference of a coupling.
COUPLING, DENSITY, AGREEMENT = 15.0, 4.0, 1e-6


def points() -> dict[str, np.ndarray]:
    """Parameters of the points; of ten, four are near a resonance of H1 or Z', or a threshold of two H1 or two Z'."""
    random = np.random.default_rng(2401)

    def between(low: float, high: float) -> np.ndarray:
        return np.exp(random.uniform(np.log(low), np.log(high), POINTS))

    m_zp, m_x, m_h1 = between(1e-3, 0.5), between(3e-3, 3.0), between(0.02, 20.0)
    kind = random.integers(0, 10, POINTS)
    distance = 1.0 + random.choice([-1.0, 1.0], POINTS) * between(1e-8, 0.1)
    m_h1 = np.select([kind == 0, kind == 1], [2.0 * m_x * distance, m_x * distance], m_h1)
    m_x = np.select([kind == 2, kind == 3], [m_zp * distance, 0.5 * m_zp * distance], m_x)
    return {
        "m_zp": m_zp,
        "g_x": between(1e-5, 1e-2),
        "m_x": m_x,
        "m_h1": m_h1,
        "sin_theta": np.where(random.random(POINTS) < 0.3, 0.0, between(1e-5, 0.3)),
        "q_x": random.choice([0.0, 0.0, 0.7, 1.0, 10.0, -30.0], POINTS),
        "q_phi": random.choice([0.5, 1.0, 2.0], POINTS),
        "lambda_phi_x": between(1e-6, 1.0),
    }


def serve(answers: Path) -> None:
    """Work on the chunks that are asked for, one a line; write the answers to a file, the processor times to the output."""
    from darkhiggs import model, relic

    sector = model.DarkSector(**points())
    relic.coupling_for(sector.select([0]))
    branches, reasons, densities = [], [], []
    for line in sys.stdin:
        part = sector.select(np.arange(int(line) * CHUNK, (int(line) + 1) * CHUNK))
        start = time.process_time()
        density = relic.omega_h2(part)
        middle = time.process_time()
        found = relic.coupling_for(part)
        end = time.process_time()
        filled = np.full((8, CHUNK), np.nan)
        filled[: len(found.branches)] = found.branches
        branches.append(filled)
        reasons.append(found.reason)
        densities.append(density)
        print(middle - start, end - middle, flush=True)
    np.savez(answers, branches=np.concatenate(branches, 1), reason=np.concatenate(reasons), density=np.concatenate(densities))


class Library:
    """A process that works with the library in a folder."""

    def __init__(self, folder: Path, answers: Path) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT))), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.couplings", str(answers)]
        pipe = subprocess.PIPE
        self.answers = answers
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=folder)

    def seconds(self, chunk: int) -> np.ndarray:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(chunk, file=self.process.stdin, flush=True)
        return np.array(self.process.stdout.readline().split(), dtype=float)

    def close(self) -> dict[str, np.ndarray]:
        self.process.communicate()
        with np.load(self.answers) as answers:
            return dict(answers)


def compare() -> bool:
    print(f"Portal couplings and relic densities of {POINTS} random points: the library against itself at {BEFORE}, in turns")
    command = ["git", "-C", str(ROOT), "archive", BEFORE, "lib"]
    archive = subprocess.run(command, capture_output=True, check=False) if shutil.which("git") else None
    if archive is None or archive.returncode:
        print("    not run: this copy has no history that holds the commit", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        tarfile.open(fileobj=io.BytesIO(archive.stdout)).extractall(folder, filter="data")
        libraries = (
            Library(ROOT / "lib", Path(folder, "now.npz")),
            Library(Path(folder, "lib"), Path(folder, "before.npz")),
        )
        chunks = range(POINTS // CHUNK)
        times = np.sum([[library.seconds(chunk) for library in libraries] for chunk in chunks], axis=0)
        now, before = (library.close() for library in libraries)
    density, coupling = times[1] / times[0]
    counts = [np.isfinite(answer["branches"]).sum(axis=0) for answer in (now, before)]
    other = np.flatnonzero((now["reason"] != before["reason"]) | (counts[0] != counts[1]))
    difference = np.nan_to_num(np.abs(now["branches"] / before["branches"] - 1.0))
    off = np.flatnonzero(np.max(difference, axis=0) > AGREEMENT)
    shift = np.max(np.abs(now["density"] / before["density"] - 1.0))
    several = [int(np.sum(counts[1] == k)) for k in range(4)]
    print(f"    points with 0, 1, 2 and 3 branches {several}; other branches or reasons {other.tolist()}")
    print(f"    couplings: largest difference {np.max(difference):.1e} (wanted {AGREEMENT:.0e}), more at {off.tolist()}")
    print(f"    densities: largest difference {shift:.1e}")
    for name, i, ratio, wanted in (("density", 0, density, DENSITY), ("couplings", 1, coupling, COUPLING)):
        now_ms, before_ms = 1e3 * times[:, i] / POINTS
        print(f"    {name}: {now_ms:.3f} ms a point, before {before_ms:.3f} ms, ratio {ratio:.1f} (wanted {wanted:.0f})")
    good = not other.size and not off.size and density >= DENSITY and coupling >= COUPLING
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
