"""Two-body decays B -> K Z' and B -> K* Z' into an invisible light vector with couplings of dimension 4, 5 and 6.

The interaction is, with the field strength Z'_mn and g^(d) in GeV^(4-d), so that powers of the cut-off are part of g,

    L = g_L^(4) Z'_m (sbar gamma^m P_L b) + g_L^(5) Z'_mn (sbar sigma^mn P_R b) + g_L^(6) d^n Z'_mn (sbar gamma^m P_L b)
        + (L <-> R) + h.c.,    g_V = g_R + g_L,    g_A = g_R - g_L    (arXiv:2311.14629).

A pseudoscalar K is reached through g_V alone.
A K* with helicity 0 is reached through g_A alone; g_V and g_A interfere in helicities +1 and -1, not in their sum.
On the mass shell ``d^n Z'_mn = m_Z'^2 Z'_m``: dimension 6 is dimension 4 with the coupling ``g m_Z'^2``.
The rate of dimension 4 grows as 1/m_Z'^2, by the longitudinal Z'.
"""

import numpy as np
import numpy.typing as npt

from .. import babar, belle2, form_factors
from .._arrays import Array, checked, choice, single, together, whole
from .._public import public
from .._rival_row import Row, against_the_data
from .._scalars import M_MIN, clip, kept, square_root
from ..inputs import natural, sets, use
from ..kinematics import kallen
from ..limits import kstar_room

__all__ = ["br_b_to_k", "br_b_to_kstar", "chi2_babar", "fit_with_babar", "row"]

_G_MAX = 1e3
# mass of the Z' in GeV and coupling of the row
_POINT = 2.0, 1e-8
# rates of K+ at which -2 ln L is scanned
_RATES = np.concatenate([np.linspace(0.0, 2e-5, 401), np.geomspace(2.1e-5, 2e-4, 40)])


def _open(m_zp: Array, m_b: float, m_k: float) -> tuple[npt.NDArray[np.bool_], Array, Array]:
    """Mask of the open decays, mass limited to their range, and square root of the Källén function in GeV^2."""
    inside = m_zp <= m_b - m_k
    safe = clip(m_zp, 0.0, m_b - m_k)
    return inside, safe, square_root(clip(kallen(m_b**2, m_k**2, safe**2), 0.0))


@public
def br_b_to_k(
    m_zp: npt.ArrayLike,
    g_v: npt.ArrayLike,
    dimension: int = 4,
    charge: str = "+",
    *,
    form_factor: str = "HPQCD22",
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K Z'.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-12 to 1000.
    g_v : array_like
        Vector coupling g_R + g_L in GeV^(4 - dimension), -1000 to 1000.
    dimension : {4, 5, 6}
        Dimension of the interaction.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    form_factor : {"HPQCD22", "BallZwicky"}
        Set for f_+ and f_T.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Width times lifetime, dimensionless; exactly zero for m_zp above m_B - m_K.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    With ``sum |eps p_B|^2 = K/(4 m^2)`` over the polarisations, where K is the Källén function of the squared masses,

    * dimension 4: ``Gamma = g_V^2 f_+^2 K^(3/2)/(64 pi m_B^3 m^2)``;
    * dimension 5: ``Gamma = g_V^2 f_T^2 m^2 K^(3/2)/(16 pi m_B^3 (m_B + m_K)^2)``;
    * dimension 6: ``Gamma = g_V^2 f_+^2 m^2 K^(3/2)/(64 pi m_B^3)``.

    These are the widths of arXiv:2311.14629; the form factors enter squared.

    Examples
    --------
    >>> from darkhiggs.rivals import light_vector
    >>> print(*(f"{light_vector.br_b_to_k(2.0, 1e-8, dimension):.3e}" for dimension in (4, 5, 6)))
    4.818e-06 9.161e-06 7.709e-05
    """
    m_zp = checked("m_zp", m_zp, M_MIN, 1e3, "GeV")[()]
    g_v = checked("g_v", g_v, -_G_MAX, _G_MAX)[()]
    together(m_zp=np.asarray(m_zp), g_v=np.asarray(g_v))
    dimension = whole("dimension", dimension, 4, 6)
    choice("charge", charge, ("+", "0"))
    choice("form_factor", form_factor, form_factors.B_TO_K)
    m_b, m_k = natural(f"m_B{charge}"), natural(f"m_K{charge}")
    inside, m, root = _open(m_zp, m_b, m_k)
    vector = form_factors.b_to_k(m * m, "fT" if dimension == 5 else "f+", form_factor, nuisance=nuisance)
    # amplitude over g_V eps p_B
    size = {4: 1.0, 5: 2.0 * m * m / (m_b + m_k), 6: m * m}[dimension] * vector
    width = (g_v * size / m) ** 2 * (root * root * root) / (64.0 * np.pi * m_b**3)
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@public
def br_b_to_kstar(
    m_zp: npt.ArrayLike,
    g_v: npt.ArrayLike,
    g_a: npt.ArrayLike,
    dimension: int = 4,
    charge: str = "0",
    *,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K* Z'.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-12 to 1000.
    g_v, g_a : array_like
        Couplings g_R + g_L and g_R - g_L in GeV^(4 - dimension), -1000 to 1000.
    dimension : {4, 5, 6}
        Dimension of the interaction.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    nuisance : array_like, shape (19,) or (toys, 19), default 0
        See `form_factors.b_to_kstar`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Width times lifetime, dimensionless; exactly zero for m_zp above m_B - m_K*.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = K^(1/2)/(64 pi m_B^3) (H_0^2 + H_+^2 + H_-^2)`` with the helicity amplitudes, for dimensions 4 and 5,

    * ``H_0 = 8 g_A m_B m_K* A_12/m`` and ``H_+- = g_A (m_B + m_K*) A_1 -+ g_V K^(1/2) V/(m_B + m_K*)``;
    * ``H_0 = 8 g_A m_B m_K* m T_23/(m_B + m_K*)`` and ``H_+- = 2 g_A (m_B^2 - m_K*^2) T_2 -+ 2 g_V K^(1/2) T_1``.

    Dimension 6 is dimension 4 with the couplings times m^2.
    Form factors of BSZ15, arXiv:1503.05534; A_12 and T_23 as defined there.

    Examples
    --------
    >>> from darkhiggs.rivals import light_vector
    >>> print(*(f"{light_vector.br_b_to_kstar(2.0, *pair):.3e}" for pair in ((1e-8, 0.0), (0.0, 1e-8))))
    1.088e-06 6.506e-06
    """
    m_zp = checked("m_zp", m_zp, M_MIN, 1e3, "GeV")[()]
    g_v = checked("g_v", g_v, -_G_MAX, _G_MAX)[()]
    g_a = checked("g_a", g_a, -_G_MAX, _G_MAX)[()]
    together(m_zp=np.asarray(m_zp), g_v=np.asarray(g_v), g_a=np.asarray(g_a))
    dimension = whole("dimension", dimension, 4, 6)
    choice("charge", charge, ("+", "0"))
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    inside, m, root = _open(m_zp, m_b, m_v)
    names = ("T1", "T2", "T23") if dimension == 5 else ("V", "A1", "A12")
    vector, axial, zero = (form_factors.b_to_kstar(m * m, name, nuisance=nuisance) for name in names)
    if dimension == 5:
        scale = 2.0 * np.ones_like(m)
        zero = 4.0 * m_b * m_v * m * zero / (m_b + m_v)
        axial, vector = (m_b**2 - m_v**2) * axial, root * vector
    else:
        scale = m * m if dimension == 6 else np.ones_like(m)
        zero = 8.0 * m_b * m_v * zero / m
        axial, vector = (m_b + m_v) * axial, root * vector / (m_b + m_v)
    # the two transverse helicities together
    total = (g_a * scale * zero) ** 2 + 2.0 * (g_a * scale * axial) ** 2 + 2.0 * (g_v * scale * vector) ** 2
    width = total * root / (64.0 * np.pi * m_b**3)
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@public
def chi2_babar(m_zp: npt.ArrayLike, rate: npt.ArrayLike, kaon: str = "K") -> Array:
    """-2 ln L of BaBar's counts of the charged and the neutral kaon, whose rates isospin ties to each other.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 0.001 to 1000.
    rate : array_like
        BR(B+ -> K+ Z') or BR(B0 -> K*0 Z'), 0 to 1.
    kaon : {"K", "K*"}
        The kaon; K* takes the rate of its neutral mode.

    Returns
    -------
    ndarray or float
        Dimensionless; rate = 0 is the Standard Model.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the kaon is unknown.

    Notes
    -----
    The sum of `babar.chi2` over both modes. The rate of the other mode is that of a vector coupling of dimension 4; its ratio
    to the first is one of lifetimes and phase space.

    Examples
    --------
    >>> from darkhiggs.rivals import light_vector
    >>> print(light_vector.chi2_babar(2.0, [0.0, 5e-6, 1e-5]).round(2))
    [0.94 0.09 0.91]
    """
    choice("kaon", kaon, ("K", "K*"))
    m_zp, rate = checked("m_zp", m_zp, M_MIN, 1e3, "GeV"), checked("rate", rate, 0.0, 1.0)
    together(m_zp=m_zp, rate=rate)
    g = _POINT[1]
    first, other = ("K+", "K0") if kaon == "K" else ("K*0", "K*+")
    one, two = (
        br_b_to_k(m_zp, g, charge=mode[-1]) if kaon == "K" else br_b_to_kstar(m_zp, g, 0.0, charge=mode[-1])
        for mode in (first, other)
    )
    # without a decay both are zero
    ratio = two / np.where(one > 0.0, one, 1.0)
    return babar.chi2(m_zp, rate, first) + babar.chi2(m_zp, np.minimum(ratio * rate, 1.0), other)


@public
def fit_with_babar(m_zp: float, counts: str | int = "K", near: float = 1.0 / 3.0) -> tuple[float, float, float, float]:
    """Fit a line to Belle II's spectrum and BaBar's counts together.

    Parameters
    ----------
    m_zp : float
        Mass of the Z' in GeV, 0.001 to 2.8.
    counts : {"none", "K", "K and K*", 0, 1, ..., 6}
        Counts of BaBar: none, the sums of K+ and K0, also those of K*0 and K*+ for a vector coupling of dimension 4; or the
        number of the six K+ events that lie near the line.
    near : float
        Part of the K+ events expected without a signal that lies near the line, 0.01 to 1; used with a number of events.

    Returns
    -------
    tuple of float
        BR(B+ -> K+ Z'), lower and upper end of its interval of 68 %, and the root of the decrease of -2 ln L with respect to no
        signal.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the counts are unknown.

    Notes
    -----
    Events near the line follow Poisson's law, ``2 (nu - n ln nu)`` with ``nu = b + s``. The rate is scanned in steps of 5e-8.

    Examples
    --------
    >>> from darkhiggs.rivals import light_vector
    >>> for counts in ("none", "K", 0):
    ...     rate, low, high, z = light_vector.fit_with_babar(2.0, counts)
    ...     print(f"{1e6 * rate:.2f}, {1e6 * low:.2f} to {1e6 * high:.2f}, {z:.1f} sigma")
    8.55, 6.05 to 11.05, 3.4 sigma
    7.95, 5.65 to 10.30, 3.5 sigma
    5.85, 3.40 to 8.35, 2.3 sigma
    """
    m_zp, near = float(single("m_zp", m_zp, M_MIN, 2.8, "GeV")), float(single("near", near, 0.01, 1.0))
    total = belle2.Likelihood().chi2(belle2.Spectrum.line(m_zp), _RATES)
    if isinstance(counts, str):
        choice("counts", counts, ("none", "K", "K and K*"))
        if counts != "none":
            total = total + chi2_babar(m_zp, _RATES)
        if counts == "K and K*":
            ratio = br_b_to_kstar(m_zp, _POINT[1], 0.0) / br_b_to_k(m_zp, _POINT[1])
            total = total + chi2_babar(m_zp, ratio * _RATES, "K*")
    else:
        mean = near * babar.expected() + babar.events(m_zp, _RATES)
        total = total + 2.0 * (mean - whole("counts", counts, 0, 6) * np.log(mean))
    least = np.min(total)
    inside = _RATES[total.round(9) < least + 1.0]
    best = _RATES[int(np.argmin(total.round(9)))]
    return float(best), float(inside[0]), float(inside[-1]), float(np.sqrt(total[0] - least))


@public
def row(inputs: str = "talk") -> Row:
    """Hold a Z' of 2 GeV with a vector coupling of dimension 4 against the data.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    Row
        See `rivals.summary`.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs.rivals import light_vector
    >>> row = light_vector.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.2f}")
    8.6e-06 11.6 0.20
    """
    with use(choice("inputs", inputs, sets())):
        m_zp, g = _POINT
        spectrum, room = belle2.Spectrum.line(m_zp), kstar_room()
        rate = belle2.Likelihood().fit_rate(spectrum).rate
        kaon = br_b_to_k(m_zp, g)
        vector, axial = br_b_to_kstar(m_zp, [g, 0.0], [0.0, g]) * rate / kaon / room
        dipole = br_b_to_kstar(m_zp, g, 0.0, 5) / br_b_to_k(m_zp, g, 5) * rate / room
        # with and without the needed rate
        counts = chi2_babar(m_zp, [rate, 0.0])
        return against_the_data(
            "light vector",
            "rival_light_vector",
            spectrum,
            statements=("S21", "S34"),
            point=f"m_Z' = {m_zp:g} GeV, dimension 4, g_V alone",
            kstar=float(br_b_to_kstar(m_zp, g, 0.0) / kaon),
            bears=(
                f"g_V = {g * np.sqrt(rate / kaon):.1e}",
                f"K* leaves |g_A/g_V| up to {np.sqrt((1.0 - vector) / axial):.2f}",
                f"with quarks of one chirality K* is at {vector + axial:.2f} times its room",
                f"with dimension 5 K* is at {dipole:.0f} times its room",
                f"-2 ln L of BaBar's K+ and K0 changes by {counts[0] - counts[1]:+.1f}",
            ),
        )
