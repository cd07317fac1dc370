"""Layers for sequences, against plain loops and differences."""

import numpy as np
import pytest

from assignments.gradients import numerical_gradient
from assignments.temporal_layers import (
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
)

RNG = np.random.default_rng(0)


def test_affine():
    x, w, b = RNG.normal(size=(3, 4, 5)), RNG.normal(size=(5, 2)), RNG.normal(size=2)
    out, cache = temporal_affine_forward(x, w, b)
    for n in range(3):
        for t in range(4):
            assert out[n, t] == pytest.approx(x[n, t] @ w + b)
    dout = RNG.normal(size=out.shape)
    arguments = [x, w, b]
    for place, got in enumerate(temporal_affine_backward(dout, cache)):

        def losses(many, place=place):
            changed = [[*arguments[:place], one, *arguments[place + 1 :]] for one in many]
            return [float((temporal_affine_forward(*each)[0] * dout).sum()) for each in changed]

        want = numerical_gradient(losses, arguments[place])
        assert got == pytest.approx(want, rel=1e-6, abs=1e-8)


def test_softmax_loss_by_hand():
    x = np.log(np.array([[[1.0, 3.0], [1.0, 1.0]], [[7.0, 1.0], [1.0, 9.0]]]))
    y, mask = np.array([[1, 0], [1, 0]]), np.array([[True, True], [True, False]])
    loss, dx = temporal_softmax_loss(x, y, mask)
    assert loss == pytest.approx(-(np.log(3 / 4) + np.log(1 / 2) + np.log(1 / 8)) / 2)
    assert not dx[1, 1].any()
    assert dx[0, 0] == pytest.approx(np.array([0.25, -0.25]) / 2)


def test_single_precision_stays():
    x, w, b = (RNG.normal(size=s).astype(np.float32) for s in ((2, 3, 4), (4, 5), (5,)))
    out, cache = temporal_affine_forward(x, w, b)
    assert out.dtype == np.float32
    assert {g.dtype for g in temporal_affine_backward(out, cache)} == {np.dtype(np.float32)}
    assert temporal_softmax_loss(out, np.zeros((2, 3), int), np.ones((2, 3), bool))[1].dtype == "f4"
