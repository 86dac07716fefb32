"""Solar 7Be neutrinos on electrons with a Z', from spinors: the second method behind borexino.ratio.

It imports nothing of `darkhiggs` and shares no formula with it: the amplitudes of the Z, of the W in its own order of the fields
and of the Z' are added for explicit Dirac spinors at each recoil energy, the mixing with the photon is the integral of the muon
and the tau loop, the mass states come out of three rotations. It reads the inputs from lib/darkhiggs/data and prints the
numbers; `make oracle` writes them into book/data/independent.json.

    .venv/bin/python tests/solar_full.py
"""

import functools
import itertools
import tomllib
from pathlib import Path

import numpy as np
from scipy import integrate

DATA = Path(__file__).resolve().parents[1] / "lib" / "darkhiggs" / "data"
INPUTS = {
    k: v["value"] for path in sorted(DATA.glob("*.toml")) for k, v in tomllib.loads(path.read_text()).items() if "value" in v
}
KEYS = ["E_7Be", "m_e", "m_mu", "m_tau", "G_F", "s_W^2", "1/alpha(0)", "P_ee(7Be)", "borexino.t_min", "delta_CP/pi"]
KEYS += [f"sin^2(theta_{pair})" for pair in ("12", "13", "23")]
M_E, E = INPUTS["m_e"], INPUTS["E_7Be"] * 1e-3  # GeV
G_F, S2 = INPUTS["G_F"], INPUTS["s_W^2"]
CHARGE = np.sqrt(4 * np.pi / INPUTS["1/alpha(0)"])
T_MIN, T_MAX = INPUTS["borexino.t_min"] * 1e-3, 2 * E**2 / (M_E + 2 * E)

_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_ZERO, _ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[_ZERO, _ONE], [_ONE, _ZERO]])] + [np.block([[_ZERO, s], [-s, _ZERO]]) for s in _PAULI])
METRIC = np.array([1.0, -1.0, -1.0, -1.0])
LEFT, RIGHT = np.diag([1.0, 1.0, 0.0, 0.0]), np.diag([0.0, 0.0, 1.0, 1.0])


def electron(p: np.ndarray) -> list[np.ndarray]:
    """Two spinors u with sum u ubar = pslash + m: the projector applied to those at rest."""
    slash = np.einsum("i,iab->ab", METRIC * p, GAMMA)
    return [(slash + M_E * np.eye(4)) @ np.concatenate([x, x]) / np.sqrt(2 * (p[0] + M_E)) for x in np.eye(2)]


def neutrino(p: np.ndarray) -> np.ndarray:
    """The left-handed spinor of a massless particle."""
    _, vectors = np.linalg.eigh(np.einsum("i,iab->ab", p[1:] / p[0], _PAULI))
    return np.concatenate([np.sqrt(2 * p[0]) * vectors[:, 0], np.zeros(2)])


def current(out: np.ndarray, projector: np.ndarray, into: np.ndarray) -> np.ndarray:
    return np.array([out.conj() @ GAMMA[0] @ g @ projector @ into for g in GAMMA])


@functools.cache
def amplitudes(t: float) -> np.ndarray:
    """Of nu e -> nu e for unit coupling to left-handed, to right-handed electrons, and through the W; over the spins."""
    momentum = np.sqrt(t * (t + 2 * M_E))
    cos = (1 + M_E / E) / np.sqrt(1 + 2 * M_E / t)
    k, p = np.array([E, 0, 0, E]), np.array([M_E, 0.0, 0.0, 0.0])
    p_out = np.array([M_E + t, momentum * np.sqrt(1 - cos**2), 0, momentum * cos])
    nu, nu_out = neutrino(k), neutrino(k + p - p_out)
    neutral = current(nu_out, LEFT, nu) * METRIC
    rows = []
    for u, u_out in itertools.product(electron(p), electron(p_out)):
        # the two fermions of the final state change places
        charged = -(current(u_out, LEFT, nu) * METRIC) @ current(nu_out, LEFT, u)
        rows.append([neutral @ current(u_out, LEFT, u), neutral @ current(u_out, RIGHT, u), charged])
    return np.array(rows)


def mixing(q2: float) -> float:
    """Epsilon per g_X at spacelike momentum, by integrating the two loops."""

    def loop(x: float) -> float:
        y = x * (1 - x)
        return y * np.log((INPUTS["m_mu"] ** 2 - y * q2) / (INPUTS["m_tau"] ** 2 - y * q2))

    return CHARGE / (2 * np.pi**2) * integrate.quad(loop, 0, 1, epsabs=0, epsrel=1e-12)[0]


def fractions() -> np.ndarray:
    """Of nu_e, nu_mu, nu_tau at Earth: the heavy state as in vacuum, the other two to give P_ee."""
    s12, s13, s23 = (np.sqrt(INPUTS[f"sin^2(theta_{pair})"]) for pair in ("12", "13", "23"))
    phase = np.exp(1j * np.pi * INPUTS["delta_CP/pi"])
    u = np.eye(3, dtype=complex)
    for i, j, s, f in ((1, 2, s23, 1.0), (0, 2, s13, phase), (0, 1, s12, 1.0)):
        turn = np.eye(3, dtype=complex)
        turn[i, i] = turn[j, j] = np.sqrt(1 - s**2)
        turn[i, j], turn[j, i] = s / f, -s * f
        u = u @ turn
    u2 = np.abs(u) ** 2
    light = np.linalg.solve([[1.0, 1.0], u2[0, :2]], [1 - u2[0, 2], INPUTS["P_ee(7Be)"] - u2[0, 2] ** 2])
    return u2 @ np.append(light, u2[0, 2])


def rate(flavours: dict[int, float], m_zp: float = 1.0, g_x: float = 0.0, t_min: float = T_MIN) -> float:
    """Cross-section in GeV^-2 above a recoil energy, summed over flavours (0, 1, 2 for e, mu, tau) with these weights."""

    def spectrum(t: float) -> float:
        exchange = g_x * CHARGE * mixing(-2 * M_E * t) * g_x / (m_zp**2 + 2 * M_E * t) if g_x else 0.0
        total = 0.0
        for flavour, weight in flavours.items():
            z = 2 * np.sqrt(2) * G_F
            new = (0.0, 1.0, -1.0)[flavour] * exchange
            couplings = [z * (S2 - 0.5) + new, z * S2 + new, z if flavour == 0 else 0.0]
            total += weight * np.sum(np.abs(amplitudes(t) @ couplings) ** 2) / 2
        return total / (32 * np.pi * M_E * E**2)

    low = max(t_min, 1e-12)
    return integrate.quad(spectrum, low, T_MAX * (1 - 1e-12), epsabs=0, epsrel=1e-10, limit=200)[0]


def ratio(m_zp: float, g_x: float) -> float:
    weights = dict(enumerate(fractions()))
    return rate(weights, m_zp, g_x) / rate(weights)


def main() -> None:
    print("fractions", fractions())
    print("whole cross-section of nu_e, nu_mu [GeV^-2]", rate({0: 1.0}, t_min=0.0), rate({1: 1.0}, t_min=0.0))
    for name in ("A", "A10", "B"):
        m, g = INPUTS[f"benchmark.{name}.m_zp"] * 1e-3, INPUTS[f"benchmark.{name}.g_x"]
        print(f"R at {name}", ratio(m, g))


if __name__ == "__main__":
    main()
