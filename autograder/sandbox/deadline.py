"""Stop a computation of our own that a hostile argument keeps busy.

Served functions run the reference, in the grader's process, on arguments that student code chose.
"""

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

try:
    import resource
except ImportError:  # not on Windows, where only --sandbox=none runs
    resource = None  # type: ignore[assignment]

__all__ = ["DeadlinePassed", "call_within"]

#: Seconds between two looks at the clock.
_TICK = 0.1


class DeadlinePassed(BaseException):
    """The computation took too long. Not an Exception, so that the computation lets it through."""


def call_within(seconds: float, memory: int, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function, interrupting it when it takes too long; works in any thread.

    One long operation in C is not interrupted before it ends.

    Args:
        seconds: of wall time.
        memory: bytes that it may allocate on top; beyond, it gets a ``MemoryError``.

    Raises:
        DeadlinePassed: it took longer.
    """
    watch = _watchdog()
    thread = threading.get_ident()
    with _memory_at_most(memory):
        watch.begin(thread, time.monotonic() + seconds)
        try:
            return function(*args)
        finally:
            _surely(watch.end, thread)


class _Watchdog:
    """One thread that raises :class:`DeadlinePassed` in the threads whose time is up."""

    def __init__(self) -> None:
        self._deadlines: dict[int, float] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="deadline", daemon=True).start()

    def begin(self, thread: int, deadline: float) -> None:
        with self._lock:
            self._deadlines[thread] = deadline
        if not self._wake.is_set():
            self._wake.set()

    def end(self, thread: int) -> None:
        with self._lock:
            self._deadlines.pop(thread, None)
            # Raised but not delivered yet: it must not strike later code.
            _raise_in(thread, None)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(_TICK)
            with self._lock:
                if not self._deadlines:
                    self._wake.clear()
                now = time.monotonic()
                for thread, deadline in self._deadlines.items():
                    if now > deadline:
                        _raise_in(thread, DeadlinePassed)


_made: dict[int, _Watchdog] = {}
_making = threading.Lock()


def _watchdog() -> _Watchdog:
    # A fork does not inherit the thread.
    pid = os.getpid()
    with _making:
        if pid not in _made:
            _made[pid] = _Watchdog()
        return _made[pid]


def _surely(function: Callable[..., Any], *args: Any) -> None:
    """Call it again when the deadline strikes in the middle of it."""
    while True:
        try:
            function(*args)
            return
        except DeadlinePassed:
            continue


def _raise_in(thread: int, exception: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(exception) if exception else None
    )


@contextlib.contextmanager
def _memory_at_most(extra: int) -> Iterator[None]:
    """Limit this process's address space for a while to what it has now, and some more."""
    try:
        with open("/proc/self/statm", "rb") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        before, hard = resource.getrlimit(resource.RLIMIT_AS)
    except (OSError, AttributeError):
        yield  # no Linux
        return
    if before != resource.RLIM_INFINITY:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (now + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
