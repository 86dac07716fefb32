import asyncio
import contextvars
import re
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import (
    _data,
    annihilation,
    belle2,
    borexino,
    constraints,
    form_factors,
    inputs,
    limits,
    meson_decays,
    model,
    neutrinos,
    relic,
    standard_model,
    thermodynamics,
    trident,
    units,
    widths,
)
from darkhiggs.errors import DataError, ParameterError

FILES = sorted(Path(inputs.__file__).parent.glob("data/*.toml"))
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
def test_all_faults_of_a_file_are_reported_at_once(tmp_path):
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
        (lambda: inputs.get("tau_B"), "did you mean 'tau_B[+0s]'"),
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


@pytest.mark.house
def test_no_source_contains_a_html_tag():
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES]
    texts = [entry[field] for table in tables for entry in table.values() for field in ("source", "note") if field in entry]
    assert len(texts) > 200 and not [text for text in texts if re.search("<[A-Za-z/]", text)]


# --- sets and overrides

MASSES = np.array([0.5, 2.0])


def sector():
    return model.benchmark("A").replace(m_h1=2.0, m_x=0.5, sin_theta=4e-3, lambda_phi_x=0.05, q_x=0.7)


def bins():
    return belle2.Likelihood().fit_rate(belle2.Spectrum.line(2.0)).rate


# What is overridden, by a factor, and what has to move with it. Each result rests on something that the library keeps.
MOVES = {
    "m_B+": lambda: meson_decays.br_b_to_k_scalar(2.0, 5e-3),
    "m_W": lambda: standard_model.inami_lim(170.0),
    "kappa": lambda: meson_decays.br_b_to_kstar_scalar(MASSES, 5e-3),
    "G_F": lambda: model.v_higgs(),
    "m_h": lambda: widths.br_higgs_invisible(sector()),
    "m_mu": lambda: widths.gamma_h1(sector()),
    "m_s": lambda: meson_decays.br_k_to_pi_scalar(0.1, 1e-4),
    "1/alpha(0)": lambda: annihilation.rate(sector(), 4.0, "leptons"),
    "|V_ts*V_tb|": lambda: standard_model.br_b_to_k_nunu(inputs="belle2"),
    "HPQCD22.coefficients": lambda: form_factors.b_to_k(4.0, "f0"),
    "HPQCD22.masses": lambda: form_factors.b_to_k(4.0, "f+"),
    "BSZ15.coefficients": lambda: form_factors.b_to_kstar(4.0, "A0"),
    "BSZ15.poles": lambda: form_factors.b_to_kstar(4.0, "V"),
    "benchmark.A.g_x": lambda: model.benchmark("A").v_phi,
    "Omega h^2": lambda: relic.coupling_for(sector()).value,
    "g_*(T)": lambda: relic.omega_h2(sector()),
    "M_Pl": lambda: relic.omega_h2(sector()),
    "g_V(nu_mu e)": lambda: neutrinos.n_eff(),
    "m_e": lambda: neutrinos.delta_n_eff_zp(0.0115, 5e-4),
    "T_CMB": lambda: relic.omega_h2(sector()),
    "P_ee(7Be)": lambda: borexino.coupling_limit(0.0115),
    "E_7Be": lambda: borexino.ratio(0.0115, 5e-4),
    "borexino.flux": lambda: inputs.value("borexino.flux", "GeV^3"),
    "trident.CCFR.ratio": lambda: trident.coupling_limit(0.0115),
    "trident.Fe.radius": lambda: trident.coupling_limit(0.0115),
    "p_ann": lambda: constraints.table(sector(), ["CMB"])[0].limit,
    "belle2.ITA.observed": bins,
    "belle2.HTA.observed": bins,
    "belle2.efficiency": bins,
    "belle2.ITA.charged": bins,
    "limit.NA64mu.upper": lambda: constraints.table(sector(), ["NA64mu"])[0].limit,
    "limit.DarkSide-50.upper": lambda: limits.curve("DarkSide-50").sigma_max(2.0),
    "bound.kstar": lambda: constraints.mixing_limits(1.0)["K*0"],
}


@pytest.mark.identity
@pytest.mark.parametrize("name", MOVES)
def test_override_reaches_cached_results_and_leaves_nothing_behind(name):
    compute, entry = MOVES[name], inputs.get(name)
    before = compute()
    with inputs.override({name: 1.03 * entry.value}):
        inside = compute()
        # kept inside, too
        assert np.array_equal(compute(), inside)
    assert np.all(inside != before)
    assert np.array_equal(compute(), before)
    assert inputs.get(name) is entry


@pytest.mark.identity
def test_a_named_set_has_results_of_its_own():
    limit = {name: constraints.table(sector(), ["Higgs"], inputs=name)[0].limit for name in ("talk", "today", "talk")}
    assert limit == {"talk": 0.13, "today": 0.107}

    @inputs.cached
    def kept():
        calls.append(inputs.active()[0])
        return inputs.value("bound.delta_n_eff", "1")

    calls = []
    for name, wanted in (("talk", 0.5), ("today", 0.107)) * 2:
        with inputs.use(name):
            assert kept() == kept() == wanted
    # each once: the set keeps what it has
    assert calls == ["talk", "today"]
    kept.cache_clear()
    with inputs.use("today"):
        kept()
    kept()
    assert calls == ["talk", "today", "today", "talk"]


@pytest.mark.identity
def test_innermost_set_or_override_wins():
    name, talk, today = "bound.delta_n_eff", 0.5, 0.107
    ckm, belle2_, base = "|V_ts*V_tb|", 0.04185, 0.0411
    assert [inputs.get(name, s).value for s in ("pdg2026", "talk", "today", "belle2")] == [talk, talk, today, talk]
    with inputs.use("today"):
        assert [inputs.get(name, s).value for s in ("pdg2026", "talk", "today", "belle2")] == [today, talk, today, today]
        assert (inputs.get(ckm).value, inputs.get(ckm, "belle2").value) == (base, belle2_)
        with inputs.use("talk"):
            assert inputs.get(name).value == talk
        with inputs.use("belle2"):
            assert (inputs.get(ckm).value, inputs.get(name).value) == (belle2_, talk)
        with inputs.use(None):
            assert inputs.active() == ("today", ())
    with inputs.override({name: 0.2, ckm: 0.05}), inputs.use("today"):
        assert {inputs.get(name, s).value for s in inputs.sets()} == {0.2}
        assert {inputs.get(ckm, s).value for s in inputs.sets()} == {0.05}
        assert inputs.value("bound.higgs_invisible", "1") == 0.107
        with inputs.override({name: 0.3}):
            assert (inputs.value(name, "1"), inputs.value(ckm, "1")) == (0.3, 0.05)
            assert inputs.active() == ("today", (name, ckm))
        assert inputs.value(name, "1") == 0.2
    assert inputs.active() == ("talk", ()) and inputs.get(name).value == talk


@pytest.mark.identity
def test_alias_follows_its_entry():
    with inputs.override({"talk.br_higgs_invisible": 0.2, "published.br_kstar_limit": 2e-5}):
        assert inputs.value("bound.higgs_invisible", "1") == 0.2 and inputs.value("bound.kstar", "1") == 2e-5
        with inputs.use("today"):
            assert inputs.value("bound.higgs_invisible", "1") == 0.107
        with inputs.override({"bound.higgs_invisible": 0.3}):
            assert inputs.value("bound.higgs_invisible", "1") == 0.3
            assert inputs.value("talk.br_higgs_invisible", "1") == 0.2
    assert inputs.get("bound.higgs_invisible") is inputs.get("talk.br_higgs_invisible")


@pytest.mark.identity
def test_sets_and_overrides_are_undone_after_an_error():
    with pytest.raises(ZeroDivisionError), inputs.override({"m_h": 130.0}), inputs.use("today"):
        assert inputs.value("m_h") == 130.0
        1 / 0  # noqa: B018
    assert inputs.active() == ("talk", ()) and inputs.value("m_h") == inputs.get("m_h").value

    @inputs.override({"m_h": 130.0})
    def decorated():
        return inputs.value("m_h")

    assert decorated() == decorated() == 130.0 and inputs.value("m_h") < 126.0
    # a mask of m_h1 moves with the Higgs boson, and the sector made there stays
    with inputs.override({"m_h": 130.0}):
        heavy = model.benchmark("A").replace(m_h1=128.0)
    assert heavy.m_h1 == 128.0
    with pytest.raises(ParameterError, match="m_h1 = 128 GeV is outside"):
        model.benchmark("A").replace(m_h1=128.0)


@pytest.mark.identity
def test_threads_and_tasks_have_their_own_overrides():
    start, found = threading.Barrier(3), {}

    def work(label, factor):
        values = {} if factor is None else {"m_B+": factor * 5.279406, "kappa": factor * 6.7e-6}
        with inputs.override(values):
            for _ in range(20):
                start.wait()
                found.setdefault(label, set()).add(float(meson_decays.br_b_to_k_scalar(2.0, 5e-3)))

    threads = [threading.Thread(target=work, args=pair) for pair in (("more", 1.01), ("less", 0.99), ("none", None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plain = float(meson_decays.br_b_to_k_scalar(2.0, 5e-3))
    assert all(len(values) == 1 for values in found.values())
    (more,), (less,), (none,) = found["more"], found["less"], found["none"]
    assert less < none < more and none == plain
    # a thread starts without, unless it is given the context
    with inputs.override({"m_h": 130.0}):
        seen = []
        for run in (lambda f: f(), contextvars.copy_context().run):
            thread = threading.Thread(target=lambda run=run: seen.append(run(lambda: inputs.value("m_h"))))
            thread.start()
            thread.join()
    assert seen == [inputs.value("m_h"), 130.0]

    async def task(factor):
        with inputs.override({"m_h": factor * 100.0}), inputs.use("today" if factor > 1.0 else "talk"):
            await asyncio.sleep(0.0)
            return inputs.value("m_h"), inputs.value("bound.higgs_invisible", "1")

    async def both():
        return await asyncio.gather(task(1.2), task(0.9))

    assert asyncio.run(both()) == [(120.0, 0.107), (90.0, 0.13)]


@pytest.mark.identity
def test_activated_set_holds_outside_of_blocks():
    seen = []
    try:
        inputs.activate("today")
        with inputs.use("talk"):
            assert inputs.value("bound.higgs_invisible", "1") == 0.13
        with inputs.override({"m_h": 130.0}):
            assert inputs.active() == ("today", ("m_h",)) and inputs.value("bound.higgs_invisible", "1") == 0.107
        thread = threading.Thread(target=lambda: seen.append(inputs.active()))
        thread.start()
        thread.join()
    finally:
        inputs.activate("talk")
    assert seen == [("today", ())] and inputs.active() == ("talk", ())


@pytest.mark.identity
def test_an_override_takes_a_number_a_quantity_or_some_fields():
    old = inputs.get("tau_B+")
    own = inputs.Quantity(2.5e12, 1e10, "GeV^-1", "mine", "PDG26", "n")
    with inputs.override({"tau_B+": own, "m_B+": 5.0, "published.belle2": {"value": 2e-5, "source": "mine"}}):
        tau, mass, rate = (inputs.get(name) for name in ("tau_B+", "m_B+", "published.belle2"))
    assert_allclose(tau.to("GeV^-1"), 2.5e12, rtol=1e-14)
    assert tau.unit == old.unit and (tau.source, tau.cite, tau.note) == ("mine", "PDG26", "n")
    assert_allclose(units.convert(tau.uncertainty, tau.unit, "GeV^-1"), 1e10, rtol=1e-14)
    assert (mass.value, mass.uncertainty, mass.source) == (5.0, inputs.get("m_B+").uncertainty, "override")
    assert (rate.value, rate.plus, rate.minus) == (2e-5, 0.707e-5, 0.640e-5)
    with inputs.override({"published.belle2": {"uncertainty": 5e-6, "cl": 0.9}, "m_B+": {"value": 5279.0, "unit": "MeV"}}):
        rate = inputs.get("published.belle2")
        assert (rate.value, rate.uncertainty, rate.plus, rate.minus, rate.cl) == (2.3e-5, 5e-6, None, None, 0.9)
        assert_allclose(inputs.value("m_B+"), 5.279, rtol=1e-14)
    with inputs.override({"m_B+": {"plus": 0.02, "minus": 0.01}}):
        mass = inputs.get("m_B+")
        assert (mass.plus, mass.minus, mass.uncertainty) == (0.02, 0.01, pytest.approx(0.015))


@pytest.mark.identity
def test_a_whole_curve_may_be_replaced():
    m, upper = [0.1, 0.2, 0.3], [1e-11, 2e-11, 4e-11]
    with inputs.override({"limit.NA62": {"m": m, "upper": upper, "cl": 0.95, "log_mass": True, "source": "mine"}}):
        curve = limits.curve("NA62")
        assert curve.upper_at(0.3) == pytest.approx(4e-11) and (curve.cl, curve.source, curve.log_mass) == (0.95, "mine", True)
        assert curve.reading_error == 0.1
    other = limits.Curve("mine", [1.0, 2.0], [1e-6, 2e-6], "pb", 0.9, 0.1, "s", "c")
    with inputs.override({"limit.DarkSide-50": other}):
        curve = limits.curve("DarkSide-50")
        assert_allclose(curve.sigma_max(2.0), units.convert(2e-6, "pb", "GeV^-2"), rtol=1e-12)
        assert not curve.log_mass and curve.cite == "c"
    assert limits.curve("NA62").log_mass is False and limits.curve("DarkSide-50").cite != "c"


BAD = [
    ({"m_B++": 5.0}, DataError, r"no input is called 'm_B\+\+'; did you mean 'm_B\+'"),
    ({5: 5.0}, DataError, "no input is called 5"),
    ({"hbar": 1.0}, DataError, "hbar cannot be overridden: the units are built on it"),
    ({"m_B+": np.nan}, ParameterError, r"m_B\+ = nan GeV is outside its range"),
    ({"m_B+": "5"}, ParameterError, r"m_B\+ = '5' is not a number in GeV"),
    ({"m_B+": None}, ParameterError, r"m_B\+ = None is not a number in GeV"),
    ({"m_B+": [5.0, 5.1]}, ParameterError, r"m_B\+: value has shape \(2,\), and the input has \(\)"),
    ({"BSZ15.poles": 5.0}, ParameterError, r"BSZ15.poles: value has shape \(\), and the input has \(3,\)"),
    ({"m_B+": {"value": 5.0, "unit": "ps"}}, ParameterError, r"m_B\+: unit = 'ps' is GeV\^-1 and cannot become 'GeV'"),
    ({"m_B+": {"value": 5.0, "unit": "bar"}}, ParameterError, r"m_B\+: unit = 'bar' is not known"),
    ({"m_B+": {"value": 5.0, "unit": 3}}, ParameterError, r"m_B\+: unit = 3 is not a text"),
    ({"m_B+": {"value": 5.0, "error": 3}}, ParameterError, r"m_B\+ has no field 'error'; fields: value, uncertainty"),
    ({"m_B+": {"uncertainty": -1.0}}, ParameterError, r"m_B\+: uncertainty = -1 GeV is outside its range \[0, inf\)"),
    ({"m_B+": {"plus": 1.0}}, ParameterError, r"m_B\+ has one of plus and minus without the other"),
    ({"m_B+": {"source": 3}}, ParameterError, r"m_B\+: source = 3 is not a text"),
    ({"m_B+": {"cl": 90.0}}, ParameterError, r"m_B\+: cl = 90 is outside its range \[0, 1\]"),
    (
        {"limit.NA62": 1e-11},
        ParameterError,
        "limit.NA62 is a curve; give a limits.Curve, or a dictionary with m in GeV and upper",
    ),
    ({"limit.NA62": {"upper": [1e-11]}}, ParameterError, "limit.NA62 is a curve and needs both m and upper"),
    ({"limit.NA62": {"m": [2.0, 1.0], "upper": [1.0, 1.0]}}, ParameterError, "limit.NA62: m of shape .2,. has to increase"),
    ({"limit.NA62": {"m": [1.0], "upper": [0.0]}}, ParameterError, "limit.NA62: upper = 0 is outside its range"),
    ({"limit.NA62": {"m": [1.0], "upper": [1.0], "colour": 1}}, ParameterError, "limit.NA62 has no field 'colour'"),
    ({"limit.NA62": {"m": [1.0], "upper": [1.0], "unit": "pb"}}, ParameterError, "limit.NA62: upper: unit = 'pb' is"),
    ({"limit.NA62.upper": [1e-11]}, ParameterError, r"limit.NA62.upper: value has shape \(1,\)"),
    ([("m_B+", 5.0)], ParameterError, "values = .* is not a dictionary of names and new values"),
]


@pytest.mark.house
@pytest.mark.parametrize(("values", "kind", "message"), BAD)
def test_bad_override_raises_a_one_line_error(values, kind, message):
    with pytest.raises(kind, match=message) as caught:
        inputs.override(values)
    assert "\n" not in str(caught.value)
    assert inputs.active() == ("talk", ())


@pytest.mark.house
@pytest.mark.parametrize(
    "call", [inputs.use, inputs.activate, inputs.names, inputs.compare, lambda name: inputs.get("m_h", name)]
)
def test_an_unknown_set_is_named(call):
    for name in ("tomorrow", "", 3, ["talk"]):
        with pytest.raises(DataError, match=r"no input set is called .*; known: belle2, pdg2026, talk, today"):
            call(name)


# --- the sets in the files


@pytest.mark.house
def test_entry_of_today_is_beside_the_one_it_replaces(tmp_path):
    for path in Path(_data.__file__).with_name("data").glob("*.toml"):
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for label, table in raw.pop("sets", {}).items():
            for name, entry in table.items():
                if label == "today" and name in inputs.names("talk"):
                    assert name in raw, f"{label}: {name} stands in {path.name} without what it replaces"
                if "same_as" not in entry and "upper" not in entry:
                    assert np.shape(entry["value"]) == np.shape(inputs.get(name, "talk").value), name
    # what the talk prints is never replaced
    assert not [
        name for name, old, _ in inputs.compare("talk", "today") if name.startswith("talk.") or (old and old.cite == "")
    ]


@pytest.mark.house
def test_other_unit_in_a_set_is_an_error(monkeypatch):
    entry = {"value": 1.0, "unit": "GeV", "source": "x"}
    tables = {"": {"a": entry}, "mine": {"a": entry | {"unit": "MeV"}}}
    monkeypatch.setattr(_data, "shipped", lambda: {k: {n: _data.record(e) for n, e in t.items()} for k, t in tables.items()})
    with pytest.raises(DataError, match="set mine: a is in 'MeV', and in 'GeV' in the base"):
        inputs._shipped.__wrapped__()


@pytest.mark.house
def test_alias_and_table_file_are_read(tmp_path):
    path = tmp_path / "mine.toml"
    entry = 'unit = "1"\nsource = "s"\n'
    path.write_text(f'[a]\nvalue = 2.0\ncl = 0.9\n{entry}[b]\nsame_as = "a"\n[c]\nsame_as = "b"\n[t]\nfile = "t.csv"\n{entry}')
    (tmp_path / "t.csv").write_text("# x, y\n1.0,2.0\n3.0,4.0\n")
    found = inputs.load(path)[""]
    assert found["c"] is found["b"] is found["a"] and found["a"].cl == 0.9
    assert found["t"].value.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    for text, message in (
        ('[a]\nsame_as = "b"\n[b]\nsame_as = "a"\n', "a: is the same as 'a', which is no entry with a value"),
        ('[a]\nsame_as = "d"\n', "a: is the same as 'd', which is no entry with a value"),
        ('[a]\nsame_as = "d"\nvalue = 1.0\n', "a: same_as is a name, and has no field beside it"),
        (f'[a]\nfile = "no.csv"\n{entry}', "a: value is not a finite number"),
        (f"[a]\nvalue = 1.0\nplus = [1.0, 2.0]\nminus = 1.0\n{entry}", "a: plus is not one number"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            inputs.load(path)


@pytest.mark.identity
def test_compare_lists_what_differs():
    rows = {name: (old, new) for name, old, new in inputs.compare()}
    assert list(rows) == sorted(rows) and len(rows) >= 3
    with inputs.override({"bound.higgs_invisible": 0.2, "m_h": 130.0}):
        assert {name: pair for name, *pair in inputs.compare()} == {name: list(pair) for name, pair in rows.items()}
    assert inputs.compare("talk", "pdg2026") == () and inputs.compare("today", "today") == ()
    assert {name for name, *_ in inputs.compare("talk", "belle2")} == {
        name for name in inputs.names() if inputs.get(name) is not inputs.get(name, "belle2")
    }


@pytest.mark.identity
def test_a_table_of_a_file_is_an_input():
    before = thermodynamics.g_rho(0.1)
    with inputs.override({"g_*(T)": inputs.get("g_*(T)").value * [1.0, 1.03, 1.0]}):
        assert_allclose(thermodynamics.g_rho(0.1), 1.03 * before, rtol=1e-12)
        other = thermodynamics.g_s(0.1)
    assert (thermodynamics.g_rho(0.1), thermodynamics.g_s(0.1)) == (before, other)


@pytest.mark.house
def test_no_plain_cache_depends_on_an_input():
    """A function with a plain cache calls no function that reads inputs; units and file readers are below the inputs."""
    kept = {}
    for path in Path(inputs.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"@(?:lru_cache|cache)\b.*?\n(?:@.*\n)*def (\w+)", text)
        kept |= {path.stem: found} if found else {}
    assert kept == {
        "_arrays": ["legendre"],
        "_belle2_many": ["_refinement"],
        "_data": ["shipped"],
        "_scan_file": ["_table", "library_digest"],
        "inputs": ["_shipped"],
        "neutrinos": ["_massless", "_species_table"],
        "relic": ["_grid", "_bessel", "_fixed", "_grid_fronts"],
        "units": ["_bases", "_parse"],
    }
    # and these ask for none
    with inputs.override({}):

        def refuse(*_):
            raise AssertionError("an input was asked for")

        inputs._in_use.get().value = inputs._in_use.get().table = refuse
        with pytest.raises(AssertionError, match="an input was asked for"):
            model._v_higgs()
        for function, *arguments in (
            (neutrinos._massless,),
            (neutrinos._species_table, "boson"),
            (relic._grid,),
            (relic._bessel,),
            (relic._fixed, 3),
            (relic._grid_fronts,),
        ):
            function.__wrapped__(*arguments)


@pytest.mark.published
def test_the_hubble_constants_of_today_are_as_far_apart_as_printed():
    with inputs.use("today"):
        early, late = inputs.get("h.planck"), inputs.get("h.local")
    apart = (late.value - early.value) / np.hypot(late.uncertainty, early.uncertainty)
    assert_allclose(apart, inputs.get("published.h0_tension").value, atol=0.05)
