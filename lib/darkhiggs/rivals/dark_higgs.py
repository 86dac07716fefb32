"""The talk's own model as one explanation among the others: a dark Higgs H1 and a complex scalar X, charged under a U(1)."""

import numpy as np

from .. import belle2, constraints, direct_detection, meson_decays, model, scan
from .._arrays import choice
from .._public import public
from .._rival_row import Row, against_the_data, best_line, strictest
from ..inputs import natural, sets, use

__all__ = ["rows"]

# with two bodies, all but the Z' and the mass of H1; with three bodies, where H1 is heavier than m_B - m_K by this many GeV.
# The mixing is only where the search for it begins.
_TWO = {"q_phi": 1.0, "q_x": 0.7, "m_x": 0.5, "sin_theta": 0.004}
_THREE, _OFFSET = {"q_phi": 0.2, "q_x": 0.7, "m_x": 0.3, "sin_theta": 0.01}, 0.1
# a Z' that the data of today allow: mass in GeV, and coupling
_HEAVIER = {"m_zp": 0.03, "g_x": 1e-4}
# masses of X in GeV among which a search with three bodies would look
_SEARCH = np.linspace(0.02, 1.6, 40)
# limits of `constraints.table` by the kind of the row
_KINDS = {
    "K*": ("K*0",),
    "kaons": ("NA62", "KOTO"),
    "Higgs": ("Higgs",),
    "relic density": ("relic density",),
    "CMB": ("CMB",),
    "N_eff": ("N_eff with X",),
    "other": ("Bs", "B0", "trident", "NA64mu", "muon g-2", "Borexino"),
}


def _row(name: str, chapter: str, sector: model.DarkSector, spectrum: belle2.Spectrum, family: belle2.Spectrum | None) -> Row:
    """Set the mixing to the one that gives the needed rate, and hold the point against all limits."""
    sector = scan.on_relic_line(sector)
    rate = belle2.Likelihood().fit_rate(spectrum).rate
    # the rate grows with the square of a small mixing
    for _ in range(3):
        step = np.sqrt(rate / meson_decays.br_b_to_k_invisible(sector))
        sector = sector.replace(sin_theta=step * sector.require("sin_theta"))
    found = {row.name: row for row in constraints.table(sector)}
    kinds = {**_KINDS, "direct detection": tuple(name for name in direct_detection.EXPERIMENTS if name in found)}
    m_h1, m_x, sine = (float(sector.require(name)) for name in ("m_h1", "m_x", "sin_theta"))
    masses = f"m_Z' = {1e3 * float(sector.m_zp):g} MeV, m_H1 = {m_h1:.2f} GeV, m_X = {m_x:g} GeV"
    return against_the_data(
        name,
        chapter,
        spectrum,
        statements=("S52", "S112"),
        point=f"{masses}, g_X = {float(sector.g_x):.0e}",
        kstar=float(meson_decays.br_b_to_kstar_invisible(sector) / meson_decays.br_b_to_k_invisible(sector)),
        bears=(f"sin(theta) = {sine:.4f}",),
        family=family,
        cells={kind: strictest(found[one] for one in limits) for kind, limits in kinds.items()},
    )


@public
def rows(inputs: str = "talk") -> list[Row]:
    """Hold the talk's own model against the data, at its benchmarks and with a heavier Z'.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    list of Row
        Two bodies at the benchmarks A and B and with a Z' of 30 MeV, and three bodies at B; see `rivals.summary`.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Notes
    -----
    The dark Higgs of two bodies has the mass of the best line; that of three bodies is 0.1 GeV too heavy to be produced, as in
    `scan.relic_windows`.
    The mixing gives the rate that the spectrum needs, and the coupling of X to the scalars gives all of the dark matter.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_higgs
    >>> [row.verdict for row in dark_higgs.rows()]
    ['in tension', 'alive', 'alive', 'in tension']
    """
    with use(choice("inputs", inputs, sets())):
        m_h1 = best_line()[0]
        line = belle2.Spectrum.line(m_h1)
        heavier = model.DarkSector(**_HEAVIER)
        name = f"{1e3 * _HEAVIER['m_zp']:g} MeV Z'"
        sectors = {"A": model.benchmark("A"), "B": model.benchmark("B"), name: heavier}
        found = [
            _row(f"dark Higgs, {name}", "belle2_dark_higgs", sector.replace(m_h1=m_h1, **_TWO), line, None)
            for name, sector in sectors.items()
        ]
        end = float(natural("m_B+") - natural("m_K+"))
        family = belle2.Spectrum(np.stack([belle2.Spectrum.three_body(m).efficiency for m in _SEARCH]))
        three = model.benchmark("B").replace(m_h1=end + _OFFSET, **_THREE)
        shape = belle2.Spectrum.from_sector(scan.on_relic_line(three))
        return [*found, _row("dark Higgs, 3 bodies, B", "windows_b", three, shape, family)]
