"""Each limit of the sandbox, provoked; and what student code can see from inside."""

import socket
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from boxes import needs_bubblewrap, open_notebook

import assignments
from assignments.student import Student, StudentError
from autograder.sandbox import bubblewrap
from autograder.sandbox.box import Sandbox
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.limits import Breach, Limits

pytestmark = needs_bubblewrap

HOME = Path(assignments.__file__).resolve().parents[1]
SMALL = Limits(cpu=0.4, wall=20.0, memory=300 * 2**20, served_wall=0.3)


@pytest.fixture
def small():
    with Sandbox(limits=SMALL) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def usual():
    with Sandbox() as sandbox:
        yield sandbox


def student_in(sandbox, source, **options) -> Student:
    return Student(open_notebook(sandbox, source), **options)


def breach_of(sandbox, source, name="f", *args, **options) -> str:
    student = student_in(sandbox, source, **options)
    with pytest.raises(Breach) as caught:
        student.call(name, *args)
    return caught.value.limit


# --- limits -----------------------------------------------------------------------------------


def test_an_endless_loop_meets_the_cpu_limit_and_a_new_sandbox_works(small):
    source = "def f():\n    while True: pass\ndef g(): return 1"
    assert breach_of(small, source) == "cpu"
    small.restart()
    assert student_in(small, source).g() == 1


def test_many_short_calls_meet_the_cpu_limit_too(small):
    student = student_in(small, "def f():\n    for _ in range(200_000): pass")

    def calls():
        for _ in range(10_000):
            student.f()

    with pytest.raises(Breach, match="cpu"):
        calls()


def test_a_question_is_not_charged_for_an_earlier_one_nor_for_the_graders_time(small):
    source = """
import time
def f(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""
    wire = open_notebook(small, source)
    for _ in range(3):
        wire.rest()
        Student(wire).f(0.25)
        time.sleep(0.3)  # an oracle at work


def test_sleep_meets_the_wall_limit_and_the_graders_own_time_does_not():
    with Sandbox(limits=Limits(wall=0.5)) as sandbox:
        student = student_in(sandbox, "import time\ndef f(s): time.sleep(s)")
        time.sleep(0.6)
        student.f(0)
        with pytest.raises(Breach, match="wall"):
            student.f(60)


def test_memory_of_one_process(usual):
    student = student_in(usual, "import numpy as np\ndef f(): np.ones(10**11)\ndef g(): return 2")
    with pytest.raises(StudentError, match="MemoryError"):
        student.f()
    assert student.g() == 2


def test_memory_all_together():
    source = "import numpy as np, time\ndef f():\n    x = np.ones(10**8)\n    time.sleep(60)"
    with Sandbox(limits=Limits(memory=300 * 2**20)) as sandbox:
        assert breach_of(sandbox, source) == "memory"


def test_a_fork_bomb_is_contained(small):
    source = (
        "import os\ndef f():\n    n = 0\n    while True:\n        try:\n            os.fork()\n"
        "        except OSError:\n            n += 1"
    )
    assert breach_of(small, source) in ("cpu", "memory", "wall", "protocol", "exit")
    small.restart()
    assert student_in(small, "def g(): return 1").g() == 1


def test_processes_are_counted_by_the_kernel(usual):
    student = student_in(
        usual,
        """
import os, time
def f():
    n = 0
    try:
        while n < 1000:
            if os.fork() == 0:
                time.sleep(60); os._exit(0)
            n += 1
    except OSError: pass
    return n
""",
    )
    assert 0 < student.f() < usual.limits.processes


def test_ending_the_process(small):
    assert breach_of(small, "import os\ndef f(): os._exit(0)") == "exit"
    assert student_in(small, "def g(): return 1").g() == 1  # the others never notice


def test_killing_the_process_that_forks(small):
    source = "import os\ndef f():\n    os.kill(os.getppid(), 9)\n    while True: pass"
    assert breach_of(small, source) == "exit"
    assert student_in(small, "def g(): return 1").g() == 1  # opening starts a new one


def test_printing_costs_nothing(usual):
    student = student_in(
        usual,
        "import sys, warnings, logging\ndef f():\n    for _ in range(64): print('x' * 2**24)\n"
        "    print('e', file=sys.stderr); warnings.warn('w'); logging.error('l')\n"
        "    sys.stdout.close()\n    return 1",
    )
    assert student.f() == 1


def test_reading_the_keyboard_fails_at_once(usual):
    with pytest.raises(StudentError, match="EOFError"):
        student_in(usual, "def f(): return input()").f()


def test_disk_space_is_small(usual):
    student = student_in(
        usual,
        """
import os
def one(folder):
    with open(folder + "/big", "wb") as f:
        for _ in range(1000): f.write(bytes(2**20))
def all(folder):
    total = 0
    try:
        for n in range(100):
            with open(f"{folder}/{n}", "wb", buffering=0) as f:
                for _ in range(10): total += f.write(bytes(2**20))
    except OSError as e: pass
    return total
def writable():
    found = []
    for folder, _folders, _files in os.walk("/"):
        try:
            open(folder + "/probe", "w").close()
            found.append(folder)
            os.remove(folder + "/probe")
        except OSError: pass
    return found
def clear(folder):
    for n in os.listdir(folder): os.remove(folder + "/" + n)
""",
    )
    for folder in ("/tmp", "/dev/shm"):
        with pytest.raises(StudentError, match=r"File too large|No space"):
            student.one(folder)
        student.clear(folder)
        assert 2**20 < student.all(folder) <= usual.limits.tmp
        student.clear(folder)
    assert set(student.writable()) == {"/tmp", "/dev/shm"}


def test_recursion_without_end(small):
    source = """
import sys
def f(n): return f(n + 1)
def g():
    sys.setrecursionlimit(2**30)
    return f(0)
"""
    student = student_in(small, source)
    with pytest.raises(StudentError, match="RecursionError"):
        student.f(0)
    assert breach_of(small, source, "g") in ("exit", "memory", "cpu")


def test_rubbish_on_the_wire(small):
    source = """
import os, stat, threading
def f():
    def scribble():
        while True:
            for fd in range(3, 64):
                try: os.write(fd, b"\\xff" * 100)
                except OSError: pass
    threading.Thread(target=scribble, daemon=True).start()
    while True: pass
"""
    assert breach_of(small, source) == "protocol"
    small.restart()
    assert student_in(small, "def g(): return 1").g() == 1


def test_what_a_notebook_leaves_running_ends_with_it(small):
    source = """
import os, time
def f():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: time.sleep(0.01)
        os._exit(0)
    return 1
"""
    wire = open_notebook(small, source)
    assert Student(wire).f() == 1
    other = open_notebook(small, "x = 1")
    assert len(small._first.children(recursive=True)) > 3
    wire.close()
    assert Student(other).get("x") == 1
    other.close()
    assert small._first.children(recursive=True) == [small._zygote]


# --- served functions ---------------------------------------------------------------------------

SERVED = """
from assignments import previous
from assignments.features import hog_feature
layers = previous("a1_classifiers/two_layer_net")
def hog(x): return hog_feature(x)
def affine(x): return layers.affine_forward(x, 2)
def other(x): return layers.affine_backward(x)
def many(n):
    for _ in range(n): hog_feature(1)
"""


def given(name):
    return {
        "assignments.features:hog_feature": lambda im: im,
        "a1_classifiers/two_layer_net:affine_forward": lambda x, w: x * w,
    }[name]


def test_given_helpers_and_earlier_functions_are_served(usual):
    student = student_in(usual, SERVED, served=given)
    np.testing.assert_array_equal(student.hog(np.ones(2)), np.ones(2))
    np.testing.assert_array_equal(student.affine(np.ones(2)), np.full(2, 2))
    with pytest.raises(StudentError, match="affine_backward is not available to this question"):
        student.other(1)


def test_served_calls_are_bounded():
    with Sandbox(limits=Limits(calls_out=50, served_wall=0.2)) as sandbox:
        assert breach_of(sandbox, SERVED, "many", 51, served=given) == "calls"
        sandbox.restart()

        def slow(_name):
            def loop(_x):
                while True:
                    pass

            return loop

        assert breach_of(sandbox, SERVED, "hog", 1, served=slow) == "calls"
        sandbox.restart()
        student = student_in(sandbox, SERVED, served=given)
        with pytest.raises(StudentError, match="too large"):
            student.hog(np.ones(2**21))


# --- what is visible from inside ------------------------------------------------------------------

WALK = """
import os
def walk():
    found, links = [], []
    for folder, folders, files in os.walk("/"):
        for name in files:
            path = folder + "/" + name
            if os.access(path, os.R_OK) and not path.startswith("/dev/"): found.append(path)
    return found
def holds(paths, needles):
    hits = []
    for path in paths:
        try:
            with open(path, "rb") as f: text = f.read()
        except OSError: continue
        hits += [(path, n) for n in needles if n in text]
    return hits
"""


def test_no_hidden_file_can_be_read(usual):
    student = student_in(usual, WALK)
    readable = student.walk()
    assert len(readable) > 500
    ours = sorted(
        p.split("/site/", 1)[1] for p in readable if "/assignments/" in p or "autograder" in p
    )
    assert ours == sorted(bubblewrap.OUR_FILES)
    tops = {path.split("/")[2] for path in readable if path.startswith("/site/")}
    assert not tops & {"pytest", "nbgrader", "torch", "scipy", "sklearn", "IPython", "hypothesis"}
    for word in (
        "misconceptions",
        "checks/",
        "heldout",
        ".git/",
        ".ipynb",
        "gradebook",
        "/source/",
    ):
        assert not [p for p in readable if word in p and not p.startswith("/site/numpy/")], word
    needles = [
        line.encode()
        for path in [
            *HOME.glob("autograder/checks/*/test_*.py"),
            *HOME.glob("autograder/misconceptions/*/*.py"),
        ]
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(line) > 60
    ][:200]
    assert needles
    text = [p for p in readable if p.endswith((".py", ".txt", ".json", ".cfg")) or "." not in p]
    assert student.holds(text, needles) == []


def test_nothing_of_the_outside_is_there(small):
    student = student_in(
        small,
        """
import os, fcntl, ctypes, signal
def environment(): return dict(os.environ)
def descriptors():
    found = []
    for fd in range(1024):
        try: fcntl.fcntl(fd, fcntl.F_GETFD)
        except OSError: continue
        found.append((fd, os.fstat(fd).st_mode & 0o170000 == 0o140000))
    return found
def processes():
    alive = []
    for pid in range(1, 5000):
        try: os.kill(pid, 0); alive.append(pid)
        except ProcessLookupError: pass
        except PermissionError: alive.append(pid)
    return alive, os.getpid(), os.getppid()
def ids(): return os.getuid(), os.getgid(), os.getgroups()
def unshare(): return ctypes.CDLL(None).unshare(0x10000000)
def proc(): return os.path.exists("/proc/self")
def hostname(): return os.uname().nodename
""",
    )
    assert set(student.environment()) - {"LC_CTYPE", "PWD"} == {
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
        "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "LANG", "HOME",
        "PATH",
    }  # fmt: skip
    sockets = [fd for fd, is_socket in student.descriptors() if is_socket]
    assert len(sockets) == 1  # the wire
    assert len(student.descriptors()) == 4  # and the three standard ones, which lead nowhere
    alive, pid, parent = student.processes()
    assert set(alive) == {1, parent, pid}
    uid, gid, groups = student.ids()
    assert 0 not in (uid, gid)
    assert 0 not in groups
    assert student.unshare() == -1
    assert student.proc() is False
    assert student.hostname() == "sandbox"


def test_no_network(usual):
    student = student_in(
        usual,
        """
import socket
def connect(address, family=socket.AF_INET):
    with socket.socket(family) as s:
        s.settimeout(2); s.connect(address)
""",
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        for address in (server.getsockname(), ("1.1.1.1", 53)):
            with pytest.raises(StudentError, match=r"OSError|ConnectionRefused"):
                student.connect(address)
    with pytest.raises(StudentError):
        student.connect("\0/tmp/.X11-unix/X0", int(socket.AF_UNIX))


def test_memory_of_other_notebooks_cannot_be_read(usual):
    student = student_in(
        usual,
        "import ctypes, os\ndef f(): return ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)",
    )
    assert student.f() == -1


# --- the life of a sandbox ------------------------------------------------------------------------


def test_two_at_once():
    with Sandbox() as one, Sandbox() as two:
        a = student_in(one, "def f(): return 'a'")
        b = student_in(two, "def f(): return 'b'")
        c = student_in(one, "x = 1\ndef f(): return 'c'")
        assert [s.f() for s in (a, b, c, a)] == ["a", "b", "c", "a"]
        assert set(a.missing(["x"])) == {"x"}


def test_killing_leaves_nothing_behind():
    sandbox = Sandbox()
    sandbox.start()
    student_in(sandbox, "x = 1")
    processes = [
        psutil.Process(sandbox._process.pid),
        *psutil.Process(sandbox._process.pid).children(True),
    ]
    assert len(processes) >= 4
    sandbox.kill()
    sandbox.kill()
    gone, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive
    assert len(gone) == len(processes)


def test_usage_is_measured(usual):
    cpu, memory = usual.usage()
    assert cpu > 0
    assert 10 * 2**20 < memory < 10 * 2**30
    assert Sandbox().usage() == (0.0, 0)


def test_without_protection():
    limits = Limits(cpu=0.4)
    with Sandbox(limits=limits, protection="none") as sandbox:
        student = student_in(sandbox, SERVED, served=given)
        np.testing.assert_array_equal(student.affine(np.ones(2)), np.full(2, 2))
        assert breach_of(sandbox, "def f():\n    while True: pass") == "cpu"
        sandbox.restart()
        assert student_in(sandbox, "def g(): return 1").g() == 1


def test_a_missing_package_is_named():
    with pytest.raises(SandboxUnavailable, match="no-such-package"):
        Sandbox(("no-such-package",)).start()


def test_a_missing_bubblewrap_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable, match="apt install"):
        Sandbox().start()


def test_a_sandbox_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setattr(bubblewrap, "_BOOT", "raise SystemExit('broken on purpose')")
    with pytest.raises(SandboxUnavailable, match="broken on purpose"):
        Sandbox().start()


def test_a_notebook_too_large_to_hand_over(usual):
    cell = {"number": 1, "cell_type": "code", "source": "#" * 2**22, "grade_id": None}
    with pytest.raises(Breach, match="memory"):
        usual.open().load([{**cell, "solution": False, "tags": []}], {})
