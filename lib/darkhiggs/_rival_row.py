"""The row of a rival explanation: the same questions for all of them, answered by one function `row` of each rival module.

A rival module ``rivals/NAME.py`` provides::

    @public
    def row(inputs: str = "talk") -> Row:
        with use(choice("inputs", inputs, sets())):
            return against_the_data(name, chapter, spectrum, point=..., kstar=..., bears=...)

Modules without it have no row in `rivals.summary`.
"""

from dataclasses import dataclass

import numpy as np

from . import belle2
from ._arrays import single
from .errors import ParameterError
from .inputs import cached
from .limits import kstar_room

# masses of the lines in GeV among which the best one is looked for: first, last, number
_LINES = (1.8, 2.6, 161)


@dataclass(frozen=True)
class Row:
    """One rival explanation against the data.

    Parameters
    ----------
    name : str
        The explanation in a few words.
    chapter : str
        File name of its chapter, without the ending.
    point : str
        The choice of its parameters that the numbers belong to.
    rate, minus, plus : float
        BR(B+ -> K+ + invisible) that the published spectrum needs in addition to the Standard Model, and the errors of its 68 %
        interval.
    delta_chi2 : float
        Decrease of -2 ln L with respect to the Standard Model.
    delta_chi2_line : float
        The same for the best line, B+ -> K+ X with a narrow X.
    kstar : float
        Rate of B0 -> K*0 + invisible at the rate that the spectrum needs, divided by the room that the limit leaves beside the
        Standard Model; nan if the explanation does not predict it.
    bears : tuple of str
        What else bears on it, one statement each.
    """

    name: str
    chapter: str
    point: str
    rate: float
    minus: float
    plus: float
    delta_chi2: float
    delta_chi2_line: float
    kstar: float
    bears: tuple[str, ...] = ()


@cached
def best_line() -> tuple[float, float, float]:
    """Mass in GeV, needed rate and decrease of -2 ln L of the best line."""
    masses = np.linspace(*_LINES)
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum.line(masses))
    best = int(np.argmax(fit.delta_chi2))
    return float(masses[best]), float(fit.rate[best]), float(fit.delta_chi2[best])


def against_the_data(
    name: str,
    chapter: str,
    spectrum: belle2.Spectrum,
    *,
    point: str = "",
    kstar: float = np.nan,
    bears: tuple[str, ...] = (),
) -> Row:
    """Fit one spectrum and fill the row.

    `kstar` is the ratio of BR(B0 -> K*0 + invisible) to BR(B+ -> K+ + invisible), or nan.
    """
    if spectrum.efficiency.ndim != 1:
        raise ParameterError("a row takes one spectrum at a time")
    ratio = np.nan if np.isnan(kstar) else single("kstar", kstar, 0.0)
    fit = belle2.Likelihood().fit_rate(spectrum)
    return Row(
        name=name,
        chapter=chapter,
        point=point,
        rate=float(fit.rate),
        minus=float(fit.minus),
        plus=float(fit.plus),
        delta_chi2=float(fit.delta_chi2),
        delta_chi2_line=best_line()[2],
        kstar=ratio * float(fit.rate) / kstar_room(),
        bears=bears,
    )
