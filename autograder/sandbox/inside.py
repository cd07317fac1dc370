"""What runs inside the sandbox: a process that forks once for each notebook and serves its names.

Started as ``python -m autograder.sandbox.inside CONTROL_FD RLIMITS PRELOAD...`` with the control
socket inherited. Each message on it carries one end of a new wire; a fork answers that wire, and
holds nothing of the process but the modules it had imported.

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
import types
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

try:
    import resource
except ImportError:  # not on Windows, where only --sandbox=none runs
    resource = None  # type: ignore[assignment]

from assignments.notebook import Cell, Outline, Step, new_module, plan, run_step
from assignments.values import Served, TooLarge
from assignments.workspace import Workspace
from autograder.sandbox.late import LATE, LateModules
from autograder.sandbox.wire import Connection

__all__ = ["main"]


def main(arguments: Sequence[str]) -> None:
    """Serve notebooks until the other end hangs up."""
    where, limits = arguments[0], json.loads(arguments[1])
    sys.meta_path.insert(0, LateModules())
    for name in set(arguments[2:]) - LATE:
        with contextlib.suppress(ImportError):  # a distribution's name need not be a module's
            importlib.import_module(name)
    if ":" in where:
        _serve(_connect(where), limits)
    else:
        _fork_for_each(socket.socket(fileno=int(where)), limits)


def _connect(address: str) -> Connection:
    """The wire to the grader that listens at ``HOST:PORT``."""
    host, _colon, port = address.rpartition(":")
    wire = socket.create_connection((host, int(port)))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.sendall(sys.stdin.buffer.read())
    return Connection(wire)


def _fork_for_each(control: socket.socket, limits: dict[str, int]) -> None:
    """Fork for each wire that comes over the control socket, until it closes."""
    _make_undumpable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(b"ready")
    while True:
        _message, descriptors, _flags, _address = socket.recv_fds(control, 1, 1)
        if not descriptors:
            return
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(Connection(socket.socket(fileno=descriptors[0])), limits)
        os.close(descriptors[0])


def _serve(connection: Connection, limits: dict[str, int]) -> NoReturn:
    """Answer messages until the other end hangs up; then the process ends."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)
    for name, value in limits.items() if resource else ():
        resource.setrlimit(getattr(resource, name), (value, value))

    # What student code forks must not answer in this process's place.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=connection.close)

    def call_out(request: dict) -> dict:
        connection.send({"call_out": request})
        return connection.receive()

    notebook = _Notebook(call_out)
    while True:
        try:
            message = connection.receive()
        except EOFError:
            os._exit(0)
        try:
            connection.send(notebook.answer(message))
        except TooLarge as error:
            connection.send(_error(error))


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
