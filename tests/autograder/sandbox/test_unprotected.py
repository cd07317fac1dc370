"""``--sandbox=none``: one's own notebook, on any system."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import elsewhere
import numpy as np
import psutil
import pytest
from boxes import open_notebook

from assignments.student import Student
from autograder.course import HOME, Course
from autograder.demo import solved
from autograder.sandbox import unprotected, wire
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import Breach, Limits, SandboxUnavailable

ECHO = "def echo(x): return x"


@pytest.fixture(params=[True, False], ids=["kernel's waits", "Python's waits"])
def waits(request, monkeypatch):
    """Both ways to wait: Windows and macOS have only the second."""
    monkeypatch.setattr(wire, "_KERNEL_WAITS", request.param and wire._KERNEL_WAITS)


@pytest.mark.usefixtures("waits")
def test_values_large_and_small_cross():
    with Sandbox(protection="none") as sandbox:
        student = Student(open_notebook(sandbox, ECHO))
        for size in (0, 3, 2_000_000):
            x = np.arange(float(size))
            np.testing.assert_array_equal(student.echo(x), x)


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("code", "limit", "limits"),
    [
        ("def f():\n    while True: pass", "cpu", Limits(cpu=0.4)),
        ("import time\ndef f(): time.sleep(600)", "wall", Limits(wall=3)),
        ("import os\ndef f(): os._exit(3)", "exit", Limits()),
    ],
)
def test_limits_hold_and_a_new_process_works(code, limit, limits):
    with Sandbox(limits=limits, protection="none") as sandbox:
        student = Student(open_notebook(sandbox, code))
        with pytest.raises(Breach, match=limit):
            student.f()
        sandbox.restart()
        assert Student(open_notebook(sandbox, ECHO)).echo(1) == 1


def test_a_process_a_notebook_which_ends_with_it():
    with Sandbox(protection="none") as sandbox:
        one = open_notebook(sandbox, ECHO)
        processes = [psutil.Process(one._pid)]
        one.close()
        assert not processes[0].is_running()
        assert sandbox.usage() == (0.0, 0)
        for _ in range(2):
            processes.append(psutil.Process(open_notebook(sandbox, ECHO)._pid))
        assert [process.is_running() for process in processes] == [False, False, True]
    assert not processes[2].is_running()
    assert sandbox.usage() == (0.0, 0)


def test_requests_and_replies_are_numbered_here_too():
    source = """
def f(): return 0
def fall_behind():
    import autograder.sandbox.wire as wire
    send = wire.Connection.send
    def late(self, message): send(self, [message[0] - 1, message[1]])
    wire.Connection.send = late
"""
    with Sandbox(protection="none") as sandbox:
        student = Student(open_notebook(sandbox, source))
        assert student.f() == 0
        student.fall_behind()
        with pytest.raises(Breach, match="protocol"):
            student.f()


def test_who_does_not_know_the_token_is_not_listened_to(monkeypatch):
    strangers = []

    class Popen(subprocess.Popen):
        def __init__(self, line, **options):
            host, _colon, port = line[3].rpartition(":")
            stranger = socket.create_connection((host, int(port)))
            stranger.sendall(b"let me be the one")
            strangers.append(stranger)
            super().__init__(line, **options)

    monkeypatch.setattr(unprotected.subprocess, "Popen", Popen)
    with Sandbox(protection="none") as sandbox:
        assert Student(open_notebook(sandbox, ECHO)).echo(3) == 3
    assert strangers
    strangers[0].close()


def test_a_process_that_does_not_start_says_why(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Sandbox(protection="none") as sandbox, pytest.raises(SandboxUnavailable, match="purpose"):
        sandbox.open()


def test_without_fork_and_all_else_that_windows_lacks(tmp_path):
    course = Course()
    source = course.assignment("a1_classifiers").notebooks["knn"]
    (tmp_path / "knn.ipynb").write_text(json.dumps(solved(course, source)), encoding="utf-8")
    shutil.copy(Path(elsewhere.__file__), tmp_path / "sitecustomize.py")
    ran = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade", tmp_path / "knn.ipynb", "--sandbox=none"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, HOME)))},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    full = sum(question.points for question in source.auto_questions())
    assert f"{full:g} of {full:g} automatic points" in ran.stdout


def test_what_windows_lacks_is_indeed_taken_away(tmp_path):
    shutil.copy(Path(elsewhere.__file__), tmp_path / "sitecustomize.py")
    code = "import autograder.sandbox.inside as i; print(i.resource, hasattr(i.os, 'fork'))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, HOME)))}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["None", "False"]
