"""The captioner that looks: its gradients, its states, its captions."""

import numpy as np
import pytest

from assignments.attention_captioner import AttentionCaptioner
from assignments.gradients import numerical_gradient, one_by_one
from assignments.standins.a3_captioning import lstm_captioning as standins

WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}
CAPTIONS = np.array([[5, 0, 2, 4, 3], [5, 4, 3, 1, 1]])


@pytest.fixture
def model():
    np.random.seed(0)
    return AttentionCaptioner(WORDS, 3, 2, 4, np.float64)


@pytest.fixture
def grid():
    return np.random.default_rng(0).normal(size=(2, 3, 4, 4))


def scores_of(model, grid, captions):
    """Scores from the functions that students write."""
    p = model.params
    A = np.einsum("ncij,ch->nhij", grid, p["W_proj"]) + p["b_proj"][:, None, None]
    np.testing.assert_allclose(model.project(grid), A, atol=1e-12)
    x = p["W_embed"][captions]
    h = standins.attention_lstm_forward(x, A, p["Wx"], p["Wh"], p["Wattn"], p["b"])
    return h @ p["W_vocab"] + p["b_vocab"]


def test_the_loss_is_that_of_the_states_that_students_compute(model, grid):
    scores = scores_of(model, grid, CAPTIONS[:, :-1])
    costs = np.log(np.exp(scores).sum(axis=2))
    costs -= np.take_along_axis(scores, CAPTIONS[:, 1:, None], axis=2)[..., 0]
    want = costs[CAPTIONS[:, 1:] != WORDS["<NULL>"]].sum() / 2
    assert model.loss(grid, CAPTIONS)[0] == pytest.approx(want)


def test_the_gradients_are_slopes(model, grid):
    _loss, grads = model.loss(grid, CAPTIONS)
    assert grads.keys() == model.params.keys()
    for name, value in list(model.params.items()):

        def loss(moved, name=name):
            model.params[name] = moved
            return model.loss(grid, CAPTIONS)[0]

        want = numerical_gradient(one_by_one(loss), value)
        np.testing.assert_allclose(grads[name], want, rtol=1e-5, atol=1e-8)
        model.params[name] = value


def test_captions_are_the_likeliest_words(model, grid):
    model.params["W_vocab"] *= 5
    said = model.sample(grid, max_length=6)
    assert said.shape == (2, 6)
    scores = scores_of(model, grid, np.hstack([np.full((2, 1), WORDS["<START>"]), said[:, :-1]]))
    scores[..., [WORDS["<NULL>"], WORDS["<START>"]]] = -np.inf
    for row, best in zip(said, scores.argmax(axis=2), strict=True):
        ends = np.flatnonzero(row == WORDS["<END>"])
        length = ends[0] + 1 if len(ends) else len(row)
        assert (row[:length] == best[:length]).all()
        assert (row[length:] == WORDS["<NULL>"]).all()


def test_the_forget_gate_begins_open(model):
    assert model.params["b"].tolist() == [0] * 4 + [1] * 4 + [0] * 8
    assert AttentionCaptioner(WORDS).params["Wattn"].dtype == np.float32
