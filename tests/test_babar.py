import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.stats import norm, poisson

from darkhiggs import babar, standard_model
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural


@pytest.mark.published
def test_rates_that_babar_publishes():
    # K+: 1.5e-5, from the same counts but an efficiency that we take from the limit
    total = babar._exposure("K+")[0]
    assert_allclose((6 - 2.9) / total, get("published.br_k.babar_had").value, rtol=0.02)
    # 471 million pairs: efficiencies of 44, 10, 11 and 15 in 1e5
    efficiency = np.array([babar._exposure(mode)[0] for mode in babar.MODES]) / 4.71e8
    assert_allclose(efficiency, [43.8e-5, 10e-5, 11e-5, 15e-5], rtol=0.05)


@pytest.mark.independent
@pytest.mark.parametrize("place", range(4))
def test_limits_come_back(place):
    mode, limit = babar.MODES[place], get("babar.limits").value[place]
    signal = babar._exposure(mode)[0] * limit
    assert_allclose(poisson.cdf(natural("babar.observed", "1")[place], natural("babar.background", "1")[place] + signal), 0.1)


@pytest.mark.independent
@pytest.mark.parametrize("mode", babar.MODES)
@pytest.mark.parametrize("rate", [0.0, 8e-6, 1e-4])
def test_profile_against_a_minimiser(mode, rate):
    place = babar.MODES.index(mode)
    n, entry = natural("babar.observed", "1")[place], get("babar.background")
    mean, error = entry.value[place], entry.uncertainty[place]
    star = standard_model.br_b_to_kstar_nunu if "*" in mode else standard_model.br_b_to_k_nunu
    signal = babar.events(2.0, rate, mode) + babar._exposure(mode)[0] * star(charge=mode[-1])

    def value(b):
        likelihood = poisson.logpmf(n, b + signal) - poisson.logpmf(n, n)
        return -2.0 * (likelihood + norm.logpdf(b, mean, error) - norm.logpdf(mean, mean, error))

    best = minimize_scalar(value, bounds=(mean - 5.0 * error, mean + 5.0 * error), method="bounded", options={"xatol": 1e-10})
    assert_allclose(babar.chi2(2.0, rate, mode), best.fun, rtol=1e-9, atol=1e-9)


@pytest.mark.identity
def test_signal_region():
    assert babar.events(2.891, 1e-5) > 0.0 and babar.events(2.892, 1e-5) == 0.0
    assert_allclose(babar.events([0.0, 2.8], 1e-5), babar.events(2.0, 1e-5), rtol=1e-14)
    # spectra: half of K nu nubar is in the region, and less of K* nu nubar
    total, inside = babar._exposure("K+")
    q2 = np.linspace(0.0, 0.3 * natural("m_B+") ** 2, 20001)
    share = np.trapezoid(standard_model.dbr_dq2_b_to_k_nunu(q2), q2) / standard_model.br_b_to_k_nunu()
    assert_allclose(total / inside, share, rtol=1e-6)
    assert_allclose(babar.expected(), 2.9 + total * standard_model.br_b_to_k_nunu(), rtol=1e-12)
    rate = np.array([[0.0], [1e-5]])
    assert babar.chi2([1.0, 4.0], rate).shape == (2, 2)
    assert babar.chi2(4.0, 1e-5) == babar.chi2(4.0, 0.0)


@pytest.mark.house
def test_unknown_mode():
    with pytest.raises(ParameterError, match="'K-' is not one of 'K\\+', 'K0'"):
        babar.events(2.0, 1e-5, "K-")
