"""Squared amplitudes of X X* annihilation, channel by channel; the arguments have to be checked before."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from ._arrays import Array, choice
from ._owned import read_only
from .errors import ParameterError
from .inputs import cached, natural
from .kinetic_mixing import epsilon
from .model import DarkSector, scalar_potential, v_higgs
from .widths import gamma_higgs_to_h1h1, gamma_higgs_to_xx, gamma_higgs_to_zpzp

LEPTONS = ("e", "mu", "tau")
# Below this y^2 the averages over the angle are summed as series; the closed forms used above it have an error of 1e-16/y^4.
_SMALL, _TERMS = 3e-3, 5
# Keeps the propagator of an H1 of zero width finite on the pole.
_TINY = 1e-300


def beta_squared(s: Array, mass: Array, name: str) -> Array:
    """Squared velocity of the initial particles."""
    beta_2 = 1.0 - 4.0 * np.square(mass) / s
    if np.any(beta_2 < -1e-9):
        raise ParameterError(f"s is below its range: the squared energy is at least 4 {name}^2")
    return np.maximum(beta_2, 0.0)


def gamma_h2(sector: DarkSector) -> Array:
    """Total width of the Higgs boson on its mass shell."""
    new = gamma_higgs_to_h1h1(sector) + gamma_higgs_to_zpzp(sector) + gamma_higgs_to_xx(sector)
    return sector.cos_theta**2 * natural("Gamma_h") + new


@cached
@read_only
def _mixing_table() -> tuple[Array, Array]:
    """Knots in ln(s), dense at the mu and tau thresholds, and the squared coupling of the Z' to electrons there over g_X^2."""
    near = np.geomspace(1e-9, 0.5, 400)
    s = [np.geomspace(1e-7, 1e6, 10000)]
    s += [4.0 * natural(f"m_{lepton}") ** 2 * np.concatenate([1.0 - near, 1.0 + near]) for lepton in ("mu", "tau")]
    knots = np.sort(np.concatenate(s))
    return np.log(knots), 4.0 * np.pi / natural("1/alpha(0)", "1") * np.abs(epsilon(1.0, knots)) ** 2


def lepton_velocities(s: Array) -> dict[str, Array]:
    """Velocities of the charged leptons; zero below threshold."""
    return {name: np.sqrt(np.maximum(1.0 - 4.0 * natural(f"m_{name}") ** 2 / s, 0.0)) for name in LEPTONS}


def lepton_current(s: Array, velocities: dict[str, Array]) -> Array:
    """Rate of a virtual Z' into charged leptons, in units of its rate into the two neutrinos."""
    # along the first axis, in which neighbours are near in energy
    share = np.interp(np.log(s).T, *_mixing_table()).T
    value: Array = share * velocities["e"] * (1.0 + 2.0 * natural("m_e") ** 2 / s)
    for name in ("mu", "tau"):
        if np.any(velocities[name] > 0.0):
            value = value + velocities[name] * (1.0 + 2.0 * natural(f"m_{name}") ** 2 / s)
    return value


def propagator(x: Array, width: Array) -> tuple[Array, Array]:
    """Real and imaginary part of 1/(x + i width)."""
    norm = np.maximum(x**2 + width**2, _TINY)
    return x / norm, -width / norm


def momentum_squared(s: Array, m_a: Array, m_b: Array) -> Array:
    """Squared momentum of the two products in the centre of mass; zero below threshold."""
    return 0.25 * np.maximum(s - (m_a + m_b) ** 2, 0.0) * np.maximum(1.0 - (m_a - m_b) ** 2 / s, 0.0)


def angular_averages(s: Array, beta_2: Array, a: Array, k_2: Array, product: Array) -> tuple[Array, ...]:
    """Averages over the scattering angle for the exchange of X in the t and u channels.

    The momenta of X and of the products are p and k, and ``y = 2 p k/a``.
    Then ``t - m_X^2 = -a (1 - y cos)`` and ``u - m_X^2 = -a (1 + y cos)``; `product` is m_a^2 m_b^2.
    The function returns the averages of 1/n, cos^2/n, 1/n^2, cos^2/n^2 and cos^4/n^2 with n = 1 - y^2 cos^2.
    """
    y_2 = np.asarray(s * beta_2 * k_2 / a**2)
    small = y_2 < _SMALL
    if small.all():
        t_1, u_2 = _series(y_2)
    else:
        # 1 - y^2, written without a difference of nearly equal numbers for light products
        rest = np.broadcast_to((product + s * (1.0 - beta_2) * k_2) / a**2, y_2.shape)
        t_1, u_2 = np.empty_like(y_2), np.empty_like(y_2)
        t_1[small], u_2[small] = _series(y_2[small])
        large = ~small
        t_1[large], u_2[large] = _closed(y_2[large], rest[large])
    t_0, u_1 = 1.0 + y_2 * t_1, t_1 + y_2 * u_2
    return t_0, t_1, t_0 + y_2 * u_1, u_1, u_2


def _series(y_2: Array) -> tuple[Array, Array]:
    """Averages of cos^2/n and cos^4/n^2 for small y^2."""
    t_1, u_2 = np.full_like(y_2, 1.0 / (2 * _TERMS + 3)), np.full_like(y_2, (_TERMS + 1.0) / (2 * _TERMS + 5))
    for j in range(_TERMS - 1, -1, -1):
        t_1 *= y_2
        t_1 += 1.0 / (2 * j + 3)
        u_2 *= y_2
        u_2 += (j + 1.0) / (2 * j + 5)
    return t_1, u_2


def _closed(y_2: Array, rest: Array) -> tuple[Array, Array]:
    """Averages of cos^2/n and cos^4/n^2 in closed form; `rest` is 1 - y^2."""
    y = np.sqrt(y_2)
    t_0 = 0.5 * np.log((1.0 + y) ** 2 / rest) / y
    t_1 = (t_0 - 1.0) / y_2
    return t_1, (0.5 * (1.0 / rest - t_0) / y_2 - t_1) / y_2


class Collision:
    """Quantities that the channels of X X* share, each computed at its first use."""

    def __init__(self, sector: DarkSector, s: Array, beta_2: Array) -> None:
        sector = sector._settled()
        self.sector, self.s, self.beta_2 = sector, s, beta_2
        self.gauge: Array = np.square(sector.g_x * (0.0 if sector.q_x is None else sector.q_x))
        self.cubic: Array = sector.lambda_phi_x * sector.v_phi
        self.gauged = bool(np.any(self.gauge != 0.0))
        self.portal = bool(np.any(sector.lambda_phi_x != 0.0))
        self.mixed = bool(np.any(sector.sin_theta != 0.0))

    @cached_property
    def velocities(self) -> dict[str, Array]:
        return lepton_velocities(self.s)

    @cached_property
    def current(self) -> Array:
        return lepton_current(self.s, self.velocities)

    @cached_property
    def lepton_cut(self) -> Array:
        """2 sqrt(s) times the width into charged leptons of a Higgs boson of mass sqrt(s)."""
        total = sum(natural(f"m_{name}") ** 2 * (beta * beta * beta) for name, beta in self.velocities.items())
        return total * self.s / (4.0 * np.pi * v_higgs() ** 2)

    @cached_property
    def zp_velocity(self) -> Array:
        return np.sqrt(np.maximum(1.0 - 4.0 * self.sector.m_zp**2 / self.s, 0.0))

    @cached_property
    def h1(self) -> tuple[Array, Array]:
        """Propagator of H1 with its running width: sqrt(s) Gamma_1(sqrt s) is half the sum of the cuts that are open at s."""
        distance, cut, more = self.h1_cut
        return propagator(distance, cut + np.square(self.sector.lambda_phi_x) * more if self.portal else cut)

    @cached_property
    def h1_cut(self) -> tuple[Array, Array, Array]:
        """Distance in s from the pole of H1, sqrt(s) Gamma_1(sqrt s) without X X*, and that into X X* over lambda^2."""
        sector = self.sector
        r = sector.m_zp**2 / self.s
        front = sector.cos_theta**2 / (32.0 * np.pi)
        cut = front * (self.s / sector.v_phi) ** 2 * self.zp_velocity * (1.0 - 4.0 * r + 12.0 * r**2)
        if self.mixed:
            cut = cut + 0.5 * np.square(sector.sin_theta) * self.lepton_cut
        return self.s - sector.require("m_h1") ** 2, cut, 2.0 * front * sector.v_phi**2 * np.sqrt(self.beta_2)

    @cached_property
    def h2(self) -> tuple[Array, Array]:
        """Propagator of the Higgs boson."""
        m = natural("m_h")
        return propagator(self.s - m**2, m * gamma_h2(self.sector))

    @cached_property
    def zp(self) -> tuple[Array, Array]:
        """Propagator of the Z' with its running width."""
        sector = self.sector
        width = np.square(sector.g_x) * (1.0 + self.current) / 12.0 + self.gauge * self.beta_2 * np.sqrt(self.beta_2) / 48.0
        return propagator(self.s - sector.m_zp**2, self.s * width / np.pi)

    @cached_property
    def phi(self) -> tuple[Array, Array]:
        """lambda_PhiX times the propagator of phi: cos^2(theta) times that of H1 plus sin^2(theta) times that of H2."""
        sector = self.sector
        parts = [sector.cos_theta**2 * part for part in self.h1]
        if self.mixed:
            parts = [part + np.square(sector.sin_theta) * other for part, other in zip(parts, self.h2, strict=True)]
        return sector.lambda_phi_x * parts[0], sector.lambda_phi_x * parts[1]

    def zpzp(self) -> Array | float:
        """Rate into two Z', from helicity amplitudes.

        The amplitudes below are divided by 2; the terms of the longitudinal gauge part that grow with energy have cancelled.
        G = g^2 Q_X^2, P = lambda (propagator of phi), n as in `angular_averages`, p the momentum of X, kappa = 4 p^2/a;
        m, k and E are mass, momentum and energy of a Z'.
        The polarisations are x and y (transverse, y normal to the plane of scattering) and L (longitudinal).
        y y: -(G + m^2 P); x x: -(G + m^2 P) + G kappa sin^2/n; x L and L x: +-G kappa (E m/a) sin cos/n;
        L L: a P + G (m^2/a)(1 - kappa cos^2)/n.
        """
        gauge, mixed, square = self.zpzp_parts
        if not self.portal:
            return gauge
        re, im = self.phi
        return gauge + mixed * re + square * (re**2 + im**2)

    @cached_property
    def zpzp_parts(self) -> tuple[Array | float, Array | float, Array | float]:
        """Rate into two Z' without the portal, and what goes with the real part and with the square of P."""
        s, m_2 = self.s, self.sector.m_zp**2
        beta = self.zp_velocity
        if not np.any(beta > 0.0):
            return 0.0, 0.0, 0.0
        g, front = self.gauge, beta / (4.0 * np.pi)
        a = np.where(beta > 0.0, 0.5 * s - m_2, 1.0)
        square = front * (2.0 * m_2**2 + a**2)
        if not self.gauged:
            return 0.0, 0.0, square
        k_2 = 0.25 * s * beta**2
        kappa, r = s * self.beta_2 / a, m_2 / a
        t_0, t_1, u_0, u_1, u_2 = angular_averages(s, self.beta_2, a, k_2, m_2**2)
        mixed = 0.5 * kappa**2 * s * r / a * (u_1 - u_2)
        pure = 2.0 + kappa**2 * (u_0 - 2.0 * u_1 + u_2) + mixed - 2.0 * kappa * (t_0 - t_1)
        pure = pure + r**2 * (u_0 - 2.0 * kappa * u_1 + kappa**2 * u_2)
        return front * g**2 * pure, front * g * m_2 * (4.0 + 2.0 * (1.0 - kappa) * t_0), square

    def h1h1(self) -> Array | float:
        """Rate into two H1: contact term and s channel, which do not depend on the angle, and X in the t and u channels."""
        if not self.portal:
            return 0.0
        front, exchange, t_0, u_0 = self.h1h1_parts
        if front is None:
            return 0.0
        lam, (pole, other) = self.sector.lambda_phi_x, self.h1h1_poles
        re, im = (lam * pole * part for part in self.h1)
        if self.mixed:
            re, im = re + lam * other * self.h2[0], im + lam * other * self.h2[1]
        re = re + lam * self.sector.cos_theta**2
        exchange = lam**2 * exchange
        return front * (re**2 + im**2 - 2.0 * re * exchange * t_0 + exchange**2 * u_0)

    @cached_property
    def h1h1_poles(self) -> tuple[Array, Array]:
        """Factors of the propagators of H1 and H2 in the amplitude for two H1 over lambda; that of the contact is cos^2."""
        sector = self.sector
        cubic = scalar_potential(sector)
        return sector.v_phi * sector.cos_theta * cubic["g_111"], sector.v_phi * sector._sine * cubic["g_211"]

    @cached_property
    def h1h1_parts(self) -> tuple[Array | None, Array, Array, Array]:
        """Phase space of two H1, the exchange of X over lambda^2 without its angle, and the averages over this angle."""
        sector, s = self.sector, self.s
        m_1 = sector.require("m_h1")
        k_2 = momentum_squared(s, m_1, m_1)
        none = np.zeros(())
        if not np.any(k_2 > 0.0):
            return None, none, none, none
        a = np.where(k_2 > 0.0, 0.5 * s - m_1**2, 1.0)
        t_0, _, u_0, _, _ = angular_averages(s, self.beta_2, a, k_2, m_1**4)
        return np.sqrt(k_2 / s) / (8.0 * np.pi), 2.0 * (sector.v_phi * sector.cos_theta) ** 2 / a, t_0, u_0

    def zph1(self) -> Array | float:
        """Rate into Z' H1: a Z' in the s channel and X in the t and u channels.

        The amplitudes for a transverse and for a longitudinal Z' are both proportional to the momentum of X.
        """
        alone, linear, square = self.zph1_parts
        lam = self.sector.lambda_phi_x
        return alone + lam * (linear + lam * square) if self.portal else alone

    @cached_property
    def zph1_parts(self) -> tuple[Array | float, Array | float, Array | float]:
        """Rate into Z' H1 without the portal, and what goes with lambda and with its square."""
        sector, s = self.sector, self.s
        if not self.gauged or sector.m_h1 is None:
            return 0.0, 0.0, 0.0
        m, m_1, v = sector.m_zp, sector.m_h1, sector.v_phi
        k_2 = momentum_squared(s, m, m_1)
        if not np.any(k_2 > 0.0):
            return 0.0, 0.0, 0.0
        a = np.where(k_2 > 0.0, 0.5 * (s - m**2 - m_1**2), 1.0)
        re, im = self.zp
        norm = (re**2 + im**2) / v**2
        # energies of Z' and H1 times sqrt(s)
        e_z, e_h = 0.5 * (s + m**2 - m_1**2), 0.5 * (s - m**2 + m_1**2)
        front = self.gauge * sector.cos_theta**2 * np.sqrt(k_2 * s) * self.beta_2 / np.pi
        alone = front * norm * m**2 * (2.0 * m**2 + e_z**2 / s) / 3.0
        if not self.portal:
            return alone, 0.0, 0.0
        t_0, t_1, u_0, u_1, _ = angular_averages(s, self.beta_2, a, k_2, (m * m_1) ** 2)
        share = m**2 * e_h / (s * a)
        linear = -2.0 * front * re * (m**2 * (t_0 - t_1) / a + share * e_z / a * t_1)
        return alone, linear, front * (v / a) ** 2 * (u_0 - u_1 + share * e_h / a * u_1)

    @cached_property
    def through_zp(self) -> Array:
        """Rate into two neutrinos through the Z', which is also that into one massless Dirac fermion of unit charge."""
        re, im = self.zp
        return self.gauge * np.square(self.sector.g_x * self.s) * self.beta_2 / (6.0 * np.pi) * (re**2 + im**2)

    def nunu(self) -> Array | float:
        """Rate into muon and tau neutrinos."""
        return self.through_zp if self.gauged else 0.0

    def leptons(self) -> Array | float:
        """Rate into charged leptons; Z' and scalar exchange do not interfere after the integral over the angle."""
        value: Array | float = self.through_zp * self.current if self.gauged else 0.0
        if self.portal and self.mixed:
            sector = self.sector
            difference = (self.h1[0] - self.h2[0]) ** 2 + (self.h1[1] - self.h2[1]) ** 2
            value = value + np.square(self.cubic * sector.sin_theta * sector.cos_theta) * difference * self.lepton_cut
        return value


AMPLITUDES: dict[str, Callable[[Collision], Array | float]] = {
    "zpzp": Collision.zpzp,
    "h1h1": Collision.h1h1,
    "zph1": Collision.zph1,
    "nunu": Collision.nunu,
    "leptons": Collision.leptons,
}


class Expansion:
    """W as a function of lambda_PhiX: a polynomial, and the propagators of H1 and H2 with widths that grow with lambda^2.

    With L = lambda, x_i = s - m_i^2, the cuts w_i = a_i + L^2 b_i and N_i = 1/(x_i^2 + w_i^2), W is the sum of p_k L^k,
    N_i (q_i1 L + q_i2 L^2 + q_i3 L^3) for each i, and L^2 c (x_1 x_2 + w_1 w_2) N_1 N_2.
    The coefficients have the shape of s; lambda_PhiX of the sector is not used.
    """

    def __init__(self, sector: DarkSector, s: Array, beta_2: Array) -> None:
        collision = Collision(sector.replace(lambda_phi_x=1.0), s, beta_2)
        sector = collision.sector
        shares = (sector.cos_theta**2, np.square(sector._sine))
        gauge, linear, square = collision.zpzp_parts
        alone, first, second = collision.zph1_parts
        front, exchange, t_0, u_0 = collision.h1h1_parts
        front = np.zeros(()) if front is None else front
        poles = collision.h1h1_poles
        crossed = -2.0 * front * exchange * t_0
        constant = gauge + alone + collision.nunu() + (collision.through_zp * collision.current if collision.gauged else 0.0)
        polynomial = (constant, first, second + front * shares[0] ** 2, crossed * shares[0], front * exchange**2 * u_0)
        distance, cut, grows = collision.h1_cut
        leptons: Array | float = 0.0
        if collision.mixed:
            leptons = np.square(sector.v_phi * sector.sin_theta * sector.cos_theta) * collision.lepton_cut

        def numerator(i: int, x: Array) -> list[Array]:
            direct = square * shares[i] ** 2 + front * poles[i] ** 2 + leptons
            return [x * linear * shares[i], 2.0 * x * front * shares[0] * poles[i] + direct, x * crossed * poles[i]]

        rows = [*numerator(0, distance), distance**2, cut, grows]
        if collision.mixed:
            m = natural("m_h")
            away, more = s - m**2, m * gamma_higgs_to_xx(sector)
            both = 2.0 * (square * shares[0] * shares[1] + front * poles[0] * poles[1] - leptons)
            rows += [*numerator(1, away), away**2, m * gamma_h2(sector) - more, more, both * distance * away, both]
        self.polynomial = np.stack([np.broadcast_to(row, s.shape) for row in polynomial])
        self.rows = np.stack([np.broadcast_to(row, s.shape) for row in rows])


def resonant(rows: Array, coupling: Array) -> Array:
    """W without its polynomial, from the rows of an `Expansion` and couplings that broadcast with one row."""
    square = coupling * coupling

    def pole(q_1: Array, q_2: Array, q_3: Array, distance: Array, cut: Array, grows: Array) -> tuple[Array, Array, Array]:
        width = grows * square
        width += cut
        norm = width * width
        norm += distance
        # keeps it finite on the pole
        np.maximum(norm, _TINY, out=norm)
        value = q_3 * coupling
        value += q_2
        value *= coupling
        value += q_1
        value *= coupling
        value /= norm
        return value, width, norm

    value, width, norm = pole(*rows[:6])
    if len(rows) > 6:
        other, width_2, norm_2 = pole(*rows[6:12])
        value += other
        width *= width_2
        width *= rows[13]
        width += rows[12]
        width *= square
        width /= norm
        width /= norm_2
        value += width
    return value


def squared_amplitude(sector: DarkSector, s: Array, beta_2: Array, channel: str | None = None) -> Array:
    """W of one channel or of all.

    `beta_2` is a separate argument because 1 - 4 m_X^2/s loses digits for slow particles.
    """
    wanted = AMPLITUDES if channel is None else (choice("channel", channel, tuple(AMPLITUDES)),)
    collision = Collision(sector, s, beta_2)
    total: Array = np.asarray(sum(AMPLITUDES[name](collision) for name in wanted))
    shape = np.broadcast_shapes(total.shape, s.shape, sector.shape)
    if total.shape != shape:
        total = np.broadcast_to(total, shape).copy()
    if np.any(sector.reason != ""):
        total = np.where(sector.reason == "", total, np.nan)
    return total[()]
