"""Grade many submissions: each behind a fence, one journal, one writer.

A report is in the journal, on disk, before the gradebook and the files made from it are touched;
whatever a crash leaves undone is done at the next start. Submissions may be graded on other
machines, by any :class:`concurrent.futures.Executor`: they travel as bytes, and reports come back
as JSON.
"""

import fcntl
import json
import os
import socket
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec

from autograder.course import HOME, Course, CourseError
from autograder.fence import Account, Fence, Slots, Stopped, grade_fenced
from autograder.gradebook import Gradebook, Marks
from autograder.grading import Progress, Settings
from autograder.journal import Journal
from autograder.pages import Rendering, pages_there, save_pages
from autograder.record import Report, Written
from autograder.sandbox.box import Sandbox
from autograder.submission import Refused, Submission, find_submissions, read_submission

__all__ = ["course_settings", "grade_class", "lock", "plan_class"]

#: Submissions in work at once, for each core: most of them may sleep.
_LIVE = 8


def course_settings(course: Course, protection: str = "bubblewrap") -> Settings:
    """What a class is graded with; makes the course's secret when there is none yet."""
    return Settings(course.secret(), protection)


def plan_class(
    course: Course, assignment: str, students: Iterable[str] = ()
) -> tuple[list[tuple[str, Path]], list[Refused]]:
    """(student, folder) of the submissions to look at, and folders that cannot be graded.

    Raises:
        CourseError: nobody handed in, or a named student did not.
    """
    course.assignment(assignment)
    try:
        found, refused = find_submissions(course.submitted_dir, assignment)
    except OSError as error:
        raise CourseError(f"{course.submitted_dir} cannot be read: {error.strerror}") from None
    wanted = set(students)
    if absent := wanted - {student for student, _folder in found}:
        raise CourseError(
            f"no submission of {assignment} by {', '.join(sorted(absent))} under "
            f"{course.submitted_dir}"
        )
    if not found and not refused:
        raise CourseError(
            f"nobody handed in {assignment}: there is no folder "
            f"{course.submitted_dir}/<student>/{assignment}"
        )
    if wanted:
        return [entry for entry in found if entry[0] in wanted], []
    return found, refused


def grade_class(
    course: Course,
    assignment: str,
    settings: Settings,
    submissions: list[tuple[str, Path]],
    jobs: int | None = None,
    force: bool = False,
    elsewhere: Executor | None = None,
) -> Iterator[tuple[Report, bool]]:
    """Grade submissions and write what follows from it.

    Yields each report as it is done, and whether it is the journal's, of an unchanged submission.

    Args:
        course: where everything lies.
        assignment: its name.
        settings: from :func:`course_settings`.
        submissions: from :func:`plan_class`.
        jobs: submissions that compute at once, one a core by default.
        force: grade also what has not changed since it was last graded.
        elsewhere: grades in the place of this machine.

    Raises:
        CourseError: somebody else grades this course now, or the course lacks something.
        SandboxUnavailable: student code cannot be run safely here; nothing was graded.
    """
    if not elsewhere:
        with Sandbox(("numpy",), settings.limits, settings.protection):
            pass  # If no sandbox starts, none of the class is graded.
    jobs = jobs or os.cpu_count() or 1
    with lock(course, assignment), Fence(course.assignment(assignment), settings) as fence:
        settings = fence.settings
        with (
            Gradebook(course) as book,
            _threads(jobs * _LIVE) as graders,
            _threads(jobs) as painters,
        ):
            book.sync(assignment)
            work = _Class(course, settings, fence, book, Slots(jobs), force, elsewhere)
            yield from work.done(submissions, graders, painters)


@dataclass
class _Graded:
    """A submission with its report, which may be one that the journal had."""

    submission: Submission
    report: Report
    unchanged: bool = False
    written: bool = False


class _Class:
    """What is done with each submission: ``grade`` and ``pages`` in any thread, the rest in one."""

    def __init__(
        self,
        course: Course,
        settings: Settings,
        fence: Fence,
        book: Gradebook,
        slots: Slots,
        force: bool,
        elsewhere: Executor | None,
    ) -> None:
        self.course = course
        self.settings = settings
        self.fence = fence
        self.book = book
        self.slots = slots
        self.force = force
        self.elsewhere = elsewhere
        self.journal = Journal(course.journal_path)
        self.latest = self.journal.latest(fence.assignment.name)
        # A gradebook or pages may have been lost, or brought back from an older copy.
        self.shown = {
            student
            for student, entry in self.latest.items()
            if entry.written and book.holds(entry.report) and pages_there(course, entry.report)
        }

    def done(
        self, submissions: list[tuple[str, Path]], graders: Executor, painters: Executor
    ) -> Iterator[tuple[Report, bool]]:
        """Grade and write each; yields (report, unchanged?) in the order in which they are done.

        What fails for one student is a report of that, and the others go on.
        """
        waiting = {graders.submit(self.grade, *entry): entry[0] for entry in submissions}
        painted: dict[Future, _Graded] = {}
        while waiting or painted:
            for future in wait([*waiting, *painted], return_when=FIRST_COMPLETED).done:
                student = waiting.pop(future, "")
                graded = painted.pop(future, None)
                try:
                    if graded is not None:
                        student = graded.report.student
                        self.save(graded, future.result())
                    elif not (graded := future.result()).written:
                        painting = painters.submit(self.pages, graded, self.write(graded))
                        painted[painting] = graded
                        continue
                    report, unchanged = graded.report, graded.unchanged
                except Exception:
                    report, unchanged = self.failed(student), False
                yield report, unchanged

    def grade(self, student: str, folder: Path) -> _Graded:
        submission = read_submission(folder, student, self.fence.assignment.name)
        entry = self.latest.get(student)
        if entry and not self.force and _is_current(entry.report, submission, self.settings):
            return _Graded(submission, entry.report, True, student in self.shown)
        if self.elsewhere is None:
            report = grade_fenced(self.fence, submission, self.settings, self.slots)
        else:
            root = str(self.course.root)
            told = self.elsewhere.submit(grade_elsewhere, root, submission, self.settings)
            report = msgspec.json.decode(told.result(), type=Report)
        return _Graded(submission, report)

    def write(self, graded: _Graded) -> Marks | None:
        """Journal and gradebook; returns what the gradebook says then."""
        if not graded.unchanged:
            self.journal.append(graded.report)
        self.book.apply(graded.report)
        marks = self.book.marks(graded.report.assignment, graded.report.student)
        return marks[0] if marks else None

    def pages(self, graded: _Graded, marks: Marks | None) -> dict[str, str]:
        """The texts of all files that show a submission, by path."""
        nothing = Submission(graded.report.student, graded.report.assignment)
        for submission in (graded.submission, nothing):
            job = Rendering(self.course, graded.report, submission, marks)
            try:
                with self.slots.place(hurry=True) as place:
                    [rendered] = self.fence.run(job, Account(self.settings.budget), place)
                return rendered.pages
            except Stopped as stopped:
                fault = stopped.fault  # without what was handed in, then
        raise RuntimeError(f"pages with nothing of a student's in them cannot be made: {fault}")

    def save(self, graded: _Graded, pages: dict[str, str]) -> None:
        save_pages(self.course, graded.report, pages)
        self.journal.append(Written.of(graded.report))

    def failed(self, student: str) -> Report:
        """The report of an exception of ours, now being handled; no older score stays."""
        submission = Submission(student, self.fence.assignment.name)
        progress = Progress(submission, self.fence.assignment, self.settings)
        progress.stop("machine", "", traceback.format_exc())
        report = progress.report()
        self.journal.append(report)
        self.book.apply(report)
        return report


def _is_current(report: Report, submission: Submission, settings: Settings) -> bool:
    return (
        report.status != "machine"
        and report.content_hash == submission.content_hash
        and report.grader_hash == settings.grader_hash
    )


# --- other machines ------------------------------------------------------------------------------


def grade_elsewhere(root: str, submission: Submission, settings: Settings) -> bytes:
    """What a worker of another machine does: the report as JSON.

    A worker whose grader is not that of the machine that asks says so: its report is one of a
    failure.
    """
    fence = _fence_here(root, submission.assignment, settings.protection, settings.secret)
    here = fence.settings
    if here.grader_hash != settings.grader_hash:
        progress = Progress(submission, fence.assignment, settings)
        progress.stop("machine", "this worker has another version of the grader or of the course")
        return msgspec.json.encode(progress.report())
    return msgspec.json.encode(grade_fenced(fence, submission, settings))


@cache
def _fence_here(root: str, assignment: str, protection: str, secret: bytes) -> Fence:
    course = Course(Path(root))
    if not course.source_dir.is_dir():
        course = Course(HOME)
    return Fence(course.assignment(assignment), Settings(secret, protection))


# --- the course's own files ----------------------------------------------------------------------


@contextmanager
def lock(course: Course, what: str) -> Iterator[None]:
    """Nobody else grades this course while it lasts.

    Raises:
        CourseError: somebody does; the message says who.
    """
    with open(course.root / ".autograder-lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            with suppress(ValueError):
                holder = json.loads(file.read())
                raise CourseError(
                    "this course is being graded already: {what}, by process {pid} on {host} "
                    "since {since}; wait for it, or end that process".format(**holder)
                ) from None
            raise CourseError("this course is being graded already by another process") from None
        holder = {
            "what": what,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        }
        file.truncate(0)
        file.write(json.dumps(holder))
        file.flush()
        yield
        file.truncate(0)


@contextmanager
def _threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that watch over jobs; who leaves early does not wait for them."""
    threads = ThreadPoolExecutor(number)
    try:
        yield threads
        threads.shutdown()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
