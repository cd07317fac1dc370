"""The warm process that submissions are forked from.

It has imported everything and loaded the answer keys of one assignment, has one thread, and never
computes: so a fork of it can. Each submission gets a fork of its own (:mod:`autograder.fence` asks
for it and watches it), which reads, grades or renders, and says what it finds one JSON line at a
time. When the grader ends, however it ends, so do the template and its forks.
"""

import contextlib
import ctypes
import gc
import hashlib
import importlib
import importlib.metadata
import os
import pickle
import platform
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Protocol

import msgspec

from autograder.answer_key import answer_key
from autograder.causes import causes_of
from autograder.course import HOME, Assignment, CourseError, SourceNotebook
from autograder.grading import Settings
from autograder.record import SCHEMA
from autograder.sandbox.groups import Group
from autograder.sandbox.protected import prepare

__all__ = [
    "PACKAGES", "Broke", "Job", "Over", "Ready", "Warm", "main", "receive_bytes", "send_bytes",
]  # fmt: skip

#: Packages that a course may extend by folders of its own.
PACKAGES = ("assignments.checks", "autograder.checks", "autograder.mistakes")


@dataclass(frozen=True)
class Warm:
    """What a template loads."""

    assignment: Assignment
    settings: Settings
    package_paths: dict[str, list[str]]


class Ready(msgspec.Struct, tag=True):
    """The template is warm. ``grader_hash`` names all that reports depend on besides."""

    grader_hash: str = ""
    problem: str = ""


class Broke(msgspec.Struct, tag=True, frozen=True):
    """An exception of ours ended the step in work."""

    fault: str


class Over(msgspec.Struct, tag=True, frozen=True):
    """The job is done."""


class Job(Protocol):
    """What a fork does.

    Attributes:
        tells: the type of what it tells, or the union of them.
    """

    tells: ClassVar[Any]

    def run(self, assignment: Assignment, group: Group | None) -> Iterator[msgspec.Struct]:
        """Do it; each step is over when something is told.

        Args:
            group: counts what is started for it, where the kernel has groups.
        """


def main(descriptor: int) -> NoReturn:
    """Load what the grader asks for, then fork for each job until the grader hangs up."""
    _end_with_parent()
    control = socket.socket(fileno=descriptor)
    warm: Warm = pickle.loads(receive_bytes(control))
    try:
        ready = Ready(grader_hash(warm, _load(warm)))
    except CourseError as error:
        ready = Ready(problem=str(error))
    send_bytes(control, msgspec.json.encode(ready))
    if ready.problem:
        os._exit(0)
    gc.collect()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no fork stays behind as a zombie
    gc.freeze()  # a collection in a fork would copy every page it looks at
    while True:
        try:
            _message, descriptors, _flags, _address = socket.recv_fds(control, 1, 1)
        except OSError:
            descriptors = []
        if not descriptors:
            os._exit(0)
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            _end_with_parent()
            if os.getppid() != parent:
                os._exit(1)
            _work(socket.socket(fileno=descriptors[0]), warm)
        os.close(descriptors[0])
        process = os.pidfd_open(child)
        socket.send_fds(control, [child.to_bytes(4, "big")], [process])
        os.close(process)


def _load(warm: Warm) -> list[SourceNotebook]:
    """Load all that grading needs; returns the source notebooks that were read."""
    for name, folders in warm.package_paths.items():
        package = importlib.import_module(name)
        package.__path__[:] = folders
    importlib.import_module("autograder.pages")
    waiting = list(warm.assignment.notebooks.values())
    for source in waiting:  # it grows
        key = answer_key(source)
        earlier = [key.source_of(name) for name in sorted(key.scope.earlier)]
        # Read once, they stay loaded: forks would read them again for each submission.
        key.patches, key.reference, causes_of(key)
        prepare(key.packages)
        waiting += [notebook for notebook in earlier if notebook not in waiting]
    tasks = len(os.listdir("/proc/self/task"))
    if tasks != 1:
        raise RuntimeError(f"the template has {tasks} threads, and a fork would lack all but one")
    return waiting


def grader_hash(warm: Warm, loaded: list[SourceNotebook]) -> str:
    """SHA-256 over all that a report depends on besides the submission: what was loaded.

    That are the modules of this project and of the course, the source notebooks, our data files
    and the versions of all installed packages.
    """
    folders = {HOME / "assignments", HOME / "autograder"}
    folders |= {Path(path) for paths in warm.package_paths.values() for path in paths}
    modules = {Path(getattr(module, "__file__", None) or "") for module in [*sys.modules.values()]}
    files = {path for path in modules if any(map(path.is_relative_to, folders))}
    files |= {source.path for source in loaded}
    files |= {
        path
        for folder in folders - {HOME / "assignments"}
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    files.add(HOME / "datasets" / "emoji" / "manifest.json")
    digest = hashlib.sha256()
    versions = sorted(
        f"{package.metadata['Name']} {package.version}"
        for package in importlib.metadata.distributions()
    )
    settings = warm.settings
    how = [settings.limits, settings.budget, settings.protection]
    about = [SCHEMA, platform.python_version(), how, versions]
    digest.update(repr(about).encode())
    for file in sorted(files):
        if file.is_file():
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _work(wire: socket.socket, warm: Warm) -> NoReturn:
    """Do one job and end."""
    cpu = warm.settings.budget.step_cpu
    try:
        group, own, job = pickle.loads(receive_bytes(wire))
        if own is not None:
            own.enter()
        _allow(cpu)
        for event in job.run(warm.assignment, group):
            _say(wire, event)
            _allow(cpu)
        _say(wire, Over())
    except BaseException:
        # With what goes wrong here the grader deals: it knows which step was in work.
        with contextlib.suppress(BaseException):
            _say(wire, Broke(traceback.format_exc()[-8000:]))
    os._exit(0)


def _say(wire: socket.socket, event: msgspec.Struct) -> None:
    wire.sendall(msgspec.json.encode(event) + b"\n")


def _allow(seconds: int) -> None:
    """From now on so many seconds of processor time; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def send_bytes(wire: socket.socket, data: bytes) -> None:
    wire.sendall(len(data).to_bytes(8, "big") + data)


def receive_bytes(wire: socket.socket) -> bytes:
    """What :func:`send_bytes` sent.

    Raises:
        EOFError: the other end is gone.
    """
    with wire.makefile("rb", buffering=0) as stream:
        return _exactly(stream, int.from_bytes(_exactly(stream, 8), "big"))


def _exactly(stream, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = stream.read(min(size - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
