"""The mutation tool itself."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests.mutants import ROOT, Broken, Module, Mutant, accepted, automatic, named
from tests.mutants.__main__ import EXTRA, Outcome, files_for, summary, trial

pytestmark = pytest.mark.house
PACKAGE = ROOT / "lib" / "darkhiggs"


def test_every_edit_changes_one_line_and_still_parses(tmp_path: Path) -> None:
    mutants = automatic(PACKAGE)[0] + named(PACKAGE)
    copy = shutil.copytree(PACKAGE, tmp_path / "darkhiggs")
    for mutant in mutants:
        before = (copy / mutant.file).read_bytes()
        mutant.apply(copy)
        after = (copy / mutant.file).read_bytes()
        (copy / mutant.file).write_bytes(before)
        pairs = list(zip(before.split(b"\n"), after.split(b"\n"), strict=True))
        assert [i for i, (a, b) in enumerate(pairs, start=1) if a != b] == [mutant.line], mutant
        if mutant.file.endswith(".py"):
            ast.parse(after)


def test_labels_are_unique() -> None:
    labels = [mutant.label for mutant in automatic(PACKAGE)[0] + named(PACKAGE)]
    assert len(labels) == len(set(labels))


def test_every_function_has_a_mutant_or_a_reason() -> None:
    mutants, without, skipped = automatic(PACKAGE)
    assert not without
    seen = {mutant.where for mutant in mutants} | {name for name, _ in skipped}
    for path in PACKAGE.rglob("*.py"):
        module = Module(path, path.relative_to(PACKAGE).as_posix())
        assert {name for name, _ in module.functions()} <= seen
        assert len(list(module.functions())) == sum(isinstance(n, ast.FunctionDef) for n in ast.walk(module.tree))
    assert {"br_b_to_k_scalar", "br_k_to_pi_scalar", "v_phi", "leptons"} <= {m.where.split(".")[-1] for m in mutants}


def test_named_mutants_are_many_and_everywhere() -> None:
    mutants = named(PACKAGE)
    assert len(mutants) >= 25
    without = {path.stem for path in PACKAGE.glob("*.py")} - {mutant.where.split(".")[0] for mutant in mutants}
    assert without <= {"__init__", "errors"}


def test_named_mutant_that_fits_nowhere_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "named.toml"
    table.write_text('[[mutant]]\nfile = "muon.py"\ndescription = "d"\nold = "unicorn"\nnew = "x"\n')
    with pytest.raises(Broken, match=r"'unicorn' occurs 0 times in muon\.py, not once"):
        named(PACKAGE, table)


def test_mapped_tests_exist() -> None:
    for mutant in automatic(PACKAGE)[0] + named(PACKAGE):
        assert files_for(mutant.module)
    known = {path.relative_to(PACKAGE).as_posix().rsplit(".", 1)[0] for path in PACKAGE.rglob("*.*")}
    assert set(EXTRA) <= known


def test_survivors_have_reasons() -> None:
    assert all(len(reason.split()) >= 5 for reason in accepted().values())


TOY = '''"""Toy."""


def area(a: float, b: float) -> float:
    """a * b"""
    if a < 0.0:
        raise ValueError(f"{a * b}")
    scale = 1.0 * a
    return scale * b
'''


def test_edits_leave_messages_and_docstrings_alone(tmp_path: Path) -> None:
    path = tmp_path / "toy.py"
    path.write_text(TOY)
    module = Module(path, "toy.py")
    assert {edit.line for edit in module.edits(dict(module.functions())["toy.area"])} == {8, 9}


def test_planted_mutant_dies_and_harmless_one_lives(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "darkhiggs"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "toy.py").write_text(TOY)
    test = tmp_path / "test_toy.py"
    test.write_text(
        "import pytest\nfrom darkhiggs import toy\n"
        "@pytest.mark.regression\ndef test_stored():\n    assert toy.area(2.0, 3.0) == 6.0\n"
        "@pytest.mark.identity\ndef test_symmetry():\n    assert toy.area(2.0, 3.0) == toy.area(3.0, 2.0)\n"
    )
    killer = next(mutant for mutant in automatic(package)[0] if mutant.shown == "'scale * b' -> 'scale / b'")
    outcome = trial(tmp_path / "lib", killer, [str(test)])
    assert outcome.kind == "identity" and outcome.killer.endswith("::test_symmetry")
    start = TOY.index("1.0 *")
    harmless = Mutant("toy.py", "toy.area", 8, "'1.0' -> '1.00'", start, start + 3, b"1.00")
    assert trial(tmp_path / "lib", harmless, [str(test)]).kind == ""
    # a test that gets the library from elsewhere ends the run, whether it passes or not
    test.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'lib')!r})\nfrom darkhiggs import muon\ndef test(): assert False\n"
    )
    with pytest.raises(Broken, match="not from the mutant"):
        trial(tmp_path / "lib", harmless, [str(test)])


def test_summary_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    mutants = [Mutant("a.py", "a.f", 1, f"'{i}' -> 'x'", 0, 1, b"x") for i in range(40)]
    dead = [Outcome(mutant, "test", "identity") for mutant in mutants[1:]]
    assert summary([*dead, Outcome(mutants[0])], {mutants[0].label: "no effect"}, [], True) == 0
    assert summary([*dead, Outcome(mutants[0])], {}, [], True) == 1
    assert summary(dead, {mutants[1].label: "no effect"}, [], True) == 1
    assert summary(dead, {"gone": "no effect"}, [], True) == 1
    assert summary(dead, {}, ["a.g"], True) == 1
    assert summary([Outcome(mutant, "test", "regression") for mutant in mutants], {}, [], True) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "mutants: 40 of 40 killed (100.0 %), 0 % by checks that are not snapshots"
