"""The likelihood of many points against the public functions it is made of, term by term, and what each term costs."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from darkhiggs import (
    _belle2_many,
    belle2,
    borexino,
    cmb,
    constraints,
    fit,
    inputs,
    meson_decays,
    model,
    muon,
    neutrinos,
    relic,
    trident,
    widths,
)

from .many_limits import sector

# Points of both sides; wanted ratio of times without the relic density, which both compute alike; largest difference of the
# term of Belle II below 300, beyond 2e-3 of it, and relative difference of the others.
POINTS, PART, WANTED, SPECTRUM, OTHERS = 10_000, 400, 10.0, 0.1, 4e-3
ROWS = {"kstar": "K*0", "higgs": "Higgs", "a_mu": "muon g-2", "relic": "relic density", "cmb": "CMB"}


def timed(compute: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = compute()
    return found, time.process_time() - start


def public(points: model.DarkSector) -> tuple[dict[str, Any], float]:
    """Terms from the public functions, and the time without that of the relic density."""
    names = [name for name in constraints.names() if name not in ("K*0 literal", "N_eff", "relic density")]
    rows, seconds = timed(lambda: constraints.table(points, names))
    found = {row.name: np.square(row.sigma) for row in rows}
    found["relic density"] = np.square(constraints.table(points, ["relic density"])[0].sigma)
    rate, spent = timed(lambda: meson_decays.br_b_to_k_invisible(points))
    open_ = np.flatnonzero(rate > 1e-12)

    def spectra() -> Any:
        some, likelihood = belle2.Spectrum.from_sector(points.select(open_)), belle2.Likelihood()
        return likelihood.chi2(some) - likelihood.chi2(belle2.Spectrum.line(2.0), 0.0)

    value, more = timed(spectra)
    found["belle2"] = np.zeros(len(rate))
    found["belle2"][open_] = value
    return found, seconds + spent + more


def compare() -> bool:
    print(f"Likelihood of {POINTS} points: darkhiggs.fit against the public functions, processor time of each point")
    # points with a kaon too soft for every bin have no spectrum in the public functions
    every = sector(POINTS).replace(m_h1=np.minimum(sector(POINTS).m_h1, 6.0))
    every = every.select(np.asarray(every.m_x) < 1.5)
    columns = {name: np.asarray(getattr(every, name)) for name in fit.PARAMETERS}
    _, once = timed(lambda: fit.evaluate({name: values[:50] for name, values in columns.items()}))
    found, seconds = timed(lambda: fit.evaluate(columns))
    count = len(found["chi2"])
    events = inputs.value("belle2.n_bplus", "1") * _belle2_many.rates(every)[2]
    parts: dict[str, Callable[[], Any]] = {
        "spectra, kstar": lambda: _belle2_many.rates(every),
        "belle2": lambda: _belle2_many.chi2(events),
        "b_invisible": lambda: (meson_decays.br_bs_invisible(every), meson_decays.br_b0_invisible(every)),
        "kaons": lambda: fit._kaons(every),
        "higgs": lambda: widths.br_higgs_invisible(every),
        "n_eff": lambda: neutrinos.delta_n_eff(every.m_zp, every.g_x, every.m_x, interpolated=True),
        "a_mu": lambda: muon.delta_a_mu(every.m_zp, every.g_x),
        "relic": lambda: relic.omega_h2(every),
        "cmb": lambda: cmb.p_ann(every),
        "direct": lambda: fit._direct(every),
        "trident": lambda: trident.ratio(every.m_zp, every.g_x),
        "na64mu": lambda: fit._na64mu(every),
        "borexino": lambda: borexino.ratio(every.m_zp, every.g_x),
    }
    costs = {name: timed(part)[1] for name, part in parts.items()}
    for name, cost in costs.items():
        print(f"    {name:16s} {1e6 * cost / count:8.2f} us, {100.0 * cost / seconds:5.1f} %")
    some = every.select(np.arange(PART))
    slow, spent = public(some)
    good = found["reason"][:PART] == 0
    near = good & (slow["belle2"] < 300.0)
    difference = np.abs(found["belle2"][:PART] - slow["belle2"]) - 2e-3 * np.abs(slow["belle2"])
    spectrum = float(np.max(difference[near]))
    others = max(
        float(np.max((np.abs(found[mine][:PART] - slow[row]) / np.maximum(slow[row], 1e-6))[good]))
        for mine, row in ROWS.items()
    )
    bare = (seconds - costs["relic"]) / count
    gain = spent / PART / bare
    print(f"    largest difference of belle2 {spectrum:.1e} (wanted {SPECTRUM}), of other terms {others:.1e} (wanted {OTHERS})")
    print(f"    a point {1e6 * seconds / count:.0f} us, without the relic density {1e6 * bare:.0f} us; made once {once:.1f} s")
    print(f"    public functions without it {1e6 * spent / PART:.0f} us, ratio {gain:.0f} (wanted {WANTED:.0f})")
    passed = spectrum <= SPECTRUM and others <= OTHERS and gain >= WANTED
    print(f"    {'ok' if passed else 'missed'}", flush=True)
    return passed
