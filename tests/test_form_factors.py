import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import form_factors as ff
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get

Q2 = np.array([0.0, 12.0, 22.9])


@pytest.mark.published
@pytest.mark.parametrize(("which", "q2", "index"), [("f0", Q2, [0, 1, 2]), ("f+", Q2, [0, 3, 4]), ("fT", Q2, [5, 6, 7])])
def test_hpqcd22_points(which, q2, index):
    assert_allclose(ff.b_to_k(q2, which), get("HPQCD22.points").value[index], rtol=3e-3)


@pytest.mark.published
@pytest.mark.parametrize(("which", "index"), [("f0", [0, 1, 2]), ("f+", [0, 3, 4]), ("fT", [5, 6, 7])])
def test_hpqcd22_errors(which, index):
    error = ff.band(lambda n: ff.b_to_k(Q2, which, nuisance=n))
    assert_allclose(error, get("HPQCD22.points").uncertainty[index], rtol=0.02)


@pytest.mark.published
def test_hpqcd22_coefficient_errors_follow_from_the_points():
    # the printed coefficient errors never enter; they must come out of the covariance of the points
    root = ff._hpqcd_square_root()
    assert_allclose(np.sqrt(np.diag(root @ root.T)), get("HPQCD22.coefficients").uncertainty, rtol=0.03)


@pytest.mark.published
def test_hpqcd22_covariance_against_printed_correlations():
    # mesons: errors and correlations of (f_0(0), f_0(12), f_0(22.9), f_+(12), f_+(22.9)) as printed separately
    covariance = get("HPQCD22.points_covariance").value[:5, :5]
    error = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(error, error)
    printed = [0.708, -0.212, 0.390, -0.128, 0.195, 0.439, 0.122, 0.135, 0.415, 0.404]
    assert_allclose(correlation[np.triu_indices(5, 1)], printed, atol=6e-4)
    assert_allclose(error, [0.01156, 0.00903, 0.01718, 0.02243, 0.1077], rtol=1e-3)


@pytest.mark.published
@pytest.mark.parametrize(("which", "at_zero"), [("f0", 0.330), ("f+", 0.335), ("fT", 0.359)])
def test_ball_zwicky_at_zero(which, at_zero):
    # hep-ph/0406232: f_0(0) = 0.330, f_+(0) = 0.335 (fit), f_T(0) = 0.359
    assert_allclose(ff.b_to_k(0.0, which, "BallZwicky"), at_zero, rtol=1e-12)


@pytest.mark.published
def test_ball_zwicky_shapes():
    # f_0 = 0.33/(1 - q2/38) is the usual rounding; A_0(0) = 1.364 - 0.990
    assert_allclose(ff.b_to_k([4.0, 16.0], "f0", "BallZwicky"), 0.33 / (1 - np.array([4.0, 16.0]) / 38.0), rtol=0.012)
    assert_allclose(ff.b_to_kstar(0.0, "A0", "BallZwicky"), 0.374, rtol=1e-12)
    assert_allclose(
        ff.b_to_kstar(10.0, "A0", "BallZwicky"), 1.364 / (1 - 10 / 5.279717**2) - 0.990 / (1 - 10 / 36.78), rtol=1e-12
    )
    assert_allclose(
        ff.b_to_k(10.0, "f+", "BallZwicky"), 0.162 / (1 - 10 / 5.41**2) + 0.173 / (1 - 10 / 5.41**2) ** 2, rtol=1e-12
    )


@pytest.mark.published
@pytest.mark.parametrize(
    ("which", "at_zero", "error"),
    [
        ("A0", 0.369, 0.029),
        ("A1", 0.297, 0.026),
        ("A12", 0.264, None),
        ("V", 0.376, 0.033),
        ("T1", 0.312, 0.027),
        ("T2", 0.312, 0.027),
        ("T23", 0.667, 0.063),
    ],
)
def test_bsz15_at_zero(which, at_zero, error):
    # 1503.05534v2 table 4; A_12(0) from the kinematical relation with A_0(0)
    assert_allclose(ff.b_to_kstar(0.0, which), at_zero, atol=6e-4)
    if error:
        assert_allclose(ff.band(lambda n: ff.b_to_kstar(0.0, which, nuisance=n), "BSZ15"), error, rtol=0.03)


@pytest.mark.identity
def test_f0_equals_fplus_at_zero():
    toys = np.random.default_rng(2).standard_normal((20, 8))
    assert_allclose(ff.b_to_k(0.0, "f0", nuisance=toys), ff.b_to_k(0.0, "f+", nuisance=toys), rtol=1e-13)


@pytest.mark.identity
def test_a12_relation_holds_for_toys():
    m_b, m_v = get("m_B0").value, get("m_K*0").value
    toys = np.random.default_rng(3).standard_normal((20, 11))
    ratio = ff.b_to_kstar(0.0, "A12", nuisance=toys) / ff.b_to_kstar(0.0, "A0", nuisance=toys)
    assert_allclose(ratio, (m_b**2 - m_v**2) / (8 * m_b * m_v), rtol=1e-12)


@pytest.mark.published
@pytest.mark.parametrize(
    ("which", "values"),
    [
        ("V", [0.376313, 0.5063888709, 1.1453282886]),
        ("A0", [0.369196, 0.5047135294, 1.1299361329]),
        ("A1", [0.29725, 0.3341397764, 0.4775744932]),
        ("A12", [0.2642465624, 0.2886417457, 0.3673145117]),
        ("T1", [0.312055, 0.4209800907, 0.9451068613]),
        ("T2", [0.312055, 0.3478253565, 0.4925902178]),
        ("T23", [0.667412, 0.7339750463, 1.0068243791]),
    ],
)
def test_bsz15_against_other_codes(which, values):
    # flavio 2.7.1 (BSZ, three coefficients) and EOS 1.0.21 (BSZ2015), which agree with each other, at q2 = 0, 5, 15 GeV^2
    assert_allclose(ff.b_to_kstar([0.0, 5.0, 15.0], which), values, rtol=1e-9)


@pytest.mark.identity
def test_t1_equals_t2_at_zero_for_toys():
    toys = np.random.default_rng(6).standard_normal((20, 19))
    t_1, t_2 = (ff.b_to_kstar(0.0, which, nuisance=toys) for which in ("T1", "T2"))
    assert_allclose(t_1, t_2, rtol=1e-13)
    assert np.ptp(t_1) > 0.03


@pytest.mark.identity
def test_end_point_relations():
    # no direction is left for a K* at rest: A12/A1 and T23/T2 are fixed, and the published fit knows it to its error
    m_b, m_v = get("m_B0").value, get("m_K*0").value
    end = (m_b - m_v) ** 2
    ratios = (("A12", "A1", (m_b**2 - m_v**2) / (8 * m_b * m_v)), ("T23", "T2", (m_b + m_v) ** 2 / (4 * m_b * m_v)))
    for zero, transverse, ratio in ratios:

        def quotient(n, zero=zero, transverse=transverse):
            return ff.b_to_kstar(end, zero, nuisance=n) / ff.b_to_kstar(end, transverse, nuisance=n)

        error = ff.band(quotient, "BSZ15")
        assert abs(quotient(0.0) - ratio) < 2 * error
        assert_allclose(quotient(0.0), ratio, rtol=0.06)


@pytest.mark.identity
def test_a_vector_of_eleven_leaves_the_tensor_directions_at_zero():
    toys = np.random.default_rng(7).standard_normal((5, 19))
    for which in ("A0", "A1", "A12", "V"):
        full, short = (ff.b_to_kstar(4.0, which, nuisance=t) for t in (toys, toys[:, :11]))
        assert_allclose(full, short, rtol=1e-13)
    toys[:, 11:] = 0.0
    full, short = (ff.b_to_kstar(4.0, "T23", nuisance=t) for t in (toys, toys[:, :11]))
    assert_allclose(full, short, rtol=1e-13)


@pytest.mark.identity
def test_threshold_behaviour_of_the_vector_form_factor():
    # Im f_+ ~ (q2 - t+)^(3/2) near t+ : the basis has no term linear in z + 1, d/dz sum = 0 at z = -1
    z = -1.0 + np.array([0.0, 1e-6])
    basis = np.array(ff._bcl_vector(z))
    assert_allclose(np.diff(basis, axis=1) / 1e-6, 0.0, atol=1e-5)


@pytest.mark.identity
def test_conformal_variable():
    assert ff._z(np.asarray(4.0), 30.0, 4.0) == 0.0
    assert_allclose(ff._z(np.asarray(30.0), 30.0, 4.0), -1.0)
    assert_allclose(ff._z(np.asarray(-1e9), 30.0, 4.0), 1.0, rtol=1e-3)


@pytest.mark.identity
def test_toys_have_the_propagated_spread():
    toys = np.random.default_rng(4).standard_normal((20_000, 8))
    spread = ff.b_to_k(Q2, "f+", nuisance=toys).std(axis=0)
    assert_allclose(spread, ff.band(lambda n: ff.b_to_k(Q2, "f+", nuisance=n)), rtol=0.03)
    toys = np.random.default_rng(5).standard_normal((20_000, 11))
    assert_allclose(
        ff.b_to_kstar(10.0, "A0", nuisance=toys).std(),
        ff.band(lambda n: ff.b_to_kstar(10.0, "A0", nuisance=n), "BSZ15"),
        rtol=0.03,
    )


@pytest.mark.identity
def test_band_of_a_linear_function_does_not_depend_on_the_step():
    def f(n):
        return ff.b_to_k(5.0, "f0", nuisance=n)

    assert_allclose(ff.band(f, step=0.1), ff.band(f, step=2.0), rtol=1e-10)
    assert_allclose(ff.band(lambda n: 3.0 * n[0] + 4.0 * n[1]), 5.0, rtol=1e-12)


@pytest.mark.identity
def test_shapes():
    q2 = np.linspace(0.0, 20.0, 6).reshape(2, 3)
    assert ff.b_to_k(q2).shape == (2, 3)
    assert ff.b_to_k(q2, nuisance=np.zeros((4, 8))).shape == (4, 2, 3)
    assert_allclose(ff.b_to_k(q2)[1, 2], ff.b_to_k(20.0), rtol=1e-12)
    assert [ff.nuisance_size(s) for s in ("HPQCD22", "BallZwicky", "BSZ15")] == [8, 0, 19]


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ff.b_to_k(25.0), r"q2 = 25 GeV\^2 is outside its range \[-30, 23\] GeV\^2"),
        (lambda: ff.b_to_k(np.nan), "q2 = nan"),
        (lambda: ff.b_to_k(1.0, "f-"), "which = 'f-' is not one of 'f\\+', 'f0', 'fT'"),
        (lambda: ff.b_to_k(1.0, source="BSZ15"), "source = 'BSZ15' is not one of"),
        (lambda: ff.b_to_k(1.0, nuisance=np.zeros(5)), r"nuisance has shape \(5,\); HPQCD22 takes vectors of length 8"),
        (lambda: ff.b_to_k(1.0, nuisance=1.0), "nuisance has shape"),
        (lambda: ff.b_to_kstar(20.0), r"q2 = 20 GeV\^2"),
        (lambda: ff.b_to_kstar(1.0, "V", "BallZwicky"), "which = 'V' is not carried"),
        (lambda: ff.band(lambda n: n, "BallZwicky"), "source = 'BallZwicky'"),
        (lambda: ff.nuisance_size("FLAG"), "source = 'FLAG'"),
        (lambda: ff.band(lambda n: n, step=0.0), "step = 0 is outside"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_first_nuisance_is_the_error_at_the_origin():
    unit = np.eye(8)[0]
    assert_allclose(ff.b_to_k(0.0, "f0", nuisance=unit) - ff.b_to_k(0.0, "f0"), 0.01156, rtol=1e-3)
    unit = np.eye(11)[0]
    assert_allclose(ff.b_to_kstar(0.0, "A0", nuisance=unit) - ff.b_to_kstar(0.0, "A0"), 0.02894, rtol=1e-9)


@pytest.mark.published
def test_bsz15_correlation():
    error, root = get("BSZ15.coefficients").uncertainty, ff._bsz_square_root()[:11]
    assert_allclose(root @ root.T / np.outer(error, error), get("BSZ15.correlation").value, atol=1e-12)
    tensor, root = get("BSZ15.tensor_coefficients").uncertainty, ff._bsz_square_root()
    covariance = (root @ root.T)[11:] / np.outer(tensor, np.concatenate([error, tensor]))
    assert_allclose(covariance, get("BSZ15.tensor_correlation").value, atol=1e-12)
    # the block of the tensors is a correlation matrix of its own
    block = get("BSZ15.tensor_correlation").value[:, 11:]
    assert_allclose(block, block.T, atol=0)
    assert_allclose(np.diag(block), 1.0, atol=0)


@pytest.mark.published
def test_ball_zwicky_f0_table():
    # hep-ph/0406232, table III: r_2 = 0.330, m_fit^2 = 37.46
    assert_allclose(ff.b_to_k(16.0, "f0", "BallZwicky"), 0.330 / (1 - 16 / 37.46), rtol=1e-12)
