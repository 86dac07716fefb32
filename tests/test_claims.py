"""What the chapters claim: the files in book/claims, the tables they make, and the statements of the talk they decide."""

import copy
import math
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bookkit import chapters, checks, claims, generate
from bookkit.chapters import ROOT
from bookkit.claims import ClaimError, ClaimTable, over
from darkhiggs import inputs

pytestmark = pytest.mark.house

ROW = """
[a]
statement = "S08"
kind = "talk"
reference = 2.0
source = "slide 1"
quantity = "x"
atol = 0.1
effect = 1
why = "printed"
"""


def table(tmp_path: Path, text: str, classes: str = "", **variables: Any) -> ClaimTable:
    folder = tmp_path / "claims"
    folder.mkdir(exist_ok=True)
    (folder / "chapter.toml").write_text(text, encoding="utf-8")
    (folder / "tolerances.toml").write_text(classes, encoding="utf-8")
    return ClaimTable("chapter", variables, folder=folder)


# --- a chapter and its claims


def test_claim_without_a_value_fails(tmp_path: Path) -> None:
    found = table(tmp_path, ROW + ROW.replace("[a]", "[b]"))
    found["b"] = 2.0
    with pytest.raises(ClaimError, match=r"^chapter chapter gives no value for a; write table\['a'\] = \.\.\.$"):
        found.record()
    found["a"] = 2.05
    # shown in the order of the file
    assert [row["key"] for row in found.record()["rows"]] == ["a", "b"]


def test_value_without_a_claim_fails(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match=r"^chapter\.toml has no row 'c'; rows: a$"):
        table(tmp_path, ROW)["c"] = 2.0


def test_row_with_nan_as_value_fails(tmp_path: Path) -> None:
    found = table(tmp_path, ROW)
    found["a"] = math.nan
    (row,) = found.record()["rows"]
    assert (row["value"], row["outcome"], row["size"]) == (None, "fails", "no such number")


def test_value_given_twice_fails(tmp_path: Path) -> None:
    found = table(tmp_path, ROW)
    found["a"] = 2.0
    with pytest.raises(ValueError, match=r"^check 'a' stands in the table already$"):
        found["a"] = 2.1


@pytest.mark.parametrize("kind", ["talk", "source"])
def test_row_of_the_talk_without_a_statement_fails(kind: str, tmp_path: Path) -> None:
    text = ROW.replace('statement = "S08"\n', "").replace('"talk"', f'"{kind}"')
    with pytest.raises(ValueError, match=rf"^check 'a' of kind '{kind}' names no statement of the scope page$"):
        table(tmp_path, text)["a"] = 2.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ROW.replace("why", "reason"), "row 'a' has the unknown field 'reason'"),
        (ROW.replace("effect = 1\n", ""), "row 'a' has no 'effect'"),
        (ROW.replace("reference = 2.0\n", ""), "row 'a' has no 'reference'"),
        (ROW.replace('quantity = "x"\n', ""), "row 'a' has no 'quantity'"),
        (ROW.replace("atol = 0.1", 'like = "digit"'), "row 'a' is like 'digit', which is not in tolerances.toml"),
        ("a = 1\n", "'a' is no row"),
        ('["x@{i}"]\neach = { i = ["1", "1"] }' + ROW.partition("[a]")[2], "row 'x1' stands there twice"),
        ("[a\n", "chapter.toml is not TOML"),
    ],
)
def test_incomplete_claim_fails(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ClaimError) as caught:
        table(tmp_path, text)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match=r"^there is no file unicorn\.toml in claims/; it holds the rows of the check table$"):
        claims.table("unicorn", {})


@pytest.mark.parametrize(
    ("field", "variables", "sentence"),
    [
        ('atol = "@{width}"', {}, "row 'a' of chapter.toml takes 'width', which is no number or word of the chapter"),
        ('atol = "@{width}"', {"width": [1.0, 2.0]}, "takes 'width', which is no number or word"),
        (
            'atol = "half of it"',
            {},
            "atol = 'half of it' of row 'a' in chapter.toml is no number, name of an input, '@{name}' or '0.5 @{name}'",
        ),
        ('atol = 0.1\ncode = "nobody:nothing"', {}, "independent.json has no number 'nobody:nothing' for row 'a'"),
    ],
)
def test_claim_with_an_unknown_reference_or_tolerance_fails(
    field: str, variables: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    found = table(tmp_path, ROW.replace("atol = 0.1", field), **variables)
    with pytest.raises(ClaimError) as caught:
        found["a"] = 2.0
    assert sentence in str(caught.value)


def test_claim_takes_numbers_and_words_of_the_chapter(tmp_path: Path) -> None:
    text = ROW.replace('quantity = "x"', "quantity = 'at @{m} GeV, @{name}'").replace("atol = 0.1", 'atol = "0.5 @{width}"')
    text = text.replace("reference = 2.0", 'reference = "@{wanted}"\nerror = "0.25 @{reference}"')
    found = table(tmp_path, text, m=0.3 - 0.1, name="A", width=0.4, wanted=4.0)
    found["a"] = 6.0
    (row,) = found.rows
    assert (row.quantity, row.width, row.reference, row.size) == ("at 0.2 GeV, A", 0.2, 4.0, "2.0 σ")


def test_entry_with_lists_becomes_several_rows(tmp_path: Path) -> None:
    text = ROW.replace("[a]", '["f(@{q})"]\neach = { q = ["0", "12"], i = ["0", "1"] }').replace('"x"', "'$f(@{q})$'")
    text = text.replace("reference = 2.0", 'reference = "HPQCD22.points"\nindex = "@{i}"')
    found = table(tmp_path, text)
    points = inputs.get("HPQCD22.points")
    found["f(0)"], found["f(12)"] = points.value[0], points.value[1]
    assert [row.quantity for row in found.rows] == ["$f(0)$", "$f(12)$"]
    assert [row.reference for row in found.rows] == [*points.value[:2]]
    assert [row.error for row in found.rows] == [*points.uncertainty[:2]]


def test_entry_takes_the_values_of_all_its_rows(tmp_path: Path) -> None:
    heads = '["@{x}"]\neach = { x = ["a", "b"] }', '["c@{x}"]\neach = { x = ["1", "2"] }'
    text = "".join(ROW.replace("[a]", head) for head in heads)
    found = table(tmp_path, text)
    found["@{x}"] = {"A": 2.0, "B": 2.05}.values()
    found["c@{x}"] = np.asarray(1.95)
    assert {row.key: row.value for row in found.rows} == {"a": 2.0, "b": 2.05, "c1": 1.95, "c2": 1.95}
    with pytest.raises(ClaimError, match=r"^chapter\.toml unfolds '@\{x\}' into 2 rows, and there are 3 values$"):
        found["@{x}"] = [1.0, 2.0, 3.0]


def test_reference_may_be_an_error_or_in_another_unit(tmp_path: Path) -> None:
    text = ROW.replace("reference = 2.0", 'reference = "m_B+"\nunit = "MeV"\nindex = 0').replace("index = 0\n", "")
    found = table(
        tmp_path, text + ROW.replace("[a]", "[b]").replace("2.0", '"talk.br_np"\nof = "error"').replace("0.1", "1e-7")
    )
    found["a"], found["b"] = 5279.406, 0.7e-5
    assert found.rows[0].reference == pytest.approx(5279.406) and found.rows[1].reference == pytest.approx(0.7e-5)
    assert found.rows[0].cite == inputs.get("m_B+").cite


def test_row_takes_the_fields_of_its_class(tmp_path: Path) -> None:
    classes = '["digit"]\natol = 0.25\neffect = 4\nwhy = "one digit"\n'
    text = ROW.replace("atol = 0.1\neffect = 1\n", 'like = "digit"\n').replace('why = "printed"\n', "")
    found = table(tmp_path, text, classes)
    found["a"] = 2.2
    assert (found.rows[0].width, found.rows[0].tolerance.effect, found.rows[0].tolerance.why) == (0.25, 4.0, "one digit")
    # what the row says itself goes first
    assert table(tmp_path, text + "atol = 0.5\n", classes).claims["a"]["atol"] == 0.5


def test_effect_may_be_an_input(tmp_path: Path) -> None:
    found = table(tmp_path, ROW.replace("effect = 1\n", 'effect = "m_B+"\n'))
    found["a"] = 2.0
    assert found.rows[0].tolerance.effect == inputs.get("m_B+").value


def test_number_of_an_independent_code_comes_with_its_version(tmp_path: Path) -> None:
    text = ROW.replace("reference = 2.0", 'code = "hazma:kappa(m_t)"').replace("atol = 0.1", "rtol = 0.01")
    found = table(tmp_path, text.replace('source = "slide 1"\n', ""))
    found["a"] = 6.63e-6
    assert found.rows[0].inside and found.rows[0].source.startswith("hazma ")


def test_row_that_varies_takes_choices_only(tmp_path: Path) -> None:
    found = table(tmp_path, ROW + "varies = '|Q|'\n")
    with pytest.raises(ValueError, match=r"^check 'a' has varies = '\|Q\|', which does not fit its value of type float$"):
        found["a"] = 2.0
    found["a"] = over([1.0, 2.0], [2.0, 3.0])
    assert found.record()["rows"][0]["holds_for"] == "≤ 1"


# --- the files of the book


FILES = {path.stem for path in claims.CLAIMS.glob("*.toml")} - {"statements", "tolerances"}


def test_every_chapter_has_claims_and_every_file_a_chapter() -> None:
    assert set(chapters.names()) == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_claims_can_be_read(name: str) -> None:
    reason, rows = claims.read(name)
    assert rows and all(row["kind"] in checks.KINDS for row in rows.values())
    assert not reason or not any(row["kind"] in ("talk", "source") for row in rows.values())


def test_every_class_of_tolerance_is_shared() -> None:
    used = [row["like"] for name in FILES for row in claims.read(name)[1].values() if "like" in row]
    classes = tomllib.loads((claims.CLAIMS / "tolerances.toml").read_text(encoding="utf-8"))
    assert {name for name in classes if used.count(name) < 2} == set()


def test_published_numbers_are_read_from_the_data() -> None:
    """What the talk or a paper prints is read from the data; only limits, counts and definitions are typed."""
    typed = {
        (name, key): row["reference"]
        for name in FILES
        for key, row in claims.read(name)[1].items()
        if not isinstance(row.get("reference", ""), str) and row["kind"] in ("talk", "source", "published")
    }
    assert {where: number for where, number in typed.items() if float(number) != int(number)} == {}


# --- statements of the talk


def test_every_statement_has_an_outcome() -> None:
    outcomes = generate.statement_outcomes(generate.records(ROOT))
    assert len(outcomes) == 145
    words = {*checks.OUTCOMES, checks.UNTESTED, "out", "drawn", "used"}
    assert {outcome for outcome, _ in outcomes.values()} <= words


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the claims, to tamper with."""
    copied = tmp_path / "claims"
    shutil.copytree(claims.CLAIMS, copied)
    monkeypatch.setattr(claims.statements, "__defaults__", (copied,))
    return copied


def tamper(folder: Path, old: str, new: str) -> None:
    path = folder / "statements.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# the first picture that is drawn again, which `tamper` meets first
FIRST, DRAWN = re.search(
    r'id = "(S\d+)"[^\n]*?(, drawn = "\w+")', (claims.CLAIMS / "statements.toml").read_text(encoding="utf-8")
).groups()  # type: ignore[union-attr]


def test_statement_without_row_or_state_fails(folder: Path) -> None:
    tamper(folder, DRAWN, "")
    with pytest.raises(
        ValueError, match=rf"^statement {FIRST} has no row in the claims of any chapter, and is not said to be without$"
    ):
        generate.statement_outcomes(generate.records(ROOT))


def test_row_with_an_unknown_statement_fails() -> None:
    found = copy.deepcopy(generate.records(ROOT))
    found[0]["rows"][0]["statements"] += ["S999"]
    with pytest.raises(ValueError, match=r"^the claims speak of S999, which statements\.toml does not have$"):
        generate.statement_outcomes(found)


def test_statement_out_of_scope_with_rows_fails() -> None:
    found = copy.deepcopy(generate.records(ROOT))
    found[0]["rows"][0]["statements"] = ["S01"]
    with pytest.raises(ValueError, match=r"^statement S01 is said to be out, and chapter excess has rows of it$"):
        generate.statement_outcomes(found)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('id = "S02"', 'id = "S03"', "statements.toml: S03 stands there twice"),
        (DRAWN, f"{DRAWN}, out = 'x'", f"statements.toml: {FIRST} has more than one of out, drawn"),
        (DRAWN, ", later = true", f"statements.toml: {FIRST} has the unknown field 'later'"),
    ],
)
def test_malformed_statement_fails(old: str, new: str, sentence: str, folder: Path) -> None:
    tamper(folder, old, new)
    with pytest.raises(ClaimError) as caught:
        claims.statements(folder)
    assert str(caught.value).startswith(sentence)


def combined(*rows: dict[str, Any]) -> str:
    plain = {"counted": True, "corrects": "", "kind": "talk"}
    return generate._combined([({}, {**plain, **row}) for row in rows])


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([{"outcome": "holds"}, {"outcome": "open"}], "open"),
        ([{"outcome": "open"}, {"outcome": "fails"}], "fails"),
        ([{"outcome": "agrees", "kind": "identity"}], "holds"),
        ([{"outcome": "differs", "kind": "independent"}], "fails"),
        ([{"outcome": "holds"}, {"outcome": "differs", "kind": "ours"}], "holds"),
        ([{"outcome": "holds after a correction"}, {"outcome": "agrees", "kind": "published", "corrects": "a"}], "holds after a correction"),
        ([{"outcome": "not a test", "counted": False}], "not a test"),
    ],
)  # fmt: skip
def test_outcome_of_a_statement_is_that_of_its_worst_row(rows: list[dict[str, Any]], outcome: str) -> None:
    assert combined(*rows) == outcome
