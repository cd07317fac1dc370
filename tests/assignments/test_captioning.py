"""Training of captioning models, and scores of captions."""

import math

import numpy as np
import pytest

from assignments.captioning import bleu4, cider, train_captioner
from assignments.data.captions import CaptionSplit

REFERENCES = [
    ["a red apple next to a cat", "a cat beside an apple"],
    ["two dogs above a green tree"],
    ["a blue whale inside a frame", "a whale in a white frame", "a frame around a blue whale"],
]


def test_captions_that_people_said_score_highest():
    captions = [texts[0] for texts in REFERENCES]
    assert bleu4(captions, REFERENCES) == pytest.approx(100)
    assert cider([texts[0] for texts in REFERENCES[1:2]], REFERENCES[1:2]) == pytest.approx(10)


def test_bleu_is_the_geometric_mean_of_precisions():
    # 5 of 6 words, 4 of 5 pairs, 3 of 4 threes, 2 of 3 fours; no brevity penalty.
    score = bleu4(["two dogs above a green car"], REFERENCES[1:2])
    assert score == pytest.approx(100 * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25)


def test_short_captions_are_penalised():
    score = bleu4(["two dogs above a"], REFERENCES[1:2])
    assert score == pytest.approx(100 * math.exp(1 - 6 / 4))


@pytest.mark.parametrize("score", [bleu4, cider])
def test_better_captions_score_more(score):
    good = ["a red apple beside a cat", "two dogs above a tree", "a blue whale in a frame"]
    poor = ["a red cat beside an owl", "two dogs and a bus", "a whale"]
    none = ["three guitars"] * 3
    assert score(good, REFERENCES) > score(poor, REFERENCES) > score(none, REFERENCES) >= 0


def test_rare_words_weigh_more():
    references = [["a cat"], ["a dog"], ["a zebra"], ["a cat"]]
    assert cider(["a fox", "a fox", "some zebra", "a fox"], references) > cider(
        ["a fox", "a fox", "a fox", "a fox"], references
    )


@pytest.mark.parametrize("score", [bleu4, cider])
@pytest.mark.parametrize("arguments", [([], []), (["a"], []), (["a"], [[]])])
def test_numbers_of_texts_must_agree(score, arguments):
    with pytest.raises(ValueError, match="give one list each"):
        score(*arguments)


# --- training ------------------------------------------------------------------------------------


class Counts:
    """Learns how often each word occurs, whatever the picture shows."""

    def __init__(self):
        self.params = {"scores": np.zeros(4)}

    def loss(self, features, captions):
        assert features.shape == (len(captions), 3)
        words = captions.ravel()
        p = np.exp(self.params["scores"]) / np.exp(self.params["scores"]).sum()
        gradient = p - np.bincount(words, minlength=4) / len(words)
        return -np.log(p[words]).mean(), {"scores": gradient}


SPLIT = CaptionSplit(
    np.zeros((2, 3)), None, np.array([[1, 2, 3], [1, 3, 3]]), np.array([0, 1]), None
)


@pytest.mark.parametrize("rule", ["adam", "sgd_momentum"])
def test_training_lowers_the_loss(rule):
    model = Counts()
    settings = {"update_rule": rule, "optim_config": {"learning_rate": 0.1}, "progress": False}
    losses = train_captioner(model, SPLIT, num_steps=80, batch_size=8, **settings)
    assert len(losses) == 80
    assert losses[0] == pytest.approx(math.log(4))
    assert losses[-1] < 1.1
    assert losses == train_captioner(Counts(), SPLIT, num_steps=80, batch_size=8, **settings)


def test_training_stops_at_nan():
    class Broken(Counts):
        def loss(self, features, captions):
            return math.nan, {"scores": np.zeros(4)}

    with pytest.warns(UserWarning, match="learning rate too large"):
        assert len(train_captioner(Broken(), SPLIT, num_steps=5, progress=False)) == 1
