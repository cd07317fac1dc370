"""The given features mean what their docstrings say."""

import colorsys

import numpy as np
import pytest

from assignments.features import color_histogram_hsv, hog_feature


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(256, size=(32, 32, 3), dtype=np.uint8)


def stripes(angle):
    """An image whose brightness grows along one direction, in degrees from the x axis downwards."""
    y, x = np.indices((32, 32))
    along = np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y
    return np.repeat((3 * along + 100)[..., np.newaxis], 3, axis=2)


@pytest.mark.parametrize("direction", range(9))
def test_hog_votes_for_the_direction_of_the_gradient(direction):
    cells = hog_feature(stripes(20 * direction)).reshape(-1, 9)
    assert (cells.argmax(axis=1) == direction).all()
    assert np.allclose(np.delete(cells, direction, axis=1), 0, atol=1e-6)


def test_hog_shares_a_vote_between_two_directions():
    cells = hog_feature(stripes(30)).reshape(-1, 9)
    assert np.allclose(cells[:, 1], cells[:, 2])
    assert (cells[:, 1] > 0.1).all()


def test_hog_counts_edges_both_ways_and_pale_like_strong(image):
    assert np.allclose(hog_feature(255.0 - image), hog_feature(image))
    assert np.allclose(hog_feature(0.5 * image + 40), hog_feature(image), atol=1e-3)


def test_hog_brings_blocks_to_unit_length_and_nothing_to_nan(image):
    blocks = hog_feature(image).reshape(9, 36)
    assert np.allclose(np.linalg.norm(blocks, axis=1), 1, atol=1e-2)
    assert not hog_feature(np.full((32, 32, 3), 7)).any()


def test_hog_length_and_types(image):
    before = image.copy()
    assert hog_feature(image).shape == (324,)
    assert hog_feature(np.zeros((16, 40))).shape == (1 * 4 * 36,)
    assert np.allclose(hog_feature(image.astype(np.float32)), hog_feature(image))
    assert (image == before).all()


@pytest.mark.parametrize("shape", [(15, 32, 3), (2, 32, 32, 3), (32,)])
def test_hog_refuses_what_is_no_image(shape):
    with pytest.raises(ValueError, match="takes one image"):
        hog_feature(np.zeros(shape))


def test_hues_agree_with_the_standard_library(image):
    votes = np.zeros(10)
    for red, green, blue in image.reshape(-1, 3) / 255:
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        votes[int(hue * 10)] += saturation * value
    assert np.allclose(color_histogram_hsv(image, normalized=False), votes)
    assert np.allclose(color_histogram_hsv(image), votes / votes.sum())


def test_hues_of_plain_images():
    red, blue, grey = np.zeros((3, 4, 4, 3))
    red[..., 0], blue[..., 2], grey[...] = 200, 200, 90
    assert color_histogram_hsv(red).tolist() == [1, *[0] * 9]
    assert color_histogram_hsv(blue, nbin=3).tolist() == [0, 0, 1]
    assert not color_histogram_hsv(grey).any()
    assert np.allclose(color_histogram_hsv(blue / 255, xmax=1), color_histogram_hsv(blue))
