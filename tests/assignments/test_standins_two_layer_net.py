"""The stand-ins of the two-layer net are right, whatever PyTorch they come from."""

import numpy as np
import pytest

from assignments.gradients import numerical_gradient, one_by_one
from assignments.standins.a1_classifiers import two_layer_net as standins
from autograder.answer_key import answer_key
from autograder.course import Course


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def reference():
    return answer_key(Course().assignment("a1_classifiers").notebooks["two_layer_net"]).reference


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_they_have_every_name_of_the_notebook(reference):
    for name in standins.__all__:
        assert hasattr(reference, name)


def test_affine_agrees_with_the_reference(rng, reference):
    x, w, b = rng.normal(size=(5, 2, 3)), rng.normal(size=(6, 4)), rng.normal(size=4)
    dout = rng.normal(size=(5, 4))
    out, cache = standins.affine_forward(x, w, b)
    right, right_cache = reference.affine_forward(x, w, b)
    same(out, right)
    for got, want in zip(
        standins.affine_backward(dout, cache),
        reference.affine_backward(dout, right_cache),
        strict=True,
    ):
        same(got, want)


def test_relu_agrees_with_the_reference(rng, reference):
    x, dout = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 2, 4))
    out, cache = standins.relu_forward(x)
    same(out, np.maximum(x, 0))
    same(standins.relu_backward(dout, cache), np.where(x > 0, dout, 0))


@pytest.mark.parametrize("name", ["svm_loss", "softmax_loss"])
def test_losses_agree_with_the_reference(rng, reference, name):
    x, y = rng.normal(size=(7, 4)), rng.integers(4, size=7)
    loss, dx = getattr(standins, name)(x, y)
    right, right_dx = getattr(reference, name)(x, y)
    assert type(loss) is float
    same(loss, right)
    same(dx, right_dx)


def test_layers_read_each_others_caches(rng, reference):
    """A student's backward works on a stand-in's forward: caches are as in the notebook."""
    x, w, b = rng.normal(size=(5, 6)), rng.normal(size=(6, 4)), rng.normal(size=4)
    dout = rng.normal(size=(5, 4))
    _out, cache = standins.affine_forward(x, w, b)
    dx, _dw, _db = reference.affine_backward(dout, cache)
    same(dx, dout @ w.T)


def test_model_agrees_with_slopes_and_reference(rng, reference):
    X, y = rng.normal(size=(6, 2, 2)), rng.integers(3, size=6)
    model, right = standins.TwoLayerNet(4, 5, 3, 0.7, reg=0.3), reference.TwoLayerNet(4, 5, 3)
    right.params, right.reg = model.params, model.reg
    same(model.loss(X), right.loss(X))
    loss, grads = model.loss(X, y)
    same(loss, right.loss(X, y)[0])
    for name in ("W1", "b1", "W2", "b2"):
        params = dict(model.params)

        def loss_at(value, name=name, params=params):
            model.params = {**params, name: value}
            return model.loss(X, y)[0]

        slopes = numerical_gradient(one_by_one(loss_at), params[name])
        model.params = params
        np.testing.assert_allclose(grads[name], slopes, rtol=1e-5, atol=1e-7)


def test_single_precision_stays(rng):
    X, y = rng.normal(size=(6, 4)).astype(np.float32), rng.integers(3, size=6)
    model = standins.TwoLayerNet(4, 5, 3)
    model.params = {name: value.astype(np.float32) for name, value in model.params.items()}
    _loss, grads = model.loss(X, y)
    assert model.loss(X).dtype == np.float32
    assert all(grad.dtype == np.float32 for grad in grads.values())


def test_nothing_is_changed(rng):
    x, w, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=2)
    before = [array.copy() for array in (x, w, b)]
    _out, cache = standins.affine_forward(x, w, b)
    standins.affine_backward(np.ones((3, 2)), cache)
    standins.softmax_loss(x, np.array([0, 1, 2]))
    for array, was in zip((x, w, b), before, strict=True):
        assert np.array_equal(array, was)
