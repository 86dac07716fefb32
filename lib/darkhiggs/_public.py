"""Error messages of public functions that fail because of a wrong argument."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from types import UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from ._arrays import numbers, shown, single, together
from .errors import DataError, ParameterError

P = ParamSpec("P")
R = TypeVar("R")

_ARRAY_LIKE = frozenset(get_args(npt.ArrayLike))
_WORDS = {str: "a text", bool: "True or False", int: "a whole number"}


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function report a wrong argument in one sentence that names it.

    Numbers are checked by the function before it uses them.
    Other faults, such as shapes that do not broadcast or an object of the wrong type, are looked for only after the function
    has failed, so that a good call costs no time.
    A number too small for a float counts as zero, also if the user has set numpy to raise an error at underflow.
    """
    # a class in place of its object would not fail: its default values would be used
    parameters = inspect.signature(function).parameters
    own = [(i, name) for i, name in enumerate(parameters) if _ours(parameters[name].annotation)]

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            for i, name in own:
                if isinstance(args[i] if i < len(args) else kwargs.get(name), type):
                    raise TypeError
            return function(*args, **kwargs)
        except (ParameterError, DataError):
            raise
        except FloatingPointError:
            with np.errstate(under="ignore"):
                return function(*args, **kwargs)
        except Exception as error:
            fault = _fault(function, args, kwargs, error)
            if fault is None:
                raise
        raise fault

    return call


def _ours(hint: Any) -> bool:
    """Return whether an annotation is a class of the library."""
    return isinstance(hint, type) and hint.__module__.startswith("darkhiggs")


def _fault(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> ParameterError | None:
    """Find the argument that made a function fail, and make the error that names it."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return None
    shapes: dict[str, Any] = {}
    hints = get_type_hints(function)
    try:
        for name, value in bound.arguments.items():
            kind, hint = signature.parameters[name].kind, hints.get(name, Any)
            if kind is inspect.Parameter.VAR_POSITIONAL:
                pairs = [(f"{name}[{i}]", part) for i, part in enumerate(value)]
            else:
                pairs = [] if kind is inspect.Parameter.VAR_KEYWORD else [(name, value)]
            for label, part in pairs:
                expect(label, part, hint)
                if hasattr(part, "shape") or isinstance(part, list | tuple):
                    shapes[label] = part if hasattr(part, "shape") else np.empty(np.shape(part))
        if "broadcast" in str(error):
            together(**shapes)
    except ParameterError as fault:
        return fault.with_traceback(None)
    return None


def expect(name: str, value: Any, hint: Any) -> None:
    """Raise ParameterError if a value does not fit its annotation."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if Any in kinds or (value is None and type(None) in kinds):
        return
    array_like = _ARRAY_LIKE <= set(kinds)
    own = [kind for kind in kinds if _ours(kind)]
    others = own if array_like else [kind for kind in kinds if isinstance(kind, type) and kind not in (int, float, bool)]
    if isinstance(value, tuple(others)):
        return
    if array_like:
        numbers(name, value)
    elif float in kinds or kinds == (int,):
        single(name, value)
    elif own:
        kind = own[0]
        make = f"{kind.__module__.removeprefix('darkhiggs.')}.{kind.__name__}"
        raise ParameterError(f"{name} = {shown(value)} is not a {kind.__name__}; make one with {make}(...)")
    elif any(get_origin(kind) is Callable or kind is Callable for kind in kinds) or "Callable" in str(hint):
        if not callable(value):
            raise ParameterError(f"{name} = {shown(value)} is not a function")
    elif any(get_origin(kind) in (Sequence, tuple) for kind in kinds):
        _sequence(name, value, kinds)
    elif str in kinds or bool in kinds:
        kind = str if str in kinds else bool
        if not isinstance(value, kind):
            raise ParameterError(f"{name} = {shown(value)} is not {_WORDS[kind]}")


def _sequence(name: str, value: Any, kinds: Sequence[Any]) -> None:
    """Check a list or a tuple and each of its elements."""
    inner = next(get_args(kind)[0] for kind in kinds if get_origin(kind) in (Sequence, tuple))
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ParameterError(f"{name} = {shown(value)} is not a list")
    for i, part in enumerate(value):
        expect(f"{name}[{i}]", part, inner)
