"""Every row of every check table, as nbval holds it, is a check of its own; what is called allowed is what every limit allows."""

import ast
import json
import math
import re
from pathlib import Path

import nbformat
import pytest

from bookkit import chapters
from bookkit.checks import KINDS

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = json.loads((ROOT / "book/_static/verdicts.json").read_text(encoding="utf-8"))
MARKS = {"source": "talk", "ours": "regression"}
# what is open is explained by the parameter that the talk does not print
EXPLAINED = ("holds", "agrees", "not a test", "open")


def params() -> list[object]:
    return [*_params()]


def _params():
    for kind in KINDS:
        mark = getattr(pytest.mark, MARKS.get(kind, kind))
        for chapter in CHAPTERS:
            rows = (row for row in chapter["rows"] if row["kind"] == kind)
            yield from (pytest.param(row, id=f"{chapter['name']}-{row['key']}", marks=mark) for row in rows)


@pytest.mark.parametrize("row", params())
def test_row_agrees_is_open_or_has_a_deviation(row):
    """A row agrees, is open, or has a deviation that explains the difference; the printed numbers give the same outcome."""
    if row["outcome"] not in EXPLAINED:
        assert row["deviation"], (
            f"{row['quantity']}: {row['value']} against {row['reference']}; argue for it on the deviations page"
        )
    if row["value"] is None:
        assert not row["inside"]
        return
    value, reference, width = (row[key] for key in ("value", "reference", "tolerance"))
    # the printed numbers have a few digits
    slack = 0.05 * width + 0.5 * 10.0 ** (1 - row["digits"]) * max(abs(value), abs(reference))
    distances = {
        "=": lambda: abs(value - reference),
        "<=": lambda: value - reference,
        ">=": lambda: reference - value,
        "~": lambda: abs(math.log(value / reference)) if value > 0.0 else math.inf,
    }
    distance = distances[row["relation"]]()
    assert (distance <= width + slack) if row["inside"] else (distance >= width - slack)


@pytest.mark.house
def test_deviations_are_those_that_rows_speak_of():
    told = {row["deviation"] for chapter in CHAPTERS for row in chapter["rows"]} - {""}
    page = (ROOT / "book/deviations.md").read_text(encoding="utf-8")
    assert {name for name in told if f"({name.lower()})=" not in page} == set()


# Chapters that say "allow" of one limit, which is their subject, or of a coupling
SINGLE = {
    "higgs_invisible": "the limit on invisible Higgs decays itself",
    "two_body": "draws each limit on the mixing as a curve of its own",
    "z_plane": "each limit on the plane of the new boson by name",
    "trident": "the limit of neutrino tridents itself",
    "n_eff": "the limit on extra radiation itself",
    "solar": "the limit of solar neutrinos itself",
    "cmb": "the limit of the microwave background itself",
    "neff_dark_matter": "the limit on the number of neutrinos itself",
    "direct_detection": "direct searches at the mixing that other limits allow",
    "rival_light_vector": "a vector whose couplings the table of limits does not know",
    "rival_fermion_portal": "a fermion as dark matter, which the table of limits does not know",
    "score_board": "every explanation by its own row of limits",
}
JUDGES = ("verdict", "relic_windows", "upper_edge")


def judged(code: str) -> tuple[bool, list[str]]:
    """Whether a chapter asks the whole table, and what it decides by some rows of it alone."""
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    whole = [call for call in calls if call.func.attr in JUDGES]
    faults = [ast.unparse(call) for call in whole if any(word.arg == "which" for word in call.keywords)]
    faults += [ast.unparse(call) for call in whole if call.func.attr == "verdict" and len(call.args) > 1]

    def few(node: ast.AST) -> bool:
        """Some rows, from a call of constraints.table with names."""
        found = [call for call in calls if call.func.attr == "table" and ast.unparse(call.func.value) == "constraints"]
        some = [call for call in found if len(call.args) > 1 or any(word.arg == "which" for word in call.keywords)]
        return any(part in some for part in ast.walk(node))

    rows = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and few(node.value)
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "allowed":
            names = {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}
            if few(node.value) or names & rows:
                faults.append(ast.unparse(node))
    return bool(whole), faults


@pytest.mark.house
@pytest.mark.parametrize("name", chapters.names())
def test_allowed_means_allowed_by_every_limit(name):
    cells = nbformat.read(chapters.ROOT / chapters.path_of(name), as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    whole, faults = judged(code)
    assert faults == []
    lead = next(cell.source for cell in cells if cell.cell_type == "markdown")
    says = re.search(r"\ballow(s|ed)?\b", code + lead) is not None
    assert whole or not says or name in SINGLE, f"{name} calls something allowed; ask constraints.verdict, or say here why not"
    assert not (whole and name in SINGLE), f"{name} asks every limit by now, and has to go from the list"


@pytest.mark.house
def test_chapters_of_one_limit_exist_and_have_reasons():
    assert SINGLE.keys() <= set(chapters.names()) and all(len(reason.split()) > 3 for reason in SINGLE.values())


@pytest.mark.house
@pytest.mark.parametrize(
    ("code", "whole", "faults"),
    [
        ("good = constraints.verdict(point, without=['relic density']).allowed", True, 0),
        ("found = scan.relic_windows(point, m_x)\nleft = found.allowed == 1.0", True, 0),
        ("good = constraints.verdict(point, ['Higgs', 'K*0']).allowed", True, 1),
        ("found = scan.relic_windows(point, m_x, which=['Higgs'])", True, 1),
        ("good = constraints.table(point, ['Higgs'])[0].allowed", False, 1),
        ("higgs, kstar = constraints.table(point, ['Higgs', 'K*0'])\nleft = higgs.allowed & kstar.allowed", False, 2),
        ("ratio = [row.value / row.limit for row in constraints.table(point, ['Higgs'])]", False, 0),
    ],
)
def test_verdict_from_some_limits_only_is_found(code, whole, faults):
    found = judged(code)
    assert (found[0], len(found[1])) == (whole, faults)
