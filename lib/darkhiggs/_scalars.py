"""What numpy does to one number ten times as slowly as Python.

Both functions give numbers and arrays the same values.
"""

from typing import Any

import numpy as np

from ._arrays import Array


def clip(value: Any, low: float, high: float = np.inf) -> Array:
    """Cut values to a range; nan stays nan."""
    if isinstance(value, np.ndarray):
        above = np.maximum(value, low)
        return above if high == np.inf else np.minimum(above, high)
    cut: Array = min(max(value, low), high)
    return cut


def kept(condition: Any, value: Any) -> Array:
    """Return values where the condition holds, and zero elsewhere."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, value, 0.0)
    one: Array = value if condition else np.zeros_like(value)[()]
    return one
