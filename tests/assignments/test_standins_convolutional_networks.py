"""The stand-ins of the convolutional networks agree with the notebook's own solutions."""

import numpy as np
import pytest

from assignments.standins.a2_networks import convolutional_networks as standins
from autograder.answer_key import answer_key
from autograder.course import Course


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def reference():
    notebooks = Course().assignment("a2_networks").notebooks
    return answer_key(notebooks["convolutional_networks"]).reference


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_they_have_every_name_of_the_notebook(reference):
    for name in standins.__all__:
        assert hasattr(reference, name)


CONV_PARAM = {"stride": 2, "pad": 1}
POOL_PARAM = {"pool_height": 2, "pool_width": 3, "stride": 2}
IMAGES, FILTERS = (2, 4, 7, 8), (3, 4, 3, 2)
LAYERS = {
    "conv_{}_naive": ((IMAGES, FILTERS, (3,)), lambda: [dict(CONV_PARAM)]),
    "max_pool_{}_naive": ((IMAGES,), lambda: [dict(POOL_PARAM)]),
    "spatial_batchnorm_{}": ((IMAGES, (4,), (4,)), lambda: [{"mode": "train"}]),
    "spatial_groupnorm_{}": ((IMAGES, (1, 4, 1, 1), (1, 4, 1, 1)), lambda: [2, {"eps": 0.1}]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree_with_the_reference(rng, reference, name):
    shapes, settings = LAYERS[name]
    arrays = [rng.normal(size=shape) for shape in shapes]
    before = [array.copy() for array in arrays]
    outs, gradients = [], []
    dout = None
    for module in (standins, reference):
        out, cache = getattr(module, name.format("forward"))(*arrays, *settings())
        dout = rng.normal(size=out.shape) if dout is None else dout
        found = getattr(module, name.format("backward"))(dout, cache)
        outs.append(out)
        gradients.append([found] if isinstance(found, np.ndarray) else found)
    same(*outs)
    for got, want in zip(*gradients, strict=True):
        assert got.shape == want.shape
        same(got, want)
    for array, was in zip(arrays, before, strict=True):
        assert np.array_equal(array, was)


@pytest.mark.parametrize("name", ["conv_{}_naive", "max_pool_{}_naive"])
def test_layers_read_each_others_caches(rng, reference, name):
    """A student's backward works on a stand-in's forward: caches are as in the notebook."""
    shapes, settings = LAYERS[name]
    arrays = [rng.normal(size=shape) for shape in shapes]
    out, cache = getattr(standins, name.format("forward"))(*arrays, *settings())
    found = getattr(reference, name.format("backward"))(out, cache)
    wanted = getattr(standins, name.format("backward"))(out, cache)
    for got, want in zip(found, wanted, strict=True):
        same(got, want)


def test_spatial_batchnorm_moves_the_averages_and_uses_them_in_the_test(rng, reference):
    x, gamma, beta = rng.normal(3, 2, size=IMAGES), rng.normal(size=4), rng.normal(size=4)
    params = [{"mode": "train", "momentum": 0.7}, {"mode": "train", "momentum": 0.7}]
    for mode in ("train", "test"):
        outs = []
        for module, param in zip((standins, reference), params, strict=True):
            param["mode"] = mode
            outs.append(module.spatial_batchnorm_forward(x, gamma, beta, param)[0])
        same(*outs)
        for average in ("running_mean", "running_var"):
            same(*(param[average] for param in params))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_agrees_with_the_reference(rng, reference, dtype):
    settings = ((2, 7, 6), 3, 5, 4, 3)
    X, y = rng.normal(size=(4, 2, 7, 6)), rng.integers(3, size=4)
    models = [
        module.ThreeLayerConvNet(*settings, weight_scale=0.5, reg=0.3, dtype=dtype)
        for module in (standins, reference)
    ]
    models[1].params = models[0].params
    tolerance = 1e-4 if dtype == np.float32 else 1e-9
    assert models[0].loss(X).dtype == dtype
    np.testing.assert_allclose(*(model.loss(X) for model in models), rtol=tolerance)
    (loss, grads), (right, right_grads) = (model.loss(X, y) for model in models)
    np.testing.assert_allclose(loss, right, rtol=tolerance)
    for name, gradient in right_grads.items():
        assert grads[name].dtype == models[0].params[name].dtype == dtype
        np.testing.assert_allclose(grads[name], gradient, rtol=tolerance, atol=tolerance)
