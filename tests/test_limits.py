import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import inputs, limits
from darkhiggs.errors import DataError, ParameterError


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "m", "upper", "cl"),
    [
        ("KOTO", 0.0, 2.25e-9, 0.9),
        ("KOTO", 0.2, 2.93e-9, 0.9),
        ("NA62", 0.2, 8.3e-12, 0.9),
        ("NA62-low", 0.08, 1.4e-11, 0.9),
        ("NA62-pi0", 0.135, 9.3e-10, 0.9),
        ("NA64mu", 0.02, 5.3e-4, 0.9),
        ("NA64mu", 0.107, 5.7e-4, 0.9),
        ("NA64mu", 0.151, 6.6e-4, 0.9),
        ("BaBar4mu", 0.22, 1.06e-3, 0.9),
        ("BaBar4mu", 1.0, 1.96e-3, 0.9),
        ("BaBar4mu", 8.0, 8e-2, 0.9),
        ("CMS4mu", 5.0, 5.2e-3, 0.95),
        ("CMS4mu", 20.0, 6.8e-3, 0.95),
        ("CMS4mu", 50.0, 3.9e-2, 0.95),
        ("white-dwarfs", 0.003, 1.45e-4, 0.0),
        ("white-dwarfs", 0.01, 4.9e-4, 0.0),
        ("CCFR-reading", 0.015, 8.6e-4, 0.95),
        ("CCFR-reading", 0.5, 1.99e-3, 0.95),
        ("CCFR-reading", 10.0, 1.81e-2, 0.95),
        ("Borexino-reading", 0.0021, 1.37e-4, 0.0),
        ("Borexino-reading", 0.02, 1.26e-3, 0.0),
        ("N_eff=3.5-reading", 0.0107, 1.5e-4, 0.0),
        ("N_eff=3.2-reading", 0.0181, 3.7e-4, 0.0),
    ],
)
def test_published_points(name, m, upper, cl):
    curve = limits.curve(name)
    assert_allclose(curve.upper_at(m), upper, rtol=1e-12)
    assert curve.g_max(m) == curve.upper_at(m)
    assert curve.cl == cl
    assert curve.source


@pytest.mark.identity
@pytest.mark.parametrize(
    ("look_up", "name", "label"),
    [(limits.curve, name, "talk") for name in limits.curves()]
    + [(limits.projection, name, "talk") for name in limits.projections()]
    + [(limits.curve, name, "today") for name in inputs.use("today")(limits.curves)()],
)
def test_curves_are_well_formed(look_up, name, label):
    with inputs.use(label):
        curve = look_up(name)
    assert np.all(np.diff(curve.m) > 0)
    assert np.all(curve.upper > 0)
    assert curve.m.shape == curve.upper.shape
    assert 0.0 < curve.reading_error < 0.5
    assert np.isinf(curve.upper_at(curve.m[-1] * (1 + 1e-9)))
    if curve.m[0] > 0:
        assert np.isinf(curve.upper_at(0.5 * curve.m[0]))
        assert np.isinf(curve.upper_at(0.0))
    assert curve.cl in (0.0, 0.9, 0.95)
    # the points themselves, and both ends, belong to the curve
    assert_allclose(curve.upper_at(curve.m), curve.upper, rtol=1e-12)
    assert curve.covers(curve.m).all()
    assert curve.covers(np.array([2.0, 0.5]) * curve.m[[-1, 0]]).tolist() == [False, curve.m[0] == 0]
    assert curve.coverage.startswith(f"{name} has points from ") and curve.coverage.endswith("; outside it excludes nothing.")


@pytest.mark.identity
def test_curve_excludes_nothing_outside_its_range():
    na64 = limits.curve("NA64mu")
    assert na64.upper_at([5e-4, 0.1511, 1.0]).tolist() == [np.inf] * 3
    assert not np.any(na64.upper_at([5e-4, 0.2]) < 1.0)
    assert na64.covers(0.151) and not na64.covers(0.152)
    assert na64.coverage == "NA64mu has points from 1 MeV to 151 MeV; outside it excludes nothing."
    assert "from 220 MeV to 8 GeV;" in limits.curve("BaBar4mu").coverage
    assert "from 2.1 MeV to 20 MeV;" in limits.curve("Borexino-reading").coverage
    # benchmark masses lie inside the curves of light Z' alone
    light = [name for name in ("NA64mu", "BaBar4mu", "CMS4mu", "white-dwarfs") if limits.curve(name).covers(0.0115)]
    assert light == ["NA64mu", "white-dwarfs"]


@pytest.mark.identity
def test_plane_is_interpolated_in_both_logarithms():
    # a contact interaction, g ~ m, is met between its points: 10 to 50 GeV of the trident curve
    curve = limits.curve("CCFR-reading")
    assert curve.log_mass and not limits.curve("KOTO").log_mass
    assert_allclose(curve.upper_at(np.sqrt(500.0)), np.sqrt(1.81e-2 * 8.9e-2), rtol=1e-12)
    assert_allclose(curve.upper_at(20.0) / 20.0, 1.81e-3, rtol=0.02)


@pytest.mark.identity
def test_interpolation_is_logarithmic():
    curve = limits.curve("NA62")
    assert_allclose(curve.upper_at(0.18), np.sqrt(2.4e-11 * 8.3e-12), rtol=1e-12)
    assert curve.upper_at(np.ones((2, 2))).shape == (2, 2)


@pytest.mark.identity
def test_bad_input_is_named():
    with pytest.raises(DataError, match="no limit is called 'CERN'; known: BaBar4mu, Borexino-reading, CCFR-reading"):
        limits.curve("CERN")
    with pytest.raises(ParameterError, match="m = -1 GeV"):
        limits.curve("KOTO").upper_at(-1.0)


@pytest.mark.published
def test_single_numbers_beside_the_curves():
    # the abstract of 2018 against the reading of its figure; a newer point, and a reach from the number of muons
    assert_allclose(limits.curve("KOTO").upper_at(0.135), inputs.get("published.koto_x_2018").value, rtol=0.05)
    assert inputs.get("published.koto_x").value < limits.curve("KOTO").upper_at(0.135)
    muons = [inputs.get(name).value for name in ("published.na64mu_muons", "projection.na64mu_muons")]
    scaled = limits.curve("NA64mu").upper_at(0.01) * np.sqrt(muons[0] / muons[1])
    assert_allclose(limits.projection("NA64mu").upper_at(0.01), scaled, rtol=0.25)
    # y of the figure, and so g_X^2, falls as the number of muons
    phases = [limits.projection(name).upper_at(0.01) for name in ("M3-1", "M3-2")]
    assert_allclose(phases[0] / phases[1], np.sqrt(1e3), rtol=0.02)


@pytest.mark.identity
def test_projection_is_not_a_limit():
    assert not set(limits.projections()) & (set(limits.curves()) - {"NA64mu"})
    with pytest.raises(DataError, match="no limit is called 'M3-1'"):
        limits.curve("M3-1")
    with pytest.raises(DataError, match="no projection is called 'LZ'; known: HyperK-nu, "):
        limits.projection("LZ")


@pytest.mark.identity
def test_room_of_kstar():
    # 1.8e-5 of Belle less 8.5e-6, the lowest rate of the literature
    assert_allclose(limits.kstar_room(), 9.5e-6, rtol=1e-12)
    with inputs.override({"bound.kstar": 2e-5, "published.br_kstar_low": 9e-6}):
        assert_allclose(limits.kstar_room(), 1.1e-5, rtol=1e-12)
