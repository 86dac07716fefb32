"""Numbers as a chapter shows them, with the same text on every machine.

Processors differ in the last bits of a sum or an exponential.
A number is therefore first rounded to the digits that are stable.
A value on a rounding edge, a tie and a zero then give the same text everywhere.
"""

import os
import re
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["STABLE", "TRACE", "UnstableDigits", "num", "stable"]

# Number of significant digits to which a number is first rounded, so that a tie, a zero and a rounding edge are the same
# everywhere. The result of a fit or of a root search has fewer stable digits; `make portable` checks that all shown digits are.
STABLE = 8
# Environment variable with the name of a file, to which every number is appended with its full value and as it is shown.
TRACE = "BOOK_TRACE"
_SPEC = re.compile(r"((?:.?[<>=^])?[-+ ]?)(#?0?\d*,?(?:\.(\d+))?)([fFeEgG%]?)")


class UnstableDigits(ValueError):
    """A format has more digits than those that are the same on every machine."""


def stable(values: npt.ArrayLike, digits: int = STABLE) -> Any:
    """Round to significant digits that do not depend on the processor, before numbers are compared, counted or sorted.

    Parameters
    ----------
    values : array_like
        Numbers; infinities and nan are kept.
    digits : int
        Number of significant digits.

    Returns
    -------
    ndarray or float
        The rounded numbers in the same shape; a zero has no sign.

    Examples
    --------
    >>> from bookkit.numbers import stable
    >>> float(stable(0.1 + 0.2)), float(stable(-0.0))
    (0.3, 0.0)
    """
    array = np.asarray(values, dtype=np.float64)
    rounded = [float(f"{value:.{digits - 1}e}") + 0.0 for value in array.ravel()]
    return np.array(rounded, dtype=np.float64).reshape(array.shape)[()]


class num(float):
    """A number to be shown in a chapter, ``f"{num(x):.3g}"``.

    Parameters
    ----------
    value : float
        The number, or an array with one element.
    digits : int
        Number of significant digits that are the same on all machines.

    Raises
    ------
    UnstableDigits
        If a format has more digits than that.

    Examples
    --------
    >>> from bookkit.numbers import num
    >>> f"{num(-0.04):5.1f}|{num(1.2345e-5):.2e}|{num(0.5):.0%}"
    '  0.0|1.23e-05|50%'
    """

    digits: int

    def __new__(cls, value: Any, digits: int = STABLE) -> "num":
        """Store the value without rounding."""
        self = super().__new__(cls, np.asarray(value, dtype=np.float64).item())
        self.digits = digits
        return self

    def __format__(self, spec: str) -> str:
        """Round to the stable digits, and format the result as a float; a zero has no sign."""
        match = _SPEC.fullmatch(spec)
        if match is None:
            raise ValueError(f"{spec!r} is not a format of a number such as '9.2f'")
        head, width, precision, kind = match.groups()
        value = float(stable(float(self), self.digits))
        # in a fixed format the digits beyond the stable ones are zeros after the rounding
        shown = {"e": int(precision or 6) + 1, "g": int(precision or 6)}.get(kind.lower() or "g", 0)
        if shown > self.digits:
            raise UnstableDigits(f"{float(self):.6g} shown as {spec!r} has {shown} digits; {self.digits} are stable")
        text = format(value, f"{head}z{width}{kind or 'g'}")
        if TRACE in os.environ:
            with open(os.environ[TRACE], "a", encoding="ascii") as file:
                file.write(f"{float(self)!r} {self.digits} {spec} {text.strip()}\n")
        return text
