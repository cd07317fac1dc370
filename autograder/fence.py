"""A fence around each submission: a process of its own, which is watched and can be ended.

Whatever a student's input does to the code that reads, calls, compares, explains or renders it, it
does there. A step that does not end, or that ends the process, costs that step; what is left is
done by a new process. Nothing comes out of one but JSON lines of a known form.
"""

import contextlib
import itertools
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module

import msgspec
import psutil

from assignments.messages import N_, _
from autograder.course import Assignment, CourseError
from autograder.grading import Began, Budget, Progress, Settings
from autograder.record import Report
from autograder.sandbox.backend import Meter
from autograder.sandbox.box import run_delay
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import SandboxUnavailable
from autograder.sandbox.tree import Tree
from autograder.submission import Submission
from autograder.template import (
    PACKAGES,
    Broke,
    Job,
    Over,
    Ready,
    Warm,
    receive_bytes,
    send_bytes,
)

__all__ = ["Account", "Fence", "Slots", "Stopped", "grade_fenced"]

#: Bytes of all that one job may tell.
MAX_TOLD = 256 * 2**20

#: Seconds between two looks at what a submission uses.
_TICK = 0.2
#: A submission that uses less than this share of a core is asleep.
_ASLEEP = 0.05

_numbers = itertools.count()


@dataclass
class Stopped(Exception):
    """A job was ended.

    Attributes:
        limit: ``"step"`` or ``"budget"`` (it took too long), ``"memory"``, ``"grader"`` (it broke
            the process that graded it).
        fault: the traceback, where an exception of ours was what ended it.
    """

    limit: str
    fault: str = ""


class Slots:
    """How many submissions compute at once. One that sleeps lends its place to another."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._hurried = 0
        self._changed = threading.Condition()

    @contextmanager
    def place(self, hurry: bool = False) -> Iterator["Place"]:
        """Wait for a place, and hold it.

        Args:
            hurry: go before all who do not: for the pages of a submission that is kept meanwhile.
        """
        with self._changed:
            self._hurried += hurry
            self._changed.wait_for(lambda: self._free > 0 and (hurry or not self._hurried))
            self._hurried -= hurry
            self._free -= 1
            self._changed.notify_all()
        place = Place(self)
        try:
            yield place
        finally:
            place.lend(True)

    def _give(self, number: int) -> None:
        with self._changed:
            self._free += number
            self._changed.notify_all()


class Place:
    """One place of some :class:`Slots`."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._lent = False

    def lend(self, lent: bool) -> None:
        """Give it to another, or take it back: then one more computes for a while."""
        if lent != self._lent:
            self._slots._give(1 if lent else -1)
            self._lent = lent


class Account:
    """What a submission has left of its budget, over all its jobs."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._left = budget.seconds
        self._step_left = budget.step
        self._end = time.monotonic() + budget.hard

    def step(self) -> None:
        """Another step begins."""
        self._step_left = self.budget.step

    def spend(self, seconds: float) -> None:
        """Take off seconds, less those spent waiting for a core.

        Raises:
            Stopped: nothing is left.
        """
        self._left -= seconds
        self._step_left -= seconds
        if self._left < 0 or time.monotonic() > self._end:
            raise Stopped("budget")
        if self._step_left < 0:
            raise Stopped("step")


class Fence:
    """A warm template for one assignment, and the forks that it makes; a context manager.

    May be used by many threads at once.

    Args:
        settings: for grading; see :attr:`settings`.
    """

    def __init__(self, assignment: Assignment, settings: Settings) -> None:
        self.assignment = assignment
        self._lock = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno()), *filter(None, sys.path)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=os.environ | _ENVIRONMENT,
            )
        paths = {name: list(import_module(name).__path__) for name in PACKAGES}
        self._warm = Warm(assignment, settings, paths)
        with contextlib.suppress(OSError):  # if it has ended, waiting for it says so
            send_bytes(self._control, pickle.dumps(self._warm))
        self._ready: Ready | None = None

    def __enter__(self) -> "Fence":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    @property
    def settings(self) -> Settings:
        """The settings, with the hash of what the template loaded; waits until it is warm.

        Raises:
            CourseError: the course lacks something that grading needs; the message says what.
            SandboxUnavailable: the template does not start.
        """
        with self._lock:
            if self._ready is None:
                try:
                    self._ready = msgspec.json.decode(receive_bytes(self._control), type=Ready)
                except (EOFError, OSError):
                    raise self._ended() from None
        if self._ready.problem:
            raise CourseError(self._ready.problem)
        return replace(self._warm.settings, grader_hash=self._ready.grader_hash)

    def _ended(self) -> SandboxUnavailable:
        self._errors.seek(0)
        said = self._errors.read()[-4000:].decode(errors="replace").strip()
        return SandboxUnavailable(f"the grading process has ended: {said or 'it said nothing'}")

    def run(self, job: Job, account: Account, place: Place | None = None) -> Iterator:
        """Have a fork do a job; yields what it tells as soon as it is told.

        Args:
            account: of the submission that the job is about.
            place: lent to others while the job sleeps.

        Raises:
            Stopped: the job was ended; what it had told by then has been yielded.
            SandboxUnavailable: the template has ended.
        """
        group = Group.make(f"submission{next(_numbers)}")
        try:
            memory = account.budget.memory
            own = group and group.child("grader", memory=memory)
            pid, process, wire = self._fork()
            try:
                wire.settimeout(_TICK)
                watch = _Watch(pid, own or _Alone(pid, memory), account, place)
                account.step()
                _send(wire, pickle.dumps((group, own, job)), watch)
                yield from self._told(job, wire, watch)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(process, signal.SIGKILL)  # its sandbox dies with it
                os.close(process)
                wire.close()
        finally:
            if group is not None:
                group.remove()

    def _told(self, job: Job, wire: socket.socket, watch: "_Watch") -> Iterator:
        decoder = msgspec.json.Decoder(job.tells | Broke | Over)
        for line in _lines(wire, watch):
            try:
                told = decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise Stopped("grader", f"what it told is of no known form: {error}") from None
            if isinstance(told, Over):
                return
            if isinstance(told, Broke):
                raise Stopped("grader", told.fault)
            watch.account.step()
            yield told

    def _fork(self) -> tuple[int, int, socket.socket]:
        """The process number of a new fork, a descriptor of it, and the wire to it."""
        assert self.settings.grader_hash  # it is warm
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                number, descriptors, _flags, _address = socket.recv_fds(self._control, 4, 1)
                return int.from_bytes(number, "big"), descriptors[0], ours
        except (OSError, IndexError):
            ours.close()
            raise self._ended() from None


_START = """\
import sys
sys.path[:] = sys.argv[2:]
from autograder.template import main
main(int(sys.argv[1]))
"""

#: One thread a process, as many processes as cores; and no window for a figure.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
}


def _send(wire: socket.socket, data: bytes, watch: "_Watch") -> None:
    with memoryview(len(data).to_bytes(8, "big") + data) as rest:
        while rest:
            try:
                rest = rest[wire.send(rest) :]
            except TimeoutError:
                watch.look()
            except OSError:
                raise watch.why_it_ended() from None


def _lines(wire: socket.socket, watch: "_Watch") -> Iterator[bytes]:
    """What comes, line by line, for ever; the watch ends it."""
    waiting, told = bytearray(), 0
    while True:
        watch.look()
        try:
            chunk = wire.recv(2**20)
        except TimeoutError:
            continue
        except OSError:
            chunk = b""
        if not chunk:
            raise watch.why_it_ended()
        told += len(chunk)
        if told > MAX_TOLD:
            raise Stopped("memory")
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield bytes(waiting) + line
            waiting.clear()
        waiting += rest


class _Alone(Tree):
    """A process without those below it, which its sandbox counts."""

    def processes(self) -> list[psutil.Process]:
        return super().processes()[:1]


class _Watch:
    """Looks at what a job uses, and ends it when that is too much."""

    def __init__(self, pid: int, meter: Meter, account: Account, place: Place | None) -> None:
        self.account = account
        self._tree = Tree(pid, 0)
        self._meter = meter
        self._place = place
        self._looked = time.monotonic()
        self._cpu = 0.0
        self._delays: dict[int, float] = {}

    def look(self) -> None:
        """Count what was used since the last look; not more often than each tick.

        Raises:
            Stopped: it is too much.
        """
        now = time.monotonic()
        passed = now - self._looked
        if passed < _TICK:
            return
        self._looked = now
        waited = self._waited()
        cpu = self._tree.cpu()
        if self._place is not None:
            self._place.lend(cpu - self._cpu + waited < _ASLEEP * passed)
        self._cpu = cpu
        if self._meter.out_of_memory():
            raise Stopped("memory")
        self.account.spend(max(passed - waited, 0.0))

    def _waited(self) -> float:
        """Seconds since the last look in which one of the job's processes waited for a core."""
        delays = {process.pid: run_delay(str(process.pid)) for process in self._tree.processes()}
        waited = [delay - self._delays.get(pid, delay) for pid, delay in delays.items()]
        self._delays = delays
        return max(waited, default=0.0)

    def why_it_ended(self) -> Stopped:
        return Stopped("memory" if self._meter.out_of_memory() else "grader")


def grade_fenced(
    fence: Fence, submission: Submission, settings: Settings, slots: Slots | None = None
) -> Report:
    """Grade a submission behind the fence; whatever it does, there is a report."""
    progress = Progress(submission, fence.assignment, settings)
    account = Account(settings.budget)
    with slots.place() if slots else contextlib.nullcontext() as place:
        while not (progress.done or progress.machine):
            try:
                for event in fence.run(progress.rest(), account, place):
                    progress.add(event)
            except Stopped as stopped:
                reason = _(_REASONS[stopped.limit]).format(budget=settings.budget)
                if stopped.limit == "budget":
                    progress.give_up("budget", reason)
                else:
                    progress.stop(stopped.limit, reason, stopped.fault)
            except SandboxUnavailable as error:
                progress.step = Began()
                progress.stop("machine", str(error))
    return progress.report()


#: Why a question was stopped, for the student to read.
_REASONS: Mapping[str, str] = {
    "budget": N_(
        "the submission as a whole took longer than the {budget.seconds:g} seconds that it may"
    ),
    "step": N_("grading it took longer than {budget.step:g} seconds and was stopped"),
    "memory": N_("grading it used too much memory and was stopped"),
    "grader": N_(
        "what this code hands over keeps the grader busy or breaks it, so it was stopped; "
        "your instructor sees the details"
    ),
}
