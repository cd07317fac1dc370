"""Grade many submissions: a pool of workers, one journal, one writer.

Workers get submissions as bytes and return reports, so they may share no disk. A
report is in the journal, on disk, before the gradebook and the files made from it are touched;
whatever a crash leaves undone is done at the next start.
"""

import hashlib
import multiprocessing
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from assignments.messages import _
from autograder import autograded, feedback
from autograder.course import HOME, Course, CourseError
from autograder.gradebook import Gradebook
from autograder.grading import Settings, grade_submission, make_report
from autograder.journal import Entry, Journal
from autograder.record import SCHEMA, Report, Written
from autograder.sandbox.box import Sandbox
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.submission import Submission, find_submissions, read_submission

__all__ = ["course_settings", "grade_class", "plan_class", "pool"]

#: Submissions held in memory at once, for each worker.
_AHEAD = 3


def course_settings(course: Course, assignment: str, protection: str = "bubblewrap") -> Settings:
    """What a class is graded with; makes the course's secret when there is none yet."""
    settings = Settings(_secret(course), protection)
    return replace(settings, grader_hash=_grader_hash(course, assignment, settings))


def plan_class(
    course: Course, assignment: str, students: Iterable[str] = ()
) -> list[tuple[str, Path]]:
    """(student, folder) of the submissions to look at.

    Raises:
        CourseError: nobody handed in, or a named student did not.
    """
    course.assignment(assignment)
    found = find_submissions(course.submitted_dir, assignment)
    wanted = set(students)
    if absent := wanted - {student for student, _folder in found}:
        raise CourseError(
            f"no submission of {assignment} by {', '.join(sorted(absent))} under "
            f"{course.submitted_dir}"
        )
    if not found:
        raise CourseError(
            f"nobody handed in {assignment}: there is no folder "
            f"{course.submitted_dir}/<student>/{assignment}"
        )
    return [(student, folder) for student, folder in found if not wanted or student in wanted]


def grade_class(
    course: Course,
    assignment: str,
    settings: Settings,
    submissions: list[tuple[str, Path]],
    make_executor: Callable[[], Executor],
    force: bool = False,
) -> Iterator[tuple[Report, bool]]:
    """Grade submissions and write what follows from it.

    Yields each report as it is done, and whether it is the journal's, of an unchanged submission.

    Args:
        course: where everything lies.
        assignment: its name.
        settings: from :func:`course_settings`.
        submissions: from :func:`plan_class`.
        make_executor: makes a pool of workers, again should one break.
        force: grade also what has not changed since it was last graded.

    Raises:
        SandboxUnavailable: student code cannot be run safely here; nothing was graded.
    """
    with Sandbox(("numpy",), settings.limits, settings.protection):
        pass  # If no sandbox starts, none of the class is graded.
    journal = Journal(course.journal_path)
    latest = journal.latest(assignment)
    with Gradebook(course) as book:
        book.sync(assignment)

        def finish(report: Report, submission: Submission) -> None:
            book.apply(report)
            if report.status != "machine":
                autograded.write(course, report, submission)
                marks = book.marks(assignment, submission.student)
                feedback.write_feedback(course, report, marks[0] if marks else None)
            journal.append(Written.of(report))

        def waiting() -> Iterator[Submission]:
            for student, folder in submissions:
                submission = read_submission(folder, student, assignment)
                if not force and _is_current(latest.get(student), submission, settings):
                    unchanged.append(submission)
                else:
                    yield submission

        unchanged: list[Submission] = []
        for submission, report in _graded(waiting(), course, settings, make_executor):
            journal.append(report)
            finish(report, submission)
            yield report, False
        for submission in unchanged:
            entry = latest[submission.student]
            if not entry.written:  # a crash came between the journal and what follows from it
                finish(entry.report, submission)
            yield entry.report, True


def _graded(
    submissions: Iterator[Submission],
    course: Course,
    settings: Settings,
    make_executor: Callable[[], Executor],
) -> Iterator[tuple[Submission, Report]]:
    """Submissions with their reports, in the order in which they are done."""
    source_root = str(course.root)
    again: list[Submission] = []
    with _executor(make_executor) as workers:
        running: dict[Future, Submission] = {}
        ahead = _AHEAD * (os.cpu_count() or 1)
        exhausted = False
        while running or not exhausted:
            while len(running) < ahead and not exhausted:
                submission = next(submissions, None)
                if submission is None:
                    exhausted = True
                    break
                try:
                    future = workers.submit(_grade, submission, source_root, settings)
                except BrokenProcessPool:
                    again.append(submission)
                    again += submissions
                    exhausted = True
                else:
                    running[future] = submission
            if not running:
                break
            future = next(as_completed(running))
            submission = running.pop(future)
            try:
                yield submission, future.result()
            except BrokenProcessPool:
                again.append(submission)
    # A worker died, and with it whatever was in work beside the culprit: one after the other now.
    for submission in again:
        with _executor(make_executor) as workers:
            try:
                report = workers.submit(_grade, submission, source_root, settings).result()
            except BrokenProcessPool:
                report = _machine_report(
                    submission, settings, _("the grader's process was ended by the system")
                )
        yield submission, report


def _grade(submission: Submission, source_root: str, settings: Settings) -> Report:
    """What a worker does; failures of the machine are reports too."""
    os.environ.setdefault("MPLBACKEND", "agg")
    course = Course(Path(source_root))
    if not course.source_dir.is_dir():
        course = Course(HOME)
    try:
        return grade_submission(submission, course.assignment(submission.assignment), settings)
    except (SandboxUnavailable, OSError, MemoryError) as error:
        return _machine_report(submission, settings, f"{type(error).__name__}: {error}")


def _machine_report(submission: Submission, settings: Settings, reason: str) -> Report:
    reason = _("our machine failed and will try again: {reason}").format(reason=reason)
    return make_report(submission, settings, "machine", reason)


def pool(jobs: int | None = None) -> Executor:
    """A pool of worker processes on this machine, one a core by default."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # as many workers as cores: one thread each
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading"])
    return ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=context)


@contextmanager
def _executor(make: Callable[[], Executor]) -> Iterator[Executor]:
    executor = make()
    try:
        yield executor
    finally:
        try:
            executor.shutdown(cancel_futures=True)
        except TypeError:  # Dask's knows no such option, and cancels when it need not wait
            executor.shutdown(wait=False)


def _is_current(entry: Entry | None, submission: Submission, settings: Settings) -> bool:
    return (
        entry is not None
        and entry.report.status != "machine"
        and entry.report.content_hash == submission.content_hash
        and entry.report.grader_hash == settings.grader_hash
    )


def _secret(course: Course) -> bytes:
    """The course's secret, which decides everybody's inputs; made on first use."""
    path = course.root / ".autograder-secret"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text().strip())


def _grader_hash(course: Course, assignment: str, settings: Settings) -> str:
    """SHA-256 over all that a report depends on besides the submission."""
    ours = Path(__file__).parent
    files = [
        *(course.source_dir / assignment).glob("*.ipynb"),
        *(HOME / "assignments").rglob("*.py"),
        *(ours / "checks" / assignment).rglob("*.py"),
        *(ours / "misconceptions" / assignment).rglob("*.py"),
        *(ours / "sandbox").glob("*.py"),
        *(ours / "heldout").glob("*.py"),
        *(ours / "heldout").glob("*/manifest.json"),
        *(
            ours / f"{name}.py"
            for name in ("answer_key", "diagnosis", "grading", "scoring", "session", "submission")
        ),
        HOME / "requirements.lock",
    ]
    digest = hashlib.sha256(f"{SCHEMA} {settings.limits} {settings.protection}".encode())
    for file in sorted(files):
        if file.is_file():
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()
