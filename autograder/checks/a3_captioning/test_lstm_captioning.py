"""Hidden checks of the LSTM-captioning notebook, against PyTorch's LSTM, GRU and attention.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: no two sizes are alike, gates are neither open nor closed, cells lie beyond 1 here and
there. Special cases follow.
"""

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import forward
from assignments.checks.a3_captioning.lstm_captioning import (
    ATTENTION_ARGUMENTS,
    PARTS_OF_STEP,
    STEP_ARGUMENTS,
    all_gradients,
    attention,
    attention_arrays,
    gru_gradients,
    lstm_arrays,
    lstm_step,
    step_gradients,
)
from assignments.checks.a3_captioning.rnn_captioning import (
    PARAMETERS,
    PARTS,
    PARTS_OF_ALL,
    check_untouched,
    sequence_arrays,
    single,
    step_arrays,
)
from assignments.compare import assert_close, assert_equal, assert_single, assert_unchanged
from assignments.questions import question
from autograder.checks.a3_captioning.captioners import (
    LSTM,
    Net,
    check_each_alone,
    check_lengths,
    check_said_twice,
    gru,
    lstm,
    right,
    right_gradients,
    sample_case,
)

#: (N, D, H) of a step: one example, one number, one unit, many examples, all sizes alike.
SIZES = [(1, 4, 3), (5, 1, 3), (4, 3, 1), (40, 6, 7), (4, 4, 4)]
#: (N, T, D, H) of a sequence: one example, one step, one unit, many steps.
LENGTHS = [(1, 5, 3, 4), (3, 1, 4, 2), (2, 6, 1, 1), (3, 24, 2, 5)]


def both_states(x, prev_h, prev_c, Wx, Wh, b):
    """next_h and next_c side by side."""
    h, c = lstm(x.unsqueeze(1), prev_h, Wx, Wh, b, prev_c)
    return torch.cat([h.squeeze(1), c], dim=1)


def one_gru_step(x, prev_h, Wx, Wh, b):
    return gru(x.unsqueeze(1), prev_h, Wx, Wh, b).squeeze(1)


# --- lstm_captioning-step-forward ----------------------------------------------------------------


def check_step(student, arrays, note=""):
    next_h, next_c, _cache = lstm_step(student, *arrays)
    want_h, want_c = np.split(right(both_states, arrays), 2, axis=1)
    assert_close(next_c, want_c, f"next_c{note}")
    assert_close(next_h, want_h, f"next_h{note}")
    return next_h, next_c


@question("lstm_captioning-step-forward", weight=3)
def test_step_values(student, rng):
    """next_c and next_h are what PyTorch's LSTM computes, its gates in our order."""
    check_step(student, lstm_arrays(rng, 6, 4, 5))


@question("lstm_captioning-step-forward")
def test_step_sizes(student, rng):
    """They are so for one example, one number, one unit and for many examples."""
    for N, D, H in SIZES:
        check_step(student, lstm_arrays(rng, N, D, H), f" ({N} examples, {D} -> {H})")


@question("lstm_captioning-step-forward")
def test_step_large(student, rng):
    """They are so where thousands go into the gates, above and below zero, and never NaN."""
    check_step(student, lstm_arrays(rng, 12, 4, 5, scale=5000.0))
    check_step(student, single(lstm_arrays(rng, 12, 4, 5, scale=200.0)))


@question("lstm_captioning-step-forward", weight=0.5)
def test_step_single(student, rng):
    """Inputs in single precision give next_h and next_c in single precision."""
    next_h, next_c = check_step(student, single(lstm_arrays(rng)))
    assert_single(next_h=next_h, next_c=next_c)


@question("lstm_captioning-step-forward", weight=0.5, rule=True)
def test_step_inputs(student, rng):
    """Nothing that is passed in is changed, and both results are right."""
    arrays = lstm_arrays(rng)
    result = student.call("lstm_step_forward", *arrays, keep=True)
    assert_unchanged(student.changed, dict(enumerate(STEP_ARGUMENTS)))
    want_h, want_c = np.split(right(both_states, arrays), 2, axis=1)
    assert_close(result.get("[0]"), want_h, "next_h")
    assert_close(result.get("[1]"), want_c, "next_c")


# --- lstm_captioning-step-backward ---------------------------------------------------------------

SIGMOID = ("sigmoid",)
STEP = (*SIGMOID, "lstm_step_forward", "lstm_step_backward")
BEFORE_STEP_BACKWARD = {"lstm_captioning-step-forward": (*SIGMOID, "lstm_step_forward")}


def compare_step(student, arrays, douts, parts=PARTS_OF_STEP, note=""):
    _h, _c, cache = lstm_step(student, *arrays)
    got = step_gradients(student, *douts, cache)
    found = right_gradients(both_states, arrays, np.hstack(douts))
    want = dict(zip(PARTS_OF_STEP, found, strict=True))
    factors = {"the number of examples": len(douts[0])}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


@question("lstm_captioning-step-backward", weight=3, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_weights(student, rng):
    """dWx, dWh and db are the gradients that PyTorch finds."""
    compare_step(student, lstm_arrays(rng, 6, 4, 5), rng.normal(size=(2, 6, 5)), PARTS_OF_STEP[3:])


@question("lstm_captioning-step-backward", weight=3, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_inputs_of_the_step(student, rng):
    """dx, dprev_h and dprev_c are the gradients that PyTorch finds."""
    compare_step(student, lstm_arrays(rng, 6, 4, 5), rng.normal(size=(2, 6, 5)), PARTS_OF_STEP[:3])


@question("lstm_captioning-step-backward", builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_one_at_a_time(student, rng):
    """All six are right where only next_h counts, and where only next_c does."""
    dout, nothing = rng.normal(size=(6, 5)), np.zeros((6, 5))
    compare_step(student, lstm_arrays(rng, 6, 4, 5), (dout, nothing), note=" (only next_h)")
    compare_step(student, lstm_arrays(rng, 6, 4, 5), (nothing, dout), note=" (only next_c)")


@question("lstm_captioning-step-backward", builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_sizes(student, rng):
    """All six are right for one example, one number, one unit and for many examples."""
    for N, D, H in SIZES:
        douts = rng.normal(size=(2, N, H))
        compare_step(student, lstm_arrays(rng, N, D, H), douts, note=f" ({N} examples, {D} -> {H})")


@question("lstm_captioning-step-backward", weight=0.5, builds_on=BEFORE_STEP_BACKWARD)
def test_step_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    douts = rng.normal(size=(2, 3, 5)).astype(np.float32)
    assert_single(**compare_step(student, single(lstm_arrays(rng)), douts))


@question("lstm_captioning-step-backward", weight=0.5, builds_on=BEFORE_STEP_BACKWARD, rule=True)
def test_step_backward_twice(student, rng):
    """dnext_h and dnext_c are as they were, and calling it again gives the same right gradients."""
    arrays, douts = lstm_arrays(rng), rng.normal(size=(2, 3, 5))
    _h, _c, cache = lstm_step(student, *arrays)
    want = right_gradients(both_states, arrays, np.hstack(douts))
    for _call in range(2):
        got = step_gradients(student, *douts, cache)
        assert_unchanged(student.changed, {0: "dnext_h", 1: "dnext_c"})
        for part, gradient in zip(PARTS_OF_STEP, want, strict=True):
            assert_close(got[part], gradient, part)


# --- lstm_captioning-forward ---------------------------------------------------------------------

BEFORE_FORWARD = {"lstm_captioning-step-forward": (*SIGMOID, "lstm_step_forward")}


def check_forward(student, arrays, what="h"):
    h, _cache = forward(student, "lstm_forward", *arrays)
    assert_close(h, right(LSTM.states, arrays), what)
    return h


@question("lstm_captioning-forward", weight=3, builds_on=BEFORE_FORWARD)
def test_forward_values(student, rng):
    """h holds the states that PyTorch's LSTM computes."""
    check_forward(student, sequence_arrays(rng, 3, 6, 4, 5, blocks=4))


@question("lstm_captioning-forward", builds_on=BEFORE_FORWARD)
def test_forward_lengths(student, rng):
    """It does so for one example, one step, one unit and for many steps."""
    for N, T, D, H in LENGTHS:
        arrays = sequence_arrays(rng, N, T, D, H, blocks=4)
        check_forward(student, arrays, f"h ({N} examples, {T} steps)")


@question("lstm_captioning-forward", weight=0.5, builds_on=BEFORE_FORWARD)
def test_forward_single(student, rng):
    """Inputs in single precision give states in single precision."""
    assert_single(h=check_forward(student, single(sequence_arrays(rng, blocks=4))))


@question("lstm_captioning-forward", weight=0.5, builds_on=BEFORE_FORWARD, rule=True)
def test_forward_inputs(student, rng):
    """Nothing that is passed in is changed, and h is right."""
    arrays = sequence_arrays(rng, blocks=4)
    result = student.call("lstm_forward", *arrays, keep=True)
    assert_unchanged(student.changed, dict(enumerate(("x", "h0", "Wx", "Wh", "b"))))
    assert_close(result.get("[0]"), right(LSTM.states, arrays), "h")


# --- lstm_captioning-backward --------------------------------------------------------------------

BEFORE_BACKWARD = {
    "lstm_captioning-step-forward": STEP,
    "lstm_captioning-step-backward": STEP,
    "lstm_captioning-forward": (*STEP, "lstm_forward"),
}


def compare_all(student, arrays, dh, parts=PARTS_OF_ALL, note=""):
    _h, cache = forward(student, "lstm_forward", *arrays)
    got = all_gradients(student, dh, cache)
    want = dict(zip(PARTS_OF_ALL, right_gradients(LSTM.states, arrays, dh), strict=True))
    factors = {"the number of examples": len(dh), "the number of steps": dh.shape[1]}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


@question("lstm_captioning-backward", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_weights(student, rng):
    """dWx, dWh and db, over 24 steps, are the gradients that PyTorch finds."""
    arrays = sequence_arrays(rng, 3, 24, 4, 5, blocks=4)
    compare_all(student, arrays, rng.normal(size=(3, 24, 5)), PARTS_OF_ALL[2:])


@question("lstm_captioning-backward", weight=3, builds_on=BEFORE_BACKWARD)
def test_backward_inputs_of_all_steps(student, rng):
    """dx and dh0, over 24 steps, are the gradients that PyTorch finds."""
    arrays = sequence_arrays(rng, 3, 24, 4, 5, blocks=4)
    compare_all(student, arrays, rng.normal(size=(3, 24, 5)), PARTS_OF_ALL[:2])


@question("lstm_captioning-backward", builds_on=BEFORE_BACKWARD)
def test_backward_fifty_steps(student, rng):
    """When only the last state counts, its gradient comes back through 50 steps to the first."""
    x, h0, Wx, Wh, b = sequence_arrays(rng, 2, 50, 3, 4, blocks=4)
    b[4:8] += 6.0  # the forget gates stay open: next to nothing is lost from step to step
    dh = np.zeros((2, 50, 4))
    dh[:, -1] = rng.normal(size=(2, 4))
    compare_all(student, (0.3 * x, h0, Wx, 0.3 * Wh, b), dh)


@question("lstm_captioning-backward", builds_on=BEFORE_BACKWARD)
def test_backward_lengths(student, rng):
    """All five are right for one example, one step and one unit."""
    for N, T, D, H in LENGTHS[:3]:
        arrays, dh = sequence_arrays(rng, N, T, D, H, blocks=4), rng.normal(size=(N, T, H))
        compare_all(student, arrays, dh, note=f" ({N} examples, {T} steps, {D} -> {H})")


@question("lstm_captioning-backward", weight=0.5, builds_on=BEFORE_BACKWARD)
def test_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    dh = rng.normal(size=(3, 4, 5)).astype(np.float32)
    assert_single(**compare_all(student, single(sequence_arrays(rng, blocks=4)), dh))


@question("lstm_captioning-backward", weight=0.5, builds_on=BEFORE_BACKWARD, rule=True)
def test_backward_twice(student, rng):
    """dh is as it was, and calling it again gives the same right gradients."""
    arrays, dh = sequence_arrays(rng, blocks=4), rng.normal(size=(3, 4, 5))
    _h, cache = forward(student, "lstm_forward", *arrays)
    want = right_gradients(LSTM.states, arrays, dh)
    for _call in range(2):
        got = all_gradients(student, dh, cache)
        assert_unchanged(student.changed, {0: "dh"})
        for part, gradient in zip(PARTS_OF_ALL, want, strict=True):
            assert_close(got[part], gradient, part)


# --- lstm_captioning-gru-step-forward ------------------------------------------------------------

BEFORE_GRU = {"lstm_captioning-step-forward": SIGMOID}


def check_gru(student, arrays, what="next_h"):
    next_h, _cache = forward(student, "gru_step_forward", *arrays)
    assert_close(next_h, right(one_gru_step, arrays), what)
    return next_h


@question("lstm_captioning-gru-step-forward", weight=3, builds_on=BEFORE_GRU)
def test_gru_values(student, rng):
    """next_h is what PyTorch's GRU computes."""
    check_gru(student, step_arrays(rng, 6, 4, 5, scale=1.5, blocks=3))


@question("lstm_captioning-gru-step-forward", builds_on=BEFORE_GRU)
def test_gru_sizes(student, rng):
    """It is so for one example, one number, one unit and for many examples."""
    for N, D, H in SIZES:
        arrays = step_arrays(rng, N, D, H, blocks=3)
        check_gru(student, arrays, f"next_h ({N} examples, {D} -> {H})")


@question("lstm_captioning-gru-step-forward", weight=0.5, builds_on=BEFORE_GRU)
def test_gru_large(student, rng):
    """It is so where thousands go into the gates: never NaN."""
    check_gru(student, step_arrays(rng, 12, 4, 5, scale=5000.0, blocks=3))


@question("lstm_captioning-gru-step-forward", weight=0.5, builds_on=BEFORE_GRU)
def test_gru_single(student, rng):
    """Inputs in single precision give next_h in single precision."""
    assert_single(next_h=check_gru(student, single(step_arrays(rng, blocks=3))))


@question("lstm_captioning-gru-step-forward", weight=0.5, builds_on=BEFORE_GRU, rule=True)
def test_gru_inputs(student, rng):
    """Nothing that is passed in is changed, and next_h is right."""
    arrays = step_arrays(rng, blocks=3)
    result = student.call("gru_step_forward", *arrays, keep=True)
    assert_unchanged(student.changed, dict(enumerate(("x", "prev_h", "Wx", "Wh", "b"))))
    assert_close(result.get("[0]"), right(one_gru_step, arrays), "next_h")


# --- lstm_captioning-gru-step-backward -----------------------------------------------------------

BEFORE_GRU_BACKWARD = {
    "lstm_captioning-step-forward": SIGMOID,
    "lstm_captioning-gru-step-forward": (*SIGMOID, "gru_step_forward"),
}


def compare_gru(student, arrays, dnext_h, parts=PARTS, note=""):
    _next_h, cache = forward(student, "gru_step_forward", *arrays)
    got = gru_gradients(student, dnext_h, cache)
    want = dict(zip(PARTS, right_gradients(one_gru_step, arrays, dnext_h), strict=True))
    factors = {"the number of examples": len(dnext_h)}
    for part in parts:
        assert_close(got[part], want[part], part + note, factors=factors)
    return got


@question("lstm_captioning-gru-step-backward", weight=3, builds_on=BEFORE_GRU_BACKWARD)
def test_gru_backward_weights(student, rng):
    """dWx, dWh and db are the gradients that PyTorch finds."""
    arrays = step_arrays(rng, 6, 4, 5, scale=1.5, blocks=3)
    compare_gru(student, arrays, rng.normal(size=(6, 5)), PARTS[2:])


@question("lstm_captioning-gru-step-backward", weight=3, builds_on=BEFORE_GRU_BACKWARD)
def test_gru_backward_inputs_of_the_step(student, rng):
    """dx and dprev_h are the gradients that PyTorch finds."""
    arrays = step_arrays(rng, 6, 4, 5, scale=1.5, blocks=3)
    compare_gru(student, arrays, rng.normal(size=(6, 5)), PARTS[:2])


@question("lstm_captioning-gru-step-backward", builds_on=BEFORE_GRU_BACKWARD)
def test_gru_backward_sizes(student, rng):
    """All five are right for one example, one number, one unit and for many examples."""
    for N, D, H in SIZES:
        arrays, dnext_h = step_arrays(rng, N, D, H, blocks=3), rng.normal(size=(N, H))
        compare_gru(student, arrays, dnext_h, note=f" ({N} examples, {D} -> {H})")


@question("lstm_captioning-gru-step-backward", weight=0.5, builds_on=BEFORE_GRU_BACKWARD)
def test_gru_backward_single(student, rng):
    """Inputs in single precision give right gradients in single precision."""
    dnext_h = rng.normal(size=(3, 5)).astype(np.float32)
    assert_single(**compare_gru(student, single(step_arrays(rng, blocks=3)), dnext_h))


@question("lstm_captioning-gru-step-backward", weight=0.5, builds_on=BEFORE_GRU_BACKWARD, rule=True)
def test_gru_backward_twice(student, rng):
    """dnext_h is as it was, and calling it again gives the same right gradients."""
    arrays, dnext_h = step_arrays(rng, blocks=3), rng.normal(size=(3, 5))
    _next_h, cache = forward(student, "gru_step_forward", *arrays)
    want = right_gradients(one_gru_step, arrays, dnext_h)
    for _call in range(2):
        got = gru_gradients(student, dnext_h, cache)
        assert_unchanged(student.changed, {0: "dnext_h"})
        for part, gradient in zip(PARTS, want, strict=True):
            assert_close(got[part], gradient, part)


# --- the model -----------------------------------------------------------------------------------

SEQUENCE = (*STEP, "lstm_forward", "lstm_backward")
LAYERS = {
    "lstm_captioning-step-forward": SEQUENCE,
    "lstm_captioning-step-backward": SEQUENCE,
    "lstm_captioning-forward": SEQUENCE,
    "lstm_captioning-backward": SEQUENCE,
}


@question("lstm_captioning-loss", weight=3, builds_on=LAYERS)
def test_loss_value(student, rng):
    """The loss of captions of different lengths is the one that PyTorch computes."""
    Net(LSTM, student, rng).check_loss()


@question("lstm_captioning-loss", builds_on=LAYERS)
def test_loss_sizes(student, rng):
    """It is so for a single caption, for the shortest ones, and for many long ones."""
    for N, T in ((1, 6), (3, 4), (30, 22)):
        Net(LSTM, student, rng, N, T).check_loss(f"loss ({N} captions)")


@question("lstm_captioning-loss", weight=0.5, builds_on=LAYERS, rule=True)
def test_loss_inputs(student, rng):
    """Features, captions and parameters are as they were, and the loss is right."""
    net = Net(LSTM, student, rng)
    check_untouched(student, net.model, net.params, net.features, net.captions)
    net.check_loss()


@question("lstm_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_words(student, rng):
    """The gradients of W_vocab, b_vocab and W_embed are those that PyTorch finds."""
    Net(LSTM, student, rng).check_gradients("W_vocab", "b_vocab", "W_embed")


@question("lstm_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_cell(student, rng):
    """The gradients of Wx, Wh and b are those that PyTorch finds."""
    Net(LSTM, student, rng).check_gradients("Wx", "Wh", "b")


@question("lstm_captioning-gradients", weight=2, builds_on=LAYERS)
def test_gradients_projection(student, rng):
    """The gradients of W_proj and b_proj are those that PyTorch finds."""
    Net(LSTM, student, rng).check_gradients("W_proj", "b_proj")


@question("lstm_captioning-gradients", builds_on=LAYERS)
def test_gradients_sizes(student, rng):
    """All eight are right where all sizes are alike, and for a single caption."""
    for N in (4, 1):
        Net(LSTM, student, rng, N, sizes=(4, 4, 4)).check_gradients(*PARAMETERS)


@question("lstm_captioning-gradients", weight=0.5, builds_on=LAYERS)
def test_gradients_single(student, rng):
    """A model in single precision gets right gradients in single precision."""
    Net(LSTM, student, rng).check_single_precision()


# --- lstm_captioning-sample ----------------------------------------------------------------------

BEFORE_SAMPLE = {
    "lstm_captioning-step-forward": STEP,
    "lstm_captioning-forward": SEQUENCE,
}


@question("lstm_captioning-sample", weight=3, builds_on=BEFORE_SAMPLE)
def test_sample_captions(student, rng):
    """Captions are the likeliest words, one by one, up to <END>."""
    model, net, want = sample_case(LSTM, student, rng)
    assert_equal(model.sample(net.features, max_length=9), want, "captions")


@question("lstm_captioning-sample", builds_on=BEFORE_SAMPLE)
def test_sample_one_picture(student, rng):
    """A picture gets the same caption alone as among others."""
    check_each_alone(LSTM, student, rng)


@question("lstm_captioning-sample", weight=0.5, builds_on=BEFORE_SAMPLE)
def test_sample_lengths(student, rng):
    """Captions have max_length places, 30 where it is not given, also in single precision."""
    check_lengths(LSTM, student, rng)


@question("lstm_captioning-sample", weight=0.5, builds_on=BEFORE_SAMPLE, rule=True)
def test_sample_inputs(student, rng):
    """Features are as they were, captions are whole numbers, and the same the second time."""
    check_said_twice(LSTM, student, rng)


# --- lstm_captioning-attention -------------------------------------------------------------------


def look(h, A):
    """PyTorch's attention with one query: context (N, H) and weights (N, 4, 4)."""
    places, query = A.flatten(2).mT, h.unsqueeze(1)
    context = F.scaled_dot_product_attention(query, places, places)
    each = torch.eye(16, dtype=h.dtype).expand(len(h), 16, 16)
    weights = F.scaled_dot_product_attention(query, places, each)
    return context.squeeze(1), weights.unflatten(2, (4, 4)).squeeze(1)


def check_attention(student, prev_h, A, note="", rtol=1e-6):
    context, weights = attention(student, prev_h, A)
    want, right_weights = look(*(torch.tensor(array, dtype=torch.float64) for array in (prev_h, A)))
    assert_close(weights, right_weights, f"weights{note}", rtol=rtol, atol=rtol / 100)
    assert_close(context, want, f"context{note}", rtol=rtol, atol=rtol / 10)


def attention_inputs(rng, N, H, scale=1.0):
    return scale * rng.normal(size=(N, H)), rng.normal(0.5, 1.5, size=(N, H, 4, 4))


@question("lstm_captioning-attention", weight=3)
def test_attention_values(student, rng):
    """Context and weights are what PyTorch's attention computes."""
    check_attention(student, *attention_inputs(rng, 3, 7))


@question("lstm_captioning-attention")
def test_attention_sizes(student, rng):
    """They are so for one example, for one number a place, for four and for many."""
    for N, H in ((1, 6), (5, 1), (4, 4), (16, 16), (2, 90)):
        check_attention(student, *attention_inputs(rng, N, H), f" ({N} examples, H = {H})")


@question("lstm_captioning-attention")
def test_attention_large(student, rng):
    """Scores of thousands, above and below zero, make no NaN."""
    check_attention(student, *attention_inputs(rng, 3, 7, scale=3000.0))
    prev_h, A = attention_inputs(rng, 2, 5)
    A[1] *= 100  # one example's scores lie thousands below the other's
    check_attention(student, np.full_like(prev_h, 800.0), -np.abs(A))


@question("lstm_captioning-attention", weight=0.5, rule=True)
def test_attention_inputs(student, rng):
    """Nothing that is passed in is changed; single precision will do."""
    prev_h, A = single(attention_inputs(rng, 3, 7))
    check_attention(student, prev_h, A, rtol=1e-4)
    assert_unchanged(student.changed, {0: "prev_h", 1: "A"})


# --- lstm_captioning-attention-lstm --------------------------------------------------------------

BEFORE_LOOKING = {
    "lstm_captioning-step-forward": (*SIGMOID, "lstm_step_forward"),
    "lstm_captioning-attention": ("dot_product_attention",),
}


def looking(x, A, Wx, Wh, Wattn, b):
    """PyTorch's cell with the context beside the word."""
    h = c = A.mean((2, 3))
    states = []
    for word in x.unbind(1):
        both = torch.cat([word, look(h, A)[0]], dim=1)
        h, c = LSTM.step(both, (h, c), torch.cat([Wx, Wattn]), Wh, b)
        states.append(h)
    return torch.stack(states, 1)


def check_looking(student, arrays, what="h", rtol=1e-6):
    h = student.attention_lstm_forward(*arrays)
    assert_close(h, right(looking, arrays), what, rtol=rtol, atol=rtol / 100)


@question("lstm_captioning-attention-lstm", weight=3, builds_on=BEFORE_LOOKING)
def test_attention_lstm_values(student, rng):
    """h holds the states that PyTorch's cell and attention make."""
    check_looking(student, attention_arrays(rng, 3, 6, 4, 7))


@question("lstm_captioning-attention-lstm", builds_on=BEFORE_LOOKING)
def test_attention_lstm_lengths(student, rng):
    """It does so for one example, one step, one unit, equal sizes and for many steps."""
    for N, T, D, H in [*LENGTHS, (4, 4, 4, 4)]:
        what = f"h ({N} examples, {T} steps, {D} -> {H})"
        check_looking(student, attention_arrays(rng, N, T, D, H), what)


@question("lstm_captioning-attention-lstm", weight=0.5, builds_on=BEFORE_LOOKING)
def test_attention_lstm_large(student, rng):
    """Places with large numbers, and gates far from zero, make no NaN."""
    x, A, *weights = attention_arrays(rng, 3, 3, 4, 7)
    check_looking(student, (x, 300 * A, *weights))


@question("lstm_captioning-attention-lstm", weight=0.5, builds_on=BEFORE_LOOKING, rule=True)
def test_attention_lstm_inputs(student, rng):
    """Nothing that is passed in is changed; single precision will do."""
    check_looking(student, single(attention_arrays(rng)), rtol=1e-4)
    assert_unchanged(student.changed, dict(enumerate(ATTENTION_ARGUMENTS)))
