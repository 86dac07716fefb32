import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import units
from darkhiggs.errors import ParameterError


@pytest.mark.published
@pytest.mark.parametrize(
    ("value", "unit", "to", "published"),
    [
        (1.0, "GeV^-2", "cm^2", 3.893793721e-28),  # PDG: (hbar c)^2 = 0.3893793721 GeV^2 mbarn
        (1.0, "GeV^-1", "s", 6.582119569e-25),
        (1.0, "GeV^-1", "cm", 1.973269804e-14),
        (1.0, "GeV^-2", "mb", 0.3893793721),
        (1.0, "GeV^-2", "cm^3/s", 1.16733e-17),  # (hbar c)^2 c
    ],
)
def test_pdg_conversion_constants(value, unit, to, published):
    assert_allclose(units.convert(value, unit, to), published, rtol=2e-6)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("unit", "to", "factor"),
    [
        ("GeV", "MeV", 1e3),
        ("ps", "s", 1e-12),
        ("b", "pb", 1e12),
        ("km", "cm", 1e5),
        ("1/s", "1/ns", 1e-9),
        ("TeV^2", "GeV^2", 1e6),
        ("1", "1", 1.0),
        ("GeV s", "MeV s", 1e3),
        ("m", "fm", 1e15),
        ("Mpc", "km", 3.0856775814914e19),
        ("fs", "ps", 1e-3),
        ("keV", "eV", 1e3),
        ("fb", "pb", 1e-3),
        ("mb", "b", 1e-3),
    ],
)
def test_prefixes(unit, to, factor):
    assert_allclose(units.convert(1.0, unit, to), factor, rtol=1e-14)
    assert_allclose(units.convert(units.convert([1.0, 2.0], unit, to), to, unit), [1.0, 2.0], rtol=1e-14)


@pytest.mark.identity
def test_light_second():
    assert_allclose(units.convert(1.0, "s", "cm"), 2.99792458e10, rtol=1e-14)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("unit", "to", "message"), [("GeV", "cm^2", "GeV^1 and cannot become"), ("parsec", "cm", "'parsec' is not known")]
)
def test_bad_units_are_named(unit, to, message):
    with pytest.raises(ParameterError, match=message.replace("^", r"\^")):
        units.convert(1.0, unit, to)


@pytest.mark.identity
def test_shape_is_kept():
    assert units.convert(np.ones((2, 3)), "GeV", "MeV").shape == (2, 3)
