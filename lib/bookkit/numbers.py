"""The one path by which a chapter shows a number, so that its text is the same on every machine.

Processors differ in the last bits of a sum or an exponential. What is shown here is rounded to the stable digits first: then a
value on a rounding edge, a tie and a zero come out alike everywhere.
"""

import os
import re
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["STABLE", "TRACE", "UnstableDigits", "num", "stable"]

# Significant digits kept before anything else, so that a tie, a zero and an edge come out alike. What a fit or a root gives is
# good to fewer; `make portable` measures that no digit shown is among those lost.
STABLE = 8
# Names a file to which every number shown is appended, as it came and as it is shown.
TRACE = "BOOK_TRACE"
_SPEC = re.compile(r"((?:.?[<>=^])?[-+ ]?)(#?0?\d*,?(?:\.(\d+))?)([fFeEgG%]?)")


class UnstableDigits(ValueError):
    """More digits are asked for than every machine agrees on."""


def stable(values: npt.ArrayLike, digits: int = STABLE) -> Any:
    """Round to significant digits that do not depend on the processor; to compare, count, sort or find the largest.

    Parameters
    ----------
    values : array_like
        Numbers; infinities and nan stay.
    digits : int
        Significant digits kept.

    Returns
    -------
    ndarray or float
        Same shape; a zero has no sign.

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
        The number; an array of one will do.
    digits : int
        Significant digits on which all machines agree.

    Raises
    ------
    UnstableDigits
        When a format asks for more digits than that.

    Examples
    --------
    >>> from bookkit.numbers import num
    >>> f"{num(-0.04):5.1f}|{num(1.2345e-5):.2e}|{num(0.5):.0%}"
    '  0.0|1.23e-05|50%'
    """

    digits: int

    def __new__(cls, value: Any, digits: int = STABLE) -> "num":
        """Keep the value as it came."""
        self = super().__new__(cls, np.asarray(value, dtype=np.float64).item())
        self.digits = digits
        return self

    def __format__(self, spec: str) -> str:
        """Round to the stable digits, then as a float; a zero has no sign."""
        match = _SPEC.fullmatch(spec)
        if match is None:
            raise ValueError(f"{spec!r} is not a format of a number such as '9.2f'")
        head, width, precision, kind = match.groups()
        value = float(stable(float(self), self.digits))
        # in a fixed format the digits beyond are zeros by now
        shown = {"e": int(precision or 6) + 1, "g": int(precision or 6)}.get(kind.lower() or "g", 0)
        if shown > self.digits:
            raise UnstableDigits(f"{float(self):.6g} shown as {spec!r} has {shown} digits; {self.digits} are stable")
        text = format(value, f"{head}z{width}{kind or 'g'}")
        if TRACE in os.environ:
            with open(os.environ[TRACE], "a", encoding="ascii") as file:
                file.write(f"{float(self)!r} {self.digits} {spec} {text.strip()}\n")
        return text
