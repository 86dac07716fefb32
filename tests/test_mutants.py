"""The mutation tool itself."""

import ast
import compileall
import json
import shutil
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests.mutants import ROOT, Broken, Module, Mutant, accepted, automatic, modules, named
from tests.mutants.__main__ import COMMON, EXTRA, TIMEOUT, Outcome, Worker, files_for, summary, trial

pytestmark = pytest.mark.house
PACKAGE = ROOT / "lib" / "darkhiggs"


@lru_cache
def statements(text: bytes) -> list[tuple[int, int]]:
    """First and last line of the statements of a module, of a class or a function as a whole."""
    return [
        (min(part.lineno for part in (node, *getattr(node, "decorator_list", []))), node.end_lineno or 0)
        for node in ast.parse(text).body
    ]


def test_every_edit_changes_one_line_and_still_parses(tmp_path: Path) -> None:
    mutants = automatic(PACKAGE)[0] + named(PACKAGE)
    copy = shutil.copytree(PACKAGE, tmp_path / "darkhiggs")
    for mutant in mutants:
        before = (copy / mutant.file).read_bytes()
        mutant.apply(copy)
        after = (copy / mutant.file).read_bytes()
        (copy / mutant.file).write_bytes(before)
        old, new = before.split(b"\n"), after.split(b"\n")
        assert [i for i, (a, b) in enumerate(zip(old, new, strict=True), start=1) if a != b] == [mutant.line], mutant
        if mutant.file.endswith(".py"):
            first, last = next(pair for pair in statements(before) if pair[0] <= mutant.line <= pair[1])
            ast.parse(b"\n".join(new[first - 1 : last]))


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
    assert set(unnamed(PACKAGE, mutants)) <= {"__init__", "errors", "rivals/__init__"}


def unnamed(package: Path, mutants: list[Mutant]) -> list[str]:
    """Modules without a named mutant."""
    return sorted({module.file.removesuffix(".py") for module in modules(package)} - {mutant.module for mutant in mutants})


def test_modules_in_folders_are_seen(tmp_path: Path) -> None:
    package = tmp_path / "darkhiggs"
    (package / "rivals/data").mkdir(parents=True)
    (package / "rivals/alp.py").write_text(TOY)
    (package / "rivals/data/alp.toml").write_text("[m_a]\nvalue = 1.0\n")
    mutants = automatic(package)[0]
    assert {(mutant.file, mutant.where, mutant.module) for mutant in mutants} == {
        ("rivals/alp.py", "rivals.alp.area", "rivals/alp")
    }
    assert unnamed(package, []) == ["rivals/alp"]
    table = tmp_path / "named.toml"
    table.write_text(
        '[[mutant]]\nfile = "rivals/alp.py"\ndescription = "d"\nold = "scale * b"\nnew = "b"\n'
        '[[mutant]]\nfile = "rivals/data/alp.toml"\ndescription = "d"\nold = "1.0"\nnew = "2.0"\n'
    )
    assert unnamed(package, named(package, table)) == []
    with pytest.raises(Broken, match=r"rivals/alp is mapped to tests/rivals/test_alp\.py, "):
        files_for("rivals/alp", tmp_path)
    (tmp_path / "tests/rivals").mkdir(parents=True)
    for name in ("rivals/test_alp", *(f"test_{common}" for common in COMMON)):
        (tmp_path / f"tests/{name}.py").write_text("")
    assert files_for("rivals/alp", tmp_path)[0] == "tests/rivals/test_alp.py"
    assert not [name for name in files_for("rivals/data/alp", tmp_path) if "alp" in name]


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


def test_survivors_are_mutants_and_have_reasons() -> None:
    reasons = accepted()
    assert all(len(reason.split()) >= 5 for reason in reasons.values())
    assert reasons.keys() <= {mutant.label for mutant in automatic(PACKAGE)[0] + named(PACKAGE)}


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


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as started:
        yield started


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A library with one module and its compiled code, and two tests."""
    package = tmp_path / "lib" / "darkhiggs"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "toy.py").write_text(TOY)
    compileall.compile_dir(package, quiet=1)
    (tmp_path / "test_toy.py").write_text(
        "import pytest\nfrom darkhiggs import toy\n"
        "@pytest.mark.regression\ndef test_stored():\n    assert toy.area(2.0, 3.0) == 6.0\n"
        "@pytest.mark.identity\ndef test_symmetry():\n    assert toy.area(2.0, 3.0) == toy.area(3.0, 2.0)\n"
    )
    return tmp_path


def replaced(old: str, new: str) -> Mutant:
    start = TOY.index(old)
    line = TOY.count("\n", 0, start) + 1
    return Mutant("toy.py", "toy.area", line, f"{old!r} -> {new!r}", start, start + len(old), new.encode())


def test_real_error_is_found_and_harmless_edit_survives(toy: Path, worker: Worker) -> None:
    test, lib = toy / "test_toy.py", toy / "lib"
    killer = next(mutant for mutant in automatic(lib / "darkhiggs")[0] if mutant.shown == "'scale * b' -> 'scale / b'")
    outcome = trial(worker, lib, killer, [str(test)])
    assert outcome.kind == "identity" and outcome.killer.endswith("::test_symmetry")
    harmless = replaced("1.0 *", "1.00 *")
    assert trial(worker, lib, harmless, [str(test)]).kind == ""
    # a test that gets the library from elsewhere ends the run, whether it passes or not
    test.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'lib')!r})\nfrom darkhiggs import muon\ndef test(): assert False\n"
    )
    with pytest.raises(Broken, match="not from the mutant"):
        trial(worker, lib, harmless, [str(test)])


def test_mutant_that_hangs_or_crashes_counts_as_found(toy: Path, worker: Worker) -> None:
    """The alarm also ends C code that never returns to the interpreter, and the worker goes on."""
    tests = [str(toy / "test_toy.py")]
    for loop in ("while True: pass", "sum(iter(int, 1))"):
        assert trial(worker, toy / "lib", replaced("scale = 1.0 * a", loop), tests, timeout=3.0).kind == "timeout"
    outcome = trial(worker, toy / "lib", replaced("scale = 1.0 * a", "import os; os.abort()"), tests)
    assert (outcome.killer, outcome.kind) == ("signal 6", "crash")
    assert trial(worker, toy / "lib", replaced("def area", "def area("), tests).kind == "import"
    assert trial(worker, toy / "lib", None, tests).kind == ""


def test_test_that_takes_far_longer_than_without_a_mutant_hangs(toy: Path, worker: Worker, tmp_path: Path) -> None:
    tests, record = [str(toy / "test_toy.py")], [tmp_path / "record.json"]
    assert trial(worker, toy / "lib", None, tests, record=record).kind == ""
    assert json.loads(record[0].read_text())
    slow = replaced("scale = 1.0 * a", "while True: pass")
    outcome = trial(worker, toy / "lib", slow, tests, record=record)
    assert outcome.kind == "timeout" and outcome.seconds < 0.5 * TIMEOUT


def test_worker_that_has_ended_is_named(toy: Path) -> None:
    with Worker() as gone:
        gone.kill()
        gone.wait()
        with pytest.raises(Broken, match="a worker has ended"):
            trial(gone, toy / "lib", None, [])


def test_tests_that_run_the_edited_code_come_first(toy: Path, worker: Worker) -> None:
    """The record lists a cached function under every test; it sets the order of the tests."""
    lib, order, record = toy / "lib", toy / "order", [toy / "record.json"]
    cached = "\n\nfrom functools import lru_cache\n@lru_cache\ndef unit() -> float:\n    return 1.0\n"
    (lib / "darkhiggs/toy.py").write_text(TOY + cached)
    test = toy / "test_order.py"
    bodies = {
        "identity_elsewhere": "pass",
        "identity_slow": "toy.unit()\n    while time.process_time() < began + 0.3: pass",
        "regression_unit": "toy.unit()",
        "talk_unit": "toy.unit()",
        "identity_unit": "toy.unit()",
    }
    head = f"import pytest, time\nfrom darkhiggs import toy\nbegan = time.process_time()\ndef note(name):\n    with open({str(order)!r}, 'a') as f: print(name, file=f)\n"
    test.write_text(
        head
        + "".join(
            f"@pytest.mark.{name.split('_')[0]}\ndef test_{name}():\n    {body}\n    note({name!r})\n"
            for name, body in bodies.items()
        )
    )
    assert trial(worker, lib, None, [str(test)], record=record).kind == ""
    start = (TOY + cached).rindex("1.0")
    mutant = Mutant("toy.py", "toy.unit", (TOY + cached).count("\n", 0, start) + 1, "", start, start + 3, b"1.00")
    order.unlink()
    assert trial(worker, lib, mutant, [str(test)], record=record).kind == ""
    assert order.read_text().split() == ["identity_unit", "talk_unit", "identity_slow", "identity_elsewhere", "regression_unit"]
    # only a mutant that lives for a listed reason does without the tests that do not enter the function
    order.unlink()
    assert trial(worker, lib, mutant, [str(test)], record=record, lives=True).kind == ""
    assert order.read_text().split() == ["identity_unit", "talk_unit", "identity_slow", "regression_unit"]


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
