"""Check tables, verdicts, knobs, and the sentences that a user of the book reads when something is wrong."""

import copy
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import chapters, checks, figures, lock, reference, run
from bookkit.chapters import Knob, knobs, parse_argument
from bookkit.checks import MIME, Check, CheckTable, Tolerance, ToleranceError, calculation, over, talk
from bookkit.tables import Table
from darkhiggs import inputs
from darkhiggs.errors import ParameterError

pytestmark = pytest.mark.house

TENTH = Tolerance(atol=0.1, why="printed precision", effect=1.0)


def row(pull: float = 0.0, key: str = "a", kind: str = "talk", **more: Any) -> Check:
    """A row that is `pull` tolerances of 0.1 above its reference of 1."""
    value = more.pop("value", 1.0 + 0.1 * pull)
    fields = {"tolerance": TENTH, "source": "slide 1", "statements": ("S01",) if kind in ("talk", "source") else ()}
    return Check(key, f"quantity {key}", kind, 1.0, value, **fields | more)


def rows_of_talk(*pulls: float) -> list[Check]:
    return [row(pull, f"row{number}") for number, pull in enumerate(pulls)]


def choices(*pulls: float, left: list[bool] | None = None, **more: Any) -> Check:
    """A row over |Q_Phi| = 0.1, 0.2, ..., each choice that many tolerances above the reference."""
    charges = [0.1 * (number + 1) for number in range(len(pulls))]
    return row(value=over(charges, [1.0 + 0.1 * pull for pull in pulls], left), varies="|Q_Phi|", **more)


# --- tolerances


@pytest.mark.parametrize("why", ["", "  \n"])
def test_tolerance_without_reason_is_refused(why: str) -> None:
    with pytest.raises(ToleranceError, match=r"^a tolerance needs a reason, 'why'$"):
        Tolerance(rtol=0.01, why=why, effect=1.0)


@pytest.mark.parametrize("name", ["rtol", "atol"])
@pytest.mark.parametrize("width", [-1e-12, math.nan, math.inf])
def test_width_that_is_negative_or_not_finite_is_refused(name: str, width: float) -> None:
    with pytest.raises(ToleranceError, match=rf"^{name} = {width} is not a finite number, 0 or more$"):
        Tolerance(**{name: width, "why": "reason", "effect": 1.0})


@pytest.mark.parametrize("effect", [{}, {"effect": 0.0}, {"effect": -1.0}, {"effect": math.nan}, {"effect": math.inf}])
def test_tolerance_without_effect_is_refused(effect: dict[str, float]) -> None:
    with pytest.raises(ToleranceError, match=r"^effect = .* is not a finite number above 0$"):
        Tolerance(rtol=0.01, why="reason", **effect)


def test_width_above_half_the_effect_is_refused() -> None:
    row(tolerance=Tolerance(rtol=0.04, atol=0.1, why="just fits", effect=0.28))
    with pytest.raises(ToleranceError, match=r"^a tolerance of 0\.51 cannot tell apart an effect of 1 \(half of it at most\)$"):
        row(tolerance=Tolerance(rtol=0.41, atol=0.1, why="too wide", effect=1.0))


def test_width_adds_both_parts() -> None:
    assert Tolerance(rtol=0.01, atol=0.1, why="w", effect=9.0).width(-20.0) == pytest.approx(0.3, rel=1e-12)


# --- rows


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "guess"}, "kind = 'guess' of check 'a' is not one of talk, source, published, independent, identity, ours"),
        ({"relation": "<"}, "relation = '<' of check 'a' is not one of =, <=, >=, ~"),
        ({"source": "  "}, "check 'a' has no source"),
        ({"reference": math.nan}, "reference = nan of check 'a' is not a finite number"),
        ({"value": math.nan}, "value = nan of check 'a' is not a finite number"),
        ({"value": math.inf}, "value = inf of check 'a' is not a finite number"),
        ({"corrects": "b"}, "check 'a' corrects 'b' but names no deviation"),
        ({"relation": "~", "reference": 0.0}, "reference = 0.0 of check 'a' is not above 0, which 'about' needs"),
        ({"varies": "|Q_Phi|"}, "check 'a' has varies = '|Q_Phi|', which does not fit its value of type float"),
        ({"value": over([1.0], [1.0])}, "check 'a' has no 'varies', which does not fit its value of type Choices"),
        ({"statements": ()}, "check 'a' of kind 'talk' names no statement of the scope page"),
        ({"statements": (), "kind": "source"}, "check 'a' of kind 'source' names no statement of the scope page"),
    ],
)
def test_row_that_cannot_be_compared_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        replace(row(), **change)
    assert str(caught.value) == sentence


def test_pull_and_edge() -> None:
    assert row(0.5).pull == pytest.approx(0.5)
    assert row(-2.0).pull == pytest.approx(2.0)
    quarter = Tolerance(atol=0.25, why="exact in binary", effect=1.0)
    edge = row(value=1.25, tolerance=quarter)
    assert edge.pull == 1.0 and edge.inside
    assert not row(value=1.2500001, tolerance=quarter).inside


def test_zero_width_accepts_only_the_number_itself() -> None:
    exact = Tolerance(why="exact", effect=1.0)
    assert row(value=1.0, tolerance=exact, kind="identity").pull == 0.0
    assert row(value=1.0 + 1e-15, tolerance=exact, kind="identity").pull == math.inf


def test_bound_counts_only_what_exceeds_it() -> None:
    assert row(-1000.0, relation="<=").pull == 0.0 == row(1000.0, relation=">=").pull
    assert row(0.9, relation="<=").inside and row(-0.9, relation=">=").inside
    assert row(1.1, relation="<=").pull == pytest.approx(1.1) == row(-1.1, relation=">=").pull


def test_about_is_a_factor_on_both_sides() -> None:
    factor_two = Tolerance(atol=math.log(2.0), why="a factor two; tells apart the next power of ten", effect=math.log(10.0))
    for value, inside in ((1.99, True), (0.51, True), (2.01, False), (0.49, False), (-1.0, False)):
        assert row(value=value, relation="~", tolerance=factor_two).inside is inside


def test_no_number_at_all_fails() -> None:
    missing = row(value=None)
    assert (missing.outcome(), missing.size) == ("fails", "no such number")


# --- what counts


def test_row_at_the_widest_tolerance_makes_nothing_hold_and_can_still_fail() -> None:
    widest = Tolerance(atol=0.5, why="as wide as it may be", effect=1.0)
    assert row(value=1.4, tolerance=widest).outcome() == "not a test"
    assert row(value=1.6, tolerance=widest).outcome() == "fails"
    assert row(value=1.4, tolerance=replace(widest, atol=0.49)).outcome() == "holds"


@pytest.mark.parametrize(("relation", "side"), [("<=", -1.0), (">=", 1.0)])
def test_inequality_met_by_more_than_the_effect_is_no_test(relation: str, side: float) -> None:
    assert row(value=1.0 + 0.99 * side, relation=relation).outcome() == "holds"
    assert row(value=1.0 + 1.01 * side, relation=relation).outcome() == "not a test"


def test_what_is_ours_never_counts() -> None:
    for pull in (0.0, 50.0):
        mine = row(pull, kind="ours")
        assert not mine.counted and mine.outcome() == ("agrees" if pull == 0.0 else "differs")
    assert talk([row(0.0), row(50.0, "b", kind="ours")]) == "holds"
    assert calculation([row(0.0, kind="identity"), row(50.0, "b", kind="ours")]) == "agrees"


def test_verdict_is_not_decided_by_a_row_that_cannot_fail() -> None:
    wide = row(-1000.0, relation="<=")
    with pytest.raises(ValueError, match=r"^a chapter without a row of the talk that can fail needs the reason"):
        talk([wide])
    assert talk([wide], "every inequality is met by a wide margin") == "not attempted"
    assert talk([wide, row(9.0, "b")]) == "fails"
    assert calculation([row(-1000.0, relation="<=", kind="published")]) == "not checked"


# --- outcomes of a row over what the talk does not print


@pytest.mark.parametrize(
    ("pulls", "outcome", "words"),
    [
        ((0.0, 0.5, 0.9), "holds", "all from 0.1 to 0.3"),
        ((0.0, 0.5, 3.0), "open", "≤ 0.2"),
        ((3.0, 0.5, 0.9), "open", "≥ 0.2"),
        ((3.0, 0.5, 3.0), "open", "0.2"),
        ((0.0, 3.0, 0.0, 0.0, 3.0), "open", "≤ 0.1, 0.3 to 0.4"),
        ((3.0, 4.0), "fails", "none"),
        ((3.0, math.nan), "fails", "none"),
    ],
)
def test_choices_decide(pulls: tuple[float, ...], outcome: str, words: str) -> None:
    found = choices(*pulls)
    assert found.outcome() == outcome
    assert found.value.named(found.fits) == words


def test_choices_as_words_are_counted_and_named() -> None:
    found = row(value=over(["a", "b", "c"], [1.0, 9.0, 1.0]), varies="the choice")
    assert found.outcome() == "open" and found.value.named(found.fits) == "2 of 3 choices (a; c)"
    many = row(value=over([f"c{n}" for n in range(9)], [1.0] * 8 + [9.0]), varies="the choice")
    assert many.value.named(many.fits) == "8 of 9 choices"


def test_best_choice_gives_the_size() -> None:
    found = choices(30.0, 20.0, 25.0, error=0.5)
    assert (found.best, found.size) == (pytest.approx(3.0), "4.0 σ")
    assert choices(30.0, 20.0).size == "3 times the reference"
    assert row(-20.0).size == "off by 2"


@pytest.mark.parametrize(
    ("labels", "values", "left"),
    [([], [], None), ([1.0], [1.0, 2.0], None), ([1.0, 2.0], [1.0, 2.0], [True]), ([2.0, 1.0], [1.0, 2.0], None)],
)
def test_choices_that_do_not_fit_are_refused(labels: list[float], values: list[float], left: list[bool] | None) -> None:
    with pytest.raises(ValueError, match=r"do not belong together$|do not rise"):
        over(labels, values, left)


# --- the two verdicts, branch by branch


def corrected(pull: float = 0.0, corrects: str = "bad", deviation: str = "D1", kind: str = "published") -> Check:
    return row(pull, f"{corrects}_corrected", kind, corrects=corrects, deviation=deviation)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (rows_of_talk(0.0, 0.9, -0.9), "holds"),
        ([row(0.0, kind="source")], "holds"),
        # what judges the calculation does not judge the talk
        ([*rows_of_talk(0.0), row(50.0, "p", "published"), row(50.0, "i", "independent")], "holds"),
        (rows_of_talk(*[0.0] * 99, 1.1), "fails"),
        ([row(50.0, "bad", deviation="D1"), corrected()], "holds after a correction"),
        ([row(50.0, "bad", deviation="D1"), corrected(kind="talk")], "holds after a correction"),
        ([*rows_of_talk(0.0), row(50.0, "bad", deviation="D1"), corrected()], "holds after a correction"),
        # a deviation without a corrected row, a corrected row outside, another row's, another deviation's
        ([row(50.0, "bad", deviation="D1")], "fails"),
        ([row(50.0, "bad"), corrected()], "fails"),
        ([row(50.0, "bad", deviation="D1"), corrected(1.1)], "fails"),
        ([row(50.0, "bad", deviation="D1"), row(0.0, "good"), corrected(corrects="good")], "fails"),
        ([row(50.0, "bad", deviation="D1"), corrected(deviation="D2")], "fails"),
        ([row(50.0, "bad", deviation="D1"), row(50.0, "worse", deviation="D1"), corrected()], "fails"),
        # a deviation on a row that agrees changes nothing
        ([row(0.0, "bad", deviation="D1")], "holds"),
        ([*rows_of_talk(0.0), choices(0.0, 9.0, key="c")], "open"),
        ([row(50.0, "bad", deviation="D1"), corrected(), choices(0.0, 9.0, key="c")], "open"),
        ([choices(0.0, 9.0, key="c"), choices(9.0, 9.0, key="d")], "fails"),
    ],
)
def test_verdict_on_the_talk(rows: list[Check], wanted: str) -> None:
    assert talk(rows) == wanted


@pytest.mark.parametrize(
    ("pulls", "wanted"),
    [
        ([0.0], "agrees"),
        ([0.0, 0.0, 5.0], "agrees but for"),
        ([0.0, 5.0], "disagrees"),
        ([5.0], "disagrees"),
        ([], "not checked"),
    ],
)
def test_verdict_on_the_calculation(pulls: list[float], wanted: str) -> None:
    rows = [row(pull, f"r{number}", ("published", "independent", "identity")[number % 3]) for number, pull in enumerate(pulls)]
    assert calculation([*rows, *rows_of_talk(9.0)]) == wanted


def test_nothing_attempted_needs_a_reason() -> None:
    for rows in ([], [row(0.0, kind="published")]):
        assert talk(rows, "the talk prints no number") == "not attempted"
        with pytest.raises(ValueError, match=r"needs the reason why nothing was attempted$"):
            talk(rows)


def test_verdicts_are_pure() -> None:
    rows = [*rows_of_talk(0.0, 0.0), row(50.0, "bad", deviation="D1"), corrected(), row(9.0, "p", "published")]
    before = copy.deepcopy(rows)
    assert {talk(list(rows)), talk(rows[::-1]), talk(tuple(rows))} == {"holds after a correction"}
    assert rows == before
    # neither words nor digits enter
    renamed = [replace(r, quantity="other", source="other", digits=9) for r in rows]
    assert talk(renamed) == talk(rows) and calculation(renamed) == calculation(rows)


def test_every_verdict_can_be_reached() -> None:
    cases = ([row()], [row(50.0, "bad", deviation="D1"), corrected()], [choices(0.0, 9.0)], [row(9.0)])
    assert (*(talk(rows) for rows in cases), talk([], "none")) == checks.OUTCOMES


# --- the table


def test_table_refuses_a_key_twice() -> None:
    table = CheckTable("x")
    table.add(row())
    with pytest.raises(ValueError, match=r"^check 'a' stands in the table already$"):
        table.add(row(kind="published"))
    assert len(table.rows) == 1


def test_identity_that_fails_raises() -> None:
    table = CheckTable("x")
    table.add(row(0.5, "good", "identity"))
    with pytest.raises(AssertionError, match=r"^identity 'bad' does not hold: 1\.2 against 1$"):
        table.add(row(2.0, "bad", "identity"))


def test_table_correcting_nothing_is_refused() -> None:
    table = CheckTable("x")
    table.add(row())
    table.add(row(key="b", corrects="typo", deviation="D1"))
    with pytest.raises(ValueError, match=r"^check 'b' corrects 'typo', which is not in the table$"):
        table.record()


def test_shown_table_carries_rows_and_verdicts() -> None:
    table = CheckTable("x", leaves_open=Table({"a": ""}, [["b"]], caption="Left open."))
    digit = Tolerance(rtol=0.01, why="third digit", effect=6e-7)
    rates = {"reference": 4.97e-6, "tolerance": digit}
    table.add(replace(row(), quantity="$x | y$", value=5.5e-6, cite="Talk25", deviation="D1", **rates))
    table.add(replace(row(key="b", kind="published"), value=4.97e-6, corrects="a", deviation="D1", **rates))
    bound = Tolerance(atol=0.001, why="printed", effect=0.02)
    table.add(replace(row(key="c"), reference=0.01, value=0.001, tolerance=bound, relation="<="))
    table.add(choices(0.0, 9.0, left=[False, True], key="d"))
    bundle = table._repr_mimebundle_()
    record = checks.parse(bundle)
    assert record is not None and record == json.loads(json.dumps(record)) == checks.parse({MIME: json.dumps(record)})
    assert (record["calculation"], record["talk"], record["open"]["caption"]) == ("agrees", "open", "Left open.")
    assert table.records() == record["rows"]
    # numbers are numbers
    assert [found["value"] for found in record["rows"]] == [5.5e-6, 4.97e-6, 0.001, 1.0]
    assert bundle["text/plain"].splitlines() == [
        "calculation: agrees (1 of 1 rows)",
        "the talk: open (1 hold, 1 after a correction, 1 open)",
        "talk a: 4.97e-06 | 5.5e-06 +- 5e-08 | holds after a correction (1.11 times the reference, D1)",
        "published b: 4.97e-06 | 4.97e-06 +- 5e-08 | agrees (corrected, D1)",
        "talk c: at most 0.01 | 0.001 +- 0.001 | holds",
        "talk d: 1 | 1 to 1.9 +- 0.1 | open (for |Q_Phi| ≤ 0.1, and the other limits leave none)",
    ]
    page = bundle["text/markdown"]
    assert "$x \\| y$" in page and "[D1](#d1)" in page and '<span id="row-x-a"></span>' in page
    assert "$4.97 \\times 10^{-6}$ (talk, {cite:t}`Talk25`)" in page and "| $1$ to $1.9$ |" in page
    assert checks.parse({"text/plain": "calculation: agrees"}) is None


# --- knobs


def declared(name: str) -> dict[str, Knob]:
    return knobs(chapters.parameters_source(nbformat.read(chapters.ROOT / chapters.path_of(name), as_version=4)))


def test_knob_with_unit_range_and_meaning() -> None:
    found = knobs("# a comment\n\nm_h1 = 2.0  # GeV, 0.4 to 4.3: mass of H1: the light one\nbr = 1e-5  # 0 to 1e-3: rate\n")
    assert found["m_h1"] == Knob("m_h1", 2.0, 0.4, 4.3, "GeV", text="mass of H1: the light one")
    assert found["br"] == Knob("br", 1e-5, 0.0, 1e-3, "", text="rate")


def test_knob_with_choices() -> None:
    found = knobs('form_factor = "HPQCD22"  # one of HPQCD22, BallZwicky: set for f_0')
    assert found["form_factor"].choices == ("HPQCD22", "BallZwicky")
    found["form_factor"].check("BallZwicky")
    for value in ("hpqcd22", "", 1.0, None, ["HPQCD22"]):
        with pytest.raises(ParameterError) as caught:
            found["form_factor"].check(value)
        assert str(caught.value) == f"form_factor = {value!r} is not one of HPQCD22, BallZwicky"


@pytest.mark.parametrize(
    "line", ["m = 2.0", "m = 2.0  # mass of H1", "m  # GeV, 0 to 1: mass", "m: float = 2  # 0 to 1: mass", "f(2)"]
)
def test_knob_without_comment_is_refused(line: str) -> None:
    with pytest.raises(ParameterError) as caught:
        knobs(line)
    assert str(caught.value) == f"a knob needs a comment 'unit, low to high: meaning': {line!r}"


@pytest.mark.parametrize("words", ["GeV", "GeV 0 to 1", "GeV, 0-1", "in GeV, 0 to 1", "any of a, b"])
def test_knob_without_range_is_refused(words: str) -> None:
    line = f"m = 0.5  # {words}: mass"
    with pytest.raises(ParameterError) as caught:
        knobs(line)
    assert str(caught.value) == f"a knob's range reads 'unit, low to high' or 'one of a, b': {line!r}"


def test_knob_whose_default_does_not_fit_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"^m = 2 GeV is outside its range \[0, 1\] GeV$"):
        knobs("m = 2.0  # GeV, 0 to 1: mass")


@pytest.mark.parametrize("default", ["2.0 * x", "x", "1.0 +", "f(2)"])
def test_knob_whose_default_is_computed_is_refused(default: str) -> None:
    line = f"m = {default}  # GeV, 0 to 1: mass"
    with pytest.raises(ParameterError) as caught:
        knobs(line)
    assert str(caught.value) == f"a knob's default is a plain number or word: {line!r}"


@pytest.mark.parametrize("value", [0.4, 4.3, 1, 2.0])
def test_knob_takes_numbers_in_its_range(value: float) -> None:
    Knob("m_h1", 2.0, 0.4, 4.3, "GeV").check(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.399, "0.399 GeV"),
        (9, "9 GeV"),
        (-1.0, "-1 GeV"),
        (math.nan, "nan GeV"),
        (math.inf, "inf GeV"),
        (True, "True"),
        (False, "False"),
        ("2.0", "'2.0'"),
        ("heavy", "'heavy'"),
        (None, "None"),
        ([1.0], "[1.0]"),
        (1 + 0j, "(1+0j)"),
    ],
)
def test_knob_refuses_with_one_sentence(value: Any, shown: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Knob("m_h1", 2.0, 0.4, 4.3, "GeV").check(value)
    assert str(caught.value) == f"m_h1 = {shown} is outside its range [0.4, 4.3] GeV"


def test_dimensionless_knob_names_no_unit() -> None:
    with pytest.raises(ParameterError, match=r"^q_phi = 7 is outside its range \[0\.05, 5\]$"):
        Knob("q_phi", 1.0, 0.05, 5.0).check(7)


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("m=2.5", ("m", 2.5)),
        ("m=1e-5", ("m", 1e-5)),
        ("m=-3", ("m", -3)),
        ("f=HPQCD22", ("f", "HPQCD22")),
        ("f='a b'", ("f", "a b")),
        ("m=", ("m", "")),
        ("m=inf", ("m", math.inf)),
        ("m=True", ("m", True)),
        ("m=a=b", ("m", "a=b")),
    ],
)
def test_argument_becomes_number_or_word(argument: str, wanted: tuple[str, Any]) -> None:
    assert parse_argument(argument) == wanted


def test_argument_nan_is_a_number() -> None:
    name, value = parse_argument("m=nan")
    assert name == "m" and math.isnan(value)


@pytest.mark.parametrize("argument", ["m", "m 2", "=2", "2m=3", "--m=3", ""])
def test_argument_of_another_form_is_refused(argument: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_argument(argument)
    assert str(caught.value) == f"{argument!r} is not of the form name=value"


def test_unknown_parameter_is_named_with_the_known_ones() -> None:
    known = ", ".join(declared("two_body"))
    with pytest.raises(ParameterError) as caught:
        chapters.check_knobs("two_body", {"br_targt": 1e-5})
    assert str(caught.value) == f"br_targt is not a parameter of chapter two_body; parameters: {known}"
    assert "br_target" in known


def test_unknown_chapter_is_named_with_the_known_ones() -> None:
    with pytest.raises(ParameterError) as caught:
        chapters.check_knobs("two_bodies", {})
    assert str(caught.value) == f"no chapter is called 'two_bodies'; chapters: {', '.join(chapters.names())}"


def test_chapter_starts_only_with_values_in_range(monkeypatch: pytest.MonkeyPatch) -> None:
    styled: list[bool] = []
    monkeypatch.setattr(figures, "use_style", lambda: styled.append(True))
    defaults = {knob.name: knob.default for knob in declared("two_body").values()}
    with pytest.raises(ParameterError, match=r"^m_h1 = nan GeV is outside its range \[0\.4, 4\.3\] GeV$"):
        chapters.start("two_body", defaults | {"m_h1": math.nan})
    assert not styled
    chapters.start("two_body", defaults)
    assert styled


def test_a_chapter_works_with_the_inputs_of_its_knob(monkeypatch: pytest.MonkeyPatch) -> None:
    knob = new_code_cell('input_set = "talk"  # one of talk, today: published limits', metadata={"tags": ["parameters"]})
    other = new_code_cell("m_h1 = 2.0  # GeV, 0.4 to 4.3: mass", metadata={"tags": ["parameters"]})
    found: dict[str, Any] = {"two_body": new_notebook(cells=[knob]), "muon_g2": new_notebook(cells=[other])}
    monkeypatch.setattr(chapters, "read", found.__getitem__)
    monkeypatch.setattr(figures, "use_style", lambda: None)
    monkeypatch.setattr(inputs, "_everywhere", inputs._everywhere)
    chapters.start("two_body", {"input_set": "today"})
    assert inputs.active() == ("today", ()) and inputs.value("bound.higgs_invisible", "1") == 0.107
    with pytest.raises(ParameterError, match=r"^input_set = 'tomorrow' is not one of talk, today$"):
        chapters.start("two_body", {"input_set": "tomorrow"})
    # another chapter of the same process does not inherit it
    chapters.start("muon_g2", {"m_h1": 2.0, "input_set": "today"})
    assert inputs.active() == ("talk", ())


def test_notebook_without_parameters_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"^the notebook has no cell tagged 'parameters'$"):
        chapters.parameters_source(new_notebook(cells=[new_markdown_cell("# T"), new_code_cell("x = 1")]))


@pytest.mark.parametrize("text", ["<<<<<<< HEAD\n{}\n", "", "[]", "{}"])
def test_file_that_is_no_notebook_is_named(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copyfile(chapters.ROOT / "_toc.yml", tmp_path / "_toc.yml")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    path = tmp_path / chapters.path_of("two_body")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ParameterError, match=r"^book/chapters/two_body\.ipynb is not a notebook: "):
        chapters.check_knobs("two_body", {})


# --- what the runner says


def failure(source: str, traceback: list[str], index: int = 4) -> SimpleNamespace:
    return SimpleNamespace(source=source, traceback=traceback, cell_index=index)


def test_error_sentence_names_chapter_cell_and_last_lines() -> None:
    lines = ["\x1b[31m" + "-" * 9 + "\x1b[0m", *(f"line {n}" for n in range(9)), "", "\x1b[0;31mValueError\x1b[0m: m is 3"]
    sentence = run._sentence("two_body", failure("\n  \nx = 1 / 0\ny = 2", lines))
    assert sentence.splitlines() == [
        "chapter two_body failed in cell 4 (x = 1 / 0)",
        "  line 4",
        "  line 5",
        "  line 6",
        "  line 7",
        "  line 8",
        "  ValueError: m is 3",
    ]
    assert "\x1b" not in sentence


def test_error_sentence_stays_short_and_survives_empty_cells() -> None:
    assert run._sentence("a", failure("x" * 200, ["E: y"], 0)).splitlines()[0] == f"chapter a failed in cell 0 ({'x' * 60})"
    assert run._sentence("a", failure("", ["E: y"])) == "chapter a failed in cell 4 ()\n  E: y"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["two_body", "m_h1=9"], "m_h1 = 9 GeV is outside its range [0.4, 4.3] GeV"),
        (["two_body", "m_h1"], "'m_h1' is not of the form name=value"),
        (["unicorn"], "no chapter is called 'unicorn'; chapters: "),
    ],
)
def test_runner_turns_errors_into_one_line(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["alone", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {sentence}") and captured.err.count("\n") == 1 and captured.out == ""


def test_check_record_is_found_and_its_absence_too() -> None:
    record = {"talk": "holds", "rows": []}
    shown = new_output("execute_result", data={MIME: record, "text/plain": "x"})
    assert run.check_record(new_notebook(cells=[new_code_cell("1"), new_code_cell("t", outputs=[shown])])) == record
    assert run.check_record(new_notebook(cells=[new_code_cell("1")])) is None


def test_citations_come_from_text_caption_and_checks() -> None:
    figure = new_code_cell("plot", metadata={"mystnb": {"figure": {"caption": "as {cite:p}`C1,C2`"}}})
    notebook = new_notebook(cells=[new_markdown_cell("see {cite:t}`A1` and {cite:p}`B1, A1`"), figure])
    assert run.citations(notebook, {"rows": [{"cite": "D1"}, {"cite": ""}]}) == ("A1", "B1", "C1", "C2", "D1")


def test_citation_without_entry_stops_the_chapter() -> None:
    with pytest.raises(run.ChapterError, match=r"^references\.bib has no entry Nobody99$"):
        run._bibtex(("Talk25", "Nobody99"))
    assert "@" in run._bibtex(("Talk25",))


# --- what the refresh prints


def printed(*texts: str, **data: str) -> nbformat.NotebookNode:
    cells = [new_code_cell("x", outputs=[new_output("stream", text=text)]) for text in texts]
    cells += [new_code_cell("x", outputs=[new_output("execute_result", data={"text/plain": text})]) for text in data.values()]
    return new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("a 1.00 b\n", "a 1.00 b\n", []),
        ("rate 4.97e-06 +- 0.1\n", "rate 5.02e-06 +- 0.1\n", ["cell 0: rate 5.02e-06 +- 0.1: 4.97e-06 -> 5.02e-06 (+1.01%)"]),
        ("same\nx = -2\n", "same\nx = -1\n", ["cell 0: x = -1: -2 -> -1 (-50.00%)"]),
        ("x 0 y 3\n", "x 1 y 4\n", ["cell 0: x 1 y 4: 0 -> 1, 3 -> 4 (+33.33%)"]),
        ("agrees\n", "off\n", ["cell 0: off: text was 'agrees'"]),
        ("one\n", "one\ntwo\n", ["cell 0: 1 lines became 2"]),
    ],
)
def test_moved_names_cell_numbers_and_change(old: str, new: str, wanted: list[str]) -> None:
    assert reference.moved(printed(old), printed(new)) == wanted


def test_moved_sees_tables_and_new_cells() -> None:
    assert reference.moved(printed(a="x: 1 | 2"), printed(a="x: 1 | 3")) == ["cell 0: x: 1 | 3: 2 -> 3 (+50.00%)"]
    assert reference.moved(printed("a\n"), printed("a\n", "b\n")) == ["cell 1: 0 lines became 1"]


def test_stored_copy_keeps_text_and_drops_pictures_and_noise() -> None:
    data = {"text/plain": "<Figure>", "image/svg+xml": "<svg/>", "image/png": "AA=="}
    metadata = {"tags": ["t"], "papermill": {"duration": 1.0}, "mystnb": {}}
    cell = new_code_cell("x", outputs=[new_output("display_data", data=data, metadata={"a": 1})], metadata=metadata)
    kept = reference.stored(new_notebook(cells=[cell], metadata={"papermill": {"output_path": "/tmp/x"}}))
    assert kept.cells[0].outputs[0].data == {"text/plain": "<Figure>"} and kept.cells[0].outputs[0].metadata == {}
    assert set(kept.cells[0].metadata) == {"tags", "mystnb"} and kept.cells[0].id == "cell-00"
    assert set(kept.metadata) == {"kernelspec", "language_info"}


# --- curves and the lock


def test_curves_are_written_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOOK_OUTPUT", raising=False)
    figures.save_curves("c", {"x [GeV]": [1.0, 2.0]})
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("BOOK_OUTPUT", str(tmp_path / "data"))
    figures.save_curves("c", {"x [GeV]": [1.0, 2.0], "y [1]": [0.5, math.nan]}, kappa=6.7e-6)
    assert (tmp_path / "data/c.csv").read_text() == "# kappa = 6.7e-06\nx [GeV],y [1]\n1,0.5\n2,nan\n"


def test_words_beside_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"name": ["light, narrow", "wide"], "x [1]": [1.0, 2.0]}
    monkeypatch.setenv("BOOK_OUTPUT", str(tmp_path))
    figures.save_curves("c", columns)
    assert (tmp_path / "c.csv").read_text() == 'name,x [1]\n"light, narrow",1\nwide,2\n'
    assert figures.digest(columns) == ["name: light, narrow, wide", "x [1]: 2 of 2: 1 2"]


def test_digest_holds_a_curve() -> None:
    curve = [float(x) for x in range(13)]
    assert figures.digest({"x [1]": curve}) == ["x [1]: 13 of 13: 0 2 4 6 8 10 12"]
    moved = figures.digest({"x [1]": [2.0 * x for x in curve], "y [1]": [math.nan, 1.0, math.inf]})
    assert moved == ["x [1]: 13 of 13: 0 4 8 12 16 20 24", "y [1]: 1 of 3: 1"]


@pytest.mark.parametrize("columns", [{"x": [1.0], "y": [1.0, 2.0]}, {"x": 1.0}, {"x": [[1.0]]}])
def test_curves_of_different_length_are_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^the columns of c\.csv differ in length: "):
        figures.save_curves("c", columns)


LockCall = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def locked(tmp_path: Path) -> LockCall:
    def call(*command: str) -> subprocess.Popen[str]:
        argv = [sys.executable, lock.__file__, str(tmp_path / "build/.lock"), *command]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return call


def test_lock_hands_the_exit_code_on(locked: LockCall) -> None:
    with locked(sys.executable, "-c", "raise SystemExit(7)") as process:
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 7


def test_second_holder_says_that_it_waits(locked: LockCall) -> None:
    with locked(sys.executable, "-c", "print('in', flush=True); input()") as first:
        assert first.stdout is not None and first.stdout.readline() == "in\n"
        with locked(sys.executable, "-c", "print('second')") as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "another build runs in this clone; waiting for it to finish\n"
            assert second.poll() is None
            first.communicate("\n", timeout=60)
            assert second.communicate(timeout=60)[0] == "second\n"


def test_lock_outlives_its_holder_while_the_command_runs(locked: LockCall) -> None:
    """Kill -9 hits only the holder; what it started still writes, so nobody else may."""
    with locked(sys.executable, "-c", "print('in', flush=True); input()") as first:
        assert first.stdout is not None and first.stdout.readline() == "in\n"
        first.kill()
        first.wait(timeout=60)
        with locked(sys.executable, "-c", "print('second')") as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "another build runs in this clone; waiting for it to finish\n"
            assert first.stdin is not None
            first.stdin.write("\n")
            first.stdin.flush()
            assert second.communicate(timeout=60)[0] == "second\n"


def test_what_a_cell_prints_in_several_breaths_is_joined() -> None:
    def stream(name: str, text: str) -> Any:
        return new_output("stream", name=name, text=text)

    figure = new_output("display_data", data={"text/plain": "figure"})
    cell = new_code_cell("1")
    cell.outputs = [stream("stdout", "a\n"), stream("stdout", "b\n"), stream("stderr", "c"), figure, stream("stdout", "d")]
    notebook = run.join_streams(new_notebook(cells=[new_markdown_cell("text"), cell]))
    assert [output.get("text", "figure") for output in notebook.cells[1].outputs] == ["a\nb\n", "c", "figure", "d"]
