"""What a student's code is served: the scope of the notebook's given cells, less the answers."""

import pytest
from boxes import needs_bubblewrap

from assignments.notebook import Cell
from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.sandbox.box import Sandbox
from autograder.scoring import score_question
from autograder.session import SandboxSession

COURSE = Course()


def source(assignment, notebook):
    return COURSE.assignment(assignment).notebooks[notebook]


@pytest.mark.parametrize(
    ("notebook", "question", "name"),
    [
        (("a1_classifiers", "features"), "features-best", "assignments.features:hog_feature"),
        (("a1_classifiers", "softmax"), "softmax-train", "a1_classifiers/svm:svm_loss_vectorized"),
        (("a3_captioning", "rnn_captioning"), "rnn_captioning-step-backward",
         "a1_classifiers/two_layer_net:affine_backward"),
        (("a3_captioning", "lstm_captioning"), "lstm_captioning-forward",
         "a3_captioning/rnn_captioning:affine_forward"),
        (("a2_networks", "batch_normalization"), "batch_normalization-layernorm-forward",
         "a2_networks/fully_connected_nets:dropout_forward"),
        (("a2_networks", "convolutional_networks"), "convolutional_networks-model-loss",
         "assignments.fast_layers:conv_forward_fast"),
    ],
)  # fmt: skip
def test_what_the_given_cells_bind_is_served_to_every_question(notebook, question, name):
    assert callable(answer_key(source(*notebook)).served(question)(name))


@pytest.mark.parametrize(
    ("notebook", "question", "name"),
    [
        # Not given to this notebook, or no function of the exercise.
        (("a1_classifiers", "knn"), "knn-predict", "a1_classifiers/svm:svm_loss_vectorized"),
        (("a1_classifiers", "softmax"), "softmax-train", "a1_classifiers/svm:load_data"),
        (("a1_classifiers", "softmax"), "softmax-train", "a1_classifiers/svm:prepare"),
        (("a1_classifiers", "softmax"), "softmax-train", "a1_classifiers/svm:__doc__"),
        # Helpers that read, draw or train.
        (("a1_classifiers", "knn"), "knn-predict", "assignments.data:load_data"),
        (("a1_classifiers", "two_layer_net"), "two_layer_net-model-loss",
         "assignments.solver:Solver"),
        (("a1_classifiers", "features"), "features-best", "assignments.features:np"),
        # They are what the notebook asks for, by whatever way they come.
        (("a2_networks", "batch_normalization"), "batch_normalization-batchnorm-train",
         "a2_networks/fully_connected_nets:batchnorm_forward"),
        (("a2_networks", "dropout"), "dropout-backward",
         "a2_networks/fully_connected_nets:dropout_backward"),
        (("a2_networks", "convolutional_networks"), "convolutional_networks-conv-forward",
         "assignments.fast_layers:conv_forward_fast"),
        (("a2_networks", "convolutional_networks"), "convolutional_networks-max-pool-backward",
         "assignments.layers:conv_relu_pool_backward"),
    ],
)  # fmt: skip
def test_nothing_else_is_served(notebook, question, name):
    with pytest.raises(KeyError):
        answer_key(source(*notebook)).served(question)(name)


def test_names_of_the_notebook_itself_only_when_the_reference_stands_in_for_them():
    key = answer_key(source("a3_captioning", "rnn_captioning"))
    name = "rnn_step_forward"
    assert key.served("rnn_captioning-forward", (name,))(name) is key.reference.rnn_step_forward
    with pytest.raises(KeyError):
        key.served("rnn_captioning-forward")(name)


BY_AFFINE = """
affine_backward = layers.affine_backward

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dscores = dnext_h * (1 - next_h**2)
    dx, dWx, db = affine_backward(dscores, (x, Wx, 0 * Wx[0]))
    dprev_h, dWh, _ = layers.affine_backward(dscores, (prev_h, Wh, 0 * Wh[0]))
    return dx, dprev_h, dWx, dWh, db
"""


@needs_bubblewrap
def test_a_step_of_an_rnn_may_stand_on_the_affine_layer_of_the_first_cells():
    rnn = source("a3_captioning", "rnn_captioning")
    key = answer_key(rnn)
    forward = next(c for c in rnn.cells if c.grade_id == "rnn_captioning-step-forward-code")
    own = forward.source.partition("### BEGIN SOLUTION")[0] + (
        "    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)\n"
        "    return next_h, (x, prev_h, Wx, Wh, next_h)\n"
    )
    cells = [*rnn.cells, Cell(900, "code", own), Cell(901, "code", BY_AFFINE)]
    with Sandbox(("numpy",)) as sandbox:
        session = SandboxSession(sandbox, cells, rnn.outline, key.files_of())
        attempt = score_question(session, key, "rnn_captioning-step-backward", Seeds(b"test"))
        session.close()
    assert attempt.share == 1, [result.reason for result in attempt.results]
