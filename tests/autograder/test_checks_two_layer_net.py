"""The two-layer net's checks hold the right solutions for right and the wrong ones for wrong."""

import json
from collections import Counter

from assignments.checking import find_checks
from assignments.notebook import load, read_cells
from assignments.questions import run_check, seed_for
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder import checks as hidden_checks
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.misconceptions import Misconception, Shortcut, Variant, load_patches
from autograder.release import split_regions
from autograder.scoring import score_question
from autograder.session import LiveSession
from autograder.verify import verify_seed

SOURCE = Course().assignment("a1_classifiers").notebooks["two_layer_net"]
POINTS = {
    "affine-forward": 2,
    "affine-backward": 3,
    "relu-forward": 1,
    "relu-backward": 1.5,
    "svm-loss": 3,
    "softmax-loss": 3,
    "model-init": 1.5,
    "model-scores": 1.5,
    "model-loss": 1,
    "model-gradients": 3,
    "q-start": 1.5,
    "q-learned": 2,
}
POINTS = {f"two_layer_net-{name}": points for name, points in POINTS.items()}
AUTO = [name for name in POINTS if not name.startswith("two_layer_net-q-")]
#: The losses, the affine pair and TwoLayerNet have more.
FEWEST = {"two_layer_net-relu-forward": 3, "two_layer_net-relu-backward": 3}


def test_points():
    assert {name: question.points for name, question in SOURCE.questions.items()} == POINTS
    assert sum(POINTS.values()) == 24


def test_solutions_and_variants_pass_and_misconceptions_are_caught_and_named():
    verdict = verify_seed(SOURCE, 0)
    assert not verdict.failures
    assert verdict.proved
    assert not verdict.idle_checks()


def test_every_question_has_enough_patches():
    patches = load_patches("a1_classifiers", "two_layer_net")
    assert set(Counter(patch.name for patch in patches).values()) == {1}
    for kind, least in ((Misconception, 5), (Variant, 2), (Shortcut, 1)):
        count = Counter(patch.question for patch in patches if type(patch) is kind)
        for question in AUTO:
            assert count[question] >= min(least, FEWEST.get(question, least)), (kind, question)


def test_an_unwritten_notebook_passes_nothing():
    nb = json.loads(SOURCE.path.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] = _stubbed("".join(cell["source"]))
    module = load(read_cells(nb), SOURCE.outline, "unwritten_two_layer_net")
    for package in (None, hidden_checks):
        for question in AUTO:
            for check in find_checks(question, *([package] if package else [])):
                student = Student(in_process(Workspace(vars(module), module.missing_names)))
                result = run_check(check, student, 0)
                assert not result.passed, check.name
                assert result.blank, (check.name, result.reason)


def _stubbed(source: str) -> str:
    """A solution cell as nbgrader releases it."""
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            inside = True
            lines.append(line.partition("#")[0] + "raise NotImplementedError")
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def test_the_written_questions_have_an_answer_and_a_scheme_that_adds_up():
    parts = {"two_layer_net-q-start": 3, "two_layer_net-q-learned": 4}
    for cell in SOURCE.cells:
        if cell.grade_id in parts:
            outside, answer = split_regions(cell.source, "SOLUTION")
            _rest, scheme = split_regions(cell.source, "MARK SCHEME")
            assert not "".join(outside).strip()
            assert len("".join(answer)) > 300
            assert scheme[0] == "0.5 each."
            assert len(scheme[1:]) == parts[cell.grade_id] == 2 * POINTS[cell.grade_id]


# -- a mistake costs once ---------------------------------------------------------------------


def scored(append: str, lost: set[str], question: str) -> float:
    """The share of a question for the reference with one more cell, other questions being lost."""
    key = answer_key(SOURCE)
    nb = json.loads(SOURCE.path.read_text(encoding="utf-8"))
    nb["cells"].append({"cell_type": "code", "source": append, "metadata": {}})
    module = load(read_cells(nb), SOURCE.outline, "changed_two_layer_net")
    attempt = score_question(
        LiveSession(vars(module), module.missing_names),
        key,
        f"two_layer_net-{question}",
        lambda check: seed_for(b"test", check.name),
        frozenset(f"two_layer_net-{name}" for name in lost),
    )
    return attempt.share


LINEAR = """\
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden, first = affine_forward(X, W1, b1)
        scores, second = affine_forward(hidden, W2, b2)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        dhidden, dW2, db2 = affine_backward(dscores, second)
        _dX, dW1, db1 = affine_backward(dhidden, first)
        return loss, {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}
"""

CONSTANT = """\
class TwoLayerNet(TwoLayerNet):
    def loss(self, X, y=None):
        if y is None:
            return np.zeros((len(X), len(self.params["b2"])))
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        loss = np.log(len(b2)) + 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        return loss, {"W1": self.reg * W1, "b1": 0 * b1, "W2": self.reg * W2, "b2": 0 * b2}
"""


def test_loss_and_gradients_may_follow_from_wrong_scores():
    assert scored(LINEAR, {"model-scores"}, "model-scores") == 0
    assert scored(LINEAR, {"model-scores"}, "model-loss") == 1
    assert scored(LINEAR, {"model-scores"}, "model-gradients") == 1


def test_nothing_follows_from_scores_that_say_nothing():
    for question in ("model-scores", "model-loss", "model-gradients"):
        assert scored(CONSTANT, {"model-scores"}, question) == 0


def test_wrong_gradients_of_wrong_scores_are_wrong():
    broken = LINEAR.replace('"b1": db1', '"b1": 2 * db1')
    assert 0 < scored(broken, {"model-scores"}, "model-gradients") < 1


def test_a_broken_layer_costs_its_own_question_only():
    broken = "def affine_backward(dout, cache):\n    return None\n"
    assert scored(broken, {"affine-backward"}, "affine-backward") == 0
    assert scored(broken, {"affine-backward"}, "model-gradients") == 1
    assert scored(broken, set(), "model-gradients") == 0


def test_a_model_that_cannot_be_made_still_earns_its_scores():
    broken = (
        "class TwoLayerNet(TwoLayerNet):\n"
        "    def __init__(self, *args, **kwargs):\n        raise KeyError('W1')\n"
    )
    assert scored(broken, {"model-init"}, "model-init") == 0
    for question in ("model-scores", "model-loss", "model-gradients"):
        assert scored(broken, {"model-init"}, question) == 1
