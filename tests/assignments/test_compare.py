"""Comparisons: what passes, and the sentence when it does not."""

import numpy as np
import pytest
import torch

from assignments.compare import (
    assert_close,
    assert_equal,
    assert_unchanged,
    relative_error,
    to_array,
)
from assignments.student import CheckFailed, Remote
from assignments.values import Handle

WANT = np.array([[1.0, 2.0], [3.0, 4.5]])


@pytest.mark.parametrize(
    "got", [WANT.copy(), WANT * (1 + 1e-8), WANT.astype(np.float32), torch.tensor(WANT)]
)
def test_close(got):
    assert_close(got, WANT)


@pytest.mark.parametrize("got", [2.5, np.float64(2.5), np.array(2.5), torch.tensor(2.5)])
def test_numbers_of_every_kind(got):
    assert_close(got, 2.5)
    assert_close(got, np.array(2.5))


def test_nan_where_nan_is_expected():
    assert_close(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))


@pytest.mark.parametrize(
    ("got", "reason"),
    [
        (None, "is a return missing"),
        ("text", "is of type str"),
        ([[1.0, 2.0], [3.0, 4.5]], "is of type list, where a NumPy array"),
        (1.0, "is of type float, where a NumPy array"),
        (WANT[0], r"has shape \(2,\), where \(2, 2\)"),
        (WANT + 1j, "complex"),
        (WANT * 2, "wrong at 4 of 4 places"),
        (WANT + np.diag([0, 1e-3]), "wrong at 1 of 4 places"),
        (WANT * 1.001, "wrong"),
        (WANT.astype(np.float16) + np.float16(0.01), "wrong"),
        (np.full((2, 2), np.nan), "wrong at 4"),
        (Remote(None, Handle(0, "Cache")), "of type Cache, where numbers"),
        (np.empty((2, 2), object), "."),
    ],
)
def test_not_close(got, reason):
    with pytest.raises((CheckFailed, TypeError), match=reason) as caught:
        assert_close(got, WANT, "scores")
    if isinstance(caught.value, CheckFailed):
        assert "scores" in caught.value.reason
        assert "4.5" not in str(caught.value)  # never what was expected


def test_a_number_is_off_by():
    with pytest.raises(CheckFailed, match=r"relative error of 0\.33"):
        assert_close(2.0, 1.0)


@pytest.mark.parametrize("got", [np.nan, np.inf])
def test_a_number_that_is_none(got):
    with pytest.raises(CheckFailed, match=rf"^loss is {got}$"):
        assert_close(got, 1.0, "loss")


def test_symptoms_come_with_the_reason():
    with pytest.raises(CheckFailed) as caught:
        assert_close(WANT * 5, WANT, factors={"the number of images": 5})
    assert "the number of images" in caught.value.symptom


def test_equal():
    assert_equal(np.array([1, 2]), [1, 2])
    assert_equal(np.array([1.0, 2.0]), [1, 2])
    with pytest.raises(CheckFailed, match="wrong at 1 of 2"):
        assert_equal(np.array([1, 3]), [1, 2])
    with pytest.raises(CheckFailed, match="shape"):
        assert_equal(np.array([[1, 2]]), [1, 2])


def test_unchanged():
    assert_unchanged({}, {0: "x"})
    assert_unchanged({1: 5}, {0: "x"})
    with pytest.raises(CheckFailed, match="changes its argument x in place"):
        assert_unchanged({0: 5}, {0: "x", 1: "w"})


def test_relative_error():
    assert relative_error([1.0, 2.0], [1.0, 2.0]) == 0
    assert relative_error(1.0, 3.0) == pytest.approx(0.5)
    assert relative_error([], []) == 0


def test_to_array():
    assert to_array(torch.ones(2, requires_grad=True)).tolist() == [1, 1]
    with pytest.raises(CheckFailed):
        to_array(1.0, ndim=1)
    assert to_array(1.0, ndim=0) == 1
