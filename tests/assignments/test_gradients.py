"""Numerical gradients against known ones."""

import numpy as np

from assignments.gradients import numerical_gradient, one_by_one


def test_gradient_of_a_polynomial():
    x = np.random.default_rng(0).normal(size=(2, 3))
    gradient = numerical_gradient(one_by_one(lambda v: (v**3).sum()), x)
    assert gradient.shape == (2, 3)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-8)


def test_inputs_are_separate_float64_copies():
    seen = []

    def many(inputs):
        seen.extend(inputs)
        return [0.0] * len(inputs)

    x = np.ones(2, np.float32)
    assert numerical_gradient(many, x).tolist() == [0, 0]
    assert len({id(v) for v in seen}) == 4
    assert {v.dtype for v in seen} == {np.dtype(np.float64)}
    assert x.tolist() == [1, 1]
