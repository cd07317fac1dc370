"""Right answers of real people whose form is not the documented one, in the sandbox.

Each loses at most the small check of form, and what builds on it loses nothing.
"""

import warnings
from dataclasses import replace

import pytest
from boxes import needs_bubblewrap

from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.sandbox.box import Sandbox
from autograder.scoring import Attempt, score_question
from autograder.session import SandboxSession

pytestmark = needs_bubblewrap
COURSE = Course()


def lost(path: str, old: str, new: str) -> dict[str, Attempt]:
    """The questions that lose points when the reference is handed in with a text replaced."""
    assignment, name = path.split("/")
    source = COURSE.assignment(assignment).notebooks[name]
    key = answer_key(source)
    (at,) = [at for at, cell in enumerate(source.cells) if cell.solution and old in cell.source]
    cells = list(source.cells)
    cells[at] = replace(cells[at], source=cells[at].source.replace(old, new))
    failed: dict[str, Attempt] = {}
    with Sandbox(key.packages) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = SandboxSession(sandbox, cells, source.outline, key.files_of())
        for question in key.checks:
            attempt = score_question(session, key, question, Seeds(b"test"), frozenset(failed))
            if attempt.share < 1:
                failed[question] = attempt
        session.close()
    return failed


FORM = ["documented_form"]
KNN, RNN, NET = "a1_classifiers/knn", "a3_captioning/rnn_captioning", "a1_classifiers/two_layer_net"
FULL = "a2_networks/fully_connected_nets"
VOTE = "y_pred[i] = np.argmax(votes)\n"
STEP = "next_h = np.tanh(x @ Wx + prev_h @ Wh + b)"


@pytest.mark.parametrize(
    ("path", "old", "new", "want"),
    [
        (
            KNN,
            "dists = np.sqrt(np.maximum(squared, 0))",
            "dists = np.sqrt(np.matrix(squared).clip(0))",
            {"knn-no-loops": FORM},
        ),
        (
            KNN,
            VOTE,
            f"{VOTE}        y_pred = [int(y) for y in y_pred]\n",
            {"knn-predict-labels": FORM},
        ),
        (KNN, VOTE, f"{VOTE}        y_pred = y_pred[:, None]\n", {"knn-predict-labels": FORM}),
        (
            RNN,
            STEP,
            f"{STEP}.astype(np.float64)",
            {"rnn_captioning-step-forward": ["test_single"]},
        ),
        (
            RNN,
            "db = da.sum(axis=0)",
            "db = da.sum(axis=0, keepdims=True)",
            {"rnn_captioning-step-backward": FORM},
        ),
        (
            NET,
            "db = dout.sum(axis=0)",
            "db = dout.sum(axis=0).tolist()",
            {"two_layer_net-affine-backward": FORM},
        ),
    ],
    ids=["matrix", "list", "column", "double", "row", "list of a tuple"],
)
def test_another_form_costs_one_small_check_and_nothing_that_follows(path, old, new, want):
    attempts = lost(path, old, new)
    failed = {
        question: [result.check.name for result in attempt.results if not result.passed]
        for question, attempt in attempts.items()
    }
    assert failed == want
    assert all(attempt.share == pytest.approx(0.9, abs=0.02) for attempt in attempts.values())


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (RNN, 'if cell_type != "rnn":', 'if cell_type is not "rnn":'),
        (
            NET,
            "np.random.randn(input_dim, hidden_dim)",
            "np.random.randn(input_dim, hidden_dim).astype('f')",
        ),
    ],
    ids=["interned", "single"],
)
def test_what_is_right_in_a_kernel_is_right_in_the_sandbox(path, old, new):
    assert lost(path, old, new) == {}


@pytest.mark.parametrize(
    ("path", "old", "new", "question"),
    [
        (NET, "weight_scale * np.random.randn(input", "np.random.randn(input", "model-init"),
        (FULL, "self.params[name] = self.params[name].astype(dtype)", "pass", "init"),
    ],
    ids=["scale", "double"],
)
def test_an_init_that_loses_a_point_costs_nothing_later(path, old, new, question):
    assert set(lost(path, old, new)) == {f"{path.partition('/')[2]}-{question}"}
