import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import _data, inputs, units
from darkhiggs.errors import DataError

# Values as printed by the `pdg` package 2026.0 (offline copy of the Review of Particle Physics).
PDG = {
    "m_B+": 5.279405997,
    "m_B0": 5.279716605,
    "m_Bs": 5.366931931,
    "m_K+": 0.4936765995,
    "m_K0": 0.4976107675,
    "m_pi+": 0.1395703910,
    "m_pi0": 0.1349768277,
    "m_mu": 0.1056583755,
    "m_tau": 1.776932465,
    "m_e": 0.000510998950690,
    "m_t": 172.60355959,
    "m_W": 80.3625,
    "m_h": 125.13094383,
    "tau_B+": 1.637,
    "tau_B0": 1.5113,
    "tau_BsL": 1.43,
    "tau_K+": 1.237976e-08,
}


@pytest.mark.published
@pytest.mark.parametrize("name", PDG)
def test_pdg_values(name):
    entry = inputs.get(name)
    assert abs(entry.value - PDG[name]) <= max(entry.uncertainty, 1e-6 * PDG[name])


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "inputs_", "value"),
    [
        ("X_t", "belle2", 1.468),
        ("|V_ts*V_tb|", "belle2", 0.04185),
        ("tau_B+", "belle2", 1.638),
        ("X_t", "pdg2026", 1.469),
        ("1/alpha(M_Z)", "belle2", 127.952),
        ("s_W^2", "belle2", 0.23124),
        ("G_F", "pdg2026", 1.1663787e-5),
        ("kappa", "pdg2026", 6.7e-6),
        ("m_K*0", "pdg2026", 0.89555),
        ("m_K*+", "pdg2026", 0.89167),
        ("Gamma_h", "pdg2026", 4.10e-3),
        ("m_b", "pdg2026", 4.18),
        ("m_s", "pdg2026", 0.0934),
        ("BR(h->ZZ*->4nu)", "pdg2026", 1.06e-3),
        ("|V_ts*V_td|", "pdg2026", 3.53e-4),
        ("Re(V_ts*V_td)", "pdg2026", 3.24e-4),
        ("f_B", "pdg2026", 0.1903),
        ("|V_ub|", "pdg2026", 3.70e-3),
        ("BR(tau->K nu)", "pdg2026", 6.96e-3),
        ("f_0^Kpi(0)", "pdg2026", 0.970),
        ("1/alpha(0)", "pdg2026", 137.036),
        ("m_t(MSbar)", "pdg2026", 162.5),
        ("tau_KL", "pdg2026", 5.116e-8),
        ("|V_ts*V_tb|", "pdg2026", 0.0411),
    ],
)
def test_transcribed_values(name, inputs_, value):
    assert inputs.get(name, inputs_).value == value


@pytest.mark.identity
def test_every_unit_converts_to_itself():
    for name in inputs.names():
        entry = inputs.get(name)
        assert_allclose(entry.to(entry.unit), entry.value, rtol=1e-14)


@pytest.mark.identity
def test_value_is_converted():
    assert inputs.natural is inputs.value
    assert_allclose(inputs.value("tau_B+", "GeV^-1"), units.convert(inputs.get("tau_B+").value, "ps", "GeV^-1"))
    assert_allclose(inputs.value("m_mu", "MeV"), 105.6583755)
    assert inputs.value("tau_B+", "ps", "belle2") == 1.638


@pytest.mark.identity
def test_sides_of_an_asymmetric_error():
    entry = inputs.get("published.belle2_hta")
    assert entry.uncertainty == pytest.approx(0.5 * (entry.plus + entry.minus), rel=1e-14)
    # (+0.9 +0.8, -0.8 -0.5)e-5 in quadrature
    assert_allclose([entry.plus, entry.minus], [np.hypot(0.9, 0.8) * 1e-5, np.hypot(0.8, 0.5) * 1e-5], rtol=1e-3)


@pytest.mark.house
def test_all_faults_of_a_file_at_once(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        '[a]\nvalue = 1.0\nunit = "GeV"\n[b]\nvalue = nan\nunit = ""\nsource = "x"\n[c]\nunit = "1"\nsource = "s"\nplus = 1.0\ncolour = 3\n'
    )
    with pytest.raises(DataError) as caught:
        inputs.load(path)
    message = str(caught.value)
    for fault in (
        "a: has no source",
        "b: has no unit",
        "b: value is not a finite",
        "c: has no value",
        "c: unknown field 'colour'",
        "c: has one of plus",
    ):
        assert fault in message
    assert message.startswith("bad.toml: 6 faults")


@pytest.mark.house
def test_curve_is_one_entry_and_its_faults_are_named(tmp_path):
    path = tmp_path / "curves.toml"
    good = '["limit.X"]\nm = [1.0, 2.0]\nupper = [3.0, 4.0]\nunit = "pb"\ncl = 0.9\nreading_error = 0.1\nsource = "s"\ncite = "c"\nnote = "n"\n'
    path.write_text(good)
    found = inputs.load(path)[""]
    assert found.keys() == {f"limit.X.{part}" for part in ("m", "upper", "cl", "reading_error")}
    assert {(entry.source, entry.cite) for entry in found.values()} == {("s", "c")}
    assert {name[8:]: (entry.unit, entry.note) for name, entry in found.items()} == {
        "m": ("GeV", ""),
        "upper": ("pb", "n"),
        "cl": ("1", ""),
        "reading_error": ("1", ""),
    }
    path.write_text(good + "log_mass = true\n")
    assert inputs.load(path)[""]["limit.X.log_mass"].value == 1.0
    path.write_text('["limit.X"]\nm = [1.0]\nupper = [3.0, inf]\nreading_error = "x"\ncolour = 2\nunit = "1"\nsource = "s"\n')
    with pytest.raises(DataError) as caught:
        inputs.load(path)
    assert str(caught.value).split("\n  ") == [
        "curves.toml: 4 faults",
        "limit.X.upper: unknown field 'colour'",
        "limit.X.upper: value is not a finite number",
        "limit.X.cl: has no value",
        "limit.X.reading_error: value is not a finite number",
    ]
    path.write_text(good + "value = 1.0\n")
    with pytest.raises(DataError, match=r"limit\.X: unknown field 'upper'"):
        inputs.load(path)


@pytest.mark.house
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inputs.get("tau_B"), "did you mean 'tau_B[+0]'"),
        (lambda: inputs.get("m_B+", "cern"), "no input set is called 'cern'; known: belle2, pdg2026"),
    ],
)
def test_unknown_names(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.house
def test_broken_toml_is_named(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[a\n")
    with pytest.raises(DataError, match=r"broken\.toml: is not valid TOML"):
        inputs.load(path)


@pytest.mark.house
def test_name_stands_in_one_file_only(tmp_path):
    entry = 'value = 1.0\nunit = "GeV"\nsource = "x"\n'
    for name, text in (("one", f"[a]\n{entry}"), ("two", f"[b]\n{entry}[sets.mine.a]\n{entry}"), ("three", f"[a]\n{entry}")):
        (tmp_path / f"{name}.toml").write_text(text)
    one, two, three = (tmp_path / f"{name}.toml" for name in ("one", "two", "three"))
    assert _data.merged([one, two]).keys() == {"", "mine"}
    with pytest.raises(DataError, match=r"three\.toml: a stands in another data file too"):
        _data.merged([one, two, three])


@pytest.mark.identity
def test_no_uncertainty_means_zero():
    assert inputs.get("published.br_k_null").uncertainty == 0.0
