"""Trident production by nested adaptive quad: photon flux over Q, then s, pair mass and K^2.

The formulas are those of `darkhiggs.trident`, one number at a time. The variables are the ones in which the endpoints are
smooth, so that quad does not waste its points: logarithms for Q and K^2, and rapidities for s and the pair mass.
"""

import math
from collections.abc import Callable

from scipy.integrate import quad

from darkhiggs.inputs import get, natural
from darkhiggs.model import v_higgs

TOLERANCE = 1e-6
K2_MIN = 1e-14  # GeV^2; what is below is less than 1e-8 for a Z' of 1 MeV or more


def integral(f: Callable[[float], float], low: float, high: float) -> float:
    return float(quad(f, low, high, epsabs=0.0, epsrel=TOLERANCE, limit=200)[0])


class Iron:
    """The cross-section on iron at the mean energy of CCFR; new physics enters as a function of K^2."""

    def __init__(self) -> None:
        self.energy = float(natural("trident.CCFR.energy"))
        self.skin, self.charge = float(natural("trident.skin", "GeV^-1")), float(natural("trident.Fe.charge", "1").item())
        self.sphere = math.sqrt(5.0 / 3.0 * (float(natural("trident.Fe.radius", "GeV^-1").item()) ** 2 - 3.0 * self.skin**2))
        self.alpha = 1.0 / float(natural("1/alpha(0)", "1"))
        self.four_m2 = 4.0 * float(natural("m_mu")) ** 2
        self.front = float(natural("G_F", "GeV^-2")) ** 2 * self.alpha / (4.0 * math.pi**2)
        self.c_v = 0.5 + 2.0 * float(natural("s_W^2", "1"))
        self.q_max = 4.0 / self.skin

    def flux(self, q_min: float) -> float:
        def shell(log_q: float) -> float:
            q = math.exp(log_q)
            x = q * self.sphere
            form = 3.0 * (math.sin(x) - x * math.cos(x)) / x**3 if x > 0.03 else 1.0 - x * x / 10.0
            return 2.0 * (1.0 - (q_min / q) ** 2) * (form * math.exp(-0.5 * (q * self.skin) ** 2)) ** 2

        if q_min >= self.q_max:
            return 0.0
        return self.charge**2 * self.alpha / math.pi * integral(shell, math.log(q_min), math.log(self.q_max))

    def slope(self, k: float, s: float, ell: float, eta: float, vector: float, axial: float) -> float:
        """Slope of the cross-section of a photon in K^2 and in the squared pair mass."""
        beta, w, m = math.tanh(eta), ell + k, self.four_m2
        t = eta * (2.0 * k * k + ell * ell * (3.0 - beta**4)) - beta * ((ell - k) ** 2 + ell * m)
        t_axial = eta * (2.0 * k * k + ell * ell * (1.0 + beta**4)) - beta * ((ell - k) ** 2 - ell * m)
        along = 4.0 * k * (ell * beta - m * eta)
        along_axial = 2.0 * (ell * beta * (2.0 * k - m) + eta * m * (ell * ell / k + ell * (3.0 + beta**2) - k))
        long = 2.0 * s * (s - w) / w**2
        both = vector * ((1.0 + long) * t + long * along) + axial * ((1.0 + long) * t_axial + long * along_axial)
        return self.front * k / s**2 * both / w**2

    def photon(self, s: float, vector: Callable[[float], float], axial: float) -> float:
        """Cross-section of a photon; `vector` is the squared vector coupling at K^2."""

        def pair(eta: float) -> float:
            ell = self.four_m2 * math.cosh(eta) ** 2

            def momentum(log_k: float) -> float:
                k = math.exp(log_k)
                return k * self.slope(k, s, ell, eta, vector(k), axial)

            return self.four_m2 * math.sinh(2.0 * eta) * integral(momentum, math.log(K2_MIN), math.log(s - ell))

        top = math.acosh(math.sqrt((s - K2_MIN) / self.four_m2))
        return integral(pair, 0.0, top)

    def cross_section(self, vector: Callable[[float], float], axial: float) -> float:
        def photons(theta: float) -> float:
            s = self.four_m2 * math.cosh(theta) ** 2
            if s <= self.four_m2 + 1e3 * K2_MIN:
                return 0.0
            weight = self.four_m2 * math.sinh(2.0 * theta) / s
            return weight * self.flux(s / (2.0 * self.energy)) * self.photon(s, vector, axial)

        return integral(photons, 0.0, math.acosh(math.sqrt(2.0 * self.energy * self.q_max / self.four_m2)))

    def standard(self) -> float:
        return self.cross_section(lambda k: self.c_v**2, 0.25)

    def limit(self, m_zp: float, standard: float) -> float:
        """95 % limit on g_X of CCFR."""

        def shift(k: float) -> float:
            return v_squared / (k + m_zp**2)

        v_squared = v_higgs() ** 2
        interference = self.cross_section(lambda k: 2.0 * self.c_v * shift(k), 0.0) / standard
        squared = self.cross_section(lambda k: shift(k) ** 2, 0.0) / standard
        measured = get("trident.CCFR.ratio")
        excess = measured.value + 1.96 * measured.uncertainty - 1.0
        return math.sqrt(2.0 * excess / (interference + math.sqrt(interference**2 + 4.0 * squared * excess)))
