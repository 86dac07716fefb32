"""Exceptions and warnings of the library."""

__all__ = ["DataError", "ParameterError", "UnitWarning"]


class ParameterError(ValueError):
    """A parameter is outside its range, not finite, or not set.

    The message names the parameter, its value and the allowed range with the unit.

    Examples
    --------
    >>> from darkhiggs import muon
    >>> muon.delta_a_mu(-0.01, 5e-4)
    Traceback (most recent call last):
    darkhiggs.errors.ParameterError: m_zp = -0.01 GeV is outside its range (0, 10000] GeV
    """


class DataError(ValueError):
    """A data file lacks a value, a unit or a source; all faults of the file are listed.

    Examples
    --------
    >>> from darkhiggs import inputs
    >>> inputs.get("m_unicorn")
    Traceback (most recent call last):
    darkhiggs.errors.DataError: no input is called 'm_unicorn'; did you mean 'm_n'?
    """


class UnitWarning(UserWarning):
    """A number is in its range, but was probably meant in another unit.

    Examples
    --------
    >>> import warnings
    >>> from darkhiggs import model
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     sector = model.benchmark("A").replace(m_zp=11.5)
    >>> print(caught[0].message)
    m_zp = 11.5 GeV is a thousand times what goes with g_x = 0.0005; masses are in GeV
    """
