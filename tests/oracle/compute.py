"""Reference numbers from independent codes, with our inputs put into them.

Run by `make oracle` with the Python of .venv-oracle; it imports nothing of `darkhiggs`, but for the likelihood that this library
exports and pyhf fits. Our inputs are read from lib/darkhiggs/data, flavio, EOS, hazma, ALPaca and sntools do the physics, and
book/data/independent.json takes what they return. Where a code gives only an ingredient, the entry's `what` says which part is the code's and which is ours. Two second
methods of this repository, which import nothing of `darkhiggs` either, stand beside them: trident_full.py and solar_full.py.

    .venv-oracle/bin/python tests/oracle/compute.py [-o FILE]
"""

import argparse
import contextlib
import datetime
import itertools
import json
import logging
import math
import re
import sys
import tempfile
import tomllib
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)

import alpaca.common  # noqa: E402
import alpaca.constants  # noqa: E402
import eos  # noqa: E402
import flavio  # noqa: E402
import hazma.parameters  # noqa: E402
import hazma.relic_density._diffeq as hazma_boltzmann  # noqa: E402
import hazma.relic_density._rd as hazma_relic  # noqa: E402
import hazma.relic_density._thermal_functions as hazma_thermal  # noqa: E402
import hazma.scalar_mediator  # noqa: E402
import hazma.vector_mediator  # noqa: E402
from alpaca.decays.mesons import invisible as alpaca_mesons  # noqa: E402
from alpaca.rge import ALPcouplings  # noqa: E402
from flavio.physics.bdecays import angular, bll, bpll_lfv  # noqa: E402
from flavio.physics.bdecays.bvll import lfv as bvll_lfv  # noqa: E402
from flavio.physics.bdecays.bvll.observables import dGdq2 as bvll_rate  # noqa: E402
from flavio.physics.running import running  # noqa: E402
from hazma.phase_space import ThreeBody  # noqa: E402
from hazma.phase_space._two_body import TwoBody  # noqa: E402
from hazma.scalar_mediator import _scalar_mediator_constraints as hazma_mesons  # noqa: E402
from hazma.scalar_mediator import _scalar_mediator_widths as hazma_widths  # noqa: E402
from hazma.utils import cross_section_prefactor  # noqa: E402
from hazma.vector_mediator import KineticMixingGeV  # noqa: E402
from hazma.vector_mediator import _vector_mediator_widths as hazma_vector  # noqa: E402
from scipy.integrate import quad  # noqa: E402
from scipy.interpolate import CubicSpline  # noqa: E402
from scipy.optimize import brentq  # noqa: E402
from scipy.special import k1e, kve  # noqa: E402
from sntools.interaction_channels import es as sntools_electrons  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import solar_full  # noqa: E402
import trident_full  # noqa: E402

DATA = HERE.parents[1] / "lib" / "darkhiggs" / "data"
CODES = {"flavio": "flavio", "EOS": "eoshep", "hazma": "hazma", "ALPaca": "alpaca-ALPs", "sntools": "sntools", "pyhf": "pyhf"}
SECOND_METHODS = ("trident_full", "solar_full")
MEV = 1.0e3  # hazma counts in MeV
PS = 1.0e-12


def read_inputs(name: str) -> dict:
    """Our inputs, {key: value} in the units of the files; `name` is a named set, or "pdg2026" for none."""
    tables, sets = {}, {}
    for path in sorted(DATA.glob("*.toml")):
        with path.open("rb") as file:
            content = tomllib.load(file)
        sets |= content.pop("sets", {}).get(name, {})
        tables |= content
    return {key: entry["value"] for key, entry in (tables | sets).items() if "value" in entry}


OURS = read_inputs("belle2")
OURS_PDG = read_inputs("pdg2026")
HBAR = OURS["hbar"]  # GeV s
KAPPA = OURS["kappa"]
VEV = (math.sqrt(2.0) * OURS["G_F"]) ** -0.5
BENCHMARK = {"sin_theta": 5.0e-3, "kappa": KAPPA}
HPQCD_KEYS = ["HPQCD22.coefficients", "HPQCD22.log_factor", "HPQCD22.poles", "HPQCD22.masses"]
BSZ_KEYS = ["BSZ15.coefficients", "BSZ15.poles", "m_B0", "m_K*0"]
BSZ_TENSOR_KEYS = ["BSZ15.tensor_coefficients", *BSZ_KEYS[1:]]
SM_KEYS = ["G_F", "1/alpha(M_Z)", "s_W^2", "X_t", "|V_ts*V_tb|"]
SCALAR_KEYS = ["kappa", "m_b", "m_s"]
records: list[dict] = []


def record(code: str, name: str, what: str, quantity: str, value: float, used: list[str], /, **arguments) -> None:
    """Add one reference number; rounded, so that the file does not change with the last bits of a machine."""
    records.append(
        {
            "id": f"{code.lower()}:{name}",
            "code": code,
            "what": what,
            "quantity": quantity,
            "arguments": arguments,
            "value": float(f"{float(value):.7e}"),
            "inputs": list(dict.fromkeys(used)),
        }
    )


# ------------------------------------------------------------------------------------------- flavio


def flavio_parameters(ours: dict, isospin_average: bool) -> dict:
    """flavio's parameters with ours in their place.

    flavio takes the z variable of B -> K from m_B0 and m_K0, so these hold the masses of the HPQCD fit
    for B+ -> K+ (`isospin_average`), and the physical ones for B0 -> K*0.
    """
    par = flavio.default_parameters.get_central_all()
    for key in ("m_B+", "m_B0", "m_K+", "m_K0", "m_K*0", "m_K*+"):
        par[key] = ours[key]
    for key in ("tau_B+", "tau_B0"):
        par[key] = ours[key] * PS / HBAR
    par |= {
        "GF": ours["G_F"],
        "alpha_e": 1.0 / ours["1/alpha(M_Z)"],
        "s2w": ours["s_W^2"],
        "Xt_di->djnunu": ours["X_t"],
        "B->K BCL chL": ours["HPQCD22.log_factor"],
        "B->K BCL m0": ours["HPQCD22.poles"][0],
        "B->K BCL m+": ours["HPQCD22.poles"][1],
        "B->K* BCL m0": ours["BSZ15.poles"][0],
        "B->K* BCL m1-": ours["BSZ15.poles"][1],
        "B->K* BCL m1+": ours["BSZ15.poles"][2],
    }
    hpqcd = ("a0_f+", "a1_f0", "a2_f0", "a1_f+", "a2_f+", "a0_fT", "a1_fT", "a2_fT")
    par |= {f"B->K BCL {n}": v for n, v in zip(hpqcd, ours["HPQCD22.coefficients"], strict=True)}
    par |= {f"B->K* BSZ {n}": v for n, v in bsz_coefficients(ours)}
    if isospin_average:
        par["m_B0"], par["m_K0"] = ours["HPQCD22.masses"]

    def product(v_cb: float) -> float:
        return abs(flavio.physics.ckm.xi("t", "bs")(par | {"Vcb": v_cb}))

    par["Vcb"] = brentq(lambda x: product(x) - ours["|V_ts*V_tb|"], 0.02, 0.08, xtol=1e-15, rtol=1e-13)
    return par


BSZ_NAMES = [f"a{k}_A0" for k in range(3)] + [f"a{k}_A1" for k in range(3)] + ["a1_A12", "a2_A12"]
BSZ_NAMES += [f"a{k}_V" for k in range(3)]
BSZ_TENSOR_NAMES = ["a0_T1", "a1_T1", "a2_T1", "a1_T2", "a2_T2", "a0_T23", "a1_T23", "a2_T23"]


def bsz_coefficients(ours: dict) -> list[tuple[str, float]]:
    """Names and values of the BSZ15 coefficients; a0 of T2 is that of T1."""
    found = zip(BSZ_NAMES, ours["BSZ15.coefficients"], strict=True)
    return [*found, *zip(BSZ_TENSOR_NAMES, ours["BSZ15.tensor_coefficients"], strict=True)]


def configure_flavio() -> None:
    """alpha at M_Z without running, HPQCD22 and BSZ15 expansions, integrals to 1e-8 instead of 0.5 %."""
    for process in ("bpll", "bvll"):
        flavio.config["renormalization scale"][process] = 91.1876
    flavio.config["implementation"]["B->K form factor"] = "B->K BCL3 t0=0"
    flavio.config["implementation"]["B->K* form factor"] = "B->K* BSZ3"
    quad = flavio.math.integrate.nintegrate
    flavio.math.integrate.nintegrate = lambda f, a, b, epsrel=None, **more: quad(f, a, b, epsrel=1e-8, **more)


def flavio_form_factor(process: str, par: dict, q2: float) -> dict:
    quantity = flavio.classes.AuxiliaryQuantity[f"{process} form factor"]
    return {k: float(v) for k, v in quantity.prediction(par_dict=par, wc_obj=None, q2=q2).items()}


def flavio_rate(name: str, par: dict, **arguments: float) -> float:
    standard_model = flavio.physics.eft.WilsonCoefficients()
    return float(flavio.Observable[name].prediction_par(par, standard_model, **arguments))


def flavio_scalar(ours: dict, q2: float, vector: bool) -> tuple[float, float]:
    """flavio's dBR/dq2 of B -> K(*) l l' by (s P_R b)(l l') alone, and the coefficient of that operator.

    Lepton masses go to zero. flavio has m_s = 0; its m_b is set so that m_b(scale) is our m_b -+ m_s.
    """
    scale = flavio.config["renormalization scale"]["bvll" if vector else "bpll"]
    par = flavio_parameters(ours, isospin_average=not vector) | {"m_e": 1e-9, "m_mu": 1e-9}
    target = ours["m_b"] + ours["m_s"] if vector else ours["m_b"] - ours["m_s"]
    par["m_b"] = brentq(lambda m: running.get_mb(par | {"m_b": m}, scale) - target, 3.0, 12.0, rtol=1e-13)
    names = ("C9", "C9p", "C10", "C10p", "CS", "CSp", "CP", "CPp")
    coefficients = {f"{n}_bsemu": 0.0 for n in names} | {"CS_bsemu": 1.0}
    prefactor = 4.0 * par["GF"] / math.sqrt(2.0) * ours["|V_ts*V_tb|"] * par["alpha_e"] / (4.0 * math.pi)
    if vector:
        rate = bvll_lfv.bvlilj_obs(bvll_rate, q2, coefficients, par, "B0", "K*0", "e", "mu") * par["tau_B0"]
    else:
        rate = bpll_lfv.bpll_dbrdq2(q2, coefficients, par, "B+", "K+", "e", "mu")
    return rate, prefactor * target


def two_body_from_contact(rate: float, coefficient: float, q2: float) -> float:
    """BR(B -> K(*) S), m_S^2 = q2, from dBR/dq2 of the contact operator `coefficient` (s P_R b)(l l).

    dGamma/dq2 = Gamma(B -> K S*) q Gamma(S* -> l l) / pi factorises exactly for a scalar; the width of S -> l l
    with unit coupling comes from hazma.
    """
    q = math.sqrt(q2)
    decay = hazma_scalar(m_s=q, m_x=0.0, g_x=1.0).width_s_to_xx() / MEV
    return rate / (q * decay / math.pi) * (KAPPA * BENCHMARK["sin_theta"] / coefficient) ** 2


def vector_from_contact(rate: float, q2: float, chiral: bool = False) -> float:
    """BR(B -> K(*) Z') with unit couplings, m_Z'^2 = q2, from dBR/dq2 by the same quark current times (l gamma l).

    dGamma/dq2 = Gamma(B -> K Z'*) q Gamma(Z'* -> l l)/pi factorises, because the current of massless leptons is conserved.
    The width of Z' -> l l with unit coupling comes from hazma; neutrinos of one chirality have half of it.
    """
    q = math.sqrt(q2)
    decay = hazma_mediator(q, invisible=1.0).width_v_to_xx() / MEV
    return rate / (q * (0.5 if chiral else 1.0) * decay / math.pi)


def flavio_vector(ours: dict, q2: float, meson: str, axial: bool, dimension: int) -> float:
    """BR(B -> K(*) Z') with g_V = 1 or g_A = 1, from flavio's helicity amplitudes and rate of a pair of massless leptons.

    The current (s gamma P_L,R b)(l gamma l) has the coefficients v and v'; the dipole m_b (s sigma P_R,L b) F, with the
    coefficients 7 and 7', makes the pair through a massless photon, whose propagator is taken out.
    """
    par = flavio_parameters(ours, isospin_average=meson == "K")
    charge = "+" if meson == "K" else "0"
    m_b, m = ours[f"m_B{charge}"], ours[f"m_{meson}{charge}"]
    name, unit = ("7", 1.0 / q2) if dimension == 5 else ("v", 1.0)
    coefficients = dict.fromkeys([n + dash for n in ("7", "v", "a", "s", "p", "t") for dash in ("", "p")], 0.0)
    # g_V = g_R + g_L, g_A = g_R - g_L; left-handed quarks have no dash, and flavio's quark mass is 1
    coefficients |= {name: -0.5 if axial else 0.5, name + "p": 0.5}
    factors = flavio_form_factor(f"B->{meson}", par, q2)
    arguments = q2, m_b, m, 1.0, 0.0, 0.0, 0.0
    if meson == "K":
        amplitudes = angular.helicity_amps_p(*arguments, factors, coefficients, 1.0)
        rate = bpll_lfv.dGdq2(angular.angularcoeffs_general_p(amplitudes, *arguments))
    else:
        amplitudes = angular.helicity_amps_v(*arguments, factors, coefficients, 1.0)
        rate = bvll_rate(angular.angularcoeffs_general_v(amplitudes, *arguments))
    return vector_from_contact(rate, q2) * par[f"tau_B{charge}"] / unit**2


def record_vectors(code: str, what: str, rate, dimensions: tuple[int, ...]) -> None:
    """Record `rate(q2, meson, axial, dimension)`, for unit couplings, at couplings of 1e-8 GeV^(4 - dimension)."""
    for dimension, mass in itertools.product(dimensions, (0.5, 1.0, 2.0, 4.0)):
        for meson, axial in (("K", False), ("K*", False), ("K*", True)):
            charge = "+" if meson == "K" else "0"
            couplings = {"g_v": 0.0 if axial else 1e-8} | ({"g_a": 1e-8 if axial else 0.0} if meson == "K*" else {})
            bsz = BSZ_TENSOR_KEYS if dimension == 5 else BSZ_KEYS
            keys = ["m_B+", "m_K+", "tau_B+", *HPQCD_KEYS] if meson == "K" else ["tau_B0", *bsz]
            record(
                code,
                f"B{charge}->{meson}{charge}Zp({dimension}, {'g_A' if axial else 'g_V'}, {mass:g})",
                what.format(meson),
                f"rivals.light_vector.br_b_to_{'k' if meson == 'K' else 'kstar'}",
                1e-16 * rate(mass**2, meson, axial, dimension),
                keys,
                m_zp=mass,
                **couplings,
                dimension=dimension,
                charge=charge,
                inputs="belle2",
            )


def flavio_pair(ours: dict, mass: float, form: str) -> float:
    """BR(B_s -> l l) of a lepton of this mass through (s G gamma5 b)(l G' l) with coefficient 1, by flavio.

    (s gamma P_L b) and m_b (s P_R b) hold half of the bilinear with gamma5; flavio's quark masses are replaced by ours.
    """
    scale = flavio.config["renormalization scale"]["bll"]
    par = flavio_parameters(ours, isospin_average=False) | {"m_mu": mass, "m_Bs": ours["m_Bs"], "f_Bs": ours["f_Bs"]}
    par["tau_Bs"] = ours["tau_Bs"] * PS / HBAR
    m_b, m_s = running.get_mb(par, scale, nf_out=5), running.get_ms(par, scale, nf_out=5)
    one = {"A": "C10", "P": "CP", "S": "CS"}[form]
    names = ("C9", "C10", "CP", "CS")
    coefficients = {f"{name}{dash}_bsmumu": float(name + dash == one) for name in names for dash in ("", "p")}
    alpha = running.get_alpha(par, 4.8)["alpha_e"]
    operator = 4.0 * par["GF"] / math.sqrt(2.0) * ours["|V_ts*V_tb|"] * alpha / (4.0 * math.pi) / 2.0
    if form != "A":
        operator *= m_b * (ours["m_b"] + ours["m_s"]) / (m_b + m_s)
    return bll.br_inst(par, coefficients, "Bs", "mu", "mu") / operator**2


def run_flavio() -> None:
    configure_flavio()
    par_k, par_v = flavio_parameters(OURS, True), flavio_parameters(OURS, False)
    what = "form factor, computed by flavio (BCL with t0 = 0 and chiral logarithm)"
    for which, points in (("f0", (0.0, 5.0, 12.0, 22.0)), ("f+", (5.0, 12.0, 22.0)), ("fT", (0.0, 5.0, 12.0, 22.0))):
        for q2 in points:
            value = flavio_form_factor("B->K", par_k, q2)[which]
            record(
                "flavio",
                f"{which}({q2:g})",
                what,
                "form_factors.b_to_k",
                value,
                HPQCD_KEYS,
                q2=q2,
                which=which,
                source="HPQCD22",
            )
    what = "form factor, computed by flavio (BSZ, three coefficients)"
    for which in ("A0", "V", "A1", "A12", "T1", "T2", "T23"):
        for q2 in (0.0, 5.0, 15.0):
            value = flavio_form_factor("B->K*", par_v, q2)[which]
            record(
                "flavio",
                f"{which}({q2:g})",
                what,
                "form_factors.b_to_kstar",
                value,
                BSZ_TENSOR_KEYS if which[0] == "T" else BSZ_KEYS,
                q2=q2,
                which=which,
                source="BSZ15",
            )

    keys_k = [*SM_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS]
    what = "short-distance branching ratio, sum of three flavours, computed by flavio; alpha(M_Z) is not run"
    for name, ours in (("belle2", OURS), ("pdg2026", OURS_PDG)):
        value = flavio_rate("BR(B+->Knunu)", flavio_parameters(ours, True))
        record(
            "flavio",
            f"B+->K+nunu({name})",
            what,
            "standard_model.br_b_to_k_nunu",
            value,
            keys_k,
            charge="+",
            inputs=name,
            tau_tree=False,
        )
    for q2 in (1.0, 5.0, 10.0, 15.0, 20.0):
        value = flavio_rate("dBR/dq2(B+->Knunu)", par_k, q2=q2)
        record(
            "flavio",
            f"dBR/dq2(B+->K+nunu)({q2:g})",
            what.replace("ratio", "ratio per GeV^2"),
            "standard_model.dbr_dq2_b_to_k_nunu",
            value,
            keys_k,
            q2=q2,
            charge="+",
            inputs="belle2",
        )
    for charge, meson, mass in (("0", "B0", "m_K*0"), ("+", "B+", "m_K*+")):
        keys_v = [*SM_KEYS, f"m_{meson}", mass, f"tau_{meson}", *BSZ_KEYS]
        for name, ours in (("belle2", OURS), ("pdg2026", OURS_PDG)):
            value = flavio_rate(f"BR({meson}->K*nunu)", flavio_parameters(ours, False))
            record(
                "flavio",
                f"{meson}->K*{charge}nunu({name})",
                what,
                "standard_model.br_b_to_kstar_nunu",
                value,
                keys_v,
                charge=charge,
                inputs=name,
            )
    for q2 in (2.0, 10.0, 16.0):
        value = flavio_rate("dBR/dq2(B0->K*nunu)", par_v, q2=q2)
        record(
            "flavio",
            f"dBR/dq2(B0->K*0nunu)({q2:g})",
            what.replace("ratio", "ratio per GeV^2"),
            "standard_model.dbr_dq2_b_to_kstar_nunu",
            value,
            [*SM_KEYS, "tau_B0", *BSZ_KEYS],
            q2=q2,
            charge="0",
            inputs="belle2",
        )

    what = (
        "B -> {} S extracted from flavio's dBR/dq2 of B -> {} e mu by (s P_R b)(e mu) alone, massless leptons: hadronic "
        "matrix element, form factor and phase space are flavio's; divided by q Gamma(S -> l l)/pi (hazma)"
    )
    for mass in (0.5, 1.0, 2.0, 4.0):
        value = two_body_from_contact(*flavio_scalar(OURS, mass**2, vector=False), mass**2)
        record(
            "flavio",
            f"B+->K+H1({mass:g})",
            what.format("K", "K"),
            "meson_decays.br_b_to_k_scalar",
            value,
            [*SCALAR_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )
    for mass in (0.5, 1.0, 2.0, 4.0):
        value = two_body_from_contact(*flavio_scalar(OURS, mass**2, vector=True), mass**2)
        record(
            "flavio",
            f"B0->K*0H1({mass:g})",
            what.format("K*", "K*"),
            "meson_decays.br_b_to_kstar_scalar",
            value,
            [*SCALAR_KEYS, "tau_B0", *BSZ_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )

    what = (
        "B -> {0} Z' extracted from flavio's dGamma/dq2 of massless leptons: helicity amplitudes with their form factors, angular "
        "coefficients and phase space are flavio's; divided by q Gamma(Z' -> l l)/pi (hazma)"
    )
    record_vectors("flavio", what, lambda *point: flavio_vector(OURS, *point), (4, 5))
    for form, mass in itertools.product(("S", "P", "A"), (0.5, 2.0)):
        record(
            "flavio",
            f"Bs->pair({form}, {mass:g})",
            "branching ratio of B_s -> l l without mixing, computed by flavio for a lepton of this mass and one operator",
            "rivals.effective.br_bs_to_pair",
            1e-16 * flavio_pair(OURS, mass, form),
            ["m_Bs", "tau_Bs", "f_Bs", *([] if form == "A" else ["m_b", "m_s"])],
            operator=f"fermion:{form}",
            m_dm=mass,
            coefficient=1e-8,
            gamma5=True,
            inputs="belle2",
        )


# ---------------------------------------------------------------------------------------------- EOS


def eos_parameters(ours: dict) -> "eos.Parameters":
    """EOS parameters with ours in their place; model WET, so that CKM and Wilson coefficients are free."""
    p = eos.Parameters()
    values = {
        "WET::G_Fermi": ours["G_F"],
        "QED::alpha_e(m_b)": 1.0 / ours["1/alpha(M_Z)"],
        "QM::hbar": HBAR,
        "CKM::abs(V_ts)": ours["|V_ts*V_tb|"],
        "CKM::abs(V_tb)": 1.0,
        "CKM::abs(V_ub)": ours["|V_ub|"],
        "decay-constant::B_u": ours["f_B"],
        "sbnunu::Re{cVL}": ours["X_t"] / ours["s_W^2"],
        "mass::b(MSbar)": ours["m_b"],
        "sbnunu::mu": ours["m_b"],
        "mass::B_u": ours["m_B+"],
        "mass::B_d": ours["m_B0"],
        "mass::K_u": ours["m_K+"],
        "mass::K_d^*": ours["m_K*0"],
        "mass::K_u^*": ours["m_K*+"],
        "mass::tau": ours["m_tau"],
        "life_time::B_u": ours["tau_B+"] * PS,
        "life_time::B_d": ours["tau_B0"] * PS,
        "mass::B_d@BSZ2015": ours["m_B0"],
        "mass::K_d^*@BSZ2015": ours["m_K*0"],
        "mass::B_s@BSZ2015": ours["BSZ15.poles"][0],
        "mass::B_s^*@BSZ2015": ours["BSZ15.poles"][1],
        "mass::B_s,1@BSZ2015": ours["BSZ15.poles"][2],
    }
    for name, value in values.items():
        p.set(name, value)
    for name, value in bsz_coefficients(ours):
        power, which = name[1:].split("_")
        p.set(f"B->K^*::alpha^{which}_{power}@BSZ2015", value)
    return p


def eos_value(p: "eos.Parameters", name: str, options: dict, **kinematics: float) -> float:
    return eos.Observable.make(name, p, eos.Kinematics(**kinematics), eos.Options(**options)).evaluate()


def eos_put_form_factors(p: "eos.Parameters", par: dict) -> float:
    """Expand flavio's HPQCD22 curves in EOS's BFW2010 basis; returns the worst relative difference.

    EOS has no chiral-logarithm factor, so it cannot hold HPQCD22 itself; 14 coefficients do at 1e-4 or better.
    """
    tag = {"form-factors": "BFW2010"}
    q2 = np.linspace(0.0, 22.9, 47)
    ours = [flavio_form_factor("B->K", par, x) for x in q2]
    target = np.array([f[which] for which in ("f+", "f0", "fT") for f in ours])
    names = [n for n in (x.name() for x in p) if n.startswith("B->K::a^f") and n.endswith("@BFW2010")]
    names.remove("B->K::a^f0_0@BFW2010")  # follows from f_0(0) = f_+(0)

    def curves() -> np.ndarray:
        return np.array([eos_value(p, f"B->K::{k}(q2)", tag, q2=x) for k in ("f_+", "f_0", "f_T") for x in q2])

    columns = []
    for name in names:
        for other in names:
            p.set(other, float(other == name))
        columns.append(curves())
    solution = np.linalg.lstsq(np.array(columns).T / target[:, None], np.ones(len(target)), rcond=None)[0]
    for name, value in zip(names, solution, strict=True):
        p.set(name, float(value))
    return float(np.abs(curves() / target - 1.0).max())


def eos_put_strange_mass(p: "eos.Parameters", ours: dict, options: dict) -> None:
    """Tune EOS's m_s(2 GeV) until its running mass at our m_b is our (unrun) m_s: rate ~ 1/(m_b - m_s)^2."""

    def rate(m_s: float) -> float:
        p.set("mass::s(2GeV)", m_s)
        return eos_value(p, "B->Knunu::dBR/dq2", options, q2=5.0)

    goal = rate(1e-12) * (ours["m_b"] / (ours["m_b"] - ours["m_s"])) ** 2
    p.set("mass::s(2GeV)", brentq(lambda m: rate(m) / goal - 1.0, 0.05, 0.3, xtol=1e-14))


def run_eos() -> None:
    p = eos_parameters(OURS)
    worst = eos_put_form_factors(p, flavio_parameters(OURS, True))
    if worst > 2e-4:
        raise RuntimeError(f"EOS holds the HPQCD22 curves only to {worst:.1e}")
    kaon = {"form-factors": "BFW2010", "model": "WET", "q": "u"}
    kstar = {"form-factors": "BSZ2015", "model": "WET", "q": "d"}

    what = "form factor, computed by EOS (BSZ2015)"
    for which in ("A0", "V", "A1", "A12", "T1", "T2", "T23"):
        name = which if which == "V" else f"{which[0]}_{which[1:]}"
        keys = BSZ_TENSOR_KEYS if which[0] == "T" else BSZ_KEYS
        for q2 in (5.0, 15.0):
            value = eos_value(p, f"B->K^*::{name}(q2)", {"form-factors": "BSZ2015"}, q2=q2)
            record("EOS", f"{which}({q2:g})", what, "form_factors.b_to_kstar", value, keys, q2=q2, which=which, source="BSZ15")

    note = "; f_+, f_0 are flavio's HPQCD22 curves re-expanded in EOS's basis (to 1e-4)"
    what = "short-distance branching ratio, sum of three flavours, computed by EOS with C_VL = X_t/s_W^2"
    keys_k = [*SM_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS]
    end_k, end_v = (OURS["m_B+"] - OURS["m_K+"]) ** 2, (OURS["m_B0"] - OURS["m_K*0"]) ** 2
    value = eos_value(p, "B->Knunu::BR", kaon, q2_min=0.0, q2_max=end_k)
    record(
        "EOS",
        "B+->K+nunu(belle2)",
        what + note,
        "standard_model.br_b_to_k_nunu",
        value,
        keys_k,
        charge="+",
        inputs="belle2",
        tau_tree=False,
    )
    for q2 in (1.0, 5.0, 10.0, 15.0, 20.0):
        value = eos_value(p, "B->Knunu::dBR/dq2", kaon, q2=q2)
        record(
            "EOS",
            f"dBR/dq2(B+->K+nunu)({q2:g})",
            what.replace("ratio", "ratio per GeV^2") + note,
            "standard_model.dbr_dq2_b_to_k_nunu",
            value,
            keys_k,
            q2=q2,
            charge="+",
            inputs="belle2",
        )
    keys_v = [*SM_KEYS, "tau_B0", *BSZ_KEYS]
    value = eos_value(p, "B->K^*nunu::BR", kstar, q2_min=0.0, q2_max=end_v)
    record("EOS", "B0->K*0nunu(belle2)", what, "standard_model.br_b_to_kstar_nunu", value, keys_v, charge="0", inputs="belle2")
    for q2 in (2.0, 10.0, 16.0):
        value = eos_value(p, "B->K^*nunu::dBR/dq2", kstar, q2=q2)
        record(
            "EOS",
            f"dBR/dq2(B0->K*0nunu)({q2:g})",
            what.replace("ratio", "ratio per GeV^2"),
            "standard_model.dbr_dq2_b_to_kstar_nunu",
            value,
            keys_v,
            q2=q2,
            charge="0",
            inputs="belle2",
        )

    value = eos_value(p, "B_u->lnu::BR", {"l": "tau", "model": "WET"}) * OURS["BR(tau->K nu)"]
    record(
        "EOS",
        "tau-tree",
        "BR(B+ -> tau nu) computed by EOS (C_VL = 1), times our BR(tau -> K nu): the narrow-tau "
        "tree-level part of B+ -> K+ nu nubar",
        "standard_model.br_b_to_k_nunu(tau_tree=True) - (tau_tree=False)",
        value,
        ["G_F", "|V_ub|", "f_B", "m_B+", "m_tau", "tau_B+", "BR(tau->K nu)"],
        charge="+",
        inputs="belle2",
    )

    # the vector operators alone: 4 G_F/sqrt2 alpha/(2 pi) V (s gamma P_L,R b)(nu gamma P_L nu)
    operator = 4.0 * OURS["G_F"] / math.sqrt(2.0) / OURS["1/alpha(M_Z)"] / (2.0 * math.pi) * OURS["|V_ts*V_tb|"]

    def eos_vector(q2: float, meson: str, axial: bool, dimension: int) -> float:
        p.set("sbnunu::Re{cVL}", -0.5 if axial else 0.5)
        p.set("sbnunu::Re{cVR}", 0.5)
        name, options = ("K", kaon) if meson == "K" else ("K^*", kstar)
        rate = eos_value(p, f"B->{name}nunu::dBR/dq2", options, q2=q2) / 3.0 / operator**2
        return vector_from_contact(rate, q2, chiral=True)

    what = (
        "B -> {0} Z' extracted from EOS's dBR/dq2 of B -> {0} nu nu by C_VL and C_VR: hadronic matrix element and phase space are "
        "EOS's; divided by q Gamma(Z' -> nu nu)/pi (hazma, for one chirality)"
    )
    record_vectors("EOS", what + note, eos_vector, (4,))
    p.set("sbnunu::Re{cVR}", 0.0)

    # the scalar operator alone: 4 G_F/sqrt2 alpha/(2 pi) V (s P_R b)(nu^c P_L nu), three flavours in EOS's sum
    p.set("sbnunu::Re{cVL}", 0.0)
    p.set("sbnunu::Re{cSR}", 1.0)
    eos_put_strange_mass(p, OURS, kaon)
    what = (
        "B -> {} S extracted from EOS's dBR/dq2 of B -> {} nu nu by C_SR alone: hadronic matrix element and phase space "
        "are EOS's; divided by q Gamma(S -> l l)/pi (hazma; the same for (nu^c P_L nu) with identical neutrinos)"
    )
    for mass in (0.5, 1.0, 2.0, 4.0):
        rate = eos_value(p, "B->Knunu::dBR/dq2", kaon, q2=mass**2) / 3.0
        record(
            "EOS",
            f"B+->K+H1({mass:g})",
            what.format("K", "K") + note,
            "meson_decays.br_b_to_k_scalar",
            two_body_from_contact(rate, operator, mass**2),
            [*SCALAR_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )
        rate = eos_value(p, "B->K^*nunu::dBR/dq2", kstar, q2=mass**2) / 3.0
        record(
            "EOS",
            f"B0->K*0H1({mass:g})",
            what.format("K*", "K*"),
            "meson_decays.br_b_to_kstar_scalar",
            two_body_from_contact(rate, operator, mass**2),
            [*SCALAR_KEYS, "tau_B0", *BSZ_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )


# -------------------------------------------------------------------------------------------- hazma


def configure_hazma(ours: dict) -> None:
    """Put our numbers (in MeV) over the constants that hazma's modules import by name."""
    hazma_mesons.mB, hazma_mesons.mk = ours["m_B+"] * MEV, ours["m_K+"] * MEV
    hazma_mesons.mkl = ours["m_K0"] * MEV
    hazma_mesons.mpi, hazma_mesons.mpi0 = ours["m_pi+"] * MEV, ours["m_pi0"] * MEV
    hazma_mesons.mbq, hazma_mesons.msq = ours["m_b"] * MEV, ours["m_s"] * MEV
    hazma_mesons.mdq = 0.0
    hazma_mesons.mtq = ours["m_t"] * MEV
    hazma_mesons.GF = ours["G_F"] / MEV**2
    hazma_mesons.vh = hazma_widths.vh = VEV * MEV
    hazma_widths.mmu = hazma_vector.mmu = ours["m_mu"] * MEV
    hazma_widths.me = hazma_vector.me = ours["m_e"] * MEV
    hazma_mesons.Vtb = 1.0 + 0.0j
    hazma_mesons.Vts = complex(ours["|V_ts*V_tb|"])


def hazma_scalar(
    m_s: float, sin_theta: float = 0.0, m_x: float = 1.0, g_x: float = 0.0
) -> hazma.scalar_mediator.ScalarMediator:
    """hazma's scalar mediator of mass m_s (GeV) that couples like sin(theta) times the Higgs boson."""
    return hazma.scalar_mediator.ScalarMediator(
        mx=m_x * MEV, ms=m_s * MEV, gsxx=g_x, gsff=sin_theta, gsGG=0.0, gsFF=0.0, lam=VEV * MEV
    )


def hazma_mediator(
    mass: float, invisible: float = 0.0, muon: float = 0.0, electron: float = 0.0
) -> hazma.vector_mediator.VectorMediator:
    """hazma's vector mediator of a mass in GeV, with couplings to a massless Dirac fermion and to leptons."""
    return hazma.vector_mediator.VectorMediator(
        mx=0.0, mv=mass * MEV, gvxx=invisible, gvuu=0.0, gvdd=0.0, gvss=0.0, gvee=electron, gvmumu=muon
    )


def kaon_arguments(mass: float, ckm: str) -> dict:
    """Arguments of a K -> pi S record: y_sd sin(theta) S (s P_R d), and the b -> s coupling of the same loop."""
    loop = 3.0 * math.sqrt(2.0) * OURS["G_F"] * OURS["m_t"] ** 2 / (16.0 * math.pi**2 * VEV)
    return {
        "m_scalar": mass,
        "sin_theta": BENCHMARK["sin_theta"],
        "m_t": OURS["m_t"],
        "y_sd/m_s": float(f"{loop * OURS[ckm]:.7e}"),
        "kappa": float(f"{loop * OURS['|V_ts*V_tb|'] * OURS['m_b']:.7e}"),
        "inputs": "belle2",
    }


def polarisation_sum(k1: np.ndarray, k2: np.ndarray, mass: float) -> float:
    """Sum over polarisations of |e1* . e2*|^2 for two vector bosons, contracted numerically."""
    metric = np.diag([1.0, -1.0, -1.0, -1.0])
    first, second = (-metric + np.outer(k, k) / mass**2 for k in (k1, k2))
    return float(np.einsum("ab,cd,ac,bd", first, second, metric, metric))


def vector_pair(q: float, mass: float) -> float:
    """The sum above for a pair of invariant mass q, in its rest frame."""
    momentum = math.sqrt(0.25 * q * q - mass * mass)
    forward, backward = (np.array([0.5 * q, 0.0, 0.0, sign * momentum]) for sign in (1.0, -1.0))
    return polarisation_sum(forward, backward, mass)


def run_hazma() -> None:
    configure_hazma(OURS)
    sin_theta = BENCHMARK["sin_theta"]
    par_k = flavio_parameters(OURS, True)
    tau_b = OURS["tau_B+"] * PS / HBAR

    # kappa is twice hazma's h_sb; hazma writes m_b + m_s for the m_b in it, so m_s is zero for this number
    hazma_mesons.msq = 0.0
    f_0 = 0.33 / (1.0 - (1.0 * MEV) ** 2 / 38.0e3**2)
    full = TwoBody(OURS["m_B+"], (OURS["m_K+"], 1.0), lambda z: 1.0).integrate()[0] / (2.0 * OURS["m_B+"])
    amplitude = 0.5 * (OURS["m_B+"] ** 2 - OURS["m_K+"] ** 2) / OURS["m_b"] * f_0
    for key in ("m_t(MSbar)", "m_t"):  # the pole mass last: it stays
        hazma_mesons.mtq = OURS[key] * MEV
        kappa = math.sqrt(hazma_scalar(1.0, 1.0).width_B_k_s() / MEV / full) / amplitude
        record(
            "hazma",
            f"kappa({key})",
            "penguin coupling inside hazma's Gamma(B -> K S): its width divided by hazma's "
            "two-body phase space and by <K|s P_R b|B> with hazma's own f_0; hazma's m_b + m_s is set to m_b",
            "kappa = 3 sqrt2 G_F m_t^2 |V_ts* V_tb| m_b/(16 pi^2 v)",
            kappa,
            [key, "G_F", "|V_ts*V_tb|", "m_b", "m_B+", "m_K+"],
            m_t=OURS[key],
            inputs="belle2",
        )

    hazma_mesons.msq = OURS["m_s"] * MEV
    # hazma's coupling carries m_b + m_s; the CKM product is scaled so that the coupling is our kappa
    hazma_mesons.Vts = complex(OURS["|V_ts*V_tb|"] * KAPPA / kappa * OURS["m_b"] / (OURS["m_b"] + OURS["m_s"]))
    what = (
        "Gamma(B -> K S) computed by hazma; its coupling is set to our kappa, and its hard-coded form factor "
        "0.33/(1 - m^2/(38 GeV)^2) is replaced by flavio's HPQCD22 f_0"
    )
    for mass in (0.5, 1.0, 2.0, 4.0):
        theirs = 0.33 / (1.0 - mass**2 / 38.0**2)
        ratio = flavio_form_factor("B->K", par_k, mass**2)["f0"] / theirs
        value = hazma_scalar(mass, sin_theta).width_B_k_s() / MEV * tau_b * ratio**2
        record(
            "hazma",
            f"B+->K+H1({mass:g})",
            what,
            "meson_decays.br_b_to_k_scalar",
            value,
            [*SCALAR_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )

    for channel, ckm, mass_name, tau_name in (
        ("K+->pi+", "|V_ts*V_td|", "m_pi+", "tau_K+"),
        ("KL->pi0", "Re(V_ts*V_td)", "m_pi0", "tau_KL"),
    ):
        neutral = channel == "KL->pi0"
        # hazma takes the imaginary part for K_L; for a scalar it is the real part that decays, so ours goes there
        hazma_mesons.Vts = 1.0 + 0.0j
        hazma_mesons.Vtd = OURS[ckm] * (1.0j if neutral else 1.0)
        for mass in (0.001, 0.1, 0.2, 0.3):
            model = hazma_scalar(mass, sin_theta * OURS["f_0^Kpi(0)"])
            width = model.width_kl_pi0_s() if neutral else model.width_k_pi_s()
            note = " (hazma projects on Im; our Re(V_ts* V_td) is put there)" if neutral else ""
            record(
                "hazma",
                f"{channel}H1({mass:g})",
                f"Gamma(K -> pi S) computed by hazma with m_t and the CKM product, "
                f"m_d = 0; its form factor 1 is multiplied by our constant f_0(0){note}",
                "meson_decays.br_kl_to_pi0_scalar" if neutral else "meson_decays.br_k_to_pi_scalar",
                width / MEV * OURS[tau_name] / HBAR,
                ["G_F", "m_t", ckm, "f_0^Kpi(0)", "m_K0" if neutral else "m_K+", mass_name, tau_name],
                **kaon_arguments(mass, ckm),
            )
    run_hazma_widths(sin_theta)
    run_hazma_hadrons()
    run_hazma_three_body(sin_theta)


def run_hazma_widths(sin_theta: float) -> None:
    for mass in (0.3, 1.0):
        record(
            "hazma",
            f"H1->mumu({mass:g})",
            "width in GeV, computed by hazma",
            "widths: H1 -> mu mu",
            hazma_scalar(mass, sin_theta).width_s_to_ff("mu") / MEV,
            ["m_mu", "G_F"],
            m_h1=mass,
            sin_theta=sin_theta,
        )
    g_x, m_zp = 5.0e-4, 0.0115

    record(
        "hazma",
        "Zp->nunu",
        "width in GeV, computed by hazma: one massless Dirac fermion, which equals two left-handed neutrinos (mu and tau)",
        "widths: Z' -> nu nubar",
        hazma_mediator(m_zp, g_x).width_v_to_xx() / MEV,
        [],
        m_zp=m_zp,
        g_x=g_x,
    )
    record(
        "hazma",
        "Zp->mumu",
        "width in GeV, computed by hazma",
        "widths: Z' -> mu mu",
        hazma_mediator(0.3, muon=g_x).width_v_to_ff("mu") / MEV,
        ["m_mu"],
        m_zp=0.3,
        g_x=g_x,
    )
    coupling = g_x / 70.0 * math.sqrt(4.0 * math.pi / OURS["1/alpha(0)"])
    record(
        "hazma",
        "Zp->ee",
        "width in GeV, computed by hazma, for the electron coupling e*epsilon that is given",
        "widths: Z' -> e e",
        hazma_mediator(m_zp, electron=coupling).width_v_to_ff("e") / MEV,
        ["m_e", "1/alpha(0)"],
        m_zp=m_zp,
        epsilon=g_x / 70.0,
    )

    v_phi, coupling, m_h1, m_x = 23.0, 0.2, 2.0, 0.5
    what = "width in GeV: hazma's two-body phase space over our tree-level amplitude {}"
    width = TwoBody(m_h1, (m_x, m_x), lambda z: (coupling * v_phi) ** 2).integrate()[0] / (2.0 * m_h1)
    record(
        "hazma",
        "H1->XX",
        what.format("lambda v_Phi"),
        "widths: H1 -> X Xbar",
        width,
        [],
        m_h1=m_h1,
        m_x=m_x,
        lambda_phi_x=coupling,
        v_phi=v_phi,
    )
    for mass in (0.0115, 0.6):
        square = (2.0 * mass**2 / v_phi) ** 2 * vector_pair(m_h1, mass)
        width = 0.5 * TwoBody(m_h1, (mass, mass), lambda z, s=square: s).integrate()[0] / (2.0 * m_h1)
        record(
            "hazma",
            f"H1->ZpZp({mass:g})",
            what.format("2 m_Z'^2/v_Phi e1*.e2*, polarisations summed numerically"),
            "widths: H1 -> Z' Z'",
            width,
            [],
            m_h1=m_h1,
            m_zp=mass,
            v_phi=v_phi,
        )

    m_x, m_h1, m_zp, v_rel = 0.05, 0.3, 0.0115, 1.0e-2
    # relative velocity of colliding beams, v_rel = 2 p/E
    energy = m_x / math.sqrt(1.0 - 0.25 * v_rel**2)
    s = 4.0 * energy**2
    square = (coupling * v_phi / (s - m_h1**2) * 2.0 * m_zp**2 / v_phi) ** 2 * vector_pair(math.sqrt(s), m_zp)
    value = 0.5 * TwoBody(math.sqrt(s), (m_zp, m_zp), lambda z: square).integrate()[0]
    value *= cross_section_prefactor(m_x, m_x, math.sqrt(s)) * v_rel
    record(
        "hazma",
        "XX->H1->ZpZp",
        "sigma v in GeV^-2 of the H1 exchange alone at the given v_rel = 2p/E: hazma's flux and "
        "two-body phase space over our tree-level amplitude, polarisations summed numerically; zero width, no "
        "mixing (cos theta = 1, no H2), no gauge amplitude (Q_X = 0)",
        "relic.sigma_v",
        value,
        [],
        m_x=m_x,
        m_h1=m_h1,
        m_zp=m_zp,
        v_phi=v_phi,
        lambda_phi_x=coupling,
        v_rel=v_rel,
        channel="Z'Z'",
    )


def run_hazma_hadrons() -> None:
    """Hadronic width of a vector with kinetic mixing, over that of massless muons.

    hazma integrates three and four hadrons by Monte Carlo with numbers of its own, which get a seed here. Their errors are 1 %.
    """
    leptons = ("e e", "mu mu", "ve ve", "vm vm", "vt vt", "x x")
    epsilon, generator = 1e-3, np.random.default_rng
    np.random.default_rng = lambda seed=None: generator(1 if seed is None else seed)
    for m in (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.77, 0.7826, 0.8, 0.9, 1.0, 1.02, 1.1, 1.3, 1.5):
        model = KineticMixingGeV(mx=1e3 * MEV, mv=m * MEV, gvxx=0.0, eps=epsilon)
        width = sum(part for name, part in model.partial_widths().items() if name not in leptons)
        record(
            "hazma",
            f"R({m:g})",
            "sum of the hadronic partial widths of KineticMixingGeV, computed by hazma with its own form factors, over "
            "(e epsilon)^2 m/(12 pi) with its own e",
            "rivals.long_lived.r_ratio",
            width / ((hazma.parameters.qe * epsilon) ** 2 * m * MEV / (12.0 * math.pi)),
            [],
            m=m,
        )
    np.random.default_rng = generator


def run_hazma_three_body(sin_theta: float) -> None:
    """B -> K X Xbar and K Z'Z' below a heavy H1: hazma integrates the three-body phase space."""
    v_phi, coupling, m_h1, m_x, m_zp = 23.0, 0.2, 6.0, 0.5, 0.0115
    m_b, m_k, m_h = OURS["m_B+"], OURS["m_K+"], OURS["m_h"]
    par_k = flavio_parameters(OURS, True)
    tau_b = OURS["tau_B+"] * PS / HBAR

    def penguin(s: float) -> float:
        f_0 = flavio_form_factor("B->K", par_k, s)["f0"]
        matrix = 0.5 * (m_b**2 - m_k**2) / (OURS["m_b"] - OURS["m_s"]) * f_0
        return KAPPA * sin_theta * matrix * (1.0 / (s - m_h1**2) - 1.0 / (s - m_h**2))

    def to_x(s: float, t: float) -> float:
        return (penguin(s) * coupling * v_phi) ** 2

    def to_zp(s: float, t: float) -> float:
        # identical particles: 1/2
        return 0.5 * (penguin(s) * 2.0 * m_zp**2 / v_phi) ** 2 * vector_pair(math.sqrt(s), m_zp)

    keys = [*SCALAR_KEYS, "m_B+", "m_K+", "m_h", "tau_B+", *HPQCD_KEYS]
    for label, mass, square in (("XX", m_x, to_x), ("ZpZp", m_zp, to_zp)):
        # scaled to order one, because the default absolute tolerance of hazma's quadrature is 1e-8
        scale = square(10.0, 0.0)
        integral = ThreeBody(m_b, (m_k, mass, mass), lambda s, t, f=square, c=scale: f(s, t) / c).integrate(
            method="quad", epsrel=1e-6
        )[0]
        record(
            "hazma",
            f"B+->K+{label}",
            "three-body branching ratio through off-shell H1 and H2 (zero width, valid for "
            "this m_h1): hazma's three-body phase space over our tree-level amplitude with flavio's f_0",
            f"meson_decays.br_b_to_k_invisible, part {label}",
            integral * scale / (2.0 * m_b) * tau_b,
            keys,
            m_h1=m_h1,
            m_x=m_x,
            m_zp=m_zp,
            v_phi=v_phi,
            lambda_phi_x=coupling,
            inputs="belle2",
            **BENCHMARK,
        )


class Relic:
    """A particle as hazma's Boltzmann equation wants it: a mass and a thermal average, in MeV.

    The average of W(s) is by adaptive quadrature between the `splits` of sqrt(s), at 160 values of x, with a spline in the
    logarithms between them: hazma's own integral over sqrt(s) ends at 50 T, below 2 m for x above 25.
    """

    def __init__(self, mass: float, rate, splits: tuple[float, ...]) -> None:
        self.mx = mass * MEV
        edges = [0.0, *sorted(split / mass - 2.0 for split in splits if split > 2.0 * mass), 25.0]
        log_x = np.linspace(0.0, math.log(1e6), 160)

        def average(x: float) -> float:
            def integrand(t: float, low: float, high: float) -> float:
                # dense at the lower end
                e = low + (high - low) * t**4
                kernel = k1e(x * (2.0 + e)) * math.exp(-x * e) * 4.0 * t**3 * (high - low)
                return rate((mass * (2.0 + e)) ** 2) * math.sqrt(e * (4.0 + e)) * (2.0 + e) * kernel

            # 60 T beyond the lower end nothing is left
            pieces = [(a, min(b, a + 60.0 / x)) for a, b in itertools.pairwise(edges)]
            total = sum(quad(integrand, 0.0, 1.0, piece, epsabs=0.0, epsrel=1e-9, limit=500)[0] for piece in pieces)
            return x / (8.0 * mass**2 * kve(2, x) ** 2) * total

        logs = np.log([max(average(x), 1e-200) for x in np.exp(log_x)])
        self.table = CubicSpline(log_x, logs)

    def thermal_cross_section(self, x: float) -> float:
        return math.exp(self.table(math.log(x))) / MEV**2


def configure_hazma_relic() -> None:
    """Our degrees of freedom, Planck mass and temperature today."""
    table = np.loadtxt(DATA / "gstar.csv", delimiter=",")
    log_t = np.log(table[:, 0] * MEV)
    g_rho, g_s = (CubicSpline(log_t, table[:, i]) for i in (1, 2))

    def clipped(T: float) -> float:
        return np.clip(np.log(T), log_t[0], log_t[-1])

    hazma_thermal._sm_heff = lambda T: g_s(clipped(T))
    hazma_thermal._sm_sqrt_gstar = lambda T: (
        (g_s(clipped(T)) + g_s(clipped(T), 1) * (np.log(T) > log_t[0]) / 3.0) / np.sqrt(g_rho(clipped(T)))
    )
    planck = OURS["M_Pl"] * MEV
    hazma_boltzmann.plank_mass = planck
    temperature = OURS["T_CMB"] * 1e-6
    hazma_relic.sm_entropy_density_today = 2.0 * math.pi**2 / 45.0 * table[0, 2] * temperature**3
    hubble = 100.0 * 1e5 / OURS["Mpc"] * HBAR * MEV
    hazma_relic.rho_crit = 3.0 / (8.0 * math.pi) * (hubble * planck) ** 2


def run_hazma_relic() -> None:
    """Numerical Boltzmann equation of hazma, self-conjugate with two states, over rates that are given by a formula."""
    configure_hazma_relic()
    pole, width = 0.0405, 1e-4
    light, heavy = 0.02, 0.023
    m_x, m_h1, m_zp, v_phi, coupling = 0.05, 0.3, 0.0115, 23.0, 0.005

    def portal(s: float) -> float:
        r = m_zp**2 / s
        pair = math.sqrt(1.0 - 4.0 * r) * (1.0 - 4.0 * r + 12.0 * r**2)
        cuts = s**2 / (32.0 * math.pi * v_phi**2) * pair
        cuts += (coupling * v_phi) ** 2 / (16.0 * math.pi) * math.sqrt(max(1.0 - 4.0 * m_x**2 / s, 0.0))
        return (coupling * s) ** 2 / ((s - m_h1**2) ** 2 + cuts**2) / (16.0 * math.pi) * pair

    def resonance(s: float) -> float:
        return 1e-18 * s / ((s - pole**2) ** 2 + (pole * width) ** 2)

    def forbidden(s: float) -> float:
        return 1e-8 * math.sqrt(max(1.0 - 4.0 * heavy**2 / s, 0.0))

    narrow = tuple(m_h1 + k * 1e-5 for k in (-1e3, -1e2, -10, -1, 1, 10, 1e2, 1e3))
    line = tuple(pole + k * width for k in (-30, -3, 0, 3, 30))
    cases = (
        ("s-wave", 0.1, lambda s: 4e-9 * s, (), {"a": 4e-9}),
        ("s-wave", 10.0, lambda s: 2e-9 * s, (), {"a": 2e-9}),
        ("p-wave", 0.03, lambda s: 4e-8 * (s - 4.0 * 0.03**2), (), {"b": 1e-8}),
        ("resonance", light, resonance, line, {"strength": 1e-18, "pole": pole, "width": width}),
        ("threshold", light, forbidden, (2.0 * heavy,), {"strength": 1e-8, "heavy": heavy}),
        ("H1->ZpZp", m_x, portal, narrow, {"m_h1": m_h1, "m_zp": m_zp, "v_phi": v_phi, "lambda_phi_x": coupling}),
    )
    for name, mass, rate, splits, arguments in cases:
        value = hazma_relic.relic_density(Relic(mass, rate, splits), semi_analytic=False, xf=1e6, rtol=1e-9, atol=1e-9)
        record(
            "hazma",
            f"Omega({name}, {mass:g})",
            "Omega h^2 from hazma's numerical Boltzmann equation (self-conjugate, two states) with our g_rho and g_s in a spline; "
            "the thermal average of the given W(s) is by quad, because hazma's own ends at sqrt(s) = 50 T",
            "relic.omega_h2",
            value,
            ["M_Pl", "T_CMB", "Mpc"],
            case=name,
            mass=mass,
            **arguments,
        )


# ------------------------------------------------------------------------------------------- ALPaca


def run_alpaca() -> None:
    """Two-body rates with a flavour-changing derivative coupling, which on shell is a scalar coupling.

    (d_mu a/f_a) s gamma^mu (c_V + c_A gamma_5)/2 b is, by the equations of motion, (c_V/2 f_a)(m_b - m_s) a s b
    and (c_A/2 f_a)(m_b + m_s) a s gamma_5 b: so c_V/f_a = kappa sin(theta)/(m_b - m_s) and so on.
    """
    f_a, sin_theta = 1.0e3, BENCHMARK["sin_theta"]
    par_k, par_v = flavio_parameters(OURS, True), flavio_parameters(OURS, False)
    constants = {
        "mB": OURS["m_B+"],
        "mB0": OURS["m_B0"],
        "mK": OURS["m_K+"],
        "mKL": OURS["m_K0"],
        "mKst0": OURS["m_K*0"],
        "mpi_pm": OURS["m_pi+"],
        "mpi0": OURS["m_pi0"],
        "GammaB": HBAR / (OURS["tau_B+"] * PS),
        "GammaK": HBAR / OURS["tau_K+"],
        "GammaKL": HBAR / OURS["tau_KL"],
    }
    for name, value in constants.items():
        setattr(alpaca.constants, name, value)
    alpaca.common.f0_BK = lambda q2: flavio_form_factor("B->K", par_k, q2)["f0"]
    alpaca.common.A0_BKst = lambda q2: flavio_form_factor("B->K*", par_v, q2)["A0"]

    def couplings(row: int, column: int, right: complex, left: complex) -> ALPcouplings:
        matrices = {}
        for name, value in (("cdR", right), ("cdL", left)):
            matrix = np.zeros((3, 3), dtype=complex)
            matrix[row, column], matrix[column, row] = value, np.conj(value)
            matrices[name] = matrix
        return ALPcouplings(matrices, scale=OURS["m_b"], basis="RL_below")

    what = (
        "two-body rate computed by ALPaca with a derivative coupling, equal on shell to our scalar coupling; "
        "its form factor is set to flavio's {}"
    )
    vector = KAPPA * sin_theta / (OURS["m_b"] - OURS["m_s"]) * f_a / 2.0
    axial = KAPPA * sin_theta / (OURS["m_b"] + OURS["m_s"]) * f_a / 2.0
    for mass in (0.5, 2.0, 4.0):
        value = alpaca_mesons.brBplusKa(mass, couplings(1, 2, vector, vector), f_a, integrator="no_rge")
        record(
            "ALPaca",
            f"B+->K+H1({mass:g})",
            what.format("HPQCD22 f_0"),
            "meson_decays.br_b_to_k_scalar",
            value,
            [*SCALAR_KEYS, "m_B+", "m_K+", "tau_B+", *HPQCD_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )
        value = alpaca_mesons.B0toKsta(mass, couplings(1, 2, axial, -axial), f_a, integrator="no_rge")
        record(
            "ALPaca",
            f"B0->K*0H1({mass:g})",
            what.format("BSZ15 A_0"),
            "meson_decays.br_b_to_kstar_scalar",
            value * OURS["tau_B0"] * PS / HBAR,
            [*SCALAR_KEYS, "tau_B0", *BSZ_KEYS],
            m_scalar=mass,
            inputs="belle2",
            **BENCHMARK,
        )

    # y_sd/(m_s - m_d) -> 3 sqrt2 G_F m_t^2 V/(16 pi^2 v), with m_d = 0
    loop = 3.0 * math.sqrt(2.0) * OURS["G_F"] * OURS["m_t"] ** 2 / (16.0 * math.pi**2 * VEV)
    what = (
        "two-body rate computed by ALPaca with a derivative coupling, equal on shell to our scalar coupling{}; "
        "its form factor 1 is multiplied by our constant f_0(0), m_d = 0"
    )
    for mass in (0.05, 0.2):
        strength = loop * sin_theta * OURS["f_0^Kpi(0)"] * f_a / 2.0
        charged = OURS["|V_ts*V_td|"] * strength
        value = alpaca_mesons.Kplustopia(mass, couplings(0, 1, charged, charged), f_a, integrator="no_rge")
        record(
            "ALPaca",
            f"K+->pi+H1({mass:g})",
            what.format(""),
            "meson_decays.br_k_to_pi_scalar",
            value,
            ["G_F", "m_t", "|V_ts*V_td|", "f_0^Kpi(0)", "m_K+", "m_pi+", "tau_K+"],
            **kaon_arguments(mass, "|V_ts*V_td|"),
        )
        neutral = 1.0j * OURS["Re(V_ts*V_td)"] * strength
        value = alpaca_mesons.KLtopia(mass, couplings(0, 1, neutral, neutral), f_a, integrator="no_rge")
        record(
            "ALPaca",
            f"KL->pi0H1({mass:g})",
            what.format(" (a real scalar coupling is an imaginary derivative one)"),
            "meson_decays.br_kl_to_pi0_scalar",
            value,
            ["G_F", "m_t", "Re(V_ts*V_td)", "f_0^Kpi(0)", "m_K0", "m_pi0", "tau_KL"],
            **kaon_arguments(mass, "Re(V_ts*V_td)"),
        )


# ------------------------------------------------------------- neutrinos on electrons and on nuclei


def run_sntools() -> None:
    """Neutrino-electron cross-sections with radiative corrections, which our tree level lacks."""
    energy, m_e = OURS["E_7Be"], OURS["m_e"] * MEV
    end = 2.0 * energy**2 / (m_e + 2.0 * energy)
    what = (
        "cross-section of a 7Be neutrino on an electron, integrated over sntools' dSigma_dE with its own couplings and its radiative "
        "corrections (Bahcall et al. 1995); its Cherenkov threshold is lifted"
    )
    sntools_electrons.mE = m_e
    for flavour, name in (("e", "e"), ("x", "mu")):
        channel = sntools_electrons.Channel(flavour)
        channel.eE_min = m_e
        for t_min in (0.0, OURS["borexino.t_min"]):
            low, high = max(t_min, 1e-6), end * (1.0 - 1e-9)  # its logarithms diverge at both ends
            value = quad(lambda t, channel=channel: channel.dSigma_dE(energy, m_e + t), low, high, epsrel=1e-8, limit=200)[0]
            record(
                "sntools",
                f"nu_{name} e({t_min:g})",
                what,
                "borexino.cross_section",
                value * MEV**2,
                ["E_7Be", "m_e", "borexino.t_min"],
                flavour=name,
                t_min=t_min / MEV,
            )


def run_solar() -> None:
    what = "explicit spinors, loops integrated, three rotations: tests/solar_full.py"
    for name in ("A", "A10", "B"):
        m, g = OURS[f"benchmark.{name}.m_zp"] / MEV, OURS[f"benchmark.{name}.g_x"]
        value = solar_full.ratio(m, g)
        record("solar_full", f"R({name})", what, "borexino.ratio", value, solar_full.KEYS, m_zp=m, g_x=g)
    for index, name in enumerate(("e", "mu")):
        value = solar_full.rate({index: 1.0}, t_min=0.0)
        record("solar_full", f"nu_{name} e", what, "borexino.cross_section", value, solar_full.KEYS, flavour=name)


def run_trident() -> None:
    what = "coherent 2 -> 4 matrix element, Monte Carlo over seven variables: tests/trident_full.py"
    c_v, c_a = 0.5 + 2.0 * OURS["s_W^2"], 0.5
    for experiment, target in (("CCFR", "Fe"), ("CHARM-II", "glass")):
        energy = OURS[f"trident.{experiment}.energy"]
        used = ["G_F", "s_W^2", "1/alpha(0)", "m_mu", "trident.skin", f"trident.{experiment}.energy"]
        used += [f"trident.{target}.{key}" for key in ("charge", "radius", "number")]
        full = {key: value for key, (value, _) in trident_full.integrate(energy, target, 17, 16).items()}
        standard = c_v**2 * full["V"] + c_a**2 * full["A"]
        parts = {
            "sm": (standard, {}),
            "vector": (full["V"], {"c_v": 1.0, "c_a": 0.0}),
            "axial": (full["A"], {"c_v": 0.0, "c_a": 1.0}),
        }
        for name, (value, couplings) in parts.items():
            label = f"{name}({target})"
            record("trident_full", label, what, "trident.cross_section", value, used, energy=energy, target=target, **couplings)
        for m in trident_full.MASSES:
            one = 2.0 * c_v * full[f"V1({m})"] / (math.sqrt(2.0) * OURS["G_F"]) / standard
            two = full[f"V2({m})"] / (2.0 * OURS["G_F"] ** 2) / standard
            for name, value in (("interference", one), ("squared", two)):
                label = f"{name}({target}, {m:g})"
                quantity = f"trident.components: {name} over sm"
                record("trident_full", label, what, quantity, value, used, m_zp=m, energy=energy, target=target)
            # the positive root of two g^4 + one g^2 = room, as the limit is defined
            ratio = 0.82 + 1.96 * 0.28 if experiment == "CCFR" else 1.58 + 1.96 * 0.57
            square = (math.sqrt(one**2 + 4.0 * two * (ratio - 1.0)) - one) / (2.0 * two)
            label = f"limit({experiment}, {m:g})"
            record(
                "trident_full", label, what, "trident.coupling_limit", math.sqrt(square), used, m_zp=m, experiment=experiment
            )


# --------------------------------------------------------------------------------------------- pyhf


_EXCLUDED = 1.3e-5


def run_pyhf() -> None:
    """Fits of exported likelihoods, by the lines that the book prints for its readers."""
    sys.path.append(str(HERE.parents[1] / "lib"))
    from darkhiggs import belle2

    page = (HERE.parents[1] / "book/own_model.md").read_text(encoding="utf-8")
    (lines,) = [block for block in re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M) if "pyhf" in block]
    unit = 1e-5
    used = ["belle2.n_bplus", "belle2.ITA.observed", "belle2.ITA.signal", "belle2.HTA.observed", "belle2.HTA.signal"]
    what = "fit by pyhf of the likelihood that Likelihood.workspace exports"
    for make, arguments in (
        ("line", {"m_x": 2.0}),
        ("three_body", {"m_x": 0.5, "current": "vector"}),
    ):
        spectrum = getattr(belle2.Spectrum, make)(**arguments)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("own_model.json").write_text(json.dumps(belle2.Likelihood().workspace(spectrum, unit)), encoding="utf-8")
            exec(lines, scope := {})
        model, data = scope["model"], scope["data"]
        # -2 ln L of a model that meets every count and every auxiliary measurement
        counts = data[: len(data) - len(model.config.auxdata)]
        poisson = sum(n * math.log(n) - n - math.lgamma(n + 1.0) for n in counts if n)
        start = np.array(model.config.suggested_init())
        saturated = -2.0 * (poisson + float(model.constraint_logpdf(np.array(model.config.auxdata), start)))
        found = {
            "fit_rate.rate": unit * scope["mu"],
            "fit_rate.chi2": float(scope["twice_nll"]) - saturated,
        }
        for name, value in found.items():
            label = f"{name}({make}, {arguments['m_x']:g})"
            record("pyhf", label, what, f"belle2.Likelihood.{name}", value, used, spectrum=make, **arguments)
        if make == "line":
            # some minutes: the level at which pyhf excludes a rate; the library is asked for the rate that it excludes there
            level = 1.0 - float(scope["pyhf"].infer.hypotest(_EXCLUDED / unit, data, model))
            label, quantity = f"upper_limit({make}, {arguments['m_x']:g})", "belle2.Likelihood.upper_limit"
            record("pyhf", label, what, quantity, _EXCLUDED, used, cl=round(level, 7), spectrum=make, **arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-o", "--output", type=Path, default=HERE.parents[1] / "book/data/independent.json", help="file to write"
    )
    output = parser.parse_args().output
    run_flavio()
    run_eos()
    run_hazma()
    run_hazma_relic()
    run_alpaca()
    run_sntools()
    run_solar()
    run_trident()
    run_pyhf()
    names = [entry["id"] for entry in records]
    if len(set(names)) != len(names) or not all(math.isfinite(entry["value"]) for entry in records):
        raise RuntimeError("an id is there twice, or a value is not finite")
    used = sorted({key for entry in records for key in entry["inputs"]})
    result = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {code: metadata.version(package) for code, package in CODES.items()}
        | {code: f"(tests/{code}.py, scipy {metadata.version('scipy')})" for code in SECOND_METHODS},
        # what was put in: a test can see without these codes that an input has moved since
        "inputs": {"belle2": {k: OURS[k] for k in used}, "pdg2026": {k: OURS_PDG[k] for k in used}},
        "values": records,
    }
    head = json.dumps({k: v for k, v in result.items() if k != "values"}, indent=1)
    lines = ",\n".join(json.dumps(entry) for entry in records)  # one value a line, so that a change is one line
    output.write_text(f'{head[:-2]},\n "values": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{len(records)} values from {len(CODES)} codes and {len(SECOND_METHODS)} second methods -> {output}")


if __name__ == "__main__":
    main()
