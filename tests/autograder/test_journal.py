"""The journal keeps every report, whatever cuts a write short, and reads only what has its form."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_course import ASSIGNMENT, make_report

from autograder.journal import Journal
from autograder.record import Report, Written


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "new" / "journal.jsonl")


def students(journal):
    return [record.student for record in journal]


def test_reads_back_what_was_appended(journal):
    assert list(journal) == []
    for student, score in (("ada", 1.0), ("bob", 1.0), ("ada", 2.0)):
        journal.append(make_report(student, score=score))
    assert next(iter(journal)) == make_report("ada", score=1.0)
    latest = journal.latest(ASSIGNMENT)
    assert {student: entry.report.score for student, entry in latest.items()} == {
        "ada": 2.0,
        "bob": 1.0,
    }
    assert journal.latest("a2") == {}
    assert journal.warning() == ""


def test_says_which_reports_are_written(journal):
    ada, bob = make_report("ada"), make_report("bob")
    for record in (ada, bob, Written.of(ada), Written.of(make_report("bob", content_hash="x"))):
        journal.append(record)
    written = {student: entry.written for student, entry in journal.latest(ASSIGNMENT).items()}
    assert written == {"ada": True, "bob": False}
    journal.append(ada)  # graded again: gradebook and pages are behind once more
    assert not journal.latest(ASSIGNMENT)["ada"].written


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_short_costs_only_itself(journal, cut):
    journal.append(make_report("ada"))
    journal.append(make_report("bob"))
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-cut])
    journal.append(make_report("cleo"))
    # Cutting only the line's end loses nothing.
    assert students(journal) == (["ada", "bob", "cleo"] if cut == 1 else ["ada", "cleo"])


@pytest.mark.parametrize(
    "changes",
    [
        {"score": float("nan")},
        {"score": "5"},
        {"reason": "\ud800"},
        {"status": "lost"},
        {"timestamp": "0001-01-01T00:00:00+00:00"},
        {"timestamp": "tomorrow"},
        {"schema": 1},
    ],
)
def test_what_could_not_be_read_back_is_not_written(journal, changes):
    with pytest.raises(ValueError, match=r"."):
        journal.append(make_report(**changes))
    assert not journal.path.exists()


def line(**changes):
    return json.dumps(msgspec.to_builtins(make_report("bob")) | changes).encode()


@pytest.mark.parametrize(
    "damaged",
    [
        b"null",
        b"{}",
        b'{"student": "bob"}',
        line(kind="other"),
        line(kind=None),
        line(schema=1),
        line(score=None),
        line(score=float("nan")),
        line(score=float("inf")),
        line(reason="\ud800"),
        line(notebooks=[]),
        line(notebooks={"warm": {"status": "graded", "questions": {"q": {}}}}),
        line(timestamp="0001-01-01T00:00:00+00:00"),
        line(timestamp="9999-12-31T23:59:59-14:00"),
        line(timestamp=7),
        b"[" * 100_000,
        line()[:-1] + b', "more": ' + b"[" * 100_000,
        b"\xff\xfe",
        b"\0",
    ],
)
def test_a_line_of_another_form_is_passed_over_and_counted(journal, damaged):
    journal.append(make_report("ada"))
    with open(journal.path, "ab") as file:
        file.write(damaged + b"\n")
    journal.append(make_report("cleo"))
    assert students(journal) == ["ada", "cleo"]
    assert journal.skipped == 1
    assert journal.warning().endswith("passed over: 1")


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.write_bytes(data)
    journal = Journal(path)
    journal.append(make_report("ada"))
    assert "ada" in journal.latest(ASSIGNMENT)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(Report.__struct_fields__), _json)
def test_any_value_in_a_line_gives_a_report_or_nothing(tmp_path_factory, name, value):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.write_bytes(line(**{name: value}) + b"\n")
    for record in list(Journal(path)):
        assert isinstance(record, Report)
        Journal(path).append(record)
