"""Coherent trident production, nu_mu N -> nu_mu N mu+ mu-, from the full 2 -> 4 matrix element.

It imports nothing of `darkhiggs` and shares no formula with it: no equivalent photons, no structure functions, but
the two Feynman diagrams with explicit Dirac matrices in the field of a charge at rest, integrated over all seven
variables with scrambled Sobol points. It reads the inputs from lib/darkhiggs/data and prints the numbers that
tests/test_trident.py holds the library against. About a minute and a half for the numbers there; fewer points are a quick look.

    .venv/bin/python tests/trident_full.py [--points 17] [--replicas 16]
"""

import argparse
import tomllib
from pathlib import Path

import numpy as np
from scipy.stats import qmc

DATA = Path(__file__).resolve().parents[1] / "lib" / "darkhiggs" / "data"
INPUTS = {
    k: v["value"] for path in sorted(DATA.glob("*.toml")) for k, v in tomllib.loads(path.read_text()).items() if "value" in v
}
HBAR_C = INPUTS["hbar"] * INPUTS["c"] * 1e13  # GeV fm
G_F, ALPHA, M = INPUTS["G_F"], 1.0 / INPUTS["1/alpha(0)"], INPUTS["m_mu"]
SKIN = INPUTS["trident.skin"] / HBAR_C
PROTON = 0.71  # GeV^2, dipole form factor of the proton
MASSES = (0.0115, 0.1, 2.0, 1000.0)
K2_MIN = 1e-12

# Dirac matrices in the chiral basis
_PAULI = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)
_METRIC = np.array([1.0, -1.0, -1.0, -1.0])
GAMMA = np.zeros((4, 4, 4), dtype=complex)
for _i in range(4):
    GAMMA[_i, :2, 2:] = _PAULI[_i]
    GAMMA[_i, 2:, :2] = _PAULI[_i] * (1 if _i == 0 else -1)
GAMMA5 = np.diag([-1.0, -1.0, 1.0, 1.0]).astype(complex)
ONE = np.eye(4)


def slash(v: np.ndarray) -> np.ndarray:
    return np.einsum("ni,iab->nab", v * _METRIC, GAMMA)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b * _METRIC, axis=-1)


def charge_squared(q2: np.ndarray, target: str, incoherent: bool) -> np.ndarray:
    """Mean of Z^2 F^2 over the nuclei; or, by closure, Z (1 - F^2) times the dipole of the proton."""
    total = np.zeros_like(q2)
    nuclei = [INPUTS[f"trident.{target}.{key}"] for key in ("number", "charge", "radius")]
    for number, z, radius in zip(*nuclei, strict=True):
        x = np.sqrt(q2 * 5 / 3 * ((radius / HBAR_C) ** 2 - 3 * SKIN**2))
        f2 = (3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2 * np.exp(-q2 * SKIN**2)
        total += number * (z * (1 - f2) * (1 + q2 / PROTON) ** -4 if incoherent else z**2 * f2)
    return total / sum(nuclei[0])


def sample(energy: float, target: str, points: int, seed: int, incoherent: bool) -> dict[str, float]:
    """Integrals of the vector and the axial squared matrix elements, and of 1/(K^2 + m^2) moments of the vector one."""
    u = qmc.Sobol(7, seed=seed).random_base2(points).T
    q_max = 2.0 if incoherent else 4.0 / SKIN
    w2_max = 2 * energy * q_max - q_max**2
    span = np.log(w2_max / (4 * M**2))
    w2 = 4 * M**2 * np.exp(span * u[0])
    jac = span * w2
    # |q_z| = (W^2 + Q^2)/2E <= Q
    q_low = w2 / (energy + np.sqrt(energy**2 - w2))
    span = np.log((q_max / q_low) ** 2)
    q2 = q_low**2 * np.exp(span * u[1])
    jac *= span * q2
    eta_max = np.arccosh(np.sqrt(w2) / (2 * M))
    eta = eta_max * u[2]
    ell = (2 * M * np.cosh(eta)) ** 2
    jac *= eta_max * 4 * M**2 * np.sinh(2 * eta)
    w = np.sqrt(w2)
    e_1, e_p = (w2 + q2) / (2 * w), (w2 - ell) / (2 * w)
    k2_max = 4 * e_1 * e_p
    span = np.log(k2_max / K2_MIN)
    k2 = K2_MIN * np.exp(span * u[3])
    jac *= span * k2 / (2 * e_1 * e_p)  # d cos(theta)
    beta = np.tanh(eta)
    y = eta * (2 * u[4] - 1)
    c_mu = np.tanh(y) / beta
    jac *= 2 * eta * (1 - np.tanh(y) ** 2) / beta  # d cos(theta_mu)
    phi, phi_mu = 2 * np.pi * u[5], 2 * np.pi * u[6]

    # centre of mass of neutrino and photon, neutrino along z
    def vector(e, x, y_, z):
        return np.stack(np.broadcast_arrays(e, x, y_, z), axis=-1)

    p, q = vector(e_1, 0, 0, e_1), vector(w - e_1, 0, 0, -e_1)
    c = 1 - k2 / (2 * e_1 * e_p)
    s = np.sqrt(np.maximum(1 - c**2, 0))
    p_out = e_p[:, None] * vector(np.ones_like(s), s * np.cos(phi), s * np.sin(phi), c)
    pair = p + q - p_out
    # muon in the rest frame of the pair, about the photon's direction there, then boosted
    root = np.sqrt(ell)
    q_rest_e = dot(pair, q) / root
    q_rest = q[:, 1:] - pair[:, 1:] * ((q[:, 0] + q_rest_e) / (pair[:, 0] + root))[:, None]
    axis = q_rest / np.linalg.norm(q_rest, axis=1)[:, None]
    e_x = np.cross(axis, np.array([0.0, 1.0, 0.0]))
    e_x /= np.linalg.norm(e_x, axis=1)[:, None]
    e_y = np.cross(axis, e_x)
    s_mu = np.sqrt(1 - c_mu**2)
    direction = c_mu[:, None] * axis + (s_mu * np.cos(phi_mu))[:, None] * e_x + (s_mu * np.sin(phi_mu))[:, None] * e_y
    mom = (beta * root / 2)[:, None] * direction
    along = np.sum(mom * pair[:, 1:], axis=1)
    e_minus = (pair[:, 0] * root / 2 + along) / root
    p_minus = np.concatenate(
        [e_minus[:, None], mom + pair[:, 1:] * ((root / 2 + e_minus) / (pair[:, 0] + root))[:, None]], axis=1
    )
    p_plus = pair - p_minus

    # rest frame of the nucleus: n.p = E, n.q = 0, n^2 = 1; the part along q drops out by gauge invariance
    pq = (w2 + q2) / 2
    b = energy / pq
    n = (b * q2 / pq)[:, None] * p
    n[:, 1] += np.sqrt(np.maximum(b**2 * q2 - 1, 0))

    # current of the left-handed neutrino, 2 u'^+ sigmabar u
    out = np.stack(
        [-np.sin(np.arccos(np.clip(c, -1, 1)) / 2) * np.exp(-1j * phi), np.cos(np.arccos(np.clip(c, -1, 1)) / 2)], axis=-1
    )
    sigma_bar = _PAULI * _METRIC[:, None, None]
    current = 2 * np.sqrt(4 * e_1 * e_p)[:, None] * np.einsum("na,iab,b->ni", out.conj(), sigma_bar, np.array([0.0, 1.0]))

    mass = M * ONE
    t1 = -q2 - 2 * dot(p_minus, q)
    t2 = -q2 - 2 * dot(p_plus, q)
    slash_n, slash_j, slash_q = slash(n), slash(current), slash(q)
    left = slash(p_minus) + mass
    right = slash(p_plus) - mass
    first = slash_n @ (slash(p_minus) - slash_q + mass) / t1[:, None, None]
    second = (slash_q - slash(p_plus) + mass) @ slash_n / t2[:, None, None]
    squares = []
    for vertex in (slash_j, slash_j @ GAMMA5):
        amplitude = first @ vertex + vertex @ second
        bar = GAMMA[0] @ amplitude.conj().transpose(0, 2, 1) @ GAMMA[0]
        squares.append(np.einsum("nab,nba->n", left @ amplitude, right @ bar).real)

    field = (4 * np.pi * ALPHA) ** 2 * charge_squared(q2, target, incoherent) / q2**2
    # d^3q/(2 pi)^3 = dQ^2 dW^2/(16 pi^2 E); three-body phase space in two steps, angles averaged
    measure = jac / (16 * np.pi**2 * energy) / (2 * energy)
    measure *= 1 / (2 * np.pi) * (1 - ell / w2) / (8 * np.pi) / 2 * beta / (8 * np.pi) / 2
    weight = 0.5 * G_F**2 * field * measure
    v, a = weight * squares[0], weight * squares[1]
    result = {"V": v.mean(), "A": a.mean()}
    for m in MASSES:
        result[f"V1({m})"] = (v / (k2 + m**2)).mean()
        result[f"V2({m})"] = (v / (k2 + m**2) ** 2).mean()
    return result


def integrate(
    energy: float, target: str, points: int, replicas: int, incoherent: bool = False
) -> dict[str, tuple[float, float]]:
    runs = [sample(energy, target, points, seed, incoherent) for seed in range(replicas)]
    return {key: (np.mean(x), np.std(x, ddof=1) / np.sqrt(replicas)) for key in runs[0] for x in [[r[key] for r in runs]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=17, help="binary logarithm of the points in a replica")
    parser.add_argument("--replicas", type=int, default=16)
    options = parser.parse_args()
    c_v, c_a = 0.5 + 2 * INPUTS["s_W^2"], 0.5
    for energy, target in ((160.0, "Fe"), (20.0, "glass")):
        for incoherent in (False, True):
            full = integrate(energy, target, options.points, options.replicas, incoherent)
            standard = c_v**2 * full["V"][0] + c_a**2 * full["A"][0]
            print(f"{target}, {energy:g} GeV, {'incoherent, by closure' if incoherent else 'coherent'}")
            print(f"  SM {standard:.5e} GeV^-2 = {standard * (HBAR_C * 1e-13) ** 2:.4e} cm^2")
            for key, (value, error) in full.items():
                print(f"  {key:12s} {value:.5e} +- {error / value:.2%}")
            for m in MASSES:
                one = 2 * c_v * full[f"V1({m})"][0] / (np.sqrt(2) * G_F) / standard
                two = full[f"V2({m})"][0] / (2 * G_F**2) / standard
                print(f"  m = {m:g} GeV: R = 1 + {one:.5e} g^2 + {two:.5e} g^4")


if __name__ == "__main__":
    main()
