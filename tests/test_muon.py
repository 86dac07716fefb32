import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import model, muon
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural


@pytest.mark.talk
def test_benchmark_b():
    b = model.benchmark("B")
    assert_allclose(muon.delta_a_mu(b.m_zp, b.g_x), get("talk.delta_a_mu").value, rtol=0.05)


@pytest.mark.published
def test_discrepancy_of_2023():
    # 1901.02010: g ~ 5e-4 at about 10 MeV explains (2.5 +- 0.5)e-9
    assert_allclose(muon.coupling_for(get("published.delta_a_mu.2023").value, 0.010), 5e-4, rtol=0.02)


# mpmath quadrature, 15 digits
@pytest.mark.independent
@pytest.mark.parametrize(
    ("m_zp", "g_x", "value"),
    [
        (0.010, 1e-4, 9.91230566e-11),
        (0.0115, 5e-4, 2.40009634e-09),
        (0.010, 5e-4, 2.47807642e-09),
        (0.5, 1e-3, 2.99361279e-10),
        (50.0, 0.05, 9.4246951e-11),
    ],
)
def test_against_mpmath(m_zp, g_x, value):
    assert_allclose(muon.delta_a_mu(m_zp, g_x), value, rtol=1e-8)


@pytest.mark.independent
@pytest.mark.parametrize("m_zp", [1e-4, 1e-3, 0.02, 0.105, 0.3, 2.0, 30.0])
def test_against_adaptive_quadrature(m_zp):
    r = (m_zp / natural("m_mu")) ** 2
    value, _ = integrate.quad(
        lambda t: 2 * (1 - t) * t**2 / (t**2 + r * (1 - t)),
        0,
        1,
        epsabs=0,
        epsrel=1e-12,
        limit=500,
        points=sorted({min(np.sqrt(r), 0.999), max(1 - 1 / r, 0.001) if r > 2 else 0.5}),
    )
    assert_allclose(muon.delta_a_mu(m_zp, 0.1), 0.01 / (8 * np.pi**2) * value, rtol=1e-9)


@pytest.mark.identity
def test_limits():
    assert_allclose(muon.delta_a_mu(1e-9, 1e-4), 1e-8 / (8 * np.pi**2), rtol=1e-6)
    assert_allclose(muon.delta_a_mu(5e3, 0.1), 0.01 * natural("m_mu") ** 2 / (12 * np.pi**2 * 2.5e7), rtol=1e-6)


@pytest.mark.identity
def test_inverse_and_shapes():
    masses = np.geomspace(1e-4, 1e3, 12)
    for wanted in (1e-10, 2.5e-9):
        g = muon.coupling_for(wanted, masses[:6])
        assert_allclose(muon.delta_a_mu(masses[:6], g), wanted, rtol=1e-12)
    assert muon.coupling_for(0.0, 0.01) == 0.0
    grid = muon.delta_a_mu(masses[:, None], np.array([1e-4, 1e-3]))
    assert grid.shape == (12, 2)
    assert_allclose(grid[3, 1], muon.delta_a_mu(masses[3], 1e-3), rtol=1e-13)
    assert np.all(np.diff(grid[:, 0]) < 0)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: muon.delta_a_mu(0.0, 1e-4), r"m_zp = 0 GeV is outside its range \(0, 10000\] GeV"),
        (lambda: muon.delta_a_mu(0.01, 1.2), "g_x = 1.2"),
        (lambda: muon.coupling_for(-1e-9, 0.01), r"delta_a_mu = -1e-09 is outside its range \[0, 1e-06\]"),
        (lambda: muon.coupling_for(1e-9, np.nan), "m_zp = nan"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.published
def test_differences_of_the_published_values():
    a = {key: get(f"published.a_mu.{key}").value for key in ("exp_2023", "exp_2025", "wp2020", "wp2025", "bmw20")}
    assert_allclose(a["exp_2023"] - a["wp2020"], get("published.delta_a_mu.2023").value, atol=1e-13)
    assert_allclose(a["exp_2023"] - a["bmw20"], get("published.delta_a_mu.bmw20").value, atol=1e-13)
    assert_allclose(a["exp_2025"] - a["wp2025"], get("published.delta_a_mu.2025").value, atol=1e-11)
