"""Counts of BaBar's search for B -> K nu nubar and B -> K* nu nubar, as a likelihood for a two-body decay B -> K X.

The search is that with hadronic tagging, arXiv:1303.7465. Simplifications:

1. The counts are sums over the signal region, s_B = q2/m_B^2 below 0.3. How they are spread over its bins is a figure without
   a table, and is not used.
2. The number of mesons times the efficiency is that with which the published counts and backgrounds give the published 90 %
   limits by Poisson's law. The efficiency is taken as constant inside the signal region, and as zero outside.
3. The only systematic error is the Gaussian one of the background.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from . import standard_model
from ._arrays import Array, checked, choice, legendre, together
from ._public import public
from ._scalars import kept
from .inputs import cached, get, natural

__all__ = ["MODES", "chi2", "events", "expected"]

#: Decays of the B meson that are searched for: the kaon beside the invisible particles.
MODES = ("K+", "K0", "K*+", "K*0")


@cached
def _exposure(mode: str) -> tuple[float, float]:
    """B mesons times efficiency: for the spectrum of the Standard Model, and for decays inside the signal region."""
    from scipy.special import gammaincinv  # type: ignore[import-untyped]

    place, charge = MODES.index(mode), mode[-1]
    limit = get("babar.limits")
    counts, background = natural("babar.observed", "1")[place], natural("babar.background", "1")[place]
    # the mean at which no more than the observed counts have a probability of 10 %
    most = gammaincinv(counts + 1.0, limit.cl)
    total = float((most - background) / limit.value[place])
    spectrum: Callable[..., Array] = standard_model.dbr_dq2_b_to_k_nunu
    whole: Callable[..., Array] = standard_model.br_b_to_k_nunu
    if "*" in mode:
        spectrum, whole = standard_model.dbr_dq2_b_to_kstar_nunu, standard_model.br_b_to_kstar_nunu
    end = natural("babar.s_max", "1") * natural(f"m_B{charge}") ** 2
    nodes, weights = legendre(40)
    share = float(end * (weights @ spectrum(end * nodes, charge=charge)) / whole(charge=charge))
    return total, total / share


def _mode(mode: str) -> tuple[float, float]:
    return _exposure(choice("mode", mode, MODES))


@public
def events(m_x: npt.ArrayLike, rate: npt.ArrayLike, mode: str = "K+") -> Array:
    """Compute the expected events of a two-body decay B -> K X in the signal region of BaBar.

    Parameters
    ----------
    m_x : array_like
        Mass of the invisible X in GeV, 0 to 1000.
    rate : array_like
        Branching ratio, 0 to 1.
    mode : {"K+", "K0", "K*+", "K*0"}
        The kaon.

    Returns
    -------
    ndarray or float
        Events; exactly zero for s_B = m_x^2/m_B^2 above 0.3, which is 2.89 GeV.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``N eps rate/w`` with N mesons, the efficiency eps for the spectrum of the Standard Model, and the part w of that spectrum
    inside the signal region; N eps follows from the published counts and limit, see the text of the module.

    Examples
    --------
    >>> from darkhiggs import babar
    >>> print(babar.events([2.0, 3.0], 1e-5).round(2))
    [4.25 0.  ]
    """
    m_x, rate = checked("m_x", m_x, 0.0, 1e3, "GeV")[()], checked("rate", rate, 0.0, 1.0)[()]
    together(m_x=np.asarray(m_x), rate=np.asarray(rate))
    _, inside = _mode(mode)
    seen = m_x**2 <= natural("babar.s_max", "1") * natural(f"m_B{mode[-1]}") ** 2
    return kept(seen, inside * rate)


@public
def expected(mode: str = "K+") -> Array:
    """Compute the events that are expected in the signal region of BaBar without a two-body decay.

    Parameters
    ----------
    mode : {"K+", "K0", "K*+", "K*0"}
        The kaon.

    Returns
    -------
    float
        Background as published, plus B -> K nu nubar or K* nu nubar of the Standard Model.

    Raises
    ------
    ParameterError
        If the mode is unknown.

    Examples
    --------
    >>> from darkhiggs import babar
    >>> print(*(f"{babar.expected(mode):.1f}" for mode in babar.MODES))
    3.9 3.1 4.9 8.4
    """
    exposure, _ = _mode(mode)
    standard = (standard_model.br_b_to_kstar_nunu if "*" in mode else standard_model.br_b_to_k_nunu)(charge=mode[-1])
    background: Array = natural("babar.background", "1")[MODES.index(mode)]
    return background + exposure * standard


@public
def chi2(m_x: npt.ArrayLike, rate: npt.ArrayLike, mode: str = "K+") -> Array:
    """Profiled -2 ln L of BaBar's counts for a two-body decay beside the Standard Model, relative to a saturated model.

    Parameters
    ----------
    m_x : array_like
        Mass of the invisible X in GeV, 0 to 1000.
    rate : array_like
        Branching ratio of B -> K X, 0 to 1.
    mode : {"K+", "K0", "K*+", "K*0"}
        The kaon.

    Returns
    -------
    ndarray or float
        Dimensionless; rate = 0 is the Standard Model.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``2 (mu - n + n ln(n/mu)) + (b - b_0)^2/sigma^2`` with ``mu = b + s``, minimised over the background b.

    Examples
    --------
    >>> from darkhiggs import babar
    >>> print(babar.chi2(2.0, [0.0, 5e-6, 1e-5]).round(2))
    [0.94 0.   0.64]
    """
    signal = events(m_x, rate, mode)
    place = MODES.index(mode)
    entry, n = get("babar.background"), natural("babar.observed", "1")[place]
    mean, error = entry.value[place], np.asarray(entry.uncertainty)[place]
    signal = signal + (expected(mode) - mean)
    # b minimises: (b + s)(b - b_0 + sigma^2) = n sigma^2
    half = 0.5 * (signal + mean - error**2)
    total = half + np.sqrt(half**2 + n * error**2)
    return 2.0 * (total - n + n * np.log(n / total)) + ((total - signal - mean) / error) ** 2
