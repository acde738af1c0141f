"""From stated to calibrated confidence: published vectors and plain properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.routing.calibration import (
    apply_calibration,
    expected_calibration_error,
    fit_platt,
)

STATED = [0.95, 0.92, 0.97, 0.85, 0.83, 0.88, 0.75, 0.72, 0.65, 0.55]
RIGHT = [True, True, True, True, False, True, True, False, True, False]
PAIRS = list(zip(STATED, RIGHT, strict=True))
SHARES = st.floats(0, 1)


def test_the_calibration_error_is_that_of_the_vector() -> None:
    assert expected_calibration_error(PAIRS) == pytest.approx(0.209, rel=1e-9)


def test_platts_fit_is_that_of_the_vector() -> None:
    fitted = fit_platt(PAIRS)
    # The published figures stop short of the optimum by 2e-8; the next test does not.
    assert fitted["a"] == pytest.approx(0.91665946782, rel=1e-7)
    assert fitted["b"] == pytest.approx(-0.650974498625, rel=1e-7)


def test_the_fit_stands_where_the_slope_of_the_loss_is_nothing() -> None:
    fitted = fit_platt(PAIRS)
    high, low = 8 / 9, 1 / 5
    slopes = [0.0, 0.0]
    for stated, right in PAIRS:
        x = math.log(stated / (1 - stated))
        p = apply_calibration("platt", fitted, stated)
        error = p - (high if right else low)
        slopes = [slopes[0] + error * x, slopes[1] + error]
    assert slopes == pytest.approx([0, 0], abs=1e-12)


def test_full_confidence_falls_into_the_last_bin() -> None:
    assert expected_calibration_error([(1.0, True)]) == 0
    assert expected_calibration_error([(1.0, False)]) == 1
    assert expected_calibration_error([]) == 0


def test_nothing_to_fit_on_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fit_platt([])


@pytest.mark.parametrize("right", [True, False])
def test_one_sided_cases_do_not_run_away(right: bool) -> None:
    fitted = fit_platt([(0.9, right)] * 5)
    calibrated = apply_calibration("platt", fitted, 0.9)
    assert 0.05 < calibrated < 0.95
    assert (calibrated > 0.5) == right


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature"):
        apply_calibration("temperature", {}, 0.5)


def test_a_step_function_steps() -> None:
    steps = {"xs": [0.2, 0.5, 0.9], "ys": [0.1, 0.6, 0.8]}
    found = [apply_calibration("isotonic", steps, x) for x in (0.1, 0.2, 0.7, 0.9, 1.0)]
    assert found == [0.0, 0.1, 0.6, 0.8, 0.8]


@given(stated=SHARES)
def test_identity_changes_nothing(stated: float) -> None:
    assert apply_calibration("identity", {}, stated) == stated


@given(low=SHARES, high=SHARES, a=st.floats(0.01, 5), b=st.floats(-5, 5))
def test_more_stated_is_never_less_calibrated(
    low: float, high: float, a: float, b: float
) -> None:
    low, high = sorted((low, high))
    first = apply_calibration("platt", {"a": a, "b": b}, low)
    second = apply_calibration("platt", {"a": a, "b": b}, high)
    assert 0 <= first <= second <= 1


@given(st.lists(st.tuples(SHARES, st.booleans()), min_size=1, max_size=30))
def test_a_fit_is_finite_whatever_the_cases(pairs: list[tuple[float, bool]]) -> None:
    fitted = fit_platt(pairs)
    assert abs(fitted["a"]) < 1e6
    assert abs(fitted["b"]) < 1e6
    assert 0 <= expected_calibration_error(pairs) <= 1
