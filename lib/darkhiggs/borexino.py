"""Scattering of solar 7Be neutrinos on electrons through the Z', and the limit from the rate measured by Borexino."""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, legendre, single
from ._public import public
from .errors import ParameterError
from .inputs import get, natural
from .kinetic_mixing import epsilon

__all__ = [
    "coupling_limit",
    "cross_section",
    "flavour_factors",
    "flavour_fractions",
    "mass_fractions",
    "pmns",
    "rate_bound",
    "ratio",
    "recoil_spectrum",
    "rescaled_limit",
]

_FLAVOURS = ("e", "mu", "tau")
# Charges of (nu_e, nu_mu, nu_tau) in L = +g Z'.J'. The electron is in the doublet of nu_e and has the same charge.
_CHARGES = {
    "L_mu-L_tau": (0.0, 1.0, -1.0),
    "L_mu-L_e": (-1.0, 1.0, 0.0),
    "L_e-L_tau": (1.0, 0.0, -1.0),
    "B-L": (-1.0, -1.0, -1.0),
}
_M_MIN, _M_MAX = 1e-9, 1e4  # GeV; far below m_e and far above m_mu the result has reached its limit


def pmns() -> npt.NDArray[np.complex128]:
    """Mixing matrix of the neutrinos in the standard parametrisation.

    Returns
    -------
    ndarray
        Unitary, shape (3, 3): rows are the flavours e, mu, tau, columns the mass states.

    Notes
    -----
    ``U = R_23(theta_23) R_13(theta_13, delta) R_12(theta_12)`` with the angles and the phase of the PDG for normal ordering.
    Majorana phases do not matter here.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> abs(borexino.pmns()).round(3).tolist()
    [[0.823, 0.548, 0.147], [0.313, 0.617, 0.722], [0.474, 0.565, 0.676]]
    """
    s12, s13, s23 = (np.sqrt(natural(f"sin^2(theta_{pair})", "1")) for pair in ("12", "13", "23"))
    c12, c13, c23 = (np.sqrt(1.0 - s**2) for s in (s12, s13, s23))
    phase = np.exp(1j * np.pi * natural("delta_CP/pi", "1"))
    return np.array(
        [
            [c12 * c13, s12 * c13, s13 / phase],
            [-s12 * c23 - c12 * s23 * s13 * phase, c12 * c23 - s12 * s23 * s13 * phase, s23 * c13],
            [s12 * s23 - c12 * c23 * s13 * phase, -c12 * s23 - s12 * c23 * s13 * phase, c23 * c13],
        ]
    )


@public
def mass_fractions(p_ee: npt.ArrayLike | None = None) -> Array:
    """Fractions of the three mass states among solar neutrinos.

    Parameters
    ----------
    p_ee : array_like, optional
        Survival probability of nu_e, in the range that the mixing allows (0.29 to 0.66); by default 0.54, for 7Be.

    Returns
    -------
    ndarray
        f_1, f_2, f_3 along the last axis; they add up to 1.

    Raises
    ------
    ParameterError
        If no mixture of mass states has this survival probability.

    Notes
    -----
    The mass states lose their coherence on the way to Earth (arXiv:2007.16098).
    The matter of the Sun does not affect the heavy state, so that ``f_3 = |U_e3|^2``.
    ``P_ee = sum_i f_i |U_ei|^2`` then fixes the other two fractions.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> borexino.mass_fractions().round(3).tolist()
    [0.651, 0.328, 0.022]
    """
    u_e = np.abs(pmns()[0]) ** 2
    third = u_e[2]
    light = 1.0 - third
    low, high = (third**2 + light * u_e[i] for i in (1, 0))
    p_ee = checked("p_ee", natural("P_ee(7Be)", "1") if p_ee is None else p_ee, low, high)
    first = (p_ee - low) / (u_e[0] - u_e[1])
    return np.stack(np.broadcast_arrays(first, light - first, third), axis=-1)


@public
def flavour_fractions(p_ee: npt.ArrayLike | None = None) -> Array:
    """Fractions of nu_e, nu_mu and nu_tau among solar neutrinos at Earth.

    Parameters
    ----------
    p_ee : array_like, optional
        Survival probability of nu_e, as in `mass_fractions`.

    Returns
    -------
    ndarray
        P_ee, P_e mu, P_e tau along the last axis; they add up to 1.

    Raises
    ------
    ParameterError
        If no mixture of mass states has this survival probability.

    Notes
    -----
    ``P_ea = sum_i f_i |U_ai|^2``.
    In the L_mu-L_tau model nu_mu and nu_tau interfere with the Standard Model with opposite signs; their fractions determine
    how far the two contributions cancel.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> borexino.flavour_fractions().round(3).tolist()
    [0.54, 0.2, 0.26]
    """
    return mass_fractions(p_ee) @ (np.abs(pmns()) ** 2).T


@public
def flavour_factors(form: str = "literal", p_ee: npt.ArrayLike | None = None) -> Array:
    """Flavour factors with which the talk rescales the limit on a B - L boson.

    Parameters
    ----------
    form : str
        ``"literal"``, the square root as printed on the slide, or ``"corrected"``, the sum itself.
    p_ee : array_like, optional
        Survival probability of nu_e, as in `mass_fractions`.

    Returns
    -------
    ndarray
        Factors of L_mu-L_e, L_e-L_tau and L_mu-L_tau along the last axis.

    Raises
    ------
    ParameterError
        If the form is unknown or `p_ee` out of range.

    Notes
    -----
    ``S = sum_ij f_i |(U^+ Q U)_ij|^2 = sum_a Q_a^2 P_ea``, because U is unitary and Q is diagonal.
    The factors S are therefore P_ee + P_e mu, P_ee + P_e tau and 1 - P_ee.
    The rate of Z' exchange alone is ``g_e^2 sum_a g_a^2 P_ea``, which is linear in S and quartic in the coupling.
    A rate alpha_BL^2 thus becomes ``S alpha_X^2``, and ``S alpha alpha_X epsilon^2`` if electrons couple by kinetic mixing.
    The printed form has ``S^(1/2)`` and a single power of epsilon, and scales like g^3.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> borexino.flavour_factors().round(3).tolist()
    [0.86, 0.895, 0.678]
    >>> borexino.flavour_factors("corrected").round(3).tolist()
    [0.74, 0.8, 0.46]
    """
    choice("form", form, ("literal", "corrected"))
    u, f = pmns(), mass_fractions(p_ee)
    models = ("L_mu-L_e", "L_e-L_tau", "L_mu-L_tau")
    matrices = (u.conj().T @ np.diag(_CHARGES[model]) @ u for model in models)
    factors = np.stack([np.sum(f[..., :, None] * np.abs(matrix) ** 2, axis=(-2, -1)) for matrix in matrices], axis=-1)
    return np.sqrt(factors) if form == "literal" else factors


def _couplings() -> tuple[Array, float]:
    """Couplings g_L of the three flavours, and g_R; the g_L of nu_e contains the 1 of the charged current."""
    s_w2 = float(natural("s_W^2", "1"))
    return s_w2 + np.array([0.5, -0.5, -0.5]), s_w2


def _end(energy: Array) -> Array:
    """Largest recoil energy."""
    return 2.0 * energy**2 / (natural("m_e") + 2.0 * energy)


def _norm() -> float:
    return float(2.0 * natural("G_F", "GeV^-2") ** 2 * natural("m_e") / np.pi)


def _chirality_factors(t: Array, energy: Array) -> tuple[Array, Array]:
    """Factors of g_R^2 and of g_L g_R in the spectrum; that of g_L^2 is 1."""
    return (1.0 - t / energy) ** 2, -natural("m_e") * t / energy**2


def _coupling_shift(t: Array, m_zp: Array, model: str, sign: float) -> Array:
    """Return the contribution of the Z' to g_L, equal to that to g_R, per unit of g^2 and of the charge of the neutrino."""
    q2 = -2.0 * natural("m_e") * t
    electron = np.full(np.shape(q2), _CHARGES[model][0])
    if model == "L_mu-L_tau":
        # L = -eps e J_em.Z' and J_em = -ebar gamma e, so that the electron has the coupling + eps e
        electron = sign * np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1")) * np.real(epsilon(1.0, q2))
    return electron / (2.0 * np.sqrt(2.0) * natural("G_F", "GeV^-2") * (m_zp**2 - q2))


def _sign(sign: float) -> float:
    value = single("sign", sign)
    if abs(value) != 1.0:
        raise ParameterError(f"sign = {value:g} is neither 1 nor -1")
    return value


def _flavour(flavour: str) -> int:
    return _FLAVOURS.index(choice("flavour", flavour, _FLAVOURS))


@public
def recoil_spectrum(
    t: npt.ArrayLike,
    flavour: str,
    m_zp: npt.ArrayLike | None = None,
    g_x: npt.ArrayLike = 0.0,
    model: str = "L_mu-L_tau",
    sign: float = 1,
) -> Array:
    """Differential cross-section of a 7Be neutrino on an electron at rest.

    Parameters
    ----------
    t : array_like
        Kinetic energy of the electron in GeV, 0 to 1.
    flavour : str
        ``"e"``, ``"mu"`` or ``"tau"``.
    m_zp : array_like, optional
        Mass of the Z' in GeV, 1e-9 to 1e4; without it the result is that of the Standard Model.
    g_x : array_like
        Gauge coupling, 0 to 1.
    model : str
        ``"L_mu-L_tau"`` (electrons through kinetic mixing alone), ``"L_mu-L_e"``, ``"L_e-L_tau"`` or ``"B-L"``.
    sign : int
        1 for the sign of epsilon that the loop gives, -1 for the opposite one.

    Returns
    -------
    ndarray or float
        d sigma/dT in GeV^-3; zero above the largest recoil, 0.665 MeV.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a coupling is given without a mass.

    Notes
    -----
    ``d sigma/dT = (2 G_F^2 m_e/pi) [g_L^2 + g_R^2 (1 - T/E)^2 - g_L g_R m_e T/E^2]``, 't Hooft, Phys. Lett. B 37, 195, with
    ``g_R = s_W^2``, ``g_L = s_W^2 +- 1/2`` (+ for nu_e, after a Fierz transformation of the charged current).
    The Z' of L_mu-L_tau adds to both ``Q_nu g^2 e epsilon(q^2)/g / [2 sqrt2 G_F (m_Z'^2 + 2 m_e T)]``, ``q^2 = -2 m_e T``.
    Since epsilon < 0, the contribution to nu_mu has the sign of the Standard Model coupling g_L, that to nu_tau the opposite
    one.
    Otherwise this is tree level; radiative corrections change the cross-sections by 1 to 3 %.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> [f"{borexino.recoil_spectrum(3e-4, 'mu', 0.01, g):.4e}" for g in (0.0, 5e-4)]
    ['4.7701e-15', '1.5520e-14']
    """
    t = checked("t", t, 0.0, 1.0, "GeV")
    g = checked("g_x", g_x, 0.0, 1.0)
    choice("model", model, tuple(_CHARGES))
    index, energy = _flavour(flavour), natural("E_7Be")
    g_left, g_right = _couplings()
    shift: Array = np.zeros(())
    if m_zp is not None:
        m_zp = checked("m_zp", m_zp, _M_MIN, _M_MAX, "GeV")
        shift = g**2 * _CHARGES[model][index] * _coupling_shift(t, m_zp, model, _sign(sign))
    elif g.any():
        raise ParameterError("m_zp is not set, but g_x is")
    left, right = g_left[index] + shift, g_right + shift
    of_right, of_both = _chirality_factors(t, energy)
    return np.where(t <= _end(energy), _norm() * (left**2 + right**2 * of_right + left * right * of_both), 0.0)[()]


@public
def cross_section(flavour: str, energy: npt.ArrayLike | None = None, t_min: npt.ArrayLike = 0.0) -> Array:
    """Cross-section of a neutrino on an electron at rest in the Standard Model.

    Parameters
    ----------
    flavour : str
        ``"e"``, ``"mu"`` or ``"tau"``.
    energy : array_like, optional
        Energy of the neutrino in GeV, 1e-6 to 1; the line of 7Be by default.
    t_min : array_like
        Smallest kinetic energy of the electron in GeV, 0 to 1.

    Returns
    -------
    ndarray or float
        Cross-section in GeV^-2; zero if `t_min` is above the largest recoil.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    This is the integral of `recoil_spectrum` in closed form, 't Hooft, Phys. Lett. B 37, 195.

    Examples
    --------
    >>> from darkhiggs import borexino, units
    >>> [f"{units.convert(borexino.cross_section(a), 'GeV^-2', 'cm^2'):.3e}" for a in ("e", "mu")]
    ['5.946e-45', '1.252e-45']
    """
    energy = checked("energy", natural("E_7Be") if energy is None else energy, 1e-6, 1.0, "GeV")
    t_min = checked("t_min", t_min, 0.0, 1.0, "GeV")
    index = _flavour(flavour)
    g_left, g_right = _couplings()
    end = _end(energy)
    start = np.minimum(t_min, end)
    cubes = (1.0 - start / energy) ** 3 - (1.0 - end / energy) ** 3
    squares = natural("m_e") * (end**2 - start**2) / (2.0 * energy**2)
    left = g_left[index]
    value: Array = _norm() * (left**2 * (end - start) + g_right**2 * energy * cubes / 3.0 - left * g_right * squares)
    return value[()]


def _quadratic_coefficients(
    m_zp: npt.ArrayLike, model: str, sign: float, p_ee: npt.ArrayLike | None, t_min: npt.ArrayLike | None
) -> tuple[Array, Array]:
    """Coefficients a and b of R = 1 + a g^2 + b g^4, which is exact because epsilon is linear in g."""
    energy = natural("E_7Be")
    end = _end(energy)
    mass = checked("m_zp", m_zp, _M_MIN, _M_MAX, "GeV")[..., None]
    choice("model", model, tuple(_CHARGES))
    start = checked("t_min", natural("borexino.t_min") if t_min is None else t_min, 0.0, 0.9 * float(end), "GeV")[..., None]
    # Gauss-Legendre nodes in ln(m_Z'^2 + 2 m_e T), in which the propagator is smooth for any mass
    nodes, weights = legendre(48)
    scale = start + mass**2 / (2.0 * natural("m_e"))
    length = np.log1p((end - start) / scale)
    grown = scale * np.expm1(length * nodes)
    t = start + grown
    weights = _norm() * weights * length * (scale + grown)
    shift = _coupling_shift(t, mass, model, _sign(sign))
    of_right, of_both = _chirality_factors(t, energy)
    g_left, g_right = _couplings()
    charges, fractions = np.array(_CHARGES[model]), flavour_fractions(p_ee)
    # coefficients of g_L and of g_R in the part that is linear in the shift, and the part that is quadratic in it
    per_left = np.sum(weights * shift * (2.0 + of_both), axis=-1)
    per_right = np.sum(weights * shift * (2.0 * of_right + of_both), axis=-1)
    square = np.sum(weights * shift**2 * (1.0 + of_right + of_both), axis=-1)
    standard = sum(fractions[..., i] * cross_section(a, t_min=start[..., 0]) for i, a in enumerate(_FLAVOURS))
    linear = per_left * (fractions @ (charges * g_left)) + per_right * g_right * (fractions @ charges)
    return linear / standard, square * (fractions @ charges**2) / standard


@public
def ratio(
    m_zp: npt.ArrayLike,
    g_x: npt.ArrayLike,
    model: str = "L_mu-L_tau",
    sign: float = 1,
    p_ee: npt.ArrayLike | None = None,
    t_min: npt.ArrayLike | None = None,
) -> Array:
    """Ratio of the rate of 7Be events in Borexino to its value in the Standard Model.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-9 to 1e4.
    g_x : array_like
        Gauge coupling, 0 to 1.
    model : str
        ``"L_mu-L_tau"`` (electrons through kinetic mixing alone), ``"L_mu-L_e"``, ``"L_e-L_tau"`` or ``"B-L"``.
    sign : int
        1 for the sign of epsilon that the loop gives, -1 for the opposite one.
    p_ee : array_like, optional
        Survival probability of nu_e, as in `mass_fractions`.
    t_min : array_like, optional
        Smallest recoil energy in GeV, 0 to 0.598e-3; by default 0.19 MeV, where the fit of Borexino begins.

    Returns
    -------
    ndarray or float
        R(g)/R(0); 1 for g_x = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    ``R = sum_a P_ea Int dT d sigma_a/dT`` over T from `t_min` to 0.665 MeV, with the spectra of `recoil_spectrum` and the
    fractions of `flavour_fractions`.
    The whole recoil range (``t_min=0``) gives a larger excess for every mass.
    Resolution and efficiency of the detector are not included.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> [f"{borexino.ratio(0.010, g):.4f}" for g in (1e-4, 5e-4)]
    ['0.9993', '1.1300']
    """
    g = checked("g_x", g_x, 0.0, 1.0)
    linear, quadratic = _quadratic_coefficients(m_zp, model, sign, p_ee, t_min)
    value: Array = 1.0 + g**2 * (linear + quadratic * g**2)
    return value[()]


@public
def rate_bound(metallicity: str = "high", n_sigma: npt.ArrayLike = 1.96) -> Array:
    """Largest `ratio` that the flux measured by Borexino allows, for a model of the Sun.

    Parameters
    ----------
    metallicity : {"high", "low"}
        Model of the Sun: B16-GS98, or B16-AGSS09met, which predicts a smaller flux and gives a weaker bound.
    n_sigma : array_like
        Standard deviations above the central value, 0 to 10; this book uses 1.96 for 95 %.

    Returns
    -------
    ndarray or float
        Ratio of measured to predicted flux, plus `n_sigma` times their errors added in quadrature.

    Raises
    ------
    ParameterError
        If the model is unknown or `n_sigma` out of range.

    Notes
    -----
    The flux of phase II, arXiv:1707.09279, is the rate divided by the Standard Model cross-section with oscillations.
    The ratio of measured to predicted flux is therefore R.
    The predictions are those of arXiv:1611.09867; their error is twice that of the measurement.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> [f"{borexino.rate_bound(name):.2f}" for name in ("high", "low")]
    ['1.15', '1.26']
    """
    choice("metallicity", metallicity, ("high", "low"))
    n_sigma = checked("n_sigma", n_sigma, 0.0, 10.0)
    measured, predicted = get("borexino.flux"), get(f"solar.flux_{metallicity}")
    spread = np.hypot(measured.uncertainty / measured.value, predicted.uncertainty / predicted.value)
    value: Array = measured.value / predicted.value * (1.0 + n_sigma * spread)
    return value[()]


@public
def coupling_limit(
    m_zp: npt.ArrayLike,
    r_max: npt.ArrayLike | None = None,
    model: str = "L_mu-L_tau",
    sign: float = 1,
    p_ee: npt.ArrayLike | None = None,
    t_min: npt.ArrayLike | None = None,
) -> Array:
    """Largest coupling for which the rate of 7Be events stays below a bound.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-9 to 1e4.
    r_max : array_like
        Largest allowed `ratio`, 1.001 to 1000; by default the input ``bound.solar_ratio``, 1.24. `rate_bound` gives 1.15 (high
        metallicity) to 1.26 (low metallicity) at 1.96 sigma; the default is near the second value, which is the weaker bound.
    model : str
        ``"L_mu-L_tau"`` (electrons through kinetic mixing alone), ``"L_mu-L_e"``, ``"L_e-L_tau"`` or ``"B-L"``.
    sign : int
        1 for the sign of epsilon that the loop gives, -1 for the opposite one.
    p_ee : array_like, optional
        Survival probability of nu_e, as in `mass_fractions`.
    t_min : array_like, optional
        Smallest recoil energy in GeV, as in `ratio`.

    Returns
    -------
    ndarray or float
        g_X, which may exceed 1 for a heavy Z'. The limit is unique: interference may first lower the rate as the coupling
        grows, but the rate rises above `r_max` only once.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> [f"{borexino.coupling_limit(0.010, r):.3e}" for r in (1.08, 1.24)]
    ['4.482e-04', '5.761e-04']
    """
    room = checked("r_max", natural("bound.solar_ratio", "1") if r_max is None else r_max, 1.001, 1e3) - 1.0
    linear, quadratic = _quadratic_coefficients(m_zp, model, sign, p_ee, t_min)
    # positive root of b y^2 + a y - room = 0 with y = g^2, in the form that is finite for b -> 0
    return np.sqrt(2.0 * room / (linear + np.sqrt(linear**2 + 4.0 * quadratic * room)))[()]


@public
def rescaled_limit(
    m_zp: npt.ArrayLike,
    r_max: npt.ArrayLike | None = None,
    form: str = "literal",
    p_ee: npt.ArrayLike | None = None,
    t_min: npt.ArrayLike | None = None,
) -> Array:
    """Limit on the L_mu-L_tau coupling by the method of the talk, which rescales the limit on a B - L boson.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-9 to 1e4.
    r_max : array_like
        Largest allowed `ratio`, 1.001 to 1000; by default that of `coupling_limit`.
    form : str
        ``"literal"``: ``alpha_BL^2 = S^(1/2) alpha alpha_X |epsilon|`` as printed; ``"corrected"``:
        ``alpha_BL^2 = S alpha alpha_X epsilon^2``, S as in `flavour_factors`.
    p_ee : array_like, optional
        Survival probability of nu_e, as in `mass_fractions`.
    t_min : array_like, optional
        Smallest recoil energy in GeV, as in `ratio`.

    Returns
    -------
    ndarray or float
        g_X. The method does not compute the interference of L_mu-L_tau; it takes over that of B - L, which is the
        constructive interference of nu_e.

    Raises
    ------
    ParameterError
        If the form is unknown or a parameter out of range.

    Examples
    --------
    >>> from darkhiggs import borexino
    >>> [f"{borexino.rescaled_limit(0.010, form=f):.2e}" for f in ("literal", "corrected")]
    ['5.58e-06', '3.65e-04']
    """
    factor = flavour_factors(form, p_ee)[..., 2]
    limit = coupling_limit(m_zp, r_max, "B-L", 1, p_ee, t_min)
    e_squared = 4.0 * np.pi / natural("1/alpha(0)", "1")
    mixing = np.abs(epsilon(1.0))
    if form == "literal":
        value: Array = np.cbrt(limit**4 / (factor * e_squared * mixing))
    else:
        value = limit / (factor * e_squared * mixing**2) ** 0.25
    return value[()]
