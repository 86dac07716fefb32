"""Annihilation of the dark matter: X X* of the dark-Higgs model, and a Dirac fermion that couples only to the Z'."""

import numpy as np
import numpy.typing as npt

from ._amplitudes import (
    AMPLITUDES,
    LEPTONS,
    angular_averages,
    beta_squared,
    gamma_h2,
    lepton_current,
    lepton_velocities,
    momentum_squared,
    propagator,
    squared_amplitude,
)
from ._arrays import Array, checked, choice
from ._public import public
from .errors import ParameterError
from .inputs import natural
from .model import DarkSector
from .widths import gamma_h1, gamma_zp

__all__ = ["CHANNELS", "breaks", "rate", "rate_dirac", "sigma_v"]

#: Final states of X X*.
CHANNELS = tuple(AMPLITUDES)
_S_MIN, _S_MAX = 1e-30, 1e16  # GeV^2
_DIRAC = ("nunu", "leptons", "zpzp")


@public
def rate(sector: DarkSector, s: npt.ArrayLike, channel: str | None = None) -> Array:
    """Squared amplitude of X X* annihilation, integrated over phase space.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x; with m_h1 it also needs lambda_phi_x, and m_h1 is needed if lambda_phi_x is not zero.
        Without m_h1 the dark Higgs is left out, without q_x the gauge interactions of X, without sin_theta the mixing.
    s : array_like
        Squared energy in the centre of mass in GeV^2, at least 4 m_X^2; broadcast against the shape of the sector.
    channel : {"zpzp", "h1h1", "zph1", "nunu", "leptons"}, optional
        Z'Z', H1 H1, Z'H1, two neutrinos, or charged leptons; by default their sum.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, summed over the final spins, with the factor 1/2 for identical particles; dimensionless.
        It is exactly zero below the threshold of a channel, and nan at masked points of the sector.

    Raises
    ------
    ParameterError
        If m_x, or an m_h1 or a lambda_phi_x that is needed, is not set, if s is below 4 m_X^2, or if the channel is unknown.

    Notes
    -----
    Tree level of the Lagrangian of arXiv:2401.10112, exact in all masses; the cross-section is W/(2 s beta).

    * Z'Z': H1 and H2 in the s channel, the contact term, and X in the t and u channels, added coherently as helicity
      amplitudes. The terms of the longitudinal gauge part that grow with energy have cancelled analytically.
      H1 alone gives ``lambda^2/(16 pi s) (s/(s - m_H1^2))^2 sqrt(1-4r) (1-4r+12r^2)``, ``r = m_Z'^2/s``, for W/s.
    * H1 H1: the contact term, H1 and H2 in the s channel, and X in the t and u channels.
    * Z'H1: the Z' in the s channel, and X in the t and u channels; this is a p wave.
    * Neutrinos: ``g^4 Q_X^2 s^2 beta^2/(6 pi |D|^2)``.
    * Charged leptons: the Z', which couples to the electron by kinetic mixing, and H1 with H2. The scalars do not
      interfere with the Z'.

    H1 and Z' have running widths: sqrt(s) times those of `darkhiggs.widths` at the mass sqrt(s). The width of H2 is fixed.
    In unitary gauge the cut of H1 into Z'Z' grows with s^2, so that the result is meaningful for s well below 32 pi v_Phi^2.
    Not included are hadrons, which need one of the two mixings, pairs of the other heavy particles, and final states with an
    on-shell H2.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> f"{annihilation.rate(sector, 0.05, 'zpzp'):.3e}"
    '5.424e-11'
    """
    s = np.where(sector.reason == "", s, 1.0) if np.any(sector.reason != "") else s
    s = checked("s", s, _S_MIN, _S_MAX, "GeV^2")
    return squared_amplitude(sector, s, beta_squared(s, sector.require("m_x"), "m_x"), channel)


@public
def sigma_v(sector: DarkSector, v_rel: npt.ArrayLike, channel: str | None = None) -> Array:
    """Cross-section of X X* annihilation, times the relative velocity.

    Parameters
    ----------
    sector : DarkSector
        As for `rate`.
    v_rel : array_like
        Relative velocity in the centre of mass, which is twice the velocity of each particle, in [0, 2); broadcast
        against the shape of the sector.
    channel : {"zpzp", "h1h1", "zph1", "nunu", "leptons"}, optional
        By default the sum.

    Returns
    -------
    ndarray or float
        ``W(s)/s`` in GeV^-2 at ``s = 4 m_X^2/(1 - v_rel^2/4)``.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range, or the channel is unknown.

    Notes
    -----
    The value is that for one X and one X*.
    Dark matter that consists of X and X* in equal parts annihilates with the rate n_X n_X* sigma v per volume.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> print([f"{x:.2e}" for x in annihilation.sigma_v(sector, [0.0, 0.5])])
    ['8.47e-10', '9.09e-10']
    """
    v = checked("v_rel", v_rel, 0.0, 2.0)
    if np.any(v >= 2.0):
        raise ParameterError("v_rel = 2 is outside its range [0, 2)")
    beta_2 = 0.25 * np.square(v)
    s = 4.0 * np.square(sector.require("m_x")) / (1.0 - beta_2)
    return squared_amplitude(sector, s, beta_2, channel) / s


@public
def breaks(sector: DarkSector) -> tuple[Array, Array]:
    """Energies at which the rate is not smooth: thresholds and poles.

    Parameters
    ----------
    sector : DarkSector
        As for `rate`; m_x is not needed.

    Returns
    -------
    positions : ndarray, shape (k,) + sector.shape
        Energies sqrt(s) in GeV: 2 m_e, 2 m_mu, 2 m_tau and 2 m_Z'; with q_x the pole of the Z'; with a dark Higgs 2 m_H1
        and the poles of H1 and H2; with both of them m_Z' + m_H1.
    widths : ndarray, shape (k,) + sector.shape
        Width of the pole in GeV; 0 for a threshold.

    Raises
    ------
    ParameterError
        If lambda_phi_x is not zero and m_h1 not set, or m_x and m_h1 are set and lambda_phi_x is not.

    Examples
    --------
    >>> from darkhiggs import annihilation, model
    >>> positions, widths = annihilation.breaks(model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=0.0, q_x=1.0))
    >>> print(positions[widths > 0.0])
    [1.15000e-02 1.00000e+00 1.25131e+02]
    """
    sector = sector._settled()
    leptons = [2.0 * natural(f"m_{lepton}") for lepton in LEPTONS]
    rows: list[tuple[npt.ArrayLike, npt.ArrayLike]] = [(threshold, 0.0) for threshold in leptons]
    rows.append((2.0 * sector.m_zp, 0.0))
    if sector.q_x is not None:
        rows.append((sector.m_zp, gamma_zp(sector)))
    if sector.m_h1 is not None or np.any(sector.lambda_phi_x != 0.0):
        m_1 = sector.require("m_h1")
        rows += [(2.0 * m_1, 0.0), (m_1, gamma_h1(sector)), (natural("m_h"), gamma_h2(sector))]
        if sector.q_x is not None:
            rows.append((sector.m_zp + m_1, 0.0))
    good = np.where(sector.reason == "", 1.0, np.nan)
    positions, scales = (np.stack([good * np.asarray(row[i]) for row in rows]) for i in (0, 1))
    return positions, scales


@public
def rate_dirac(
    m_chi: npt.ArrayLike,
    m_zp: npt.ArrayLike,
    g_x: npt.ArrayLike,
    q_chi: npt.ArrayLike,
    s: npt.ArrayLike,
    channel: str | None = None,
) -> Array:
    """Squared amplitude of the annihilation of a Dirac fermion through the Z', integrated over phase space.

    Parameters
    ----------
    m_chi : array_like
        Mass of chi in GeV, above 0 up to 1e4.
    m_zp : array_like
        Mass of the Z' in GeV, above 0 up to 1e4.
    g_x : array_like
        Gauge coupling, above 0 up to 1.
    q_chi : array_like
        Charge of chi, a vector coupling, -1e4 to 1e4.
    s : array_like
        Squared energy in the centre of mass in GeV^2, at least 4 m_chi^2.
    channel : {"nunu", "leptons", "zpzp"}, optional
        By default their sum.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, averaged over the spins of chi and its antiparticle; sigma v = W/s.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, s below 4 m_chi^2, or the channel unknown.

    Notes
    -----
    The rate into a Dirac fermion of unit charge is ``g^4 q^2 beta_f s^2 (1 + 2 m_chi^2/s)(1 + 2 m_f^2/s)/(6 pi |D|^2)``, with
    the running width of the Z' in D; the rate into one neutrino is half of it.
    For Z'Z' the trace over both diagrams, with ``N = (t - m_chi^2)(u - m_chi^2)`` and ``a = s/2 - m_Z'^2``, is
    ``-4 + [8 a^2 + 16 a (m_Z'^2 + m_chi^2) + 16 m_Z'^2 m_chi^2 + 20 m_Z'^4]/N - 8 a^2 (m_Z'^2 + 2 m_chi^2)^2/N^2``
    in units of ``g^4 q^4``.

    Examples
    --------
    >>> from darkhiggs import annihilation
    >>> f"{annihilation.rate_dirac(0.1, 0.0115, 5e-4, 1.0, 0.04, 'zpzp') / 0.04:.3e}"
    '1.235e-13'
    """
    wanted = _DIRAC if channel is None else (choice("channel", channel, _DIRAC),)
    m_chi = checked("m_chi", m_chi, 0.0, 1e4, "GeV", open_low=True)
    m_zp = checked("m_zp", m_zp, 0.0, 1e4, "GeV", open_low=True)
    g_2 = np.square(checked("g_x", g_x, 0.0, 1.0, open_low=True))
    q_2 = np.square(checked("q_chi", q_chi, -1e4, 1e4))
    s = checked("s", s, _S_MIN, _S_MAX, "GeV^2")
    beta_2 = beta_squared(s, m_chi, "m_chi")
    m_2, x_2 = np.square(m_zp), np.square(m_chi)
    spins = 1.0 + 2.0 * x_2 / s
    current = lepton_current(s, lepton_velocities(s))
    width = g_2 * s / (12.0 * np.pi) * (1.0 + current + q_2 * spins * np.sqrt(beta_2))
    re, im = propagator(s - m_2, width)
    through_zp = g_2**2 * q_2 * s**2 * spins / (6.0 * np.pi) * (re**2 + im**2)
    total = np.zeros_like(through_zp)
    if "nunu" in wanted:
        total = total + through_zp
    if "leptons" in wanted:
        total = total + through_zp * current
    if "zpzp" in wanted:
        k_2 = momentum_squared(s, m_zp, m_zp)
        a = np.where(k_2 > 0.0, 0.5 * s - m_2, 1.0)
        t_0, _, u_0, _, _ = angular_averages(s, beta_2, a, k_2, m_2**2)
        one = 8.0 + 16.0 * (m_2 + x_2) / a + (16.0 * x_2 + 20.0 * m_2) * m_2 / a**2
        trace = one * t_0 - 8.0 * ((m_2 + 2.0 * x_2) / a) ** 2 * u_0 - 4.0
        total = total + np.square(g_2 * q_2) * np.sqrt(k_2 / s) / (8.0 * np.pi) * trace
    return total[()]
