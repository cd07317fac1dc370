"""docs/security.md names attacks and headings that exist, and leaves out no kind."""

import re
from pathlib import Path

from attacks import ATTACKS

from autograder.grading import Budget

HOME = Path(__file__).resolve().parents[2]
PAGE = (HOME / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_name_on_the_page_is_an_attack():
    lists = re.findall(r"\*([a-z0-9][a-z0-9-]+(?:,\s[a-z0-9-]+)*)\*", PAGE)
    named = {name for names in lists for name in re.split(r",\s", names)}
    assert len(named) > 60
    assert named <= {attack.name for attack in ATTACKS}


def test_every_cause_has_its_promise():
    headings = set(re.findall(r"^### (\w+)$", PAGE, re.M))
    assert {attack.cause for attack in ATTACKS} == headings


def test_the_budget_is_the_one_that_is_kept():
    assert f"**{Budget().seconds:g} seconds**" in PAGE
    assert Budget().hard == 3 * Budget().seconds


def test_the_page_is_linked():
    for page in (HOME / "README.md", HOME / "docs" / "instructors.md"):
        assert "security.md" in page.read_text(encoding="utf-8")
