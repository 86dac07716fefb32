import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import model, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural

POINTS = {
    "P1": {"m_zp": 0.0115, "g_x": 5e-4, "m_h1": 2.0, "sin_theta": 0.003, "lambda_phi_x": 0.1, "m_x": 0.5},
    "P2": {"m_zp": 0.01, "g_x": 1e-4, "m_h1": 4.0, "sin_theta": 0.01, "lambda_phi_x": 1.0, "m_x": 0.45},
    "P3": {"m_zp": 0.3, "g_x": 0.06, "m_h1": 1.0, "sin_theta": 0.05, "lambda_phi_x": 0.2, "m_x": 0.2},
}
RATES = (
    widths.gamma_higgs_to_h1h1,
    widths.gamma_higgs_to_zpzp,
    widths.gamma_higgs_to_xx,
    widths.gamma_h1_to_zpzp,
    widths.gamma_h1_to_xx,
)


# mpmath, 15 digits, from the Lagrangian without reference to this library
@pytest.mark.independent
@pytest.mark.parametrize(
    ("point", "values", "br"),
    [
        ("P1", [3.31924233e-4, 3.31574948e-4, 7.56919235e-9, 1.50398811e-4, 0.0455703689], 0.140202989),
        ("P2", [1.96839705e-4, 1.94892389e-4, 1.58984211e-4, 6.36532240e-5, 48.4557832], 0.119360282),
        ("P3", [1.94338454, 1.94885675, 3.97468775e-7, 2.34071403e-4, 0.0181879056], 0.998951471),
    ],
)
def test_against_mpmath(point, values, br):
    sector = model.DarkSector(**POINTS[point])
    assert_allclose([rate(sector) for rate in RATES], values, rtol=2e-8)
    assert_allclose(widths.br_higgs_invisible(sector), br, rtol=2e-8)


@pytest.mark.independent
@pytest.mark.parametrize(
    ("v_phi", "limit", "value"),
    [
        (20.0, 0.13, 0.00249657272),
        (23.0, 0.13, 0.00287096473),
        (100.0, 0.13, 0.0124525946),
        (20.0, 0.107, 0.00223366946),
        (23.0, 0.107, 0.00256864472),
        (100.0, 0.107, 0.0111441080),
    ],
)
def test_largest_mixing_against_mpmath(v_phi, limit, value):
    assert_allclose(widths.sin_theta_max(v_phi, limit, m_h1=2.0, m_zp=0.0115), value, rtol=1e-7)


@pytest.mark.independent
def test_zpzp_width_from_the_polarisation_sum():
    # |M|^2 = (2 m_Z'^2/v)^2 sum |e1.e2|^2 = (2 m_Z'^2/v)^2 [2 + (m^2/2m_Z'^2 - 1)^2], identical particles
    m, m_v, v = 1.0, 0.3, 5.0
    amplitude = (2 * m_v**2 / v) ** 2 * (2 + (m**2 / (2 * m_v**2) - 1) ** 2)
    width = 0.5 * np.sqrt(1 - 4 * m_v**2 / m**2) / (16 * np.pi * m) * amplitude
    sector = model.DarkSector(m_zp=m_v, g_x=0.06, m_h1=m)
    assert_allclose(widths.gamma_h1_to_zpzp(sector), width, rtol=1e-12)


@pytest.mark.identity
def test_goldstone_limit():
    # light Z': the width is that of phi -> two identical Goldstone bosons, m^3/(32 pi v^2)
    sector = model.DarkSector(m_zp=1e-5, g_x=1e-6, m_h1=2.0)
    assert_allclose(widths.gamma_h1_to_zpzp(sector), 8.0 / (32 * np.pi * 100.0), rtol=1e-9)


@pytest.mark.identity
def test_higgs_widths_are_equal_in_the_light_limit():
    sector = model.DarkSector(m_zp=1e-4, g_x=1e-5, m_h1=1e-3, sin_theta=1e-4)
    expected = 1e-8 * natural("m_h") ** 3 / (32 * np.pi * 100.0)
    assert_allclose([widths.gamma_higgs_to_h1h1(sector), widths.gamma_higgs_to_zpzp(sector)], expected, rtol=2e-5)


@pytest.mark.identity
def test_thresholds_on_both_sides():
    sector = model.DarkSector(m_zp=0.3, g_x=0.06, m_x=0.4, lambda_phi_x=0.1, m_h1=np.array([0.6, 0.6 + 1e-9, 0.8, 0.8 + 1e-9]))
    assert (widths.gamma_h1_to_zpzp(sector) > 0).tolist() == [False, True, True, True]
    assert (widths.gamma_h1_to_xx(sector) > 0).tolist() == [False, False, False, True]
    heavy = model.DarkSector(m_zp=70.0, g_x=0.5, m_h1=63.0, m_x=70.0, lambda_phi_x=0.1, sin_theta=0.1)
    assert [float(rate(heavy)) for rate in RATES[:3]] == [0.0, 0.0, 0.0]
    # the slope at threshold: beta for scalars
    near = model.DarkSector(m_zp=0.01, g_x=1e-3, m_x=0.4, lambda_phi_x=0.1, m_h1=0.8 * np.array([1 + 1e-6, 1 + 4e-6]))
    assert_allclose(np.divide(*widths.gamma_h1_to_xx(near)), 0.5, rtol=1e-5)


@pytest.mark.identity
def test_scaling_laws():
    sector = model.DarkSector(**POINTS["P1"])
    assert_allclose(widths.gamma_h1_to_zpzp(sector.replace(q_phi=2.0)) / widths.gamma_h1_to_zpzp(sector), 4.0, rtol=1e-12)
    assert_allclose(widths.gamma_h1_to_xx(sector.replace(lambda_phi_x=0.3)) / widths.gamma_h1_to_xx(sector), 9.0, rtol=1e-12)
    assert_allclose(
        widths.gamma_h1_to_leptons(sector.replace(sin_theta=0.006)) / widths.gamma_h1_to_leptons(sector), 4.0, rtol=1e-12
    )
    assert_allclose(widths.gamma_h1(sector, 2.0), widths.gamma_h1(sector), rtol=1e-14)
    total = widths.gamma_h1_to_zpzp(sector) + widths.gamma_h1_to_xx(sector) + widths.gamma_h1_to_leptons(sector)
    assert_allclose(widths.gamma_h1(sector), total, rtol=1e-14)
    # the running width at another virtuality is the width of that mass
    assert_allclose(
        widths.gamma_h1(sector, [1.5, 3.0]), [widths.gamma_h1(sector.replace(m_h1=m)) for m in (1.5, 3.0)], rtol=1e-12
    )


@pytest.mark.identity
def test_higgs_limit_is_linear_in_v_phi():
    value = widths.sin_theta_max([1.0, 2.0, 4.0])
    assert_allclose(value / value[0], [1.0, 2.0, 4.0], rtol=1e-2)
    # v_Phi -> infinity leaves H2 -> H1 H1 through the h component: sin^4 cos^2 m_H2^3/(32 pi v_H^2)
    s = float(widths.sin_theta_max(1e6))
    new, standard = (
        s**4 * (1 - s**2) * natural("m_h") ** 3 / (32 * np.pi * model.v_higgs() ** 2),
        (1 - s**2) * natural("Gamma_h"),
    )
    assert_allclose((new + standard * 1.06e-3) / (new + standard), 0.13, rtol=2e-3)
    # saturation: the limit is met exactly
    sector = model.DarkSector(m_zp=0.0115, g_x=5e-4, m_h1=2.0)
    top = widths.sin_theta_max(sector.v_phi, 0.2, m_h1=2.0, m_zp=0.0115)
    assert_allclose(widths.br_higgs_invisible(sector.replace(sin_theta=top)), 0.2, rtol=1e-9)
    closed = widths.sin_theta_max(23.0, 0.13, m_x=0.5, lambda_phi_x=1.0)
    assert closed < widths.sin_theta_max(23.0, 0.13)
    assert widths.sin_theta_max(np.ones((2, 1)), np.array([0.1, 0.2, 0.3])).shape == (2, 3)


@pytest.mark.identity
def test_branching_ratios():
    sector = model.DarkSector(**POINTS["P1"])
    assert_allclose(widths.br_higgs_invisible(sector.replace(sin_theta=0.0)), natural("BR(h->ZZ*->4nu)", "1"), rtol=1e-12)
    visible = widths.gamma_h1_to_leptons(sector) + widths.gamma_h1_to_zpzp(sector) * (1 - widths.br_zp_invisible(sector) ** 2)
    assert_allclose(1 - widths.br_h1_invisible(sector), visible / widths.gamma_h1(sector), rtol=1e-6)
    # every channel but e+e- closed: nothing invisible, and nothing divides by zero
    closed = model.DarkSector(m_zp=0.01, g_x=1e-4, m_h1=0.005, sin_theta=[0.0, 0.01])
    assert widths.br_h1_invisible(closed).tolist() == [0.0, 0.0]


@pytest.mark.identity
@pytest.mark.filterwarnings("ignore::darkhiggs.errors.UnitWarning")
def test_widths_of_the_z_prime():
    g, m = 1e-3, np.array([0.01, 0.2, 0.22, 1.0, 4.0])
    sector = model.DarkSector(m_zp=m, g_x=g)
    neutrinos = g**2 * m / (12 * np.pi)
    assert_allclose(widths.gamma_zp(sector)[:2], neutrinos[:2], rtol=1e-4)
    assert widths.gamma_zp(sector)[2] > 1.05 * neutrinos[2]
    # far above both charged thresholds: two neutrinos, mu, tau -> three times the neutrino width
    assert_allclose(widths.gamma_zp(sector.replace(m_zp=100.0)), 3 * g**2 * 100.0 / (12 * np.pi), rtol=1e-5)
    assert_allclose(widths.br_zp_invisible(sector.replace(m_zp=100.0)), 1 / 3, rtol=1e-5)
    # e+e- below the muon threshold: (e eps/g)^2
    ratio = 4 * np.pi / 137.036 * 0.0144331183**2
    assert_allclose(1 - widths.br_zp_invisible(model.DarkSector(m_zp=0.02, g_x=g)), ratio, rtol=5e-3)
    # a complex scalar of unit charge carries a quarter of a Dirac fermion, with beta^3
    with_x = sector.replace(m_zp=1.0, m_x=[0.1, 0.6], q_x=2.0)
    extra = widths.gamma_zp(with_x) - widths.gamma_zp(sector.replace(m_zp=1.0))
    assert_allclose(extra, [4 * g**2 / (48 * np.pi) * 0.96**1.5, 0.0], rtol=1e-9)


@pytest.mark.published
def test_muon_width_of_a_light_higgs():
    # Higgs of 1 GeV: G_F m_mu^2 m/(4 sqrt2 pi) beta^3, Hunter's Guide eq. (2.6)
    g_f, m_mu, m_e = natural("G_F", "GeV^-2"), natural("m_mu"), natural("m_e")
    value = g_f / (4 * np.sqrt(2) * np.pi) * (m_mu**2 * (1 - 4 * m_mu**2) ** 1.5 + m_e**2)
    sector = model.DarkSector(m_zp=0.01, g_x=1e-4, m_h1=1.0, sin_theta=1.0)
    assert_allclose(widths.gamma_h1_to_leptons(sector), value, rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: widths.gamma_h1(model.benchmark("A")), "m_h1 is not set"),
        (lambda: widths.sin_theta_max(-1.0), r"v_phi = -1 GeV is outside its range \[0.1, 1e\+06\] GeV"),
        (lambda: widths.sin_theta_max(23.0, 1e-4), r"br_limit = 0.0001 is outside its range \(0.00106, 1\]"),
        (lambda: widths.sin_theta_max(23.0, 1.0), "br_limit = 1"),
        (lambda: widths.gamma_h1(model.benchmark("A"), -2.0), r"mass = -2 GeV is outside its range \[1e-12, 10000\] GeV"),
        (lambda: widths.sin_theta_max(np.nan), "v_phi = nan"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_z_prime_into_x_scales_with_its_mass():
    b = model.DarkSector(m_zp=3.0, g_x=0.1, m_x=0.5)
    dark = widths.gamma_zp(b.replace(q_x=2.0)) - widths.gamma_zp(b)
    assert_allclose(dark, 0.2**2 * 3.0 / (48 * np.pi) * (1 - 1 / 9) ** 1.5, rtol=1e-9)


@pytest.mark.identity
def test_mixing_is_unlimited_without_invisible_channels():
    with np.errstate(all="raise"):
        assert_allclose(widths.sin_theta_max([23.0, 1e5], 0.5, m_h1=100.0, m_zp=100.0), 1.0, rtol=1e-14)
