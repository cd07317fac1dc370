"""What the sandbox costs: starting it, calling into it, being called out of it.

    python bench/sandbox.py

Each figure stands beside the same work in this very process, warm, without a wire between; for the
start, beside a plain Python that imports NumPy. Medians over repeats.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
from grading import median
from rich.console import Console
from rich.table import Table

from assignments.notebook import Outline, load, read_cells
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.sandbox.box import Sandbox, Wire

CODE = """
import numpy as np
def add_one(x):
    return x + 1
def many(f, times):
    for _ in range(times):
        f(1.0)
"""
CALLS = 300
BATCH = 2000
CELLS = read_cells({"cells": [{"cell_type": "code", "source": CODE}]})
X = np.zeros(3)


def loaded(sandbox: Sandbox, cells: list, outline: Outline) -> Wire:
    """A wire to a notebook that was loaded step by step."""
    wire = sandbox.open()
    plain = [{**asdict(cell), "tags": sorted(cell.tags)} for cell in cells]
    steps = wire.load(plain, {key: sorted(names) for key, names in outline.solutions.items()})
    for step in range(len(steps)):
        wire.run(step)
    return wire


def call(student: Student) -> None:
    for _ in range(CALLS):
        student.add_one(X)


def served(student: Student) -> None:
    student.many(student.serve(lambda x: x), CALLS)


def batch(student: Student) -> None:
    student.batch([("add_one", X)] * BATCH)


def main() -> None:
    table = Table(title="The sandbox, and the same in one warm process")
    table.add_column("what")
    for heading in ("milliseconds", "without", "ratio"):
        table.add_column(heading, justify="right")

    def row(what: str, seconds: float, here: float | None = None) -> None:
        plain = [f"{here * 1e3:.3f}", f"{seconds / here:.1f}"] if here else ["-", "-"]
        table.add_row(what, f"{seconds * 1e3:.3f}", *plain)

    def start() -> None:
        with Sandbox():
            pass

    def plain_start() -> None:
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)

    row("start with NumPy, and end", median(start, 11), median(plain_start, 11))
    with Sandbox() as sandbox:
        inside = Student(loaded(sandbox, CELLS, Outline({})))
        here = Student(in_process(Workspace(vars(load(CELLS, Outline({}), "bench")))))
        each: dict[str, tuple[Callable[[Student], None], int]] = {
            "a call": (call, CALLS),
            "a served call": (served, CALLS),
            f"a batch of {BATCH} calls": (batch, 1),
        }
        for what, (work, count) in each.items():
            seconds = [median(lambda s=s, work=work: work(s), 21) / count for s in (inside, here)]
            row(what, *seconds)
        course = Course()
        for name in course.assignments():
            for source in course.assignment(name).notebooks.values():
                cells, outline = source.cells, source.outline
                row(
                    f"loading {source.name}",
                    median(lambda c=cells, o=outline: loaded(sandbox, c, o).close(), 7),
                    median(lambda c=cells, o=outline: load(c, o, "bench"), 7),
                )
        row("a look at what it uses", median(lambda: [sandbox.usage() for _ in range(9)], 9) / 9)
    Console().print(table)
    Console().print(between_notebooks())


def between_notebooks() -> Table:
    """What it costs to leave nothing for the next notebook, in two ways."""
    table = Table(title="Processor milliseconds for all notebooks of an assignment")
    table.add_column("assignment")
    for heading in ("notebooks", "clearing one sandbox", "a fresh one each"):
        table.add_column(heading, justify="right")
    course = Course()
    for name in course.assignments():
        cleared = fresh = 0.0
        sources = course.assignment(name).notebooks.values()
        for source in sources:
            with Sandbox(answer_key(source).packages) as sandbox:
                for _warm_up in range(2):
                    loaded(sandbox, source.cells, source.outline)
                    cleared_now = processor_time(sandbox, lambda s=sandbox: s.open())
                cleared += cleared_now
                fresh += processor_time(sandbox, sandbox.restart)
        figures = (f"{len(sources)}", f"{cleared * 1e3:.0f}", f"{fresh * 1e3:.0f}")
        table.add_row(name, *figures)
    return table


def processor_time(sandbox: Sandbox, work: Callable[[], object]) -> float:
    """Processor seconds of some work, in here and inside."""
    meter, here = sandbox.meter, time.process_time()
    inside = meter.cpu()
    work()
    if sandbox.meter is not meter:  # a new one, which has used nothing before
        inside = 0.0
    return sandbox.meter.cpu() - inside + time.process_time() - here


if __name__ == "__main__":
    main()
