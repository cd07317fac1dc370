"""One's own notebook on one's own machine: a process without protection, on any system.

Windows can neither fork nor hand descriptors to a process, so each notebook gets a process of its
own, which connects to a socket of this machine.
"""

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

from autograder.sandbox.backend import Opened
from autograder.sandbox.limits import Limits, SandboxUnavailable
from autograder.sandbox.tree import Tree

__all__ = ["Unprotected"]

#: Seconds that the process may take to connect, torch imported.
_START = 120.0


class Unprotected:
    """A plain process a notebook, as a backend.

    Args:
        preload: modules that each process imports before it answers.
        limits: what student code may use; a plain process can be held to few of them.
    """

    def __init__(self, preload: Iterable[str], limits: Limits) -> None:
        self.preload = sorted(preload)
        self.limits = limits
        self.meter: Tree | None = None
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Each notebook starts its own."""

    def open(self) -> Opened:
        self.kill()
        token = secrets.token_bytes(16)
        with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryFile() as errors:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            rlimits = json.dumps(self.limits.as_harmless_rlimits())
            module = "autograder.sandbox.inside"
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", module, address, rlimits, *self.preload],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            self.meter = Tree(process.pid, self.limits.memory)
            assert process.stdin is not None
            with contextlib.suppress(OSError), process.stdin as pipe:  # it may have ended already
                pipe.write(token)
            server.settimeout(0.1)
            deadline = time.monotonic() + _START
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    wire, _address = server.accept()
                except TimeoutError:
                    continue
                wire.settimeout(1)
                with contextlib.suppress(OSError), wire.makefile("rb") as stream:
                    if secrets.compare_digest(stream.read(len(token)), token):
                        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        return Opened(wire, process.pid)
                wire.close()  # somebody else of this machine
            self.kill()
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
        raise SandboxUnavailable(
            f"the process for the notebook does not start: {said[-2000:] or 'it said nothing'}"
        )

    def close(self) -> None:
        self.kill()

    def kill(self) -> None:
        if self.meter is not None and self._process is not None:
            # Not waited for yet, so nobody else can have its number.
            if self._process.poll() is None:
                self.meter.kill()
            self._process.wait()
        self._process = self.meter = None
