"""One style for all figures: colour-blind safe, SVG, opaque white, byte-stable."""

import csv
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .numbers import num, stable

__all__ = ["PALETTE", "plain", "save_curves", "use_style"]

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


def use_style() -> None:
    """Set the style of all figures of a chapter; call it once, before plotting."""
    import matplotlib as mpl
    from cycler import cycler

    # not what a matplotlibrc beside the notebook says
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 4.4),
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "figure.constrained_layout.use": True,
            "svg.hashsalt": "darkhiggs",
            "svg.fonttype": "path",
            "font.size": 12.0,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=[c for name, c in PALETTE.items() if name not in ("grey", "black")]),
            "legend.frameon": True,
            "legend.framealpha": 0.95,
            "legend.fontsize": 10.0,
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
        text = formula[1].replace(r"\nu\bar\nu", " nu nubar").replace("=", " = ").replace("H_1", "H1")
        return re.sub(r"[\\{}]", "", text)

    return " ".join(re.sub(r"\$([^$]*)\$", letters, label).split())


def save_curves(name: str, columns: Mapping[str, npt.ArrayLike], **facts: Any) -> None:
    """Offer the curves of a figure as CSV, one column a curve.

    The file goes into the folder named by the environment variable ``BOOK_OUTPUT``, which the runner of the
    chapters sets; without it nothing is written, so that a notebook opened by hand leaves no file behind.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    columns : mapping of str to array_like, shape (n,)
        Column title that ends with the unit in brackets, such as ``"q2 [GeV^2]"`` or ``"epsilon [1]"``; all of one length.
    **facts
        Parameters, written as comment lines.

    Raises
    ------
    ValueError
        If the columns differ in length, or a title stands twice once its blanks are trimmed, is empty, has a '#' or no
        unit.
    """
    table = {" ".join(title.split()): np.asarray(values, dtype=float) for title, values in columns.items()}
    lengths = {title: values.shape for title, values in table.items()}
    if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise ValueError(f"the columns of {name}.csv differ in length: {lengths}")
    if len(table) < len(columns) or "" in table:
        raise ValueError(f"a column title of {name}.csv is empty or stands twice: {', '.join(columns)}")
    if "#" in "".join(table):
        raise ValueError(f"a column title of {name}.csv would be cut at its '#', which begins a comment: {', '.join(columns)}")
    bare = [title for title in table if not _UNIT.search(title)]
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
            write.writerows([f"{x:.6g}" for x in row] for row in zip(*map(stable, table.values()), strict=True))
