"""Hidden checks of the notebook on captioning Transformers.

Attention, norms and layers are held against PyTorch's own with the same weights. Layers and the
model are tried with other modules in the place of their parts, which the check answers, so that a
mistake in a part does not count twice.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from assignments.checks.a3_captioning.transformer_captioning import (
    FORBIDDEN,
    TABLE,
    check_precisions,
    speaker,
)
from assignments.compare import assert_equal, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import Battery
from assignments.standins.a3_captioning.transformer_captioning import (
    attention,
    captioner,
    decoder,
    encoding,
    prenorm,
    rmsnorm,
    swiglu,
    table,
    vocabulary,
)
from assignments.student import CheckFailed
from autograder.families.hidden import Hidden

#: Attention of an earlier notebook, which is most of this one's.
WITHHELD = {
    "transformer_captioning-attention": frozenset(
        {"a3_captioning/lstm_captioning:dot_product_attention"}
    )
}
#: What PyTorch has of these layers is what they ask for.
REFUSED = {
    f"transformer_captioning-{question}": tuple(f"torch*.{name}" for name in names)
    for question, names in (
        ("attention", FORBIDDEN["MultiHeadAttention"]),
        ("rmsnorm", FORBIDDEN["RMSNorm"]),
        ("layer", ("TransformerDecoderLayer", "TransformerDecoder")),
        ("prenorm", ("TransformerDecoderLayer", "TransformerDecoder")),
        ("model", ("TransformerDecoder", "Transformer")),
    )
}


def huge_scores(kind):
    """Draws queries and keys whose scores are in the thousands."""

    def draw(rng):
        case = attention.draw(rng, (2, 3, 4, 6, 2, kind))
        query, key, *others = case.inputs
        return replace(case, inputs=(30 * query, 30 * key, *others))

    return draw


multi_head_attention = (
    Hidden("transformer_captioning-attention", attention, (2, 5, 7, 12, 3))
    .values("With random weights, the answers are those of PyTorch's attention.", weight=2)
    .sizes("With masks, random and causal ones, the answers are PyTorch's too.",
           (3, 6, 4, 8, 2, "any"), (3, 6, 6, 8, 2, "causal"), weight=3)
    .sizes(
        "One example, one query, one key, one head, heads of one number: the answers are right.",
        (1, 3, 5, 6, 2), (2, 1, 4, 4, 4, "any"), (3, 4, 1, 5, 1, "any"), (1, 1, 1, 3, 3),
        (4, 4, 4, 4, 2, "any"),
    )
    .cases("With scores in the thousands the answers are neither infinite nor NaN.",
           huge_scores(""), huge_scores("any"), weight=0.5, rtol=1e-2, atol=1e-2)
    .holds("The right gradients reach what comes in and all weights.",
           attention.check_gradients, (2, 3, 4, 6, 2, "any"), weight=0.5)
    .about(attention, (2, 3, 5, 8, 4, "any"))
    .single()
    .holds("In training, dropout acts on the weights.", attention.check_dropout,
           (1, 2, 2, 6, 2, "", 0.25), (1, 1, 4, 6, 2, "any", 0.5))
    .untouched("query, key, value and attn_mask are as they were.", (3, 6, 4, 8, 2, "any"), 0.5)
)  # fmt: skip

CLOSE = {"rtol": 1e-4, "atol": 1e-4}

positions = (
    Hidden("transformer_captioning-positions", table)
    .sizes("The table holds sines and cosines of the right angles.", (17, 12), weight=2, **CLOSE)
    .sizes(
        "It does so for one place, two numbers, odd widths, and hundreds of places.",
        (1, 6), (7, 2), (5, 7), (9, 1), (400, 5), (300, 64), **CLOSE,
    )
    .about(encoding, (3, 5, 7), builds_on=TABLE)
    .sizes("x gets the vectors of its places, for sequences of odd and even lengths.",
           (3, 7, 6), (2, 4, 6), (1, 1, 6), (5, 40, 6), weight=1.5)
    .holds("In training, dropout acts on the sum of x and positions.", encoding.check_dropout,
           (1, 2, 4, 0.2), (1, 1, 6, 0.6))
    .single()
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip

decoder_layer = (
    Hidden("transformer_captioning-layer", decoder, (3, 5, 7, 12, 3))
    .values("In eval mode, the outputs are those of PyTorch's layer with the same weights.",
            weight=2)
    .sizes("With any mask, or none, they are the same.",
           (2, 4, 3, 6, 2, "any"), (2, 4, 3, 6, 2, ""), weight=0.5)
    .sizes("One example, one word, one place, one head: the outputs are right.",
           (1, 4, 3, 6, 2, ""), (2, 1, 5, 4, 4), (1, 3, 1, 5, 1), (3, 4, 4, 4, 2))
    .holds("The right gradients reach the weights of linear layers and norms.",
           decoder.check_gradients, (2, 4, 3, 6, 2), weight=0.5)
    .single()
    .holds(
        "In training, dropout acts on what both attentions, GELU and linear2 return, on no sum.",
        decoder.check_dropout, (1, 1, 2, 3, 1, "", 0.3), (1, 1, 3, 3, 3, "causal", 0.5),
    )
    .untouched("tgt, memory and tgt_mask are as they were.", weight=0.5)
)  # fmt: skip

model = (
    Hidden("transformer_captioning-model", captioner, (3, 4, 5), builds_on=TABLE)
    .values("With the weights of the reference, the scores are the reference's.", weight=2.5)
    .sizes("Features of a single vector a picture, (N, D), give the right scores too.", (4, 0, 4))
    .sizes("One picture, one word, one layer, many places: the scores are right.",
           (1, 2, 3, 2), (2, 3, 1, 1), (3, 16, 12, 4, 4), (3, 3, 3, 1, 4), weight=2)
    .holds("The right gradient reaches head.", captioner.check_gradients, (2, 3, 4), weight=0.5)
    .single()
    .untouched("features and captions are as they were.", weight=0.5)
)  # fmt: skip

prenorm_layer = (
    Hidden("transformer_captioning-prenorm", prenorm, (3, 5, 7, 12, 3))
    .values("With given parts, the outputs are those of the formulas.", weight=2)
    .sizes("One example, one word, one place, no mask or any: the outputs are right.",
           (1, 4, 3, 6, 2, ""), (2, 1, 5, 4, 2, "any"), (3, 4, 4, 4, 2, "any"))
    .holds(
        "In training, dropout acts on what each of the three changes returns, and on no sum.",
        prenorm.check_dropout, (1, 1, 2, 3, 1, "", 0.3), (1, 1, 3, 3, 3, "causal", 0.5),
    )
    .single()
    .untouched("tgt, memory and tgt_mask are as they were.", weight=0.5)
)  # fmt: skip

root_mean_square = (
    Hidden("transformer_captioning-rmsnorm", rmsnorm, ((3, 4, 5),))
    .values("With random weights, the results are those of PyTorch's RMSNorm.", weight=2)
    .sizes("It is so for one vector, one number, and any number of axes.",
           ((4,),), ((1, 6),), ((3, 1),), ((2, 3, 1, 5),), ((3, 3, 3),))
    .sizes(
        "It is so for tiny numbers, where eps decides, for zeros, and for huge ones.",
        *(((4, 6), 1e-6, size) for size in (1e-3, 1e-7, 0.0, 1e100)), rtol=1e-6, atol=1e-12,
    )
    .holds("In half precision squares do not overflow; every type stays itself, and is as exact.",
           check_precisions, ((4, 8), 1e-6))
    .holds("The right gradients reach x and the weight.", rmsnorm.check_gradients,
           ((2, 3, 5),), weight=0.5)
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip

gated = (
    Hidden("transformer_captioning-swiglu", swiglu, ((2, 5, 4), 7))
    .values("With random weights, the results are those of the formula.", weight=2)
    .sizes("It is so for one vector, one number, and as many hidden ones.",
           ((3,), 5), ((2, 1), 3), ((4, 4), 4), ((2, 1, 3, 6), 2), weight=0.75)
    .holds("The right gradients reach x and all weights.", swiglu.check_gradients,
           ((4, 3), 5), weight=0.5)
    .single(0.25)
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip


# --- transformer_captioning-sample ---------------------------------------------------------------


class Talker:
    """Words, and scores of the next one that depend on the picture and on all words so far."""

    def __init__(self, rng):
        self.words = vocabulary(rng, 9)
        self.null, self.start, self.end = (self.words[f"<{m}>"] for m in ("NULL", "START", "END"))
        self.embed, self.head = (torch.from_numpy(rng.normal(size=(9, 4))) for _part in range(2))
        self.bias = torch.zeros(9, dtype=torch.float64)
        self.bias[[self.null, self.start, 0]] = 2
        self.bias[self.end] = 1 + rng.normal()
        self.features = torch.from_numpy(rng.normal(size=(5, 2, 4)))

    def scores(self, features, captions):
        seen = torch.tanh(self.embed[captions].cumsum(1) + features.sum(1, keepdim=True))
        return seen @ self.head.T + self.bias

    def greedy(
        self, length, never=("null", "start"), place=-1, again=True, before=True, stays=True
    ):
        """The captions, and by how much the best word leads at least.

        never, place, again, before, stays: the words that are never said, the place whose scores
        count, whether the word said and those before it go in again, and whether a caption that
        ended stays silent. With others than these, the captions of a usual mistake.
        """
        captions = np.full((5, length), self.null)
        read, ended = torch.full((5, 1), self.start), torch.zeros(5, dtype=torch.bool)
        margin = np.inf
        forbidden = torch.tensor([getattr(self, mark, 0) for mark in never], dtype=torch.int64)
        for step in range(length):
            scores = self.scores(self.features, read)[:, place].index_fill(1, forbidden, -torch.inf)
            best = scores[~ended].topk(2, dim=1).values
            margin = min([margin, *(best[:, 0] - best[:, 1]).tolist()])
            word = scores.argmax(1)
            captions[~ended, step] = word[~ended]
            ended = (ended & stays) | (word == self.end)
            latest = word[:, None] if again else read[:, :1]
            read = torch.cat([read, latest], dim=1) if before else latest
        return captions, margin


#: Mistakes that must lead to other captions, each to its own.
MISTAKES = (
    {"never": ("null",)}, {"never": ("start",)}, {"never": ()}, {"never": ("start", "zero")},
    {"place": 0}, {"again": False}, {"before": False}, {"stays": False},
)  # fmt: skip


@lru_cache(maxsize=64)
def find_talker(seed):
    """One whose captions, the first long, the second short, differ for each usual mistake."""
    rng = np.random.default_rng(seed)
    while True:
        talker = Talker(rng)
        long, margin = talker.greedy(30)
        captions = long[:, :9]
        lengths = (captions != talker.null).sum(axis=1)
        spread = len(set(lengths)) > 2 and lengths[0] == 9 and 1 < lengths[1] < 7
        if margin > 0.01 and spread and (captions[:, 0] != captions[:, 1]).any():
            said = [captions, *(talker.greedy(9, **mistake)[0] for mistake in MISTAKES)]
            if len({each.tobytes() for each in said}) == len(said):
                return talker


def speaking(student, rng):
    """A talker, and the student's model that has its scores."""
    talker = find_talker(student.shared.setdefault("talker", int(rng.integers(2**32))))
    return talker, speaker(student, talker.words, talker.scores)


sample = Battery("transformer_captioning-sample", builds_on=TABLE)


@sample.check(weight=3)
def captions(student, rng):
    """Captions are the likeliest words, one by one, up to <END>."""
    talker, model = speaking(student, rng)
    assert_equal(model.sample(talker.features, 9), talker.greedy(9)[0], "captions")


@sample.check()
def one_picture(student, rng):
    """A picture gets the same caption alone as among others."""
    talker, model = speaking(student, rng)
    for row in range(5):
        got = model.sample(talker.features[row : row + 1], max_length=9)
        assert_equal(got, talker.greedy(9)[0][row : row + 1], "captions")


@sample.check()
def lengths(student, rng):
    """Captions have max_length places, 30 where it is not given."""
    talker, model = speaking(student, rng)
    for length in (1, 3, 30):
        got = model.sample(talker.features, *([] if length == 30 else [length]))
        assert_equal(got, talker.greedy(length)[0], "captions")


@sample.check(weight=0.5, rule=True)
def modes(student, rng):
    """Captions are whole numbers, the same the second time; the mode stays as it was."""
    talker, model = speaking(student, rng)
    for mode in ("train", "eval"):
        getattr(model, mode)()
        got = model.sample(talker.features, max_length=9)
        if to_array(got, "captions").dtype != np.int64:
            raise CheckFailed(_("captions are not of int64"))
        assert_equal(got, talker.greedy(9)[0], "captions")
        if model.get("training") != (mode == "train"):
            raise CheckFailed(_("after sample, the model is in another mode than before"))


@sample.check(weight=0.5, rule=True, beyond=True)
def features(student, rng):
    """features are as they were."""
    talker, model = speaking(student, rng)
    model.sample(talker.features, 9)
    assert_unchanged(student.changed, {0: "features"})
