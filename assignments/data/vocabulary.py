"""Words as numbers, and back."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from assignments.messages import _

__all__ = ["END", "NULL", "START", "UNKNOWN", "Vocabulary"]

#: Words that are none: filling, the beginning, the end, and a word that is not in the vocabulary.
NULL, START, END, UNKNOWN = "<NULL>", "<START>", "<END>", "<UNK>"


class Vocabulary:
    """The words that captions may have, each with a number.

    Args:
        words: all of them, in the order of their numbers. ``<NULL>``, ``<START>`` and ``<END>``
            must be there; without ``<UNK>``, other words cannot be encoded.

    Attributes:
        idx_to_word, word_to_idx: from numbers to words, and back.

    Raises:
        ValueError: a word occurs twice, or one that is needed is missing.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.idx_to_word = list(words)
        self.word_to_idx = {word: number for number, word in enumerate(words)}
        missing = {NULL, START, END} - self.word_to_idx.keys()
        if missing or len(self.word_to_idx) < len(self.idx_to_word):
            raise ValueError(
                _("A vocabulary needs different words, {words} among them.").format(
                    words=", ".join((NULL, START, END))
                )
            )

    @classmethod
    def of(cls, captions: Iterable[Sequence[str]], least: int = 1) -> "Vocabulary":
        """The words that occur ``least`` times or more in some captions, the most frequent first.

        All other words are ``<UNK>``.
        """
        counts = Counter(word for words in captions for word in words)
        often = [word for word, count in counts.most_common() if count >= least]
        return cls([NULL, START, END, UNKNOWN, *often])

    def __len__(self) -> int:
        return len(self.idx_to_word)

    def encode(self, captions: Iterable[Sequence[str]], length: int) -> np.ndarray:
        """Captions as numbers, (M, length) int64: ``<START>``, words, ``<END>``, ``<NULL>``...

        A caption that is too long loses its last words.

        Raises:
            KeyError: a word is not in the vocabulary, and there is no ``<UNK>``.
        """
        unknown = self.word_to_idx.get(UNKNOWN)
        rows = []
        for words in captions:
            inside = [
                self.word_to_idx[word] if unknown is None else self.word_to_idx.get(word, unknown)
                for word in words[: length - 2]
            ]
            row = [self.word_to_idx[START], *inside, self.word_to_idx[END]]
            rows.append(row + [self.word_to_idx[NULL]] * (length - len(row)))
        return np.array(rows, np.int64).reshape(-1, length)

    def decode(self, captions: np.ndarray) -> list[str]:
        """The texts of captions (M, T), each up to its first ``<END>``, without other marks."""
        texts = []
        for row in np.atleast_2d(captions):
            words = []
            for number in row:
                word = self.idx_to_word[int(number)]
                if word == END:
                    break
                if word not in (NULL, START):
                    words.append(word)
            texts.append(" ".join(words))
        return texts
