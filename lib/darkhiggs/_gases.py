"""Moments of ideal quantum gases, and of the QED plasma of photons and electrons, in units of the temperature."""

import numpy as np

from ._arrays import Array, legendre
from .inputs import natural

# E = m + T v^2 makes the integrand smooth at both ends; beyond v^2 = 52 the occupation is below 1e-22.
_NODES = 64
_V_MAX = 7.2


def occupation(y: Array, statistics: str) -> Array:
    """Occupation number 1/(exp(y) -+ 1), computed without overflow."""
    q = np.exp(-y)
    return q / (-np.expm1(-y) if statistics == "boson" else 1.0 + q)


def moments(x: Array, statistics: str) -> tuple[Array, Array, Array, Array]:
    """rho/T^4, p/T^4, d rho/dT/T^3 and n/T^3 of a gas with one degree of freedom and x = m/T."""
    nodes, weights = legendre(_NODES)
    v = _V_MAX * nodes
    y = x[..., None] + v**2
    k = v * np.sqrt(v**2 + 2.0 * x[..., None])
    n = occupation(y, statistics)
    # dE = 2 T v dv, and p dE = E^-1 p^2 dp
    measure = _V_MAX * weights * 2.0 * v * k * y / (2.0 * np.pi**2)
    blocked = n * (1.0 + n) if statistics == "boson" else n * (1.0 - n)
    terms = (y * n, k**2 / (3.0 * y) * n, y**2 * blocked, n)
    rho, p, slope, number = (np.sum(measure * term, axis=-1) for term in terms)
    return rho, p, slope, number


def qed(T: Array) -> tuple[Array, Array, Array]:
    """QED correction to the pressure over T^4, and its first and second derivative T d/dT, over T^4."""
    e_2 = 4.0 * np.pi / natural("1/alpha(0)", "1")
    nodes, weights = legendre(_NODES)
    v = _V_MAX * nodes
    x = natural("m_e") / T[..., None]
    y = x + v**2
    k = v * np.sqrt(v**2 + 2.0 * x)
    n = occupation(y, "fermion")
    # electrons and positrons, and T d/dT once and twice at fixed momentum, E/T -> y: -y n', y n' + y^2 n''
    first = y * n * (1.0 - n)
    fermions = (2.0 * n, 2.0 * first, 2.0 * (y * (1.0 - 2.0 * n) - 1.0) * first)
    measure = _V_MAX * weights * 2.0 * v  # dE/T
    # A = Int dp p^2/E N and B = Int dp (p^2 + E^2)/E N over T^2; p dp = E dE
    a, a_1, a_2 = (np.sum(measure * k * f, axis=-1) for f in fermions)
    b, b_1, b_2 = (np.sum(measure * (k + y**2 / k) * f, axis=-1) for f in fermions)
    second = -e_2 * (a / (12.0 * np.pi**2) + a**2 / (8.0 * np.pi**4))
    second_1 = -e_2 * ((2.0 * a + a_1) / (12.0 * np.pi**2) + a * a_1 / (4.0 * np.pi**4))
    second_2 = -e_2 * ((4.0 * a + 4.0 * a_1 + a_2) / (12.0 * np.pi**2) + (a_1**2 + a * a_2) / (4.0 * np.pi**4))
    third = e_2**1.5 / (12.0 * np.pi**4) * b**1.5
    r = b_1 / b
    third_1 = third * (1.0 + 1.5 * r)
    third_2 = third * ((1.0 + 1.5 * r) ** 2 + 1.5 * (b_2 / b - r**2))
    return second + third, second_1 + third_1, second_2 + third_2


def degenerate(eta: Array) -> tuple[Array, ...]:
    """For all neutrinos at mu = eta T: rho/T^4, n/T^3, and the derivatives of both by eta."""
    nodes, weights = legendre(48)
    v = 7.2 * nodes
    y = v**2
    f = occupation(y - eta[..., None], "fermion")
    blocked = f * (1.0 - f)
    measure = 6.0 * 7.2 * weights * 2.0 * v * y**2 / (2.0 * np.pi**2)
    return tuple(np.sum(measure * part, axis=-1) for part in (y * f, f, y * blocked, blocked))


def degenerate_boson(x: Array, eta: Array) -> tuple[Array, ...]:
    """For one bosonic state at mu = eta T: rho, rho + p, n, and their derivatives by ln T (rho, n) and by eta (rho, n)."""
    nodes, weights = legendre(48)
    v = 7.2 * nodes
    y, k = x[..., None] + v**2, v * np.sqrt(v**2 + 2.0 * x[..., None])
    n = occupation(y - np.minimum(eta, x - 1e-3)[..., None], "boson")
    stimulated = n * (1.0 + n)
    measure = 7.2 * weights * 2.0 * v * k * y / (2.0 * np.pi**2)
    parts = (y * n, (y + k**2 / (3.0 * y)) * n, n, y**2 * stimulated, y * stimulated, y * stimulated, stimulated)
    return tuple(np.sum(measure * part, axis=-1) for part in parts)
