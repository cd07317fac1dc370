"""The kNN notebook's checks hold the right solutions for right and the wrong ones for wrong."""

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
from autograder.verify import verify_seed

SOURCE = Course().assignment("a1_classifiers").notebooks["knn"]
POINTS = {
    "knn-two-loops": 3,
    "knn-one-loop": 3,
    "knn-no-loops": 4,
    "knn-predict-labels": 3,
    "knn-predict": 1,
    "knn-cross-validate": 3,
    "knn-q-distances": 1.5,
    "knn-q-k": 1.5,
}
AUTO = [name for name in POINTS if not name.startswith("knn-q-")]


def test_points():
    assert {name: question.points for name, question in SOURCE.questions.items()} == POINTS
    assert sum(POINTS.values()) == 20


@pytest.mark.parametrize("seed", [0, 1])
def test_solutions_and_variants_pass_and_misconceptions_are_caught_and_named(seed):
    verdict = verify_seed(SOURCE, seed)
    assert not verdict.failures
    assert verdict.proved
    assert not verdict.idle_checks()


def test_every_question_has_enough_patches():
    patches = load_patches("a1_classifiers", "knn")
    names = Counter(patch.name for patch in patches)
    assert set(names.values()) == {1}
    for kind, least in ((Misconception, 4), (Variant, 2), (Shortcut, 1)):
        count = Counter(patch.question for patch in patches if type(patch) is kind)
        assert all(count[question] >= least for question in AUTO), (kind, count)


def test_an_unwritten_notebook_passes_nothing():
    nb = json.loads(SOURCE.path.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] = _stubbed("".join(cell["source"]))
    module = load(read_cells(nb), SOURCE.outline, "unwritten_knn")
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
    for cell in SOURCE.cells:
        if cell.grade_id in POINTS and cell.grade_id not in AUTO:
            outside, answer = split_regions(cell.source, "SOLUTION")
            _rest, scheme = split_regions(cell.source, "MARK SCHEME")
            assert not "".join(outside).strip()
            assert len("".join(answer)) > 300
            assert scheme[0] == "0.5 each."
            assert [line[:2] for line in scheme[1:]] == ["1.", "2.", "3."]


def test_work_that_builds_on_lost_questions_gets_a_second_chance():
    for question in ("knn-predict", "knn-cross-validate"):
        served = {
            name
            for check in answer_key(SOURCE).checks[question]
            for names in check.marker.builds_on.values()
            for name in names
        }
        assert "KNearestNeighbor.compute_distances_no_loops" in served
        assert "KNearestNeighbor.predict_labels" in served
        assert "cross_validate_k" not in served
