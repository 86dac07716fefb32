"""Thermodynamics of the early universe: degrees of freedom, ideal gases, and the QED plasma of photons and electrons."""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice
from ._gases import moments as gas_moments
from ._gases import qed
from ._public import public
from ._tables import degrees_of_freedom, degrees_of_freedom_cubics, interpolate
from .inputs import cached, natural

__all__ = [
    "energy_density",
    "energy_slope",
    "entropy_density",
    "g_rho",
    "g_s",
    "hubble",
    "number_density",
    "pressure",
    "qed_energy_density",
    "qed_pressure",
]


@cached
def _column(column: int) -> tuple[Array, float, float, float, float]:
    """Cubics of one column, lowest and highest temperature T, ln of the lowest T, and range of ln T."""
    low, high = degrees_of_freedom()[[0, -1], 0].tolist()
    first, last = np.log(low), np.log(high)
    return np.ascontiguousarray(degrees_of_freedom_cubics()[:, column]), low, high, first, last - first


def _lookup(T: npt.ArrayLike, column: int) -> Array:
    """Interpolate a column in ln T, in which the rows are equidistant."""
    cubics, low, high, first, span = _column(column)
    T = checked("T", T, low, high, "GeV")[()]
    return interpolate(cubics, (np.log(T) - first) / span * float(cubics.shape[-1]))


@public
def g_rho(T: npt.ArrayLike) -> Array:
    """Effective degrees of freedom of the energy density in the Standard Model.

    Parameters
    ----------
    T : array_like
        Temperature of the photons in GeV, 1e-5 to 1e3.

    Returns
    -------
    ndarray or float
        ``g_rho = rho/(pi^2 T^4/30)``.

    Raises
    ------
    ParameterError
        If a temperature lies outside the table or is not finite.

    Notes
    -----
    The table is made from the fit of Saikawa and Shirai, arXiv:1803.01038 App. C, to lattice results.
    The fit has three neutrinos that decouple instantaneously.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.g_rho(0.1):.2f}"
    '17.75'
    """
    return _lookup(T, 0)


@public
def g_s(T: npt.ArrayLike) -> Array:
    """Effective degrees of freedom of the entropy density in the Standard Model.

    Parameters
    ----------
    T : array_like
        Temperature of the photons in GeV, 1e-5 to 1e3.

    Returns
    -------
    ndarray or float
        ``g_s = s/(2 pi^2 T^3/45)``.

    Raises
    ------
    ParameterError
        If a temperature lies outside the table or is not finite.

    Notes
    -----
    See `g_rho`.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.g_s(0.1):.2f}"
    '17.33'
    """
    return _lookup(T, 1)


@public
def hubble(T: npt.ArrayLike) -> Array:
    """Expansion rate of the Standard Model in the radiation era.

    Parameters
    ----------
    T : array_like
        Temperature of the photons in GeV, 1e-5 to 1e3.

    Returns
    -------
    ndarray or float
        H in GeV.

    Raises
    ------
    ParameterError
        If a temperature lies outside the table or is not finite.

    Notes
    -----
    ``H = [8 pi rho/(3 M_Pl^2)]^(1/2)`` with ``rho = pi^2 g_rho T^4/30``.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.hubble(1e-3):.3e}"
    '4.416e-25'
    """
    return np.sqrt(4.0 * np.pi**3 / 45.0 * g_rho(T)) * np.square(T) / natural("M_Pl")


def _ideal(T: npt.ArrayLike, mass: npt.ArrayLike, dof: npt.ArrayLike, statistics: str) -> tuple[Array, tuple[Array, ...]]:
    """Check the arguments; return the temperature, and the moments of the gas times its degrees of freedom."""
    choice("statistics", statistics, ("boson", "fermion"))
    T = checked("T", T, 1e-15, 1e6, "GeV")
    x = checked("mass", mass, 0.0, 1e6, "GeV") / T
    g = checked("dof", dof, 0.0, 1e3)
    return T, tuple(g * moment for moment in gas_moments(x, statistics))


@public
def energy_density(T: npt.ArrayLike, mass: npt.ArrayLike = 0.0, dof: npt.ArrayLike = 1.0, statistics: str = "boson") -> Array:
    """Energy density of an ideal quantum gas without chemical potential.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-15 to 1e6.
    mass : array_like
        Mass in GeV, 0 to 1e6.
    dof : array_like
        Number of states: spin, colour, antiparticle.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.

    Returns
    -------
    ndarray or float
        rho in GeV^4; ``pi^2 T^4/30`` for a massless boson, 7/8 of it for a fermion.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``rho = g/(2 pi^2) Int dp p^2 E/(exp(E/T) -+ 1)``, computed by a fixed Gauss-Legendre rule in ``v = [(E - m)/T]^(1/2)``,
    which is good to 1e-8.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.energy_density(1.0, dof=2) * 15 / 3.141592653589793**2:.9f}"
    '1.000000000'
    """
    T, moments = _ideal(T, mass, dof, statistics)
    value: Array = T**4 * moments[0]
    return value[()]


@public
def pressure(T: npt.ArrayLike, mass: npt.ArrayLike = 0.0, dof: npt.ArrayLike = 1.0, statistics: str = "boson") -> Array:
    """Pressure of an ideal quantum gas without chemical potential.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-15 to 1e6.
    mass : array_like
        Mass in GeV, 0 to 1e6.
    dof : array_like
        Number of states.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.

    Returns
    -------
    ndarray or float
        p in GeV^4.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``p = g/(2 pi^2) Int dp p^4/(3E)/(exp(E/T) -+ 1)``, computed as in `energy_density`.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.pressure(1.0) / thermodynamics.energy_density(1.0):.6f}"
    '0.333333'
    """
    T, moments = _ideal(T, mass, dof, statistics)
    value: Array = T**4 * moments[1]
    return value[()]


@public
def entropy_density(T: npt.ArrayLike, mass: npt.ArrayLike = 0.0, dof: npt.ArrayLike = 1.0, statistics: str = "boson") -> Array:
    """Entropy density of an ideal quantum gas without chemical potential.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-15 to 1e6.
    mass : array_like
        Mass in GeV, 0 to 1e6.
    dof : array_like
        Number of states.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.

    Returns
    -------
    ndarray or float
        ``s = (rho + p)/T`` in GeV^3.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.entropy_density(1.0) * 45 / (2 * 3.141592653589793**2):.6f}"
    '1.000000'
    """
    T, moments = _ideal(T, mass, dof, statistics)
    value: Array = T**3 * (moments[0] + moments[1])
    return value[()]


@public
def energy_slope(T: npt.ArrayLike, mass: npt.ArrayLike = 0.0, dof: npt.ArrayLike = 1.0, statistics: str = "boson") -> Array:
    """Temperature derivative of the energy density of an ideal quantum gas.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-15 to 1e6.
    mass : array_like
        Mass in GeV, 0 to 1e6.
    dof : array_like
        Number of states.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.

    Returns
    -------
    ndarray or float
        d rho/dT in GeV^3.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``d rho/dT = g/(2 pi^2 T^2) Int dp p^2 E^2 f (1 +- f)`` with the occupation number f, computed as in `energy_density`.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.energy_slope(2.0) / thermodynamics.energy_density(2.0):.6f}"
    '2.000000'
    """
    T, moments = _ideal(T, mass, dof, statistics)
    value: Array = T**3 * moments[2]
    return value[()]


@public
def number_density(T: npt.ArrayLike, mass: npt.ArrayLike = 0.0, dof: npt.ArrayLike = 1.0, statistics: str = "boson") -> Array:
    """Particle density of an ideal quantum gas without chemical potential.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-15 to 1e6.
    mass : array_like
        Mass in GeV, 0 to 1e6.
    dof : array_like
        Number of states.
    statistics : {"boson", "fermion"}
        Bose-Einstein or Fermi-Dirac.

    Returns
    -------
    ndarray or float
        n in GeV^3; ``zeta(3) T^3/pi^2`` for a massless boson.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.number_density(1.0) * 3.141592653589793**2:.5f}"
    '1.20206'
    """
    T, moments = _ideal(T, mass, dof, statistics)
    value: Array = T**3 * moments[3]
    return value[()]


@public
def qed_pressure(T: npt.ArrayLike) -> Array:
    """QED correction to the pressure of photons, electrons and positrons, to order e^3.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-5 to 0.1.

    Returns
    -------
    ndarray or float
        p_int in GeV^4; ``(-5 e^2/288 + e^3/(36 sqrt(3) pi)) T^4`` for T far above m_e.

    Raises
    ------
    ParameterError
        If the temperature is out of range or not finite.

    Notes
    -----
    With ``N = 2/(exp(E/T) + 1)``, ``A = Int dp p^2/E N`` and ``B = Int dp (p^2 + E^2)/E N``:
    ``p_int = -e^2 [T^2 A/(12 pi^2) + A^2/(8 pi^4)] + e^3 T B^(3/2)/(12 pi^4)``, arXiv:1911.04504.
    The term of order e^2 with a logarithm, which vanishes for m_e -> 0 and changes N_eff by 5e-5, is left out.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.qed_pressure(0.01) / 1e-8:.3e}"
    '-1.444e-03'
    """
    T = checked("T", T, 1e-5, 0.1, "GeV")
    value: Array = T**4 * qed(T)[0]
    return value[()]


@public
def qed_energy_density(T: npt.ArrayLike) -> Array:
    """QED correction to the energy density of photons, electrons and positrons, to order e^3.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 1e-5 to 0.1.

    Returns
    -------
    ndarray or float
        ``T dp_int/dT - p_int`` in GeV^4.

    Raises
    ------
    ParameterError
        If the temperature is out of range or not finite.

    Notes
    -----
    The derivative of `qed_pressure` is taken under the integrals.

    Examples
    --------
    >>> from darkhiggs import thermodynamics
    >>> f"{thermodynamics.qed_energy_density(0.01) / thermodynamics.qed_pressure(0.01):.2f}"
    '3.01'
    """
    T = checked("T", T, 1e-5, 0.1, "GeV")
    p, slope, _ = qed(T)
    value: Array = T**4 * (slope - p)
    return value[()]
