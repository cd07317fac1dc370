"""Train models that caption pictures, and score what they say.

Corpus BLEU-4 and an overlap like CIDEr's compare words and short runs of words with what people
said of the same picture. Both read nothing of the picture itself: look at captions beside pictures,
too.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from sacrebleu.metrics import BLEU
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from assignments.data.captions import CaptionSplit, minibatch
from assignments.messages import _
from assignments.optim import UpdateRule, find_rule

__all__ = ["Captioner", "bleu4", "cider", "train_captioner"]


class Captioner(Protocol):
    """What :func:`train_captioner` can train.

    params: an array for each name.
    loss(features, captions): (loss, gradients), a gradient for each name of params.
    """

    params: dict[str, np.ndarray]

    def loss(self, features: np.ndarray, captions: np.ndarray) -> tuple[float, Mapping]: ...


def train_captioner(
    model: Captioner,
    split: CaptionSplit,
    *,
    num_steps: int,
    batch_size: int = 64,
    update_rule: UpdateRule | str = "adam",
    optim_config: Mapping[str, Any] | None = None,
    decay: float = 0.1,
    seed: int = 0,
    progress: bool = True,
) -> list[float]:
    """Train a captioning model with NumPy parameters on random batches; returns all losses.

    Args:
        split: pictures with captions; the model reads their ``features``.
        num_steps: how many batches.
        batch_size: captions in a batch.
        update_rule: moves one parameter, as in :class:`assignments.solver.Solver`, or its name.
        optim_config: its settings, such as ``{"learning_rate": 1e-3}``.
        decay: the learning rate falls evenly in every step, to this share of itself.
        seed: decides the batches. The same seed gives the same training.
        progress: show a progress bar?

    Stops, with a warning, when the loss is no longer a finite number.
    """
    rule = find_rule(update_rule) if isinstance(update_rule, str) else update_rule
    configs = {name: dict(optim_config or {}) for name in model.params}
    rng = np.random.default_rng(seed)
    losses: list[float] = []
    # The matrices are small: the threads of NumPy and of PyTorch would only wait for each other.
    with threadpool_limits(1), tqdm(total=num_steps, disable=not progress) as bar:
        for _step in range(num_steps):
            captions, index = minibatch(split, batch_size, rng)
            loss, grads = model.loss(split.features[index], captions)
            losses.append(float(loss))
            if not np.isfinite(loss):
                warnings.warn(
                    _("The loss is {loss}; training stops. Is the learning rate too large?").format(
                        loss=loss
                    ),
                    stacklevel=2,
                )
                break
            for name, w in model.params.items():
                model.params[name], configs[name] = rule(w, grads[name], configs[name])
                if "learning_rate" in configs[name]:
                    configs[name]["learning_rate"] *= decay ** (1 / num_steps)
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.2f}", refresh=False)
    return losses


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
    bleu = BLEU(tokenize="none", force=True)
    # It also takes None, for no text, though its types do not say so.
    return float(bleu.corpus_score(list(captions), streams).score)  # type: ignore[arg-type]


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Overlap of runs of 1 to 4 words that gives rare ones more weight, from 0 to 10.

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
