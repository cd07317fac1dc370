"""bench/convolution.py: both ways of a layer are timed, and the smaller ratio counts."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from torch.nn import functional as F

from assignments import fast_layers

BENCH = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "convolution.py"))


def test_layers_are_timed_forward_and_backward():
    x = np.ones((2, 3, 8, 8), np.float32)
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    ours = BENCH["of_layer"](fast_layers, "max_pool_{}_fast", [x], param, 2)
    theirs = BENCH["of_torch"](lambda x: F.max_pool2d(x, 2), [x], 2)
    for times in (ours, theirs):
        assert len(times) == 2
        assert min(times) >= 0


def test_the_smaller_ratio_counts(capsys):
    ratio = BENCH["report"]("pooling", [0.6, 0.9], [0.01, 0.03], [0.005, 0.03])
    assert ratio == pytest.approx(30)
    forward, backward = capsys.readouterr().out.splitlines()
    assert "60 times as fast as loops" in forward
    assert "2.0 times as long as PyTorch" in forward
    assert "1.0 times as long as PyTorch" in backward
