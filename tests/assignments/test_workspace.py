"""The student's side, asked directly."""

import linecache
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from assignments.notebook import WRITE_HERE
from assignments.values import Handle
from assignments.workspace import Workspace

NO_ARGS = {"args": [], "kwargs": {}}


def call(workspace, name, *args, **more):
    message = {"op": "call", "root": name, "path": [], "args": list(args), "kwargs": {}}
    return workspace.answer(message | more)


def test_unknown_operations_and_missing_names_are_errors():
    workspace = Workspace({}, {"f": "f is set in cell 3"})
    assert workspace.answer({"op": "format_disk"})["error"]["type"] == "AttributeError"
    assert call(workspace, "f")["error"]["message"] == "f is set in cell 3"
    assert "g is not defined" in call(workspace, "g")["error"]["message"]


def test_names_that_are_absent_have_a_reason_of_the_caller():
    workspace = Workspace({}, absent="{name} is away")
    assert call(workspace, "f")["error"]["message"] == "f is away"


def notebook_cell(source):
    """The names that a cell defines, with its source where a traceback looks for it."""
    file = "<notebook cell 7>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names = {}
    exec(compile(source, file, "exec"), names)
    return Workspace(names)


def test_an_error_names_the_function():
    source = """\
def shift(x):
    def inner(x):
        return x / 0
    return inner(x)

class Net:
    def loss(self):
        return shift(1)
"""
    error = call(notebook_cell(source), "shift", 1)["error"]
    assert (error["cell"], error["line"], error["function"]) == (7, 3, "shift")
    workspace = notebook_cell(source.replace("shift(1)", "1 / 0"))
    net = call(workspace, "Net", keep=True)["value"]
    error = workspace.answer({"op": "call", "root": net, "path": [("attr", "loss")], **NO_ARGS})
    assert error["error"]["function"] == "Net.loss"


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (WRITE_HERE, ""),
        (WRITE_HERE + "\n", ""),
        (WRITE_HERE + "\n    y = 2 * x", "still reached"),
    ],
)
def test_a_line_left_over(above, said):
    source = f"def double(x):\n    {above}\n    raise NotImplementedError\n    return y\n"
    error = call(notebook_cell(source), "double", 1)["error"]
    assert error["type"] == "NotImplementedError"
    assert said in error["message"]
    assert said or not error["message"]


def test_the_release_has_the_line_that_is_looked_for():
    config = Path(__file__).parents[2] / "nbgrader_config.py"
    assert f'"{WRITE_HERE}\\nraise NotImplementedError"' in config.read_text(encoding="utf-8")


def test_everything_random_is_reseeded():
    def draw():
        return [random.random(), float(np.random.rand()), float(torch.rand(1))]

    workspace = Workspace({"draw": draw})
    first = call(workspace, "draw", seed=2**60)["value"]
    assert call(workspace, "draw", seed=2**60)["value"] == first
    other = call(workspace, "draw", seed=1)["value"]
    assert not set(first) & set(other)


class Trap(Exception):
    def __str__(self):
        raise SystemExit


def _nameless():
    class Meta(type):
        @property
        def __name__(cls):
            raise KeyboardInterrupt

    raise Meta("Nameless", (Exception,), {})


def _list_as_name():
    error = NameError("x")
    error.name = []
    raise error


def _raises(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (_raises(Trap()), "Trap"),
        (_nameless, "Nameless"),
        (_raises(SystemExit(3)), "SystemExit"),
        (_raises(GeneratorExit()), "GeneratorExit"),
        (_list_as_name, "NameError"),
    ],
)
def test_no_exception_gets_through(function, kind):
    assert call(Workspace({"f": function}), "f")["error"]["type"] == kind


def test_paths():
    workspace = Workspace({"m": {"a": [1, {"b": 2}]}})
    get = {"op": "get", "root": "m", "path": [("item", "a"), ("item", 1), ("item", "b")]}
    assert workspace.answer(get) == {"value": 2}
    workspace.answer({"op": "set", "root": "m", "path": [("item", "c")], "value": 5})
    assert workspace.names["m"]["c"] == 5


def test_only_listed_things_are_made():
    workspace = Workspace({})
    made = workspace.answer({"op": "make", "kind": "numpy.random.default_rng", "args": [0]})
    assert type(made["value"]) is Handle
    assert "error" in workspace.answer({"op": "make", "kind": "os.system", "args": ["ls"]})


def test_restoring_undoes_everything_in_order():
    class Net:
        def loss(self):
            return 1

    names = {"Net": Net, "f": len, "Odd": 5}
    workspace = Workspace(names)
    served = ["Net.loss", "Net.extra", "f", "g", "Odd.method", "New.method", "f"]
    assert workspace.answer({"op": "serve", "names": served}) == {"value": None}
    assert isinstance(names["Odd"], type)
    assert workspace.answer({"op": "restore"}) == {"value": None}
    assert names == {"Net": Net, "f": len, "Odd": 5}
    assert Net().loss() == 1
    assert not hasattr(Net, "extra")


def test_without_anybody_outside_nothing_is_served():
    workspace = Workspace({})
    workspace.answer({"op": "serve", "names": ["f"]})
    assert "not available" in call(workspace, "f")["error"]["message"]
