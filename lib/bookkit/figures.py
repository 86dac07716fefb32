"""One style for all figures: colour-blind safe, readable on a phone, SVG, opaque white, byte-stable."""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .numbers import num, stable

__all__ = [
    "BENCHMARKS",
    "BOARD",
    "DIGEST",
    "PALETTE",
    "PNG",
    "FigureError",
    "band",
    "board",
    "contours",
    "digest",
    "draw",
    "draw_benchmarks",
    "excluded",
    "faults",
    "frame",
    "horizontal",
    "label",
    "legend",
    "marks",
    "measured",
    "middle",
    "outline",
    "plain",
    "region",
    "save_curves",
    "show",
    "ticks",
    "use_style",
]

# Marks the output that holds the curves of a figure.
DIGEST = "application/vnd.darkhiggs.curves"
# The figure of a chapter, for slides, in the folder of its curves; dots an inch.
PNG, _DOTS = "figure.png", 300
_UNIT = re.compile(r" \[[^\[\]]+\]$")

# Okabe and Ito's palette without its yellow, which vanishes on white.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "grey": "#777777",
    "black": "#000000",
}

# How the benchmark points look in every figure.
BENCHMARKS: dict[str, dict[str, Any]] = {
    "A": {"color": PALETTE["blue"], "ls": "-", "marker": "o"},
    "A10": {"color": PALETTE["purple"], "ls": "--", "marker": "s"},
    "B": {"color": PALETTE["red"], "ls": "-.", "marker": "^"},
}
_LINES = ("-", "--", "-.", ":")
# A figure is 5.4 inches wide, with letters of 12 points. A phone shows it over its full width of 400 pixels, 300 points.
_WIDTH, _LETTERS = 5.4, 12.0
_PHONE, _SMALLEST = 300.0, 9.0


# How the label of a curve is written without TeX: pattern and letters, in this order.
_LETTERS_OF = {
    "=": " = ",
    r"\\nu\\bar\\nu": " nu nubar",
    r"\\(?:rm|mathrm|text|mathcal|left|right)(?![a-z])\s*|\\[,;!]": "",
    r"\\[lr]?vert(?![a-z])\s*": "|",
    r"\\langle\s*": "<",
    r"\\rangle": ">",
    r"\\sin\\theta": "sin(theta)",
    r"\\to(?![a-z])": " -> ",
    r"\\times": " x ",
    r"\\pm": " +- ",
    r"\\leq?(?![a-z])": " <= ",
    r"\\geq?(?![a-z])": " >= ",
    r"\\approx": " ~ ",
    r"\^\{?([*+0-]+)\}?(?![\d.])": r"\1",
    "H_1": "H1",
    "H_2": "H2",
    r"(H1|K\+|nubar)(?=[A-Z])": r"\1 ",
    # the name of a Greek letter ends before the next one
    r"\\([A-Za-z]+)(?=\\)": r"\1 ",
}


class FigureError(ValueError):
    """A figure cannot be read: small letters, or something under a legend."""


def use_style() -> None:
    """Set the style of all figures of a chapter; call it once, before plotting."""
    import matplotlib as mpl
    from cycler import cycler

    # not what a matplotlibrc beside the notebook says
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (_WIDTH, 4.2),
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "figure.constrained_layout.use": True,
            "svg.hashsalt": "darkhiggs",
            "svg.fonttype": "path",
            "font.size": _LETTERS,
            "axes.titlesize": _LETTERS,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            # ticks and grid above what is filled, below lines
            "axes.axisbelow": "line",
            "axes.prop_cycle": cycler(color=[c for name, c in PALETTE.items() if name not in ("grey", "black")]),
            "legend.frameon": True,
            "legend.framealpha": 0.95,
            "legend.fontsize": _LETTERS,
            "legend.handlelength": 1.8,
            "legend.columnspacing": 1.2,
            "legend.labelspacing": 0.3,
            "lines.linewidth": 1.8,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.top": True,
            "ytick.right": True,
        }
    )
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches="tight")


def plain(label: str) -> str:
    r"""Write the label of a curve without TeX, for a table or the title of a column.

    Parameters
    ----------
    label : str
        Text with formulas between dollars.

    Returns
    -------
    str
        The same in letters.

    Examples
    --------
    >>> from bookkit import figures
    >>> figures.plain(r"more $K\nu\bar\nu$, $m_{Z'}=10$ MeV")
    "more K nu nubar, m_Z' = 10 MeV"
    """

    def letters(formula: re.Match[str]) -> str:
        text = formula[1]
        for pattern, letter in _LETTERS_OF.items():
            text = re.sub(pattern, letter, text)
        return re.sub(r"[\\{}]", "", text)

    return " ".join(re.sub(r"\$([^$]*)\$", letters, label).split())


def frame(ax: Any, x: str, xlim: tuple[float, float] | None, y: str, ylim: tuple[float, float] | None, log: str = "") -> None:
    """Name the axes and set their ranges.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The panel.
    x, y : str
        Labels, with the unit in brackets.
    xlim, ylim : tuple of float, optional
        Ranges; ``None`` leaves them to what is drawn.
    log : {"", "x", "y", "xy"}
        Which axes are logarithmic.
    """
    ax.set(xlabel=x, ylabel=y, **{f"{axis}scale": "log" for axis in log})
    ax.set(**{name: limits for name, limits in (("xlim", xlim), ("ylim", ylim)) if limits is not None})


def _line(style: str | Mapping[str, Any], number: int) -> dict[str, Any]:
    """Read a style: a name of `BENCHMARKS`, 'blue --', or keywords of matplotlib."""
    if not isinstance(style, str):
        return {
            "ls": _LINES[number % 4],
            **style,
            **({"color": PALETTE.get(style["color"], style["color"])} if "color" in style else {}),
        }
    if style in BENCHMARKS:
        return {key: value for key, value in BENCHMARKS[style].items() if key != "marker"}
    shade, _, line = style.partition(" ")
    return {"color": PALETTE[shade], "ls": line or _LINES[0]}


def draw(ax: Any, x: npt.ArrayLike, lines: Mapping[str, tuple[Any, Any]], **more: Any) -> list[Any]:
    """Draw labelled lines over one axis, and return them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n,)
        Common abscissa.
    lines : mapping of str to (array_like, style)
        Ordinate and style by label. A style is the name of a benchmark, a colour of `PALETTE` with a line such as
        ``"blue --"``, or a mapping of matplotlib's keywords; a label that begins with ``_`` is not in the legend.
    **more
        Keywords of ``ax.plot`` for all of them.

    Returns
    -------
    list of matplotlib.lines.Line2D
        One a label.
    """
    return [
        ax.plot(x, y, label=label, **{**_line(style, number), **more})[0]
        for number, (label, (y, style)) in enumerate(lines.items())
    ]


def draw_benchmarks(ax: Any, x: npt.ArrayLike, y: npt.ArrayLike, label: str = "_", **more: Any) -> list[Any]:
    """Draw one line for each benchmark point, as it looks in every figure, and return the lines.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n,)
        Common abscissa.
    y : array_like, shape (n, 3)
        A column for each of `BENCHMARKS`.
    label : str
        Word before the name in the legend; one that begins with ``_`` is not there.
    **more
        Keywords of ``ax.plot`` for all of them, such as ``ls``.

    Returns
    -------
    list of matplotlib.lines.Line2D
        One a benchmark.
    """
    names = zip(BENCHMARKS, np.transpose(y), strict=True)
    return draw(ax, x, {f"{label} {name}": (column, name) for name, column in names}, **more)


def horizontal(ax: Any, levels: Mapping[str, tuple[float, str]], *, lw: float = 1.2, vertical: bool = False) -> list[Any]:
    """Draw labelled lines across an axis, and return them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    levels : mapping of str to (float, str)
        Height and style by label, as in `draw`.
    lw : float
        Width in points.
    vertical : bool
        Whether the lines run from bottom to top at these abscissas.

    Returns
    -------
    list of matplotlib.lines.Line2D
        One a label.
    """
    across = ax.axvline if vertical else ax.axhline
    return [
        across(level, label=label, lw=lw, **_line(style, number))
        for number, (label, (level, style)) in enumerate(levels.items())
    ]


def band(
    ax: Any,
    x: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    label: str | None = None,
    color: str = "green",
    alpha: float = 0.5,
    **more: Any,
) -> Any:
    """Fill between two curves where both are finite, and return the band.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, low, high : array_like, shape (n,)
        Abscissa and the two curves; a number is the same everywhere.
    label : str, optional
        Name in the legend.
    color : str
        A name of `PALETTE`, or a colour.
    alpha : float
        Opacity.
    **more
        Keywords of ``ax.fill_between``.

    Returns
    -------
    matplotlib.collections.FillBetweenPolyCollection
        The band.
    """
    x = np.asarray(x, dtype=float)
    low, high = (np.broadcast_to(np.asarray(y, dtype=float), x.shape) for y in (low, high))
    there = np.isfinite(low) & np.isfinite(high) & (low <= high)
    style = {"color": PALETTE.get(color, color), "alpha": alpha, "lw": 0, **more}
    if "hatch" in more:
        style = {"facecolor": "none", "edgecolor": style.pop("color"), "lw": 0, **more}
    return ax.fill_between(x, np.where(there, low, 0.0), np.where(there, high, 0.0), where=there, label=label, **style)


def outline(ax: Any, x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, color: str = "green", lw: float = 1.4) -> None:
    """Draw the border of the region between two curves; at an end of the axis that it reaches it stays open.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, low, high : array_like, shape (n,)
        Abscissa and the two curves; where they are not finite there is no region.
    color : str
        A name of `PALETTE`, or a colour.
    lw : float
        Width in points.
    """
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    there = np.isfinite(low) & np.isfinite(high)
    if not there.any():
        return
    # along the lower curve and back along the upper one; nan interrupts the line
    first, last = (None if there[end] else np.flatnonzero(there)[end] for end in (0, -1))
    right = [np.nan] if last is None else []
    around = [np.concatenate([curve[there], right, back[there][::-1]]) for curve, back in ((x, x), (low, high))]
    if first is not None:
        around = [np.append(line, line[0]) for line in around]
    ax.plot(*around, color=PALETTE.get(color, color), lw=lw)


def excluded(
    ax: Any,
    x: npt.ArrayLike,
    limit: npt.ArrayLike,
    label: str | None = None,
    *,
    top: float,
    color: str = "#9a9a9a",
    **more: Any,
) -> Any:
    """Fill what an upper limit excludes, from the limit to the top of the axis, and return the band.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, limit : array_like, shape (n,)
        Abscissa and the limit; where it is not finite nothing is excluded.
    label : str, optional
        Name in the legend.
    top : float
        Upper end of the region.
    color : str
        A name of `PALETTE`, or a colour.
    **more
        Keywords of `band`, such as ``hatch="///"``.

    Returns
    -------
    matplotlib.collections.FillBetweenPolyCollection
        The band.
    """
    return band(ax, x, limit, top, label, color, **{"alpha": 1.0, **more})


def region(
    ax: Any,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    ratio: npt.ArrayLike,
    *,
    hatch: str = "",
    color: str = "grey",
    alpha: float = 0.5,
) -> Any:
    """Fill or hatch the part of a plane where a ratio exceeds one, and return it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, y : array_like, shape (n,) and (m,)
        Axes of the plane.
    ratio : array_like, shape (m, n)
        A value over its limit; nan counts as allowed.
    hatch : str
        Pattern; without one the region is filled.
    color : str
        A name of `PALETTE`, or a colour.
    alpha : float
        Opacity of a filled region.

    Returns
    -------
    matplotlib.contour.QuadContourSet
        The region.
    """
    shade = PALETTE.get(color, color)
    z = np.clip(np.nan_to_num(np.asarray(ratio, dtype=float)), 0.0, 1e299)
    if not hatch:
        return ax.contourf(x, y, z, levels=[1.0, 1e300], colors=[shade], alpha=alpha)
    filled = ax.contourf(x, y, z, levels=[1.0, 1e300], colors="none", hatches=[hatch])
    filled.set(edgecolor=shade, linewidth=0.0)
    return filled


def middle(x: npt.ArrayLike, y: npt.ArrayLike, inside: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the middle of a part of a plane, where its name can be written.

    Parameters
    ----------
    x, y : array_like, shape (n,) and (m,)
        Axes of the plane; the first is logarithmic.
    inside : array_like of bool, shape (..., m, n)
        Where the part is.

    Returns
    -------
    ndarray, shape (..., 2)
        Half way between its ends; nan if it is nowhere.

    Examples
    --------
    >>> from bookkit import figures
    >>> figures.middle([1.0, 10.0, 100.0], [0.0, 1.0], [[True, True, True], [False, True, False]])
    array([10. ,  0.5])
    """
    there, spots = np.asarray(inside, dtype=bool), []
    for grid in (np.log(np.asarray(x, dtype=float)), np.asarray(y, dtype=float)[:, None]):
        full = np.broadcast_to(grid, there.shape)
        ends = [function(np.where(there, full, end), axis=(-2, -1)) for function, end in ((np.min, np.inf), (np.max, -np.inf))]
        spots.append(np.where(there.any(axis=(-2, -1)), 0.5 * np.where(np.isfinite(ends), ends, 0.0).sum(axis=0), np.nan))
    return np.stack([np.exp(spots[0]), spots[1]], axis=-1)


def contours(
    ax: Any, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike, levels: Mapping[str, tuple[float, Any]], **more: Any
) -> None:
    """Draw labelled lines on which a quantity has a value.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, y : array_like, shape (n,) and (m,)
        Axes of the plane.
    z : array_like, shape (m, n)
        The quantity.
    levels : mapping of str to (float, style)
        Value and style by label, as in `draw`.
    **more
        Keywords of ``ax.plot`` for all of them, such as ``lw``.
    """
    for number, (label, (level, style)) in enumerate(levels.items()):
        line = {"lw": 1.8, **_line(style, number), **more}
        ax.contour(x, y, z, levels=[level], colors=[line["color"]], linestyles=line["ls"], linewidths=line["lw"])
        ax.plot([], [], label=label, **line)


def ticks(axis: Any, values: Sequence[float]) -> None:
    """Mark an axis, logarithmic or not, at these values alone.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Such as ``ax.xaxis``.
    values : sequence of float
        Where, in plain digits.
    """
    axis.set_ticks(values, [f"{num(value):g}" for value in values])
    axis.set_ticks([], minor=True)


def marks(
    ax: Any,
    points: Mapping[str, tuple[float, float]] | None = None,
    *,
    ms: float = 7.0,
    color: str = "black",
    label: bool = False,
) -> list[Any]:
    """Mark the benchmark points, each with the marker it has in every figure, and return the marks.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    points : mapping of str to (float, float), optional
        Abscissa and ordinate by name of the benchmark; by default the mass of the Z' in MeV and its coupling.
    ms : float
        Size in points.
    color : str
        Colour.
    label : bool
        Whether they are named in the legend.

    Returns
    -------
    list of matplotlib.lines.Line2D
        One a point.
    """
    if points is None:
        from darkhiggs import model

        grid = model.benchmarks()
        points = dict(zip(BENCHMARKS, zip(1e3 * grid.m_zp, grid.g_x, strict=True), strict=True))
    look = {"ls": "", "ms": ms, "color": color, "zorder": 5}
    return [
        ax.plot(x, y, marker=BENCHMARKS[name]["marker"], label=f"benchmark {name}" if label else None, **look)[0]
        for name, (x, y) in points.items()
    ]


def measured(
    ax: Any, names: Mapping[str, str], *, scale: float = 1.0, shift: float = 0.0, color: str | Sequence[str] = "red"
) -> None:
    """Draw published rates one below the other: points with their errors, upper limits as arrows.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; the labels become those of the vertical axis.
    names : mapping of str to str
        Name of the input by label, from top to bottom; a limit has ``limit`` in its name.
    scale : float
        Factor on all values.
    shift : float
        What is subtracted from the scaled values.
    color : str or sequence of str
        A name of `PALETTE`, or one for each point.
    """
    from darkhiggs import inputs

    rows = list(reversed(list(names.items())))
    colors = [color] * len(rows) if isinstance(color, str) else list(reversed(color))
    for height, ((_, name), shade) in enumerate(zip(rows, colors, strict=True)):
        entry = inputs.get(name)
        if "limit" in name:
            arrow = {"arrowstyle": "-|>", "color": PALETTE["grey"]}
            ax.annotate("", (0.0, height), (scale * entry.value - shift, height), arrowprops=arrow)
            ax.plot(scale * entry.value - shift, height, "|", color=PALETTE["grey"], ms=12)
        else:
            sides = [[scale * (side or entry.uncertainty)] for side in (entry.minus, entry.plus)]
            ax.errorbar(scale * entry.value - shift, height, xerr=sides, fmt="o", color=PALETTE[shade], capsize=3)
    ax.set_yticks(range(len(rows)), [label for label, _ in rows])


def _ink(color: str) -> tuple[float, float, float]:
    """Darken a colour until letters of it have a contrast of 4.5 on white, as the web's guidelines ask."""
    from matplotlib.colors import to_rgb

    shade = np.array(to_rgb(color))
    weights = np.array([0.2126, 0.7152, 0.0722])
    while 1.05 / (weights @ np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4) + 0.05) < 4.5:
        shade = 0.95 * shade
    return float(shade[0]), float(shade[1]), float(shade[2])


def label(ax: Any, names: Mapping[str, tuple[float, float, str]], **more: Any) -> list[Any]:
    """Write names beside lines, in their colours made dark enough to read, on a light ground; return the texts.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to write.
    names : mapping of str to (float, float, str)
        Abscissa and ordinate of the middle of the text, and the style of the line as in `draw`, by text.
    **more
        Keywords of ``ax.text`` for all of them, such as ``ha`` or ``rotation``.

    Returns
    -------
    list of matplotlib.text.Text
        One a name.
    """
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3.0, foreground="white")]
    look = {"ha": "center", "va": "center", "path_effects": halo, "clip_on": True, **more}
    return [ax.text(x, y, text, **{"color": _ink(_line(style, 0)["color"]), **look}) for text, (x, y, style) in names.items()]


# Colour of a cell of a board, and the sign in it; a cell without a sign of its own may hold a short number.
BOARD = {"allowed": ("green", "\u2713"), "free": ("white", "\u2713"), "in tension": ("orange", ""), "excluded": ("red", "")}


def board(
    ax: Any,
    groups: Mapping[str, Mapping[str, Mapping[str, tuple[str, str, str]]]],
    columns: Sequence[str],
    first: Mapping[str, str],
    lead: str = "",
) -> None:
    """Draw a board of rows in groups, one coloured cell for each column.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; its axes are not shown.
    groups : mapping of str to mapping
        By the heading of the group the rows by name; a row has for each of its columns the mark, a key of `BOARD`, a short
        number for it, and another mark, which becomes a corner of the cell if it is another one; a column that is left out is
        a dot.
    columns : sequence of str
        Titles of all columns.
    first : mapping of str to str
        What stands before the cells, by name of the row.
    lead : str
        Title of what stands before the cells.
    """
    from matplotlib.patches import FancyBboxPatch, Polygon

    wide, lines, y = len(columns), [], 0.0
    for heading, rows in groups.items():
        ax.text(-8.9, y + 0.1, heading, fontweight="bold", va="center")
        lines.append(y - 0.5)
        for name, cells in rows.items():
            y += 1.0
            ax.text(-8.9, y, name, va="center")
            ax.text(-0.7, y, first[name], va="center", ha="right")
            for x, column in enumerate(columns):
                if column not in cells:
                    ax.plot(x, y, ".", ms=4, color="#bbbbbb")
                    continue
                mark, number, before = cells[column]
                color, sign = BOARD[mark]
                fill = PALETTE.get(color, color)
                edge = PALETTE["green"] if mark == "free" else fill
                shape = "round,pad=0,rounding_size=0.12"
                ax.add_patch(FancyBboxPatch((x - 0.42, y - 0.42), 0.84, 0.84, boxstyle=shape, fc=fill, ec=edge, lw=1.2))
                if before and before != mark:
                    corner = [(x - 0.44, y - 0.44), (x - 0.08, y - 0.44), (x - 0.44, y - 0.08)]
                    ax.add_patch(Polygon(corner, fc=PALETTE.get(BOARD[before][0], BOARD[before][0]), ec="white", lw=0.8))
                ink = {"green": "white", "white": PALETTE["green"]}.get(color, "black")
                ax.text(x, y + 0.03, number or sign, ha="center", va="center", color=ink)
        y += 1.15
    ax.text(-0.9, -0.8, lead, rotation=90, ha="center", va="bottom")
    for x, column in enumerate(columns):
        ax.text(x, -0.8, column, rotation=90, ha="center", va="bottom")
    for line in lines[1:]:
        ax.axhline(line, color="#cccccc", lw=0.8)
    ax.set(xlim=(-9.0, wide - 0.4), ylim=(y - 0.5, -1.0), axisbelow=True)
    ax.axis("off")


def legend(where: Any, entries: Mapping[str, Mapping[str, Any]], *, ncols: int = 2, **more: Any) -> None:
    """Write a legend of what is drawn, from styles instead of handles.

    Parameters
    ----------
    where : matplotlib.figure.Figure or matplotlib.axes.Axes
        A figure gets it below its panels.
    entries : mapping of str to mapping
        Style by label: with ``fill`` or ``hatch`` a patch, with ``marker`` a point, otherwise a line. ``color`` and ``fill``
        take names of `PALETTE`.
    ncols : int
        Columns.
    **more
        Keywords of ``legend``, such as ``loc``.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    for label, wanted in entries.items():
        given: dict[str, Any] = {
            key: PALETTE.get(value, value) if key in ("color", "fill") else value for key, value in wanted.items()
        }
        if "fill" in given:
            handles.append(Patch(facecolor=given.pop("fill"), label=label, **{"alpha": 0.55, **given}))
        elif "hatch" in given:
            handles.append(Patch(facecolor="none", edgecolor=given.pop("color", PALETTE["grey"]), lw=0, label=label, **given))
        else:
            style: dict[str, Any] = {"ls": "", "ms": 7} if "marker" in given else {}
            handles.append(Line2D([], [], label=label, **{**style, **given}))
    place = {"loc": "outside lower center"} if hasattr(where, "subplots") else {}
    where.legend(handles=handles, **{"ncols": ncols, **place, **more})


def faults(figure: Any) -> list[str]:
    """List what cannot be read in a figure, on a desktop or on a phone.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure, drawn once by this function.

    Returns
    -------
    list of str
        One sentence each: letters below 9 points where the figure is as wide as a phone, a line or a mark under the legend of
        its panel, two texts on each other, a legend without an entry.
    """
    figure.canvas.draw()
    scale = _PHONE / (72.0 * figure.get_figwidth())
    found, boxes = [], []
    for text in _texts(figure):
        if scale * text.get_fontsize() < _SMALLEST:
            size = f"{num(scale * text.get_fontsize()):.1f} points on a phone"
            found.append(f"the text {text.get_text()!r} has {size}, not {_SMALLEST:g}")
        boxes.append((text, text.get_window_extent().shrunk(0.9, 0.6)))
    for number, (one, box) in enumerate(boxes):
        found += [
            f"the texts {one.get_text()!r} and {other.get_text()!r} stand on each other"
            for other, there in boxes[number + 1 :]
            if box.overlaps(there) and {one.get_rotation(), other.get_rotation()} <= {0.0, 90.0}
        ]
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is not None:
            found += [f"{name} runs under the legend of its panel" for name in _hidden(ax, legend.get_window_extent())]
    return list(dict.fromkeys(found))


def _texts(figure: Any) -> list[Any]:
    """Texts of a figure that show, without what stands outside of the range of its axis."""
    from matplotlib.text import Text

    unseen = {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    unseen |= {tick.label1, tick.label2}
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip() and text not in unseen]


def _hidden(ax: Any, box: Any) -> list[str]:
    """Names of the lines and marks of a panel that pass through a box of pixels."""
    found = []
    curves = [(line.get_label(), line.get_transform().transform_path(line.get_path())) for line in ax.lines]
    for drawn in ax.collections:
        if not len(drawn.get_facecolor()):
            curves += [(drawn.get_label(), drawn.get_transform().transform_path(path)) for path in drawn.get_paths()]
    for name, path in curves:
        points = path.vertices[np.isfinite(path.vertices).all(axis=1)]
        # between two points of a curve too
        share = np.linspace(0.0, 1.0, 9)[:, None, None]
        dense = (points[:-1] + share * (points[1:] - points[:-1])).reshape(-1, 2) if len(points) > 1 else points
        seen = ax.get_window_extent().shrunk(0.999, 0.999)
        if any(box.contains(*point) and seen.contains(*point) for point in dense):
            found.append(f"the line {name!r}")
    return found


def show(sliders: Any = None) -> None:
    """Show the figure of a chapter; when the book is built, refuse one that cannot be read.

    The folder named by the environment variable ``BOOK_OUTPUT`` gets it as PNG too, as `save_curves` puts the curves there.

    Parameters
    ----------
    sliders : bookkit.play.Play, optional
        The figure with its sliders.

    Raises
    ------
    FigureError
        If the environment variable ``BOOK_FIGURES`` is ``strict``, as the runner of the chapters sets it for the defaults, and
        the figure has `faults`.
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    if os.environ.get("BOOK_FIGURES") == "strict" and (found := faults(figure)):
        raise FigureError("; ".join(found))
    if folder := os.environ.get("BOOK_OUTPUT"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        figure.savefig(Path(folder) / PNG, dpi=_DOTS, bbox_inches="tight", metadata={"Software": None})
    if sliders is None:
        plt.show()
    else:
        _show(sliders)
        plt.close(sliders.figure)


class _Digest:
    """The curves of a figure, a few values each: text that nbval holds and the pages leave out."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_mimebundle_(self, include: Any = (), exclude: Any = ()) -> dict[str, str]:
        return {"text/plain": self.text, DIGEST: ""}


def _column(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return words as they are, and anything else as floats."""
    array = np.asarray(values)
    return array if array.dtype.kind == "U" else array.astype(float)


def digest(columns: Mapping[str, npt.ArrayLike]) -> list[str]:
    """Summarise the curves of a figure by a few of their values.

    Parameters
    ----------
    columns : mapping of str to array_like, shape (n,)
        As in `save_curves`.

    Returns
    -------
    list of str
        One line per curve: title, how many of its values are finite, and seven of these, from the first to the last. Of a
        column of words all of them.

    Examples
    --------
    >>> from bookkit import figures
    >>> figures.digest({"x [GeV]": [1.0, 2.0, float("nan")]})
    ['x [GeV]: 2 of 3: 1 2']
    """
    lines = []
    for title, values in columns.items():
        array = _column(values)
        if array.dtype.kind == "U":
            lines.append(f"{title}: {', '.join(array)}")
            continue
        finite = array[np.isfinite(array)]
        chosen = finite[np.unique(np.linspace(0, max(len(finite) - 1, 0), 7).round().astype(int))] if len(finite) else finite
        lines.append(f"{title}: {len(finite)} of {len(array)}: " + " ".join(f"{num(x):.4g}" for x in chosen))
    return lines


def save_curves(name: str, columns: Mapping[str, npt.ArrayLike], **facts: Any) -> None:
    """Offer the curves of a figure as CSV, one column per curve, and hold them: their `digest` is an output of the cell.

    The file goes into the folder named by the environment variable ``BOOK_OUTPUT``, which the runner of the
    chapters sets; without it nothing is written, so that a notebook opened by hand leaves no file behind.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    columns : mapping of str to array_like, shape (n,)
        Column title that ends with the unit in brackets, such as ``"q2 [GeV^2]"`` or ``"epsilon [1]"``; all of one length.
        A column of words needs no unit.
    **facts
        Parameters, written as comment lines.

    Raises
    ------
    ValueError
        If the columns differ in length, or a title stands twice once its blanks are trimmed, is empty, has a '#' or no
        unit.
    """
    table = {" ".join(title.split()): _column(values) for title, values in columns.items()}
    lengths = {title: values.shape for title, values in table.items()}
    if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise ValueError(f"the columns of {name}.csv differ in length: {lengths}")
    if len(table) < len(columns) or "" in table:
        raise ValueError(f"a column title of {name}.csv is empty or stands twice: {', '.join(columns)}")
    if "#" in "".join(table):
        raise ValueError(f"a column title of {name}.csv would be cut at its '#', which begins a comment: {', '.join(columns)}")
    bare = [title for title, values in table.items() if values.dtype.kind == "f" and not _UNIT.search(title)]
    if bare:
        raise ValueError(f"column {bare[0]!r} of {name}.csv names no unit; write '{bare[0]} [GeV]', or [1] for a pure number")
    folder = os.environ.get("BOOK_OUTPUT")
    if folder:
        path = Path(folder) / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            for key, value in facts.items():
                file.write(f"# {key} = {f'{num(value):g}' if isinstance(value, float) else value}\n")
            write = csv.writer(file, lineterminator="\n")
            write.writerow(table)
            written = [[f"{x:.6g}" for x in stable(part)] if part.dtype.kind == "f" else part for part in table.values()]
            write.writerows(zip(*written, strict=True))
    _show(_Digest("\n".join([f"curves of {name}", *digest(table)])))


def _show(shown: object) -> None:
    """Show an object in a notebook; do nothing outside of one."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is not None:
        display(shown)
