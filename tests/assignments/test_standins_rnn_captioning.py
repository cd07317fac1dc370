"""The stand-ins of RNN captioning are right: against formulas and slopes that they do not use."""

import numpy as np
import pytest

from assignments.gradients import numerical_gradient, one_by_one
from assignments.standins.a3_captioning import rnn_captioning as standins

WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def same(a, b, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def weights(rng, D=3, H=4):
    return [rng.normal(size=shape) for shape in ((D, H), (H, H), (H,))]


def test_a_step_and_all_steps(rng):
    x, h, (Wx, Wh, b) = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4)), weights(rng)
    states, cache = standins.rnn_forward(x, h, Wx, Wh, b)
    for t in range(5):
        next_h, step_cache = standins.rnn_step_forward(x[:, t], h, Wx, Wh, b)
        same(next_h, np.tanh(x[:, t] @ Wx + h @ Wh + b))
        same(next_h, states[:, t])
        h = next_h
    dh = rng.normal(size=states.shape)
    dx, dh0, _dWx, dWh, db = standins.rnn_backward(dh, cache)
    assert (dx.shape, dh0.shape, dWh.shape, db.shape) == ((2, 5, 3), (2, 4), (4, 4), (4,))

    def total(Wh):
        return float(np.sum(standins.rnn_forward(*cache[:3], Wh, b)[0] * dh))

    same(dWh, numerical_gradient(one_by_one(total), Wh), rtol=1e-6, atol=1e-8)
    step_gradients = standins.rnn_step_backward(dh[:, -1], step_cache)
    same(step_gradients[4], (dh[:, -1] * (1 - h**2)).sum(axis=0))


def test_embeddings_of_repeated_words_add_up(rng):
    x, W = np.array([[2, 0], [2, 1]]), rng.normal(size=(4, 3))
    out, cache = standins.word_embedding_forward(x, W)
    same(out, W[x])
    dout = rng.normal(size=out.shape)
    dW = standins.word_embedding_backward(dout, cache)
    same(dW, [dout[0, 1], dout[1, 1], dout[0, 0] + dout[1, 0], np.zeros(3)])


@pytest.mark.parametrize("cell_type", ["rnn", "lstm"])
def test_the_gradients_of_a_model_are_slopes_of_its_loss(rng, cell_type):
    np.random.seed(0)
    model = standins.CaptioningRNN(WORDS, 3, 2, 4, cell_type, np.float64)
    features = rng.normal(size=(2, 3))
    captions = np.array([[5, 0, 2, 4, 3], [5, 4, 3, 1, 1]])
    _loss, grads = model.loss(features, captions)
    assert grads.keys() == model.params.keys()
    for name, value in list(model.params.items()):

        def loss(moved, name=name):
            model.params[name] = moved
            return model.loss(features, captions)[0]

        same(grads[name], numerical_gradient(one_by_one(loss), value), rtol=1e-5, atol=1e-8)
        model.params[name] = value


def test_what_comes_after_the_end_costs_nothing(rng):
    model = standins.CaptioningRNN(WORDS, 3, 2, 4, dtype=np.float64)
    model.params["W_vocab"][:] = 0
    loss, _grads = model.loss(rng.normal(size=(1, 3)), np.array([[5, 4, 3, 1, 1]]))
    assert loss == pytest.approx(2 * np.log(6))


@pytest.mark.parametrize("cell_type", ["rnn", "lstm"])
def test_samples_end_once_and_say_no_marks(rng, cell_type):
    np.random.seed(0)
    model = standins.CaptioningRNN(WORDS, 3, 2, 4, cell_type)
    model.params["b_vocab"][1], model.params["W_vocab"][:] = 9, 9 * model.params["W_vocab"]
    said = model.sample(rng.normal(size=(40, 3)), max_length=7)
    assert said.shape == (40, 7)
    assert WORDS["<START>"] not in said
    for row in said:
        ends = np.flatnonzero(row == WORDS["<END>"])
        assert len(ends) <= 1
        words = row[: ends[0]] if len(ends) else row
        assert WORDS["<NULL>"] not in words
        assert (row[len(words) + 1 :] == WORDS["<NULL>"]).all()
    assert (said == WORDS["<END>"]).any()


def test_an_unknown_cell():
    with pytest.raises(ValueError, match="gru"):
        standins.CaptioningRNN(WORDS, cell_type="gru")
