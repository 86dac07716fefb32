"""All numbers with a physical meaning, with uncertainty, unit and source.

The numbers are stored in the TOML files of ``darkhiggs/data``.
Each entry has ``value``, ``unit`` and ``source``.
It may have a symmetric ``uncertainty``, or ``plus`` and ``minus``; ``cite``, a key of the bibliography of the book; the
confidence level ``cl`` of a limit; and a ``note``.
A file with faults is refused as a whole, with a list of all its faults.

There are two sets of limits: ``"talk"``, the base, and ``"today"``, which replaces the entries that have newer numbers.
`use` chooses a set for a block of code, `override` changes single entries for a block, and `activate` chooses a set for the
whole process.
An entry is looked up in this order: an explicit override; the set that a call names, such as ``inputs="belle2"``; the set in
use; the base.
Blocks may be nested, and each change is undone at the end of its block.
A block has an effect only in the thread or asyncio task that opened it.
An object that was made outside a block, such as a likelihood, keeps the inputs that it has read.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any

import numpy as np

from . import _data, units
from ._arrays import checked, shown, single, whole
from ._owned import Owned
from ._public import P, R, public
from .errors import DataError, ParameterError

__all__ = [
    "Quantity",
    "activate",
    "active",
    "cached",
    "compare",
    "get",
    "load",
    "names",
    "natural",
    "override",
    "sets",
    "use",
    "value",
]

_BASE = "talk"
# Second name of the base set; as an argument of a call it means the set in use.
_DEFAULT = "pdg2026"
# The units are computed from these; an override would change only a part of the results.
_FIXED = ("hbar", "c", "Mpc")


@dataclass(frozen=True, eq=False, repr=False)
class Quantity(Owned):
    """A number, or an array of numbers, with uncertainty, unit and source.

    Parameters
    ----------
    value : float or ndarray
        The central value, in `unit`.
    uncertainty : float or ndarray
        One standard deviation; the mean of `plus` and `minus` where they differ, 0 if exact.
    unit : str
        A unit that `darkhiggs.units` can convert, ``"1"`` if dimensionless.
    source : str
        Where the number is printed.
    cite : str
        Key of the bibliography of the book.
    note : str
        Remark that a user should know.
    plus, minus : float or None
        Upper and lower error of an asymmetric uncertainty, both positive.
    cl : float
        Confidence level of a limit; 0 where the source states none, or if the entry is not a limit.

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
    cl: float = 0.0

    @public
    def to(self, unit: str) -> Any:
        """Return the value in another unit.

        Parameters
        ----------
        unit : str
            Target unit of the same dimension; with hbar = c = 1 a time has the unit GeV^-1.

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
        One dictionary per set, from the name of the entry to its `Quantity`; the name of the base set is ``""``.

    Raises
    ------
    DataError
        With a list of all faults of the file, one per line.

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
    found = _layers(_data.merged([Path(path)]))
    # an entry may be another name of an entry of the library
    seen = {label: _completed(_shipped()[""], found[""], layer) for label, layer in found.items()}
    return {label: {name: seen[label][name] for name in layer} for label, layer in found.items()}


# Entries by name; a text is the name of the entry that has the value.
_Layer = Mapping[str, Quantity | str]


def _layers(records: Mapping[str, Mapping[str, _data.Record]]) -> dict[str, _Layer]:
    return {label: {name: _made(record) for name, record in table.items()} for label, table in records.items()}


def _made(record: _data.Record) -> Quantity | str:
    return str(record["same_as"]) if "same_as" in record else Quantity(**record)


def _completed(*layers: _Layer) -> dict[str, Quantity]:
    """Merge tables, where later ones replace earlier ones; another name of an entry gets the entry that results."""
    together = {name: entry for layer in layers for name, entry in layer.items()}
    found = {}
    for name, entry in together.items():
        seen = {name}
        while isinstance(entry, str):
            if entry not in together or entry in seen:
                raise DataError(f"{name}: is the same as {shown(entry)}, which is no entry with a value")
            seen.add(entry)
            entry = together[entry]
        found[name] = entry
    return found


@lru_cache
def _shipped() -> dict[str, _Layer]:
    """Read the data files, and check that the entries of a set have the unit of the base."""
    layers = _layers(_data.shipped())
    base = layers[""]
    for label, layer in layers.items():
        for name, entry in layer.items():
            old = base.get(name, entry)
            if isinstance(entry, Quantity) and isinstance(old, Quantity) and entry.unit != old.unit:
                raise DataError(f"set {label}: {name} is in {entry.unit!r}, and in {old.unit!r} in the base")
    return layers


def _converted(name: str, unit: str, inputs: str) -> Any:
    """Convert an input to a unit; an array is shared between callers, and therefore read-only."""
    converted = get(name, inputs).to(unit)
    converted.setflags(write=False)
    return converted


class _Overlay:
    """Changes to the base: a named set, and entries that take precedence over every set; with the results cached for them."""

    def __init__(self, label: str, own: _Layer) -> None:
        self.label, self.own = label, own
        self._with_set: dict[str, _Overlay] = {}
        self._tables: dict[str, Mapping[str, Quantity]] = {}
        self._caches: dict[Any, Any] = {}
        # `natural` calls this cache directly, without another function in between
        self.value = cache(_converted)

    def with_set(self, label: str) -> "_Overlay":
        """Return an overlay with the same entries and another set."""
        if label == self.label:
            return self
        if not self.own:
            return _NOTHING._with_set.setdefault(label, _Overlay(label, {})) if label else _NOTHING
        return self._with_set.setdefault(label, _Overlay(label, self.own))

    def table(self, inputs: str) -> Mapping[str, Quantity]:
        """Complete a set with the entries that it does not replace."""
        if inputs not in self._tables:
            # "talk" and "today" do not depend on the set in use; another set, such as "belle2", is added to it
            above = ["" if inputs in (_BASE, "today") else self.label, _label(inputs)]
            layers = _shipped()
            self._tables[inputs] = _completed(layers[""], *(layers[label] for label in above if label), self.own)
        return self._tables[inputs]

    def results(self, function: Callable[P, R], maxsize: int | None) -> Callable[P, R]:
        """Return the function with its cache of results for this overlay."""
        if function not in self._caches:
            self._caches.setdefault(function, lru_cache(maxsize)(function))
        kept: Callable[P, R] = self._caches[function]
        return kept

    def forget(self, function: Any) -> None:
        """Delete the cached results of a function, for this overlay and for those with other sets."""
        for overlay in (self, *self._with_set.values()):
            overlay._caches.pop(function, None)


_NOTHING = _Overlay("", {})
# Overlay in use in this thread or task; without one that of the process is used.
_in_use: ContextVar[_Overlay] = ContextVar("darkhiggs_inputs")
_everywhere = _NOTHING


def _label(name: Any) -> str:
    """Name of a set in the data files; that of the base is empty."""
    known = sets()
    if not isinstance(name, str) or name not in known:
        raise DataError(f"no input set is called {shown(name)}; known: {', '.join(known)}")
    return "" if name in (_BASE, _DEFAULT) else name


def sets() -> tuple[str, ...]:
    """List the input sets.

    Returns
    -------
    tuple of str
        Sorted names; ``"talk"`` and ``"pdg2026"`` are two names of the base.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> inputs.sets()
    ('belle2', 'pdg2026', 'talk', 'today')
    """
    return tuple(sorted({*filter(None, _shipped()), _BASE, _DEFAULT}))


@public
def cached(function: Callable[P, R], *, maxsize: int | None = 128) -> Callable[P, R]:
    """Cache the results of a function that depends on inputs, separately for each set and each override.

    Parameters
    ----------
    function : callable
        Its arguments have to be hashable, and its results must not be changed.
    maxsize : int or None
        Number of results kept for one set or override, 0 to 1e9; None keeps all.

    Returns
    -------
    callable
        The function with a cache; its attribute `cache_clear` empties the cache.

    Raises
    ------
    ParameterError
        If `function` is not a function, or the number is out of range.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> half = inputs.cached(lambda: 0.5 * inputs.natural("m_h"))
    >>> with inputs.override({"m_h": 120.0}):
    ...     print(f"{half():.1f}")
    60.0
    >>> print(f"{half():.1f}")
    62.6
    """
    if not callable(function):
        raise ParameterError(f"function = {shown(function)} is not a function")
    size = None if maxsize is None else whole("maxsize", maxsize, 0, 1_000_000_000)
    plain = lru_cache(size)(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        overlay = _in_use.get(_everywhere)
        if overlay is _NOTHING:
            return plain(*args, **kwargs)  # type: ignore[arg-type]
        return overlay.results(function, size)(*args, **kwargs)

    def clear() -> None:
        plain.cache_clear()
        _NOTHING.forget(function)

    vars(call)["cache_clear"] = clear
    return call


@contextmanager
def _block(change: Callable[[_Overlay], _Overlay]) -> Iterator[None]:
    token = _in_use.set(change(_in_use.get(_everywhere)))
    try:
        yield
    finally:
        _in_use.reset(token)


@public
def use(name: str | None) -> AbstractContextManager[None]:
    """Choose the input set for a block of code.

    Parameters
    ----------
    name : str or None
        One of `sets`; ``"talk"`` is the base, None changes nothing.

    Returns
    -------
    context manager
        For ``with``, or as a decorator. Explicit overrides keep precedence.

    Raises
    ------
    DataError
        If the set is unknown.

    Notes
    -----
    The block has an effect only in the thread or the asyncio task that opens it.
    A new thread starts without it; ``contextvars.copy_context().run`` passes it on.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> with inputs.use("today"):
    ...     print(inputs.value("bound.higgs_invisible", "1"))
    0.107
    >>> print(inputs.value("bound.higgs_invisible", "1"))
    0.13
    """
    label = None if name is None else _label(name)
    return _block(lambda overlay: overlay if label is None else overlay.with_set(label))


@public
def activate(name: str) -> None:
    """Choose the input set for the whole process, wherever no block chooses another one.

    Parameters
    ----------
    name : str
        One of `sets`; ``"talk"`` is the base.

    Raises
    ------
    DataError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> inputs.activate("today")
    >>> inputs.active()
    ('today', ())
    >>> inputs.activate("talk")
    """
    global _everywhere
    _everywhere = _NOTHING.with_set(_label(name))


def active() -> tuple[str, tuple[str, ...]]:
    """Return the input set in use and the overridden entries.

    Returns
    -------
    set : str
        Name of the input set, ``"talk"`` for the base.
    overridden : tuple of str
        Sorted names of the entries that are overridden.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> with inputs.use("today"), inputs.override({"m_t": 173.0}):
    ...     print(inputs.active())
    ('today', ('m_t',))
    >>> inputs.active()
    ('talk', ())
    """
    overlay = _in_use.get(_everywhere)
    return overlay.label or _BASE, tuple(sorted(overlay.own))


@public
def override(values: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Replace inputs for a block of code.

    Parameters
    ----------
    values : mapping of str to number, Quantity or mapping
        New values by the name of the entry. A number, or an array of the shape of the entry, is in the unit of the entry; the
        uncertainty of the entry is kept. A mapping has some of the fields of `Quantity`; the others keep their values, except
        for the texts. A whole curve, such as ``"limit.NA62"``, is replaced by a `limits.Curve` or by a mapping with ``m`` in
        GeV and ``upper``.

    Returns
    -------
    context manager
        For ``with``, or as a decorator. The entries take precedence over every set, also over one that a call names.

    Raises
    ------
    DataError
        If no entry has the name, or the units are computed from it.
    ParameterError
        If a number is not finite, an uncertainty is negative, a shape or a unit does not fit, or a field is unknown.

    Notes
    -----
    The block has an effect only in its thread or task, as that of `use`.
    The overrides of nested blocks are combined; for the same entry the inner block takes precedence.

    Examples
    --------
    >>> from darkhiggs import inputs, standard_model
    >>> print(f"{standard_model.br_b_to_k_nunu():.3e}")
    4.967e-06
    >>> with inputs.override({"|V_ts*V_tb|": {"value": 0.0415, "source": "mine"}}):
    ...     print(f"{standard_model.br_b_to_k_nunu():.3e}")
    4.884e-06
    """
    if not isinstance(values, Mapping):
        raise ParameterError(f"values = {shown(values)} is not a dictionary of names and new values")
    own: dict[str, Quantity] = {}
    for name, given in values.items():
        if name in _FIXED:
            raise DataError(f"{name} cannot be overridden: the units are built on it")
        curve = isinstance(name, str) and f"{name}.upper" in _set(_DEFAULT)
        own |= _new_curve(name, given) if curve else {name: _new(name, get(name), given)}
    return _block(lambda overlay: _Overlay(overlay.label, {**overlay.own, **own}))


_SIZES = ("value", "uncertainty", "plus", "minus")
# Texts of an entry if none are given.
_WORDS = {"source": "override", "cite": "", "note": ""}


def _given_fields(name: str, given: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Fields of a mapping, or of an object with all of them as attributes."""
    if isinstance(given, Mapping):
        unknown = [key for key in given if key not in known]
        if unknown:
            raise ParameterError(f"{name} has no field {shown(unknown[0])}; fields: {', '.join(known)}")
        return dict(given)
    return {key: getattr(given, key) for key in known}


def _in_unit(name: str, value: Any, unit: Any, to: str, low: float = -np.inf) -> Any:
    """Check that numbers are finite, and convert them to the unit `to`."""
    if not isinstance(unit, str):
        raise ParameterError(f"{name}: unit = {shown(unit)} is not a text")
    number = checked(name, value, low, unit=unit)
    try:
        return number[()] if unit == to else units.convert(number, unit, to)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None


def _text(name: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ParameterError(f"{name}: {key} = {shown(value)} is not a text")
    return value


def _new(name: str, old: Quantity, given: Any) -> Quantity:
    """Make the entry that replaces an old one, in the unit of the old one."""
    known = tuple(field.name for field in fields(Quantity))
    parts = _given_fields(name, given, known) if isinstance(given, Quantity | Mapping) else {"value": given}
    unit = parts.get("unit", old.unit)
    size = {}
    for key in _SIZES:
        # plus and minus may be None, a value may not
        if key in parts and not (parts[key] is None and key in ("plus", "minus")):
            label, low = (name, -np.inf) if key == "value" else (f"{name}: {key}", 0.0)
            size[key] = _in_unit(label, parts[key], unit, old.unit, low)
    for key, number in size.items():
        wanted = np.shape(old.value)
        if np.shape(number) not in ((wanted,) if key == "value" else (wanted, ())):
            raise ParameterError(f"{name}: {key} has shape {np.shape(number)}, and the input has {wanted}")
    if ("plus" in size) != ("minus" in size):
        raise ParameterError(f"{name} has one of plus and minus without the other")
    if "plus" in size:
        error = {
            "plus": float(size["plus"]),
            "minus": float(size["minus"]),
            "uncertainty": 0.5 * (size["plus"] + size["minus"]),
        }
    elif "uncertainty" in size:
        error = {"plus": None, "minus": None, "uncertainty": size["uncertainty"]}
    else:
        error = {"plus": old.plus, "minus": old.minus, "uncertainty": old.uncertainty}
    source, cite, note = (_text(name, key, parts.get(key, left)) for key, left in _WORDS.items())
    cl = single(f"{name}: cl", parts.get("cl", old.cl), 0.0, 1.0)
    return Quantity(size.get("value", old.value), unit=old.unit, source=source, cite=cite, note=note, cl=cl, **error)


_CURVE = ("m", "upper", "unit", "cl", "reading_error", "log_mass", "source", "cite")


def _new_curve(name: str, given: Any) -> dict[str, Quantity]:
    """Make the entries that replace a whole curve."""
    table = _set(_DEFAULT)
    if not isinstance(given, Mapping) and not all(hasattr(given, key) for key in _CURVE):
        raise ParameterError(f"{name} is a curve; give a limits.Curve, or a dictionary with m in GeV and upper")
    parts = _given_fields(name, given, _CURVE)
    if not {"m", "upper"} <= parts.keys():
        raise ParameterError(f"{name} is a curve and needs both m and upper")
    old = table[f"{name}.upper"]
    m = checked(f"{name}: m", parts["m"], 0.0, unit="GeV")
    upper = np.asarray(_in_unit(f"{name}: upper", parts["upper"], parts.get("unit", old.unit), old.unit))
    checked(f"{name}: upper", upper, 0.0, unit=old.unit, open_low=True)
    if m.ndim != 1 or not m.size or np.any(np.diff(m) <= 0.0) or m.shape != upper.shape:
        raise ParameterError(f"{name}: m of shape {m.shape} has to increase and to match upper, {upper.shape}")
    scalars = {}
    for key, high in (("cl", 1.0), ("reading_error", 10.0), ("log_mass", 1.0)):
        before = table[f"{name}.{key}"].value if f"{name}.{key}" in table else 0.0
        given_part = parts.get(key, before)
        scalars[key] = single(f"{name}: {key}", float(given_part) if isinstance(given_part, bool) else given_part, 0.0, high)
    source, cite = (_text(name, key, parts.get(key, _WORDS[key])) for key in ("source", "cite"))
    made = {"m": (m, "GeV"), "upper": (upper, old.unit), **{key: (number, "1") for key, number in scalars.items()}}
    return {f"{name}.{key}": Quantity(value, 0.0, unit, source, cite) for key, (value, unit) in made.items()}


@public
def compare(first: str = _BASE, second: str = "today") -> tuple[tuple[str, Quantity | None, Quantity | None], ...]:
    """List the entries in which two sets differ.

    Parameters
    ----------
    first, second : str
        Names of two input sets, see `sets`.

    Returns
    -------
    tuple of (str, Quantity or None, Quantity or None)
        Name, entry of the first set and entry of the second set, sorted by name; None where a set has no such entry.
        Overrides are ignored.

    Raises
    ------
    DataError
        If a set is unknown.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> rows = {name: (old, new) for name, old, new in inputs.compare("talk", "today")}
    >>> [entry.value for entry in rows["bound.higgs_invisible"]]
    [0.13, 0.107]
    >>> rows["limit.XENONnT-electron.m"][0] is None
    True
    """
    one, other = ({**_NOTHING.table(name)} for name in map(_known, (first, second)))
    return tuple((n, one.get(n), other.get(n)) for n in sorted(one | other) if one.get(n) is not other.get(n))


def _known(name: str) -> str:
    _label(name)
    return name


@public
def names(inputs: str = "pdg2026") -> tuple[str, ...]:
    """List the names of all inputs.

    Parameters
    ----------
    inputs : str
        One of `sets`; by default the set in use.

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
    return _in_use.get(_everywhere).table(_known(inputs))


def get(name: str, inputs: str = "pdg2026") -> Quantity:
    """Look up an input.

    Parameters
    ----------
    name : str
        Name of the entry, for example ``"m_B+"``.
    inputs : str
        Name of an input set: ``"pdg2026"`` for the set in use; ``"talk"`` or ``"today"`` for one of these independent of the
        set in use; ``"belle2"`` for the Standard Model prediction used by Belle II, which replaces X_t, the CKM product and the
        B+ lifetime.

    Returns
    -------
    Quantity
        Value, uncertainty, unit and source. An override takes precedence over every set.

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
        return _in_use.get(_everywhere).value(name, unit, inputs)
    except TypeError:
        # an argument that cannot be hashed is not a name; `get` raises the error that says so
        return get(name, inputs).to(unit)


# the formulas of the library use this name, because they call their own results `value`
natural = value
