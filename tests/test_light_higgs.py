import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from darkhiggs import inputs, light_higgs
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural
from darkhiggs.light_higgs import gamma_sm_like
from darkhiggs.model import v_higgs


@pytest.mark.published
def test_higgs_of_125_gev():
    """Widths of the Standard Model Higgs: 9.3e-6 GeV into photons, 2.6e-4 GeV into tau pairs."""
    assert_allclose(gamma_sm_like(125.1, "gamma"), 9.3e-6, rtol=0.01)
    assert_allclose(gamma_sm_like(125.1, "tautau"), 2.6e-4, rtol=0.02)


@pytest.mark.published
def test_lifetimes_of_another_program():
    """Lifetimes of EventCalc for the widths of Boiarska et al., arXiv:1904.10447, whose gluons have their correction."""
    m = np.array([1.94, 2.0, 2.2, 2.4, 3.0, 3.4, 4.0])
    metres = np.array([11.0236, 9.67699, 8.13075, 6.87982, 4.03603, 2.80760, 0.870299]) * 1e-10
    for hadrons in ("dispersive", "Donoghue90"):
        ratio = gamma_sm_like(m, hadrons=hadrons) * metres / 1.973269804e-16
        assert_allclose(ratio[:4], 1.0, atol=0.061)
        assert_allclose(ratio[4:], 1.0, atol=0.18)
    # without the correction half of the width is missing
    assert np.all(gamma_sm_like(m[1:4], hadrons="chiral") * metres[1:4] / 1.973269804e-16 < 0.5)
    # its pions are those of Donoghue et al.
    metres = np.array([4.356106502013791e-08, 1.2983098357198308e-08, 6.510103949611781e-09])
    assert_allclose(gamma_sm_like([0.3, 0.4, 0.5], hadrons="Donoghue90"), 1.973269804e-16 / metres, rtol=0.08)


@pytest.mark.published
def test_mesons_beside_pions_and_kaons():
    """Without the correction to the gluons, the width at 2 GeV gives the coefficient of m^3 of arXiv:1809.01876."""
    end, double = np.array(2.0), 2.0 * natural("m_pi+")
    two = sum(light_higgs._published(end, name) for name in ("pions", "kaons"))
    velocity = np.sqrt(1.0 - (2.0 * double / end) ** 2)
    found = (light_higgs._quarks_and_gluons(end, False) - two) / (end**3 * velocity)
    assert_allclose(found, natural("light_higgs.mesons.coefficient", "GeV^-2"), rtol=0.04)
    # below, they go with m^3 times the velocity of two pairs of pions
    low = np.array([0.6, 1.3])
    more = [
        gamma_sm_like(m, "hadrons") - sum(light_higgs._published(m, name) for name in ("pions", "kaons"))
        for m in (*low, end - 1e-9)
    ]
    assert_allclose(np.array(more[:2]) / more[2], (low / 2) ** 3 * np.sqrt(1 - (2 * double / low) ** 2) / velocity, rtol=1e-6)
    assert_allclose(*gamma_sm_like([2.0 - 1e-9, 2.0], "hadrons"), rtol=1e-6)


@pytest.mark.published
def test_pions():
    """Low-energy theorem: Gamma(pi pi)/Gamma(mu mu) = (m/m_mu)^2 (1 + 11 m_pi^2/2 m^2)^2 beta_pi/(27 beta_mu^3)."""
    m, m_pi, m_mu = 0.35, natural("m_pi+"), natural("m_mu")
    beta_pi, beta_mu = (np.sqrt(1 - 4 * x**2 / m**2) for x in (m_pi, m_mu))
    ratio = (m / m_mu) ** 2 * (1 + 5.5 * m_pi**2 / m**2) ** 2 * beta_pi / (27 * beta_mu**3)
    muons = gamma_sm_like(m, "mumu")
    assert_allclose(gamma_sm_like(m, "hadrons", "chiral") / muons, ratio, rtol=1e-12)
    # unitarised pions are larger by a known factor of 2 to 3
    assert 1.5 < gamma_sm_like(0.3) / gamma_sm_like(0.3, hadrons="chiral") < 2.5
    # the dispersive widths agree with Donoghue, Gasser, Leutwyler, NPB 343 (1990) 341, figure 6, within 40 %
    m = np.array([0.4217, 0.6111, 0.7540, 0.8721])
    published = np.array([8.51, 14.3, 19.4, 35.9])
    assert_allclose(gamma_sm_like(m, "hadrons", "Donoghue90") / gamma_sm_like(m, "mumu"), published, rtol=0.01)
    assert_allclose(light_higgs._published(m, "pions") / gamma_sm_like(m, "mumu"), published, rtol=0.4)
    # points of the digitised figure of arXiv:1809.01876 that are not in the table
    points = {0.3165: 4.14e-9, 0.5012: 2.229e-8, 0.8350: 1.014e-7, 1.0195: 2.922e-7, 1.1526: 2.317e-8, 1.6078: 6.076e-9}
    assert_allclose(light_higgs._published(np.array([*points]), "pions"), [*points.values()], rtol=0.06)
    points = {1.0620: 1.252e-7, 1.2523: 8.62e-8, 1.5221: 8.244e-8, 1.7882: 5.057e-8}
    assert_allclose(light_higgs._published(np.array([*points]), "kaons"), [*points.values()], rtol=0.02)


@pytest.mark.identity
def test_thresholds():
    opens = {"ee": "m_e", "mumu": "m_mu", "tautau": "m_tau", "hadrons": "m_pi+"}
    for channel, name in opens.items():
        for hadrons in light_higgs.HADRONS:
            assert gamma_sm_like(2 * natural(name) - 1e-9, channel, hadrons) == 0.0
            assert gamma_sm_like(2 * natural(name) + 1e-6, channel, hadrons) > 0.0
    # pions open with their velocity, also below the first point of a table
    step = 1e-4 * np.array([1.0, 4.0])
    for hadrons in light_higgs.HADRONS:
        low, high = gamma_sm_like(2 * natural("m_pi+") + step, "hadrons", hadrons)
        assert_allclose(high / low, 2.0, rtol=0.02)
    mesons = {"dispersive": (2.0, "m_K+"), "Donoghue90": (1.0,), "chiral": (2.0, "m_K+", "light_higgs.m_eta")}
    for hadrons, (end, *names) in mesons.items():
        names = *names, "m_e", "m_mu", "m_tau", "m_pi+", "light_higgs.m_D0", "m_B+"
        double = [4 * natural("m_pi+")] if hadrons == "dispersive" else []
        wanted = sorted([*(2 * natural(name) for name in names), *double, end])
        assert_allclose(light_higgs.edges(hadrons), wanted, rtol=1e-14)
        assert gamma_sm_like(end, "hadrons", hadrons) == light_higgs._quarks_and_gluons(np.array(end), hadrons != "chiral")


@pytest.mark.identity
def test_width_is_the_sum_of_its_parts():
    m = np.array([0.05, 0.5, 1.5, 6.0, 12.0])
    for hadrons in light_higgs.HADRONS:
        parts = sum(gamma_sm_like(m, channel, hadrons) for channel in light_higgs.CHANNELS)
        assert_allclose(gamma_sm_like(m, hadrons=hadrons), parts, rtol=1e-14)
    muons = natural("m_mu") ** 2 * 0.5 * (1 - (4 * natural("m_mu")) ** 2) ** 1.5 / (8 * np.pi * v_higgs() ** 2)
    assert_allclose(gamma_sm_like(0.5, "mumu"), muons, rtol=1e-12)

    def pair(mass, meson):
        return 3 * mass**2 * m * np.maximum(1 - (2 * meson / m) ** 2, 0.0) ** 1.5 / (8 * np.pi * v_higgs() ** 2)

    wanted = pair(natural("m_s"), natural("m_K+")) + pair(natural("light_higgs.m_c"), natural("light_higgs.m_D0"))
    wanted = wanted + pair(natural("m_b"), natural("m_B+"))
    for corrected in (True, False):
        found = light_higgs._quarks_and_gluons(m, corrected) - light_higgs._gluons(m, corrected)
        assert_allclose(found, wanted, rtol=1e-9, atol=1e-20)

    def chiral(states, meson):
        form = 7 / 9 * meson**2 + 2 / 9 * (1.7**2 + 2 * meson**2)
        return states * form**2 * np.sqrt(1 - (2 * meson / 1.7) ** 2) / (32 * np.pi * v_higgs() ** 2 * 1.7)

    mesons = chiral(3, natural("m_pi+")) + chiral(4, natural("m_K+")) + chiral(1, natural("light_higgs.m_eta"))
    assert_allclose(gamma_sm_like(1.7, "hadrons", "chiral"), mesons, rtol=1e-12)


@pytest.mark.independent
def test_loops_against_their_integral():
    """The fermion loop as a Feynman-parameter integral below threshold, the other limits by their series."""
    tau = 0.81
    # A_1/2 = 4 Int dx dy (1 - 4 x y)/(1 - 4 tau x y) over the triangle
    inner = lambda x: quad(lambda y: (1 - 4 * x * y) / (1 - 4 * tau * x * y), 0, 1 - x)[0]  # noqa: E731
    assert_allclose(light_higgs._fermion_loop(np.array(tau)), 4 * quad(inner, 0, 1)[0], rtol=1e-6)
    sides = np.array([1e-3 - 1e-12, 1e-3 + 1e-12])
    assert_allclose(light_higgs._fermion_loop(sides), 4 / 3 * (1 + 7e-3 / 30), rtol=1e-6)
    assert_allclose(light_higgs._vector_loop(sides), -7 * (1 + 22e-3 / 105), rtol=1e-6)
    # above threshold the imaginary part is that of a real pair: -pi (1 - 1/tau) ln((1 + b)/(1 - b))/tau
    tau, b = 4.0, np.sqrt(0.75)
    cut = np.pi * (tau - 1) / tau**2 * np.log((1 + b) / (1 - b))
    assert_allclose(abs(light_higgs._fermion_loop(np.array(tau)).imag), cut, rtol=1e-12)


@pytest.mark.identity
def test_gluons_of_heavy_quarks():
    """Three heavy flavours far above the mass of the scalar: alpha_s^2 m^3/(8 pi^3 v^2), and the coupling at one loop."""
    heavy = {name: {"value": 1e5, "uncertainty": 0.0, "unit": "GeV"} for name in ("light_higgs.m_c", "m_b", "m_t")}
    m = np.array([1.0, 3.0])
    with inputs.override(heavy):
        found, better = (light_higgs._gluons(m, corrected) for corrected in (False, True))
    alpha_s = 0.314 / (1 + 25 / (12 * np.pi) * 0.314 * np.log(m**2 / natural("m_tau") ** 2))
    assert_allclose(found, alpha_s**2 * m**3 / (8 * np.pi**3 * v_higgs() ** 2), rtol=1e-6)
    assert_allclose(better / found, 1 + 20.25 * alpha_s / np.pi, rtol=1e-12)


@pytest.mark.identity
def test_photons_are_the_sum_of_their_loops():
    total = light_higgs._vector_loop(np.array(0.5 / natural("m_W")) ** 2)
    charged = [(1.0, natural(name)) for name in ("m_e", "m_mu", "m_tau")]
    quarks = (4.0 / 3.0, natural("light_higgs.m_c")), (1.0 / 3.0, natural("m_b")), (4.0 / 3.0, natural("m_t"))
    for squared_charges, mass in (*charged, *quarks):
        total = total + squared_charges * light_higgs._fermion_loop(np.array(0.5 / mass) ** 2)
    alpha = 1.0 / natural("1/alpha(0)", "1")
    wanted = alpha**2 / (256.0 * np.pi**3 * v_higgs() ** 2) * np.abs(total) ** 2
    assert_allclose(gamma_sm_like(1.0, "gamma"), wanted, rtol=1e-12)


@pytest.mark.house
def test_words():
    for call in (
        lambda: gamma_sm_like(1.0, "jets"),
        lambda: gamma_sm_like(1.0, hadrons="jets"),
        lambda: light_higgs.edges("jets"),
    ):
        with pytest.raises(ParameterError, match=r"^(channel|hadrons) = 'jets' is not one of "):
            call()
    assert gamma_sm_like(np.ones((2, 3))).shape == (2, 3)
    assert gamma_sm_like(0.5, hadrons="dispersive") == gamma_sm_like(0.5)
