"""Decoupling of the neutrinos, and the effect of a Z' or another light species on N_eff.

There are two baths, photons with electrons on one side and neutrinos on the other, each with its own temperature.
They exchange energy through weak collisions and through the decays of the Z' to electrons.
The neutrino bath has three variants:

* ``"common"``: one temperature for all flavours and no chemical potential;
* ``"split"``: one temperature for nu_e and one for nu_mu and nu_tau, with which the species are in equilibrium;
* ``"chemical"``: one temperature and one chemical potential, because inverse decays conserve the number of neutrinos plus
  twice the number of Z'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, legendre, single, switch, together, whole
from ._crossings import first_crossing
from ._gases import degenerate, degenerate_boson, moments, occupation, qed
from ._owned import Owned, read_only
from ._public import expect, public
from ._tables import cubics, interpolate
from .errors import ParameterError
from .inputs import cached, natural
from .model import DarkSector
from .thermodynamics import hubble
from .widths import gamma_zp_to_leptons

__all__ = [
    "BATHS",
    "History",
    "Species",
    "collision_factors",
    "coupling_min",
    "delta_n_eff_zp",
    "history",
    "hubble_shift",
    "mass_for",
    "n_eff",
    "n_eff_with",
    "z_prime",
]

#: Variants of the neutrino bath by their description.
BATHS = {"one temperature": "common", "two temperatures": "split", "a chemical potential": "chemical"}
# In GeV. At the start all particles are in equilibrium; at the end the electrons have annihilated.
_T_START, _T_END = 0.020, 8e-6
_GONE = 40.0  # m/T at which the density of a species is negligible
_STEPS = 96  # from _T_START to _T_END
_DEPTH = 1e-7  # step of the numerical Jacobian
_CONVERGED = 1e-6  # the next change of the Newton iteration would be below 1e-12
_EQUILIBRIUM = 10.0  # rate of inverse decays over H
_T_DECOUPLED = 0.003
# Radau IIA method with three stages, of order 5 and stiffly accurate.
_ROOT = np.sqrt(6.0)
_STAGES = np.array([(4.0 - _ROOT) / 10.0, (4.0 + _ROOT) / 10.0, 1.0])
_RADAU = np.array(
    [
        [(88.0 - 7.0 * _ROOT) / 360.0, (296.0 - 169.0 * _ROOT) / 1800.0, (-2.0 + 3.0 * _ROOT) / 225.0],
        [(296.0 + 169.0 * _ROOT) / 1800.0, (88.0 + 7.0 * _ROOT) / 360.0, (-2.0 - 3.0 * _ROOT) / 225.0],
        [(16.0 - _ROOT) / 36.0, (16.0 + _ROOT) / 36.0, 1.0 / 9.0],
    ]
)
# Extrapolation of the polynomial through the stages of a step to those of the next one, as a first guess there.
_POWERS = np.arange(1.0, 4.0)
_AHEAD = (1.0 + _STAGES[:, None]) ** _POWERS @ np.linalg.inv(_STAGES[:, None] ** _POWERS) - np.array([0.0, 0.0, 1.0])
# Grids in ln T and in ln(m/T); the tables are constant, or zero, beyond their ends.
_LOG_T = np.linspace(np.log(5e-6), np.log(0.05), 501)
_LOG_X = np.linspace(-9.0, np.log(400.0), 751)
# Masses in GeV that bracket shifts from 0.01 to 2, and a ratio of masses for the slope of the shift.
_MASSES, _NEAR = np.geomspace(1.2e-3, 0.12, 24), 1.001
_NEUTRINO = 7.0 / 8.0 * np.pi**2 / 15.0  # rho/T^4 of one flavour of neutrinos and antineutrinos


@dataclass(frozen=True, eq=False, repr=False)
class Species(Owned):
    """A particle in thermal equilibrium with the neutrinos or with electrons and photons.

    Parameters
    ----------
    mass : array_like
        Mass in GeV, 1e-5 to 1e3.
    dof : array_like
        Number of states, 0 to 100; 3 for a Z', 2 for a complex scalar.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.
    couples_to : {"nu", "e"}
        The bath with which the species is in equilibrium: neutrinos, or electrons and photons.
    width_e : array_like
        Width into e+e- in GeV, 0 to 1e3, of a species in equilibrium with the neutrinos.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> neutrinos.Species(0.01, 2, couples_to="e").couples_to
    'e'
    """

    mass: Any
    dof: Any
    statistics: str = "boson"
    couples_to: str = "nu"
    width_e: Any = 0.0

    _units: ClassVar[dict[str, str]] = {"mass": "GeV", "width_e": "GeV"}

    def __post_init__(self) -> None:
        """Check every parameter and store it as an array."""
        choice("statistics", self.statistics, ("boson", "fermion"))
        choice("couples_to", self.couples_to, ("nu", "e"))
        object.__setattr__(self, "mass", checked("mass", self.mass, 1e-5, 1e3, "GeV"))
        object.__setattr__(self, "dof", checked("dof", self.dof, 0.0, 100.0))
        object.__setattr__(self, "width_e", checked("width_e", self.width_e, 0.0, 1e3, "GeV"))
        together(mass=self.mass, dof=self.dof, width_e=self.width_e)
        super().__post_init__()


@dataclass(frozen=True, eq=False, repr=False)
class History(Owned):
    """Temperatures, energies and expansion during neutrino decoupling; time runs along the last axis.

    Parameters
    ----------
    log_a : ndarray
        Logarithm of the scale factor, 0 at the start.
    t_gamma : ndarray
        Temperature of photons and electrons in GeV.
    t_nu : ndarray
        Temperature of the neutrinos in GeV; of nu_mu and nu_tau in the variant ``"split"``.
    t_nu_e : ndarray
        Temperature of nu_e in GeV.
    eta : ndarray
        Chemical potential of the neutrinos over their temperature, 0 except in the variant ``"chemical"``.
    rho : ndarray
        Energy density of all particles in GeV^4.
    pressure : ndarray
        Their pressure in GeV^4.
    hubble : ndarray
        Expansion rate H in GeV, without matter and dark energy.
    n_eff_at : ndarray
        Energy density of the neutrinos and their species, over that of one flavour that decoupled in an instant before the
        electrons annihilated; at the end this is `n_eff`.
    n_eff : ndarray or float
        Effective number of neutrinos at the end.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> history = neutrinos.history()
    >>> f"{history.t_gamma[-1] / history.t_nu[-1]:.4f}"
    '1.3958'
    >>> print(history.n_eff_at[[0, -1]].round(3))
    [3.    3.045]
    """

    log_a: Array
    t_gamma: Array
    t_nu: Array
    t_nu_e: Array
    eta: Array
    rho: Array
    pressure: Array
    hubble: Array
    n_eff_at: Array
    n_eff: Array


@public
def collision_factors(x: npt.ArrayLike) -> Array:
    """Effect of quantum statistics and of the electron mass on the weak energy transfer.

    Parameters
    ----------
    x : array_like
        m_e/T, 0 to 100.

    Returns
    -------
    ndarray, shape (..., 6)
        Energy transfer by annihilation, energy transfer by scattering, and number of annihilations. The first three are for
        ``g_L^2 + g_R^2``, the others for ``g_L g_R``. All are ratios to the rates of massless particles with Maxwell-Boltzmann
        statistics.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    To first order in the temperature difference the rates of e+e- <-> nu nubar and nu e <-> nu e are integrals of
    ``f_1 f_2 (1 - f_3)(1 - f_4) |M|^2`` times the square of the energy that goes from one bath to the other.
    For the annihilation ``|M|^2 = 128 G_F^2 [g_L^2 (p_1.p_4)^2 + g_R^2 (p_1.p_3)^2 + g_L g_R m_e^2 p_3.p_4]``; the scattering
    has the crossed expressions.
    The four-dimensional integrals are computed by fixed Gauss-Legendre rules, good to 3e-5.
    For x = 0 the factors are 0.884, 0.829 and 0.852, as in arXiv:2001.04466.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> print(neutrinos.collision_factors(0.0)[:3].round(3))
    [0.884 0.829 0.852]
    """
    x = checked("x", x, 0.0, 100.0)
    return np.array([_collision_factors(float(one)) for one in x.flat]).reshape(*x.shape, 6)


def _angles(
    q0: Array, q: Array, e_1: Array, p_1: Array, p_2: Array, cosine: Array, e_3: Array, m_4: float
) -> tuple[Array, Array]:
    """Averages of p_1.p_3 and of its square over the azimuth, for a massless particle 3."""
    along_1 = (p_1 + p_2 * cosine) / q
    along_3 = (q**2 + e_3**2 - (q0 - e_3) ** 2 + m_4**2) / (2.0 * q * e_3)
    mean = e_3 * (e_1 - p_1 * along_1 * along_3)
    spread = 0.5 * (p_1 * e_3) ** 2 * (1.0 - along_1**2) * np.maximum(1.0 - along_3**2, 0.0)
    return mean, mean**2 + spread


def _collision_factors(x: float, distribution: Callable[[Array], Array] | None = None, order: int = 16) -> Array:
    """Collision factors at one m_e/T; without Pauli blocking and with occupation exp(-E/T) the first three are 1 at x = 0."""
    (node, weight), (half, half_weight) = legendre(order), legendre(order // 2)

    def f(y: Array) -> Array:
        return occupation(y, "fermion") if distribution is None else distribution(y)

    def free(y: Array) -> Array:
        return 1.0 - f(y) if distribution is None else np.ones_like(y)

    v = 5.5 * node
    # electrons: E = x + v^2, in units of T; p^2 dp/(2E) = p v dv
    e, p, d = x + v**2, v * np.sqrt(v**2 + 2.0 * x), 5.5 * weight * 2.0 * v
    e_2, p_2 = e[:, None, None], p[:, None, None]
    cosine = (2.0 * half - 1.0)[:, None]
    measure = d[:, None, None, None] * d[:, None, None] * (2.0 * half_weight)[:, None] * half_weight
    measure = 128.0 * measure / (256.0 * np.pi**5)

    # e-(1) e+(2) -> nu(3) nubar(4)
    e_1, p_1 = e[:, None, None, None], p[:, None, None, None]
    q0, q = e_1 + e_2, np.sqrt(p_1**2 + p_2**2 + 2.0 * p_1 * p_2 * cosine)
    e_3 = 0.5 * (q0 - q) + q * half
    _, square = _angles(q0, q, e_1, p_1, p_2, cosine, e_3, 0.0)
    rate = measure * p_1 * p_2 * f(e_1) * f(e_2) * free(e_3) * free(q0 - e_3)
    flip = 0.5 * x**2 * (q0**2 - q**2)
    annihilation = [np.sum(rate * part * q0**2) / (4.0 * 32.0 * 9.0) for part in (square, flip)]
    number = [np.sum(rate * part * 2.0 * q0) / (4.0 * 8.0 * 8.0) for part in (square, flip)]

    # nu(1) e-(2) -> nu(3) e-(4), and the same for positrons and antineutrinos
    e_1 = (v**2)[:, None, None, None]
    q0, q = e_1 + e_2, np.sqrt(e_1**2 + p_2**2 + 2.0 * e_1 * p_2 * cosine)
    product = e_1 * (e_2 - p_2 * cosine)
    share = 2.0 * product / (x**2 + 2.0 * product)
    e_3 = 0.5 * share * (q0 - q + 2.0 * q * half)
    mean, square = _angles(q0, q, e_1, e_1, p_2, cosine, e_3, x)
    rate = measure * share * e_1 * p_2 * f(e_1) * f(e_2) * free(e_3) * free(q0 - e_3) * (e_1 - e_3) ** 2
    # p_1.p_4 = p_1.p_2 - p_1.p_3; for the antiparticles the squares of g_L and g_R are exchanged
    crossed = product**2 - 2.0 * product * mean + square
    parts = (product**2 + crossed, -2.0 * x**2 * mean)
    scattering = [np.sum(rate * part) / (4.0 * 56.0) for part in parts]
    return np.pi**5 * np.array([annihilation[0], scattering[0], number[0], annihilation[1], scattering[1], number[1]])


def _couplings() -> tuple[Array, Array]:
    """Couplings to electrons: g_L^2 + g_R^2 and g_L g_R, each for nu_e and for nu_mu or nu_tau."""
    vector, axial = natural("g_V(nu_mu e)", "1"), natural("g_A(nu_mu e)", "1")
    left, right = 0.5 * (vector + axial) + np.array([1.0, 0.0]), 0.5 * (vector - axial)
    return left**2 + right**2, left * right


@cached
@read_only
def _plasma() -> Array:
    """Photons and electrons on the grid in ln T: rho, rho + p and d rho/dlnT, all over T^4, and the weak rates.

    The rates are those of energy by annihilation, of energy by scattering and of number, first for nu_e and then for nu_mu.
    """
    T = np.exp(_LOG_T)
    rho, p, slope, _ = (4.0 * moment for moment in moments(natural("m_e") / T, "fermion"))
    p_int, p_1, p_2 = qed(T)
    photons = np.pi**2 / 15.0
    state = np.stack([rho + p_1 - p_int + photons, rho + p + p_1 + 4.0 / 3.0 * photons, slope + p_2 - p_1 + 4.0 * photons])
    coarse = collision_factors(np.minimum(natural("m_e") / T[::10], 100.0))
    factors = interpolate(cubics(coarse), np.arange(len(T)) / 10.0)
    squares, products = _couplings()
    sizes = 4.0 * np.array([32.0, 56.0, 8.0])[:, None]
    rates = [sizes * (square * factors[:3] + product * factors[3:]) for square, product in zip(squares, products, strict=True)]
    return cubics(np.concatenate([state, *rates]).T)


@lru_cache
@read_only
def _massless() -> Array:
    """Collision factors for neutrino-neutrino scattering (cached), for which g_L = 1/2 and g_R = 0."""
    return _collision_factors(0.0)


@lru_cache
@read_only
def _species_table(statistics: str) -> Array:
    """Gas with one state on the grid in ln(m/T): rho, rho + p and d rho/dlnT over T^4; and its decay to light fermions.

    The columns for the decay are ln of ``exp(m/T) n/T^3`` and ln of ``exp(m/T) <m/E> n/T^3`` with Maxwell-Boltzmann
    statistics, and the effect of quantum statistics on the linear response of the energy transfer.
    """
    rho, p, slope, _ = moments(np.exp(_LOG_X), statistics)
    x = np.exp(_LOG_X)[:, None]
    nodes, weights = legendre(48)
    v = 7.2 * nodes
    y, k = x + v**2, v * np.sqrt(v**2 + 2.0 * x)
    measure = weights * 7.2 * 2.0 * v * k * y
    classical = np.exp(-(v**2))
    # the decay to two fermions is isotropic, with the Pauli-blocking factor 1 - f - f'
    angles, shares = legendre(24)
    daughters = occupation(0.5 * (y[..., None] + k[..., None] * (2.0 * angles - 1.0)), "fermion")
    open_ = 1.0 - 2.0 * np.sum(shares * daughters, axis=-1)
    boson = -classical / np.expm1(-y) * (1.0 + occupation(y, "boson"))
    response = np.sum(measure * y * boson * open_, axis=-1) / np.sum(measure * y * classical, axis=-1)
    numbers = [np.log(np.sum(measure * part, axis=-1) / (2.0 * np.pi**2)) for part in (classical, x / y * classical)]
    return cubics(np.stack([rho, rho + p, slope, *numbers, response], axis=-1))


def _at(table: Array, grid: Array, value: Array) -> Array:
    """Interpolate the columns of a table at ln T or ln(m/T)."""
    return interpolate(table, (value - grid[0]) / (grid[1] - grid[0]))


class _Baths:
    """Evolution equations in ln a for given species and a variant.

    The unknowns are ln(a T_gamma/T_start) and ln(T_nu/T_gamma).
    A third one is ln(T_nu_mu/T_gamma) for ``"split"``, or the chemical potential over T_nu for ``"chemical"``.
    """

    def __init__(self, species: Sequence[Species], variant: str = "common", weak: float = 1.0) -> None:
        choice("variant", variant, tuple(BATHS.values()))
        expect("species", species, Sequence[Species])
        if variant == "chemical" and any((kind.couples_to, kind.statistics) == ("nu", "fermion") for kind in species):
            raise ParameterError("a fermion does not decay to two neutrinos: variant = 'chemical' is for bosons")
        try:
            self.shape = np.broadcast_shapes(
                *(np.shape(part) for kind in species for part in (kind.mass, kind.dof, kind.width_e))
            )
        except ValueError:
            raise ParameterError("the shapes of the species do not broadcast against each other") from None

        def flat(part: Array) -> Array:
            return np.broadcast_to(part, self.shape).ravel()

        self.species = [
            Species(flat(kind.mass), flat(kind.dof), kind.statistics, kind.couples_to, flat(kind.width_e)) for kind in species
        ]
        self.variant, self.size, self.points = variant, 2 if variant == "common" else 3, int(np.prod(self.shape))
        self.lightest = min((float(np.min(kind.mass, initial=np.inf)) for kind in self.species), default=np.inf)
        self.weak = weak * natural("G_F", "GeV^-2") ** 2 / np.pi**5
        self.gravity = np.sqrt(8.0 * np.pi / 3.0) / natural("M_Pl")

    def rates(self, log_a: Array, y: Array) -> Array:
        """Return the derivatives of the unknowns by ln a."""
        log_t = np.log(_T_START) + y[0] - log_a
        T = np.exp(log_t)
        plasma = _at(_plasma(), _LOG_T, log_t)
        rho, w, slope = plasma[0], plasma[1], plasma[2]
        for kind in self.species:
            if kind.couples_to == "e":
                own = kind.dof * _at(_species_table(kind.statistics)[:, :3], _LOG_X, np.log(kind.mass) - log_t)
                rho, w, slope = rho + own[0], w + own[1], slope + own[2]
        motion = {"common": self._common, "split": self._split, "chemical": self._chemical}[self.variant]
        return motion(log_t, T, y, plasma, rho, w, slope)

    def _held(self, log_t_nu: Array) -> Array:
        """For the species in equilibrium with the neutrinos: rho, rho + p and d rho/dlnT over T_nu^4."""
        total: Array = np.zeros((3, *np.shape(log_t_nu)))
        for kind in self.species:
            if kind.couples_to == "nu":
                total = total + kind.dof * _at(_species_table(kind.statistics)[:, :3], _LOG_X, np.log(kind.mass) - log_t_nu)
        return total

    def _hubble(self, T: Array, rho: Array) -> Array:
        """Expansion rate H for a given energy density over T^4."""
        return self.gravity * np.sqrt(rho) * T**2

    def _decays(self, log_t: Array, log_r: Array, eta: Array | float = 0.0) -> tuple[Array, Array]:
        """Rates at which electrons transfer energy over T_gamma^4 and number over T_gamma^3 to the species, in GeV."""
        energy = number = np.zeros(np.shape(log_t))
        for kind in self.species:
            if kind.couples_to == "nu" and np.any(kind.width_e > 0.0):
                log_x = np.log(kind.mass) - log_t
                here, there = np.moveaxis(_at(_species_table("boson")[:, 3:], _LOG_X, np.stack([log_x, log_x - log_r])), 1, 0)
                rest = np.exp(log_x)
                # n(T_gamma) - n(T_nu), over T_gamma^3; n ~ T^3 exp(-m/T)
                excess = 3.0 * log_r + 2.0 * eta - rest * np.expm1(-log_r)
                amount = kind.dof * kind.width_e * here[2]
                energy = energy - amount * rest * np.exp(here[0] - rest) * np.expm1(excess + there[0] - here[0])
                number = number - amount * np.exp(here[1] - rest) * np.expm1(excess + there[1] - here[1])
        return energy, number

    def _common(self, log_t: Array, T: Array, y: Array, plasma: Array, rho: Array, w: Array, slope: Array) -> Array:
        r = np.exp(y[1])
        held = self._held(log_t + y[1])
        rho_nu, w_nu, slope_nu = r**4 * (_NEUTRINO * np.array([3.0, 4.0, 12.0]).reshape(3, *(1,) * y[0].ndim) + held)
        annihilation, scattering = plasma[3] + 2.0 * plasma[6], plasma[4] + 2.0 * plasma[7]
        flow = self.weak * T**5 * (-annihilation * np.expm1(9.0 * y[1]) - scattering * r**4 * np.expm1(y[1]))
        flow = (flow + self._decays(log_t, y[1])[0]) / self._hubble(T, rho + rho_nu)
        gamma, nu = -(3.0 * w + flow) / slope, (flow - 3.0 * w_nu) / slope_nu
        return np.stack([gamma + 1.0, nu - gamma])

    def _split(self, log_t: Array, T: Array, y: Array, plasma: Array, rho: Array, w: Array, slope: Array) -> Array:
        r_e, r_mu = np.exp(y[1]), np.exp(y[2])
        rho_mu, w_mu, slope_mu = r_mu**4 * (
            _NEUTRINO * np.array([2.0, 8.0 / 3.0, 8.0]).reshape(3, *(1,) * y[0].ndim) + self._held(log_t + y[2])
        )
        rho_e = _NEUTRINO * r_e**4

        def weak(annihilation: Array, scattering: Array, r: Array, other: Array) -> Array:
            """Energy that a bath at `r` receives from one at `other`."""
            return self.weak * T**5 * (annihilation * (other**9 - r**9) + scattering * (other * r) ** 4 * (other - r))

        one = np.ones_like(r_e)
        massless = _massless()
        exchange = weak(2.0 * 32.0 * massless[0], 2.0 * 56.0 * massless[1], r_e, r_mu)
        to_e = weak(plasma[3], plasma[4], r_e, one)
        to_mu = weak(2.0 * plasma[6], 2.0 * plasma[7], r_mu, one) + self._decays(log_t, y[2])[0]
        h = self._hubble(T, rho + rho_e + rho_mu)
        gamma = -(3.0 * w + (to_e + to_mu) / h) / slope
        nu_e = ((to_e + exchange) / h - 4.0 * rho_e) / (4.0 * rho_e)
        nu_mu = ((to_mu - exchange) / h - 3.0 * w_mu) / slope_mu
        return np.stack([gamma + 1.0, nu_e - gamma, nu_mu - gamma])

    def _chemical(self, log_t: Array, T: Array, y: Array, plasma: Array, rho: Array, w: Array, slope: Array) -> Array:
        r, eta = np.exp(y[1]), y[2]
        rho_nu, n, rho_eta, n_eta = degenerate(eta)
        w_nu, rho_t, n_t = 4.0 / 3.0 * rho_nu, 4.0 * rho_nu, 3.0 * n
        for kind in self.species:
            if kind.couples_to == "nu":
                # each boson counts as two neutrinos; at fixed eta the derivatives by ln T act on m/T alone
                own = [kind.dof * part for part in degenerate_boson(kind.mass * np.exp(-log_t) / r, 2.0 * eta)]
                rho_nu, w_nu, n = rho_nu + own[0], w_nu + own[1], n + 2.0 * own[2]
                rho_t, n_t = rho_t + own[3], n_t + 2.0 * own[4]
                rho_eta, n_eta = rho_eta + 2.0 * own[5], n_eta + 4.0 * own[6]
        annihilation, scattering, number = (plasma[i] + 2.0 * plasma[i + 3] for i in (3, 4, 5))
        energy, pairs = self._decays(log_t, y[1], eta)
        flow = -annihilation * np.expm1(9.0 * y[1] + 2.0 * eta) - scattering * r**4 * np.exp(eta) * np.expm1(y[1])
        h = self._hubble(T, rho + rho_nu * r**4)
        flow = (self.weak * T**5 * flow + energy) / h
        gain = (-self.weak * T**5 * number * np.expm1(8.0 * y[1] + 2.0 * eta) + 2.0 * pairs) / h
        gamma = -(3.0 * w + flow) / slope
        source, particles = flow / r**4 - 3.0 * w_nu, gain / r**3 - 3.0 * n
        determinant = rho_t * n_eta - rho_eta * n_t
        nu = (source * n_eta - particles * rho_eta) / determinant
        return np.stack([gamma + 1.0, nu - gamma, (particles * rho_t - source * n_t) / determinant])

    def densities(self, log_a: Array, y: Array) -> tuple[Array, Array, Array]:
        """Return rho and rho + p of all particles, and rho of the neutrinos and their species, in GeV^4."""
        log_t = np.log(_T_START) + y[0] - log_a
        T, x = np.exp(log_t), np.stack([np.exp(np.log(kind.mass)[:, None] - log_t) for kind in self.species] or [log_t])
        r_e, r = np.exp(y[1]), np.exp(y[2] if self.variant == "split" else y[1])
        eta = y[2] if self.variant == "chemical" else np.zeros_like(log_t)
        rho, w = _at(_plasma(), _LOG_T, log_t)[:2]
        # three flavours; in the variant "split" the first has its own temperature
        rho_nu = degenerate(eta)[0] * (2.0 * r**4 + r_e**4) / 3.0
        w_nu = 4.0 / 3.0 * rho_nu
        for kind, ratio in zip(self.species, x, strict=False):
            if kind.couples_to == "e":
                own = kind.dof[:, None] * np.stack(moments(ratio, kind.statistics)[:2])
                rho, w = rho + own[0], w + own[0] + own[1]
            elif self.variant == "chemical":
                own = kind.dof[:, None] * r**4 * np.stack(degenerate_boson(ratio / r, 2.0 * eta)[:2])
                rho_nu, w_nu = rho_nu + own[0], w_nu + own[1]
            else:
                own = kind.dof[:, None] * r**4 * np.stack(moments(ratio / r, kind.statistics)[:2])
                rho_nu, w_nu = rho_nu + own[0], w_nu + own[0] + own[1]
        return T**4 * (rho + rho_nu), T**4 * (w + w_nu), T**4 * rho_nu

    def n_eff(self, log_a: float, y: Array) -> Array:
        """Energy of the neutrinos and their species, over that of one flavour that decoupled instantaneously."""
        held = 1 if self.variant != "split" else 2
        relics = self._held(np.log(_T_START) + y[0] - log_a + y[held])[0] / _NEUTRINO
        if self.variant == "common":
            flavours = 3.0 + relics
        elif self.variant == "split":
            flavours = np.exp(4.0 * (y[1] - y[2])) + 2.0 + relics
        else:
            flavours = degenerate(y[2])[0] / _NEUTRINO + relics
        return (11.0 / 4.0) ** (4.0 / 3.0) * np.exp(4.0 * y[held]) * flavours


def _solve(baths: _Baths, steps: int = _STEPS) -> tuple[Array, Array]:
    """Return ln a and the unknowns along it, by the implicit Runge-Kutta method Radau IIA with fixed steps."""
    h, size = np.log(_T_START / _T_END) / steps, baths.size
    count = int(np.ceil(np.log(_T_START / min(_T_END, baths.lightest / _GONE)) / h))
    shift = np.zeros((size, size + 1, 1, 1))
    shift[:, 1:, 0, 0] = _DEPTH * np.eye(size)
    y, stages = np.zeros((size, baths.points)), np.zeros((size, 3, baths.points))
    path = [y]
    for step in range(count):
        log_a = (step + _STAGES[:, None]) * h
        moving = np.ones(baths.points, dtype=bool)
        for _ in range(20):
            # the rates, and their derivatives by each unknown
            rates = baths.rates(log_a, y[:, None, None] + stages[:, None] + shift)
            slopes = (rates[:, 1:] - rates[:, :1]) / _DEPTH
            residual = h * np.einsum("st,itp->pis", _RADAU, rates[:, 0]) - stages.transpose(2, 0, 1)
            matrix = -h * np.einsum("st,ijtp->pisjt", _RADAU, slopes).reshape(-1, 3 * size, 3 * size)
            change = np.linalg.solve(matrix + np.eye(3 * size), residual.reshape(-1, 3 * size, 1))
            # a point that has converged is not moved again, so that it does not depend on the others
            change = np.where(moving, change.reshape(-1, size, 3).transpose(1, 2, 0), 0.0)
            stages = stages + change
            moving &= ~(np.max(np.abs(change), axis=(0, 1)) < _CONVERGED)
            if not moving.any():
                break
        else:
            raise ParameterError("neutrino decoupling cannot be solved for these species")
        y = y + stages[:, 2]
        stages = np.einsum("st,itp->isp", _AHEAD, stages)
        path.append(y)
    return h * np.arange(count + 1), np.stack(path, axis=-1)


def _n_eff(species: Sequence[Species], variant: str, weak: float = 1.0, steps: int = _STEPS) -> Array:
    baths = _Baths(species, variant, weak)
    log_a, path = _solve(baths, steps)
    return baths.n_eff(log_a[-1], path[..., -1]).reshape(baths.shape)[()]


@cached
@read_only
def _standard_n_eff(variant: str) -> float:
    """N_eff of the Standard Model."""
    return float(_n_eff((), variant))


@public
def n_eff(species: Sequence[Species] = (), *, variant: str = "common", weak: float = 1.0, steps: int = _STEPS) -> Array:
    """Effective number of neutrinos.

    Parameters
    ----------
    species : sequence of Species
        Additional species; none for the Standard Model. Their arrays broadcast.
    variant : {"common", "split", "chemical"}
        How the neutrino bath is described: one temperature, two temperatures, or one temperature and a chemical potential.
    weak : float
        Factor on the weak rates, 0 to 100; at 0 the neutrinos are decoupled from the start.
    steps : int
        Number of steps in ln a from 20 MeV to 8 keV, 20 to 5000.

    Returns
    -------
    ndarray or float
        N_eff, which is ``(8/7)(11/4)^(4/3) rho_nu/rho_gamma`` after electrons and species have disappeared.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    The method is that of arXiv:1812.05605 and arXiv:2001.04466: ``d rho_gamma/dt = -3 H (rho + p)_gamma - Q`` and
    ``d rho_nu/dt = -3 H (rho + p)_nu + Q`` with
    ``Q = G_F^2/pi^5 Sum 4 (g_L^2 + g_R^2) [32 f_a (T_g^9 - T_nu^9) + 56 f_s T_g^4 T_nu^4 (T_g - T_nu)]``.
    The factors f_a and f_s are those of `collision_factors`, with the electron mass.
    The plasma includes QED corrections of order e^2 and e^3.
    The logarithms of a T_gamma and T_nu/T_gamma are integrated by the method Radau IIA.
    The default step gives N_eff to 1e-7 for the Standard Model, and to 2e-5 for a Z'.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> f"{neutrinos.n_eff():.4f} {neutrinos.n_eff(variant='split'):.4f}"
    '3.0453 3.0444'
    >>> f"{neutrinos.n_eff([neutrinos.Species(0.005, 2), neutrinos.Species(0.010, 3)]):.3f}"
    '4.103'
    """
    weak, steps = single("weak", weak, 0.0, 100.0), whole("steps", steps, 20, 5000)
    if isinstance(species, tuple | list) and not species and (weak, steps) == (1.0, _STEPS):
        return np.float64(_standard_n_eff(choice("variant", variant, tuple(BATHS.values()))))
    return _n_eff(species, variant, weak, steps)


@public
def n_eff_with(
    mass: npt.ArrayLike,
    dof: npt.ArrayLike,
    statistics: str = "boson",
    couples_to: str = "nu",
    *,
    variant: str = "common",
) -> Array:
    """Effective number of neutrinos with one species in thermal equilibrium.

    Parameters
    ----------
    mass : array_like
        Mass in GeV, 1e-5 to 1e3.
    dof : array_like
        Number of states, 0 to 100.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.
    couples_to : {"nu", "e"}
        The bath with which the species is in equilibrium: neutrinos, or electrons and photons.
    variant : {"common", "split", "chemical"}
        As in `n_eff`.

    Returns
    -------
    ndarray or float
        N_eff.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> print(neutrinos.n_eff_with([0.003, 0.005, 0.020], 2).round(3))
    [4.147 3.757 3.062]
    """
    return _n_eff([Species(mass, dof, statistics, couples_to)], variant)


@public
def coupling_min(m_zp: npt.ArrayLike) -> Array:
    """Coupling above which inverse decays keep the Z' in equilibrium with the neutrinos.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-5 to 1e3.

    Returns
    -------
    ndarray or float
        g_X at which the width into neutrinos, times m_Z'/T, is ten times the expansion rate. The temperature is m_Z' or 3 MeV,
        where the neutrinos decouple, whichever is higher.

    Raises
    ------
    ParameterError
        If the mass is out of range or not finite.

    Notes
    -----
    Gamma(Z' -> nu nubar) = g_X^2 m_Z'/(12 pi).
    Above this coupling the calculation assumes equilibrium.
    Below it the Z' does not reach its equilibrium density, and N_eff is smaller.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> f"{neutrinos.coupling_min(0.010):.1e}"
    '1.3e-09'
    """
    m = checked("m_zp", m_zp, 1e-5, 1e3, "GeV")
    T = np.maximum(m, _T_DECOUPLED)
    return np.sqrt(_EQUILIBRIUM * hubble(T) * (T / m) * 12.0 * np.pi / m)[()]


@public
def z_prime(m_zp: npt.ArrayLike, g_x: npt.ArrayLike, kinetic_mixing: bool = True) -> Species:
    """Return the Z' as a species in equilibrium with the neutrinos.

    Parameters
    ----------
    m_zp : array_like
        Mass in GeV, 1e-5 to 1e3.
    g_x : array_like
        Gauge coupling, `coupling_min` to 1.
    kinetic_mixing : bool
        Whether the Z' decays to electrons (and, above threshold, to other charged leptons).

    Returns
    -------
    Species
        With three states and the width into charged leptons.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the coupling is too small for equilibrium.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> f"{neutrinos.z_prime(0.010, 5e-4).width_e:.2e}"
    '1.27e-15'
    """
    least = coupling_min(m_zp)
    m, g, least = np.broadcast_arrays(checked("m_zp", m_zp), checked("g_x", g_x, 0.0, 1.0, open_low=True), least)
    weak = g < least
    if weak.any():
        raise ParameterError(
            f"g_x = {float(g[weak][0]):g} is outside its range [{float(least[weak][0]):.2g}, 1]: "
            f"a Z' of {float(m[weak][0]):g} GeV is not in equilibrium with the neutrinos"
        )
    sector = DarkSector(m_zp=m, g_x=g, _reason="")
    width = gamma_zp_to_leptons(sector) if switch("kinetic_mixing", kinetic_mixing) else 0.0
    return Species(m, 3, width_e=width)


@public
def delta_n_eff_zp(m_zp: npt.ArrayLike, g_x: npt.ArrayLike, kinetic_mixing: bool = True, *, variant: str = "common") -> Array:
    """Contribution of the Z' to the effective number of neutrinos.

    Parameters
    ----------
    m_zp : array_like
        Mass in GeV, 1e-5 to 1e3.
    g_x : array_like
        Gauge coupling, `coupling_min` to 1.
    kinetic_mixing : bool
        Whether decays and inverse decays to electrons exchange energy between the baths.
    variant : {"common", "split", "chemical"}
        As in `n_eff`. ``"chemical"`` is right where only decays change the number of Z' and neutrinos (g_X below about 3e-5).
        The other two are right where nu nubar <-> Z' Z' is fast (g_X above about 3e-4). Below 3 MeV oscillations favour
        ``"common"``.

    Returns
    -------
    ndarray or float
        N_eff minus the value of the Standard Model in the same variant.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the coupling is too small for equilibrium.

    Notes
    -----
    As in arXiv:1901.02010 and arXiv:2001.04466, the Z' has the temperature of the neutrinos, and receives energy from electrons
    at the rate ``3 m Gamma_e r [n(T_gamma) - n(T_nu)]``.
    Here n is the Maxwell-Boltzmann density of one state.
    The factor r is the effect of Bose enhancement and Pauli blocking on the linear response; it is 1 for m far above T.
    Gamma_e is the width with `kinetic_mixing.epsilon` at q2 = m^2.
    The exchange of a virtual Z' between neutrinos and electrons is not included; it changes the result by less than 1e-3 at the
    benchmarks.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> f"{neutrinos.delta_n_eff_zp(0.010, 5e-4, False):.3f} {neutrinos.delta_n_eff_zp(0.010, 5e-4):.3f}"
    '0.315 0.644'
    """
    return _n_eff([z_prime(m_zp, g_x, kinetic_mixing)], variant) - _standard_n_eff(variant)


@public
def mass_for(delta_n_eff: npt.ArrayLike, g_x: npt.ArrayLike, kinetic_mixing: bool = True, *, variant: str = "common") -> Array:
    """Mass at which the Z' contributes a given amount to the effective number of neutrinos.

    Parameters
    ----------
    delta_n_eff : array_like
        Contribution, 0.01 to 2.
    g_x : array_like
        Gauge coupling, 1e-7 to 1.
    kinetic_mixing : bool
        As in `delta_n_eff_zp`.
    variant : {"common", "split", "chemical"}
        As in `n_eff`.

    Returns
    -------
    ndarray or float
        m_Z' in GeV; a lighter Z' contributes more.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    The mass is found by a scan of 24 masses and two Newton steps in the logarithms; it is good to 1e-5.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> print((1e3 * neutrinos.mass_for(0.3, [1e-5, 5e-4])).round(1))
    [ 9.9 14. ]
    """
    level, g = checked("delta_n_eff", delta_n_eff, 0.01, 2.0), checked("g_x", g_x, 1e-7, 1.0)
    shape = together(delta_n_eff=level, g_x=g)
    column = _MASSES.reshape(-1, *(1,) * len(shape))
    mass = first_crossing(_MASSES, delta_n_eff_zp(column, g, kinetic_mixing, variant=variant) / level, 1.0)
    for _ in range(2):
        pair = delta_n_eff_zp(np.stack([mass, _NEAR * mass]), g, kinetic_mixing, variant=variant)
        mass = mass * (level / pair[0]) ** (np.log(_NEAR) / np.log(pair[1] / pair[0]))
    return mass


@public
def history(species: Sequence[Species] = (), *, variant: str = "common") -> History:
    """Compute the temperatures and the expansion rate during neutrino decoupling.

    Parameters
    ----------
    species : sequence of Species
        Additional species; none for the Standard Model. Their arrays broadcast.
    variant : {"common", "split", "chemical"}
        As in `n_eff`.

    Returns
    -------
    History
        Temperatures, energy density and expansion rate as functions of ln a, along the last axis.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    The energy densities are integrals at each temperature, not the tables from which the equations of motion are solved.
    One flavour that decoupled in an instant has the temperature ``T [s_e,gamma(T)/(11/4 s_gamma(T))]^(1/3)`` with the entropy
    densities of ideal gases, which goes from T_gamma to ``(4/11)^(1/3) T_gamma``.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> history = neutrinos.history([neutrinos.z_prime(0.010, 5e-4)])
    >>> f"{history.n_eff:.3f}"
    '3.689'
    """
    baths = _Baths(species, variant)
    log_a, path = _solve(baths)
    value = baths.n_eff(log_a[-1], path[..., -1]).reshape(baths.shape)
    shape = (*baths.shape, len(log_a))
    rho, w, rho_nu = (part.reshape(shape) for part in baths.densities(log_a, path))
    path = path.reshape(baths.size, *shape)
    t_gamma = _T_START * np.exp(path[0] - log_a)
    t_nu_e = t_gamma * np.exp(path[1])
    t_nu = t_gamma * np.exp(path[2]) if variant == "split" else t_nu_e
    eta = path[2] if variant == "chemical" else np.zeros_like(t_nu)
    electrons = moments(natural("m_e") / t_gamma, "fermion")
    entropy = 1.0 + 45.0 / np.pi**2 * (electrons[0] + electrons[1])  # over that of photons
    relative = rho_nu / (_NEUTRINO * t_gamma**4 * (4.0 / 11.0 * entropy) ** (4.0 / 3.0))
    return History(log_a, t_gamma, t_nu, t_nu_e, eta, rho, w - rho, baths.gravity * np.sqrt(rho), relative, value[()])


@public
def hubble_shift(delta_n_eff: npt.ArrayLike) -> Array:
    """Shift of the Hubble constant that is inferred from the cosmic microwave background.

    Parameters
    ----------
    delta_n_eff : array_like
        Change of N_eff, -3 to 3.

    Returns
    -------
    ndarray or float
        Change of H_0 in km/s/Mpc: 6.5 +- 0.5 per unit of N_eff, the slope of the degeneracy in the fits of Planck 2018.

    Raises
    ------
    ParameterError
        If a change is out of range or not finite.

    Notes
    -----
    The slope is that of Planck 2018, arXiv:1807.06209 section 7.5.2.
    It holds for small changes; the fit to the data becomes worse along the degeneracy.

    Examples
    --------
    >>> from darkhiggs import neutrinos
    >>> f"{neutrinos.hubble_shift(0.5):.2f}"
    '3.25'
    """
    return 100.0 * natural("dh/dN_eff", "1") * checked("delta_n_eff", delta_n_eff, -3.0, 3.0)
