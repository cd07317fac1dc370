"""The journal keeps every report, whatever cuts a write short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.journal import Journal


def report(student: str, score: float = 1.0) -> dict:
    return {"student": student, "assignment": "a1", "score": score}


def test_reads_back_what_was_appended(tmp_path):
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert list(journal) == []
    journal.append(report("alice"))
    journal.append(report("bob"))
    journal.append(report("alice", 2.0))
    assert [entry["student"] for entry in journal] == ["alice", "bob", "alice"]
    assert journal.latest("a1") == {"alice": report("alice", 2.0), "bob": report("bob")}
    assert journal.latest("a2") == {}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_short_costs_only_itself(tmp_path, cut):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(report("alice"))
    journal.append(report("bob"))
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-cut])
    journal.append(report("carol"))
    students = [entry["student"] for entry in journal]
    # Cutting only the line's end loses nothing.
    assert students == (["alice", "bob", "carol"] if cut == 1 else ["alice", "carol"])


def test_text_that_is_no_unicode_survives(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(report("ünï\udcff\ud800"))
    assert len(list(journal)) == 1


def test_nan_is_refused_rather_than_written_as_broken_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path / "journal.jsonl").append(report("alice", float("nan")))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.write_bytes(data)
    journal = Journal(path)
    journal.append(report("alice"))
    assert "alice" in journal.latest("a1")
