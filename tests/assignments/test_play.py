"""Ideas to play with: each draws wherever its sliders stand, and says in words what it shows."""

import base64
import inspect
import json
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from assignments import play
from assignments.play import explore
from assignments.play.attention import VALUES
from assignments.play.heads import RIGHT, WRONG
from assignments.play.valley import LOWEST, descend

SOURCE = Path(__file__).parents[2] / "source"
IDEAS = {name: getattr(play, name) for name in play.__all__}


@pytest.mark.parametrize("name", IDEAS)
def test_draws_at_its_extremes_and_says_what(name):
    idea = IDEAS[name]
    ends = [{n: control.values[end] for n, control in idea.controls.items()} for end in (0, -1)]
    told = set()
    for settings in [idea.settings, *ends]:
        figure, alt = idea.draw(**settings)
        figure.draw_without_rendering()
        told.add(alt)
    for argument, control in idea.controls.items():
        told |= {idea.draw(**{argument: control.values[end]})[1] for end in (0, -1)}
    assert len(told) > 2
    for alt in told:
        assert len(alt) > 60
        assert not re.search(r"nan|[{}]", alt)
    assert not plt.get_fignums(), "a figure is known to pyplot"


@pytest.mark.parametrize("name", IDEAS)
def test_the_sliders_are_those_of_the_drawing_and_stand_at_its_defaults(name):
    idea = IDEAS[name]
    assert list(idea.controls) == list(inspect.signature(idea.draw).parameters)
    for argument, control in idea.controls.items():
        assert idea.settings[argument] in control.values
        assert len(set(control.values)) == len(control.values) > 1


@pytest.mark.parametrize("name", IDEAS)
def test_the_page_holds_drawing_number_caption_and_alternative_text(name):
    idea = IDEAS[name]
    figure, alt = idea.draw()
    page = idea.page(figure, alt)
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1]
    assert b"<svg" in base64.b64decode(source)
    assert re.search(r'alt="[^"]{60,}"', page)
    assert f"<b>Figure {idea.number}.</b>" in page
    assert len(idea.caption) > 40
    assert len(page) < 200_000
    assert idea.page(*idea.draw()) == page, "two drawings of the same settings differ"


class Shown(list):
    """What a notebook is given to show; what it is updated with is given as well."""

    def display(self, bundle, raw, metadata=None, display_id=None):
        assert raw
        self.append(bundle)
        return self

    def update(self, bundle, raw):
        self.display(bundle, raw)


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(explore, "display", shown.display)
    return shown


def test_without_widgets_the_figure_stands_still(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    play.temperature()
    (bundle,) = shown
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "cat 0.657" in bundle["text/plain"]


def test_a_slider_draws_anew(shown, monkeypatch):
    sliders = play.temperature._sliders()
    monkeypatch.setattr(explore.Play, "_sliders", lambda idea: sliders)
    play.temperature()
    box, still = shown
    assert "application/vnd.jupyter.widget-view+json" in box
    assert box["text/html"] == box["text/plain"] == ""
    assert "cat 0.657" in still["text/plain"]
    sliders["temperature"].value = 0.1
    assert "cat 1.000" in shown[2]["text/html"]


def test_every_idea_stands_in_one_notebook_numbered_in_their_order():
    found = {}
    for path in SOURCE.glob("*/*.ipynb"):
        nb = json.loads(path.read_text(encoding="utf-8"))
        for place, cell in enumerate(nb["cells"]):
            if not cell["id"].startswith("play-") or cell["cell_type"] != "code":
                continue
            name = re.fullmatch(
                r"from assignments import play\n\nplay\.(\w+)\(\)", "".join(cell["source"])
            )[1]
            assert name not in found
            assert cell["id"] == "play-" + name.replace("_", "-")
            assert cell["metadata"] == {"tags": ["experiment"]}
            before = nb["cells"][place - 1]
            assert before["id"] == f"{cell['id']}-words"
            assert "".join(before["source"]).startswith("**Play.**")
            order = nb["metadata"]["course"].get("order", 0)
            found[name] = (path.parent.name, order, place)
    assert set(found) == set(IDEAS)
    by_number = sorted(found, key=lambda name: IDEAS[name].number)
    assert [IDEAS[name].number for name in by_number] == list(range(1, len(IDEAS) + 1))
    assert [found[name][0] for name in by_number] == sorted(found[name][0] for name in found)
    if all(order for _assignment, order, _place in found.values()):
        assert by_number == sorted(found, key=found.get)


# --- what the sentences before the figures promise ---------------------------------------------


def test_neighbours_end_with_one_class_and_are_best_in_between():
    measured = sys.modules["assignments.play.neighbours"]
    *_points, regions, _on_training, on_new = measured._measured()
    assert len(np.unique(regions[0])) == 3
    assert len(np.unique(regions[-1])) == 1
    assert on_new.max() > on_new[0] > on_new[-1]


def test_the_valley_lets_go_above_a_rate_of_2_and_with_momentum_later():
    def away(rate, momentum=0.0):
        return np.linalg.norm(descend(rate, momentum)[-1] - LOWEST)

    assert away(0.02) > away(0.5) > away(1.5)
    assert away(2.1) > away(2.02) > away(1.5)
    assert away(0.05, 0.9) < away(0.05)
    assert descend(0.05, 0.99)[:, 0].max() > LOWEST[0] + 1
    assert away(3.5, 0.9) < 2


def test_thinned_networks_average_to_the_full_one():
    networks = sys.modules["assignments.play.dropout"]._networks
    for keep in (0.1, 0.5, 0.9):
        _X, _y, full, thinned, spread = networks(keep)
        apart = np.sqrt(((thinned.mean(axis=0) - full) ** 2).mean())
        assert apart < 0.3 * spread
        once = np.sqrt(((thinned - full) ** 2).mean())
        assert once == pytest.approx(spread, rel=0.2)
    assert networks(0.1)[4] > networks(0.9)[4]


def test_the_gradient_follows_the_spectral_radius_until_tanh_saturates():
    def left(radius, inputs):
        alt = play.spectral_radius.draw(radius, inputs)[1]
        return float(re.search(r"after 29 steps ([\d.e+-]+)\.$", alt)[1])

    assert left(0.8, 0.0001) == pytest.approx(0.8**29, rel=0.05)
    assert left(1.0, 0.0001) == pytest.approx(1, rel=0.05)
    assert left(1.2, 0.0001) > 50
    assert all(left(r, 3.0) < 1e-6 for r in play.spectral_radius.controls["radius"].values)


def test_heads_get_their_part_of_every_word_unless_only_reshaped():
    assert "words a, red, crab, sits" in play.heads.draw(3, RIGHT)[1]
    assert "words a, a, a, r" not in play.heads.draw(3, RIGHT)[1]
    assert "words a, a, a, red" in play.heads.draw(3, WRONG)[1]


def test_attention_without_a_query_is_the_plain_mean():
    assert VALUES.mean() == pytest.approx(0.5, abs=0.01)
    assert "0.25, 0.25, 0.25, 0.25" in play.attention.draw(length=0.0)[1]
    assert "nearest to value 4" in play.attention.draw(160, 16.0)[1]


@pytest.mark.parametrize(
    ("window", "stride", "padding", "size"),
    [(3, 1, 1, 7), (5, 1, 2, 7), (3, 2, 0, 3), (7, 4, 3, 2)],
)
def test_sizes_of_a_convolution(window, stride, padding, size):
    alt = play.convolution.draw(window, stride, padding)[1]
    assert f"output of {size} x {size}" in alt


def test_some_pixels_are_in_no_window():
    assert "33 pixels are in none" in play.convolution.draw(1, 2, 0)[1]
    assert " 0 pixels are in none" in play.convolution.draw(3, 2, 0)[1]
