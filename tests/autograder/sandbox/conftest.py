"""Student code behind both transports: in this process, and in a real sandbox."""

from collections.abc import Callable, Iterator

import pytest
from boxes import needs_bubblewrap, open_notebook

from assignments.notebook import Cell, Outline, load
from assignments.student import Student, in_process
from assignments.workspace import Workspace
from autograder.sandbox.box import Sandbox


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
