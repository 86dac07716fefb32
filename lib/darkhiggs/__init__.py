"""Light dark Higgs, L_mu - L_tau gauge boson and scalar dark matter: rates and limits.

The functions take and return numbers and arrays in natural units (powers of GeV, hbar = c = 1).
A module is imported at its first use: ``darkhiggs.meson_decays`` or ``from darkhiggs import meson_decays``.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

_MODULES = (
    "annihilation",
    "babar",
    "belle2",
    "borexino",
    "cmb",
    "constraints",
    "direct_detection",
    "errors",
    "expansion",
    "form_factors",
    "inputs",
    "kinematics",
    "kinetic_mixing",
    "light_higgs",
    "limits",
    "meson_decays",
    "model",
    "muon",
    "neutrinos",
    "photon_penguin",
    "relic",
    "rivals",
    "scan",
    "standard_model",
    "thermodynamics",
    "trident",
    "units",
    "validity",
    "white_dwarfs",
    "widths",
)


def __getattr__(name: str) -> ModuleType:
    """Import a module at its first use."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the modules."""
    return sorted((*_MODULES, "__version__", "__doc__", "__file__", "__name__", "__path__"))
