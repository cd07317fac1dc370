"""A class in which hostile submissions lie among right ones, and runs that are killed."""

import json
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bundle
from attacks import ATTACKS
from harness import (
    A1,
    HONEST,
    Outcome,
    Submitted,
    command,
    course_of,
    environment,
    grade,
    hand_in,
    latest,
    left_after,
    notebook_of,
    stopped,
    submit,
)

from autograder.course import Course

#: One of each kind that once stopped a class, kept the grader busy, or held the others up.
HOSTILE_NAMES = {
    "folder-for-a-notebook", "integer-of-65-bits", "weights-with-an-open-bracket",
    "weights-of-damaged-lzma", "value-too-large-to-hand-back", "handed-in-in-the-year-1",
    "folder-name-of-odd-bytes", "truth-values-of-128-megabytes", "calls-without-end",
    "cells-by-the-100000", "flood-of-formulas", "sleeping-cells", "sleeping-answers",
}  # fmt: skip
HOSTILE = [
    attack for attack in ATTACKS if isinstance(attack, Submitted) and attack.name in HOSTILE_NAMES
]


def make_class(root: Path, students: int, hostile: Iterable[Submitted] = ()) -> Course:
    """A course in which so many students hand in a right kNN notebook, a few a mistake in it."""
    course = course_of(root, {A1: ["knn", "two_layer_net", "features"]})
    (root / ".autograder-secret").write_text("17" * 32)
    right = json.dumps(notebook_of(course, A1, "knn", "solved"))
    wrong = json.dumps(notebook_of(course, A1, "knn", "solved", bundle.two_loops("return X")))
    names = [*HONEST, *(f"student-{number:02}" for number in range(students - len(HONEST)))]
    for number, name in enumerate(names):
        hand_in(course, name, A1, {"knn.ipynb": wrong if number % 5 == 4 else right})
    for attack in hostile:
        submit(course, attack)
    return course


def earned(outcome: Outcome) -> dict[str, Any]:
    """What everybody who is not hostile earned, question by question, without timings."""
    reports = {
        name: report
        for name, report in outcome.reports.items()
        if name in HONEST or name.startswith("student-")
    }
    return json.loads(json.dumps(reports), object_hook=_without_timings)


def _without_timings(record: dict) -> dict:
    return {key: value for key, value in record.items() if key != "seconds"}


def hostile_run(root: Path, students: int, budget: int | None = None) -> tuple[Outcome, Outcome]:
    """The outcome of a class without hostile submissions, and with them.

    Args:
        budget: seconds that a submission may take, if not as many as usual.
    """
    alone = grade(make_class(root / "alone", students), budget=budget)
    among = grade(make_class(root / "among", students, HOSTILE), seconds=1800, budget=budget)
    return alone, among


def killed_runs(root: Path, students: int, kills: int, seed: int = 0) -> list[str]:
    """Kill the command at random moments of a run; says what is different in the end."""
    rng = random.Random(seed)
    course = make_class(root / "whole", students)
    whole = grade(course)
    wanted = content(course)
    shutil.rmtree(root / "killed", ignore_errors=True)
    course = make_class(root / "killed", students)
    found = []
    for number in range(kills):
        with open(course.root / "printed.txt", "wb") as printed:
            process = subprocess.Popen(
                command("grade", A1, "--force"),
                cwd=course.root,
                env=environment(),
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        time.sleep(rng.uniform(0.3, 1.0) * max(whole.seconds, 2.0))
        process.kill()
        process.wait()
        if left := left_after(course):
            found.append(f"kill {number + 1}: {left}")
    outcome = grade(course)
    if broken := stopped(outcome):
        found.append(f"the run after them: {broken}")
    after = content(course)
    found += [f"{name} is different" for name in wanted if wanted[name] != after.get(name)]
    return found + [f"{name} is new" for name in after.keys() - wanted.keys()]


def content(course: Course) -> dict[str, Any]:
    """Scores in the gradebook, reports in the journal and all files written, by name."""
    found: dict[str, Any] = {"journal": _reports(course)}
    with sqlite3.connect(course.gradebook_path) as db:
        tables = [
            name for (name,) in db.execute("select name from sqlite_master where type='table'")
        ]
        for table in tables:
            rows = db.execute(f'select * from "{table}"').fetchall()
            found[f"table {table}"] = sorted(
                repr([value for value in row if not _is_id(value)]) for row in rows
            )
    for folder in (course.feedback_dir, course.autograded_dir):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(course.root))] = path.read_bytes()
    return found


def _reports(course: Course) -> Any:
    return json.loads(json.dumps(latest(course)), object_hook=_without_timings)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 32
