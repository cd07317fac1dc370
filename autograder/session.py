"""Where a notebook's names live while it is graded: in the sandbox, or in this very process."""

from collections.abc import MutableMapping
from dataclasses import asdict
from typing import Any, Protocol

from assignments.messages import N_, _
from assignments.notebook import Cell, Outline, plan
from assignments.student import Files, Reading, Transport, files_here, in_process
from assignments.syntax import LiveReading
from assignments.workspace import Workspace
from autograder.rules import Code
from autograder.sandbox.box import Sandbox, Wire
from autograder.sandbox.limits import Breach, Limits

__all__ = ["LIMIT_REASONS", "LiveSession", "SandboxSession", "Session"]

LIMIT_REASONS = {
    "cpu": N_("it used more than {cpu:g} seconds of processor time and was stopped"),
    "wall": N_("it gave no answer within {wall:g} seconds and was stopped"),
    "memory": N_("it used more memory than the {memory} MB that are allowed and was stopped"),
    "exit": N_("it ended the Python process"),
    "protocol": N_("it sent something that is no answer"),
    "calls": N_("it called given functions more than {calls_out} times and was stopped"),
}


class Session(Protocol):
    """A loaded notebook that checks can call."""

    @property
    def transport(self) -> Transport: ...

    @property
    def files(self) -> Files: ...

    @property
    def reading(self) -> Reading: ...

    @property
    def code(self) -> Code | None:
        """The submitted code, read outside; None where there is nothing but live names."""

    def begin(self, cpu: float | None) -> None:
        """A question begins; limits count from here."""

    def recover(self) -> None:
        """After a breach: the same names again, in a fresh process."""

    def explain(self, breach: Breach) -> str:
        """A breach in words."""


class LiveSession:
    """Names of this process: the reference, a mistake, or the kernel of a plain autograde."""

    def __init__(
        self,
        names: MutableMapping[str, Any],
        missing: Any = None,
        files: Files = files_here,
        reading: Reading | None = None,
    ) -> None:
        self.transport = in_process(Workspace(names, missing))
        self.files = files
        self.reading: Reading = reading or LiveReading(names)
        self.code: Code | None = None

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

    Args:
        code: the cells as they are read outside, if they were read already.

    Attributes:
        notes: what loading left out, for the student to read.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        cells: list[Cell],
        outline: Outline,
        files: Files,
        code: Code | None = None,
    ) -> None:
        self.code = self.reading = code or Code(plan(cells, outline))
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
        return _(LIMIT_REASONS[breach.limit]).format(
            cpu=limits.cpu,
            wall=limits.wall,
            memory=limits.memory // 2**20,
            calls_out=limits.calls_out,
        )

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _load(self) -> None:
        loading = _Loading(self.sandbox.limits)
        while not self._try_to_load(loading):
            self.sandbox.restart()
        if loading.untried:
            first = ", ".join(map(str, loading.untried[:10]))
            more = ", ..." if len(loading.untried) > 10 else ""
            self.notes.append(loading.why_untried(first + more))

    def _try_to_load(self, loading: "_Loading") -> bool:
        """Load it once; False if a cell was stopped, and all must be loaded again without it."""
        step, numbers = -1, []
        self._wire = wire = self.sandbox.open()
        try:
            numbers = wire.load(self._cells, self._outline)
            for step in range(len(numbers)):
                if step not in self._skip and loading.may_run(step):
                    wire.rest(*loading.limits())
                    wire.run(step)
                    loading.ran(step, *wire.spent())
                    continue
                if step not in self._skip:
                    self._leave_untried(loading, step, numbers[step])
                wire.rest()
                wire.skip(step, self._skip[step])
        except Breach as breach:
            if step < 0 or loading.over:
                # Nothing ran yet: the notebook itself cannot be handed over.
                self._cells = []
            together = loading.stopped(*wire.spent())
            if together and numbers:
                self._leave_untried(loading, step, numbers[step])
            else:
                self._skip[step] = _("cell {cell} was not run: {why}").format(
                    cell=numbers[step] if numbers else "?", why=self.explain(breach)
                )
                self.notes.append(self._skip[step])
            return False
        return True

    def _leave_untried(self, loading: "_Loading", step: int, number: int) -> None:
        loading.untried.append(number)
        self._skip[step] = loading.why_untried(str(number))


class _Loading:
    """What the cells of a notebook may still use, all together, while it is loaded.

    When that is used up, or too many cells had to be stopped, cells that have not run are left out
    untried, and those that ran well get as much once more; what happens then, loading ends.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: 0: every cell may run; 1: those that ran well before; 2: none.
        self._stage = 0
        self._ran: set[int] = set()
        #: Numbers of the cells that were left out untried.
        self.untried: list[int] = []
        self._refill()

    def _refill(self) -> None:
        limits = self._limits
        self._cpu, self._wall, self._stops = limits.load_cpu, limits.load_wall, limits.load_stops

    @property
    def over(self) -> bool:
        return self._stage == 2

    @property
    def _used_up(self) -> bool:
        return self._cpu <= 0 or self._wall <= 0 or self._stops <= 0

    def may_run(self, step: int) -> bool:
        return not self._used_up and not self.over and (self._stage == 0 or step in self._ran)

    def limits(self) -> tuple[float, float]:
        """Processor seconds that the next step may use, and seconds that it may keep us waiting."""
        return min(self._limits.cpu, self._cpu), min(self._limits.wall, self._wall)

    def ran(self, step: int, cpu: float, wall: float) -> None:
        self._ran.add(step)
        self._cpu -= cpu
        self._wall -= wall

    def stopped(self, cpu: float, wall: float) -> bool:
        """A step had to be stopped: was that by what all together may use?"""
        self._cpu -= cpu
        self._wall -= wall
        self._stops -= 1
        together = self._cpu <= 0 or self._wall <= 0
        if self._used_up:
            self._stage = min(self._stage + 1, 2)
            self._refill()
        return together

    def why_untried(self, cells: str) -> str:
        return _(
            "cell {cells} was not run: while a notebook is loaded, its cells may use {cpu:g} "
            "seconds of processor time and take {wall:g} seconds all together, and {stops} of them "
            "may have to be stopped"
        ).format(
            cells=cells,
            cpu=self._limits.load_cpu,
            wall=self._limits.load_wall,
            stops=self._limits.load_stops,
        )
