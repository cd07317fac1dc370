"""What runs student code: one protocol for bubblewrap and for a plain process."""

import socket
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Backend", "Meter", "Opened"]


class Meter(Protocol):
    """What all processes of a sandbox use; :class:`Group` and :class:`Tree` count it."""

    def cpu(self) -> float:
        """Seconds of processor time so far."""

    def memory(self) -> int:
        """Bytes in use now."""

    def out_of_memory(self) -> bool:
        """Did they want more than they may have?"""


@dataclass(frozen=True)
class Opened:
    """A notebook's process.

    Attributes:
        sock: this end of the wire to it.
        pid: its number out here.
    """

    sock: socket.socket
    pid: int


class Backend(Protocol):
    """Runs a process for one notebook at a time."""

    @property
    def meter(self) -> Meter | None:
        """Counts all that runs; None while nothing does."""

    def start(self) -> None:
        """Make ready for notebooks.

        Raises:
            SandboxUnavailable: it cannot; the message says why.
        """

    def open(self) -> Opened:
        """A new process for a notebook, which finds nothing of the one before.

        Raises:
            SandboxUnavailable: it does not start; the message says why.
        """

    def close(self) -> None:
        """End the notebook's process, and all that it left behind."""

    def kill(self) -> None:
        """End everything at once; nothing survives. Does no harm twice."""
