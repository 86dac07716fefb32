"""Elastic scattering of X off nucleons, nuclei and electrons, through the Higgs bosons and through the Z'.

The two exchanges do not interfere if the dark matter consists of X and its antiparticle in equal parts.
The current of X is odd under charge conjugation, and ``|X|^2`` is even.
The amplitude b of Z' exchange therefore has opposite signs for X and its antiparticle; the amplitude a of the scalars has the
same sign.
The mean rate is ``(|a + b|^2 + |a - b|^2)/2 = |a|^2 + |b|^2``.
"""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, shown, switch
from ._crossings import first_crossing
from ._public import public
from .errors import DataError
from .inputs import names, natural
from .kinetic_mixing import epsilon
from .limits import curve
from .model import DarkSector, v_higgs

__all__ = [
    "EXPERIMENTS",
    "TARGETS",
    "coupling_max",
    "excluded_above",
    "momentum_transfer",
    "nucleon_limit",
    "over_limit",
    "searches",
    "sigma",
    "sigma_electron",
    "sigma_nucleon",
    "sigma_zp",
]

#: Targets of the scattering.
TARGETS = ("proton", "neutron", "electron", "oxygen", "silicon", "argon", "germanium", "xenon")
#: Target of each search with a published limit. Oxygen is the light nucleus of CaWO4 and of sapphire. Some searches have a
#: curve only in the set ``"today"`` of inputs, see `searches`.
EXPERIMENTS = {
    "CRESST-III": "oxygen",
    "CRESST-III-2024": "oxygen",
    "XENON1T-Migdal": "xenon",
    "DarkSide-50-Migdal": "argon",
    "DarkSide-50": "argon",
    "PandaX-4T": "xenon",
    "XENONnT": "xenon",
    "LZ-light": "xenon",
    "LZ": "xenon",
    "DAMIC-M-Migdal": "silicon",
    "DAMIC-M": "electron",
    "XENON1T-electron": "electron",
    "XENONnT-electron": "electron",
}
# Curves of today that are not used as limits because they are not confirmed: another analysis of a search, and a preprint.
_BESIDE = {"DarkSide-50-Migdal-fluctuations": "argon", "DarkSide-50-2025": "argon"}
_CONVENTIONS = ("tree", "talk")
_TRANSFERS = ("contact", "typical", "largest")
_EXCHANGES = ("higgs", "zp")


def _reduced(m_x: Array, mass: float) -> Array:
    """Reduced mass of X and a target."""
    return m_x * mass / (m_x + mass)


def _nucleon() -> float:
    """Mean mass of proton and neutron."""
    return float(0.5 * (natural("m_p") + natural("m_n")))


def _particle(target: str) -> tuple[float, float, float]:
    """Mass, electric charge, and number of nucleons (1 for a single particle) of a target."""
    if target in ("proton", "neutron", "electron"):
        name, charge = {"proton": ("m_p", 1.0), "neutron": ("m_n", 0.0), "electron": ("m_e", -1.0)}[target]
        return natural(name), charge, 1.0
    number = natural(f"target.{target}.mass_number", "1")
    return number * natural("atomic_mass_unit"), natural(f"target.{target}.charge", "1"), number


def _target(experiment: str) -> str:
    """Name the target of a published search."""
    known = {name: target for name, target in (EXPERIMENTS | _BESIDE).items() if f"limit.{name}.upper" in names()}
    if not isinstance(experiment, str) or experiment not in known:
        raise DataError(f"no direct search is called {shown(experiment)}; known: {', '.join(known)}")
    return known[experiment]


@public
def searches(electrons: bool | None = None) -> tuple[str, ...]:
    """List the direct searches that have a curve in the input set in use.

    Parameters
    ----------
    electrons : bool, optional
        True for searches on electrons only, False for searches on nuclei only; by default both.

    Returns
    -------
    tuple of str
        Some of `EXPERIMENTS`, in the same order.

    Raises
    ------
    ParameterError
        If `electrons` is neither True, False nor None.

    Examples
    --------
    >>> from darkhiggs import direct_detection, inputs
    >>> direct_detection.searches()
    ('CRESST-III', 'XENON1T-Migdal', 'DarkSide-50', 'PandaX-4T', 'LZ', 'DAMIC-M', 'XENON1T-electron')
    >>> with inputs.use("today"):
    ...     print(len(direct_detection.searches(electrons=False)))
    10
    """
    if electrons is not None:
        switch("electrons", electrons)
    known = names()
    return tuple(
        name
        for name, target in EXPERIMENTS.items()
        if f"limit.{name}.upper" in known and electrons in (None, target == "electron")
    )


def _through_higgs(sector: DarkSector, mass: float, strength: float, convention: str, q: npt.ArrayLike = 0.0) -> Array:
    """Cross-section for lambda_PhiX sin(theta) = 1 on a fermion whose coupling to h is ``strength mass/v_H``."""
    m_x, m_1 = sector.require("m_x"), sector.require("m_h1")
    q2 = np.square(checked("q", q, 0.0, 1.0, "GeV"))
    exchange = 1.0 / (np.square(m_1) + q2) - 1.0 / (natural("m_h") ** 2 + q2)
    portal = _reduced(m_x, mass) * strength * (mass / m_x) * (sector.v_phi / v_higgs()) * exchange
    prefactor = 4.0 / np.pi if convention == "talk" else 1.0 / (4.0 * np.pi) * np.square(sector.cos_theta)
    return prefactor * np.square(portal)


def _scattering(sector: DarkSector, mass: float, strength: float, convention: str, q: npt.ArrayLike) -> Array:
    choice("convention", convention, _CONVENTIONS)
    _ = sector.require("m_x"), sector.require("m_h1")
    couplings = np.square(sector.require("lambda_phi_x") * sector.require("sin_theta"))
    value: Array = couplings * _through_higgs(sector, mass, strength, convention, q)
    return value[()]


@public
def sigma_nucleon(sector: DarkSector, convention: str = "tree", *, q: npt.ArrayLike = 0.0) -> Array:
    """Elastic cross-section of X with one nucleon, through H1 and H2.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x, m_h1, sin_theta and lambda_phi_x.
    convention : {"tree", "talk"}
        The tree-level result of the Lagrangian, or the formula as printed in the talk, which is 16 times larger.
    q : array_like
        Momentum transfer in GeV at which the propagators are taken, 0 to 1.

    Returns
    -------
    ndarray or float
        In GeV^-2, the same for protons and neutrons.

    Raises
    ------
    ParameterError
        If a parameter is not set, the convention is unknown or q is out of range.

    Notes
    -----
    The Lagrangian is ``L = -lambda_PhiX v_Phi phi |X|^2 - f_n (m_n/v_H) h nbar n`` with ``phi = c H1 + s H2`` and
    ``h = c H2 - s H1``.
    The amplitude is ``M = 2 m_n lambda_PhiX v_Phi (f_n m_n/v_H) s c (1/m_1^2 - 1/m_2^2)``, and
    ``sigma = |M|^2/(16 pi (m_X + m_n)^2)`` gives
    ``mu^2 f_n^2 lambda_PhiX^2 s^2 c^2/(4 pi) (m_n/m_X)^2 (v_Phi/v_H)^2 (1/m_1^2 - 1/m_2^2)^2``.
    The talk prints ``4/pi`` for ``1/(4 pi)`` and leaves out ``c^2``.
    At a momentum transfer q, ``m_i^2`` becomes ``m_i^2 + q^2``; q is some 10 MeV, which matters for an H1 below 0.1 GeV.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model, units
    >>> sector = model.benchmark("A").replace(m_x=1.0, m_h1=2.0, sin_theta=3e-3, lambda_phi_x=0.1)
    >>> f"{units.convert(direct_detection.sigma_nucleon(sector), 'GeV^-2', 'cm^2'):.2e}"
    '2.83e-41'
    """
    return _scattering(sector, _nucleon(), natural("f_n", "1"), convention, q)


@public
def sigma_electron(sector: DarkSector, convention: str = "tree", *, q: npt.ArrayLike = 0.0) -> Array:
    """Elastic cross-section of X with a free electron, through H1 and H2.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x, m_h1, sin_theta and lambda_phi_x.
    convention : {"tree", "talk"}
        As in `sigma_nucleon`.
    q : array_like
        As in `sigma_nucleon`.

    Returns
    -------
    ndarray or float
        In GeV^-2.

    Raises
    ------
    ParameterError
        If a parameter is not set, the convention is unknown or q is out of range.

    Notes
    -----
    This is `sigma_nucleon` with the electron mass and 1 in place of f_n, because the coupling of h to the electron is m_e/v_H.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model, units
    >>> sector = model.benchmark("A").replace(m_x=1.0, m_h1=2.0, sin_theta=3e-3, lambda_phi_x=0.1)
    >>> f"{units.convert(direct_detection.sigma_electron(sector), 'GeV^-2', 'cm^2'):.1e}"
    '1.0e-52'
    """
    return _scattering(sector, natural("m_e"), 1.0, convention, q)


@public
def sigma_zp(sector: DarkSector, target: str = "proton", *, q: npt.ArrayLike = 0.0) -> Array:
    """Elastic cross-section of X through the Z' and its kinetic mixing, for one nucleon of the target or one electron.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x and q_x.
    target : str
        One of `TARGETS`: "proton", "neutron", "electron", "oxygen", "silicon", "argon", "germanium", "xenon".
        For a nucleus the result is the share of one nucleon, as in published limits.
    q : array_like
        Momentum transfer in GeV at which the propagator is taken, 0 to 1. At 0 the cross-section is that of a contact
        interaction, in which experiments report their limits; for a Z' of 10 MeV it overestimates the rate in nuclei, see
        `momentum_transfer`.

    Returns
    -------
    ndarray or float
        In GeV^-2; zero for the neutron, whose charge radius is neglected.

    Raises
    ------
    ParameterError
        If m_x or q_x is not set, the target is unknown or q is out of range.

    Notes
    -----
    The vector couplings are ``g_X Q_X`` for X and ``epsilon(0) e Z`` for the target.
    At small velocity ``M = 4 m_X m_A g_X Q_X epsilon e Z/(q^2 + m_Z'^2)`` and ``sigma = |M|^2/(16 pi (m_X + m_A)^2)``.
    Divided by A^2, and with the reduced mass of one nucleon, this is
    ``mu_n^2 e^2 g_X^2 Z^2 epsilon^2 Q_X^2/(pi A^2 m_Z'^4)`` times ``m_Z'^4/(m_Z'^2 + q^2)^2``, as in the talk, which has
    Q_X = 1.
    The form factor of the nucleus is already included in the published limits.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model, units
    >>> sector = model.benchmark("A").replace(m_x=1.0, q_x=1.0)
    >>> f"{units.convert(direct_detection.sigma_zp(sector, 'electron'), 'GeV^-2', 'cm^2'):.1e}"
    '2.2e-45'
    """
    mass, charge, number = _particle(choice("target", target, TARGETS))
    if number > 1.0:
        mass = _nucleon()
    q = checked("q", q, 0.0, 1.0, "GeV")
    e = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))
    unit = np.asarray(epsilon(1.0))  # epsilon is linear in g_X; a masked g_X may be nan
    amplitude = e * np.square(sector.g_x) * unit * sector.require("q_x") * (charge / number)
    mediator = np.square(sector.m_zp) + np.square(q)
    value: Array = np.square(_reduced(sector.require("m_x"), mass) * amplitude / mediator) / np.pi
    return value[()]


@public
def momentum_transfer(m_x: npt.ArrayLike, target: str, *, largest: bool = False) -> Array:
    """Momentum that X transfers to a target at rest.

    Parameters
    ----------
    m_x : array_like
        Mass of X in GeV, above 0 up to 1e4.
    target : str
        As in `sigma_zp`.
    largest : bool
        Return the largest possible momentum, from backward scattering at the largest speed, instead of the typical one.

    Returns
    -------
    ndarray or float
        In GeV.

    Raises
    ------
    ParameterError
        If the mass is out of range or the target is unknown.

    Notes
    -----
    Isotropic scattering at the speed v has ``<q^2> = 2 mu^2 v^2`` and ``q_max = 2 mu v``.
    The typical momentum is the root mean square at the circular speed of the halo.
    The largest speed is the escape speed plus the speed of the Sun; a search with a high threshold is sensitive to X near it.
    For a bound electron the scale is its own momentum ``alpha m_e``, 4 keV, which is far below m_Z'.

    Examples
    --------
    >>> from darkhiggs import direct_detection
    >>> [f"{1e3 * direct_detection.momentum_transfer(2.0, 'xenon', largest=x):.1f} MeV" for x in (False, True)]
    ['2.2 MeV', '10.4 MeV']
    """
    m_x = checked("m_x", m_x, 0.0, 1e4, "GeV", open_low=True)
    mass = _particle(choice("target", target, TARGETS))[0]
    if target == "electron":
        value: Array = np.full(np.shape(m_x), mass / natural("1/alpha(0)", "1"))
    elif switch("largest", largest):
        value = 2.0 * _reduced(m_x, mass) * (natural("halo.escape", "1") + natural("halo.sun", "1"))
    else:
        value = np.sqrt(2.0) * _reduced(m_x, mass) * natural("halo.circular", "1")
    return value[()]


@public
def nucleon_limit(m_x: npt.ArrayLike) -> Array:
    """Lowest published limit on the cross-section of X per nucleon.

    Parameters
    ----------
    m_x : array_like
        Mass of X in GeV, from 0 to 1e4.

    Returns
    -------
    ndarray or float
        Cross-section in GeV^-2, from the strongest of the `searches` on nuclei; infinity where none has a limit.

    Raises
    ------
    ParameterError
        If a mass is out of range.

    Examples
    --------
    >>> from darkhiggs import direct_detection, units
    >>> [f"{units.convert(direct_detection.nucleon_limit(m), 'GeV^-2', 'cm^2'):.1e}" for m in (0.5, 2.0)]
    ['3.5e-38', '2.5e-42']
    """
    m_x = checked("m_x", m_x, 0.0, 1e4, "GeV")
    value: Array = np.min([curve(name).sigma_max(m_x) for name in searches(electrons=False)], axis=0)
    return value[()]


@public
def coupling_max(sector: DarkSector, experiment: str, convention: str = "tree") -> Array:
    """Largest ``lambda_PhiX |sin(theta)|`` that a published limit allows, through H1 and H2 alone.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x and m_h1; its lambda_phi_x is not used, and its sin_theta enters only through the cosine.
    experiment : str
        One of `searches`. The set ``"today"`` also has the curves ``"DarkSide-50-Migdal-fluctuations"`` and
        ``"DarkSide-50-2025"``, which are not used as limits elsewhere.
    convention : {"tree", "talk"}
        As in `sigma_nucleon`.

    Returns
    -------
    ndarray or float
        Dimensionless; infinity outside the mass range of the limit.

    Raises
    ------
    DataError
        If the experiment is unknown.
    ParameterError
        If m_x or m_h1 is not set, or the convention is unknown.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model
    >>> sector = model.benchmark("A").replace(m_x=2.0, m_h1=5.0)
    >>> f"{direct_detection.coupling_max(sector, 'DarkSide-50'):.1e}"
    '8.5e-04'
    """
    choice("convention", convention, _CONVENTIONS)
    electron = _target(experiment) == "electron"
    mass, strength = (natural("m_e"), 1.0) if electron else (_nucleon(), natural("f_n", "1"))
    m_x = np.asarray(sector.require("m_x"))
    top = curve(experiment).sigma_max(np.where(np.isnan(m_x), 0.0, m_x))
    return np.sqrt(top / _through_higgs(sector, mass, strength, convention))[()]


@public
def sigma(sector: DarkSector, experiment: str, transfer: str = "largest", *, exchange: str | None = None) -> Array:
    """Cross-section that a published search limits: the sum of Higgs exchange and Z' exchange on its target.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x; m_h1, sin_theta and lambda_phi_x for the Higgs bosons; and q_x, which may be 0, for the Z'.
    experiment : str
        As in `coupling_max`.
    transfer : {"contact", "typical", "largest"}
        Momentum transfer at which the propagators are taken: zero, or one of the two of `momentum_transfer`.
    exchange : {None, "higgs", "zp"}
        Both exchanges, or only one of them.

    Returns
    -------
    ndarray or float
        In GeV^-2, per nucleon of a nucleus or per electron.

    Raises
    ------
    DataError
        If the experiment is unknown.
    ParameterError
        If a parameter that is needed is not set, or the transfer or the exchange is unknown.

    Notes
    -----
    The sum is ``sigma_n + sigma_Z'``, where sigma_Z' contains the factor Z^2/A^2 because the Z' couples to the protons only.
    The interference has opposite signs for X and its antiparticle, and cancels if both are equally frequent: the amplitude
    ``M_H`` is the same for both, and ``M_Z'`` is proportional to the charge.
    The largest momentum transfer gives the smallest cross-section, and so the weakest limit.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model, units
    >>> sector = model.benchmark("A").replace(m_x=2.0, m_h1=5.0, sin_theta=3e-3, lambda_phi_x=0.1, q_x=0.7)
    >>> for exchange in ("higgs", "zp", None):
    ...     part = direct_detection.sigma(sector, "DarkSide-50", exchange=exchange)
    ...     print(f"{units.convert(part, 'GeV^-2', 'cm^2'):.2e}")
    3.14e-43
    1.10e-40
    1.11e-40
    """
    target = _target(experiment)
    if exchange is not None:
        choice("exchange", exchange, _EXCHANGES)
    m_x = np.asarray(sector.require("m_x"))
    mass = np.where(np.isnan(m_x), 1.0, m_x)  # a masked point; its cross-section is nan
    contact = choice("transfer", transfer, _TRANSFERS) == "contact"
    q = 0.0 if contact else momentum_transfer(mass, target, largest=transfer == "largest")
    parts = []
    if exchange != "zp":
        parts.append(sigma_electron(sector, q=q) if target == "electron" else sigma_nucleon(sector, q=q))
    if exchange != "higgs":
        parts.append(sigma_zp(sector, target, q=q))
    value: Array = np.asarray(sum(parts))
    return value[()]


@public
def over_limit(sector: DarkSector, experiment: str, transfer: str = "largest", *, exchange: str | None = None) -> Array:
    """Ratio of the cross-section to a published limit.

    Parameters
    ----------
    sector : DarkSector
        As in `sigma`.
    experiment : str
        As in `sigma`.
    transfer : {"contact", "typical", "largest"}
        As in `sigma`.
    exchange : {None, "higgs", "zp"}
        As in `sigma`.

    Returns
    -------
    ndarray or float
        Above 1 where X is excluded; 0 outside the mass range of the limit.

    Raises
    ------
    DataError
        If the experiment is unknown.
    ParameterError
        If a parameter that is needed is not set, or the transfer or the exchange is unknown.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model
    >>> sector = model.benchmark("A").replace(m_x=2.0, q_x=0.7)
    >>> transfers = ("contact", "typical", "largest")
    >>> [f"{direct_detection.over_limit(sector, 'DarkSide-50', q, exchange='zp'):.0f}" for q in transfers]
    ['137', '128', '44']
    """
    m_x = np.asarray(sector.require("m_x"))
    value = sigma(sector, experiment, transfer, exchange=exchange)
    return value / curve(experiment).sigma_max(np.where(np.isnan(m_x), 1.0, m_x))


@public
def excluded_above(sector: DarkSector, transfer: str = "largest", *, exchange: str | None = None) -> Array:
    """Smallest mass of X that one of the `searches` on nuclei excludes.

    Parameters
    ----------
    sector : DarkSector
        As in `sigma`; its m_x is not used.
    transfer : {"contact", "typical", "largest"}
        As in `sigma`.
    exchange : {None, "higgs", "zp"}
        As in `sigma`.

    Returns
    -------
    ndarray or float
        Smallest mass in GeV at which `over_limit` exceeds 1 for some search; infinity if there is none.

    Raises
    ------
    ParameterError
        If a parameter that is needed is not set, or the transfer or the exchange is unknown.

    Examples
    --------
    >>> from darkhiggs import direct_detection, model
    >>> sectors = model.benchmarks().replace(q_x=0.7)
    >>> for transfer in ("contact", "largest"):
    ...     print(direct_detection.excluded_above(sectors, transfer, exchange="zp").round(2))
    [1.26 1.21 2.39]
    [1.32 1.28 4.21]
    """
    nuclear = searches(electrons=False)
    mass = np.geomspace(min(curve(name).m[0] for name in nuclear), max(curve(name).m[-1] for name in nuclear), 2000)
    points = sector.replace(m_x=mass.reshape(-1, *(1,) * len(sector.shape)))
    ratio = np.max([over_limit(points, name, transfer, exchange=exchange) for name in nuclear], axis=0)
    edge = first_crossing(mass, ratio, 1.0)
    value: Array = np.where(ratio[0] > 1.0, mass[0], np.where(np.isnan(edge), np.inf + ratio[0], edge))
    return np.broadcast_to(value, sector.shape)[()]
