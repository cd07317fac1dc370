"""What holds for every notebook, beside what ``autograder verify`` proves in CI."""

import ast
import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from assignments import checks as public_checks
from assignments.checking import find_checks
from assignments.notebook import load
from assignments.questions import run_check
from assignments.regions import split_regions
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder import checks as hidden_checks
from autograder.course import Course, SourceNotebook
from autograder.mistakes import Mistake, Variant, load_patches

COURSE = Course()
NOTEBOOKS = [
    notebook
    for assignment in COURSE.assignments()
    for notebook in COURSE.assignment(assignment).notebooks.values()
]
#: Questions with at least five mistakes; the others have three.
MANY_MISTAKES = re.compile("-loss-|affine|two_layer_net-model|batchnorm|-conv-|max-pool|adam")

each = pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda source: source.name)


@each
def test_hidden_checks_show_nothing_that_they_expect(source):
    module = importlib.import_module(
        f"{hidden_checks.__name__}.{source.assignment}.test_{source.name}"
    )
    used = [module, *(f for f in vars(module).values() if inspect.isfunction(f))]
    assert [each for each in used if "show=True" in inspect.getsource(each)] == []


@pytest.mark.parametrize("checks", [public_checks, hidden_checks], ids=["public", "hidden"])
def test_reasons_can_be_translated(checks):
    """What `CheckFailed` is given is a text in `_()`, never a bare one."""
    bare = []
    for path in Path(checks.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "CheckFailed":
                for arg in call.args:
                    choices = [arg.body, arg.orelse] if isinstance(arg, ast.IfExp) else [arg]
                    bare += [
                        f"{path.name}:{choice.lineno}"
                        for choice in choices
                        if isinstance(choice, ast.JoinedStr | ast.Constant)
                        and getattr(choice, "value", "some text")
                    ]
    assert not bare


@each
def test_every_question_has_enough_patches(source):
    patches = load_patches(source.assignment, source.name)
    assert set(Counter(patch.name for patch in patches).values()) == {1}
    for question in source.auto_questions():
        kinds = Counter(type(p) for p in patches if p.question == question.grade_id)
        many = MANY_MISTAKES.search(question.grade_id)
        assert kinds[Mistake] >= (5 if many else 3), question.grade_id
        assert kinds[Variant] >= 2, question.grade_id


@each
def test_an_unwritten_notebook_passes_nothing(source):
    released = SourceNotebook(
        source.assignment, source.name, COURSE.release_dir / source.assignment / source.path.name
    )
    module = load(released.cells, source.outline, f"unwritten_{source.name}")
    for package in (None, hidden_checks):
        for question in source.auto_questions():
            for check in find_checks(question.grade_id, *([package] if package else [])):
                student = Student(in_process(Workspace(vars(module), module.missing_names)))
                result = run_check(check, student, 0)
                assert not result.passed, check.name
                assert result.blank, (check.name, result.reason)


@each
def test_the_written_questions_have_an_answer_and_a_scheme_that_adds_up(source):
    written = [cell for cell in source.cells if "-q-" in (cell.grade_id or "")]
    assert len(written) >= 2
    for cell in written:
        outside, answer = split_regions(cell.source, "SOLUTION")
        _rest, (shares, *parts) = split_regions(cell.source, "MARK SCHEME")
        assert not "".join(outside).strip()
        assert len("".join(answer)) > 300
        assert [line[:2] for line in parts] == [f"{n}." for n in range(1, len(parts) + 1)]
        if shares == "0.5 each.":
            points = 0.5 * len(parts)
        else:  # "1: 1, 2: 0.5, 3: 0.5."
            each_part = [float(part.split(": ")[1]) for part in shares.rstrip(".").split(", ")]
            assert len(each_part) == len(parts)
            points = sum(each_part)
        assert points == source.questions[cell.grade_id].points
