"""The real formgrader, in a real browser, on notebooks that we wrote."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from tiny_course import ASSIGNMENT, HOSTILE, make_course, make_report, make_submission

from autograder import autograded
from autograder.feedback import write_feedback
from autograder.gradebook import Gradebook
from autograder.submission import Submission

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TOKEN = "tiny"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium; tools/install_system_packages.sh chromium installs it"
)


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
        autograded.write(course, report, Submission("ada", ASSIGNMENT, files))
        write_feedback(course, report, book.marks(ASSIGNMENT, "ada")[0])
    return course


@pytest.fixture(scope="module")
def server(course):
    """JupyterLab with nbgrader's extensions in the course folder; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = course.root / "home"
    home.mkdir()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
            "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={course.root}",
        ],
        cwd=course.root,
        env=os.environ | {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(600):
            assert process.poll() is None, "JupyterLab ended; run it by hand to see why"
            try:
                urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def page(server):
    """A browser page, signed in, that reaches only this machine and records dialogs."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1100, "height": 1500})
        page.set_default_timeout(60_000)
        page.route(
            lambda url: not url.startswith((server, "file:", "data:")), lambda route: route.abort()
        )
        page.dialogs = []
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(f"{server}/api/status?token={TOKEN}")
        yield page
        browser.close()


def assert_nothing_fired(page):
    for element in page.query_selector_all("#notebook *, main *"):
        element.dispatch_event("mouseover")
    assert page.evaluate("window.fired") is None
    assert page.dialogs == []


def test_scores_and_hostile_answer_in_formgrader(course, server, page):
    page.goto(f"{server}/formgrader/gradebook/{ASSIGNMENT}/warm")
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
    page.goto(f"{server}/formgrader/gradebook/{ASSIGNMENT}/warm")
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
