"""The search of the whole model and what it stores."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bookkit import scan
from bookkit.chapters import ROOT
from darkhiggs import fit
from darkhiggs.errors import ParameterError


def points(count, seed=7):
    """Random points of the ranges, with a chi2 that has its minimum in the middle of them."""
    shares = np.random.default_rng(seed).random((len(scan.ranges()), count))
    found = {name: scan._value(name, share) for name, share in zip(scan.ranges(), shares, strict=True)}
    return found | {"lambda_phi_x": shares[0], "chi2": 40.0 * np.sum((shares - 0.5) ** 2, axis=0)}


@pytest.mark.identity
def test_cells_hold_the_points_between_their_edges():
    plane = scan.Plane({"m_h1": 3, "q_x": (0.1, 1.0)}, {"m_zp": 0.01})
    (low, high), edges = scan.ranges()["m_h1"], plane.edges
    assert plane.shape == (3, 3) and edges["m_h1"][[0, -1]].tolist() == [low, high]
    assert_allclose(np.diff(np.log(edges["m_h1"])), np.log(high / low) / 3.0)
    assert_allclose(plane.centres[0] ** 2, edges["m_h1"][1:] * edges["m_h1"][:-1])
    at = {"m_h1": np.array([low, 1.0, high, high, high]), "q_x": np.array([0.05, 0.5, 2.0, 0.1, 2.0]), "m_zp": np.full(5, 0.01)}
    at["m_zp"][4] = 0.011
    assert plane.cell(at).tolist() == [0, 4, 8, 7, -1]


@pytest.mark.identity
def test_the_best_of_each_cell_stays_and_the_first_of_equal_ones():
    elite, found = scan.Elite(scan.Plane({"m_x": 4})), points(4000)
    found["chi2"] = np.floor(found["chi2"] * 2.0)
    elite.update(found)
    cells = elite.plane.cell(found)
    for cell in range(4):
        inside = np.flatnonzero(cells == cell)
        first = inside[np.argmin(found["chi2"][inside])]
        assert elite.chi2[cell] == found["chi2"][first] and elite.points["q_x"][cell] == found["q_x"][first]
    before = elite.chi2.copy()
    worse = {name: values.copy() for name, values in found.items()}
    worse["chi2"] += 1.0
    elite.update(worse)
    assert np.array_equal(elite.chi2, before) and elite.gain(before) == 0.0
    worse["chi2"] -= 3.0
    elite.update(worse)
    assert elite.gain(before) == pytest.approx(2.0)


@pytest.mark.identity
@pytest.mark.parametrize("name", ["H1", "Phi", "B"])
def test_proposals_lie_in_the_ranges_and_on_the_plane(name):
    plane = scan.planes()[name]
    elite, found = scan.Elite(plane), points(5000)
    elite.update(found)
    others = np.stack([scan._share(key, found[key]) for key in scan.ranges()], axis=-1)
    drawn = elite.proposals(3000, others, np.random.default_rng(3))
    for key, (low, high) in scan.ranges().items():
        assert np.all((drawn[key] >= low * (1 - 1e-12)) & (drawn[key] <= high * (1 + 1e-12))), key
    cells = plane.cell(drawn)
    assert cells.min() >= 0 and len(np.unique(cells)) > 0.5 * np.prod(plane.shape)
    # the same seed, the same points
    again = elite.proposals(3000, others, np.random.default_rng(3))
    assert all(np.array_equal(drawn[key], again[key]) for key in drawn)


@pytest.mark.identity
def test_search_finds_the_profile_of_a_known_function(tmp_path, monkeypatch):
    """A tilted valley in place of the likelihood: its profiles are known in closed form."""
    from pyarrow import parquet

    names = [*scan.ranges()]
    made = {}

    def run(folder, text):
        path = folder.with_name(f"points-{folder.name.removeprefix('round-')}.parquet")
        if "start" in folder.name:
            made[folder] = points(4000)
        else:
            table = parquet.read_table(path)
            made[folder] = {name: table[name].to_numpy() for name in names} | {"lambda_phi_x": np.ones(table.num_rows)}
        shares = {name: scan._share(name, made[folder][name]) for name in names}
        x, y = shares["m_zp"] - 0.5, shares["g_x"] - 0.5
        rest = sum((shares[name] - 0.3 - 0.4 * (x + 0.5)) ** 2 for name in names if name not in ("m_zp", "g_x"))
        made[folder]["chi2"] = 200.0 * (y - x) ** 2 + 20.0 * x**2 + 300.0 * rest
        return {"rows": len(x), "library": "", "versions": {}, "commit": ""}

    monkeypatch.setattr(scan, "_FOLDER", tmp_path)
    monkeypatch.setattr(scan, "_EACH", 20_000)
    monkeypatch.setattr(scan, "_run", run)
    monkeypatch.setattr(scan, "_rows", made.__getitem__)
    elites, facts = scan.search("today")
    plane = scan.planes()["Z'"]
    x, y = (scan._share(name, centre)[..., None] - 0.5 for name, centre in zip(plane.axes, plane.centres, strict=True))
    expected = 200.0 * (y.T - x) ** 2 + 20.0 * x**2
    found = elites["Z'"].chi2.reshape(plane.shape)
    near = expected < 12.0
    # a cell is lower than its middle by at most its half width times the slope there
    half = 0.5 / np.array(plane.shape)
    slope = np.abs(400.0 * (x - y.T) + 40.0 * x) * half[0] + np.abs(400.0 * (y.T - x)) * half[1]
    curve = 220.0 * half[0] ** 2 + 200.0 * half[1] ** 2 + 400.0 * half[0] * half[1]
    assert np.sum(near) > 150
    assert np.all(found[near] > (expected - slope - curve)[near])
    # half of what separates 68 % of one parameter from the best point
    assert np.max((found - expected)[near]) < 0.5
    assert facts["chi2"] < 0.05 and facts["last gain of a cell"] < 0.1


@pytest.mark.house
def test_stored_points_lie_in_their_cells():
    facts = json.loads(scan._MANIFEST.read_text(encoding="utf-8"))
    assert facts["command"] == "make scan"
    assert scan._POINTS.stat().st_size < 3e6
    for name in scan.SETS:
        found = scan.stored(name)
        assert found.best["chi2"] == facts[name]["chi2"] and facts[name]["points"] > 500_000
        assert facts[name]["last gain of a cell"] < 0.5
        for plane, places in found.places.items():
            there = np.flatnonzero(places.ravel() >= 0)
            rows = places.ravel()[there]
            assert there.size and np.array_equal(scan.planes()[plane].cell(found.points)[rows], there)
            assert found.delta(plane).min() >= 0.0 and found.delta(plane).shape == scan.planes()[plane].shape
        for key, (low, high) in scan.ranges().items():
            assert found.points[key].min() >= low * (1 - 1e-12) and found.points[key].max() <= high * (1 + 1e-12)
    assert scan.stored("today").delta("H1").min() == 0.0


@pytest.mark.regression
@pytest.mark.parametrize("name", scan.SETS)
def test_stored_points_are_those_of_the_likelihood(name):
    sample = scan.stored(name).sample(20, seed=11)
    asked = {key: sample[key] for key in scan.ranges()}
    found = fit.evaluate(asked, inputs=name)
    assert_allclose(found["lambda_phi_x"], sample["lambda_phi_x"], rtol=1e-5)
    assert_allclose(found["chi2"], sample["chi2"], rtol=1e-5, atol=1e-3)
    assert len(np.unique(sample["chi2"])) > 15 and len(scan.stored(name).sample(10**6)["chi2"]) == len(
        scan.stored(name).points["chi2"]
    )


@pytest.mark.house
def test_faults_are_one_sentence(tmp_path, monkeypatch, capsys):
    with pytest.raises(ParameterError, match=r"^name = 'tomorrow' is not one of talk, today$"):
        scan.stored("tomorrow")
    assert scan.main(["now"]) == 2 and capsys.readouterr().err == "error: now is not known: make scan takes no argument\n"
    # a result of another library is neither used nor written over
    monkeypatch.setattr(scan, "_FOLDER", ROOT / "_build/scan-test")
    (tmp_path / "start").mkdir()
    (tmp_path / "start/manifest.json").write_text('{"complete": true, "scan": {}, "commit": "", "engine": {}, "columns": []}')
    text = 'inputs = "talk"\n' + scan._RANGES.read_text(encoding="utf-8")
    with pytest.raises(
        ParameterError, match=r"holds another scan.*; without the folder _build/scan-test the search begins anew$"
    ):
        scan._run(tmp_path / "start", text)


@pytest.mark.house
def test_make_names_the_command():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\nscan: ## " in text and "-m bookkit.scan" in text
    done = subprocess.run([sys.executable, "-m", "bookkit.scan", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "takes no argument" in done.stderr
