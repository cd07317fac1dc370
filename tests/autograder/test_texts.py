"""Texts for translators: complete, apart by who may have them, looked up when they are said."""

import ast
from pathlib import Path

import checked_course
import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import HOME
from autograder.texts import catalogues, write_catalogues

CODE = sorted(
    path for room in ("assignments", "autograder") for path in (HOME / room).rglob("*.py")
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    with checked_course.checked_course(tmp_path_factory.mktemp("course")) as course:
        yield course


def test_what_ships_is_told_from_what_must_not(course):
    found = catalogues(course)
    students, grader = ({m.id for m in found[name]} for name in ("students", "grader"))
    assert "The mean square of 1 and 3 is 5." in students  # a public check
    assert "Is this the sum of the squares?" in students
    assert "You add the squares up but never divide by how many there are." in students
    assert "not implemented yet" in students
    assert "One number has its own square." in grader  # a hidden check
    assert "From your grader" in grader  # a template
    assert not students & grader - {""}


def test_they_are_written_for_translators(course, tmp_path):
    written = write_catalogues(course, tmp_path / "locale")
    assert {path.name for path in written} == {"students.pot", "grader.pot"}
    for path, count in written.items():
        assert path.read_text(encoding="utf-8").count("\nmsgid ") >= count - 1 > 50


def test_the_command_names_what_it_wrote(course, tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.texts.write_catalogues", lambda _course, folder: {folder: 7})
    result = CliRunner().invoke(main, ["texts", str(tmp_path)])
    assert result.exit_code == 0
    assert "7 texts" in result.output


def at_import(path: Path) -> list[str]:
    """Messages that are looked up while a module is imported, and so freeze its language."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda | ast.AsyncFunctionDef)
        for part in (function.body if isinstance(function.body, list) else [function.body])
        for node in ast.walk(part)
    }
    return [
        f"{path.relative_to(HOME)}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("_", "ngettext")
        and node not in inside
    ]


def test_texts_are_looked_up_when_they_are_said():
    assert [place for path in CODE for place in at_import(path)] == []
