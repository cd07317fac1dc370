"""The LSTM-captioning notebook: public checks call a mistake by its name."""

import pytest

from autograder.course import Course
from tests.helpers.public import told

SOURCE = Course().assignment("a3_captioning").notebooks["lstm_captioning"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("step-order-i-f-g-o", "is the order of the blocks i, f, g, o?"),
        ("step-interleaved", "do you take every fourth?"),
        ("step-gates-tanh", "they go through the sigmoid"),
        ("step-cell-in-the-sum", "do the gates look at prev_c?"),
        ("step-sigmoid-overflows", "NaN"),
        ("step-double", "float64"),
        ("step-backward-no-dnext-c", "dnext_c is not used"),
        ("step-backward-dnext-c-through-o", "it belongs to the cell directly"),
        ("step-backward-g-slope-of-sigmoid", "its slope is 1 - g**2"),
        ("step-backward-i-and-g-exchanged", "each factor gets the other"),
        ("forward-empty-cell-each-time", "each step begins with an empty cell"),
        ("forward-first-cell-is-h0", "it is zero"),
        ("forward-from-h0-each-time", "each step begins with h0"),
        ("forward-exchanged", "returns the state first"),
        ("backward-cell-not-handed-on", "the cell's gradient is not handed on"),
        ("backward-state-not-handed-on", "the state's gradient is not handed on"),
        ("backward-last-weights", "the steps add up"),
        ("gru-update-exchanged", "z and 1 - z are exchanged"),
        ("gru-reset-before-the-matrix", "r multiplies prev_h before Un does"),
        ("gru-bias-reset", "r multiplies the bias of n"),
        ("gru-backward-z-sign", "the sign at z is flipped"),
        ("gru-backward-reset-everywhere", "b stands outside"),
        ("gru-backward-reset-left-out", "at recall, r is missing"),
        ("gru-backward-r-from-state", "where it should get recall"),
        ("loss-counts-null", "<NULL> counts, too"),
        ("sample-empty-cell", "each step begins with an empty cell"),
        ("sample-first-cell-from-picture", "it is zero"),
        ("sample-no-memory", "each step begins with the first state"),
        ("sample-stops-for-all", "end with the first one that does"),
        ("attention-not-scaled", "not divided by the root of H"),
        ("attention-scaled-by-places", "the root of 16"),
        ("attention-rows-for-themselves", "each row add up to 1"),
        ("attention-all-examples-together", "those of each should"),
        ("attention-global-maximum", "NaN"),
        ("attention-lstm-first-cell-zero", "it is the mean of A"),
        ("attention-lstm-one-look-for-all", "looks with the first state at each step"),
        ("attention-lstm-looks-with-the-cell", "it looks with the state"),
        ("attention-lstm-cell-not-carried", "each step begins with the first cell"),
        ("attention-lstm-wrong-matrix", "Wh and Wattn are exchanged"),
    ],
)
def test_a_mistake_is_called_by_its_name(name, words):
    lines = told(SOURCE, name)
    assert any(words in line for line in lines), lines
