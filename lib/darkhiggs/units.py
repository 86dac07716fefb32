"""Conversion between laboratory and natural units (hbar = c = 1, all quantities in powers of GeV)."""

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from . import _data
from ._arrays import numbers
from ._public import public
from .errors import ParameterError

__all__ = ["convert"]


@lru_cache
def _bases() -> dict[str, tuple[float, int]]:
    """Table of the base units, each as (its value in GeV^n, n)."""
    hbar, c, megaparsec = (_data.shipped()[""][name]["value"] for name in ("hbar", "c", "Mpc"))
    second = 1.0 / hbar
    centimetre = second / c
    energy = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
    time = {"s": 1.0, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}
    length = {"cm": 1.0, "m": 1e2, "km": 1e5, "fm": 1e-13, "Mpc": megaparsec}
    area = {"b": 1e-24, "mb": 1e-27, "pb": 1e-36, "fb": 1e-39}
    return (
        {unit: (size, 1) for unit, size in energy.items()}
        | {unit: (size * second, -1) for unit, size in time.items()}
        | {unit: (size * centimetre, -1) for unit, size in length.items()}
        | {unit: (size * centimetre**2, -2) for unit, size in area.items()}
    )


@lru_cache
def _parse(unit: str) -> tuple[float, int]:
    """Return a unit such as ``cm^3/s`` as (its value in GeV^n, n)."""
    size, dimension = 1.0, 0
    for sign, part in re.findall(r"(^|[ */])([^ */]+)", unit.strip()):
        match = re.fullmatch(r"([A-Za-z]+)(?:\^?(-?\d+))?", part)
        if part == "1":
            continue
        if match is None or match[1] not in _bases():
            raise ParameterError(f"unit = {unit!r} is not known; units are products of {', '.join(_bases())}")
        power = int(match[2] or 1) * (-1 if sign == "/" else 1)
        base, base_dimension = _bases()[match[1]]
        size, dimension = size * base**power, dimension + base_dimension * power
    return size, dimension


@public
def convert(value: npt.ArrayLike, unit: str, to: str) -> npt.NDArray[np.float64]:
    """Convert between units that have the same dimension when hbar = c = 1.

    Parameters
    ----------
    value : array_like
        Numbers in `unit`.
    unit, to : str
        Products of energies (eV to TeV), times (fs to s), lengths (fm to km, Mpc), areas (fb to b) with
        integer powers, such as ``"cm^3/s"``, ``"GeV^-2"``, ``"ps"``; ``"1"`` is dimensionless.

    Returns
    -------
    ndarray or float
        The numbers in unit `to`, same shape.

    Raises
    ------
    ParameterError
        If a unit is unknown or the dimensions differ.

    Notes
    -----
    hbar c = 0.1973 GeV fm and hbar = 6.582e-25 GeV s, which are exact in the SI.

    Examples
    --------
    >>> from darkhiggs import units
    >>> f"{units.convert(1.0, 'GeV^-2', 'cm^2'):.4e}"
    '3.8938e-28'
    >>> f"{units.convert(2.6e-9, 'GeV^-2', 'cm^3/s'):.3e}"
    '3.035e-26'
    """
    (size, dimension), (to_size, to_dimension) = _parse(unit), _parse(to)
    if dimension != to_dimension:
        raise ParameterError(f"unit = {unit!r} is GeV^{dimension} and cannot become {to!r}, GeV^{to_dimension}")
    return numbers("value", value, unit)[()] * (size / to_size)
