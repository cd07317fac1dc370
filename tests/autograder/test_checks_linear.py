"""The checks of the SVM and softmax notebooks tell right solutions from wrong ones."""

import json
from collections import Counter

import pytest

from assignments.checking import find_checks
from assignments.notebook import load, read_cells
from assignments.questions import run_check
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

NOTEBOOKS = Course().assignment("a1_classifiers").notebooks
POINTS = {
    "svm": {
        "svm-loss-naive": 7,
        "svm-loss-vectorized": 7,
        "svm-q-loss": 2,
        "svm-q-templates": 2,
    },
    "softmax": {
        "softmax-loss-naive": 5,
        "softmax-loss-vectorized": 5,
        "softmax-classifiers": 1,
        "softmax-train": 5,
        "softmax-predict": 2,
        "softmax-q-loss": 2,
        "softmax-q-search": 2,
    },
}
both = pytest.mark.parametrize("name", ["svm", "softmax"])


@both
def test_points(name):
    found = {question: about.points for question, about in NOTEBOOKS[name].questions.items()}
    assert found == POINTS[name]
    assert sum(found.values()) == {"svm": 18, "softmax": 22}[name]


@both
def test_solutions_and_variants_pass_and_misconceptions_are_caught_and_named(name):
    verdict = verify_seed(NOTEBOOKS[name], 1)
    assert not verdict.failures
    assert verdict.proved
    assert not verdict.idle_checks()


@both
def test_every_question_has_enough_patches(name):
    patches = load_patches("a1_classifiers", name)
    assert max(Counter(patch.name for patch in patches).values()) == 1
    for kind, least in ((Misconception, 3), (Variant, 2), (Shortcut, 1)):
        count = Counter(patch.question for patch in patches if type(patch) is kind)
        for question in NOTEBOOKS[name].auto_questions():
            wanted = 5 if kind is Misconception and "-loss-" in question.grade_id else least
            assert count[question.grade_id] >= wanted, (kind, question.grade_id)


@both
def test_an_unwritten_notebook_passes_nothing(name):
    nb = json.loads(NOTEBOOKS[name].path.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] = _stubbed("".join(cell["source"]))
    module = load(read_cells(nb), NOTEBOOKS[name].outline, f"unwritten_{name}")
    for package in (None, hidden_checks):
        for question in NOTEBOOKS[name].auto_questions():
            for check in find_checks(question.grade_id, *([package] if package else [])):
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


@both
def test_the_written_questions_have_an_answer_and_a_scheme_that_adds_up(name):
    for cell in NOTEBOOKS[name].cells:
        if cell.grade_id in POINTS[name] and "-q-" in cell.grade_id:
            outside, answer = split_regions(cell.source, "SOLUTION")
            _rest, scheme = split_regions(cell.source, "MARK SCHEME")
            assert not "".join(outside).strip()
            assert len("".join(answer)) > 300
            shares = [float(part.split(": ")[1]) for part in scheme[0].rstrip(".").split(", ")]
            assert sum(shares) == POINTS[name][cell.grade_id]
            assert [line[:2] for line in scheme[1:]] == ["1.", "2.", "3."]


def test_half_of_the_work_gets_part_of_the_points():
    key = answer_key(NOTEBOOKS["svm"])
    (no_gradient,) = (patch for patch in key.patches if patch.name == "naive-no-gradient")
    module = key.patched(no_gradient)
    attempt = score_question(LiveSession(vars(module)), key, "svm-loss-naive", lambda check: 0)
    assert 0.25 < attempt.share < 0.5


def test_work_that_builds_on_lost_questions_gets_a_second_chance():
    key = answer_key(NOTEBOOKS["softmax"])
    (all_classes,) = (patch for patch in key.patches if patch.name == "vectorized-all-classes")
    module = key.patched(all_classes)
    session = LiveSession(vars(module))
    for question in ("softmax-classifiers", "softmax-train"):
        lost = frozenset({"softmax-loss-vectorized"})
        assert score_question(session, key, question, lambda check: 0, lost).share == 1
