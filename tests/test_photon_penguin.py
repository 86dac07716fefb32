import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from darkhiggs import inputs, kinetic_mixing, model, photon_penguin, standard_model, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural

SECTOR = model.DarkSector(m_zp=0.3, g_x=0.02, m_x=0.4, q_x=1.5)


@pytest.mark.independent
def test_leptons_against_flavio():
    # flavio 2.7.1 with its own inputs and four-quark loops: dBR/dq2(B+->Kmumu) at 3 GeV^2; the estimate claims a quarter
    assert_allclose(photon_penguin.dbr_dq2_b_to_k_leptons(3.0), 3.522e-8, rtol=0.25)


@pytest.mark.identity
def test_the_coefficients_of_neutrinos_give_a_third_of_the_neutrino_rate(monkeypatch):
    left = natural("X_t", "1", "belle2") / natural("s_W^2", "1", "belle2")
    table = {"C_7": 0.0, "C_9": left, "C_10": -left}
    monkeypatch.setattr(
        photon_penguin, "natural", lambda name, *a, **k: table[name] if name in table else natural(name, *a, **k)
    )
    q2 = np.array([0.5, 5.0, 15.0, 22.0])
    assert_allclose(photon_penguin.dbr_dq2_b_to_k_leptons(q2), standard_model.dbr_dq2_b_to_k_nunu(q2) / 3.0, rtol=1e-9)
    assert_allclose(
        photon_penguin.dbr_dq2_b_to_k_leptons(q2, axial=False), standard_model.dbr_dq2_b_to_k_nunu(q2) / 6.0, rtol=1e-9
    )


@pytest.mark.identity
def test_dipole_is_a_correction_of_the_right_sign(monkeypatch):
    # C_7 and C_9 have opposite signs and interfere destructively
    with_dipole = photon_penguin.dbr_dq2_b_to_k_leptons(1.0, axial=False)
    f = natural("C_7", "1") / natural("C_9", "1") * 2.0 * (4.18 + 0.0934) / (5.279406 + 0.493677)
    monkeypatch.setattr(photon_penguin, "natural", lambda name, *a, **k: 0.0 if name == "C_7" else natural(name, *a, **k))
    without = photon_penguin.dbr_dq2_b_to_k_leptons(1.0, axial=False)
    assert_allclose(with_dipole / without, (1.0 + f) ** 2, rtol=0.02)  # f_T = f_+ within 1 % at small q2


@pytest.mark.identity
def test_inputs_and_end_point():
    ratio = photon_penguin.dbr_dq2_b_to_k_leptons(3.0, inputs="pdg2026") / photon_penguin.dbr_dq2_b_to_k_leptons(3.0)
    ckm = inputs.get("|V_ts*V_tb|").value / inputs.get("|V_ts*V_tb|", "belle2").value
    assert_allclose(ratio, ckm**2 * 1.637 / 1.638, rtol=2e-3)
    assert (photon_penguin.dbr_dq2_b_to_k_leptons([22.90, 22.91]) > 0.0).tolist() == [True, False]
    assert (photon_penguin.br_b_to_k_zp([4.785, 4.787], 0.1) > 0.0).tolist() == [True, False]
    assert photon_penguin.br_b_to_k_xx(SECTOR.replace(m_x=2.4)) == 0.0


@pytest.mark.identity
def test_a_virtual_photon_is_recovered():
    # Z' -> l l with the coupling e has the width alpha m/3; folded with the propagator it is the vector part again
    m, alpha = 1.3, 1.0 / natural("1/alpha(M_Z)", "1", "belle2")
    mixing = abs(kinetic_mixing.epsilon(0.01, m**2))
    spectrum = photon_penguin.br_b_to_k_zp(m, 0.01) / mixing**2 * (alpha / 3.0 * m**2) / (np.pi * m**4)
    assert_allclose(spectrum, photon_penguin.dbr_dq2_b_to_k_leptons(m**2, axial=False), rtol=1e-12)


@pytest.mark.independent
@pytest.mark.parametrize("m_x", [0.16, 0.4, 2.0])
def test_xx_against_adaptive_quadrature(m_x):
    sector = SECTOR.replace(m_x=m_x)

    def integrand(log):
        q2 = np.exp(log)
        width = (0.02 * 1.5) ** 2 * q2 / (48 * np.pi) * (1 - 4 * m_x**2 / q2) ** 1.5
        return photon_penguin.br_b_to_k_zp(np.sqrt(q2), 0.02) * width / (q2 - 0.09) ** 2 / np.pi * q2

    expected = quad(integrand, np.log(4 * m_x**2), np.log(4.7857**2), epsabs=0, epsrel=1e-8, limit=400)[0]
    assert_allclose(photon_penguin.br_b_to_k_xx(sector), expected, rtol=1e-4)


@pytest.mark.identity
def test_xx_on_the_pole_is_the_two_body_rate():
    sector = SECTOR.replace(m_x=[0.05, 0.1], g_x=1e-4)
    dark = (1e-4 * 1.5) ** 2 * 0.3 / (48 * np.pi) * (1 - 4 * sector.m_x**2 / 0.09) ** 1.5
    expected = photon_penguin.br_b_to_k_zp(0.3, 1e-4) * dark / widths.gamma_zp(sector)
    assert_allclose(photon_penguin.br_b_to_k_xx(sector), expected, rtol=1e-4)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: photon_penguin.dbr_dq2_b_to_k_leptons(30.0), r"q2 = 30 GeV\^2 is outside its range \[0, 25\] GeV\^2"),
        (lambda: photon_penguin.br_b_to_k_zp(0.0, 0.1), r"m_zp = 0 GeV is outside its range \(0, 5\] GeV"),
        (lambda: photon_penguin.br_b_to_k_zp(0.1, 2.0), "g_x = 2 is outside"),
        (lambda: photon_penguin.br_b_to_k_xx(model.benchmark("A")), "m_x is not set"),
        (lambda: photon_penguin.br_b_to_k_xx(model.benchmark("A").replace(m_x=0.1)), "q_x is not set"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
