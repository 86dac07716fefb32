"""Rate of B -> K(*) + invisible through an on-shell or off-shell H1, from the two-body rate of the B meson."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, choice, composite, numbers
from ._scalars import clip, divisor
from .errors import ParameterError
from .inputs import natural
from .model import DarkSector
from .widths import br_zp_invisible, gamma_h1, gamma_h1_to_xx, gamma_h1_to_zpzp

# Number of points integrated at a time: it bounds the memory and keeps the arrays in the processor cache.
CHUNK = 256
# Number of Gauss-Legendre nodes in each half of an interval between end points, thresholds and the pole.
_ORDER = 40
# Gamma/m below which the line shape of H1 cannot be resolved in double precision.
NARROW = 1e-11


def line_shape(q2: Array, sector: DarkSector, final_state: str | None, floor: npt.ArrayLike = 0.0) -> Array:
    """Invisible width of a virtual H1 of mass sqrt(q2) times the squared propagators of H1 and H2, in GeV^-3.

    With a `floor`, a line too narrow for floating-point numbers is widened at constant area.
    """
    q = np.sqrt(q2)
    pairs = 0.0 * q
    if final_state != "zpzp":
        pairs = pairs + gamma_h1_to_xx(sector, q)
    if final_state != "xx":
        pairs = pairs + gamma_h1_to_zpzp(sector, q) * br_zp_invisible(sector) ** 2
    offset, width = q2 - sector.require("m_h1") ** 2, q * gamma_h1(sector, q)
    # |1/(offset + i width) - 1/(q2 - m_2^2)|^2; on the pole of a stable H1 no decay is open, and the rate is zero
    heavy, wide = 1.0 / (q2 - natural("m_h") ** 2), clip(width, floor)
    pole, area = offset**2 + wide**2, wide / divisor(width)
    shape = area * ((1.0 - heavy * offset) ** 2 + (heavy * width) ** 2) / divisor(pole)
    return pairs * shape


def spectrum(
    q2: Array, sector: DarkSector, final_state: str | None, two_body: Callable[[Array], Array], floor: npt.ArrayLike = 0.0
) -> Array:
    """Differential rate into K or K* and a virtual H1 of mass sqrt(q2): the two-body rate times `line_shape`.

    `two_body` is the two-body rate at unit mixing as a function of the mass of H1.
    """
    q = np.sqrt(q2)
    return two_body(q) * sector.require("sin_theta") ** 2 * q * line_shape(q2, sector, final_state, floor) / np.pi


def _rule(sector: DarkSector, q_max: float, order: int) -> tuple[Array, Array, Array]:
    """Nodes and weights in q2 that resolve the line of H1 at every point of a flat sector, and the floor of its width."""
    m_x = sector.m_zp if sector.m_x is None else sector.m_x
    low, pole = 4.0 * np.square(np.minimum(sector.m_zp, m_x)), np.square(sector.require("m_h1"))
    edges = np.stack([4.0 * np.square(sector.m_zp), 4.0 * np.square(m_x), pole, np.full(pole.shape, q_max**2)])
    breaks = np.clip(edges, np.minimum(low, q_max**2), q_max**2)
    # the scale of a pole inside the range is its width; thresholds, and the flank of a pole outside, are resolved down to 1e-9
    inside = breaks[2] == pole
    scales = 1e-9 * breaks
    scales[2] = np.where(inside, np.maximum(sector.m_h1 * gamma_h1(sector), NARROW * pole), scales[2])
    q2, weights = composite(breaks, scales, order)
    return q2, weights, np.where(inside, NARROW * pole, 0.0)


def at_unit_mixing(
    rate: Callable[..., Array], charge: str, final_state: str | None, options: dict[str, Any]
) -> Callable[[Array], Array]:
    """Two-body rate at unit mixing as a function of the mass of H1; all other arguments are checked here."""
    if final_state is not None:
        choice("final_state", final_state, ("xx", "zpzp"))
    choice("charge", charge, ("+", "0"))
    given = ((name, options[name]) for name in ("kappa", "nuisance") if options.get(name) is not None)
    sizes = {name: numbers(name, value).ndim for name, value in given}
    if sizes.get("kappa", 0) > 0 or sizes.get("nuisance", 0) > 1:
        raise ParameterError("kappa has to be one number and nuisance one vector for the rate of a sector")
    return lambda q: rate(q, 1.0, charge, **options)


def densities(
    rate: Callable[..., Array],
    meson: str,
    charge: str,
    final_state: str | None,
    options: dict[str, Any],
    order: int = _ORDER,
) -> Callable[[DarkSector], tuple[Array, Array]]:
    """Make a function of a flat sector that returns nodes in q2 and the rate at each node times its weight.

    Both have the shape (nodes, points).
    """
    two_body = at_unit_mixing(rate, charge, final_state, options)
    q_max = natural(f"m_B{charge}") - natural(f"m_{meson}{charge}")

    def found(sector: DarkSector) -> tuple[Array, Array]:
        q2, weights, floor = _rule(sector, q_max, order)
        return q2, weights * spectrum(q2, sector, final_state, two_body, floor)

    return found
