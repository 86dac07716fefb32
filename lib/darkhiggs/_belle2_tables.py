"""Efficiency against q2, counts and templates that Belle II published with arXiv:2507.12393, arranged for the likelihood."""

from typing import Any

import numpy as np

from . import _profile
from ._arrays import Array, legendre
from ._owned import read_only
from .inputs import cached, get, names, natural

CHANNELS = {"ITA": slice(0, 24), "HTA": slice(24, 30)}
_ON, _OFF, _TAGGED = slice(0, 12), slice(12, 24), slice(24, 30)
BLOCKS = {"ITA": _ON, "ITA_off_resonance": _OFF, "HTA": _TAGGED}
_CONTINUUM = ("ccbar", "ddbar", "ssbar", "uubar")
_BACKGROUNDS = {"ITA": (*_CONTINUUM, "charged", "mixed"), "HTA": ("BB", "ccbar", "qqbar")}
_NODES = 8


@cached
@read_only
def efficiency() -> tuple[Array, Array]:
    """Centres of the q2 bins in GeV^2, and the efficiency of each of the 18 signal bins there."""
    rows: Array = natural("belle2.efficiency", "1")
    low, high = natural("belle2.q2_edges", "GeV^2")
    return low + (high - low) * (np.arange(len(rows)) + 0.5) / len(rows), rows


def efficiency_at(q2: Array) -> Array:
    """Efficiency at q2, linear between the centres of the q2 bins, with the signal bins on the last axis.

    The interpolation makes the efficiency of a line a continuous function of its mass.
    """
    centres, rows = efficiency()
    place = np.interp(q2, centres, np.arange(len(centres)))
    left = np.minimum(place.astype(int), len(centres) - 2)
    share = (place - left)[..., None]
    return (1.0 - share) * rows[left] + share * rows[left + 1]


def end() -> float:
    """Kinematic end of the spectrum, (m_B - m_K)^2 in GeV^2."""
    return float((natural("m_B+") - natural("m_K+")) ** 2)


def panels(low: float, high: float, breaks: Array) -> tuple[Array, Array]:
    """Nodes and weights between low and high, in panels that end at the kinks of the efficiency and at `breaks`."""
    cuts = np.concatenate([efficiency()[0], breaks, [low, high]])
    edges = np.unique(np.clip(cuts, low, high))
    u, w = legendre(_NODES)
    # the slope of 3u^2 - 2u^3 vanishes at both ends, so that a square root at a threshold is integrated accurately
    size = np.diff(edges)[:, None]
    nodes = edges[:-1, None] + size * (u**2 * (3.0 - 2.0 * u))
    return nodes.ravel(), (size * (6.0 * u * (1.0 - u) * w)).ravel()


def _spread(channel: str, values: Any, off: float = 0.0) -> Array:
    """Put the values of one channel into the row of all 30 bins; its off-resonance bins hold `off` times the values."""
    row = np.zeros(30)
    if channel == "ITA":
        row[_ON], row[_OFF] = values, off * values
    else:
        row[_TAGGED] = values
    return row


def signal_row(events: Array) -> Array:
    """Put the 18 signal bins into the row of all 30; the off-resonance bins have no signal."""
    row = np.zeros((*events.shape[:-1], 30))
    row[..., _ON], row[..., _TAGGED] = events[..., :12], events[..., 12:]
    return row


@cached
@read_only
def templates() -> tuple[_profile.Templates, Array, tuple[str, ...], tuple[str, ...]]:
    """Backgrounds and observed counts in all bins; names of the samples and of the nuisance parameters."""
    samples = tuple((channel, name) for channel, found in _BACKGROUNDS.items() for name in found)
    prefixes = {"charged": "belle2.ITA.charged.", "BB": "belle2.HTA.BB."}
    moved = {
        sample: [n.removeprefix(prefix) for n in names() if n.startswith(prefix) and not n.endswith("normalisation")]
        for sample, prefix in prefixes.items()
    }
    # a systematic uncertainty that both taggings share is one parameter
    shapes = (*sorted({*moved["charged"], *moved["BB"]}), "continuum_weight")
    ratio = natural("belle2.ITA.off_ratio", "1")
    yields, errors = np.zeros((2, len(samples), 30))
    shifts, widths = np.zeros((len(samples), len(shapes), 30)), np.zeros(len(samples))
    for i, (channel, name) in enumerate(samples):
        entry = get(f"belle2.{channel}.{name}")
        off = ratio if name in _CONTINUUM and channel == "ITA" else 0.0
        yields[i] = _spread(channel, entry.value, off)
        errors[i] = _spread(channel, entry.uncertainty / entry.value, 1.0)
        prior = "belle2.ITA.normalisation" if channel == "ITA" else f"belle2.HTA.{name}.normalisation"
        widths[i] = np.log(1.0 + natural(prior, "1"))
        source, known = ("charged", moved["charged"]) if name == "mixed" else (name, moved.get(name, []))
        if off > 0.0:
            known = ["continuum_weight"]
        for shape in known:
            nominal = get(f"belle2.{channel}.{source}").value
            relative = natural(f"belle2.{channel}.{source}.{shape}", "1") / nominal - 1.0
            shifts[i, shapes.index(shape)] = yields[i] * _spread(channel, relative, 1.0)
    observed = _spread("ITA", natural("belle2.ITA.observed", "1"))
    observed[_OFF] = natural("belle2.ITA.off_resonance", "1")
    observed += _spread("HTA", natural("belle2.HTA.observed", "1"))
    model = _profile.Templates(yields, errors, shifts, widths)
    labels = tuple(f"{channel} {name}" for channel, name in samples)
    return model, observed, labels, (*labels, *shapes)
