"""Loading a notebook comes to an end, whatever its cells do, and keeps the cells that ran well."""

import time

import pytest
from boxes import needs_bubblewrap

from assignments.notebook import Cell, Outline
from assignments.student import Student, StudentError
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import Limits
from autograder.session import SandboxSession

pytestmark = needs_bubblewrap


def load(sources: list[str], limits: Limits) -> tuple[SandboxSession, Student, Sandbox]:
    """A session of a notebook, every cell of which is a solution and runs whole."""
    cells = [
        Cell(number, "code", source, f"q{number}") for number, source in enumerate(sources, start=1)
    ]
    outline = Outline({cell.grade_id: frozenset() for cell in cells})
    sandbox = Counting(limits=limits)
    session = SandboxSession(sandbox, cells, outline, lambda name: b"")
    return session, Student(session.transport), sandbox


class Counting(Sandbox):
    """Counts how often it starts."""

    starts = 0

    def start(self) -> None:
        self.starts += 1
        super().start()


@pytest.fixture
def loaded():
    sandboxes = []

    def make(sources, limits):
        session, student, sandbox = load(sources, limits)
        sandboxes.append(sandbox)
        return session, student, sandbox

    yield make
    for sandbox in sandboxes:
        sandbox.kill()


GOOD = "def good(): return 1"


def test_ten_thousand_sleeping_cells_cost_no_more_than_all_cells_may(loaded):
    slow = "import time\ntime.sleep(0.2)\ndef slow(): return 1"
    limits = Limits(load_wall=1.0)
    session, student, sandbox = loaded([GOOD, *[slow] * 10_000, "def late(): return 1"], limits)
    assert student.good() == 1
    assert student.slow() == 1
    with pytest.raises(StudentError, match="was not run: while a notebook is loaded"):
        student.late()
    assert sandbox.starts <= 1
    [note] = session.notes
    assert len(note) < 300
    assert note.endswith("may have to be stopped")


def test_cells_that_never_end_are_left_out_and_the_others_are_kept(loaded):
    endless = "import time\nwhile True: pass\ndef never(): return 1"
    session, student, _sandbox = loaded(
        [GOOD, endless, "def other(): return good()", endless], Limits(cpu=0.3)
    )
    assert student.other() == 1
    with pytest.raises(StudentError, match=r"cell 4 was not run: it used more than 0\.3 seconds"):
        student.never()
    assert len(session.notes) == 2


def test_cells_that_end_the_process_are_stopped_so_often_and_no_more(loaded):
    ending = "import os\nos._exit(0)\ndef ended(): return 1"
    _session, student, sandbox = loaded(
        [GOOD, *[ending] * 50, "def late(): return 1"], Limits(load_stops=3)
    )
    assert student.good() == 1
    assert sandbox.starts <= 4
    with pytest.raises(StudentError, match="was not run: while"):
        student.late()


def test_cells_that_end_the_process_at_their_second_run_only(loaded):
    """The budget of the second round is bounded, too."""
    end = time.time() + 6  # nothing else tells one round from the next
    unsteady = f"import os, time\nif time.time() > {end}: os._exit(0)\n"
    ending = f"import os, time\ntime.sleep(max({end} - time.time(), 0) + 0.1)\nos._exit(0)"
    sources = [unsteady + f"def f{n}(): return 1" for n in range(30)] + [ending] * 3
    _session, student, sandbox = loaded(sources, Limits(load_stops=2))
    assert sandbox.starts <= 5
    with pytest.raises(StudentError, match="was not"):
        student.f29()


def test_after_a_breach_the_same_cells_are_there(loaded):
    session, _student, _sandbox = loaded(
        [GOOD, "def spin():\n    while True: pass"], Limits(cpu=0.3)
    )
    session.recover()
    assert Student(session.transport).good() == 1


def test_a_notebook_that_cannot_be_handed_over(loaded):
    session, student, _sandbox = loaded(["#" * 2**22, GOOD], Limits())
    assert len(session.notes) == 1
    with pytest.raises(StudentError, match="not defined"):
        student.good()
