"""Which tests are slow: those that grade classes, run notebooks, wait, or open a browser.

``make test-fast`` leaves them out.
"""

from pathlib import Path

import pytest

#: Files and folders of tests that took more than 3 s together in a run of the whole suite.
SLOW = (
    "assignments/test_attention_captioner.py",
    "assignments/test_data_download.py",
    "assignments/test_standins_networks.py",
    "attacks",
    "autograder/sandbox",
    "autograder/test_bad_input.py",
    "autograder/test_batch.py",
    "autograder/test_bundle.py",
    "autograder/test_carried_over.py",
    "autograder/test_checks.py",
    "autograder/test_checks_features.py",
    "autograder/test_checks_pytorch.py",
    "autograder/test_doctor.py",
    "autograder/test_fence.py",
    "autograder/test_forms.py",
    "autograder/test_grading.py",
    "autograder/test_heldout.py",
    "autograder/test_mine.py",
    "autograder/test_nbgrader_commands.py",
    "autograder/test_plain.py",
    "autograder/test_pytest.py",
    "autograder/test_rules.py",
    "bench",
    "browser",
    "test_road.py",
    "tools",
)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(HERE / place) for place in SLOW):
            item.add_marker("slow")
