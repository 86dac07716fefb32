"""Tables: writing Markdown tables, and results of a chapter as a table with a stable text that nbval compares."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .figures import plain
from .numbers import num

__all__ = ["MIME", "Table", "bold", "errors", "formula", "markdown", "spans"]

MIME = "application/vnd.darkhiggs.table+json"
# A title, then the format of numbers if there is one.
# A power of ten that begins a unit, as in [1e-6 GeV].
_POWER = re.compile(r"\[1e([-+]?\d+)")
_UNIT = re.compile(r"\[[^\[\]]+\]$")
_COLUMN = re.compile(r"(?P<title>\S.*?)(?: (?P<spec>\+?\.\d[efg%]|g))?")


def markdown(titles: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    r"""Write a Markdown table.

    Parameters
    ----------
    titles : sequence of str
        Headings.
    rows : iterable of sequence of str
        Cells, as Markdown; a bar is escaped here.
    right : iterable of int
        Columns that are aligned to the right.

    Returns
    -------
    str
        The table without a line break at its end.

    Examples
    --------
    >>> from bookkit.tables import markdown
    >>> print(markdown(["a", "b"], [["|x|", "1"]], right=[1]))
    | a | b |
    |---|---:|
    | \|x\| | 1 |
    """
    ends = set(right)
    rule = "|" + "|".join("---:" if number in ends else "---" for number in range(len(titles))) + "|"
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (titles, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def bold(values: npt.ArrayLike, spec: str, where: npt.ArrayLike) -> Any:
    """Write numbers for the cells of a table, in bold where a condition holds.

    Parameters
    ----------
    values : array_like
        Numbers; nan is a dash.
    spec : str
        Their format.
    where : array_like of bool
        Which are bold, broadcast to the shape of the values.

    Returns
    -------
    ndarray of str
        Of the same shape.

    Examples
    --------
    >>> from bookkit.tables import bold
    >>> print(bold([0.5, 2.0], ".1f", [False, True]))
    ['0.5' '**2.0**']
    """
    array = np.asarray(values, dtype=float)
    flags = np.broadcast_to(np.asarray(where, dtype=bool), array.shape)
    cells = [_cell(value, spec) for value in array.ravel()]
    marked = [f"**{cell}**" if flag else cell for cell, flag in zip(cells, flags.ravel(), strict=True)]
    return np.array(marked, dtype=object).reshape(array.shape)


def errors(value: npt.ArrayLike, plus: npt.ArrayLike, minus: npt.ArrayLike, spec: str = ".1f") -> Any:
    """Write values with unequal errors for the cells of a table.

    Parameters
    ----------
    value, plus, minus : array_like
        Values, and the sizes of their upper and lower errors.
    spec : str
        The format of the numbers.

    Returns
    -------
    str or ndarray of str
        Of the same shape: ``$8.6^{+2.9}_{-2.7}$``.

    Examples
    --------
    >>> from bookkit.tables import errors
    >>> errors(8.6, 2.94, 2.71)
    '$8.6^{+2.9}_{-2.7}$'
    """
    parts = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (value, plus, minus)))
    rows = zip(*(part.ravel() for part in parts), strict=True)
    texts = [f"${_cell(a, spec)}^{{+{_cell(b, spec)}}}_{{{_cell(-c, spec)}}}$" for a, b, c in rows]
    return np.array(texts, dtype=object).reshape(parts[0].shape)[()]


def formula(text: str) -> str:
    """Return a printed number as a formula, 4.97e-06 as 4.97 x 10^-6; a word stays, a range has two."""
    if " to " in text:
        return " to ".join(map(formula, text.split(" to ")))
    mantissa, _, power = text.partition("e")
    if power.lstrip("-+").isdigit():
        return f"${mantissa} \\times 10^{{{int(power)}}}$"
    return f"${text}$" if re.fullmatch(r"-?[\d.]+", text) else text


def spans(low: npt.ArrayLike, high: npt.ArrayLike, spec: str) -> Any:
    """Write ranges for the cells of a table.

    Parameters
    ----------
    low, high : array_like
        Their ends; where one of them is nan there is no range.
    spec : str
        The format of the numbers.

    Returns
    -------
    ndarray of str
        Of the same shape: ``1.0 to 2.5``, one number where both ends read the same, and ``none`` where there is no range.

    Examples
    --------
    >>> from bookkit.tables import spans
    >>> print(spans([25.2, 18.0, float("nan")], [104.9, 18.0, 1.0], ".0f"))
    ['25 to 105' '18' 'none']
    """
    ends = np.broadcast_arrays(np.asarray(low, dtype=float), np.asarray(high, dtype=float))
    pairs = zip(*(end.ravel() for end in ends), strict=True)
    texts = ["none" if np.isnan(pair).any() else " to ".join(dict.fromkeys(_cell(end, spec) for end in pair)) for pair in pairs]
    return np.array(texts, dtype=object).reshape(ends[0].shape)


class Table:
    """Results of a chapter: a table on the page, aligned text for nbval.

    Parameters
    ----------
    columns : str or mapping of str to str
        Titles, each with its unit in brackets, and after it the format of the column's numbers, as in
        ``"benchmark; sin(theta) [1] .4f"``; or formats by title.
    rows : iterable of sequence
        Cells. A number is shown by the format of its column, ``None`` and nan as a dash, a text as it is.
    caption : str
        One sentence.

    Raises
    ------
    ValueError
        If a row has another number of cells than there are columns, a title is empty or stands twice, or there is no caption.

    Examples
    --------
    >>> from bookkit.tables import Table
    >>> Table("benchmark; sin theta [1] .4f", [["A", 0.0028712], ["B", None]], caption="Largest mixing.")
    Largest mixing.
    benchmark  sin theta [1]
    A                 0.0029
    B                      –
    """

    def __init__(self, columns: str | Mapping[str, str], rows: Iterable[Sequence[Any]], *, caption: str) -> None:
        if not caption.strip():
            raise ValueError("a table needs a caption")
        self.caption, self.columns = caption.strip(), _columns(columns) if isinstance(columns, str) else dict(columns)
        given = [list(row) for row in rows]
        if wrong := [row for row in given if len(row) != len(self.columns)]:
            raise ValueError(f"a row of {len(wrong[0])} cells does not fit {len(self.columns)} columns: {wrong[0]}")
        self._given, formats = given, self.columns.values()
        self.rows = [[_cell(value, spec) for value, spec in zip(row, formats, strict=True)] for row in given]
        # a column of numbers stands to the right
        self.right = [i for i in range(len(self.columns)) if any(not isinstance(row[i], str) for row in given)]

    def show(self) -> None:
        """Show the table below a cell that goes on after it."""
        from IPython.display import display

        display(self)

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a dictionary by title, with numbers in full, for ``pandas.DataFrame(table.records())``."""
        plain_rows = ([cell.item() if isinstance(cell, np.generic) else cell for cell in row] for row in self._given)
        return [dict(zip(self.columns, row, strict=True)) for row in plain_rows]

    def record(self) -> dict[str, Any]:
        """Return caption, titles, cells and right-aligned columns as plain data."""
        return {"caption": self.caption, "columns": list(self.columns), "rows": self.rows, "right": self.right}

    def __repr__(self) -> str:
        """Return the aligned text that nbval holds."""
        grid = [list(map(plain, self.columns)), *([cell.replace("**", "") for cell in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in grid) for i in range(len(self.columns))]
        lines = (
            "  ".join(
                cell.rjust(w) if i in self.right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in grid
        )
        return "\n".join([plain(self.caption), *(line.rstrip() for line in lines)])

    def _repr_mimebundle_(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/markdown": shown(self.record()), MIME: self.record()}


def shown(record: Mapping[str, Any]) -> str:
    """Return the record of a table as Markdown with its caption, in a box that scrolls where the window is narrow."""
    powers = (_POWER.sub(lambda unit: f"[$10^{{{int(unit[1])}}}$", title) for title in record["columns"])
    titles = [_UNIT.sub(r'<span class="unit">\g<0></span>', title) for title in powers]
    rows = [
        [formula(cell) if number in record["right"] and "e" in cell else cell for number, cell in enumerate(row)]
        for row in record["rows"]
    ]
    body = markdown(titles, rows, record["right"])
    return f'<div class="results" tabindex="0">\n\n```{{table}} {record["caption"]}\n\n{body}\n```\n\n</div>\n'


def _columns(text: str) -> dict[str, str]:
    """Read titles and formats, ``"benchmark; sin theta [1] .4f"``."""
    found = {}
    for part in text.split(";"):
        match = _COLUMN.fullmatch(part.strip())
        title, spec = (match["title"], match["spec"] or "") if match else ("", "")
        if not title or title in found:
            raise ValueError(f"the columns {text!r} have {part.strip()!r}, which is no title or stands twice")
        found[title] = spec
    return found


def _cell(value: Any, spec: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or np.isnan(value):
        return "–"
    if np.ndim(value) == 0 and isinstance(value, (int, np.integer)) and not spec:
        return f"{value:d}"
    return f"{num(value):{spec or 'g'}}".strip()
