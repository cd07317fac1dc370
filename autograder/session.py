"""Where a notebook's names live while it is graded: in the sandbox, or in this very process."""

from collections.abc import MutableMapping
from dataclasses import asdict
from typing import Any, Protocol

from assignments.messages import _
from assignments.notebook import Cell, Outline
from assignments.student import Files, Transport, files_here, in_process
from assignments.workspace import Workspace
from autograder.sandbox.box import Sandbox, Wire
from autograder.sandbox.limits import Breach, Limits

__all__ = ["LIMIT_REASONS", "LiveSession", "SandboxSession", "Session"]

LIMIT_REASONS = {
    "cpu": _("it used more than {cpu:g} seconds of processor time and was stopped"),
    "wall": _("it gave no answer within {wall:g} seconds and was stopped"),
    "memory": _("it used more memory than the {memory} MB that are allowed and was stopped"),
    "exit": _("it ended the Python process"),
    "protocol": _("it sent something that is no answer"),
    "calls": _("it called given functions more than {calls_out} times and was stopped"),
}


class Session(Protocol):
    """A loaded notebook that checks can call."""

    @property
    def transport(self) -> Transport: ...

    @property
    def files(self) -> Files: ...

    def begin(self, cpu: float | None) -> None:
        """A question begins; limits count from here."""

    def recover(self) -> None:
        """After a breach: the same names again, in a fresh process."""

    def explain(self, breach: Breach) -> str:
        """A breach in words."""


class LiveSession:
    """Names of this process: the reference, a misconception, or the kernel of a plain autograde."""

    def __init__(
        self, names: MutableMapping[str, Any], missing: Any = None, files: Files = files_here
    ) -> None:
        self.transport = in_process(Workspace(names, missing))
        self.files = files

    def begin(self, cpu: float | None) -> None:
        pass

    def recover(self) -> None:
        pass

    def explain(self, breach: Breach) -> str:
        return str(breach)


class SandboxSession:
    """A submitted notebook in a fork of the sandbox.

    A cell that goes beyond a limit while the notebook is loaded is left out, and the rest is loaded
    again in a new sandbox. All cells together have limits, too: once these are used up, cells that
    have not run yet are left out untried. The files beside it stay outside.

    Attributes:
        notes: what loading left out, for the student to read.
    """

    def __init__(self, sandbox: Sandbox, cells: list[Cell], outline: Outline, files: Files) -> None:
        self.sandbox = sandbox
        self.files = files
        self.notes: list[str] = []
        self._cells = [{**asdict(cell), "tags": sorted(cell.tags)} for cell in cells]
        self._outline = {grade_id: sorted(names) for grade_id, names in outline.solutions.items()}
        self._skip: dict[int, str] = {}
        self._wire: Wire | None = None
        self._load()

    @property
    def transport(self) -> Wire:
        assert self._wire is not None
        return self._wire

    def begin(self, cpu: float | None) -> None:
        self.transport.rest(cpu)

    def recover(self) -> None:
        self.sandbox.restart()
        self._load()

    def explain(self, breach: Breach) -> str:
        limits = self.sandbox.limits
        return LIMIT_REASONS[breach.limit].format(
            cpu=limits.cpu,
            wall=limits.wall,
            memory=limits.memory // 2**20,
            calls_out=limits.calls_out,
        )

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _load(self) -> None:
        """Load it, again without each cell that breaks a limit; this comes to an end.

        What one round of loading may use is bounded. When it or the number of rounds is used up,
        only cells that have run well are tried again, in one more round, and cells that fail even
        there are not tried a third time.
        """
        loading = _Loading(self.sandbox.limits)
        while not self._try_to_load(loading):
            self.sandbox.restart()

    def _try_to_load(self, loading: "_Loading") -> bool:
        """Load it once; False if a limit was broken."""
        step, numbers = -1, []
        self._wire = wire = self.sandbox.open()
        try:
            numbers = wire.load(self._cells, self._outline)
            for step in range(len(numbers)):
                if step not in self._skip and not loading.may_run(step):
                    self._leave_out(step, numbers[step], loading.exhausted())
                if step in self._skip:
                    wire.rest()
                    wire.skip(step, self._skip[step])
                    continue
                wire.rest(*loading.limits())
                wire.run(step)
                loading.ran(step, *wire.spent())
        except Breach as breach:
            if step < 0:
                # Nothing ran yet: the notebook itself cannot be handed over.
                self._cells = []
            loading.stopped(step, *wire.spent())
            self._leave_out(step, numbers[step] if numbers else "?", self.explain(breach))
            return False
        return True

    def _leave_out(self, step: int, number: int | str, why: str) -> None:
        reason = _("cell {cell} was not run: {why}").format(cell=number, why=why)
        self._skip[step] = reason
        self.notes.append(reason)


class _Loading:
    """What all cells of a notebook may still use while it is loaded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._restarts = limits.load_restarts
        self._refill()
        #: Steps that ran well, and whether only those may run from now on.
        self._ran: set[int] = set()
        self._only_again = False

    def _refill(self) -> None:
        self._cpu, self._wall = self._limits.load_cpu, self._limits.load_wall

    def may_run(self, step: int) -> bool:
        return self._cpu > 0 < self._wall and (not self._only_again or step in self._ran)

    def limits(self) -> tuple[float, float]:
        """Seconds of processor time and of waiting that the next step may take."""
        return min(self._limits.cpu, self._cpu), min(self._limits.wall, self._wall)

    def ran(self, step: int, cpu: float, wall: float) -> None:
        self._ran.add(step)
        self._cpu -= cpu
        self._wall -= wall

    def stopped(self, step: int, cpu: float, wall: float) -> None:
        """A step was stopped; loading begins again."""
        self._cpu -= cpu
        self._wall -= wall
        self._restarts -= 1
        if not self._only_again and (self._restarts <= 0 or not self._cpu > 0 < self._wall):
            self._only_again = True
            self._refill()

    def exhausted(self) -> str:
        return _(
            "all cells together may use {cpu:g} seconds of processor time and {wall:g} seconds, "
            "and be stopped {restarts} times, while the notebook is loaded"
        ).format(
            cpu=self._limits.load_cpu,
            wall=self._limits.load_wall,
            restarts=self._limits.load_restarts,
        )
