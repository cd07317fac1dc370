"""What students read about a mistake before they hand in."""

from assignments.checking import find_checks
from assignments.questions import run_check
from assignments.student import Student
from autograder.answer_key import answer_key
from autograder.course import SourceNotebook


def told(source: SourceNotebook, name: str) -> list[str]:
    """Reason and symptom of each public check that a mistake fails, in its question."""
    key = answer_key(source)
    (patch,) = (patch for patch in key.patches if patch.name == name)
    session = key.session(patch)
    results = [
        run_check(check, Student(session.transport, 1, files=session.files), 1)
        for check in find_checks(patch.question)
    ]
    return [f"{result.reason} {result.symptom}" for result in results if not result.passed]
