"""A dark Higgs h_D that decays into two dark photons A', which leave Belle II before they decay.

The model is ``L = g_D^2 v_D A'.A' (h_D cos(theta) - h sin(theta))`` with ``m_A' = g_D v_D``, and A' couples to the
electromagnetic current through kinetic mixing, ``L = -epsilon e J_em.A'``.
The decay ``B -> K h_D`` counts as invisible if both A' decay outside a cylinder around the interaction point.
"""

import numpy as np
import numpy.typing as npt

from .. import belle2, widths
from .._arrays import Array, checked, choice, legendre, single, together
from .._public import public
from .._rival_row import Row, against_the_data
from ..errors import ParameterError
from ..inputs import cached, get, natural, sets, use
from ..kinematics import momentum
from ..meson_decays import br_b_to_k_scalar, br_b_to_kstar_scalar
from ..units import convert

__all__ = [
    "SEARCHES",
    "boost_below",
    "decay_length",
    "epsilon_for",
    "excluded",
    "fraction_invisible",
    "gamma_dark_photon",
    "least_v_d",
    "r_ratio",
    "row",
    "windows",
]

# Published limits on a dark photon that decays visibly, in the order of `excluded`.
SEARCHES = ("E137", "NuCal", "NuCal-rho", "SN1987A", "NA48/2")

# Orders of the rule: polar angle of h_D, polar and azimuthal angle of A' in the rest frame of h_D; points treated at once.
_ORDERS = (24, 12, 12)
_CHUNK = 64
_LARGEST = 1e3
_HALVINGS = 60
# m_h and m_A' in GeV and mixing of the row; v_D in GeV among which the least one is looked for
_POINT = 2.15, 0.15, 5e-8
_V_D = np.geomspace(5.0, 500.0, 200)


def _momentum_of_pions(s: Array, m_pi: float) -> Array:
    """Momentum of each pion of a pair with squared mass s; zero below threshold."""
    value: Array = np.sqrt(np.maximum(0.25 * s - m_pi**2, 0.0))
    return value


def _loop(k: Array, energy: Array, m_pi: float) -> Array:
    """Compute the function h of Gounaris and Sakurai."""
    value: Array = 2.0 / np.pi * k / energy * np.log((energy + 2.0 * k) / (2.0 * m_pi))
    return value


def _gounaris_sakurai(s: Array, mass: float, width: float, m_pi: float) -> npt.NDArray[np.complex128]:
    """Resonance of two pions with the analytic phase-space function, equal to 1 at s = 0."""
    pole, root = np.asarray(mass), np.sqrt(s)
    k_0, k = _momentum_of_pions(pole**2, m_pi), _momentum_of_pions(s, m_pi)
    h_0 = _loop(k_0, pole, m_pi)
    slope = h_0 * (1.0 / (8.0 * k_0**2) - 1.0 / (2.0 * mass**2)) + 1.0 / (2.0 * np.pi * mass**2)
    shift = width * mass**2 / k_0**3 * (k**2 * (_loop(k, root, m_pi) - h_0) + (mass**2 - s) * k_0**2 * slope)
    d = 3.0 / np.pi * m_pi**2 / k_0**2 * np.log((mass + 2.0 * k_0) / (2.0 * m_pi))
    d = d + mass / (2.0 * np.pi * k_0) - m_pi**2 * mass / (np.pi * k_0**3)
    running = mass * width * (k / k_0) ** 3 * mass / root
    value: npt.NDArray[np.complex128] = np.reciprocal(mass**2 - s + shift - 1j * running)
    return value * (mass**2 + d * mass * width)


@public
def r_ratio(m: npt.ArrayLike) -> Array:
    """Rate of e+e- into hadrons over that into massless muons, R = sigma(hadrons)/(4 pi alpha^2/3s).

    Parameters
    ----------
    m : array_like
        Energy in GeV, above 0 up to 3.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero below two pions.

    Raises
    ------
    ParameterError
        If m is out of range or not finite.

    Notes
    -----
    Two pions: ``beta^3 |F|^2/4`` with the form factor of Gounaris and Sakurai (Phys. Rev. Lett. 21, 244) for rho(770) and
    rho(1450).
    omega and phi: ``9 Gamma_ee Gamma s/(alpha^2 ((s - m^2)^2 + m^2 Gamma^2))``, cut off at two and three pions.
    Four pions and more: the value of three quarks with its QCD correction, 2.2, which is switched on linearly from 0.95 to
    1.55 GeV.
    The sum agrees with the exclusive channels of hazma 2.2 within 10 % up to 0.95 GeV and within 35 % up to 1.5 GeV.
    Above that hazma lacks channels.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> print(long_lived.r_ratio([0.2, 0.5, 0.77]).round(2))
    [0.   0.5  9.45]
    """
    m = checked("m", m, 0.0, 3.0, "GeV", open_low=True)
    m_pi, alpha = natural("m_pi+"), 1.0 / natural("1/alpha(0)", "1")
    s = np.maximum(np.square(m), 4.0 * m_pi**2)
    weight = natural("rho(1450).weight", "1")
    form = _gounaris_sakurai(s, natural("rho(770).mass"), natural("rho(770).width"), m_pi)
    form = form + weight * _gounaris_sakurai(s, natural("rho(1450).mass"), natural("rho(1450).width"), m_pi)
    pions = 0.25 * (1.0 - 4.0 * m_pi**2 / s) ** 1.5 * np.abs(form / (1.0 + weight)) ** 2
    total = np.where(m > 2.0 * m_pi, pions, 0.0)
    for name in ("omega(782)", "phi(1020)"):
        mass, width = natural(f"{name}.mass"), natural(f"{name}.width")
        peak = 9.0 * natural(f"{name}.width_ee") * width / alpha**2 * s
        total = total + np.where(m > 3.0 * m_pi, peak / ((s - mass**2) ** 2 + (mass * width) ** 2), 0.0)
    value, (low, high) = natural("R.continuum", "1"), natural("R.edges")
    return (total + value * np.clip((m - low) / (high - low), 0.0, 1.0))[()]


@public
def gamma_dark_photon(m_ap: npt.ArrayLike, epsilon: npt.ArrayLike) -> Array:
    """Width of A' into charged leptons and hadrons.

    Parameters
    ----------
    m_ap : array_like
        Mass of A' in GeV, above 0 up to 3.
    epsilon : array_like
        Kinetic mixing, 0 to 1.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero below two electrons, where A' decays into three photons only.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``alpha epsilon^2 m/3 (sum_l beta_l (1 + 2 m_l^2/m^2) + R(m))`` with R of `r_ratio`.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> f"{long_lived.gamma_dark_photon(0.1, 1e-6):.3e}"
    '2.432e-16'
    """
    m, epsilon = checked("m_ap", m_ap, 0.0, 3.0, "GeV", open_low=True), checked("epsilon", epsilon, 0.0, 1.0)
    together(m_ap=m, epsilon=epsilon)
    channels = r_ratio(m)
    for lepton in ("e", "mu", "tau"):
        heavy = natural(f"m_{lepton}")
        ratio = (heavy / np.maximum(m, heavy)) ** 2
        channels = channels + np.sqrt(np.maximum(1.0 - 4.0 * ratio, 0.0)) * (1.0 + 2.0 * ratio)
    return (np.square(epsilon) * m / (3.0 * natural("1/alpha(0)", "1")) * channels)[()]


@public
def decay_length(m_ap: npt.ArrayLike, epsilon: npt.ArrayLike) -> Array:
    """Mean decay length c tau of A' without its boost.

    Parameters
    ----------
    m_ap : array_like
        Mass of A' in GeV, above 0 up to 3.
    epsilon : array_like
        Kinetic mixing, above 0 up to 1.

    Returns
    -------
    ndarray or float
        Length in metres; infinite below two electrons.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    hbar c over `gamma_dark_photon`.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> f"{long_lived.decay_length(0.1, 1e-6):.3f}"
    '0.811'
    """
    gamma = gamma_dark_photon(m_ap, checked("epsilon", epsilon, 0.0, 1.0, open_low=True))
    with np.errstate(divide="ignore"):
        return convert(np.divide(1.0, gamma), "GeV^-1", "m")


@cached
def _frame(detector: str) -> tuple[float, Array]:
    """Boost beta gamma of the pair of B mesons, and radius, forward and backward half-length of the detector in metres."""
    size = get(f"belle2.{detector}")
    return float(natural("belle2.boost", "1")), np.asarray(convert(size.value, size.unit, "m"))


@cached
def _nodes() -> tuple[Array, Array, Array, Array]:
    """Cosine of h_D, cosine and azimuth of A', and weights, as flat arrays; the weights sum to one."""
    (x, w_x), (y, w_y), (z, w_z) = (legendre(order) for order in _ORDERS)
    cosine, inner, azimuth = (part.ravel() for part in np.meshgrid(2.0 * x - 1.0, y, np.pi * z, indexing="ij"))
    return cosine, inner, azimuth, np.einsum("i,j,k->ijk", w_x, w_y, w_z).ravel()


def _open(m_h: Array, m_ap: Array) -> npt.NDArray[np.bool_]:
    """Mask of the masses for which both two-body decays are open."""
    mask: npt.NDArray[np.bool_] = (m_h < natural("m_B+") - natural("m_K+")) & (2.0 * m_ap < m_h)
    return mask


def _crossed(m_h: Array, m_ap: Array, detector: str) -> Array:
    """Sum over both A' of path in the detector over beta gamma in metres; shape (nodes, points)."""
    boost, (radius, forward, backward) = _frame(detector)
    cosine, inner, azimuth = (part[:, None] for part in _nodes()[:3])
    sine = np.sqrt(1.0 - cosine**2)
    p_h = momentum(natural("m_B+"), natural("m_K+"), m_h)
    own = momentum(m_h, m_ap, m_ap)
    energy_h = np.hypot(p_h, m_h)
    along = own * inner
    across = own * np.sqrt(1.0 - inner**2)
    total: Array = np.zeros(1)
    for sign in (1.0, -1.0):
        # frame of h_D, then of the B meson, then of the laboratory
        energy = (0.5 * m_h * energy_h + sign * along * p_h) / m_h
        parallel = (sign * along * energy_h + 0.5 * m_h * p_h) / m_h
        side = sign * across * np.cos(azimuth)
        p_z = np.hypot(1.0, boost) * (parallel * cosine - side * sine) + boost * energy
        p_t = np.hypot(parallel * sine + side * cosine, across * np.sin(azimuth))
        reach = np.maximum(p_t / radius, np.maximum(p_z / forward, -p_z / backward))
        total = total + m_ap / reach
    return total


@public
def fraction_invisible(m_h: npt.ArrayLike, m_ap: npt.ArrayLike, epsilon: npt.ArrayLike, detector: str = "calorimeter") -> Array:
    """Fraction of the decays B -> K h_D, h_D -> A' A' in which both A' leave the detector before they decay.

    Parameters
    ----------
    m_h : array_like
        Mass of h_D in GeV, above 0 up to 1000.
    m_ap : array_like
        Mass of A' in GeV, above 0 up to 1000.
    epsilon : array_like
        Kinetic mixing, 0 to 1.
    detector : {"calorimeter", "drift chamber", "iron"}
        The cylinder that has to be left: the inside of the calorimeter, that of the drift chamber, or that of the muon
        detector.

    Returns
    -------
    ndarray or float
        0 to 1; exactly zero where one of the two decays is closed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the detector is not known.

    Notes
    -----
    ``< exp(-(d_1/b_1 + d_2/b_2)/c tau) >``, where d is the path of an A' from the centre to the surface of the cylinder, and b
    is its beta gamma.
    h_D is isotropic in the rest frame of the B meson and A' in that of h_D, since both parents have spin zero.
    The B mesons share the boost of the beams, beta gamma = 0.28; their own motion, beta = 0.06, is left out.
    The average is a Gauss-Legendre rule with 24 x 12 x 12 nodes in the three angles.
    The error of the rule is below 1e-3, and the motion of the B mesons changes the result by less than 2e-3.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> print(long_lived.fraction_invisible(2.15, 0.1, [1e-7, 3e-7, 1e-6]).round(3))
    [0.997 0.974 0.744]
    """
    m_h = checked("m_h", m_h, 0.0, _LARGEST, "GeV", open_low=True)
    m_ap = checked("m_ap", m_ap, 0.0, _LARGEST, "GeV", open_low=True)
    epsilon = checked("epsilon", epsilon, 0.0, 1.0)
    choice("detector", detector, ("calorimeter", "drift chamber", "iron"))
    shape = together(m_h=m_h, m_ap=m_ap, epsilon=epsilon)
    flat = [np.broadcast_to(part, shape).ravel() for part in (m_h, m_ap, epsilon)]
    found = np.zeros(flat[0].shape)
    # an open decay has m_A' below 2.4 GeV
    good = np.flatnonzero(_open(flat[0], flat[1]))
    weights = _nodes()[3]
    for start in range(0, len(good), _CHUNK):
        part = good[start : start + _CHUNK]
        mass, light, mixing = (values[part] for values in flat)
        inverse = convert(gamma_dark_photon(light, mixing), "GeV", "m^-1")
        found[part] = np.minimum(weights @ np.exp(-_crossed(mass, light, detector) * inverse), 1.0)
    return found.reshape(shape)[()]


@public
def epsilon_for(fraction: float, m_h: npt.ArrayLike, m_ap: npt.ArrayLike, detector: str = "calorimeter") -> Array:
    """Kinetic mixing at which a given fraction of the decays is invisible.

    Parameters
    ----------
    fraction : float
        Wanted value of `fraction_invisible`, 0.001 to 0.999.
    m_h, m_ap : array_like
        Masses of h_D and A' in GeV, as in `fraction_invisible`.
    detector : {"calorimeter", "drift chamber", "iron"}
        As in `fraction_invisible`.

    Returns
    -------
    ndarray or float
        Mixing, which may exceed 1; zero where one of the two decays is closed, infinite where A' cannot decay into electrons.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the detector is not known.

    Notes
    -----
    `fraction_invisible` falls with epsilon^2; the equation is solved by bisection in the logarithm of 1/(c tau).

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> f"{long_lived.epsilon_for(0.9, 2.15, 0.1):.2e}"
    '5.95e-07'
    """
    wanted = checked("fraction", fraction, 1e-3, 0.999)
    if wanted.ndim:
        raise ParameterError(f"fraction has shape {wanted.shape}; give one number")
    m_h = checked("m_h", m_h, 0.0, _LARGEST, "GeV", open_low=True)
    m_ap = checked("m_ap", m_ap, 0.0, _LARGEST, "GeV", open_low=True)
    choice("detector", detector, ("calorimeter", "drift chamber", "iron"))
    shape = together(m_h=m_h, m_ap=m_ap)
    heavy, light = (np.broadcast_to(part, shape).ravel() for part in (m_h, m_ap))
    found = np.zeros(heavy.shape)
    good = np.flatnonzero(_open(heavy, light))
    weights = _nodes()[3]
    for start in range(0, len(good), _CHUNK):
        part = good[start : start + _CHUNK]
        crossed = _crossed(heavy[part], light[part], detector)
        unit = convert(gamma_dark_photon(light[part], 1.0), "GeV", "m^-1")
        mean = np.maximum(weights @ crossed, 1e-290)
        low, high = np.log(1e-6 / mean), np.log(1e6 / mean)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            enough = weights @ np.exp(-crossed * np.exp(middle)) >= wanted
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
        with np.errstate(divide="ignore", over="ignore"):
            found[part] = np.sqrt(np.divide(np.exp(low), unit))
    return found.reshape(shape)[()]


@public
def boost_below(boost: npt.ArrayLike, m_h: npt.ArrayLike, m_ap: npt.ArrayLike) -> Array:
    """Probability that beta gamma of an A' in the laboratory is below a value.

    Parameters
    ----------
    boost : array_like
        beta gamma, 0 to 1e6.
    m_h, m_ap : array_like
        Masses of h_D and A' in GeV, as in `fraction_invisible`.

    Returns
    -------
    ndarray or float
        0 to 1; exactly zero where one of the two decays is closed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    In the rest frame of the B meson the energy of A' is flat between ``gamma (m_h/2 -+ beta p)``, its direction is isotropic.
    Here gamma and beta belong to h_D, and p is the momentum of A' in the frame of h_D.
    The boost of the beams then spreads each energy E over ``gamma_B (E +- beta_B p)``.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> print(long_lived.boost_below([5.0, 10.0, 20.0, 30.0], 2.15, 0.1).round(3))
    [0.03  0.252 0.708 0.976]
    """
    boost = checked("boost", boost, 0.0, 1e6)
    m_h = checked("m_h", m_h, 0.0, _LARGEST, "GeV", open_low=True)
    m_ap = checked("m_ap", m_ap, 0.0, _LARGEST, "GeV", open_low=True)
    together(boost=boost, m_h=m_h, m_ap=m_ap)
    beams, _ = _frame("calorimeter")
    nodes, weights = legendre(200)
    good = _open(m_h, m_ap)
    heavy, light = np.where(good, m_h, 1.0), np.where(good, m_ap, 0.1)
    p_h, own = momentum(natural("m_B+"), natural("m_K+"), heavy), momentum(heavy, light, light)
    shift = (2.0 * nodes - 1.0).reshape(-1, *(1,) * max(np.ndim(boost), np.ndim(good)))
    energy = (0.5 * heavy * np.hypot(p_h, heavy) + shift * own * p_h) / heavy
    wanted = light * np.hypot(1.0, boost)
    size = beams * np.sqrt(np.maximum(energy**2 - light**2, 1e-30))
    below = np.clip(0.5 + 0.5 * (wanted - np.hypot(1.0, beams) * energy) / size, 0.0, 1.0)
    return np.where(good, np.minimum(np.einsum("n,n...->...", weights, below), 1.0), 0.0)[()]


@public
def excluded(m_ap: npt.ArrayLike, epsilon: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Test which published limits exclude a dark photon that decays visibly.

    Parameters
    ----------
    m_ap : array_like
        Mass of A' in GeV, above 0 up to 3.
    epsilon : array_like
        Kinetic mixing, 0 to 1.

    Returns
    -------
    ndarray, shape (5, ...)
        True where a limit of `SEARCHES` excludes the point.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    Each limit is a band in epsilon, ``dark_photon.NAME.lower`` to ``.upper`` against ``.m``.
    It is interpolated linearly on a double-logarithmic plot, and excludes nothing outside its masses.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> long_lived.excluded(0.05, 1e-6).tolist()
    [True, True, False, False, False]
    """
    m, epsilon = checked("m_ap", m_ap, 0.0, 3.0, "GeV", open_low=True), checked("epsilon", epsilon, 0.0, 1.0)
    together(m_ap=m, epsilon=epsilon)
    low, high = _bands(m)
    found: npt.NDArray[np.bool_] = np.stack([(epsilon >= a) & (epsilon <= b) for a, b in zip(low, high, strict=True)])
    return found


def _bands(m: Array) -> tuple[Array, Array]:
    """Lower and upper ends of the excluded bands, shape (5,) + shape of m; nan outside the masses of a limit."""
    ends = []
    for edge in ("lower", "upper"):
        rows = []
        for name in SEARCHES:
            mass, mixing = np.log(natural(f"dark_photon.{name}.m")), np.log(natural(f"dark_photon.{name}.{edge}", "1"))
            rows.append(np.exp(np.interp(np.log(m), mass, mixing, left=np.nan, right=np.nan)))
        ends.append(np.stack(rows))
    return ends[0], ends[1]


@public
def windows(
    m_h: npt.ArrayLike, m_ap: npt.ArrayLike, fraction: float = 0.9, detector: str = "calorimeter"
) -> tuple[Array, Array]:
    """Ranges of the mixing in which the decays are invisible and that no limit of `excluded` covers.

    Parameters
    ----------
    m_h : array_like
        Mass of h_D in GeV, above 0 up to 1000.
    m_ap : array_like
        Mass of A' in GeV, above 0 up to 3.
    fraction : float
        Smallest value of `fraction_invisible` that counts as invisible, 0.001 to 0.999.
    detector : {"calorimeter", "drift chamber", "iron"}
        As in `fraction_invisible`.

    Returns
    -------
    low, high : ndarray, shape (6, ...)
        Ends of each range, from the smallest mixing on; both are zero beyond the last range.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the detector is not known.

    Notes
    -----
    The range from 0 to `epsilon_for` without the bands of `excluded`; the first range begins at 0.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> low, high = long_lived.windows(2.15, 0.15)
    >>> for ends in zip(low[:3], high[:3]):
    ...     print(*(f"{mixing:.1e}" for mixing in ends))
    0.0e+00 6.2e-10
    2.3e-08 6.3e-08
    0.0e+00 0.0e+00
    """
    m_h = checked("m_h", m_h, 0.0, _LARGEST, "GeV", open_low=True)
    m_ap = checked("m_ap", m_ap, 0.0, 3.0, "GeV", open_low=True)
    top = epsilon_for(fraction, m_h, m_ap, detector)
    shape = together(m_h=m_h, m_ap=m_ap)
    low, high = _bands(np.broadcast_to(m_ap, shape).ravel())
    found = np.zeros((2, len(SEARCHES) + 1, low.shape[1]))
    for point, end in enumerate(np.ravel(top)):
        edge, row = 0.0, 0
        for i in np.argsort(low[:, point]):
            if low[i, point] >= end or np.isnan(low[i, point]):
                break
            if low[i, point] > edge:
                found[:, row, point] = edge, low[i, point]
                row += 1
            edge = max(edge, high[i, point])
        if edge < end:
            found[:, row, point] = edge, end
    first, last = found.reshape(2, len(SEARCHES) + 1, *shape)
    return first, last


@public
def least_v_d(sin_theta: npt.ArrayLike, m_h: float, m_ap: float) -> Array:
    """Least vacuum expectation value that the limit on invisible decays of the Higgs boson allows.

    Parameters
    ----------
    sin_theta : array_like
        Mixing of the two scalars, 0 to 1.
    m_h : float
        Mass of h_D in GeV, 0.001 to 50.
    m_ap : float
        Mass of the dark photon in GeV, 0.001 to 50.

    Returns
    -------
    ndarray or float
        v_D in GeV, 5 to 500: a value at one of these ends is beyond it.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    `widths.sin_theta_max`, inverted by a linear interpolation between 200 values of v_D.

    Examples
    --------
    >>> from darkhiggs.rivals import long_lived
    >>> print(long_lived.least_v_d([0.003, 0.0038], 2.15, 0.15).round(0))
    [24. 30.]
    """
    sine = checked("sin_theta", sin_theta, 0.0, 1.0)
    heavy, light = single("m_h", m_h, 1e-3, 50.0, "GeV"), single("m_ap", m_ap, 1e-3, 50.0, "GeV")
    return np.interp(sine, widths.sin_theta_max(_V_D, m_h1=heavy, m_zp=light), _V_D)[()]


@public
def row(inputs: str = "talk") -> Row:
    """Hold an h_D of 2.15 GeV that decays into two dark photons of 150 MeV against the data.

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
    >>> from darkhiggs.rivals import long_lived
    >>> row = long_lived.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.2f}")
    8.2e-06 13.6 0.78
    """
    with use(choice("inputs", inputs, sets())):
        m_h, m_ap, epsilon = _POINT
        spectrum = belle2.Spectrum.line(m_h)
        unseen = fraction_invisible(m_h, m_ap, epsilon)
        kaon, kstar = br_b_to_k_scalar(m_h, 1.0), br_b_to_kstar_scalar(m_h, 1.0)
        sine = np.sqrt(belle2.Likelihood().fit_rate(spectrum).rate / unseen / kaon)
        v_d = least_v_d(sine, m_h, m_ap)
        ranges = [f"{a:.1e} to {b:.1e}" if a else f"up to {b:.1e}" for a, b in np.transpose(windows(m_h, m_ap)) if b > a]
        return against_the_data(
            "long-lived photons",
            "rival_long_lived",
            spectrum,
            statements=("S144", "S145"),
            point=f"m_h = {m_h:g} GeV, m_A' = {1e3 * m_ap:g} MeV, epsilon = {epsilon:.0e}",
            kstar=float(kstar / kaon),
            free={
                "Higgs": f"v_D above {v_d:.0f} GeV",
                "other": f"epsilon {' and '.join(ranges)}",
            },
            bears=(
                f"{100.0 * unseen:.1f} % of the decays are invisible",
                f"sin(theta) = {sine:.4f}",
                f"beam dumps, SN1987A and NA48/2 leave epsilon {' and '.join(ranges)}",
                f"invisible decays of the Higgs boson leave v_D above {v_d:.0f} GeV",
            ),
        )
