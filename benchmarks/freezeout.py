"""Freeze-out of X and B -> K + invisible by adaptive quad and solve_ivp, one number at a time.

The formulas are those of `darkhiggs.annihilation`, `relic` and `meson_decays` without the gauge interactions of X. The thermal
average is tabulated once a point, at 200 values of x, between the poles and thresholds of the rate.
"""

import itertools
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import IntegrationWarning, quad, solve_ivp
from scipy.interpolate import CubicSpline
from scipy.special import k1e, kve

from darkhiggs import meson_decays, relic, thermodynamics, widths
from darkhiggs.inputs import natural
from darkhiggs.model import DarkSector, scalar_potential, v_higgs

TOLERANCE, POINTS, X_LAST = 1e-6, 200, 1e6


def integral(f: Callable[[float], float], a: float, b: float) -> float:
    with warnings.catch_warnings():
        # a pole much narrower than floating-point numbers resolve
        warnings.simplefilter("ignore", IntegrationWarning)
        return float(quad(f, a, b, epsabs=0.0, epsrel=TOLERANCE, limit=200)[0])


def beta(s: float, m: float) -> float:
    return math.sqrt(max(1.0 - 4.0 * m * m / s, 0.0))


class Background:
    """Splines of what depends on the temperature or on the mass of H1 alone; made before the clock starts."""

    def __init__(self) -> None:
        T = np.geomspace(1e-5, 1e3, 2001)
        g_s = thermodynamics.g_s(T)
        self.low, self.log_g = math.log(T[0]), CubicSpline(np.log(T), np.log(g_s))
        rate = 2.0 * np.pi**2 / 45.0 * g_s * T**2 / thermodynamics.hubble(T)
        self.log_rate = CubicSpline(np.log(T), np.log(rate))
        self.q_max = natural("m_B+") - natural("m_K+")
        m_b, m_k = natural("m_B+"), natural("m_K+")
        q = np.linspace(1e-3, self.q_max * (1.0 - 1e-9), 400)
        momentum = np.sqrt((m_b**2 - (m_k + q) ** 2) * (m_b**2 - (m_k - q) ** 2))
        self.two_body = CubicSpline(q, meson_decays.br_b_to_k_scalar(q, 1.0) / momentum)
        self.m_b, self.m_k = float(m_b), float(m_k)

    def entropy(self, m: float, u: float) -> tuple[float, float]:
        """s/H (1 + dln g_s/dlnT/3), and g_s."""
        log_t = math.log(m) - u
        clipped = max(log_t, self.low)
        slope = float(self.log_g(clipped, 1)) if log_t > self.low else 0.0
        return m * math.exp(-u + float(self.log_rate(clipped))) * (1.0 + slope / 3.0), math.exp(self.log_g(clipped))


@dataclass
class Point:
    """One sector, in Python numbers."""

    sector: DarkSector
    background: Background

    def __post_init__(self) -> None:
        one = self.sector
        self.m_x, self.m_1, self.m_z = float(one.m_x), float(one.m_h1), float(one.m_zp)
        self.lam, self.sin, self.cos, self.v = (float(x) for x in (one.lambda_phi_x, one.sin_theta, one.cos_theta, one.v_phi))
        self.m_2, self.v_h = float(natural("m_h")), v_higgs()
        potential = scalar_potential(one)
        self.g_111, self.g_211 = float(potential["g_111"]), float(potential["g_211"])
        decays = (widths.gamma_higgs_to_h1h1, widths.gamma_higgs_to_zpzp, widths.gamma_higgs_to_xx)
        self.gamma_2 = self.cos**2 * float(natural("Gamma_h")) + sum(float(decay(one)) for decay in decays)
        self.visible = 1.0 - float(widths.br_zp_invisible(one))
        self.leptons = [float(natural(f"m_{name}")) for name in ("e", "mu", "tau")]

    # ------------------------------------------------------------------------------------- annihilation

    def cuts(self, s: float) -> tuple[float, float, float]:
        """sqrt(s) times the width of H1 into Z'Z', X X* and leptons."""
        r = self.m_z**2 / s
        bosons = self.cos**2 * s * s / (32.0 * math.pi * self.v**2) * beta(s, self.m_z) * (1.0 - 4.0 * r + 12.0 * r * r)
        dark = self.cos**2 * (self.lam * self.v) ** 2 / (16.0 * math.pi) * beta(s, self.m_x)
        visible = sum(m * m * beta(s, m) ** 3 for m in self.leptons) * s / (8.0 * math.pi * self.v_h**2)
        return bosons, dark, self.sin**2 * visible

    def propagators(self, s: float) -> tuple[complex, complex]:
        return 1.0 / complex(s - self.m_1**2, sum(self.cuts(s))), 1.0 / complex(s - self.m_2**2, self.m_2 * self.gamma_2)

    def rate(self, s: float) -> float:
        """W(s)."""
        one, two = self.propagators(s)
        total = 0.0
        if s > 4.0 * self.m_z**2:
            a, m_2 = 0.5 * s - self.m_z**2, self.m_z**2
            phi = self.lam * (self.cos**2 * one + self.sin**2 * two)
            total += beta(s, self.m_z) / (4.0 * math.pi) * (2.0 * m_2**2 + a * a) * abs(phi) ** 2
        if s > 4.0 * self.m_1**2:
            contact = self.lam * self.cos**2
            contact += self.lam * self.v * (self.cos * self.g_111 * one + self.sin * self.g_211 * two)
            a = 0.5 * s - self.m_1**2
            y = min(beta(s, self.m_x) * 0.5 * s * beta(s, self.m_1) / a, 1.0 - 1e-15)
            exchange = 2.0 * (self.lam * self.v * self.cos) ** 2 / a
            # averages of 1/(1 - y^2 c^2) and of its square
            first = math.atanh(y) / y if y > 1e-3 else 1.0 + y * y / 3.0
            second = 0.5 * (1.0 / (1.0 - y * y) + first)
            square = abs(contact) ** 2 - 2.0 * contact.real * exchange * first + exchange**2 * second
            total += beta(s, self.m_1) / (16.0 * math.pi) * square
        strength = (self.lam * self.v * self.sin * self.cos) ** 2 * abs(one - two) ** 2
        return total + strength * 2.0 * self.cuts(s)[2] / self.sin**2

    def breaks(self) -> list[float]:
        """Energies over m_X at which the integrand turns, 2 subtracted."""
        width = sum(self.cuts(self.m_1**2)) / self.m_1
        places = [2.0 * m for m in (*self.leptons, self.m_z, self.m_1)]
        places += [self.m_1 + k * width for k in (-100.0, -10.0, -1.0, 0.0, 1.0, 10.0, 100.0)]
        return sorted(e for place in places if (e := place / self.m_x - 2.0) > 0.0)

    def average(self, x: float, breaks: list[float]) -> float:
        """<sigma v> with sqrt(s) = m (2 + t^2)."""

        def integrand(t: float) -> float:
            e = t * t
            u = 2.0 + e
            return 2.0 * t * t * self.rate((self.m_x * u) ** 2) * math.sqrt(4.0 + e) * u * k1e(x * u) * math.exp(-x * e)

        total, edges = 0.0, [0.0, *breaks]
        for a, b in itertools.zip_longest(edges, edges[1:]):
            top = a + 40.0 / x if b is None else min(b, a + 40.0 / x)
            total += integral(integrand, math.sqrt(a), math.sqrt(top))
        return x / (8.0 * self.m_x**2 * kve(2, x) ** 2) * total

    def omega_h2(self) -> float:
        u = np.linspace(0.0, math.log(X_LAST), POINTS)
        breaks = self.breaks()
        table = CubicSpline(u, [math.log(max(self.average(x, breaks), 1e-300)) for x in np.exp(u).tolist()])

        def terms(u: float) -> tuple[float, float]:
            entropy, g = self.background.entropy(self.m_x, u)
            x = math.exp(u)
            return entropy * math.exp(table(u)), math.log(45.0 / (4.0 * math.pi**4) * x * x * kve(2, x) / g) - x

        def motion(u: float, w: list[float]) -> list[float]:
            rate, y_eq = terms(u)
            return [-rate * (math.exp(w[0]) - math.exp(2.0 * y_eq - w[0]))]

        path = solve_ivp(motion, (0.0, u[-1]), [terms(0.0)[1]], method="Radau", rtol=1e-6, atol=1e-6)
        y = math.exp(path.y[0, -1])
        return float(relic._density(np.asarray(self.m_x), np.asarray(y / (1.0 + y * terms(u[-1])[0])), False))

    # ------------------------------------------------------------------------------------- B -> K + invisible

    def br_b_to_k_invisible(self) -> float:
        m_b, m_k, q_max = self.background.m_b, self.background.m_k, self.background.q_max

        def spectrum(q: float) -> float:
            s = q * q
            bosons, dark, leptons = self.cuts(s)
            pole = abs(1.0 / complex(s - self.m_1**2, bosons + dark + leptons) - 1.0 / (s - self.m_2**2)) ** 2
            momentum = math.sqrt(max((m_b**2 - (m_k + q) ** 2) * (m_b**2 - (m_k - q) ** 2), 0.0))
            rate = float(self.background.two_body(q)) * momentum * self.sin**2
            return 2.0 * q * rate * (bosons * (1.0 - self.visible) ** 2 + dark) * pole / math.pi

        width = sum(self.cuts(self.m_1**2)) / self.m_1
        places = [2.0 * self.m_z, 2.0 * self.m_x]
        places += [self.m_1 + k * width for k in (-1e3, -100.0, -10.0, -1.0, 0.0, 1.0, 10.0, 100.0, 1e3)]
        low = 2.0 * min(self.m_z, self.m_x)
        edges = [low, *sorted(place for place in places if low < place < q_max), q_max]
        return sum(integral(spectrum, a, b) for a, b in itertools.pairwise(edges))
