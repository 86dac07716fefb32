"""Rival explanations of the excess, with one module for each; the modules do not import each other."""

import importlib
import pkgutil
from types import ModuleType

from .._public import public
from .._rival_row import KINDS as _KINDS
from .._rival_row import Row as _Row

__all__ = ["KINDS", "best_line", "summary"]

#: Kinds of limits that every explanation is held against, in this order.
KINDS: tuple[str, ...] = _KINDS


@public
def best_line() -> tuple[float, float, float]:
    """Line B+ -> K+ X that the published spectrum prefers, the mark for every other explanation.

    Returns
    -------
    tuple of float
        Mass of X in GeV from 1.8 to 2.6 GeV, the rate that the spectrum needs, and the decrease of -2 ln L with respect to the
        Standard Model.

    Examples
    --------
    >>> from darkhiggs import rivals
    >>> mass, rate, gain = rivals.best_line()
    >>> print(f"{mass:.1f} GeV, {rate:.1e}, {gain:.1f}")
    2.1 GeV, 8.3e-06, 13.6
    """
    from .._rival_row import best_line as found

    return found()


@public
def summary(today: bool = False) -> list[_Row]:
    """Hold every rival explanation against the same data.

    Parameters
    ----------
    today : bool
        Take the inputs of today in place of those of the talk.

    Returns
    -------
    list of Row
        The rows of every module, in the order of their names.
        A row has the fields name, chapter, point, rate, minus, plus, delta_chi2, delta_chi2_line, z_global, kstar (over its
        room), statements (of the talk), bears (what else bears on it), cells (a `constraints.Row` for each of `KINDS` that the
        explanation predicts) and free (what a parameter that is left has to do).
        Its properties are z_local, marks, worst, sigma and verdict.

    Raises
    ------
    ParameterError
        If `today` is neither True nor False.

    Examples
    --------
    >>> from darkhiggs import rivals
    >>> all(row.delta_chi2 < row.delta_chi2_line + 0.1 for row in rivals.summary())
    True
    """
    from .._arrays import switch

    label = "today" if switch("today", today) else "talk"
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    found: list[_Row] = []
    for module in modules:
        # of the talk's own model there are several, and a module that is about dark matter alone has none
        if hasattr(module, "rows"):
            found += module.rows(label)
        elif hasattr(module, "row"):
            found.append(module.row(label))
    return found


def __getattr__(name: str) -> ModuleType:
    """Import a module at its first use."""
    if not name.startswith("_"):
        try:
            return importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
