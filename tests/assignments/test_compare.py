"""Comparisons: what passes, and the sentence when it does not."""

import contextlib
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from assignments.compare import (
    assert_close,
    assert_equal,
    assert_unchanged,
    relative_error,
    to_array,
    unpack,
)
from assignments.form import noted_forms
from assignments.student import CheckFailed, Remote
from assignments.values import Handle
from tests.helpers.wire_values import wire_values

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
        (None, "is `return` missing"),
        ("text", "of type str"),
        ([[1.0, 2.0], [3.0]], "of type list, where a NumPy array"),
        ((WANT, {}), "of type tuple, where a NumPy array"),
        ((WANT, WANT), "of type tuple, where a NumPy array"),
        ([1.0, 2.0], "of type list, where a NumPy array"),
        (["text"], "of type list, where a NumPy array"),
        ([[1.0, 2.0], [3.0, 5.0]], "wrong at 1 of 4 places"),
        (1.0, "of type float, where a NumPy array"),
        (WANT[0], r"shape \(2,\), where \(2, 2\)"),
        (WANT + 1j, "complex"),
        (WANT * 2, "wrong at 4 of 4 places"),
        (WANT + np.diag([0, 1e-3]), "wrong at 1 of 4 places"),
        (WANT * 1.001, "wrong"),
        (WANT.astype(np.float16) + np.float16(0.01), "wrong"),
        (np.full((2, 2), np.nan), "wrong at 4"),
        (WANT * 0, "^scores: zero everywhere$"),
        (Remote(None, Handle(0, "Cache")), "of type Cache, where numbers"),
        (np.empty((2, 2), object), "of type object, where numbers"),
        (2**5000, "of type int, where a NumPy array"),
        (np.empty((0,) + (2,) * 20), "shape of 21 dimensions, where"),
    ],
)
def test_not_close(got, reason):
    with pytest.raises(CheckFailed, match=reason) as caught:
        assert_close(got, WANT, "scores")
    assert "scores" in caught.value.reason
    assert "4.5" not in str(caught.value)  # never what was expected


def test_a_number_is_off_by():
    with pytest.raises(CheckFailed, match=r"relative error of 0\.33"):
        assert_close(2.0, 1.0)


@pytest.mark.parametrize("got", [np.nan, np.inf, 0.0])
def test_a_number_that_is_none(got):
    with pytest.raises(CheckFailed, match=rf"^loss: {got:g}$"):
        assert_close(got, 1.0, "loss")


def test_what_is_expected_is_shown_where_a_check_asks_for_it():
    with pytest.raises(CheckFailed, match=r"^loss: 3\.5, where 2\.5 is expected$"):
        assert_close(3.5, 2.5, "loss", show=True)
    with pytest.raises(
        CheckFailed,
        match=r"^out: wrong at 1 of 4 places; at \[1, 0\] it is 7, where 3 is expected$",
    ):
        assert_close(np.array([[1.0, 2.0], [7.0, 4.5]]), WANT, "out", show=True)
    with pytest.raises(CheckFailed, match=r"at \[1\] it is 3, where 2 is expected$"):
        assert_equal(np.array([1, 3]), [1, 2], show=True)


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
        assert_equal(np.array([[1, 2], [3, 4]]), [1, 2])


COLUMN = np.array([1.0, 2.0])


@pytest.mark.parametrize("compare", [assert_close, assert_equal])
@pytest.mark.parametrize(
    ("got", "want", "form"),
    [
        ([1.0, 2.0], COLUMN, "scores: a list, where a NumPy array is documented"),
        ((1, 2), COLUMN, "scores: a tuple, where a NumPy array is documented"),
        ([torch.tensor(1), np.float32(2)], COLUMN, "scores: a list, where"),
        (WANT.tolist(), WANT, "scores: a list, where"),
        (COLUMN[None], COLUMN, r"scores: of shape (1, 2), where (2,) is documented"),
        (COLUMN[:, None], COLUMN, "scores: of shape (2, 1), where (2,) is documented"),
        (np.ones(1), 1.0, "scores: of shape (1,), where a number is documented"),
        (torch.ones(1, 1), 1.0, "scores: of shape (1, 1), where a number is documented"),
    ],
)
def test_right_values_in_another_form_are_noted(compare, got, want, form):
    with noted_forms() as forms:
        compare(got, want, "scores")
        compare(got, want, "scores")
    assert len(forms) == 1
    assert next(iter(forms)).startswith(form)
    compare(got, want)  # outside a check there is nobody to tell
    with pytest.raises(CheckFailed), noted_forms():
        compare(got, want + 1.0)


@pytest.mark.parametrize(
    "got", [COLUMN, COLUMN.astype(np.float32), torch.tensor(COLUMN), COLUMN.astype(int)]
)
def test_what_the_docstring_leaves_open_is_not_noted(got):
    with noted_forms() as forms:
        assert_close(got, COLUMN)
        assert_close(np.array(1.0), 1.0)
    assert not forms


VALUES = wire_values()


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_comparing_whatever_can_be_handed_over_only_ever_fails_the_check(got, other):
    wants = [np.ones(3), np.array(2), np.ones((2, 2), np.float32), np.array([1 + 2j, 0])]
    if isinstance(other, np.ndarray):
        wants.append(other)
    for want in wants:
        for compare in (assert_close, assert_equal, relative_error):
            with contextlib.suppress(CheckFailed):
                compare(got, want)
    with contextlib.suppress(CheckFailed):
        unpack(got, "f", ("loss", "dx"))


def test_unchanged():
    assert_unchanged({}, {0: "x"})
    assert_unchanged({1: 5}, {0: "x"})
    with pytest.raises(CheckFailed, match="changes its argument x in place"):
        assert_unchanged({0: 5}, {0: "x", 1: "w"})
    with pytest.raises(CheckFailed, match="changes its arguments x, w in place"):
        assert_unchanged({0: 5, 1: 6}, {0: "x", 1: "w"})


def test_relative_error():
    assert relative_error([1.0, 2.0], [1.0, 2.0]) == 0
    assert relative_error(1.0, 3.0) == pytest.approx(0.5)
    assert relative_error([], []) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(relative_error(np.inf, 1.0))


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, r"^f returns nothing; is `return` missing\?$"),
        (2.0, r"^f returns a value of type float, where \(loss, dx\) is expected$"),
        ((2.0,), r"^f returns 1 value, where"),
        ([1.0, 2.0, 3.0], r"^f returns 3 values, where"),
        (Remote(None, Handle(0, "ndarray")), "type ndarray"),
    ],
)
def test_not_the_parts_of_a_tuple(result, reason):
    with pytest.raises(CheckFailed, match=reason):
        unpack(result, "f", ("loss", "dx"))


def test_the_parts_of_a_tuple():
    assert unpack((1.0, 2.0), "f", ("loss", "dx")) == [1.0, 2.0]


def test_to_array():
    assert to_array(torch.ones(2, requires_grad=True)).tolist() == [1, 1]
    with pytest.raises(CheckFailed):
        to_array(1.0, ndim=1)
    assert to_array(1.0, ndim=0) == 1
