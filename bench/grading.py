"""How long grading takes, and how that compares.

    python bench/grading.py [ASSIGNMENT ...]

Grades one correct submission of every assignment in the sandbox, and runs the same hidden checks in
this very process, warm, without any protection; the ratio is the price of safety. Then nbgrader's
own autograde on the same submission (once, its experiments at reduced scale), and the compilation
of a release. Medians over repeats.
"""

import io
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assignments.questions import Seeds
from autograder.answer_key import answer_key
from autograder.course import Assignment, Course, SourceNotebook
from autograder.demo import copy_course, solved
from autograder.fence import Fence, grade_fenced
from autograder.grading import Settings
from autograder.mistakes import Patch, apply_patch
from autograder.release import release
from autograder.scoring import attempt_question
from autograder.submission import Submission


def median(work: Callable[[], object], repeats: int) -> float:
    """Median seconds of some work, after one warm-up."""
    work()
    seconds = []
    for _repeat in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def correct_submission(course: Course, assignment: Assignment) -> Submission:
    files: dict[str, bytes] = {}
    for source in assignment.notebooks.values():
        files |= handed_in(course, source)
    return Submission("ada", assignment.name, files)


def handed_in(
    course: Course, source: SourceNotebook, patches: Sequence[Patch] = ()
) -> dict[str, bytes]:
    """A solved notebook with mistakes or a variant in it, and the files beside it."""
    key, cells = answer_key(source), source.cells
    files = dict(key.files)
    for patch in patches:
        cells = apply_patch(cells, patch)
        files |= {name: change(files[name]) for name, change in patch.files.items()}
    return {source.path.name: json.dumps(solved(course, source, cells)).encode(), **files}


def in_process(assignment: Assignment) -> None:
    """All hidden checks on the reference, here, with nothing between."""
    for source in assignment.notebooks.values():
        key = answer_key(source)
        session = key.session()
        for question in key.checks:
            assert attempt_question(session, key, question, Seeds(b"bench")).share == 1


def nbgrader_autograde(course: Course, assignment: Assignment, submission: Submission) -> None:
    """The same submission through nbgrader's own autograde, kernel and all."""
    from nbgrader.apps import NbGraderAPI

    from autograder.gradebook import Gradebook, course_config

    folder = course.submitted_dir / submission.student / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in submission.files.items():
        (folder / name).write_bytes(data)
    with Gradebook(course) as book:
        book.sync(assignment.name)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        api = NbGraderAPI(config=course_config(course))
        api.log_level = logging.ERROR
        result = api.autograde(assignment.name, submission.student, force=True, create=True)
    assert result["success"], result


def main() -> None:
    os.environ["ASSIGNMENTS_SCALE"] = "reduced"
    console = Console()
    table = Table(title="Medians; ratio to the same checks in one warm process")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("ratio", justify="right")
    home, settings = Course(), Settings(b"bench")
    for name in sys.argv[1:] or home.assignments():
        assignment = home.assignment(name)
        submission = correct_submission(home, assignment)
        fence = Fence(assignment, settings)
        report = grade_fenced(fence, submission, settings)
        assert report.score == report.max_score, report.reason
        warm = median(lambda a=assignment: in_process(a), 7)
        boxed = median(lambda s=submission, f=fence: grade_fenced(f, s, settings), 7)
        with tempfile.TemporaryDirectory() as folder:
            course = copy_course(Path(folder), name)
            started = time.perf_counter()
            nbgrader_autograde(course, assignment, submission)
            theirs = time.perf_counter() - started
            compiled = median(lambda c=course, n=name: release(c, n), 3)
        for what, seconds in (
            (f"{name}: hidden checks in this process", warm),
            (f"{name}: one correct submission in the sandbox", boxed),
            (f"{name}: the same through nbgrader autograde", theirs),
            (f"{name}: release", compiled),
        ):
            table.add_row(what, f"{seconds:.3f}", f"{seconds / warm:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
