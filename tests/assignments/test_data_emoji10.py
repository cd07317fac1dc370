"""The pictures of emoji10."""

import numpy as np
import pytest

from assignments.data import emoji10
from assignments.data.folders import embedded_folder
from assignments.data.sprites import Sprites, read_sprites


@pytest.fixture(scope="module")
def sprites() -> Sprites:
    return read_sprites(embedded_folder("emoji"))


def make(sprites: Sprites, part: str, num: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return emoji10.make_images(sprites.select(part=part), emoji10.clutter(sprites), num, rng)


def test_the_seed_decides_everything(sprites):
    X, y = make(sprites, "train", 120, seed=4)
    X_same, y_same = make(sprites, "train", 120, seed=4)
    X_other, _ = make(sprites, "train", 120, seed=5)
    np.testing.assert_array_equal(X, X_same)
    np.testing.assert_array_equal(y, y_same)
    assert not np.array_equal(X, X_other)


def test_images_fill_the_range_and_differ(sprites):
    X, _ = make(sprites, "test", 200, seed=0)
    assert X.min() < 10
    assert X.max() > 245
    assert len({image.tobytes() for image in X}) == 200


def test_labels_are_what_is_drawn():
    """With one plain colour a class, the pixel in the middle tells the class."""
    colours = np.linspace(0, 255, 10).astype(np.uint8)
    images = np.full((10, 64, 64, 4), 255, np.uint8)
    images[..., :3] = colours[:, None, None, None]
    one_each = Sprites(images, [{"emoji10": name} for name in emoji10.CLASS_NAMES])
    transparent = Sprites(np.zeros((1, 64, 64, 4), np.uint8), [{}])
    X, y = emoji10.make_images(one_each, transparent, 500, np.random.default_rng(0))
    means = [X[y == label, 14:18, 14:18].mean() for label in range(10)]
    assert (np.diff(means) > 5).all()


def test_the_object_stays_inside_and_is_turned_about_its_centre():
    tile = np.zeros((1, 32, 32, 4), np.float32)
    tile[0, 12:20, 12:20] = 1
    rng = np.random.default_rng(0)
    placed = emoji10._place(np.repeat(tile, 50, 0), (28.0, 28.0), shift=0.0, turn=180.0, rng=rng)
    weight = placed[..., 3]
    axis = np.arange(32)
    assert np.allclose((weight.sum(2) * axis).sum(1) / weight.sum((1, 2)), 15.5, atol=0.1)
    assert np.allclose((weight.sum(1) * axis).sum(1) / weight.sum((1, 2)), 15.5, atol=0.1)


def test_every_class_has_drawings_for_training_and_testing(sprites):
    for name in emoji10.CLASS_NAMES:
        for part in ("train", "test"):
            assert len(sprites.select(emoji10=name, part=part).lines) >= 4


def test_training_and_test_drawings_differ(sprites):
    shown = {
        part: {image.tobytes() for image in sprites.select(part=part).images}
        for part in ("train", "test")
    }
    assert not shown["train"] & shown["test"]


def test_the_background_shows_nothing_of_a_class(sprites):
    assert not any("emoji10" in line for line in emoji10.clutter(sprites).lines)
