"""Hidden checks of the RNN-captioning notebook, against PyTorch's recurrent cell and gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: no two sizes are alike, and no state is near 0 or 1. Special cases follow. Words that
stand for something else have numbers that differ from vocabulary to vocabulary.
"""

import numpy as np

from assignments.standins.a3_captioning.rnn_captioning import (
    captioner,
    embedding,
    rnn,
    rnn_step,
)
from autograder.families.captioners import gradients, loss, sample
from autograder.families.hidden import Hidden

STEP, SEQUENCE, LONG = ((6, 4), 5), ((3, 6, 4), 5), ((3, 24, 4), 5)
#: One example, one number, one unit, many examples, all sizes alike.
SIZES = ((1, 4), 3), ((5, 1), 3), ((4, 3), 1), ((40, 6), 7), ((4, 4), 4)
#: One example, one step, one unit.
LENGTHS = ((1, 5, 3), 4), ((3, 1, 4), 2), ((2, 6, 1), 1)

step_forward = (
    Hidden("rnn_captioning-step-forward", rnn_step.forward, STEP)
    .values("next_h is what PyTorch's recurrent layer computes.", weight=3)
    .sizes("It is so for one example, one number, one unit and for many examples.", *SIZES)
    .sizes("It is so where thousands go into tanh: neither infinite nor NaN.", (*STEP, 5000.0),
           weight=0.5)
    .single()
    .repeated()
)  # fmt: skip

step_backward = (
    Hidden(
        "rnn_captioning-step-backward", rnn_step.backward, STEP,
        builds_on={"rnn_captioning-step-forward": ("rnn_step_forward",)},
    )
    .gradients("dWx", "dWh", "db", weight=3)
    .gradients("dx", "dprev_h", weight=3)
    .sizes("All five are right for one example, one number, one unit and for many examples.",
           *SIZES)
    .single()
    .repeated(times=2)
)  # fmt: skip

forward = (
    Hidden(
        "rnn_captioning-forward", rnn.forward, SEQUENCE,
        builds_on={"rnn_captioning-step-forward": ("rnn_step_forward",)},
    )
    .values("h holds the states that PyTorch's recurrent layer computes.", weight=3)
    .sizes("It does so for one example, one step, one unit and for many steps.", *LENGTHS, LONG)
    .single()
    .repeated()
)  # fmt: skip


def small_states(rng):
    """An orthogonal matrix and small states, so that next to nothing is lost in 24 steps."""
    x, h0, Wx, Wh, b, dh = rnn.backward.draw(rng, LONG)
    dh[:, :-1] = 0
    return 0.01 * x, 0.1 * h0, Wx, np.linalg.qr(Wh)[0], 0.01 * b, dh


# Both halves of a step are served: one half could not read the other half's cache.
HALVES = ("rnn_step_forward", "rnn_step_backward")

backward = (
    Hidden(
        "rnn_captioning-backward", rnn.backward, LONG,
        builds_on={
            "rnn_captioning-step-forward": HALVES,
            "rnn_captioning-step-backward": HALVES,
            "rnn_captioning-forward": (*HALVES, "rnn_forward"),
        },
    )
    .gradients("dWx", "dWh", "db", weight=3)
    .gradients("dx", "dh0", weight=3)
    .cases("When only the last state counts, its gradient comes back through 24 steps to h0.",
           small_states)
    .sizes("All five are right for one example, one step and one unit.", *LENGTHS)
    .together(((2, 5, 2), 3), only=("dWh", "dh0"))
    .single()
    .repeated(times=2)
)  # fmt: skip

embedding_forward = (
    Hidden("rnn_captioning-embedding-forward", embedding.forward, ((4, 6), 9, 5))
    .values("Each word becomes its row of W.", weight=3)
    .sizes(
        "It does so for a single word each, a single caption, and for vectors of one number.",
        ((7,), 6, 3), ((1, 5), 6, 4), ((3, 1), 6, 2), ((2, 4), 6, 1),
    )
    .single()
)  # fmt: skip

embedding_backward = (
    Hidden(
        "rnn_captioning-embedding-backward", embedding.backward, ((4, 6), 8, 3),
        builds_on={"rnn_captioning-embedding-forward": ("word_embedding_forward",)},
    )
    .gradients("dW", weight=3)
    .sizes(
        "It is so for a single word each, a single caption, one word everywhere, a large W.",
        ((7,), 6, 3), ((1, 5), 6, 4), ((3, 4), 4, 1), ((3, 4), 300, 2),
    )
    .single()
    .repeated()
)  # fmt: skip

SEQUENCES = (*HALVES, "rnn_forward", "rnn_backward")
EMBEDDING = ("word_embedding_forward", "word_embedding_backward")
LAYERS = {
    "rnn_captioning-step-forward": SEQUENCES,
    "rnn_captioning-step-backward": SEQUENCES,
    "rnn_captioning-forward": SEQUENCES,
    "rnn_captioning-backward": SEQUENCES,
    "rnn_captioning-embedding-forward": EMBEDDING,
    "rnn_captioning-embedding-backward": EMBEDDING,
}

model_loss = loss("rnn_captioning-loss", captioner, LAYERS)
model_gradients = gradients("rnn_captioning-gradients", captioner, LAYERS)
model_sample = sample("rnn_captioning-sample", captioner, LAYERS)
