"""The training recipes: what is drawn in another order than by us is judged by what was drawn."""

import pytest

from assignments.checking import HOME_SEEDS, find_checks
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.mistakes import parse_patches
from autograder.scoring import attempt_question

SOURCE = Course().assignment("a2_networks").notebooks["training_recipes"]
QUESTION = "training_recipes-mixup"
MIXUP = """\
def mixup(x, y_onehot, alpha, rng):
    partners = rng.permutation(len(x))
    lam = rng.beta(alpha, alpha)
    return lam * x + (1 - lam) * x[partners], {labels}
"""


def reasons(labels: str) -> list[str]:
    """Why public checks fail, where the partners are drawn before lam."""
    text = f"## {QUESTION}\n### Accepted: {labels}\n```python cell\n{MIXUP}```".format(
        labels=labels
    )
    (patch,) = parse_patches(text, "here")
    key = answer_key(SOURCE)
    checks = find_checks(QUESTION)
    attempt = attempt_question(key.session(patch), key, QUESTION, HOME_SEEDS, checks=checks)
    return [result.reason for result in attempt.results if not result.passed]


def test_another_order_of_draws_is_right():
    assert not reasons("lam * y_onehot + (1 - lam) * y_onehot[partners]")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ("y_onehot.copy()", "other partners than the images"),
        ("(1 - lam) * y_onehot + lam * y_onehot[partners]", "of itself, its label"),
        ("lam * y_onehot + (1 - lam) * y_onehot[::-1]", "other partners than the images"),
    ],
)
def test_labels_are_held_against_the_images(labels, reason):
    assert any(reason in each for each in reasons(labels))
