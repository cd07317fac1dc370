"""Control groups: what the kernel counts and limits, and what is left of a group afterwards."""

import os
import subprocess
import sys

import pytest

from autograder.sandbox import groups
from autograder.sandbox.groups import Group

MB = 2**20


@pytest.fixture
def group():
    made = Group.make("test", memory=100 * MB, processes=6)
    if made is None:
        pytest.skip("no control group can be made here")
    yield made
    made.remove()


def run(group: Group, code: str, **options) -> subprocess.Popen:
    """A Python that runs this code in a group."""
    return subprocess.Popen([*group.launcher(), sys.executable, "-c", code], **options)


def test_a_process_starts_in_the_group_and_cannot_leave_what_it_counts(group):
    code = "import os; os.fork(); os.setsid(); print('there', flush=True); input()"
    process = run(group, code, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert [process.stdout.readline() for _ in range(2)] == [b"there\n"] * 2
    pids = set(group._pids())
    assert process.pid in pids
    assert len(pids) == 2
    group.kill()
    assert process.wait() == -9


def test_memory_is_limited(group):
    assert run(group, "x = bytearray(b'1') * (20 * 2**20)").wait() == 0
    assert not group.out_of_memory()
    assert run(group, "x = bytearray(b'1') * (300 * 2**20)").wait() < 0
    assert group.out_of_memory()


def test_memory_of_files_in_tmpfs_counts(group):
    code = (
        "import os; fd = os.memfd_create('x'); os.write(fd, bytes(30 * 2**20));"
        " print('there', flush=True); input()"
    )
    process = run(group, code, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"there\n"
    assert group.memory() > 30 * MB
    process.communicate(b"\n")


def test_processes_are_limited(group):
    code = (
        "import os, time\nfor n in range(50):\n    try:\n"
        "        if os.fork() == 0: time.sleep(600)\n    except OSError: os._exit(n)"
    )
    assert run(group, code).wait() == 5


def test_processor_time_counts_with_children_that_nobody_waited_for(group):
    code = (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    while time.process_time() < 0.3: pass\n    os._exit(0)\n"
        "try: os.wait()\nexcept ChildProcessError: pass"
    )
    assert run(group, code).wait() == 0
    assert group.cpu() > 0.3


def test_killing_ends_a_fork_bomb(group):
    code = "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)"
    process = run(group, code)
    while len(set(group._pids())) < 6:
        pass
    group.kill()
    process.wait()
    assert not list(group._pids())


def test_a_group_below_a_group(group):
    inner = group.child("inner", memory=50 * MB)
    assert run(inner, "x = bytearray(b'1') * (70 * 2**20)").wait() < 0
    assert inner.out_of_memory()
    assert group.out_of_memory()
    assert run(inner, "sum(range(10**6))").wait() == 0
    assert group.cpu() >= inner.cpu() > 0
    group.remove()
    assert not any(folder.exists() for folder in (*group.folders, *inner.folders))


def test_entering(group):
    pid = os.fork()
    if pid == 0:
        group.enter()
        os._exit(7 if os.getpid() in group._pids() else 8)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_killing_never_ends_the_one_who_kills(group):
    pid = os.fork()
    if pid == 0:
        group.enter()
        group.kill()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_what_a_dead_process_left_behind_is_removed(group, monkeypatch):
    pid = os.fork()
    if pid == 0:
        stale = Group.make("stale")
        run(stale, "import time; time.sleep(600)")
        os._exit(0)
    os.waitpid(pid, 0)
    base = {folder.parent for folder in group.folders}
    assert any(list(folder.glob(f"autograder-*-{pid}-stale")) for folder in base)
    Group.make("another").remove()
    assert not any(list(folder.glob(f"autograder-*-{pid}-*")) for folder in base)
    assert all(folder.exists() for folder in group.folders)  # its maker lives


# --- version 2, whose files lie in a plain folder here --------------------------------------------


class Files:
    """A folder that looks like the one of a control group of version 2."""

    def __init__(self, folder, controllers="cpu memory pids"):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.write("cgroup.controllers", controllers)
        self.write("cgroup.procs", "")

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def read(self, name):
        return (self.folder / name).read_text()


@pytest.fixture
def unified(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "_own_folders", lambda: iter([("", tmp_path / "mine")]))
    return Files(tmp_path / "mine")


def test_version_2_sets_limits_and_reads_what_is_used(unified):
    made = Group.make("box", memory=5 * MB, processes=7)
    [folder] = made.folders
    assert unified.read("cgroup.subtree_control") == "+memory +pids"
    files = Files(folder)
    assert (files.read("memory.max"), files.read("pids.max")) == (str(5 * MB), "7")
    assert files.read("memory.swap.max") == "0"
    files.write("cpu.stat", "usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n")
    files.write("memory.stat", "anon 100\nfile 5000\nshmem 20\n")
    files.write("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n")
    assert made.cpu() == 1.5
    assert made.memory() == 120
    assert not made.out_of_memory()
    files.write("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n")
    assert made.out_of_memory()
    assert str(folder / "processes") in made.launcher()


def test_version_2_leaves_the_own_group_free_of_processes(unified, monkeypatch):
    """The kernel refuses controllers below a group that holds processes."""
    refusals = ["busy"]
    prepare = groups._Unified._prepare

    def busy(self):
        if self.folders[0] == unified.folder and refusals:
            raise OSError(refusals.pop())
        prepare(self)

    monkeypatch.setattr(groups._Unified, "_prepare", busy)
    unified.write("cgroup.procs", f"{os.getpid()}\n")
    assert Group.make("box") is not None
    assert (unified.folder / "own" / "cgroup.procs").read_text() == str(os.getpid())


def test_version_2_moves_nobody_else(unified, monkeypatch):
    monkeypatch.setattr(groups._Unified, "_prepare", lambda self: os.rmdir("/"))
    unified.write("cgroup.procs", f"{os.getpid()}\n{os.getppid()}\n")
    assert Group.make("box") is None
    assert not (unified.folder / "own").exists()


def test_without_controllers_no_group_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "_own_folders", lambda: iter([("", tmp_path)]))
    Files(tmp_path, controllers="hugetlb")
    assert Group.make("box") is None


def test_where_groups_are_mounted_is_read_from_the_system(monkeypatch):
    files = {
        "/proc/self/mountinfo": (
            "32 31 0:29 /a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:1 - cgroup2 cgroup2 rw\n"
        ),
        "/proc/self/cgroup": "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/user.slice/x.scope\n",
    }
    import io

    monkeypatch.setattr("builtins.open", lambda path, **_options: io.StringIO(files[path]))
    found = {controller: str(folder) for controller, folder in groups._own_folders()}
    monkeypatch.undo()
    assert found == {
        "memory": "/sys/fs/cgroup/memory/b",
        "cpu": "/sys/fs/cgroup/cpu",
        "cpuacct": "/sys/fs/cgroup/cpu",
        "": "/sys/fs/cgroup/unified/user.slice/x.scope",
    }
