"""Invisible branching ratio of the Higgs boson with a new invisible width beside that of the Standard Model."""

import numpy.typing as npt

from ._arrays import Array, checked
from .inputs import natural


def branching_ratio(new: Array, cos_2: npt.ArrayLike = 1.0) -> Array:
    """Branching ratio for a new width in GeV, where the widths of the Standard Model are multiplied by cos^2(theta)."""
    standard = cos_2 * natural("Gamma_h")
    return (standard * natural("BR(h->ZZ*->4nu)", "1") + new) / (standard + new)


def checked_limit(br_limit: npt.ArrayLike | None, high: float) -> Array:
    """Return the given upper limit, or the one of the inputs, if it is above BR(h -> ZZ* -> 4 nu)."""
    given = natural("bound.higgs_invisible", "1") if br_limit is None else br_limit
    return checked("br_limit", given, natural("BR(h->ZZ*->4nu)", "1"), high, open_low=True)


def room(limit: Array) -> Array:
    """Return the new width in GeV for which the branching ratio is at its limit, without mixing."""
    value: Array = natural("Gamma_h") * (limit - natural("BR(h->ZZ*->4nu)", "1")) / (1.0 - limit)
    return value
