"""Measure how well the models of assignment 3 caption emoji_scenes, on scenes that none has seen.

    python bench/captioning.py [--seeds 0 1 2] [--steps 2500]

Trains the RNN, the LSTM, the LSTM with attention and the Transformer on the same batches, for as
many steps each, and scores what they say of the test scenes; a third of those show two things that
never meet in training. All have 128 hidden units, or layers as wide. The learning rates of RNN and
LSTM and the LSTM's first weights were chosen on the validation scenes; the other two have usual
rates, and the Transformer AdamW with a warm-up. The caption prior answers each scene with the
caption of some training scene. Takes about 45 minutes on two busy cores; ends with exit status 1
unless the Transformer's mean BLEU-4 is above the LSTM's, the LSTM's above the RNN's, and all above
twice the prior's.
"""

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from assignments.attention_captioner import AttentionCaptioner
from assignments.captioning import Captioner, bleu4, cider, train_captioner
from assignments.data.captions import CaptionData, CaptionSplit, load_captions, minibatch
from assignments.data.vocabulary import NULL
from assignments.standins.a3_captioning import lstm_captioning, rnn_captioning
from assignments.standins.a3_captioning.transformer_captioning import CaptioningTransformer

WORDVEC, HIDDEN, BATCH = 128, 128, 64
MAX_LENGTH = 16

#: From features and a number of words to captions (N, MAX_LENGTH).
Speaker = Callable[[np.ndarray], np.ndarray]


class Model(NamedTuple):
    """A way to caption. train: (data, steps, seed) -> (speaker, number of parameters)."""

    name: str
    train: Callable[[CaptionData, int, int], tuple[Speaker, int]]
    reads: str = "features"


def recurrent(make: Callable[..., Captioner], rate: float) -> Callable:
    """Training for a model with NumPy parameters."""

    def train(data: CaptionData, steps: int, seed: int) -> tuple[Speaker, int]:
        np.random.seed(seed)
        model = make(data.vocabulary.word_to_idx, data.train.features.shape[1], WORDVEC, HIDDEN)
        settings = {"batch_size": BATCH, "optim_config": {"learning_rate": rate}, "seed": seed}
        train_captioner(model, data.train, num_steps=steps, **settings)
        count = sum(weights.size for weights in model.params.values())
        return lambda features: model.sample(features, MAX_LENGTH), count

    return train


def transformer(rate: float) -> Callable:
    """Training for the Transformer, with AdamW, a short warm-up, and the same fall of the rate."""

    def tokens(grid: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(grid).flatten(2).transpose(1, 2)

    def train(data: CaptionData, steps: int, seed: int) -> tuple[Speaker, int]:
        torch.manual_seed(seed)
        width = data.train.features.shape[1]
        words = data.vocabulary.word_to_idx
        model = CaptioningTransformer(words, width, HIDDEN, num_heads=4, num_layers=2)
        optimizer = torch.optim.AdamW(model.parameters(), rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1, (step + 1) / 100) * 0.1 ** (step / steps)
        )
        rng = np.random.default_rng(seed)
        for _step in tqdm(range(steps)):
            captions, index = minibatch(data.train, BATCH, rng)
            right = torch.from_numpy(captions)
            scores = model(tokens(data.train.features[index]), right[:, :-1])
            loss = F.cross_entropy(scores.mT, right[:, 1:], ignore_index=words[NULL])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        count = sum(weights.numel() for weights in model.parameters())
        return lambda features: model.sample(tokens(features), MAX_LENGTH).numpy(), count

    return train


def prior(data: CaptionData, _steps: int, seed: int) -> tuple[Speaker, int]:
    """Captions of random training scenes."""
    rng = np.random.default_rng(seed)
    return lambda features: rng.choice(data.train.captions, len(features)), 0


MODELS = (
    Model("caption prior", prior),
    Model("RNN", recurrent(rnn_captioning.CaptioningRNN, 1e-2)),
    Model("LSTM", recurrent(lstm_captioning.CaptioningRNN, 1e-2)),
    Model("LSTM with attention", recurrent(AttentionCaptioner, 4e-3), reads="grid"),
    Model("Transformer", transformer(1e-3), reads="grid"),
)


def reading(data: CaptionData, what: str) -> CaptionData:
    """The data with ``features`` or ``grid`` as what a model reads, each channel standardised."""
    seen = getattr(data.train, what)
    axes = (0, *range(2, seen.ndim))  # over pictures and places
    mean, deviation = (f(seen, axis=axes, keepdims=True) for f in (np.mean, np.std))

    def standardised(split: CaptionSplit) -> CaptionSplit:
        return split._replace(features=(getattr(split, what) - mean) / (deviation + 1e-6))

    splits = {part: standardised(getattr(data, part)) for part in ("train", "val", "test")}
    return data._replace(**splits)


def scores(data: CaptionData, part: str, speaker: Speaker) -> tuple[float, float]:
    """BLEU-4 and CIDEr-like overlap of what a model says of a part of the data."""
    said = data.vocabulary.decode(speaker(getattr(data, part).features))
    right = data.references(part)
    return bleu4(said, right), cider(said, right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="of weights and batches"
    )
    parser.add_argument("--steps", type=int, default=2500, help="of each training (default 2500)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load_captions("emoji_scenes")
    print(f"{len(data.test.features)} test scenes; means over seeds {options.seeds} ± deviation")
    print(f"{'model':<20} parameters  val BLEU-4  test BLEU-4     CIDEr-like   seconds", flush=True)
    means = []
    for model in MODELS:
        began = time.perf_counter()
        read = reading(data, model.reads)
        found = []
        for seed in options.seeds:
            speaker, count = model.train(read, options.steps, seed)
            found.append((*scores(read, "val", speaker), *scores(read, "test", speaker)))
        (val, _, bleu, overlap), (_, _, spread, of_overlap) = np.mean(found, 0), np.std(found, 0)
        seconds = (time.perf_counter() - began) / len(options.seeds)
        print(
            f"{model.name:<20} {count:10,} {val:11.1f} {bleu:6.1f} ± {spread:3.1f} "
            f"{overlap:8.2f} ± {of_overlap:.2f} {seconds:8.0f}",
            flush=True,
        )
        means.append(bleu)
    prior_bleu, rnn, lstm, _attention, best = means
    if not 2 * prior_bleu < rnn < lstm < best:
        raise SystemExit(
            "The order is not: far above the prior the RNN, the LSTM, the Transformer."
        )


if __name__ == "__main__":
    main()
