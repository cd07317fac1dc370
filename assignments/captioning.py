"""How good are captions? Corpus BLEU-4, and an overlap like CIDEr's.

Both compare words and short runs of words with what people said of the same picture, and read
nothing of the picture itself: look at captions beside pictures, too.
"""

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import BLEU
from sklearn.feature_extraction.text import TfidfVectorizer

from assignments.messages import _

__all__ = ["bleu4", "cider"]


def bleu4(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU-4, from 0 to 100 (Papineni et al., BLEU, 2002), by sacrebleu, words as given.

    Args:
        captions: N texts.
        references: for each the texts that it is compared with, at least one.

    Raises:
        ValueError: the numbers of texts differ, or there are none.
    """
    _check(captions, references)
    most = max(map(len, references))
    streams = [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]
    return float(BLEU(tokenize="none", force=True).corpus_score(list(captions), streams).score)


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Overlap of runs of 1 to 4 words that weighs rare ones more, from 0 to 10.

    As CIDEr (Vedantam, Zitnick and Parikh, CIDEr, 2015): each text is a vector of TF-IDF weights of
    its runs of n words, with the reference texts of a picture as one document; the cosines of a
    caption with each reference are averaged over references, n, and captions. The weights are
    those of scikit-learn, which smooths them.

    Args:
        captions: N texts.
        references: for each the texts that it is compared with, at least one.

    Raises:
        ValueError: the numbers of texts differ, or there are none.
    """
    _check(captions, references)
    owner = np.repeat(np.arange(len(captions)), [len(texts) for texts in references])
    flat = [text for texts in references for text in texts]
    scores = []
    for n in range(1, 5):
        vectorizer = TfidfVectorizer(ngram_range=(n, n), token_pattern=r"\S+", lowercase=False)
        try:
            vectorizer.fit([" ".join(texts) for texts in references])
        except ValueError:  # no reference has so many words
            continue
        ours, theirs = vectorizer.transform(captions), vectorizer.transform(flat)
        cosines = np.asarray(ours[owner].multiply(theirs).sum(axis=1)).ravel()
        each = np.bincount(owner, cosines) / np.bincount(owner)
        scores.append(each.mean())
    return 10 * float(np.mean(scores)) if scores else 0.0


def _check(captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(captions) != len(references) or not captions or not all(references):
        raise ValueError(
            _(
                "{captions} captions and {references} lists of references; give one list each"
            ).format(captions=len(captions), references=len(references))
        )
