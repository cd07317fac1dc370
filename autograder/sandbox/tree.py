"""What a process and all below it use, where no group of the kernel counts that.

Processor time of processes that have ended counts once their parent has waited for them; memory is
looked at now and then. Both are less than a :class:`~autograder.sandbox.groups.Group` promises.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

__all__ = ["Tree"]

#: Linux tells of each process its children, where it is built with checkpointing, as distributions
#: build it.
_CHILDREN = Path("/proc/thread-self/children")


class Tree:
    """A process and all below it.

    Args:
        root: the process, which nobody has waited for yet.
        limit: bytes of memory that all may have.
    """

    def __init__(self, root: int, limit: int) -> None:
        self.root = root
        self.limit = limit

    def cpu(self) -> float:
        """Seconds of processor time of those that run, and of those whose parents waited."""
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += sum(process.cpu_times()[:4])  # its own and its children's
        return total

    def memory(self) -> int:
        """Bytes in use now; pages that several share count once, where Linux tells of them."""
        processes = self.processes()
        total = _sum_of(processes, _resident)
        return _sum_of(processes, _proportional) if total > self.limit else total

    def out_of_memory(self) -> bool:
        """Do they have more memory than they may?"""
        return self.memory() > self.limit

    def kill(self) -> None:
        """End them all."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def processes(self) -> list[psutil.Process]:
        """All of them, parents first."""
        try:
            process = psutil.Process(self.root)
            if not _CHILDREN.exists():
                return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []
        # What psutil finds by reading every process of the machine, the kernel tells of each.
        tree, seen = [process], {self.root}
        for parent in tree:
            for pid in _children(parent.pid):
                if pid not in seen:
                    seen.add(pid)
                    with contextlib.suppress(psutil.Error):
                        tree.append(psutil.Process(pid))
        return tree


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += map(int, file.read().split())
    return children


def _sum_of(processes: Iterable[psutil.Process], bytes_of: Callable[[psutil.Process], int]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += bytes_of(process)
    return total


def _resident(process: psutil.Process) -> int:
    """Every page that it has, even those that it shares: never too little, and quick to read."""
    return process.memory_info().rss


def _proportional(process: psutil.Process) -> int:
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            return sum(
                int(line.split()[1]) * 1024
                for line in file
                if line.startswith((b"Pss:", b"SwapPss:"))
            )
    except OSError:
        return _resident(process)
