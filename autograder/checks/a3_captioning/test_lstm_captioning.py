"""Hidden checks of the LSTM-captioning notebook, against PyTorch's LSTM, GRU and attention.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: no two sizes are alike, gates are neither open nor closed, cells lie beyond 1 here and
there. Special cases follow.
"""

from dataclasses import replace

import numpy as np

from assignments.families.captioner import with_empty_cell
from assignments.standins.a3_captioning.lstm_captioning import (
    attention,
    attention_lstm,
    captioner,
    gru_step,
    lstm,
    lstm_cell,
    lstm_step,
)
from autograder.families.captioners import gradients, loss, sample
from autograder.families.hidden import Hidden

STEP, SEQUENCE, LONG = ((6, 4), 5), ((3, 6, 4), 5), ((3, 24, 4), 5)
GRU_STEP = (*STEP, 1.5)
THOUSANDS = ((40, 4), 5, 5000.0)
#: One example, one number, one unit, many examples, all sizes alike.
SIZES = ((1, 4), 3), ((5, 1), 3), ((4, 3), 1), ((40, 6), 7), ((4, 4), 4)
#: One example, one step, one unit.
LENGTHS = ((1, 5, 3), 4), ((3, 1, 4), 2), ((2, 6, 1), 1)

# A step that lost points is served whole: one half could not read the other half's cache.
SIGMOID = ("sigmoid",)
FORWARD = (*SIGMOID, "lstm_step_forward")
HALVES = (*FORWARD, "lstm_step_backward")

# --- the LSTM -------------------------------------------------------------------------------------

step_forward = (
    Hidden("lstm_captioning-step-forward", lstm_step.forward, STEP)
    .values("next_c and next_h are what PyTorch's LSTM computes, its gates in our order.",
            weight=3)
    .sizes("They are so for one example, one number, one unit and for many examples.", *SIZES)
    .sizes("They are so where thousands go into the gates, above and below zero, and never NaN.",
           THOUSANDS)
    .single()
    .repeated()
)  # fmt: skip


def only(counts):
    """A step of which only next_h counts, or only next_c."""

    def draw(rng):
        *arguments, dnext_h, dnext_c = lstm_step.backward.draw(rng, STEP)
        return *arguments, dnext_h * (counts == "next_h"), dnext_c * (counts == "next_c")

    return draw


step_backward = (
    Hidden(
        "lstm_captioning-step-backward", lstm_step.backward, STEP,
        builds_on={"lstm_captioning-step-forward": FORWARD},
    )
    .gradients("dWx", "dWh", "db", weight=3)
    .gradients("dx", "dprev_h", "dprev_c", weight=3)
    .cases("All six are right where only next_h counts, and where only next_c does.",
           only("next_h"), only("next_c"))
    .sizes("All six are right for one example, one number, one unit and for many examples.",
           *SIZES)
    .single()
    .repeated(times=2)
)  # fmt: skip

forward = (
    Hidden(
        "lstm_captioning-forward", lstm.forward, SEQUENCE,
        builds_on={"lstm_captioning-step-forward": FORWARD},
    )
    .values("h holds the states that PyTorch's LSTM computes.", weight=3)
    .sizes("It does so for one example, one step, one unit and for many steps.", *LENGTHS, LONG)
    .single()
    .repeated()
)  # fmt: skip


def open_forget_gates(rng):
    """50 steps in which next to nothing is lost, and of which only the last counts."""
    x, h0, Wx, Wh, b, dh = lstm.backward.draw(rng, ((2, 50, 3), 4))
    b[4:8] += 6.0
    dh[:, :-1] = 0
    return 0.3 * x, h0, Wx, 0.3 * Wh, b, dh


backward = (
    Hidden(
        "lstm_captioning-backward", lstm.backward, LONG,
        builds_on={
            "lstm_captioning-step-forward": HALVES,
            "lstm_captioning-step-backward": HALVES,
            "lstm_captioning-forward": (*HALVES, "lstm_forward"),
        },
    )
    .gradients("dWx", "dWh", "db", weight=3)
    .gradients("dx", "dh0", weight=3)
    .cases("When only the last state counts, its gradient comes back through 50 steps to the "
           "first.", open_forget_gates)
    .sizes("All five are right for one example, one step and one unit.", *LENGTHS)
    .single()
    .repeated(times=2)
)  # fmt: skip

# --- the GRU --------------------------------------------------------------------------------------

gru_forward = (
    Hidden(
        "lstm_captioning-gru-step-forward", gru_step.forward, GRU_STEP,
        builds_on={"lstm_captioning-step-forward": SIGMOID},
    )
    .values("next_h is what PyTorch's GRU computes.", weight=3)
    .sizes("It is so for one example, one number, one unit and for many examples.", *SIZES)
    .sizes("It is so where thousands go into the gates: never NaN.", THOUSANDS, weight=0.5)
    .single()
    .repeated()
)  # fmt: skip

gru_backward = (
    Hidden(
        "lstm_captioning-gru-step-backward", gru_step.backward, GRU_STEP,
        builds_on={
            "lstm_captioning-step-forward": SIGMOID,
            "lstm_captioning-gru-step-forward": (*SIGMOID, "gru_step_forward"),
        },
    )
    .gradients("dWx", "dWh", "db", weight=3)
    .gradients("dx", "dprev_h", weight=3)
    .sizes("All five are right for one example, one number, one unit and for many examples.",
           *SIZES)
    .single()
    .repeated(times=2)
)  # fmt: skip

# --- the model ------------------------------------------------------------------------------------

LAYERS = dict.fromkeys(
    (
        "lstm_captioning-step-forward",
        "lstm_captioning-step-backward",
        "lstm_captioning-forward",
        "lstm_captioning-backward",
    ),
    (*HALVES, "lstm_forward", "lstm_backward"),
)


def emptied(case):
    """The cell is emptied before each step."""

    def cell(x, state, *weights):
        return lstm_cell(x, with_empty_cell(state[0]), *weights)

    return replace(case, model=replace(captioner, cell=cell))


def from_picture(case):
    """The cell begins as the state does."""
    return replace(case, model=replace(captioner, begin=lambda h: (h, h)))


model_loss = loss("lstm_captioning-loss", captioner, LAYERS)
model_gradients = gradients("lstm_captioning-gradients", captioner, LAYERS)
model_sample = sample("lstm_captioning-sample", captioner, LAYERS, (emptied, from_picture))

# --- attention ------------------------------------------------------------------------------------


def far_below(rng):
    """One example's scores lie thousands below the other's."""
    prev_h, A = attention.draw(rng, (2, 5))
    A[1] *= 100
    return np.full_like(prev_h, 800.0), -np.abs(A)


look = (
    Hidden("lstm_captioning-attention", attention, (3, 7))
    .values("Context and weights are what PyTorch's attention computes.", weight=3)
    .sizes("They are so for one example, for one number a place, for four and for many.",
           (1, 6), (5, 1), (4, 4), (16, 16), (2, 90))
    .cases("Scores of thousands, above and below zero, make no NaN.",
           lambda rng: attention.draw(rng, (3, 7, 3000.0)), far_below)
    .repeated()
)  # fmt: skip

looking = (
    Hidden(
        "lstm_captioning-attention-lstm", attention_lstm, ((3, 6, 4), 7),
        builds_on={
            "lstm_captioning-step-forward": FORWARD,
            "lstm_captioning-attention": ("dot_product_attention",),
        },
    )
    .values("h holds the states that PyTorch's cell and attention make.", weight=3)
    .sizes("It does so for one example, one step, one unit, equal sizes and for many steps.",
           *LENGTHS, LONG, ((4, 4, 4), 4))
    .sizes("Places with large numbers, and gates far from zero, make no NaN.",
           ((3, 3, 4), 7, 300.0), weight=0.5)
    .repeated()
)  # fmt: skip
