"""Neutrino decoupling by scipy's Radau with adaptive quad for every thermal and collision integral, at every step.

The equations are those of `darkhiggs.neutrinos` in the variant "common"; of the library only the inputs are used. Energies
are in units of the temperature. The collision integrals, of four dimensions, are written as generously as quad allows: the
angles of the centre of mass separate the initial from the final state, and leave products of one-dimensional integrals
inside an integral over the total energy and momentum.
"""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import IntegrationWarning, quad, solve_ivp
from scipy.interpolate import CubicSpline

from darkhiggs.inputs import natural

T_START, T_END = 0.020, 8e-6  # GeV, as a T
TAIL, ENOUGH = 60.0, 36.0  # energies over T above which thermal and collision integrals are dropped
THERMAL, COLLISION = 1e-10, 1e-3  # asked of quad; the collision integrals come out to 4e-6


def integral(f: Callable[[float], float], low: float, high: float, tolerance: float, floor: float = 0.0) -> float:
    return float(quad(f, low, high, epsabs=floor, epsrel=tolerance, limit=200)[0])


def fermi(y: float) -> float:
    q = math.exp(-y)
    return q / (1.0 + q)


def bose(y: float) -> float:
    return math.exp(-y) / -math.expm1(-y)


def energy(x: float, k: float) -> float:
    return math.sqrt(k * k + x * x)


def gas(x: float, boson: bool) -> tuple[float, float, float]:
    """rho, p and d rho/dlnT over T^4 of one state of mass x T."""
    occupation, sign = (bose, 1.0) if boson else (fermi, -1.0)

    def rho(k: float) -> float:
        return k * k * energy(x, k) * occupation(energy(x, k))

    def pressure(k: float) -> float:
        return k**4 / (3.0 * energy(x, k)) * occupation(energy(x, k))

    def slope(k: float) -> float:
        n = occupation(y := energy(x, k))
        return k * k * y * y * n * (1.0 + sign * n)

    top = math.sqrt((x + TAIL) ** 2 - x * x)
    return tuple(integral(f, 0.0, top, THERMAL) / (2.0 * math.pi**2) for f in (rho, pressure, slope))  # type: ignore[return-value]


def qed(x: float) -> tuple[float, float, float]:
    """QED correction to the pressure over T^4, and its first and second derivative T d/dT, over T^4."""
    top = math.sqrt((x + TAIL) ** 2 - x * x)

    def moments(weight: Callable[[float, float], float]) -> list[float]:
        def number(k: float) -> float:
            return 2.0 * fermi(y := energy(x, k)) * weight(k, y)

        def once(k: float) -> float:
            n = fermi(y := energy(x, k))
            return 2.0 * y * n * (1.0 - n) * weight(k, y)

        def twice(k: float) -> float:
            n = fermi(y := energy(x, k))
            return 2.0 * (y * (1.0 - 2.0 * n) - 1.0) * y * n * (1.0 - n) * weight(k, y)

        return [integral(f, 0.0, top, THERMAL, 1e-30) for f in (number, once, twice)]

    e_2 = 4.0 * math.pi / natural("1/alpha(0)", "1")
    a, a_1, a_2 = moments(lambda k, y: k * k / y)
    b, b_1, b_2 = moments(lambda k, y: (k * k + y * y) / y)
    p = -e_2 * (a / (12.0 * math.pi**2) + a**2 / (8.0 * math.pi**4))
    p_1 = -e_2 * ((2.0 * a + a_1) / (12.0 * math.pi**2) + a * a_1 / (4.0 * math.pi**4))
    p_2 = -e_2 * ((4.0 * a + 4.0 * a_1 + a_2) / (12.0 * math.pi**2) + (a_1**2 + a * a_2) / (4.0 * math.pi**4))
    third, r = e_2**1.5 / (12.0 * math.pi**4) * b**1.5, b_1 / b
    change = 1.0 + 1.5 * r
    return p + third, p_1 + third * change, p_2 + third * (change**2 + 1.5 * (b_2 / b - r**2))


def pair_moments(centre: float, half: float, q0: float, powers: tuple[int, ...]) -> list[float]:
    """Integrals of t^k f(E) f(q0 - E) over -1 < t < 1 with E = centre + half t; the power 0 comes first."""
    exp, b = math.exp, math.exp(q0)
    a = 1.0 + b

    def pair(t: float) -> float:
        z = exp(centre + half * t)
        return 1.0 / (a + z + b / z)

    def weighted(t: float, k: int) -> float:
        z = exp(centre + half * t)
        return t**k / (a + z + b / z)

    total = quad(pair, -1.0, 1.0, epsabs=0.0, epsrel=COLLISION)[0]
    return [total] + [quad(weighted, -1.0, 1.0, (k,), epsabs=COLLISION * total, epsrel=COLLISION)[0] for k in powers[1:]]


def over_total_energy(threshold: float, f: Callable[[float], float]) -> float:
    """Integral over q0 from the threshold, in a variable in which quad needs few panels."""
    return integral(lambda w: 2.0 * w * f(threshold + w * w), 0.0, math.sqrt(ENOUGH), COLLISION)


def annihilation(x: float, squares: float, product: float) -> float:
    """Energy that e+e- -> nu nubar gives, over 4 (T^9 - T_nu^9) G_F^2/pi^5, for two temperatures that are near."""

    def inner(angle: float, q0: float) -> float:
        top = math.sqrt(q0 * q0 - 4.0 * x * x)
        q = top * math.sin(angle)
        s = q0 * q0 - q * q
        beta = top * math.cos(angle) / math.sqrt(s)
        # odd powers of t vanish
        e, nu = (pair_moments(0.5 * q0, 0.5 * q * one, q0, (0, 2)) for one in (beta, 1.0))
        # 1 - f = exp(E) f for the neutrinos
        gain = math.exp(q0) * top * math.cos(angle) * q * q * beta / 4.0 * q0 * q0
        straight = e[0] * nu[0] + beta**2 * e[1] * nu[1]
        tilted = 0.5 * beta**2 * (e[0] - e[1]) * (nu[0] - nu[1])
        return gain * (squares * (0.25 * s) ** 2 * (straight + tilted) + product * 0.5 * x * x * s * e[0] * nu[0])

    return over_total_energy(2.0 * x, lambda q0: integral(lambda angle: inner(angle, q0), 0.0, 0.5 * math.pi, COLLISION)) / 72.0


def scattering(x: float, squares: float, product: float) -> float:
    """Energy that nu e -> nu e gives, over 4 T^4 T_nu^4 (T - T_nu) G_F^2/pi^5, for two temperatures that are near."""

    def inner(share: float, q0: float) -> float:
        q = share * math.sqrt(q0 * q0 - x * x)
        s = q0 * q0 - q * q
        # energy of the neutrino: centre + half t, with t the cosine in the centre of mass
        invariant = 0.5 * (s - x * x)
        half, largest = invariant * q / s, invariant**2 / s
        if half == 0.0:
            return 0.0
        g = pair_moments(invariant * q0 / s, half, q0, (0, 1, 2, 3, 4))
        # p_1.p_3 = largest (1 - t_1 t_3); the coefficients of 1, t_1 t_3, (t_1 t_3)^2 and t_1^2 + t_3^2
        constant = (
            squares * (2.0 * invariant**2 - 2.0 * invariant * largest + 1.5 * largest**2) - 2.0 * product * x * x * largest
        )
        cross = squares * (2.0 * invariant * largest - 2.0 * largest**2) + 2.0 * product * x * x * largest
        double, single = 1.5 * squares * largest**2, -0.5 * squares * largest**2
        # times (t_1 - t_3)^2
        total = 2.0 * constant * (g[2] * g[0] - g[1] ** 2) + 2.0 * cross * (g[3] * g[1] - g[2] ** 2)
        total += 2.0 * double * (g[4] * g[2] - g[3] ** 2) + 2.0 * single * (g[4] * g[0] + g[2] ** 2 - 2.0 * g[3] * g[1])
        return math.exp(q0) * math.sqrt(q0 * q0 - x * x) * half**4 * total

    return over_total_energy(x, lambda q0: integral(lambda share: inner(share, q0), 0.0, 1.0, COLLISION)) / 8.0


def decay_response(x: float) -> float:
    """What quantum statistics do to the energy transfer of a boson that decays to massless fermions."""
    top = math.sqrt((x + TAIL) ** 2 - x * x)

    def transfer(k: float) -> float:
        y = energy(x, k)
        blocked = integral(lambda c: 1.0 - 2.0 * fermi(0.5 * (y + k * c)), -1.0, 1.0, COLLISION) / 2.0
        return k * k * y * classical(x, k) / math.expm1(-y) ** 2 * blocked

    return integral(transfer, 0.0, top, COLLISION) / integral(
        lambda k: k * k * classical(x, k) * energy(x, k), 0.0, top, COLLISION
    )


def classical(x: float, k: float) -> float:
    return math.exp(x - energy(x, k))


class TwoBaths:
    """Slopes of T_gamma and T_nu in ln a, in units of T_START; counts its calls."""

    def __init__(self, mass: float | None, width_e: float, tabulated: bool) -> None:
        self.mass, self.width_e, self.calls = mass, width_e, 0
        vector, axial = natural("g_V(nu_mu e)", "1"), natural("g_A(nu_mu e)", "1")
        left, right = 0.5 * (vector + axial) + np.array([1.0, 0.0, 0.0]), 0.5 * (vector - axial)
        self.couplings = float(np.sum(left**2 + right**2)), float(np.sum(left * right))
        self.m_e, self.weak = float(natural("m_e")), float(natural("G_F", "GeV^-2")) ** 2 / math.pi**5
        self.collisions = self.table() if tabulated else self.integrated
        self.hubble = math.sqrt(8.0 * math.pi / 3.0) / float(natural("M_Pl"))

    def integrated(self, T: float) -> tuple[float, float]:
        return annihilation(self.m_e / T, *self.couplings), scattering(self.m_e / T, *self.couplings)

    def table(self, points: int = 64) -> Callable[[float], Any]:
        """Spline of the logarithms through the integrals at fixed temperatures."""
        T = np.geomspace(0.9 * T_END, T_START, points)
        spline = CubicSpline(np.log(T), np.log([self.integrated(one) for one in T]))
        return lambda T: np.exp(spline(math.log(T)))

    def __call__(self, log_a: float, y: Any) -> list[float]:
        self.calls += 1
        T, T_nu = (T_START * float(one) for one in y)
        x = self.m_e / T
        electrons, p_qed = gas(x, boson=False), qed(x)
        light = math.pi**2 / 15.0
        rho = (4.0 * electrons[0] + light + p_qed[1] - p_qed[0]) * T**4
        p = (4.0 * electrons[1] + light / 3.0 + p_qed[0]) * T**4
        slope = (4.0 * electrons[2] + 4.0 * light + p_qed[2] - p_qed[1]) * T**4
        rho_nu, p_nu, slope_nu = self.neutrinos(T_nu)
        annihilated, scattered = self.collisions(T)
        flow = annihilated * (T**9 - T_nu**9) + scattered * (T * T_nu) ** 4 * (T - T_nu)
        flow = (4.0 * self.weak * flow + self.decays(T, T_nu)) / (self.hubble * math.sqrt(rho + rho_nu))
        return [-(3.0 * (rho + p) + flow) / slope * y[0], (flow - 3.0 * (rho_nu + p_nu)) / slope_nu * y[1]]

    def neutrinos(self, T: float) -> tuple[float, float, float]:
        """rho, p and d rho/dlnT with what the neutrinos hold."""
        massless = gas(0.0, boson=False)
        held = (0.0, 0.0, 0.0) if self.mass is None else gas(self.mass / T, boson=True)
        return tuple((6.0 * one + 3.0 * other) * T**4 for one, other in zip(massless, held, strict=True))  # type: ignore[return-value]

    def decays(self, T: float, T_nu: float) -> float:
        """Energy that electrons send to the Z'."""
        if self.mass is None or self.width_e == 0.0:
            return 0.0
        x, r = self.mass / T, T_nu / T
        cold = max(r, 1.0)
        top = cold * math.sqrt((x / cold + TAIL) ** 2 - (x / cold) ** 2)

        def excess(k: float) -> float:
            # exp(-E/T) - exp(-E/T_nu), without its cancellation
            return -k * k * classical(x, k) * math.expm1(energy(x, k) * (r - 1.0) / r)

        # the exponential of the rest mass is taken out of every integral
        density = math.exp(-x) * T**3 / (2.0 * math.pi**2) * integral(excess, 0.0, top, THERMAL)
        return 3.0 * self.mass * self.width_e * decay_response(x) * density


@dataclass(frozen=True)
class Result:
    n_eff: float
    seconds: float
    calls: int


def solve(mass: float | None = None, width_e: float = 0.0, tabulated: bool = False) -> Result:
    """Solve once; a table of the collision integrals, if there is one, is made before the clock starts."""
    with warnings.catch_warnings():
        # far below the mass everything underflows
        warnings.simplefilter("ignore", IntegrationWarning)
        baths = TwoBaths(mass, width_e, tabulated)
        start = time.perf_counter()
        path = solve_ivp(baths, (0.0, math.log(T_START / T_END)), [1.0, 1.0], method="Radau", rtol=1e-8, atol=1e-8)
        if not path.success:
            raise RuntimeError(path.message)
        T, T_nu = (T_START * float(one) for one in path.y[:, -1])
        share = baths.neutrinos(T_nu)[0] / (math.pi**2 / 15.0 * T**4)
        seconds = time.perf_counter() - start
    return Result(8.0 / 7.0 * (11.0 / 4.0) ** (4.0 / 3.0) * share, seconds, baths.calls)
