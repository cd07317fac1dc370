import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbgrader.api import Gradebook as NbgraderGradebook
from nbgrader.apps import NbGraderAPI
from tiny_course import (
    ASSIGNMENT,
    HOSTILE,
    changed_question,
    make_course,
    make_report,
    make_submission,
    question,
)
from traitlets.config import Config

from autograder.gradebook import Gradebook
from autograder.pages import render_pages, save_pages
from autograder.submission import Submission


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def graded(course, report, answer=HOSTILE):
    """Write the gradebook and the autograded notebook of a submission."""
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        book.apply(report)
    files = {"warm.ipynb": json.dumps(make_submission(answer)).encode()}
    submission = Submission("ada", ASSIGNMENT, files)
    save_pages(course, report, render_pages(course, report, submission))
    return report


def pages(course, report):
    with Gradebook(course) as book:
        (marks,) = book.marks(ASSIGNMENT, "ada")
    rendered = render_pages(course, report, marks=marks)
    return {Path(path).stem: Page(page) for path, page in rendered.items()}


class Page(HTMLParser):
    """The tags and the text of a page; text apart from style sheets, spaces joined."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.ids, parts = [], [], [], []
        self.handle_data = lambda data: parts.append(data) if self.tags[-1:] != ["style"] else None
        self.feed(page)
        self.text = " ".join("".join(parts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]


def test_says_what_was_earned_and_why_not_more(course):
    warm = pages(course, graded(course, make_report(answer=HOSTILE)))["warm"]
    for sentence in (
        "a0_tiny · warm · ada", "Handed in 2026-11-20 23:59 UTC", "5 / 9", "partly right",
        "full marks",
        "Failed: The check of odd", "it differs", "a factor of 2 too large",
        "Think again about no-sqrt.", "EPS is set in cell 12", "waits for your grader",
        "An earlier mistake did not cost twice: double was answered by the reference.",
        "Assignment a0_tiny: 5 of 10 points.",
    ):  # fmt: skip
        assert sentence in warm.text
    assert {"warm-double", "warm-types", "warm-why"} <= set(warm.ids)


def test_students_text_is_text(course):
    report = make_report(answer=HOSTILE)
    hostile = "<img src=x onerror=alert(1)>"
    report.notebooks["warm"].notes[:] = [hostile]
    report.notebooks["warm"].questions["warm-double"] = question(
        0.0, 4.0, failed=["odd"], reason=hostile, served=[hostile]
    )
    warm = pages(course, graded(course, report))["warm"]
    assert not {"script", "img", "iframe", "link"} & set(warm.tags)
    assert not [name for name in warm.attributes if name.startswith("on")]
    assert warm.text.count(hostile) == 3
    assert "<script>window.fired = 1</script>" in warm.text
    assert "[click](javascript:window.fired=4)" in warm.text


def test_marks_and_comments_of_a_person(course):
    report = graded(course, make_report(answer=HOSTILE))
    with NbgraderGradebook(course.db_url) as gb:
        grade = gb.find_grade("warm-why", "warm", ASSIGNMENT, "ada")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        comment = gb.find_comment("warm-why", "warm", ASSIGNMENT, "ada")
        comment.manual_comment = "Good **intuition**."
        gb.find_comment("warm-solution", "warm", ASSIGNMENT, "ada").manual_comment = "Elegant."
        gb.find_grade("warm-double", "warm", ASSIGNMENT, "ada").manual_score = 4.0
        gb.db.commit()
    warm = pages(course, report)["warm"]
    assert "2.5 / 3 ◐ graded by a person" in warm.text
    assert "Good intuition." in warm.text
    assert warm.text.count("Elegant.") == 1
    assert "These points were set by a grader." in warm.text
    assert "8.5 / 9" in warm.text


def test_missing_notebook_has_a_page(course):
    cold = pages(course, graded(course, make_report()))["cold"]
    assert "cold.ipynb was not handed in" in cold.text
    assert "0 / 1" in cold.text


def test_a_failure_of_our_machine_is_no_score(course):
    reason = "our machine failed and will try again: no space left"
    report = make_report(status="machine", reason=reason, notebooks={}, score=0.0, max_score=0.0)
    warm = pages(course, graded(course, report))["warm"]
    assert reason in warm.text
    assert "– / 4 … not graded yet" in warm.text  # noqa: RUF001
    assert "not handed in" not in warm.text
    (page, *_others) = render_pages(course, report).values()
    assert "not graded yet" in page


def test_limits_and_missing_protection_are_said(course):
    report = make_report(protection="none")
    report.notebooks["warm"].questions["warm-double"] = question(0.0, 4.0, limit="cpu")
    warm = pages(course, graded(course, report))["warm"]
    assert "Graded without a sandbox." in warm.text
    assert "Stopped: it used more processor time than a question may." in warm.text
    assert "stopped by a limit" in warm.text
    reason = "grading it took longer than 60 seconds and was stopped"
    changed_question(report, "warm-double", limit="step", reason=reason, fault="Traceback")
    (_cold, warm) = render_pages(course, report).values()
    assert f"Stopped: {reason}." in warm
    assert "Traceback" not in warm


def test_without_a_gradebook_the_report_speaks(course):
    report = make_report(timestamp=None)
    warm = Page(render_pages(course, report)[f"feedback/ada/{ASSIGNMENT}/warm.html"])
    assert "5 / 9" in warm.text
    assert "Handed in" not in warm.text


def test_nbgraders_own_feedback_of_our_notebooks(course):
    graded(course, make_report(answer=HOSTILE))
    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.db_url = course.db_url
    config.Exchange.root = str(course.root / "exchange")
    assert NbGraderAPI(config=config).generate_feedback(ASSIGNMENT)["success"]
    page = (course.feedback_dir / "ada" / ASSIGNMENT / "warm.html").read_text()
    assert "warm (Score: 5.0 / 9.0)" in page
    assert "✗ The check of odd" in page
    assert "<script>window" not in page
    assert "&lt;script&gt;window.fired = 1&lt;/script&gt;" in page
