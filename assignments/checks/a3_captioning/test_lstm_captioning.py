"""Public checks of the LSTM-captioning notebook: gates to follow by hand, attention."""

import math
from typing import Any

import numpy as np

from assignments.checks.a3_captioning.rnn_captioning import (
    gradients,
    loss,
    nothing,
    own_states,
    sample,
    step_by_step,
)
from assignments.compare import assert_unchanged
from assignments.families.captioner import WORDS, numbers
from assignments.families.checks import Checks
from assignments.standins.a3_captioning.lstm_captioning import (
    attention,
    attention_lstm,
    captioner,
    gru_step,
    logistic,
    lstm,
    lstm_step,
)

#: tanh of LOG2 is 3/5; sigmoid of LOG3 is 3/4, and of -LOG3 1/4.
LOG2, LOG3 = math.log(2), math.log(3)
#: A bias that opens a gate.
OPEN = 40.0
STEP, SEQUENCE = ((3, 4), 5), ((3, 4, 4), 5)
#: A step of one unit in which i = 3/4, f = 1/2, o = 1/4, g = 3/5, and next_c = log 2.
HAND: dict[str, Any] = {
    "x": [[1]], "prev_h": [[1]], "prev_c": [[2 * LOG2 - 0.9]],
    "Wx": [[2 * LOG3, -LOG3, 0, 0]], "Wh": [[-LOG3, LOG3, -LOG3, 0]], "b": [0, 0, 0, LOG2],
}  # fmt: skip

# --- steps and sequences --------------------------------------------------------------------------

step_forward = (
    Checks("lstm_captioning-step-forward", lstm_step.forward, STEP)
    .by_hand(
        "Gates of 3/4, 1/2, 1/4 and a g of 3/5 make tanh(next_c) = 3/5 and next_h = 3/20.",
        **HAND, next_c=[[LOG2]], next_h=[[0.15]],
    )
    .sizes("next_h and next_c, both (N, H), are right for five units.", STEP)
    .untouched()
    .single()
)  # fmt: skip


@step_forward.check()
def sigmoid(student, rng):
    """sigmoid is 1/2 at 0, 3/4 at log 3, 1/4 at -log 3, and 1 and 0 far away, without NaN."""
    x = np.array([[0.0, LOG3, -LOG3], [1000.0, -1000.0, 0.0]])
    want = {"out": np.array([[0.5, 0.75, 0.25], [1.0, 0.0, 0.5]])}
    logistic.check(student, (x,), want=want, show=True)


@step_forward.check(rule=True, beyond=True)
def sigmoid_untouched(student, rng):
    """sigmoid leaves its argument as it was."""
    student.sigmoid(np.array([[0.0, 1.0, -1.0], [1000.0, -1000.0, 2.0]]))
    assert_unchanged(student.changed, {0: "x"})


step_backward = (
    Checks("lstm_captioning-step-backward", lstm_step.backward, STEP)
    .by_hand(
        "With all gates at 1/2, a dnext_h of 25 and a dnext_c of 10 make 18 at the cell, 9 before.",
        x=[[0]], prev_h=[[0]], prev_c=[[2 * LOG2]], Wx=[[0] * 4], Wh=[[0] * 4], b=[0] * 4,
        dnext_h=[[25]], dnext_c=[[10]], dprev_c=[[9]], db=[0, 9 * LOG2, 3.75, 9],
    )
    .by_hand(
        "With i = 3/4, f = 1/2, o = 1/4, g = 3/5 and 20 at the cell, i gets 2.25, o 11.25, g 9.6.",
        **HAND, dnext_h=[[100]], dnext_c=[[4]], db=[2.25, 5 * (2 * LOG2 - 0.9), 11.25, 9.6],
    )
    .numerical("All six gradients agree with numerical gradients of your lstm_step_forward.", STEP)
    .untouched("dnext_h and dnext_c are not changed.")
    .single()
)  # fmt: skip

#: Weights of one unit that read the input into g alone.
READING: dict[str, Any] = {"Wx": [[0, 0, 0, 1]], "Wh": [[0, 0, 0, 0]]}

forward = (
    Checks("lstm_captioning-forward", lstm.forward, SEQUENCE)
    .by_hand(
        "With all gates open the cell adds up what comes in: 3/5, 3/5, 0.",
        x=[[[LOG2], [0], [-LOG2]]], h0=[[0.5]], **READING, b=[OPEN, OPEN, OPEN, 0],
        h=[[[math.tanh(0.6)], [math.tanh(0.6)], [0]]],
    )
    .holds(
        "Each h[:, t] is what your lstm_step_forward makes of x[:, t] and of state and cell "
        "before.",
        step_by_step(lstm_step, lstm),
        SEQUENCE,
    )
    .untouched()
    .single()
)  # fmt: skip

#: Inputs so small that tanh is nearly the identity.
TINY: dict[str, Any] = {"x": np.full((1, 3, 1), 1e-9), "h0": [[0]]}

backward = (
    Checks("lstm_captioning-backward", lstm.backward, SEQUENCE)
    .by_hand(
        "With a forget gate of 1/2, half of the cell's gradient arrives one step before, also from "
        "the last of 12 steps at the first.",
        x=np.full((1, 12, 1), 1e-9), h0=[[0]], **READING, b=[OPEN, 0, OPEN, 0],
        dh=np.eye(12)[-1].reshape(1, 12, 1),
        dx=(0.5 ** np.arange(11, -1, -1)).reshape(1, 12, 1),
    )
    .by_hand(
        "So it is where every state counts: what comes from its own output and from later is "
        "added.",
        **TINY, **READING, b=[OPEN, 0, OPEN, 0], dh=[[[100], [10], [1]]],
        dx=[[[105.25], [10.5], [1]]],
    )
    .by_hand(
        "With the forget gate closed and a weight of 2, a state's gradient doubles step by step.",
        **TINY, **{**READING, "Wh": [[0, 0, 0, 2]]}, b=[OPEN, -OPEN, OPEN, 0],
        dh=[[[0], [0], [1]]], dx=[[[4], [2], [1]]], dh0=[[8]], db=[0, 0, 0, 7], atol=1e-6,
    )
    .numerical(
        "All five gradients agree with numerical gradients of your lstm_forward.", ((2, 4, 2), 3)
    )
    .untouched("dh is not changed.")
    .single()
)  # fmt: skip

gru_forward = (
    Checks("lstm_captioning-gru-step-forward", gru_step.forward, STEP)
    .by_hand(
        "With r = 1/4, z = 3/4 and n = 3/5, an old state of 1 becomes 9/10.",
        x=[[1]], prev_h=[[1]], Wx=[[0, 0, 2 * LOG2]], Wh=[[0, LOG3, 2 * LOG2]],
        b=[-LOG3, 0, -1.5 * LOG2], next_h=[[0.9]],
    )
    .sizes("next_h is right for several units, where Wh mixes them.", STEP)
    .untouched()
    .single()
)  # fmt: skip

gru_backward = (
    Checks("lstm_captioning-gru-step-backward", gru_step.backward, STEP)
    .by_hand(
        "With r = z = 1/2 and n = 3/5, a dnext_h of 100 makes 50, 32 and a quarter of -60 at z.",
        x=[[0]], prev_h=[[0]], Wx=[[0, 0, 0]], Wh=[[0, 0, 0]], b=[0, 0, LOG2], dnext_h=[[100]],
        dprev_h=[[50]], db=[0, -15, 32],
    )
    .by_hand(
        "With r = 1/4, z = 3/4, n = 3/5, recall = 2: a dnext_h of 100 makes 6, 7.5, 16; 83 before.",
        x=[[0]], prev_h=[[1]], Wx=[[0, 0, 0]], Wh=[[0, 0, 2]], b=[-LOG3, LOG3, LOG2 - 0.5],
        dnext_h=[[100]], db=[6, 7.5, 16], dprev_h=[[83]],
    )
    .numerical("All five gradients agree with numerical gradients of your gru_step_forward.", STEP)
    .untouched("dnext_h is not changed.")
    .single()
)  # fmt: skip

# --- the model ------------------------------------------------------------------------------------

model_loss = loss("lstm_captioning-loss", captioner)
model_gradients = gradients("lstm_captioning-gradients", captioner)


def in_the_cell():
    """A model whose cell grows by tanh(1) a step; after the third, <END> is likelier than "a"."""
    params = nothing(1, 1, 1, 4)
    params["b"], params["W_proj"][:] = [OPEN, OPEN, OPEN, 1], 1.0
    params["W_vocab"][0, [WORDS["<END>"], WORDS["a"]]] = 20.0, 10.0
    params["b_vocab"][WORDS["<END>"]] = -9.5
    return params


model_sample = sample("lstm_captioning-sample", captioner, blocks=4).by_hand(
    'A model that counts in its cell says "a" twice, and then ends: the cell goes on, too.',
    **in_the_cell(),
    features=[[1]],
    max_length=5,
    captions=numbers("a a <END> <NULL> <NULL>"),
)

# --- attention ------------------------------------------------------------------------------------


def one_place():
    """Nine numbers a place; one place scores 3 log 3, all others 0."""
    prev_h, A = np.zeros((1, 9)), np.zeros((1, 9, 4, 4))
    prev_h[0, :3], A[0, :5, 2, 1] = LOG3, (1, 1, 1, 6, -6)
    weights = np.full((1, 4, 4), 1 / 18)
    weights[0, 2, 1] = 3 / 18
    return {"prev_h": prev_h, "A": A, "weights": weights, "context": A[:, :, 2, 1] / 6}


def thousands():
    """Scores of 1000 and -1000; all 0; 1000, 1000 - log 3 and zeros."""
    prev_h, A, weights = np.zeros((3, 4)), np.zeros((3, 4, 4, 4)), np.zeros((3, 4, 4))
    prev_h[[0, 2]], A[[0, 2], :, 1, 3] = 500, 1
    A[0, :, 0, 0], A[2, :, 0, 0] = -1, 1 - LOG3 / 1000
    weights[:, 1, 3], weights[1], weights[2, 0, 0] = (1, 0, 0.75), 1 / 16, 0.25
    context = np.array([[1], [0], [1 - LOG3 / 4000]]) * np.ones(4)
    return {"prev_h": prev_h, "A": A, "weights": weights, "context": context}


look = (
    Checks("lstm_captioning-attention", attention, (3, 5))
    .by_hand(
        "Of 9 numbers a place, one place scores 3 log 3: divided by 3, it has 3 times the weight.",
        **one_place(),
    )
    .sizes("Context and weights are right for three examples of five numbers a place.", (3, 5))
    .by_hand(
        "Scores of 1000 make no NaN, neither there nor in an example whose scores are all 0.",
        **thousands(),
    )
    .untouched()
)

looking = (
    Checks("lstm_captioning-attention-lstm", attention_lstm, SEQUENCE)
    .sizes("The states of three examples and four steps are right, the first one first.", SEQUENCE)
    .untouched()
)


@looking.check()
def your_parts(student, rng):
    """Without Wattn it is your LSTM, step by step, from the mean of A."""
    x, A, Wx, Wh, Wattn, b = attention_lstm.draw(rng, SEQUENCE)
    mean = A.mean(axis=(2, 3))
    want = own_states(student, lstm_step, x, (mean, mean), Wx, Wh, b)
    attention_lstm.check(student, (x, A, Wx, Wh, 0 * Wattn, b), want=want)
