"""The stand-ins of captioning networks do what the notebooks ask, whole or a method at a time."""

import numpy as np
import pytest

from assignments.checking import find_checks
from assignments.families.captioner import WORDS, numbers
from assignments.questions import run_check
from assignments.standins.a3_captioning import lstm_captioning, rnn_captioning
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.course import Course

NOTEBOOKS = Course().assignment("a3_captioning").notebooks
MODULES = {"rnn_captioning": rnn_captioning, "lstm_captioning": lstm_captioning}


@pytest.mark.parametrize("name", MODULES)
def test_they_pass_the_public_checks(name):
    questions = NOTEBOOKS[name].auto_questions()
    for check in (check for one in questions for check in find_checks(one.grade_id)):
        result = run_check(check, Student(in_process(Workspace(vars(MODULES[name])))), 0)
        assert result.passed, (check.marker.question, check.name, result.reason)


@pytest.mark.parametrize("kind", [module.CaptioningRNN for module in MODULES.values()])
def test_its_methods_serve_an_object_that_a_student_made(kind):
    made = kind(WORDS, 5, 3, 4, dtype=np.float64)

    class Own:
        loss, sample = vars(kind)["loss"], vars(kind)["sample"]  # as previous() fills them

        def __init__(self):
            self.word_to_idx, self.cell_type, self.dtype = WORDS, made.cell_type, made.dtype
            self.params = made.params

    own, features = Own(), np.random.default_rng(0).normal(size=(2, 5))
    captions = numbers("<START> bird <END> <NULL> <NULL>", "<START> a red bird <END>")
    assert own.loss(features, captions)[0] == made.loss(features, captions)[0]
    np.testing.assert_array_equal(own.sample(features, 6), made.sample(features, max_length=6))


def test_the_gates_of_an_lstm_begin_open_and_the_rest_at_zero():
    made = lstm_captioning.CaptioningRNN(WORDS, 5, 3, 4)
    np.testing.assert_array_equal(made.params["b"], np.repeat([1, 1, 1, 0], 4))
    assert not rnn_captioning.CaptioningRNN(WORDS, 5, 3, 4).params["b"].any()
