"""bench/captioning.py: every model learns and speaks, the same each time."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from assignments.data.captions import load_captions

BENCH = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "captioning.py"))


@pytest.fixture(scope="module")
def data():
    return load_captions("emoji_scenes", num_train=60, num_val=20, num_test=20)


@pytest.mark.parametrize("model", BENCH["MODELS"], ids=lambda model: model.name)
def test_a_model_speaks_and_repeats(data, model):
    read = BENCH["reading"](data, model.reads)
    speaker, count = model.train(read, 3, 1)
    said = speaker(read.test.features)
    again = model.train(read, 3, 1)[0](read.test.features)
    np.testing.assert_array_equal(said, again)
    bleu, overlap = BENCH["scores"](read, "test", lambda _features: said)
    assert 0 <= bleu <= 100
    assert 0 <= overlap <= 10
    assert (count == 0) == (model.name == "caption prior")


def test_a_speaker_of_the_right_captions_has_full_marks(data):
    def speaker(features):
        return data.test.captions[:: len(data.test.captions) // len(features)]

    bleu, overlap = BENCH["scores"](data, "test", speaker)
    assert bleu == pytest.approx(100)
    assert overlap > 1
