"""Student code behind both transports: in this process, and in a real sandbox."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from assignments.notebook import Cell, Outline, load
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.sandbox.box import Sandbox, Wire

#: In CI the sandbox must be there; elsewhere its tests are skipped where bubblewrap is missing.
needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"),
    reason="bubblewrap is not installed; 'autograder doctor' says how to mend that",
)


def open_notebook(sandbox: Sandbox, source: str) -> Wire:
    """A wire to a notebook of one cell, loaded."""
    wire = sandbox.open()
    cell = {
        "number": 1,
        "cell_type": "code",
        "source": source,
        "grade_id": "a",
        "solution": True,
        "tags": [],
    }
    assert wire.load([cell], {"a": []}) == [1]
    wire.run(0)
    return wire


@pytest.fixture(scope="session")
def torch_sandbox() -> Iterator[Sandbox]:
    with Sandbox(("numpy", "torch")) as sandbox:
        yield sandbox


@pytest.fixture(params=["in-process", pytest.param("sandbox", marks=needs_bubblewrap)])
def student_of(request: pytest.FixtureRequest) -> Iterator[Callable[..., Student]]:
    """Makes a student of source text; further arguments go to :class:`Student`."""
    wires = []

    def make(source: str, **options) -> Student:
        if request.param == "in-process":
            module = load([Cell(1, "code", source, "a")], Outline({"a": frozenset()}), "notebook")
            return Student(in_process(Workspace(vars(module), module.missing_names)), **options)
        wires.append(open_notebook(request.getfixturevalue("torch_sandbox"), source))
        return Student(wires[-1], **options)

    yield make
    for wire in wires:
        wire.close()
