"""What may cross by value, and what stays behind a handle."""

import sys
from collections import defaultdict, namedtuple

import numpy as np
import pytest
import torch

from assignments import values
from assignments.values import (
    Exporter,
    Handle,
    HandleTable,
    Served,
    TooLarge,
    export_value,
    import_value,
    write_back,
)

Pair = namedtuple("Pair", "a b")


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**70), 1.5, 2j, "text", b"bytes", [1, [2]], (1, (2,)), {"a": {1: None}},
        {1, 2}, frozenset({"a"}), slice(1, None, 2), np.float32, np.dtype("int8"), torch.float16,
        np.float32(1.5), {np.int64(3): "numpy key"}, Handle(1, "T"), Served("f"),
    ],
    ids=repr,
)  # fmt: skip
def test_by_value(value):
    exported = export_value(value, HandleTable())
    assert exported == value
    assert type(exported) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        object(), Pair(1, 2), defaultdict(int), np.zeros(2).view(Sub), np.array([None]),
        np.ma.masked_array([1]), np.array(["a"]), (i for i in []), len, int, {(1, 2): 3},
        {10**50: 1}, {2j}, 10**5000, range(3), torch.nn.Linear(1, 1),
        torch.zeros(2, device="meta"), torch.zeros(2).to_sparse(),
        torch.zeros(2, dtype=torch.float8_e4m3fn),
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_by_handle(value):
    table = HandleTable()
    handle = export_value(value, table)
    assert type(handle) is Handle
    assert import_value(handle, table, None) is value


def test_objects_in_containers_become_handles_in_place():
    exported = export_value([1, {"c": Pair(1, 2)}], HandleTable())
    assert exported[0] == 1
    assert exported[1]["c"].type_name == "Pair"


def test_arrays_are_copied_in_plain_order():
    array = np.arange(6).reshape(2, 3).T
    exported = export_value(array, HandleTable())
    array[0, 0] = 9
    assert exported.flags.c_contiguous
    assert exported[0, 0] == 0


def test_the_state_of_a_module_is_a_dictionary():
    module = torch.nn.Linear(2, 3)
    state = export_value(module.state_dict(), HandleTable())
    assert type(state) is dict
    assert state.keys() == {"weight", "bias"}
    assert torch.equal(state["weight"], module.weight)


def test_tensors_lose_their_graph_and_their_views():
    leaf = torch.ones(2, requires_grad=True)
    conjugate = torch.ones(2, dtype=torch.complex64).conj()
    exported = export_value([leaf * 2, torch.nn.Parameter(leaf), conjugate], HandleTable())
    assert exported[0].is_leaf
    assert exported[0].requires_grad
    assert type(exported[1]) is torch.Tensor
    assert not exported[2].is_conj()


def test_containers_too_deep_or_too_long_stay_inside():
    table = HandleTable()
    endless: list = []
    endless.append(endless)
    assert type(export_value(endless, table)) is Handle
    assert type(export_value([[0] * 60_000] * 2, table)) is Handle


def test_too_many_bytes_are_an_error_without_a_copy():
    huge = np.broadcast_to(np.float64(1), (10**6, 10**6))
    with pytest.raises(TooLarge, match="too large to hand over"):
        export_value((1.0, [huge]), HandleTable())


def test_imports_are_independent():
    message = {"x": np.zeros(2), "l": [1]}
    first = import_value(message, HandleTable(), None)
    first["x"][0] = 1
    first["l"].append(2)
    assert message["x"][0] == 0
    assert message["l"] == [1]


def test_write_back():
    inner = np.zeros(2)
    target = {"a": inner, "old": 1, "nested": {"b": 1}}
    nested = target["nested"]
    write_back(target, {"a": np.ones(2), "nested": {"b": 2}})
    assert target["a"].tolist() == [1, 1]
    assert "old" not in target
    assert nested == {"b": 2}
    numbers, array, tensor = [1], np.zeros(2), torch.zeros(2)
    write_back((numbers, array, tensor), ([3, 4], np.ones(2), torch.ones(2)))
    assert numbers == [3, 4]
    assert array.tolist() == tensor.tolist() == [1, 1]


def test_keys_hash_cheaply():
    assert values.is_key(2**63)
    assert not values.is_key(2**64)
    assert not values.is_key(())


def test_a_matrix_crosses_as_an_array_with_a_note_of_it():
    exporter = Exporter(HandleTable())
    exported = exporter.export([np.matrix([[1, 2]])])
    assert type(exported[0]) is np.ndarray
    assert exported[0].tolist() == [[1, 2]]
    assert exporter.matrix
    exporter = Exporter(HandleTable())
    exporter.export([np.ones((1, 2))])
    assert not exporter.matrix


def test_strings_are_interned_as_they_arrive():
    def arrived(text):
        return "".join(text)  # another object than the literal

    message = [arrived("rnn"), {arrived("mode"): (arrived("train"), {arrived("lstm")})}]
    word, inner = import_value(message, HandleTable(), None)
    ((key, (mode, cells)),) = inner.items()
    assert word is sys.intern("rnn")
    assert key is sys.intern("mode")
    assert mode is sys.intern("train")
    assert next(iter(cells)) is sys.intern("lstm")
    long = arrived("x" * 10_000)
    assert import_value(long, HandleTable(), None) is long
