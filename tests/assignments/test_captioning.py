"""Scores of captions."""

import math

import pytest

from assignments.captioning import bleu4, cider

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
