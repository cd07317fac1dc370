"""Whatever a submission does to the process that grades it, it ends and costs one step."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace

import psutil
import pytest
from checked_course import ASSIGNMENT, checked_course
from fence_jobs import Act, Said

from autograder.course import Course, CourseError
from autograder.fence import Account, Fence, Slots, Stopped, grade_fenced
from autograder.grading import Began, Budget, Progress, Settings
from autograder.submission import Submission

SMALL = Budget(seconds=60.0, hard=120.0, step=2.0, step_cpu=1, memory=2**28)
SETTINGS = Settings(b"secret", "none", budget=SMALL)


HANGS = """\
from assignments.questions import question


@question("square-mean")
def test_of_one(student, rng):
    \"\"\"One number has its own square.\"\"\"
    while student.mean_square([3.0]) == 13:
        pass
    assert student.mean_square([3.0]) == 9
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    with checked_course(tmp_path_factory.mktemp("course")) as course:
        (course.root / "autograder.checks" / ASSIGNMENT / "test_square.py").write_text(HANGS)
        yield course


@pytest.fixture(scope="module")
def fence(course):
    with Fence(course.assignment(ASSIGNMENT), SETTINGS) as fence:
        yield fence


def told(fence, job, budget=SMALL):
    """What a job tells, and how it ended."""
    said = []
    try:
        for event in fence.run(job, Account(budget)):
            said.append(event)
    except Stopped as stopped:
        return said, stopped
    return said, None


def test_a_job_tells_what_it_finds(fence):
    said, stopped = told(fence, Act("nothing"))
    assert stopped is None
    assert [type(event) for event in said] == [Said, Said]
    assert said[0].text.startswith(ASSIGNMENT)


def test_each_job_has_a_process_of_its_own(fence):
    first, second = (told(fence, Act("nothing"))[0][0].text for _time in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("way", "limit"),
    [
        ("raise", "grader"),
        ("exit", "grader"),
        ("sleep", "step"),
        ("allocate", "memory"),
        ("babble", "grader"),
        ("flood", "memory"),
    ],
)
def test_what_does_not_end_well_is_stopped(fence, way, limit):
    said, stopped = told(fence, Act(way))
    assert stopped is not None
    assert stopped.limit == limit
    assert said[0].text.startswith(ASSIGNMENT)
    assert ("OverflowError" in stopped.fault) == (way == "raise")
    assert told(fence, Act("nothing"))[1] is None


def test_the_kernel_ends_what_computes_for_ever(fence):
    _said, stopped = told(fence, Act("spin"), replace(SMALL, step=30.0))
    assert stopped.limit == "grader"


def test_the_budget_is_that_of_all_jobs_together(fence):
    account = Account(replace(SMALL, seconds=1.5))
    list(fence.run(Act("sleep", 1.0), account))
    with pytest.raises(Stopped) as stopped:
        list(fence.run(Act("sleep", 1.0), account))
    assert stopped.value.limit == "budget"


def test_a_stopped_job_leaves_no_process(fence):
    said, _stopped = told(fence, Act("sleep"))
    pid = int(said[0].text.split()[-1])
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)


def test_who_sleeps_lends_its_place(fence):
    slots, done = Slots(1), []

    def work(job):
        with slots.place() as place:
            for _event in fence.run(job, Account(replace(SMALL, step=30.0, step_cpu=20)), place):
                pass
        done.append(job.way)

    jobs = [Act("sleep", 6.0), Act("sleep", 6.0), Act("compute", 0.5)]
    threads = [threading.Thread(target=work, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert done[0] == "compute"
    with slots.place():  # all places were given back
        assert slots._free == 0


def test_who_is_in_a_hurry_goes_first():
    slots, order = Slots(1), []

    def work(hurry):
        with slots.place(hurry):
            order.append(hurry)

    with slots.place():
        threads = [threading.Thread(target=work, args=[hurry]) for hurry in (False, False, True)]
        for thread in threads:
            thread.start()
        while slots._hurried == 0:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order == [True, False, False]


def test_the_end_of_the_grader_is_the_end_of_all(course, tmp_path):
    script = f"""
        import sys
        from checked_course import ASSIGNMENT
        from fence_jobs import Act
        from autograder.course import Course
        from autograder.fence import Account, Fence
        from autograder.grading import Settings
        import assignments.checks, autograder.checks, autograder.mistakes
        for package in (assignments.checks, autograder.checks, autograder.mistakes):
            package.__path__.append({str(course.root)!r} + "/" + package.__name__)
        from pathlib import Path
        assignment = Course(Path({str(course.root)!r})).assignment(ASSIGNMENT)
        fence = Fence(assignment, Settings(b"s", "none"))
        for event in fence.run(Act("sleep"), Account(fence.settings.budget)):
            print(event.text, flush=True)
    """
    grader = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    fork = int(grader.stdout.readline().split()[-1])
    template = psutil.Process(fork).parent()
    family = [psutil.Process(fork), template]
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    _gone, left = psutil.wait_procs(family, timeout=5)
    assert not left


def test_a_comparison_that_never_ends_costs_its_question(fence):
    right = grade_fenced(fence, handed_in("9"), fence.settings)
    endless = grade_fenced(fence, handed_in("13"), fence.settings)
    assert (right.status, right.score) == ("graded", 3.0)
    assert (endless.status, endless.score) == ("graded", 0.0)
    question = endless.notebooks["square"].questions["square-mean"]
    assert question.status == "stopped"
    assert question.limit in ("step", "grader")
    assert "stopped" in question.reason


def test_says_which_earlier_notebook_a_course_lacks(tmp_path):
    source = Course().source_dir / "a2_networks" / "dropout.ipynb"
    folder = tmp_path / "source" / "a2_networks"
    folder.mkdir(parents=True)
    shutil.copy(source, folder)
    assignment = Course(tmp_path).assignment("a2_networks")
    with (
        Fence(assignment, SETTINGS) as fence,
        pytest.raises(CourseError, match="stands on a1_classifiers/two_layer_net"),
    ):
        assert fence.settings


def handed_in(value):
    cell = {"cell_type": "code", "metadata": {}, "outputs": []}
    nb = {
        "cells": [cell | {"source": f"def mean_square(x):\n    return {value}"}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Submission("ada", ASSIGNMENT, {"square.ipynb": json.dumps(nb).encode()})


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([Began()], "machine"),
        ([Began("square"), Began()], "unreadable"),
        ([Began("square")], "unreadable"),
    ],
)
def test_only_a_fault_without_anything_of_a_student_s_is_the_machine_s(course, steps, status):
    progress = Progress(handed_in("9"), course.assignment(ASSIGNMENT), SETTINGS)
    progress.rest()
    for step in steps:
        progress.add(step)
    progress.stop("grader", "it broke", "Traceback")
    assert progress.report().status == status
