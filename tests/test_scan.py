import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import belle2, constraints, direct_detection, inputs, meson_decays, model, relic, scan, widths
from darkhiggs.errors import ParameterError

X = np.geomspace(1.0, 100.0, 60)


@pytest.mark.identity
def test_edges_of_power_laws_are_exact():
    found = scan.window(X, np.stack([X, 100.0 / X, X**2], axis=-1), 5.0, 20.0)
    assert_allclose(found.low, [5.0, 5.0, 5.0**0.5], rtol=1e-12)
    assert_allclose(found.high, [20.0, 20.0, 20.0**0.5], rtol=1e-12)
    assert found.pieces.tolist() == [1, 1, 1]
    assert not found.open_low.any() and not found.open_high.any()


@pytest.mark.identity
def test_a_band_between_two_points_is_found():
    found = scan.window([1.0, 100.0], [1.0, 100.0], 4.0, 25.0)
    assert_allclose([found.low, found.high], [4.0, 25.0], rtol=1e-12)


@pytest.mark.identity
def test_window_of_several_pieces():
    curve = 10.0 * np.exp(2.0 * np.sin(3.0 * np.log(X)))
    found = scan.window(X, curve, 5.0, 20.0)
    assert found.pieces == 5
    inside = (curve >= 5.0) & (curve <= 20.0)
    assert found.low <= X[inside][0] and found.high >= X[inside][-1]
    assert found.open_low and not found.open_high


@pytest.mark.identity
def test_window_at_the_end_of_the_scan_is_marked_open():
    flat = scan.window(X, np.full_like(X, 7.0), 5.0, 20.0)
    assert_allclose([flat.low, flat.high], [1.0, 100.0], rtol=1e-12)
    assert flat.open_low and flat.open_high
    assert np.isnan(scan.window(X, np.full_like(X, 30.0), 5.0, 20.0).low)
    # a curve that stops inside the band: the last point with a value is no crossing
    cut = scan.window(X, np.where(X > 10.0, np.nan, X), 5.0, 20.0)
    assert_allclose(cut.high, X[X <= 10.0][-1])
    assert cut.open_high and not cut.open_low
    start = scan.window(X, np.where(X < 10.0, np.nan, X), 5.0, 20.0)
    assert start.open_low and not start.open_high
    gone = scan.window(X, np.full_like(X, np.nan), 5.0, 20.0)
    assert np.isnan([gone.low, gone.high]).all() and gone.pieces == 0
    # a hole splits
    assert scan.window(X, np.where(np.arange(60) == 25, np.nan, 7.0), 5.0, 20.0).pieces == 2
    assert scan.window(X, np.zeros_like(X), 5.0, 20.0).pieces == 0


@pytest.mark.identity
def test_crossings():
    curves = np.stack([X, 100.0 / X, X**2, np.full_like(X, 7.0), np.where(X > 10.0, np.nan, X)], axis=-1)
    assert_allclose(scan.crossing(X, curves, 25.0), [25.0, 4.0, 5.0, np.nan, np.nan], rtol=1e-12)
    # the first of several, and from both sides
    wave = np.exp(np.sin(3.0 * np.log(X) + 0.3))
    assert_allclose(scan.crossing(X, wave, 1.0), np.exp((np.pi - 0.3) / 3.0), rtol=1e-3)
    assert_allclose(scan.crossing(X, 1.0 / wave, 1.0), np.exp((np.pi - 0.3) / 3.0), rtol=1e-3)
    assert scan.crossing(X, np.ones((60, 2, 3)), 2.0).shape == (2, 3)
    with pytest.raises(ParameterError, match="level = -1 is outside"):
        scan.crossing(X, X, -1.0)
    with pytest.raises(ParameterError, match="match the first axis"):
        scan.crossing(X, X[:-1], 1.0)


@pytest.mark.identity
def test_shapes():
    found = scan.window(X, X[:, None, None] * np.ones((1, 2, 3)), 5.0, 20.0)
    assert found.low.shape == found.pieces.shape == found.open_high.shape == (2, 3)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, X, 5.0, 5.0), r"low = 5 is outside its range \(0, 5\): the band is empty"),
        ((X, X, 0.0, 5.0), "low = 0 is outside"),
        ((X, X, 1.0, np.nan), "high = nan"),
        ((X[::-1], X, 1.0, 2.0), "has to increase"),
        ((X, X[:-1], 1.0, 2.0), "match the first axis"),
        (([0.0, 1.0], [1.0, 1.0], 1.0, 2.0), "x = 0 is outside"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        scan.window(*arguments)


@pytest.mark.identity
def test_relic_line_has_the_full_density():
    sector = model.benchmark("A").replace(m_x=[[0.03], [0.2], [0.005]], m_h1=[2.0, 5.0], sin_theta=0.005)
    line = scan.on_relic_line(sector)
    assert line.reason.tolist() == [["", ""], ["", ""], ["no solution below 4 pi"] * 2]
    assert np.isnan(line.lambda_phi_x).tolist() == (line.reason != "").tolist()
    assert_allclose(relic.omega_h2(line)[:2], 0.12, rtol=1e-6)
    with pytest.raises(ParameterError, match=r"lambda_phi_x has no value .* no solution below 4 pi"):
        scan.on_relic_line(model.benchmark("A").replace(m_x=0.005, m_h1=2.0))


@pytest.mark.identity
def test_a_window_is_a_tuple_too():
    low, high, *_, open_high = window = scan.window([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.5, 5.0)
    assert (low, high, open_high) == (window.low, window[1], window[-1]) and len(window) == 5
    assert [*relic.Coupling(0.1, [0.1], "")][::2] == [0.1, ""]


@pytest.mark.identity
def test_window_is_read_as_a_tuple_too():
    found = scan.window([1.0, 2.0, 4.0, 8.0], [8.0, 4.0, 2.0, 1.0], 1.5, 3.0)
    low, high, pieces, open_low, open_high = found
    assert (low, high, pieces) == (found.low, found.high, found.pieces) == found[:3]
    assert not open_low and not open_high and len(found) == 5 and found[-1] == found.open_high


@pytest.mark.identity
def test_relic_windows_are_those_of_each_choice_alone():
    point, m_x = model.benchmark("B").replace(q_x=0.7), np.geomspace(0.02, 2.0, 15)
    found = scan.relic_windows(point, m_x, 1.1e-5, 2.5e-5, offset=[0.1, 0.5], q_phi=[0.5, 1.0], sin_theta=[np.inf, 0.01])
    assert found.low.shape == (1, 2, 2, 2)
    # the largest angle without X: where its coupling is strong, the decays into X go beyond the limit
    assert ((found.higgs[0, 0] > 1.0) & (found.higgs[0, 0] < 1.6)).all()
    end = inputs.natural("m_B+") - inputs.natural("m_K+")
    line = scan.on_relic_line(point.replace(m_x=m_x, m_h1=end + 0.5, q_phi=0.5, sin_theta=0.01))
    alone = scan.window(m_x, meson_decays.br_b_to_k_invisible(line), 1.1e-5, 2.5e-5)
    at = 0, 1, 0, 1
    assert_allclose([found.low[at], found.high[at]], [alone.low, alone.high], rtol=1e-9)
    inside = (m_x >= alone.low) & (m_x <= alone.high)
    dark = {"m_x": m_x[inside], "lambda_phi_x": line.lambda_phi_x[inside]}
    top = widths.sin_theta_max(point.replace(q_phi=0.5).v_phi, m_h1=end + 0.5, m_zp=point.m_zp, **dark)
    assert_allclose(found.higgs[at], 0.01 / top.min(), rtol=1e-9)
    # on the limit of the Higgs boson its row allows the window, with the decays into X
    choice = {"offset": [0.1], "q_phi": [0.2], "sin_theta": [np.inf], "which": ["Higgs"]}
    limit = scan.relic_windows(point, m_x, 1.1e-5, 2.5e-5, with_x=True, **choice)
    assert_allclose([limit.ratio, limit.allowed, limit.higgs], 1.0, rtol=1e-9)
    assert limit.limit == "Higgs" and limit.sin_theta < widths.sin_theta_max(500.0, m_h1=end + 0.1, m_zp=0.01)
    row, *others = constraints.table(line, ["K*0", "Bs", "B0"])
    for name, of in (("kstar", row), ("bs", others[0]), ("b0", others[1])):
        assert_allclose(getattr(found, name)[at], np.max((of.value / of.limit)[inside]), rtol=1e-9)
    assert 0.0 < found.broad[at] <= 1.0 and not found.open_low[at]
    assert scan.relic_windows(point, m_x[m_x > alone.low], 1.1e-5, 2.5e-5, offset=[0.5], q_phi=[0.5], sin_theta=[0.01]).open_low
    assert_allclose([found.wanted_low[at], found.wanted_high[at]], 1.8e-5)
    whole = constraints.verdict(line, without=["relic density"])
    assert_allclose(found.ratio[at], whole.ratio[inside].max(), rtol=1e-9)
    assert found.limit[at] == whole.limit[inside][whole.ratio[inside].argmax()] and found.limit[at] in whole.rows
    assert_allclose(found.allowed[at], whole.allowed[inside].mean())
    fewer = scan.relic_windows(
        point, m_x, 1.1e-5, 2.5e-5, offset=[0.5], q_phi=[0.5], sin_theta=[0.01], which=["K*0", "DarkSide-50"]
    )
    assert_allclose(fewer.ratio, np.max(row.value[inside] / row.limit[inside]), rtol=1e-9)
    assert fewer.limit == "K*0" and fewer.allowed == 1.0 and fewer.pieces == 1


@pytest.mark.identity
def test_relic_windows_with_the_rate_that_the_spectrum_needs():
    point, m_x = model.benchmark("B").replace(q_x=0.7), np.geomspace(0.02, 2.3, 15)
    free = {"offset": [0.1], "q_phi": [0.2], "sin_theta": [0.025]}
    found = scan.relic_windows(point, m_x, **free)
    end = inputs.natural("m_B+") - inputs.natural("m_K+")
    line = scan.on_relic_line(point.replace(m_x=m_x, m_h1=end + 0.1, q_phi=0.2, sin_theta=0.025))
    good = line.reason == ""
    spectrum = belle2.Spectrum.from_sector(line.select(good))
    fit = belle2.Likelihood().fit_rate(spectrum)
    there = (fit.delta_chi2 > 2.0) & (np.abs(spectrum.br - fit.rate) < np.where(spectrum.br < fit.rate, fit.minus, fit.plus))
    assert there.sum() > 1
    inside = m_x[good][there]
    assert found.low <= inside[0] and found.high >= inside[-1]
    assert found.low > m_x[good][np.flatnonzero(there)[0] - 1]
    wanted = found.wanted_low.item(), found.wanted_high.item()
    # the panels of the integral are shared with the points beside
    assert_allclose(wanted, [fit.rate[there].min(), fit.rate[there].max()], rtol=2e-3)
    # at the edge the rate is that of the interval
    edge = scan.on_relic_line(point.replace(m_x=found.low.item(), m_h1=end + 0.1, q_phi=0.2, sin_theta=0.025))
    spectrum = belle2.Spectrum.from_sector(edge)
    fit = belle2.Likelihood().fit_rate(spectrum)
    ends = np.array([fit.rate - fit.minus, fit.rate + fit.plus])
    assert np.min(np.abs(spectrum.br / ends - 1.0)) < 0.05
    # the flat band of the talk asks less than half of it
    assert found.wanted_low > 2.0e-5 and np.isnan(scan.relic_windows(point, m_x, **free | {"sin_theta": [1e-3]}).low)
    with pytest.raises(ParameterError, match="low and high are the two edges of the band"):
        scan.relic_windows(point, m_x, 1e-5, **free)


@pytest.mark.identity
def test_chance_is_the_share_of_random_windows_that_agree():
    edges, ratios, tolerance = (0.01, 1.0), (1.3, 15.0), 0.15
    # a parallelogram in the logarithms of the lower edge and the ratio
    side = np.log((1.0 + tolerance) / (1.0 - tolerance))
    whole = np.log(edges[1] / edges[0]) * np.log(ratios[1] / ratios[0])
    one = scan.chance([0.05], [0.3], tolerance, edges, ratios)
    assert_allclose(one, side**2 / whole, rtol=0.02)
    # the same twice counts once, another far away counts anew, none not at all
    assert scan.chance([0.05, 0.05], [0.3, 0.3], tolerance, edges, ratios) == one
    assert_allclose(scan.chance([0.05, 0.2, np.nan], [0.3, 0.8, np.nan], tolerance, edges, ratios), 2.0 * one, rtol=0.02)
    assert scan.chance([0.05], [5.0], tolerance, edges, ratios) == 0.0
    rng = np.random.default_rng(5)
    low = np.exp(rng.uniform(*np.log(edges), 200_000))
    high = low * np.exp(rng.uniform(*np.log(ratios), 200_000))
    many = np.array([[0.02, 0.03], [0.025, 0.1], [0.1, 0.5], [0.12, 0.52]])
    hit = np.any([(np.abs(a / low - 1) < tolerance) & (np.abs(b / high - 1) < tolerance) for a, b in many], axis=0)
    assert_allclose(scan.chance(*many.T, tolerance, edges), hit.mean(), rtol=0.03)
    with pytest.raises(ParameterError, match="edges of shape"):
        scan.chance([0.05], [0.3], tolerance, (1.0, 0.1))
    with pytest.raises(ParameterError, match="not two lists of the same length"):
        scan.chance([0.05], [0.3, 0.4], tolerance, edges)


@pytest.mark.identity
def test_upper_edge_is_where_a_search_begins_to_exclude():
    sector = model.benchmark("A").replace(m_h1=4.7, q_x=[0.0, 0.7])
    free, ended = scan.upper_edge(sector, 0.8, 2.3, at_higgs_limit=True)
    # the Z' alone, to which Higgs exchange adds a little
    alone = direct_detection.excluded_above(sector.replace(q_x=0.7), exchange="zp")
    assert free == 2.3 and 0.99 * alone < ended < alone
    assert scan.upper_edge(sector.replace(q_x=0.7, sin_theta=0.01), 0.8, 2.3) == 0.0
    assert scan.upper_edge(sector.replace(q_x=0.7, sin_theta=0.01), 0.8, 2.3, which=["K*0"]) == 2.3
    line = scan.on_relic_line(sector.replace(q_x=0.7, sin_theta=1e-3, m_x=[0.9995 * ended, 1.01 * alone]))
    assert constraints.verdict(line).allowed.tolist() == [True, False]
    with pytest.raises(ParameterError, match="low = 2 GeV is outside"):
        scan.upper_edge(sector, 2.0, 1.0)
    with pytest.raises(ParameterError, match=r"^high = 1500 GeV is outside its range \[1e-06, 1000\] GeV$"):
        scan.upper_edge(sector, 0.8, 1500.0)


@pytest.mark.identity
def test_relic_windows_of_a_grid_are_those_of_its_points():
    names, m_x, band = ("A", "B"), np.geomspace(0.02, 2.0, 9), (1.1e-5, 2.5e-5)
    points = [model.benchmark(name) for name in names]
    grid = points[0].replace(m_zp=[p.m_zp for p in points], g_x=[p.g_x for p in points])
    free = {"offset": [0.02, 0.5, 2.0], "q_phi": [0.2, 1.0], "sin_theta": [np.inf, 0.01]}
    found = scan.relic_windows(grid, m_x, *band, **free)
    assert found.low.shape == (1, 2, 2, 3, 2)
    for i, point in enumerate(points):
        for many, one in zip(found, scan.relic_windows(point, m_x, *band, **free), strict=True):
            if one.dtype.kind == "U":
                assert np.array_equal(many[..., i], one)
            else:
                assert_allclose(many[..., i], one, rtol=1e-9)


@pytest.mark.identity
def test_relic_windows_without_a_rate_in_the_band_have_no_edges():
    found = scan.relic_windows(
        model.benchmark("A"),
        [0.02, 0.1, 0.5],
        0.1,
        0.2,
        offset=[0.1],
        q_phi=[1.0],
        sin_theta=[0.01],
        form_factors=("BallZwicky",),
    )
    assert all(np.isnan(x).all() for x in (found.low, found.high, found.kstar, found.broad, found.allowed, found.ratio))
    assert found.limit == ""
    assert found.sin_theta == 0.01 and not found.open_low.any() and not found.open_high.any()


@pytest.mark.identity
@pytest.mark.parametrize("particle", ["X", "chi"])
def test_density_at_the_edges_of_the_resonance_is_that_of_dark_matter(particle):
    m_zp, g_x = np.array([0.01, 0.1]), np.array([[5e-4], [1e-3]])
    found = scan.resonance_window(m_zp, g_x, 0.5, particle)
    assert found.low.shape == (2, 2) and (found.pieces == 1).all()
    assert not found.open_low.any() and not found.open_high.any()
    omega = relic.omega_h2_z_prime(found.low, m_zp, g_x, 0.5, particle)
    # what straight lines between the points of the scan leave
    assert_allclose(omega, 0.12, rtol=1e-3)
    assert_allclose(relic.omega_h2_z_prime(np.sqrt(found.low * found.high), m_zp, g_x, 0.5, particle) < 0.12, True)
    assert (m_zp / found.low > 2.5).all() and (m_zp / found.high < 2.0 + 1e-5).all()


@pytest.mark.identity
def test_a_weak_coupling_has_no_resonance_window():
    found = scan.resonance_window(0.0115, [1e-9, 5e-4])
    assert found.pieces.tolist() == [0, 1] and np.isnan(found.low[0]) and np.isnan(found.high[0])
