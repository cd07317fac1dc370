"""The student's side, asked directly."""

import random

import numpy as np
import pytest
import torch

from assignments.values import Handle
from assignments.workspace import Workspace


def call(workspace, name, *args, **more):
    message = {"op": "call", "root": name, "path": [], "args": list(args), "kwargs": {}}
    return workspace.answer(message | more)


def test_unknown_operations_and_missing_names_are_errors():
    workspace = Workspace({}, {"f": "f is set in cell 3"})
    assert workspace.answer({"op": "format_disk"})["error"]["type"] == "AttributeError"
    assert call(workspace, "f")["error"]["message"] == "f is set in cell 3"
    assert "g is not defined" in call(workspace, "g")["error"]["message"]


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
