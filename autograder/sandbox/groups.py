"""Control groups: the kernel counts and limits what processes use, all of them together.

Whatever a process starts stays in its group: memory counts with shared memory and files in tmpfs,
processor time with children that nobody waited for. Groups lie below the one that this process is
in. Version 2 of the interface is used where it has the controllers, else version 1, whose
controllers have a hierarchy each.

A group holds its processes in a leaf of its own, because a group of version 2 that has groups below
it may hold none.
"""

import contextlib
import os
import re
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Self

__all__ = ["Group"]

#: Rounds of ending processes or removing folders, and seconds between two of them.
_ROUNDS, _PAUSE = 200, 0.01

_LEAF = "processes"
#: The leaf into which this process moves, so that groups can be made beside it (version 2).
_OWN = "own"

#: Moves into the leaves and becomes the command, so that nothing of it ever runs outside of them.
_LAUNCH = (
    'until [ "$1" = -- ]; do echo 0 > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'
)


class Group(ABC):
    """A group of processes that the kernel counts. Made by :meth:`make`, ended by :meth:`remove`.

    Args:
        folders: of each hierarchy, the folder of the group.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)

    @staticmethod
    def make(name: str, memory: int | None = None, processes: int | None = None) -> "Group | None":
        """A group below the one that this process is in, or None where none can be made.

        Groups that killed processes left behind are removed first.

        Args:
            name: tells it from others of this process.
            memory: bytes that it may use.
            processes: processes and threads that it may have.
        """
        for kind in (_Unified, _Split):
            with contextlib.suppress(OSError):
                if (base := kind.base()) is not None:
                    base._remove_stale()
                    return base.child(f"{_prefix(os.getpid())}{name}", memory, processes)
        return None

    @classmethod
    @abstractmethod
    def base(cls) -> Self | None:
        """The group below which this process may make others.

        Raises:
            OSError: this process lacks the rights.
        """

    def child(self, name: str, memory: int | None = None, processes: int | None = None) -> Self:
        """A group below this one, whose limits hold besides.

        Raises:
            OSError: it cannot be made.
        """
        self._prepare()
        made = type(self)(folder / name for folder in self.folders)
        try:
            for folder in made.folders:
                folder.mkdir(exist_ok=True)
                (folder / _LEAF).mkdir(exist_ok=True)
            made._limit(memory, processes)
        except OSError:
            made.remove()
            raise
        return made

    def launcher(self) -> list[str]:
        """The beginning of a command line that runs the rest of it in this group."""
        leaves = [str(folder / _LEAF) for folder in self.folders]
        return ["/bin/sh", "-c", _LAUNCH, "sh", *leaves, "--"]

    def enter(self) -> None:
        """Move this process into the group."""
        for folder in self.folders:
            (folder / _LEAF / "cgroup.procs").write_text("0")

    @abstractmethod
    def cpu(self) -> float:
        """Seconds of processor time used so far."""

    @abstractmethod
    def memory(self) -> int:
        """Bytes in use now, without what the kernel only caches of files."""

    @abstractmethod
    def out_of_memory(self) -> bool:
        """Has the kernel ended a process of it for want of memory?"""

    def kill(self) -> None:
        """End every process in it, but never this one; nothing can be started in it again."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                (folder / "pids.max").write_text("0")  # nothing new is started meanwhile
        for _round in range(_ROUNDS):
            pids = set(self._pids()) - {os.getpid()}
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_PAUSE)

    def remove(self) -> None:
        """End what runs in it, and remove it; what the kernel still clears up is waited for."""
        self.kill()
        for folder in self.folders:
            for below in [*reversed(_below(folder)), folder]:
                for _round in range(_ROUNDS):
                    try:
                        below.rmdir()
                    except FileNotFoundError:
                        break
                    except OSError:
                        time.sleep(_PAUSE)
                    else:
                        break

    @abstractmethod
    def _limit(self, memory: int | None, processes: int | None) -> None:
        """Set its limits."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make groups below it possible."""

    def _pids(self) -> Iterator[int]:
        """The processes in it and below."""
        for folder in {self.folders[0], self.folders[-1]}:
            for each in (folder, *_below(folder)):
                with contextlib.suppress(OSError):
                    yield from map(int, (each / "cgroup.procs").read_text().split())

    def _remove_stale(self) -> None:
        """Remove the groups below it whose makers have ended."""
        for name in {path.name for folder in self.folders for path in folder.iterdir()}:
            match = _NAME.match(name)
            if match and match[1] == _namespace() and not Path("/proc", match[2]).exists():
                type(self)(folder / name for folder in self.folders).remove()


#: Whose a group is: the namespace in which its maker's number counts, and that number.
_NAME = re.compile(r"autograder-(\d+)-(\d+)-")


def _prefix(pid: int) -> str:
    return f"autograder-{_namespace()}-{pid}-"


@cache
def _namespace() -> str:
    return str(os.stat("/proc/self/ns/pid").st_ino)


def _below(folder: Path) -> list[Path]:
    """All folders below one, parents first."""
    return [Path(root, name) for root, names, _files in os.walk(folder) for name in names]


def _fields(path: Path) -> dict[str, int]:
    """A file of lines with a name and a number each."""
    return {key: int(value) for key, value in map(str.split, path.read_text().splitlines())}


def _own_folders() -> Iterator[tuple[str, Path]]:
    """Of each mounted hierarchy, its controllers ("" for version 2) and this process's folder."""
    mounts = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            left, _dash, right = line.partition(" - ")
            _id, _parent, _device, root, where, *_options = left.split()
            kind, _source, options = right.split()[:3]
            if kind == "cgroup2":
                mounts[""] = root, where
            elif kind == "cgroup":
                mounts |= dict.fromkeys(options.split(","), (root, where))
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        for line in file:
            _number, controllers, path = line.rstrip("\n").split(":", 2)
            for controller in controllers.split(","):
                if controller in mounts:
                    root, where = mounts[controller]
                    yield controller, Path(where, os.path.relpath(path, root))


class _Unified(Group):
    """Version 2: one hierarchy."""

    @classmethod
    def base(cls) -> Self | None:
        folder = dict(_own_folders()).get("")
        if folder is None:
            return None
        if folder.name == _OWN:
            folder = folder.parent
        available = (folder / "cgroup.controllers").read_text().split()
        if not {"memory", "pids"} <= set(available):
            return None
        base = cls([folder])
        try:
            base._prepare()
        except OSError:
            base._move_into_leaf()
            base._prepare()
        return base

    def _move_into_leaf(self) -> None:
        """Leave the folder free of processes, if it holds but this one and what it started."""
        [folder] = self.folders
        pids = [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
        if not all(map(_is_ours, pids)):
            raise PermissionError("others are in this group, too")
        (folder / _OWN).mkdir(exist_ok=True)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (folder / _OWN / "cgroup.procs").write_text(str(pid))

    def _prepare(self) -> None:
        [folder] = self.folders
        (folder / "cgroup.subtree_control").write_text("+memory +pids")

    def _limit(self, memory: int | None, processes: int | None) -> None:
        [folder] = self.folders
        if memory is not None:
            (folder / "memory.max").write_text(str(memory))
            with contextlib.suppress(OSError):  # where the kernel counts no swap
                (folder / "memory.swap.max").write_text("0")
        if processes is not None:
            (folder / "pids.max").write_text(str(processes))

    def cpu(self) -> float:
        return _fields(self.folders[0] / "cpu.stat")["usage_usec"] / 1e6

    def memory(self) -> int:
        fields = _fields(self.folders[0] / "memory.stat")
        return fields["anon"] + fields["shmem"]

    def out_of_memory(self) -> bool:
        return _fields(self.folders[0] / "memory.events").get("oom_kill", 0) > 0

    def kill(self) -> None:
        if os.getpid() not in self._pids():
            with contextlib.suppress(OSError):  # kernels before 5.14 lack it
                (self.folders[0] / "cgroup.kill").write_text("1")
        super().kill()


def _is_ours(pid: int) -> bool:
    """Is this process the given one, or an ancestor of it?"""
    while pid > 1 and pid != os.getpid():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return True  # it has ended
        pid = int(stat.rpartition(")")[2].split()[1])
    return pid == os.getpid()


class _Split(Group):
    """Version 1: a hierarchy for each of the controllers, in this order."""

    _CONTROLLERS = ("memory", "cpuacct", "pids")

    @classmethod
    def base(cls) -> Self | None:
        own = dict(_own_folders())
        if not own.keys() >= set(cls._CONTROLLERS):
            return None
        return cls(own[controller] for controller in cls._CONTROLLERS)

    def _prepare(self) -> None:
        pass  # it may have groups below it, and processes besides

    def _limit(self, memory: int | None, processes: int | None) -> None:
        memory_folder, _cpuacct, pids_folder = self.folders
        if memory is not None:
            (memory_folder / "memory.limit_in_bytes").write_text(str(memory))
            with contextlib.suppress(OSError):  # where the kernel counts no swap
                (memory_folder / "memory.memsw.limit_in_bytes").write_text(str(memory))
        if processes is not None:
            (pids_folder / "pids.max").write_text(str(processes))

    def cpu(self) -> float:
        return int((self.folders[1] / "cpuacct.usage").read_text()) / 1e9

    def memory(self) -> int:
        fields = _fields(self.folders[0] / "memory.stat")
        return fields["total_rss"] + fields["total_shmem"]

    def out_of_memory(self) -> bool:
        # Each group counts its own alone.
        folder = self.folders[0]
        return any(
            _fields(each / "memory.oom_control").get("oom_kill", 0)
            for each in (folder, *_below(folder))
        )
