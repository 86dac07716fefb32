"""Widths of a light scalar that has the couplings of the Higgs boson of the Standard Model.

Leptons and photons are those of perturbation theory.
Hadrons are pions and kaons at low energy, for which there are three descriptions, and quarks and gluons at high energy.
"""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice
from ._public import public
from .inputs import cached, natural
from .model import v_higgs

__all__ = ["CHANNELS", "HADRONS", "edges", "gamma_sm_like"]

#: Final states.
CHANNELS = ("ee", "mumu", "tautau", "gamma", "hadrons")
#: Descriptions of the hadronic width; the first one is the default.
HADRONS = ("dispersive", "Donoghue90", "chiral")
# Energies in GeV at which a description by mesons hands over to quarks and gluons, and the least scale of the coupling.
_HANDOVER = {"dispersive": 2.0, "Donoghue90": 1.0, "chiral": 2.0}
_LEAST = 1.0
_LEPTONS = {"ee": "m_e", "mumu": "m_mu", "tautau": "m_tau"}
_MESONS = {"pions": "m_pi+", "kaons": "m_K+"}
_COLOURS, _LIGHT = 3.0, 3
# tau = m^2/(4 m_loop^2) below which a loop is expanded.
_SMALL = 1e-3


def _loop_argument(tau: Array) -> Array:
    """Return f(tau) of the triangle loop: arcsin^2 sqrt(tau), and its continuation above tau = 1."""
    below = np.arcsin(np.sqrt(np.minimum(tau, 1.0))) ** 2
    root = np.sqrt(1.0 - 1.0 / np.maximum(tau, 1.0))
    # atanh(root) diverges at infinite tau only
    log = 2.0 * np.arctanh(np.minimum(root, 1.0 - 1e-16))
    return np.where(tau <= 1.0, below, -0.25 * (log - 1j * np.pi) ** 2)


def _fermion_loop(tau: Array) -> Array:
    """Amplitude of a heavy fermion in the decay to two photons or gluons; 4/3 for tau = 0."""
    safe = np.maximum(tau, _SMALL)
    exact = 2.0 * (safe + (safe - 1.0) * _loop_argument(safe)) / safe**2
    return np.where(tau < _SMALL, 4.0 / 3.0 * (1.0 + 7.0 / 30.0 * tau), exact)


def _vector_loop(tau: Array) -> Array:
    """Amplitude of the W in the decay to two photons; -7 for tau = 0."""
    safe = np.maximum(tau, _SMALL)
    exact = -(2.0 * safe**2 + 3.0 * safe + 3.0 * (2.0 * safe - 1.0) * _loop_argument(safe)) / safe**2
    return np.where(tau < _SMALL, -7.0 * (1.0 + 22.0 / 105.0 * tau), exact)


def _velocity(m: Array, product: float, power: int = 1) -> Array:
    """Velocity of a pair of equal particles, to a power; zero below threshold."""
    return np.sqrt(np.maximum(1.0 - (2.0 * product / m) ** 2, 0.0)) ** power


def _fermions(m: Array, mass: float, threshold: float) -> Array:
    """Width into one pair of fermions; the velocity is that of a pair of particles of mass `threshold`."""
    return mass**2 * m / (8.0 * np.pi * v_higgs() ** 2) * _velocity(m, threshold, 3)


def _heavy_quarks() -> tuple[tuple[float, float], ...]:
    """Masses of c, b and t in GeV, and their charges."""
    return (natural("light_higgs.m_c"), 2.0 / 3.0), (natural("m_b"), -1.0 / 3.0), (natural("m_t"), 2.0 / 3.0)


def _photons(m: Array) -> Array:
    """Width into two photons through W, charged leptons and heavy quarks."""
    amplitude = _vector_loop((0.5 * m / natural("m_W")) ** 2)
    for name in _LEPTONS.values():
        amplitude = amplitude + _fermion_loop((0.5 * m / natural(name)) ** 2)
    for quark, charge in _heavy_quarks():
        amplitude = amplitude + _COLOURS * charge**2 * _fermion_loop((0.5 * m / quark) ** 2)
    alpha = 1.0 / natural("1/alpha(0)", "1")
    return alpha**2 * m**3 / (256.0 * np.pi**3 * v_higgs() ** 2) * np.abs(amplitude) ** 2


def _alpha_s(m: Array) -> Array:
    """Strong coupling at one loop with four quarks, from its value at the mass of the tau."""
    slope = (33.0 - 2.0 * (_LIGHT + 1)) / (12.0 * np.pi)
    start = natural("light_higgs.alpha_s(m_tau)", "1")
    return start / (1.0 + slope * start * np.log(np.maximum(m, _LEAST) ** 2 / natural("m_tau") ** 2))


def _gluons(m: Array, corrected: bool) -> Array:
    """Width into two gluons through c, b and t, with the correction of first order or without."""
    alpha_s = _alpha_s(m)
    amplitude = sum(0.75 * _fermion_loop((0.5 * m / quark) ** 2) for quark, _ in _heavy_quarks())
    width = alpha_s**2 * m**3 / (72.0 * np.pi**3 * v_higgs() ** 2) * np.abs(amplitude) ** 2
    return width * (1.0 + (95.0 / 4.0 - 7.0 * _LIGHT / 6.0) * alpha_s / np.pi) if corrected else width


def _quarks_and_gluons(m: Array, corrected: bool) -> Array:
    """Width into gluons, s, c and b; each quark opens with its lightest mesons."""
    width = _gluons(m, corrected)
    for quark, meson in (("m_s", "m_K+"), ("light_higgs.m_c", "light_higgs.m_D0"), ("m_b", "m_B+")):
        width = width + _COLOURS * _fermions(m, natural(quark), natural(meson))
    return width


@cached
def _table(name: str) -> tuple[Array, Array]:
    """Logarithms of the masses of a published table, and of its widths over the velocity of the mesons."""
    mass, width = (np.asarray(natural(f"light_higgs.{name}.{part}")) for part in ("mass", "width"))
    return np.log(mass), np.log(width / _velocity(mass, natural(_MESONS[name])))


@cached
def _ratio() -> tuple[Array, Array]:
    """Logarithms of the masses, and of the published widths into pions over those into muons."""
    mass, ratio = natural("light_higgs.pions_over_muons.mass"), natural("light_higgs.pions_over_muons.ratio", "1")
    return np.log(mass), np.log(ratio)


def _published(m: Array, name: str) -> Array:
    """Interpolate the published width into pions or kaons; its ratio to the velocity is constant beyond the table."""
    return np.exp(np.interp(np.log(m), *_table(name))) * _velocity(m, natural(_MESONS[name]))


def _pions_over_muons(m: Array) -> Array:
    """Width into pions from the published ratio to muons."""
    masses, ratios = _ratio()
    pion, first = natural("m_pi+"), np.exp(masses[0])
    # the table begins above the threshold, where the ratio is proportional to the velocity
    near = np.minimum(_velocity(m, pion) / _velocity(first, pion), 1.0)
    return _fermions(m, natural("m_mu"), natural("m_mu")) * np.exp(np.interp(np.log(m), masses, ratios)) * near


def _chiral(m: Array) -> Array:
    """Width into pions, kaons and eta mesons in the leading order of chiral perturbation theory."""
    total = 0.0 * m
    for states, name in ((3.0, "m_pi+"), (4.0, "m_K+"), (1.0, "light_higgs.m_eta")):
        meson = natural(name)
        element = (2.0 * m**2 + 11.0 * meson**2) / 9.0
        total = total + states * element**2 * _velocity(m, meson) / (32.0 * np.pi * v_higgs() ** 2 * m)
    return total


def _dispersive(m: Array) -> Array:
    """Add four pions and the like, m^3 times a velocity, matched to quarks and gluons, to the published widths."""
    end, double = np.asarray(_HANDOVER["dispersive"]), 2.0 * natural("m_pi+")
    rest: Array = _quarks_and_gluons(end, True) - _published(end, "pions") - _published(end, "kaons")
    more = (m / end) ** 3 * _velocity(m, double) / _velocity(end, double)
    return _published(m, "pions") + _published(m, "kaons") + rest * more


def _hadrons(m: Array, hadrons: str) -> Array:
    end = _HANDOVER[hadrons]
    mesons = {"dispersive": _dispersive, "Donoghue90": _pions_over_muons, "chiral": _chiral}[hadrons]
    high = _quarks_and_gluons(np.maximum(m, end), hadrons != "chiral")
    return np.where(m < end, mesons(np.minimum(m, end)), high)


@public
def gamma_sm_like(mass: npt.ArrayLike, channel: str | None = None, hadrons: str = "dispersive") -> Array:
    """Width of a light scalar with the couplings of the Higgs boson into the Standard Model.

    Parameters
    ----------
    mass : array_like
        Mass, or virtuality, in GeV, 1e-3 to 1e3.
    channel : {"ee", "mumu", "tautau", "gamma", "hadrons"}, optional
        By default the sum.
    hadrons : {"dispersive", "Donoghue90", "chiral"}
        Description of the hadrons, see the notes; their distance is the error of the hadronic width.

    Returns
    -------
    ndarray or float
        Width in GeV at unit mixing; a scalar that mixes with the Higgs boson has sin^2(theta) times it.

    Raises
    ------
    ParameterError
        If the mass is out of range or not finite, or a word is unknown.

    Notes
    -----
    Leptons have ``m_l^2 m beta^3/(8 pi v^2)``, photons the loops of the W, of leptons and of c, b and t, without light
    hadrons.
    For hadrons there are three descriptions:

    * dispersive: pions and kaons of arXiv:1809.01876 up to 2 GeV, and other mesons, m^3 times a velocity, that make the width
      continuous there; then gluons with their correction of first order, and quarks.
    * Donoghue90: pions of Nucl. Phys. B343, 341 up to 1 GeV; then the same gluons and quarks.
    * chiral: pions, kaons and eta mesons in the leading order of chiral perturbation theory,
      ``n |(2 m^2 + 11 m_M^2)/9|^2 beta/(32 pi v^2 m)`` with n = 3, 4, 1, which has no interaction of the mesons in the final
      state; from 2 GeV on gluons and quarks to the leading order.

    The correction to the gluons is ``1 + (95/4 - 7 n_f/6) alpha_s/pi`` with three light quarks, 2.9 at 2 GeV.
    arXiv:1809.01876 leaves it out, as its coefficient of m^3 shows, and has less than half of the width there.
    With it the total widths agree within 6 % from 1.9 to 2.4 GeV, and within 18 % up to 4 GeV, with the lifetimes that the
    program EventCalc has for arXiv:1904.10447.
    The next order is as large, so that from 2 to 3.7 GeV the width is good to a factor of two, the distance of the first and
    the third description.
    From the smallest to the largest hadronic width of the three is a factor of 3 to 14 up to 0.9 GeV, up to 60 at the
    f_0(980), and 2.8 to 4 from 1.1 to 2 GeV.
    Weak bosons in the final state are left out.

    Examples
    --------
    >>> from darkhiggs import light_higgs
    >>> for hadrons in light_higgs.HADRONS:
    ...     print(*(f"{x:.1e}" for x in light_higgs.gamma_sm_like([0.5, 1.0, 1.5, 3.0], hadrons=hadrons)))
    2.5e-08 7.6e-07 1.6e-07 5.7e-07
    3.1e-08 5.0e-08 1.1e-07 5.7e-07
    7.9e-09 6.4e-08 3.6e-07 2.6e-07
    """
    m = checked("mass", mass, 1e-3, 1e3, "GeV")
    choice("hadrons", hadrons, HADRONS)
    if channel is not None:
        choice("channel", channel, CHANNELS)
    total = np.zeros_like(m)
    for name in CHANNELS if channel is None else (channel,):
        if name in _LEPTONS:
            lepton = natural(_LEPTONS[name])
            total = total + _fermions(m, lepton, lepton)
        else:
            total = total + (_photons(m) if name == "gamma" else _hadrons(m, hadrons))
    return total[()]


@public
def edges(hadrons: str = "dispersive") -> Array:
    """Energies at which the width is not smooth, for an integral over it.

    Parameters
    ----------
    hadrons : {"dispersive", "Donoghue90", "chiral"}
        As for `gamma_sm_like`.

    Returns
    -------
    ndarray
        Thresholds and the hand-over to quarks and gluons in GeV, in rising order.

    Raises
    ------
    ParameterError
        If the word is unknown.

    Examples
    --------
    >>> from darkhiggs import light_higgs
    >>> light_higgs.edges().round(2).tolist()
    [0.0, 0.21, 0.28, 0.56, 0.99, 2.0, 3.55, 3.73, 10.56]
    """
    choice("hadrons", hadrons, HADRONS)
    more = {
        "dispersive": [natural("m_K+"), 2.0 * natural("m_pi+")],
        "Donoghue90": [],
        "chiral": [natural("m_K+"), natural("light_higgs.m_eta")],
    }
    pairs = [natural(name) for name in (*_LEPTONS.values(), "m_pi+", "light_higgs.m_D0", "m_B+")]
    return np.sort([*(2.0 * mass for mass in pairs + more[hadrons]), _HANDOVER[hadrons]])
