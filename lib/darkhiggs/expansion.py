"""Expansion of the universe with a Z', from the decoupling of the neutrinos to recombination.

Above a few MeV to keV the energy densities are those of `neutrinos.history`; below, the radiation is given by N_eff.
A Z' that is so light and so weakly coupled that it meets the neutrinos only after they decoupled has its own equations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, legendre, single, together, whole
from ._gases import degenerate, degenerate_boson
from ._owned import Owned
from ._public import public
from .errors import ParameterError
from .inputs import cached, natural
from .neutrinos import Species, history, n_eff
from .units import convert

__all__ = [
    "LateHistory",
    "angular_scale",
    "departure",
    "equality",
    "hubble",
    "hubble_constant",
    "late_history",
    "late_shift",
    "sound_horizon",
]

_FLAVOUR = 7.0 / 8.0 * (4.0 / 11.0) ** (4.0 / 3.0)  # rho of one flavour that decoupled in an instant, over that of photons
_PHOTON = np.pi**2 / 15.0
_X_START, _X_END = 0.03, 1e3  # m_Z'/T_gamma
_POINTS = 161
_LEFT = 1e-7  # energy of the Z' over that of the neutrinos at which it counts as decayed


@dataclass(frozen=True, eq=False, repr=False)
class LateHistory(Owned):
    """Energies and expansion with a Z' that meets the neutrinos after they decoupled.

    Parameters
    ----------
    t_gamma : ndarray
        Temperature of the photons in GeV; it falls along the array.
    t_nu : ndarray
        Temperature of the neutrinos in GeV.
    rho_nu, rho_zp : ndarray
        Energy densities of all neutrinos and of the Z' in GeV^4.
    hubble : ndarray
        Expansion rate H in GeV, without matter and dark energy.
    n_eff_at : ndarray
        Energy density of neutrinos and Z', over that of one flavour that decoupled in an instant.
    n_eff : float
        Effective number of neutrinos at the end.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> run = expansion.late_history(1e-7, 1e-11)
    >>> print(run.n_eff_at[[0, -1]].round(2))
    [3.05 3.29]
    """

    t_gamma: Array
    t_nu: Array
    rho_nu: Array
    rho_zp: Array
    hubble: Array
    n_eff_at: Array
    n_eff: Array


def _gravity() -> float:
    """Return H/rho^(1/2) in GeV^-1."""
    return float(np.sqrt(8.0 * np.pi / 3.0) / natural("M_Pl"))


def _hundred() -> float:
    """Return 100 km/s/Mpc in GeV."""
    return float(convert(100.0, "km/s/Mpc", "GeV"))


def _photons_today() -> float:
    """Return omega = Omega h^2 of the photons today."""
    return float(_PHOTON * natural("T_CMB") ** 4 * (_gravity() / _hundred()) ** 2)


def _matter() -> float:
    """Return omega = Omega h^2 of baryons and dark matter."""
    return float(natural("omega_b", "1") + natural("omega_c", "1"))


@public
def hubble(T: npt.ArrayLike, n_eff: npt.ArrayLike) -> Array:
    """Expansion rate after the electrons annihilated, with radiation and matter.

    Parameters
    ----------
    T : array_like
        Temperature of the photons in GeV, 1e-12 to 5e-5.
    n_eff : array_like
        Effective number of neutrinos, 0 to 10.

    Returns
    -------
    ndarray or float
        H in GeV.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    ``H^2 = (8 pi/3 M_Pl^2) [rho_gamma (1 + 7/8 (4/11)^(4/3) N_eff) + rho_m]``; the density of matter is that of Planck 2018.
    Dark energy and the masses of the neutrinos are left out, which matters below redshifts of some hundred.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{expansion.hubble(2.56e-10, 3.045):.2e}"
    '3.33e-38'
    """
    T, n = checked("T", T, 1e-12, 5e-5, "GeV"), checked("n_eff", n_eff, 0.0, 10.0)
    together(T=T, n_eff=n)
    matter = _matter() / _photons_today() * natural("T_CMB") / T
    return (_gravity() * np.sqrt(_PHOTON * (1.0 + _FLAVOUR * n + matter)) * T**2)[()]


@public
def departure(T: npt.ArrayLike, species: Sequence[Species], *, variant: str = "common") -> Array:
    """Relative departure of the expansion rate from that of LambdaCDM at the same temperature of the photons.

    Parameters
    ----------
    T : array_like
        Temperature of the photons in GeV, 1e-11 to 0.018.
    species : sequence of Species
        Species in equilibrium with neutrinos or electrons; one mass and coupling each.
    variant : {"common", "split", "chemical"}
        As in `neutrinos.n_eff`.

    Returns
    -------
    ndarray or float
        H/H_LambdaCDM - 1.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if a species has more than one mass.

    Notes
    -----
    H of both is that of `neutrinos.history`, interpolated by cubic splines in ln T, and of N_eff below its last temperature,
    8 keV.
    Both have the matter of Planck 2018.

    Examples
    --------
    >>> from darkhiggs import expansion, neutrinos
    >>> z_prime = [neutrinos.z_prime(0.010, 5e-4)]
    >>> print((100.0 * expansion.departure([0.01, 1e-5, 2.56e-10], z_prime)).round(1))
    [11.7  4.2  1. ]
    """
    from scipy.interpolate import CubicSpline  # type: ignore[import-untyped]

    T = checked("T", T, 1e-11, 0.018, "GeV")
    matter = _matter() / _photons_today() * natural("T_CMB") / T
    parts = []
    for kinds in (species, ()):
        past = history(kinds, variant=variant)
        if past.t_gamma.ndim > 1:
            raise ParameterError(f"species has shape {past.t_gamma.shape[:-1]}; give one mass and coupling")
        # rho/T^4 is constant after the end of the history
        fit = CubicSpline(np.log(past.t_gamma[::-1]), (past.rho / past.t_gamma**4)[::-1])
        parts.append(fit(np.log(np.maximum(T, past.t_gamma[-1]))) + _PHOTON * matter)
    return (np.sqrt(parts[0] / parts[1]) - 1.0)[()]


@public
def equality(n_eff: npt.ArrayLike) -> Array:
    """Redshift at which matter and radiation have the same energy density.

    Parameters
    ----------
    n_eff : array_like
        Effective number of neutrinos, 0 to 10.

    Returns
    -------
    ndarray or float
        z_eq, with the density of matter of Planck 2018.

    Raises
    ------
    ParameterError
        If n_eff is out of range or not finite.

    Notes
    -----
    ``1 + z_eq = (omega_b + omega_c)/omega_gamma/(1 + 7/8 (4/11)^(4/3) N_eff)``.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{expansion.equality(3.045):.0f}"
    '3402'
    """
    n = checked("n_eff", n_eff, 0.0, 10.0)
    return (_matter() / _photons_today() / (1.0 + _FLAVOUR * n) - 1.0)[()]


def _horizon(z: Array, n: Array, matter: Array) -> Array:
    """Comoving sound horizon at redshift z, times 100 km/s/Mpc."""
    light = _photons_today()
    nodes, weights = legendre(48)
    # a = a_z t^2
    a = nodes**2 / (1.0 + z[..., None])
    loading = 0.75 * natural("omega_b", "1") / light * a  # R = 3 rho_b/(4 rho_gamma)
    rate = np.sqrt(light * (1.0 + _FLAVOUR * n[..., None]) + matter[..., None] * a)
    # da/(a^2 H) = da/(100 km/s/Mpc)/rate
    value: Array = np.sum(2.0 * nodes * weights / np.sqrt(3.0 * (1.0 + loading)) / rate, axis=-1) / (1.0 + z)
    return value


def _distance(z: Array, n: Array, matter: Array, h: Array) -> Array:
    """Comoving distance to redshift z in a flat universe, times 100 km/s/Mpc."""
    radiation = _photons_today() * (1.0 + _FLAVOUR * n[..., None])
    nodes, weights = legendre(48)
    # a from 1 down to a_z; a = s^2, where matter alone has a constant integrand
    low = 1.0 / np.sqrt(1.0 + z[..., None])
    root = low + (1.0 - low) * nodes
    a, m = root**2, matter[..., None]
    rate = np.sqrt(radiation + m * a + (h[..., None] ** 2 - m - radiation) * a**4)
    value: Array = np.sum((1.0 - low) * weights * 2.0 * root / rate, axis=-1)
    return value


@public
def sound_horizon(z: npt.ArrayLike, n_eff: npt.ArrayLike) -> Array:
    """Comoving distance that sound has travelled in the plasma of photons and baryons until a redshift.

    Parameters
    ----------
    z : array_like
        Redshift, 100 to 1e7.
    n_eff : array_like
        Effective number of neutrinos, 0 to 10.

    Returns
    -------
    ndarray or float
        r_s in Mpc, with the densities of baryons and matter of Planck 2018.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    ``r_s = Int_z^infinity c_s dz/H`` with the speed of sound ``c_s = [3(1+R)]^(-1/2)`` and ``R = 3 rho_b/(4 rho_gamma)``.
    N_eff is constant over the time that matters: a history before the redshift 1e7 changes r_s by less than 1e-4.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{expansion.sound_horizon(1089.92, 3.045):.1f}"
    '144.4'
    """
    z, n = checked("z", z, 100.0, 1e7), checked("n_eff", n_eff, 0.0, 10.0)
    together(z=z, n_eff=n)
    z, n, matter = np.broadcast_arrays(z, n, _matter())
    return convert(_horizon(z, n, matter) / _hundred(), "GeV^-1", "Mpc")[()]


@public
def angular_scale(n_eff: npt.ArrayLike, h: npt.ArrayLike) -> Array:
    """Angle under which the sound horizon at recombination is seen.

    Parameters
    ----------
    n_eff : array_like
        Effective number of neutrinos, 0 to 10.
    h : array_like
        Hubble constant over 100 km/s/Mpc, 0.4 to 1.5.

    Returns
    -------
    ndarray or float
        theta_* in radians: the sound horizon over the comoving distance, in a flat universe with the densities of Planck 2018.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or if the shapes do not broadcast.

    Notes
    -----
    The redshift of recombination is that of Planck 2018.
    Neutrinos have no mass; a mass of 0.06 eV of one of them makes the angle 0.15 % larger.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{100.0 * expansion.angular_scale(3.045, 0.674):.2f}"
    '1.04'
    """
    n, h = checked("n_eff", n_eff, 0.0, 10.0), checked("h", h, 0.4, 1.5)
    together(n_eff=n, h=h)
    n, h, z, matter = np.broadcast_arrays(n, h, natural("z_star", "1"), _matter())
    return (_horizon(z, n, matter) / _distance(z, n, matter, h))[()]


@public
def hubble_constant(n_eff: npt.ArrayLike, keep: str = "matter") -> Array:
    """Hubble constant at which the sound horizon keeps its angle.

    Parameters
    ----------
    n_eff : array_like
        Effective number of neutrinos, 1 to 6.
    keep : {"matter", "equality"}
        What stays as it is: the density of dark matter, or the redshift at which matter and radiation are equal.

    Returns
    -------
    ndarray or float
        H_0 in km/s/Mpc; the input ``h.planck`` for N_eff of the Standard Model.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    This is the first step of a fit to the microwave background, which measures the angle best.
    The density of baryons and the redshift of recombination are kept.
    The full fit, which also sees the heights of the peaks and the damping, lies between the two.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> print(expansion.hubble_constant(3.545).round(1), expansion.hubble_constant(3.545, "equality").round(1))
    73.2 69.6
    """
    choice("keep", keep, ("matter", "equality"))
    n = checked("n_eff", n_eff, 1.0, 6.0)
    here = np.asarray(_standard())
    matter = _matter() * ((1.0 + _FLAVOUR * n) / (1.0 + _FLAVOUR * here) if keep == "equality" else np.ones_like(n))
    z, h = (np.full_like(n, natural(name, "1")) for name in ("z_star", "h.planck"))
    angle = angular_scale(here, natural("h.planck", "1"))
    wanted = _horizon(z, n, matter) / angle
    for _ in range(8):
        # Newton steps in ln h; the distance falls about as h^-0.2
        value, ahead = _distance(z, n, matter, h), _distance(z, n, matter, 1.0001 * h)
        h = h * np.exp(np.log(wanted / value) * np.log(1.0001) / np.log(ahead / value))
    return (100.0 * h)[()]


@cached
def _standard() -> float:
    """N_eff of the Standard Model."""
    return float(n_eff())


def _rates(mass: float, width: float, dof: float, t_nu: float, eta: float, t_zp: float, zeta: float) -> tuple[float, float]:
    """Return number and energy that inverse decays bring minus those that decays take, per volume and time."""
    from scipy.special import kve  # type: ignore[import-untyped]

    size = dof * width * mass**2 / (2.0 * np.pi**2)
    here, there = (t * np.exp(mu - mass / t) * kve([1, 2], mass / t) for t, mu in ((t_nu, 2.0 * eta), (t_zp, zeta)))
    number, energy = here - there
    return float(size * number), float(size * mass * energy)


def _late(mass: float, width: float, dof: float, flavours: float) -> tuple[Array, Array]:
    """Return T_gamma in GeV, and along it ln(T_nu/T_gamma), mu_nu/T_nu, ln(T_Z'/T_gamma) and mu_Z'/T_Z'."""
    from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

    standard, gravity = _standard(), _gravity()
    ratio = (standard / 3.0) ** 0.25 * (4.0 / 11.0) ** (1.0 / 3.0)
    apart = 1.0 + _FLAVOUR * standard * (1.0 - flavours / 3.0)  # photons, and neutrinos without the Z', over photons

    def energies(y: Array, t: float) -> tuple[tuple[Array, ...], tuple[Array, ...], float, float]:
        r_nu, r_zp = np.exp(y[0]), np.exp(y[2])
        nu = tuple(flavours / 3.0 * part for part in degenerate(y[1]))
        zp = tuple(dof * part for part in degenerate_boson(np.asarray(mass / (t * r_zp)), y[3]))
        return nu, zp, float(r_nu), float(r_zp)

    def slope(log_a: float, y: Array) -> Array:
        t = mass / _X_START * np.exp(-log_a)
        nu, zp, r_nu, r_zp = energies(y, t)
        h = gravity * t**2 * np.sqrt(_PHOTON * apart + nu[0] * r_nu**4 + zp[0] * r_zp**4)
        number, energy = _rates(mass, width, dof, t * r_nu, y[1], t * r_zp, y[3])
        out = []
        terms = (
            (t * r_nu, 4.0 / 3.0 * nu[0], nu[1], 4.0 * nu[0], nu[2], 3.0 * nu[1], nu[3], -energy, -2.0 * number),
            (t * r_zp, zp[1], zp[2], zp[3], zp[5], zp[4], zp[6], energy, number),
        )
        for own, w, n, rho_t, rho_eta, n_t, n_eta, more, pairs in terms:
            source, particles = more / (h * own**4) - 3.0 * w, pairs / (h * own**3) - 3.0 * n
            determinant = rho_t * n_eta - rho_eta * n_t
            out += [(source * n_eta - particles * rho_eta) / determinant + 1.0]
            out += [(particles * rho_t - source * n_t) / determinant]
        return np.array(out)

    def left(log_a: float, y: Array) -> float:
        nu, zp, r_nu, r_zp = energies(y, mass / _X_START * np.exp(-log_a))
        return float(zp[0] * r_zp**4 / (nu[0] * r_nu**4)) - _LEFT if log_a > -np.log(_X_START) else 1.0

    left.terminal = True  # type: ignore[attr-defined]
    # inverse decays alone: n = S/(3H), and a mean energy of 2 T_nu instead of 3 T
    t = mass / _X_START
    h = gravity * t**2 * np.sqrt(_PHOTON * (1.0 + _FLAVOUR * standard))
    own = 2.0 / 3.0 * t * ratio
    number, energy = (part / (3.0 * h) for part in _rates(mass, width, dof, t * ratio, 0.0, own, -700.0))
    zeta = np.log(number * np.pi**2 / (dof * own**3))
    # the neutrinos gave this energy, and two of them for each Z'
    rho, n, rho_eta, n_eta = (flavours / 3.0 * part for part in degenerate(np.asarray(0.0)))
    given = [-energy / (t * ratio) ** 4, -2.0 * number / (t * ratio) ** 3]
    shift, eta = np.linalg.solve(np.array([[4.0 * rho, rho_eta], [3.0 * n, n_eta]]), given)
    start = np.array([np.log(ratio) + shift, eta, np.log(own / t), zeta])
    span = np.log(_X_END / _X_START)
    run = solve_ivp(
        slope, (0.0, span), start, method="LSODA", rtol=1e-8, atol=1e-10, events=left, t_eval=np.linspace(0.0, span, _POINTS)
    )
    if not run.t_events[0].size:
        raise ParameterError("the Z' has not decayed when its mass is a thousand times the temperature")
    log_a = np.append(run.t, run.t_events[0])
    return mass / _X_START * np.exp(-log_a), np.column_stack([run.y, run.y_events[0].T])


@public
def late_history(m_zp: float, g_x: float, flavours: int = 3) -> LateHistory:
    """Compute energies and expansion with a Z' that meets the neutrinos after they decoupled.

    Parameters
    ----------
    m_zp : float
        Mass in GeV, 1e-8 to 1e-6.
    g_x : float
        Gauge coupling, 1e-14 to 1e-9; the width over H at the temperature m_Z' is to lie between 0.01 and 1000.
    flavours : int
        Flavours that share the energy: 3 if they oscillate, 2 for nu_mu and nu_tau alone.

    Returns
    -------
    LateHistory
        From a temperature of the photons of 33 m_Z' until the Z' has decayed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The method is that of arXiv:2001.04466 section 5: neutrinos and Z' have a temperature and a chemical potential each, and
    exchange ``dn/dt = g m^2 Gamma/(2 pi^2) [T_nu exp(2 mu_nu/T_nu) K_1(m/T_nu) - T_Z' exp(mu_Z'/T_Z') K_1(m/T_Z')]`` and the
    same with m K_2 for the energy.
    The densities have quantum statistics, the rates do not.
    At the start there are no Z'.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{expansion.late_history(1e-7, 1e-11).n_eff:.2f}"
    '3.29'
    """
    m, g = single("m_zp", m_zp, 1e-8, 1e-6, "GeV"), single("g_x", g_x, 1e-14, 1e-9)
    share = whole("flavours", flavours, 2, 3)
    width = g**2 * m / (12.0 * np.pi)
    standard = _standard()
    rate = width / (_gravity() * m**2 * np.sqrt(_PHOTON * (1.0 + _FLAVOUR * standard)))
    if not 0.01 <= rate <= 1000.0:
        words = "is its width over the expansion rate at the temperature m_Z'; the range is [0.01, 1000]"
        raise ParameterError(f"g_x = {g:g} is too far from equilibrium or too deep in it: {rate:.2g} {words}")
    t, y = _late(m, width, 3.0, share)
    rho_nu = t**4 * (
        share / 3.0 * degenerate(y[1])[0] * np.exp(4.0 * y[0]) + _PHOTON * _FLAVOUR * standard * (1.0 - share / 3.0)
    )
    rho_zp = 3.0 * (t * np.exp(y[2])) ** 4 * degenerate_boson(m / (t * np.exp(y[2])), y[3])[0]
    total = (rho_nu + rho_zp) / (_PHOTON * _FLAVOUR * t**4)
    rate_of_expansion = _gravity() * np.sqrt(_PHOTON * t**4 + rho_nu + rho_zp)
    return LateHistory(t, t * np.exp(y[0]), rho_nu, rho_zp, rate_of_expansion, total, total[-1])


@public
def late_shift(dof: float = 3, flavours: int = 3) -> float:
    """Contribution to N_eff of a boson that reaches equilibrium with the neutrinos after they decoupled, and then decays.

    Parameters
    ----------
    dof : float
        Number of states of the boson, 0 to 100; 3 for a Z'.
    flavours : int
        Flavours that share the energy: 3 if they oscillate, 2 for nu_mu and nu_tau alone.

    Returns
    -------
    float
        Change of N_eff; it depends on neither the mass nor the coupling.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    Equilibrium sets in while the boson is relativistic, at fixed energy and fixed number of neutrinos plus twice that of
    bosons.
    It holds until the bosons are gone, at fixed entropy and fixed number.

    Examples
    --------
    >>> from darkhiggs import expansion
    >>> f"{expansion.late_shift():.3f} {expansion.late_shift(1):.3f}"
    '0.246 0.118'
    """
    from scipy.optimize import root  # type: ignore[import-untyped]

    g, share = single("dof", dof, 0.0, 100.0), whole("flavours", flavours, 2, 3)

    def bath(x: Array, bosons: float) -> Array:
        """Energy, entropy and number at the temperature exp(x[0]) and the chemical potential x[1] of the neutrinos."""
        rho, n, *_ = (share / 3.0 * part for part in degenerate(np.asarray(x[1])))
        more, w, pairs, *_ = (bosons * part for part in degenerate_boson(np.asarray(0.0), np.asarray(2.0 * x[1])))
        entropy = 4.0 / 3.0 * rho + w - x[1] * (n + 2.0 * pairs)
        return np.exp(x[0] * np.array([4.0, 3.0, 3.0])) * np.array([rho + more, entropy, n + 2.0 * pairs])

    before = bath(np.zeros(2), 0.0)
    mixed = root(lambda x: (bath(x, g) / before - 1.0)[[0, 2]], [-0.05, -0.3], tol=1e-12).x
    full = bath(mixed, g)
    after = root(lambda x: (bath(x, 0.0) / full - 1.0)[1:], [0.05, -0.1], tol=1e-12).x
    gain = bath(after, 0.0)[0] / before[0]
    return float(_standard() * share / 3.0 * (gain - 1.0))
