"""Time hazma's numerical relic density; run by the Python of .venv-oracle.

Reads {"cases": [{"mass", "log_x", "log_average"}]} from standard input, masses in GeV and averages in GeV^-2, and prints the
densities of self-conjugate particles with two states and the seconds that each took.
"""

import json
import logging
import math
import sys
import time
import warnings

from scipy.interpolate import CubicSpline

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)

from hazma.relic_density import relic_density  # noqa: E402

MEV = 1.0e3


class Particle:
    """A mass and a table of the thermal average, in MeV."""

    def __init__(self, mass: float, log_x: list[float], log_average: list[float]) -> None:
        self.mx, self.table = mass * MEV, CubicSpline(log_x, log_average)

    def thermal_cross_section(self, x: float) -> float:
        return math.exp(self.table(math.log(x))) / MEV**2


def main() -> None:
    results = []
    for case in json.load(sys.stdin)["cases"]:
        particle = Particle(**case)
        start = time.perf_counter()
        omega = relic_density(particle, semi_analytic=False, xf=1e6)
        results.append({"omega_h2": float(omega), "seconds": time.perf_counter() - start})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
