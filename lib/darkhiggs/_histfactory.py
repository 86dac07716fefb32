"""HistFactory workspace of binned counts with uncertain templates, the model of `_profile`, as plain data for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._arrays import Array
from ._profile import Index

VERSION = "1.0.0"


@dataclass(frozen=True)
class Sample:
    """Events of one process in all bins.

    `spread` is the relative error of the simulated sample, `normalisation` the parameter and the width of its log-normal
    factor, `shifts` the linear shifts by the name of their parameter, and `strength` the parameter that multiplies all.
    """

    name: str
    events: Array
    spread: Array
    normalisation: tuple[str, float] | None = None
    shifts: Mapping[str, Array] = field(default_factory=dict)
    strength: str = ""

    def within(self, channel: str, bins: Index) -> dict[str, Any]:
        """Return the sample of one channel."""
        events, found = self.events[bins], list[dict[str, Any]]()
        if self.strength:
            found.append({"name": self.strength, "type": "normfactor", "data": None})
        if self.normalisation:
            name, width = self.normalisation
            found.append({"name": name, "type": "normsys", "data": {"hi": float(np.exp(width)), "lo": float(np.exp(-width))}})
        for name, shift in self.shifts.items():
            if np.any(shift[bins]):
                sides = {"hi_data": (events + shift[bins]).tolist(), "lo_data": (events - shift[bins]).tolist()}
                found.append({"name": name, "type": "histosys", "data": sides})
        error = self.spread[bins] * events
        if np.any(error):
            # a name of its own: each template has its own simulated sample
            found.append({"name": f"simulated_{channel}_{self.name}", "type": "staterror", "data": error.tolist()})
        return {"name": self.name, "data": events.tolist(), "modifiers": found}


def workspace(
    channels: Mapping[str, Index],
    samples: Sequence[Sample],
    observed: Array,
    interest: str,
    parameters: Mapping[str, tuple[float, float, float]],
) -> dict[str, Any]:
    """Return a workspace with one measurement.

    `channels` has the bins of each channel, `interest` is the parameter of interest, and `parameters` has the start value and
    the ends of the range of each free strength.
    """
    settings = [{"name": name, "inits": [start], "bounds": [list(ends)]} for name, (start, *ends) in parameters.items()]
    return {
        "channels": [
            {"name": name, "samples": [sample.within(name, bins) for sample in samples if np.any(sample.events[bins])]}
            for name, bins in channels.items()
        ],
        "observations": [{"name": name, "data": observed[bins].tolist()} for name, bins in channels.items()],
        "measurements": [{"name": "B -> K + invisible", "config": {"poi": interest, "parameters": settings}}],
        "version": VERSION,
    }
