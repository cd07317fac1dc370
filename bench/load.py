"""Does a busy machine cost points?

    python bench/load.py [ASSIGNMENT]

Grades the same 20 submissions, right and wrong, twice: alone, and beside four busy loops a core.
The points of every question must be the same.
"""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from grading import handed_in
from rich.console import Console

from autograder.answer_key import answer_key
from autograder.course import Assignment, Course
from autograder.fence import Fence, Slots, grade_fenced
from autograder.grading import Settings
from autograder.mistakes import Mistake
from autograder.submission import Submission

STUDENTS = 20


def submissions(course: Course, assignment: Assignment) -> list[Submission]:
    """Every second one is right; each of the others has one mistake in every notebook."""
    made = []
    for number in range(STUDENTS):
        files: dict[str, bytes] = {}
        for source in assignment.notebooks.values():
            key = answer_key(source)
            mistakes = [p for p in key.patches if isinstance(p, Mistake) and not p.files]
            wrong = [mistakes[7 * number % len(mistakes)]] if number % 2 else []
            files |= handed_in(course, source, wrong)
        made.append(Submission(f"student{number:02}", assignment.name, files))
    return made


def points(fence: Fence, handed_in: list[Submission]) -> tuple[dict[str, dict[str, float]], float]:
    """The points of every question by student, and the seconds that grading all took."""
    settings, slots = fence.settings, Slots(os.cpu_count() or 1)
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as threads:
        reports = threads.map(lambda s: grade_fenced(fence, s, settings, slots), handed_in)
        earned = {
            report.student: {name: q.score for name, q in report.questions().items()}
            for report in reports
        }
    return earned, time.perf_counter() - started


def spin() -> None:
    while True:
        pass


@contextmanager
def busy_loops(number: int):
    loops = [multiprocessing.Process(target=spin, daemon=True) for _loop in range(number)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()


def main() -> None:
    course = Course()
    assignment = course.assignment(sys.argv[1] if len(sys.argv) > 1 else "a1_classifiers")
    handed_in = submissions(course, assignment)
    loops = 4 * (os.cpu_count() or 1)
    with Fence(assignment, Settings(b"bench")) as fence:
        alone, seconds = points(fence, handed_in)
        with busy_loops(loops):
            beside, longer = points(fence, handed_in)
    differing = [
        f"{student} {name}: {alone[student][name]:g} alone, {beside[student].get(name)} beside"
        for student in alone
        for name in alone[student]
        if alone[student][name] != beside[student].get(name)
    ]
    console = Console()
    console.print(
        f"{STUDENTS} submissions of {assignment.name}, {sum(map(len, alone.values()))} questions: "
        f"{seconds:.0f} s alone, {longer:.0f} s beside {loops} busy loops; "
        f"{len(differing)} questions with other points"
    )
    for line in differing:
        console.print(f"  {line}")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
