"""What a chapter needs that is not physics: figures, check tables, generated pages, the runner and the page audit.

A chapter imports `Table`, `num` and `stable` from here; they are loaded when they are asked for, because parts of the kit run
before its environment exists.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .numbers import num as num
    from .numbers import stable as stable
    from .tables import Table as Table


def __getattr__(name: str) -> Any:
    """Load what a chapter imports by its own name."""
    if name in ("num", "stable"):
        from . import numbers

        return getattr(numbers, name)
    if name == "Table":
        from .tables import Table

        return Table
    raise AttributeError(f"module 'bookkit' has no attribute {name!r}")
