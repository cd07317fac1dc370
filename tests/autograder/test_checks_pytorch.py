"""The pytorch notebook: what weights files may bring."""

import numpy as np
import pytest
import torch
from handed_in import HandedIn

from assignments.questions import Seeds
from autograder.causes import causes_of
from autograder.scoring import score_question
from autograder.session import LiveSession

PYTORCH = HandedIn("a2_networks", "pytorch")
KEY, WEIGHTS = PYTORCH.key, PYTORCH.weights_file
FIRST = "state.features.0.weight"


def test_the_notebook_states_the_scale_that_the_checks_keep():
    assert PYTORCH.states_its_scale("pytorch-best")


def test_the_reference_gets_full_marks_and_a_blank_notebook_is_just_blank():
    report = PYTORCH.grade()
    assert PYTORCH.lost(report) == set()
    assert report.extra_files == []
    report = PYTORCH.grade_released()
    assert {q.status for q in PYTORCH.questions(report).values()} == {"blank"}


def best(data, file=WEIGHTS):
    """Grade the best network with this file, in this process."""

    def find(name):
        if name != file or data is None:
            raise LookupError(f"{name} is missing from the submission")
        return data

    session = LiveSession(vars(KEY.reference), files=find)
    return score_question(session, KEY, "pytorch-best", Seeds(b"test"))


def test_a_network_in_between_gets_points_in_between():
    W = PYTORCH.arrays()[FIRST]
    noise = np.random.default_rng(0).normal(0, 0.4 * W.std(), W.shape)
    assert 0 < best(PYTORCH.weights(**{FIRST: W + noise})).share < 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "missing"),
        (PYTORCH.weights(**{FIRST: np.zeros((3, 3))}), "raised RuntimeError: Error"),
        (PYTORCH.weights(**{FIRST: None}), "raised RuntimeError: Error"),
        (PYTORCH.weights(**{"argument.size": np.array(3)}), "raised TypeError"),
        (PYTORCH.weights(**{"argument.channels": np.array([8, 8])}), "raised RuntimeError: Error"),
        (PYTORCH.weights(**{FIRST: np.zeros(2**23)}), "at most"),
    ],
)
def test_a_bad_weights_file_is_a_reason(data, reason):
    attempt = best(data)
    assert attempt.share == 0
    assert all(reason in result.reason for result in attempt.results), attempt.results[0].reason


def test_a_missing_file_has_no_other_explanation():
    attempt = best(None)
    assert causes_of(KEY)["pytorch-best"].find(attempt.results) == []


@pytest.mark.parametrize("tensor", [torch.ones(3), torch.ones(3, dtype=torch.int64)])
def test_what_stands_in_for_another_device_fails_until_it_is_moved(tensor):
    from assignments.probes import elsewhere

    there = elsewhere(tensor)
    assert there.device.type == "meta"
    assert len(there) == there.shape[0] == 3
    assert type(there.to("cpu")) is torch.Tensor
    with pytest.raises(RuntimeError, match="same device"):
        there + 1
    with pytest.raises(RuntimeError, match="same device"):
        torch.stack([tensor, there])
