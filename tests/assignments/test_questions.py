"""The marker, how checks are found, and what running one may end in."""

import types

import numpy as np
import pytest

from assignments.form import note_form
from assignments.questions import (
    Check,
    Marker,
    Seeds,
    collect,
    form_result,
    question,
    run_check,
)
from assignments.student import CheckFailed, Student
from assignments.values import MAX_BYTES


def a_check(function, **marker):
    function = question("knn-a", **marker)(function)
    return Check(function.__name__, function, function.marker)


def result_of(error):
    def test_it(student, rng):
        """It
        works."""
        if error is not None:
            raise error

    return result_of_check(test_it)


def result_of_check(function, **marker):
    return run_check(a_check(function, **marker), Student(lambda message, answer: {}), 1)


def test_a_check_is_bound_to_its_question():
    module = types.ModuleType("checks")

    @question("q-a", weight=2)
    def test_one(student, rng):
        """One."""

    @question("q-b")
    def test_two(student, rng): ...

    module.test_one, module.test_two = test_one, test_two
    module.test_unmarked, module.helper = len, question("q-a")(lambda student, rng: None)
    checks = collect(module)
    assert [c.name for c in checks["q-a"]] == ["test_one"]
    assert checks["q-a"][0].marker.weight == 2
    assert checks["q-b"][0].sentence == "test_two"


def test_passed():
    result = result_of(None)
    assert result.passed
    assert result.check.sentence == "It works."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CheckFailed("dists is wrong", "transposed"), "dists is wrong"),
        (AssertionError("said so"), "said so"),
        (AssertionError(), "not as described"),
        (AssertionError("assert 3.25 == 4"), "not as described"),
        (AssertionError("said so\nassert 3.25 == 4"), "said so"),
        (TypeError("secret 3.25"), "documented type or shape"),
        (RuntimeError("secret 3.25"), "documented type or shape"),
        (RecursionError("secret 3.25"), "documented type or shape"),
        (MemoryError(), "documented type or shape"),
        (KeyError("secret 3.25"), "documented type or shape"),
        (ZeroDivisionError("secret 3.25"), "documented type or shape"),
    ],
)
def test_failed(error, reason):
    result = result_of(error)
    assert not result.passed
    assert reason in result.reason
    assert "3.25" not in result.reason
    assert not result.blank


def test_blank():
    error = {"type": "NotImplementedError", "message": "", "cell": 0, "line": 0}
    student = Student(lambda message, answer: {"error": error})

    def test_it(student, rng):
        student.f()

    result = run_check(a_check(test_it), student, 1)
    assert result.blank
    assert result.raised == "NotImplementedError"


def test_a_sentence_that_a_check_returns_is_a_note():
    student = Student(lambda message, answer: {})
    assert run_check(a_check(lambda student, rng: "68 %"), student, 1).note == "68 %"
    assert run_check(a_check(lambda student, rng: None), student, 1).note == ""


def test_a_breach_comes_out():
    class Breach(Exception):
        pass

    with pytest.raises(Breach):
        result_of(Breach())


def test_a_value_that_is_too_large_to_be_handed_back_fails_the_check():
    def test_it(student, rng):
        student.f(np.zeros(MAX_BYTES + 1, np.uint8))

    result = result_of_check(test_it)
    assert not result.passed
    assert "too large to hand over" in result.reason


def in_form(*forms):
    """The result of a check that notes these forms and then passes."""

    def test_it(student, rng):
        for form in forms:
            note_form(form)

    return result_of_check(test_it, weight=3)


def test_right_values_in_another_form_cost_a_tenth_once():
    right, listed = in_form(), in_form("y: a list", "y: a list")
    assert listed.passed
    assert form_result([right, right]) is None
    form = form_result([right, listed, in_form("y: a list", "z: a tuple")])
    assert not form.passed
    assert form.reason == "y: a list; z: a tuple"
    assert form.check.sentence == "The results have the documented form."
    assert form.check.marker.question == "knn-a"
    assert form.check.marker.weight == pytest.approx(0.1 * (9 + form.check.marker.weight))


def test_the_form_of_wrong_values_costs_nothing_more():
    def test_it(student, rng):
        note_form("y: a list")
        raise CheckFailed("y: wrong")

    assert form_result([result_of_check(test_it), in_form()]) is None


def test_the_generator_repeats():
    drawn = []

    def test_it(student, rng):
        drawn.append(rng.integers(2**60))

    for seed in (1, 1, 2):
        run_check(a_check(test_it), Student(lambda message, answer: {}), seed)
    assert drawn[0] == drawn[1] != drawn[2]


def test_seeds_repeat_and_differ_by_all_that_they_are_made_of():
    one, other = a_check(lambda student, rng: None), Check("other", len, Marker("knn-a"))
    elsewhere = Check(one.name, len, Marker("knn-b"))
    made = [
        (Seeds(b"s", ("ada", "code")), one),
        (Seeds(b"s", ("ada", "code")), other),
        (Seeds(b"s", ("ada", "code")), elsewhere),
        (Seeds(b"s", ("adac", "ode")), one),
        (Seeds(b"s", ("ada", "edoc")), one),
        (Seeds(b"t", ("ada", "code")), one),
        (Seeds(b"s", ("\udcff", "code")), one),
    ]
    drawn = [seed for s, check in made for seed in (s.inputs(check), s.inside(check))]
    assert len(set(drawn)) == 2 * len(made)
    assert all(0 <= seed < 2**63 for seed in drawn)
    assert drawn == [seed for s, check in made for seed in (s.inputs(check), s.inside(check))]


def test_the_seed_of_held_out_images_comes_from_the_secret_alone():
    assert Seeds(b"s", ("ada", "code")).heldout == Seeds(b"s").heldout != Seeds(b"t").heldout


def test_the_secret_is_not_shown():
    assert "s3cret" not in repr(Seeds(b"s3cret", ("ada",)))
