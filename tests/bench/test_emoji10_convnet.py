"""bench/emoji10_convnet.py: one number a network, the same each time."""

import runpy
from pathlib import Path

from assignments.data import load_data

BENCH = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "emoji10_convnet.py"))


def test_accuracies_repeat(capsys):
    images = load_data("emoji10", num_train=200, num_test=50)
    scores = [BENCH["measure"](images, seed=3, epochs=1) for _run in range(2)]
    assert scores[0] == scores[1]
    assert list(scores[0]) == ["two-layer net", "convolutional network"]
    assert all(0 <= score < 1 for score in scores[0].values())
    assert "411,158 weights" in capsys.readouterr().out
