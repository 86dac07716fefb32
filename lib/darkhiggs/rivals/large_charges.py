"""Dark matter with a large L_mu - L_tau charge, arXiv:2011.03165: a Dirac fermion chi or a complex scalar X.

The Z' of the muon g-2 couples to the dark matter with the charge Q, and Q is what the relic density fixes.
Below m_Z' a pair annihilates to two neutrinos through the Z', above it mostly to two Z', each of which decays to two neutrinos.
The first makes a line of neutrinos with the energy m, the second a broad spectrum.
Nothing here changes flavour: there is no b -> s.
"""

import numpy as np
import numpy.typing as npt

from .. import annihilation, cmb, relic
from .._arrays import Array, checked, choice, together
from .._public import public
from ..inputs import natural
from ..limits import curve, projection
from ..model import DarkSector
from ..widths import br_zp_invisible

__all__ = [
    "EXPERIMENTS",
    "PARTICLES",
    "charge_for",
    "charge_max",
    "charge_perturbative",
    "dn_de",
    "electron_share",
    "over_cmb",
    "sigma_v",
    "sigma_v_max",
    "speed_today",
]

#: The complex scalar and the Dirac fermion, as in `relic.omega_h2_z_prime`.
PARTICLES = ("X", "chi")
#: Searches for the neutrinos: published limits, and the reach of two future detectors.
EXPERIMENTS = ("SuperK", "KamLAND", "HyperK", "JUNO")
_CHANNELS = ("nunu", "leptons", "zpzp")
_M_LOW, _M_HIGH = 1e-4, 1e3
# charge at which the search starts, steps, limits of d ln(Omega)/d ln(Q), convergence in ln(Omega), and the least step in ln(Q)
# from which a slope is taken
_START, _STEPS, _STEEP, _FLAT, _CLOSE, _MOVED = 10.0, 40, -4.0, -0.15, 1e-9, 1e-7
_Q_MAX = 1e4
_ENERGIES = 400
# neutrinos within this fraction of an energy count as a line there
_WINDOW = 0.1
# mean share of the energy of a muon that its electron takes
_MUON = 7.0 / 20.0
_CMB = 1e-3


def _masses(mass: npt.ArrayLike, m_zp: npt.ArrayLike) -> tuple[Array, Array]:
    return checked("mass", mass, _M_LOW, _M_HIGH, "GeV"), checked("m_zp", m_zp, _M_LOW, _M_HIGH, "GeV")


def _coupling(g_x: npt.ArrayLike) -> Array:
    return checked("g_x", g_x, 1e-12, 1.0)


def speed_today() -> float:
    """Relative speed of two particles in the halo near the Sun.

    Returns
    -------
    float
        Root of the mean square, in units of the speed of light.

    Notes
    -----
    ``sqrt(3) v_0`` for a Maxwell distribution with the circular speed v_0: its mean square speed is ``3 v_0^2/2``, and that of
    the difference of two velocities twice as large.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> f"{large_charges.speed_today():.2e}"
    '1.38e-03'
    """
    return float(np.sqrt(3.0) * natural("halo.circular", "1"))


@public
def sigma_v(
    mass: npt.ArrayLike,
    m_zp: npt.ArrayLike,
    g_x: npt.ArrayLike,
    charge: npt.ArrayLike,
    v_rel: npt.ArrayLike | None = None,
    channel: str | None = None,
    particle: str = "chi",
) -> Array:
    """Cross-section of the annihilation of a pair, times the relative velocity.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-4 to 1000.
    g_x : array_like
        Gauge coupling, 1e-12 to 1.
    charge : array_like
        Charge Q, -1e4 to 1e4.
    v_rel : array_like, optional
        Relative velocity, 0 to 1.9; by default `speed_today`.
    channel : {"nunu", "leptons", "zpzp"}, optional
        By default their sum.
    particle : {"chi", "X"}
        Dirac fermion or complex scalar.

    Returns
    -------
    ndarray or float
        In GeV^-2, for one particle and one antiparticle.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the channel or the particle unknown.

    Notes
    -----
    The amplitudes are those of `annihilation`, without a dark Higgs.
    With ``r = m_Z'^2/m^2``, ``D = 4 m^2 - m_Z'^2`` and at rest they give

    * chi to neutrinos: ``g^4 Q^2 m^2/(pi D^2)``, to Z'Z': ``g^4 Q^4 (1 - r)^(3/2)/(16 pi m^2 (1 - r/2)^2)``;
    * X to neutrinos: ``g^4 Q^2 m^2 v^2/(6 pi D^2)``, to Z'Z': ``g^4 Q^4 sqrt(1 - r) (2 + r^2/(2 - r)^2)/(16 pi m^2)``.

    Neutrinos from X are a p wave, the other three are s waves.
    Without its condensate the Z' mass is one of Stueckelberg; the dark Higgs of a Higgs mechanism is taken as heavy.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import large_charges
    >>> value = large_charges.sigma_v([0.008, 0.03], 0.0115, 5e-4, 10.0)
    >>> print([f"{x:.1e}" for x in units.convert(value, "GeV^-2", "cm^3/s")])
    ['9.7e-26', '1.5e-25']
    """
    choice("particle", particle, PARTICLES)
    wanted = _CHANNELS if channel is None else (choice("channel", channel, _CHANNELS),)
    mass, m_zp = _masses(mass, m_zp)
    g_x, charge = _coupling(g_x), checked("charge", charge, -_Q_MAX, _Q_MAX)
    v_rel = np.asarray(speed_today()) if v_rel is None else checked("v_rel", v_rel, 0.0, 1.9)
    together(mass=mass, m_zp=m_zp, g_x=g_x, charge=charge, v_rel=v_rel)
    if particle == "X":
        sector = DarkSector(m_zp=m_zp, g_x=g_x, m_x=mass, q_x=charge)
        return np.asarray(sum(annihilation.sigma_v(sector, v_rel, one) for one in wanted))[()]
    s = 4.0 * np.square(mass) / (1.0 - 0.25 * np.square(v_rel))
    return np.asarray(sum(annihilation.rate_dirac(mass, m_zp, g_x, charge, s, one) for one in wanted) / s)[()]


@public
def charge_for(
    mass: npt.ArrayLike, m_zp: npt.ArrayLike, g_x: npt.ArrayLike, particle: str = "chi", omega_h2: npt.ArrayLike | None = None
) -> Array:
    """Charge that gives a required relic density.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-4 to 1000.
    g_x : array_like
        Gauge coupling, 1e-12 to 1.
    particle : {"chi", "X"}
        Dirac fermion or complex scalar.
    omega_h2 : array_like, optional
        Required density, antiparticles included, 1e-6 to 1e3; by default the input Omega h^2.

    Returns
    -------
    ndarray or float
        The modulus of the charge; infinity where none below 1e4 is found.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the particle unknown.

    Notes
    -----
    The density of `relic.omega_h2_z_prime` falls as a power of Q between -2 (neutrinos) and -4 (Z'Z'), up to logarithms.
    The secant method in ln Q, with its slope kept between -4 and -0.15, starts from Q = 10.
    Within the width of the resonance the density can rise with Q; the root next to the start is returned.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> print(large_charges.charge_for([0.008, 0.03], 0.0115, 5e-4).round(2))
    [10.17  8.65]
    """
    choice("particle", particle, PARTICLES)
    mass, m_zp = _masses(mass, m_zp)
    g_x = _coupling(g_x)
    wanted = checked("omega_h2", natural("Omega h^2", "1") if omega_h2 is None else omega_h2, 1e-6, 1e3)
    shape = together(mass=mass, m_zp=m_zp, g_x=g_x, omega_h2=wanted)
    mass, m_zp, g_x, wanted = (np.broadcast_to(part, shape).ravel() for part in (mass, m_zp, g_x, wanted))

    def excess(log_q: Array, rows: npt.NDArray[np.intp]) -> Array:
        charge = np.minimum(np.exp(log_q), _Q_MAX)
        return np.asarray(np.log(relic.omega_h2_z_prime(mass[rows], m_zp[rows], g_x[rows], charge, particle) / wanted[rows]))

    top, rows = np.log(_Q_MAX), np.arange(mass.size)
    log_q, slope = np.full(mass.shape, np.log(_START)), np.full(mass.shape, -2.0)
    f = excess(log_q, rows)
    for _ in range(_STEPS):
        rows = np.flatnonzero((np.abs(f) > _CLOSE) & ~((log_q >= top) & (f > 0.0)))
        if not rows.size:
            break
        new = np.clip(log_q[rows] - f[rows] / slope[rows], -top, top)
        f_new, step = excess(new, rows), new - log_q[rows]
        moved = np.abs(step) > _MOVED
        ratio = (f_new - f[rows]) / np.where(moved, step, 1.0)
        slope[rows] = np.where(moved, np.clip(ratio, _STEEP, _FLAT), slope[rows])
        log_q[rows], f[rows] = new, f_new
    return np.where(np.abs(f) < 1e-4, np.exp(log_q), np.inf).reshape(shape)[()]


@public
def charge_perturbative(g_x: npt.ArrayLike) -> Array:
    """Largest charge for which the coupling of the dark matter is perturbative.

    Parameters
    ----------
    g_x : array_like
        Gauge coupling, 1e-12 to 1.

    Returns
    -------
    ndarray or float
        ``sqrt(4 pi)/g_X``.

    Raises
    ------
    ParameterError
        If the coupling is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> f"{large_charges.charge_perturbative(5e-4):.0f}"
    '7090'
    """
    return (np.sqrt(4.0 * np.pi) / _coupling(g_x))[()]


def electron_share() -> float:
    """Share of nu_e at Earth among neutrinos made as nu_mu and nu_tau in equal numbers.

    Returns
    -------
    float
        Between 0 and 1/2; the same for antineutrinos.

    Notes
    -----
    On the way through the Galaxy the oscillations average out, ``P(nu_e -> nu_e) = c_13^4 (1 - sin^2(2 theta_12)/2) + s_13^4``,
    and ``(P(nu_mu -> nu_e) + P(nu_tau -> nu_e))/2 = (1 - P(nu_e -> nu_e))/2``.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> f"{large_charges.electron_share():.3f}"
    '0.225'
    """
    s_12, s_13 = natural("sin^2(theta_12)", "1"), natural("sin^2(theta_13)", "1")
    survive = (1.0 - s_13) ** 2 * (1.0 - 2.0 * s_12 * (1.0 - s_12)) + s_13**2
    return float(0.5 * (1.0 - survive))


def _longitudinal(r: Array, particle: str) -> Array:
    """Share of annihilations at rest into two longitudinal Z', with r = m_Z'^2/m^2 at most 1."""
    if particle == "chi":
        return np.zeros_like(r)
    amplitude_2 = np.square(r / (2.0 - r))
    return np.asarray(amplitude_2 / (2.0 + amplitude_2))


def _cumulative(cosine: Array, share: Array) -> Array:
    """Integral from 0 of the distribution of the cosine at which a Z' emits an antineutrino."""
    cubed = cosine**3 / 3.0
    return np.asarray(0.375 * (1.0 - share) * (cosine + cubed) + 0.75 * share * (cosine - cubed))


@public
def dn_de(energy: npt.ArrayLike, mass: npt.ArrayLike, m_zp: npt.ArrayLike, particle: str = "chi") -> Array:
    """Spectrum of the antineutrinos from two particles at rest that annihilate to Z'Z'.

    Parameters
    ----------
    energy : array_like
        Energy of the antineutrino in GeV, 0 to 1000.
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-4 to 1000.
    particle : {"chi", "X"}
        Dirac fermion or complex scalar.

    Returns
    -------
    ndarray or float
        Antineutrinos of all flavours per annihilation and GeV; its integral is 2. Exactly zero outside
        ``(m -+ sqrt(m^2 - m_Z'^2))/2``, and for a mass of m_Z' or less.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the particle unknown.

    Notes
    -----
    ``E = (m/2)(1 + beta c)`` with ``beta = sqrt(1 - m_Z'^2/m^2)`` and the cosine c of the emission in the rest frame of the Z'.
    A transverse Z' emits as ``3 (1 + c^2)/8``, averaged over its two helicities, a longitudinal one as ``3 (1 - c^2)/4``.
    A chi pair at rest is in the state 1S0, because 3S1 is odd under charge conjugation and Z'Z' is even; it makes transverse
    Z' only. For X the amplitude is proportional to ``eps_1.eps_2`` for transverse Z', and that for longitudinal ones is smaller
    by ``r/(2 - r)``, ``r = m_Z'^2/m^2``.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> print(large_charges.dn_de([0.001, 0.015, 0.028], 0.03, 0.0115).round(1))
    [  0.   54.1 101.8]
    """
    choice("particle", particle, PARTICLES)
    energy = checked("energy", energy, 0.0, 1e3, "GeV")
    mass, m_zp = _masses(mass, m_zp)
    together(energy=energy, mass=mass, m_zp=m_zp)
    r = np.minimum(np.square(m_zp / mass), 1.0)
    open_ = r < 1.0
    beta = np.sqrt(np.where(open_, 1.0 - r, 1.0))
    cosine = (2.0 * energy / mass - 1.0) / beta
    share = _longitudinal(r, particle)
    shape = 0.375 * (1.0 - share) * (1.0 + cosine**2) + 0.75 * share * (1.0 - cosine**2)
    value: Array = np.where(open_ & (np.abs(cosine) <= 1.0), 4.0 * shape / (mass * beta), 0.0)
    return value[()]


@public
def sigma_v_max(
    mass: npt.ArrayLike, m_zp: npt.ArrayLike, experiment: str, channel: str = "nunu", particle: str = "chi"
) -> Array:
    """Largest sigma v that a search for neutrinos allows, or that a future one reaches.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-4 to 1000; it matters for Z'Z' only.
    experiment : {"SuperK", "KamLAND", "HyperK", "JUNO"}
        The first two are published limits, the others expected ones.
    channel : {"nunu", "zpzp"}
        The line, or the spectrum of `dn_de`.
    particle : {"chi", "X"}
        It matters for Z'Z' only.

    Returns
    -------
    ndarray or float
        In GeV^-2, at 90 %; infinity where the search says nothing.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or a word unknown.

    Notes
    -----
    The published curves are for self-conjugate dark matter and a third of each flavour.
    Particles and antiparticles in equal numbers make half as many annihilations, and of nu_mu and nu_tau the share
    `electron_share` arrives as nu_e: the line limit is ``2/(3 electron_share)`` times the curve.
    For Z'Z' the antineutrinos within 10 % of an energy E are taken as a line there, and the rest of them is dropped: the limit
    is the least of ``(m/E)^2 limit(E)/n(E)`` over E, where n(E) is the number in the window.
    A tenth is about the resolution of a water Cherenkov detector at 20 MeV.
    This recast is ours and on the safe side.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import large_charges
    >>> value = [large_charges.sigma_v_max(0.03, 0.0115, "SuperK", channel) for channel in ("nunu", "zpzp")]
    >>> print([f"{x:.1e}" for x in units.convert(value, "GeV^-2", "cm^3/s")])
    ['9.1e-25', '2.1e-24']
    """
    choice("experiment", experiment, EXPERIMENTS)
    choice("channel", channel, ("nunu", "zpzp"))
    choice("particle", particle, PARTICLES)
    mass, m_zp = _masses(mass, m_zp)
    together(mass=mass, m_zp=m_zp)
    line = (curve if experiment in EXPERIMENTS[:2] else projection)(f"{experiment}-nu")
    factor = 2.0 / (3.0 * electron_share())
    if channel == "nunu":
        return (factor * line.sigma_max(mass) + np.zeros_like(m_zp))[()]
    r = np.minimum(np.square(m_zp / mass), 1.0)
    share = _longitudinal(r, particle)
    beta = np.sqrt(1.0 - r)
    best = np.full(np.shape(r), np.inf)
    for energy in np.geomspace(line.m[0], line.m[-1], _ENERGIES):
        low, high = (
            np.clip((2.0 * energy * edge / mass - 1.0) / np.maximum(beta, 1e-12), -1.0, 1.0)
            for edge in (1.0 - _WINDOW, 1.0 + _WINDOW)
        )
        number = 2.0 * (_cumulative(high, share) - _cumulative(low, share))
        inside = (number > 0.0) & (r < 1.0)
        limit = np.square(mass / energy) * line.sigma_max(energy) / np.where(inside, number, 1.0)
        best = np.where(inside, np.minimum(best, limit), best)
    return (factor * best)[()]


@public
def charge_max(mass: npt.ArrayLike, m_zp: npt.ArrayLike, g_x: npt.ArrayLike, experiment: str, particle: str = "chi") -> Array:
    """Charge at which the annihilation of today reaches a limit on neutrinos, if the particle is all of the dark matter.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-4 to 1000.
    g_x : array_like
        Gauge coupling, 1e-12 to 1.
    experiment : {"SuperK", "KamLAND", "HyperK", "JUNO"}
        As in `sigma_v_max`.
    particle : {"chi", "X"}
        Dirac fermion or complex scalar.

    Returns
    -------
    ndarray or float
        The smaller of the charges from the line and from Z'Z'; infinity where the search says nothing.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or a word unknown.

    Notes
    -----
    ``sigma v`` is proportional to Q^2 for the line and to Q^4 for Z'Z'. The decay of the Z' to the dark matter itself, which
    broadens the resonance for m below m_Z'/2, is neglected.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> print(large_charges.charge_max([0.01, 0.03], 0.0115, 5e-4, "HyperK").round(1))
    [ inf 13.3]
    """
    g_x = _coupling(g_x)
    values = []
    for channel, unit, power in (("nunu", 1e-3, 2.0), ("zpzp", 1.0, 4.0)):
        rate = sigma_v(mass, m_zp, g_x, unit, None, channel, particle) / unit**power
        limit = sigma_v_max(mass, m_zp, experiment, channel, particle)
        bound = np.isfinite(limit) & (rate > 0.0)
        values.append(np.where(bound, (np.where(bound, limit, 1.0) / np.where(bound, rate, 1.0)) ** (1.0 / power), np.inf))
    return np.minimum(*values)[()]


@public
def over_cmb(
    mass: npt.ArrayLike, m_zp: npt.ArrayLike, g_x: npt.ArrayLike, charge: npt.ArrayLike, particle: str = "chi"
) -> Array:
    """Energy that the annihilation gives to the plasma at recombination, over the limit of Planck.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-3 to 1000.
    m_zp : array_like
        Mass of the Z' in GeV, 1.1e-3 to 1000.
    g_x : array_like
        Gauge coupling, 1e-12 to 1.
    charge : array_like
        Charge Q, -1e4 to 1e4.
    particle : {"chi", "X"}
        Dirac fermion or complex scalar.

    Returns
    -------
    ndarray or float
        Above 1 where Planck excludes it at 95 %.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the particle unknown.

    Notes
    -----
    ``sum f_eff sigma v/(2 m)`` at rest, over the limit on p_ann, as for X in `cmb.p_ann`.
    The visible final states are pairs of charged leptons, a p wave for X, and the decay Z' -> e+e- by kinetic mixing in Z'Z'.
    A muon passes 7/20 of its energy to its electron, the rest to neutrinos, and the table for electrons is used at that energy;
    a tau is treated like a muon.

    Examples
    --------
    >>> from darkhiggs.rivals import large_charges
    >>> print(large_charges.over_cmb([0.008, 0.03, 0.12], 0.0115, 5e-4, [10.2, 8.65, 17.4]).round(2))
    [0.33 0.08 0.92]
    """
    choice("particle", particle, PARTICLES)
    mass = checked("mass", mass, _CMB, _M_HIGH, "GeV")
    m_zp = checked("m_zp", m_zp, 1.1e-3, _M_HIGH, "GeV")
    g_x, charge = _coupling(g_x), checked("charge", charge, -_Q_MAX, _Q_MAX)
    shape = together(mass=mass, m_zp=m_zp, g_x=g_x, charge=charge)
    mass, m_zp, g_x, charge = (np.broadcast_to(part, shape) for part in (mass, m_zp, g_x, charge))
    muon = natural("m_mu")
    pairs, chains = (sigma_v(mass, m_zp, g_x, charge, 0.0, channel, particle) for channel in ("leptons", "zpzp"))
    to_muons = np.where(mass > muon, _MUON, 1.0)
    direct = to_muons * cmb.f_eff(np.maximum(to_muons * mass - natural("m_e"), 0.0))
    visible = 1.0 - br_zp_invisible(DarkSector(m_zp=m_zp, g_x=g_x))
    chain = np.where(m_zp > 2.0 * muon, _MUON, 1.0) * cmb.f_eff_cascade(np.maximum(mass, m_zp), m_zp)
    return np.asarray((pairs * direct + chains * visible * chain) / (2.0 * mass * cmb.p_ann_max()))[()]
