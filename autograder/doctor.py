"""Is this machine fit for grading? Each limit of the sandbox is proved by provoking it.

``diagnose()`` starts real sandboxes and runs, inside, what a hostile submission would try. What is
missing comes with the way to mend it.
"""

import contextlib
import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assignments.student import Student, StudentError
from autograder.course import HOME
from autograder.sandbox import syscalls
from autograder.sandbox.box import Sandbox, Wire
from autograder.sandbox.bubblewrap import SITE, find_bwrap
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import Breach, Limits, SandboxUnavailable

__all__ = ["Finding", "diagnose"]


#: Tries something inside; says whether it was held back, and what was found.
Trial = Callable[[Student, Wire], tuple[bool, str]]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        ok: is it as it should be?
        detail: what was found.
        remedy: how to mend it, where it is not.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def diagnose() -> list[Finding]:
    """Look at programs, packages and the system, then provoke each limit of the sandbox."""
    programs = list(_programs())
    return [*_packages(), _gpu(), *programs, *_sandbox(programs)]


# --- what is installed --------------------------------------------------------------------------


def _packages() -> Iterator[Finding]:
    yield Finding("Python", sys.version_info >= (3, 11), platform.python_version(), "Use 3.11 on.")
    for name in ("numpy", "torch", "nbgrader", "pytest"):
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", "Run 'make setup'.")


def _gpu() -> Finding:
    """Only told: nothing needs one."""
    try:
        import torch

        found = (
            torch.cuda.get_device_name() if torch.cuda.is_available() else "none; none is needed"
        )
    except (ImportError, RuntimeError) as error:
        found = f"unknown ({error})"
    return Finding("GPU", True, found)


def _programs() -> Iterator[Finding]:
    try:
        bwrap = find_bwrap()
        said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False)
        yield Finding("bubblewrap", True, said.stdout.strip() or said.stderr.strip())
    except SandboxUnavailable as error:
        found, _stop, remedy = str(error).partition(". ")
        yield Finding("bubblewrap", False, found, remedy)
    try:
        syscalls.program()
        yield Finding("libseccomp", True, "writes the filter of system calls")
    except SandboxUnavailable as error:
        found, _stop, remedy = str(error).partition(". ")
        yield Finding("libseccomp", False, found, remedy)
    if os.getuid() == 0:
        setpriv = shutil.which("setpriv")
        yield Finding(
            "setpriv", setpriv is not None, setpriv or "not installed", "Install util-linux."
        )


def _why_no_namespaces(
    read: Callable[[str], str | None] = lambda name: _read(f"/proc/sys/{name}"),
) -> tuple[str, str]:
    """What keeps user namespaces shut, and how to open them."""
    if read("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor keeps ordinary users from making user namespaces",
            "Allow them to bubblewrap: write a profile /etc/apparmor.d/bwrap with\n"
            "  abi <abi/4.0>, include <tunables/global>\n"
            "  profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\n"
            "and load it with 'apparmor_parser -r /etc/apparmor.d/bwrap'; or allow them to all: "
            "'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'.",
        )
    if read("user/max_user_namespaces") == "0":
        return (
            "the system allows no user namespaces",
            "As root: 'sysctl -w user.max_user_namespaces=15000'; write that into /etc/sysctl.d.",
        )
    if read("kernel/unprivileged_userns_clone") == "0":
        return (
            "the system keeps ordinary users from making user namespaces",
            "As root: 'sysctl -w kernel.unprivileged_userns_clone=1', and write that into "
            "/etc/sysctl.d.",
        )
    if _in_container():
        return (
            "this is a container, whose seccomp profile or missing rights probably shut it out",
            "Start the container with '--security-opt seccomp=unconfined --security-opt "
            "apparmor=unconfined --security-opt systempaths=unconfined', or with a profile that "
            "allows clone, unshare, mount, umount2 and pivot_root; or grade outside of containers.",
        )
    return "", "Look at the message above; 'bwrap --unshare-all --ro-bind / / true' tries it alone."


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _in_container() -> bool:
    marks = ("/.dockerenv", "/run/.containerenv")
    return any(map(os.path.exists, marks)) or "container" in os.environ


# --- what the sandbox holds back ------------------------------------------------------------------

#: Runs inside; each function tries what a submission must not be able to do.
_INTRUDER = """
import ctypes, mmap, os, signal, socket, sys, time

def spin():
    while True: pass

def sleep():
    time.sleep(600)

def allocate(size):
    mmap.mmap(-1, size)

def connect(port):
    with socket.socket() as s:
        s.settimeout(2)
        s.connect(("127.0.0.1", port))

def interfaces():
    return [name for _index, name in socket.if_nameindex()]

def exists(path):
    return os.path.exists(path)

def readable():
    return [f"{folder}/{name}" for folder, _folders, names in os.walk("/site") for name in names]

def processes():
    found = []
    for pid in range(1, 2000):
        try: os.kill(pid, 0)
        except ProcessLookupError: continue
        except PermissionError: pass
        found.append(pid)
    return len(found)

def fork():
    children = []
    try:
        while len(children) < 5000:
            pid = os.fork()
            if pid == 0:
                time.sleep(600)
                os._exit(0)
            children.append(pid)
    except OSError:
        pass
    for pid in children:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return len(children)

def fill(folder, many):
    written = 0
    try:
        for number in range(200 if many else 1):
            with open(f"{folder}/fill{number}", "wb", buffering=0) as file:
                for _ in range(8 if many else 200): written += file.write(bytes(2**20))
    except OSError:
        pass
    for name in os.listdir(folder): os.remove(f"{folder}/{name}")
    return written

def writable():
    found = []
    for folder, _folders, _names in os.walk("/"):
        try:
            open(f"{folder}/probe", "w").close()
            os.remove(f"{folder}/probe")
            found.append(folder)
        except OSError: pass
    return found

def say():
    for _ in range(64): sys.stdout.write("x" * 2**20)
    sys.stdout.flush()
    return 1

def namespace():
    return ctypes.CDLL(None).unshare(0x10000000)

def hoard():
    for _ in range(4):
        if os.fork() == 0:
            kept = bytearray(b"1") * (100 * 2**20)
            time.sleep(60)
    time.sleep(60)

def orphans():
    while True:
        if os.fork() == 0:
            if os.fork() == 0:
                while time.process_time() < 0.05: pass
            os._exit(0)
        os.wait()
        time.sleep(0.06)

def end_first():
    for number in signal.valid_signals(): os.kill(1, number)
    return os.getpid()

def refused(calls):
    libc = ctypes.CDLL(None, use_errno=True)
    allowed = []
    for name, number in calls.items():
        libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6)
        if ctypes.get_errno() != 1: allowed.append(name)
        ctypes.set_errno(0)
    return allowed

def litter():
    for folder in ("/tmp", "/dev/shm"):
        open(folder + "/note", "w").close()
    if os.fork() == 0:
        os.setsid()
        while True: time.sleep(0.01)
    return 1

def found():
    return os.listdir("/tmp") + os.listdir("/dev/shm")

def user():
    return os.getuid()

def environment():
    return sorted(os.environ)

def descriptors():
    found = 0
    for number in range(1024):
        try: os.fstat(number)
        except OSError: continue
        found += 1
    return found
"""

#: Environment that the sandbox sets, and what Python adds.
_ENVIRONMENT = {"HOME", "LANG", "LC_CTYPE", "PATH", "PWD"}


def _sandbox(programs: list[Finding]) -> Iterator[Finding]:
    if not all(program.ok for program in programs):
        yield Finding("sandbox", False, "not tried", "Mend what is missing above first.")
        return
    sandbox = Sandbox(limits=Limits(cpu=0.4, wall=5.0, memory=256 * 2**20))
    try:
        sandbox.start()
    except SandboxUnavailable as error:
        why, remedy = _why_no_namespaces()
        yield Finding("sandbox", False, f"{error} {why}".strip(), remedy)
        return
    try:
        yield Finding("sandbox", True, "starts")
        yield Finding("control groups", True, _route(sandbox))
        for name, trial in _TRIALS.items():
            ok, detail = _try(sandbox, trial)
            yield Finding(name, ok, detail, "" if ok else _REPORT)
    finally:
        sandbox.kill()


def _route(sandbox: Sandbox) -> str:
    """Who counts, and what is not promised where the kernel does not."""
    if isinstance(sandbox.meter, Group):
        return "the kernel counts memory, processor time and processes of all that a sandbox starts"
    return (
        "none can be made here, so the grader counts by itself. Not promised then: processor time "
        "of processes that nobody waited for counts (only the wall clock stops them), memory is "
        "looked at twenty times a second and not held at its limit meanwhile, and files in /tmp "
        "and /dev/shm do not count as memory. To have groups, run as root where /sys/fs/cgroup can "
        "be written, or with 'systemd-run --user --scope -p Delegate=yes autograder ...'"
    )


def _try(sandbox: Sandbox, trial: Trial) -> tuple[bool, str]:
    with contextlib.closing(sandbox.open()) as wire:
        try:
            cell = {"number": 1, "cell_type": "code", "source": _INTRUDER, "grade_id": "a"}
            wire.load([{**cell, "solution": True, "tags": []}], {"a": []})
            wire.run(0)
            wire.rest(cpu=10.0)
            return trial(Student(wire), wire)
        except (Breach, StudentError) as failure:
            sandbox.restart()
            return False, f"the trial ended early: {failure}"


_REPORT = (
    "Do not grade here: student code could do what it must not. Report this with the output of "
    "'bwrap --version' and 'uname -a'."
)


def _cpu(student: Student, wire: Wire) -> tuple[bool, str]:
    wire.rest()
    return _stopped_by("cpu", lambda: student.spin())


def _wall(student: Student, wire: Wire) -> tuple[bool, str]:
    return _stopped_by("wall", lambda: student.sleep())


def _stopped_by(limit: str, endless: Callable[[], object]) -> tuple[bool, str]:
    try:
        endless()
    except Breach as breach:
        return breach.limit == limit, f"stopped by the limit on {breach.limit} time"
    return False, "not limited"


def _network(student: Student, wire: Wire) -> tuple[bool, str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            student.connect(server.getsockname()[1])
            return False, "a connection to this machine was made"
        except StudentError:
            pass
    names = student.interfaces()
    return set(names) <= {"lo"}, f"closed; interfaces inside: {', '.join(names) or 'none'}"


def _files(student: Student, wire: Wire) -> tuple[bool, str]:
    secrets = [
        HOME / "autograder" / "checks",
        HOME / "source",
        Path("/etc/passwd"),
        Path("/proc/1"),
    ]
    seen = [str(path) for path in secrets if student.exists(str(path))]
    seen += [path for path in student.readable() if path.startswith(f"{SITE}/autograder/checks")]
    return not seen, f"visible inside: {', '.join(seen[:3])}" if seen else "checks are hidden"


def _memory(student: Student, wire: Wire) -> tuple[bool, str]:
    limit = wire.limits.address_space
    try:
        student.allocate(limit)
        return False, f"a process may have more than {limit // 2**20} MB"
    except StudentError:
        return True, f"a process ends at {limit // 2**20} MB"


def _memory_together(student: Student, wire: Wire) -> tuple[bool, str]:
    wire.rest(cpu=10.0)
    limit = wire.limits.memory // 2**20
    try:
        student.hoard()
    except Breach as breach:
        return breach.limit == "memory", f"all processes together end at {limit} MB"
    return False, f"processes may have more than {limit} MB together"


def _orphans(student: Student, wire: Wire) -> tuple[bool, str]:
    wire.rest()
    return _stopped_by("cpu", lambda: student.orphans())


def _first(student: Student, wire: Wire) -> tuple[bool, str]:
    student.end_first()
    return True, "lets no signal from inside reach it"


#: Calls that get around limits or into the kernel.
_FORBIDDEN = (
    "shmget", "memfd_create", "ptrace", "io_uring_setup", "bpf", "perf_event_open", "keyctl",
)  # fmt: skip


def _system_calls(student: Student, wire: Wire) -> tuple[bool, str]:
    numbers = syscalls.numbers(_FORBIDDEN)
    allowed = student.refused(numbers)
    said = f"allowed: {', '.join(allowed)}" if allowed else f"refused: {', '.join(numbers)}"
    return not allowed, said


def _leftovers(student: Student, wire: Wire) -> tuple[bool, str]:
    student.litter()
    wire.close()
    ok, said = _try(wire.sandbox, lambda student, wire: (_alone(student), ""))
    return ok, said or "nothing of a notebook is left for the next"


def _alone(student: Student) -> bool:
    return student.found() == [] and student.processes() <= 2


def _processes(student: Student, wire: Wire) -> tuple[bool, str]:
    count, limit = student.fork(), wire.limits.processes
    return count < limit, f"{count} more were started before the limit of {limit}"


def _others(student: Student, wire: Wire) -> tuple[bool, str]:
    count = student.processes()
    return count <= 2, f"{count} are visible inside, all of the sandbox"


def _file_size(student: Student, wire: Wire) -> tuple[bool, str]:
    written, limit = student.fill("/tmp", False), wire.limits.file_size
    return written <= limit, f"a file ends at {written // 2**20} MB"


def _space(student: Student, wire: Wire) -> tuple[bool, str]:
    limit = wire.limits.tmp
    written = {folder: student.fill(folder, True) for folder in ("/tmp", "/dev/shm")}
    writable = set(student.writable())
    if writable - written.keys():
        return False, f"writable inside: {', '.join(sorted(writable))}"
    said = " and ".join(f"{folder} ends at {n // 2**20} MB" for folder, n in written.items())
    return max(written.values()) <= limit, said


def _output(student: Student, wire: Wire) -> tuple[bool, str]:
    return student.say() == 1, "goes nowhere"


def _namespaces(student: Student, wire: Wire) -> tuple[bool, str]:
    closed = student.namespace() == -1
    return closed, "no second one can be made" if closed else "a second one was made"


def _user(student: Student, wire: Wire) -> tuple[bool, str]:
    uid = student.user()
    return uid != 0, f"runs as user {uid}"


def _environment(student: Student, wire: Wire) -> tuple[bool, str]:
    names = set(student.environment()) - _ENVIRONMENT
    foreign = {n for n in names if not n.endswith("_NUM_THREADS") and not n.startswith("PYTHON")}
    return not foreign, f"holds {', '.join(sorted(foreign)) or 'nothing of this machine'}"


def _descriptors(student: Student, wire: Wire) -> tuple[bool, str]:
    count = student.descriptors()
    return count == 4, f"{count} open: three that lead nowhere, and the wire"


_TRIALS: dict[str, Trial] = {
    "network": _network,
    "files": _files,
    "memory": _memory,
    "memory together": _memory_together,
    "processes": _processes,
    "other processes": _others,
    "first process": _first,
    "system calls": _system_calls,
    "leftovers": _leftovers,
    "file size": _file_size,
    "disk space": _space,
    "output": _output,
    "user namespaces": _namespaces,
    "user": _user,
    "environment": _environment,
    "descriptors": _descriptors,
    "cpu time": _cpu,
    "cpu time of orphans": _orphans,
    "wall time": _wall,
}
