"""The Belle II likelihood against the same model in pyhf: the same minimum, and how much sooner.

Runs where pyhf is installed, in the environment of the independent codes. The pyhf model is built from the data files, with a
parameter for every normalisation, shape and simulated bin; nothing of `darkhiggs.belle2` enters it but the signal.
"""

import math
import statistics
import sys
import time
from typing import Any

import numpy as np
import pyhf

from darkhiggs import belle2, inputs

CONTINUUM = ("ddbar", "uubar", "ssbar", "ccbar")
BACKGROUNDS = {"ITA": (*CONTINUUM, "charged", "mixed"), "off": CONTINUUM, "HTA": ("BB", "qqbar", "ccbar")}
AGREEMENT, GAIN, REPEATS = 1e-3, 100.0, 20


def value(name: str) -> Any:
    return inputs.get(f"belle2.{name}").value


def shapes(channel: str, name: str) -> dict[str, np.ndarray]:
    """Relative shifts at one standard deviation."""
    source = "charged" if name == "mixed" else name
    prefix = f"belle2.{channel}.{source}."
    found = [n.removeprefix(prefix) for n in inputs.names() if n.startswith(prefix) and not n.endswith("normalisation")]
    return {shape: value(f"{channel}.{source}.{shape}") / value(f"{channel}.{source}") - 1.0 for shape in found}


def sample(block: str, name: str) -> dict[str, Any]:
    channel = "HTA" if block == "HTA" else "ITA"
    entry = inputs.get(f"belle2.{channel}.{name}")
    scale = value("ITA.off_ratio") if block == "off" else 1.0
    data = scale * entry.value
    prior = 1.0 + value("ITA.normalisation" if channel == "ITA" else f"HTA.{name}.normalisation")
    modifiers = [
        {"name": f"norm {channel} {name}", "type": "normsys", "data": {"hi": prior, "lo": 1.0 / prior}},
        {"name": f"mc {block} {name}", "type": "staterror", "data": list(scale * entry.uncertainty)},
    ]
    for shape, shift in shapes(channel, name).items():
        sides = {"hi_data": list(data * (1.0 + shift)), "lo_data": list(data * (1.0 - shift))}
        modifiers.append({"name": shape, "type": "histosys", "data": sides})
    return {"name": name, "data": list(data), "modifiers": modifiers}


def signal(block: str, free: bool) -> dict[str, Any]:
    entry = inputs.get(f"belle2.{block}.signal")
    modifiers: list[dict[str, Any]] = [{"name": "x", "type": "normfactor", "data": None}] if free else []
    if np.any(entry.uncertainty):
        modifiers.append({"name": f"mc {block} signal", "type": "staterror", "data": list(entry.uncertainty)})
    return {"name": "signal", "data": list(entry.value), "modifiers": modifiers}


def workspace(spectrum: belle2.Spectrum | None) -> tuple[Any, list[float]]:
    """Model with x the signal strength, or the rate of `spectrum` in units of the Standard Model's, and the data."""
    channels = []
    for block, names in BACKGROUNDS.items():
        found = [sample(block, name) for name in names]
        if block != "off":
            found.append(signal(block, spectrum is None))
        if block != "off" and spectrum is not None:
            events = spectrum.events(inputs.get("published.br_k_null").value)
            line = {"name": "line", "data": list(events[:12] if block == "ITA" else events[12:])}
            found.append(line | {"modifiers": [{"name": "x", "type": "normfactor", "data": None}]})
        channels.append({"name": block, "samples": found})
    bounds = [{"name": "x", "bounds": [[-10.0, 30.0]], "inits": [1.0]}]
    settings = {"normsys": {"interpcode": "code1"}, "histosys": {"interpcode": "code4p"}}
    model = pyhf.Model({"channels": channels, "parameters": bounds}, poi_name="x", modifier_settings=settings)
    observed = {"ITA": value("ITA.observed"), "off": value("ITA.off_resonance"), "HTA": value("HTA.observed")}
    counts = [float(n) for block in model.config.channels for n in observed[block]]
    return model, counts + model.config.auxdata


def saturated(model: Any, data: list[float]) -> float:
    """-2 ln L of a model that meets every count and every auxiliary measurement."""
    counts = data[: len(data) - len(model.config.auxdata)]
    poisson = sum(n * math.log(n) - n - math.lgamma(n + 1.0) if n else 0.0 for n in counts)
    return -2.0 * (
        poisson + float(model.constraint_logpdf(np.array(model.config.auxdata), np.array(model.config.suggested_init())))
    )


def compare(name: str, spectrum: belle2.Spectrum | None) -> bool:
    likelihood = belle2.Likelihood()
    unit = 1.0 if spectrum is None else inputs.get("published.br_k_null").value
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        best = likelihood.fit_mu() if spectrum is None else likelihood.fit_rate(spectrum)
        times.append(time.perf_counter() - start)
    ours = statistics.median(times)
    model, data = workspace(spectrum)
    start = time.perf_counter()
    point, minimum = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
    theirs = time.perf_counter() - start
    found = float(minimum) - saturated(model, data)
    x = float(point[model.config.poi_index]) * unit
    difference, gain = abs(float(best.chi2) - found), theirs / ours
    good = difference <= AGREEMENT and gain >= GAIN
    print(f"  {name}: {model.config.npars} parameters in pyhf")
    print(f"    library {float(best.value):.5g}, -2 ln L {float(best.chi2):.5f}   pyhf {x:.5g}, {found:.5f}")
    print(f"    difference in -2 ln L {difference:.1e} (wanted {AGREEMENT:.0e})")
    print(f"    library {ours:.4f} s   pyhf {theirs:.1f} s   ratio {gain:.0f} (wanted {GAIN:.0f})")
    print(f"    {'ok' if good else 'missed'}", flush=True)
    return good


def scan() -> bool:
    start = time.perf_counter()
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum.line(np.linspace(0.05, 4.3, 60)))
    seconds = time.perf_counter() - start
    print(f"  60 masses with intervals: {seconds:.2f} s (wanted 5); largest Delta chi^2 {float(np.max(fit.delta_chi2)):.2f}")
    return seconds < 5.0


def main() -> int:
    print(f"Belle II likelihood: library against pyhf {pyhf.__version__} with its default backend")
    print("  Library: best fit, both ends of the interval and both reference fits; pyhf: the best fit alone.")
    good = [compare("signal strength", None), compare("line of 2 GeV", belle2.Spectrum.line(2.0)), scan()]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
