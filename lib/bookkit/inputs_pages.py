"""Pages of the inputs: one row a quantity or curve, with a small plot and a CSV file for each curve; Belle II apart."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkhiggs import inputs

from . import tables
from .numbers import num, stable

__all__ = ["Curve", "curves", "pages", "plot", "spreadsheets"]

# Parts of an entry against which the others are drawn.
_ABSCISSAE = ("m", "mass", "m_zp", "energy", "t_gamma")
# Parts that say how a curve was read.
_FOLDED = ("cl", "reading_error", "log_mass")
# Sections of the page by the first part of a name; the last takes all others.
_SECTIONS = {
    "bound": "What limits the model",
    "measured": "What limits the model",
    "limit": "Published limits",
    "projection": "What is expected",
    "talk": "What the talk states",
    "published": "Published numbers",
    "independent": "Published numbers",
    "benchmark": "Benchmarks",
    "HPQCD22": "Form factors: HPQCD22",
    "BSZ15": "Form factors: BSZ15",
    "BallZwicky": "Form factors: Ball-Zwicky",
    "alp": "Other explanations",
    "dark_photon": "Other explanations",
    "singlet": "Other explanations",
    "wide_scalar": "Other explanations",
    "": "Constants",
}
_BELLE2 = {"belle2.ITA": "Inclusive tag, ITA", "belle2.HTA": "Hadronic tag, HTA", "belle2": "Both samples"}
_FOLDER = "data/inputs"
# Size of a plot and of its margins, left, right, top and bottom, in pixels.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 196, 104, 52, 4, 16, 16
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Curve:
    """Entries of the inputs that are one table: masses, and what is given for each of them.

    Parameters
    ----------
    name : str
        What their names have in common.
    x : str
        Part of the name of the masses or energies.
    parts : mapping of str to Quantity
        All entries by the rest of their names.
    today : bool
        Whether the curve is one of the set `today` alone.
    """

    name: str
    x: str
    parts: Mapping[str, inputs.Quantity]
    today: bool = False

    @property
    def file(self) -> str:
        """Name of the curve's CSV file."""
        return f"{self.name.replace('/', '-')}{'-today' if self.today else ''}.csv"

    @property
    def ordinates(self) -> list[str]:
        """Parts that are drawn against the masses."""
        return [part for part in self.parts if part not in (self.x, *_FOLDED)]


def _split(label: str) -> tuple[dict[str, Curve], dict[str, inputs.Quantity]]:
    """Curves and single quantities of a set."""
    stems: dict[str, dict[str, inputs.Quantity]] = {}
    for name in inputs.names(label):
        stem, _, part = name.rpartition(".")
        stems.setdefault(stem, {})[part] = inputs.get(name, label)
    found, single = dict[str, Curve](), dict[str, inputs.Quantity]()
    for stem, parts in stems.items():
        x = next((part for part in _ABSCISSAE if part in parts and np.ndim(parts[part].value) == 1), "")
        alike = [part for part in parts if x and np.shape(parts[part].value) == np.shape(parts[x].value)]
        mine = {part: parts[part] for part in parts if part in alike or (len(alike) > 1 and part in _FOLDED)}
        if len(alike) > 1:
            found[stem] = Curve(stem, x, mine)
        single |= {f"{stem}.{part}".lstrip("."): parts[part] for part in parts if part not in mine or len(alike) < 2}
    return found, single


def curves() -> list[Curve]:
    """List the curves of the set `talk`, and after each those that the set `today` has in its place or beside it."""
    old, new = _split("talk")[0], _split("today")[0]
    moved = {name.rpartition(".")[0] for name, _, entry in inputs.compare("talk", "today") if entry is not None}
    added = [Curve(curve.name, curve.x, curve.parts, today=True) for curve in new.values() if curve.name in moved]
    return sorted([*old.values(), *added], key=lambda curve: (curve.name, curve.today))


def _matrices() -> Iterator[tuple[str, inputs.Quantity]]:
    return ((name, entry) for name in inputs.names("talk") if np.ndim((entry := inputs.get(name, "talk")).value) == 2)


def spreadsheets() -> dict[str, str]:
    """Write each curve and each matrix as CSV, with the digits of the data files.

    Returns
    -------
    dict of str to str
        Text by path below ``book``.
    """
    found = {}
    for curve in curves():
        columns = [curve.x, *curve.ordinates]
        head = [f"{part} [{curve.parts[part].unit}]" for part in columns]
        found[f"{_FOLDER}/{curve.file}"] = _csv(
            [head, *zip(*(curve.parts[part].value.tolist() for part in columns), strict=True)]
        )
    return found | {f"{_FOLDER}/{_matrix_file(name)}": _csv(entry.value.tolist()) for name, entry in _matrices()}


def _csv(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _matrix_file(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter in "._-") + ".csv"


def _short(value: float) -> str:
    """Write a number for an axis: 0.26, 2.2×10⁻⁹."""
    if value == 0.0 or 1e-3 <= abs(stable(value)) < 999.5:
        return f"{num(value):.3g}"
    mantissa, _, power = f"{num(value):.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}×10{str(int(power)).translate(_POWERS)}"


def _raised(unit: str) -> str:
    """Write the powers of a unit as a reader would, cm²."""
    return re.sub(r"\^(-?\d)", lambda power: power[1].translate(_POWERS), unit)


def _axis(values: Any, low: float, high: float, linear: bool) -> tuple[Any, list[float]]:
    """Positions of values between two pixels, and of the powers of ten; linear if asked for or if a value is not positive."""
    ends = (float(np.min(values)), float(np.max(values)))
    linear = linear or ends[0] <= 0.0
    scaled, (first, last) = (values, ends) if linear else (np.log10(values), (math.log10(ends[0]), math.log10(ends[1])))
    # a curve that is flat lies in the middle
    first, last = (first - 0.5, last + 0.5) if stable(first) == stable(last) else (first, last)
    decades = [] if linear else range(math.ceil(round(first, 9)), math.floor(round(last, 9)) + 1)

    def pixel(value: Any) -> Any:
        return low + (value - first) / (last - first) * (high - low)

    return pixel(scaled), [float(pixel(decade)) for decade in decades]


def plot(curve: Curve) -> str:
    """Draw a curve as a small picture inside the page, in the colour of its text.

    Parameters
    ----------
    curve : Curve
        One of `curves`.

    Returns
    -------
    str
        An ``svg`` element in one line, with a name for those who do not see it. What a limit excludes is shaded.
    """
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    x, parts = curve.parts[curve.x], curve.parts
    # how `limits.Curve` interpolates
    linear = "cl" in parts and not ("log_mass" in parts and parts["log_mass"].value)
    across, columns = _axis(x.value, _LEFT, right, linear)
    drawn = np.concatenate([parts[part].value for part in curve.ordinates])
    down, rows = _axis(drawn, bottom, _TOP, False)
    height = dict(zip(curve.ordinates, np.split(down, len(curve.ordinates)), strict=True))

    def path(ys: Any, order: int = 1) -> str:
        return "L".join(f"{num(a):.1f} {num(b):.1f}" for a, b in zip(across[::order], ys[::order], strict=True))

    shade = ""
    if "upper" in height:
        # a limit excludes what is above it; of two ends, what is between them
        edge = f"L{path(height['lower'], -1)}" if "lower" in height else f"V{_TOP}H{num(across[0]):.1f}"
        shade = f'<path d="M{path(height["upper"])}{edge}Z" fill="currentColor" fill-opacity=".15"/>'
    grid = "".join(f"M{num(a):.1f} {_TOP}V{bottom}" for a in columns) + "".join(f"M{_LEFT} {num(b):.1f}H{right}" for b in rows)
    lines = "".join(f"M{path(height[part])}" for part in curve.ordinates)
    ends = [f"{_short(float(end))} {x.unit}" for end in (np.min(x.value), np.max(x.value))]
    low, high = (_short(float(end)) for end in (np.min(drawn), np.max(drawn)))
    units = {_raised(parts[part].unit) for part in curve.ordinates} - {"1"}
    above = ", ".join(curve.ordinates) + "".join(f" [{unit}]" for unit in sorted(units))
    said = f"{curve.name}: {above} from {low} to {high}, {curve.x} from {ends[0]} to {ends[1]}"

    def text(left: float, base: float, anchor: str, words: str) -> str:
        return f'<text x="{left}" y="{base}" text-anchor="{anchor}">{words}</text>'

    return (
        f'<svg class="curve" role="img" aria-label="{said}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="10" fill="currentColor">{shade}'
        f'<path d="{grid or f"M{_LEFT} {bottom}"}" stroke="currentColor" stroke-opacity=".25" fill="none"/>'
        f'<path d="M{_LEFT} {_TOP}H{right}V{bottom}H{_LEFT}Z" stroke="currentColor" stroke-opacity=".6" fill="none"/>'
        f'<path d="{lines}" stroke="currentColor" stroke-width="1.6" fill="none"/>'
        f"{text(_LEFT, _TOP - 5, 'start', above)}{text(_LEFT - 3, _TOP + 8, 'end', high)}{text(_LEFT - 3, bottom, 'end', low)}"
        f"{text(_LEFT, _HEIGHT - 4, 'start', ends[0])}{text(right, _HEIGHT - 4, 'end', ends[1])}</svg>"
    )


def _number(value: float) -> str:
    return f"{value:.10g}"


def _value(name: str, entry: inputs.Quantity) -> str:
    """Value with error and unit; a matrix stands in a table of its own."""
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    if np.ndim(entry.value) == 2:
        size = " × ".join(map(str, entry.value.shape))
        return f"{{download}}`{size} numbers (CSV) <{_FOLDER}/{_matrix_file(name)}>`{unit}"
    if entry.plus is not None:
        return f"{_number(entry.value)} +{entry.plus:g} −{entry.minus:g}{unit}"
    pairs = zip(*(np.ravel(array) for array in np.broadcast_arrays(entry.value, entry.uncertainty)), strict=True)
    write = f"{{:.{6 if np.ndim(entry.value) else 10}g}}".format
    return ", ".join(write(value) + (f" ± {error:.6g}" if error else "") for value, error in pairs) + unit


def _source(entry: inputs.Quantity) -> str:
    level = f"; {100 * entry.cl:g} % CL" if entry.cl else ""
    note = f"; {entry.note}" if entry.note else ""
    cite = f" {{cite:p}}`{entry.cite}`" if entry.cite else ""
    return (entry.source + level + note).replace("*", "\\*") + cite


def _curve_row(curve: Curve) -> list[str]:
    entry = curve.parts["upper" if "upper" in curve.parts else curve.ordinates[0]]
    level = curve.parts["cl"].value if "cl" in curve.parts else entry.cl
    read = curve.parts["reading_error"].value if "reading_error" in curve.parts else 0.0
    told = [f"`{curve.name}`" + " (set `today`)" * curve.today]
    told.append(f"{{download}}`{curve.parts[curve.x].value.size} points (CSV) <{_FOLDER}/{curve.file}>`")
    told += [f"{100 * level:g} % CL"] * bool(level) + [f"reading error {100 * read:.3g} %"] * bool(read)
    source = entry.source + (f"; {entry.note}" if entry.note else "")
    return ["<br>".join(told), plot(curve), source.replace("*", "\\*") + (f" {{cite:p}}`{entry.cite}`" if entry.cite else "")]


def _tables(quantities: Mapping[str, inputs.Quantity], drawn: list[Curve]) -> list[str]:
    rows = [[f"`{name}`", _value(name, entry), _source(entry)] for name, entry in quantities.items()]
    lines = _boxed(["name", "value", "source"], rows, "names bare") if rows else []
    return lines + (_boxed(["curve", "plot", "source"], [_curve_row(curve) for curve in drawn], "names bare") if drawn else [])


def _boxed(titles: list[str], rows: list[list[str]], kind: str) -> list[str]:
    """Return a table in a box of a class of the style sheet."""
    return [f'<div class="{kind}">', "", tables.markdown(titles, rows), "", "</div>", ""]


def _newer() -> list[str]:
    """Table of the single quantities that the set of today replaces or adds."""
    drawn = {f"{curve.name}.{part}" for curve in curves() for part in curve.parts}
    cells = [
        [f"`{name}`", *("–" if entry is None else _value(name, entry) for entry in (old, new)), _source(new) if new else ""]
        for name, old, new in inputs.compare("talk", "today")
        if name not in drawn
    ]
    return _boxed(["name", "talk", "today", "source of today"], cells, "names")


def pages() -> dict[str, str]:
    """Return the pages of the inputs.

    Returns
    -------
    dict of str to str
        Text by path below ``book``.
    """
    lines = [
        "# Inputs",
        "",
        "This page lists every number with a physical meaning, as the data files of the library hold it.",
        "`inputs.get(name)` returns value, uncertainty, unit and source.",
        "For a block of code, `inputs.use(name)` chooses a set of numbers,",
        "and `inputs.override({name: value})` changes single ones.",
        "A curve is one row: its plot shades what a limit excludes, and its points are a CSV file.",
        "The entries of a curve are read as `NAME.m`, `NAME.upper` and so on.",
        "The counts and templates of Belle II have [a page of their own](inputs_belle2.md).",
        "",
        "## Which number is newer",
        "",
        "The set `talk` is the default and holds what the talk works with.",
        "The set `today` holds newer numbers where they are published.",
        "`constraints.table` reads the entries named `bound` and `measured`, and the curves.",
        "A curve that only the set `today` has says so beside its name.",
        "",
        *_newer(),
    ]
    drawn, single = curves(), _split("talk")[1]
    for title in dict.fromkeys(_SECTIONS.values()):
        mine = {name: entry for name, entry in single.items() if _section(name) == title}
        lines += [f"## {title}", "", *_tables(mine, [curve for curve in drawn if _section(curve.name) == title])]
    replaced = {name: new for name, _, new in inputs.compare("talk", "belle2") if new is not None}
    lines += [
        "## Set belle2",
        "",
        "The set `belle2` replaces these entries by what Belle II works with.",
        "",
        *_tables(replaced, []),
    ]
    return {"inputs.md": "\n".join(lines), "inputs_belle2.md": _belle2(single)}


def _section(name: str) -> str:
    head = name.partition(".")[0]
    return "" if head == "belle2" else _SECTIONS.get(head, _SECTIONS[""])


def _belle2(single: Mapping[str, inputs.Quantity]) -> str:
    lines = [
        "# Inputs: Belle II",
        "",
        "These are the counts, templates and efficiencies of the Belle II measurement, as the likelihood reads them.",
        "A list has one number for each bin of its sample, 12 bins of ITA and 6 of HTA.",
        "All other numbers are on the page of the [inputs](inputs.md).",
        "",
    ]
    left = {name: entry for name, entry in single.items() if name.startswith("belle2.")}
    for head, title in _BELLE2.items():
        mine = {name: left.pop(name) for name in list(left) if name.startswith(f"{head}.")}
        lines += [f"## {title}", "", *_tables(mine, [])]
    return "\n".join(lines)
