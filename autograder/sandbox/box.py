"""A running sandbox: start it, open a wire into it, watch what it uses, end it."""

import contextlib
import itertools
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from assignments.messages import _
from assignments.values import TooLarge
from autograder.sandbox import bubblewrap, unprotected
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.deadline import DeadlinePassed, call_within
from autograder.sandbox.limits import Breach, Limits
from autograder.sandbox.wire import Connection, Malformed

__all__ = ["PROTECTIONS", "Sandbox", "Wire"]

#: What ``--sandbox`` may say.
PROTECTIONS = ("bubblewrap", "none")

#: Seconds that a sandbox may take to start, torch included.
_START = 120.0


class Sandbox:
    """One sandboxed process tree, from which a fork answers each notebook.

    Use it as a context manager. After a breach, :meth:`restart` gives a new one. Without protection
    there is no such tree, but a process for each notebook.

    Args:
        packages: distributions to mount, and to import before the first fork.
        limits: what student code may use.
        protection: ``"bubblewrap"``, or ``"none"`` for one's own code on one's own machine.
    """

    def __init__(
        self,
        packages: Iterable[str] = ("numpy",),
        limits: Limits | None = None,
        protection: str = "bubblewrap",
    ) -> None:
        self.packages = set(packages)
        self.limits = (limits or Limits()).for_packages(self.packages)
        self.protection = protection
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        # The process that forks for each notebook, and the first of those inside.
        self._zygote: psutil.Process | None = None
        self._first: psutil.Process | None = None
        self._wires: set[Wire] = set()
        # Without protection: the process at the other end of each wire.
        self._own: dict[Wire, subprocess.Popen] = {}

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process tree and wait until it is ready.

        Raises:
            SandboxUnavailable: it does not start; the message says why.
        """
        self.kill()
        if self.protection == "none":
            return
        ours, theirs = socket.socketpair()
        inside = [str(theirs.fileno()), json.dumps(self.limits.as_rlimits())]
        line = bubblewrap.command([*inside, *sorted(self.packages)], self.packages, self.limits)
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                line,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={},
            )
            theirs.close()
            self._control = ours
            ours.settimeout(_START)
            try:
                ready = ours.recv(5)
            except (TimeoutError, ConnectionError):
                ready = b""
            if ready != b"ready":
                self.kill()
                errors.seek(0)
                said = errors.read(2000).decode(errors="replace").strip()
                raise SandboxUnavailable(
                    f"the sandbox does not start: {said or 'it said nothing'}. "
                    "Run 'autograder doctor', which tries each of its parts."
                )
            ours.settimeout(None)
            self._zygote = _tree(self._process.pid)[-1]
            self._first = self._zygote.parent()

    def open(self) -> "Wire":
        """A new process for a notebook, and the wire to it.

        Raises:
            SandboxUnavailable: it does not start; the message says why.
        """
        if self.protection == "none":
            process, sock = unprotected.start(sorted(self.packages), self.limits)
            wire = Wire(self, sock)
            self._own[wire] = process
            wire.rest()  # what it took to start does not count
            return wire
        try:
            sock = self._fork()
        except OSError:
            # It has ended since: something inside may have killed it.
            self.restart()
            sock = self._fork()
        wire = Wire(self, sock)
        self._wires.add(wire)
        return wire

    def _fork(self) -> socket.socket:
        if self._control is None:
            self.start()
        assert self._control is not None
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"f"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def restart(self) -> None:
        """End it with all that runs in it, and start a new one."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """End it at once; nothing inside survives."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            # The kernel ends a sandbox with its first process, and the bubblewraps around it clear
            # up after it.
            _kill([self._first] if self._first else _tree(self._process.pid))
            self._process.wait()
        for wire in list(self._own):
            self._end(wire)
        self._process = self._control = self._zygote = self._first = None
        self._wires.clear()

    def close(self, wire: "Wire") -> None:
        """End what runs at the other end of a wire; with the last wire, all that was left running.

        While other wires are open, only orphans can be told from what those need.
        """
        self._wires.discard(wire)
        if wire in self._own:
            self._end(wire)
        for _attempt in range(5):
            running = self._left_running()
            _kill(running)
            if not running:
                return
            psutil.wait_procs(running, timeout=1)

    def _end(self, wire: "Wire") -> None:
        process = self._own.pop(wire)
        _kill(_tree(process.pid))
        process.wait()

    def _left_running(self) -> list[psutil.Process]:
        if self._first is None:
            return []
        try:
            inside = _tree(self._first.pid)[1:] if not self._wires else self._first.children()
        except psutil.Error:
            return []
        return [process for process in inside if process != self._zygote]

    def usage(self) -> tuple[float, int]:
        """CPU seconds used so far by all processes inside, and bytes of memory in use now."""
        cpu, memory = 0.0, 0
        roots = [self._first] if self._first else list(self._own.values())
        for process in itertools.chain.from_iterable(_tree(root.pid) for root in roots):
            with contextlib.suppress(psutil.Error), process.oneshot():
                cpu += sum(process.cpu_times()[:4])  # its own and its children's
                memory += process.memory_info().rss
        return cpu, memory


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _tree(root: int) -> list[psutil.Process]:
    """A process and all below it, parents first."""
    try:
        process = psutil.Process(root)
        if not _CHILDREN.exists():
            return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
    # What psutil finds by reading every process of the machine, the kernel tells of each.
    tree, seen = [process], {root}
    for parent in tree:
        for pid in _children(parent.pid):
            if pid not in seen:
                seen.add(pid)
                with contextlib.suppress(psutil.Error):
                    tree.append(psutil.Process(pid))
    return tree


#: Linux has it where it is built with checkpointing, as distributions build it.
_CHILDREN = Path("/proc/thread-self/children")


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += map(int, file.read().split())
    return children


class Wire:
    """A transport (see :mod:`assignments.student`) into a sandbox, under limits.

    The limits count from the last :meth:`rest`, which the grader calls before each question.
    """

    def __init__(self, sandbox: Sandbox, sock: socket.socket) -> None:
        self.sandbox = sandbox
        self.limits = sandbox.limits
        self._connection = Connection(sock, self._watch)
        self.rest()

    def rest(self, cpu: float | None = None) -> None:
        """Begin a new question: all counts start at zero.

        Args:
            cpu: CPU seconds that this question may use, if not the usual.
        """
        self._cpu_limit = self.limits.cpu if cpu is None else cpu
        self._cpu_before, _memory = self.sandbox.usage()
        self._waited = 0.0
        self._asked: float | None = None
        self._calls_out = 0

    def __call__(self, message: dict, answer: Callable[[dict], dict]) -> dict:
        """Send a message and bring the reply; answer served functions meanwhile.

        Raises:
            Breach: the student's code went beyond a limit, ended or sent what is no answer.
        """
        self._asked = time.monotonic()
        try:
            self._connection.send(message)
            while True:
                reply = self._connection.receive()
                if type(reply) is not dict:
                    raise Malformed("no dictionary")
                if "call_out" not in reply:
                    return reply
                request = reply["call_out"]
                if type(request) is not dict:
                    raise Malformed("no request")
                try:
                    self._connection.send(self._answer(request, answer))
                except TooLarge as error:
                    self._connection.send(_error(str(error)))
        except Malformed:
            raise Breach("protocol") from None
        except (EOFError, ConnectionError):
            raise Breach("exit") from None
        finally:
            self._waited += time.monotonic() - self._asked
            self._asked = None

    def _answer(self, request: dict, answer: Callable[[dict], dict]) -> dict:
        """Answer a served function, whose arguments the student's code chose."""
        self._calls_out += 1
        if self._calls_out > self.limits.calls_out:
            raise Breach("calls")
        if _nbytes(request) > self.limits.served_bytes:
            return _error(_("the arguments are too large for a function of the course"))
        try:
            return call_within(self.limits.served_wall, self.limits.memory, answer, request)
        except DeadlinePassed:
            raise Breach("calls") from None

    def load(self, cells: list[dict[str, Any]], outline: dict[str, list[str]]) -> list[int]:
        """Hand over a notebook; returns the number of the cell of each step to run."""
        try:
            reply = self({"op": "load", "cells": cells, "outline": outline}, _refuse)
        except TooLarge:
            raise Breach("memory") from None
        numbers = reply.get("value")
        if type(numbers) is not list or not all(type(n) is int for n in numbers):
            raise Breach("protocol")
        return numbers

    def run(self, step: int) -> None:
        """Run one step of the notebook."""
        self({"op": "run", "step": step}, _refuse)

    def skip(self, step: int, reason: str) -> None:
        """Do not run a step; its names are missing for this reason."""
        self({"op": "skip", "step": step, "reason": reason}, _refuse)

    def close(self) -> None:
        """End the notebook's process, and what it left behind."""
        self._connection.close()
        self.sandbox.close(self)

    def _watch(self) -> None:
        """Is a limit reached?"""
        cpu, memory = self.sandbox.usage()
        if cpu - self._cpu_before > self._cpu_limit:
            raise Breach("cpu")
        if memory > self.limits.memory:
            raise Breach("memory")
        waiting = 0.0 if self._asked is None else time.monotonic() - self._asked
        if self._waited + waiting > self.limits.wall:
            raise Breach("wall")


def _nbytes(value: Any) -> int:
    """Bytes of all arrays and tensors in a message."""
    if type(value) in (list, tuple):
        return sum(map(_nbytes, value))
    if type(value) is dict:
        return sum(map(_nbytes, value.values()))
    # Lists may be as long as the wire allows: only arrays and tensors weigh.
    return value.nbytes if hasattr(value, "nbytes") else 0


def _refuse(_request: dict) -> dict:
    return _error(_("nothing of other notebooks can be called while this one is loaded"))


def _error(text: str) -> dict:
    return {"error": {"type": "LookupError", "message": text, "cell": 0, "line": 0}}
