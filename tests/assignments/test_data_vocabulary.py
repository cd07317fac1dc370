"""Words as numbers, and back."""

import numpy as np
import pytest

from assignments.data.vocabulary import END, NULL, START, UNKNOWN, Vocabulary


def test_captions_go_there_and_back():
    vocabulary = Vocabulary([NULL, START, END, "a", "red", "cat"])
    numbers = vocabulary.encode([["a", "red", "cat"], ["a", "cat"]], 6)
    assert numbers.tolist() == [[1, 3, 4, 5, 2, 0], [1, 3, 5, 2, 0, 0]]
    assert numbers.dtype == np.int64
    assert vocabulary.decode(numbers) == ["a red cat", "a cat"]
    assert vocabulary.decode(numbers[1]) == ["a cat"]
    assert len(vocabulary) == 6


def test_nothing_is_read_after_the_end():
    vocabulary = Vocabulary([NULL, START, END, "a", "cat"])
    assert vocabulary.decode(np.array([[3, 4, 2, 4, 4], [0, 4, 0, 3, 1]])) == ["a cat", "cat a"]


def test_long_captions_lose_their_end():
    vocabulary = Vocabulary([NULL, START, END, "a", "cat"])
    assert vocabulary.encode([["a", "cat", "a", "cat"]], 4).tolist() == [[1, 3, 4, 2]]


def test_no_captions():
    assert Vocabulary([NULL, START, END]).encode([], 5).shape == (0, 5)


def test_rare_words_are_unknown():
    vocabulary = Vocabulary.of([["a", "cat"], ["a", "dog"], ["a", "cat"]], least=2)
    assert vocabulary.idx_to_word == [NULL, START, END, UNKNOWN, "a", "cat"]
    assert vocabulary.decode(vocabulary.encode([["a", "dog"]], 4)) == ["a <UNK>"]


def test_other_words_are_an_error_without_a_word_for_them():
    with pytest.raises(KeyError, match="dog"):
        Vocabulary([NULL, START, END, "a"]).encode([["a", "dog"]], 5)


@pytest.mark.parametrize("words", [["a"], [NULL, START, END, "a", "a"]])
def test_what_is_no_vocabulary(words):
    with pytest.raises(ValueError, match="different words"):
        Vocabulary(words)
