"""Which replies count as the same."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from assignments.student import Reply
from assignments.values import Handle
from autograder.diagnosis import same_reply
from tests.helpers.wire_values import wire_values


def same(a, b):
    found = same_reply(Reply("call", a), Reply("call", b))
    assert type(found) is bool
    return found


@settings(max_examples=500, deadline=None)
@given(wire_values(), wire_values())
def test_any_two_values_can_be_compared(a, b):
    same(a, b)
    same(b, a)
    same([a], [b])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2**70, 2**70),
        (2**1999, 2**1999),
        (1.0, 1),
        (np.nan, np.float64(np.nan)),
        (np.ones(3) * (1 + 1e-9), np.ones(3)),
        (np.ones(3, np.float32) * 1.0001, np.ones(3)),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (torch.ones(2), np.ones(2)),
        (np.ones(0), np.ones(0)),
        ({"a": [1, (2, "x")]}, {"a": [1, (2, "x")]}),
        ({np.float64(1): 2}, {1.0: 2}),
        (slice(np.ones(2), None), slice(np.ones(2), None)),
        (Handle(1, "Cache"), Handle(2, "Cache")),
        (np.ones(2, complex) * 1j, np.ones(2, complex) * 1j),
    ],
)
def test_the_same(a, b):
    assert same(a, b)
    assert same(copy.deepcopy(b), a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2**70, 2**70 * 2),
        (2**1999, 2**1998),
        (2**1999, 1.0),
        (2**70, "x"),
        (np.ones(3), np.ones((3, 1))),
        (np.ones(3), np.ones(3) + 1e-3),
        (np.arange(2**19), np.append(np.arange(2**19 - 1), 0)),  # in the last part
        (torch.ones(2, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.bfloat16)),
        (np.nan, 1.0),
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ("a", "b"),
        (1, "1"),
        (slice(1), slice(2)),
        (None, 0),
    ],
)
def test_not_the_same(a, b):
    assert not same(a, b)
    assert not same(b, a)
