"""Public checks of the RNN-captioning notebook: numbers to follow by hand, numerical gradients."""

import math
from typing import Any

import numpy as np

from assignments.checks.a3_captioning.rnn_captioning import gradients, loss, sample, step_by_step
from assignments.families.checks import Checks
from assignments.standins.a3_captioning.rnn_captioning import (
    captioner,
    embedding,
    rnn,
    rnn_step,
    truncated,
)

#: tanh of this is 0.6, of half of it 1/3.
UNIT = math.log(2)
STEP, SEQUENCE = ((3, 4), 5), ((3, 4, 4), 5)

step_forward = (
    Checks("rnn_captioning-step-forward", rnn_step.forward, STEP)
    .by_hand(
        "With log 2 and half of it going into the two units, next_h is 3/5 and 1/3.",
        x=[[1]], prev_h=[[1, 0]], Wx=[[2 * UNIT, 0]], Wh=[[-UNIT, UNIT], [0, 0]], b=[0, -UNIT / 2],
        next_h=[[0.6, 1 / 3]],
    )
    .sizes(
        "Every number of next_h lies between -1 and 1, even where thousands go into tanh.",
        (*STEP, 5000.0),
    )
    .untouched()
    .single()
)  # fmt: skip

step_backward = (
    Checks("rnn_captioning-step-backward", rnn_step.backward, STEP)
    .by_hand(
        "Where next_h is 0.6, the derivative of tanh is 1 - 0.36: a dnext_h of 25 becomes 16.",
        x=[[0], [0]], prev_h=[[2], [2]], Wx=[[3]], Wh=[[UNIT / 2]], b=[0], dnext_h=[[25], [50]],
        db=[48], dx=[[48], [96]], dprev_h=[[8 * UNIT], [16 * UNIT]], dWh=[[96]],
    )
    .numerical("All five gradients agree with numerical gradients of your rnn_step_forward.", STEP)
    .untouched("dnext_h is not changed.")
    .single()
)  # fmt: skip

forward = (
    Checks("rnn_captioning-forward", rnn.forward, SEQUENCE)
    .by_hand(
        "A single unit that is fed log 2, log 2 - 0.6, -log 2 - 0.6 says 0.6, 0.6 and -0.6.",
        x=[[[UNIT], [UNIT - 0.6], [-UNIT - 0.6]]], h0=[[0]], Wx=[[1]], Wh=[[1]], b=[0],
        h=[[[0.6], [0.6], [-0.6]]],
    )
    .holds(
        "Each h[:, t] is what your rnn_step_forward makes of x[:, t] and of the h before.",
        step_by_step(rnn_step, rnn),
        SEQUENCE,
    )
    .untouched()
    .single()
)  # fmt: skip

# One unit adds its input to twice its state; tanh is nearly the identity here.
DOUBLING: dict[str, Any] = {"h0": [[0]], "Wx": [[1]], "Wh": [[2]], "b": [0]}
ONLY_LAST = np.eye(12)[-1].reshape(1, 12, 1)

backward = (
    Checks("rnn_captioning-backward", rnn.backward, SEQUENCE)
    .by_hand(
        "When only the last of 12 steps counts, its gradient doubles step by step: 4096 at h0.",
        x=np.full((1, 12, 1), 1e-9), **DOUBLING, dh=ONLY_LAST,
        dx=2.0 ** np.arange(11, -1, -1).reshape(1, 12, 1), dh0=[[4096]], db=[4095],
    )
    .by_hand(
        "When every step's h counts, what comes from its own output and from later is added.",
        x=np.full((1, 3, 1), 1e-9), **DOUBLING, dh=[[[100], [10], [1]]], dx=[[[124], [12], [1]]],
    )
    .numerical(
        "All five gradients agree with numerical gradients of your rnn_forward.", ((2, 4, 2), 3)
    )
    .untouched("dh is not changed.")
    .single()
)  # fmt: skip

embedding_forward = (
    Checks("rnn_captioning-embedding-forward", embedding.forward, ((2,), 4, 3))
    .by_hand(
        "Word 2 becomes row 2 of W, wherever it stands.",
        x=np.array([[2, 0], [2, 1]]), W=[[1, 2], [3, 4], [5, 6]],
        out=[[[5, 6], [1, 2]], [[5, 6], [3, 4]]],
    )
    .by_hand(
        "It works for one word of each caption, x of shape (N,), too.",
        x=np.array([3, 1]), W=[[1, 2], [3, 4], [5, 6], [7, 8]], out=[[7, 8], [3, 4]],
    )
    .single()
)  # fmt: skip

embedding_backward = (
    Checks("rnn_captioning-embedding-backward", embedding.backward, ((2, 3), 6, 2))
    .by_hand(
        "Row 2 of dW is the sum over the two places where word 2 stands; row 3 is 0.",
        x=np.array([[2, 0], [2, 1]]), W=np.zeros((4, 2)),
        dout=[[[1, 2], [10, 20]], [[100, 200], [1000, 2000]]],
        dW=[[10, 20], [1000, 2000], [101, 202], [0, 0]],
    )
    .numerical(
        "dW agrees with the numerical gradient of your word_embedding_forward.", ((3, 4), 7, 2)
    )
    .untouched("dout is not changed.")
    .single()
)  # fmt: skip

model_loss = loss("rnn_captioning-loss", captioner)
model_gradients = gradients("rnn_captioning-gradients", captioner)
model_sample = sample("rnn_captioning-sample", captioner)

star_truncated = (
    Checks("rnn_captioning-star-truncated", truncated, ((3, 7, 4), 5, 3))
    .by_hand(
        "When only the last of 4 steps counts, pieces of 2 leave the gradients 0, 0, 2 and 1.",
        x=np.full((1, 4, 1), 1e-9), **DOUBLING, dh=[[[0], [0], [0], [1]]], piece=2,
        dx=[[[0], [0], [2], [1]]], dh0=[[0]], db=[3],
    )
    .by_hand(
        "Where each of 4 steps counts, pieces of 2 give the gradients 3, 1, 3 and 1, and dh0 is 6.",
        x=np.full((1, 4, 1), 1e-9), **DOUBLING, dh=[[[1], [1], [1], [1]]], piece=2,
        dx=[[[3], [1], [3], [1]]], dh0=[[6]],
    )
    .sizes("All five gradients are those of PyTorch, in pieces of 3 and of single steps.",
           ((3, 7, 4), 5, 3), ((3, 7, 4), 5, 1))
    .sizes("A piece that is as long as the sequence, or longer, cuts nothing.",
           ((3, 4, 4), 5, 4), ((3, 4, 4), 5, 9))
    .untouched("dh is not changed.")
)  # fmt: skip
