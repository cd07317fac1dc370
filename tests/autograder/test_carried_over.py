"""A student's mistakes in assignment 1 do not reach assignment 2: earlier functions are served."""

import json

import pytest

from autograder.course import Assignment, Course
from autograder.grading import Settings, grade_submission
from autograder.submission import Submission

EARLIER = Course().assignment("a1_classifiers").notebooks["two_layer_net"]
LATER = Course().assignment("a2_networks").notebooks


@pytest.mark.parametrize("name", ["fully_connected_nets", "convolutional_networks"])
def test_a_broken_affine_forward_of_assignment_1_costs_nothing_in_assignment_2(name):
    broken = json.loads(EARLIER.path.read_text(encoding="utf-8"))
    broken["cells"].append(
        {
            "cell_type": "code",
            "id": "broken",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "def affine_forward(x, w, b):\n    return 0 * x, None",
        }
    )
    files = {
        f"{name}.ipynb": LATER[name].path.read_bytes(),
        "two_layer_net.ipynb": json.dumps(broken).encode(),
    }
    report = grade_submission(
        Submission("ada", "a2_networks", files),
        Assignment("a2_networks", {name: LATER[name]}),
        Settings(b"secret"),
    )
    assert report.score == report.max_score > 0, report.reason
    assert report.extra_files == ["two_layer_net.ipynb"]
