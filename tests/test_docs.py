"""The guides: their commands exist, their links lead somewhere, their code parses."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from autograder.cli import main

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?:^|`|/)(autograder [^`\n#]+)", re.M)


def commands():
    for guide in GUIDES:
        for match in COMMAND.finditer(guide.read_text(encoding="utf-8")):
            yield pytest.param(match[1].strip(), id=f"{guide.name}: {match[1].strip()}")


@pytest.mark.parametrize("line", list(commands()))
def test_a_command_takes_these_arguments(line):
    arguments = [
        word for word in shlex.split(line)[1:] if word not in ("--course", "FOLDER", "...")
    ]
    if not arguments:
        return
    command = main.commands.get(arguments[0])
    assert command, f"there is no command {arguments[0]!r}"
    known = {name for option in command.params for name in option.opts}
    used = {word.partition("=")[0] for word in arguments[1:] if word.startswith("-")}
    assert used <= known


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_links_lead_somewhere(guide):
    text = guide.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", text):
        assert (guide.parent / target).exists(), target
        assert not anchor or anchor in anchors(guide.parent / target), anchor


def anchors(guide):
    headings = re.findall(r"^#+ (.+)$", guide.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_files_that_are_named_exist(guide):
    rooms = "assignments|autograder|bench|datasets|docs|source|tests|tools"
    named = re.findall(rf"`((?:{rooms})/[\w./-]+)`", guide.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_python_parses(guide):
    for code in re.findall(
        r"^```python\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S
    ):
        ast.parse(code)


def test_the_guides_name_only_what_exists():
    """Functions and options of the tables of the guide for check authors are there."""
    from assignments import compare, gradients, questions
    from assignments.student import Remote, Student
    from autograder import mistakes

    text = (ROOT / "docs" / "check-authors.md").read_text(encoding="utf-8")
    student = Student(lambda *_: {})
    for name in re.findall(r"`student\.(\w+)[(`]", text):
        assert name in ("f", "Net") or hasattr(student, name), name
    for name in re.findall(r"`model\.(\w+)\(", text):
        assert name == "loss" or hasattr(Remote, name), name
    functions = [name for name in compare.__all__ if name[0].islower()]
    for name in (*functions, "numerical_gradient"):
        assert f"`{name}(" in text, name
        assert hasattr(compare, name) or hasattr(gradients, name)
    for name in ("weight", "builds_on", "cpu", "rule"):
        assert f"`{name}=" in text
        assert name in questions.question.__kwdefaults__
    for name in ("Mistake", "Variant", "Shortcut"):
        assert f"`{name}`" in text
        assert name in mistakes.__all__


def test_the_form_of_a_report_is_described_in_full():
    """Every attribute of the records that grading makes stands in the guide."""
    from autograder import record

    text = (ROOT / "docs" / "check-authors.md").read_text(encoding="utf-8")
    records = (
        record.Answer, record.CheckRecord, record.Hint, record.NotebookRecord,
        record.QuestionRecord, record.Report,
    )  # fmt: skip
    names = {name for kind in records for name in kind.__struct_fields__}
    assert {name for name in names if f"`{name}`" not in text} == set()
