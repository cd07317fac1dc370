"""What runs inside the sandbox: a process that forks once for each notebook and serves its names.

Started with ``CONTROL_FD RLIMITS PRELOAD...``, the limits set on it already and the control socket
inherited, as process 1 of the sandbox: the kernel gives it every orphan, and lets no signal from
inside reach it. A message on the control socket asks it to clear, or carries one end of a new wire;
a fork answers that wire, and holds nothing of the process but the modules it had imported.

Before each fork it clears: whatever else runs is ended, and the two folders that can be written are
emptied. All that one notebook can leave for the next are numbers that the kernel counts on with (of
processes, of files). A fresh sandbox for each notebook would be rid of these, too, and costs far
more; processor milliseconds for all notebooks of assignments 1, 2 and 3 (``bench/sandbox.py``):
1331, 6135 and 5307 instead of 43, 113 and 76.

Without protection it is started with ``HOST:PORT`` instead, connects there, says the token that it
reads from its standard input, and serves one notebook itself: no system is asked for a fork.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NoReturn

try:
    import resource
except ImportError:  # not on Windows, where only --sandbox=none runs
    resource = None  # type: ignore[assignment]

from assignments.notebook import Cell, Outline, Step, new_module, plan, run_step
from assignments.values import Served, TooLarge
from assignments.workspace import Workspace
from autograder.sandbox.late import LateModules
from autograder.sandbox.wire import Connection

__all__ = ["main"]

#: What can be written inside.
_WRITABLE = (b"/tmp", b"/dev/shm")


def main(arguments: Sequence[str]) -> None:
    """Serve notebooks until the other end hangs up."""
    where, limits, *preload = arguments
    sys.meta_path.insert(0, LateModules())
    for name in preload:
        with contextlib.suppress(ImportError):  # a distribution's name need not be a module's
            importlib.import_module(name)
    if ":" in where:
        for name, value in json.loads(limits).items() if resource else ():
            resource.setrlimit(getattr(resource, name), (value, value))
        _serve(_connect(where))
    else:
        _fork_for_each(socket.socket(fileno=int(where)))


def _connect(address: str) -> Connection:
    """The wire to the grader that listens at ``HOST:PORT``."""
    host, _colon, port = address.rpartition(":")
    wire = socket.create_connection((host, int(port)))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.sendall(sys.stdin.buffer.read())
    return Connection(wire)


def _fork_for_each(control: socket.socket) -> None:
    """Clear and fork for each wire that comes over the control socket, until it closes."""
    if os.getpid() != 1:
        raise RuntimeError("this ends all processes that it sees: it must be the first of its own")
    _make_undumpable()
    # Ignored are signals from inside that process 1 leaves alone; Python would not leave this one.
    interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, _reap)
    control.sendall(b"ready")
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(control, 8, 1)
        if not message:
            return
        _clear()
        if not descriptors:
            control.sendall(b"clear")
        elif os.fork() == 0:
            control.sendall(b"open")  # the kernel adds who says so
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, interrupt)
            _serve(Connection(socket.socket(fileno=descriptors[0])))
        for descriptor in descriptors:
            os.close(descriptor)


def _reap(*_signal: object) -> None:
    """Wait for whoever has ended, so that the kernel counts the processor time of all."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _clear() -> None:
    """End all other processes in here, and empty what they could write.

    Raises:
        OSError: something cannot be removed; ending process 1, it ends the sandbox.
    """
    with contextlib.suppress(ProcessLookupError):  # there is nobody else
        while True:
            os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:
                    os.waitpid(-1, 0)
    for folder in _WRITABLE:
        _empty(folder)


def _empty(folder: bytes) -> None:
    """Remove all that is in a folder, however deep it lies, and what its attributes may tell."""
    os.chmod(folder, 0o755)
    while entries := _some(folder):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            # Lifted up here, what it holds never has a path too long, nor needs recursion.
            for inner in _some(entry.path):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)
                os.rename(inner.path, folder + b"/" + os.urandom(16).hex().encode())
            with contextlib.suppress(OSError):  # it holds more: next time round
                os.rmdir(entry.path)
    for name in os.listxattr(folder):
        if not name.startswith("security."):  # the system's own
            os.removexattr(folder, name)
    os.utime(folder, (0, 0))


def _some(folder: bytes) -> list[os.DirEntry]:
    """Entries of a folder, which may have more than fit into memory."""
    with os.scandir(folder) as entries:
        return list(islice(entries, 1000))


def _serve(connection: Connection) -> NoReturn:
    """Answer messages until the other end hangs up; then the process ends.

    Requests are numbered by the grader, calls out of here by us; a reply carries the number of what
    it answers.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)

    # What student code forks must not answer in this process's place.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=connection.close)

    calls = 0
    one_at_a_time = threading.Lock()

    def call_out(request: dict) -> dict:
        nonlocal calls
        with one_at_a_time:
            connection.send([calls + 1, {"call_out": request}])
            calls += 1
            number, reply = connection.receive()
            if number != calls:
                os._exit(1)  # out of step: no answer is better than a wrong one
            return reply

    notebook = _Notebook(call_out)
    while True:
        try:
            number, message = connection.receive()
        except EOFError:
            os._exit(0)
        try:
            connection.send([number, notebook.answer(message)])
        except TooLarge as error:
            connection.send([number, _error(error)])


class _Notebook:
    """A notebook that is loaded step by step, and then answers checks."""

    def __init__(self, call_out: Callable[[dict], dict]) -> None:
        self.module = new_module("notebook")
        self.steps: list[Step] = []
        self.workspace = Workspace(vars(self.module), self.module.missing_names, call_out)
        # First, so that unprotected grading is served what sandboxed grading is.
        sys.meta_path.insert(0, _GivenModules(self.workspace))

    def answer(self, message: dict) -> dict:
        match message:
            case {"op": "load", "cells": cells, "outline": outline}:
                read = [Cell(**{**cell, "tags": frozenset(cell["tags"])}) for cell in cells]
                names = {grade_id: frozenset(names) for grade_id, names in outline.items()}
                self.steps = plan(read, Outline(names))
                return {"value": [step.cell.number for step in self.steps]}
            case {"op": "run", "step": number}:
                run_step(self.steps[number], self.module)
            case {"op": "skip", "step": number, "reason": reason}:
                for name in self.steps[number].names:
                    self.module.missing_names[name] = reason
            case _:
                return self.workspace.answer(message)
        return {"value": None}


def _error(error: BaseException) -> dict:
    text = str(error)[:500]
    return {"error": {"type": type(error).__name__, "message": text, "cell": 0, "line": 0}}


class _GivenModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules of ``assignments`` that are not in the sandbox: every name in them is served.

    Importing one always works; calling what is in it asks the grader, which answers what the
    question's marker allows.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != "assignments":
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = self.served(spec.name)
        if spec.name == "assignments.carryover":
            module.previous = self.served  # type: ignore[attr-defined]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass

    def served(self, origin: str) -> types.ModuleType:
        workspace = self.workspace

        class ServedModule(types.ModuleType):
            def __getattr__(self, name: str) -> Any:
                if name.startswith("__"):
                    raise AttributeError(name)
                return workspace._served_function(Served(f"{origin}:{name}"))

        return ServedModule(origin)


def _make_undumpable() -> None:
    """No process of the same user may look into this one or its forks."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


if __name__ == "__main__":
    main(sys.argv[1:])
