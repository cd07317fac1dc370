"""The SVM and softmax notebooks: partial credit, and second chances."""

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


def test_work_that_builds_on_lost_questions_gets_a_second_chance():
    key = answer_key(NOTEBOOKS["softmax"])
    (all_classes,) = (patch for patch in key.patches if patch.name == "vectorized-all-classes")
    module = key.patched(all_classes)
    session = LiveSession(vars(module))
    for question in ("softmax-classifiers", "softmax-train"):
        lost = frozenset({"softmax-loss-vectorized"})
        assert score_question(session, key, question, Seeds(b"test"), lost).share == 1
