"""Each limit of the sandbox, provoked; and what student code can see from inside."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from boxes import needs_bubblewrap, open_notebook

import assignments
from assignments.student import Student, StudentError
from assignments.values import TooLarge
from autograder.sandbox import box, bubblewrap, protected, syscalls
from autograder.sandbox.box import Sandbox
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import Breach, Limits, MachineFault, SandboxUnavailable

pytestmark = needs_bubblewrap

HOME = Path(assignments.__file__).resolve().parents[1]
SMALL = Limits(cpu=0.4, wall=20.0, memory=300 * 2**20)


def groups_here() -> bool:
    group = Group.make("probe")
    if group is not None:
        group.remove()
    return group is not None


#: Limits counted by a control group, where one can be made here, and by what all systems have.
ROUTES = [
    pytest.param(
        None,
        marks=pytest.mark.skipif(not groups_here(), reason="no control group can be made here"),
        id="group",
    ),
    pytest.param(False, id="no group"),
]


@pytest.fixture(params=ROUTES)
def route(request):
    """What :class:`Sandbox` takes as its group."""
    return request.param


@pytest.fixture
def small(route):
    with Sandbox(limits=SMALL, group=route) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=ROUTES)
def usual(request):
    with Sandbox(group=request.param) as sandbox:
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


def test_memory_all_together(route):
    source = "import numpy as np, time\ndef f():\n    x = np.ones(10**8)\n    time.sleep(60)"
    with Sandbox(limits=Limits(memory=300 * 2**20), group=route) as sandbox:
        assert breach_of(sandbox, source) == "memory"


def test_memory_of_several_processes_is_counted_together(route):
    source = """
import os, time
def f():
    for _ in range(4):
        if os.fork() == 0:
            x = bytearray(b"1") * (100 * 2**20)
            time.sleep(60)
    time.sleep(60)
"""
    with Sandbox(limits=Limits(memory=300 * 2**20), group=route) as sandbox:
        assert breach_of(sandbox, source) == "memory"


def test_pages_that_processes_share_count_once(small):
    student = student_in(
        small,
        """
import os, time
x = bytearray(b"1") * (100 * 2**20)
def f():
    for _ in range(5):
        if os.fork() == 0: time.sleep(60)
    time.sleep(0.5)
    return 1
""",
    )
    assert student.f() == 1


def test_processor_time_of_children_is_counted(small):
    source = """
import os, time
def f():
    while True:
        if os.fork() == 0:
            while time.process_time() < 0.05: pass
            os._exit(0)
        os.wait()
"""
    assert breach_of(small, source) == "cpu"


def test_processor_time_of_orphans_is_counted(small):
    """Process 1 waits for them."""
    source = """
import os, time
def f():
    while True:
        if os.fork() == 0:
            if os.fork() == 0:
                while time.process_time() < 0.05: pass
                os._exit(0)
            os._exit(0)
        os.wait()
        time.sleep(0.06)
"""
    assert breach_of(small, source) == "cpu"


@pytest.mark.skipif(not groups_here(), reason="no control group can be made here")
def test_processor_time_of_children_that_nobody_waits_for_is_counted_in_a_group():
    source = """
import os, signal, time
def f():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if os.fork() == 0:
            while time.process_time() < 0.02: pass
            os._exit(0)
        time.sleep(0.03)
"""
    with Sandbox(limits=SMALL) as sandbox:
        assert breach_of(sandbox, source) == "cpu"


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


def test_process_1_can_be_neither_ended_nor_stopped_nor_interrupted(small):
    source = """
import os, signal
def f():
    for number in signal.valid_signals(): os.kill(1, number)
    return os.getppid()
"""
    before = small.meter
    assert student_in(small, source).f() == 1
    assert student_in(small, "def g(): return 1").g() == 1
    assert small.meter is before  # no new sandbox was needed


def test_process_1_cannot_be_looked_into_nor_limited(small):
    student = student_in(
        small,
        """
import ctypes, resource
libc = ctypes.CDLL(None, use_errno=True)
def attach(): return libc.ptrace(16, 1, 0, 0), ctypes.get_errno()
def limit(): resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1))
""",
    )
    assert student.attach() == (-1, errno.EPERM)
    with pytest.raises(StudentError, match="PermissionError"):
        student.limit()


def test_process_1_has_all_limits(small):
    with open(f"/proc/{first_of(small)}/limits", encoding="ascii") as file:
        limits = file.read()
    for name, value in {
        "Max address space": SMALL.address_space,
        "Max processes": SMALL.processes,
        "Max file size": SMALL.file_size,
        "Max open files": 64,
        "Max core file size": 0,
    }.items():
        [line] = [line for line in limits.splitlines() if line.startswith(name)]
        assert line.split(name)[1].split()[:2] == [str(value)] * 2, line


def first_of(sandbox) -> int:
    """The number of process 1 inside, out here."""
    return int(
        Path(f"/proc/self/fdinfo/{sandbox._backend._first}").read_text().split("Pid:")[1].split()[0]
    )


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
    first = psutil.Process(first_of(small))
    wire = open_notebook(small, source)
    assert Student(wire).f() == 1
    assert len(first.children(recursive=True)) > 1
    wire.close()
    assert first.children(recursive=True) == []
    assert student_in(small, "def g(): return 1").g() == 1
    assert first_of(small) == first.pid


# --- nothing is left for the next notebook --------------------------------------------------------

LITTER = """
import os, socket, threading, time
def litter():
    for folder in ("/tmp", "/dev/shm"):
        os.chdir(folder)
        open("plain", "w").write("x")
        open(b"odd \\xff\\n*name", "w").close()
        os.symlink("/site", "link")
        os.mkfifo("fifo")
        os.mkdir("closed"); open("closed/file", "w").close(); os.chmod("closed", 0)
        os.mkdir("..."); os.mkdir(".../inner")
        socket.socket(socket.AF_UNIX).bind("named")
        for _ in range(3000):
            os.mkdir("d"); os.chdir("d")
        open("bottom", "w").close()
        os.chdir(folder)
        try: os.setxattr(folder, "user.note", b"x")
        except OSError: pass  # tmpfs of older kernels has none
        os.utime(folder, (1, 1234567890))
        os.chmod(folder, 0o300)
    hidden = socket.socket(socket.AF_UNIX); hidden.bind("\\0hidden"); hidden.listen()
    os.environ["NOTE"] = "x"
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            while True: time.sleep(0.01)
    return True
"""

FIND = """
import os, socket
def find():
    found = []
    for folder in ("/tmp", "/dev/shm"):
        found += [os.listdir(folder), os.listxattr(folder)]
        found += [oct(os.stat(folder).st_mode), os.stat(folder).st_mtime]
    return found, "NOTE" in os.environ
def others():
    alive = []
    for pid in range(2, 5000):
        try: os.kill(pid, 0)
        except OSError: continue
        alive.append(pid)
    return alive == [os.getpid()]
def hidden():
    socket.socket(socket.AF_UNIX).connect("\\0hidden")
"""


def test_nothing_is_left_for_the_next_notebook(usual):
    fresh = student_in(usual, FIND).find()
    first = first_of(usual)
    wire = open_notebook(usual, LITTER)
    assert Student(wire).litter()
    wire.close()
    student = student_in(usual, FIND)
    found, environment = student.find()
    assert found[0::4] == [[], []]
    assert found == fresh[0]
    assert not environment
    assert student.others()
    with pytest.raises(StudentError, match="ConnectionRefused"):
        student.hidden()
    assert first_of(usual) == first, "it was not cleared, but started anew"


def test_a_sandbox_that_does_not_clear_is_started_anew(usual, monkeypatch):
    wire = open_notebook(usual, "x = 1")
    first = first_of(usual)
    os.kill(first, signal.SIGSTOP)
    monkeypatch.setattr(protected, "_CLEAR", 0.1)
    wire.close()
    assert usual.meter is None
    assert student_in(usual, "def g(): return 1").g() == 1
    assert first_of(usual) != first


def test_want_of_memory_is_not_held_against_the_next_notebook(route):
    source = "import numpy as np, time\ndef f():\n    x = np.ones(10**8)\n    time.sleep(60)"
    with Sandbox(limits=Limits(memory=300 * 2**20), group=route) as sandbox:
        assert breach_of(sandbox, source) == "memory"
        assert student_in(sandbox, "def g(): return 1").g() == 1


def test_one_notebook_at_a_time(usual):
    one = student_in(usual, "def f(): return 1")
    assert student_in(usual, "def f(): return 2").f() == 2
    with pytest.raises(Breach, match="exit"):
        one.f()


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
    with Sandbox(limits=Limits(calls_out=50)) as sandbox:
        assert breach_of(sandbox, SERVED, "many", 51, served=given) == "calls"
        sandbox.restart()
        student = student_in(sandbox, SERVED, served=given)
        with pytest.raises(StudentError, match="too large"):
            student.hog(np.ones(2**21))


def test_a_class_among_the_arguments_of_a_served_call(usual):
    """It has an ``nbytes``, too, which is no number."""
    source = SERVED + "def typed(): return layers.affine_forward(1, np.float64)\nimport numpy as np"
    student = student_in(usual, source, served=lambda _name: lambda _x, dtype: dtype.__name__)
    assert student.typed() == "float64"
    assert student.get("__name__") == "notebook"  # still in step


def test_a_fault_of_ours_while_a_request_is_open_is_no_lost_point(usual):
    def broken(_name):
        raise OSError("our disk is full")

    student = student_in(usual, SERVED, served=broken)
    with pytest.raises(MachineFault) as caught:
        student.hog(1)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(Breach, match="exit"):  # its answer is never taken for another
        student.get("__name__")
    assert student_in(usual, SERVED, served=given).affine(2) == 4


def test_an_interruption_while_a_request_is_open_ends_the_wire(usual):
    def interrupted(_name):
        raise KeyboardInterrupt

    student = student_in(usual, SERVED, served=interrupted)
    with pytest.raises(KeyboardInterrupt):
        student.hog(1)
    with pytest.raises(Breach, match="exit"):
        student.get("__name__")


def test_a_message_too_large_leaves_the_wire_in_step(usual):
    wire = open_notebook(usual, "def f(): return 1")
    with pytest.raises(TooLarge):
        wire({"op": "get", "root": "f", "path": ["x" * (2**22 + 1)]}, dict)
    assert Student(wire).f() == 1


FORGERY = """
import msgpack, os, stat, struct
def wire():
    [fd] = [fd for fd in range(3, 64) if is_socket(fd)]
    return fd
def is_socket(fd):
    try: return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError: return False
def send(message):
    packed = msgpack.packb(message)
    os.write(wire(), struct.pack("<II", len(packed), 0) + packed)
def reply(number):
    send([number, {"value": 5}])
def call(number):
    send([number, {"call_out": {"served": "x", "args": [], "kwargs": {}, "state": None}}])
def bare():
    send({"value": 5})
"""


@pytest.mark.parametrize(
    ("how", "arguments"),
    [
        ("reply", [1]),  # the number of the request that loaded the notebook
        ("reply", [99]),
        ("reply", [True]),
        ("call", [0]),
        ("call", [2]),
        ("bare", []),
    ],
)
def test_an_answer_out_of_step_ends_the_wire(usual, how, arguments):
    assert breach_of(usual, FORGERY, how, *arguments) == "protocol"


# --- clocks ---------------------------------------------------------------------------------------


def test_time_that_processes_wait_for_a_core_does_not_count(usual, monkeypatch):
    delays = {"answering": 0.0, "ours": 0.0}
    monkeypatch.setattr(
        box, "run_delay", lambda who: delays["ours" if who == "thread-self" else "answering"]
    )
    clock = Clock(monkeypatch)
    wire = open_notebook(usual, "def f(): return 1")
    wire.rest(wall=10.0)

    def wait(seconds, answering, ours):
        wire._asked = clock.now
        clock.now += seconds
        delays["answering"] += answering
        delays["ours"] += ours
        try:
            wire._watch()
        finally:
            wire._waited, wire._asked = wire._waiting(), None

    wait(9.0, 0.0, 0.0)
    wait(20.0, 15.0, 5.0)
    assert wire.spent()[1] == pytest.approx(9.0)
    with pytest.raises(Breach, match="wall"):
        wait(1.5, 0.0, 0.0)
    wire.rest()
    wait(usual.limits.wall_hard, 1000.0, 0.0)
    with pytest.raises(Breach, match="wall"):  # threads of its own may have made it wait
        wait(0.1, 1000.0, 0.0)


class Clock:
    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(box.time, "monotonic", lambda: self.now)


def test_the_scheduler_says_how_long_a_process_waited():
    with open("/proc/self/schedstat", encoding="ascii") as file:
        before = int(file.read().split()[1]) / 1e9
    assert before <= box.run_delay("self") < before + 3600
    assert box.run_delay("no-process") == 0.0


def test_the_answering_process_is_known_by_its_number_out_here(usual):
    wire = open_notebook(usual, "import os\ndef f(): return os.getpid()")
    with open(f"/proc/{wire._pid}/status", encoding="ascii") as file:
        [numbers] = [line for line in file if line.startswith("NSpid")]
    assert int(numbers.split()[-1]) == Student(wire).f()


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
        "mistakes",
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
            *HOME.glob("autograder/mistakes/*/*.md"),
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
    assert set(alive) == {1, pid}
    assert parent == 1
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


# --- the life of a sandbox ------------------------------------------------------------------------


def test_two_at_once():
    with Sandbox() as one, Sandbox() as two:
        a = student_in(one, "def f(): return 'a'")
        b = student_in(two, "def f(): return 'b'")
        assert [s.f() for s in (a, b, a)] == ["a", "b", "a"]


def test_killing_leaves_nothing_behind(route):
    sandbox = Sandbox(group=route)
    sandbox.start()
    student_in(sandbox, "x = 1")
    outer = psutil.Process(sandbox._backend._process.pid)
    processes = [outer, *outer.children(True)]
    assert len(processes) >= 3
    group = sandbox._backend.group
    sandbox.kill()
    sandbox.kill()
    assert not any(process.is_running() for process in processes)
    assert not group or not any(folder.exists() for folder in group.folders)


def test_a_sandbox_that_dies_at_once_takes_nobody_with_it(route, monkeypatch):
    """Its numbers mean nothing then: what is ended by them might be the grader."""
    command = bubblewrap.command
    monkeypatch.setattr(bubblewrap, "command", lambda *args: ["/bin/sh", "-c", "exit 0"])
    with pytest.raises(SandboxUnavailable, match="it said nothing"):
        Sandbox(group=route).start()
    monkeypatch.setattr(bubblewrap, "command", command)
    with Sandbox(group=route) as sandbox:
        os.kill(first_of(sandbox), signal.SIGKILL)
        sandbox._backend._process.wait()
        assert student_in(sandbox, "def g(): return 1").g() == 1


def test_it_ends_with_the_grader(route):
    code = f"""
import os, time
from autograder.sandbox.box import Sandbox
sandbox = Sandbox(group={route})
sandbox.start()
print(os.readlink("/proc/self/fd/0"), sandbox._backend._process.pid, flush=True)
time.sleep(600)
"""
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    grader = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    outer = psutil.Process(int(grader.stdout.readline().split()[-1]))
    processes = [outer, *outer.children(True)]
    grader.kill()
    grader.communicate()
    _gone, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive
    if route is None:
        Group.make("probe").remove()  # which removes those of dead graders, too
        left = [p.name for f in Group.make("x").folders for p in f.parent.glob(f"*-{grader.pid}-*")]
        assert not left


def test_usage_is_measured(usual):
    student_in(usual, "x = 1")
    cpu, memory = usual.usage()
    assert cpu > 0
    assert 2**20 < memory < 10 * 2**30
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


def test_what_every_sandbox_needs_is_found_out_before_forking():
    protected.prepare(("numpy",))
    before = bubblewrap.package_mounts.cache_info().misses, syscalls.program.cache_info().misses
    with Sandbox():
        pass
    after = bubblewrap.package_mounts.cache_info().misses, syscalls.program.cache_info().misses
    assert before == after
