"""The notebooks' figures: each is shown once, with an alternative text, and closed."""

import base64

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from assignments import plots

NAMES = ("bird", "cat", "heart")


@pytest.fixture
def shown(monkeypatch):
    """What the functions display: (bundle, metadata) for each figure."""
    figures = []

    def display(bundle, raw, metadata):
        assert raw
        figures.append((bundle, metadata))

    monkeypatch.setattr(plots, "display", display)
    yield figures
    assert not plt.get_fignums(), "a figure was left open"


def images(count):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def draw_image_grid():
    plots.image_grid(images(3), ["bird", "cat\nfar", "heart"], columns=2, what="Birds & more")
    return ["Birds & more", "bird, cat far, heart"]


def draw_neighbours():
    dists = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    y_others = np.array([0, 0, 2, 2])
    plots.neighbours(
        images(2), np.array([0, 1]), np.array([0, 2]), images(4), y_others, dists, NAMES, count=2
    )
    return ["2 images", "2 of 4 neighbours"]


def draw_distance_matrix():
    plots.distance_matrix(np.array([[0.0, 5.0], [4.0, 3.0]]))
    return ["2 x 2", "from 0 (dark) to 5 (bright)"]


def draw_times():
    plots.times({"two loops": 1.5, "no loops": 0.01})
    return ["two loops 1.5 s", "no loops 0.01 s"]


def draw_error_bars():
    plots.error_bars({5: [0.5, 0.7], 1: [0.2, 0.2]}, "k", "accuracy")
    return ["accuracy by k", "1: 0.200 ± 0.000, 5: 0.600 ± 0.100"]


def draw_curves():
    plots.curves({"slow": [2.5, 2.0, 1.5], "fast": [2.5, 0.25]}, "step", "loss")
    return ["loss by step", "slow: 2.5 at 0, 1.5 at 2", "fast: 2.5 at 0, 0.25 at 1"]


def draw_weights():
    W = np.random.default_rng(0).normal(size=(48, 3))
    W[:, 1] = 0
    plots.weights(W, NAMES, shape=(4, 4, 3), columns=2)
    return ["3 pictures of 4 x 4", "bird, cat, heart"]


def draw_weights_without_titles():
    plots.weights(np.eye(12)[:, :5], shape=(2, 2, 3))
    return ["5 pictures", "zero."]


def draw_activations():
    maps = np.zeros((2, 2, 5, 4))
    maps[1, 0, 2, 3], maps[0, 1] = 1.5, -0.25
    plots.activations(images(2), maps, ["edges", "red & blue"])
    return ["2 images", "edges (0.00 to 1.50), red & blue (-0.25 to 0.00)"]


def draw_activations_that_are_named():
    plots.activations(images(1), np.ones((1, 1, 2, 2)), ["layer 1"], "An owl and where it is seen")
    return ["An owl and where it is seen, from dark to bright: layer 1 (1.00 to 1.00)."]


def draw_attention_maps():
    maps = np.full((3, 4, 4), 0.02)
    maps[0, 1, 3], maps[1], maps[2] = 0.7, 1 / 16, 0
    plots.attention_maps(images(1)[0], maps, ["crab", "<END>", "&"], columns=2)
    return ["4 x 4 places", "crab: row 2, column 4 (0.70)", "<END>: row 1, column 1 (0.06)"]


def draw_captioned():
    plots.captioned(images(5), [f"a picture of {n}" for n in range(5)], "Scenes")
    return ["Scenes, from left to right: a picture of 0; a picture of 1"]


def draw_heat_map():
    values = np.array([[0.25, 0.5], [np.nan, 0.125]])
    plots.heat_map(values, ["0.1", "0.2"], ["1", "10"], "rate", "size", "accuracy")
    return ["0.1: 0.250, 0.500", "The largest is at rate 0.1, size 10."]


def draw_confusion_matrix():
    plots.confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 2]), NAMES)
    return ["bird 1 of 2", "cat 1 of 1", "heart 1 of 1"]


def draw_decision_regions():
    X, y = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]]), np.array([0, 1, 2])
    plots.decision_regions({"left & right": lambda points: (points[:, 0] > 1).astype(int)}, X, y)
    return ["left & right"]


@pytest.mark.parametrize(
    "draw",
    [
        draw_image_grid,
        draw_neighbours,
        draw_distance_matrix,
        draw_times,
        draw_error_bars,
        draw_curves,
        draw_weights,
        draw_weights_without_titles,
        draw_activations,
        draw_activations_that_are_named,
        draw_attention_maps,
        draw_captioned,
        draw_heat_map,
        draw_confusion_matrix,
        draw_decision_regions,
    ],
)
def test_every_figure_has_a_text_that_tells_its_numbers(draw, shown):
    wanted = draw()
    ((bundle, metadata),) = shown
    alt = bundle["text/plain"]
    for words in wanted:
        assert words in alt
    assert "\n" not in alt
    assert metadata["image/png"]["alt"] == alt
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_the_text_cannot_break_out_of_the_html(shown):
    plots.show(plt.figure(), '"><script>alert(1)</script>')
    ((bundle, _metadata),) = shown
    assert "<script>" not in bundle["text/html"]
    assert bundle["text/html"].count('"') == 4


def test_a_classifier_that_fails_leaves_no_figure_behind(shown):
    def classify(points):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        plots.decision_regions({"k": classify}, np.eye(2), np.array([0, 1]))
    assert not shown
