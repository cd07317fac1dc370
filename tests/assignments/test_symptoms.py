"""Each symptom is found in a wrong answer made to show it, and in no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assignments.symptoms import find_symptom

RNG = np.random.default_rng(0)
WANT = RNG.normal(size=(4, 3)) + 3
LABELS = np.array([3, 1, 0, 2, 2])


@pytest.mark.parametrize(
    ("got", "want", "said"),
    [
        (WANT * np.nan, WANT, "NaN"),
        (WANT + np.inf, WANT, "infinity"),
        (WANT.T, WANT, "transposed"),
        (WANT[:3].T, WANT[:3], "transposed"),
        (WANT.reshape(-1), WANT, "only the shape"),
        (RNG.normal(size=(3, 4)), WANT, "opposite order"),
        (WANT.sum(axis=0), WANT, "summed over axis 0"),
        (WANT.mean(axis=1), WANT, "averaged over axis 1"),
        (WANT * 0, WANT, ""),  # the reason says that it is zero
        (-WANT, WANT, "every sign is flipped"),
        (np.array(-4.0), np.array(4.0), "its sign is flipped"),
        (WANT**2, WANT, "square root missing"),
        (np.sqrt(WANT), WANT, "the square root of what"),
        (WANT * 7, WANT, "too large by a factor of 7, which is the number of images"),
        (WANT / 7, WANT, "too small by a factor of 7, which is the number of images"),
        (WANT * 2, WANT, "twice"),
        (WANT / 2, WANT, "half"),
        (WANT * 3.25, WANT, "3.25 times"),
        (WANT + 4, WANT, "same amount"),
        (WANT[::-1], WANT, "another order"),
        (np.vstack([WANT[:2], WANT[2:] * 1.5]), WANT, "2 of 4 rows are right"),
        (np.hstack([WANT[:, :1], WANT[:, 1:] + [1, 2]]), WANT, "1 of 3 columns is right"),
        (np.append(WANT[0, :2], 9.0), WANT[0], "2 of 3 values"),
        (LABELS[::-1], LABELS, "another order"),
        (np.array(8.0), np.array(4.0), "twice"),
        (np.array(5.0), np.array(4.0), ""),
        (RNG.normal(size=(4, 3)), WANT, ""),
        (np.array(["a"]), WANT, ""),
        (np.zeros((0, 3)), np.zeros((0, 3)), ""),
    ],
)
def test_symptom(got, want, said):
    symptom = find_symptom(got, want, {"the number of images": 7})
    assert said in symptom
    assert said or not symptom


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (WANT / 0.05, "too large by a factor of 20, which is 1 / the learning rate"),
        (WANT * 0.05, "too small by a factor of 20, which is 1 / the learning rate"),
    ],
)
def test_factors_below_one(got, said):
    assert said in find_symptom(got, WANT, {"the learning rate": 0.05})


@given(
    hnp.arrays(
        hnp.floating_dtypes() | hnp.integer_dtypes() | hnp.boolean_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    ),
    st.sampled_from([np.array(1.0), WANT, LABELS, np.zeros((0, 2)), np.array([True, False])]),
)
@settings(deadline=None)
def test_any_answer_has_a_sentence_or_none(got, want):
    assert isinstance(find_symptom(got, want, {"n": 1, "m": 3}), str)
