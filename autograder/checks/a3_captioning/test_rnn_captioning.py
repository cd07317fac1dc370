"""Hidden checks of the RNN-captioning notebook, against PyTorch's recurrent layer and gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: no two sizes are alike, and no state is near 0 or 1. Special cases follow. Words that
stand for something else have numbers that differ from vocabulary to vocabulary.
"""

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.checks.a1_classifiers.test_two_layer_net import (
    forward,
    get_gradient,
    model_loss,
    try_parameters,
    unpack,
)
from assignments.checks.a2_networks.test_batch_normalization import check_single
from assignments.checks.a3_captioning.test_rnn_captioning import (
    PARTS,
    PARTS_OF_ALL,
    WAY_BACK,
    all_gradients,
    check_untouched,
    make_model,
    random_params,
    sequence_arrays,
    step_arrays,
    step_gradients,
    words_in_order,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.gradients import numerical_gradient, one_by_one
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed

#: Distributions that the sandbox of this notebook holds: what its students may use.
PACKAGES = ("numpy", "tqdm")

_ARGUMENTS = dict(enumerate(("x", "prev_h", "Wx", "Wh", "b")))
#: (N, D, H) of a step: one example, one number, one unit, many examples.
SIZES = [(1, 4, 3), (5, 1, 3), (4, 3, 1), (40, 6, 7)]
#: (N, T, D, H) of a sequence: one example, one step, one unit, many steps.
LENGTHS = [(1, 5, 3, 4), (3, 1, 4, 2), (2, 6, 1, 1), (3, 24, 2, 5)]


def single(arrays):
    return tuple(array.astype(np.float32) for array in arrays)


def leaf(array) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def recurrent(x, h0, Wx, Wh, b) -> torch.Tensor:
    """PyTorch's recurrent layer on x (N, T, D); the states (N, T, H)."""
    layer = nn.RNN(Wx.shape[0], Wx.shape[1], nonlinearity="tanh", batch_first=True)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = dict(zip(names, (Wx.T, Wh.T, b, torch.zeros_like(b)), strict=True))
    h, _last = torch.func.functional_call(layer.double(), weights, (x, h0.unsqueeze(0)))
    return h


def one_step(x, prev_h, Wx, Wh, b) -> torch.Tensor:
    return recurrent(x.unsqueeze(1), prev_h, Wx, Wh, b).squeeze(1)


def right(function, arrays):
    return function(*map(leaf, arrays)).detach().numpy()


def right_gradients(function, arrays, dout):
    leaves = [leaf(array) for array in arrays]
    found = torch.autograd.grad(function(*leaves), leaves, torch.tensor(dout, dtype=torch.float64))
    return [gradient.numpy() for gradient in found]


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
    check_single(next_h=check_step(student, single(step_arrays(rng))))


@question("rnn_captioning-step-forward", weight=0.5)
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
    check_single(**compare_step(student, single(step_arrays(rng)), dnext_h))


@question("rnn_captioning-step-backward", weight=0.5, builds_on=BEFORE_STEP_BACKWARD)
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
    check_single(h=check_forward(student, single(sequence_arrays(rng))))


@question("rnn_captioning-forward", weight=0.5, builds_on=BEFORE_FORWARD)
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
    # An orthogonal matrix and small states: next to nothing is lost on the way.
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
    """dWh and dh0 agree with numerical slopes of a loss in which all states play together."""
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
    check_single(**compare_all(student, single(sequence_arrays(rng)), dh))


@question("rnn_captioning-backward", weight=0.5, builds_on=BEFORE_BACKWARD)
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
    check_single(out=check_embedding(student, rng.integers(6, size=(2, 4)), W))


# --- rnn_captioning-embedding-backward -----------------------------------------------------------

BEFORE_EMBEDDING = {"rnn_captioning-embedding-forward": ("word_embedding_forward",)}


def compare_embedding(student, x, W, dout, what="dW"):
    _out, cache = forward(student, "word_embedding_forward", x, W)
    words = torch.tensor(x)
    (want,) = right_gradients(lambda vectors: F.embedding(words, vectors), [W], dout)
    dW = student.word_embedding_backward(dout, cache)
    assert_unchanged(student.changed, {0: "dout"})
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
    check_single(dW=compare_embedding(student, rng.integers(6, size=(2, 4)), *arrays))


# --- the model -----------------------------------------------------------------------------------

#: What the model is given: one layer of an earlier notebook, and the layers for sequences.
NEEDS = (
    "a1_classifiers/two_layer_net:affine_forward",
    "a1_classifiers/two_layer_net:affine_backward",
    "assignments.temporal_layers:temporal_affine_forward",
    "assignments.temporal_layers:temporal_affine_backward",
    "assignments.temporal_layers:temporal_softmax_loss",
)
RNN = (*STEP, "rnn_forward", "rnn_backward")
EMBEDDING = ("word_embedding_forward", "word_embedding_backward")
LAYERS = {
    "rnn_captioning-step-forward": RNN,
    "rnn_captioning-step-backward": RNN,
    "rnn_captioning-forward": RNN,
    "rnn_captioning-backward": RNN,
    "rnn_captioning-embedding-forward": EMBEDDING,
    "rnn_captioning-embedding-backward": EMBEDDING,
}


class Net:
    """A random model with captions: the right answers beside the student's model."""

    def __init__(self, student, rng, N=4, T=7, sizes=(5, 3, 4), V=8):
        D, W, H = sizes
        self.words = words_in_order(rng.permutation(V))
        self.null, self.start, self.end = (self.words[f"<{m}>"] for m in ("NULL", "START", "END"))
        self.params = random_params(rng, D, W, H, V)
        self.features = rng.normal(size=(N, D))
        self.captions = self.random_captions(rng, N, T, V)
        self.student = student
        if student is not None:
            self.model = make_model(student, self.params, self.words)

    def random_captions(self, rng, N, T, V):
        """Captions of different lengths, the first of the full one."""
        others = [n for n in range(V) if n not in (self.null, self.start, self.end)]
        captions = np.full((N, T), self.null)
        captions[:, 0] = self.start
        for row, end in enumerate([T - 1, *rng.integers(2, T - 1, size=N - 1)]):
            captions[row, 1:end] = rng.choice(others, size=end - 1)
            captions[row, end] = self.end
        return captions

    def leaves(self):
        return {name: leaf(value) for name, value in self.params.items()}

    def loss(self, params):
        words = torch.tensor(self.captions)
        h0 = leaf(self.features) @ params["W_proj"] + params["b_proj"]
        x = F.embedding(words[:, :-1], params["W_embed"])
        h = recurrent(x, h0, params["Wx"], params["Wh"], params["b"])
        log_p = F.log_softmax(h @ params["W_vocab"] + params["b_vocab"], dim=2)
        costs = F.nll_loss(
            log_p.flatten(0, 1), words[:, 1:].flatten(), ignore_index=self.null, reduction="sum"
        )
        return costs / len(words)

    def gradients(self):
        leaves = self.leaves()
        found = torch.autograd.grad(self.loss(leaves), list(leaves.values()))
        return {name: g.numpy() for name, g in zip(leaves, found, strict=True)}

    def check_loss(self, what="loss"):
        loss, _grads = model_loss(self.model, self.features, self.captions)
        factors = {"the number of captions": len(self.captions)}
        assert_close(loss, self.loss(self.leaves()), what, factors=factors)
        return loss

    def check_gradients(self, *names):
        loss, grads = model_loss(self.model, self.features, self.captions)
        found = {name: get_gradient(grads, name) for name in names}
        factors = {"the number of captions": len(self.captions)}
        try:
            want = self.gradients()
            for name in names:
                assert_close(found[name], want[name], f"grads[{name!r}]", factors=factors)
        except CheckFailed:
            # A wrong loss is paid for in its own question; its gradients may be right.
            if relative(loss, self.loss(self.leaves())) < 1e-3 or not self.follows(found):
                raise
        return found

    def own_losses(self, name):
        answers = try_parameters(
            self.student, self.model, self.params, name, self.features, self.captions
        )
        return lambda values: [
            float(to_array(unpack(reply, "loss", ("loss", "grads"))[0], "loss", ndim=0))
            for reply in answers(values)
        ]

    def follows(self, found):
        """Are these the slopes of the model's own loss, if that is a loss of words?"""
        try:
            for name in ("W_embed", "Wx", "Wh", "W_vocab", "b_vocab"):
                value = self.params[name]
                one, other, moved = self.own_losses(name)([value, 1.5 * value, value + 1.0])
                if one == other or (name == "b_vocab" and abs(one - moved) > 1e-6):
                    return False
            for name, gradient in found.items():
                want = numerical_gradient(self.own_losses(name), self.params[name])
                assert_close(gradient, want, name, rtol=1e-5, atol=1e-6)
        except CheckFailed:
            return False
        return True


def relative(loss, want):
    loss, want = float(to_array(loss, "loss", ndim=0)), float(want)
    return abs(loss - want) / max(abs(want), 1e-8)


@question("rnn_captioning-loss", weight=3, needs=NEEDS, builds_on=LAYERS)
def test_loss_value(student, rng):
    """The loss of captions of different lengths is the one that PyTorch computes."""
    Net(student, rng).check_loss()


@question("rnn_captioning-loss", needs=NEEDS, builds_on=LAYERS)
def test_loss_sizes(student, rng):
    """It is so for a single caption, for the shortest ones, and for many long ones."""
    for N, T in ((1, 6), (3, 3), (30, 22)):
        net = Net(student, rng, N, T) if T > 3 else Net(student, rng, N, 4)
        net.check_loss(f"loss ({N} captions)")


@question("rnn_captioning-loss", weight=0.5, needs=NEEDS, builds_on=LAYERS)
def test_loss_inputs(student, rng):
    """Features, captions and parameters are as they were, and the loss is right."""
    net = Net(student, rng)
    check_untouched(student, net.model, net.params, net.features, net.captions)
    net.check_loss()


@question("rnn_captioning-gradients", weight=2, needs=NEEDS, builds_on=LAYERS)
def test_gradients_words(student, rng):
    """The gradients of W_vocab, b_vocab and W_embed are those that PyTorch finds."""
    Net(student, rng).check_gradients("W_vocab", "b_vocab", "W_embed")


@question("rnn_captioning-gradients", weight=2, needs=NEEDS, builds_on=LAYERS)
def test_gradients_recurrent(student, rng):
    """The gradients of Wx, Wh and b are those that PyTorch finds."""
    Net(student, rng).check_gradients("Wx", "Wh", "b")


@question("rnn_captioning-gradients", weight=2, needs=NEEDS, builds_on=LAYERS)
def test_gradients_projection(student, rng):
    """The gradients of W_proj and b_proj are those that PyTorch finds."""
    Net(student, rng).check_gradients("W_proj", "b_proj")


@question("rnn_captioning-gradients", needs=NEEDS, builds_on=LAYERS)
def test_gradients_sizes(student, rng):
    """All eight are right where all sizes are alike, and for a single caption."""
    for N in (4, 1):
        Net(student, rng, N, sizes=(4, 4, 4)).check_gradients(*WAY_BACK)


@question("rnn_captioning-gradients", weight=0.5, needs=NEEDS, builds_on=LAYERS)
def test_gradients_single(student, rng):
    """A model in single precision gets right gradients in single precision."""
    net = Net(student, rng)
    want = net.check_gradients(*WAY_BACK)
    model = make_model(student, net.params, net.words, np.float32)
    _loss, grads = model_loss(model, net.features, net.captions)
    for name in WAY_BACK:
        gradient = get_gradient(grads, name)
        assert_close(gradient, want[name], f"grads[{name!r}]", rtol=1e-4, atol=1e-5)
        check_single(**{f"grads[{name!r}]": gradient})


# --- rnn_captioning-sample -----------------------------------------------------------------------

BEFORE_SAMPLE = {
    "rnn_captioning-step-forward": STEP,
    "rnn_captioning-forward": RNN,
    "rnn_captioning-embedding-forward": EMBEDDING,
}


def greedy(net, max_length):
    """The captions that PyTorch's cell says, and what makes the case telling."""
    params = {name: torch.tensor(value) for name, value in net.params.items()}
    N = len(net.features)
    h = torch.tensor(net.features) @ params["W_proj"] + params["b_proj"]
    word, ended = torch.full((N,), net.start), torch.zeros(N, dtype=torch.bool)
    forbidden, zeros = torch.tensor([net.null, net.start]), torch.zeros_like(params["b"])
    said = SimpleNamespace(captions=[], margin=np.inf, forbidden=False)
    for _step in range(max_length):
        x = F.embedding(word, params["W_embed"])
        h = torch.rnn_tanh_cell(x, h, params["Wx"].T, params["Wh"].T, params["b"], zeros)
        scores = h @ params["W_vocab"] + params["b_vocab"]
        running = ~ended
        if running.any():
            said.forbidden |= bool(torch.isin(scores.argmax(1), forbidden)[running].any())
            allowed = scores.index_fill(1, forbidden, -torch.inf)
            best = allowed[running].topk(2, dim=1).values
            said.margin = min(said.margin, float((best[:, 0] - best[:, 1]).min()))
        word = scores.index_fill(1, forbidden, -torch.inf).argmax(1)
        said.captions.append(word.masked_fill(ended, net.null))
        ended = ended | (word == net.end)
    said.captions = torch.stack(said.captions, 1).numpy()
    return said


def telling(net, said):
    """Do captions end here and there, vary, and would <NULL> or <START> have been said?"""
    lengths = (said.captions != net.null).sum(axis=1)
    words = {tuple(caption) for caption in said.captions}
    return (
        said.margin > 0.01
        and said.forbidden
        and len(set(lengths)) >= 3
        and 1 < lengths.min() < lengths.max()
        and len(words) == len(said.captions)
        and (said.captions[:, 0] != said.captions[:, 1]).any()
    )


@lru_cache(maxsize=64)
def find_case(seed, N=5, max_length=9):
    """A telling case, which takes many tries, and its captions."""
    rng = np.random.default_rng(seed)
    while True:
        net = Net(None, rng, N, sizes=(4, 5, 6), V=9)
        net.params["b_vocab"][net.end] = rng.normal(0.5, 0.5)
        said = greedy(net, max_length)
        if telling(net, said):
            return net, said.captions


def sample_case(student, rng):
    """The student's model, its data, and the captions of 9 words that it should say."""
    net, captions = find_case(int(rng.integers(2**32)))
    return make_model(student, net.params, net.words), net, captions


@question("rnn_captioning-sample", weight=3, needs=NEEDS, builds_on=BEFORE_SAMPLE)
def test_sample_captions(student, rng):
    """Captions are the likeliest words, one by one, up to <END>."""
    model, net, want = sample_case(student, rng)
    assert_equal(model.sample(net.features, max_length=9), want, "captions")


@question("rnn_captioning-sample", needs=NEEDS, builds_on=BEFORE_SAMPLE)
def test_sample_one_picture(student, rng):
    """A picture gets the same caption alone as among others."""
    model, net, want = sample_case(student, rng)
    for row in range(len(want)):
        said = model.sample(net.features[row : row + 1], max_length=9)
        assert_equal(said, want[row : row + 1], "captions")


@question("rnn_captioning-sample", weight=0.5, needs=NEEDS, builds_on=BEFORE_SAMPLE)
def test_sample_lengths(student, rng):
    """Captions have max_length places, 30 where it is not given, also in single precision."""
    model, net, _want = sample_case(student, rng)
    single_model = make_model(student, net.params, net.words, np.float32)
    said = model.sample(net.features, max_length=3)
    assert_equal(said, greedy(net, 3).captions, "captions")
    want = greedy(net, 30)
    if want.margin > 1e-3:  # far from rounding
        assert_equal(single_model.sample(net.features), want.captions, "captions")


@question("rnn_captioning-sample", weight=0.5, needs=NEEDS, builds_on=BEFORE_SAMPLE)
def test_sample_inputs(student, rng):
    """Features are as they were, captions are whole numbers, and the same the second time."""
    model, net, want = sample_case(student, rng)
    for _call in range(2):
        said = model.sample(net.features, max_length=9)
        assert_unchanged(student.changed, {0: "features"})
        if to_array(said, "captions").dtype.kind not in "iu":
            raise CheckFailed(_("captions are not whole numbers"))
        assert_equal(said, want, "captions")
