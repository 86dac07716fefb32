"""The library against what one would write or install instead: the same answers, and how much sooner."""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from darkhiggs import neutrinos, trident

from . import decoupling, nested

REPEATS = 9
# Wanted agreement and ratio of times; 3e-5 is 1e-4 in N_eff.
N_EFF, TRIDENT = (3e-5, 20.0), (1e-3, 50.0)


def forget(module: ModuleType) -> None:
    """Empty the caches of a module; inputs and quadrature nodes, of other modules, stay."""
    for value in vars(module).values():
        if hasattr(value, "cache_clear") and value.__module__ == module.__name__:
            value.cache_clear()


def timed(compute: Callable[[], Any], module: ModuleType | None = None) -> tuple[Any, float]:
    """Answer and median time; with `module`, its caches are emptied before each repeat."""
    answer, times = compute(), []
    for _ in range(REPEATS):
        if module is not None:
            forget(module)
        start = time.perf_counter()
        answer = compute()
        times.append(time.perf_counter() - start)
    return answer, statistics.median(times)


def report(name: str, fast: float, slow: float, times: tuple[float, float], wanted: tuple[float, float]) -> bool:
    difference, gain = abs(fast / slow - 1.0), times[1] / times[0]
    good = difference <= wanted[0] and gain >= wanted[1]
    print(f"  {name}")
    print(f"    library {fast:.8g}   quad {slow:.8g}   relative difference {difference:.1e} (wanted {wanted[0]:.0e})")
    print(f"    library {times[0]:.4f} s   quad {times[1]:.1f} s   ratio {gain:.0f} (wanted {wanted[1]:.0f})")
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good


def n_eff(full: bool) -> bool:
    print("N_eff: library against solve_ivp (Radau, rtol 1e-8) with adaptive quad at every step")
    print("  Library: caches emptied before each repeat, so that the time includes its tables, which depend on no argument.")
    print("  Quad: thermal integrals, QED and Z' decays at every step; in the Standard Model the collision integrals too.")
    if not full:
        print("  With the Z' these are a spline through the same quad integrals at 64 temperatures, whose time is not counted;")
        print("  --full takes them at every step there too.")
    z_prime = neutrinos.z_prime(0.010, 5e-4)
    good = True
    for name, species, slow in (
        ("Standard Model", [], lambda: decoupling.solve()),
        (
            "Z' of 10 MeV, g_X = 5e-4, kinetic mixing",
            [z_prime],
            lambda: decoupling.solve(0.010, float(z_prime.width_e), not full),
        ),
    ):
        fast, warm = timed(lambda species=species: float(neutrinos.n_eff(species)))
        _, cold = timed(lambda species=species: float(neutrinos.n_eff(species)), neutrinos)
        result = slow()
        good &= report(f"{name} ({result.calls} evaluations by solve_ivp)", fast, result.n_eff, (cold, result.seconds), N_EFF)
        print(f"    with its tables in memory the library takes {warm:.4f} s, ratio {result.seconds / warm:.0f}")
    return good


def trident_curve() -> bool:
    masses = np.geomspace(1e-3, 100.0, 60)
    some = (0, 30, 59)
    print("Trident limit of CCFR, 1 MeV to 100 GeV: library against nested quad over Q, K^2, pair mass and s")
    print("  Library: all 60 masses, caches emptied before each repeat.")
    print(
        "  Quad: one mass at a time. Each ratio is the time of quad for that mass alone over that of the library for the whole"
    )
    print("  curve, so nothing is extrapolated; the cross-section of the Standard Model is not counted.")
    curve, seconds = timed(lambda: trident.coupling_limit(masses), trident)
    iron = nested.Iron()
    standard = iron.standard()
    good, total = True, 0.0
    for i in some:
        start = time.perf_counter()
        slow = iron.limit(float(masses[i]), standard)
        spent = time.perf_counter() - start
        total += spent
        good &= report(f"m_Z' = {masses[i]:.3g} GeV", float(curve[i]), slow, (seconds, spent), TRIDENT)
    seconds, spent = seconds / len(masses), total / len(some)
    print(f"  mass by mass: library {seconds:.5f} s, quad {spent:.1f} s, ratio {spent / seconds:.0f}")
    return good


def belle2_likelihood() -> bool:
    """Both sides in the environment of the independent codes, where pyhf is."""
    python = Path(__file__).resolve().parents[1] / ".venv-oracle/bin/python"
    return subprocess.run([python, "-m", "benchmarks.histfactory"], check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="collision integrals by quad at every step with the Z' too; slow")
    full = parser.parse_args().full
    good = [trident_curve(), n_eff(full), belle2_likelihood()]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
