"""Standard Model rates of b -> s nu nubar, summed over the three neutrinos."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from . import form_factors
from ._arrays import Array, checked, choice, legendre, single, switch
from ._public import public
from ._scalars import clip, kept
from .inputs import cached, natural
from .kinematics import momentum
from .model import v_higgs

__all__ = [
    "br_b_to_k_nunu",
    "br_b_to_kstar_nunu",
    "br_tau_tree",
    "c_nu",
    "dbr_dq2_b_to_k_nunu",
    "dbr_dq2_b_to_kstar_nunu",
    "inami_lim",
    "penguin_coupling",
]

_NODES = 48


@public
def inami_lim(m_top: npt.ArrayLike) -> Array:
    """Leading-order loop function X_0(x_t) of the Z penguin and box diagrams, with x_t = m_t^2/M_W^2.

    Parameters
    ----------
    m_top : array_like
        Top mass in GeV, 100 to 300.

    Returns
    -------
    ndarray or float
        X_0, dimensionless.

    Raises
    ------
    ParameterError
        If the mass is out of range.

    Notes
    -----
    ``(x^2+2x)/(8(x-1)) + (3x^2-6x)/(8(x-1)^2) ln x``, Inami and Lim, Prog. Theor. Phys. 65 (1981) 297, as on the slide.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> print(standard_model.inami_lim([162.5, 172.6]).round(4))
    [1.4803 1.5848]
    """
    x = (checked("m_top", m_top, 100.0, 300.0, "GeV") / natural("m_W")) ** 2
    value: Array = (x**2 + 2.0 * x) / (8.0 * (x - 1.0)) + (3.0 * x**2 - 6.0 * x) / (8.0 * (x - 1.0) ** 2) * np.log(x)
    return value[()]


@public
def c_nu(m_top: npt.ArrayLike, inputs: str = "belle2") -> Array:
    """Coefficient C_nu of the talk, in L = -C_nu (sbar_L gamma b_L)(nubar gamma nu).

    Parameters
    ----------
    m_top : array_like
        Top mass in GeV, 100 to 300.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        C_nu in GeV^-2, positive.

    Raises
    ------
    ParameterError
        If the mass is out of range.

    Notes
    -----
    ``(g_W^2/M_W^2) (g_W^2 |V_ts* V_tb|/16 pi^2) X_0(x_t)`` with ``g_W^2 = 4 sqrt(2) G_F M_W^2``;
    Bird et al., hep-ph/0401195, eq. (4).

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> f"{standard_model.c_nu(172.6):.4e}"
    '1.1808e-08'
    """
    m_w_2 = natural("m_W") ** 2
    g_w_2 = 4.0 * np.sqrt(2.0) * natural("G_F", "GeV^-2") * m_w_2
    loop = g_w_2 * natural("|V_ts*V_tb|", "1", inputs) / (16.0 * np.pi**2) * inami_lim(m_top)
    return g_w_2 / m_w_2 * loop


@public
def penguin_coupling(m_top: npt.ArrayLike, inputs: str = "belle2") -> Array:
    """Coupling kappa of the dark-Higgs penguin, in L = kappa sin(theta) H1 sbar_L b_R + h.c.

    Parameters
    ----------
    m_top : array_like
        Top mass in GeV, 100 to 300.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        kappa, dimensionless, positive.

    Raises
    ------
    ParameterError
        If the mass is out of range.

    Notes
    -----
    The one-loop coupling of a light scalar is ``3 sqrt(2) G_F m_t^2 |V_ts* V_tb| m_b/(16 pi^2 v_H)``,
    Batell, Pospelov, Ritz, arXiv:0911.4938.
    The corresponding term with ``m_s sbar_R b_L``, which would raise B -> K H1 by 4.5 %, is left out, as in the talk.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> print([f"{k:.2e}" for k in standard_model.penguin_coupling([172.6, 162.5])])
    ['6.63e-06', '5.88e-06']
    """
    m_top = checked("m_top", m_top, 100.0, 300.0, "GeV")
    ckm = natural("|V_ts*V_tb|", "1", inputs)
    loop = 3.0 * np.sqrt(2.0) * natural("G_F", "GeV^-2") * m_top**2 * ckm / (16.0 * np.pi**2)
    value: Array = loop * natural("m_b") / v_higgs()
    return value[()]


def _normalisation(x_t: npt.ArrayLike | None, lifetime: str, inputs: str) -> Array:
    """Squared effective coupling times lifetime, (G_F alpha |V_ts* V_tb| X_t/s_W^2)^2 tau_B in GeV^-5."""
    x = natural("X_t", "1", inputs) if x_t is None else checked("x_t", x_t, 0.5, 3.0)
    coupling, s_w_2, tau = _normalisation_inputs(lifetime, inputs)
    return (coupling * x / s_w_2) ** 2 * tau


@cached
def _normalisation_inputs(lifetime: str, inputs: str) -> tuple[float, float, float]:
    """G_F alpha |V_ts* V_tb|, s_W^2 and the lifetime."""
    coupling = natural("G_F", "GeV^-2") / natural("1/alpha(M_Z)", "1", inputs) * natural("|V_ts*V_tb|", "1", inputs)
    return coupling, natural("s_W^2", "1", inputs), natural(lifetime, "GeV^-1", inputs)


@public
def dbr_dq2_b_to_k_nunu(
    q2: npt.ArrayLike,
    charge: str = "+",
    inputs: str = "belle2",
    *,
    form_factor: str = "HPQCD22",
    nuisance: npt.ArrayLike = 0.0,
    x_t: npt.ArrayLike | None = None,
) -> Array:
    """Spectrum of B -> K nu nubar from the short-distance contribution.

    Parameters
    ----------
    q2 : array_like
        Invariant mass squared of the neutrino pair in GeV^2.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    inputs : str
        Name of an input set.
    form_factor : {"HPQCD22", "BallZwicky"}
        Set for f_+.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    x_t : array_like, optional
        Value of the loop function that replaces the input X_t, 0.5 to 3.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero outside 0 <= q2 <= (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is not finite.

    Notes
    -----
    ``G_F^2 alpha^2 X_t^2 |V_ts* V_tb|^2 tau_B/(32 pi^5 s_W^4) |p_K|^3 f_+^2``, summed over the three flavours;
    Altmannshofer, Buras, Straub, Wick, arXiv:0902.0160, eq. (11).

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> print([f"{x:.3e}" for x in standard_model.dbr_dq2_b_to_k_nunu([0.0, 10.0, 25.0])])
    ['2.942e-07', '2.645e-07', '0.000e+00']
    """
    q2 = checked("q2", q2, unit="GeV^2")[()]
    m_b, m_k, lifetime = _mesons_k(charge)
    inside, safe = _clipped(q2, (m_b - m_k) ** 2)
    choice("form_factor", form_factor, form_factors.B_TO_K)
    p = momentum(m_b, m_k, np.sqrt(safe))
    f = form_factors.b_to_k(safe, "f+", form_factor, nuisance=nuisance)
    rate = _normalisation(x_t, lifetime, inputs) / (32.0 * np.pi**5) * (p * p * p) * f**2
    return kept(inside, rate)


def _mesons_k(charge: str) -> tuple[float, float, str]:
    choice("charge", charge, ("+", "0"))
    return natural(f"m_B{charge}"), natural(f"m_K{charge}"), f"tau_B{charge}"


def _clipped(q2: Array, end: float) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return a mask of the q2 inside phase space, and the q2 limited to it."""
    return (q2 >= 0.0) & (q2 <= end), clip(q2, 0.0, end)


def _integral(spectrum: Callable[[Array], Array], end: float) -> Array:
    """Integrate a spectrum over 0 < q2 < end; with q2 = end (1 - t^2) the integrand is smooth at the end point."""
    t, weight = legendre(_NODES)
    value: Array = np.asarray(spectrum(end * (1.0 - t**2))) @ (2.0 * end * t * weight)
    return value[()]


@public
def br_tau_tree(inputs: str = "belle2") -> float:
    """Tree-level B+ -> tau+ nu, tau+ -> K+ nubar, which has the final state K+ nu nubar.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    float
        BR(B+ -> tau nu) BR(tau -> K nu), dimensionless.

    Notes
    -----
    Kamenik and Smith, arXiv:0908.1174, eq. (3): ``G_F^2 |V_ub|^2 f_B^2 m_B m_tau^2 (1 - m_tau^2/m_B^2)^2
    tau_B/(8 pi)`` for the first factor.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> f"{standard_model.br_tau_tree():.2e}"
    '6.09e-07'
    """
    m_b, m_tau = natural("m_B+"), natural("m_tau")
    amplitude = natural("G_F", "GeV^-2") * natural("|V_ub|", "1", inputs) * natural("f_B")
    phase_space = m_b * m_tau**2 * (1.0 - m_tau**2 / m_b**2) ** 2 / (8.0 * np.pi)
    leptonic = amplitude**2 * phase_space * natural("tau_B+", "GeV^-1", inputs)
    return float(leptonic * natural("BR(tau->K nu)", "1", inputs))


@public
def br_b_to_k_nunu(
    tau_tree: bool = False,
    charge: str = "+",
    inputs: str = "belle2",
    *,
    form_factor: str = "HPQCD22",
    nuisance: npt.ArrayLike = 0.0,
    x_t: npt.ArrayLike | None = None,
) -> Array:
    """Branching ratio of B -> K nu nubar.

    Parameters
    ----------
    tau_tree : bool
        Add the tree-level tau contribution (charged mode only), which Belle II treats as background.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    inputs : str
        Name of an input set.
    form_factor : {"HPQCD22", "BallZwicky"}
        Set for f_+.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    x_t : float, optional
        Value of the loop function that replaces the input X_t, 0.5 to 3.

    Returns
    -------
    ndarray or float
        Dimensionless; one number per toy.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is not finite.

    Notes
    -----
    This is the integral of `dbr_dq2_b_to_k_nunu` by a Gauss-Legendre rule, accurate to 1e-10.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> f"{standard_model.br_b_to_k_nunu():.3e} {standard_model.br_b_to_k_nunu(tau_tree=True):.2e}"
    '4.967e-06 5.58e-06'
    """
    m_b, m_k, _ = _mesons_k(charge)
    x_t = None if x_t is None else single("x_t", x_t, 0.5, 3.0)
    spectrum = partial(dbr_dq2_b_to_k_nunu, charge=charge, inputs=inputs, form_factor=form_factor, nuisance=nuisance, x_t=x_t)
    short = _integral(spectrum, (m_b - m_k) ** 2)
    return short + br_tau_tree(inputs) if switch("tau_tree", tau_tree) and charge == "+" else short


@public
def dbr_dq2_b_to_kstar_nunu(
    q2: npt.ArrayLike,
    charge: str = "0",
    inputs: str = "belle2",
    *,
    nuisance: npt.ArrayLike = 0.0,
    x_t: npt.ArrayLike | None = None,
) -> Array:
    """Spectrum of B -> K* nu nubar from the short-distance contribution.

    Parameters
    ----------
    q2 : array_like
        Invariant mass squared of the neutrino pair in GeV^2.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    inputs : str
        Name of an input set.
    nuisance : array_like, shape (11,), (19,) or with toys in front, default 0
        See `form_factors.b_to_kstar`.
    x_t : array_like, optional
        Value of the loop function that replaces the input X_t, 0.5 to 3.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero outside 0 <= q2 <= (m_B - m_K*)^2.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is not finite.

    Notes
    -----
    Buras, Girrbach-Noe, Niehoff, Straub, arXiv:1409.4557, eqs. (9)-(12), with V, A_1 and A_12 of BSZ15.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> f"{standard_model.dbr_dq2_b_to_kstar_nunu(10.0):.3e}"
    '6.292e-07'
    """
    q2 = checked("q2", q2, unit="GeV^2")[()]
    choice("charge", charge, ("+", "0"))
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    inside, safe = _clipped(q2, (m_b - m_v) ** 2)
    p = momentum(m_b, m_v, np.sqrt(safe))
    v, a_1, a_12 = (form_factors.b_to_kstar(safe, which, nuisance=nuisance) for which in ("V", "A1", "A12"))
    # squared transversity amplitudes, including a factor q2: perpendicular, parallel, longitudinal
    perpendicular = 8.0 * m_b**2 * safe * p**2 * v**2 / (m_b + m_v) ** 2
    parallel = 2.0 * safe * (m_b + m_v) ** 2 * a_1**2
    longitudinal = 64.0 * m_b**2 * m_v**2 * a_12**2
    total = perpendicular + parallel + longitudinal
    rate = _normalisation(x_t, f"tau_B{charge}", inputs) / (32.0 * np.pi**5) * p * total / (4.0 * m_b**2)
    return kept(inside, rate)


@public
def br_b_to_kstar_nunu(
    charge: str = "0",
    inputs: str = "belle2",
    *,
    nuisance: npt.ArrayLike = 0.0,
    x_t: npt.ArrayLike | None = None,
) -> Array:
    """Branching ratio of B -> K* nu nubar from the short-distance contribution.

    Parameters
    ----------
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    inputs : str
        Name of an input set.
    nuisance : array_like, shape (11,), (19,) or with toys in front, default 0
        See `form_factors.b_to_kstar`.
    x_t : float, optional
        Value of the loop function that replaces the input X_t, 0.5 to 3.

    Returns
    -------
    ndarray or float
        Dimensionless; one number per toy.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is not finite.

    Notes
    -----
    This is the integral of `dbr_dq2_b_to_kstar_nunu`.

    Examples
    --------
    >>> from darkhiggs import standard_model
    >>> f"{standard_model.br_b_to_kstar_nunu():.3e}"
    '1.015e-05'
    """
    choice("charge", charge, ("+", "0"))
    x_t = None if x_t is None else single("x_t", x_t, 0.5, 3.0)
    spectrum = partial(dbr_dq2_b_to_kstar_nunu, charge=charge, inputs=inputs, nuisance=nuisance, x_t=x_t)
    return _integral(spectrum, (natural(f"m_B{charge}") - natural(f"m_K*{charge}")) ** 2)
