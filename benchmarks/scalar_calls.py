"""Calls with single numbers, against the commit before inputs were resolved once: two processes take turns in one run."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "f5c9133"
WANTED = 5.0
ROUNDS, CALLS = 12, 400


def hot() -> dict[str, Callable[[], Any]]:
    """What a scan, a fit or a quadrature of a user calls point by point."""
    from darkhiggs import (
        form_factors,
        kinematics,
        kinetic_mixing,
        meson_decays,
        model,
        muon,
        standard_model,
        thermodynamics,
        widths,
    )

    sector = model.benchmark("A").replace(m_h1=2.0, sin_theta=5e-3, m_x=0.1, lambda_phi_x=0.1, q_x=0.7)
    return {
        "form_factors.b_to_k": lambda: form_factors.b_to_k(4.0, "f0"),
        "form_factors.b_to_kstar": lambda: form_factors.b_to_kstar(4.0),
        "kinematics.momentum": lambda: kinematics.momentum(1.0, 0.1, 0.2),
        "kinetic_mixing.epsilon": lambda: kinetic_mixing.epsilon(5e-4, 0.01),
        "meson_decays.br_b_to_k_scalar": lambda: meson_decays.br_b_to_k_scalar(2.0, 5e-3),
        "meson_decays.br_b_to_kstar_scalar": lambda: meson_decays.br_b_to_kstar_scalar(2.0, 5e-3),
        "meson_decays.br_k_to_pi_scalar": lambda: meson_decays.br_k_to_pi_scalar(0.05, 1e-3),
        "meson_decays.dbr_dq2_b_to_k_invisible": lambda: meson_decays.dbr_dq2_b_to_k_invisible(4.0, sector),
        "model.benchmark": lambda: model.benchmark("A"),
        "model.DarkSector.replace": lambda: sector.replace(m_h1=3.0),
        "muon.delta_a_mu": lambda: muon.delta_a_mu(0.01, 5e-4),
        "standard_model.dbr_dq2_b_to_k_nunu": lambda: standard_model.dbr_dq2_b_to_k_nunu(4.0),
        "thermodynamics.g_rho": lambda: thermodynamics.g_rho(0.01),
        "thermodynamics.hubble": lambda: thermodynamics.hubble(0.01),
        "widths.gamma_h1": lambda: widths.gamma_h1(sector),
    }


def serve() -> None:
    """Time the calls that are asked for, one name a line."""
    calls = hot()
    for line in sys.stdin:
        call = calls[line.strip()]
        call()
        print(min(timeit.repeat(call, timer=time.process_time, number=CALLS, repeat=3)), flush=True)


class Library:
    """A process that times the library in a folder."""

    def __init__(self, folder: Path) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, ROOT)))}
        command = [sys.executable, "-m", "benchmarks.scalar_calls"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=folder)

    def seconds(self, name: str) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(name, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def compare() -> bool:
    print(f"Calls with single numbers: the library against itself at {BEFORE}, in turns; the shortest time of each")
    command = ["git", "-C", ROOT, "archive", BEFORE, "lib"]
    archive = subprocess.run(command, capture_output=True, check=False) if shutil.which("git") else None
    if archive is None or archive.returncode:
        print("    not run: this copy has no history that holds the commit", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        tarfile.open(fileobj=io.BytesIO(archive.stdout)).extractall(folder, filter="data")
        libraries = Library(ROOT / "lib"), Library(Path(folder, "lib"))
        ratios = {}
        for name in hot():
            now, before = (
                min(times) for times in zip(*([lib.seconds(name) for lib in libraries] for _ in range(ROUNDS)), strict=True)
            )
            ratios[name] = before / now
            print(
                f"    {name:40s} {1e6 * now / CALLS:6.1f} us, before {1e6 * before / CALLS:6.1f} us, ratio {ratios[name]:4.1f}",
                flush=True,
            )
        for library in libraries:
            library.close()
    good = min(ratios.values()) >= WANTED
    print(f"    smallest ratio {min(ratios.values()):.1f} (wanted {WANTED:.0f})")
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good


if __name__ == "__main__":
    serve()
