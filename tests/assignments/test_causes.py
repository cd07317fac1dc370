"""Which recorded mistake made these answers: digests of answers, and what is found by them."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from assignments.causes import Cause, Causes, answers_of, deviations, failed_of, parts_of
from assignments.questions import Check, CheckResult, Marker
from assignments.student import Reply
from assignments.values import Handle
from tests.helpers.wire_values import wire_values


def same(a, b):
    right = {"check": parts_of([Reply("call", a)])}
    return not deviations({"check": parts_of([Reply("call", b)])}, right)


@settings(max_examples=500, deadline=None)
@given(wire_values(), wire_values())
def test_any_two_values_can_be_compared(a, b):
    same(a, b)
    same([a], [b])


@pytest.mark.parametrize(
    ("wrong", "deviates"),
    [
        (Reply("call", error={"type": "NameError", "message": "name 'los' is not defined"}), True),
        (Reply("call", {"a": 0.5}), True),  # a number, where a list is right
        (Reply("call", {"a": [0.5]}), False),
        (Reply("call", {"a": [np.float64(0.5)]}), False),  # its type alone says nothing
        (Reply("call", {"a": [0.5]}, changed={0: 7.0}), False),
    ],
)
def test_an_answer_of_another_kind_deviates(wrong, deviates):
    right = {"check": parts_of([Reply("call", {"a": [0.5]})])}
    assert bool(deviations({"check": parts_of([wrong])}, right)) is deviates


def test_what_is_nested_deeply_costs_little():
    value = 1.0
    for _level in range(30):
        value = [value] * 30
    assert len(parts_of([Reply("call", value)])) <= 40


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2**70, 2**70),
        (2**1999, 2**1999),
        (np.nan, np.nan),
        (np.ones(3) * (1 + 1e-9), np.ones(3)),
        (np.ones(3, np.float32) * np.float32(1.00001), np.ones(3, np.float32)),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (np.ones(0), np.ones(0)),
        ({"a": [1, (2, "x")]}, {"a": [1, (2, "x")]}),
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
        (np.ones(3), np.ones((3, 1))),
        (np.ones(3), np.ones(3) + 1e-3),
        (np.ones(3), np.ones(3, np.float32)),
        (np.array([1.0, 2.0]), np.array([2.0, 1.0])),
        (np.nan, 1.0),
        (1.0, -1.0),
        ([1], (1,)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ("a", "b"),
        (None, 0),
        (Handle(1, "Cache"), Handle(1, "tuple")),
    ],
)
def test_not_the_same(a, b):
    assert not same(a, b)
    assert not same(b, a)


def result(name: str, passed: bool, *values) -> CheckResult:
    replies = [
        Reply("call", error=value) if isinstance(value, dict) else Reply("call", value)
        for value in values
    ]
    return CheckResult(Check(name, lambda *_: None, Marker("q")), passed, replies=replies)


RIGHT = [result("forward", True, 1.0), result("backward", True, 1.0, (2.0, 3.0))]
NO_BIAS = [result("forward", False, 0.5), result("backward", True, 1.0, (2.0, 3.0))]
DW_SIGN = [result("forward", True, 1.0), result("backward", False, 1.0, (-2.0, 3.0))]
DB_SUM = [result("forward", True, 1.0), result("backward", False, 1.0, (2.0, 30.0))]
LOOPS = [result("forward", False, 1.0), result("backward", True, 1.0, (2.0, 3.0))]
RAISES = [
    result("forward", False, {"type": "TypeError", "message": "no", "cell": 0, "line": 0}),
    result("backward", False, {"type": "TypeError", "message": "no", "cell": 0, "line": 0}),
]
ALL = {"no-bias": NO_BIAS, "dw-sign": DW_SIGN, "db-sum": DB_SUM, "loops": LOOPS, "raises": RAISES}


def recorded(mistakes: dict[str, list[CheckResult]]) -> Causes:
    right = answers_of(RIGHT)
    return Causes(
        right,
        [
            Cause(name, f"Is it {name}?", "", deviations(answers_of(made), right), failed_of(made))
            for name, made in mistakes.items()
        ],
    )


def found(results: list[CheckResult], mistakes=ALL) -> list[str]:
    return [cause.name for cause in recorded(mistakes).find(results)]


@pytest.mark.parametrize("name", ALL)
def test_each_mistake_is_found_by_its_answers(name):
    assert found(ALL[name]) == [name]


def test_what_is_right_or_unknown_has_no_cause():
    assert found(RIGHT) == []
    assert found([result("forward", False, 0.7), RIGHT[1]]) == []
    assert Causes().find(NO_BIAS) == []


def test_two_mistakes_at_once_are_both_found():
    assert found([NO_BIAS[0], DW_SIGN[1]]) == ["no-bias", "dw-sign"]
    both = result("backward", False, 1.0, (-2.0, 30.0))
    assert found([RIGHT[0], both]) == ["dw-sign", "db-sum"]


def test_a_part_that_no_mistake_explains_does_not_hide_the_other():
    strange = result("backward", False, 1.0, (77.0, 30.0))
    assert found([RIGHT[0], strange]) == ["db-sum"]


def test_mistakes_that_answer_alike_are_not_guessed_at():
    twins = {"no-bias": NO_BIAS, "another": NO_BIAS}
    assert found(NO_BIAS, twins) == []


def test_a_mistake_that_would_show_elsewhere_is_none():
    early = {"early": [result("forward", False, 0.5), DW_SIGN[1]]}
    assert found(DW_SIGN, early) == []


def test_what_comes_behind_the_first_wrong_reply_does_not_count():
    later = [result("forward", True, 1.0), result("backward", False, 9.0, (-2.0, 3.0))]
    assert found(later) == []
    assert found([replace(DW_SIGN[0]), result("backward", False, 1.0, (-2.0, 3.0), 5.0)]) == [
        "dw-sign"
    ]
