"""The row of a rival explanation: the same questions for all of them, answered by one function `row` of each rival module.

A rival module ``rivals/NAME.py`` provides::

    @public
    def row(inputs: str = "talk") -> Row:
        with use(choice("inputs", inputs, sets())):
            return against_the_data(name, chapter, spectrum, point=..., kstar=..., bears=..., cells=..., free=...)

or a function `rows` that returns several. Modules without either have no row in `rivals.summary`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from . import belle2, cmb, direct_detection, standard_model
from ._arrays import single
from .constraints import Row as Limit
from .constraints import compare
from .errors import ParameterError
from .inputs import cached, names, natural
from .limits import curve, kstar_room

# masses of the lines in GeV among which the best one is looked for: first, last, number
_LINES = (1.8, 2.6, 161)
# kinds of limits that every explanation is held against, in this order
KINDS = ("K*", "other B", "kaons", "Higgs", "relic density", "CMB", "N_eff", "direct detection", "other")


@dataclass(frozen=True)
class Row:
    """One explanation against the data, at the rate that the spectrum needs.

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
    z_global : float
        Standard deviations against the Standard Model, after a search over all spectra that the explanation could have given.
    kstar : float
        Rate of B0 -> K*0 + invisible at the rate that the spectrum needs, divided by the room that the limit leaves beside the
        Standard Model; nan if the explanation does not predict it.
    statements : tuple of str
        First and last number of what the talk states about it, as the scope page of the book lists it.
    bears : tuple of str
        What else bears on it, one statement each.
    cells : dict of str to constraints.Row
        The strictest limit of each kind that the explanation meets or fails at this point, by one of `KINDS`.
    free : dict of str to str
        What a parameter that the decay does not fix has to do so that a limit of this kind is met.
    """

    name: str
    chapter: str
    point: str
    rate: float
    minus: float
    plus: float
    delta_chi2: float
    delta_chi2_line: float
    z_global: float
    kstar: float
    statements: tuple[str, ...] = ()
    bears: tuple[str, ...] = ()
    cells: dict[str, Limit] = field(default_factory=dict)
    free: dict[str, str] = field(default_factory=dict)

    @property
    def z_local(self) -> float:
        """Standard deviations against the Standard Model for this spectrum alone."""
        return float(np.sqrt(self.delta_chi2))

    @property
    def marks(self) -> dict[str, str]:
        """Word for each kind of limit: allowed, in tension, excluded, or free where a parameter that is left can meet it.

        A kind that is missing says nothing about the explanation.
        """
        judged = {column: str(cell.word) for column, cell in self.cells.items()}
        return judged | dict.fromkeys(self.free, "free")

    @property
    def worst(self) -> str:
        """Kind of the limit that is exceeded by the most standard deviations; empty if all are met."""
        over = [column for column in KINDS if column in self.cells and not self.cells[column].allowed]
        return max(over, key=lambda column: self.cells[column].sigma, default="")

    @property
    def sigma(self) -> float:
        """Standard deviations by which the limit of `worst` is exceeded; 0 if all are met."""
        return float(self.cells[self.worst].sigma) if self.worst else 0.0

    @property
    def verdict(self) -> str:
        """One of ``"alive"``, ``"no dark matter"``, ``"in tension"`` and ``"excluded"``.

        The words are those of `constraints.Verdict`; ``"no dark matter"`` is an explanation that every limit allows, and that
        is not a theory of dark matter.
        """
        if self.worst:
            return self.marks[self.worst]
        return "alive" if "relic density" in self.cells or "relic density" in self.free else "no dark matter"


@cached
def best_line() -> tuple[float, float, float]:
    """Mass in GeV, needed rate and decrease of -2 ln L of the best line."""
    masses = np.linspace(*_LINES)
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum.line(masses))
    best = int(np.argmax(fit.delta_chi2))
    return float(masses[best]), float(fit.rate[best]), float(fit.delta_chi2[best])


@cached
def _search() -> belle2.Search:
    return belle2.Likelihood().global_significance()


def _global(spectrum: belle2.Spectrum, gain: float, family: belle2.Spectrum | None) -> float:
    """Significance of a gain in a search over a family of spectra, by default over all lines."""
    from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]

    if family is not None:
        together = belle2.Spectrum(np.vstack([family.efficiency, spectrum.efficiency]))
        search = belle2.Likelihood().global_significance(spectrum=together)
    else:
        search = _search()
    # the trial factor is that of the best spectrum of the search
    return float(-ndtri(min(search.trials * ndtr(-np.sqrt(gain)), 0.5)))


def strictest(limits: Iterable[Limit | None]) -> Limit | None:
    """Of several limits the one with the largest ratio of value to limit; those that are None do not count."""
    return max((one for one in limits if one is not None), key=lambda one: one.value / one.limit, default=None)


def annihilation(sigma_v: float, mass: float, channel: str = "ee", self_conjugate: bool = False) -> Limit:
    """Limit of the CMB on the annihilation of dark matter at rest; cross-section in GeV^-2, mass in GeV."""
    found = compare(sigma_v, "p_ann", cmb.annihilation_limit(mass, channel, self_conjugate))
    return replace(found, name="CMB", unit="GeV^-2", cl=0.95)


def scattering(sigma: float, mass: float) -> Limit | None:
    """Strictest direct limit on the cross-section per nucleon in GeV^-2, at a mass in GeV; None where no search has one."""
    searches = [(float(curve(name).sigma_max(mass)), name) for name in direct_detection.searches(electrons=False)]
    limit, name = min(searches)
    return replace(compare(sigma, f"limit.{name}.upper", limit), name=name, unit="GeV^-2") if np.isfinite(limit) else None


def kaon_pair(rate: float) -> Limit | None:
    """Limit on BR(K+ -> pi+ + pair) from the measured rate of K+ -> pi+ nu nubar; None where the set has none."""
    return compare(rate, "measured.k_pi_pair") if "measured.k_pi_pair" in names() else None


def other_b(rate: float, kstar: float) -> Limit | None:
    """Strictest limit of other decays B -> K and B -> X_s, for a rate of B+ -> K+ and one of B0 -> K*0, which may be nan.

    They are limits on the sum with the Standard Model, published for its own spectrum.
    """
    neutral = natural("tau_B0", "GeV^-1") / natural("tau_B+", "GeV^-1") * rate
    totals = {
        "bound.k0": neutral + standard_model.br_b_to_k_nunu(charge="0"),
        "bound.xs_kaon": rate + standard_model.br_b_to_k_nunu(),
        "bound.xs_kstar": np.nan_to_num(kstar) + standard_model.br_b_to_kstar_nunu(),
    }
    return strictest(compare(total, name) for name, total in totals.items() if name in names())


def against_the_data(
    name: str,
    chapter: str,
    spectrum: belle2.Spectrum,
    *,
    statements: tuple[str, ...] = (),
    point: str = "",
    kstar: float = np.nan,
    bears: tuple[str, ...] = (),
    family: belle2.Spectrum | None = None,
    cells: Mapping[str, Limit | None] | None = None,
    free: dict[str, str] | None = None,
) -> Row:
    """Fit one spectrum and fill the row.

    `kstar` is the ratio of BR(B0 -> K*0 + invisible) to BR(B+ -> K+ + invisible), or nan; `family` holds the spectra that the
    explanation could have given, all lines by default; the cells of K* and of the other decays of B are filled from the fit.
    """
    if spectrum.efficiency.ndim != 1:
        raise ParameterError("a row takes one spectrum at a time")
    ratio = np.nan if np.isnan(kstar) else single("kstar", kstar, 0.0)
    fit = belle2.Likelihood().fit_rate(spectrum)
    rate = float(fit.rate)
    found: dict[str, Limit | None] = {"other B": other_b(rate, ratio * rate)}
    if not np.isnan(ratio):
        found["K*"] = compare(ratio * rate, "bound.kstar", kstar_room())
    found.update(cells or {})
    return Row(
        name=name,
        chapter=chapter,
        point=point,
        rate=rate,
        minus=float(fit.minus),
        plus=float(fit.plus),
        delta_chi2=float(fit.delta_chi2),
        delta_chi2_line=best_line()[2],
        z_global=_global(spectrum, float(fit.delta_chi2), family),
        kstar=ratio * rate / kstar_room(),
        statements=statements,
        bears=bears,
        cells={column: cell for column in KINDS if (cell := found.get(column)) is not None},
        free=free or {},
    )
