"""The real formgrader, in a real browser, on notebooks that we wrote."""

import json

import pytest
from tiny_course import ASSIGNMENT, HOSTILE, make_course, make_report, make_submission

from autograder.gradebook import Gradebook
from autograder.pages import render_pages, save_pages
from autograder.submission import Submission


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one graded submission whose written answer is hostile."""
    course = make_course(tmp_path_factory.mktemp("course"))
    (course.root / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(course.root)!r}\n"
        f"c.Exchange.root = {str(course.root / 'exchange')!r}\n"
    )
    report = make_report(answer=HOSTILE)
    files = {"warm.ipynb": json.dumps(make_submission(HOSTILE)).encode()}
    folder = course.submitted_dir / "ada" / ASSIGNMENT
    folder.mkdir(parents=True)
    (folder / "warm.ipynb").write_bytes(files["warm.ipynb"])
    (folder / "timestamp.txt").write_text("2026-11-20 23:59:00 UTC")
    with Gradebook(course) as book:
        book.sync(ASSIGNMENT)
        book.apply(report)
        (marks,) = book.marks(ASSIGNMENT, "ada")
        submission = Submission("ada", ASSIGNMENT, files)
        save_pages(course, report, render_pages(course, report, submission, marks))
    return course


@pytest.fixture(scope="module")
def server(course, jupyterlab):
    """The address of JupyterLab, with nbgrader's extensions, in the course folder."""
    return jupyterlab(course.root)


@pytest.fixture
def page(page, server):
    """A page that is signed in."""
    page.goto(server)
    return page


def gradebook_page(server: str) -> str:
    return server.replace("/lab?", f"/formgrader/gradebook/{ASSIGNMENT}/warm?")


def assert_nothing_fired(page):
    for element in page.query_selector_all("#notebook *, main *"):
        element.dispatch_event("mouseover")
    assert page.evaluate("window.fired") is None
    assert page.dialogs == []


def test_scores_and_hostile_answer_in_formgrader(course, server, page):
    page.goto(gradebook_page(server))
    page.wait_for_selector("td.score, tbody td a")
    page.click("tbody td a")
    page.wait_for_selector("#warm-double[placeholder='3']")
    assert page.get_attribute("#warm-types", "placeholder") == "2"
    assert "needs_manual_grade" in page.get_attribute("#warm-why", "class")
    assert "The check of odd" in page.get_attribute("#warm-solution-comment", "placeholder")
    text = page.inner_text("#notebook")
    assert "✗ The check of odd" in text
    assert "<script>window.fired = 1</script>" in text
    assert "<img src=x onerror='window.fired = 2'>" in text
    assert "[click](javascript:window.fired=4)" in text
    assert_nothing_fired(page)


def test_a_score_given_in_formgrader_counts(course, server, page):
    with Gradebook(course) as book:
        submission = book.marks(ASSIGNMENT, "ada")[0]
    assert submission.needs_manual_grade
    page.goto(gradebook_page(server))
    page.click("tbody td a")
    page.wait_for_selector("#warm-why.needs_manual_grade")
    page.fill("#warm-why", "2.5")
    with page.expect_response(lambda response: "/api/grade/" in response.url):
        page.press("#warm-why", "Tab")
    with Gradebook(course) as book:
        book.apply(make_report(answer=HOSTILE))
        marks = book.marks(ASSIGNMENT, "ada")[0]
    assert (marks.score, marks.needs_manual_grade) == (7.5, False)


def test_hostile_answer_in_our_feedback_page(course, page):
    page.goto((course.feedback_dir / "ada" / ASSIGNMENT / "warm.html").as_uri())
    assert "<script>window.fired = 1</script>" in page.inner_text("main")
    assert_nothing_fired(page)
