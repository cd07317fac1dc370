"""The stand-ins of the training recipes do what the notebook describes."""

import numpy as np
import pytest

from assignments.checking import find_checks
from assignments.questions import run_check
from assignments.standins.a2_networks import training_recipes
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder import checks as hidden_checks

QUESTIONS = (
    "xavier",
    "kaiming",
    "step-decay",
    "exponential-decay",
    "cosine-annealing",
    "linear-warmup",
    "label-smoothing",
    "crop-flip",
    "mixup",
    "cutmix",
    "early-stopping",
    "random-search",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_stand_in_passes_all_checks(question):
    checks = find_checks(f"training_recipes-{question}")
    checks += find_checks(f"training_recipes-{question}", hidden_checks)
    assert len(checks) > 3
    for check in checks:
        student = Student(in_process(Workspace(vars(training_recipes))))
        result = run_check(check, student, 0)
        assert result.passed, (check.name, result.reason)


def test_one_seed_gives_one_batch():
    x, y = np.random.default_rng(0).normal(size=(6, 3, 8, 8)), np.eye(6)
    for function in (training_recipes.mixup, training_recipes.cutmix):
        first, again = (function(x, y, 1.0, np.random.default_rng(5)) for _call in range(2))
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)
