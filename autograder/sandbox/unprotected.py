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

from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.sandbox.limits import Limits

__all__ = ["start"]

#: Seconds that the process may take to connect, torch imported.
_START = 120.0


def start(packages: Iterable[str], limits: Limits) -> tuple[subprocess.Popen, socket.socket]:
    """Start a process that serves one notebook, and the wire to it.

    Raises:
        SandboxUnavailable: it does not start; the message says why.
    """
    token = secrets.token_bytes(16)
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryFile() as errors:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        rlimits = json.dumps(limits.as_harmless_rlimits())
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder.sandbox.inside", address, rlimits, *packages],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
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
                    return process, wire
            wire.close()  # somebody else of this machine
        process.kill()
        process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
        raise SandboxUnavailable(
            f"the process for the notebook does not start: {said[-2000:] or 'it said nothing'}"
        )
