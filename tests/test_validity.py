import numpy as np
import pytest

from darkhiggs import model, validity

P1 = {"m_zp": 0.0115, "g_x": 5e-4, "m_h1": 2.0, "sin_theta": 0.003, "lambda_phi_x": 0.1, "m_x": 0.5}


@pytest.mark.identity
def test_flags_of_each_kind():
    quiet = model.DarkSector(**P1, q_x=0.7)
    assert not any(flag.any() for flag in validity.flags(quiet).values())
    for ratio in (1 / 3, 0.5, 1.0, -2.0, 3.0):
        assert validity.flags(quiet.replace(q_x=ratio))["charges"]
    assert validity.flags(quiet.replace(q_x=None))["charges"]
    assert not validity.flags(quiet.replace(q_x=1.5))["charges"]
    broad = quiet.replace(lambda_phi_x=[0.1, 1.0])
    assert validity.flags(broad)["broad"].tolist() == [False, True]
    # a light Phi needs a large quartic: lambda_Phi = m^2/(2 v^2)
    strong = model.DarkSector(m_zp=0.01, g_x=0.01, m_h1=[4.0, 6.0], q_x=0.7)
    assert validity.flags(strong)["non_perturbative"].tolist() == [False, True]
    assert validity.flags(quiet.replace(lambda_phi_x=4 * np.pi))["non_perturbative"]
    assert validity.flags(quiet.replace(g_x=0.5, q_x=7.2))["non_perturbative"]
    assert not validity.flags(quiet.replace(g_x=0.5, q_x=7.0, q_phi=0.001))["non_perturbative"]


@pytest.mark.identity
def test_flags_at_their_edges():
    a = model.benchmark("A")
    assert not validity.flags(a.replace(q_phi=2.0, q_x=1.5))["charges"]
    assert validity.flags(a.replace(q_phi=2.0, q_x=4.0))["charges"]
    # sqrt(4 pi)/0.5 = 7.09
    assert not validity.flags(a.replace(g_x=0.5, q_x=7.0))["non_perturbative"]
    assert validity.flags(a.replace(g_x=0.5, q_x=7.2))["non_perturbative"]
    assert not validity.flags(a.replace(m_h1=10.0))["broad"]


@pytest.mark.identity
def test_sector_has_the_flags_of_the_module():
    sector = model.DarkSector(m_zp=[0.01, 0.02], g_x=5e-4, m_h1=np.ones((3, 1)), q_x=1.5)
    found = validity.flags(sector)
    assert {name: flag.shape for name, flag in found.items()} == dict.fromkeys(("non_perturbative", "broad", "charges"), (3, 2))
    assert {name: flag.tolist() for name, flag in sector.flags.items()} == {n: f.tolist() for n, f in found.items()}
