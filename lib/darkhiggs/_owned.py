"""Base classes of objects with arrays: they keep read-only copies, also after the object was copied or unpickled."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ClassVar, NoReturn, ParamSpec, TypeVar

import numpy as np

from ._arrays import carries_unit
from .errors import ParameterError

P = ParamSpec("P")
R = TypeVar("R")

_FEW = 4


class Table(dict[str, Any]):
    """A read-only dictionary."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this table is read-only; dict(...) makes a copy that is not")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild the table from a plain dictionary in one step."""
        return type(self), (dict(self),)


def without_units(name: str, value: Any) -> None:
    """Raise ParameterError for a quantity with a unit, or for a list or array of them."""
    if carries_unit(value):
        raise ParameterError(f"{name} carries a unit; give plain numbers")
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object and value.ndim):
        for part in value:
            without_units(name, part)


def owned(name: str, value: Any) -> Any:
    """Return a read-only copy of a value that could be written into; other values are returned as they are."""
    if type(value) is np.float64:
        return value
    if isinstance(value, dict):
        return Table({key: owned(f"{name}[{key!r}]", part) for key, part in value.items()})
    without_units(name, value)
    if isinstance(value, list) or (hasattr(value, "__array__") and not isinstance(value, np.generic)):
        value = np.array(value)
        value.setflags(write=False)
    return value


def frozen(value: Any) -> Any:
    """Make every array inside a value read-only, and return the value."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, tuple):
        for part in value:
            frozen(part)
    elif dataclasses.is_dataclass(value):
        for part in vars(value).values():
            frozen(part)
    return value


def read_only(function: Callable[P, R]) -> Callable[P, R]:
    """Make the arrays that a function returns read-only, because a cache keeps them."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return frozen(function(*args, **kwargs))

    return call


def _key(value: Any) -> Any:
    """Key of a value that can be compared and hashed; nan is equal to nan."""
    if isinstance(value, dict):
        return tuple((name, _key(part)) for name, part in value.items())
    array = np.asarray(value)
    # adding zero makes -0 equal to 0
    content = (array + 0.0).tobytes() if array.dtype.kind in "fiu" else tuple(array.ravel().tolist())
    return array.shape, content


def show(value: Any, unit: str = "") -> str:
    """Write a value in a few words; a long array is given by its shape and range."""
    if isinstance(value, dict):
        return f"<{len(value)} entries>"
    array = np.asarray(value)
    unit = f" {unit}" if unit else ""
    if array.dtype.kind not in "fiu":
        short = array.size <= _FEW or array.ndim == 0
        text = repr(array.tolist()) if short else f"array of shape {array.shape}"
        return text if len(text) <= 80 else f"{text[:76]}...{text[-1]}"
    if array.ndim == 0:
        return f"{array.item():.10g}{unit}"
    if array.ndim == 1 and array.size <= _FEW:
        return f"[{', '.join(f'{one:.10g}' for one in array)}]{unit}"
    finite = array[np.isfinite(array)]
    extent = f" from {finite.min():.4g} to {finite.max():.4g}{unit}" if finite.size else ""
    return f"array of shape {array.shape}{extent}"


class Owned:
    """Base of a frozen dataclass with arrays; two objects are equal if their fields have equal values."""

    _units: ClassVar[dict[str, str]] = {}
    _more: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Take read-only copies."""
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, owned(name, value))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take read-only copies of what was pickled or copied."""
        vars(self).update({name: owned(name, value) for name, value in state.items()})

    def _key(self) -> Any:
        # values derived from the fields and stored in the object are left out
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]
        return tuple(_key(getattr(self, name)) for name in (*names, *self._more))

    def __eq__(self, other: object) -> bool:
        """Return whether both objects hold the same values."""
        return self._key() == other._key() if isinstance(other, Owned) and type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        """Hash the values of the fields."""
        return hash(self._key())

    def __repr__(self) -> str:
        """Write the fields that are set on one line, with units."""
        parts = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None or (np.ndim(value) == 0 and not isinstance(value, dict) and value == field.default):
                continue
            parts.append(f"{field.name}={show(value, self._units.get(field.name, ''))}")
        return f"{type(self).__name__}({', '.join(parts)})"


class Record(Owned):
    """An owner that is also read as a tuple of its fields."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the values of the fields in order."""
        return (getattr(self, field.name) for field in dataclasses.fields(self))  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        """Return the value of a field by its position."""
        return tuple(iter(self))[index]

    def __len__(self) -> int:
        """Count the fields."""
        return len(tuple(iter(self)))
