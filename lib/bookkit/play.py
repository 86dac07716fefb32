"""Sliders over the figure of a chapter, in the page alone: no kernel, no library of others.

The chapter computes every position of its sliders. What each moving part looks like there, and each sentence, goes into the
page, and the script ``book/_static/play.js`` shows the one that is asked for. Without the script, and on paper, the figure is
the default one, which is also the one to download.

Examples
--------
>>> import numpy as np
>>> import matplotlib.pyplot as plt
>>> from bookkit import play
>>> figure, ax = plt.subplots()
>>> charge = play.Slider("charge |Q_Φ|", [0.5, 1.0, 2.0], 1.0)
>>> heights = 0.0029 / charge.values
>>> (line,) = ax.plot([0.0, 1.0], [heights[charge.start]] * 2)
>>> sliders = play.Play(figure, charge)
>>> sliders.move(line, charge, ydata=np.repeat(heights[:, None], 2, axis=1))
>>> sliders.say(charge, "At A sin θ is at most {:.4f}.", heights)
>>> print(sliders)  # figures.show(sliders) shows it in a notebook
<Figure with 1 slider>
charge |Q_Φ|: 0.5 to 2 in 3 positions, at 1
At A sin θ is at most 0.0029.
>>> plt.close(figure)
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from .numbers import num, stable

__all__ = ["MIME", "Play", "PlayError", "Slider", "controls", "inline", "markup"]

# The positions of the moving parts and of the sentences.
MIME = "application/vnd.darkhiggs.play+json"
_DPI = 72  # of an SVG


class PlayError(ValueError):
    """A slider without its default, or a moving part with the wrong number of positions."""


class Slider:
    """What a reader can move.

    Parameters
    ----------
    name : str
        Its name, in letters; ``_`` and ``^`` lower and raise the letters that follow.
    values : array_like, shape (n,)
        Positions, numbers or words.
    start : float or str
        Position of the default figure; a number is added to the positions, a word has to be one of them.
    unit : str
        Unit, written after the number.

    Attributes
    ----------
    values : ndarray, shape (n,)
        All positions, numbers in ascending order.
    start : int
        Place of the default among them.
    words : tuple of str
        What is written beside the slider.
    """

    def __init__(self, name: str, values: npt.ArrayLike, start: float | str, unit: str = "") -> None:
        self.name, self.values = name, np.asarray(values)
        if isinstance(start, str):
            self.words = tuple(map(str, self.values))
            if start not in self.words:
                raise PlayError(f"slider {name!r}: start = {start!r} is not one of {', '.join(self.words)}")
            self.start = self.words.index(start)
        else:
            self.values = np.unique(stable([*self.values, start]))
            self.words = tuple(f"{num(value):.4g} {unit}".strip() for value in self.values)
            self.start = int(np.flatnonzero(self.values == stable(start))[0])


class Play:
    """A figure with sliders; ``figures.show`` shows it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure as it looks by default.
    *sliders : Slider
        What a reader can move, in the order of the page.
    """

    def __init__(self, figure: Any, *sliders: Slider) -> None:
        self.figure, self.sliders = figure, sliders
        self._parts: list[tuple[Any, tuple[Slider, ...], Callable[[tuple[int, ...]], Any], bool]] = []
        self._sentences: list[tuple[tuple[Slider, ...], list[str]]] = []

    def move(self, artist: Any, by: Slider | Sequence[Slider], **properties: Any) -> None:
        """Let a part of the figure depend on one slider or on several, and put it where it is by default.

        Parameters
        ----------
        artist : matplotlib.artist.Artist
            The part: a line, a text, a filled region, an axis with all that it holds; each once. A text of which only the
            ``position`` is given is shifted as a whole; it vanishes outside of its axis, and where a position is nan.
        by : Slider or sequence of Slider
            The sliders that it depends on, and no others: each needs all its positions in the page.
        **properties
            For each property that ``artist.set`` takes, such as ``ydata``, ``position``, ``verts`` or ``visible``, its values,
            with one leading axis for each slider.

        Raises
        ------
        PlayError
            If a property has more or fewer values than the slider has positions.
        """
        by = _listed(by)
        for name, values in properties.items():
            _check(f"{name} of {artist}", values, by)

        def place(at: tuple[int, ...]) -> None:
            artist.set(**{name: _of(values, at) for name, values in properties.items()})

        shift = [*properties] == ["position"]
        self._parts.append((artist, by, place, shift))
        place(_start(by))
        if shift:
            artist.set_visible(bool(np.isfinite(artist.get_position()).all()))

    def fill(self, band: Any, by: Slider | Sequence[Slider], along: npt.ArrayLike, low: Any, high: Any) -> None:
        """Let a band between two curves depend on sliders, and put it where it is by default.

        Parameters
        ----------
        band : matplotlib.collections.FillBetweenPolyCollection
            The band, drawn by ``figures.band``, ``ax.fill_between`` or ``ax.fill_betweenx``.
        by : Slider or sequence of Slider
            The sliders that it depends on.
        along : array_like, shape (n,)
            Coordinate along the band, the same for all positions.
        low, high : array_like, shape (..., n) or (...), or float
            The curves, with one leading axis for each slider, or a number for all positions; the band is drawn where both are
            finite.

        Raises
        ------
        PlayError
            If a curve has more or fewer positions than the sliders.
        """
        by, along = _listed(by), np.asarray(along, dtype=float)
        shape = tuple(len(slider.words) for slider in by)
        low, high = (curve if np.ndim(curve) else np.full(shape, curve) for curve in (low, high))
        _check(f"low of {band}", low, by)
        _check(f"high of {band}", high, by)

        def place(at: tuple[int, ...]) -> None:
            ends = [np.broadcast_to(np.asarray(_of(curve, at), dtype=float), along.shape) for curve in (low, high)]
            there = np.isfinite(ends).all(axis=0) & (ends[0] <= ends[1])
            band.set_data(along, *np.where(there, ends, 0.0), where=there)

        self._parts.append((band, by, place, False))
        place(_start(by))

    def contour(
        self, draw: Callable[..., Any], ax: Any, by: Slider | Sequence[Slider], x: Any, y: Any, z: npt.ArrayLike, **more: Any
    ) -> None:
        """Draw contours that depend on sliders.

        Parameters
        ----------
        draw : callable
            Draws them from ``(ax, x, y, z)``: ``figures.region``, ``plt.Axes.contour`` or ``plt.Axes.contourf``.
        ax : matplotlib.axes.Axes
            Where to draw.
        by : Slider or sequence of Slider
            The sliders that they depend on; none of them is a contour that stays.
        x, y : array_like, shape (n,) and (m,)
            Axes of the plane.
        z : array_like, shape (..., m, n)
            The quantity, with one leading axis for each slider.
        **more
            Keywords of ``draw``.
        """
        by, z = _listed(by), np.asarray(z)
        if not by:
            draw(ax, x, y, z, **more)
            return
        _check("z of a contour", z, by)
        paths = np.empty(z.shape[:-2], dtype=object)
        for at in np.ndindex(paths.shape):
            drawn = draw(ax, x, y, z[at], **more)
            paths[at] = drawn.get_paths()
            drawn.remove()
        self.move(draw(ax, x, y, z[_start(by)], **more), by, paths=paths)

    def say(self, by: Slider | Sequence[Slider], text: str, *values: Any) -> None:
        """Write a sentence that depends on sliders below the figure.

        Parameters
        ----------
        by : Slider or sequence of Slider
            The sliders that it depends on.
        text : str
            The sentence, with a place in braces for each of the values, as ``str.format`` takes it.
        *values : array_like
            Numbers or words that are broadcast to one axis for each slider.
        """
        by = _listed(by)
        shape = tuple(len(slider.words) for slider in by)
        full = [np.broadcast_to(np.asarray(given), shape) for given in values]
        told = [text.format(*(_plain(given[at]) for given in full)) for at in np.ndindex(shape)]
        self._sentences.append((by, told))

    def __str__(self) -> str:
        """Return the sliders and the sentences at the default, which nbval compares."""
        lines = [f"<Figure with {len(self.sliders)} slider{'s' * (len(self.sliders) > 1)}>"]
        for slider in self.sliders:
            words = slider.words
            lines.append(f"{slider.name}: {words[0]} to {words[-1]} in {len(words)} positions, at {words[slider.start]}")
        return "\n".join([*lines, *(told[_place(by)] for by, told in self._sentences)])

    def _repr_mimebundle_(self, include: Any = (), exclude: Any = ()) -> dict[str, Any]:
        svg, data = self.drawn()
        return {"image/svg+xml": svg, MIME: data, "text/plain": str(self)}

    def drawn(self) -> tuple[str, dict[str, Any]]:
        """Draw the figure at its default, and each moving part at each of its positions.

        Returns
        -------
        str
            The figure as SVG; the part number *i* is the content of the group ``play-i``.
        dict
            Name, positions and default of the ``sliders``; and what is ``moving``: for each element, by its ``id``, the sliders
            that it depends on, ``by``, its content at all their positions, ``to``, the last slider running fastest, and which
            of them is the default, ``at``. With ``shift`` these are not contents but values of its attribute ``transform``.
        """
        figure, out = self.figure, StringIO()
        figure.canvas.draw()
        figure.set_layout_engine("none")
        before, figure.dpi = figure.dpi, _DPI
        shapes = []
        for number, (artist, by, place, shift) in enumerate(self._parts):
            artist.draw = _in_group(artist.draw, f"play-{number}")
            positions = [*product(*(range(len(slider.words)) for slider in by))]
            found, spots, here = [], [], _place(by)
            for at in positions:
                place(at)
                if shift:
                    spots.append(artist.get_transform().transform(artist.get_position()))
                else:
                    found.append(_content(artist, f"play-{number}"))
            if shift:
                # a text that is not there by default is drawn where it is, and hidden
                inside = [number for number, spot in enumerate(spots) if artist.axes.bbox.contains(*spot)]
                here = here if here in inside or not inside else inside[0]
                found = [_shift(spot - spots[here]) if n in inside else "scale(0)" for n, spot in enumerate(spots)]
                artist.set_visible(bool(inside))
            place(positions[here])
            shapes.append((by, found, shift))
        figure.savefig(out, format="svg", dpi=_DPI, bbox_inches=None, metadata={"Date": None})
        figure.dpi = before
        for artist, *_ in self._parts:
            del artist.draw
        svg = _short(out.getvalue())
        # what several parts use, such as letters, must not vanish with one of them
        shared = re.findall(r"<defs>.*?</defs>\n", svg, re.S)
        svg = re.sub(r"<defs>.*?</defs>\n", "", svg, flags=re.S)
        svg = re.sub(r"<svg [^>]*>\n", lambda head: head[0] + "".join(shared), svg, count=1)
        for number, (by, found, shift) in enumerate(shapes):
            if shift and found[_place(by)] != "translate(0 0)":
                svg = svg.replace(f'<g id="play-{number}"', f'<g id="play-{number}" transform="{found[_place(by)]}"')
        names = set(re.findall(r' id="([^"]+)"', svg))
        moving = [(f"play-{i}", by, [_own(text, names) for text in to], shift) for i, (by, to, shift) in enumerate(shapes)]
        moving += [(f"said-{i}", by, [markup(text) for text in to], False) for i, (by, to) in enumerate(self._sentences)]
        return svg, {
            "sliders": [{"name": x.name, "words": x.words, "start": x.start} for x in self.sliders],
            "moving": [
                {"id": name, "by": [*map(self.sliders.index, by)], "at": _place(by), "shift": shift, "to": to}
                for name, by, to, shift in moving
            ],
        }


def _listed(by: Slider | Sequence[Slider]) -> tuple[Slider, ...]:
    return (by,) if isinstance(by, Slider) else tuple(by)


def _check(what: str, values: Any, by: Iterable[Slider]) -> None:
    for slider in by:
        if len(values) != len(slider.words):
            count = len(slider.words)
            raise PlayError(f"{what} has {len(values)} positions; the slider {slider.name!r} has {count}")
        values = values[0]


def _of(values: Any, at: Iterable[int]) -> Any:
    for number in at:
        values = values[number]
    return values


def _start(by: Iterable[Slider]) -> tuple[int, ...]:
    return tuple(slider.start for slider in by)


def _place(by: Sequence[Slider]) -> int:
    """Place of the default among the positions of several sliders, the last running fastest."""
    place = 0
    for slider in by:
        place = place * len(slider.words) + slider.start
    return place


def _plain(value: Any) -> Any:
    return num(value) if isinstance(value, (float, np.floating)) else value


def _in_group(draw: Callable[[Any], None], name: str) -> Callable[[Any], None]:
    """Draw a part inside a group with a name, which is there even if the part is not visible."""

    def grouped(renderer: Any) -> None:
        renderer.open_group("play", gid=name)
        draw(renderer)
        renderer.close_group("play")

    return grouped


def _content(artist: Any, name: str) -> str:
    """Return what a part draws, as SVG."""
    from matplotlib.backends.backend_svg import RendererSVG

    out = StringIO()
    width, height = _DPI * artist.get_figure(root=True).get_size_inches()
    artist.draw(RendererSVG(width, height, out, image_dpi=_DPI, metadata={"Date": None}))
    return _short(out.getvalue().partition(f'<g id="{name}">')[2].rpartition("</g>")[0])


def _shift(way: Any) -> str:
    return "translate({:g} {:g})".format(*np.round(way * [1.0, -1.0], 1) + 0.0)


def _short(svg: str) -> str:
    """Leave out comments and indents, and write paths to a tenth of a point, letters and marks to a hundredth."""
    from matplotlib.path import Path

    number = re.compile(r"-?\d+(?:\.\d+)?")

    def rounded(path: re.Match[str]) -> str:
        digits = 2 if re.search("[QC]", path[0]) else 1
        text = re.sub(r"M [^MQCz]{300,}(?=z)", thinned, " ".join(path[0].split()))
        return number.sub(lambda x: f"{float(x[0]):.{digits}f}".rstrip("0").rstrip(".") if "." in x[0] else x[0], text)

    def thinned(outline: re.Match[str]) -> str:
        # matplotlib simplifies lines, but not what is filled
        points = Path(np.reshape([float(x) for x in number.findall(outline[0])], (-1, 2)))
        kept = np.asarray(points.cleaned(simplify=True).vertices)[:-1]
        return f"M {' L '.join(f'{x:.1f} {y:.1f}' for x, y in kept)} "

    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    return re.sub(r"\n +", "\n", re.sub(r'\bd="[^"]*"', rounded, svg))


def _own(text: str, names: set[str]) -> str:
    """Leave out of the content of a part what the figure defines already, and names that the page would have twice."""
    text = re.sub(r'<path id="([^"]+)"[^>]*/>\n?', lambda path: "" if path[1] in names else path[0], text)
    text = re.sub(r'<g id="(\w+)">', lambda group: "<g>" if group[1] in names else group[0], text)
    return re.sub(r"<defs>\s*</defs>\n?", "", text).strip()


def markup(text: str) -> str:
    """Write a name or a sentence as HTML, with ``_`` and ``^`` for letters that are lowered and raised.

    Parameters
    ----------
    text : str
        Letters alone, such as ``Q_Φ`` or ``10^-6``.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from bookkit import play
    >>> play.markup("|Q_Φ| < 2 × 10^-6")
    '|Q<sub>Φ</sub>| &lt; 2 × 10<sup>-6</sup>'
    """
    text = html.escape(text, quote=False)
    for sign, tag in (("_", "sub"), (r"\^", "sup")):
        text = re.sub(sign + r"(-?\w+)", rf"<{tag}>\1</{tag}>", text)
    return text


def controls(data: dict[str, Any]) -> str:
    """Return the sliders and the sentences of a figure for its page.

    Parameters
    ----------
    data : dict
        As `Play.drawn` returns them.

    Returns
    -------
    str
        HTML; the sliders are hidden until the script shows them.
    """
    sliders = data["sliders"]
    rows = []
    for number, slider in enumerate(sliders):
        at, last = slider["words"][slider["start"]], len(slider["words"]) - 1
        rows.append(
            f'<div><label for="slider-{number}">{markup(slider["name"])}</label>'
            f'<input type="range" id="slider-{number}" min="0" max="{last}" value="{slider["start"]}" '
            f'aria-valuetext="{html.escape(at)}"><span aria-hidden="true">{html.escape(at)}</span></div>'
        )
    told = (part for part in data["moving"] if part["id"].startswith("said-"))
    said = "".join(f'<li id="{part["id"]}">{part["to"][part["at"]]}</li>' for part in told)
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", r"<\/")
    return (
        f'<div class="play"><form hidden autocomplete="off">{"".join(rows)}'
        '<button type="reset">Back to the start</button></form>'
        f'<div role="status"><ul>{said}</ul></div><script type="application/json">{content}</script></div>'
    )


def inline(svg: str, alt: str) -> str:
    """Return a figure as a part of a page, with its alternative text.

    Parameters
    ----------
    svg : str
        The file of the figure.
    alt : str
        What is read out instead of it.
    """
    _, head, rest = svg.partition("<svg ")
    return f'{head}role="img" aria-label="{html.escape(alt)}" ' + re.sub(r"<metadata>.*?</metadata>\s*", "", rest, flags=re.S)
