import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import form_factors
from darkhiggs import standard_model as sm
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

END = (natural("m_B+") - natural("m_K+")) ** 2


@pytest.mark.published
def test_short_distance_rate():
    assert_allclose(sm.br_b_to_k_nunu(), get("published.br_k_short_distance").value, rtol=0.01)
    assert_allclose(sm.br_b_to_k_nunu(), get("published.br_k_null").value, rtol=1e-3)


@pytest.mark.published
def test_rate_with_the_tau_tree():
    assert_allclose(sm.br_b_to_k_nunu(tau_tree=True), get("published.br_k_with_tau").value, rtol=0.01)
    assert_allclose(sm.br_tau_tree(), get("published.br_tau_tree").value, rtol=0.03)


@pytest.mark.published
def test_form_factor_error_of_the_rate():
    # HPQCD 2207.13371 quotes 0.37/5.58 with CKM and X_t; the form factor alone is 5-6 %
    relative = form_factors.band(lambda n: sm.br_b_to_k_nunu(nuisance=n)) / sm.br_b_to_k_nunu()
    assert 0.045 < relative < 0.065


@pytest.mark.published
def test_kstar_rate_is_in_the_published_range():
    # Buras et al. 1409.4557: 9.2(1.0)e-6 with the same form factors; PDG CKM product
    assert_allclose(sm.br_b_to_kstar_nunu(inputs="pdg2026"), 9.2e-6, rtol=0.11)


@pytest.mark.published
@pytest.mark.parametrize(
    ("m_top", "inputs", "kappa"),
    [(172.6, "belle2", 6.63e-6), (172.6, "pdg2026", 6.51e-6), (162.5, "belle2", 5.88e-6), (162.5, "pdg2026", 5.77e-6)],
)
def test_penguin_coupling(m_top, inputs, kappa):
    assert_allclose(sm.penguin_coupling(m_top, inputs), kappa, rtol=1.5e-3)


@pytest.mark.published
def test_inami_lim_with_qcd_correction():
    # X_t = 0.994 X_0 for the MSbar mass, 1409.4557 below eq. (5)
    assert_allclose(0.994 * sm.inami_lim(162.5), get("X_t").value, rtol=3e-3)


# mpmath, 50 digits, formulas derived from the effective Hamiltonian without reference to this library
@pytest.mark.independent
@pytest.mark.parametrize(
    ("q2", "value"),
    [
        (0.0, 2.9421956152e-07),
        (5.0, 2.8778735004e-07),
        (10.0, 2.6447674735e-07),
        (15.0, 2.0938293043e-07),
        (20.0, 9.2287086708e-08),
    ],
)
def test_spectrum_against_mpmath(q2, value):
    assert_allclose(sm.dbr_dq2_b_to_k_nunu(q2), value, rtol=1e-9)


@pytest.mark.independent
@pytest.mark.parametrize(
    ("rate", "value", "rtol"),
    [
        (lambda: sm.br_b_to_k_nunu(), 4.966767846846e-06, 1e-10),
        (lambda: sm.br_b_to_k_nunu(charge="0"), 4.572363077441e-06, 1e-10),
        (lambda: sm.br_tau_tree(), 6.092179878142e-07, 1e-11),
        (lambda: sm.inami_lim(162.5), 1.4802565128, 1e-10),
        (lambda: sm.inami_lim(172.6), 1.5848074793, 1e-10),
        (lambda: sm.c_nu(162.5), 1.1029319837e-08, 1e-10),
        (lambda: sm.penguin_coupling(172.6), 6.6326445012e-06, 1e-10),
        (lambda: sm.br_b_to_kstar_nunu(), 1.0155480554e-05, 2e-4),
    ],
)
def test_rates_against_mpmath(rate, value, rtol):
    # K*: mpmath used the four-digit coefficients of the BSZ15 table
    assert_allclose(rate(), value, rtol=rtol)


@pytest.mark.independent
@pytest.mark.parametrize("charge", ["0", "+"])
def test_integrals_against_adaptive_quadrature(charge):
    end = (natural(f"m_B{charge}") - natural(f"m_K{charge}")) ** 2
    value, _ = integrate.quad(lambda x: float(sm.dbr_dq2_b_to_k_nunu(x, charge)), 0, end, epsabs=0, epsrel=1e-9)
    assert_allclose(sm.br_b_to_k_nunu(charge=charge), value, rtol=1e-8)
    end = (natural(f"m_B{charge}") - natural(f"m_K*{charge}")) ** 2
    value, _ = integrate.quad(lambda x: float(sm.dbr_dq2_b_to_kstar_nunu(x, charge)), 0, end, epsabs=0, epsrel=1e-9)
    assert_allclose(sm.br_b_to_kstar_nunu(charge), value, rtol=1e-8)


@pytest.mark.identity
def test_c_nu_is_the_standard_hamiltonian():
    # (4 G_F/sqrt2)(alpha/2 pi s_W^2) V X_0 with alpha/s_W^2 = g_W^2/4 pi = sqrt2 G_F M_W^2/pi
    g_f, m_w, v = natural("G_F", "GeV^-2"), natural("m_W"), natural("|V_ts*V_tb|", "1", "belle2")
    standard = 4 * g_f / np.sqrt(2) * (np.sqrt(2) * g_f * m_w**2 / np.pi) / (2 * np.pi) * v * sm.inami_lim(170.0)
    assert_allclose(sm.c_nu(170.0), standard, rtol=1e-12)


@pytest.mark.identity
def test_scaling_laws():
    assert_allclose(sm.br_b_to_k_nunu(x_t=2.0) / sm.br_b_to_k_nunu(x_t=1.0), 4.0, rtol=1e-12)
    ckm = natural("|V_ts*V_tb|", "1", "belle2") / natural("|V_ts*V_tb|", "1")
    other = (
        (natural("X_t", "1", "belle2") / natural("X_t", "1")) ** 2 * natural("tau_B+", "ps", "belle2") / natural("tau_B+", "ps")
    )
    assert_allclose(sm.br_b_to_k_nunu() / sm.br_b_to_k_nunu(inputs="pdg2026"), ckm**2 * other, rtol=1e-12)
    assert_allclose(sm.penguin_coupling(200.0) / sm.penguin_coupling(100.0), 4.0, rtol=1e-12)
    # X_0 grows as x_t/8 for a very heavy top, up to logarithms
    assert sm.inami_lim(300.0) / (300.0 / natural("m_W")) ** 2 > 1 / 8


@pytest.mark.identity
def test_phase_space_on_both_sides():
    assert sm.dbr_dq2_b_to_k_nunu(END * (1 + 1e-12)) == 0.0
    assert sm.dbr_dq2_b_to_k_nunu(-1e-12) == 0.0
    assert sm.dbr_dq2_b_to_k_nunu(0.0) > 0.0
    # |p|^3 ~ (end - q2)^(3/2)
    near = sm.dbr_dq2_b_to_k_nunu(END - np.array([1e-3, 4e-3]))
    assert_allclose(near[1] / near[0], 8.0, rtol=2e-3)
    assert sm.dbr_dq2_b_to_kstar_nunu(np.array([19.3, 25.0])).tolist() == [0.0, 0.0]
    assert sm.dbr_dq2_b_to_kstar_nunu(-1.0) == 0.0


@pytest.mark.identity
def test_kstar_is_longitudinal_at_the_origin():
    # only A_12 survives at q2 = 0
    rate = sm.dbr_dq2_b_to_kstar_nunu(0.0)
    m_b, m_v, p = natural("m_B0"), natural("m_K*0"), (natural("m_B0") ** 2 - natural("m_K*0") ** 2) / (2 * natural("m_B0"))
    a_12 = form_factors.b_to_kstar(0.0, "A12")
    k = sm.dbr_dq2_b_to_k_nunu(0.0, "0") / form_factors.b_to_k(0.0) ** 2 / ((m_b**2 - natural("m_K0") ** 2) / (2 * m_b)) ** 3
    assert_allclose(rate, k * p * 16 * m_v**2 * a_12**2, rtol=1e-10)


@pytest.mark.identity
def test_kstar_end_point_is_isotropic():
    # at the end point the three helicities are equal: 64 m_B^2 m_V^2 A_12^2 = q2 (m_B + m_V)^2 A_1^2, 1312.3925
    m_b, m_v = natural("m_B0"), natural("m_K*0")
    end = (m_b - m_v) ** 2
    a_1, a_12 = (form_factors.b_to_kstar(end, which) for which in ("A1", "A12"))
    assert_allclose(8 * m_b * m_v * a_12, np.sqrt(end) * (m_b + m_v) * a_1, rtol=0.06)


@pytest.mark.identity
def test_shapes_and_toys():
    q2 = np.linspace(-1.0, 25.0, 9)
    grid = sm.dbr_dq2_b_to_k_nunu(q2)
    assert_allclose(grid, [sm.dbr_dq2_b_to_k_nunu(x) for x in q2], rtol=1e-12)
    assert sm.br_b_to_k_nunu(nuisance=np.zeros((3, 8))).shape == (3,)
    assert sm.br_b_to_kstar_nunu(nuisance=np.zeros((3, 11))).shape == (3,)
    assert sm.br_b_to_k_nunu(tau_tree=True, charge="0") == sm.br_b_to_k_nunu(charge="0")


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sm.inami_lim(50.0), r"m_top = 50 GeV is outside its range \[100, 300\] GeV"),
        (lambda: sm.penguin_coupling(np.inf), "m_top = inf GeV"),
        (lambda: sm.br_b_to_k_nunu(charge="-"), "charge = '-' is not one of"),
        (lambda: sm.dbr_dq2_b_to_k_nunu(np.nan), "q2 = nan"),
        (lambda: sm.br_b_to_k_nunu(x_t=0.1), "x_t = 0.1 is outside"),
        (lambda: sm.br_b_to_kstar_nunu("2"), "charge = '2'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.talk
def test_rates_printed_by_the_talk():
    assert_allclose(sm.br_b_to_k_nunu(tau_tree=True), get("talk.br_sm").value, rtol=0.01)
    assert_allclose(get("talk.br_exp").value - sm.br_b_to_k_nunu(), get("talk.br_np").value, rtol=0.01)
