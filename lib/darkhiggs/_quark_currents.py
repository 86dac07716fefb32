"""Squares of a quark bilinear between a B meson and a kaon, for a pair of dark particles averaged over its direction.

At most two numbers are left of each bilinear in the rest frame of the pair.
They are a density, or the space and time components of a current, or the electric and magnetic components of a tensor.
"""

from functools import partial
from typing import Any

import numpy.typing as npt

from . import form_factors
from ._arrays import Array
from .inputs import natural

Parts = tuple[Any, Any]


def quark_squares(
    kaon: str, quark: str, gamma5: bool, q2: Array, masses: tuple[float, float], root_2: Array, nuisance: npt.ArrayLike = 0.0
) -> Parts:
    """Squares of (sbar G b) or (sbar G gamma5 b), summed over the helicities of the kaon.

    Parameters
    ----------
    kaon : {"K", "K*"}
        Kaon in the final state.
    quark : {"S", "V", "T"}
        Density, current or tensor.
    gamma5 : bool
        With one more gamma5.
    q2 : array
        Squared mass of the pair in GeV^2, inside phase space.
    masses : tuple of float
        Masses of the B meson and the kaon in GeV.
    root_2 : array
        Källén function of the squared masses and q2 in GeV^4.
    nuisance : array_like
        See `form_factors`.

    Returns
    -------
    tuple
        Density and 0, or space and time components of the current, or electric and magnetic components of the tensor.
    """
    parts = _k if kaon == "K" else _kstar
    return parts(quark, gamma5, q2, masses, root_2, nuisance)


def _k(quark: str, gamma5: bool, q2: Array, masses: tuple[float, float], root_2: Array, nuisance: npt.ArrayLike) -> Parts:
    m_b, m_k = masses
    factor = partial(form_factors.b_to_k, q2, nuisance=nuisance)
    if quark == "T":
        electric = 4.0 * root_2 * factor("fT") ** 2 / (m_b + m_k) ** 2
        return (0.0, electric) if gamma5 else (electric, 0.0)
    if gamma5:
        return 0.0, 0.0
    if quark == "S":
        return ((m_b**2 - m_k**2) / (natural("m_b") - natural("m_s")) * factor("f0")) ** 2, 0.0
    return root_2 * factor("f+") ** 2 / q2, (m_b**2 - m_k**2) ** 2 * factor("f0") ** 2 / q2


def _kstar(quark: str, gamma5: bool, q2: Array, masses: tuple[float, float], root_2: Array, nuisance: npt.ArrayLike) -> Parts:
    m_b, m_v = masses
    factor = partial(form_factors.b_to_kstar, q2, nuisance=nuisance)
    if quark == "T":
        electric = 8.0 * root_2 * factor("T1") ** 2 / q2
        transverse = 8.0 * (m_b**2 - m_v**2) ** 2 * factor("T2") ** 2 / q2
        magnetic = transverse + 64.0 * (m_b * m_v / (m_b + m_v) * factor("T23")) ** 2
        return (magnetic, electric) if gamma5 else (electric, magnetic)
    if quark == "S":
        return root_2 * (factor("A0") / (natural("m_b") + natural("m_s"))) ** 2 if gamma5 else 0.0, 0.0
    if not gamma5:
        return 2.0 * root_2 * factor("V") ** 2 / (m_b + m_v) ** 2, 0.0
    transverse = 2.0 * (m_b + m_v) ** 2 * factor("A1") ** 2
    return transverse + 64.0 * (m_b * m_v * factor("A12")) ** 2 / q2, root_2 * factor("A0") ** 2 / q2
