"""How much a submission may use, and what happens when it uses more."""

from dataclasses import dataclass, replace

__all__ = ["Breach", "Limits", "MachineFault", "SandboxUnavailable"]

_MB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits on one question, on the cells of a notebook, and on the sandbox that answers.

    Attributes:
        cpu: processor seconds a question; this decides, so a loaded machine does not cost points.
        wall: seconds of waiting for the answers of a question, a backstop for code that sleeps.
            Not counted is what the scheduler says that both sides waited for a core.
        wall_hard: seconds of waiting with all of that; threads of its own make a process wait.
        load_cpu: processor seconds that all cells of a notebook may take together, loading it.
        load_wall: seconds of waiting for them, counted like ``wall``.
        load_stops: how many cells may have to be stopped, before those not run yet are left out.
        memory: bytes of memory all together.
        address_space: bytes a process may reserve.
        processes: processes and threads.
        file_size: bytes of any file written.
        tmp: bytes of the private ``/tmp``, and again of ``/dev/shm``.
        calls_out: calls of served functions a question.
        served_bytes: bytes of arrays in the arguments of one such call.
    """

    cpu: float = 5.0
    wall: float = 15.0
    wall_hard: float = 60.0
    load_cpu: float = 20.0
    load_wall: float = 30.0
    load_stops: int = 5
    memory: int = 2048 * _MB
    address_space: int = 2048 * _MB
    processes: int = 24
    file_size: int = 16 * _MB
    tmp: int = 32 * _MB
    calls_out: int = 200_000
    served_bytes: int = 8 * _MB

    def for_packages(self, packages: set[str]) -> "Limits":
        """More address space where torch is loaded: importing it alone takes 3.1 GB."""
        if "torch" in packages:
            return replace(
                self,
                address_space=self.address_space + 6144 * _MB,
                processes=self.processes + 40,
            )
        return self

    def as_rlimits(self) -> dict[str, int]:
        """What each process inside is limited to by the kernel, the first of them included."""
        return self.as_harmless_rlimits() | {
            "RLIMIT_AS": self.address_space,
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_NOFILE": 64,
        }

    def as_harmless_rlimits(self) -> dict[str, int]:
        """Those that cannot hurt a process outside of a sandbox."""
        return {"RLIMIT_FSIZE": self.file_size, "RLIMIT_CORE": 0}


class Breach(Exception):
    """Student code went beyond a limit and was stopped.

    Attributes:
        limit: ``cpu``, ``wall``, ``memory``, ``exit`` (its process ended), ``protocol`` (it sent
            what is no answer) or ``calls`` (it called served functions too often).
    """

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class MachineFault(Exception):
    """Our own code failed while the student's waited for it; ``__cause__`` says how.

    The wire is closed. It is no kind of exception that a check turns into a lost point.
    """


class SandboxUnavailable(Exception):
    """No sandbox can be started here; the message says how to mend it."""
