"""Every public function and class, every argument broken in turn: one sentence that names it, and nothing else."""

import importlib
import inspect
import pkgutil
import typing
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

import darkhiggs
from darkhiggs import belle2, inputs, limits, model, neutrinos
from darkhiggs.errors import DataError, ParameterError
from darkhiggs.inputs import Quantity

MODULES = sorted(name for _, name, _ in pkgutil.iter_modules(darkhiggs.__path__) if not name.startswith("_"))
GRID = model.benchmark("A").replace(m_x=[0.1, 0.2], m_h1=2.0, sin_theta=5e-3, lambda_phi_x=0.05, q_x=0.7)
POINT = GRID.replace(m_x=0.1)
LINE = belle2.Spectrum.line(2.0)
SPECIES = [neutrinos.Species(0.01, 2)]
ONE = np.ones(3)
# A valid call of everything public. What is not here fails the first test.
CALLS: dict[str, dict[str, object]] = {
    "annihilation.breaks": {"sector": GRID},
    "annihilation.rate": {"sector": GRID, "s": 1.0, "channel": "zpzp"},
    "annihilation.rate_dirac": {"m_chi": 0.1, "m_zp": 0.01, "g_x": 1e-3, "q_chi": 1.0, "s": 1.0, "channel": "nunu"},
    "annihilation.sigma_v": {"sector": GRID, "v_rel": 0.1, "channel": "zpzp"},
    "belle2.Likelihood": {"channels": ("ITA",)},
    "belle2.Likelihood.fit_mu": {"channels": ("ITA", "HTA"), "spectrum": LINE},
    "belle2.Likelihood.fit_rate": {"spectrum": LINE},
    "belle2.Likelihood.chi2": {"spectrum": LINE, "rate": 1e-6},
    "belle2.Likelihood.upper_limit": {"spectrum": LINE, "cl": 0.9},
    "belle2.Likelihood.toys": {"spectrum": LINE, "rate": 1e-6, "size": 3, "seed": 2},
    "belle2.Spectrum": {"efficiency": np.full(18, 0.01), "br": 1e-6},
    "belle2.Spectrum.line": {"m_x": 2.0},
    "belle2.Spectrum.from_function": {"dbr_dq2": np.ones_like, "q2_min": 1.0, "q2_max": 20.0, "breaks": [4.0], "resonance": (2.0, 0.1)},
    "belle2.Spectrum.three_body": {"m_x": 0.5, "current": "vector", "pair": "scalar"},
    "belle2.Spectrum.from_sector": {"sector": GRID, "final_state": "xx", "kappa": 1e-5, "form_factor": "HPQCD22", "nuisance": 0.0, "inputs": "belle2"},
    "belle2.Spectrum.from_histogram": {"edges": [1.0, 2.0, 3.0], "values": [1e-6, 1e-6]},
    "belle2.Spectrum.events": {"rate": 1e-6},
    "borexino.coupling_limit": {"m_zp": 0.01, "r_max": 1.2, "model": "B-L", "sign": -1, "p_ee": 0.5, "t_min": 1e-4},
    "borexino.cross_section": {"flavour": "mu", "energy": 1e-3, "t_min": 1e-4},
    "borexino.flavour_factors": {"form": "literal", "p_ee": 0.5},
    "borexino.flavour_fractions": {"p_ee": 0.5},
    "borexino.mass_fractions": {"p_ee": 0.5},
    "borexino.ratio": {"m_zp": 0.01, "g_x": 1e-4, "model": "B-L", "sign": 1, "p_ee": 0.5, "t_min": 1e-4},
    "borexino.recoil_spectrum": {"t": 3e-4, "flavour": "mu", "m_zp": 0.01, "g_x": 1e-4, "model": "L_mu-L_e", "sign": 1},
    "borexino.rescaled_limit": {"m_zp": 0.01, "r_max": 1.2, "form": "corrected", "p_ee": 0.5, "t_min": 1e-4},
    "cmb.allowed": {"sector": GRID},
    "cmb.annihilation_limit": {"mass": 0.1, "channel": "ee", "self_conjugate": True},
    "cmb.excluded_below": {"thermal": np.ones_like, "channel": "ee", "self_conjugate": True},
    "cmb.f_eff": {"energy": 0.1, "channel": "ee"},
    "cmb.f_eff_cascade": {"energy": 1.0, "masses": (0.5, 0.1)},
    "cmb.p_ann": {"sector": GRID},
    "cmb.visible_fraction": {"sector": GRID},
    "constraints.table": {"sector": GRID, "which": ["Higgs"]},
    "direct_detection.coupling_max": {"sector": GRID, "experiment": "LZ", "convention": "tree"},
    "direct_detection.momentum_transfer": {"m_x": 1.0, "target": "xenon", "largest": True},
    "direct_detection.sigma_electron": {"sector": GRID, "convention": "tree"},
    "direct_detection.sigma_nucleon": {"sector": GRID, "convention": "tree"},
    "direct_detection.sigma_zp": {"sector": GRID, "target": "proton", "q": 0.1},
    "form_factors.b_to_k": {"q2": 1.0, "which": "f+", "source": "HPQCD22", "nuisance": np.zeros(8)},
    "form_factors.b_to_kstar": {"q2": 1.0, "which": "A0", "source": "BSZ15", "nuisance": np.zeros(11)},
    "form_factors.band": {"function": np.sum, "source": "BSZ15", "step": 0.5},
    "form_factors.nuisance_size": {"source": "BSZ15"},
    "inputs.Quantity.to": {"unit": "MeV"},
    "inputs.get": {"name": "m_B+", "inputs": "belle2"},
    "inputs.load": {"path": "no/such.toml"},
    "inputs.names": {"inputs": "belle2"},
    "inputs.natural": {"name": "m_B+", "unit": "GeV", "inputs": "belle2"},
    "kinematics.kallen": {"a": 1.0, "b": 0.1, "c": 0.1},
    "kinematics.momentum": {"m": 1.0, "m_1": 0.1, "m_2": 0.1},
    "kinetic_mixing.epsilon": {"g_x": 1e-3, "q2": 0.1},
    "limits.Curve": {"name": "x", "m": [1.0, 2.0], "upper": [1.0, 2.0], "unit": "1", "cl": 0.9, "reading_error": 0.1, "source": "s", "cite": "c"},
    "limits.Curve.covers": {"m": 0.1},
    "limits.Curve.g_max": {"m": 0.1},
    "limits.Curve.sigma_max": {"m": 0.1},
    "limits.curve": {"name": "LZ"},
    "meson_decays.br_b_to_k_invisible": {"sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5, "form_factor": "HPQCD22", "nuisance": 0.0, "inputs": "belle2"},
    "meson_decays.br_b_to_k_scalar": {"m_scalar": 1.0, "sin_theta": 0.01, "charge": "+", "kappa": 1e-5, "form_factor": "HPQCD22", "nuisance": np.zeros(8), "inputs": "belle2"},
    "meson_decays.br_b_to_kstar_invisible": {"sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5, "nuisance": 0.0},
    "meson_decays.br_b_to_kstar_scalar": {"m_scalar": 1.0, "sin_theta": 0.01, "charge": "+", "kappa": 1e-5, "form_factor": "BSZ15", "nuisance": np.zeros(11), "inputs": "belle2"},
    "meson_decays.br_k_to_pi_scalar": {"m_scalar": 0.1, "sin_theta": 0.01, "kappa": 1e-5},
    "meson_decays.br_kl_to_pi0_scalar": {"m_scalar": 0.1, "sin_theta": 0.01, "kappa": 1e-5},
    "meson_decays.dbr_dq2_b_to_k_invisible": {"q2": 1.0, "sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5},
    "meson_decays.dbr_dq2_b_to_kstar_invisible": {"q2": 1.0, "sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5},
    "meson_decays.sin_theta_for": {"br": 1e-6, "br_at_unit_mixing": 0.1},
    "model.DarkSector": {"m_zp": 0.01, "g_x": 1e-3, "m_x": 0.1, "m_h1": 2.0, "sin_theta": 0.01, "lambda_phi_x": 0.1, "q_x": 0.7, "q_phi": 1.0},
    "model.DarkSector.require": {"name": "m_x"},
    "model.DarkSector.replace": {"m_zp": 0.01, "m_h1": 1.0},
    "model.DarkSector.masked": {"reason": ["", "no"]},
    "model.DarkSector.select": {"points": [True, False]},
    "model.DarkSector.scatter": {"values": [1.0, 2.0]},
    "model.anomaly_coefficients": {"charges": [0.0, 1.0, -1.0]},
    "model.benchmark": {"name": "A"},
    "model.scalar_potential": {"sector": GRID},
    "muon.coupling_for": {"delta_a_mu": 1e-9, "m_zp": 0.01},
    "muon.delta_a_mu": {"m_zp": 0.01, "g_x": 1e-4},
    "neutrinos.Species": {"mass": 0.01, "dof": 2.0, "statistics": "boson", "couples_to": "e", "width_e": 1e-9},
    "neutrinos.collision_factors": {"x": 1.0},
    "neutrinos.coupling_min": {"m_zp": 0.01},
    "neutrinos.delta_n_eff_zp": {"m_zp": 0.01, "g_x": 1e-4, "kinetic_mixing": True, "variant": "common"},
    "neutrinos.history": {"species": SPECIES, "variant": "common"},
    "neutrinos.hubble_shift": {"delta_n_eff": 0.1},
    "neutrinos.n_eff": {"species": SPECIES, "variant": "common", "weak": 1.0, "steps": 20},
    "neutrinos.n_eff_with": {"mass": 0.01, "dof": 2.0, "statistics": "boson", "couples_to": "nu", "variant": "common"},
    "neutrinos.z_prime": {"m_zp": 0.01, "g_x": 1e-4, "kinetic_mixing": True},
    "photon_penguin.br_b_to_k_xx": {"sector": GRID},
    "photon_penguin.br_b_to_k_zp": {"m_zp": 0.01, "g_x": 1e-4},
    "photon_penguin.dbr_dq2_b_to_k_leptons": {"q2": 1.0, "axial": True, "inputs": "belle2"},
    "relic.bath_shift": {"sector": GRID},
    "relic.coupling_for": {"sector": GRID, "omega_h2": 0.12},
    "relic.evolve": {"sector": GRID},
    "relic.omega_h2": {"sector": GRID},
    "relic.omega_h2_analytic": {"target": 0.1, "cross_section": 1e-9, "self_conjugate": True},
    "relic.omega_h2_for": {"mass": 0.1, "rate": np.ones_like, "dof": 1.0, "self_conjugate": True, "breaks": ([0.5], [0.1])},
    "relic.thermal_average": {"sector": GRID, "x": 20.0},
    "relic.thermal_cross_section": {"mass": 0.1, "wave": "s", "self_conjugate": True},
    "scan.crossing": {"x": [1.0, 2.0], "y": [1.0, 2.0], "level": 1.5},
    "scan.on_relic_line": {"sector": GRID},
    "scan.window": {"x": [1.0, 2.0], "y": [1.0, 2.0], "low": 1.2, "high": 1.5},
    "standard_model.br_b_to_k_nunu": {"tau_tree": True, "charge": "+", "inputs": "belle2", "form_factor": "HPQCD22", "nuisance": np.zeros(8), "x_t": 1.5},
    "standard_model.br_b_to_kstar_nunu": {"charge": "+", "inputs": "belle2", "nuisance": np.zeros(11), "x_t": 1.5},
    "standard_model.br_tau_tree": {"inputs": "belle2"},
    "standard_model.c_nu": {"m_top": 170.0, "inputs": "belle2"},
    "standard_model.dbr_dq2_b_to_k_nunu": {"q2": 1.0, "charge": "+", "inputs": "belle2", "form_factor": "HPQCD22", "nuisance": np.zeros(8), "x_t": 1.5},
    "standard_model.dbr_dq2_b_to_kstar_nunu": {"q2": 1.0, "charge": "+", "inputs": "belle2", "nuisance": np.zeros(11), "x_t": 1.5},
    "standard_model.inami_lim": {"m_top": 170.0},
    "standard_model.penguin_coupling": {"m_top": 170.0, "inputs": "belle2"},
    **{f"thermodynamics.{name}": {"T": 0.01, "mass": 0.01, "dof": 2.0, "statistics": "fermion"} for name in ("energy_density", "energy_slope", "entropy_density", "number_density", "pressure")},
    **{f"thermodynamics.{name}": {"T": 0.01} for name in ("g_rho", "g_s", "hubble", "qed_energy_density", "qed_pressure")},
    "trident.components": {"m_zp": 0.01, "energy": 20.0, "target": "Fe", "c_v": 1.0, "c_a": 0.5},
    "trident.coupling_limit": {"m_zp": 0.01, "experiment": "CCFR", "n_sigma": 1.96, "energy": 20.0},
    "trident.cross_section": {"energy": 20.0, "target": "Fe", "m_zp": 0.01, "g_x": 1e-4, "c_v": 1.0, "c_a": 0.5},
    "trident.flux": {"q_min": 0.01, "target": "Fe"},
    "trident.form_factor": {"q": 0.1, "radius": 20.0},
    "trident.photon_cross_section": {"s": 1.0, "c_v": 1.0, "c_a": 0.5},
    "trident.ratio": {"m_zp": 0.01, "g_x": 1e-4, "experiment": "CCFR", "energy": 20.0},
    "trident.ratio_heavy": {"m_zp": 1.0, "g_x": 1e-4},
    "units.convert": {"value": 1.0, "unit": "GeV", "to": "MeV"},
    **{f"widths.{name}": {"sector": GRID} for name in ("br_h1_invisible", "br_higgs_invisible", "br_zp_invisible", "gamma_higgs_to_h1h1", "gamma_higgs_to_xx", "gamma_higgs_to_zpzp", "gamma_zp")},
    **{f"widths.{name}": {"sector": GRID, "mass": 1.0} for name in ("gamma_h1", "gamma_h1_to_leptons", "gamma_h1_to_xx", "gamma_h1_to_zpzp")},
    "widths.sin_theta_max": {"v_phi": 23.0, "br_limit": 0.1, "m_h1": 1e-3, "m_zp": 1e-3, "m_x": 0.1, "lambda_phi_x": 0.1},
}
# Classes of results: they take what the library gives them, but nothing with a unit
RESULTS: dict[str, dict[str, object]] = {
    "belle2.Fit": {"value": ONE, "minus": ONE, "plus": ONE, "chi2": ONE, "chi2_zero": ONE, "chi2_sm": ONE, "standard": 1.0, "p_value": ONE, "pulls": {"a": ONE}, "flags": {"b": ONE > 0}, "bins": ("A1",), "expected": {"total": ONE}},
    "belle2.Toys": {"rate": ONE, "chi2": ONE, "ratio": ONE, "at_zero": ONE > 0},
    "constraints.Row": {"name": "x", "value": ONE, "limit": ONE, "unit": "1", "cl": 0.9, "allowed": ONE > 0, "source": "s", "cite": "c"},
    "inputs.Quantity": {"value": ONE, "uncertainty": ONE, "unit": "GeV", "source": "s", "plus": 1.0, "minus": 1.0},
    "neutrinos.History": dict.fromkeys(("log_a", "t_gamma", "t_nu", "t_nu_e", "eta", "n_eff"), ONE),
    "relic.Coupling": {"value": ONE, "branches": ONE, "reason": np.array(["", "", "no"])},
    "relic.Evolution": dict.fromkeys(("x", "y", "y_eq", "x_f", "omega_h2"), ONE),
    "scan.Window": {"low": ONE, "high": ONE, "pieces": np.ones(3, dtype=int), "open_low": ONE > 0, "open_high": ONE > 0},
}
OBJECTS = {
    "belle2.Likelihood": belle2.Likelihood(),
    "belle2.Spectrum": LINE,
    "inputs.Quantity": inputs.get("m_B+"),
    "limits.Curve": limits.curve("LZ"),
    "model.DarkSector": GRID,
}


class Metres:
    """A quantity as the packages for units make them."""

    def __init__(self, value):
        self.value, self.unit = value, "m"

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype)

    def __float__(self):
        return float(self.value)


def function_of(name):
    module, *path = name.split(".")
    found = importlib.import_module(f"darkhiggs.{module}")
    if ".".join([module, *path[:-1]]) in OBJECTS:
        found, path = OBJECTS[".".join([module, *path[:-1]])], path[-1:]
    for part in path:
        found = getattr(found, part)
    return found


def call(target, /, **changes):
    arguments, function = CALLS.get(target, RESULTS.get(target)) | changes, function_of(target)
    more = next((n for n, p in inspect.signature(function).parameters.items() if p.kind is p.VAR_POSITIONAL), None)
    if more is None:
        return function(**arguments)
    last = arguments.pop(more)
    return function(*arguments.values(), *last)


def public():
    for module in MODULES:
        loaded = importlib.import_module(f"darkhiggs.{module}")
        for name in loaded.__all__:
            member = getattr(loaded, name)
            if inspect.isclass(member) and issubclass(member, Exception):
                continue
            if inspect.signature(member).parameters:
                yield f"{module}.{name}"
            if inspect.isclass(member):
                methods = (n for n, m in vars(member).items() if not n.startswith("_") and not isinstance(m, property))
                yield from (f"{module}.{name}.{n}" for n in methods if callable(getattr(member, n)))


OPTIONS = {"kappa": npt.ArrayLike, "nuisance": npt.ArrayLike, "form_factor": str, "inputs": str}


def hint(name, parameter):
    function = function_of(name)
    if name == "model.DarkSector.replace":
        return npt.ArrayLike
    if inspect.isclass(function):
        found = inspect.signature(function).parameters[parameter].annotation
        return npt.ArrayLike if found is typing.Any or typing.get_origin(found) is np.ndarray else found
    return typing.get_type_hints(function).get(parameter, OPTIONS.get(parameter))


def kinds(name, parameter):
    found = hint(name, parameter)
    if "Callable" in str(found):
        return "function", False
    parts = set(typing.get_args(found)) or {found}
    if set(typing.get_args(npt.ArrayLike)) <= parts:
        kind = "array"
    elif float in parts or int in parts:
        kind = "number"
    elif bool in parts:
        kind = "switch"
    elif str in parts:
        kind = "word"
    elif model.DarkSector in parts:
        kind = "sector"
    elif belle2.Spectrum in parts:
        kind = "spectrum"
    else:
        kind = "list"
    return kind, type(None) in parts


NUMBERS = {
    "unit": Metres(0.1),
    "units in a list": [Metres(0.1), Metres(0.2)],
    "complex": 0.1 + 0.1j,
    "complex array": np.array([0.1 + 0.1j]),
    "text": "0.1",
    "texts": ["0.1", "0.2"],
    "bytes": b"0.1",
    "truth": True,
    "truths": np.array([True, False]),
    "time span": np.timedelta64(2, "s"),
    "time": np.array(["2020-01-01"], dtype="M8[D]"),
    "ragged": [[0.1], [0.1, 0.2]],
    "object": object(),
    "nan": np.nan,
    "inf": np.inf,
    "a nan": [np.nan, np.nan],
    "huge": 10**400,
    "low": -1e300,
    "high": 1e300,
    "none": None,
    "a none": [None, 0.1],
    "a table": {"a": 0.1},
}
BAD = {
    "array": NUMBERS,
    "number": NUMBERS | {"list": [0.5, 0.5], "array": np.array([0.5])},
    "switch": {"word": "no", "none": None, "number": 2, "list": [True], "unit": Metres(1)},
    "word": {"number": 3, "none": None, "list": ["ee"], "bytes": b"ee", "unknown": "no such", "array": np.array(["ee", "nu"]), "unit": Metres(1)},
    "sector": {"number": 0.1, "none": None, "word": "A", "spectrum": LINE, "table": {"m_x": 0.1}, "class": model.DarkSector},
    "spectrum": {"number": 2.0, "none": None, "word": "line", "sector": GRID, "array": ONE},
    "function": {"number": 3.0, "none": None, "word": "exp", "text": lambda q: "text", "complex": lambda q: q + 1j, "nan": lambda q: np.nan * q, "shape": lambda q: np.ones(7), "unit": Metres},
    "list": {"number": 3.0, "word": "ITA", "inner": [0.1], "unit": Metres(1), "words": ["no such"]},
}
# No end on this side, or nan and inf have a meaning
UNBOUNDED = {
    ("kinematics.kallen", None): {"low", "high"},
    ("units.convert", "value"): {"low", "high", "nan", "inf", "a nan"},
    ("scan.window", "y"): {"low", "high", "nan", "inf", "a nan"},
    ("model.DarkSector.scatter", "values"): {"nan", "inf", "a nan"},
}


def broken(name, parameter):
    kind, optional = kinds(name, parameter)
    for case, value in BAD[kind].items():
        skip = UNBOUNDED.get((name, parameter), set()) | UNBOUNDED.get((name, None), set())
        if not (case in skip or (optional and value is None)):
            yield case, value
