"""Hidden checks of the RNN-captioning notebook, against PyTorch's recurrent layer and gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: no two sizes are alike, and no state is near 0 or 1. Special cases follow. Words that
stand for something else have numbers that differ from vocabulary to vocabulary.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import forward
from assignments.checks.a3_captioning.rnn_captioning import (
    PARAMETERS,
    PARTS,
    PARTS_OF_ALL,
    all_gradients,
    check_untouched,
    sequence_arrays,
    single,
    step_arrays,
    step_gradients,
)
from assignments.compare import assert_close, assert_equal, assert_single, assert_unchanged
from assignments.gradients import numerical_gradient, one_by_one
from assignments.questions import question
from autograder.checks.a3_captioning.captioners import (
    RNN,
    Net,
    check_each_alone,
    check_lengths,
    check_said_twice,
    recurrent,
    right,
    right_gradients,
    sample_case,
)

_ARGUMENTS = dict(enumerate(("x", "prev_h", "Wx", "Wh", "b")))
#: (N, D, H) of a step: one example, one number, one unit, many examples.
SIZES = [(1, 4, 3), (5, 1, 3), (4, 3, 1), (40, 6, 7)]
#: (N, T, D, H) of a sequence: one example, one step, one unit, many steps.
LENGTHS = [(1, 5, 3, 4), (3, 1, 4, 2), (2, 6, 1, 1), (3, 24, 2, 5)]


def one_step(x, prev_h, Wx, Wh, b) -> torch.Tensor:
    return recurrent(x.unsqueeze(1), prev_h, Wx, Wh, b).squeeze(1)


# --- rnn_captioning-step-forward -----------------------------------------------------------------


def check_step(student, arrays, what="next_h"):
    next_h, _cache = forward(student, "rnn_step_forward", *arrays)
    assert_close(next_h, right(one_step, arrays), what)
    return next_h


@question("rnn_captioning-step-forward", weight=3)
def test_step_values(student, rng):
    """next_h is what PyTorch's recurrent layer computes."""
    check_step(student, step_arrays(rng, 6, 4, 5))


@question("rnn_captioning-step-forward")
def test_step_sizes(student, rng):
    """It is so for one example, one number, one unit and for many examples."""
    for N, D, H in [*SIZES, (4, 4, 4)]:
        check_step(student, step_arrays(rng, N, D, H), f"next_h ({N} examples, {D} -> {H})")


@question("rnn_captioning-step-forward", weight=0.5)
def test_step_large(student, rng):
    """It is so where thousands go into tanh: neither infinite nor NaN."""
    check_step(student, step_arrays(rng, 6, 4, 5, scale=5000.0))


@question("rnn_captioning-step-forward", weight=0.5)
def test_step_single(student, rng):
    """Inputs in single precision give next_h in single precision."""
    assert_single(next_h=check_step(student, single(step_arrays(rng))))


@question("rnn_captioning-step-forward", weight=0.5, rule=True)
def test_step_inputs(student, rng):
    """Nothing that is passed in is changed, and next_h is right."""
    arrays = step_arrays(rng)
    result = student.call("rnn_step_forward", *arrays, keep=True)
    assert_unchanged(student.changed, _ARGUMENTS)
    assert_close(result.get("[0]"), right(one_step, arrays), "next_h")


# --- rnn_captioning-step-backward ----------------------------------------------------------------

BEFORE_STEP_BACKWARD = {"rnn_captioning-step-forward": ("rnn_step_forward",)}


def compare_step(student, arrays, dnext_h, parts=PARTS, note=""):
    _next_h, cache = forward(student, "rnn_step_forward", *arrays)
    got = step_gradients(student, dnext_h, cache)
    want = dict(zip(PARTS, right_gradients(one_step, arrays, dnext_h), strict=True))
    factors = {"the number of examples": len(dnext_h)}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


@question("rnn_captioning-step-backward", weight=3, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_weights(student, rng):
    """dWx, dWh and db are the gradients that PyTorch finds."""
    compare_step(student, step_arrays(rng, 6, 4, 5), rng.normal(size=(6, 5)), PARTS[2:])


@question("rnn_captioning-step-backward", weight=3, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_inputs_of_the_step(student, rng):
    """dx and dprev_h are the gradients that PyTorch finds."""
    compare_step(student, step_arrays(rng, 6, 4, 5), rng.normal(size=(6, 5)), PARTS[:2])


@question("rnn_captioning-step-backward", builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_sizes(student, rng):
    """All five are right for one example, one number, one unit and for many examples."""
    for N, D, H in [*SIZES, (4, 4, 4)]:
        arrays, dnext_h = step_arrays(rng, N, D, H), rng.normal(size=(N, H))
        compare_step(student, arrays, dnext_h, note=f" ({N} examples, {D} -> {H})")


@question("rnn_captioning-step-backward", weight=0.5, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    dnext_h = rng.normal(size=(3, 5)).astype(np.float32)
    assert_single(**compare_step(student, single(step_arrays(rng)), dnext_h))


@question("rnn_captioning-step-backward", weight=0.5, builds_on=BEFORE_STEP_BACKWARD, rule=True)
def test_step_backward_twice(student, rng):
    """dnext_h is as it was, and calling it again gives the same right gradients."""
    arrays, dnext_h = step_arrays(rng), rng.normal(size=(3, 5))
    _next_h, cache = forward(student, "rnn_step_forward", *arrays)
    want = right_gradients(one_step, arrays, dnext_h)
    for _call in range(2):
        got = step_gradients(student, dnext_h, cache)
        assert_unchanged(student.changed, {0: "dnext_h"})
        for part, gradient in zip(PARTS, want, strict=True):
            assert_close(got[part], gradient, part)


# --- rnn_captioning-forward ----------------------------------------------------------------------

# Both halves of a step are served: one half could not read the other half's cache.
STEP = ("rnn_step_forward", "rnn_step_backward")
BEFORE_FORWARD = {"rnn_captioning-step-forward": ("rnn_step_forward",)}


def check_forward(student, arrays, what="h"):
    h, _cache = forward(student, "rnn_forward", *arrays)
    assert_close(h, right(recurrent, arrays), what)
    return h


@question("rnn_captioning-forward", weight=3, builds_on=BEFORE_FORWARD)
def test_forward_values(student, rng):
    """h holds the states that PyTorch's recurrent layer computes."""
    check_forward(student, sequence_arrays(rng, 3, 6, 4, 5))


@question("rnn_captioning-forward", builds_on=BEFORE_FORWARD)
def test_forward_lengths(student, rng):
    """It does so for one example, one step, one unit and for many steps."""
    for N, T, D, H in LENGTHS:
        check_forward(student, sequence_arrays(rng, N, T, D, H), f"h ({N} examples, {T} steps)")


@question("rnn_captioning-forward", weight=0.5, builds_on=BEFORE_FORWARD)
def test_forward_single(student, rng):
    """Inputs in single precision give states in single precision."""
    assert_single(h=check_forward(student, single(sequence_arrays(rng))))


@question("rnn_captioning-forward", weight=0.5, builds_on=BEFORE_FORWARD, rule=True)
def test_forward_inputs(student, rng):
    """Nothing that is passed in is changed, and h is right."""
    arrays = sequence_arrays(rng)
    result = student.call("rnn_forward", *arrays, keep=True)
    assert_unchanged(student.changed, {**_ARGUMENTS, 1: "h0"})
    assert_close(result.get("[0]"), right(recurrent, arrays), "h")


# --- rnn_captioning-backward ---------------------------------------------------------------------

BEFORE_BACKWARD = {
    "rnn_captioning-step-forward": STEP,
    "rnn_captioning-step-backward": STEP,
    "rnn_captioning-forward": (*STEP, "rnn_forward"),
}


def compare_all(student, arrays, dh, parts=PARTS_OF_ALL, note=""):
    _h, cache = forward(student, "rnn_forward", *arrays)
    got = all_gradients(student, dh, cache)
    want = dict(zip(PARTS_OF_ALL, right_gradients(recurrent, arrays, dh), strict=True))
    factors = {"the number of examples": len(dh), "the number of steps": dh.shape[1]}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


@question("rnn_captioning-backward", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_weights(student, rng):
    """dWx, dWh and db, over 24 steps, are the gradients that PyTorch finds."""
    arrays = sequence_arrays(rng, 3, 24, 4, 5)
    compare_all(student, arrays, rng.normal(size=(3, 24, 5)), PARTS_OF_ALL[2:])


@question("rnn_captioning-backward", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_inputs_of_all_steps(student, rng):
    """dx and dh0, over 24 steps, are the gradients that PyTorch finds."""
    arrays = sequence_arrays(rng, 3, 24, 4, 5)
    compare_all(student, arrays, rng.normal(size=(3, 24, 5)), PARTS_OF_ALL[:2])


@question("rnn_captioning-backward", builds_on=BEFORE_BACKWARD)
def test_backward_only_last(student, rng):
    """When only the last state counts, its gradient comes back through 24 steps to h0."""
    x, h0, Wx, Wh, b = sequence_arrays(rng, 2, 24, 3, 4)
    # An orthogonal matrix and small states: next to nothing is lost from step to step.
    Wh = np.linalg.qr(Wh)[0]
    dh = np.zeros((2, 24, 4))
    dh[:, -1] = rng.normal(size=(2, 4))
    compare_all(student, (0.01 * x, 0.1 * h0, Wx, Wh, 0.01 * b), dh)


@question("rnn_captioning-backward", builds_on=BEFORE_BACKWARD)
def test_backward_lengths(student, rng):
    """All five are right for one example, one step and one unit."""
    for N, T, D, H in LENGTHS[:3]:
        arrays, dh = sequence_arrays(rng, N, T, D, H), rng.normal(size=(N, T, H))
        compare_all(student, arrays, dh, note=f" ({N} examples, {T} steps, {D} -> {H})")


@question("rnn_captioning-backward", builds_on=BEFORE_BACKWARD)
def test_backward_slopes(student, rng):
    """dWh and dh0 agree with numerical gradients of a loss in which all states play together."""
    arrays = sequence_arrays(rng, 2, 5, 2, 3)
    target = rng.normal(size=(2, 5, 3))

    def loss(h0, Wh):
        x, _h0, Wx, _Wh, b = arrays
        return np.sum((right(recurrent, (x, h0, Wx, Wh, b)) - target) ** 2) ** 2

    distance = right(recurrent, arrays) - target
    _h, cache = forward(student, "rnn_forward", *arrays)
    got = all_gradients(student, 4 * np.sum(distance**2) * distance, cache)
    _x, h0, _Wx, Wh, _b = arrays
    for part, want in (
        ("dWh", numerical_gradient(one_by_one(lambda value: loss(h0, value)), Wh)),
        ("dh0", numerical_gradient(one_by_one(lambda value: loss(value, Wh)), h0)),
    ):
        assert_close(got[part], want, part, rtol=1e-5, atol=1e-6)


@question("rnn_captioning-backward", weight=0.5, builds_on=BEFORE_BACKWARD)
def test_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    dh = rng.normal(size=(3, 4, 5)).astype(np.float32)
    assert_single(**compare_all(student, single(sequence_arrays(rng)), dh))


@question("rnn_captioning-backward", weight=0.5, builds_on=BEFORE_BACKWARD, rule=True)
def test_backward_twice(student, rng):
    """dh is as it was, and calling it again gives the same right gradients."""
    arrays, dh = sequence_arrays(rng), rng.normal(size=(3, 4, 5))
    _h, cache = forward(student, "rnn_forward", *arrays)
    want = right_gradients(recurrent, arrays, dh)
    for _call in range(2):
        got = all_gradients(student, dh, cache)
        assert_unchanged(student.changed, {0: "dh"})
        for part, gradient in zip(PARTS_OF_ALL, want, strict=True):
            assert_close(got[part], gradient, part)


# --- rnn_captioning-embedding-forward ------------------------------------------------------------


def check_embedding(student, x, W, what="out"):
    out, _cache = forward(student, "word_embedding_forward", x, W)
    assert_close(out, F.embedding(torch.tensor(x), torch.tensor(W)), what)
    return out


@question("rnn_captioning-embedding-forward", weight=3)
def test_embedding_values(student, rng):
    """Each word becomes its row of W."""
    check_embedding(student, rng.integers(9, size=(4, 6)), rng.normal(size=(9, 5)))


@question("rnn_captioning-embedding-forward")
def test_embedding_shapes(student, rng):
    """It does so for a single word each, a single caption, and for vectors of one number."""
    for shape, D in (((7,), 3), ((1, 5), 4), ((3, 1), 2), ((2, 4), 1)):
        what = f"out (words {shape}, {D} numbers)"
        check_embedding(student, rng.integers(6, size=shape), rng.normal(size=(6, D)), what)


@question("rnn_captioning-embedding-forward", weight=0.5)
def test_embedding_single(student, rng):
    """Vectors in single precision stay so."""
    W = rng.normal(size=(6, 3)).astype(np.float32)
    assert_single(out=check_embedding(student, rng.integers(6, size=(2, 4)), W))


# --- rnn_captioning-embedding-backward -----------------------------------------------------------

BEFORE_EMBEDDING = {"rnn_captioning-embedding-forward": ("word_embedding_forward",)}


def compare_embedding(student, x, W, dout, what="dW"):
    _out, cache = forward(student, "word_embedding_forward", x, W)
    words = torch.tensor(x)
    (want,) = right_gradients(lambda vectors: F.embedding(words, vectors), [W], dout)
    dW = student.word_embedding_backward(dout, cache)
    assert_close(dW, want, what)
    return dW


@question("rnn_captioning-embedding-backward", weight=3, builds_on=BEFORE_EMBEDDING)
def test_embedding_backward_values(student, rng):
    """dW is the gradient that PyTorch finds, where most words occur several times."""
    x = rng.integers(5, size=(4, 6))
    dout = rng.normal(1, 1, size=(4, 6, 3))
    compare_embedding(student, x, rng.normal(size=(8, 3)), dout)


@question("rnn_captioning-embedding-backward", builds_on=BEFORE_EMBEDDING)
def test_embedding_backward_shapes(student, rng):
    """It is so for a single word each, a single caption, one word everywhere, a large W."""
    for x, V, D in (
        (rng.integers(6, size=7), 6, 3),
        (rng.integers(6, size=(1, 5)), 6, 4),
        (np.full((3, 4), 2), 5, 1),
        (rng.permutation(300)[:12].reshape(3, 4), 300, 2),
    ):
        arrays = rng.normal(size=(V, D)), rng.normal(size=(*x.shape, D))
        compare_embedding(student, x, *arrays, what=f"dW (words {x.shape}, vocabulary of {V})")


@question("rnn_captioning-embedding-backward", weight=0.5, builds_on=BEFORE_EMBEDDING)
def test_embedding_backward_single(student, rng):
    """Inputs in single precision give a right dW in single precision."""
    W, dout = rng.normal(size=(6, 3)), rng.normal(size=(2, 4, 3))
    arrays = W.astype(np.float32), dout.astype(np.float32)
    assert_single(dW=compare_embedding(student, rng.integers(6, size=(2, 4)), *arrays))


@question("rnn_captioning-embedding-backward", weight=0.5, builds_on=BEFORE_EMBEDDING, rule=True)
def test_embedding_backward_inputs(student, rng):
    """dout is as it was."""
    arrays = rng.normal(size=(6, 3)), rng.normal(size=(2, 4, 3))
    compare_embedding(student, rng.integers(6, size=(2, 4)), *arrays)
    assert_unchanged(student.changed, {0: "dout"})


# --- the model -----------------------------------------------------------------------------------

SEQUENCE = (*STEP, "rnn_forward", "rnn_backward")
EMBEDDING = ("word_embedding_forward", "word_embedding_backward")
LAYERS = {
    "rnn_captioning-step-forward": SEQUENCE,
    "rnn_captioning-step-backward": SEQUENCE,
    "rnn_captioning-forward": SEQUENCE,
    "rnn_captioning-backward": SEQUENCE,
    "rnn_captioning-embedding-forward": EMBEDDING,
    "rnn_captioning-embedding-backward": EMBEDDING,
}


@question("rnn_captioning-loss", weight=3, builds_on=LAYERS)
def test_loss_value(student, rng):
    """The loss of captions of different lengths is the one that PyTorch computes."""
    Net(RNN, student, rng).check_loss()


@question("rnn_captioning-loss", builds_on=LAYERS)
def test_loss_sizes(student, rng):
    """It is so for a single caption, for the shortest ones, and for many long ones."""
    for N, T in ((1, 6), (3, 3), (30, 22)):
        net = Net(RNN, student, rng, N, T) if T > 3 else Net(RNN, student, rng, N, 4)
        net.check_loss(f"loss ({N} captions)")


@question("rnn_captioning-loss", weight=0.5, builds_on=LAYERS, rule=True)
def test_loss_inputs(student, rng):
    """Features, captions and parameters are as they were, and the loss is right."""
    net = Net(RNN, student, rng)
    check_untouched(student, net.model, net.params, net.features, net.captions)
    net.check_loss()


@question("rnn_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_words(student, rng):
    """The gradients of W_vocab, b_vocab and W_embed are those that PyTorch finds."""
    Net(RNN, student, rng).check_gradients("W_vocab", "b_vocab", "W_embed")


@question("rnn_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_recurrent(student, rng):
    """The gradients of Wx, Wh and b are those that PyTorch finds."""
    Net(RNN, student, rng).check_gradients("Wx", "Wh", "b")


@question("rnn_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_projection(student, rng):
    """The gradients of W_proj and b_proj are those that PyTorch finds."""
    Net(RNN, student, rng).check_gradients("W_proj", "b_proj")


@question("rnn_captioning-gradients", builds_on=LAYERS)
def test_gradients_sizes(student, rng):
    """All eight are right where all sizes are alike, and for a single caption."""
    for N in (4, 1):
        Net(RNN, student, rng, N, sizes=(4, 4, 4)).check_gradients(*PARAMETERS)


@question("rnn_captioning-gradients", weight=0.5, builds_on=LAYERS)
def test_gradients_single(student, rng):
    """A model in single precision gets right gradients in single precision."""
    Net(RNN, student, rng).check_single_precision()


# --- rnn_captioning-sample -----------------------------------------------------------------------

BEFORE_SAMPLE = {
    "rnn_captioning-step-forward": STEP,
    "rnn_captioning-forward": SEQUENCE,
    "rnn_captioning-embedding-forward": EMBEDDING,
}


@question("rnn_captioning-sample", weight=3, builds_on=BEFORE_SAMPLE)
def test_sample_captions(student, rng):
    """Captions are the likeliest words, one by one, up to <END>."""
    model, net, want = sample_case(RNN, student, rng)
    assert_equal(model.sample(net.features, max_length=9), want, "captions")


@question("rnn_captioning-sample", builds_on=BEFORE_SAMPLE)
def test_sample_one_picture(student, rng):
    """A picture gets the same caption alone as among others."""
    check_each_alone(RNN, student, rng)


@question("rnn_captioning-sample", weight=0.5, builds_on=BEFORE_SAMPLE)
def test_sample_lengths(student, rng):
    """Captions have max_length places, 30 where it is not given, also in single precision."""
    check_lengths(RNN, student, rng)


@question("rnn_captioning-sample", weight=0.5, builds_on=BEFORE_SAMPLE, rule=True)
def test_sample_inputs(student, rng):
    """Features are as they were, captions are whole numbers, and the same the second time."""
    check_said_twice(RNN, student, rng)
