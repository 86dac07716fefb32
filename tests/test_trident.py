import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import model, trident, units
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

PLACES = {"CCFR": (160.0, "Fe"), "CHARM-II": (20.0, "glass")}
C_V = 0.5 + 2 * 0.23124
# 95 %: central value + 1.96 sigma
TOP = {"CCFR": 1.3688, "CHARM-II": 2.6972}

# The coherent 2 -> 4 matrix element of tests/trident_full.py, Monte Carlo error below 0.2 %: SM in GeV^-2, sums for unit C_V and
# unit C_A, and the coefficients of g^2 and g^4 over the SM at m_Z'
INDEPENDENT = json.loads((Path(__file__).parents[1] / "book/data/independent.json").read_text(encoding="utf-8"))
VALUES = {
    record["id"].partition(":")[2]: record["value"] for record in INDEPENDENT["values"] if record["code"] == "trident_full"
}
FULL = {
    experiment: (
        tuple(VALUES[f"{name}({target})"] for name in ("sm", "vector", "axial")),
        {m: tuple(VALUES[f"{x}({target}, {m:g})"] for x in ("interference", "squared")) for m in (0.0115, 0.1, 2.0, 1000.0)},
    )
    for experiment, (_, target) in PLACES.items()
}
# the same on single protons, with the closure 1 - F^2 and the dipole form factor: SM in GeV^-2
PROTONS = {"CCFR": 4.72331e-13, "CHARM-II": 1.04934e-14}


def in_cm2(value):
    return units.convert(value, "GeV^-2", "cm^2")


@pytest.fixture
def without_factor(monkeypatch):
    """Drop the factor 1 - Q_min^2/Q^2 of the flux."""

    def flux(q_min, target):
        q_max = 4.0 / natural("trident.skin", "GeV^-1")
        number, charge = (natural(f"trident.{target}.{key}", "1") for key in ("number", "charge"))
        radius = natural(f"trident.{target}.radius", "GeV^-1")
        x, weight = np.polynomial.legendre.leggauss(80)
        span = np.log(q_max / q_min)[..., None]
        form = trident.form_factor((q_min[..., None] * np.exp(span * 0.5 * (x + 1)))[..., None], radius)
        squared = np.sum(number * charge**2 * form**2, axis=-1) / number.sum()
        return np.sum(span * weight * squared, axis=-1) / (np.pi * 137.036)

    monkeypatch.setattr(trident, "flux", flux)
    trident._weights.cache_clear()
    yield
    trident._weights.cache_clear()


# The equivalent photons are real and transverse: good to (Q/2 m_mu)^2, which is larger on the small nuclei of glass
# and near threshold. Sizes found: 1.2 % and 4.9 % for the SM, 1 to 2 % and 2 to 4 % for a light Z' over the SM.
@pytest.mark.independent
@pytest.mark.parametrize(("experiment", "absolute", "relative"), [("CCFR", 0.015, 0.02), ("CHARM-II", 0.06, 0.04)])
def test_against_the_full_matrix_element(experiment, absolute, relative):
    energy, target = PLACES[experiment]
    (standard, vector, axial), new = FULL[experiment]
    assert_allclose(trident.cross_section(energy, target), standard, rtol=absolute)
    assert_allclose(trident.cross_section(energy, target, c_v=1.0, c_a=0.0), vector, rtol=absolute)
    assert_allclose(trident.cross_section(energy, target, c_v=0.0, c_a=1.0), axial, rtol=absolute)
    masses = np.array(list(new))
    parts = trident.components(masses, energy, target)
    ours = np.stack([parts["interference"] / parts["sm"], parts["squared"] / parts["sm"]], axis=1)
    assert_allclose(ours, list(new.values()), rtol=relative)
    # where the Z' is heavier than the photon is virtual the two agree better
    assert_allclose(ours[2:], list(new.values())[2:], rtol=6e-3)


# The excess R - 1 that the limit is made of: CCFR, 3 % at any mass.
@pytest.mark.independent
def test_excess_at_the_limit_against_the_full_matrix_element():
    for m, (one, two) in FULL["CCFR"][1].items():
        g = min(float(trident.coupling_limit(m)), 1.0)
        assert_allclose(trident.ratio(m, g) - 1, one * g**2 + two * g**4, rtol=0.02)


# Squared amplitude at each muon angle (traces done by computer algebra), then Gauss-Legendre in angle, mass of the pair
# and K^2; ten digits
@pytest.mark.independent
@pytest.mark.parametrize(
    ("s", "vector", "axial"),
    [
        (0.05, 4.462158260e-20, 1.997707559e-19),
        (0.2, 6.603855509e-16, 1.390357380e-15),
        (1.0, 1.772332072e-14, 2.355659221e-14),
        (30.0, 1.734667895e-12, 1.771285363e-12),
        (1e4, 1.233660352e-9, 1.233810636e-9),
    ],
)
def test_photon_cross_section_against_the_amplitude(s, vector, axial):
    assert_allclose(trident.photon_cross_section(s, 1.0, 0.0), vector, rtol=3e-9)
    assert_allclose(trident.photon_cross_section(s, 0.0, 1.0), axial, rtol=3e-9)


@pytest.mark.identity
def test_photon_cross_section_far_above_threshold():
    # massless structure functions of the photon: (4/9) [ln(s/m^2) - 8/3]
    s = np.array([1e6, 1e8])
    value = trident.photon_cross_section(s, 1.0, 1.0) / s * 9 * np.pi**2 * 137.036 / natural("G_F", "GeV^-2") ** 2
    assert_allclose(value, 2 * (np.log(s / natural("m_mu") ** 2) - 8 / 3), rtol=1e-6)
    assert_allclose(trident.photon_cross_section(1e8, 1.0, 0.0), trident.photon_cross_section(1e8, 0.0, 1.0), rtol=1e-7)
    assert_allclose(
        trident.photon_cross_section(5.0),
        C_V**2 * trident.photon_cross_section(5.0, 1.0, 0.0) + 0.25 * trident.photon_cross_section(5.0, 0.0, 1.0),
        rtol=1e-13,
    )


@pytest.mark.identity
def test_photon_cross_section_at_threshold():
    threshold = 4 * natural("m_mu") ** 2
    assert trident.photon_cross_section([0.0, 0.01, threshold * (1 - 1e-9)]).tolist() == [0.0, 0.0, 0.0]
    # phase space d ell dK^2 with the velocity sqrt(ell - 4 m^2), and one power of s - ell - K^2 from the neutrino
    above = trident.photon_cross_section(threshold * (1 + np.array([1e-4, 2e-4])), 0.0, 1.0)
    assert above[0] > 0
    assert_allclose(np.log2(above[1] / above[0]), 3.5, atol=1e-3)


@pytest.mark.identity
def test_form_factor():
    radius = natural("trident.Fe.radius", "GeV^-1")[0]
    assert_allclose(radius, 3.7377 / 0.1973269804, rtol=1e-8)
    assert trident.form_factor(0.0, radius) == 1.0
    q = 1e-3
    assert_allclose((1 - trident.form_factor(q, radius)) / q**2, radius**2 / 6, rtol=1e-4)
    # the series and the closed form meet at q R = 0.03
    sphere = np.sqrt(5 / 3 * (radius**2 - 3 * (0.9 / 0.1973269804) ** 2))
    near = trident.form_factor(np.array([0.03 - 1e-9, 0.03 + 1e-9]) / sphere, radius)
    assert_allclose(near[0] - near[1], 0.0, atol=1e-9)
    # the first zero of j_1
    assert_allclose(trident.form_factor(4.493409457909064 / sphere, radius), 0.0, atol=1e-10)


@pytest.mark.independent
@pytest.mark.parametrize("q_min", [1e-4, 0.02, 0.15])
def test_form_factor_and_flux_against_the_charge_density(q_min):
    # a sphere of radius R and a Gaussian skin, transformed and integrated by adaptive quadrature
    skin, radius = 0.9 / 0.1973269804, 3.7377 / 0.1973269804
    sphere = np.sqrt(5 / 3 * (radius**2 - 3 * skin**2))

    def form(q):
        value, _ = integrate.quad(lambda r: 3 * r * np.sin(q * r) / (q * sphere**3), 0, sphere, epsabs=0, epsrel=1e-10)
        return value * np.exp(-((q * skin) ** 2) / 2)

    assert_allclose(trident.form_factor(q_min, radius), form(q_min), rtol=1e-8)
    value, _ = integrate.quad(
        lambda t: 2 * 26**2 * (1 - np.exp(2 * (np.log(q_min) - t))) * form(np.exp(t)) ** 2,
        np.log(q_min),
        np.log(4.0 / skin),
        epsabs=0,
        epsrel=1e-8,
        limit=200,
    )
    assert_allclose(trident.flux(q_min, "Fe"), value / (np.pi * 137.036), rtol=1e-7)


@pytest.mark.identity
def test_flux_of_a_point():
    # a small Q_min sees the whole charge: 2 Z^2 alpha/pi per factor e
    iron, glass = (trident.flux([1e-6, 1e-5], target) for target in ("Fe", "glass"))
    assert_allclose(iron[0] - iron[1], 2 * 26**2 / (np.pi * 137.036) * np.log(10), rtol=1e-6)
    assert_allclose(glass[0] - glass[1], 2 * (14**2 + 2 * 8**2) / 3 / (np.pi * 137.036) * np.log(10), rtol=1e-6)
    # nothing where the form factor is cut, at 4/skin = 0.877 GeV
    assert trident.flux([0.8771, 5.0], "Fe").tolist() == [0.0, 0.0]
    assert 0.0 < trident.flux(0.8769, "Fe") < 1e-9


@pytest.mark.independent
def test_weights_against_adaptive_quadrature():
    # the standard model on glass, s by s, with the photon cross-section of the amplitude
    energy = 20.0
    value, _ = integrate.quad(
        lambda t: trident.flux(np.exp(t) / (2 * energy), "glass") * trident.photon_cross_section(np.exp(t)),
        np.log(4 * natural("m_mu") ** 2),
        np.log(2 * energy * 4.0 / natural("trident.skin", "GeV^-1")),
        epsabs=0,
        epsrel=1e-9,
    )
    assert_allclose(trident.cross_section(energy, "glass"), value, rtol=1e-7)


@pytest.mark.independent
def test_z_prime_of_one_mass_against_nested_quadrature():
    # C_V(K^2) for a light Z', K^2 by K^2, with nothing precomputed
    energy, m, four_m2 = 160.0, 0.02, 4 * natural("m_mu") ** 2
    s_max = 2 * energy * 4.0 / natural("trident.skin", "GeV^-1")
    nodes, weights = np.polynomial.legendre.leggauss(60)

    def at(log_k2):
        k2 = np.exp(log_k2)
        top = np.arccosh(np.sqrt((s_max - k2) / four_m2))
        theta = 0.5 * top * (nodes + 1)
        s = k2 + four_m2 * np.cosh(theta) ** 2
        slope = trident._densities(np.full(60, k2), theta)[0]
        return (
            k2
            / (k2 + m**2) ** 2
            * np.sum(0.5 * top * weights * four_m2 * np.sinh(2 * theta) * slope * trident.flux(s / 320, "Fe") / s)
        )

    value, _ = integrate.quad(at, np.log(1e-14), np.log(s_max - four_m2), epsabs=0, epsrel=1e-9, limit=300)
    assert_allclose(trident.components(m, energy, "Fe")["squared"], value / (2 * natural("G_F", "GeV^-2") ** 2), rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize("experiment", PLACES)
def test_heavy_z_prime_is_a_contact_interaction(experiment):
    energy, target = PLACES[experiment]
    m, g = 1e4, 0.9
    contact = trident.cross_section(energy, target, c_v=C_V + model.v_higgs() ** 2 * g**2 / m**2)
    assert_allclose(trident.ratio(m, g, experiment), contact / trident.cross_section(energy, target), rtol=1e-9)
    # the coefficients of the closed formula, where the vector and the axial part count alike
    assert_allclose(
        (trident.ratio_heavy(100.0, g) - 1) * (1 + 4 * C_V**2),
        8 * C_V * (model.v_higgs() * g / 100.0) ** 2 + 4 * (model.v_higgs() * g / 100.0) ** 4,
        rtol=1e-12,
    )


@pytest.mark.identity
def test_ratio_tends_to_the_contact_interaction():
    masses = np.array([200.0, 1000.0])
    g = trident.coupling_limit(masses, n_sigma=1.0)
    # the muon mass takes 10 % off the vector part at 160 GeV, which moves R - 1 by 3 % and R by less than 1 %
    assert_allclose(trident.ratio_heavy(200.0, 0.2), trident.ratio(200.0, 0.2), rtol=0.02)
    assert_allclose(trident.ratio_heavy(masses, np.minimum(g, 1.0)), trident.ratio(masses, np.minimum(g, 1.0)), rtol=0.02)
    # and less at higher energy
    excess = trident.ratio(200.0, 0.2, energy=[20.0, 160.0, 1000.0]) - 1
    off = 1 - excess / (trident.ratio_heavy(200.0, 0.2) - 1)
    assert np.all(np.diff(off) < 0) and 0 < off[2] < 0.01


@pytest.mark.identity
def test_light_z_prime_grows_with_a_logarithm():
    parts = trident.components([1e-3, 1e-4, 1e-5], 160.0, "Fe")
    assert np.all(parts["sm"] == parts["sm"][0])
    # the interference has a limit, the square of the exchange grows by the same step for every factor ten
    steps = np.diff(parts["squared"])
    assert steps[0] > 0
    assert_allclose(steps[1], steps[0], rtol=2e-3)
    assert_allclose(parts["interference"][2], parts["interference"][1], rtol=1e-5)
    assert np.all(np.diff(trident.coupling_limit([1e-6, 1e-4, 1e-3, 1e-2, 0.015, 0.1])) > 0)


@pytest.mark.identity
@pytest.mark.parametrize("experiment", PLACES)
def test_limit_solves_the_equation(experiment):
    masses = np.geomspace(1e-3, 300.0, 60)
    g = trident.coupling_limit(masses, experiment)
    assert_allclose(trident.ratio(masses, np.minimum(g, 1.0), experiment)[g < 1], TOP[experiment], rtol=1e-12)
    measured = get(f"trident.{experiment}.ratio")
    assert_allclose(
        trident.ratio(0.05, trident.coupling_limit(0.05, experiment, n_sigma=3.0), experiment),
        measured.value + 3 * measured.uncertainty,
        rtol=1e-12,
    )
    assert trident.coupling_limit(0.05, experiment, energy=100.0) == trident.coupling_limit(0.05, experiment, 1.96, 100.0)


@pytest.mark.identity
def test_expansion_in_the_coupling():
    parts = trident.components(0.3, 50.0, "glass")
    for g in (0.0, 1e-3, 0.4):
        total = parts["sm"] + g**2 * parts["interference"] + g**4 * parts["squared"]
        assert_allclose(trident.cross_section(50.0, "glass", 0.3, g), total, rtol=1e-14)
        assert_allclose(trident.ratio(0.3, g, "CHARM-II", 50.0), total / parts["sm"], rtol=1e-14)
    # the sign of the interference is that of C_V, its size linear in it
    flipped = trident.components(0.3, 50.0, "glass", c_v=-C_V)
    assert_allclose(flipped["interference"], -parts["interference"], rtol=1e-14)
    assert flipped["squared"] == parts["squared"] and flipped["sm"] == parts["sm"]
    # Cauchy and Schwarz
    assert parts["interference"] ** 2 < 4 * parts["sm"] * parts["squared"]
    assert_allclose(
        trident.cross_section(50.0, "glass", c_a=0.0) / trident.cross_section(50.0, "glass", c_v=1.0, c_a=0.0), C_V**2
    )


@pytest.mark.identity
def test_scalars_and_arrays():
    masses, g, energies = np.array([0.01, 1.0, 100.0]), np.array([[1e-4], [1e-2]]), np.array([20.0, 160.0, 20.0])
    grid = trident.ratio(masses, g, energy=energies)
    assert grid.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            assert_allclose(grid[i, j], trident.ratio(masses[j], g[i, 0], energy=energies[j]), rtol=1e-13)
    assert np.ndim(trident.ratio(0.01, 1e-4)) == np.ndim(trident.coupling_limit(0.01)) == 0
    assert_allclose(trident.coupling_limit(masses, energy=energies)[2], trident.coupling_limit(100.0, energy=20.0), rtol=1e-13)
    assert trident.cross_section(energies[:, None], "Fe", masses, 1e-3).shape == (3, 3)
    assert_allclose(trident.cross_section(energies, "Fe")[[0, 2]], trident.cross_section(20.0, "Fe"), rtol=1e-14)
    assert trident.flux(np.full((2, 3), 0.01), "Fe").shape == (2, 3)
    assert trident.photon_cross_section(np.ones((2, 2))).shape == (2, 2)
    assert trident.ratio_heavy(masses, g).shape == (2, 3)


# Readings are good to 5 to 10 %; every point is met within 7 %. Above 10 GeV the published curve is the contact formula.
@pytest.mark.published
def test_published_curve():
    m, g = get("published.trident.ccfr.m").value, get("published.trident.ccfr.g").value
    assert_allclose(trident.coupling_limit(m) / g, 1.0, atol=0.07)


@pytest.mark.published
def test_published_curve_needs_the_factor_of_the_flux(without_factor):
    # without 1 - Q_min^2/Q^2 the readings below 0.3 GeV are missed by 12 to 15 %
    m, g = get("published.trident.ccfr.m").value, get("published.trident.ccfr.g").value
    ratio = trident.coupling_limit(m) / g
    assert np.all((ratio[:3] > 1.12) & (ratio[:3] < 1.16))


@pytest.mark.published
def test_v_minus_a():
    # 78.1/45.3 = 1.724 with the acceptance of CCFR and with protons; 1.700 for massless muons
    _, standard, v_minus_a = get("published.trident.events").value
    ratio = trident.cross_section(160.0, "Fe", c_v=1.0, c_a=1.0) / trident.cross_section(160.0, "Fe")
    assert_allclose(ratio, v_minus_a / standard, rtol=0.025)
    assert ratio > 8 / (1 + 4 * C_V**2)


@pytest.mark.regression
def test_glass():
    # Holds the size of a known disagreement. Whole nuclei alone fall short of the published 1.9(4)e-41 by 2.6 of its uncertainties; with the protons by 1.6.
    # The rest is the spectrum of the beam, over which a cross-section that rises faster than E is larger than at its mean.
    published = get("published.trident.glass")
    coherent = in_cm2(trident.cross_section(20.0, "glass"))
    pulls = (published.value - np.array([coherent, coherent + in_cm2(PROTONS["CHARM-II"])])) / published.uncertainty
    assert_allclose(pulls, [2.63, 1.61], atol=0.02)
    low, high = trident.cross_section([19.0, 21.0], "glass")
    assert 1.5 < np.log(high / low) / np.log(21 / 19) < 1.8


@pytest.mark.independent
def test_share_of_whole_nuclei_on_iron():
    # about 18 % below the sum with single protons
    share = trident.cross_section(160.0, "Fe") / (trident.cross_section(160.0, "Fe") + PROTONS["CCFR"])
    assert_allclose(share, 0.81, atol=0.02)


@pytest.mark.identity
def test_cross_section_without_the_factor_of_the_flux(without_factor):
    value = [in_cm2(trident.cross_section(*place)) for place in PLACES.values()]
    trident._weights.cache_clear()
    assert_allclose(np.divide(value, [7.548e-40, 8.482e-42]), [1.67, 1.80], atol=0.01)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trident.ratio(-0.01, 1e-4), r"m_zp = -0.01 GeV is outside its range \[1e-06, 10000\] GeV"),
        (lambda: trident.ratio(0.0, 1e-4), "m_zp = 0 GeV"),
        (lambda: trident.ratio(0.01, 1.2), r"g_x = 1.2 is outside its range \[0, 1\]"),
        (lambda: trident.ratio(0.01, 1e-4, "NuTeV"), "experiment = 'NuTeV' is not one of 'CCFR', 'CHARM-II'"),
        (lambda: trident.ratio(0.01, 1e-4, energy=0.5), r"energy = 0.5 GeV is outside its range \[1, 1000\] GeV"),
        (lambda: trident.ratio_heavy(1e5, 1e-4), "m_zp = 100000 GeV"),
        (lambda: trident.ratio_heavy(1.0, -1e-4), "g_x = -0.0001"),
        (lambda: trident.coupling_limit(np.nan), "m_zp = nan"),
        (lambda: trident.coupling_limit(0.01, n_sigma=0.6), r"n_sigma = 0.6 is outside its range \(0.642857, 10\]"),
        (lambda: trident.coupling_limit(0.01, "CHARM-II", n_sigma=0.0), r"n_sigma = 0 is outside its range \(0, 10\]"),
        (lambda: trident.coupling_limit(0.01, n_sigma=11.0), "n_sigma = 11"),
        (lambda: trident.cross_section(20.0, "Pb"), "target = 'Pb' is not one of 'Fe', 'glass'"),
        (lambda: trident.cross_section(2000.0, "Fe"), "energy = 2000"),
        (lambda: trident.cross_section(20.0, "Fe", g_x=0.1), "m_zp is not set, but g_x is"),
        (lambda: trident.cross_section(20.0, "Fe", 0.1, 1.1), "g_x = 1.1"),
        (lambda: trident.cross_section(20.0, "Fe", c_v=11.0), r"c_v = 11 is outside its range \[-10, 10\]"),
        (lambda: trident.cross_section(20.0, "Fe", c_a=-11.0), "c_a = -11"),
        (lambda: trident.photon_cross_section(-1.0), r"s = -1 GeV\^2 is outside its range \[0, 1e\+08\] GeV\^2"),
        (lambda: trident.photon_cross_section(1e9), r"s = 1e\+09 GeV\^2"),
        (lambda: trident.flux(0.0, "Fe"), r"q_min = 0 GeV is outside its range \[1e-12, 10\] GeV"),
        (lambda: trident.flux(11.0, "Fe"), "q_min = 11"),
        (lambda: trident.flux(0.1, "Pb"), "target = 'Pb'"),
        (lambda: trident.form_factor(-0.1, 20.0), r"q = -0.1 GeV is outside its range \[0, 10\] GeV"),
        (lambda: trident.form_factor(10.1, 20.0), "q = 10.1"),
        (lambda: trident.form_factor(0.1, 9.0), r"radius = 9 GeV\^-1 is outside its range \[10, 50\] GeV\^-1"),
        (lambda: trident.form_factor(0.1, 51.0), "radius = 51"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
