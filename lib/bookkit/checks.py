"""Check tables, tolerances that can be argued with, and the verdict that follows from them."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darkhiggs import inputs

from .numbers import num, stable

__all__ = ["KINDS", "MIME", "VERDICTS", "Check", "CheckTable", "Tolerance", "verdict"]

KINDS = ("talk", "published", "independent", "identity")
VERDICTS = ("reproduced", "reproduced with changes", "approximate", "not reproduced", "not attempted")
# Numbers of independent codes, written by `make oracle`.
ORACLE = Path(__file__).resolve().parents[2] / "tests/oracle/oracle.json"
# Relative width of a tolerance that only rounding errors can fill.
_LAST_BITS = 1e-9
MIME = "application/vnd.darkhiggs.checks+json"


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
            raise ToleranceError("a tolerance needs a reason: Tolerance(..., why='...')")
        for name in ("rtol", "atol"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ToleranceError(f"{name} = {getattr(self, name)} is not a finite number, 0 or more")
        if not (math.isfinite(self.effect) and self.effect > 0.0):
            raise ToleranceError(f"effect = {self.effect} is not a finite number above 0")

    def width(self, reference: float) -> float:
        """Return the allowed distance from a reference; refuse it if it exceeds half the effect."""
        width = self.atol + self.rtol * abs(reference)
        # one part in 1e9 of slack: 0.5 * effect is often the very number meant
        if width > 0.5 * self.effect * (1.0 + 1e-9):
            raise ToleranceError(
                f"a tolerance of {width:.3g} cannot tell apart an effect of {self.effect:.3g} (half of it at most)"
            )
        return width


@dataclass(frozen=True)
class Check:
    """One row of a check table.

    Parameters
    ----------
    key : str
        Short name, unique in the chapter.
    quantity : str
        What is compared, in MyST (formulas between dollars).
    kind : {"talk", "published", "independent", "identity"}
        Kind of the reference.
    reference, value : float
        The reference and the number of this book, in the same unit.
    tolerance : Tolerance
        Allowed distance and its reason.
    source : str
        Where the reference is printed, or how it was made.
    cite : str
        Key of the bibliography.
    digits : int
        Significant digits shown.
    deviation : str
        Id on the deviations page, for a row that is outside its tolerance for a known reason.
    corrects : str
        Key of the row that this one corrects, with the same deviation.
    relation : {"=", "<="}
        Whether the number shall equal the reference, or not exceed it.
    """

    key: str
    quantity: str
    kind: str
    reference: float
    value: float
    tolerance: Tolerance
    source: str
    cite: str = ""
    digits: int = 3
    deviation: str = ""
    corrects: str = ""
    relation: str = "="

    def __post_init__(self) -> None:
        """Refuse what cannot be compared."""
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} of check {self.key!r} is not one of {', '.join(KINDS)}")
        if self.relation not in ("=", "<="):
            raise ValueError(f"relation = {self.relation!r} of check {self.key!r} is not '=' or '<='")
        if not self.source.strip():
            raise ValueError(f"check {self.key!r} has no source")
        for name in ("reference", "value"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} = {getattr(self, name)} of check {self.key!r} is not a finite number")
        if self.corrects and not self.deviation:
            raise ValueError(f"check {self.key!r} corrects {self.corrects!r} but names no deviation")
        self.tolerance.width(self.reference)

    @property
    def pull(self) -> float:
        """Distance from the reference in units of the tolerance; 0 for an exact match, or inside a bound."""
        distance, width = self.value - self.reference, self.tolerance.width(self.reference)
        distance = max(distance, 0.0) if self.relation == "<=" else abs(distance)
        if distance == 0.0:
            return 0.0
        # rounded, so that no last bit decides at the edge of a tolerance
        return float(stable(distance / width)) if width > 0.0 else math.inf

    @property
    def inside(self) -> bool:
        """Whether the number agrees with its reference."""
        return self.pull <= 1.0


def verdict(rows: Sequence[Check], *, fitted: bool = False, unstated: str = "", reason: str = "") -> str:
    """Compute the verdict of a chapter from its rows; nothing else enters.

    Parameters
    ----------
    rows : sequence of Check
        All rows of the chapter.
    fitted : bool
        Whether a parameter was fitted; then the best verdict is ``approximate``.
    unstated : str
        The parameter that the talk rows depend on and the talk does not state; then likewise.
    reason : str
        Why there are no rows, for ``not attempted``.

    Returns
    -------
    str
        One of `VERDICTS`.
    """
    lost = [row for row in rows if row.corrects and not any(row.corrects == other.key for other in rows)]
    if lost:
        raise ValueError(f"check {lost[0].key!r} corrects {lost[0].corrects!r}, which is not in the table")
    talk = [row for row in rows if row.kind == "talk" and not row.corrects]
    if not talk:
        if not reason:
            raise ValueError("a chapter without a row of kind 'talk' needs the reason why nothing was attempted")
        return "not attempted"
    corrected = {(row.corrects, row.deviation) for row in rows if row.corrects and row.inside}
    outside = [row for row in talk if not row.inside]
    capped = fitted or bool(unstated)
    if not outside and not capped:
        return "reproduced"
    if not capped and all((row.key, row.deviation) in corrected for row in outside):
        return "reproduced with changes"
    if 3 * len(outside) <= len(talk) and all(row.pull <= 3.0 for row in outside):
        return "approximate"
    return "not reproduced"


@dataclass
class CheckTable:
    """The check table of a chapter; showing it in a notebook stores rows and verdict in the output.

    Parameters
    ----------
    fitted, unstated, reason
        As in `verdict`.
    """

    fitted: bool = False
    unstated: str = ""
    reason: str = ""
    rows: list[Check] = field(default_factory=list)

    def against(self, name: str, value: float, quantity: str, tolerance: Tolerance, *, unit: str = "", **more: Any) -> None:
        """Compare a number with an entry ``talk.*`` or ``published.*`` of the data files.

        Parameters
        ----------
        name : str
            Name of the entry; its first word is the kind of the row.
        value : float
            The number of this book.
        quantity : str
            What is compared.
        tolerance : Tolerance
            Allowed distance and its reason.
        unit : str
            Unit in which both are compared; default that of the entry.
        **more
            Further fields of `Check`.
        """
        entry = inputs.get(name)
        reference = float(entry.to(unit)) if unit else float(entry.value)
        kind, _, key = name.partition(".")
        self.add(
            more.pop("key", key),
            quantity,
            more.pop("kind", kind),
            reference,
            value,
            tolerance,
            entry.source,
            cite=entry.cite,
            **more,
        )

    def against_code(self, name: str, value: float, quantity: str, tolerance: Tolerance, **more: Any) -> None:
        """Compare a number with what an independent code gives for the same inputs.

        Parameters
        ----------
        name : str
            Id in the file that ``make oracle`` writes.
        value : float
            The number of this book, for the arguments recorded there.
        quantity : str
            What is compared.
        tolerance : Tolerance
            Allowed distance and its reason.
        **more
            Further fields of `Check`.
        """
        oracle = json.loads(ORACLE.read_text(encoding="utf-8"))
        record = next(record for record in oracle["values"] if record["id"] == name)
        source = f"{record['code']} {oracle['versions'][record['code']]} with our inputs"
        self.add(name, quantity, "independent", record["value"], value, tolerance, source, **more)

    def add(
        self, key: str, quantity: str, kind: str, reference: float, value: float, tolerance: Tolerance, source: str, **more: Any
    ) -> None:
        """Add a row; an identity that does not hold raises at once.

        Parameters
        ----------
        key, quantity, kind, reference, value, tolerance, source, **more
            The fields of `Check`.
        """
        row = Check(key, quantity, kind, float(reference), float(value), tolerance, source, **more)
        if any(other.key == row.key for other in self.rows):
            raise ValueError(f"check {row.key!r} stands in the table already")
        if row.kind == "identity" and not row.inside:
            raise AssertionError(f"identity {row.key!r} does not hold: {row.value:.6g} against {row.reference:.6g}")
        self.rows.append(row)

    @property
    def verdict(self) -> str:
        """The verdict of the chapter."""
        return verdict(self.rows, fitted=self.fitted, unstated=self.unstated, reason=self.reason)

    def record(self) -> dict[str, Any]:
        """Return rows and verdict as plain data."""
        return {
            "verdict": self.verdict,
            "fitted": self.fitted,
            "unstated": self.unstated,
            "reason": self.reason,
            "rows": [_row_record(row) for row in self.rows],
        }

    def _repr_mimebundle_(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> dict[str, Any]:
        record = self.record()
        return {"text/plain": _text(record), "text/markdown": _markdown(record), MIME: record}


def _row_record(row: Check) -> dict[str, Any]:
    width = row.tolerance.width(row.reference)
    # an identity that holds to the last bits is shown as its reference: what is left of it differs between processors
    exact = row.kind == "identity" and row.inside and width <= _LAST_BITS * (abs(row.reference) or 1.0)
    shown = {"reference": row.reference, "value": row.reference if exact else row.value}
    return {
        "key": row.key,
        "quantity": row.quantity,
        "kind": row.kind,
        "source": row.source,
        "cite": row.cite,
        **{name: f"{num(number):.{row.digits}g}" for name, number in shown.items()},
        "tolerance": f"{num(width):.2g}",
        "effect": f"{num(row.tolerance.effect):.2g}",
        "why": row.tolerance.why,
        "pull": "inside" if row.inside else f"{num(row.pull):.1f}",
        "inside": row.inside,
        "deviation": row.deviation,
        "corrects": row.corrects,
        "relation": row.relation,
    }


def _outcome(row: dict[str, Any]) -> str:
    word = "agrees" if row["inside"] else f"off by {row['pull']} tolerances"
    if row["corrects"]:
        return f"{word}, corrected ({row['deviation']})"
    return f"{word} ({row['deviation']})" if row["deviation"] else word


def _bound(row: dict[str, Any]) -> str:
    return "at most " if row["relation"] == "<=" else ""


def _text(record: dict[str, Any]) -> str:
    rows = (
        f"{row['kind']} {row['key']}: {_bound(row)}{row['reference']} | {row['value']} +- {row['tolerance']} | " + _outcome(row)
        for row in record["rows"]
    )
    return "\n".join([f"verdict: {record['verdict']}", *rows])


def _markdown(record: dict[str, Any]) -> str:
    lines = ["| quantity | reference | this book | outcome | tolerance and its reason |\n|---|---|---|---|---|"]
    for row in record["rows"]:
        # the full source of an entry with a citation stands on the inputs page
        where = f"{row['kind']}, {{cite:t}}`{row['cite']}`" if row["cite"] else f"{row['kind']}, {row['source']}"
        outcome = _outcome(row)
        if row["deviation"]:
            outcome = outcome.replace(row["deviation"], f"[{row['deviation']}](#{row['deviation'].lower()})")
        cells = (
            row["quantity"],
            f"{_bound(row)}{_number(row['reference'])} ({where})",
            _number(row["value"]),
            outcome,
            f"± {_number(row['tolerance'])}: {row['why']}",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _number(shown: str) -> str:
    """Return a printed number as a formula, 4.97e-06 as 4.97 x 10^-6."""
    mantissa, _, power = shown.partition("e")
    return f"${mantissa} \\times 10^{{{int(power)}}}$" if power else f"${mantissa}$"


def parse(bundle: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a check table from the data of a notebook output, if it holds one.

    Parameters
    ----------
    bundle : dict
        The MIME bundle of an output.

    Returns
    -------
    dict or None
        Rows and verdict.
    """
    raw = bundle.get(MIME)
    return json.loads(raw) if isinstance(raw, str) else raw
