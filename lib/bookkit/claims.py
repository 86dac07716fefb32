"""Claims of the chapters: the rows of their check tables as data, and the statements of the talk.

``book/claims/NAME.toml`` holds the rows of chapter NAME.
``tolerances.toml`` holds the classes of tolerance that several rows share, and ``statements.toml`` the statements of the talk.
A chapter gets its table, assigns one value per row, and shows the table.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from darkhiggs import inputs
from darkhiggs.errors import DataError

from .checks import Check, CheckTable, Choices, Tolerance, over
from .numbers import num
from .tables import Table

__all__ = ["CLAIMS", "INDEPENDENT", "STATES", "ClaimError", "ClaimTable", "over", "read", "statements", "table"]

_BOOK = Path(__file__).resolve().parents[2] / "book"
CLAIMS = _BOOK / "claims"
# Numbers of independent codes, written by `make oracle`.
INDEPENDENT = _BOOK / "data/independent.json"

# States of a statement without rows: there is nothing to compute; a picture that is lost, so that ours cannot be compared with
# it; a definition or a formula that a chapter uses; a number that was not attempted.
STATES = ("out", "drawn", "used", "not_attempted")

_NAME = r"@\{(\w+)\}"
_PRODUCT = re.compile(rf"(?:([\d.eE+-]+)\s+)?{_NAME}")
_TEXTS = ("quantity", "kind", "source", "cite", "deviation", "corrects", "relation", "varies", "why", "unit", "code", "like")
_NUMBERS = ("rtol", "atol", "effect", "error")
_FIELDS = {*_TEXTS, *_NUMBERS, "statement", "reference", "of", "index", "digits", "each"}


class ClaimError(ValueError):
    """A claim is not complete, or a chapter and its claims do not fit together."""


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ClaimError(f"there is no file {path.name} in {path.parent.name}/; it holds the rows of the check table") from None
    except tomllib.TOMLDecodeError as error:
        raise ClaimError(f"{path.name} is not TOML: {error}") from None


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    """Insert the items of ``each`` into the texts of a row."""
    if isinstance(value, str):
        return re.sub(_NAME, lambda match: str(names[match[1]]) if match[1] in names else match[0], value)
    return [_filled(part, names) for part in value] if isinstance(value, list) else value


def _unfolded(key: str, row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of an entry: one row, or one for each item of its lists ``each``."""
    each = row.get("each")
    if not each:
        yield key, dict(row)
        return
    for items in zip(*each.values(), strict=True):
        names = dict(zip(each, items, strict=True))
        yield _filled(key, names), {name: _filled(value, names) for name, value in row.items() if name != "each"}


def read(name: str, folder: Path = CLAIMS) -> tuple[str, dict[str, dict[str, Any]]]:
    """Read the claims of a chapter.

    Parameters
    ----------
    name : str
        Name of the chapter.
    folder : Path
        Folder of the files.

    Returns
    -------
    reason : str
        Reason why no statement of the talk is attempted; empty if at least one is.
    rows : dict of str to dict
        Fields of each row by its id, including the fields of its class of tolerance.

    Raises
    ------
    ClaimError
        If the file is missing or is not TOML, or an entry has an unknown or a missing field.
    """
    content = dict(_load(folder / f"{name}.toml"))
    classes = _load(folder / "tolerances.toml")
    reason = content.pop("reason", "")
    rows: dict[str, dict[str, Any]] = {}
    for entry, fields in content.items():
        if not isinstance(fields, dict):
            raise ClaimError(f"{name}.toml: {entry!r} is no row; a row is a table of fields")
        for key, row in _unfolded(entry, fields):
            like = row.get("like")
            if like is not None and like not in classes:
                raise ClaimError(f"{name}.toml: row {key!r} is like {like!r}, which is not in tolerances.toml")
            row = {**(classes[like] if like else {}), **row}
            if unknown := row.keys() - _FIELDS:
                raise ClaimError(
                    f"{name}.toml: row {key!r} has the unknown field {min(unknown)!r}; fields: {', '.join(sorted(_FIELDS))}"
                )
            missing = [field for field in ("kind", "quantity", "why", "effect") if field not in row]
            missing += [] if "reference" in row or "code" in row else ["reference"]
            if missing:
                raise ClaimError(f"{name}.toml: row {key!r} has no {missing[0]!r}")
            if key in rows:
                raise ClaimError(f"{name}.toml: row {key!r} stands there twice")
            rows[key] = row
    return reason, rows


@cache
def _codes() -> dict[str, tuple[float, str]]:
    content = json.loads(INDEPENDENT.read_text(encoding="utf-8"))
    versions = content["versions"]
    return {
        record["id"]: (record["value"], f"{record['code']} {versions[record['code']]} with our inputs")
        for record in content["values"]
    }


class ClaimTable(CheckTable):
    """The check table of a chapter, which is filled by assigning values to the ids of its rows; made by `table`.

    Parameters
    ----------
    name : str
        Name of the chapter.
    variables : mapping of str to number or str
        Variables of the chapter that the claims use: ``@{name}`` in a text, ``"@{name}"`` or ``"0.5 @{name}"`` for a number.
    leaves_open : Table, optional
        Table over the parameters that the statements of the talk depend on but that it does not print.
    folder : Path
        Folder of the files.
    """

    def __init__(
        self, name: str, variables: Mapping[str, Any], leaves_open: Table | None = None, folder: Path = CLAIMS
    ) -> None:
        reason, self.claims = read(name, folder)
        super().__init__(name, reason, leaves_open)
        self.variables = variables
        entries = ((entry, row) for entry, row in _load(folder / f"{name}.toml").items() if isinstance(row, dict))
        self.unfolded = {entry: [key for key, _ in _unfolded(entry, row)] for entry, row in entries if "each" in row}

    def __setitem__(self, key: str, value: Any) -> None:
        """Assign a number to a row: a float, the result of `over`, or ``None`` or nan if there is no such number.

        Parameters
        ----------
        key : str
            Id of the row, or the id of an entry with ``each``, as written in the claims, for all its rows.
        value : float, Choices or None, or iterable of these
            The number of this book. For several rows it is one value for each, in their order, or one value for all.

        Raises
        ------
        ClaimError
            If the claims have no such row, the row uses a variable that the chapter does not have, or the number of values is
            not the number of rows.
        """
        if key in self.unfolded:
            rows = self.unfolded[key]
            try:
                values = list(value)
            except TypeError:
                values = [value] * len(rows)
            if len(values) != len(rows):
                raise ClaimError(f"{self.name}.toml unfolds {key!r} into {len(rows)} rows, and there are {len(values)} values")
            for row, number in zip(rows, values, strict=True):
                self[row] = number
            return
        if key not in self.claims:
            raise ClaimError(f"{self.name}.toml has no row {key!r}; rows: {', '.join(self.claims)}")
        number = value if value is None or isinstance(value, Choices) else float(value)
        self.add(self._check(key, None if number != number else number))

    def complete(self) -> None:
        """Raise ClaimError if a row of the claims has no value; put the rows into the order of the claims."""
        given = {row.key for row in self.rows}
        if missing := [key for key in self.claims if key not in given]:
            raise ClaimError(f"chapter {self.name} gives no value for {', '.join(missing)}; write table[{missing[0]!r}] = ...")
        order = list(self.claims)
        self.rows.sort(key=lambda row: order.index(row.key))

    def _fact(self, key: str, name: str) -> Any:
        fact = self.variables.get(name)
        if not isinstance(fact, str) and (fact is None or np.size(fact) != 1):
            raise ClaimError(f"row {key!r} of {self.name}.toml takes {name!r}, which is no number or word of the chapter")
        return fact

    def _number(self, key: str, field: str, value: Any, facts: Mapping[str, float]) -> float:
        if not isinstance(value, str):
            return float(value)
        match = _PRODUCT.fullmatch(value.strip())
        if match is None:
            try:
                return float(inputs.get(value).value)
            except (DataError, TypeError):
                what = "no number, name of an input, '@{name}' or '0.5 @{name}'"
                raise ClaimError(f"{field} = {value!r} of row {key!r} in {self.name}.toml is {what}") from None
        factor, name = match.groups()
        return float(factor or 1.0) * float(facts[name] if name in facts else self._fact(key, name))

    def _text(self, key: str, value: str) -> str:
        def put(match: re.Match[str]) -> str:
            fact = self._fact(key, match[1])
            return fact if isinstance(fact, str) else f"{num(fact):g}"

        return re.sub(_NAME, put, value)

    def _reference(self, key: str, row: Mapping[str, Any]) -> tuple[float, float, str, str]:
        """Return the reference of a row, its error, its source and its citation."""
        source, cite = row.get("source", ""), row.get("cite", "")
        if "code" in row:
            if row["code"] not in _codes():
                raise ClaimError(f"{INDEPENDENT.name} has no number {row['code']!r} for row {key!r} of {self.name}.toml")
            value, origin = _codes()[row["code"]]
            return value, 0.0, source or origin, cite
        reference = row["reference"]
        if not isinstance(reference, str) or "@{" in reference:
            return self._number(key, "reference", reference, {}), 0.0, source, cite
        entry = inputs.get(reference)
        value, error = entry.to(row["unit"]) if "unit" in row else entry.value, entry.uncertainty
        if "index" in row:
            value, error = value[int(row["index"])], (error[int(row["index"])] if getattr(error, "ndim", 0) else error)
        if row.get("of") == "error":
            value, error = error, 0.0
        # the error is in the unit of the entry; in another unit it is left out
        return float(value), float(error) if "unit" not in row else 0.0, source or entry.source, cite or entry.cite

    def _check(self, key: str, value: float | Choices | None) -> Check:
        row = self.claims[key]
        reference, error, source, cite = self._reference(key, row)
        facts = {"reference": abs(reference), "error": error}
        numbers = {name: self._number(key, name, row[name], facts) for name in _NUMBERS if name in row}
        stated = row.get("statement", [])
        words = {name: self._text(key, row[name]) for name in ("quantity", "deviation", "corrects", "varies") if name in row}
        tolerance = Tolerance(numbers.get("rtol", 0.0), numbers.get("atol", 0.0), row["why"], numbers["effect"])
        return Check(
            key,
            kind=row["kind"],
            reference=reference,
            value=value,
            tolerance=tolerance,
            source=self._text(key, source),
            statements=(stated,) if isinstance(stated, str) else tuple(stated),
            cite=cite,
            digits=int(row.get("digits", 3)),
            relation=row.get("relation", "="),
            error=numbers.get("error", error),
            **words,
        )


def table(name: str, variables: Mapping[str, Any], leaves_open: Table | None = None) -> ClaimTable:
    """Return the check table of a chapter, which is filled by assigning values to the ids of its rows.

    Parameters
    ----------
    name : str
        Name of the chapter.
    variables : mapping
        ``globals()`` of the notebook, from which the claims take numbers and words by name.
    leaves_open : Table, optional
        Numbers of this book over the parameters that the statements of the talk depend on but that it does not print.

    Returns
    -------
    ClaimTable
        Assign ``table[id] = value`` for each row, then let the notebook show it.
    """
    return ClaimTable(name, variables, leaves_open)


def statements(folder: Path = CLAIMS) -> tuple[str, list[dict[str, Any]]]:
    """Return the statements of the talk.

    Parameters
    ----------
    folder : Path
        Folder of the files.

    Returns
    -------
    preface : str
        First paragraph of the scope page.
    sections : list of dict
        Sections in the order of the slides, each with ``title``, ``text`` and ``statement``, a list. Each statement has ``id``,
        ``says`` and, unless it has rows, one of `STATES`.

    Raises
    ------
    ClaimError
        If an id occurs twice or a statement has two states.
    """
    content = _load(folder / "statements.toml")
    seen: set[str] = set()
    for section in content["section"]:
        for statement in section["statement"]:
            name = statement["id"]
            if name in seen:
                raise ClaimError(f"statements.toml: {name} stands there twice")
            if unknown := statement.keys() - {"id", "says", *STATES}:
                raise ClaimError(f"statements.toml: {name} has the unknown field {min(unknown)!r}")
            if len(statement.keys() & set(STATES)) > 1:
                raise ClaimError(f"statements.toml: {name} has more than one of {', '.join(STATES)}")
            seen.add(name)
    return content["preface"], content["section"]
