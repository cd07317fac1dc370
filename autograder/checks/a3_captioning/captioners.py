"""What the hidden checks of captioning networks share: PyTorch's cells, and a right model."""

from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.checks.a1_classifiers.two_layer_net import get_gradient, model_loss, try_parameters
from assignments.checks.a3_captioning.rnn_captioning import (
    PARAMETERS,
    make_model,
    random_params,
    words_in_order,
)
from assignments.compare import (
    assert_close,
    assert_equal,
    assert_single,
    assert_unchanged,
    to_array,
    unpack,
)
from assignments.gradients import numerical_gradient
from assignments.messages import _
from assignments.student import CheckFailed
from autograder.checks.a1_classifiers.networks import leaf

__all__ = [
    "LSTM",
    "RNN",
    "Cell",
    "Net",
    "check_each_alone",
    "check_lengths",
    "check_said_twice",
    "greedy",
    "gru",
    "lstm",
    "recurrent",
    "right",
    "right_gradients",
    "sample_case",
]


# --- PyTorch's layers, with weights as students have them -----------------------------------------


def recurrent(x, h0, Wx, Wh, b) -> torch.Tensor:
    """PyTorch's recurrent layer on x (N, T, D); the states (N, T, H)."""
    return run_layer(nn.RNN, x, h0.unsqueeze(0), Wx, Wh, b)[0]


def lstm(x, h0, Wx, Wh, b, c0=None) -> tuple[torch.Tensor, torch.Tensor]:
    """PyTorch's LSTM on x (N, T, D), gates i f o g; the states (N, T, H) and the last cell."""
    c0 = torch.zeros_like(h0) if c0 is None else c0
    first = h0.unsqueeze(0), c0.unsqueeze(0)
    h, (_h, last) = run_layer(nn.LSTM, x, first, *map(ifgo, (Wx, Wh, b)))
    return h, last.squeeze(0)


def gru(x, h0, Wx, Wh, b) -> torch.Tensor:
    """PyTorch's GRU on x (N, T, D), gates r z n; the states (N, T, H)."""
    return run_layer(nn.GRU, x, h0.unsqueeze(0), Wx, Wh, b)[0]


def run_layer(kind, x, first, Wx, Wh, b):
    layer = kind(Wx.shape[0], Wh.shape[0], batch_first=True)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = dict(zip(names, (Wx.T, Wh.T, b, torch.zeros_like(b)), strict=True))
    return torch.func.functional_call(layer.double(), weights, (x, first))


def ifgo(weights):
    """Blocks i f o g in PyTorch's order."""
    i, f, o, g = weights.chunk(4, dim=-1)
    return torch.cat([i, f, g, o], dim=-1)


class Cell(NamedTuple):
    """A recurrent cell of a captioning model.

    blocks: how many blocks of H columns its weights have.
    states: (x, h0, Wx, Wh, b) -> all states. step: (x, (h, c), Wx, Wh, b) -> the next (h, c).
    """

    blocks: int
    states: Callable
    step: Callable


def rnn_step(x, state, Wx, Wh, b):
    return torch.rnn_tanh_cell(x, state[0], Wx.T, Wh.T, b, torch.zeros_like(b)), state[1]


def lstm_step(x, state, Wx, Wh, b):
    Wx, Wh, b = map(ifgo, (Wx, Wh, b))
    return torch.lstm_cell(x, state, Wx.T, Wh.T, b, torch.zeros_like(b))


RNN = Cell(1, recurrent, rnn_step)
LSTM = Cell(4, lambda *arguments: lstm(*arguments)[0], lstm_step)


def right(function, arrays):
    return function(*map(leaf, arrays)).detach().numpy()


def right_gradients(function, arrays, dout):
    leaves = [leaf(array) for array in arrays]
    found = torch.autograd.grad(function(*leaves), leaves, torch.tensor(dout, dtype=torch.float64))
    return [gradient.numpy() for gradient in found]


# --- the model -----------------------------------------------------------------------------------


class Net:
    """A random model with captions: the right answers beside the student's model."""

    def __init__(self, cell, student, rng, N=4, T=7, sizes=(5, 3, 4), V=8):
        D, W, H = sizes
        self.cell = cell
        self.words = words_in_order(rng.permutation(V))
        self.null, self.start, self.end = (self.words[f"<{m}>"] for m in ("NULL", "START", "END"))
        self.params = random_params(rng, D, W, H, V, cell.blocks)
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
        h = self.cell.states(x, h0, params["Wx"], params["Wh"], params["b"])
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
            if relative(loss, self.loss(self.leaves())) < 1e-5 or not self.follows(found):
                raise
        return found

    def check_single_precision(self):
        """A model in single precision gets right gradients in single precision."""
        want = self.check_gradients(*PARAMETERS)
        model = make_model(self.student, self.params, self.words, np.float32)
        _loss, grads = model_loss(model, self.features, self.captions)
        for name in PARAMETERS:
            gradient = get_gradient(grads, name)
            assert_close(gradient, want[name], f"grads[{name!r}]", rtol=1e-4, atol=1e-5)
            assert_single(**{f"grads[{name!r}]": gradient})

    def own_losses(self, name):
        answers = try_parameters(
            self.student, self.model, self.params, name, self.features, self.captions
        )
        return lambda values: [
            float(to_array(unpack(reply, "loss", ("loss", "grads"))[0], "loss", ndim=0))
            for reply in answers(values)
        ]

    def follows(self, found):
        """Are these the gradients of the model's own loss, if that is a loss of words?"""
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


# --- what it says --------------------------------------------------------------------------------


def greedy(net, max_length, cell="kept"):
    """The captions that PyTorch's cell says, and what makes them telling.

    cell: what becomes of an LSTM's cell. Mistakes are "picture" (it begins as the picture's
    projection, as the state does) and "emptied" (before each step).

    margins: (N,) by how much at least the score of a word that is said is ahead of the next one.
    forbidden: by picture, which of <NULL> and <START> had first the largest score, where another
    word than <END> was said. talks_on: (N,) whether, after <END>, another word has the largest
    score, so that a caption that may begin again does.
    """
    params = {name: torch.tensor(value) for name, value in net.params.items()}
    N = len(net.features)
    h0 = torch.tensor(net.features) @ params["W_proj"] + params["b_proj"]
    empty = torch.zeros_like(h0)
    state = (h0, h0 if cell == "picture" else empty)
    word, ended = torch.full((N,), net.start), torch.zeros(N, dtype=torch.bool)
    marks = torch.tensor([net.null, net.start])
    said = SimpleNamespace(captions=[], margins=np.full(N, np.inf), forbidden={})
    said.talks_on = np.zeros(N, bool)
    for _step in range(max_length):
        said.talks_on |= (ended & (word != net.end)).numpy()
        x = F.embedding(word, params["W_embed"])
        state = (state[0], empty) if cell == "emptied" else state
        state = net.cell.step(x, state, params["Wx"], params["Wh"], params["b"])
        scores = state[0] @ params["W_vocab"] + params["b_vocab"]
        best = scores.index_fill(1, marks, -torch.inf).topk(2, dim=1)
        word = best.indices[:, 0]
        largest = scores.argmax(1)
        # An <END> that is missing looks like <NULL>: it tells nothing.
        for row in (~ended & (word != net.end) & torch.isin(largest, marks)).nonzero().flatten():
            said.forbidden.setdefault(int(row), int(largest[row]))
        margins = (best.values[:, 0] - best.values[:, 1]).masked_fill(ended, torch.inf)
        said.margins = np.minimum(said.margins, margins.numpy())
        said.captions.append(word.masked_fill(ended, net.null))
        ended = ended | (word == net.end)
    said.captions = torch.stack(said.captions, 1).numpy()
    return said


def telling(net, said):
    """Five pictures whose captions end here and there and vary, or None.

    <NULL> would have been said in the first, and <START> in the second: that tells apart who
    forgets one, or the other. One would begin again after its <END>.
    """
    lengths = (said.captions != net.null).sum(axis=1)
    _captions, different = np.unique(said.captions, axis=0, return_index=True)
    good = [row for row in different if said.margins[row] > 0.01 and lengths[row] > 1]
    rows = []
    for mark in (net.null, net.start):
        rows += [row for row in good if said.forbidden.get(row) == mark][:1]
    others = sorted(set(good) - set(rows), key=lambda row: (lengths[row], row))
    if len(rows) < 2 or len(others) < 3:
        return None
    rows += [others[0], others[-1], others[len(others) // 2]]
    moves = (said.captions[rows, 0] != said.captions[rows, 1]).any()
    telling = moves and said.talks_on[rows].any() and len(set(lengths[rows])) >= 3
    return rows if telling else None


@lru_cache(maxsize=64)
def find_case(cell, seed, max_length=9):
    """A model with five pictures that tell much, and their captions."""
    rng = np.random.default_rng(seed)
    while True:
        net = Net(cell, None, rng, N=100, sizes=(4, 5, 6), V=9)
        if net.start == 1:  # as in many a vocabulary: nothing tells who wrote 1 for <START>
            continue
        net.params["W_vocab"] *= cell.blocks  # the states of an LSTM are smaller
        net.params["b_vocab"][net.end] = rng.normal(0.5, 0.5)
        said = greedy(net, max_length)
        if rows := telling(net, said):
            net.features = net.features[rows]
            picture, emptied = (greedy(net, max_length, c).captions for c in ("picture", "emptied"))
            # Captions that are all alike would not tell whose cell this was.
            varied = len(np.unique(picture, axis=0)) > 1
            if varied and (cell is RNN or (emptied != said.captions[rows]).any()):
                return net, said.captions[rows]


def sample_case(cell, student, rng):
    """The student's model, its data, and the captions of 9 words that it should say.

    All checks of a question share one case: finding it takes some tries.
    """
    seed = student.shared.setdefault("case", int(rng.integers(2**32)))
    net, captions = find_case(cell, seed)
    return make_model(student, net.params, net.words), net, captions


def check_each_alone(cell, student, rng):
    """A picture gets the same caption alone as among others."""
    model, net, want = sample_case(cell, student, rng)
    for row in range(len(want)):
        said = model.sample(net.features[row : row + 1], max_length=9)
        assert_equal(said, want[row : row + 1], "captions")


def check_lengths(cell, student, rng):
    """Captions have max_length places, 30 where it is not given, also in single precision."""
    model, net, _want = sample_case(cell, student, rng)
    single_model = make_model(student, net.params, net.words, np.float32)
    said = model.sample(net.features, max_length=3)
    assert_equal(said, greedy(net, 3).captions, "captions")
    want = greedy(net, 30)
    if want.margins.min() > 1e-3:  # far from rounding
        assert_equal(single_model.sample(net.features), want.captions, "captions")


def check_said_twice(cell, student, rng):
    """Features are as they were, captions are whole numbers, and the same the second time."""
    model, net, want = sample_case(cell, student, rng)
    for _call in range(2):
        said = model.sample(net.features, max_length=9)
        assert_unchanged(student.changed, {0: "features"})
        if to_array(said, "captions").dtype.kind not in "iu":
            raise CheckFailed(_("captions are not whole numbers"))
        assert_equal(said, want, "captions")
