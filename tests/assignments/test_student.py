"""The proxy judges what replies claim; it trusts none of them."""

import numpy as np
import pytest

from assignments.student import CheckFailed, Student, StudentError, explained, in_process
from assignments.values import Handle
from assignments.workspace import Workspace


def student_hearing(*replies, **options):
    heard = iter(replies)
    return Student(lambda message, answer: next(heard), **options)


@pytest.mark.parametrize("reply", [None, [], {}, {"valu": 1}, "x"])
def test_malformed_replies_are_failures(reply):
    with pytest.raises(CheckFailed, match="malformed"):
        student_hearing(reply).f()


@pytest.mark.parametrize("batch", [None, [], [{"value": 1}], [{"value": 1}, 3], {"a": 1}])
def test_malformed_batches_are_failures(batch):
    with pytest.raises(CheckFailed, match="malformed"):
        student_hearing({"value": batch}).batch([("f",), ("f",)])


@pytest.mark.parametrize(
    "error", [None, [], {}, {"type": 3, "message": [1], "cell": "x", "line": True}]
)
def test_malformed_errors_are_errors_all_the_same(error):
    with pytest.raises(StudentError) as caught:
        student_hearing({"error": error}).f()
    assert caught.value.type == "Exception"


def test_error_texts_are_plain():
    error = {"type": "E\x1b[2J", "message": "a\x07\ud800b" + "x" * 9000, "cell": 2, "line": 3}
    with pytest.raises(StudentError) as caught:
        student_hearing({"error": error}).f()
    caught.value.reason.encode("utf-8")
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) < 700
    assert "(cell 2, line 3)" in caught.value.reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"type": "E", "line": 3}, "your code raised E (line 3)"),
        ({"type": "E", "line": 3, "function": "f"}, "your code raised E (line 3 of f)"),
        (
            {"type": "E", "line": 3, "function": "N.loss", "cell": 2},
            "your code raised E (cell 2, line 3 of N.loss)",
        ),
        ({"type": "NameError", "message": "f is not defined"}, "f is not defined"),
        ({"type": "NotImplementedError"}, "not implemented yet"),
        ({"type": "NotImplementedError", "message": "it is still there"}, "it is still there"),
    ],
)
def test_an_error_says_where(error, reason):
    with pytest.raises(StudentError) as caught:
        student_hearing({"error": error}).f()
    assert caught.value.reason == reason


def test_changed_is_a_mapping_whatever_was_sent():
    student = student_hearing({"value": 1, "changed": [3]}, {"value": 1})
    student.f()
    assert student.changed == {}


def test_a_check_cannot_pass_what_cannot_cross():
    student = student_hearing()
    with pytest.raises(TypeError, match=r"student\.put, make or serve"):
        student.f(object())
    with pytest.raises(TypeError, match=r"student\.put, make or serve"):
        student.f([lambda: 1])


@pytest.mark.parametrize("path", ["params[f()]", "a + b", "f()", "import os"])
def test_paths_are_attributes_and_items_only(path):
    with pytest.raises((ValueError, SyntaxError)):
        student_hearing({"value": 1}).get("model", path)


def answered(request, served=None):
    replies = []

    def transport(message, answer):
        replies.append(answer(request))
        return {"value": None}

    def find(name):
        return (served or {})[name]

    Student(transport, served=find).f()
    return replies[0]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"served": []},
        {"served": "g", "args": {}, "kwargs": {}, "state": None},
        {"served": "g", "args": [], "kwargs": [], "state": None},
        {"served": "other", "args": [], "kwargs": {}, "state": None},
    ],
)
def test_malformed_requests_are_answered_with_an_error(request_):
    assert "not available" in answered(request_, {"g": len})["error"]["message"]


def test_failing_references_are_answered_with_an_error():
    def request(*args, state=None):
        return {"served": "g", "args": list(args), "kwargs": {}, "state": state}

    assert "ZeroDivisionError" in answered(request(0), {"g": lambda x: 1 / x})["error"]["message"]
    assert "object of your own" in answered(request(Handle(0, "A")), {"g": id})["error"]["message"]
    assert "generator" in answered(request([]), {"g": lambda x: (i for i in x)})["error"]["message"]
    assert "error" in answered(request(1, state=[1, 2]), {"g": lambda s: (s, len)})
    assert answered(request(3), {"g": abs}) == {"value": 3}


def test_stopping_the_kernel_stops_the_check():
    def f():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Student(in_process(Workspace({"f": f}))).f()


@pytest.mark.parametrize(("message", "symptom"), [("sizes differ: 3, 4", "a hint"), ("else", "")])
def test_an_error_may_be_explained_by_its_message(message, symptom):
    error = {"type": "ValueError", "message": message, "line": None}
    with pytest.raises(StudentError, match=message) as raised, explained({"differ": "a hint"}):
        student_hearing({"error": error}).f()
    assert raised.value.symptom == symptom


def test_few_characters_of_an_exception_come_back_where_a_check_says_so():
    error = {"type": "T" * 90, "message": "line\n" + "x" * 300, "cell": 1, "line": 2}
    error["function"] = "f" * 90
    with pytest.raises(StudentError) as caught:
        student_hearing({"error": error}, text=100).f()
    assert caught.value.message == "line " + "x" * 94 + "…"
    assert caught.value.type == "T" * 40
    assert "f" * 41 not in caught.value.reason
    assert len(caught.value.reason) < 100 + 2 * 40 + 60
    for kind in ("NameError", "NotImplementedError", "SyntaxError"):
        told = {"type": kind, "message": "x" * 500, "cell": 0, "line": 0}
        with pytest.raises(StudentError) as caught:
            student_hearing({"error": told}, text=100).f()
        assert len(caught.value.reason) == 100


def test_causes_are_found_in_all_of_a_message_however_little_of_it_is_told():
    error = {"type": "E", "message": "x" * 200 + "mat1 and mat2", "cell": 0, "line": 0}
    with pytest.raises(StudentError) as caught, explained({"mat1 and mat2": "transposed"}):
        student_hearing({"error": error}, text=100).f()
    assert caught.value.symptom == "transposed"


def test_places_beyond_any_notebook_are_none():
    error = {"type": "E", "message": "", "cell": 2**60, "line": 2**60}
    with pytest.raises(StudentError) as caught:
        student_hearing({"error": error}).f()
    assert caught.value.reason == "your code raised E"


def test_names_of_types_are_short_and_plain():
    remote = student_hearing({"value": Handle(3, "T\x1b" + "x" * 99, "d\n" + "y" * 99)}).f()
    assert remote.type_name == "T " + "x" * 38
    assert len(str(remote)) < 110


def test_an_array_without_elements_cannot_say_anything_by_its_shape():
    with pytest.raises(CheckFailed, match="malformed"):
        student_hearing({"value": np.empty((0, 2**40), np.int8)}).f()
    assert student_hearing({"value": np.empty((0, 7))}).f().shape == (0, 7)
    assert student_hearing({"value": np.float64}).f() is np.float64
