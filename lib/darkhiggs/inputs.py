"""Every number with a physical meaning, with its uncertainty, unit and source.

The numbers live in the TOML files of ``darkhiggs/data``. Each entry states ``value``, ``unit`` and
``source``; a symmetric ``uncertainty``, or ``plus`` and ``minus``; ``cite``, a key of the book's bibliography;
and a ``note``. A file with faults is refused as a whole, with all its faults listed.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from . import _data, units
from ._arrays import shown
from ._owned import Owned
from ._public import public
from .errors import DataError

__all__ = ["Quantity", "get", "load", "names", "natural", "value"]


@dataclass(frozen=True, eq=False, repr=False)
class Quantity(Owned):
    """A number, or an array of numbers, with what is needed to trust it.

    Parameters
    ----------
    value : float or ndarray
        The central value, in `unit`.
    uncertainty : float or ndarray
        One standard deviation; the mean of the two sides where they differ, 0 if exact.
    unit : str
        A unit that `darkhiggs.units` can convert, ``"1"`` if dimensionless.
    source : str
        Where the number is printed.
    cite : str
        Key of the book's bibliography.
    note : str
        What a user has to know.
    plus, minus : float or None
        The two sides of an asymmetric uncertainty, both positive.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> inputs.get("m_B+").unit
    'GeV'
    """

    value: Any
    uncertainty: Any
    unit: str
    source: str
    cite: str = ""
    note: str = ""
    plus: float | None = None
    minus: float | None = None

    @public
    def to(self, unit: str) -> Any:
        """Return the value in another unit.

        Parameters
        ----------
        unit : str
            Target unit of the same dimension; with hbar = c = 1 a time is a GeV^-1.

        Returns
        -------
        float or ndarray
            The central value in `unit`.

        Raises
        ------
        ParameterError
            If the unit is unknown or of another dimension.

        Examples
        --------
        >>> from darkhiggs import inputs
        >>> f"{inputs.get('tau_B+').to('GeV^-1'):.4g}"
        '2.487e+12'
        """
        return units.convert(self.value, self.unit, unit)


@public
def load(path: str | Path) -> dict[str, dict[str, Quantity]]:
    r"""Read one data file and refuse it if any entry lacks a value, a unit or a source.

    Parameters
    ----------
    path : str or Path
        A TOML file in the layout of ``darkhiggs/data``.

    Returns
    -------
    dict
        Set name to entry name to `Quantity`; the unnamed base set is ``""``.

    Raises
    ------
    DataError
        With every fault of the file, one a line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from darkhiggs import inputs
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text('[m_x]\nvalue = 0.1\n')
    >>> inputs.load(path)
    Traceback (most recent call last):
    darkhiggs.errors.DataError: mine.toml: 2 faults
      m_x: has no unit
      m_x: has no source
    """
    return _quantities(_data.read(Path(path)))


def _quantities(sets: Mapping[str, Mapping[str, _data.Record]]) -> dict[str, dict[str, Quantity]]:
    return {label: {name: Quantity(**record) for name, record in table.items()} for label, table in sets.items()}


@lru_cache
def _sets() -> Mapping[str, Mapping[str, Quantity]]:
    """Complete each named set by what it does not replace."""
    sets = _quantities(_data.shipped())
    base = sets.pop("")
    return {"": base} | {label: base | table for label, table in sets.items()} | {"pdg2026": base}


@public
def names(inputs: str = "pdg2026") -> tuple[str, ...]:
    """List the names of all inputs.

    Parameters
    ----------
    inputs : str
        Name of an input set, ``"pdg2026"`` or ``"belle2"``.

    Returns
    -------
    tuple of str
        Sorted names.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> "m_B+" in inputs.names()
    True
    """
    return tuple(sorted(_set(inputs)))


def _set(inputs: str) -> Mapping[str, Quantity]:
    known = _sets()
    if not isinstance(inputs, str) or inputs not in known or not inputs:
        raise DataError(f"no input set is called {shown(inputs)}; known: {', '.join(sorted(filter(None, known)))}")
    return known[inputs]


def get(name: str, inputs: str = "pdg2026") -> Quantity:
    """Look an input up.

    Parameters
    ----------
    name : str
        Name of the entry, for example ``"m_B+"``.
    inputs : str
        Name of an input set: ``"pdg2026"``, or ``"belle2"`` (the null prediction of Belle II, which
        replaces X_t, the CKM product and the B+ lifetime).

    Returns
    -------
    Quantity
        Value, uncertainty, unit and source.

    Raises
    ------
    DataError
        If the name or the set is unknown; the message names the closest one.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> inputs.get("m_B+").value
    5.279406
    >>> inputs.get("|V_ts*V_tb|", inputs="belle2").value
    0.04185
    """
    table = _set(inputs)
    if not isinstance(name, str) or name not in table:
        close = difflib.get_close_matches(str(name), table, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"no input is called {shown(name)}{hint}")
    return table[name]


def value(name: str, unit: str = "GeV", inputs: str = "pdg2026") -> Any:
    """Look up the value of an input in a given unit.

    Parameters
    ----------
    name : str
        Name of the entry.
    unit : str
        Unit of the result, ``"1"`` for a dimensionless entry.
    inputs : str
        Name of an input set.

    Returns
    -------
    float or ndarray
        The central value.

    Raises
    ------
    DataError
        If the name or the set is unknown.
    ParameterError
        If the unit does not fit.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> f"{inputs.value('tau_B+', 'GeV^-1', inputs='belle2'):.4e}"
    '2.4886e+12'
    """
    try:
        return _value(name, unit, inputs)
    except TypeError:
        # what cannot be hashed is no name; the slow path says which
        return get(name, inputs).to(unit)


# the name by which the formulas of the library call it, whose own results are called `value`
natural = value


@cache
def _value(name: str, unit: str, inputs: str) -> Any:
    """Convert an input once; an array is shared, so nobody can write into it."""
    converted = get(name, inputs).to(unit)
    converted.setflags(write=False)
    return converted
