"""The SVM notebook: partial credit."""

from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.scoring import score_question
from autograder.session import LiveSession

NOTEBOOKS = Course().assignment("a1_classifiers").notebooks


def test_half_of_the_work_gets_part_of_the_points():
    key = answer_key(NOTEBOOKS["svm"])
    (no_gradient,) = (patch for patch in key.patches if patch.name == "naive-no-gradient")
    module = key.patched(no_gradient)
    attempt = score_question(LiveSession(vars(module)), key, "svm-loss-naive", Seeds(b"test"))
    assert 0.25 < attempt.share < 0.5
