"""bench/normalization.py: one number a network, the same each time."""

import runpy
from pathlib import Path

import pytest

from assignments.data import load_data

BENCH = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "normalization.py"))


@pytest.mark.parametrize(("normalization", "scale"), [("batchnorm", 0.1), (None, 30.0)])
def test_an_accuracy_repeats_also_where_a_network_explodes(normalization, scale):
    data = load_data("emoji10", num_train=200, num_test=50)
    scores = [BENCH["accuracy"](data, normalization, scale, epochs=2, seed=3) for _run in range(2)]
    assert scores[0] == scores[1]
    assert 0 <= scores[0] < 1
