import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import limits
from darkhiggs.errors import DataError, ParameterError


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "m", "upper", "cl"),
    [
        ("KOTO", 0.0, 2.25e-9, 0.9),
        ("KOTO", 0.2, 2.93e-9, 0.9),
        ("NA62", 0.2, 8.3e-12, 0.9),
        ("NA62-low", 0.08, 1.4e-11, 0.9),
        ("NA62-pi0", 0.135, 9.3e-10, 0.9),
    ],
)
def test_published_points(name, m, upper, cl):
    curve = limits.curve(name)
    assert_allclose(curve.g_max(m), upper, rtol=1e-12)
    assert curve.cl == cl
    assert curve.source


@pytest.mark.identity
@pytest.mark.parametrize("name", limits.curves())
def test_curves_are_well_formed(name):
    curve = limits.curve(name)
    assert np.all(np.diff(curve.m) > 0)
    assert np.all(curve.upper > 0)
    assert curve.m.shape == curve.upper.shape
    assert 0.0 < curve.reading_error < 0.5
    assert np.isinf(curve.g_max(curve.m[-1] * (1 + 1e-9)))
    if curve.m[0] > 0:
        assert np.isinf(curve.g_max(0.5 * curve.m[0]))


@pytest.mark.identity
def test_interpolation_is_logarithmic():
    curve = limits.curve("NA62")
    assert_allclose(curve.g_max(0.18), np.sqrt(2.4e-11 * 8.3e-12), rtol=1e-12)
    assert curve.g_max(np.ones((2, 2))).shape == (2, 2)


@pytest.mark.identity
def test_bad_input_is_named():
    with pytest.raises(DataError, match="no limit is called 'CERN'; known: KOTO"):
        limits.curve("CERN")
    with pytest.raises(ParameterError, match="m = -1 GeV"):
        limits.curve("KOTO").g_max(-1.0)
