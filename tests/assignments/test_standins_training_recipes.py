"""The stand-ins of the training recipes do what the notebook describes."""

from importlib import import_module

import numpy as np
import pytest

from assignments.questions import collect, run_check
from assignments.standins.a2_networks import training_recipes
from assignments.student import Student, in_process
from assignments.workspace import Workspace

FILES = [
    import_module(f"{package}.checks.a2_networks.test_training_recipes")
    for package in ("assignments", "autograder")
]
CHECKS = [check for file in FILES for checks in collect(file).values() for check in checks]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.marker.question}-{check.name}")
def test_the_stand_ins_pass_all_checks(check):
    result = run_check(check, Student(in_process(Workspace(vars(training_recipes)))), 0)
    assert result.passed, result.reason


def test_one_seed_gives_one_batch():
    x, y = np.random.default_rng(0).normal(size=(6, 3, 8, 8)), np.eye(6)
    for function in (training_recipes.mixup, training_recipes.cutmix):
        first, again = (function(x, y, 1.0, np.random.default_rng(5)) for _call in range(2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
