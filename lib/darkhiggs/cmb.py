"""Dark-matter annihilation at recombination: the limit of the cosmic microwave background, and the value for X."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from . import annihilation, relic
from ._arrays import Array, checked, choice, legendre, switch
from ._public import public
from .errors import ParameterError
from .inputs import natural
from .model import DarkSector
from .widths import br_zp_invisible, gamma_h1, gamma_h1_to_leptons, gamma_h1_to_zpzp

__all__ = [
    "CHANNELS",
    "allowed",
    "annihilation_limit",
    "excluded_below",
    "f_eff",
    "f_eff_cascade",
    "f_eff_max",
    "p_ann",
    "p_ann_max",
    "visible_fraction",
]

#: Final states whose energy the plasma absorbs; each has a table.
CHANNELS = ("ee", "gammagamma")
_ANGLES = 24
_CHUNK = 256  # points at a time; each has 24^2 angles
_MASS = (1e-3, 1e3)  # range of the mass of X in GeV for which limits are given


def p_ann_max() -> float:
    """Upper limit of Planck on the annihilation parameter, at 95 % CL.

    Returns
    -------
    float
        ``f_eff <sigma v>/m`` of a self-conjugate particle in GeV^-3.

    Notes
    -----
    3.2e-28 cm^3/s/GeV, Planck 2018, arXiv:1807.06209 section 7.6.

    Examples
    --------
    >>> from darkhiggs import cmb
    >>> f"{cmb.p_ann_max():.3e}"
    '2.741e-11'
    """
    return float(natural("p_ann", "GeV^-3"))


def _efficiency(energy: Array, channel: str) -> Array:
    """Interpolate the table of the efficiency, which is constant beyond its ends."""
    grid, values = natural(f"f_eff.{channel}.energy"), natural(f"f_eff.{channel}.value", "1")
    return np.interp(np.log(np.maximum(energy, grid[0])), np.log(grid), values)


@public
def f_eff(energy: npt.ArrayLike, channel: str = "ee") -> Array:
    """Effective share of the energy of an injected pair that ionises and heats the gas.

    Parameters
    ----------
    energy : array_like
        Kinetic energy of each electron, or energy of each photon, in GeV, 5e-6 to 1e3.
    channel : {"ee", "gammagamma"}
        Electron and positron, or two photons.

    Returns
    -------
    ndarray or float
        Between 0 and 1; the mass of the pair is part of the injected energy.

    Raises
    ------
    ParameterError
        If the energy is out of range or the channel is unknown.

    Notes
    -----
    This is the share that multiplies the cross-section in the annihilation parameter `p_ann`.
    The values are read off figure 3 of arXiv:1506.03811 to 3 %, and interpolated linearly in the logarithm of the energy.

    Examples
    --------
    >>> from darkhiggs import cmb
    >>> print(cmb.f_eff([0.001, 0.02, 1.0]))
    [0.18 0.98 0.41]
    """
    grid = natural(f"f_eff.{choice('channel', channel, CHANNELS)}.energy")
    return _efficiency(checked("energy", energy, float(grid[0]), float(grid[-1]), "GeV"), channel)[()]


def _cascade(energy: Array, *masses: Array) -> Array:
    """Efficiency for the e+e- at the end of a chain of decays into pairs; `energy` is that of the first particle."""
    node, weight = legendre(_ANGLES)
    cosine, m_e = 2.0 * node - 1.0, natural("m_e")
    share: Array = np.ones_like(energy)
    for parent, child in pairwise((*masses, np.asarray(m_e))):
        # isotropic decay of a moving particle: E = (E_parent/2) (1 + beta beta* cos), a flat spectrum
        moving = np.maximum(1.0 - np.square(parent[..., None] / energy), 0.0)
        inside = np.maximum(1.0 - np.square(2.0 * child / parent), 0.0)[..., None]
        part = 1.0 + np.sqrt(moving * inside)[..., None] * cosine
        shape = (*parent.shape, part.shape[-2] * part.shape[-1])
        energy = (0.5 * energy[..., None] * part).reshape(shape)
        share = (share[..., None] * part * weight).reshape(shape)
    return np.sum(share * _efficiency(energy - m_e, "ee"), axis=-1)


@public
def f_eff_cascade(energy: npt.ArrayLike, *masses: npt.ArrayLike) -> Array:
    """Share of the energy that the gas absorbs from the electrons at the end of a chain of two-body decays.

    Parameters
    ----------
    energy : array_like
        Energy of the first particle in GeV, from its mass to 1e3; it is m_X for X X* -> Z'Z' at rest.
    *masses : array_like
        Masses of the decaying particles in GeV, each at least twice the next: ``m_zp`` for Z' -> e+e-,
        ``m_h1, m_zp`` for H1 -> Z'Z' -> 2 (e+e-).

    Returns
    -------
    ndarray or float
        Average over the electrons, weighted with their energy; between 0 and 1.

    Raises
    ------
    ParameterError
        If the energy is out of range, no mass is given, or a decay is kinematically closed.

    Notes
    -----
    Each decay is taken as isotropic in the rest frame (no polarisation).
    The energies of its products are then distributed evenly over ``(E/2)(1 -+ beta beta*)``.
    The angles of every step are averaged over with 24 points.
    For a polarised Z' the spectrum of the electrons is not flat; its efficiency still lies between the smallest and the
    largest one over the same range of energies.

    Examples
    --------
    >>> from darkhiggs import cmb
    >>> print(cmb.f_eff_cascade([0.0115, 0.1, 1.0], 0.0115).round(2))
    [0.81 0.93 0.48]
    """
    if not masses:
        raise ParameterError("f_eff_cascade needs the mass of at least one decaying particle")
    checked_masses = [checked(f"masses[{i}]", m, 0.0, 1e3, "GeV", open_low=True) for i, m in enumerate(masses)]
    start = checked("energy", energy, 0.0, 1e3, "GeV", open_low=True)
    start, *chain = np.broadcast_arrays(start, *checked_masses)
    if np.any(start < chain[0]):
        raise ParameterError(f"energy = {float(np.min(start)):g} GeV is below the mass of the particle")
    for parent, child in pairwise((*chain, np.asarray(natural("m_e")))):
        if np.any(parent < 2.0 * child):
            raise ParameterError(f"masses = {float(np.min(parent)):g} GeV is below twice the mass of its decay product")
    return _cascade(start[..., None], *chain)[()]


@public
def annihilation_limit(mass: npt.ArrayLike, channel: str = "ee", self_conjugate: bool = False) -> Array:
    """Upper limit on the annihilation cross-section at recombination, at 95 % CL.

    Parameters
    ----------
    mass : array_like
        Mass of the dark matter in GeV, 1e-3 to 1e3.
    channel : {"ee", "gammagamma"}
        Final state of the annihilation.
    self_conjugate : bool
        Whether the dark matter is its own antiparticle. By default it is not, like the complex scalar X.

    Returns
    -------
    ndarray or float
        Limit on ``<sigma v>`` in GeV^-2.

    Raises
    ------
    ParameterError
        If the mass is out of range or the channel is unknown.

    Notes
    -----
    A self-conjugate particle of number density n injects the energy ``(n^2/2) <sigma v> 2 m = rho^2 <sigma v>/m`` per volume
    and time; the published limit refers to this case.
    With n/2 particles and n/2 antiparticles the energy is ``(n/2)^2 <sigma v> 2 m``, which is half as large.
    The limit is then twice as high.

    Examples
    --------
    >>> from darkhiggs import cmb, units
    >>> f"{units.convert(cmb.annihilation_limit(0.1), 'GeV^-2', 'cm^3/s'):.2e}"
    '7.27e-29'
    """
    m = checked("mass", mass, *_MASS, "GeV")
    energy = m - natural("m_e") if choice("channel", channel, CHANNELS) == "ee" else m
    value: Array = p_ann_max() * m / _efficiency(energy, channel)
    return value[()] if switch("self_conjugate", self_conjugate) else 2.0 * value[()]


@public
def f_eff_max(mass: npt.ArrayLike, self_conjugate: bool = False) -> Array:
    """Efficiency above which a thermal relic that annihilates in an s-wave is excluded.

    Parameters
    ----------
    mass : array_like
        Mass of the dark matter in GeV, 1e-3 to 1e3.
    self_conjugate : bool
        As in `annihilation_limit`.

    Returns
    -------
    ndarray or float
        Share of the energy, as in `f_eff`; where it is above 1, no final state is excluded.

    Raises
    ------
    ParameterError
        If the mass is out of range.

    Examples
    --------
    >>> from darkhiggs import cmb
    >>> print(cmb.f_eff_max([10.0, 20.0]).round(2))
    [0.13 0.29]
    """
    m, own = checked("mass", mass, *_MASS, "GeV"), switch("self_conjugate", self_conjugate)
    value: Array = (1.0 if own else 2.0) * p_ann_max() * m / relic.thermal_cross_section(m, "s", own)
    return value[()]


@public
def excluded_below(
    thermal: Callable[[Array], npt.ArrayLike] | None = None, channel: str = "ee", self_conjugate: bool = False
) -> float:
    """Mass below which a thermal s-wave relic is excluded.

    Parameters
    ----------
    thermal : callable, optional
        Cross-section in GeV^-2 for an array of masses in GeV; by default `relic.thermal_cross_section`.
    channel : {"ee", "gammagamma"}
        Final state of the annihilation.
    self_conjugate : bool
        As in `annihilation_limit`; `thermal` has to be given for the same kind of particle.

    Returns
    -------
    float
        The highest mass in GeV at which `thermal` equals the limit; 0 if it lies below the limit from 1 MeV to 1 TeV,
        infinity if it exceeds the limit at 1 TeV.

    Raises
    ------
    ParameterError
        If the channel is unknown.

    Examples
    --------
    >>> from darkhiggs import cmb
    >>> f"{cmb.excluded_below(lambda m: 1.9e-9 + 0.0 * m, self_conjugate=True):.0f}"
    '33'
    """
    masses = np.geomspace(*_MASS, 500)
    found = relic.thermal_cross_section(masses, "s", self_conjugate) if thermal is None else thermal(masses)
    rate = checked("the result of thermal", found, 0.0, unit="GeV^-2", open_low=True)
    if rate.shape not in ((), masses.shape):
        raise ParameterError(f"the result of thermal has shape {rate.shape} for masses of shape {masses.shape}")
    excess = np.log(np.broadcast_to(rate, masses.shape)) - np.log(annihilation_limit(masses, channel, self_conjugate))
    above = np.flatnonzero(excess > 0.0)
    if not above.size:
        return 0.0
    last = int(above[-1])
    if last == masses.size - 1:
        return np.inf
    share = excess[last] / (excess[last] - excess[last + 1])
    return float(masses[last] * (masses[last + 1] / masses[last]) ** share)


def _parts(sector: DarkSector) -> tuple[Array, Array, Array]:
    """Cross-section at rest, its visible part and its absorbed part, at the points of a flat sector without masked points."""
    m_x, m_zp = sector.require("m_x"), sector.m_zp
    ceiling, pair = natural("f_eff.ee.value", "1").max(), 2.0 * natural("m_mu")
    visible = 1.0 - br_zp_invisible(sector)

    def absorbed(mass: Array) -> Array:
        # above the muon threshold the largest efficiency is used, as an upper bound
        return np.where(mass > pair, ceiling, _cascade(m_x[..., None], mass))

    sector = sector._settled()
    rate = {c: annihilation.sigma_v(sector, 0.0, c) for c in ("zpzp", "h1h1", "leptons")}
    direct = np.where(2.0 * m_x > pair, ceiling, _efficiency(m_x - natural("m_e"), "ee"))
    seen = rate["zpzp"] * visible + rate["leptons"]
    taken = rate["zpzp"] * visible * absorbed(m_zp) + rate["leptons"] * direct
    if sector.m_h1 is not None:
        total = gamma_h1(sector)
        to_leptons, to_zpzp = (
            np.divide(part, total, out=np.zeros_like(total), where=total > 0.0)
            for part in (gamma_h1_to_leptons(sector), gamma_h1_to_zpzp(sector))
        )
        chain = np.where(m_zp > pair, ceiling, _cascade(m_x[..., None], sector.m_h1, m_zp))
        seen = seen + rate["h1h1"] * (to_leptons + to_zpzp * visible)
        taken = taken + rate["h1h1"] * (to_leptons * absorbed(sector.m_h1) + to_zpzp * visible * chain)
    return annihilation.sigma_v(sector, 0.0), seen, taken


@public
def visible_fraction(sector: DarkSector) -> Array:
    """Share of the energy of X X* annihilation at rest that ends in charged leptons.

    Parameters
    ----------
    sector : DarkSector
        As for `annihilation.sigma_v`.

    Returns
    -------
    ndarray or float
        Between 0 and 1; 0 where no channel is s-wave, nan at masked points.

    Raises
    ------
    ParameterError
        If m_x, or an m_h1 or a lambda_phi_x that is needed, is not set.

    Notes
    -----
    * Z'Z': the visible branching ratio of the Z', ``(e epsilon/g_X)^2 = 2e-5`` below the muon threshold.
    * H1 H1: the branching ratio of H1 into leptons through the mixing, and the visible share of its decay into Z'Z'.
    * Charged leptons: all of the energy.
    * Z'H1 and neutrinos: these are p-wave and negligible at recombination.

    The energy of the neutrinos from muon and tau decays is counted as visible.
    An H1 lighter than 2 m_Z' and 2 m_X decays visibly whenever sin(theta) is not zero.

    Examples
    --------
    >>> from darkhiggs import cmb, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> f"{cmb.visible_fraction(sector):.2e}"
    '1.91e-05'
    """

    def fraction(points: DarkSector) -> Array:
        total, seen, _ = _parts(points)
        return np.divide(seen, total, out=np.zeros_like(total), where=total > 0.0)

    return sector.pointwise(fraction)


@public
def p_ann(sector: DarkSector) -> Array:
    """Annihilation parameter of X, to be compared with the limit of Planck.

    Parameters
    ----------
    sector : DarkSector
        As for `annihilation.sigma_v`.

    Returns
    -------
    ndarray or float
        ``Sum f_eff <sigma v>/(2 m_X)`` over the visible final states at rest, in GeV^-3; nan at masked points.

    Raises
    ------
    ParameterError
        If m_x, or an m_h1 or a lambda_phi_x that is needed, is not set.

    Notes
    -----
    The factor 1/2 of a complex X is explained at `annihilation_limit`.
    The spectrum of the electrons from Z' and H1 is that of `f_eff_cascade`.
    Particles above the muon threshold get the largest efficiency of all energies, 0.99, so that the result is an upper bound
    there.

    Examples
    --------
    >>> from darkhiggs import cmb, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> f"{cmb.p_ann(sector) / cmb.p_ann_max():.1e}"
    '2.7e-03'
    """
    return sector.pointwise(lambda points: 0.5 * _parts(points)[2] / points.require("m_x"), _CHUNK)


@public
def allowed(sector: DarkSector) -> npt.NDArray[np.bool_]:
    """Test whether a point is allowed by the cosmic microwave background.

    Parameters
    ----------
    sector : DarkSector
        As for `annihilation.sigma_v`.

    Returns
    -------
    ndarray or bool
        Whether `p_ann` is at most `p_ann_max`; False at masked points.

    Raises
    ------
    ParameterError
        If m_x, or an m_h1 or a lambda_phi_x that is needed, is not set.

    Examples
    --------
    >>> from darkhiggs import cmb, model
    >>> bool(cmb.allowed(model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)))
    True
    """
    return np.asarray(p_ann(sector) <= p_ann_max())[()]
