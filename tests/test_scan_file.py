"""Scan files, the points that follow from them, the parts on disk, and the profile of rows."""

import hashlib
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.stats import qmc

from bookkit.chapters import ROOT
from darkhiggs import _scan_file, _scan_run
from darkhiggs._scan_file import Parameter, Plan
from darkhiggs._scan_run import Axis, Outcome, Stopped
from darkhiggs.errors import ParameterError

GOOD = """
evaluate = "cheap:bowl"
inputs = "today"
chunk = 100

[points]
kind = "sobol"
n = 250
seed = 7

[parameters]
m_h1 = { low = 0.1, high = 10.0, prior = "log", unit = "GeV" }
m_x = { low = 0.0, high = 2.0, unit = "GeV" }
sin_theta = { low = 0.0, high = 0.3, prior = "normal", mean = 0.1, sigma = 0.1 }
q_x = { value = 0.7 }
"""


def bowl(points: dict[str, Any], *, inputs: str | None = None, hubble: bool = False) -> dict[str, Any]:
    x, y = points["m_h1"], points["m_x"]
    first, second = (x - 2.0) ** 2, 3.0 * (y - 0.5) ** 2
    return {"first": first, "second": second, "chi2": first + second, "reason": np.where(y > 1.9, 4, 0).astype(np.int8)}


def thorny(points: dict[str, Any], **options: Any) -> dict[str, Any]:
    if np.any(points["m_x"] > 1.5):
        raise ZeroDivisionError("m_x is too large\nfor this")
    return bowl(points)


def holed(points: dict[str, Any], **options: Any) -> dict[str, Any]:
    found = bowl(points)
    return found | {"reason": np.where(found["first"] < 1.0, 4, 0), "gap": np.full(len(found["chi2"]), np.nan)}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions under a name that a scan file can give."""
    module = ModuleType("cheap")
    for function in (bowl, thorny, holed):
        setattr(module, function.__name__, function)
    vars(module).update(
        bare=lambda points, **options: {"first": points["m_x"]},
        short=lambda points, **options: {"chi2": points["m_x"][:1]},
        full=lambda points, **options: (_ for _ in ()).throw(MemoryError("no memory")),
        moody=lambda points, **options: {"chi2": points["m_x"]} | ({"late": points["m_x"]} if points["m_x"][0] > 1.0 else {}),
        number=3,
    )
    monkeypatch.setitem(sys.modules, "cheap", module)
    # the fit, whether it is there or not
    monkeypatch.setitem(sys.modules, "darkhiggs.fit", SimpleNamespace(evaluate=bowl))


def plan_from(folder: Path, text: str = GOOD) -> Plan:
    (folder / "scan.toml").write_text(text)
    return _scan_file.read_plan(folder / "scan.toml")


# --- the scan file


@pytest.mark.house
def test_scan_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    plan = plan_from(tmp_path)
    assert (plan.kind, plan.n, plan.chunk, plan.seed, plan.inputs, plan.hubble) == ("sobol", 250, 100, 7, "today", False)
    assert [one.name for one in plan.free] == ["m_h1", "m_x", "sin_theta"] and plan.parts == 3
    assert [plan.name(part) for part in (0, 2)] == ["part-00000.parquet", "part-00002.parquet"]
    assert _scan_file.plan_of(plan.record()) == plan
    short = plan_from(tmp_path, '[points]\nkind = "sobol"\nn = 9\n[parameters]\nm_x = {low = 0.1, high = 1.0}')
    assert (short.evaluate, short.inputs, short.chunk, short.seed) == ("darkhiggs.fit:evaluate", "talk", 8192, 1)
    many = plan_from(tmp_path, '[points]\nkind = "sobol"\nn = 1000000000\n[parameters]\nm_x = {low = 0.1, high = 1.0}')
    assert (many.chunk, many.parts) == (131072, 7630)


@pytest.mark.house
def test_scan_file_of_the_readme_is_read(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Scan a million points")[2]
    plan = plan_from(tmp_path, section.partition("```toml\n")[2].partition("```")[0])
    assert (plan.n, plan.inputs, len(plan.free)) == (1_000_000, "today", 7)


# What is put in the place of what, and the sentence.
BAD = [
    ("[points]", "[points", "is not TOML: Expected ']' at the end of a table declaration (at line 6, column 8)"),
    ("chunk = 100", "chunks = 100", "the file has no entry 'chunks'; did you mean 'chunk'?"),
    ("chunk = 100", "chunk = 0", "chunk = 0 is outside its range [1, 10000000]"),
    ("chunk = 100", "hubble = 1", "hubble = 1 is neither true nor false"),
    ('"today"', '"tomorrow"', "inputs = 'tomorrow' is not one of belle2, pdg2026, talk, today"),
    ('"cheap:bowl"', '"cheap.bowl"', "evaluate = 'cheap.bowl' is not of the form package.module:function"),
    ('"cheap:bowl"', '"dear:bowl"', "evaluate = 'dear:bowl' cannot be imported: No module named 'dear'"),
    ('"cheap:bowl"', '"cheap:bow"', "evaluate = 'cheap:bow': the module has no bow"),
    ('"cheap:bowl"', '"cheap:number"', "evaluate = 'cheap:number' is not a function"),
    ("[points]", "[point]", "the file has no entry 'point'; did you mean 'points'?"),
    ('"sobol"', '"random"', "points.kind = 'random' is not one of sobol, grid, file"),
    ('"sobol"', '"grid"', "[points] of kind grid has no entry 'n'; known: kind"),
    ("n = 250", "", "[points] lacks n, the number of points"),
    ("n = 250", "n = 2.5e2", "points.n = 250.0 is not a whole number"),
    ("n = 250", "n = 5000000000", "points.n = 5000000000 is outside its range [1, 4294967296]"),
    ("seed = 7", "seed = -7", "points.seed = -7 is outside its range [0, 4294967295]"),
    ("[parameters]", "[parameters.more]", "parameters.more has no entry 'm_h1'; known: high, low, mean, prior, sigma, steps, unit, value"),
    ("q_x = { value = 0.7 }", "q_x = 0.7", "parameters.q_x = 0.7 is not a table such as { value = 0.1 }"),
    ("q_x", '"q x"', "'q x' is not the name of a parameter"),
    ("value = 0.7", "value = 0.7, low = 0.1", "parameters.q_x has a value and also low; give either a value or a range"),
    ("value = 0.7", 'value = "0.7"', "parameters.q_x.value = '0.7' is not a number"),
    ("value = 0.7", "value = nan", "parameters.q_x.value = nan is outside its range [-inf, inf]"),
    ("value = 0.7", "low = 0.7", "parameters.q_x lacks high; give low and high, or a value"),
    ("low = 0.1, high = 10.0", "low = 10.0, high = 0.1", "parameters.m_h1: low = 10 is not below high = 0.1"),
    ("low = 0.1, high = 10.0", "low = 0.0, high = 10.0", "parameters.m_h1: low = 0 is not positive, as a prior in the logarithm needs"),
    ('prior = "log"', 'prior = "lin"', "parameters.m_h1.prior = 'lin' is not one of linear, log, normal"),
    ('10.0, prior = "log", unit = "GeV"', '10.0, unit = "MeV"', "parameters.m_h1.unit = 'MeV' is not GeV, the unit of m_h1"),
    ("high = 2.0,", "high = 2.0, steps = 3,", "parameters.m_x has steps, which only a grid takes"),
    ("high = 2.0,", "high = 2.0, mean = 1.0,", "parameters.m_x has mean, which only a normal prior takes"),
    (", sigma = 0.1", "", "parameters.sin_theta lacks sigma"),
    ("sigma = 0.1", "sigma = 0.0", "parameters.sin_theta: sigma = 0 is not positive"),
    ("mean = 0.1", "mean = 9.1", "parameters.sin_theta: less than 1e-06 of the normal prior lies between low and high"),
    ("low = 0.0, high = 2.0", "lower = 0.0, high = 2.0", "parameters.m_x has no entry 'lower'; did you mean 'low'?"),
    ('evaluate = "cheap:bowl"', "", "m_x = 0 GeV is outside its range [1e-12, 10000] GeV"),
    ('evaluate = "cheap:bowl"\n', "", "m_x = 0 GeV is outside its range [1e-12, 10000] GeV"),
]  # fmt: skip


@pytest.mark.house
@pytest.mark.parametrize(("old", "new", "sentence"), BAD)
def test_bad_scan_file_is_refused_in_one_sentence(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(ParameterError) as caught:
        plan_from(tmp_path, GOOD.replace(old, new, 1))
    assert str(caught.value).removeprefix("scan.toml: ").removeprefix("scan.toml ") == sentence


@pytest.mark.house
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the section [points] is missing"),
        ("points = 3", "points = 3 is not a section [points]"),
        ('[points]\nkind = "sobol"\nn = 3\n[parameters]', "[parameters] names no parameter"),
        ('[points]\nkind = "sobol"\nn = 3\n[parameters]\nq_x = {value = 1.0}', "no parameter has a range"),
        ('[points]\nkind = "sobol"\nn = 3\n[parameters]\nm_z = {value = 1.0}', "[parameters] has no entry 'm_z'; did you mean 'm_zp'?"),
        ('[points]\nkind = "sobol"\nn = 3\n[parameters]\nq_phi = {value = 0.0}\nm_x = {low = 0.1, high = 1.0}', "q_phi = 0 is outside its range: the charge of Phi gives the Z' its mass"),
        ('[points]\nkind = "grid"\n[parameters]\nm_x = {low = 0.1, high = 1.0}', "parameters.m_x lacks steps, the number of its values on the grid"),
        ('[points]\nkind = "grid"\n[parameters]\nm_x = {low = 0.1, high = 1.0, steps = 99999}\nm_h1 = {low = 0.1, high = 1.0, steps = 99999}', "the grid has 1e+10 points, more than 4294967296"),
        ('[points]\nkind = "file"\nfile = "points.txt"\n[parameters]', "points.file = 'points.txt' is not the name of a .csv or .parquet file"),
        ('[points]\nkind = "file"\nfile = "none.csv"\n[parameters]', "points.file = 'none.csv' cannot be read: No such file or directory"),
        ('[points]\nkind = "file"\nfile = "text.csv"\n[parameters]', "text.csv: column 'm_h1' does not hold numbers"),
        ('[points]\nkind = "file"\nfile = "hole.csv"\n[parameters]', "hole.csv: column 'm_h1' has no finite number in row 2"),
        ('[points]\nkind = "file"\nfile = "empty.csv"\n[parameters]', "empty.csv has no rows"),
        ('[points]\nkind = "file"\nfile = "bad.parquet"\n[parameters]', "bad.parquet is not a table: Could not open Parquet input source '<Buffer>': Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file."),
        ('[points]\nkind = "file"\nfile = "good.csv"\ncolumns = ["m_zp"]\n[parameters]', "good.csv has no column 'm_zp'; it has m_h1, m_x"),
        ('[points]\nkind = "file"\nfile = "good.csv"\n[parameters]\nm_x = {value = 1.0}', "m_x is a column of good.csv and has a value in [parameters]"),
        ('[points]\nkind = "file"\nfile = "good.csv"\n[parameters]\nm_zp = {low = 1.0, high = 2.0}', "parameters.m_zp has no value; with points from a file the others are fixed"),
    ],
)  # fmt: skip
def test_bad_scan_file_from_scratch(text: str, sentence: str, tmp_path: Path) -> None:
    for name, content in {
        "text.csv": "m_h1,m_x\n1.0,2.0\nlarge,3.0\n",
        "hole.csv": "m_h1,m_x\n1.0,2.0\nnan,3.0\n",
        "empty.csv": "m_h1,m_x\n",
        "good.csv": "m_h1,m_x\n1.0,2.0\n3,3.0\n",
        "bad.parquet": "PAR1 and no more of it",
    }.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ParameterError) as caught:
        plan_from(tmp_path, text)
    assert str(caught.value) == f"scan.toml: {sentence}"


@pytest.mark.house
def test_scan_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"there is no file \S+/none\.toml"):
        _scan_file.read_plan(tmp_path / "none.toml")
    (tmp_path / "scan.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ParameterError, match=r"^scan\.toml is not a text in UTF-8$"):
        _scan_file.read_plan(tmp_path / "scan.toml")


# --- the points


SHARES = np.linspace(0.0, 1.0, 11)


@pytest.mark.identity
def test_priors_against_their_distributions() -> None:
    """Values at given shares are the quantiles of the distribution, cut at the ends."""
    cut = stats.truncnorm((0.0 - 1.0) / 0.5, (4.0 - 1.0) / 0.5, 1.0, 0.5)
    for parameter, wanted in (
        (Parameter("a", "linear", 1.0, 3.0), stats.uniform(1.0, 2.0).ppf(SHARES)),
        (Parameter("a", "log", 0.01, 100.0), stats.loguniform(0.01, 100.0).ppf(SHARES)),
        (Parameter("a", "normal", 0.0, 4.0, 1.0, 0.5), cut.ppf(SHARES)),
    ):
        found = parameter.at(SHARES)
        assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
        assert found[0] == parameter.low and found[-1] == parameter.high
        assert_allclose(parameter.share(found), SHARES, rtol=1e-9, atol=1e-12)
        assert_array_equal(parameter.share(np.array([parameter.low, parameter.high])), [0.0, 1.0])
    far = Parameter("a", "normal", 4.0, 6.0, 0.0, 1.0)
    assert_allclose(far.at(SHARES), stats.truncnorm(4.0, 6.0).ppf(SHARES), rtol=1e-9)
    assert_allclose(far.share(far.at(SHARES)), SHARES, rtol=1e-9)
    assert_array_equal(Parameter("a", "fixed", 0.7).at(SHARES), 0.7)


@pytest.mark.identity
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
def test_parts_together_are_the_sobol_sequence(order: tuple[int, ...], tmp_path: Path) -> None:
    plan = plan_from(tmp_path)
    parts = {part: plan.points(part) for part in order}
    assert_array_equal(np.concatenate([parts[part][0] for part in range(3)]), np.arange(250))
    sequence = qmc.Sobol(3, scramble=True, rng=7, bits=32).random(256)[:250]
    for name, column in zip(("m_h1", "m_x", "sin_theta"), sequence.T, strict=True):
        parameter = next(one for one in plan.parameters if one.name == name)
        assert_array_equal(np.concatenate([parts[part][1][name] for part in range(3)]), parameter.at(column))
    assert_array_equal(parts[2][1]["q_x"], np.full(50, 0.7))


@pytest.mark.identity
def test_grid_runs_through_the_last_parameter_first(tmp_path: Path) -> None:
    plan = plan_from(
        tmp_path,
        'evaluate = "cheap:bowl"\nchunk = 4\n[points]\nkind = "grid"\n[parameters]\na = {low = 1.0, high = 4.0, steps = 2}\n'
        "b = {low = 2.0, high = 4.0, steps = 1}\nc = {low = 0.01, high = 1.0, steps = 3, prior = 'log'}",
    )
    parts = [plan.points(part) for part in (0, 1)]
    index = np.concatenate([part[0] for part in parts])
    points = np.concatenate([np.stack([*part[1].values()], axis=1) for part in parts])
    assert_array_equal(index, np.arange(6))
    assert_allclose(points, [[a, 3.0, c] for a in (1.0, 4.0) for c in (0.01, 0.1, 1.0)], rtol=1e-14)


@pytest.mark.identity
@pytest.mark.parametrize("end", ["csv", "parquet"])
def test_points_from_a_file(end: str, tmp_path: Path) -> None:
    mass = np.linspace(0.1, 1.0, 7)
    table = pa.table({"m_h1": mass, "note": ["x"] * 7, "m_x": np.arange(7)}).select(["m_h1", "m_x"])
    pa.csv.write_csv(table, tmp_path / "p.csv") if end == "csv" else pq.write_table(table, tmp_path / "p.parquet")
    text = (
        f'evaluate = "cheap:bowl"\nchunk = 3\n[points]\nkind = "file"\nfile = "p.{end}"\n[parameters]\nq_x = {{ value = 2.0 }}'
    )
    plan = plan_from(tmp_path, text)
    parts = [plan.points(part)[1] for part in range(3)]
    assert_array_equal(np.concatenate([part["m_h1"] for part in parts]), mass)
    assert_array_equal(np.concatenate([part["m_x"] for part in parts]), np.arange(7.0))
    assert_array_equal(parts[2]["q_x"], [2.0])
    assert plan.record()["file"] == f"p.{end}" and str(tmp_path) not in str(plan.record())
    (tmp_path / f"p.{end}").write_bytes((tmp_path / f"p.{end}").read_bytes() + b"\n")
    _scan_file._table.cache_clear()
    with pytest.raises(ParameterError, match=rf"p\.{end} has changed since the scan was begun"):
        plan.points(0)


# --- rows


@pytest.mark.identity
def test_long_part_is_evaluated_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_from(tmp_path, GOOD.replace("bowl", "thorny"))
    columns = _scan_file.trial(plan)
    wanted, said = _scan_file.table_of(plan, 0, columns)
    monkeypatch.setattr(_scan_file, "_BATCH", 32)
    found, again = _scan_file.table_of(plan, 0, columns)
    assert again == said
    for name, values in wanted.items():
        assert_array_equal(found[name], values)


@pytest.mark.identity
def test_point_that_raises_leaves_the_others_alone(tmp_path: Path) -> None:
    plan = plan_from(tmp_path, GOOD.replace("bowl", "thorny"))
    points = plan.points(0)[1]
    made, raised = _scan_file.evaluated(plan, points)
    bad = points["m_x"] > 1.5
    assert_array_equal(made["reason"], np.where(bad, _scan_file.RAISED, 0))
    assert made["reason"].dtype == np.int8 and len(raised) == bad.sum() > 0
    assert set(raised) == {"ZeroDivisionError: m_x is too large"}
    assert_array_equal(made["chi2"], np.where(bad, np.nan, bowl(points)["chi2"]))
    assert list(made) == ["first", "second", "chi2", "reason"]


@pytest.mark.house
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bare", "cheap:bare returned no column chi2"),
        ("short", "cheap:short returned chi2 of shape (1,) for 8 points"),
        ("moody", "cheap:moody returned the columns chi2, late, and chi2, reason before"),
    ],
)
def test_function_that_returns_something_else(name: str, sentence: str, tmp_path: Path) -> None:
    plan = plan_from(tmp_path, GOOD.replace("bowl", name))
    with pytest.raises(ParameterError) as caught:
        _scan_file.trial(plan)
        low, high = np.full(3, 0.5), np.full(3, 1.5)
        for mass in (low, high):
            _scan_file.evaluated(plan, {"m_x": mass}, ("chi2", "reason"))
    assert str(caught.value) == sentence


@pytest.mark.house
def test_function_that_raises_everywhere_is_told_before_the_scan(tmp_path: Path) -> None:
    plan = plan_from(tmp_path, GOOD.replace("bowl", "thorny").replace("low = 0.0, high = 2.0", "low = 1.6, high = 2.0"))
    with pytest.raises(
        ParameterError, match=r"^cheap:thorny raises at each of the first 8 points: ZeroDivisionError: m_x is too"
    ):
        _scan_file.trial(plan)


@pytest.mark.house
def test_lack_of_memory_is_no_property_of_a_point(tmp_path: Path) -> None:
    with pytest.raises(MemoryError):
        _scan_file.trial(plan_from(tmp_path, GOOD.replace("bowl", "full")))


@pytest.mark.identity
def test_every_wrong_byte_of_a_part_is_found(tmp_path: Path) -> None:
    plan = plan_from(tmp_path)
    columns = _scan_file.trial(plan)
    table, _ = _scan_file.table_of(plan, 2, columns)
    content = _scan_file.encoded(table, "mark", 2)
    path = tmp_path / "part"
    path.write_bytes(content)
    found = _scan_file.whole(path, "mark", 2, 50)
    assert found is not None and found[1] == content
    assert all(_scan_file.encoded(one, "mark", 2) == content for one in (table, found[0]))
    assert [*found[0]] == ["index", "m_h1", "m_x", "sin_theta", "q_x", *columns]
    for mark, part, rows in (("other", 2, 50), ("mark", 1, 50), ("mark", 2, 51)):
        assert _scan_file.whole(path, mark, part, rows) is None
    rng = np.random.default_rng(1)
    for place in [*range(4), *rng.integers(0, len(content), 60), *range(len(content) - 8, len(content))]:
        path.write_bytes(content[:place] + bytes([content[place] ^ (1 << rng.integers(8))]) + content[place + 1 :])
        assert _scan_file.whole(path, "mark", 2, 50) is None, place
    for length in (0, 3, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert _scan_file.whole(path, "mark", 2, 50) is None
    path.unlink()
    assert _scan_file.whole(path, "mark", 2, 50) is None


@pytest.mark.house
def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_from(tmp_path)
    (tmp_path / "rows").mkdir()
    arguments = (plan, 0, str(tmp_path), "mark", _scan_file.trial(plan), _scan_file.library_digest())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_scan_file.os, "fsync", full)
        outcome = _scan_run.make_part(*arguments)
    where = f"{tmp_path.name}/rows/part-00000.parquet"
    assert (outcome.state, outcome.said) == ("disk", f"cannot write {where}: No space left on device")
    assert list((tmp_path / "rows").iterdir()) == []
    made, kept = _scan_run.make_part(*arguments), _scan_run.make_part(*arguments)
    assert (made.state, kept.state) == ("made", "kept") and vars(made) | {"state": ""} == vars(kept) | {"state": ""}
    assert made.digest == hashlib.sha256((tmp_path / "rows/part-00000.parquet").read_bytes()).hexdigest()
    points = plan.points(0)[1]
    chi2 = np.where(points["m_x"] > 1.9, np.inf, bowl(points)["chi2"])
    assert made.best["index"] == np.argmin(chi2) and made.best["chi2"] == chi2.min()
    assert made.reasons == {0: int(np.isfinite(chi2).sum()), 4: int(np.isinf(chi2).sum())} and made.rows == 100


@pytest.mark.house
def test_worker_of_another_library_or_another_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_from(tmp_path)
    monkeypatch.setattr(_scan_run.time, "sleep", lambda _: None)
    for library, said in (
        ("other", "has another version of the library"),
        (_scan_file.library_digest(), "does not see the folder /none"),
    ):
        outcome = _scan_run.make_part(plan, 0, "/none", "mark", ("chi2",), library)
        assert outcome.state == "refused" and outcome.said.endswith(said)


# --- a scan whose tasks run here


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> dict[int, Exception]:
    """Run tasks in this process, without Dask; parts that are to fail, with the error."""
    failing: dict[int, Exception] = {}

    def completed(client: Any, call: Any, tasks: Any, *arguments: Any) -> Any:
        for task in tasks:
            yield task, failing[task] if isinstance(task, int) and task in failing else call(task, *arguments)

    monkeypatch.setattr(_scan_run, "_client", lambda *_: nullcontext())
    monkeypatch.setattr(_scan_run, "_completed", completed)
    monkeypatch.setattr(_scan_file, "identity", lambda plan: {"scan": plan.record(), "versions": {"numpy": "2"}})
    return failing


def scan(folder: Path, again: bool = False, text: str = GOOD) -> dict[str, Any]:
    (folder / "scan.toml").write_text(text)
    with (folder / "log").open("w") as log:
        return _scan_run.run(folder / "scan.toml", folder / "out", again, stream=log)


@pytest.mark.house
def test_scan_is_not_begun_twice_and_goes_on_only_with_itself(tmp_path: Path, here: dict[int, Exception]) -> None:
    with pytest.raises(Stopped, match=r"there is no scan in \S+/out to go on with; begin one with `run`"):
        scan(tmp_path, again=True)
    first = scan(tmp_path)
    assert first["rows"] == 250 and first["complete"] and len(first["parts"]) == 3
    assert [*first["columns"]] == ["index", "m_h1", "m_x", "sin_theta", "q_x", "first", "second", "chi2", "reason"]
    with pytest.raises(Stopped, match=r"out holds a scan: go on with `resume`, or choose another folder with --out$"):
        scan(tmp_path)
    assert scan(tmp_path, again=True) == first
    assert scan(tmp_path, again=True, text=f"# a remark\n{GOOD}") == first
    with pytest.raises(Stopped, match=r"holds another scan, whose rows would differ: scan\.seed was 7 and is 8$"):
        scan(tmp_path, again=True, text=GOOD.replace("seed = 7", "seed = 8"))
    with pytest.raises(Stopped, match=r"would differ: scan\.parameters\[1\]\.high was 2\.0 and is 3\.0$"):
        scan(tmp_path, again=True, text=GOOD.replace("high = 2.0", "high = 3.0"))
    (tmp_path / "out/rows/other.parquet").write_text("")
    with pytest.raises(Stopped, match=r"out/rows holds other\.parquet, which is no part of this scan$"):
        scan(tmp_path, again=True)


@pytest.mark.house
def test_part_that_fails_is_told_and_the_others_are_made(tmp_path: Path, here: dict[int, Exception]) -> None:
    here[1] = RuntimeError("the worker died\nthree times")
    wanted = r"^1 of 3 parts are missing, part-00001\.parquet because of RuntimeError: the worker died; 2 of 3 parts are done, and `resume` "
    with pytest.raises(Stopped, match=wanted):
        scan(tmp_path)
    here.clear()
    assert scan(tmp_path, again=True)["complete"]


@pytest.mark.house
def test_manifest_has_no_time_and_no_path(tmp_path: Path, here: dict[int, Exception]) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = scan(tmp_path / "one"), scan(tmp_path / "two")
    assert one == two and str(tmp_path) not in str(one)
    assert (tmp_path / "one/out/manifest.json").read_bytes() == (tmp_path / "two/out/manifest.json").read_bytes()


@pytest.mark.house
def test_point_that_raises_is_told_once(tmp_path: Path, here: dict[int, Exception]) -> None:
    record = scan(tmp_path, text=GOOD.replace("bowl", "thorny"))
    assert record["reasons"].keys() == {"0", "127"}
    log = (tmp_path / "log").read_text()
    assert (
        log.count("a point of part-00000.parquet has no chi2 because of ZeroDivisionError: m_x is too large")
        == log.count("because")
        == 1
    )
    assert "3 of 3 parts" in log


# --- Dask, in the place of which stands something that runs tasks in the order in which a cluster may end them


class Future:
    """A task that has ended."""

    def __init__(self, key: int, status: str, ending: Any) -> None:
        self.key, self.status, self.ending = key, status, ending

    def result(self) -> Any:
        return self.ending

    exception = result


class Client:
    """Runs a task when it is given; a task may end badly."""

    def __init__(self, *arguments: Any, lost: int | None = None, **options: Any) -> None:
        self.arguments, self.options, self.lost, self.count, self.most = arguments, options, lost, 0, 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.count = -1

    def map(self, function: Any, tasks: list[Any], pure: bool, **options: Any) -> list[Future]:
        found = []
        for task in tasks:
            self.count += 1
            if task == self.lost:
                found.append(Future(self.count, "cancelled", None))
            elif task == 13:
                found.append(Future(self.count, "error", ValueError("unlucky")))
            else:
                found.append(Future(self.count, "finished", function(task, **options)))
        return found


class Completed(list[Future]):
    """Futures as they end, here the last first."""

    def add(self, future: Future) -> None:
        self.append(future)

    def __iter__(self) -> Any:
        while self:
            yield self.pop()


@pytest.fixture
def distributed(monkeypatch: pytest.MonkeyPatch) -> Any:
    dask = pytest.importorskip("dask.distributed")
    monkeypatch.setattr(dask, "as_completed", Completed)
    monkeypatch.setattr(dask, "Client", Client)
    monkeypatch.setattr(dask, "LocalCluster", Client)
    return dask


@pytest.mark.identity
def test_every_task_ends_once(distributed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scan_run, "_AHEAD", 4)
    ended = dict(_scan_run._completed(Client(), lambda task, more: task**2 + more, range(20), 5))
    assert isinstance(ended.pop(13), ValueError)
    assert ended == {task: task**2 + 5 for task in range(20) if task != 13}
    assert list(_scan_run._completed(Client(), abs, [])) == []
    with pytest.raises(Stopped, match="the scheduler has gone"):
        list(_scan_run._completed(Client(lost=7), abs, range(20)))


@pytest.mark.identity
def test_cluster_is_started_unless_an_address_is_given(distributed: Any) -> None:
    with _scan_run._client(None, 3) as client:
        assert client.arguments[0].options["n_workers"] == 3
        assert client.count == 0
    assert client.count == client.arguments[0].count == -1
    for address, name in (("tcp://here:1", "address"), ("cluster.json", "scheduler_file")):
        with _scan_run._client(address, None) as client:
            assert client.arguments == () and client.options[name] == address


@pytest.mark.house
def test_scheduler_that_does_not_answer(distributed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OSError("Timed out\nafter 20 s")

    monkeypatch.setattr(distributed, "Client", refuse)
    with (
        pytest.raises(Stopped, match=r"^no scheduler answers at tcp://here:1: Timed out$"),
        _scan_run._client("tcp://here:1", None),
    ):
        pass


@pytest.mark.identity
def test_identity_is_that_of_the_rows(tmp_path: Path) -> None:
    plan = plan_from(tmp_path)
    first = _scan_file.identity(plan)
    assert first["scan"] == plan.record() and first["versions"]["numpy"] == np.__version__
    (tmp_path / "own_bowl.py").write_text("def evaluate(points, **options): return points\n")
    sys.path.insert(0, str(tmp_path))
    try:
        own = _scan_file.identity(plan_from(tmp_path, GOOD.replace("cheap:bowl", "own_bowl:evaluate")))
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("own_bowl")
    assert own["evaluate"] == hashlib.sha256((tmp_path / "own_bowl.py").read_bytes()).hexdigest()
    assert _scan_file.digest_of(own) != _scan_file.digest_of(first) == _scan_file.digest_of(dict(reversed(first.items())))


@pytest.mark.identity
@pytest.mark.parametrize("begun", [False, True])
def test_error_of_the_disk_is_one_sentence(
    begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "out/manifest.json")

    monkeypatch.setattr(_scan_run, "run", full)
    if begun:
        (tmp_path / "manifest.json").write_text("{}")
    assert _scan_run.main(["run", "scan.toml", "--out", str(tmp_path)]) == 1
    more = "; what is done stays, and `resume` goes on" if begun else ""
    assert capsys.readouterr().err == f"error: cannot write out/manifest.json: No space left on device{more}\n"


# --- the profile


@pytest.mark.identity
def test_best_of_each_cell() -> None:
    chi2 = np.array([3.0, 1.0, 2.0, 1.0, np.nan, 5.0, np.inf])
    cell = np.array([0, 0, 2, 0, 2, -1, 1])
    assert_array_equal(_scan_run.bests(chi2, cell, 4), [1, -1, 2, -1])


@pytest.mark.identity
def test_bins_include_both_ends() -> None:
    axis = Axis("a", np.array([0.0, 1.0, 2.0]))
    assert_array_equal(axis.bin_of(np.array([-0.1, 0.0, 0.9, 1.0, 2.0, 2.1, np.nan])), [-1, 0, 0, 1, 1, -1, -1])


def read_csv(path: Path) -> dict[str, Any]:
    head, *lines = path.read_text().splitlines()
    table = np.array([[float(word or "nan") for word in line.split(",")] for line in lines])
    return dict(zip(head.split(","), table.T, strict=True))


@pytest.mark.identity
def test_profile_against_all_rows(tmp_path: Path, here: dict[int, Exception]) -> None:
    record = scan(tmp_path, text=GOOD.replace("n = 250", "n = 2000").replace("bowl", "holed"))
    path, said = _scan_run.profile(tmp_path / "out", ["m_h1", "second"], bins=5)
    found, rows = read_csv(path), pq.read_table(tmp_path / "out/rows").to_pandas()
    good = rows[rows.reason == 0]
    assert 0 < len(good) == record["reasons"]["0"] < len(rows) == record["rows"] == 2000
    assert record["best"]["index"] == good["index"][good.chi2.idxmin()] and record["best"]["chi2"] == good.chi2.min()
    assert record["best"]["gap"] is None and "NaN" not in (tmp_path / "out/manifest.json").read_text()
    assert_allclose(np.unique(found["m_h1_low"]), np.geomspace(0.1, 10.0, 6)[:-1], rtol=1e-12)
    assert found["second_low"][0] == rows.second.min() and found["second_high"][-1] == rows.second.max()
    for k in range(25):
        inside = (good.m_h1 >= found["m_h1_low"][k]) & (good.m_h1 < found["m_h1_high"][k])
        inside &= (good.second >= found["second_low"][k]) & (good.second <= found["second_high"][k])
        assert_array_equal(found["chi2"][k], good.chi2[inside].min())
        if inside.any():
            assert found["index"][k] == good["index"][good.chi2[inside].idxmin()]
            assert found["first"][k] + found["second"][k] == pytest.approx(found["chi2"][k], rel=1e-12)
    assert f"chi2 = {good.chi2.min():.4f} at best; {np.isfinite(found['chi2']).sum()} of 25 cells have points" in said


@pytest.mark.identity
def test_refined_profile_against_the_minimum_of_a_bowl(tmp_path: Path, here: dict[int, Exception]) -> None:
    """The smallest chi2 of a cell in m_h1 is that at its edge nearest to 2, and at m_x = 0.5."""
    scan(tmp_path)
    with (tmp_path / "log").open("w") as log:
        path, _ = _scan_run.profile(tmp_path / "out", ["m_h1"], bins=6, refine=40, within=1e3, stream=log)
        found, first = read_csv(path), path.read_bytes()
        nearest = np.clip(2.0, found["m_h1_low"], found["m_h1_high"])
        assert_allclose(found["chi2"], (nearest - 2.0) ** 2, atol=1e-4)
        assert_allclose(found["m_h1"], nearest, atol=1e-3)
        assert found["refined"].all() and np.all(found["reason"] == 0)
        _scan_run.profile(tmp_path / "out", ["m_h1"], bins=6, refine=40, within=1e3, stream=log)
        assert path.read_bytes() == first
        _scan_run.profile(tmp_path / "out", ["m_h1"], bins=6, refine=2, within=2.0, stream=log)
        assert_array_equal(read_csv(path)["refined"], [0, 1, 1, 1, 1, 1])


@pytest.mark.house
def test_profile_that_cannot_be_made(tmp_path: Path, here: dict[int, Exception]) -> None:
    with pytest.raises(Stopped, match=r"holds no complete scan; finish it with `resume`"):
        _scan_run.profile(tmp_path / "out", ["m_h1"])
    scan(tmp_path)
    for names, refine, said in (
        (["m_z"], 0, "the rows have no column 'm_z'; they have index, m_h1, m_x"),
        (["q_x"], 0, "q_x has the same value in all rows"),
        (
            ["first"],
            3,
            "first has no range in the scan, so that the profile in it cannot be refined; ranges have m_h1, m_x, sin_theta",
        ),
    ):
        with pytest.raises(Stopped) as caught:
            _scan_run.profile(tmp_path / "out", names, refine=refine)
        assert str(caught.value).startswith(said)
    part = tmp_path / "out/rows/part-00001.parquet"
    part.write_bytes(part.read_bytes()[:99])
    with pytest.raises(Stopped, match=r"part-00001\.parquet is missing or damaged; `resume` makes it again"):
        _scan_run.profile(tmp_path / "out", ["m_h1"])


@pytest.mark.house
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("run none.toml", "there is no file none.toml"),
        ("run scan.toml --workers 0", "--workers 0 is outside its range [1, 4096]"),
        (
            "run scan.toml --workers 2 --scheduler here",
            "--workers is for the cluster that is started here; leave it out with --scheduler",
        ),
        ("profile out a b c", "a profile is in one or two columns"),
        ("profile out a --bins 0", "--bins 0 is outside its range [1, 2000]"),
    ],
)
def test_command_line_says_one_sentence(arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = _scan_run.signal.getsignal(_scan_run.signal.SIGTERM)
    assert _scan_run.main(arguments.split()) == 1
    assert capsys.readouterr().err == f"error: {sentence}\n"
    assert _scan_run.signal.getsignal(_scan_run.signal.SIGTERM) == before


@pytest.mark.house
def test_progress_on_a_terminal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    written: list[str] = []
    screen: Any = SimpleNamespace(isatty=lambda: True, write=written.append, flush=lambda: None)
    bar = _scan_run.Bar(40, screen)
    for part in range(40):
        bar.step(Outcome(part, "made", rows=10))
    bar.end()
    assert len(written) == 41 and all(line.startswith("\r[") for line in written[:-1]) and written[-1] == "\n"
    assert "[####################] 40 of 40 parts, " in written[-2] and "points/s, 0 s left" in written[-2]
    assert [_scan_run._duration(seconds) for seconds in (12.0, 600.0, 7200.0)] == ["12 s", "10 min", "2.0 h"]
