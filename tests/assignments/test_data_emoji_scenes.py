"""emoji_scenes: what is said of the scenes is true, pixel by pixel and word by word."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest

from assignments.data import emoji_scenes
from assignments.data.emoji_scenes import (
    COLOURS,
    KINDS,
    NOUNS,
    SIZE,
    SIZES,
    WORDS,
    held_out,
    make_scenes,
)
from assignments.data.scene_captions import MAX_WORDS, TEMPLATES, VOCABULARY, captions

NUM = 600


@pytest.fixture(scope="module")
def scenes():
    return make_scenes(NUM, 5)


def objects(scenes, i):
    return [j for j in range(3) if scenes.nouns[i, j] >= 0]


def test_shapes(scenes):
    assert scenes.images.shape == (NUM, SIZE, SIZE, 3)
    assert scenes.images.dtype == scenes.masks.dtype == np.uint8
    assert set(scenes.kind) == set(range(len(KINDS)))


def test_the_same_seed_gives_the_same_scenes(scenes):
    again, other = make_scenes(NUM, 5), make_scenes(NUM, 6)
    assert np.array_equal(again.images, scenes.images)
    assert np.array_equal(again.boxes, scenes.boxes)
    assert not np.array_equal(other.images, scenes.images)


def test_boxes_hold_what_the_masks_show(scenes):
    for i in range(NUM):
        for j in objects(scenes, i):
            rows, columns = np.nonzero(scenes.masks[i] == j + 1)
            left, top, right, bottom = scenes.boxes[i, j]
            assert 0 <= left <= columns.min() <= columns.max() < right <= SIZE
            assert 0 <= top <= rows.min() <= rows.max() < bottom <= SIZE
            # Tight, up to pixels that are mostly transparent.
            assert columns.min() - left <= 2 >= right - 1 - columns.max()
            assert rows.min() - top <= 2 >= bottom - 1 - rows.max()
        assert scenes.masks[i].max() == len(objects(scenes, i))


def test_objects_do_not_overlap(scenes):
    for i in range(NUM):
        there = [j for j in objects(scenes, i) if scenes.nouns[i, j] < len(WORDS)]
        for a, b in combinations(there, 2):
            first, second = scenes.boxes[i, a], scenes.boxes[i, b]
            assert (first[:2] >= second[2:]).any() or (second[:2] >= first[2:]).any(), i


def test_the_background_is_seen_where_nothing_stands(scenes):
    palette = np.array(list(COLOURS.values()))
    for i in range(0, NUM, 10):
        seen = np.median(scenes.images[i][scenes.masks[i] == 0], axis=0) / 255
        pale = 0.45 * palette[scenes.backgrounds[i]] + 0.5
        assert np.abs(seen - pale).max() < 0.06


def test_relations_are_those_of_the_kind(scenes):
    wanted = {"beside": "left of", "above": "above", "inside": "inside", "larger": "larger than"}
    for i in range(NUM):
        kind = KINDS[scenes.kind[i]]
        found = {relation for _j, relation, _k in scenes.relations(i)}
        assert kind not in wanted or wanted[kind] in found, (i, kind, found)
        if kind in ("three", "two and one"):
            assert {(0, "above", 2), (1, "above", 2)} <= set(scenes.relations(i))


def test_held_out_pairs_meet_in_test_scenes_only(scenes):
    test = make_scenes(NUM, 5, "test")
    val = make_scenes(NUM, 5, "val")

    def shows_new(scenes, i):
        nouns = {n for n in scenes.nouns[i] if 0 <= n < len(WORDS)}
        return any(held_out(a, b) for a, b in combinations(nouns, 2))

    assert not any(shows_new(some, i) for some in (scenes, val) for i in range(NUM))
    assert [shows_new(test, i) for i in range(NUM)] == test.new_pair.tolist()
    assert 0.2 < test.new_pair.mean() < 0.5
    assert held_out(3, 8) == held_out(8, 3)


def test_an_unknown_part_is_an_error():
    with pytest.raises(ValueError, match="train, val, test"):
        make_scenes(1, 0, "exam")


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0.9, 0.1, 0.1), "red"), ((0.1, 0.1, 0.1), "black"), ((0.97, 0.97, 0.95), "white"),
        ((0.5, 0.5, 0.52), "grey"), ((0.98, 0.6, 0.1), "orange"), ((1.0, 0.8, 0.3), "yellow"),
        ((0.2, 0.7, 0.3), "green"), ((0.2, 0.4, 0.9), "blue"), ((0.55, 0.3, 0.8), "purple"),
        ((1.0, 0.6, 0.75), "pink"), ((0.45, 0.28, 0.15), "brown"),
    ],
)  # fmt: skip
def test_names_of_colours(rgb, name):
    assert emoji_scenes._colour_name(*rgb) == name


def test_a_drawing_of_two_colours_has_none():
    half = np.array([[255, 0, 0]] * 50 + [[0, 0, 255]] * 50, np.uint8)
    assert emoji_scenes._ruling_colour(half) == -1
    assert emoji_scenes._ruling_colour(half[:70]) == list(COLOURS).index("red")


# --- captions ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said(scenes):
    chance = random.Random(1)
    return [captions(scenes, i, 5, chance) for i in range(NUM)]


def test_captions_repeat(scenes, said):
    chance = random.Random(1)
    assert [captions(scenes, i, 5, chance) for i in range(NUM)] == said


def test_all_words_are_in_the_vocabulary():
    scenes, chance = make_scenes(3000, 9), random.Random(2)
    used = {w for i in range(3000) for words in captions(scenes, i, 8, chance) for w in words}
    assert used <= set(VOCABULARY)
    assert len(used) > 0.98 * len(VOCABULARY)
    assert len(VOCABULARY) >= 200


def test_lengths(said):
    assert all(1 < len(words) <= MAX_WORDS for several in said for words in several)


def test_a_scene_is_described_in_different_words(said):
    different = [len({" ".join(words) for words in several}) for several in said]
    assert np.mean(different) > 4
    assert len({" ".join(words) for several in said for words in several}) > 2 * NUM


def test_things_counts_colours_and_sizes_are_true(scenes, said):
    singular = {plural: word for word, (plural, _names) in NOUNS.items() if plural != word}
    for i, several in enumerate(said):
        there = [WORDS[n] for n in scenes.nouns[i] if 0 <= n < len(WORDS)]
        for words in several:
            named = [singular.get(word, word) for word in words]
            assert {word for word in named if word in WORDS} <= set(there), words
            for before, word in pairwise(named):
                noun = len(WORDS) if word == "frame" else WORDS.index(word) if word in WORDS else -2
                of_noun = [j for j in range(3) if scenes.nouns[i, j] == noun]
                if before in COLOURS and of_noun:
                    shown = {list(COLOURS)[scenes.colours[i, j]] for j in of_noun}
                    assert before in shown, words
                if before in ("small", "little", "tiny", "large", "big", "huge") and of_noun:
                    size = "small" if before in ("small", "little", "tiny") else "large"
                    shown = {list(SIZES)[scenes.sizes[i, j]] for j in of_noun}
                    assert size in shown, words
            for word, number in (("two", 2), ("three", 3)):
                if word in words and "times" not in words and "things" not in words:
                    assert max(there.count(thing) for thing in there) == number, words


def test_left_and_above_are_true(scenes, said):
    checked = 0
    for i, several in enumerate(said):
        if KINDS[scenes.kind[i]] not in ("beside", "above"):
            continue
        (a, b), boxes = (WORDS[n] for n in scenes.nouns[i, :2]), scenes.boxes[i]
        for words in several:
            text = " ".join(words)
            first, second = (0, 1) if words.index(a) < words.index(b) else (1, 0)
            if "left of" in text or "on the left" in text:
                assert boxes[first, 2] <= boxes[second, 0], text
            elif "right of" in text:
                assert boxes[first, 0] >= boxes[second, 2], text
            elif " above " in text or " over " in text or "at the top" in text:
                assert boxes[first, 3] <= boxes[second, 1], text
            elif " below " in text or " under " in text:
                assert boxes[first, 1] >= boxes[second, 3], text
            else:
                continue
            checked += 1
    assert checked > 100


def test_every_kind_has_many_phrasings():
    assert TEMPLATES.keys() == set(KINDS)
    assert all(len(set(templates)) == len(templates) >= 6 for templates in TEMPLATES.values())
