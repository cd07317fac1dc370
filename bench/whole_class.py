"""What grading a whole class costs, and whether a wrong submission costs more than a right one.

    python bench/whole_class.py [--students 60] [--seed 0] [--jobs 1] [ASSIGNMENT ...]

The class is made from the course itself: a quarter is right; 60 % have one or two recorded mistakes
in every notebook, on different questions; 10 % have an accepted variant wherever there is one; 5 %
hand in what they were given. It is graded as ``autograder grade`` does, with journal, gradebook and
pages. Processor seconds are those of everything that works on a submission, counted by the kernel
where it has control groups: its process and its sandboxes, and apart from that its pages. Cold is
the submission that a fresh grader is done with first, warm the median of the other right ones.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from unittest import mock

from grading import handed_in
from metered import MeteredFence
from rich.console import Console
from rich.table import Table

from autograder import batch
from autograder.answer_key import answer_key
from autograder.course import Assignment, Course, CourseError, SourceNotebook
from autograder.demo import copy_course
from autograder.grading import Grading
from autograder.mistakes import Mistake, Patch, Variant, apply_patch
from autograder.pages import Rendering
from autograder.record import Report

#: What a class is made of.
SHARES = {"right": 0.25, "mistakes": 0.6, "variants": 0.1, "blank": 0.05}


def kinds(students: int) -> list[str]:
    """What each of so many students hands in; the first is right, and so is a quarter."""
    made: list[str] = []
    upto = 0.0
    for kind, share in SHARES.items():
        upto += share
        made += [kind] * (max(round(upto * students), 1) - len(made))
    return made


def submission(
    course: Course, assignment: Assignment, kind: str, chance: random.Random
) -> dict[str, bytes]:
    """The files that one student hands in."""
    files: dict[str, bytes] = {}
    for source in assignment.notebooks.values():
        if kind == "blank":
            released = course.release_dir / assignment.name / source.path.name
            files[source.path.name] = released.read_bytes()
        else:
            files |= handed_in(course, source, patches(source, kind, chance))
    return files


def patches(source: SourceNotebook, kind: str, chance: random.Random) -> Sequence[Patch]:
    """What a student of some kind does to the reference solution of a notebook."""
    known = answer_key(source).patches
    if kind == "variants":
        variants = [patch for patch in known if isinstance(patch, Variant)]
        return chance.sample(variants, min(len(variants), 1))
    if kind != "mistakes":
        return []
    mistakes = [patch for patch in known if isinstance(patch, Mistake)]
    chance.shuffle(mistakes)
    pairs = (pair for pair in combinations(mistakes, 2) if _together(source, pair))
    return next(pairs, mistakes[:1]) if chance.random() < 0.5 else mistakes[:1]


def _together(source: SourceNotebook, pair: tuple[Patch, Patch]) -> bool:
    """Can somebody make both mistakes, and on two questions?"""
    try:
        apply_patch(apply_patch(source.cells, pair[0]), pair[1])
    except CourseError:
        return False
    return pair[0].question != pair[1].question


def make_class(course: Course, assignment: Assignment, students: int, seed: int) -> dict[str, str]:
    """Hand in for so many students; returns what kind each is, by name."""
    chance = random.Random(f"{seed} {assignment.name}")
    first, *others = kinds(students)
    chance.shuffle(others)
    made = {}
    for number, kind in enumerate([first, *others]):
        name = f"student-{number:03}"
        folder = course.submitted_dir / name / assignment.name
        folder.mkdir(parents=True)
        for file, data in submission(course, assignment, kind, chance).items():
            (folder / file).write_bytes(data)
        made[name] = kind
    return made


@dataclass
class Spent:
    """Processor seconds that a class took.

    Attributes:
        grading, pages: by student.
        template: of the warm process that all are forked from, and of trying a sandbox.
        command: of journal, gradebook and all else that one process does for all.
        first: the student whose submission was graded first.
    """

    grading: dict[str, float]
    pages: dict[str, float]
    template: float
    command: float
    first: str

    @classmethod
    def of(
        cls, used: Sequence[tuple[Grading | Rendering, float]], template: float, command: float
    ) -> "Spent":
        """Put together what each job used, in the order in which they ended."""
        grading: dict[str, float] = {}
        pages: dict[str, float] = {}
        for job, seconds in used:
            if isinstance(job, Grading):
                place, name = grading, job.submission.student
            else:
                place, name = pages, job.report.student
            place[name] = place.get(name, 0.0) + seconds
        return cls(grading, pages, template, command, next(iter(grading), ""))


def grade(course: Course, assignment: str, jobs: int) -> tuple[dict[str, Report], Spent]:
    """Grade all that was handed in, as ``autograder grade`` does."""
    used: list[tuple[Grading | Rendering, float]] = []
    found, _refused = batch.plan_class(course, assignment)
    settings = batch.course_settings(course)
    before, started = _of_children(), time.process_time()
    with mock.patch.object(batch, "Fence", partial(MeteredFence, used)):
        graded = batch.grade_class(course, assignment, settings, found, jobs)
        reports = {report.student: report for report, _unchanged in graded}
    command = time.process_time() - started
    return reports, Spent.of(used, _of_children() - before, command)


def _of_children() -> float:
    """Processor seconds of the processes that this one has started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def unexpected(kinds: dict[str, str], reports: dict[str, Report]) -> list[str]:
    """Whose points are not those of their kind; nobody's should be."""
    lines = []
    for name, kind in kinds.items():
        report = reports[name]
        if report.status != "graded":
            lines.append(f"{name} ({kind}): {report.status}, {report.reason}")
        elif (report.score == report.max_score) != (kind in ("right", "variants")):
            lines.append(f"{name} ({kind}): {report.score:g} of {report.max_score:g} points")
    return lines


def summary(kinds: dict[str, str], spent: Spent) -> dict[str, float]:
    """Seconds of the first submission and of a right one later; ratios of those with mistakes."""

    def of(kind: str) -> list[float]:
        names = [name for name, one in kinds.items() if one == kind and name != spent.first]
        return [spent.grading[name] for name in names if name in spent.grading]

    warm, wrong = statistics.median(of("right")), of("mistakes")
    return {
        "cold": spent.grading[spent.first],
        "warm": warm,
        "mean": statistics.mean(wrong) / warm,
        "worst": max(wrong) / warm,
    }


def table(assignment: str, kinds: dict[str, str], spent: Spent) -> Table:
    made = Table(title=f"{assignment}: processor seconds a submission", title_justify="left")
    for heading in ("kind", "students", "median", "mean", "worst", "pages, median"):
        made.add_column(heading, justify="left" if heading == "kind" else "right")
    for kind in (*SHARES, "all"):
        names = [name for name, one in kinds.items() if kind in (one, "all")]
        times = [spent.grading[name] for name in names if name in spent.grading]
        pages = [spent.pages[name] for name in names if name in spent.pages]
        if times and pages:
            figures = statistics.median(times), statistics.mean(times), max(times)
            shown = [f"{figure:.2f}" for figure in (*figures, statistics.median(pages))]
            made.add_row(kind, str(len(names)), *shown)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT")
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="submissions at once")
    options = parser.parse_args()
    if options.students < 6:
        parser.error("a class has at least 6 students")
    console, home = Console(), Course()
    for name in options.assignments or home.assignments():
        with tempfile.TemporaryDirectory() as folder:
            for each in home.assignments():  # later notebooks stand on earlier ones
                course = copy_course(Path(folder), each)
            handed_in_as = make_class(
                course, course.assignment(name), options.students, options.seed
            )
            reports, spent = grade(course, name, options.jobs)
        figures = summary(handed_in_as, spent)
        console.print(table(name, handed_in_as, spent))
        console.print(
            "cold {cold:.2f}, warm {warm:.2f} for a right one; with mistakes {mean:.2f} times as "
            "much on average, {worst:.2f} at worst".format(**figures)
        )
        console.print(
            f"besides, {spent.template:.1f} for the warm process, and {spent.command:.1f} for "
            "journal and gradebook of all"
        )
        for line in unexpected(handed_in_as, reports):
            console.print(f"  not as expected: {line}")


if __name__ == "__main__":
    main()
