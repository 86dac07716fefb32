"""The check table of a chapter: rows whose tolerances have a stated reason, and the two verdicts that follow from the rows.

What a row asserts stands in ``book/claims/NAME.toml`` (`bookkit.claims`); the chapter hands in the numbers.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .numbers import num, stable
from .tables import Table, formula, markdown

__all__ = [
    "BADGE",
    "CALCULATION",
    "KINDS",
    "MIME",
    "OUTCOMES",
    "Check",
    "CheckTable",
    "Choices",
    "Tolerance",
    "ToleranceError",
    "calculation",
    "check_record",
    "outcomes",
    "over",
    "talk",
    "worst",
]

# Where the reference of a row comes from. The first two are the talk's own, the next three judge the calculation; the last
# is a choice of this book, which is shown and never counted.
KINDS = ("talk", "source", "published", "independent", "identity", "ours")
_TALK, _CALCULATION = KINDS[:2], KINDS[2:5]
# What a statement of the talk comes to, from best to worst.
OUTCOMES = ("holds", "holds after a correction", "open", "fails", "not attempted")
# A row of the talk that could not have failed: shown, not counted.
UNTESTED = "not a test"
CALCULATION = ("agrees", "agrees but for", "disagrees", "not checked")
RELATIONS = {"=": "", "<=": "at most ", ">=": "at least ", "~": "about "}
# Relative width of a tolerance that only rounding errors can fill.
_LAST_BITS = 1e-9
# Share of a tolerance below which a difference is not shown.
_TINY = 1e-2
# One part in 1e9 of slack: half the effect is often the very number meant.
_HALF = 0.5 * (1.0 + 1e-9)
MIME = "application/vnd.darkhiggs.checks+json"
# The verdicts take the place of this comment in a chapter.
BADGE = "<!-- verdict -->"


class ToleranceError(ValueError):
    """A tolerance has no reason, or is too wide to tell the row's effect apart."""


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be from its reference, and why.

    Parameters
    ----------
    rtol, atol : float
        Allowed distance is atol + rtol |reference|.
    why : str
        The reason, one sentence.
    effect : float
        Size, in the unit of the quantity, of what the row is meant to tell apart: the distance to the rival
        value, the printed precision or the experimental error.

    Raises
    ------
    ToleranceError
        If the reason is missing, or a number is negative or not finite.
    """

    rtol: float = 0.0
    atol: float = 0.0
    why: str = ""
    effect: float = math.nan

    def __post_init__(self) -> None:
        """Refuse a tolerance without a reason."""
        if not self.why.strip():
            raise ToleranceError("a tolerance needs a reason, 'why'")
        for name in ("rtol", "atol"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ToleranceError(f"{name} = {getattr(self, name)} is not a finite number, 0 or more")
        if not (math.isfinite(self.effect) and self.effect > 0.0):
            raise ToleranceError(f"effect = {self.effect} is not a finite number above 0")

    def width(self, reference: float) -> float:
        """Return the allowed distance from a reference; refuse it if it exceeds half the effect."""
        width = self.atol + self.rtol * abs(reference)
        if width > _HALF * self.effect:
            raise ToleranceError(
                f"a tolerance of {width:.3g} cannot tell apart an effect of {self.effect:.3g} (half of it at most)"
            )
        return width

    def widest(self, reference: float) -> bool:
        """Whether the tolerance is as wide as it may be; such a row cannot make a statement hold."""
        return self.width(reference) >= (1.0 - 1e-6) * 0.5 * self.effect


@dataclass(frozen=True)
class Choices:
    """A number for each declared choice of parameters that the talk does not print; made by `over`.

    Parameters
    ----------
    labels : tuple of str or of float
        The choices: words, or the values of one parameter in rising order.
    values : tuple of float
        The number for each; nan where there is none.
    left : tuple of bool
        Whether the other limits leave the choice; empty if they were not asked.
    """

    labels: tuple[Any, ...]
    values: tuple[float, ...]
    left: tuple[bool, ...] = ()

    def named(self, chosen: Sequence[bool]) -> str:
        """Say which choices are meant: intervals of a parameter, or words."""
        if not any(chosen):
            return "none"
        if isinstance(self.labels[0], str):
            words = [label for label, yes in zip(self.labels, chosen, strict=True) if yes]
            few = len(words) <= 4
            count = f"{len(words)} of {len(self.labels)} choices"
            return f"{count} ({'; '.join(words)})" if few else count
        runs: list[list[float]] = []
        for number, (label, yes) in enumerate(zip(self.labels, chosen, strict=True)):
            if yes and number and chosen[number - 1]:
                runs[-1][1] = label
            elif yes:
                runs.append([label, label])
        first, last = self.labels[0], self.labels[-1]
        parts = []
        for low, high in runs:
            if low == first and high == last:
                parts.append(f"all from {num(low):.3g} to {num(high):.3g}")
            elif low == first:
                parts.append(f"≤ {num(high):.3g}")
            elif high == last:
                parts.append(f"≥ {num(low):.3g}")
            else:
                parts.append(f"{num(low):.3g}" if low == high else f"{num(low):.3g} to {num(high):.3g}")
        return ", ".join(parts)


def over(labels: Iterable[Any], values: npt.ArrayLike, left: npt.ArrayLike | None = None) -> Choices:
    """Collect the number of this book for each choice of a parameter that the talk does not print.

    Parameters
    ----------
    labels : iterable of str, or array_like of float, shape (n,)
        The choices: words, or values of one parameter in rising order.
    values : array_like, shape (n,)
        The number of this book for each; nan where there is none.
    left : array_like of bool, shape (n,), optional
        Whether the other limits leave the choice.

    Returns
    -------
    Choices
        What a claim with ``varies`` takes as its value.

    Raises
    ------
    ValueError
        If the lengths differ, there is no choice, or the values of a parameter do not rise.

    Examples
    --------
    >>> from bookkit.checks import over
    >>> found = over([0.2, 0.5, 1.0], [0.1, 0.9, 4.0])
    >>> found.named([value <= 1.0 for value in found.values])
    '≤ 0.5'
    """
    names = tuple(label if isinstance(label, str) else float(label) for label in labels)
    numbers = tuple(float(value) for value in np.atleast_1d(np.asarray(values, dtype=float)))
    kept = () if left is None else tuple(bool(yes) for yes in np.atleast_1d(np.asarray(left)))
    if not names or len(names) != len(numbers) or (kept and len(kept) != len(names)):
        raise ValueError(
            f"{len(names)} choices, {len(numbers)} values and {len(kept)} answers on limits do not belong together"
        )
    if not isinstance(names[0], str) and list(names) != sorted(set(names)):
        raise ValueError(f"the values of the parameter do not rise: {names}")
    return Choices(names, numbers, kept)


@dataclass(frozen=True)
class Check:
    """One row of a check table.

    Parameters
    ----------
    key : str
        Short name, unique in the chapter.
    quantity : str
        What is compared, in MyST (formulas between dollars).
    kind : {"talk", "source", "published", "independent", "identity", "ours"}
        Kind of the reference.
    reference : float
        The number it is held against.
    value : float, Choices or None
        The number of this book in the same unit; one for each choice of a parameter that the talk does not print; or
        ``None`` if there is no such number at all.
    tolerance : Tolerance
        Allowed distance and its reason.
    source : str
        Where the reference is printed, or how it was made.
    statements : tuple of str
        Ids of the scope page.
    cite : str
        Key of the bibliography.
    digits : int
        Significant digits shown.
    deviation : str
        Id on the deviations page, for a row that is outside its tolerance for a known reason.
    corrects : str
        Key of the row that this one corrects, with the same deviation.
    relation : {"=", "<=", ">=", "~"}
        Whether the number shall equal the reference, not exceed it, reach it, or be of its size: within a factor, the
        exponential of the tolerance.
    error : float
        Error of the reference, in which a distance is given; 0 if it has none, then a ratio is given.
    varies : str
        The parameters that the talk does not print and `value` runs over.
    """

    key: str
    quantity: str
    kind: str
    reference: float
    value: float | Choices | None
    tolerance: Tolerance
    source: str
    statements: tuple[str, ...] = ()
    cite: str = ""
    digits: int = 3
    deviation: str = ""
    corrects: str = ""
    relation: str = "="
    error: float = 0.0
    varies: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be compared."""
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} of check {self.key!r} is not one of {', '.join(KINDS)}")
        if self.relation not in RELATIONS:
            raise ValueError(f"relation = {self.relation!r} of check {self.key!r} is not one of {', '.join(RELATIONS)}")
        if not self.source.strip():
            raise ValueError(f"check {self.key!r} has no source")
        if isinstance(self.value, Choices) != bool(self.varies):
            said = f"varies = {self.varies!r}" if self.varies else "no 'varies'"
            raise ValueError(f"check {self.key!r} has {said}, which does not fit its value of type {type(self.value).__name__}")
        numbers = {"reference": self.reference} | ({"value": self.value} if isinstance(self.value, float) else {})
        for name, number in numbers.items():
            if not math.isfinite(number):
                raise ValueError(f"{name} = {number} of check {self.key!r} is not a finite number")
        if self.relation == "~" and self.reference <= 0.0:
            raise ValueError(f"reference = {self.reference} of check {self.key!r} is not above 0, which 'about' needs")
        if self.corrects and not self.deviation:
            raise ValueError(f"check {self.key!r} corrects {self.corrects!r} but names no deviation")
        if self.kind in _TALK and not self.statements:
            raise ValueError(f"check {self.key!r} of kind {self.kind!r} names no statement of the scope page")
        self.width  # noqa: B018  refuses what is too wide

    @property
    def width(self) -> float:
        """Allowed distance; of the logarithm for 'about'."""
        return self.tolerance.width(1.0 if self.relation == "~" else self.reference)

    def _distance(self, value: float) -> float:
        """Distance from the reference on the side that counts; infinite where there is no number."""
        if math.isnan(value):
            return math.inf
        if self.relation == "~":
            return abs(math.log(value / self.reference)) if value > 0.0 else math.inf
        difference = value - self.reference
        return {"=": abs(difference), "<=": max(difference, 0.0), ">=": max(-difference, 0.0)}[self.relation]

    def _pull(self, value: float) -> float:
        distance, width = self._distance(value), self.width
        if distance == 0.0:
            return 0.0
        # rounded, so that no last bit decides at the edge of a tolerance
        return float(stable(distance / width)) if width > 0.0 and math.isfinite(distance) else math.inf

    def _values(self) -> tuple[float, ...]:
        if isinstance(self.value, Choices):
            return self.value.values
        return (math.nan if self.value is None else self.value,)

    @property
    def fits(self) -> tuple[bool, ...]:
        """Which of the choices agree; one entry for a single number."""
        return tuple(self._pull(value) <= 1.0 for value in self._values())

    @property
    def best(self) -> float:
        """The number nearest to the reference; nan if there is none."""
        values = self._values()
        return values[min(range(len(values)), key=lambda number: self._pull(values[number]))]

    @property
    def pull(self) -> float:
        """Distance of the best number in units of the tolerance; 0 for an exact match, or inside a bound."""
        return self._pull(self.best)

    @property
    def inside(self) -> bool:
        """Whether the number agrees with its reference, for one of the choices at least."""
        return any(self.fits)

    @property
    def counted(self) -> bool:
        """Whether the row decides anything.

        It does not if it agrees but could not have failed: the tolerance is as wide as it may be, or an inequality is met
        by more than the effect that the row is meant to tell apart.
        """
        if self.kind == "ours":
            return False
        if not all(self.fits):
            return True
        if self.tolerance.widest(1.0 if self.relation == "~" else self.reference):
            return False
        far = {"<=": -1.0, ">=": 1.0}.get(self.relation)
        return far is None or any(far * (value - self.reference) < self.tolerance.effect for value in self._values())

    def outcome(self, corrected: bool = False) -> str:
        """Return the outcome of the row.

        Parameters
        ----------
        corrected : bool
            Whether another row that agrees corrects this one.

        Returns
        -------
        str
            One of `OUTCOMES`, or ``"not a test"``, for a row of the talk; ``"agrees"`` or ``"differs"`` otherwise.
        """
        if self.kind not in _TALK:
            return "agrees" if self.inside else "differs"
        if not self.counted:
            return UNTESTED
        if all(self.fits):
            return OUTCOMES[0]
        if corrected:
            return OUTCOMES[1]
        return OUTCOMES[2] if self.inside else OUTCOMES[3]

    @property
    def size(self) -> str:
        """How far the best number is away, in errors of the reference or as a ratio; empty if it agrees."""
        if self.inside:
            return ""
        best = self.best
        if not math.isfinite(best):
            return "no such number"
        if self.error:
            return f"{num(abs(best - self.reference) / self.error):.1f} σ"
        if self.reference and best / self.reference > 0.0:
            return f"{num(best / self.reference):.3g} times the reference"
        return f"off by {num(abs(best - self.reference)):.2g}"


def worst(outcomes: Iterable[str]) -> str:
    """Return the worst of several outcomes; ``"not a test"`` if there is none that counts."""
    ranked = [OUTCOMES.index(outcome) for outcome in outcomes if outcome in OUTCOMES]
    return OUTCOMES[max(ranked)] if ranked else UNTESTED


def _corrections(rows: Sequence[Check]) -> set[tuple[str, str]]:
    lost = [row for row in rows if row.corrects and not any(row.corrects == other.key for other in rows)]
    if lost:
        raise ValueError(f"check {lost[0].key!r} corrects {lost[0].corrects!r}, which is not in the table")
    return {(row.corrects, row.deviation) for row in rows if row.corrects and row.inside}


def outcomes(rows: Sequence[Check]) -> dict[str, str]:
    """Return the outcome of each row by its key; a row that another one corrects holds after a correction."""
    corrected = _corrections(rows)
    return {row.key: row.outcome((row.key, row.deviation) in corrected) for row in rows}


def calculation(rows: Sequence[Check]) -> str:
    """Compute the verdict on the calculation from the published, independent and identity rows; nothing else enters.

    Parameters
    ----------
    rows : sequence of Check
        All rows of the chapter.

    Returns
    -------
    str
        ``"agrees"``, ``"agrees but for"`` (up to a third of the rows differ), ``"disagrees"``, or ``"not checked"``.
    """
    counted = [row for row in rows if row.kind in _CALCULATION and row.counted]
    differing = sum(not row.inside for row in counted)
    if not counted:
        return CALCULATION[3]
    if not differing:
        return CALCULATION[0]
    return CALCULATION[1] if 3 * differing <= len(counted) else CALCULATION[2]


def talk(rows: Sequence[Check], reason: str = "") -> str:
    """Compute the verdict on the talk: the worst outcome of the rows of kind talk and source that count.

    Parameters
    ----------
    rows : sequence of Check
        All rows of the chapter.
    reason : str
        Why nothing of the talk was attempted, if there is no such row.

    Returns
    -------
    str
        One of `OUTCOMES`.

    Raises
    ------
    ValueError
        If no row counts and no reason is given.
    """
    found = outcomes(rows)
    verdict = worst(found[row.key] for row in rows if row.kind in _TALK and not row.corrects)
    if verdict == UNTESTED:
        if not reason:
            raise ValueError("a chapter without a row of the talk that can fail needs the reason why nothing was attempted")
        return OUTCOMES[4]
    return verdict


class CheckTable:
    """The check table of a chapter; showing it in a notebook stores rows and verdicts in the output.

    Made by `bookkit.claims.table`.

    Parameters
    ----------
    name : str
        Name of the chapter.
    reason : str
        Why nothing of the talk was attempted, if so.
    leaves_open : Table, optional
        What the talk's statements depend on but it does not print: the numbers of this book over that parameter.
    """

    def __init__(self, name: str, reason: str = "", leaves_open: Table | None = None) -> None:
        self.name, self.reason, self.leaves_open = name, reason, leaves_open
        self.rows: list[Check] = []

    def add(self, row: Check) -> None:
        """Add a row; an identity that does not hold raises at once.

        Parameters
        ----------
        row : Check
            The row.
        """
        if any(other.key == row.key for other in self.rows):
            raise ValueError(f"check {row.key!r} stands in the table already")
        if row.kind == "identity" and not row.inside:
            raise AssertionError(f"identity {row.key!r} does not hold: {row.best:.6g} against {row.reference:.6g}")
        self.rows.append(row)

    def complete(self) -> None:
        """Refuse a table that lacks a row."""

    def record(self) -> dict[str, Any]:
        """Return rows and verdicts as plain data."""
        self.complete()
        found = outcomes(self.rows)
        return {
            "name": self.name,
            "calculation": calculation(self.rows),
            "talk": talk(self.rows, self.reason),
            "reason": self.reason,
            "open": self.leaves_open.record() if self.leaves_open else None,
            "rows": [_row_record(row, found[row.key]) for row in self.rows],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return each row with its outcome as plain data, for ``pandas.DataFrame(table.records())``."""
        return list(self.record()["rows"])

    def _repr_mimebundle_(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> dict[str, Any]:
        record = self.record()
        return {"text/plain": _text(record), "text/markdown": _markdown(record), MIME: record}


def _rounded(number: float, digits: int) -> float | None:
    """Return a number with the digits that are shown, ``None`` if there is none."""
    return float(f"{num(number):.{digits}g}") if math.isfinite(number) else None


def _row_record(row: Check, outcome: str) -> dict[str, Any]:
    # what is left of an identity differs between processors: where it is tiny, the reference is shown
    tiny = row.width <= _LAST_BITS * (abs(row.reference) or 1.0) or row.pull <= _TINY
    exact = row.kind == "identity" and row.inside and tiny
    choices = row.value if isinstance(row.value, Choices) else None
    left = [fit and yes for fit, yes in zip(row.fits, choices.left, strict=True)] if choices and choices.left else None
    return {
        "key": row.key,
        "quantity": row.quantity,
        "kind": row.kind,
        "statements": list(row.statements),
        "source": row.source,
        "cite": row.cite,
        "reference": _rounded(row.reference, row.digits),
        "value": _rounded(row.reference if exact else row.best, row.digits),
        "range": _range(choices, row.digits),
        "digits": row.digits,
        "tolerance": _rounded(row.width, 2),
        "effect": _rounded(row.tolerance.effect, 2),
        "why": row.tolerance.why,
        "relation": row.relation,
        "inside": row.inside,
        "counted": row.counted,
        "outcome": outcome,
        "size": row.size,
        "varies": row.varies,
        "holds_for": choices.named(row.fits) if choices else "",
        "left_by_limits": choices.named(left) if choices and left is not None else "",
        "deviation": row.deviation,
        "corrects": row.corrects,
    }


def _range(choices: Choices | None, digits: int) -> list[float | None]:
    """Smallest and largest number over the choices; empty for a single number."""
    found = [value for value in choices.values if math.isfinite(value)] if choices else []
    return [_rounded(edge, digits) for edge in (min(found), max(found))] if found else []


def counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count the outcomes of the talk's rows in a record, those that are not zero, from best to worst."""
    found = [row["outcome"] for row in rows if row["kind"] in _TALK and not row["corrects"]]
    return {outcome: found.count(outcome) for outcome in (*OUTCOMES, UNTESTED) if outcome in found}


def tally(record: Mapping[str, Any]) -> tuple[int, int]:
    """Rows of the calculation that agree, and how many count."""
    rows = [row for row in record["rows"] if row["kind"] in _CALCULATION and row["counted"]]
    return sum(row["inside"] for row in rows), len(rows)


def said(row: Mapping[str, Any]) -> str:
    """Describe the outcome of a row of a record in words."""
    words = [str(row["outcome"])]
    if row["holds_for"] and row["inside"]:
        words.append(f"for {row['varies']} {row['holds_for']}")
        if row["left_by_limits"]:
            left = "it" if row["left_by_limits"] == row["holds_for"] else row["left_by_limits"]
            words.append(f"and the other limits leave {left}")
    elif row["size"]:
        words.append(f"{row['size']} at best" if row["varies"] else row["size"])
    if row["corrects"]:
        words.append("corrected")
    if row["deviation"]:
        words.append(row["deviation"])
    return words[0] + (f" ({', '.join(words[1:])})" if words[1:] else "")


def headline(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return both verdicts of a record in words: on the calculation, and on the talk."""
    inside, total = tally(record)
    first = record["calculation"]
    if total:
        first = (
            f"agrees but for {total - inside} of {total} rows"
            if first == CALCULATION[1]
            else f"{first} ({inside} of {total} rows)"
        )
    return first, f"{record['talk']} ({spelled(record) or record['reason']})"


def in_words(record: Mapping[str, Any]) -> str:
    """Return both verdicts as a line of text, for a notebook outside of the book."""
    return "Calculation: {}. The talk: {}.".format(*headline(record))


def spelled(record: Mapping[str, Any]) -> str:
    """Count in words how many rows of the talk hold, are open or fail."""
    plain = {"holds": "hold", "holds after a correction": "after a correction", "fails": "fail"}
    return ", ".join(f"{number} {plain.get(outcome, outcome)}" for outcome, number in counts(record["rows"]).items())


def anchor(chapter: str, key: str) -> str:
    """Return the anchor of a row on the page of its chapter."""
    return "row-" + re.sub(r"[^a-z0-9]+", "-", f"{chapter} {key}".lower()).strip("-")


def _text(record: Mapping[str, Any]) -> str:
    first, second = headline(record)
    rows = (
        f"{row['kind']} {row['key']}: {RELATIONS[row['relation']]}{shown(row, 'reference')} | {shown(row, 'value')}"
        f" +- {row['tolerance']:.2g} | {said(row)}"
        for row in record["rows"]
    )
    return "\n".join([f"calculation: {first}", f"the talk: {second}", *rows])


def shown(row: Mapping[str, Any], which: str) -> str:
    """Print the reference or the value of a row; over several choices from the smallest to the largest."""
    numbers = row["range"] if which == "value" and row["range"] else [row[which]]
    texts = ("none" if number is None else f"{number:.{row['digits']}g}" for number in numbers)
    return " to ".join(dict.fromkeys(texts))


def _markdown(record: Mapping[str, Any]) -> str:
    """Write the table: rows that differ and rows of the talk on top, the other rows that agree folded, with their count."""
    fold = [row for row in record["rows"] if row["kind"] not in _TALK and row["inside"]]
    top = sorted((row for row in record["rows"] if row not in fold), key=_rank)
    if not top or len(fold) < 3:
        top, fold = [*top, *fold], []
    said = f"{len(fold)} more rows agree: published numbers, independent codes and identities"
    rest = f'\n\n<details class="rest">\n<summary>{said}</summary>\n\n{_table(record, fold)}\n\n</details>\n' if fold else ""
    return f'<div class="results" tabindex="0">\n\n{_table(record, top)}{rest}\n\n</div>\n'


def _rank(row: Mapping[str, Any]) -> int:
    """Return the place of a row: failing rows come first, then open ones, those that hold, and those that are no test."""
    order = (*OUTCOMES[3:0:-1], "differs", OUTCOMES[0], "agrees", UNTESTED, OUTCOMES[4])
    return order.index(row["outcome"])


def _table(record: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    cells = []
    for row in rows:
        # the full source of an entry with a citation stands on the inputs page
        where = f"{row['kind']}, {{cite:t}}`{row['cite']}`" if row["cite"] else f"{row['kind']}, {row['source']}"
        outcome = said(row)
        if row["deviation"]:
            outcome = re.sub(rf"{row['deviation']}(?=\)$)", f"[{row['deviation']}](#{row['deviation'].lower()})", outcome)
        spot = f'<span id="{anchor(record["name"], row["key"])}"></span>'
        width = f"± {formula(format(row['tolerance'], '.2g'))}"
        if row["relation"] == "~":
            width = f"within a factor {formula(format(math.exp(row['tolerance']), '.2g'))}"
        cells.append(
            (
                spot + row["quantity"],
                outcome,
                f"{RELATIONS[row['relation']]}{formula(shown(row, 'reference'))} ({where})",
                formula(shown(row, "value")),
                f"{width}: {row['why']}",
            )
        )
    return markdown(["quantity", "outcome", "reference", "this book", "tolerance and its reason"], cells)


def parse(bundle: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a check table from the data of a notebook output, if it holds one.

    Parameters
    ----------
    bundle : dict
        The MIME bundle of an output.

    Returns
    -------
    dict or None
        Rows and verdicts.
    """
    raw = bundle.get(MIME)
    return json.loads(raw) if isinstance(raw, str) else raw


def check_record(notebook: Any) -> dict[str, Any] | None:
    """Return the record of the check table in an executed notebook, ``None`` if it has none."""
    bundles = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return next((record for record in map(parse, bundles) if record is not None), None)
