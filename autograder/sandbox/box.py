"""A running sandbox: start it, open a wire into it, watch what it uses, end it."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any

import psutil

from autograder.sandbox import bubblewrap
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.limits import Breach, Limits
from autograder.sandbox.wire import Connection, Malformed

__all__ = ["PROTECTIONS", "Sandbox", "Wire"]

#: What ``--sandbox`` may say.
PROTECTIONS = ("bubblewrap", "none")

#: Seconds that a sandbox may take to start, torch included.
_START = 120.0


class Sandbox:
    """One sandboxed process tree, from which a fork answers each notebook.

    Use it as a context manager. After a breach, :meth:`restart` gives a new one.

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
        ours, theirs = socket.socketpair()
        limits = json.dumps(self.limits.as_rlimits() if self.protection != "none" else {})
        inside = [str(theirs.fileno()), limits, *sorted(self.packages)]
        if self.protection == "none":
            line = [sys.executable, "-m", "autograder.sandbox.inside", *inside]
        else:
            line = bubblewrap.command(inside, self.packages, self.limits)
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                line,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=None if self.protection == "none" else {},
            )
            theirs.close()
            self._control = ours
            ours.settimeout(_START)
            try:
                ready = ours.recv(5)
            except TimeoutError:
                ready = b""
            if ready != b"ready":
                self.kill()
                errors.seek(0)
                said = errors.read(2000).decode(errors="replace").strip()
                raise SandboxUnavailable(
                    f"the sandbox does not start: {said or 'it said nothing'}. "
                    "Run 'autograder doctor', which tries each of its parts."
                )

    def open(self) -> "Wire":
        """A new fork for a notebook, and the wire to it."""
        if self._process is None or self._control is None:
            self.start()
        assert self._control is not None
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"f"], [theirs.fileno()])
        finally:
            theirs.close()
        return Wire(self, ours)

    def restart(self) -> None:
        """End it with all that runs in it, and start a new one."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """End it at once; nothing inside survives."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            for process in self._tree():
                with contextlib.suppress(psutil.Error):
                    process.kill()
            self._process.kill()
            self._process.wait()
        self._process = self._control = None

    def usage(self) -> tuple[float, int]:
        """CPU seconds used so far by the whole tree, and bytes of memory in use now."""
        cpu, memory = 0.0, 0
        for process in self._tree():
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                memory += process.memory_info().rss
        return cpu, memory

    def _tree(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.Error:
            return []


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
        self._cpu_before: float | None = None
        self._started = time.monotonic()
        self._calls_out = 0

    def __call__(self, message: dict, answer: Callable[[dict], dict]) -> dict:
        """Send a message and bring the reply; answer served functions meanwhile.

        Raises:
            Breach: the student's code went beyond a limit, ended or sent what is no answer.
        """
        try:
            self._connection.send(message)
            while True:
                reply = self._connection.receive()
                if type(reply) is not dict:
                    raise Malformed("no dictionary")
                if "call_out" not in reply:
                    return reply
                self._calls_out += 1
                if self._calls_out > self.limits.calls_out:
                    raise Breach("calls")
                request = reply["call_out"]
                if type(request) is not dict:
                    raise Malformed("no request")
                self._connection.send(answer(request))
        except Malformed:
            raise Breach("protocol") from None
        except (EOFError, ConnectionError):
            raise Breach("exit") from None

    def load(self, cells: list[dict[str, Any]], outline: dict[str, list[str]]) -> list[int]:
        """Hand over a notebook; returns the number of the cell of each step to run."""
        reply = self({"op": "load", "cells": cells, "outline": outline}, _refuse)
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
        self._connection.close()

    def _watch(self) -> None:
        """While nothing comes: is a limit reached?"""
        cpu, memory = self.sandbox.usage()
        if self._cpu_before is None:
            self._cpu_before = max(0.0, cpu - (time.monotonic() - self._started))
        if cpu - self._cpu_before > self._cpu_limit:
            raise Breach("cpu")
        if memory > self.limits.memory:
            raise Breach("memory")
        if time.monotonic() - self._started > self.limits.wall:
            raise Breach("wall")


def _refuse(_request: dict) -> dict:
    text = "nothing is served while a notebook is loaded"
    return {"error": {"type": "LookupError", "message": text, "cell": 0, "line": 0}}
