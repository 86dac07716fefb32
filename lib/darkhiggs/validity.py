"""Ranges of the model parameters in which the rates of this library are reliable."""

import numpy as np
import numpy.typing as npt

from ._public import public
from .model import DarkSector, scalar_potential
from .widths import gamma_h1

__all__ = ["flags"]

# Ratios |Q_X/Q_Phi| at which a renormalisable X-Phi term mixes, splits or destabilises X.
_SPECIAL_RATIOS = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
_BROAD = 0.1


@public
def flags(sector: DarkSector) -> dict[str, npt.NDArray[np.bool_]]:
    """Flag the points at which the rates are not reliable.

    Parameters
    ----------
    sector : DarkSector
        A point or grid; without m_h1 only couplings and charges are tested.

    Returns
    -------
    dict of ndarray of bool
        Flags of the shape of the sector. ``non_perturbative``: lambda_phi_x reaches 4 pi, the quartic coupling of Phi is above
        4 pi, or ``g_X |Q|`` is above sqrt(4 pi). ``broad``: Gamma_1/m_1 is above 0.1. ``charges``: Q_X is not set, or
        ``|Q_X/Q_Phi|`` is 1/3, 1/2, 1, 2 or 3, so that X can mix with Phi, be split in mass by it, or decay through it.

    Examples
    --------
    >>> from darkhiggs import model, validity
    >>> print(validity.flags(model.benchmark("A").replace(m_h1=[2.0, 80.0], q_x=1.5))["broad"])
    [False  True]
    """
    largest = np.abs(sector.q_phi) if sector.q_x is None else np.maximum(np.abs(sector.q_phi), np.abs(sector.q_x))
    quartic = np.asarray(0.0 if sector.lambda_phi_x is None else sector.lambda_phi_x)
    strong = (quartic >= 4.0 * np.pi) | (sector.g_x * largest > np.sqrt(4.0 * np.pi))
    broad = np.asarray(False)
    if sector.m_h1 is not None:
        strong = strong | (scalar_potential(sector)["lambda_phi"] > 4.0 * np.pi)
        broad = np.asarray(gamma_h1(sector) / sector.m_h1 > _BROAD)
    charges = np.asarray(True)
    if sector.q_x is not None:
        ratio = np.abs(np.asarray(sector.q_x) / sector.q_phi)
        charges = np.isclose(ratio[..., None], _SPECIAL_RATIOS).any(axis=-1)
    found = {"non_perturbative": strong, "broad": broad, "charges": charges}
    return {name: np.broadcast_to(flag, sector.shape) for name, flag in found.items()}
