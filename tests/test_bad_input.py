"""Every public function and class, every argument broken in turn: one sentence that names it, and nothing else."""

import copy
import dataclasses
import importlib
import inspect
import itertools
import pickle
import re
import sys
import typing
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import darkhiggs
from darkhiggs import (
    _arrays,
    belle2,
    cmb,
    constraints,
    inputs,
    kinetic_mixing,
    limits,
    meson_decays,
    model,
    neutrinos,
    relic,
    scan,
)
from darkhiggs.errors import DataError, ParameterError, UnitWarning
from darkhiggs.rivals import alp

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tests import fences

GRID = model.benchmark("A").replace(m_x=[0.1, 0.2], m_h1=2.0, sin_theta=5e-3, lambda_phi_x=0.05, q_x=0.7)
POINT = GRID.replace(m_x=0.1)
LINE = belle2.Spectrum.line(2.0)
SPECIES = [neutrinos.Species(0.01, 2)]
ONE = np.ones(3)
COLUMNS = {"m_zp": [0.01], "g_x": [1e-4], "q_phi": [0.5], "q_x": [0.7], "m_x": [0.1], "m_h1": [2.0], "sin_theta": [5e-3]}
COLUMNS |= {"lambda_phi_x": [0.05]}
# A valid call of everything public. What is not here fails the first test.
CALLS: dict[str, dict[str, object]] = {
    "annihilation.breaks": {"sector": GRID},
    "annihilation.rate": {"sector": GRID, "s": 1.0, "channel": "zpzp"},
    "annihilation.rate_dirac": {"m_chi": 0.1, "m_zp": 0.01, "g_x": 1e-3, "q_chi": 1.0, "s": 1.0, "channel": "nunu"},
    "annihilation.sigma_v": {"sector": GRID, "v_rel": 0.1, "channel": "zpzp"},
    "babar.chi2": {"m_x": 2.0, "rate": 1e-6, "mode": "K*0"},
    "babar.expected": {"mode": "K*0"},
    "babar.events": {"m_x": 2.0, "rate": 1e-6, "mode": "K*0"},
    "belle2.Likelihood": {"channels": ("ITA",)},
    "belle2.Likelihood.fit_mu": {"channels": ("ITA", "HTA"), "spectrum": belle2.Spectrum(LINE.efficiency, 1e-5)},
    "belle2.Likelihood.fit_rate": {"spectrum": LINE, "standard": "free"},
    "belle2.Likelihood.global_significance": {"m_x": 2.0, "standard": "free", "size": 100, "seed": 2},
    "belle2.Likelihood.chi2": {"spectrum": LINE, "rate": 1e-6},
    "belle2.Likelihood.region": {"spectrum": belle2.Spectrum.line([2.0, 2.1]), "rise": 6.18},
    "belle2.Likelihood.upper_limit": {"spectrum": LINE, "cl": 0.9},
    "belle2.Likelihood.projected": {"luminosity": 1000.0, "spectrum": LINE, "rate": 8e-6, "floor": 0.5},
    "belle2.Likelihood.workspace": {"spectrum": LINE, "rate": 1e-6, "standard": "free"},
    "belle2.Likelihood.toys": {
        "spectrum": LINE,
        "rate": 1e-6,
        "size": 3,
        "seed": 2,
        "shapes": belle2.Spectrum.line([1.0, 2.5]),
    },
    "belle2.Spectrum": {"efficiency": np.full(18, 0.01), "br": 1e-6},
    "belle2.Spectrum.line": {"m_x": 2.0},
    "belle2.Spectrum.from_function": {
        "dbr_dq2": np.ones_like,
        "q2_min": 1.0,
        "q2_max": 20.0,
        "breaks": [4.0],
        "resonance": (2.0, 0.1),
    },
    "belle2.Spectrum.three_body": {"m_x": 0.5, "current": "vector", "pair": "scalar"},
    "belle2.Spectrum.from_sector": {
        "sector": GRID,
        "final_state": "xx",
        "kappa": 1e-5,
        "form_factor": "HPQCD22",
        "nuisance": 0.0,
        "inputs": "belle2",
    },
    "belle2.Spectrum.from_histogram": {"edges": [1.0, 2.0, 3.0], "values": [1e-6, 1e-6]},
    "belle2.Spectrum.events": {"rate": 1e-6},
    "borexino.coupling_limit": {"m_zp": 0.01, "r_max": 1.2, "model": "B-L", "sign": -1, "p_ee": 0.5, "t_min": 1e-4},
    "borexino.cross_section": {"flavour": "mu", "energy": 1e-3, "t_min": 1e-4},
    "borexino.flavour_factors": {"form": "literal", "p_ee": 0.5},
    "borexino.flavour_fractions": {"p_ee": 0.5},
    "borexino.mass_fractions": {"p_ee": 0.5},
    "borexino.rate_bound": {"metallicity": "high", "n_sigma": 1.96},
    "borexino.ratio": {"m_zp": 0.01, "g_x": 1e-4, "model": "B-L", "sign": 1, "p_ee": 0.5, "t_min": 1e-4},
    "borexino.recoil_spectrum": {"t": 3e-4, "flavour": "mu", "m_zp": 0.01, "g_x": 1e-4, "model": "L_mu-L_e", "sign": 1},
    "borexino.rescaled_limit": {"m_zp": 0.01, "r_max": 1.2, "form": "corrected", "p_ee": 0.5, "t_min": 1e-4},
    "cmb.allowed": {"sector": GRID},
    "cmb.annihilation_limit": {"mass": 0.1, "channel": "ee", "self_conjugate": True},
    "cmb.excluded_below": {"thermal": np.ones_like, "channel": "ee", "self_conjugate": True},
    "cmb.f_eff": {"energy": 0.1, "channel": "ee"},
    "cmb.f_eff_cascade": {"energy": 1.0, "masses": (0.5, 0.1)},
    "cmb.f_eff_max": {"mass": 0.1, "self_conjugate": True},
    "cmb.p_ann": {"sector": GRID},
    "cmb.visible_fraction": {"sector": GRID},
    "constraints.compare": {"value": 1e-5, "name": "bound.kstar", "limit": 1.8e-5},
    "constraints.mixing_limits": {"m_h1": np.array([0.2, 2.0]), "kappa": 6.7e-6},
    "constraints.reach": {"sector": GRID, "br_limit": 0.13},
    "constraints.Rows": {"rows": [constraints.compare(1e-5, "bound.kstar")]},
    "constraints.Rows.records": {},
    "constraints.table": {"sector": GRID, "which": ["Higgs"], "inputs": "today"},
    "constraints.verdict": {"sector": GRID, "which": ["Higgs", "CMB"], "without": ["CMB"]},
    "direct_detection.coupling_max": {"sector": GRID, "experiment": "LZ", "convention": "tree"},
    "direct_detection.momentum_transfer": {"m_x": 1.0, "target": "xenon", "largest": True},
    "direct_detection.nucleon_limit": {"m_x": 1.0},
    "direct_detection.excluded_above": {"sector": GRID, "transfer": "largest", "exchange": "zp"},
    "direct_detection.over_limit": {
        "sector": GRID,
        "experiment": "DarkSide-50",
        "transfer": "largest",
        "exchange": "zp",
    },
    "direct_detection.searches": {"electrons": True},
    "direct_detection.sigma": {"sector": GRID, "experiment": "DAMIC-M", "transfer": "typical", "exchange": "higgs"},
    "direct_detection.sigma_electron": {"sector": GRID, "convention": "tree", "q": 0.1},
    "direct_detection.sigma_nucleon": {"sector": GRID, "convention": "tree", "q": 0.1},
    "direct_detection.sigma_zp": {"sector": GRID, "target": "proton", "q": 0.1},
    "fit.chi2": {"sector": GRID, "inputs": "today", "hubble": True, "interpolated": False},
    "fit.evaluate": {"points": COLUMNS, "inputs": "today", "hubble": True, "interpolated": False},
    "fit.standard_model": {"inputs": "today", "hubble": True},
    "fit.terms": {"sector": GRID, "inputs": "today", "hubble": True, "interpolated": False},
    "form_factors.b_to_k": {"q2": 1.0, "which": "f+", "source": "HPQCD22", "nuisance": np.zeros(8)},
    "form_factors.b_to_kstar": {"q2": 1.0, "which": "A0", "source": "BSZ15", "nuisance": np.zeros(11)},
    "form_factors.band": {"function": np.sum, "source": "BSZ15", "step": 0.5},
    "form_factors.nuisance_size": {"source": "BSZ15"},
    "inputs.Quantity.to": {"unit": "MeV"},
    "inputs.activate": {"name": "talk"},
    "inputs.cached": {"function": np.ones_like, "maxsize": 2},
    "inputs.compare": {"first": "talk", "second": "belle2"},
    "inputs.get": {"name": "m_B+", "inputs": "belle2"},
    "inputs.load": {"path": "no/such.toml"},
    "inputs.names": {"inputs": "belle2"},
    "inputs.natural": {"name": "m_B+", "unit": "GeV", "inputs": "belle2"},
    "inputs.override": {"values": {"m_B+": 5.28}},
    "inputs.use": {"name": "today"},
    "inputs.value": {"name": "m_B+", "unit": "GeV", "inputs": "belle2"},
    "kinematics.kallen": {"a": 1.0, "b": 0.1, "c": 0.1},
    "kinematics.momentum": {"m": 1.0, "m_1": 0.1, "m_2": 0.1},
    "kinetic_mixing.epsilon": {"g_x": 1e-3, "q2": 0.1},
    "light_higgs.edges": {"hadrons": "chiral"},
    "light_higgs.gamma_sm_like": {"mass": 1.0, "channel": "ee", "hadrons": "chiral"},
    "limits.Curve": {
        "name": "x",
        "m": [1.0, 2.0],
        "upper": [1.0, 2.0],
        "unit": "1",
        "cl": 0.9,
        "reading_error": 0.1,
        "source": "s",
        "cite": "c",
    },
    "limits.Curve.covers": {"m": 0.1},
    "limits.Curve.g_max": {"m": 0.1},
    "limits.Curve.upper_at": {"m": 0.1},
    "limits.Curve.sigma_max": {"m": 0.1},
    "limits.curve": {"name": "LZ"},
    "limits.projection": {"name": "M3-1"},
    "meson_decays.br_b0_invisible": {"sector": GRID, "final_state": "xx", "kappa": 1e-5},
    "meson_decays.br_bs_invisible": {"sector": GRID, "final_state": "zpzp", "kappa": 1e-5},
    "meson_decays.br_b_to_k_invisible": {
        "sector": GRID,
        "final_state": "xx",
        "charge": "+",
        "kappa": 1e-5,
        "form_factor": "HPQCD22",
        "nuisance": 0.0,
        "inputs": "belle2",
    },
    "meson_decays.br_b_to_k_scalar": {
        "m_scalar": 1.0,
        "sin_theta": 0.01,
        "charge": "+",
        "kappa": 1e-5,
        "form_factor": "HPQCD22",
        "nuisance": np.zeros(8),
        "inputs": "belle2",
    },
    "meson_decays.br_b_to_kstar_invisible": {
        "sector": GRID,
        "final_state": "xx",
        "charge": "+",
        "kappa": 1e-5,
        "nuisance": 0.0,
    },
    "meson_decays.br_b_to_kstar_scalar": {
        "m_scalar": 1.0,
        "sin_theta": 0.01,
        "charge": "+",
        "kappa": 1e-5,
        "form_factor": "BSZ15",
        "nuisance": np.zeros(11),
        "inputs": "belle2",
    },
    "meson_decays.br_k_to_pi_scalar": {"m_scalar": 0.1, "sin_theta": 0.01, "kappa": 1e-5},
    "meson_decays.br_kl_to_pi0_scalar": {"m_scalar": 0.1, "sin_theta": 0.01, "kappa": 1e-5},
    "meson_decays.dbr_dq2_b_to_k_invisible": {"q2": 1.0, "sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5},
    "meson_decays.dbr_dq2_b_to_kstar_invisible": {"q2": 1.0, "sector": GRID, "final_state": "xx", "charge": "+", "kappa": 1e-5},
    "meson_decays.sin_theta_for": {"br": 1e-6, "br_at_unit_mixing": 0.1},
    "model.DarkSector": {
        "m_zp": 0.01,
        "g_x": 1e-3,
        "m_x": 0.1,
        "m_h1": 2.0,
        "sin_theta": 0.01,
        "lambda_phi_x": 0.1,
        "q_x": 0.7,
        "q_phi": 1.0,
    },
    "model.DarkSector.require": {"name": "m_x"},
    "model.DarkSector.replace": {"m_zp": 0.01, "m_h1": 1.0},
    "model.DarkSector.masked": {"reason": ["", "no"]},
    "model.DarkSector.select": {"points": [True, False]},
    "model.DarkSector.scatter": {"values": [1.0, 2.0]},
    "model.DarkSector.pointwise": {"function": lambda points: points.m_x, "chunk": 1},
    "model.anomaly_coefficients": {"charges": [0.0, 1.0, -1.0]},
    "model.benchmark": {"name": "A"},
    "model.mass_eigenstates": {"lambda_h": 0.129, "lambda_phi": 0.8, "lambda_phi_h": 0.6, "v_phi": 5.0},
    "model.scalar_potential": {"sector": GRID},
    "muon.coupling_for": {"delta_a_mu": 1e-9, "m_zp": 0.01},
    "muon.delta_a_mu": {"m_zp": 0.01, "g_x": 1e-4},
    "expansion.angular_scale": {"n_eff": 3.0, "h": 0.7},
    "expansion.departure": {"T": 1e-3, "species": SPECIES, "variant": "common"},
    "expansion.equality": {"n_eff": 3.0},
    "expansion.hubble": {"T": 1e-9, "n_eff": 3.0},
    "expansion.hubble_constant": {"n_eff": 3.0, "keep": "matter"},
    "expansion.late_history": {"m_zp": 1e-7, "g_x": 1e-11, "flavours": 3},
    "expansion.late_shift": {"dof": 3, "flavours": 3},
    "expansion.sound_horizon": {"z": 1090.0, "n_eff": 3.0},
    "neutrinos.Species": {"mass": 0.01, "dof": 2.0, "statistics": "boson", "couples_to": "e", "width_e": 1e-9},
    "neutrinos.collision_factors": {"x": 1.0},
    "neutrinos.coupling_min": {"m_zp": 0.01},
    "neutrinos.delta_n_eff": {"m_zp": 0.01, "g_x": 1e-4, "m_x": 0.1, "interpolated": False},
    "neutrinos.delta_n_eff_zp": {"m_zp": 0.01, "g_x": 1e-4, "kinetic_mixing": True, "variant": "common"},
    "neutrinos.history": {"species": SPECIES, "variant": "common"},
    "neutrinos.hubble_shift": {"delta_n_eff": 0.1},
    "neutrinos.mass_for": {"delta_n_eff": 0.3, "g_x": 1e-4, "kinetic_mixing": True, "variant": "common"},
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
    "relic.omega_h2_z_prime": {"mass": 0.1, "m_zp": 0.01, "g_x": 1e-3, "charge": 1.0, "particle": "chi"},
    "relic.thermal_average": {"sector": GRID, "x": 20.0},
    "relic.thermal_cross_section": {"mass": 0.1, "wave": "s", "self_conjugate": True},
    **{
        f"rivals.wide_scalar.{name}": {
            **({"q2": 1.0} if name.startswith("d") else {}),
            "m_phi": 2.8,
            "gamma_0": 2.8,
            "m_chi": 0.1,
            "y_top": 0.01,
            "charge": "+",
            "power": 1,
            "kappa": 1e-5,
            "nuisance": np.zeros(size),
            "inputs": "belle2",
        }
        for name, size in (("br_b_to_k", 8), ("dbr_dq2_b_to_k", 8), ("br_b_to_kstar", 11), ("dbr_dq2_b_to_kstar", 11))
    },
    "rivals.wide_scalar.br_k_to_pi": {
        "m_phi": 2.8,
        "gamma_0": 2.8,
        "m_chi": 0.1,
        "y_top": 0.01,
        "power": 1,
        "kappa": 1e-5,
    },
    "rivals.wide_scalar.coupling": {"m_phi": 2.8, "gamma_0": 2.8},
    "rivals.wide_scalar.events": {
        "rate": 1e-5,
        "edges": [-1.0, 4.0],
        "m_phi": 2.8,
        "gamma_0": 2.8,
        "m_chi": 0.1,
        "meson": "K*",
        "power": 1,
    },
    "rivals.wide_scalar.excess": {"m_phi": 2.8, "gamma_0": 2.8, "m_chi": 0.1, "power": 1},
    "rivals.wide_scalar.kstar_ratio": {"q2": 1.0, "nuisance": np.zeros(11), "inputs": "belle2"},
    "rivals.wide_scalar.peak_and_mean": {"m_phi": 2.8, "gamma_0": 2.8, "m_chi": 0.1, "meson": "K*", "power": 1},
    "rivals.wide_scalar.reconstructed": {"q2": 1.0, "edges": [-1.0, 4.0], "meson": "K*"},
    "rivals.wide_scalar.row": {"inputs": "today"},
    "rivals.wide_scalar.spectrum": {"m_phi": 2.8, "gamma_0": 2.8, "m_chi": 0.1, "power": 1},
    "rivals.wide_scalar.width": {"q2": 1.0, "m_phi": 2.8, "gamma_0": 2.8, "m_chi": 0.1},
    "rivals.fermion_portal.br_b_to_k": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0},
    "rivals.fermion_portal.br_b_to_kstar": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0},
    "rivals.fermion_portal.br_higgs_invisible": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3},
    "rivals.fermion_portal.coupling_max": {"m_chi": 0.1, "br_limit": 0.1},
    "rivals.fermion_portal.dbr_dq2_b_to_k": {"q2": 1.0, "m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0},
    "rivals.fermion_portal.gamma_h1": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0, "hadrons": "leading"},
    "rivals.fermion_portal.gamma_higgs_like": {"mass": 1.0, "channel": "ee", "hadrons": "leading"},
    "rivals.fermion_portal.omega_h2": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0, "hadrons": "leading"},
    "rivals.fermion_portal.omega_h2_hot": {"m_chi": 0.1},
    "rivals.fermion_portal.omega_h2_p_wave": {
        "m_chi": 0.1,
        "y_d": 1e-3,
        "sin_theta": 1e-3,
        "m_h1": 1.0,
        "x_f": 20.0,
        "channel": "ee",
        "hadrons": "leading",
    },
    "rivals.fermion_portal.omega_h2_printed": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0},
    "rivals.fermion_portal.rate": {
        "m_chi": 0.1,
        "y_d": 1e-3,
        "sin_theta": 1e-3,
        "m_h1": 1.0,
        "s": 1.0,
        "channel": "ee",
        "hadrons": "leading",
    },
    "rivals.fermion_portal.row": {"inputs": "today"},
    "rivals.fermion_portal.sigma_nucleon": {"m_chi": 0.1, "y_d": 1e-3, "sin_theta": 1e-3, "m_h1": 1.0},
    "rivals.dark_higgs.rows": {"inputs": "today"},
    "rivals.fermion_portal.spectra": {"m_chi": 0.1, "y_d": 0.3, "m_h1": [2.0, 6.0]},
    "rivals.dark_photon.alpha_for": {"m_dm": 0.5, "m_phi": 0.004, "omega_h2": 0.12, "m_x": 2.0},
    "rivals.dark_photon.born_parameter": {"m_dm": 0.5, "m_x": 2.0, "alpha_x": 1e-3, "m_phi": 0.004},
    "rivals.dark_photon.br_b_to_k": {"m_x": 2.0, "epsilon": 1e-3},
    "rivals.dark_photon.couplings": {"m_dm": 0.5, "m_x": 2.0, "alpha_x": 1e-3, "m_phi": 0.004},
    "rivals.dark_photon.gamma_x": {"m_dm": 0.5, "m_x": 2.0, "alpha_x": 1e-3, "epsilon": 1e-3},
    "rivals.dark_photon.lifetime": {"m_phi": 0.004, "sin_theta": 1e-4, "epsilon": 1e-3, "m_x": 2.0, "alpha_x": 1e-3},
    "rivals.dark_photon.omega_h2": {"m_dm": 0.5, "m_phi": 0.004, "alpha_x": 1e-3, "m_x": 2.0, "epsilon": 1e-3},
    "rivals.dark_photon.p_wave": {"m_dm": 0.5, "m_phi": 0.004, "alpha_x": 1e-3, "m_x": 2.0},
    "rivals.dark_photon.rate": {
        "m_dm": 0.5,
        "m_phi": 0.004,
        "alpha_x": 1e-3,
        "s": 2.0,
        "m_x": 2.0,
        "epsilon": 1e-3,
        "channel": "phiphi",
    },
    "rivals.dark_photon.row": {"inputs": "today"},
    "rivals.dark_photon.sigma_over_mass": {
        "m_dm": 0.5,
        "m_x": 2.0,
        "alpha_x": 1e-3,
        "v": 1e-3,
        "m_phi": 0.004,
        "formula": "tree",
    },
    "rivals.dark_photon.sigma_target": {
        "m_dm": 0.5,
        "m_x": 2.0,
        "alpha_x": 1e-3,
        "epsilon": 1e-3,
        "m_phi": 0.004,
        "sin_theta": 1e-4,
        "target": "argon",
        "exchange": "phi",
    },
    "rivals.dark_photon.sigma_v_phiphi": {"m_dm": 0.5, "m_phi": 0.004, "alpha_x": 1e-3, "v_rel": 0.1, "m_x": 2.0},
    "rivals.effective.br_b_to_k": {
        "operator": "fermion:A",
        "m_dm": 0.5,
        "coefficient": 1e-8,
        "charge": "+",
        "self_conjugate": True,
        "gamma5": False,
        "nuisance": np.zeros(8),
        "inputs": "belle2",
    },
    "rivals.effective.br_b_to_kstar": {
        "operator": "fermion:A",
        "m_dm": 0.5,
        "coefficient": 1e-8,
        "charge": "0",
        "self_conjugate": True,
        "gamma5": False,
        "nuisance": np.zeros(19),
        "inputs": "belle2",
    },
    "rivals.effective.br_bs_to_pair": {
        "operator": "vector:S",
        "m_dm": 0.5,
        "coefficient": 1e-8,
        "self_conjugate": True,
        "gamma5": True,
        "inputs": "pdg2026",
    },
    "rivals.effective.dbr_dq2_b_to_k": {
        "q2": 2.0,
        "operator": "vector:S",
        "m_dm": 0.5,
        "coefficient": 1e-8,
        "charge": "+",
        "self_conjugate": True,
        "gamma5": False,
        "nuisance": np.zeros(8),
        "inputs": "belle2",
    },
    "rivals.effective.dbr_dq2_b_to_kstar": {
        "q2": 2.0,
        "operator": "vector:V6",
        "m_dm": 0.5,
        "coefficient": 1e-8,
        "charge": "0",
        "self_conjugate": False,
        "gamma5": True,
        "nuisance": np.zeros(11),
        "inputs": "belle2",
    },
    "rivals.effective.unitarity_energy": {"operator": "vector:S", "m_dm": 0.5, "coefficient": 1e-8},
    "rivals.effective.row": {"inputs": "today"},
    "rivals.effective.spectra": {"operator": "fermion:V", "m_dm": [0.2, 0.7]},
    "rivals.effective.vanishes": {"operator": "fermion:V", "self_conjugate": True},
    "rivals.large_charges.charge_for": {"mass": 0.03, "m_zp": 0.0115, "g_x": 5e-4, "particle": "X", "omega_h2": 0.1},
    "rivals.large_charges.charge_max": {
        "mass": 0.03,
        "m_zp": 0.0115,
        "g_x": 5e-4,
        "experiment": "HyperK",
        "particle": "X",
    },
    "rivals.large_charges.charge_perturbative": {"g_x": 5e-4},
    "rivals.large_charges.dn_de": {"energy": 0.01, "mass": 0.03, "m_zp": 0.0115, "particle": "X"},
    "rivals.large_charges.over_cmb": {"mass": 0.03, "m_zp": 0.0115, "g_x": 5e-4, "charge": 10.0, "particle": "X"},
    "rivals.large_charges.sigma_v": {
        "mass": 0.03,
        "m_zp": 0.0115,
        "g_x": 5e-4,
        "charge": 10.0,
        "v_rel": 0.1,
        "channel": "nunu",
        "particle": "X",
    },
    "rivals.large_charges.sigma_v_max": {
        "mass": 0.03,
        "m_zp": 0.0115,
        "experiment": "SuperK",
        "channel": "zpzp",
        "particle": "X",
    },
    "rivals.alp.br_b_to_k": {
        "m_a": 2.0,
        "coupling": 1e-8,
        "charge": "0",
        "form_factor": "HPQCD22",
        "nuisance": np.zeros(8),
        "inputs": "belle2",
    },
    "rivals.alp.br_b_to_kstar": {"m_a": 2.0, "axial": 1e-8, "charge": "+", "nuisance": np.zeros(19), "inputs": "belle2"},
    "rivals.alp.br_b_to_xs": {"m_a": 2.0, "coupling": 1e-8, "axial": 1e-8},
    "rivals.alp.evolve": {
        "m_a": 2.0,
        "coupling": 1e-8,
        "width": 1e-22,
        "axial": 1e-9,
        "diagonal": 1e-8,
        "visible": 1e-20,
        "t_cut": 0.3,
    },
    "rivals.alp.gamma_a_to_chi": {"m_a": 2.0, "m_chi": 1e-3, "dark": 1e-8, "majorana": True},
    "rivals.alp.gamma_a_to_gluons": {"m_a": 2.0, "diagonal": 1e-8},
    "rivals.alp.gamma_b_to_s_alp": {"m_a": 2.0, "coupling": 1e-8, "axial": 1e-8},
    "rivals.alp.mass_difference": {"m_a": 2.0, "axial": 1e-8},
    "rivals.alp.mass_for": {"solution": alp.Evolution(*[ONE] * 6), "omega_h2": 0.1},
    "rivals.alp.omega_h2": {
        "m_chi": 1e-3,
        "m_a": 2.0,
        "coupling": 1e-8,
        "dark": 1e-8,
        "axial": 1e-9,
        "diagonal": 1e-8,
        "visible": 1e-20,
        "majorana": True,
        "t_cut": 0.3,
    },
    "rivals.alp.production": {"T": 1.0, "m_a": 2.0, "coupling": 1e-8, "axial": 1e-9, "diagonal": 1e-8},
    "rivals.alp.row": {"inputs": "today"},
    "rivals.alp.sigma_bb_to_ag": {"s": 100.0, "m_a": 2.0, "diagonal": 1e-8},
    "rivals.alp.sigma_bg_to_ba": {"s": 100.0, "m_a": 2.0, "diagonal": 1e-8},
    "rivals.alp.warm_limit": {"solution": alp.Evolution(*[ONE] * 6)},
    "rivals.alp.yield_off_shell": {"m_chi": 1e-3, "m_a": 2.0, "diagonal": 1e-8, "dark": 1e-8},
    "rivals.light_vector.br_b_to_k": {
        "m_zp": 2.0,
        "g_v": 1e-8,
        "dimension": 5,
        "charge": "0",
        "form_factor": "HPQCD22",
        "nuisance": np.zeros(8),
        "inputs": "belle2",
    },
    "rivals.light_vector.br_b_to_kstar": {
        "m_zp": 2.0,
        "g_v": 1e-8,
        "g_a": 1e-8,
        "dimension": 5,
        "charge": "+",
        "nuisance": np.zeros(19),
        "inputs": "belle2",
    },
    "rivals.light_vector.chi2_babar": {"m_zp": 2.0, "rate": 1e-6, "kaon": "K*"},
    "rivals.light_vector.fit_with_babar": {"m_zp": 2.0, "counts": 3, "near": 0.3},
    "rivals.light_vector.row": {"inputs": "today"},
    "rivals.singlet.amplitude_ratio": {"coupling": 1.0, "m_h": 125.0, "m_top": 170.0},
    "rivals.singlet.br_b_to_k": {"m_s": 0.5, "coupling": 1.0, "m_h": 125.0, "charge": "0"},
    "rivals.singlet.br_b_to_k_2004": {"m_s": 0.5, "coupling": 1.0, "m_h": 125.0, "projector": False},
    "rivals.singlet.br_b_to_kstar": {"m_s": 0.5, "coupling": 1.0, "m_h": 125.0, "charge": "+"},
    "rivals.singlet.br_higgs_invisible": {"m_s": 0.5, "coupling": 0.01},
    "rivals.singlet.coupling_for": {
        "m_s": 0.5,
        "m_h": 125.0,
        "hadrons": "chiral",
        "omega_h2": 0.1,
    },
    "rivals.singlet.coupling_for_rate": {"br": 1e-5, "m_s": 0.5, "m_h": 125.0},
    "rivals.singlet.coupling_max": {"m_s": 0.5, "br_limit": 0.1},
    "rivals.singlet.coupling_max_cmb": {"m_s": 0.5, "hadrons": "chiral"},
    "rivals.singlet.dbr_dq2_b_to_k": {"q2": 4.0, "m_s": 0.5, "coupling": 1.0, "m_h": 125.0, "charge": "0"},
    "rivals.singlet.gamma_higgs_to_ss": {"m_s": 0.5, "coupling": 0.01, "m_h": 125.0},
    "rivals.singlet.gamma_virtual_higgs": {"mass": 1.0, "hadrons": "chiral"},
    "rivals.singlet.loop_size": {"coupling": 1.0, "m_h": 125.0},
    "rivals.singlet.momentum_fraction": {"m_s": 0.5, "p_min": 1.5, "relative": True},
    "rivals.singlet.row": {"inputs": "today"},
    "rivals.singlet.spectra": {"m_s": [0.5, 0.6]},
    "rivals.singlet.sigma_nucleon": {"m_s": 0.5, "coupling": 1.0, "m_h": 125.0},
    "rivals.singlet.sigma_v": {"m_s": 0.5, "coupling": 1.0, "m_h": 125.0, "hadrons": "chiral"},
    "rivals.long_lived.boost_below": {"boost": 10.0, "m_h": 2.0, "m_ap": 0.1},
    "rivals.long_lived.decay_length": {"m_ap": 0.1, "epsilon": 1e-6},
    "rivals.long_lived.epsilon_for": {"fraction": 0.9, "m_h": 2.0, "m_ap": 0.1, "detector": "iron"},
    "rivals.long_lived.excluded": {"m_ap": 0.1, "epsilon": 1e-6},
    "rivals.long_lived.fraction_invisible": {"m_h": 2.0, "m_ap": 0.1, "epsilon": 1e-6, "detector": "calorimeter"},
    "rivals.long_lived.gamma_dark_photon": {"m_ap": 0.1, "epsilon": 1e-6},
    "rivals.long_lived.r_ratio": {"m": 0.5},
    "rivals.long_lived.least_v_d": {"sin_theta": 4e-3, "m_h": 2.0, "m_ap": 0.1},
    "rivals.long_lived.row": {"inputs": "today"},
    "rivals.long_lived.windows": {"m_h": 2.0, "m_ap": 0.1, "fraction": 0.9, "detector": "drift chamber"},
    "scan.chance": {"low": [0.02, 0.03], "high": [0.1, 0.2], "tolerance": 0.1, "edges": (0.01, 1.0), "ratios": (1.3, 15.0)},
    "scan.crossing": {"x": [1.0, 2.0], "y": [1.0, 2.0], "level": 1.5},
    "scan.on_relic_line": {"sector": GRID},
    "scan.relic_windows": {
        "point": model.benchmark("B"),
        "m_x": [0.03, 0.1],
        "low": 1e-5,
        "high": 2e-5,
        "offset": [0.1],
        "q_phi": [1.0],
        "sin_theta": [0.01],
        "form_factors": ["HPQCD22"],
        "with_x": True,
    },
    "rivals.summary": {"today": True},
    "rivals.bodies.kstar_ratio": {"m_x": 0.5, "shape": "vector", "quarks": "chiral", "pair": "scalar"},
    "rivals.bodies.preference": {"shape": "vector", "pair": "scalar", "channels": ("ITA",)},
    "rivals.bodies.row": {"inputs": "today"},
    "rivals.bodies.spectra": {"m_x": [0.5, 0.6], "shape": "vector", "pair": "scalar"},
    "scan.resonance_window": {"m_zp": 0.01, "g_x": 1e-3, "charge": 1.0, "particle": "X"},
    "scan.upper_edge": {"sector": GRID, "low": 0.3, "high": 2.0, "at_higgs_limit": True},
    "scan.window": {"x": [1.0, 2.0], "y": [1.0, 2.0], "low": 1.2, "high": 1.5},
    "standard_model.br_b_to_k_nunu": {
        "tau_tree": True,
        "charge": "+",
        "inputs": "belle2",
        "form_factor": "HPQCD22",
        "nuisance": np.zeros(8),
        "x_t": 1.5,
    },
    "standard_model.br_b_to_kstar_nunu": {"charge": "+", "inputs": "belle2", "nuisance": np.zeros(11), "x_t": 1.5},
    "standard_model.br_tau_tree": {"inputs": "belle2"},
    "standard_model.c_nu": {"m_top": 170.0, "inputs": "belle2"},
    "standard_model.dbr_dq2_b_to_k_nunu": {
        "q2": 1.0,
        "charge": "+",
        "inputs": "belle2",
        "form_factor": "HPQCD22",
        "nuisance": np.zeros(8),
        "x_t": 1.5,
    },
    "standard_model.dbr_dq2_b_to_kstar_nunu": {
        "q2": 1.0,
        "charge": "+",
        "inputs": "belle2",
        "nuisance": np.zeros(11),
        "x_t": 1.5,
    },
    "standard_model.inami_lim": {"m_top": 170.0},
    "standard_model.penguin_coupling": {"m_top": 170.0, "inputs": "belle2"},
    **{
        f"thermodynamics.{name}": {"T": 0.01, "mass": 0.01, "dof": 2.0, "statistics": "fermion"}
        for name in ("energy_density", "energy_slope", "entropy_density", "number_density", "pressure")
    },
    **{f"thermodynamics.{name}": {"T": 0.01} for name in ("g_rho", "g_s", "hubble", "qed_energy_density", "qed_pressure")},
    "trident.components": {"m_zp": 0.01, "energy": 20.0, "target": "Fe", "c_v": 1.0, "c_a": 0.5},
    "trident.coupling_limit": {"m_zp": 0.01, "experiment": "CCFR", "n_sigma": 1.96, "energy": 20.0},
    "trident.cross_section": {"energy": 20.0, "target": "Fe", "m_zp": 0.01, "g_x": 1e-4, "c_v": 1.0, "c_a": 0.5},
    "trident.flux": {"q_min": 0.01, "target": "Fe"},
    "trident.form_factor": {"q": 0.1, "radius": 20.0},
    "trident.photon_cross_section": {"s": 1.0, "c_v": 1.0, "c_a": 0.5},
    "trident.ratio": {"m_zp": 0.01, "g_x": 1e-4, "experiment": "CCFR", "energy": 20.0},
    "trident.ratio_heavy": {"m_zp": 1.0, "g_x": 1e-4},
    "white_dwarfs.coupling_limit": {"m_zp": 0.01, "excess": 0.3},
    "white_dwarfs.emission_ratio": {"m_zp": 0.01, "g_x": 1e-4},
    "units.convert": {"value": 1.0, "unit": "GeV", "to": "MeV"},
    "validity.flags": {"sector": GRID},
    **{
        f"widths.{name}": {"sector": GRID}
        for name in (
            "br_h1_invisible",
            "br_higgs_invisible",
            "br_zp_invisible",
            "gamma_higgs_to_h1h1",
            "gamma_higgs_to_xx",
            "gamma_higgs_to_zpzp",
            "gamma_zp",
            "gamma_zp_to_leptons",
        )
    },
    **{
        f"widths.{name}": {"sector": GRID, "mass": 1.0}
        for name in ("gamma_h1", "gamma_h1_to_leptons", "gamma_h1_to_xx", "gamma_h1_to_zpzp")
    },
    "widths.sin_theta_max": {"v_phi": 23.0, "br_limit": 0.1, "m_h1": 1e-3, "m_zp": 1e-3, "m_x": 0.1, "lambda_phi_x": 0.1},
}
# Classes of results: they take what the library gives them, but nothing with a unit
RESULTS: dict[str, dict[str, object]] = {
    "belle2.Fit": {
        "value": ONE,
        "minus": ONE,
        "plus": ONE,
        "chi2": ONE,
        "chi2_zero": ONE,
        "chi2_sm": ONE,
        "standard": 1.0,
        "p_value": ONE,
        "pulls": {"a": ONE},
        "flags": {"b": ONE > 0},
        "bins": ("A1",),
        "expected": {"total": ONE},
        "strength": ONE,
    },
    "belle2.Search": dict.fromkeys(("mass", "rate", "gain", "p_local", "p_global", "p_error", "crossings"), ONE),
    "belle2.Toys": {"rate": ONE, "chi2": ONE, "ratio": ONE, "at_zero": ONE > 0, "shape": ONE},
    "constraints.Reach": dict.fromkeys(
        ("sin_theta", "limit", "rate", "wanted", "minus", "plus", "free", "gain", "reached", "width"), ONE
    ),
    "constraints.Row": {
        "name": "x",
        "value": ONE,
        "limit": ONE,
        "unit": "1",
        "cl": 0.9,
        "allowed": ONE > 0,
        "sigma": ONE,
        "source": "s",
        "cite": "c",
    },
    "constraints.Verdict": {
        "allowed": ONE > 0,
        "limit": np.array(["a", "b", "c"]),
        "ratio": ONE,
        "sigma": ONE,
        "rows": ("a", "b", "c"),
        "left_out": (),
    },
    "inputs.Quantity": {"value": ONE, "uncertainty": ONE, "unit": "GeV", "source": "s", "plus": 1.0, "minus": 1.0},
    "expansion.LateHistory": dict.fromkeys(("t_gamma", "t_nu", "rho_nu", "rho_zp", "hubble", "n_eff_at", "n_eff"), ONE),
    "neutrinos.History": dict.fromkeys(
        ("log_a", "t_gamma", "t_nu", "t_nu_e", "eta", "rho", "pressure", "hubble", "n_eff_at", "n_eff"), ONE
    ),
    "relic.Coupling": {"value": ONE, "branches": ONE, "reason": np.array(["", "", "no"])},
    "relic.Evolution": dict.fromkeys(("x", "y", "y_eq", "x_f", "omega_h2"), ONE),
    "rivals.alp.Evolution": dict.fromkeys(("T", "y_a", "y_equilibrium", "y_chi", "y_final", "momentum"), ONE),
    "rivals.bodies.Preference": dict.fromkeys(("mass", "low", "high", "rate", "minus", "plus", "delta_chi2", "at_edge"), ONE),
    "scan.RelicWindows": dict.fromkeys(
        ("low", "high", "sin_theta", "higgs", "kstar", "bs", "b0", "broad", "allowed", "ratio", "wanted_low", "wanted_high"),
        ONE,
    )
    | {"open_low": ONE > 0, "open_high": ONE > 0, "limit": np.array(["", "", "Bs"]), "pieces": np.ones(3, dtype=int)},
    "scan.Window": {"low": ONE, "high": ONE, "pieces": np.ones(3, dtype=int), "open_low": ONE > 0, "open_high": ONE > 0},
}
OBJECTS = {
    "belle2.Likelihood": belle2.Likelihood(),
    "belle2.Spectrum": LINE,
    "constraints.Rows": constraints.Rows(),
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
    for module, name in fences.public(darkhiggs):
        member = getattr(fences.load(darkhiggs, module), name)
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
        return "function", type(None) in typing.get_args(found)
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
    "word": {
        "number": 3,
        "none": None,
        "list": ["ee"],
        "bytes": b"ee",
        "unknown": "no such",
        "array": np.array(["ee", "nu"]),
        "unit": Metres(1),
    },
    "sector": {"number": 0.1, "none": None, "word": "A", "spectrum": LINE, "table": {"m_x": 0.1}, "class": model.DarkSector},
    "spectrum": {"number": 2.0, "none": None, "word": "line", "sector": GRID, "array": ONE},
    "function": {
        "number": 3.0,
        "none": None,
        "word": "exp",
        "text": lambda q: "text",
        "complex": lambda q: q + 1j,
        "nan": lambda q: np.nan * q,
        "shape": lambda q: np.ones(7),
        "unit": Metres,
    },
    "list": {"number": 3.0, "word": "ITA", "inner": [0.1], "unit": Metres(1), "words": ["no such"]},
}
# What is allowed after all: no end on this side, a grid with a masked point, a word of the user's own
NO_ENDS, NOT_FINITE = {"low", "high"}, {"nan", "inf", "a nan"}
ALLOWED = {
    ("belle2.Spectrum", "br"): {"high"},
    ("belle2.Spectrum.from_function", "breaks"): NO_ENDS,
    ("form_factors.band", "function"): {"shape"},
    # what the function gives is its own affair
    ("inputs.cached", "function"): {"text", "complex", "nan", "shape", "unit"},
    ("limits.Curve", "name"): {"unknown"},
    ("limits.Curve", "unit"): {"unknown"},
    ("limits.Curve", "source"): {"unknown"},
    ("limits.Curve", "cite"): {"unknown"},
    ("limits.Curve.covers", "m"): {"high"},
    ("limits.Curve.g_max", "m"): {"high"},
    ("limits.Curve.upper_at", "m"): {"high"},
    ("limits.Curve.sigma_max", "m"): {"high"},
    ("limits.Curve", "m"): {"high"},
    ("meson_decays.sin_theta_for", "br_at_unit_mixing"): {"high"},
    **{("model.DarkSector", parameter): {"a nan"} for parameter in CALLS["model.DarkSector"]},
    **{("model.DarkSector", parameter): {"a nan", "none"} for parameter in ("m_h1", "sin_theta", "lambda_phi_x", "q_x")},
    ("model.DarkSector.replace", "m_zp"): {"a nan"},
    ("model.DarkSector.replace", "m_h1"): {"a nan", "none"},
    ("model.DarkSector.masked", "reason"): {"text", "texts"},
    ("model.DarkSector.select", "points"): {"truths"},
    # that a sector is no number is the fault of the function
    ("model.DarkSector.pointwise", "function"): {"complex", "nan"},
    ("model.DarkSector.scatter", "values"): NO_ENDS | NOT_FINITE | {"truths"},
    ("scan.crossing", "level"): {"high"},
    **{("scan.chance", edge): {"a nan"} for edge in ("low", "high")},
    ("scan.crossing", "y"): NO_ENDS | NOT_FINITE,
    ("scan.relic_windows", "high"): {"high"},
    ("scan.relic_windows", "sin_theta"): {"inf"},
    ("scan.window", "high"): {"high"},
    ("scan.window", "y"): NO_ENDS | NOT_FINITE,
    ("standard_model.dbr_dq2_b_to_k_nunu", "q2"): NO_ENDS,
    ("standard_model.dbr_dq2_b_to_kstar_nunu", "q2"): NO_ENDS,
    ("rivals.effective.dbr_dq2_b_to_k", "q2"): NO_ENDS,
    ("rivals.effective.dbr_dq2_b_to_kstar", "q2"): NO_ENDS,
    ("units.convert", "value"): NO_ENDS | NOT_FINITE,
}


def broken(name, parameter):
    kind, optional = kinds(name, parameter)
    optional = optional or parameter == "kappa"
    for case, value in BAD[kind].items():
        if case not in ALLOWED.get((name, parameter), ()) and not (optional and value is None):
            yield case, value


# What the message calls it, where that is not the argument's name
CALLED = {
    ("inputs.Quantity.to", "unit"): "to",
    ("inputs.natural", "unit"): "to",
    ("inputs.value", "unit"): "to",
    ("units.convert", "to"): "unit",
}


def wrong_words(error, name, parameter):
    """Whether a message is not one line that names the argument, or says of what kind nothing has this name."""
    words = "|".join({parameter, CALLED.get((name, parameter), parameter), "is called"})
    return "\n" in str(error) or not re.search(rf"(?<!\w)({words})(?!\w)", str(error))


@pytest.mark.house
def test_every_public_name_has_a_valid_call():
    assert set(public()) == set(CALLS) | set(RESULTS)
    count = sum(len(list(broken(name, parameter))) for name, arguments in CALLS.items() for parameter in arguments)
    assert count > 1000


@pytest.mark.house
@pytest.mark.parametrize("name", sorted(CALLS))
def test_bad_arguments_raise_a_one_line_error(name):
    faults = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for parameter in CALLS[name]:
            for case, value in broken(name, parameter):
                try:
                    call(name, **{parameter: (value,) if parameter == "masses" else value})
                except (ParameterError, DataError) as error:
                    if wrong_words(error, name, parameter):
                        faults.append(f"{parameter}, {case}: {error}")
                except Exception as error:
                    faults.append(f"{parameter}, {case}: {type(error).__name__} {error}")
                else:
                    faults.append(f"{parameter}, {case}: no error")
    assert not faults


@pytest.mark.house
@pytest.mark.parametrize("name", sorted(RESULTS))
def test_results_refuse_units(name):
    for parameter, value in RESULTS[name].items():
        if not isinstance(value, str):
            with pytest.raises(ParameterError, match=f"{parameter}.* carries a unit"):
                call(name, **{parameter: Metres(value) if not isinstance(value, dict) else {"a": Metres(1.0)}})


TABLES = {"scan.chance", "scan.window", "scan.crossing", "scan.relic_windows", "limits.Curve"}
# Vectors, whose axes are no grid
VECTORS = {"nuisance", "charges", "breaks", "edges", "values", "efficiency", "resonance", "points", "reason", "y", "upper"}
GRIDS = {name: [p for p in arguments if p not in VECTORS and kinds(name, p)[0] == "array"] for name, arguments in CALLS.items()}
SECTORS = [name for name, arguments in CALLS.items() if "sector" in arguments]
# These answer for a part of the parameters; the others may be masked
PARTS = {name for name in SECTORS if name.startswith("widths.")}
PARTS |= {"direct_detection.sigma_zp", "direct_detection.excluded_above", "direct_detection.over_limit"}
PARTS |= {"model.scalar_potential"}
PAIRS = [
    (name, *pair)
    for name, parameters in GRIDS.items()
    for pair in itertools.combinations([*parameters, *{"sector", "spectrum"} & set(CALLS[name])], 2)
    if "kappa" not in pair or "sin_theta" in pair or "m_scalar" in pair
]


def of_length(name, parameter, size):
    if parameter == "sector":
        return POINT.replace(**dict.fromkeys(("m_zp", "m_x", "m_h1", "sin_theta"), np.linspace(0.1, 0.11, size)))
    if parameter == "spectrum":
        return belle2.Spectrum.line(np.linspace(2.0, 2.1, size))
    value = CALLS[name][parameter]
    return (np.full(size, 0.5), 0.1) if parameter == "masses" else np.full(size, value)


@pytest.mark.house
@pytest.mark.parametrize(("name", "one", "other"), [pair for pair in PAIRS if pair[0] not in TABLES])
def test_shapes_that_do_not_fit_are_named(name, one, other):
    with pytest.raises(ParameterError, match="broadcast") as caught:
        call(name, **{one: of_length(name, one, 2), other: of_length(name, other, 3)})
    assert all(re.search(rf"(?<!\w){word}(?!\w)", str(caught.value)) for word in (one, other))


def first_array(result):
    """The numbers of a result, of the shape of its grid."""
    for name in ("br", "omega_h2", "value", "gain", "allowed", "lambda_phi_x"):
        result = getattr(result, name, result)
    if isinstance(result, dict):
        result = next(iter(result.values()))
    if isinstance(result, tuple):
        return first_array(result[0])
    return np.asarray(result)


EMPTY = {"(0,)": np.array([]), "(0, 3)": np.empty((0, 3)), "(2, 0)": np.empty((2, 0))}


@pytest.mark.house
@pytest.mark.parametrize("name", SECTORS)
def test_an_empty_sector_gives_an_empty_result(name):
    for m_x in EMPTY.values():
        sector = POINT.replace(m_x=m_x)
        found = first_array(call(name, sector=sector))
        assert found.shape[-m_x.ndim :] == m_x.shape or (name in PARTS and found.shape == ())


@pytest.mark.house
@pytest.mark.parametrize("name", [name for name in SECTORS if name not in PARTS and name != "belle2.Spectrum.from_sector"])
def test_a_rejected_sector_is_nan(name):
    for change in ({"m_h1": [-1.0, -2.0]}, {"m_x": [-1.0, 1e6]}, {"m_zp": [[np.nan, 0.0]]}, {"g_x": [2.0, 3.0]}):
        sector = POINT.replace(**change)
        result = call(name, sector=sector)
        found = first_array(result)
        assert found.shape[-len(sector.shape) :] == sector.shape
        assert not found.any() if found.dtype == bool else np.isnan(found).all()
        if hasattr(result, "reason"):
            assert np.array_equal(result.reason, sector.reason)


@pytest.mark.house
@pytest.mark.parametrize("name", [name for name, parameters in GRIDS.items() if parameters])
def test_empty_arrays_give_empty_results(name):
    whole = {"kappa", "x_t"} if "sector" in CALLS[name] or name.startswith("standard_model.br_") else set()
    for parameter in set(GRIDS[name]) - whole:
        for empty in EMPTY.values():
            sector = {"sector": POINT} if "sector" in CALLS[name] else {}
            try:
                result = call(name, **sector, **{parameter: (empty,) if parameter == "masses" else empty})
            except ParameterError as error:
                assert not wrong_words(error, name, parameter) and "\n" not in str(error)
                continue
            found = first_array(result)
            if isinstance(result, np.ndarray):
                assert empty.shape in (found.shape, found.shape[:-1], found.shape[1:])


@pytest.mark.house
def test_empty_spectra_are_fitted():
    fit, empty = belle2.Likelihood(), belle2.Spectrum.line(np.empty((0, 3)))
    assert fit.fit_rate(empty).rate.shape == fit.chi2(empty).shape == fit.upper_limit(empty).shape == (0, 3)
    assert fit.chi2(LINE, []).shape == (0,)
    assert scan.window([], [], 1.0, 2.0).pieces == 0 and np.isnan(scan.crossing([], [], 1.0))
    assert scan.window([], np.empty((0, 3)), 1.0, 2.0).low.shape == scan.crossing([], np.empty((0, 3)), 1.0).shape == (3,)


@pytest.mark.house
@pytest.mark.parametrize("name", [name for name in CALLS if name != "inputs.load"])
def test_no_floating_point_error_is_raised(name):
    with np.errstate(all="raise"):
        call(name)


TINY = (5e-324, 1e-300, 1e-100, 1e-30, 1e-20, 1e-12)


@pytest.mark.house
@pytest.mark.parametrize("name", [name for name, parameters in GRIDS.items() if parameters])
def test_tiny_numbers_give_a_number_or_an_error(name):
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for parameter, tiny in itertools.product(GRIDS[name], TINY):
            try:
                found = first_array(call(name, **{parameter: (tiny,) if parameter == "masses" else tiny}))
            except ParameterError as error:
                assert not wrong_words(error, name, parameter) or (parameter == "kappa" and "zero" in str(error))
            else:
                assert (
                    found.dtype.kind != "f"
                    or name.endswith(("scatter", "relic_windows", "resonance_window"))
                    or not np.isnan(found).any()
                ), (
                    parameter,
                    tiny,
                )


ENDS = [{name: end} for name, (low, high, _) in model._ranges().items() for end in (low, high)]
CORNERS = [
    *ENDS,
    {"q_phi": 1e-20},
    {"sin_theta": 1e-300},
    {"lambda_phi_x": 1e-300},
    {"m_x": 1e-12, "m_zp": 1e-12, "m_h1": 1e-12},
    {"m_zp": 1e4, "g_x": 1e-20},
    {"m_x": 1e4, "m_zp": 1e-12, "m_h1": 1e-12, "g_x": 1.0},
    {"m_h1": 1e-12, "g_x": 1.0, "m_zp": 1e-12, "q_phi": 1e4},
    {"m_x": 1e-12, "m_zp": 1e-12, "m_h1": 1e-12, "g_x": 1.0, "q_phi": 1e4, "q_x": 1e4},
]


# These refuse a corner that is none of their business, and so take one at a time
CHOOSY = (
    "annihilation.rate",
    "belle2.Spectrum.from_sector",
    "constraints.reach",
    "fit.chi2",
    "fit.terms",
    "relic.bath_shift",
    "scan.upper_edge",
)


@pytest.mark.house
@pytest.mark.parametrize(
    "name", [name for name in SECTORS if name not in ("constraints.table", "constraints.verdict", "scan.on_relic_line")]
)
def test_corners_of_the_model_give_a_number_or_a_reason(name):
    # what a function cannot do there it says; nan comes with a reason
    points = [CALLS["model.DarkSector"] | corner for corner in CORNERS]
    if name not in CHOOSY:
        points = [{p: [point[p] for point in points] for p in points[0]}]
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UnitWarning)
        for point in points:
            try:
                result = call(name, sector=model.DarkSector(**point))
            except ParameterError as error:
                assert name in CHOOSY and "nan" not in str(error) and "\n" not in str(error)
                continue
            missing = np.isnan(first_array(result))
            assert not missing.any() or (np.asarray(result.reason)[missing] != "").all()


def arrays(result):
    """Every array in a result."""
    if isinstance(result, np.ndarray):
        yield result
    parts = result.values() if isinstance(result, dict) else vars(result).values() if hasattr(result, "__dict__") else ()
    for part in result if isinstance(result, tuple | list) else parts:
        yield from arrays(part)


@pytest.mark.house
@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("inputs.load", "belle2.Likelihood")])
def test_results_share_no_memory_with_inputs_or_caches(name):
    # neither the caller's buffer, nor what a cache hands out the next time
    buffers = {p: np.atleast_1d(np.array(CALLS[name][p], dtype=float)) for p in GRIDS[name] if p != "masses"}
    if "sector" in CALLS[name] or name.startswith("standard_model.br_"):
        buffers = {p: buffer for p, buffer in buffers.items() if p not in ("kappa", "x_t")}
    before = copy.deepcopy(buffers)
    result = call(name, **buffers)
    stored = copy.deepcopy([*arrays(result)])
    for array in arrays(result):
        assert not any(np.shares_memory(array, buffer) for buffer in buffers.values())
        if array.flags.writeable:
            array[...] = np.zeros_like(array)
    assert all(np.array_equal(before[p], buffers[p]) for p in buffers)
    again = call(name, **buffers)
    assert all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(stored, arrays(again), strict=True))


OWNERS = {
    name: function_of(name) for name in [*RESULTS, "belle2.Spectrum", "limits.Curve", "model.DarkSector", "neutrinos.Species"]
}


@pytest.mark.house
@pytest.mark.parametrize("name", sorted(OWNERS))
def test_an_owner_of_arrays_cannot_be_changed(name):
    arguments = CALLS.get(name, RESULTS.get(name))
    given = {
        p: np.array(value, dtype=getattr(value, "dtype", None))
        for p, value in arguments.items()
        if not isinstance(value, str | dict | tuple | bool)
    }
    if name == "limits.Curve":
        given = {p: given[p] for p in ("m", "upper")}
    given = (
        {p: np.atleast_1d(value) for p, value in given.items()} if name in ("model.DarkSector", "neutrinos.Species") else given
    )
    first = call(name, **given)
    kept = copy.deepcopy(first)
    for buffer in given.values():
        buffer[...] = np.zeros_like(buffer)
    for one in (first, copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first)), dataclasses.replace(first)):
        assert one == kept and hash(one) == hash(kept) and "\n" not in repr(one)
        found = [*arrays(one)]
        assert found and not any(array.flags.writeable for array in found)
        for field in dataclasses.fields(one):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(one, field.name, 0.0)
            if isinstance(getattr(one, field.name), dict):
                with pytest.raises(TypeError, match="read-only"):
                    getattr(one, field.name)["total"] = 0.0


@pytest.mark.house
@pytest.mark.parametrize(
    ("case", "message"),
    [
        (lambda: meson_decays.br_b_to_k_scalar(Metres(500.0), 5e-3), "m_scalar carries a unit; give a plain number in GeV"),
        (
            lambda: meson_decays.br_b_to_k_scalar(inputs.get("m_K+"), 5e-3),
            "m_scalar carries a unit; give a plain number in GeV",
        ),
        (lambda: meson_decays.br_b_to_k_scalar([1, 2, 3], [1e-3, 2e-3]), "m_scalar (3,), sin_theta (2,)"),
        (lambda: meson_decays.br_b_to_k_scalar(np.array([2 + 1j]), 5e-3), "m_scalar = array([2.+1.j]) is not a number in GeV"),
        (lambda: meson_decays.br_b_to_k_invisible(POINT, kappa=Metres(1e-5)), "kappa carries a unit; give a plain number"),
        (
            lambda: belle2.Spectrum.from_function(lambda q2: 1e-6 * kinetic_mixing.epsilon(5e-4, q2) ** 2),
            "dbr_dq2 is complex; give its real part, or the square of its modulus",
        ),
        (
            lambda: belle2.Spectrum.from_function(lambda q2: Metres(q2)),
            "the result of dbr_dq2 carries a unit; give a plain number",
        ),
        (lambda: belle2.Likelihood().chi2(belle2.Spectrum.line([1.0, 2.0]), [1e-6] * 3), "spectrum (2,), rate (3,)"),
        (lambda: belle2.Likelihood().toys(LINE, [1e-6, 2e-6]), "rate has shape (2,); give one number"),
        (lambda: belle2.Likelihood().toys(LINE, 1e-6, seed=-1), "seed = -1 is outside its range [0, "),
        (lambda: belle2.Likelihood().toys(LINE, 1e-6, shapes=LINE), "shapes has shape (); give the shapes along one axis"),
        (lambda: belle2.Likelihood().toys(LINE, 1e-6, size=2.5), "size = 2.5 is not a whole number"),
        (lambda: belle2.Likelihood().global_significance([]), "m_x holds no mass; give at least one in GeV"),
        (lambda: belle2.Likelihood().global_significance(6.0), "m_x = 6 GeV is outside its range [0, 4.78"),
        (
            lambda: belle2.Likelihood().global_significance(2.0, spectrum=belle2.Spectrum.line([1.0, 2.0])),
            "m_x and spectrum are",
        ),
        (
            lambda: belle2.Likelihood().global_significance(spectrum=LINE),
            "spectrum has shape (); give the shapes along one axis",
        ),
        (lambda: belle2.Likelihood().fit_mu(spectrum=LINE), "spectrum has a br of 1, and mu counts in units of it"),
        (lambda: belle2.Spectrum([[0.01] * 17]), "efficiency has shape (1, 17); one value for each of 18 bins is needed"),
        (lambda: meson_decays.dbr_dq2_b_to_k_invisible(ONE, GRID), "q2 (3,), sector (2,)"),
        (lambda: relic.thermal_average(GRID, [20.0] * 3), "x (3,), sector (2,)"),
        (lambda: scan.window([1.0, 2.0], [Metres(1.0), Metres(2.0)], 1.0, 2.0), "y carries a unit; give a plain number"),
        (lambda: limits.Curve("x", [2.0, 1.0], [1.0, 1.0], "1", 0.9, 0.1, "s", "c"), "m of shape (2,) has to increase"),
        (lambda: cmb.excluded_below(lambda m: np.ones(7)), "the result of thermal has shape (7,) for masses of shape (500,)"),
        (lambda: constraints.table(GRID, "NA62"), "which = 'NA62' is not a list"),
        (lambda: neutrinos.n_eff(SPECIES[0]), "species = Species(mass=0.01 GeV, dof=2) is not a list"),
        (lambda: neutrinos.n_eff([0.01]), "species[0] = 0.01 is not a Species; make one with neutrinos.Species(...)"),
    ],
)
def test_reported_cases_raise_a_one_line_error(case, message):
    with pytest.raises(ParameterError) as caught:
        case()
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.house
def test_error_of_a_user_function_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        belle2.Spectrum.from_function(lambda q2: 1 / 0)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        relic.omega_h2()


@pytest.mark.house
def test_open_end_of_a_range_is_refused_in_arrays_too() -> None:
    for value in (0.0, [0.5, 0.0]):
        with pytest.raises(ParameterError, match=r"^m = 0 GeV is outside its range \(0, 1\] GeV$"):
            _arrays.checked("m", value, 0.0, 1.0, "GeV", open_low=True)
    assert _arrays.checked("m", [0.5, 1.0], 0.0, 1.0, "GeV", open_low=True).tolist() == [0.5, 1.0]


@pytest.mark.house
def test_decimal_and_fraction_in_arrays_are_accepted() -> None:
    for part in (Decimal("0.5"), Fraction(1, 2), np.float32(0.5)):
        assert _arrays.numbers("m", np.array([[part], [1]], dtype=object)).tolist() == [[0.5], [1.0]]
