"""Student code in bubblewrap: a process that clears and forks for each notebook."""

import contextlib
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterable

from autograder.sandbox import bubblewrap, syscalls
from autograder.sandbox.backend import Meter, Opened
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import Limits, SandboxUnavailable
from autograder.sandbox.tree import Tree

__all__ = ["Protected", "prepare"]

#: Seconds that a sandbox may take to start, torch included.
_START = 120.0
#: Seconds that it may take to clear and fork; then a new one is the shorter way.
_CLEAR = 2.0

#: Who sent a message, as the kernel adds it: pid, uid, gid.
_CREDENTIALS = struct.Struct("3i")

_boxes = itertools.count()


def prepare(packages: Iterable[str]) -> None:
    """Find out, once and before forking, what every sandbox with these packages needs."""
    with contextlib.suppress(SandboxUnavailable):  # starting one says so
        syscalls.program()
        bubblewrap.package_mounts(tuple(sorted(packages)))


class Protected:
    """The sandbox as a backend.

    Args:
        packages: distributions to mount.
        preload: modules that are imported before the first fork.
        limits: what student code may use.
        group: the group under which the sandbox gets its own; False for none, None for one of its
            own where it can be made.
    """

    def __init__(
        self,
        packages: Iterable[str],
        preload: Iterable[str],
        limits: Limits,
        group: Group | bool | None,
    ) -> None:
        self.packages = sorted(packages)
        self.preload = sorted(preload)
        self.limits = limits
        self._parent = group
        self.group: Group | None = None
        self.meter: Meter | None = None
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        #: A descriptor of process 1 inside: no other process is ever meant by it.
        self._first: int | None = None

    def start(self) -> None:
        program = syscalls.program()
        self.group = self._new_group()
        with contextlib.ExitStack() as stack:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.callback(theirs.close)
            self._control = ours
            # The kernel says who sends, in our numbers.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            errors = stack.enter_context(tempfile.TemporaryFile())
            said, says = os.pipe()
            info = stack.enter_context(open(said, "rb"))
            seccomp = syscalls.filter_file(program)
            passed = [theirs.fileno(), says, seccomp]
            try:
                inside = [str(theirs.fileno()), json.dumps(self.limits.as_rlimits())]
                line = bubblewrap.command(
                    [*inside, *self.preload], self.packages, self.limits, seccomp, says
                )
                self._process = subprocess.Popen(
                    [*(self.group.launcher() if self.group else ()), *line],
                    pass_fds=passed,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env={},
                )
            except BaseException:
                self.kill()
                raise
            finally:
                os.close(says)
                os.close(seccomp)
            theirs.close()
            ready = self._first_is(info.read()) and self._hears(b"ready", _START)
            if not ready:
                self.kill()
                errors.seek(0)
                text = errors.read(2000).decode(errors="replace").strip()
                raise SandboxUnavailable(
                    f"the sandbox does not start: {text or 'it said nothing'}. "
                    "Run 'autograder doctor', which tries each of its parts."
                )

    def _new_group(self) -> Group | None:
        if self._parent is False:
            return None
        limits = {
            "memory": self.limits.memory,
            # Besides those that count inside: what starts it.
            "processes": self.limits.processes + 4,
        }
        name = f"box{next(_boxes)}"
        if isinstance(self._parent, Group):
            return self._parent.child(name, **limits)
        return Group.make(name, **limits)

    def _first_is(self, info: bytes) -> bool:
        """Take hold of the process that bubblewrap names as the first inside."""
        try:
            pid = json.loads(info)["child-pid"]
            self._first = os.pidfd_open(pid)
        except (ValueError, KeyError, OSError):
            return False
        self.meter = self.group or Tree(pid, self.limits.memory)
        return True

    def _hears(self, word: bytes, seconds: float) -> int | None:
        """The number of the process that says a word, or None if none does in this time."""
        assert self._control is not None
        self._control.settimeout(seconds)
        try:
            said, extra, _flags, _address = self._control.recvmsg(
                len(word) + 1, socket.CMSG_SPACE(_CREDENTIALS.size)
            )
        except OSError:
            return None
        if said != word:
            return None
        return next(
            _CREDENTIALS.unpack(data)[0]
            for level, kind, data in extra
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
        )

    def open(self) -> Opened:
        # Want of memory is never forgotten: it would be counted against this notebook.
        short = self.meter is not None and self.meter.out_of_memory()
        if self._control is not None and not short and (opened := self._fork(_CLEAR)):
            return opened
        # None runs, or something inside keeps it from answering.
        self.kill()
        self.start()
        if opened := self._fork(_START):
            return opened
        self.kill()
        raise SandboxUnavailable("the sandbox starts, and then makes no process for a notebook")

    def _fork(self, seconds: float) -> Opened | None:
        assert self._control is not None
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(OSError):
            socket.send_fds(self._control, [b"open"], [theirs.fileno()])
            if (pid := self._hears(b"open", seconds)) is not None:
                return Opened(ours, pid)
        ours.close()
        return None

    def close(self) -> None:
        if self._control is None:
            return
        try:
            self._control.send(b"clear")
        except OSError:
            self.kill()
        else:
            if self._hears(b"clear", _CLEAR) is None:
                self.kill()

    def kill(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            # The kernel ends a sandbox with its first process, and the bubblewraps around it clear
            # up after it.
            if self._first is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._first, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        if self._first is not None:
            os.close(self._first)
        if self.group is not None:
            self.group.remove()
        self._process = self._control = self._first = self.group = self.meter = None
