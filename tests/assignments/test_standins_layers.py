"""The stand-ins of a2_networks for layers are what their notebooks describe."""

import importlib
from itertools import chain

import numpy as np
import pytest

from assignments.questions import collect, run_check
from assignments.standins.a2_networks import convolutional_networks
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.answer_key import answer_key
from autograder.course import Course

each = pytest.mark.parametrize("name", ["batch_normalization", "convolutional_networks", "dropout"])

#: Checks of how a result is reached; the stand-ins reach it in their own way.
OF_FORM = {"test_on_its_own", "test_not_copied"}


def standins(name):
    return importlib.import_module(f"assignments.standins.a2_networks.{name}")


def reference(name):
    return answer_key(Course().assignment("a2_networks").notebooks[name]).reference


@each
def test_they_have_every_name_of_the_notebook(name):
    assert all(hasattr(reference(name), one) for one in standins(name).__all__)


@each
def test_they_pass_the_public_checks(name):
    checks = importlib.import_module(f"assignments.checks.a2_networks.test_{name}")
    for check in chain.from_iterable(collect(checks).values()):
        student = Student(in_process(Workspace(vars(standins(name)))))
        result = run_check(check, student, 0)
        if check.name not in OF_FORM:
            assert result.passed, (check.marker.question, check.name, result.reason)


@pytest.mark.parametrize("name", ["conv", "max_pool"])
def test_a_students_backward_works_on_a_stand_ins_forward(name):
    layer, rng = getattr(convolutional_networks, name), np.random.default_rng(0)
    size = ((2, 4, 7, 8), (3, 4, 3, 2), 2, 1) if name == "conv" else ((2, 4, 7, 8), 2, 3, 2)
    case = layer.backward.draw(rng, size)
    _out, cache = getattr(convolutional_networks, layer.forward.name)(*case[:-1])
    found = getattr(reference("convolutional_networks"), layer.backward.name)(case[-1], cache)
    found = [found] if name == "max_pool" else found
    for got, want in zip(found, layer.backward.right(case).values(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_the_network_stays_in_single_precision():
    model = convolutional_networks.ThreeLayerConvNet((2, 7, 6), 3, 5, 4, 3)
    X = np.random.default_rng(0).normal(size=(4, 2, 7, 6))
    assert model.loss(X).dtype == np.float32
    _loss, grads = model.loss(X, np.array([0, 1, 2, 0]))
    assert all(grads[name].dtype == np.float32 for name in model.params)
