"""The exported likelihood, read by a small evaluation of its own: every parameter, no profiling in closed form."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.stats import norm

from darkhiggs import belle2, inputs, meson_decays
from darkhiggs.belle2 import Likelihood, Spectrum
from darkhiggs.errors import ParameterError

RATE = 1e-5


def log_normal(alpha: np.ndarray, low: float, high: float) -> np.ndarray:
    """Interpolation "code1" of HistFactory."""
    return np.where(alpha < 0.0, low**-alpha, high**alpha)


def polynomial(alpha: np.ndarray, low: float, high: float) -> np.ndarray:
    """Interpolation "code4", the default of pyhf: up to one standard deviation the polynomial of degree 6 with the value, slope and curvature of code1 there."""
    log_low, log_high = np.log(low), np.log(high)
    ends = [high, low, high * log_high, -low * log_low, high * log_high**2, low * log_low**2]
    powers = np.arange(1, 7)
    rows = [s**powers for s in (1.0, -1.0)] + [powers * s ** (powers - 1) for s in (1.0, -1.0)]
    rows += [powers * (powers - 1) * s ** np.maximum(powers - 2, 0) for s in (1.0, -1.0)]
    wanted = np.array(ends) - np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    inner = 1.0 + alpha[..., None] ** powers @ np.linalg.solve(np.array(rows), wanted)
    return np.where(np.abs(alpha) < 1.0, inner, log_normal(alpha, low, high))


class Reading:
    """-2 ln L of a workspace relative to a saturated model; bin errors are counted in standard deviations."""

    def __init__(self, workspace: dict[str, Any], factor: Callable[..., np.ndarray] = log_normal) -> None:
        self.blocks, self.names, self.factor = [], ["mu"], factor
        self.strengths = [entry["name"] for entry in workspace["measurements"][0]["config"]["parameters"]]
        counts = {entry["name"]: entry["data"] for entry in workspace["observations"]}
        self.observed = [np.array(counts[channel["name"]], dtype=float) for channel in workspace["channels"]]
        for number, channel in enumerate(workspace["channels"]):
            for sample in channel["samples"]:
                modifiers = [self._placed(modifier, len(sample["data"])) for modifier in sample["modifiers"]]
                self.blocks.append((number, np.array(sample["data"]), modifiers))
        self.free = np.isin(self.names, self.strengths)
        self.centres = np.zeros(len(self.names))

    def _placed(self, modifier: dict[str, Any], bins: int) -> tuple[str, list[int], Any]:
        wide = modifier["type"] == "staterror"
        names = [f"{modifier['name']}[{i}]" for i in range(bins)] if wide else [modifier["name"]]
        self.names += [name for name in names if name not in self.names]
        return modifier["type"], [self.names.index(name) for name in names], modifier["data"]

    def expected(self, points: np.ndarray) -> list[np.ndarray]:
        total = [np.zeros((len(points), len(counts))) for counts in self.observed]
        for number, events, modifiers in self.blocks:
            added, factor = np.broadcast_to(events, (len(points), len(events))), np.ones((len(points), 1))
            for kind, places, data in modifiers:
                alpha = points[:, places]
                if kind == "histosys":
                    high, low = np.array(data["hi_data"]) - events, events - np.array(data["lo_data"])
                    added = added + np.where(alpha > 0.0, alpha * high, alpha * low)
                elif kind == "normsys":
                    factor = factor * self.factor(alpha, data["lo"], data["hi"])
                elif kind == "staterror":
                    factor = factor * (1.0 + alpha * np.array(data) / events)
                else:
                    assert (kind, data) == ("normfactor", None)
                    factor = factor * alpha
            total[number] = total[number] + factor * added
        return total

    def value(self, points: np.ndarray) -> np.ndarray:
        found = np.sum(np.where(self.free, 0.0, points - self.centres) ** 2, axis=1)
        for counts, expected in zip(self.observed, self.expected(points), strict=True):
            ratio = np.log(np.maximum(counts, 1e-300) / np.maximum(expected, 1e-300))
            found += 2.0 * np.sum(expected - counts + counts * ratio, axis=1)
        return found

    def minimum(self, mu: float | None = None) -> tuple[np.ndarray, float]:
        """Best parameters and -2 ln L, with mu free above zero or held."""
        start, steps = self.free.astype(float), 1e-4 * np.eye(len(self.names))
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(start)
        start[0], bounds[0] = (1.0, (0.0, None)) if mu is None else (mu, (mu, mu))

        def both(point: np.ndarray) -> tuple[float, np.ndarray]:
            sides = self.value(np.concatenate([point + steps, point - steps, point[None]]))
            up, down = np.split(sides[:-1], 2)
            return sides[-1], (up - down) / 2e-4

        options = {"maxiter": 3000, "ftol": 1e-13, "gtol": 1e-6, "maxcor": 40}
        found = minimize(both, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        return found.x, float(found.fun)


@lru_cache
def broad() -> Spectrum:
    def dbr_dq2(q2: np.ndarray) -> np.ndarray:
        return meson_decays.br_b_to_k_scalar(np.sqrt(q2), 4e-3) / np.pi / ((q2 - 4.0) ** 2 + 1.0)

    return Spectrum.from_function(dbr_dq2)


CASES: dict[str, tuple[Callable[[], Likelihood], Callable[[], Spectrum], str]] = {
    "line": (Likelihood, lambda: Spectrum.line(2.0), "fixed"),
    "broad": (Likelihood, broad, "fixed"),
    "free strength": (Likelihood, lambda: Spectrum.line(2.0), "free"),
    "at zero": (Likelihood, lambda: Spectrum.line(3.3), "fixed"),
    "one tagging": (lambda: Likelihood(("HTA",)), broad, "fixed"),
    "projection": (lambda: Likelihood().projected(2000.0, Spectrum.line(2.1), 8e-6, floor=0.5), lambda: Spectrum.line(2.0), "fixed"),
}  # fmt: skip


@pytest.mark.independent
@pytest.mark.parametrize("case", CASES)
def test_exported_likelihood_has_the_same_minimum(case):
    make, shape, standard = CASES[case]
    likelihood, spectrum = make(), shape()
    fit = likelihood.fit_rate(spectrum, standard)
    reading = Reading(json.loads(json.dumps(likelihood.workspace(spectrum, RATE, standard), allow_nan=False)))
    point, value = reading.minimum()
    assert_allclose(value, fit.chi2, atol=1e-4)
    assert_allclose(RATE * point[0], fit.rate, atol=2e-3 * fit.plus)
    pulls = dict(zip(reading.names, point, strict=True))
    for name, pull in fit.pulls.items():
        plain = name.replace(" ", "_")
        found = pulls.get(plain, pulls.get(f"normalisation_{plain}"))
        # a parameter of the other tagging is not exported
        assert_allclose(0.0 if found is None else found, pull, atol=2e-3)
    if standard == "free":
        assert_allclose(pulls["mu_K_nu_nu"], fit.strength, atol=5e-3)
        assert_allclose(reading.minimum(0.0)[1], fit.chi2_zero, atol=1e-4)
    else:
        assert_allclose(reading.minimum(fit.plus / RATE)[1], likelihood.chi2(spectrum, fit.plus), atol=1e-4)


@pytest.mark.independent
@pytest.mark.parametrize("shape", [lambda: Spectrum.line(1.0), broad])
def test_exported_likelihood_has_the_same_limit(shape):
    spectrum, likelihood = shape(), Likelihood()
    limit = likelihood.upper_limit(spectrum)
    workspace = likelihood.workspace(spectrum, RATE)
    data, asimov = Reading(workspace), Reading(workspace)
    null, _ = data.minimum(0.0)
    asimov.observed, asimov.centres = [row[0] for row in data.expected(null[None])], null
    # CL_s at the limit, arXiv:1007.1727 for rates that cannot be negative
    q, expected = (reading.minimum(limit / RATE)[1] - reading.minimum()[1] for reading in (data, asimov))
    if q <= expected:
        share = norm.sf(np.sqrt(q)) / norm.cdf(np.sqrt(expected) - np.sqrt(q))
    else:
        root = 2.0 * np.sqrt(expected)
        share = norm.sf((q + expected) / root) / norm.sf((q - expected) / root)
    assert_allclose(share, 0.05, rtol=0.01)


@pytest.mark.independent
def test_default_interpolation_of_pyhf_is_as_good():
    alpha = np.linspace(-1.5, 1.5, 301)[:, None]
    width = max(Likelihood()._model.widths)
    assert_allclose(polynomial(alpha, np.exp(-width), np.exp(width)), np.exp(width * alpha), rtol=1e-6)
    spectrum = Spectrum.line(2.0)
    _, value = Reading(Likelihood().workspace(spectrum, RATE), polynomial).minimum()
    assert_allclose(value, Likelihood().fit_rate(spectrum).chi2, atol=1e-4)


@pytest.mark.identity
def test_workspace_has_what_was_published():
    found = Likelihood().workspace(broad())
    counts = {entry["name"]: entry["data"] for entry in found["observations"]}
    assert counts == {
        "ITA": inputs.get("belle2.ITA.observed").value.tolist(),
        "ITA_off_resonance": inputs.get("belle2.ITA.off_resonance").value.tolist(),
        "HTA": inputs.get("belle2.HTA.observed").value.tolist(),
    }
    samples = {(c["name"], s["name"]): s for c in found["channels"] for s in c["samples"]}
    # at mu = 1 the signal has the rate of the spectrum
    signal = np.concatenate([samples[channel, "signal"]["data"] for channel in ("ITA", "HTA")])
    assert_allclose(signal, broad().events(), rtol=1e-12)
    standard = inputs.get("belle2.ITA.signal")
    assert_allclose(samples["ITA", "K_nu_nu"]["data"], standard.value, rtol=1e-12)
    assert [m["type"] for m in samples["ITA", "K_nu_nu"]["modifiers"]] == ["staterror"]
    assert_allclose(samples["ITA", "K_nu_nu"]["modifiers"][0]["data"], standard.uncertainty, rtol=1e-12)
    charged = {m["name"]: m for m in samples["ITA", "ITA_charged"]["modifiers"]}
    assert_allclose(charged["bb_c1"]["data"]["hi_data"], inputs.get("belle2.ITA.charged.bb_c1").value, rtol=1e-12)
    assert_allclose(charged["normalisation_ITA_charged"]["data"]["hi"], 1.5, rtol=1e-12)
    config = found["measurements"][0]["config"]
    assert config["poi"] == "mu" and [entry["name"] for entry in config["parameters"]] == ["mu"]
    assert_allclose(config["parameters"][0]["bounds"], [[0.0, 1e-3 / broad().br]], rtol=1e-12)
    names = {m["name"] for sample in samples.values() for m in sample["modifiers"]} | {name for _, name in samples}
    assert all(re.fullmatch(r"\w+", name) for name in names)
    # the background above the resonance and below share their normalisation, not their simulated samples
    on, off = ({m["name"] for m in samples[channel, "ITA_ccbar"]["modifiers"]} for channel in ("ITA", "ITA_off_resonance"))
    assert on & off == {"normalisation_ITA_ccbar", "continuum_weight"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found and found["version"] == "1.0.0"


@pytest.mark.house
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((Spectrum.line(2.0),), r"^rate = 1 is outside its range \[1e-12, 0\.001\]$"),
        ((Spectrum.line(2.0), 0.0), r"^rate = 0 is outside its range \[1e-12, 0\.001\]$"),
        ((Spectrum.line([1.0, 2.0]), 1e-5), "^workspace takes one spectrum at a time$"),
        ((Spectrum.line(2.0), 1e-5, "none"), "^standard = 'none' is not one of 'fixed', 'free'$"),
        ((2.0,), "^spectrum = 2.0 is not a Spectrum"),
    ],
)
def test_workspace_refuses(arguments, words):
    with pytest.raises(ParameterError, match=words):
        belle2.Likelihood().workspace(*arguments)
