"""The stand-ins of LSTM captioning are right: against formulas and slopes that they do not use."""

import inspect

import numpy as np
import pytest
import torch

from assignments.gradients import numerical_gradient, one_by_one
from assignments.standins.a3_captioning import lstm_captioning as standins
from assignments.standins.a3_captioning import rnn_captioning


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def same(a, b, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def weights(rng, blocks, D=3, H=4):
    return [rng.normal(size=shape) for shape in ((D, blocks * H), (H, blocks * H), (blocks * H,))]


def squash(x):
    return (1 + np.tanh(x / 2)) / 2


def lstm_by_hand(into, c):
    i, f, o, g = into.reshape(len(into), 4, -1).swapaxes(0, 1)
    c = squash(f) * c + squash(i) * np.tanh(g)
    return squash(o) * np.tanh(c), c


def check_slopes(forward, arrays, gradients, dout):
    for place, gradient in enumerate(gradients):

        def total(value, place=place):
            return float(np.sum(forward(*arrays[:place], value, *arrays[place + 1 :]) * dout))

        same(gradient, numerical_gradient(one_by_one(total), arrays[place]), 1e-6, 1e-8)


def test_the_sigmoid():
    x = np.array([[0.0, 1.5, -2.0], [1e4, -1e4, 30.0]])
    same(standins.sigmoid(x), squash(x), atol=1e-12)


def test_a_step_of_an_lstm(rng):
    arrays = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    arrays = (*arrays, *weights(rng, 4))
    x, h, c, Wx, Wh, b = arrays
    next_h, next_c, cache = standins.lstm_step_forward(*arrays)
    want_h, want_c = lstm_by_hand(x @ Wx + h @ Wh + b, c)
    same(next_h, want_h)
    same(next_c, want_c)
    dh, dc = rng.normal(size=(2, 2, 4))
    gradients = standins.lstm_step_backward(dh, dc, cache)

    def both(*arrays):
        return np.hstack(standins.lstm_step_forward(*arrays)[:2])

    check_slopes(both, arrays, gradients, np.hstack([dh, dc]))


def test_all_steps_of_an_lstm(rng):
    arrays = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4)), *weights(rng, 4)
    states, cache = standins.lstm_forward(*arrays)
    x, h, Wx, Wh, b = arrays
    c = np.zeros_like(h)
    for t in range(5):
        h, c = lstm_by_hand(x[:, t] @ Wx + h @ Wh + b, c)
        same(states[:, t], h)
    dh = rng.normal(size=states.shape)
    gradients = standins.lstm_backward(dh, cache)
    check_slopes(lambda *a: standins.lstm_forward(*a)[0], arrays, gradients, dh)


def test_a_step_of_a_gru(rng):
    arrays = rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), *weights(rng, 3)
    x, h, Wx, Wh, b = arrays
    next_h, cache = standins.gru_step_forward(*arrays)
    r, z = squash(x @ Wx + h @ Wh + b)[:, :8].reshape(2, 2, 4).swapaxes(0, 1)
    n = np.tanh(x @ Wx[:, 8:] + b[8:] + r * (h @ Wh[:, 8:]))
    same(next_h, z * h + (1 - z) * n)
    dh = rng.normal(size=next_h.shape)
    gradients = standins.gru_step_backward(dh, cache)
    check_slopes(lambda *a: standins.gru_step_forward(*a)[0], arrays, gradients, dh)


def test_attention_finds_the_place_that_fits(rng):
    h, A = rng.normal(size=(2, 5)), rng.normal(size=(2, 5, 4, 4))
    A[1, :, 2, 3] = 9 * h[1]
    context, weights = standins.dot_product_attention(h, A)
    assert weights.shape == (2, 4, 4)
    same(weights.sum(axis=(1, 2)), 1)
    assert weights[1].argmax() == 2 * 4 + 3
    odds = np.exp(np.tensordot(h[0], A[0], 1) / 5**0.5)
    same(weights[0], odds / odds.sum())
    same(context[0], (A[0] * weights[0]).sum(axis=(1, 2)))


def test_an_lstm_that_looks(rng):
    x, A = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 4, 4))
    Wx, Wh, b = weights(rng, 4)
    Wattn = rng.normal(size=(4, 16))
    states = standins.attention_lstm_forward(x, A, Wx, Wh, Wattn, b)
    h = c = A.mean(axis=(2, 3))
    for t in range(5):
        context = standins.dot_product_attention(h, A)[0]
        h, c = lstm_by_hand(x[:, t] @ Wx + h @ Wh + context @ Wattn + b, c)
        same(states[:, t], h)


def test_the_model_knows_the_lstm():
    words = {"<NULL>": 0, "<START>": 1, "<END>": 2, "a": 3}
    model = standins.CaptioningRNN(words, 5, 3, 4, dtype=np.float64)
    assert model.cell_type == "lstm"
    assert model.params["Wh"].shape == (4, 16)
    same(model.params["b"], np.repeat([1.0, 1.0, 1.0, 0.0], 4))
    assert set(vars(standins.CaptioningRNN)) >= {
        "__init__",
        "loss",
        "sample",
    }  # previous fills them
    assert inspect.signature(standins.CaptioningRNN).parameters["hidden_dim"].default == 128
    other = rnn_captioning.CaptioningRNN(words, 5, 3, 4, "lstm", np.float64)
    other.params = model.params
    features, captions = np.ones((1, 5)), np.array([[1, 3, 2, 0]])
    assert model.loss(features, captions)[0] == pytest.approx(other.loss(features, captions)[0])


def test_single_precision_stays_so(rng):
    x, A = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 4, 4, 4))
    arrays = [array.astype(np.float32) for array in (x, A, *weights(rng, 4))]
    assert standins.dot_product_attention(arrays[1][:, :, 0, 0], arrays[1])[0].dtype == np.float32
    h, _cache = standins.lstm_forward(arrays[0], arrays[1][:, :, 0, 0], *arrays[2:])
    assert h.dtype == np.float32
    assert not isinstance(h, torch.Tensor)
