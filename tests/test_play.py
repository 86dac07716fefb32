"""Figures with sliders: what the kit writes into a page, and what a reader finds there with mouse, keyboard and phone."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output

from bookkit import audit, chapters, extension, figures, page, play, reference
from darkhiggs import belle2, inputs, meson_decays, model, muon, neutrinos, rivals, scan, widths

matplotlib.use("agg")
house = pytest.mark.house

# --- the module


def playable() -> play.Play:
    """A line, a text, a band, and a mark that is not there by default; two sliders."""
    plt.close("all")
    figures.use_style()
    figure, ax = plt.subplots()
    charge, rate = play.Slider("charge |Q_Φ|", [0.5, 2.0], 1.0), play.Slider("rate", [1, 2, 4], 2.0, "× 10⁻⁶")
    x = np.linspace(0.0, 1.0, 5)
    (line,) = figures.draw(ax, x, {"rising": (x, "blue")})
    (text,) = figures.label(ax, {"rising": (0.5, 0.3, "blue")})
    band = figures.band(ax, x, 0.5 * x, x, alpha=0.3)
    (mark,) = figures.marks(ax, {"A": (0.5, 0.5)})
    ax.text(0.2, 0.8, "fixed; rising")
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 2.0))
    sliders = play.Play(figure, charge, rate)
    sliders.move(line, charge, ydata=charge.values[:, None] * x)
    sliders.move(text, charge, position=[(0.5, 0.3 * q) for q in charge.values])
    tops = 0.5 * charge.values[:, None, None] * rate.values[:, None] * x
    sliders.fill(band, (charge, rate), x, np.zeros((3, 3)), np.where(x > 0.6, np.nan, tops))
    sliders.move(mark, rate, visible=[True, False, True])
    sliders.say((charge, rate), "At {:.2f} it is {}.", charge.values[:, None] * rate.values, ["low", "right", "high"])
    sliders.say(rate, "A rate of {:.3g} < 10^-5.", rate.values)
    return sliders


def parsed(svg: str) -> BeautifulSoup:
    return BeautifulSoup(svg[svg.index("<svg ") :] if "<svg " in svg else svg, "html.parser")


def part(svg: str, name: str) -> str:
    """Content of a group."""
    group = parsed(svg).find(id=name)
    assert group is not None
    return "".join(map(str, group.contents)).strip()


def outline(path: str) -> np.ndarray:
    """Points of a path."""
    return np.reshape([float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", path)], (-1, 2))


def drawn(text: str, svg: str) -> np.ndarray:
    """Points of a part, across and down; what is used there may be defined in the figure."""
    used = re.search(r'<use xlink:href="#(\w+)" x="([\d.]+)" y="([\d.]+)"', text)
    place = re.search(f'<path id="{used[1]}" d="([^"]*)"', text + svg) if used else re.search(r' d="([^"]*)"', text)
    assert place is not None
    across, down = outline(place[1]).T
    return np.array([across + float(used[2]), down + float(used[3])] if used else [across, down])


@house
def test_positions_hold_the_default() -> None:
    number = play.Slider("mass", [3.0, 1.0], 2.0, "GeV")
    assert [*number.values] == [1.0, 2.0, 3.0] and number.start == 1 and number.words == ("1 GeV", "2 GeV", "3 GeV")
    assert play.Slider("mass", [1.0, 0.1 + 0.2], 0.3).words == ("0.3", "1")
    word = play.Slider("limits", ["talk", "today"], "today")
    assert word.words == ("talk", "today") and word.start == 1
    with pytest.raises(play.PlayError, match=r"^slider 'limits': start = 'now' is not one of talk, today$"):
        play.Slider("limits", ["talk", "today"], "now")


@house
def test_wrong_number_of_positions_is_refused() -> None:
    sliders = playable()
    line, charge = sliders.figure.axes[0].lines[0], sliders.sliders[0]
    with pytest.raises(play.PlayError, match=r"^ydata of Line2D\(rising\) has 2 positions; the slider 'charge \|Q_Φ\|' has 3$"):
        sliders.move(line, charge, ydata=[[0.0] * 5] * 2)
    with pytest.raises(play.PlayError, match=r"^high of .* has 1 positions; the slider 'rate' has 3$"):
        sliders.fill(line, sliders.sliders, [0.0], [[0.0] * 3] * 3, [[0.0]] * 3)


@house
def test_text_that_nbval_compares_has_the_default() -> None:
    assert str(playable()).splitlines() == [
        "<Figure with 2 sliders>",
        "charge |Q_Φ|: 0.5 to 2 in 3 positions, at 1",
        "rate: 1 × 10⁻⁶ to 4 × 10⁻⁶ in 3 positions, at 2 × 10⁻⁶",
        "At 2.00 it is right.",
        "A rate of 2 < 10^-5.",
    ]


@house
def test_every_position_is_what_matplotlib_draws() -> None:
    """The parts at each position, as paths, against the numbers in the coordinates of the axis."""
    sliders = playable()
    svg, data = sliders.drawn()
    (box,) = (outline(path) for path in re.findall(r'<g id="patch_2">\n<path d="([^"]*)"', svg))
    (left, bottom), (right, top) = box.min(axis=0), box.max(axis=0)
    bottom, top = top, bottom
    line, text, band, mark = (entry for entry in data["moving"] if entry["id"].startswith("play-"))
    assert [entry["by"] for entry in data["moving"]] == [[0], [0], [0, 1], [1], [0, 1], [1]]
    for q, path in zip((0.5, 1.0, 2.0), line["to"], strict=True):
        x, y = drawn(path, svg)
        assert (y - bottom) / (top - bottom) == pytest.approx(q * (x - left) / (right - left) / 2.0, abs=1e-3)
    for (q, rate), path in zip(np.ndindex(3, 3), band["to"], strict=True):
        x, y = drawn(path, svg)
        height = 0.5 * (0.5, 1, 2)[q] * (1, 2, 4)[rate] * 0.5
        # where it is not finite there is no band
        assert (x.max() - left) / (right - left) == pytest.approx(0.5, abs=1e-3)
        assert (y.min() - bottom) / (top - bottom) == pytest.approx(height / 2.0, abs=1e-3)
    assert text["shift"] and not line["shift"]
    shifts = [float(place.removeprefix("translate(0 ").removesuffix(")")) for place in text["to"]]
    assert np.array(shifts) / (top - bottom) == pytest.approx([-0.075, 0.0, 0.15], abs=1e-3)
    assert mark["to"][1] == "" and mark["to"][0] == mark["to"][2] != ""


@house
def test_default_of_every_part_is_in_the_figure_and_is_left_as_it_was() -> None:
    sliders = playable()
    dpi = sliders.figure.dpi
    svg, data = sliders.drawn()
    for entry in data["moving"]:
        if entry["id"].startswith("play-") and not entry["shift"]:
            inside = re.sub(r' id="\w+"', "", part(svg, entry["id"]))
            assert inside == part(f'<g id="x">{entry["to"][entry["at"]]}</g>', "x")
    assert sliders.figure.dpi == dpi and "draw" not in vars(sliders.figure.axes[0].lines[0])
    # the same bytes again
    assert sliders.drawn() == (svg, data) == playable().drawn()


@house
def test_no_position_takes_letters_or_marks_from_the_rest() -> None:
    """Every name that a fragment or the still part refers to is defined in the still part, or in the fragment itself."""
    svg, data = playable().drawn()
    soup = parsed(svg)
    for entry in data["moving"]:
        if entry["id"].startswith("play-") and not entry["shift"]:
            soup.find(id=entry["id"]).clear()
    still = str(soup)
    names = set(re.findall(r' id="([^"]+)"', still))
    refers = re.compile(r'(?:href="#|url\(#)([^")]+)')
    assert len(refers.findall(still)) > 20
    for text in [still, *(text for entry in data["moving"] for text in entry["to"])]:
        own = re.findall(r' id="([^"]+)"', text) if text != still else []
        assert set(refers.findall(text)) <= names | set(own)
        # and no name stands twice
        assert not names & set(own)


@house
def test_text_vanishes_outside_of_its_axis_and_where_it_has_no_position() -> None:
    sliders = playable()
    (ax,), (_, rate) = sliders.figure.axes, sliders.sliders
    far, absent = figures.label(ax, {"far": (0.9, 1.0, "red"), "absent": (0.9, 0.2, "red")}).copy()
    sliders.move(far, rate, position=[(0.9, 1.0), (0.9, 1.5), (0.9, 2.5)])
    sliders.move(absent, rate, position=[(np.nan, np.nan), (np.nan, np.nan), (0.5, 1.0)])
    assert far.get_visible() and not absent.get_visible() and far.get_position() == (0.9, 1.5)
    svg, data = sliders.drawn()
    found = {entry["id"]: entry["to"] for entry in data["moving"]}
    out, gone = found["play-4"], found["play-5"]
    assert out[1:] == ["translate(0 0)", "scale(0)"] and gone == ["scale(0)", "scale(0)", "translate(0 0)"]
    # the letters of what is hidden are in the figure
    assert '<g id="play-5" transform="scale(0)">' in svg and "path" in part(svg, "play-5")
    assert '<g id="play-4">' in svg


@house
def test_contour_of_each_position_is_where_the_ratio_is_one() -> None:
    plt.close("all")
    figure, ax = plt.subplots()
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    where, x = play.Slider("where", [0.25, 0.75], 0.25), np.linspace(0.0, 1.0, 21)
    sliders = play.Play(figure, where)
    z = np.broadcast_to(x / where.values[:, None, None], (2, 21, 21))
    sliders.contour(figures.region, ax, where, x, x, z, hatch="///")
    sliders.contour(plt.Axes.contour, ax, where, x, x, z, levels=[1.0])
    svg, data = sliders.drawn()
    assert len(ax.collections) == 2
    (box,) = (outline(path) for path in re.findall(r'<g id="patch_2">\n<path d="([^"]*)"', svg))
    (left, _), (right, _) = box.min(axis=0), box.max(axis=0)
    for filled, line, value in zip(data["moving"][0]["to"], data["moving"][1]["to"], where.values, strict=True):
        assert ((drawn(filled, svg)[0] - left) / (right - left)).min() == pytest.approx(value, abs=1e-3)
        assert (drawn(line, svg)[0] - left) / (right - left) == pytest.approx(value, abs=1e-3)
        assert "url(#h" in filled
    with pytest.raises(play.PlayError, match=r"^z of a contour has 3 positions"):
        sliders.contour(figures.region, ax, where, x, x, np.ones((3, 21, 21)))


@house
def test_middle_of_a_region() -> None:
    inside = np.zeros((2, 3, 4), dtype=bool)
    inside[0, 1:, 1:] = True
    spots = figures.middle([1.0, 2.0, 4.0, 8.0], [0.0, 1.0, 3.0], inside)
    assert spots[0] == pytest.approx([4.0, 2.0]) and np.isnan(spots[1]).all()


@house
def test_controls_are_named_and_hidden_until_the_script_runs() -> None:
    _, data = playable().drawn()
    soup = BeautifulSoup(play.controls(data), "html.parser")
    assert soup.form.has_attr("hidden")
    for slider in soup.select("input[type=range]"):
        assert soup.select_one(f"label[for={slider['id']}]").text
    assert [slider["aria-valuetext"] for slider in soup.select("input")] == ["1", "2 × 10⁻⁶"]
    assert [(slider["min"], slider["max"], slider["value"]) for slider in soup.select("input")] == [("0", "2", "1")] * 2
    assert str(soup.label) == '<label for="slider-0">charge |Q<sub>Φ</sub>|</label>'
    assert [str(line) for line in soup.select("div[role=status] li")] == [
        '<li id="said-0">At 2.00 it is right.</li>',
        '<li id="said-1">A rate of 2 &lt; 10<sup>-5</sup>.</li>',
    ]
    script = soup.select_one('script[type="application/json"]').string
    assert "</" not in script and json.loads(script) == json.loads(json.dumps(data))


# --- the kit around it


def with_sliders() -> nbformat.NotebookNode:
    bundle = playable()._repr_mimebundle_()
    cell = new_code_cell(
        "draw()", outputs=[new_output("display_data", bundle)], metadata={"mystnb": {"figure": {"name": "fig:x"}}}
    )
    return new_notebook(cells=[cell])


@house
def test_stored_chapter_keeps_the_sentences_alone() -> None:
    (output,) = reference.stored(with_sliders()).cells[0].outputs
    assert output.data == {"text/plain": str(playable())}


@house
def test_page_has_the_sliders_below_the_picture() -> None:
    figure, sliders = page._figure(with_sliders().cells[0])
    assert [sorted(output.data) for output in figure.outputs] == [["image/svg+xml", "text/plain"]]
    # one block of HTML for MyST
    assert sliders.source.startswith('<div class="play"><form hidden') and "\n" not in sliders.source


@house
def test_picture_becomes_a_part_of_the_page(tmp_path: Path) -> None:
    svg, data = playable().drawn()
    (tmp_path / "a.svg").write_text(svg, encoding="utf-8")
    app = SimpleNamespace(srcdir=tmp_path, builder=SimpleNamespace(images={"a.svg": "b.svg"}))
    still = '<figure id="f">\n<img alt="A &quot;line&quot;" src="../_images/b.svg"/>\n<figcaption>A line.</figcaption></figure>'
    context = {"body": still + play.controls(data)}
    extension._playable(app, "p", "", context, None)
    soup = BeautifulSoup(context["body"], "html.parser")
    drawn = soup.select_one("figure > svg[role=img]")
    assert [child.name for child in soup.figure.find_all(recursive=False)] == ["svg", "div", "figcaption"]
    assert len(soup.select("div.play")) == 1
    assert drawn["aria-label"] == 'A "line"' and drawn.find(id="play-0") is not None and soup.figcaption.text == "A line."
    assert soup.img is None and "<?xml" not in context["body"] and soup.metadata is None
    context = {"body": still}
    extension._playable(app, "p", "", context, None)
    assert context["body"] == still


# --- the pages


@dataclass(frozen=True)
class Axis:
    """Range of an axis, and whether it is logarithmic."""

    low: float
    high: float
    log: bool = False

    def share(self, value: Any) -> Any:
        """Place along the axis, 0 to 1."""
        low, high, value = np.log([self.low, self.high, value]) if self.log else (self.low, self.high, value)
        return (value - low) / (high - low)

    def value(self, share: Any) -> Any:
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Moves:
    """What a slider has to move: a part of the figure, and a number in a sentence.

    The corner of the part that lies next to the abscissa ``near`` has to be at ``height``, of the word beside the slider and of
    its abscissa; the number in the sentence is ``number`` of the word. ``turned`` exchanges abscissa and ordinate. A part is
    a number, or the sliders of the first part that depends on these and no others.
    """

    slider: int
    part: int | list[int]
    panel: int
    x: Axis
    y: Axis
    near: float
    height: Callable[[str, float], float]
    sentence: int
    number: Callable[[str], str]
    turned: bool = False
    error: float = 5e-3

    async def check(self, tab: Any, word: str) -> None:
        path, shift, box = await tab.evaluate(
            """([which, panel]) => {
                const {moving} = JSON.parse(document.querySelector("div.play script").textContent);
                const part = Number.isInteger(which) ? which : moving.findIndex(({by}) => `${by}` === `${which}`);
                const use = document.querySelector(`#play-${part} use`);
                const path = use ? document.querySelector(use.getAttribute("xlink:href")) : document.querySelector(`#play-${part} path`);
                return [path?.getAttribute("d") ?? "", use ? [use.x.baseVal.value, use.y.baseVal.value] : [0, 0],
                    document.querySelector(`#axes_${panel} > [id^=patch] path`).getAttribute("d")];
            }""",
            [self.part, self.panel],
        )
        corners, ends = outline(path) + shift, outline(box)
        across = (corners[:, 0] - ends[:, 0].min()) / np.ptp(ends[:, 0])
        up = (ends[:, 1].max() - corners[:, 1]) / np.ptp(ends[:, 1])
        (here, x), (there, y) = ((up, self.y), (across, self.x)) if self.turned else ((across, self.x), (up, self.y))
        assert self.number(word) in await tab.inner_text(f"#said-{self.sentence}"), word
        if not len(corners):
            # outside of the picture
            with np.errstate(divide="ignore"):
                assert not 0.0 < (self.x if self.turned else self.y).share(self.height(word, self.near)) < 1.0
            return
        away = np.abs(here - x.share(self.near))
        chosen = away < away.min() + 1e-3
        at = x.value(here[chosen].mean())
        assert there[chosen].max() == pytest.approx(y.share(self.height(word, at)), abs=self.error), word


@dataclass(frozen=True)
class Shows:
    """A slider that chooses one of several parts, by the word beside it."""

    slider: int
    parts: dict[str, int]
    sentence: int
    number: Callable[[str], str]

    async def check(self, tab: Any, word: str) -> None:
        for name, part in self.parts.items():
            assert bool(await tab.inner_html(f"#play-{part}")) == (name == word)
        assert self.number(word) in await tab.inner_text(f"#said-{self.sentence}"), word


def value(word: str) -> float:
    return float(word.split()[0])


def _highest(name: str, charge: str) -> float:
    point = model.benchmark(name).replace(q_phi=value(charge))
    return float(widths.sin_theta_max(point.v_phi, 0.13, m_h1=2.0, m_zp=point.m_zp))


def _asked(rate: str, mass: float) -> float:
    return float(meson_decays.sin_theta_for(1e-6 * value(rate), meson_decays.br_b_to_k_scalar(mass, 1.0)))


def _gap(word: str) -> tuple[float, float]:
    """Difference of measurement and prediction, and its error."""
    name = {"2023, WP2020": "2023", "2023, BMW20": "bmw20", "2025, WP2025": "2025"}[word]
    entry = inputs.get(f"published.delta_a_mu.{name}")
    return entry.value, entry.uncertainty


def _adds(limit: str) -> str:
    a = model.benchmark("A")
    shift = float(neutrinos.delta_n_eff_zp(a.m_zp, a.g_x))
    return f"A adds {shift:.2f} to Neff: {'excluded' if shift > value(limit) else 'allowed'}."


def _exceeds(word: str) -> str:
    a, (gap, error) = model.benchmark("A"), _gap(word)
    return f"The g−2 of {word}: A exceeds it by {(muon.delta_a_mu(a.m_zp, a.g_x) - gap) / error:.1f} σ"


def _point(charge: str, **more: float) -> model.DarkSector:
    return model.benchmark("A").replace(q_phi=value(charge), m_h1=2.0, m_x=0.5, lambda_phi_x=0.1, **more)


def _invisible(charge: str, sine: float) -> float:
    return float(widths.br_higgs_invisible(_point(charge, sin_theta=sine)))


def _mixing(charge: str) -> str:
    p = _point(charge)
    return f"at most {widths.sin_theta_max(p.v_phi, 0.13, m_h1=2.0, m_zp=p.m_zp, m_x=0.5, lambda_phi_x=0.1):.4f}"


@cache
def _line(mass: str) -> tuple[float, float]:
    """Rate in millionths that a line needs, and its events in the first bin."""
    spectrum = belle2.Spectrum.line(value(mass))
    rate = belle2.Likelihood().fit_rate(spectrum).rate
    return 1e6 * rate, spectrum.events(rate)[0]


@cache
def _pairs(mass: str) -> tuple[float, float]:
    """Rate in millionths that pairs from a scalar current need, and the upper end of its interval."""
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum.three_body(value(mass), "scalar", "scalar"))
    return 1e6 * fit.rate, 1e6 * (fit.rate + fit.plus)


@cache
def _alive(limits: str) -> str:
    names = {row.name for row in rivals.summary(today=limits == "today") if row.verdict == "alive"}
    order = ["dark Higgs, 30 MeV Z'", "ALP, freeze-in", "dark photon, freeze-out", "dark Higgs, B"]
    assert names <= {*order}
    return f"with the limits of {limits}: {'; '.join(name for name in order if name in names)}."


def _windows(name: str) -> list[Moves | Shows]:
    """The region of the upper panel whose rate is too large, and in the lower one the line left of which H1 is broad."""
    point = model.benchmark(name).replace(q_x=0.7, sin_theta=0.01)
    masses = np.linspace(2.5, 6.5, 401)

    def too_large(sine: str, m_x: float) -> float:
        there = scan.on_relic_line(point.replace(q_phi=0.2, m_x=1e-3 * m_x, m_h1=masses)).replace(sin_theta=value(sine))
        return max(masses[meson_decays.br_b_to_k_invisible(there) > 2.5e-5], default=0.0)

    def broad(charge: str, m_h1: float) -> float:
        m_x = np.geomspace(1.05 * point.m_zp, 0.4 * m_h1, 200)
        there = scan.on_relic_line(point.replace(q_phi=value(charge), m_x=m_x, m_h1=m_h1))
        return 1e3 * max(m_x[widths.gamma_h1(there) > 0.1 * m_h1], default=0.0)

    end = 0.5 * (inputs.natural("m_B+") - inputs.natural("m_K+"))
    plane = Axis(1.05e3 * float(point.m_zp), 1e3 * end, log=True), Axis(2.5, 6.5)
    return [
        Moves(0, [0], 2, *plane, 3.5, broad, 0, lambda charge: f"|QΦ| = {charge} and", turned=True, error=0.02),
        Moves(1, [1], 1, *plane, 1000.0, too_large, 0, lambda sine: f"sin θ = {sine}:", error=0.06),
    ]


_NEAR = Axis(3.0, 40.0, log=True), Axis(5e-5, 1.1e-3, log=True)
_PLANE = Axis(0.03, 4.8), Axis(1.3e-3, 0.025, log=True)
MOVES: dict[str, list[Moves | Shows]] = {
    "two_body": [
        Moves(0, 3, 1, *_PLANE, 2.0, lambda q, _: _highest("A", q), 1, lambda q: f"sin θ ≤ {_highest('A', q):.4f}"),
        Moves(1, 1, 1, *_PLANE, 2.0, _asked, 0, lambda rate: f"needs sin θ = {_asked(rate, 2.0):.4f}"),
    ],
    "z_plane": [
        Moves(0, 2, 1, *_NEAR, 1e-4, lambda w, g: 1e3 * neutrinos.mass_for(value(w), g), 0, _adds, turned=True),
        Moves(1, 1, 1, *_NEAR, 10.0, lambda w, m: muon.coupling_for(sum(_gap(w)), 1e-3 * m), 3, _exceeds),
    ],
    "higgs_invisible": [
        Moves(0, 0, 1, Axis(1e-4, 0.1, log=True), Axis(6e-4, 1.2, log=True), 1e-2, _invisible, 0, _mixing),
    ],
    "belle2_one_particle": [
        Moves(
            0,
            4,
            3,
            Axis(0.5, 9.5),
            Axis(-120.0, 240.0),
            0.5,
            lambda m, _: _line(m)[1],
            0,
            lambda m: f"a rate of {_line(m)[0]:.1f} ×",
        ),
    ],
    "belle2_shapes": [
        Moves(
            0,
            0,
            1,
            Axis(0.4, 400.0, log=True),
            Axis(0.0, 1.0),
            0.5,
            lambda m, _: max(_pairs(m)[1], 0.4),
            0,
            lambda m: f"a rate of {_pairs(m)[0]:.1f} ×",
            turned=True,
        ),
    ],
    "windows_a": _windows("A"),
    "windows_b": _windows("B"),
    "score_board": [Shows(0, {"talk": 0, "today": 1}, 0, _alive)],
}
# A reader's window, and how a slider is moved: to a share of its length, or by keys.
WAYS: dict[str, tuple[dict[str, int], tuple[float | str, ...]]] = {
    "mouse": (audit.DESKTOP, (0.15, 0.6, 1.0)),
    "phone": (audit.PHONE, (0.05, 0.45, 0.9)),
    "keys": (audit.DESKTOP, ("End", "ArrowLeft", "Home", "ArrowRight", "PageUp")),
}


def site() -> Path:
    if reason := audit.missing(audit.SITE):
        pytest.skip(reason)
    return audit.SITE


def played() -> list[str]:
    """Chapters with sliders."""
    return [
        name
        for name in chapters.names()
        if "figures.show(sliders)" in (chapters.ROOT / chapters.path_of(name)).read_text(encoding="utf-8")
    ]


async def told(tab: Any, number: int) -> str:
    """Return the word of a slider, which a screen reader hears and a reader sees."""
    word = await tab.get_attribute(f"#slider-{number}", "aria-valuetext")
    assert await tab.inner_text(f"#slider-{number} + span") == word
    return str(word)


async def push(tab: Any, number: int, how: float | str) -> None:
    """Drag a slider with the mouse to a share of its length, or press a key on it."""
    slider = tab.locator(f"#slider-{number}")
    if isinstance(how, str):
        await slider.focus()
        await tab.keyboard.press(how)
        return
    await slider.scroll_into_view_if_needed()
    box = await slider.bounding_box()
    now, last = int(await slider.input_value()), int(await slider.get_attribute("max"))
    # the middle of the thumb, which is 16 pixels wide, runs over the rest of the length
    here, there = (box["x"] + 8 + share * (box["width"] - 16) for share in (now / last, how))
    height = box["y"] + box["height"] / 2
    await tab.mouse.move(here, height)
    await tab.mouse.down()
    await tab.mouse.move((here + there) / 2, height, steps=3)
    await tab.mouse.move(there, height, steps=3)
    await tab.mouse.up()
    assert abs(int(await slider.input_value()) - how * last) <= 1


def visit(name: str, look: Callable[[Any, str], Any], **options: Any) -> None:
    """Open the page of a chapter as a reader does."""

    async def run() -> None:
        async with audit._browser(site()) as (profile, base):
            tab = await (await profile(**options)).new_page()
            await look(tab, f"{base}{chapters.path_of(name).with_suffix('.html').as_posix()}")

    asyncio.run(run())


@pytest.mark.page
def test_every_chapter_with_sliders_is_tried() -> None:
    assert played() == [name for name in chapters.names() if name in MOVES]
    for name in MOVES:
        built = site() / chapters.path_of(name).with_suffix(".html")
        sliders = BeautifulSoup(built.read_text(encoding="utf-8"), "html.parser").select("div.play input")
        assert {move.slider for move in MOVES[name]} == set(range(len(sliders)))


@pytest.mark.page
@pytest.mark.parametrize("name", MOVES)
def test_page_with_sliders_is_light(name: str) -> None:
    built = (site() / chapters.path_of(name).with_suffix(".html")).read_bytes()
    assert len(gzip.compress(built)) < 150_000


@pytest.mark.page
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MOVES)
def test_slider_moves_a_line_and_a_number(name: str, way: str) -> None:
    size, pushes = WAYS[way]

    async def look(tab: Any, address: str) -> None:
        await tab.set_viewport_size(size)
        await audit.open_page(tab, address)
        for move in MOVES[name]:
            first = await told(tab, move.slider)
            await move.check(tab, first)
            seen = {first}
            for how in pushes:
                await push(tab, move.slider, how)
                word = await told(tab, move.slider)
                await move.check(tab, word)
                seen.add(word)
            last = int(await tab.get_attribute(f"#slider-{move.slider}", "max"))
            assert len(seen) > min(2, last)
            await tab.click("div.play button")
            await tab.wait_for_timeout(50)
            assert await told(tab, move.slider) == first
            await move.check(tab, first)

    visit(name, look)


@pytest.mark.page
@pytest.mark.parametrize("name", MOVES)
def test_sliders_work_from_a_file_without_a_network(name: str) -> None:
    async def look(tab: Any, address: str) -> None:
        await audit.open_page(tab, (site() / chapters.path_of(name).with_suffix(".html")).resolve().as_uri())
        before = await told(tab, 0)
        await push(tab, 0, "Home")
        after = await told(tab, 0)
        assert before != after
        await MOVES[name][0].check(tab, after)

    visit(name, look)


@pytest.mark.page
def test_sliders_work_where_only_scripts_of_the_site_may_run() -> None:
    async def look(tab: Any, address: str) -> None:
        async def strict(route: Any) -> None:
            answer = await route.fetch()
            await route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": "script-src 'self'"})

        await tab.route(address, strict)
        await tab.goto(address)
        refused = await tab.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.no = 1'; document.head.append(s); return window.no }"
        )
        assert refused is None, "the policy does not hold"
        await push(tab, 0, "End")
        assert await told(tab, 0) == "2.5"
        await MOVES["two_body"][0].check(tab, "2.5")

    visit("two_body", look)


@pytest.mark.page
def test_without_the_script_the_default_figure_stands() -> None:
    async def look(tab: Any, address: str) -> None:
        await tab.goto(address)
        assert await tab.is_visible("figure svg[role=img]") and await tab.is_visible("#said-0")
        assert not await tab.is_visible("div.play input")

    visit("two_body", look, java_script_enabled=False)


@pytest.mark.page
def test_on_paper_is_the_default_figure() -> None:
    async def look(tab: Any, address: str) -> None:
        await audit.open_page(tab, address)
        await push(tab, 0, "End")
        await MOVES["two_body"][0].check(tab, "2.5")
        await tab.pdf()
        assert await told(tab, 0) == "1"
        await MOVES["two_body"][0].check(tab, "1")
        await tab.emulate_media(media="print")
        assert not await tab.is_visible("div.play input") and await tab.is_visible("#said-0")

    visit("two_body", look)
