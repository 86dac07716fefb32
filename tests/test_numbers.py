"""Numbers that a chapter shows: the same text on every processor, and no other way to show one."""

import ast
import itertools
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest

from bookkit import chapters, checks, figures, portable
from bookkit.chapters import ROOT
from bookkit.checks import Check, Tolerance
from bookkit.numbers import STABLE, UnstableDigits, num, stable

pytestmark = pytest.mark.house
NAMES = chapters.names()


def neighbours(value: float, bits: int = 64) -> list[float]:
    """The same number with other last bits, as another processor would have it."""
    step = bits * math.ulp(value) if value else 1e-300
    return [value - step, value, value + step]


# --- one number


@pytest.mark.parametrize(
    "spec", ["6.1f", "+.1f", ">8.0f", "9.2g", ".0%", "12.3f", "+8.1%", "g", ".3e", " .2f", "06.1f", "*^9.1f"]
)
@pytest.mark.parametrize("value", [-0.0, -1e-320])
def test_zero_has_no_sign(value: float, spec: str) -> None:
    shown = f"{num(value if spec[-1] in 'f%' else -0.0):{spec}}"
    assert shown == format(0.0, spec)


@pytest.mark.parametrize(
    ("value", "spec", "wanted"), [(-0.04, "5.1f", "  0.0"), (-0.04, "+.1f", "+0.0"), (-0.004, ".0%", "0%")]
)
def test_value_that_rounds_to_zero_has_no_sign(value: float, spec: str, wanted: str) -> None:
    assert f"{num(value):{spec}}" == wanted


@pytest.mark.parametrize(
    ("value", "spec"),
    [(0.125, ".2f"), (2.5, ".0f"), (0.5, "3.0f"), (1.25e-5, ".1e"), (0.0015, ".3f"), (0.045, ".0%"), (99.995, ".2f"), (1.005, ".2f"),
     (0.35, ".1f"), (-0.05, ".1f"), (1e22, ".3e"), (3.4445e-9, ".4g"), (0.1 + 0.2, "g")],
)  # fmt: skip
def test_last_bits_do_not_decide_a_digit(value: float, spec: str) -> None:
    assert len({f"{num(other):{spec}}" for other in neighbours(value)}) == 1


def test_plain_format_shows_the_last_bits() -> None:
    """The reason for the rounding: without it the last bits are shown."""
    assert len({f"{other:.2f}" for other in neighbours(0.125)}) == 2


@pytest.mark.parametrize("value", [np.float64(2.5), np.array(2.5), np.array([2.5]), 2.5, np.float32(2.5)])
def test_numpy_numbers_are_shown(value: object) -> None:
    assert f"{num(value):.2f}" == "2.50"


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_nan_and_infinity_are_shown_as_they_are(value: float) -> None:
    assert f"{num(value):.2f}" == f"{value:.2f}"


@pytest.mark.parametrize(("value", "spec"), [(1.0, ".8e"), (123.456, "12.9g"), (1e-30, ".17e")])
def test_digits_that_are_not_stable_are_refused(value: float, spec: str) -> None:
    with pytest.raises(
        UnstableDigits, match=rf"^{value:.6g} shown as '{re.escape(spec)}' has \d+ digits; {STABLE} are stable$"
    ):
        f"{num(value):{spec}}"


def test_large_numbers_end_in_zeros() -> None:
    """The parameters of a reader may make a number larger than its fixed format expects."""
    assert f"{num(1e7 / 3):.2f} {num(1e9 / 3):,.0f}" == "3333333.30 333,333,330"


def test_a_number_may_have_fewer_stable_digits() -> None:
    assert f"{num(1 / 3, digits=4):.3e} {num(1 / 3, digits=4):.6f}" == "3.333e-01 0.333300"
    with pytest.raises(UnstableDigits, match="has 5 digits; 4 are stable"):
        f"{num(1 / 3, digits=4):.4e}"


def test_format_that_is_not_for_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'5s' is not a format of a number such as '9\.2f'"):
        f"{num(1.0):5s}"


# --- comparing, counting, sorting


def test_first_of_tied_values_is_chosen() -> None:
    for a, b in itertools.product(neighbours(0.7), repeat=2):
        assert np.argmax(stable([0.1, a, b])) == 1
        assert np.argsort(stable([a, b]), kind="stable").tolist() == [0, 1]


def test_value_on_the_edge_of_a_band_is_inside() -> None:
    for edge in neighbours(1.8e-5):
        assert int((stable([1.7e-5, edge, 1.9e-5]) <= stable(1.8e-5)).sum()) == 2


def test_stable_keeps_shape_nan_and_infinity() -> None:
    values = np.array([[1.0, np.nan], [np.inf, -0.0]])
    found = stable(values)
    assert found.shape == (2, 2) and np.isnan(found[0, 1]) and np.isinf(found[1, 0])
    assert not np.signbit(found[1, 1])


# --- the rows of a check table


def row(value: float, kind: str = "identity", reference: float = 1.0, tolerance: float = 1e-12) -> dict[str, object]:
    check = Check("a", "q", kind, reference, value, Tolerance(atol=tolerance, why="bits", effect=1.0), "algebra")
    return checks._row_record(check, check.outcome())


@pytest.mark.parametrize("reference", [1.0, 0.0, 1.8e-5])
def test_identity_of_the_last_bits_is_shown_alike(reference: float) -> None:
    width = 1e-12 * (reference or 1.0)
    shown = [row(reference + part * width, reference=reference, tolerance=width) for part in (-0.9, -1e-4, 0.0, 0.3)]
    assert all(other == shown[0] for other in shown)


def test_numerical_remainder_of_an_inversion_is_shown_as_zero() -> None:
    assert {row(value, reference=0.0, tolerance=1e-5)["value"] for value in (0.0, 4.1e-9, -9.9e-8)} == {0.0}
    assert row(2e-7, reference=0.0, tolerance=1e-5)["value"] == 2e-7


def test_real_deviation_of_an_identity_is_shown() -> None:
    assert row(0.996, tolerance=0.01)["value"] == 0.996


def test_edge_of_a_tolerance_is_inside_on_every_machine() -> None:
    tenth = Tolerance(atol=0.1, why="one digit", effect=1.0)
    inside = {Check("a", "q", "published", 0.3, value, tenth, "slide").inside for value in neighbours(0.4, 4)}
    assert inside == {True}


# --- no other way to show a number in a chapter

LOOSE = {"argmax", "argmin", "nanargmax", "nanargmin", "argsort", "sort", "sorted", "lexsort", "unique", "round", "around"}


def code(name: str) -> Iterator[ast.AST]:
    for cell in nbformat.read(ROOT / chapters.path_of(name), as_version=4).cells:
        if cell.cell_type == "code":
            yield from ast.walk(ast.parse(cell.source))


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def loose_numbers(nodes: Iterator[ast.AST]) -> list[str]:
    """Numbers that are printed, formatted, ordered or picked past `Table`, `num` and `stable`."""
    found = []
    for node in nodes:
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.format_spec.values)
            if re.search(r"[eEfFgG%n]$|\.\d+$", spec) and called(node.value) != "num":
                found.append(f"{ast.unparse(node.value)}:{spec}")
        elif called(node) in ("print", "format", "format_map", "array2string", "array_str"):
            found.append(ast.unparse(node))
        elif called(node) in LOOSE or (called(node) in ("max", "min") and any(k.arg == "key" for k in node.keywords)):
            if not any(called(inner) == "stable" for inner in ast.walk(node)):
                found.append(ast.unparse(node))
        elif (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant | ast.JoinedStr)
        ):
            if isinstance(node.left, ast.JoinedStr) or isinstance(node.left.value, str):
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_chapter_shows_numbers_by_one_path(name: str) -> None:
    assert loose_numbers(code(name)) == []


@pytest.mark.parametrize(
    "source",
    ["print(x)", "f'{x:.2f}'", "f'{x:9g}'", "f'{100 * x:.0%}'", "f'{x:{w}.1f}'", "'{:.2f}'.format(x)", "'%.2f' % x", "i = np.argmax(y)",
     "max(rows, key=lambda r: r.gain)", "sorted(rows, key=gain)", "round(x, 3)", "y.argsort()", "f'{x:.3}'"],
)  # fmt: skip
def test_number_shown_by_another_path_is_found(source: str) -> None:
    assert loose_numbers(ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["f'{num(x):.2f}'", "np.argmax(stable(y))", "f'{n:4d} {name:5s} {text}'", "max(a, b)", "7 % 2"]
)
def test_number_shown_by_the_one_path_passes(source: str) -> None:
    assert loose_numbers(ast.walk(ast.parse(source))) == []


@pytest.mark.parametrize("name", NAMES)
def test_stored_text_has_stable_digits_only(name: str) -> None:
    """An unformatted float would show sixteen digits, and a zero with a sign depends on the last bits."""
    for cell in nbformat.read(ROOT / chapters.path_of(name), as_version=4).cells:
        for output in cell.get("outputs", []):
            text = str(output.get("text", "")) + json.dumps(output.get("data", {}))
            text = re.sub(r"\b\d{4}\.\d{5}\b", "", text)  # of arXiv
            numbers = re.findall(r"(?<![\w.])[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?(?![\w.])", text)
            digits = {number: len(re.sub(r"[eE].*|[-+.]", "", number).strip("0")) for number in numbers}
            assert {number for number, count in digits.items() if count > STABLE} == set()
            assert not re.search(r"(?<![\w.])-0(\.0*)?%?(?![\w.])", text), "a zero with a sign"


# --- the chapters under other processors


def test_kernels_are_those_of_this_processor() -> None:
    found = portable.kernels()
    assert {"native", "prescott"} <= set(found)
    assert found["native"] == {}
    assert all("OPENBLAS_CORETYPE" in variables for name, variables in found.items() if name != "native")
    assert {variables.get("OPENBLAS_NUM_THREADS") for variables in found.values()} >= {"1"}


def test_unknown_kernel_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert portable.main(["z80"]) == 2
    assert capsys.readouterr().err.startswith("error: z80 is no kernel that this processor can be; it can be native, prescott")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cheapest chapter, run as an old processor would."""
    out = tmp_path_factory.mktemp("portable")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portable, "_OUT", out)
        (out / "prescott").mkdir()
        assert portable._run("prescott", portable.kernels()["prescott"], "muon_g2") == ""
    return out


def test_nothing_moves_on_an_old_processor(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable, "_OUT", foreign)
    assert list(portable._faults("prescott", "muon_g2")) == []
    shown = portable._trace("prescott", "muon_g2")
    assert len(shown) > 50 and all(spec and text for _, spec, text in shown)


def tamper_text(folder: Path) -> None:
    path = folder / "muon_g2.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace(" +- ", " -+ ", 1), encoding="utf-8")


def tamper_record(folder: Path) -> None:
    notebook = nbformat.read(folder / "muon_g2.ipynb", as_version=4)
    (record,) = (o.data[checks.MIME] for c in notebook.cells for o in c.get("outputs", []) if checks.MIME in o.get("data", {}))
    record["rows"][0]["effect"] = "7"
    nbformat.write(notebook, folder / "muon_g2.ipynb")


def tamper_curve(folder: Path) -> None:
    path = folder / "muon_g2/muon_g2.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("\n0.001,", "\n0.002,", 1), encoding="utf-8")


def test_words_beside_curves_are_compared(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "a.csv", tmp_path / "b.csv"
    ours.write_text("# x\nname,x [1],y [1]\none,1,nan\ntwo,2,5\n", encoding="utf-8")
    for text, moved in (("one,1.0000001,nan", ""), ("uno,1,nan", "name"), ("one,1.1,nan", "x [1]"), ("one,1,3", "y [1]")):
        theirs.write_text(f"name,x [1],y [1]\n{text}\ntwo,2,5\n", encoding="utf-8")
        assert portable._curves_moved(ours, theirs) == moved


@pytest.mark.parametrize(
    ("change", "finding"),
    [(tamper_text, "text was"), (tamper_record, "an output differs beside its text"), (tamper_curve, r"muon_g2\.csv: m_Z' \[GeV\]")],
)  # fmt: skip
def test_numbers_that_move_are_printed(
    change: Callable[[Path], None], finding: str, foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(foreign, tmp_path / "out")
    shutil.copytree(foreign / "prescott/muon_g2", tmp_path / "stage/book/chapters/data/muon_g2")
    monkeypatch.setattr(portable, "_OUT", tmp_path / "out")
    monkeypatch.setattr(portable.run, "STAGE", tmp_path / "stage")
    assert list(portable._faults("prescott", "muon_g2")) == []
    change(tmp_path / "out/prescott")
    (fault,) = portable._faults("prescott", "muon_g2")
    assert re.search(finding, fault)


@pytest.mark.parametrize(
    ("value", "spec", "unit"),
    [(2.0, ".2f", 1e-2), (2e-14, "9.1f", 0.1), (0.25, "8.1%", 1e-3), (3.4e-9, ".3g", 1e-11), (3.4e-9, "11.2e", 1e-11), (20.0, "g", 1e-4)],
)  # fmt: skip
def test_last_digit_of_a_format(value: float, spec: str, unit: float) -> None:
    assert portable._unit(value, spec) == pytest.approx(unit)


def test_spread_of_the_numbers_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable, "_OUT", tmp_path)
    for kernel, value, tiny in (("native", 2.0, 1e-15), ("prescott", 2.003, -1e-15)):
        (tmp_path / kernel).mkdir()
        (tmp_path / kernel / "a.trace").write_text(f"{tiny!r} 8 9.1f 0.0\n{value!r} 8 .2f 2.00\nnan 8 .2f nan\n")
    spread, shown = portable._spread(["native", "prescott"], "a")
    assert spread == pytest.approx(0.3) and shown == "2.00"


# --- curves


def save(folder: Path, monkeypatch: pytest.MonkeyPatch, columns: dict[str, object]) -> Path:
    monkeypatch.setenv("BOOK_OUTPUT", str(folder))
    figures.save_curves("a", columns, q_x=0.1 + 0.2, form_factor="HPQCD22")  # type: ignore[arg-type]
    return folder / "a.csv"


def test_titles_with_commas_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, monkeypatch, {"m [GeV]": [1.0, 2.0], 'g, 2023, "BMW" [1]': [-0.0, 0.1 + 0.2]})
    assert path.read_bytes() == b'# q_x = 0.3\n# form_factor = HPQCD22\nm [GeV],"g, 2023, ""BMW"" [1]"\n1,0\n2,0.3\n'


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"m": [1.0]}, r"^column 'm' of a\.csv names no unit; write 'm \[GeV\]', or \[1\] for a pure number$"),
        ({"m [GeV]": [1.0], "m  [GeV]": [2.0]}, "is empty or stands twice"),
        ({"": [1.0]}, "is empty or stands twice"),
        ({"m # [GeV]": [1.0]}, "would be cut"),
        ({"m [GeV]": [1.0], "g [1]": [1.0, 2.0]}, "differ in length"),
    ],
)
def test_bad_columns_are_named(
    columns: dict[str, object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=sentence):
        save(tmp_path, monkeypatch, columns)
