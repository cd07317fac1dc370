"""emoji_scenes as arrays for captioning: few scenes, the real encoder."""

import numpy as np
import pytest

from assignments.data import captions
from assignments.data.captions import load_captions, minibatch
from assignments.data.scene_encoder import SceneEncoder, read_encoder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSIGNMENTS_DATA", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(captions, "NUM_SCENES", {"train": 60, "val": 20, "test": 20})
        first = load_captions()
        again = load_captions("emoji_scenes", num_train=10)
    assert np.array_equal(again.train.grid, first.train.grid[:10])
    assert np.array_equal(again.train.captions, first.train.captions[:50])
    return first


def test_shapes(data):
    train = data.train
    assert train.features.shape == (60, 256)
    assert train.grid.shape == (60, 128, 4, 4)
    assert train.images.shape == (60, 64, 64, 3)
    assert train.captions.shape == (300, 17)
    assert train.image_index.tolist() == sorted(5 * list(range(60)))
    assert train.features.dtype == train.grid.dtype == np.float32
    assert data.test.features.shape == (20, 256)
    assert len(data.vocabulary) > 200
    assert data.scenes["val"].images is data.val.images
    assert data.test.new_pair.any()
    assert not data.train.new_pair.any()
    assert (data.val.picture(3) == data.val.images[3]).all()


def test_captions_begin_and_end(data):
    words = data.vocabulary.word_to_idx
    rows = data.train.captions
    assert (rows[:, 0] == words["<START>"]).all()
    assert ((rows == words["<END>"]).sum(axis=1) == 1).all()
    after = np.maximum.accumulate(rows == words["<END>"], axis=1) & (rows != words["<END>"])
    assert (rows[after] == words["<NULL>"]).all()
    assert (rows[~after] != words["<NULL>"]).all()


def test_captions_tell_of_their_scene(data):
    scenes = data.scenes["train"]
    for i in range(60):
        ground = list(captions.emoji_scenes.COLOURS)[scenes.backgrounds[i]]
        for text in data.vocabulary.decode(data.train.captions_of(i)):
            assert "background" not in text or f"a {ground} background" in text


def test_references(data):
    right = data.references("val")
    assert len(right) == 20
    assert right[3] == data.vocabulary.decode(data.val.captions_of(3))


def test_batches(data):
    rows, index = minibatch(data.train, 40, np.random.default_rng(0))
    assert rows.shape == (40, 17)
    for row, i in zip(rows, index, strict=True):
        assert row.tolist() in data.train.captions_of(i).tolist()


def test_unknown_names():
    with pytest.raises(ValueError, match="emoji_scenes, coco"):
        load_captions("flickr")


def test_the_encoder_was_trained(data):
    """Its features tell pictures with a frame from those without, which random ones hardly do."""
    framed = (data.scenes["train"].nouns == len(captions.emoji_scenes.WORDS)).any(axis=1)
    assert 0 < framed.sum() < 60
    trained, _grid = read_encoder().encode(data.train.images)
    assert trained.shape == (60, 256)
    random, _grid = SceneEncoder().encode(data.train.images)

    def apart(features):
        unit = (features - features.mean(0)) / (features.std(0) + 1e-6)
        return np.linalg.norm(unit[framed].mean(0) - unit[~framed].mean(0))

    assert apart(trained) > apart(random)
