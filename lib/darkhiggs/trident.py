"""Neutrino trident production, nu_mu N -> nu_mu N mu+ mu-, in the Standard Model and with the Z'.

The nucleus stays intact and is a source of equivalent photons.
The Z' enters only through K^2, the squared momentum that the neutrino transfers.
The cross-section is an integral of squared couplings over K^2, with two weights that do not depend on the new physics.
The weights are computed once for each energy and target.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, legendre, single
from ._owned import read_only
from ._public import public
from .errors import ParameterError
from .inputs import cached, get, natural
from .model import v_higgs

__all__ = [
    "components",
    "coupling_limit",
    "cross_section",
    "flux",
    "form_factor",
    "photon_cross_section",
    "ratio",
    "ratio_heavy",
]

_TARGET = {"CCFR": "Fe", "CHARM-II": "glass"}
# The form factor is cut off at Q = 4/skin, where its Gaussian is exp(-8).
_CUT = 4.0
# The weight is proportional to K^4 per unit of ln K^2. Below this K^2 (GeV^2) it is neglected: 1e-8 at the smallest m_Z'.
_K2_MIN = 1e-16
_M_ZP_MIN = 1e-6
# Numbers of Gauss-Legendre nodes, accurate to 1e-8 for every energy.
_NODES = {"K2": 96, "s": 40, "pair": 24, "Q": 64, "photon": 64}


@public
def form_factor(q: npt.ArrayLike, radius: npt.ArrayLike) -> Array:
    """Helm charge form factor of a nucleus.

    Parameters
    ----------
    q : array_like
        Momentum transfer in GeV, 0 to 10.
    radius : array_like
        Root-mean-square charge radius in GeV^-1, 10 to 50 (2 to 9.9 fm).

    Returns
    -------
    ndarray or float
        Dimensionless, 1 at q = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``F = 3 j_1(q R)/(q R) exp(-q^2 s^2/2)``, Helm, Phys. Rev. 104 (1956) 1466, is the form factor of a sphere of radius R
    folded with a Gaussian of skin thickness s.
    With ``R^2 = (5/3)(<r^2> - 3 s^2)`` it has the measured charge radius, ``F = 1 - q^2 <r^2>/6 + ...``.

    Examples
    --------
    >>> from darkhiggs import trident, units
    >>> radius = units.convert(3.7377, "fm", "GeV^-1")
    >>> [round(float(x), 4) for x in trident.form_factor([0.0, 0.1], radius)]
    [1.0, 0.5278]
    """
    q = checked("q", q, 0.0, 10.0, "GeV")
    radius = checked("radius", radius, 10.0, 50.0, "GeV^-1")
    skin = natural("trident.skin", "GeV^-1")
    x = q * np.sqrt(5.0 / 3.0 * (radius**2 - 3.0 * skin**2))
    # the terms of the closed form cancel up to x^3
    small = x < 0.03
    y = np.where(small, 1.0, x)
    sphere = np.where(small, 1.0 - x**2 / 10.0 + x**4 / 280.0, 3.0 * (np.sin(y) - y * np.cos(y)) / y**3)
    value: Array = sphere * np.exp(-0.5 * (q * skin) ** 2)
    return value[()]


@public
def flux(q_min: npt.ArrayLike, target: str) -> Array:
    """Flux of equivalent photons of a nucleus at rest, per unit of the logarithm of their energy.

    Parameters
    ----------
    q_min : array_like
        Smallest momentum transfer in GeV, which is the longitudinal one; 1e-12 to 10.
    target : {"Fe", "glass"}
        The nucleus; for glass the mean over the nuclei of SiO2.

    Returns
    -------
    ndarray or float
        Dimensionless; 0 above 0.877 GeV, where the form factor is cut off.

    Raises
    ------
    ParameterError
        If q_min is out of range or not finite, or the target is unknown.

    Notes
    -----
    ``omega dN/domega = (Z^2 alpha/pi) Int dQ^2/Q^2 (1 - Q_min^2/Q^2) F^2``, Budnev, Ginzburg, Meledin, Serbo, Phys. Rept. 15
    (1975) 181, in the limit of a heavy source.
    The field of a charge at rest has ``Q^2 = Q_min^2 + q_T^2``, and only its transverse part corresponds to photons.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> [f"{x:.3g}" for x in trident.flux([0.001, 0.1], "Fe")]
    ['11.6', '0.0509']
    """
    q_min = checked("q_min", q_min, 1e-12, 10.0, "GeV")
    choice("target", target, tuple(_TARGET.values()))
    number, charge = (natural(f"trident.{target}.{key}", "1") for key in ("number", "charge"))
    x, weight = legendre(_NODES["Q"])
    span = np.log(np.maximum(_q_max() / q_min, 1.0))[..., None]
    q = np.minimum(q_min, _q_max())[..., None] * np.exp(span * x)
    form = form_factor(q[..., None], natural(f"trident.{target}.radius", "GeV^-1"))
    squared = np.sum(number * charge**2 * form**2, axis=-1) / np.sum(number)
    integral = np.sum(2.0 * span * weight * (1.0 - np.exp(-2.0 * span * x)) * squared, axis=-1)
    value: Array = integral / (np.pi * natural("1/alpha(0)", "1"))
    return value[()]


def _q_max() -> float:
    """Momentum transfer in GeV at which the form factor is cut off, because the nucleus does not stay intact above it."""
    return float(_CUT / natural("trident.skin", "GeV^-1"))


def _densities(k2: Array, theta: Array) -> tuple[Array, Array]:
    """Cross-section of gamma nu -> nu mu mu per unit of K^2, for unit C_V and for unit C_A, in GeV^-4.

    The squared energy is s = K^2 + 4 m_mu^2 cosh^2 theta.
    The squared mass of the pair is ell = 4 m_mu^2 cosh^2 eta, so that the velocity of the muons is tanh eta and the integrand
    is smooth at every end point.
    `h_t` and `h_l` are the transverse and the longitudinal squared matrix element of gamma V* -> mu+ mu-, integrated over the
    muon angles.
    """
    x, weight = legendre(_NODES["pair"])
    four_m2 = 4.0 * natural("m_mu") ** 2
    eta = theta[..., None] * x
    k, s = k2[..., None], (k2 + four_m2 * np.cosh(theta) ** 2)[..., None]
    ell, beta = four_m2 * np.cosh(eta) ** 2, np.tanh(eta)
    d_ell = theta[..., None] * weight * four_m2 * np.sinh(2.0 * eta)
    w = ell + k
    h_t = eta * (2.0 * k**2 + ell**2 * (3.0 - beta**4)) - beta * ((ell - k) ** 2 + ell * four_m2)
    h_l = 4.0 * k * (ell * beta - four_m2 * eta)
    h_t_axial = eta * (2.0 * k**2 + ell**2 * (1.0 + beta**4)) - beta * ((ell - k) ** 2 - ell * four_m2)
    h_l_axial = 2.0 * (ell * beta * (2.0 * k - four_m2) + eta * four_m2 * (ell**2 / k + ell * (3.0 + beta**2) - k))
    # flux of virtual weak bosons: (1 + (1-y)^2)/y^2 transverse, 2 (1-y)/y^2 longitudinal, y = w/s
    long = 2.0 * s * (s - w) / w**2
    front = natural("G_F", "GeV^-2") ** 2 / (4.0 * np.pi**2 * natural("1/alpha(0)", "1")) * k2 / s[..., 0] ** 2
    vector = front * np.sum(d_ell * ((1.0 + long) * h_t + long * h_l) / w**2, axis=-1)
    axial = front * np.sum(d_ell * ((1.0 + long) * h_t_axial + long * h_l_axial) / w**2, axis=-1)
    return vector, axial


def _couplings(c_v: float | None, c_a: float | None) -> tuple[float, float]:
    """Vector and axial coupling; None means the value of the Standard Model (Z and W)."""
    vector = 0.5 + 2.0 * natural("s_W^2", "1") if c_v is None else c_v
    axial = 0.5 if c_a is None else c_a
    return single("c_v", vector, -10.0, 10.0), single("c_a", axial, -10.0, 10.0)


@public
def photon_cross_section(s: npt.ArrayLike, c_v: float | None = None, c_a: float | None = None) -> Array:
    """Cross-section of gamma nu -> nu mu+ mu- with a contact interaction.

    Parameters
    ----------
    s : array_like
        Squared centre-of-mass energy in GeV^2, 0 to 1e8.
    c_v, c_a : float or None
        Vector and axial coupling, -10 to 10; None for 1/2 + 2 s_W^2 and 1/2.

    Returns
    -------
    ndarray or float
        Cross-section in GeV^-2 for an unpolarised photon, 0 below the threshold 4 m_mu^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The interaction is ``L = -(G_F/sqrt2) nubar gamma_a (1 - gamma_5) nu mubar gamma^a (C_V - C_A gamma_5) mu``; a pure V-A
    interaction has C_V = C_A = 1.
    Far above threshold ``sigma -> (C_V^2 + C_A^2) (alpha G_F^2 s/9 pi^2) [ln(s/m_mu^2) - 8/3]``.
    There is no term C_V C_A, because it is odd under the exchange of the muons.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> [f"{x:.3e}" for x in trident.photon_cross_section([0.04, 1.0])]
    ['0.000e+00', '2.231e-14']
    """
    s = checked("s", s, 0.0, 1e8, "GeV^2")
    c_v, c_a = _couplings(c_v, c_a)
    x, weight = legendre(_NODES["photon"])
    four_m2 = 4.0 * natural("m_mu") ** 2
    top = np.arccosh(np.sqrt(np.maximum(s / four_m2, 1.0)))[..., None]
    # K^2 = s - 4 m_mu^2 cosh^2 theta; the nodes are dense where it vanishes, because K^2 down to m_mu^2 contributes at every s
    below, theta = top * x**4, top * (1.0 - x**4)
    k2 = np.where(top > 0.0, four_m2 * np.sinh(below) * np.sinh(top + theta), 1.0)
    vector, axial = _densities(k2, theta)
    d_s = 4.0 * top * x**3 * weight * four_m2 * np.sinh(2.0 * theta)
    return np.sum(d_s * (c_v**2 * vector + c_a**2 * axial), axis=-1)[()]


@partial(cached, maxsize=256)
@read_only
def _weights(energy: float, target: str) -> tuple[Array, Array, float]:
    """Nodes in K^2 in GeV^2, their vector weights in GeV^-2, and the sum of their axial weights in GeV^-2."""
    x, weight = legendre(_NODES["K2"])
    y, weight_s = legendre(_NODES["s"])
    four_m2 = 4.0 * natural("m_mu") ** 2
    # the longitudinal momentum transfer is s/2E
    s_max = 2.0 * energy * _q_max()
    span = np.log((s_max - four_m2) / _K2_MIN)
    k2 = _K2_MIN * np.exp(span * x)
    top = np.arccosh(np.sqrt((s_max - k2) / four_m2))[:, None]
    theta = top * y
    s = k2[:, None] + four_m2 * np.cosh(theta) ** 2
    photons = flux(s / (2.0 * energy), target) * top * weight_s * four_m2 * np.sinh(2.0 * theta) / s
    vector, axial = (span * weight * k2 * np.sum(photons * density, axis=-1) for density in _densities(k2[:, None], theta))
    return k2, vector, float(np.sum(axial))


@public
def components(
    m_zp: npt.ArrayLike, energy: npt.ArrayLike, target: str, c_v: float | None = None, c_a: float | None = None
) -> dict[str, Array]:
    """Parts of the cross-section, ``sigma = sm + g_X^2 interference + g_X^4 squared``.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-6 to 1e4.
    energy : array_like
        Energy of the neutrino in GeV, 1 to 1000; broadcasts with m_zp.
    target : {"Fe", "glass"}
        The nucleus; for glass the mean over the nuclei of SiO2.
    c_v, c_a : float or None
        Vector and axial coupling without the Z', -10 to 10; None for those of the Standard Model.

    Returns
    -------
    dict of ndarray
        ``sm``, ``interference`` and ``squared``, in GeV^-2 for one nucleus.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the target is unknown.

    Notes
    -----
    ``sigma = Int ds/s (omega dN/domega) sigma(gamma nu)`` at ``Q_min = s/2E``.
    The t-channel exchange of the Z' replaces ``C_V`` by ``C_V + g_X^2/[sqrt2 G_F (K^2 + m_Z'^2)]``, arXiv:1406.2332.
    The interference is constructive because mu and nu_mu have the same charge.
    Compared to the coherent 2 -> 4 matrix element, ``sm`` is too large by 1.2 % on iron at 160 GeV and by 4.9 % on glass at
    20 GeV.
    For a light Z' the ratios ``interference/sm`` and ``squared/sm`` are too large by 1 % and 2 % on iron, and by 2 % and 4 % on
    glass.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> parts = trident.components([0.01, 10.0], 160.0, "Fe")
    >>> [f"{x:.3g}" for x in parts["interference"] / parts["sm"]]
    ['2.33e+05', '944']
    """
    m_zp = checked("m_zp", m_zp, _M_ZP_MIN, 1e4, "GeV")
    energy = checked("energy", energy, 1.0, 1000.0, "GeV")
    choice("target", target, tuple(_TARGET.values()))
    c_v, c_a = _couplings(c_v, c_a)
    m_zp, energy = np.broadcast_arrays(m_zp, energy)
    parts: dict[str, Array] = {name: np.empty(m_zp.shape) for name in ("sm", "interference", "squared")}
    for value in np.unique(energy):
        here = energy == value
        k2, vector, axial = _weights(float(value), target)
        # correction to the vector coupling for g_X = 1
        shift = v_higgs() ** 2 / (k2 + m_zp[here][:, None] ** 2)
        parts["sm"][here] = c_v**2 * np.sum(vector) + c_a**2 * axial
        parts["interference"][here] = 2.0 * c_v * np.sum(vector * shift, axis=-1)
        parts["squared"][here] = np.sum(vector * shift**2, axis=-1)
    return {name: part[()] for name, part in parts.items()}


@public
def cross_section(
    energy: npt.ArrayLike,
    target: str,
    m_zp: npt.ArrayLike | None = None,
    g_x: npt.ArrayLike = 0.0,
    c_v: float | None = None,
    c_a: float | None = None,
) -> Array:
    """Cross-section of coherent trident production on a nucleus.

    Parameters
    ----------
    energy : array_like
        Energy of the neutrino in GeV, 1 to 1000.
    target : {"Fe", "glass"}
        The nucleus; for glass the mean over the nuclei of SiO2.
    m_zp : array_like or None
        Mass of the Z' in GeV, 1e-6 to 1e4; None for the Standard Model.
    g_x : array_like
        Coupling of the Z', 0 to 1.
    c_v, c_a : float or None
        Vector and axial coupling without the Z', -10 to 10; None for those of the Standard Model.

    Returns
    -------
    ndarray or float
        Cross-section in GeV^-2 for one nucleus.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, the target is unknown, or g_x is given without m_zp.

    Notes
    -----
    See `components`.
    The nucleus stays intact.
    Production on single protons is not included; it adds a quarter on iron at 160 GeV and a half on glass at 20 GeV.

    Examples
    --------
    >>> from darkhiggs import trident, units
    >>> f"{units.convert(trident.cross_section(160.0, 'Fe'), 'GeV^-2', 'cm^2'):.3e}"
    '7.548e-40'
    """
    g_x = checked("g_x", g_x, 0.0, 1.0)
    if m_zp is None and np.any(g_x > 0.0):
        raise ParameterError(f"m_zp is not set, but g_x is; give the mass of the Z' in GeV, {_M_ZP_MIN:g} to 10000 GeV")
    # without a coupling the mass does not matter
    parts = components(1.0 if m_zp is None else m_zp, energy, target, c_v, c_a)
    value: Array = parts["sm"] + g_x**2 * parts["interference"] + g_x**4 * parts["squared"]
    return value[()]


def _relative(m_zp: npt.ArrayLike, experiment: str, energy: npt.ArrayLike | None) -> tuple[Array, Array]:
    """Ratios of the interference and of the squared part to the Standard Model."""
    choice("experiment", experiment, tuple(_TARGET))
    parts = components(m_zp, natural(f"trident.{experiment}.energy") if energy is None else energy, _TARGET[experiment])
    return parts["interference"] / parts["sm"], parts["squared"] / parts["sm"]


@public
def ratio(m_zp: npt.ArrayLike, g_x: npt.ArrayLike, experiment: str = "CCFR", energy: npt.ArrayLike | None = None) -> Array:
    """Ratio of the cross-section of trident production to that of the Standard Model.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-6 to 1e4.
    g_x : array_like
        Coupling of the Z', 0 to 1.
    experiment : {"CCFR", "CHARM-II"}
        The experiment: iron and 160 GeV, or glass and 20 GeV.
    energy : array_like or None
        Energy of the neutrino in GeV, 1 to 1000; by default the mean energy of the experiment.

    Returns
    -------
    ndarray or float
        Dimensionless, 1 at g_x = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the experiment is unknown.

    Notes
    -----
    See `components`; `ratio_heavy` is the limit of a heavy Z' and negligible muon mass.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> [f"{x:.3f}" for x in trident.ratio([0.0115, 10.0], [5e-4, 0.01])]
    ['1.079', '1.097']
    """
    g_x = checked("g_x", g_x, 0.0, 1.0)
    interference, squared = _relative(m_zp, experiment, energy)
    value: Array = 1.0 + g_x**2 * interference + g_x**4 * squared
    return value[()]


@public
def ratio_heavy(m_zp: npt.ArrayLike, g_x: npt.ArrayLike) -> Array:
    """Ratio of the cross-section to that of the Standard Model, for a contact interaction and massless muons.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-6 to 1e4; the formula holds above the momentum transfer, about 10 GeV.
    g_x : array_like
        Coupling of the Z', 0 to 1.

    Returns
    -------
    ndarray or float
        Dimensionless, 1 at g_x = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``[1 + (1 + 4 s_W^2 + 2 v^2 g^2/m^2)^2]/[1 + (1 + 4 s_W^2)^2]``, arXiv:1406.2332.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> f"{trident.ratio_heavy(50.0, 0.05):.4f}"
    '1.1023'
    """
    m_zp = checked("m_zp", m_zp, _M_ZP_MIN, 1e4, "GeV")
    g_x = checked("g_x", g_x, 0.0, 1.0)
    vector = 1.0 + 4.0 * natural("s_W^2", "1")
    value: Array = (1.0 + (vector + 2.0 * (v_higgs() * g_x / m_zp) ** 2) ** 2) / (1.0 + vector**2)
    return value[()]


@public
def coupling_limit(
    m_zp: npt.ArrayLike, experiment: str = "CCFR", n_sigma: float = 1.96, energy: npt.ArrayLike | None = None
) -> Array:
    """Largest coupling that a measured trident rate allows.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-6 to 1e4.
    experiment : {"CCFR", "CHARM-II"}
        The measurement, 0.82(28) or 1.58(57) times the Standard Model.
    n_sigma : float
        Standard deviations above the measured ratio, up to 10; 1.96 is a confidence level of 95 %. The resulting ratio has to
        be above 1, which for CCFR requires more than 0.643.
    energy : array_like or None
        Energy of the neutrino in GeV, 1 to 1000; by default the mean energy of the experiment.

    Returns
    -------
    ndarray or float
        Upper limit on g_X; it may exceed 1 above 500 GeV.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the experiment is unknown.

    Notes
    -----
    The limit is the positive root of ``g^4 squared + g^2 interference = (R + n sigma - 1) sm``, with the measured ratio R and
    its error sigma.
    CCFR, PRL 66 (1991) 3117; CHARM-II, PLB 245 (1990) 271.

    Examples
    --------
    >>> from darkhiggs import trident
    >>> [f"{x:.3g}" for x in trident.coupling_limit([0.010, 1.0, 100.0])]
    ['0.000865', '0.00272', '0.185']
    """
    interference, squared = _relative(m_zp, experiment, energy)
    measured = get(f"trident.{experiment}.ratio")
    lowest = max(0.0, (1.0 - measured.value) / measured.uncertainty)
    excess = measured.value + checked("n_sigma", n_sigma, lowest, 10.0, open_low=True) * measured.uncertainty - 1.0
    # this form of the root has no difference of nearly equal numbers for a heavy Z'
    return np.sqrt(2.0 * excess / (interference + np.sqrt(interference**2 + 4.0 * squared * excess)))[()]
