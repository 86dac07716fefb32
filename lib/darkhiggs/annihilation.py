"""Annihilation of the dark matter: X X* of the dark-Higgs model, and a Dirac fermion that knows the Z' alone."""

from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice
from ._owned import read_only
from ._public import public
from .errors import ParameterError
from .inputs import natural
from .kinetic_mixing import epsilon
from .model import DarkSector, scalar_potential, v_higgs
from .widths import gamma_h1, gamma_higgs_to_h1h1, gamma_higgs_to_xx, gamma_higgs_to_zpzp, gamma_zp

__all__ = ["breaks", "rate", "rate_dirac", "sigma_v"]

CHANNELS = ("zpzp", "h1h1", "zph1", "nunu", "leptons")
_DIRAC = ("nunu", "leptons", "zpzp")
_LEPTONS = ("e", "mu", "tau")
# Below this y^2 the averages over the angle come from their series, beyond from closed forms that lose 1e-16/y^4.
_SMALL, _TERMS = 3e-3, 5
_S_MIN, _S_MAX = 1e-30, 1e16  # GeV^2
# Keeps an H1 without width finite on its pole
_TINY = 1e-300


def _beta_squared(s: Array, mass: Array, name: str) -> Array:
    """Squared velocity of the initial particles."""
    beta_2 = 1.0 - 4.0 * np.square(mass) / s
    if np.any(beta_2 < -1e-9):
        raise ParameterError(f"s is below its range: the squared energy is at least 4 {name}^2")
    value: Array = np.maximum(beta_2, 0.0)
    return value


def _gamma_h2(sector: DarkSector) -> Array:
    """Total width of the Higgs boson on its mass shell."""
    new = gamma_higgs_to_h1h1(sector) + gamma_higgs_to_zpzp(sector) + gamma_higgs_to_xx(sector)
    value: Array = sector.cos_theta**2 * natural("Gamma_h") + new
    return value


@lru_cache
@read_only
def _mixing_table() -> tuple[Array, Array]:
    """Knots in ln(s) and the squared coupling of the Z' to electrons there, over g_X^2; dense at both thresholds."""
    near = np.geomspace(1e-9, 0.5, 400)
    s = [np.geomspace(1e-7, 1e6, 10000)]
    s += [4.0 * natural(f"m_{lepton}") ** 2 * np.concatenate([1.0 - near, 1.0 + near]) for lepton in ("mu", "tau")]
    knots = np.sort(np.concatenate(s))
    return np.log(knots), 4.0 * np.pi / natural("1/alpha(0)", "1") * np.abs(epsilon(1.0, knots)) ** 2


def _velocities(s: Array) -> dict[str, Array]:
    """Velocities of the charged leptons; zero below threshold."""
    return {name: np.sqrt(np.maximum(1.0 - 4.0 * natural(f"m_{name}") ** 2 / s, 0.0)) for name in _LEPTONS}


def _current(s: Array, velocities: dict[str, Array]) -> Array:
    """Charged leptons that a virtual Z' makes, in units of the two neutrinos."""
    value: Array = np.interp(np.log(s), *_mixing_table()) * velocities["e"] * (1.0 + 2.0 * natural("m_e") ** 2 / s)
    for name in ("mu", "tau"):
        if np.any(velocities[name] > 0.0):
            value = value + velocities[name] * (1.0 + 2.0 * natural(f"m_{name}") ** 2 / s)
    return value


def _propagator(x: Array, width: Array) -> tuple[Array, Array]:
    """Real and imaginary part of 1/(x + i width)."""
    norm = np.maximum(x**2 + width**2, _TINY)
    return x / norm, -width / norm


def _momentum_squared(s: Array, m_a: Array, m_b: Array) -> Array:
    """Squared momentum of two products; zero below threshold."""
    value: Array = 0.25 * np.maximum(s - (m_a + m_b) ** 2, 0.0) * np.maximum(1.0 - (m_a - m_b) ** 2 / s, 0.0)
    return value


def _angles(s: Array, beta_2: Array, a: Array, k_2: Array, product: Array) -> tuple[Array, ...]:
    """Averages over the angle for X in the t and u channels.

    With y = 2 p k/a, ``t - m_X^2 = -a (1 - y cos)`` and ``u - m_X^2 = -a (1 + y cos)``; `product` is m_a^2 m_b^2. Returns the
    averages of 1/n, cos^2/n, 1/n^2, cos^2/n^2 and cos^4/n^2 with n = 1 - y^2 cos^2.
    """
    y_2 = s * beta_2 * k_2 / a**2
    small = y_2 < _SMALL
    t_1, u_2 = np.full_like(y_2, 1.0 / (2 * _TERMS + 3)), np.full_like(y_2, (_TERMS + 1.0) / (2 * _TERMS + 5))
    for j in range(_TERMS - 1, -1, -1):
        t_1 *= y_2
        t_1 += 1.0 / (2 * j + 3)
        u_2 *= y_2
        u_2 += (j + 1.0) / (2 * j + 5)
    if not small.all():
        # 1 - y^2 without the cancellation for light products
        rest = (product + s * (1.0 - beta_2) * k_2) / a**2
        safe = np.maximum(y_2, _SMALL)
        y = np.sqrt(safe)
        t_0 = 0.5 * np.log((1.0 + y) ** 2 / rest) / y
        closed = (t_0 - 1.0) / safe
        t_1 = np.where(small, t_1, closed)
        u_2 = np.where(small, u_2, (0.5 * (1.0 / rest - t_0) / safe - closed) / safe)
    t_0, u_1 = 1.0 + y_2 * t_1, t_1 + y_2 * u_2
    return t_0, t_1, t_0 + y_2 * u_1, u_1, u_2


class _Collision:
    """What the channels of X X* share, each computed when it is first asked for."""

    def __init__(self, sector: DarkSector, s: Array, beta_2: Array) -> None:
        self.sector, self.s, self.beta_2 = sector, s, beta_2
        self.gauge: Array = np.square(sector.g_x * (0.0 if sector.q_x is None else sector.q_x))
        self.cubic: Array = sector.lambda_phi_x * sector.v_phi
        self.gauged = bool(np.any(self.gauge != 0.0))
        self.portal = bool(np.any(sector.lambda_phi_x != 0.0))
        self.mixed = bool(np.any(sector.sin_theta != 0.0))

    @cached_property
    def velocities(self) -> dict[str, Array]:
        return _velocities(self.s)

    @cached_property
    def current(self) -> Array:
        return _current(self.s, self.velocities)

    @cached_property
    def lepton_cut(self) -> Array:
        """2 sqrt(s) times the width into charged leptons of a Higgs boson of this mass."""
        total = sum(natural(f"m_{name}") ** 2 * (beta * beta * beta) for name, beta in self.velocities.items())
        value: Array = total * self.s / (4.0 * np.pi * v_higgs() ** 2)
        return value

    @cached_property
    def zp_velocity(self) -> Array:
        value: Array = np.sqrt(np.maximum(1.0 - 4.0 * self.sector.m_zp**2 / self.s, 0.0))
        return value

    @cached_property
    def h1(self) -> tuple[Array, Array]:
        """Propagator of H1; sqrt(s) Gamma_1(sqrt s) is half the sum of the cuts open at s."""
        sector = self.sector
        r = sector.m_zp**2 / self.s
        bosons = (self.s / sector.v_phi) ** 2 * self.zp_velocity * (1.0 - 4.0 * r + 12.0 * r**2)
        cuts = sector.cos_theta**2 * (bosons + 2.0 * self.cubic**2 * np.sqrt(self.beta_2)) / (16.0 * np.pi)
        if self.mixed:
            cuts = cuts + np.square(sector.sin_theta) * self.lepton_cut
        return _propagator(self.s - sector.require("m_h1") ** 2, 0.5 * cuts)

    @cached_property
    def h2(self) -> tuple[Array, Array]:
        """Propagator of the Higgs boson."""
        m = natural("m_h")
        return _propagator(self.s - m**2, m * _gamma_h2(self.sector))

    @cached_property
    def zp(self) -> tuple[Array, Array]:
        """Propagator of the Z' with its running width."""
        sector = self.sector
        width = np.square(sector.g_x) * (1.0 + self.current) / 12.0 + self.gauge * self.beta_2 * np.sqrt(self.beta_2) / 48.0
        return _propagator(self.s - sector.m_zp**2, self.s * width / np.pi)

    @cached_property
    def phi(self) -> tuple[Array, Array]:
        """lambda_PhiX times the propagator of phi, i.e. cos^2 of H1 and sin^2 of H2."""
        sector = self.sector
        parts = [sector.cos_theta**2 * part for part in self.h1]
        if self.mixed:
            parts = [part + np.square(sector.sin_theta) * other for part, other in zip(parts, self.h2, strict=True)]
        return sector.lambda_phi_x * parts[0], sector.lambda_phi_x * parts[1]

    def zpzp(self) -> Array | float:
        """Two Z': helicity amplitudes over 2, from which the growth of the longitudinal gauge part has cancelled.

        With G = g^2 Q_X^2, P = lambda (propagator of phi), n as in `_angles`, kappa = 4 p^2/a, k and E of a Z':
        y y: -(G + m^2 P); x x: -(G + m^2 P) + G kappa sin^2/n; x L and L x: +-G kappa (E m/a) sin cos/n;
        L L: a P + G (m^2/a)(1 - kappa cos^2)/n.
        """
        s, m_2 = self.s, self.sector.m_zp**2
        beta = self.zp_velocity
        if not np.any(beta > 0.0):
            return 0.0
        g, total = self.gauge, np.asarray(0.0)
        a = np.where(beta > 0.0, 0.5 * s - m_2, 1.0)
        if self.portal:
            re, im = self.phi
            total = (2.0 * m_2**2 + a**2) * (re**2 + im**2) + 4.0 * g * m_2 * re
        if self.gauged:
            k_2 = 0.25 * s * beta**2
            kappa, r = s * self.beta_2 / a, m_2 / a
            t_0, t_1, u_0, u_1, u_2 = _angles(s, self.beta_2, a, k_2, m_2**2)
            mixed = 0.5 * kappa**2 * s * r / a * (u_1 - u_2)
            pure = 2.0 + kappa**2 * (u_0 - 2.0 * u_1 + u_2) + mixed - 2.0 * kappa * (t_0 - t_1)
            pure = pure + r**2 * (u_0 - 2.0 * kappa * u_1 + kappa**2 * u_2)
            total = total + g**2 * pure
            if self.portal:
                total = total + 2.0 * g * m_2 * re * (1.0 - kappa) * t_0
        value: Array = beta / (4.0 * np.pi) * total
        return value

    def h1h1(self) -> Array | float:
        """Two H1: contact and s channel (constant), X in the t and u channels."""
        if not self.portal:
            return 0.0
        sector, s = self.sector, self.s
        m_1 = sector.require("m_h1")
        k_2 = _momentum_squared(s, m_1, m_1)
        if not np.any(k_2 > 0.0):
            return 0.0
        cubic, c = scalar_potential(sector), sector.cos_theta
        re, im = (self.cubic * c * cubic["g_111"] * part for part in self.h1)
        if self.mixed:
            weight = self.cubic * sector.sin_theta * cubic["g_211"]
            re, im = re + weight * self.h2[0], im + weight * self.h2[1]
        a = np.where(k_2 > 0.0, 0.5 * s - m_1**2, 1.0)
        exchange = 2.0 * (self.cubic * c) ** 2 / a
        t_0, _, u_0, _, _ = _angles(s, self.beta_2, a, k_2, m_1**4)
        re = re + sector.lambda_phi_x * c**2
        value: Array = np.sqrt(k_2 / s) / (8.0 * np.pi) * (re**2 + im**2 - 2.0 * re * exchange * t_0 + exchange**2 * u_0)
        return value

    def zph1(self) -> Array | float:
        """Z' H1: transverse and longitudinal Z', both with a factor p; Z' in the s channel, X in t and u."""
        sector, s = self.sector, self.s
        if not self.gauged or sector.m_h1 is None:
            return 0.0
        m, m_1, v, coupling = sector.m_zp, sector.m_h1, sector.v_phi, self.cubic
        k_2 = _momentum_squared(s, m, m_1)
        if not np.any(k_2 > 0.0):
            return 0.0
        a = np.where(k_2 > 0.0, 0.5 * (s - m**2 - m_1**2), 1.0)
        re, im = self.zp
        norm = (re**2 + im**2) / v**2
        # energies of Z' and H1 times sqrt(s)
        e_z, e_h = 0.5 * (s + m**2 - m_1**2), 0.5 * (s - m**2 + m_1**2)
        total = norm * m**2 * (2.0 * m**2 + e_z**2 / s) / 3.0
        if self.portal:
            t_0, t_1, u_0, u_1, _ = _angles(s, self.beta_2, a, k_2, (m * m_1) ** 2)
            lam, share = sector.lambda_phi_x, m**2 * e_h / (s * a)
            total = total - 2.0 * lam * re * (m**2 * (t_0 - t_1) / a + share * e_z / a * t_1)
            total = total + (coupling / a) ** 2 * (u_0 - u_1 + share * e_h / a * u_1)
        value: Array = self.gauge * sector.cos_theta**2 * np.sqrt(k_2 * s) * self.beta_2 / np.pi * total
        return value

    @cached_property
    def through_zp(self) -> Array:
        """Two neutrinos through the Z'; a Dirac fermion of unit charge and no mass gives as much."""
        re, im = self.zp
        value: Array = self.gauge * np.square(self.sector.g_x * self.s) * self.beta_2 / (6.0 * np.pi) * (re**2 + im**2)
        return value

    def nunu(self) -> Array | float:
        """Muon and tau neutrinos."""
        return self.through_zp if self.gauged else 0.0

    def leptons(self) -> Array | float:
        """Charged leptons: the Z' and the scalars do not interfere once the angle is integrated over."""
        value: Array | float = self.through_zp * self.current if self.gauged else 0.0
        if self.portal and self.mixed:
            sector = self.sector
            difference = (self.h1[0] - self.h2[0]) ** 2 + (self.h1[1] - self.h2[1]) ** 2
            value = value + np.square(self.cubic * sector.sin_theta * sector.cos_theta) * difference * self.lepton_cut
        return value


def _rate(sector: DarkSector, s: Array, beta_2: Array, channel: str | None) -> Array:
    """W of one channel or of all; beta_2 comes separately, as 1 - 4 m_X^2/s loses the digits of slow particles."""
    wanted = CHANNELS if channel is None else (choice("channel", channel, CHANNELS),)
    collision = _Collision(sector, s, beta_2)
    total: Array = np.asarray(sum(getattr(collision, name)() for name in wanted))
    shape = np.broadcast_shapes(total.shape, s.shape, sector.shape)
    if total.shape != shape:
        total = np.broadcast_to(total, shape).copy()
    if np.any(sector.reason != ""):
        total = np.where(sector.reason == "", total, np.nan)
    return total[()]


@public
def rate(sector: DarkSector, s: npt.ArrayLike, channel: str | None = None) -> Array:
    """Squared amplitude of X X* annihilation, integrated over phase space.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x, and m_h1 if lambda_phi_x is not zero. Without m_h1 the dark Higgs, without q_x the gauge
        interactions of X are left out.
    s : array_like
        Squared energy in the centre of mass in GeV^2, from 4 m_X^2; broadcast against the sector's shape.
    channel : {"zpzp", "h1h1", "zph1", "nunu", "leptons"}, optional
        Z'Z', H1 H1, Z'H1, two neutrinos, or charged leptons; by default their sum.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, summed over the final spins, with the 1/2 of identical particles; dimensionless.
        Exactly zero below the threshold of a channel; nan at masked points of the sector.

    Raises
    ------
    ParameterError
        If m_x, or an m_h1 that is needed, is not set, if s is below 4 m_X^2, or if the channel is unknown.

    Notes
    -----
    Tree level of the Lagrangian of arXiv:2401.10112, exact in all masses; sigma = W/(2 s beta). Z'Z': H1 and H2 in the s
    channel, the contact term and X in the t and u channels, coherently, as helicity amplitudes in which the growth of
    the longitudinal gauge part has cancelled analytically; H1 alone gives ``lambda^2/(16 pi s) (s/(s - m_H1^2))^2
    sqrt(1-4r) (1-4r+12r^2)``, ``r = m_Z'^2/s``, for W/s. H1 H1: contact, H1 and H2, t and u. Z'H1: Z', t and u; a p wave.
    Neutrinos: ``g^4 Q_X^2 s^2 beta^2/(6 pi |D|^2)``; charged leptons: the Z', which reaches the electron by kinetic mixing, and
    H1 with H2, which do not interfere with it.

    H1 and Z' carry running widths, sqrt(s) times those of `darkhiggs.widths` at the mass sqrt(s); H2 a fixed one. In unitary
    gauge the cut of H1 into Z'Z' grows with s^2: the result is meaningful for s well below 32 pi v_Phi^2. Left out: hadrons,
    which need one of the two mixings, pairs of the other heavy particles, and final states with an on-shell H2.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> f"{annihilation.rate(sector, 0.05, 'zpzp'):.3e}"
    '5.424e-11'
    """
    s = np.where(sector.reason == "", s, 1.0) if np.any(sector.reason != "") else s
    s = checked("s", s, _S_MIN, _S_MAX, "GeV^2")
    return _rate(sector, s, _beta_squared(s, sector.require("m_x"), "m_x"), channel)


@public
def sigma_v(sector: DarkSector, v_rel: npt.ArrayLike, channel: str | None = None) -> Array:
    """Cross-section of X X* annihilation times the relative velocity.

    Parameters
    ----------
    sector : DarkSector
        As for `rate`.
    v_rel : array_like
        Relative velocity in the centre of mass, twice the velocity of each, from 0 up to but not 2; broadcast
        against the sector's shape.
    channel : {"zpzp", "h1h1", "zph1", "nunu", "leptons"}, optional
        By default the sum.

    Returns
    -------
    ndarray or float
        ``W(s)/s`` in GeV^-2 at ``s = 4 m_X^2/(1 - v_rel^2/4)``.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range, or the channel is unknown.

    Notes
    -----
    For one X and one X*; a complex X at rest, half of it antiparticles, annihilates with n_X n_X* sigma v.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> print([f"{x:.2e}" for x in annihilation.sigma_v(sector, [0.0, 0.5])])
    ['8.47e-10', '9.09e-10']
    """
    v = checked("v_rel", v_rel, 0.0, 2.0)
    if np.any(v >= 2.0):
        raise ParameterError("v_rel = 2 is outside its range [0, 2)")
    beta_2 = 0.25 * np.square(v)
    s = 4.0 * np.square(sector.require("m_x")) / (1.0 - beta_2)
    value: Array = _rate(sector, s, beta_2, channel) / s
    return value


@public
def breaks(sector: DarkSector) -> tuple[Array, Array]:
    """Energies at which the rate is not smooth: thresholds and poles.

    Parameters
    ----------
    sector : DarkSector
        As for `rate`; m_x is not needed.

    Returns
    -------
    positions : ndarray, shape (k,) + sector.shape
        Energies sqrt(s) in GeV: 2 m_e, 2 m_mu, 2 m_tau, 2 m_Z'; with q_x the pole of the Z'; with a dark Higgs 2 m_H1
        and the poles of H1 and H2; with both m_Z' + m_H1.
    widths : ndarray, shape (k,) + sector.shape
        Width of the pole at its mass in GeV; 0 for a threshold.

    Raises
    ------
    ParameterError
        If lambda_phi_x is not zero and m_h1 not set.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> positions, widths = annihilation.breaks(model.benchmark("A").replace(m_x=0.1, m_h1=1.0, q_x=1.0))
    >>> print(positions[widths > 0.0])
    [1.15000e-02 1.00000e+00 1.25131e+02]
    """
    leptons = [2.0 * natural(f"m_{lepton}") for lepton in _LEPTONS]
    rows: list[tuple[npt.ArrayLike, npt.ArrayLike]] = [(threshold, 0.0) for threshold in leptons]
    rows.append((2.0 * sector.m_zp, 0.0))
    if sector.q_x is not None:
        rows.append((sector.m_zp, gamma_zp(sector)))
    if sector.m_h1 is not None or np.any(sector.lambda_phi_x != 0.0):
        m_1 = sector.require("m_h1")
        rows += [(2.0 * m_1, 0.0), (m_1, gamma_h1(sector)), (natural("m_h"), _gamma_h2(sector))]
        if sector.q_x is not None:
            rows.append((sector.m_zp + m_1, 0.0))
    good = np.where(sector.reason == "", 1.0, np.nan)
    positions, scales = (np.stack([good * np.asarray(row[i]) for row in rows]) for i in (0, 1))
    return positions, scales


@public
def rate_dirac(
    m_chi: npt.ArrayLike,
    m_zp: npt.ArrayLike,
    g_x: npt.ArrayLike,
    q_chi: npt.ArrayLike,
    s: npt.ArrayLike,
    channel: str | None = None,
) -> Array:
    """Squared amplitude of the annihilation of a Dirac fermion through the Z', integrated over phase space.

    Parameters
    ----------
    m_chi : array_like
        Mass of chi in GeV, above 0 up to 1e4.
    m_zp : array_like
        Mass of the Z' in GeV, above 0 up to 1e4.
    g_x : array_like
        Gauge coupling, above 0 up to 1.
    q_chi : array_like
        Charge of chi, a vector coupling, -1e4 to 1e4.
    s : array_like
        Squared energy in the centre of mass in GeV^2, from 4 m_chi^2.
    channel : {"nunu", "leptons", "zpzp"}, optional
        By default their sum.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, averaged over the spins of chi and its antiparticle; sigma v = W/s.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, s below 4 m_chi^2, or the channel unknown.

    Notes
    -----
    Into a Dirac fermion of unit charge ``g^4 q^2 beta_f s^2 (1 + 2 m_chi^2/s)(1 + 2 m_f^2/s)/(6 pi |D|^2)``, half of it into
    a neutrino, with the running width in D. Into Z'Z' the trace over both diagrams, with ``N = (t - m_chi^2)(u - m_chi^2)``
    and ``a = s/2 - m_Z'^2``, is ``-4 + [8 a^2 + 16 a (m_Z'^2 + m_chi^2) + 16 m_Z'^2 m_chi^2 + 20 m_Z'^4]/N
    - 8 a^2 (m_Z'^2 + 2 m_chi^2)^2/N^2`` in units of ``g^4 q^4``.

    Examples
    --------
    >>> from darkhiggs import annihilation
    >>> f"{annihilation.rate_dirac(0.1, 0.0115, 5e-4, 1.0, 0.04, 'zpzp') / 0.04:.3e}"
    '1.235e-13'
    """
    wanted = _DIRAC if channel is None else (choice("channel", channel, _DIRAC),)
    m_chi = checked("m_chi", m_chi, 0.0, 1e4, "GeV", open_low=True)
    m_zp = checked("m_zp", m_zp, 0.0, 1e4, "GeV", open_low=True)
    g_2 = np.square(checked("g_x", g_x, 0.0, 1.0, open_low=True))
    q_2 = np.square(checked("q_chi", q_chi, -1e4, 1e4))
    s = checked("s", s, _S_MIN, _S_MAX, "GeV^2")
    beta_2 = _beta_squared(s, m_chi, "m_chi")
    m_2, x_2 = np.square(m_zp), np.square(m_chi)
    spins = 1.0 + 2.0 * x_2 / s
    velocities = _velocities(s)
    current = _current(s, velocities)
    width = g_2 * s / (12.0 * np.pi) * (1.0 + current + q_2 * spins * np.sqrt(beta_2))
    re, im = _propagator(s - m_2, width)
    through_zp = g_2**2 * q_2 * s**2 * spins / (6.0 * np.pi) * (re**2 + im**2)
    total = np.zeros_like(through_zp)
    if "nunu" in wanted:
        total = total + through_zp
    if "leptons" in wanted:
        total = total + through_zp * current
    if "zpzp" in wanted:
        k_2 = _momentum_squared(s, m_zp, m_zp)
        a = np.where(k_2 > 0.0, 0.5 * s - m_2, 1.0)
        t_0, _, u_0, _, _ = _angles(s, beta_2, a, k_2, m_2**2)
        one = 8.0 + 16.0 * (m_2 + x_2) / a + (16.0 * x_2 + 20.0 * m_2) * m_2 / a**2
        trace = one * t_0 - 8.0 * ((m_2 + 2.0 * x_2) / a) ** 2 * u_0 - 4.0
        total = total + np.square(g_2 * q_2) * np.sqrt(k_2 / s) / (8.0 * np.pi) * trace
    return total[()]
