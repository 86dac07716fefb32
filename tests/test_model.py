import copy
import dataclasses
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import (
    annihilation,
    belle2,
    cmb,
    constraints,
    direct_detection,
    meson_decays,
    model,
    neutrinos,
    relic,
    widths,
)
from darkhiggs.errors import ParameterError, UnitWarning
from darkhiggs.inputs import natural

P1 = {"m_zp": 0.0115, "g_x": 5e-4, "m_h1": 2.0, "sin_theta": 0.003, "lambda_phi_x": 0.1, "m_x": 0.5}
P3 = {"m_zp": 0.3, "g_x": 0.06, "m_h1": 1.0, "sin_theta": 0.05, "lambda_phi_x": 0.2, "m_x": 0.2}


@pytest.mark.published
def test_vacuum_expectation_value():
    assert_allclose(model.v_higgs(), 246.21965, rtol=1e-6)  # PDG, electroweak review


@pytest.mark.talk
@pytest.mark.parametrize(
    ("name", "m_zp", "g_x", "v_phi"), [("A", 0.0115, 5e-4, 23.0), ("A10", 0.010, 5e-4, 20.0), ("B", 0.010, 1e-4, 100.0)]
)
def test_benchmarks(name, m_zp, g_x, v_phi):
    sector = model.benchmark(name)
    assert_allclose([sector.m_zp, sector.g_x, sector.v_phi], [m_zp, g_x, v_phi], rtol=1e-12)
    grid = model.benchmarks().select(np.array(["A", "A10", "B"]) == name)
    assert_allclose([grid.m_zp, grid.g_x, grid.v_phi], [[m_zp], [g_x], [v_phi]], rtol=1e-12)


@pytest.mark.talk
def test_potential_expands_to_the_cubic_terms_of_the_slide():
    # the talk: -lambda_Phi v_Phi phi^3 - lambda_H v_H h^3 - lambda_PhiH/2 v_Phi phi h^2 - lambda_PhiH/2 v_H phi^2 h;
    # here by finite differences of V itself
    p = model.scalar_potential(model.DarkSector(**P3))
    v_h, v_phi = model.v_higgs(), 5.0

    def potential(h, phi):
        a, b = ((v_h + h) ** 2 - v_h**2) / 2, ((v_phi + phi) ** 2 - v_phi**2) / 2
        return p["lambda_h"] * a**2 + p["lambda_phi"] * b**2 + p["lambda_phi_h"] * a * b

    nodes, weights = np.array([-2, -1, 1, 2.0]), np.array([-0.5, 1.0, -1.0, 0.5])
    assert_allclose(weights @ potential(0.0, nodes) / 6, -p["phi3"], rtol=1e-6)
    assert_allclose(weights @ potential(nodes, 0.0) / 6, -p["h3"], rtol=1e-6)
    second = np.array([1.0, -2.0, 1.0])
    grid = np.array([-1.0, 0.0, 1.0])
    mixed_hh = (second @ potential(grid, 1.0) - second @ potential(grid, -1.0)) / 2 / 2
    mixed_pp = (second @ potential(1.0, grid) - second @ potential(-1.0, grid)) / 2 / 2
    assert_allclose(mixed_hh, -p["phi_h2"], rtol=1e-6)
    assert_allclose(mixed_pp, -p["phi2_h"], rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize("parameters", [P1, P3])
def test_mass_matrix_has_the_right_eigenvalues(parameters):
    sector = model.DarkSector(**parameters)
    p = model.scalar_potential(sector)
    v_h, v_phi = model.v_higgs(), float(sector.v_phi)
    off = p["lambda_phi_h"] * v_h * v_phi
    matrix = np.array([[2 * p["lambda_h"] * v_h**2, off], [off, 2 * p["lambda_phi"] * v_phi**2]])
    values, vectors = np.linalg.eigh(matrix)
    assert_allclose(np.sqrt(values), [parameters["m_h1"], natural("m_h")], rtol=1e-9)
    # H1 = phi cos - h sin in the basis (h, phi)
    light = vectors[:, 0] * np.sign(vectors[1, 0])
    assert_allclose(light, [-sector.sin_theta, sector.cos_theta], atol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize("parameters", [P1, P3, P3 | {"sin_theta": -0.4, "m_h1": 30.0}])
def test_mass_eigenstates_invert_the_potential(parameters):
    sector = model.DarkSector(**parameters)
    p = model.scalar_potential(sector)
    back = model.mass_eigenstates(p["lambda_h"], p["lambda_phi"], p["lambda_phi_h"], sector.v_phi)
    wanted = [parameters["m_h1"], natural("m_h"), parameters["sin_theta"], p["g_211"]]
    assert_allclose([back[name] for name in ("m_h1", "m_h2", "sin_theta", "g_211")], wanted, rtol=1e-8)


@pytest.mark.identity
def test_potential_without_minimum_is_refused():
    with pytest.raises(ParameterError, match=r"^lambda_phi_h = 0\.3 leaves no minimum: "):
        model.mass_eigenstates(0.13, 0.1, 0.3, 100.0)
    found = model.mass_eigenstates(0.13, 0.1, [0.2, 0.3], 100.0)
    assert np.isfinite(found["m_h1"]).tolist() == np.isfinite(found["g_211"]).tolist() == [True, False]


@pytest.mark.independent
@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        (P1, [0.12913694415, 0.0039138789267, 0.0082925409161, 0.52173208566, 2.0439151677, -0.36934596037]),
        (P3, [0.12881528145, 0.80283835805, 0.63509081848, 0.59774988381, 156.36498056, 9.2951098079]),
    ],
)
def test_couplings_against_mpmath(parameters, values):
    p = model.scalar_potential(model.DarkSector(**parameters))
    assert_allclose([p[k] for k in ("lambda_h", "lambda_phi", "lambda_phi_h", "g_111", "g_211", "g_221")], values, rtol=1e-9)


@pytest.mark.identity
def test_no_mixing_decouples():
    p = model.scalar_potential(model.DarkSector(**(P1 | {"sin_theta": 0.0})))
    assert p["lambda_phi_h"] == p["g_211"] == p["g_221"] == 0.0
    assert_allclose(p["lambda_h"], natural("m_h") ** 2 / (2 * model.v_higgs() ** 2))


@pytest.mark.published
@pytest.mark.parametrize("charges", [(1, -1, 0), (0, 1, -1), (1, 0, -1)])
def test_lepton_number_differences_are_anomaly_free(charges):
    assert all(value == 0.0 for value in model.anomaly_coefficients(charges).values())


@pytest.mark.identity
def test_anomalies_of_other_charges():
    # total lepton number: no right-handed neutrino, so every family adds 2 - 1 = 1; U1^2 Y: 2(-1/2) + 1 = 0; U1 Y^2: 2/4 - 1
    value = {name: float(x) for name, x in model.anomaly_coefficients((1, 1, 1)).items()}
    assert value == {"U1^3": 3.0, "grav": 3.0, "U1^2 Y": 0.0, "U1 Y^2": -1.5, "U1 SU2^2": 3.0}
    assert model.anomaly_coefficients((2.0, -1.0, -1.0))["U1^3"] == 6.0
    assert model.anomaly_coefficients(np.zeros((4, 3)))["grav"].shape == (4,)


@pytest.mark.identity
def test_sector_broadcasts():
    sector = model.DarkSector(m_zp=[0.01, 0.02], g_x=5e-4, m_h1=np.ones((3, 1)))
    assert sector.shape == (3, 2)
    assert_allclose(sector.v_phi, [20.0, 40.0])
    assert_allclose(sector.replace(q_phi=-2.0).v_phi, [10.0, 20.0])
    assert_allclose(model.DarkSector(**P1 | {"sin_theta": 0.6}).cos_theta, 0.8)
    assert sector.flags["broad"].shape == (3, 2)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m_zp": -1.0}, r"m_zp = -1 GeV is outside its range \[1e-12, 10000\] GeV"),
        ({"g_x": 0.0}, r"g_x = 0 is outside its range \[1e-20, 1\]"),
        ({"g_x": 1.5}, "g_x = 1.5"),
        ({"sin_theta": 1.5}, r"sin_theta = 1.5 is outside its range \[-1, 1\]"),
        ({"lambda_phi_x": 13.0}, r"lambda_phi_x = 13"),
        ({"m_h1": np.nan}, "m_h1 = nan GeV"),
        ({"q_phi": 0.0}, "q_phi = 0 is outside"),
        ({"m_zp": "heavy"}, r"m_zp = 'heavy' is not a number in GeV$"),
        ({"g_x": "small"}, r"g_x = 'small' is not a number$"),
        ({"m_x": None}, "m_x is not set, but lambda_phi_x is"),
        ({"m_h1": [1.0, 2.0], "m_x": [1.0, 2.0, 3.0]}, r"do not broadcast: m_x \(3,\), m_h1 \(2,\)"),
        ({"mass": 1.0}, "mass is not a parameter of DarkSector"),
    ],
)
def test_bad_sectors_are_named(change, message):
    with pytest.raises(ParameterError, match=message):
        model.DarkSector(**P1).replace(**change)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model.benchmark("C"), "name = 'C' is not one of 'A', 'A10', 'B'"),
        (lambda: model.benchmark("A").require("q_x"), r"q_x is not set; give it a value in \["),
        (
            lambda: model.benchmark("A").replace(m_h1=130.0),
            r"m_h1 = 130 GeV is outside its range \[1e-12, 125.131\] GeV",
        ),
        (lambda: model.anomaly_coefficients([1, 2]), r"charges has shape \(2,\)"),
        (lambda: model.anomaly_coefficients(1.0), "charges has shape"),
    ],
)
def test_bad_calls_are_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_bad_points_of_a_grid_are_masked_and_others_kept():
    bad = {
        "m_h1": [2.0, 2.0, 130.0, 2.0, np.inf],
        "sin_theta": [0.003, 1.5, 0.003, -1.5, 0.003],
        "lambda_phi_x": np.array([[0.1], [13.0], [np.nan]]),
    }
    sector = model.DarkSector(**(P1 | bad))
    columns = ["", "sin_theta too high", "m_h1 too high", "sin_theta too low", "m_h1 not finite"]
    below = ["lambda_phi_x too high", "lambda_phi_x not finite"]
    # the first of two reasons, in the order of the parameters
    assert sector.reason.tolist() == [columns, *([columns[0] or word, *columns[1:]] for word in below)]
    good = sector.reason == ""
    for function in (
        widths.gamma_h1,
        widths.gamma_h1_to_xx,
        widths.br_h1_invisible,
        widths.br_higgs_invisible,
    ):
        value = function(sector)
        assert np.isnan(np.broadcast_to(value, sector.shape)[~good]).all()
        assert_allclose(value[good], function(model.DarkSector(**P1)), rtol=1e-12)
    # what does not depend on the bad number is not lost
    assert np.isfinite(sector.v_phi) and np.isfinite(widths.gamma_zp(sector))
    assert np.isfinite(widths.gamma_higgs_to_h1h1(sector)).tolist() == [True, False, False, False, False]
    assert_allclose(sector.scatter(sector.select(good).m_h1)[good], 2.0)
    assert np.isnan(sector.scatter(sector.select(good).m_h1)[~good]).all()
    assert sector.scatter(np.ones((4, 1))).shape == (4, 3, 5)
    assert sector.select([0, 5]).reason.tolist() == ["", "lambda_phi_x too high"]


@pytest.mark.identity
def test_a_masked_point_stays_masked_in_a_copy():
    sector = model.DarkSector(**(P1 | {"q_phi": [1.0, 0.0, np.nan]}))
    assert sector.reason.tolist() == ["", "q_phi zero", "q_phi not finite"]
    copy = sector.replace(q_phi=2.0, m_x=[1.0, 1.0, -1.0])
    assert copy.reason.tolist() == ["", "q_phi zero", "q_phi not finite"]
    assert sector.replace(m_x=np.full((2, 1), [[0.1], [-0.1]])).reason[:, 0].tolist() == ["", "m_x too low"]
    assert model.benchmark("A").reason == ""
    assert sector.select([0]).scatter(7.0 * np.ones(1)).tolist() == [7.0]
    assert model.benchmark("A").scatter([3.0]) == 3.0


@pytest.mark.identity
def test_masking_by_hand_keeps_the_first_reason():
    sector = model.DarkSector(**(P1 | {"m_h1": [2.0, -1.0, 2.0]})).masked(["", "later", "later"])
    assert sector.reason.tolist() == ["", "m_h1 too low", "later"]
    assert_allclose(sector.lambda_phi_x, [0.1, np.nan, np.nan])
    assert model.DarkSector(**P1).masked("").reason == ""


@pytest.mark.identity
def test_a_sector_owns_its_arrays():
    mine = np.array([1.0, 2.0])
    sector = model.benchmark("A").replace(m_h1=mine, sin_theta=5e-3)
    width = widths.gamma_h1(sector)
    mine[0] = -7.0
    assert sector.m_h1.tolist() == [1.0, 2.0] and np.array_equal(widths.gamma_h1(sector), width)
    for array in (sector.m_h1, sector.reason):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    for same in (
        copy.copy(sector),
        copy.deepcopy(sector),
        pickle.loads(pickle.dumps(sector)),
        sector.replace(),
        sector.select([0, 1]),
    ):
        assert not same.m_h1.flags.writeable
    assert sector == sector.replace() != sector.replace(m_h1=[1.0, 3.0]) and len({sector, sector.replace()}) == 1
    assert sector != "a sector"


@pytest.mark.identity
@pytest.mark.parametrize(
    "again", [dataclasses.replace, getattr(copy, "replace", dataclasses.replace), model.DarkSector.replace]
)
def test_every_copy_keeps_the_mask(again):
    sector = model.benchmark("A").replace(m_x=[0.1, 0.2], m_h1=5.0).masked(["", "no"])
    for changes in ({"lambda_phi_x": 0.1}, {"m_x": [0.3, 0.4]}, {"m_h1": [[1.0], [2.0]]}, {}):
        copied = again(sector, **changes)
        assert np.array_equal(copied.reason, np.broadcast_to(["", "no"], copied.shape))
    assert again(sector, m_h1=[-1.0, 1.0]).reason.tolist() == ["m_h1 too low", "no"]
    with pytest.raises(ParameterError, match=r"reasons of shape \(2,\) do not fit a sector of shape \(3,\)|broadcast"):
        again(sector, m_x=[0.1, 0.2, 0.3])


@pytest.mark.identity
def test_a_sector_is_written_on_one_line():
    point = model.benchmark("A")
    assert repr(point) == "DarkSector(m_zp=0.0115 GeV, g_x=0.0005)"
    assert repr(point.replace(m_h1=[1.0, 2.0], q_x=0.7)) == "DarkSector(m_zp=0.0115 GeV, g_x=0.0005, m_h1=[1, 2] GeV, q_x=0.7)"
    grid = point.replace(m_h1=np.linspace(-1.0, 4.0, 60).reshape(6, 10))
    assert repr(grid).endswith("m_h1=array of shape (6, 10) from 0.01695 to 4 GeV, 12 of 60 points masked)")
    assert repr(point.replace(m_h1=[])) == "DarkSector(m_zp=0.0115 GeV, g_x=0.0005, m_h1=[] GeV)"


@pytest.mark.house
def test_a_mass_meant_in_mev_gets_a_hint():
    with pytest.warns(
        UnitWarning, match=r"^m_zp = 11.5 GeV is a thousand times what goes with g_x = 0.0005; masses are in GeV$"
    ) as caught:
        model.DarkSector(m_zp=11.5, g_x=5e-4)
    assert caught[0].filename == __file__
    with pytest.warns(UnitWarning, match=r"m_zp = \[10, 100\] GeV") as caught:
        model.benchmark("B").replace(m_zp=[10.0, 100.0])
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # a scan that begins below, a heavy Z' of the electroweak scale, and what the library asks for itself
        scan = model.benchmark("A").replace(m_zp=[0.01, 11.5])
        model.DarkSector(m_zp=70.0, g_x=0.5)
        neutrinos.z_prime(100.0, 1e-3)
        widths.sin_theta_max(1e5, m_zp=2.0)
        scan.select([1]).replace(m_h1=1.0)
        model.DarkSector(m_zp=[], g_x=0.1)


@pytest.mark.identity
def test_masses_outside_the_range_of_the_formulas_are_refused():
    with pytest.raises(ParameterError, match=r"^m_x = 1e-300 GeV is outside its range \[1e-12, 10000\] GeV$"):
        model.benchmark("A").replace(m_x=1e-300)
    sector = model.benchmark("A").replace(m_x=[1e-300, 1e-12], m_h1=5.0)
    assert sector.reason.tolist() == ["m_x too low", ""]
    found = relic.coupling_for(sector)
    assert found.reason[0] == "m_x too low" and np.array_equal(np.isnan(found.value), found.reason != "")


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.select([2]), r"points = \[2\] leaves its range: the sector has 2 points"),
        (lambda s: s.select([True]), r"points has shape \(1,\); a mask has that of the sector, \(2,\)"),
        (lambda s: s.select([0.5]), "is neither a mask nor a list of positions"),
        (lambda s: s.scatter([1.0, 2.0, 3.0]), r"values has shape \(3,\) for 2 good points"),
        (lambda s: s.masked([1, 2]), r"reason = \[1, 2\] is not a text for each point"),
        (lambda s: s.masked(["a"] * 3), r"reasons of shape \(3,\) do not fit a sector of shape \(2,\)"),
        (lambda s: model.benchmark("A").masked("no"), "a single point cannot be masked"),
        (lambda s: s.replace(q_phi=1e-300), "q_phi = 1e-300 is outside its range"),
        (lambda s: s.require("mass"), "name = 'mass' is not one of 'm_zp'"),
        (lambda s: relic.omega_h2(0.1), r"^sector = 0.1 is not a DarkSector; make one with model.DarkSector\(...\)$"),
        (lambda s: widths.gamma_h1_to_leptons(model.DarkSector, 1.0), "^sector = <class .* is not a DarkSector"),
    ],
)
def test_what_a_sector_refuses(call, message):
    with pytest.raises(ParameterError, match=message):
        call(model.benchmark("A").replace(m_h1=[1.0, 2.0]))


@pytest.mark.identity
def test_boolean_values_are_scattered_like_numbers():
    sector = model.benchmark("A").replace(m_h1=[1.0, -1.0, 2.0])
    np.testing.assert_equal(sector.scatter(np.array([True, False])), [1.0, np.nan, 0.0])
    np.testing.assert_equal(sector.scatter([2.5, 3.5]), [2.5, np.nan, 3.5])
    with pytest.raises(ParameterError, match=r"^values = .* is not a number$"):
        sector.scatter(np.array(["a", "b"]))


@pytest.mark.identity
@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 100])
def test_function_is_evaluated_at_the_good_points(chunk):
    sector = model.benchmark("A").replace(m_h1=[[1.0, -1.0, 2.0], [3.0, 4.0, np.inf]])
    sizes = []

    def both(points):
        sizes.append(points.reason.size)
        return np.stack([points.m_h1, 10.0 * points.m_h1])

    expected = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, np.nan]])
    np.testing.assert_equal(sector.pointwise(both, chunk), [expected, 10.0 * expected])
    assert sizes == {None: [4], 1: [1] * 4, 2: [2, 2], 3: [3, 1], 100: [4]}[chunk]
    assert sector.select([]).pointwise(both, chunk).shape == (2, 0)
    assert model.benchmark("A").replace(m_h1=2.0).pointwise(lambda points: points.m_h1, chunk) == 2.0


@pytest.mark.identity
def test_result_of_another_shape_is_refused():
    sector = model.benchmark("A").replace(m_h1=[1.0, 2.0])
    with pytest.raises(ParameterError, match=r"^the result of function has shape \(1,\) for 2 points$"):
        sector.pointwise(lambda points: points.m_h1[:1])
    with pytest.raises(ParameterError, match=r"^the result of function = .* is not a number$"):
        sector.pointwise(lambda points: 1j * points.m_h1)
    assert sector.pointwise(lambda points: points.m_h1 > 1.5).tolist() == [0.0, 1.0]
    with pytest.raises(ZeroDivisionError):
        sector.pointwise(lambda points: 1 / 0)


DARK = model.DarkSector(m_zp=0.01, g_x=1e-4, m_h1=2.0, m_x=0.3)
ON_PORTAL = (
    *(getattr(widths, name) for name in ("gamma_h1", "gamma_h1_to_xx", "br_h1_invisible", "gamma_higgs_to_xx")),
    *(widths.br_higgs_invisible, annihilation.breaks, cmb.p_ann, cmb.visible_fraction, relic.omega_h2),
    *(meson_decays.br_b_to_k_invisible, meson_decays.br_b_to_kstar_invisible, meson_decays.br_bs_invisible),
    *(meson_decays.br_b0_invisible, direct_detection.sigma_nucleon, direct_detection.sigma_electron, constraints.reach),
    *(lambda sector: annihilation.sigma_v(sector, 0.0), lambda sector: meson_decays.dbr_dq2_b_to_k_invisible(1.0, sector)),
    *(belle2.Spectrum.from_sector, lambda sector: meson_decays.dbr_dq2_b_to_kstar_invisible(1.0, sector)),
)
ON_MIXING = (
    *(getattr(widths, f"gamma_{name}") for name in ("h1_to_leptons", "higgs_to_h1h1", "higgs_to_zpzp", "higgs_to_xx")),
    *(widths.br_higgs_invisible, meson_decays.br_b_to_k_invisible, meson_decays.br_b_to_kstar_invisible),
    *(meson_decays.br_bs_invisible, meson_decays.br_b0_invisible, direct_detection.sigma_nucleon),
    *(direct_detection.sigma_electron, belle2.Spectrum.from_sector),
    *(lambda sector: direct_detection.sigma(sector.replace(q_x=1.0), "LZ"),),
)


@pytest.mark.identity
@pytest.mark.parametrize("rate", ON_PORTAL)
def test_missing_coupling_of_x_raises_an_error(rate):
    with pytest.raises(ParameterError, match=r"lambda_phi_x is not set; give it a value in \[0, 12.5664\]"):
        rate(DARK.replace(sin_theta=0.01))
    rate(DARK.replace(sin_theta=0.01, lambda_phi_x=0.0))


@pytest.mark.identity
@pytest.mark.parametrize("rate", ON_MIXING)
def test_rates_proportional_to_the_mixing_require_it(rate):
    sector = DARK.replace(lambda_phi_x=0.1)
    with pytest.raises(ParameterError, match=r"sin_theta is not set; give it a value in \[-1, 1\]"):
        rate(sector)
    if rate != belle2.Spectrum.from_sector:  # which has no spectrum then
        assert np.isfinite(rate(sector.replace(sin_theta=0.0)))


@pytest.mark.identity
def test_rates_without_mixing_or_without_x():
    # a correction that is not set is none
    sector = DARK.replace(lambda_phi_x=0.1)
    none = sector.replace(sin_theta=0.0)
    for rate in (widths.gamma_h1, widths.br_h1_invisible, cmb.p_ann, lambda s: annihilation.sigma_v(s, 0.3), relic.omega_h2):
        assert rate(sector) == rate(none)
    assert sector.cos_theta == 1.0 and model.scalar_potential(sector) == model.scalar_potential(none)
    # without an X, no channel to it; without an H1, its charge alone
    bare = model.DarkSector(m_zp=0.01, g_x=1e-4, m_h1=2.0, sin_theta=0.01)
    assert widths.gamma_h1_to_xx(bare) == widths.gamma_higgs_to_xx(bare) == 0.0
    assert meson_decays.br_b_to_k_invisible(bare, "xx") == 0.0 < meson_decays.br_b_to_k_invisible(bare)
    charged = model.DarkSector(m_zp=0.01, g_x=1e-4, m_x=0.3, q_x=1.0)
    assert annihilation.sigma_v(charged, 0.1) == annihilation.sigma_v(charged.replace(lambda_phi_x=0.0, sin_theta=0.0), 0.1)
    # and the coupling of the annihilation is looked for by itself
    assert relic.coupling_for(DARK).value > 0.0


@pytest.mark.identity
def test_a_point_without_couplings_is_masked_too():
    sector = model.benchmark("A").replace(m_h1=[1.0, 2.0]).masked(["", "not wanted"])
    assert sector.lambda_phi_x is None and np.isnan(widths.gamma_h1(sector)).tolist() == [False, True]
    assert sector.reason.tolist() == ["", "not wanted"]
