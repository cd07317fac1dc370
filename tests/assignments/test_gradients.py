"""Numerical gradients against known ones."""

import numpy as np
import pytest

from assignments.gradients import gradient_check, numerical_gradient, one_by_one


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


PLACE = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])


def cubes(x):
    return (x**3).sum()


def test_a_right_gradient_has_a_small_error(capsys):
    before = PLACE.copy()
    assert gradient_check(cubes, PLACE, 3 * PLACE**2) < 1e-8
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert all(line.startswith("[") and "numerical" in line for line in lines)
    np.testing.assert_array_equal(PLACE, before)


@pytest.mark.parametrize(("wrong", "error"), [(-3 * PLACE**2, 1.0), (6 * PLACE**2, 1 / 3)])
def test_a_wrong_gradient_has_a_large_one(wrong, error):
    assert gradient_check(cubes, PLACE, wrong) == pytest.approx(error, rel=1e-6)


def test_it_looks_at_a_few_places_of_a_large_array(capsys):
    x = np.linspace(-1, 1, 500).reshape(50, 10)
    assert gradient_check(cubes, x, 3 * x**2, places=3) < 1e-4
    assert len(capsys.readouterr().out.splitlines()) == 3
