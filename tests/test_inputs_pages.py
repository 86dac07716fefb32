"""The pages of the inputs: each number in one row, curves as plots and CSV files with the digits of the data."""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bookkit import inputs_pages
from darkhiggs import inputs

pytestmark = pytest.mark.house

PAGES, TABLES = inputs_pages.pages(), inputs_pages.spreadsheets()
CURVES = {curve.file.removesuffix(".csv"): curve for curve in inputs_pages.curves()}
ROWS = {page: re.findall(r"^\| `([^`]+)`(.*?) \|", text, re.M) for page, text in PAGES.items()}


def column(file: str, title: str) -> list[float]:
    head, *rows = (line.split(",") for line in TABLES[f"data/inputs/{file}"].splitlines())
    return [float(row[head.index(title)]) for row in rows]


def test_every_input_of_the_talk_stands_in_one_row() -> None:
    drawn = {
        name: (curve.x, *curve.ordinates, "cl", "reading_error", "log_mass")
        for name, curve in CURVES.items()
        if not curve.today
    }
    inside = {f"{CURVES[name].name}.{part}" for name, parts in drawn.items() for part in parts}
    single = [name for name in inputs.names("talk") if name not in inside]
    # the tables of the sets repeat names of the others
    text = re.sub(r"## (Which number is newer|Set belle2)\n.*?(?=\n## |\Z)", "", PAGES["inputs.md"], flags=re.S)
    rows = re.findall(r"^\| `([^`]+)`(?! \(set)", text + PAGES["inputs_belle2.md"], re.M)
    rows = [name.replace("\\|", "|") for name in rows]
    assert sorted(rows) == sorted([*single, *(CURVES[name].name for name in drawn)])


def test_every_change_of_today_stands_in_one_row() -> None:
    text = PAGES["inputs.md"].partition("## What limits")[0]
    rows = re.findall(r"^\| `([^`]+)`", text, re.M)
    rows += re.findall(r"^\| `([^`]+)` \(set `today`\)", PAGES["inputs.md"], re.M)
    changed = {name for name, _, new in inputs.compare("talk", "today") if new is not None}
    parts = (".m", ".upper", ".cl", ".reading_error", ".log_mass")
    assert sorted(rows) == sorted({name.rpartition(".")[0] if name.endswith(parts) else name for name in changed})


def test_templates_of_belle2_stand_on_a_page_of_their_own() -> None:
    assert [name for name, _ in ROWS["inputs_belle2.md"]] and all(
        name.startswith("belle2.") for name, _ in ROWS["inputs_belle2.md"]
    )
    assert not any(name.startswith("belle2.") for name, _ in ROWS["inputs.md"])


@pytest.mark.parametrize("name", CURVES)
def test_table_has_the_digits_of_the_data(name: str) -> None:
    curve = CURVES[name]
    for part in (curve.x, *curve.ordinates):
        entry = inputs.get(f"{curve.name}.{part}", "today" if curve.today else "talk")
        assert column(curve.file, f"{part} [{entry.unit}]") == entry.value.tolist()
    link = f"{{download}}`{curve.parts[curve.x].value.size} points (CSV) <data/inputs/{curve.file}>`"
    assert PAGES["inputs.md"].count(link) == 1


def test_matrix_is_a_table() -> None:
    rows = [line.split(",") for line in TABLES["data/inputs/belle2.efficiency.csv"].splitlines()]
    assert np.array_equal(np.array(rows, dtype=float), inputs.get("belle2.efficiency").value)
    assert "50 × 18 numbers (CSV) <data/inputs/belle2.efficiency.csv>" in PAGES["inputs_belle2.md"]


def points(path: str) -> np.ndarray:
    return np.array([pair.split() for pair in re.findall(r"[\d.]+ [\d.]+", path)], dtype=float)


@pytest.mark.parametrize("name", CURVES)
def test_plot_shows_the_numbers(name: str) -> None:
    """Back from pixels to numbers, with the ends that are written at the axes."""
    curve, picture = CURVES[name], ElementTree.fromstring(inputs_pages.plot(CURVES[name]))
    lines = next(path.get("d", "") for path in picture.iter("path") if path.get("stroke-width"))
    x, box = curve.parts[curve.x].value, (52.0, 192.0, 88.0, 16.0)
    all_values = np.concatenate([curve.parts[part].value for part in curve.ordinates])
    straight = ("cl" in curve.parts and not float(getattr(curve.parts.get("log_mass"), "value", 0.0))) or x.min() <= 0.0
    for part, path in zip(curve.ordinates, lines.split("M")[1:], strict=True):
        seen, values = points(path), curve.parts[part].value
        for pixel, value, low, high, ends, linear in (
            (seen[:, 0], x, box[0], box[1], x, straight),
            (seen[:, 1], values, box[2], box[3], all_values, all_values.min() <= 0.0),
        ):
            first, last = ends.min(), ends.max()
            if first == last:
                assert_allclose(pixel, 0.5 * (low + high))
                continue
            share = (pixel - low) / (high - low)
            back = first + share * (last - first) if linear else first * (last / first) ** share
            width = (last - first) if linear else value * np.log(last / first)
            assert np.all(np.abs(back - value) <= 0.1 * np.abs(width) / abs(high - low))


def test_plot_shades_what_a_limit_excludes() -> None:
    def shade(name: str) -> str:
        (path,) = (
            path for path in ElementTree.fromstring(inputs_pages.plot(CURVES[name])).iter("path") if path.get("fill-opacity")
        )
        return path.get("d", "")

    # above the curve, up to the frame; between two ends
    assert shade("limit.KOTO").endswith("V16H52.0Z")
    assert len(points(shade("dark_photon.NuCal"))) == 2 * CURVES["dark_photon.NuCal"].parts["upper"].value.size
    assert "fill-opacity" not in inputs_pages.plot(CURVES["f_eff.ee"])


# its second mass lies between two pixels, where the last bits decide
EDGE = inputs_pages.Curve(
    "edge",
    "m",
    {
        "m": inputs.Quantity(np.array([0.0, 0.5, 1400.0]), 0.0, "GeV", "made up"),
        "upper": inputs.Quantity(np.array([1.0, 2.0, 10.0]), 0.0, "1", "made up"),
        "cl": inputs.Quantity(0.9, 0.0, "1", "made up"),
    },
)


@pytest.mark.parametrize("curve", [EDGE, *CURVES.values()], ids=lambda curve: curve.file)
def test_plot_is_the_same_when_the_last_bits_differ(curve: inputs_pages.Curve) -> None:
    """Processors differ in the last bits of a logarithm."""
    for sign in (-1.0, 1.0):
        moved = dict(curve.parts)
        for part in (curve.x, *curve.ordinates):
            value = curve.parts[part].value
            bits = sign * 1e-12 * (-1.0) ** np.arange(value.size)
            moved[part] = dataclasses.replace(curve.parts[part], value=value * (1.0 + bits))
        assert inputs_pages.plot(dataclasses.replace(curve, parts=moved)) == inputs_pages.plot(curve)


@pytest.mark.parametrize("name", ["limit.KOTO", "limit.PandaX-4T-today", "limit.NA62", "dark_photon.SN1987A", "f_eff.ee"])
def test_plot_has_a_name_and_units(name: str) -> None:
    picture = ElementTree.fromstring(inputs_pages.plot(CURVES[name]))
    curve = CURVES[name]
    assert picture.get("role") == "img" and str(picture.get("aria-label")).startswith(f"{curve.name}: ")
    words = [text.text or "" for text in picture.iter("text")]
    assert words[0].startswith(", ".join(curve.ordinates)) and ("cm²" in words[0]) == (
        curve.parts[curve.ordinates[0]].unit == "cm^2"
    )
    assert words[-1].endswith(f" {curve.parts[curve.x].unit}")
