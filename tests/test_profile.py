import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize, minimize_scalar
from scipy.special import xlogy

from darkhiggs import _profile
from darkhiggs.errors import ParameterError

# two backgrounds, one of them with a shape, in four bins
MODEL = _profile.Templates(
    np.array([[40.0, 20.0, 6.0, 0.8], [15.0, 12.0, 9.0, 3.0]]),
    np.array([[0.05, 0.08, 0.15, 0.6], [0.1, 0.1, 0.12, 0.3]]),
    np.array([[[0.0, 0.0, 0.0, 0.0]], [[1.5, 0.5, -0.9, -0.3]]]),
    np.log([1.5, 1.2]),
)
SIGNAL = _profile.Signal(
    np.array([[1.0, 2.0, 6.0, 3.0]]),
    np.array([0.1, 0.05, 0.0, 0.2]),
    np.array([[2.0, 1.0, 0.5, 0.2]]),
    np.array([0.2, 0.0, 0.1, 0.1]),
)
OBSERVED = np.array([[70.0, 41.0, 25.0, 0.0]])
DATA = _profile.Counts(OBSERVED, np.zeros((1, 3)), np.ones((1, 1, 1)))
POINT = np.array([[0.7, 0.4, -0.6, 0.8]])


def explicit(point, gammas, data=DATA, signal=SIGNAL):
    """-2 ln L over the saturated one with every multiplier of a simulated sample as a parameter; one set."""
    x, norms, shapes = point[0], point[1:3], point[3:]
    backgrounds = np.exp(MODEL.widths * norms)[:, None] * (MODEL.yields + np.tensordot(shapes, MODEL.shifts, axes=(0, 1)))
    rows = np.vstack([backgrounds, signal.fixed, x * signal.free])
    spread = np.vstack([MODEL.spread, signal.fixed_spread, signal.free_spread])
    centres = np.broadcast_to(data.gammas[0], rows.shape)
    expected, n = np.sum(gammas * rows, axis=0), data.observed[0]
    free = spread > 0.0
    penalty = np.sum(((gammas - centres)[free] / spread[free]) ** 2) + np.sum((point[1:] - data.centres[0]) ** 2)
    return 2.0 * np.sum(expected - n - xlogy(n, expected) + xlogy(n, n)) + penalty


@pytest.mark.independent
@pytest.mark.parametrize("observed", [0.0, 1.0, 7.0, 400.0])
@pytest.mark.parametrize("expected", [0.3, 6.0, 380.0])
@pytest.mark.parametrize("variance", [1e-3, 0.5, 30.0])
def test_shift_of_a_bin_is_profiled(observed, expected, variance):
    def penalised(total):
        poisson = 2.0 * (total - observed - xlogy(observed, total) + xlogy(observed, observed))
        return poisson + (total - expected) ** 2 / variance

    top = 2.0 * (observed + expected + variance)
    direct = minimize_scalar(penalised, bounds=(0.0, top), method="bounded", options={"xatol": 1e-9})
    value, slope, curvature, best = _profile.deviance(*(np.array([v]) for v in (observed, expected, variance)))
    assert_allclose(value, direct.fun, rtol=1e-7, atol=1e-7)
    assert_allclose(best, direct.x, rtol=1e-4, atol=1e-4)
    h = 1e-4 * expected
    around = [_profile.deviance(*(np.array([v]) for v in (observed, expected + s * h, variance))) for s in (1.0, -1.0)]
    assert_allclose(2.0 * slope, (around[0][0] - around[1][0]) / (2.0 * h), rtol=1e-5, atol=1e-6)
    assert_allclose(curvature, (around[0][1] - around[1][1]) / (2.0 * h), rtol=1e-5, atol=1e-7)


@pytest.mark.identity
def test_no_simulation_error_leaves_poisson():
    n, nu = np.array([12.0, 0.0]), np.array([9.0, 2.5])
    value, slope, _, best = _profile.deviance(n, nu, np.full(2, 1e-9))
    assert_allclose(value, 2.0 * (nu - n - xlogy(n, nu) + xlogy(n, n)), rtol=1e-8)
    assert_allclose(best, nu, rtol=1e-8)
    # a difference of two nearly equal roots: half of the digits
    assert_allclose(slope, 1.0 - n / nu, atol=1e-5)
    assert_allclose(_profile.deviance(n, nu, np.full(2, 1e-4))[2], n / nu**2, atol=1e-4)


@pytest.mark.identity
@pytest.mark.parametrize("gammas", [np.ones((1, 1, 1)), 1.0 + 0.1 * np.sin(np.arange(16.0)).reshape(1, 4, 4)])
def test_gradient_and_curvature(gammas):
    data = _profile.Counts(OBSERVED, np.array([[0.3, -0.2, 0.1]]), gammas)
    gradient, matrix, safe = _profile.slopes(MODEL, SIGNAL, data, POINT)
    h = 1e-5 * np.eye(4)
    value = [[_profile.chi2(MODEL, SIGNAL, data, POINT + s * step)[0] for s in (1.0, -1.0)] for step in h]
    assert_allclose(gradient[0], [(up - down) / 4e-5 for up, down in value], rtol=1e-7, atol=1e-7)
    slopes = [[_profile.slopes(MODEL, SIGNAL, data, POINT + s * step)[0][0] for s in (1.0, -1.0)] for step in h]
    numeric = np.array([(up - down) / 2e-5 for up, down in slopes])
    assert_allclose(matrix[0], numeric, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(safe[0]).min() > 0.0
    assert_allclose(matrix[0], matrix[0].T, rtol=1e-12)


@pytest.mark.independent
@pytest.mark.parametrize("gammas", [np.ones((1, 1, 1)), 1.0 + 0.1 * np.cos(np.arange(16.0)).reshape(1, 4, 4)])
def test_minimum_against_every_multiplier_by_hand(gammas):
    data = _profile.Counts(OBSERVED, np.array([[0.3, -0.2, 0.1]]), gammas)
    best = _profile.minimise(MODEL, SIGNAL, data, np.zeros((1, 4)))
    free = np.vstack([MODEL.spread, SIGNAL.fixed_spread, SIGNAL.free_spread]) > 0.0

    def value(p):
        multipliers = np.array(np.broadcast_to(gammas[0], (4, 4)))
        multipliers[free] = p[4:]
        return explicit(p[:4], multipliers, data)

    start = np.concatenate([[1.0], np.zeros(3), np.broadcast_to(gammas[0], (4, 4))[free]])
    bounds = [(None, None)] * 4 + [(1e-6, None)] * int(free.sum())
    direct = minimize(value, start, method="L-BFGS-B", bounds=bounds, options={"maxfun": 100000, "ftol": 1e-14, "gtol": 1e-8})
    assert_allclose(best.chi2, direct.fun, atol=2e-6)
    assert_allclose(best.point[0], direct.x[:4], atol=2e-3)


@pytest.mark.identity
def test_one_bin_by_hand():
    # no nuisance that matters: x = (n - b)/s, its error sqrt(n)/s
    model = _profile.Templates(np.array([[9.0]]), np.array([[1e-5]]), np.zeros((1, 0, 1)), np.array([1e-9]))
    signal = _profile.Signal(np.array([[2.0]]), np.zeros(1), np.array([[1.0]]), np.zeros(1))
    data = _profile.Counts(np.array([[16.0], [25.0]]), np.zeros((1, 1)), np.ones((1, 1, 1)))
    best = _profile.minimise(model, signal, data, np.zeros((1, 2)))
    assert_allclose(best.point[:, 0], [3.0, 7.5], rtol=1e-6)
    assert_allclose(best.error, [2.0, 2.5], rtol=1e-5)
    assert_allclose(best.chi2, 0.0, atol=1e-9)
    assert_allclose(best.slope, 0.0, atol=1e-6)
    held = _profile.minimise(model, signal, data, np.array([[1.0, 0.0], [7.5, 0.0]]), np.array([True, False]))
    assert_allclose(held.point[:, 0], [1.0, 7.5], rtol=1e-6)
    assert_allclose(held.chi2[0], 2.0 * (12.0 - 16.0 - 16.0 * np.log(12.0 / 16.0)), rtol=1e-6)
    assert_allclose(held.slope[0], 2.0 * 2.0 * (1.0 - 16.0 / 12.0), rtol=1e-6)
    for side in (1.0, -1.0):
        there, slope = _profile.crossing(model, signal, data, best, 4.0, side)
        expected = 10.0 + 2.0 * there
        n = data.observed[:, 0]
        assert_allclose(2.0 * (expected - n - n * np.log(expected / n)), 4.0, rtol=1e-5)
        assert np.all(side * (there - best.point[:, 0]) > 0.0)
        assert_allclose(slope, 4.0 * (1.0 - n / expected), rtol=1e-4)


@pytest.mark.identity
def test_sets_are_fitted_independently():
    random = np.random.default_rng(3)
    observed = random.poisson(OBSERVED[0] + 2.0, (40, 4)).astype(float)
    centres, gammas = random.normal(0.0, 1.0, (40, 3)), random.normal(1.0, 0.1, (40, 4, 4))
    free = SIGNAL.free * np.linspace(0.2, 3.0, 40)[:, None]
    signal = _profile.Signal(free, SIGNAL.free_spread, np.repeat(SIGNAL.fixed, 40, axis=0), SIGNAL.fixed_spread)
    data = _profile.Counts(observed, centres, gammas)
    together = _profile.minimise(MODEL, signal, data, np.zeros((1, 4)))
    gradient, _, _ = _profile.slopes(MODEL, signal, data, together.point)
    assert_allclose(gradient, 0.0, atol=1e-8)
    high, _ = _profile.crossing(MODEL, signal, data, together, 1.0, 1.0)
    for i in (0, 17, 39):
        some = np.array([i])
        alone = _profile.minimise(MODEL, signal.subset(some), data.subset(some), np.zeros((1, 4)))
        assert_allclose(alone.point[0], together.point[i], rtol=1e-9, atol=1e-11)
        assert_allclose(alone.chi2, together.chi2[i], atol=1e-10)
        assert_allclose(
            _profile.crossing(MODEL, signal.subset(some), data.subset(some), alone, 1.0, 1.0)[0], high[i], rtol=1e-7
        )


@pytest.mark.identity
def test_bins_can_be_left_out():
    some = MODEL.select_bins(slice(1, 3))
    assert some.yields.shape == (2, 2) and some.shifts.shape == (2, 1, 2) and some.size == MODEL.size == 3
    assert_allclose(some.spread, MODEL.spread[:, 1:3])


@pytest.mark.identity
def test_failed_fit_raises_an_error(monkeypatch):
    # no signal at all: nothing fixes x, and no interval closes
    nothing = _profile.Signal(np.full((1, 4), 1e-9), SIGNAL.free_spread, SIGNAL.fixed, SIGNAL.fixed_spread)
    start = _profile.Minimum(POINT, np.array([0.0]), np.array([1e-12]), np.array([1e-3]), np.eye(4)[:1])
    monkeypatch.setattr(_profile, "_MOST", 15)
    with pytest.raises(ParameterError, match="the interval does not close"):
        _profile.crossing(MODEL, nothing, DATA, start, 1e4, 1.0)
    bad = _profile.Counts(OBSERVED, np.zeros((1, 3)), np.full((1, 1, 1), np.nan))
    with pytest.raises(ParameterError, match="the fit does not converge"):
        _profile.minimise(MODEL, SIGNAL, bad, np.zeros((1, 4)))


@pytest.mark.identity
def test_one_set_broadcasts_and_zero_sets_give_none():
    assert [_profile.common(*counts) for counts in ((1, 1), (1, 3), (3, 1), (0, 1), (1, 0, 3))] == [1, 3, 3, 0, 0]


@pytest.mark.identity
def test_free_shape_equals_one_with_a_very_wide_prior():
    wide = _profile.Templates(MODEL.yields, MODEL.spread, 1e4 * MODEL.shifts, MODEL.widths)
    loose = _profile.Templates(MODEL.yields, MODEL.spread, MODEL.shifts, MODEL.widths, loose=True)
    assert loose.prior.tolist() == [1.0, 1.0, 0.0] and MODEL.prior.tolist() == [1.0, 1.0, 1.0]
    held, start = [True], np.array([[0.7, 0.0, 0.0, 0.0]])
    one, other = (_profile.minimise(model, SIGNAL, DATA, start, np.array(held)) for model in (loose, wide))
    assert_allclose(one.chi2, other.chi2, atol=1e-6)
    assert_allclose(one.point[0, 3], 1e4 * other.point[0, 3], rtol=1e-5)
    assert abs(one.point[0, 3] - _profile.minimise(MODEL, SIGNAL, DATA, start, np.array(held)).point[0, 3]) > 0.1
    gradient, matrix, _ = _profile.slopes(loose, SIGNAL, DATA, POINT)
    constrained = _profile.slopes(MODEL, SIGNAL, DATA, POINT)
    assert_allclose(constrained[0] - gradient, [[0.0, 0.0, 0.0, POINT[0, 3]]], atol=1e-12)
    assert_allclose(constrained[1] - matrix, np.diag([0.0, 0.0, 0.0, 1.0])[None], atol=1e-12)
    assert loose.select_bins(slice(0, 2)).loose


@pytest.mark.identity
def test_response_is_the_derivative_of_the_expectation():
    gammas = 1.0 + 0.1 * np.sin(np.arange(16.0)).reshape(1, 4, 4)
    mean, variance, along = _profile.response(MODEL, SIGNAL, gammas, POINT)
    yields, _ = _profile.samples(MODEL, SIGNAL, POINT)
    spread = np.vstack([MODEL.spread, SIGNAL.fixed_spread, SIGNAL.free_spread])
    assert_allclose(mean, np.sum(gammas * yields, axis=1), rtol=1e-14)
    assert_allclose(variance, np.sum((spread * yields) ** 2, axis=1), rtol=1e-14)
    for i, step in enumerate(1e-5 * np.eye(4)):
        up, down = (_profile.response(MODEL, SIGNAL, gammas, POINT + side * step)[0] for side in (1.0, -1.0))
        assert_allclose(along[:, i], (up - down) / 2e-5, rtol=1e-8, atol=1e-8)
