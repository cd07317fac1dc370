"""The stand-ins of convolutional_networks work beside a student's own functions."""

import numpy as np
import pytest

from assignments.standins.a2_networks import convolutional_networks
from autograder.answer_key import answer_key
from autograder.course import Course


@pytest.mark.parametrize("name", ["conv", "max_pool"])
def test_a_students_backward_works_on_a_stand_ins_forward(name):
    reference = answer_key(
        Course().assignment("a2_networks").notebooks["convolutional_networks"]
    ).reference
    layer, rng = getattr(convolutional_networks, name), np.random.default_rng(0)
    size = ((2, 4, 7, 8), (3, 4, 3, 2), 2, 1) if name == "conv" else ((2, 4, 7, 8), 2, 3, 2)
    case = layer.backward.draw(rng, size)
    _out, cache = getattr(convolutional_networks, layer.forward.name)(*case[:-1])
    found = getattr(reference, layer.backward.name)(case[-1], cache)
    found = [found] if name == "max_pool" else found
    for got, want in zip(found, layer.backward.right(case).values(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_the_network_stays_in_single_precision():
    model = convolutional_networks.ThreeLayerConvNet((2, 7, 6), 3, 5, 4, 3)
    X = np.random.default_rng(0).normal(size=(4, 2, 7, 6))
    assert model.loss(X).dtype == np.float32
    _loss, grads = model.loss(X, np.array([0, 1, 2, 0]))
    assert all(grads[name].dtype == np.float32 for name in model.params)
