"""Texts of records are plain: what a student chose reaches terminals and files as text only."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_course import make_report

from autograder.record import Report, cleaned, plain

NASTY = ["\x1b]0;x\x07", "\x1b[2J", "a\rb", "ab\u202ecd", "\ud800", "\x00", "\x9b2J", "\u2028"]


@pytest.mark.parametrize("text", NASTY)
def test_plain_text_has_no_controls(text):
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)


def test_plain_text_keeps_what_can_be_read():
    assert plain("Ünal: 3 < 4\n\t✓") == "Ünal: 3 < 4\n\t✓"
    assert len(plain("x" * 5000)) == 2000


@pytest.mark.parametrize("text", NASTY)
def test_every_text_of_a_report_is_made_plain(text):
    report = make_report(reason=text, fault=text, extra_files=[text])
    report.notebooks["warm"].notes.append(text)
    checks = report.notebooks["warm"].questions["warm-double"].checks
    checks[0] = msgspec.structs.replace(checks[0], reason=text, symptom=text)
    data = msgspec.json.encode(cleaned(report)).decode()
    assert data.isprintable()
    assert "\\u" not in data


def test_a_wrong_type_is_named():
    with pytest.raises(msgspec.ValidationError, match="score"):
        cleaned(make_report(score="five"))


@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_any_text_can_be_kept(text):
    report = cleaned(make_report(reason=text))
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
