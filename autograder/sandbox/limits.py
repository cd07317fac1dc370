"""How much a submission may use, and what happens when it uses more."""

from dataclasses import dataclass, replace

__all__ = ["Breach", "Limits"]

_MB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits on one question, and on the sandbox that answers it.

    Attributes:
        cpu: CPU seconds a question; this decides, so a loaded machine does not cost points.
        wall: seconds of waiting for the answers of a question, a backstop for code that sleeps.
        memory: bytes of memory all together.
        address_space: bytes a process may reserve.
        processes: processes and threads.
        file_size: bytes of any file written.
        tmp: bytes of the private ``/tmp``, and again of ``/dev/shm``.
        calls_out: calls of served functions a question.
        served_bytes: bytes of arrays in the arguments of one such call.
        served_wall: seconds that answering one such call may take.
    """

    cpu: float = 5.0
    wall: float = 40.0
    memory: int = 2048 * _MB
    address_space: int = 2048 * _MB
    processes: int = 24
    file_size: int = 16 * _MB
    tmp: int = 32 * _MB
    calls_out: int = 200_000
    served_bytes: int = 8 * _MB
    served_wall: float = 5.0

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
        """What each process of a notebook is limited to by the kernel."""
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
            what is no answer) or ``calls`` (it called served functions too often, or so that they
            took too long).
    """

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit
