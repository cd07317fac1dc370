"""Every text that a student reads from code, listed for translators.

Two catalogues: what ships to students (the package ``assignments``, sentences of public checks,
what is said about recorded mistakes), and what must not (sentences of hidden checks, the words of
grader and feedback pages). Texts are looked up when they are said, so that a catalogue is all that
a translated edition adds.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from assignments.checking import find_checks
from autograder.answer_key import answer_key
from autograder.course import HOME, Course

__all__ = ["catalogues", "write_catalogues"]

_KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
_METHODS = [("**.py", "python"), ("**.j2", "jinja2.ext.babel_extract")]


def catalogues(course: Course) -> dict[str, Catalog]:
    """The texts by who may have them: ``students`` and ``grader``."""
    students = Catalog(project="vision-assignments", charset="utf-8")
    grader = Catalog(project="vision-assignments", charset="utf-8")
    _add_code(students, HOME / "assignments")
    _add_code(students, HOME / "tools")  # what `make learn` says
    for name in course.assignments():
        for source in course.assignment(name).notebooks.values():
            key = answer_key(source)
            for question in key.checks:
                for check in find_checks(question):
                    students.add(check.template, locations=[(f"{question}: {check.name}", 0)])
                for mistake in key.mistakes(question):
                    for text in filter(None, (mistake.home, mistake.hint)):
                        students.add(text, locations=[(f"{question}: {mistake.name}", 0)])
    _add_code(grader, HOME / "autograder")
    for name in course.assignments():
        for source in course.assignment(name).notebooks.values():
            for question, checks in answer_key(source).checks.items():
                for check in checks:
                    grader.add(check.template, locations=[(f"{question}: {check.name}", 0)])
    for message in list(students):  # said by both: it ships already
        if message.id in grader:
            grader.delete(message.id)
    return {"students": students, "grader": grader}


def write_catalogues(course: Course, folder: Path) -> dict[Path, int]:
    """Write both as ``<name>.pot``; gives the files with the number of their texts."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, catalogue in catalogues(course).items():
        path = folder / f"{name}.pot"
        with path.open("wb") as file:
            write_po(file, catalogue, omit_header=True, sort_output=True, width=100)
        written[path] = len(catalogue)
    return written


def _add_code(catalogue: Catalog, folder: Path) -> None:
    """The texts of the messages in a folder's code and templates."""
    found = extract_from_dir(str(folder), _METHODS, keywords=_KEYWORDS)
    for file, line, message, _comments, _context in found:
        catalogue.add(message, locations=[(file, line)])
