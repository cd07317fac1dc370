"""Hidden checks of the notebook on captioning Transformers.

Attention is held against nn.MultiheadAttention with the same weights, decoder layers against
nn.TransformerDecoderLayer, the norm against nn.RMSNorm. Layers and the model are tried with other
modules in the place of their parts, which the check answers, so that a mistake in a part does not
count twice.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.checks.a3_captioning.rnn_captioning import words_in_order
from assignments.checks.a3_captioning.transformer_captioning import (
    FORBIDDEN,
    TABLE,
    Both,
    assert_answers,
    causal,
    check_decoder_dropout,
    replace_attention,
    replace_layers,
)
from assignments.checks.a3_captioning.vision_transformer import (
    Weights,
    build,
    check_same,
    load_weights,
    own_names,
    randomize,
    tensor,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student
from autograder.checks.a3_captioning.vision_transformer import (
    check_gradient,
    check_precision,
)

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


# --- transformer_captioning-attention ------------------------------------------------------------


def check_near(got: torch.Tensor | None, want: torch.Tensor, name: str) -> None:
    if got is None:
        raise CheckFailed(_("no gradient reaches {name}").format(name=name))
    assert_answers(got, want, f"the gradient of {name}")


def random_mask(rng: np.random.Generator, queries: int, keys: int) -> torch.Tensor:
    """Half of the pairs may look, and each query may look at one key at least."""
    chance = rng.random((queries, keys)) < 0.5
    chance[np.arange(queries), rng.integers(keys, size=queries)] = True
    return torch.from_numpy(chance)


@question("transformer_captioning-attention", weight=2)
def test_attention_values(student, rng):
    """With random weights, the answers are those of PyTorch's attention."""
    both = Both(student, rng, 12, 3)
    query, key, value = tensor(rng, 2, 5, 12), tensor(rng, 2, 7, 12), tensor(rng, 2, 7, 12)
    got = both.attention(query, key, value)
    assert_answers(got, both.want(query, key, value))


@question("transformer_captioning-attention", weight=2)
def test_attention_masks(student, rng):
    """With masks, random and causal ones, the answers are PyTorch's too."""
    both = Both(student, rng, 8, 2)
    query, key, value = tensor(rng, 3, 6, 8), tensor(rng, 3, 4, 8), tensor(rng, 3, 4, 8)
    mask = random_mask(rng, 6, 4)
    got = both.attention(query, key, value, mask)
    assert_answers(got, both.want(query, key, value, mask))


@question("transformer_captioning-attention", weight=0.5, rule=True)
def test_attention_inputs(student, rng):
    """query, key, value and attn_mask are as they were."""
    both = Both(student, rng, 8, 2)
    query, key, value = tensor(rng, 3, 6, 8), tensor(rng, 3, 4, 8), tensor(rng, 3, 4, 8)
    both.attention(query, key, value, random_mask(rng, 6, 4))
    assert_unchanged(student.changed, {0: "query", 1: "key", 2: "value", 3: "attn_mask"})
    lower = torch.ones(6, 6, dtype=torch.bool).tril()
    got = both.attention(query, query, query, attn_mask=lower)
    assert_answers(got, both.want(query, query, query, lower), "the answers with a causal mask")


@question("transformer_captioning-attention")
def test_attention_sizes(student, rng):
    """One example, one query, one key, one head, heads of one number: the answers are right."""
    for count, queries, keys, width, heads in (
        (1, 3, 5, 6, 2),
        (2, 1, 4, 4, 4),
        (3, 4, 1, 5, 1),
        (1, 1, 1, 3, 3),
        (4, 4, 4, 4, 2),
    ):
        both = Both(student, rng, width, heads)
        query, key = tensor(rng, count, queries, width), tensor(rng, count, keys, width)
        value = tensor(rng, count, keys, width)
        for mask in (None, random_mask(rng, queries, keys)):
            want = both.want(query, key, value, mask)
            assert_answers(both.attention(query, key, value, mask), want)


@question("transformer_captioning-attention", weight=0.5)
def test_attention_large_fits(student, rng):
    """With scores in the thousands the answers are neither infinite nor NaN."""
    both = Both(student, rng, 6, 2)
    query, key, value = 100 * tensor(rng, 2, 3, 6), 100 * tensor(rng, 2, 4, 6), tensor(rng, 2, 4, 6)
    for mask in (None, random_mask(rng, 3, 4)):
        want = both.want(query, key, value, mask)
        got = both.attention(query, key, value, mask)
        assert_close(got, want, "the answers", rtol=1e-2, atol=1e-2)


@question("transformer_captioning-attention", weight=0.5)
def test_attention_gradients(student, rng):
    """The right gradients reach what comes in and all weights."""
    both = Both(student, rng, 6, 2)
    leaves = [tensor(rng, 2, length, 6).requires_grad_() for length in (3, 4, 4)]
    mask = random_mask(rng, 3, 4)
    want = both.oracle(*leaves, attn_mask=~mask, need_weights=False)[0]
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    kept = [student.put(leaf.detach()) for leaf in leaves]
    for one in kept:
        one.requires_grad_()
    student.backward(both.attention(*kept, mask, keep=True), dout)
    for one, leaf, name in zip(kept, leaves, ("query", "key", "value"), strict=True):
        check_near(one.get("grad"), leaf.grad, name)
    weights = own_names({name: p.grad for name, p in both.oracle.named_parameters()})
    for name, gradient in weights.items():
        if name != "key.bias":  # 0, up to rounding: all scores of a query move alike
            check_near(both.attention.get(f"{name}.grad"), gradient, name)


@question("transformer_captioning-attention", weight=0.5)
def test_attention_single_precision(student, rng):
    """In single precision, the answers are in single precision too, and right."""
    both = Both(student, rng, 8, 4)
    query, key = tensor(rng, 2, 3, 8), tensor(rng, 2, 5, 8)
    mask = random_mask(rng, 3, 5)
    want = both.want(query, key, key, mask)
    both.attention.float()
    got = both.attention(query.float(), key.float(), key.float(), mask)
    check_precision(got, "float32")
    assert_answers(got, want)


@question("transformer_captioning-attention")
def test_attention_dropout(student, rng):
    """In training, dropout acts on the weights, and in eval mode on nothing."""
    width, keys = 4, 20
    for share in (0.25, 0.5):
        attention = student.call("MultiHeadAttention", width, 2, share, keep=True)
        attention.double()
        names = ("query", "key", "value", "proj")
        weights = {f"{name}.weight": torch.eye(width) for name in names}
        weights |= {f"{name}.bias": torch.zeros(width) for name in names}
        load_weights(student, attention, weights)
        attention.train()
        # Not counted, but it tells dropout on weights from dropout on scores.
        attention(tensor(rng, 2, 3, width), *tensor(rng, 2, 2, keys, width))
        # Even weights, and all values are 1: what comes back counts the keys that were kept.
        queries = torch.zeros(60, 10, width, dtype=torch.float64)
        values = torch.ones(60, keys, width, dtype=torch.float64)
        answers = to_array(attention(queries, 0 * values, values), "the answers")
        if answers.shape != tuple(queries.shape):
            raise CheckFailed(_("in training, the answers have another shape than in eval mode"))
        counts = answers * keys * (1 - share)
        whole = abs(counts - counts.round()).max() < 1e-6 and counts.max() <= keys + 1e-6
        if not whole or abs(counts.mean() / keys - (1 - share)) > 0.02 or counts.std() < 0.5:
            raise CheckFailed(_("in training, dropout does not act as described on the weights"))
        if not np.allclose(answers[..., 0], answers[..., 1]):
            raise CheckFailed(_("in training, the numbers of one head have different weights"))
        if np.allclose(answers[..., 0], answers[..., 2]):
            raise CheckFailed(_("in training, both heads drop the same weights"))
        attention.eval()
        want = torch.ones(2, 10, width)
        assert_answers(attention(queries[:2], values[:2], values[:2]), want)


# --- transformer_captioning-positions ------------------------------------------------------------


def clock(length: int, width: int) -> torch.Tensor:
    """The vectors of all places, number by number."""
    table = np.empty((length, width))
    for t, j in np.ndindex(length, width):
        turn = t / 10000.0 ** ((j - j % 2) / width)
        table[t, j] = np.cos(turn) if j % 2 else np.sin(turn)
    return torch.from_numpy(table)


def check_table(got: object, length: int, width: int, what: str) -> None:
    assert_close(got, clock(length, width), what, rtol=1e-4, atol=1e-4)


@question("transformer_captioning-positions", weight=2)
def test_positions_values(student, rng):
    """The table holds sines and cosines of the right angles."""
    length, width = 2 * int(rng.integers(5, 10)) + 1, 2 * int(rng.integers(4, 8))
    check_table(student.position_table(length, width), length, width, "the table")


@question("transformer_captioning-positions")
def test_positions_sizes(student, rng):
    """It does so for one place, two numbers, odd widths, and hundreds of places."""
    for length, width in ((1, 6), (7, 2), (5, 7), (9, 1), (400, 5), (300, 64)):
        check_table(student.position_table(length, width), length, width, "the table")


def own_encoding(student: Student, *args: float) -> Remote:
    """The student's encoding; its table need not be theirs."""
    return build(student, "PositionalEncoding", *args)


@question("transformer_captioning-positions", weight=1.5, builds_on=TABLE)
def test_positions_sum(student, rng):
    """x gets the vectors of its places, for sequences of odd and even lengths."""
    encoding = own_encoding(student, 6, 0.3, 40)
    for count, length in ((3, 7), (2, 4), (1, 1), (5, 40)):
        x = tensor(rng, count, length, 6)
        got = encoding(x)
        assert_close(got, x + clock(length, 6), "the result", rtol=1e-4, atol=1e-4)


@question("transformer_captioning-positions", weight=0.5, builds_on=TABLE, rule=True)
def test_positions_inputs(student, rng):
    """x is as it was."""
    own_encoding(student, 6, 0.3, 40)(tensor(rng, 3, 7, 6))
    assert_unchanged(student.changed, {0: "x"})


@question("transformer_captioning-positions", builds_on=TABLE)
def test_positions_dropout(student, rng):
    """In training, dropout acts on the sum of x and positions, and in eval mode on nothing."""
    for share in (0.2, 0.6):
        encoding = student.call("PositionalEncoding", 50, share, 30, keep=True)
        encoding.double()
        x = tensor(rng, 20, 30, 50)
        encoding.train()
        dropped = to_array(encoding(x), "the result")
        whole = (x + clock(30, 50)).numpy()
        if dropped.shape != whole.shape:
            raise CheckFailed(_("in training, the result has another shape than in eval mode"))
        zero = dropped == 0
        right = np.isclose(dropped, whole / (1 - share), rtol=1e-3, atol=1e-3)
        if not (zero | right).all() or abs(zero.mean() - share) > 0.03:
            raise CheckFailed(_("in training, dropout does not act as described on the sum"))
        encoding.eval()
        assert_close(encoding(x), torch.from_numpy(whole), "the result", rtol=1e-4, atol=1e-4)


@question("transformer_captioning-positions", weight=0.5, builds_on=TABLE)
def test_positions_single_precision(student, rng):
    """In single precision, the result is in single precision; nothing here is learned."""
    encoding = student.call("PositionalEncoding", 7, 0.1, 11, keep=True)
    encoding.eval()
    x = tensor(rng, 2, 5, 7)
    got = encoding(x.float())
    check_precision(got, "float32")
    assert_close(got, x + clock(5, 7), "the result", rtol=1e-4, atol=1e-4)
    if student.iterate(encoding.parameters(keep=True)):
        raise CheckFailed(_("there are parameters, but positions are not learned"))


# --- transformer_captioning-layer ----------------------------------------------------------------


def inverted(mask: Any) -> Any:
    """A mask of the notebook as PyTorch wants it: True where one may not look."""
    if mask is None:
        return None
    return torch.as_tensor(mask).reshape(mask.shape[-2:]) == 0


def answers_of(module: nn.MultiheadAttention) -> Callable[..., torch.Tensor]:
    """What the check answers in the place of an attention of the student's."""

    @torch.no_grad()
    def attention(query: Any, key: Any, value: Any, attn_mask: Any = None) -> torch.Tensor:
        forbidden = inverted(attn_mask)
        return module(query, key, value, attn_mask=forbidden, need_weights=False)[0]

    return attention


class Layers:
    """A decoder layer of the student's with given attention, and PyTorch's."""

    def __init__(
        self, student: Student, rng: np.random.Generator, width: int, heads: int, hidden: int
    ) -> None:
        oracle = nn.TransformerDecoderLayer(
            width, heads, hidden, activation=F.gelu, batch_first=True
        )
        self.oracle = randomize(oracle, rng)
        self.layer = build(student, "TransformerDecoderLayer", width, heads, hidden)
        self.give_parts(student, self.layer)

    def give_parts(self, student: Student, layer: Remote) -> None:
        weights = own_names(self.oracle.state_dict())
        load_weights(student, layer, {n: w for n, w in weights.items() if "attn" not in n})
        replace_attention(student, layer, "self_attn", answers_of(self.oracle.self_attn))
        replace_attention(student, layer, "cross_attn", answers_of(self.oracle.multihead_attn))

    @torch.no_grad()
    def want(self, tgt: torch.Tensor, memory: torch.Tensor, mask: Any = None) -> torch.Tensor:
        return self.oracle(tgt, memory, tgt_mask=inverted(mask))


@question("transformer_captioning-layer", weight=2)
def test_layer_values(student, rng):
    """In eval mode, the outputs are those of PyTorch's layer with the same weights."""
    layers = Layers(student, rng, 12, 3, 20)
    tgt, memory = tensor(rng, 3, 5, 12), tensor(rng, 3, 7, 12)
    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    got = layers.layer(tgt, memory, lower)
    assert_close(got, layers.want(tgt, memory, lower), "out")


@question("transformer_captioning-layer", weight=0.5, rule=True)
def test_layer_inputs(student, rng):
    """tgt, memory and tgt_mask are as they were."""
    layers = Layers(student, rng, 12, 3, 20)
    tgt, lower = tensor(rng, 3, 5, 12), torch.ones(5, 5, dtype=torch.bool).tril()
    kept = student.put(tgt)
    layers.layer(kept, tensor(rng, 3, 7, 12), lower)
    assert_unchanged(student.changed, {1: "memory", 2: "tgt_mask"})
    check_same(kept, tgt, "tgt")


@question("transformer_captioning-layer", weight=0.5)
def test_layer_masks(student, rng):
    """With any mask, or none, they are the same."""
    layers = Layers(student, rng, 6, 2, 5)
    tgt, memory = tensor(rng, 2, 4, 6), tensor(rng, 2, 3, 6)
    for mask in (None, random_mask(rng, 4, 4)):
        want = layers.want(tgt, memory, mask)
        assert_close(layers.layer(tgt, memory, tgt_mask=mask), want, "out")
    assert_close(layers.layer(tgt, memory), layers.want(tgt, memory), "out")


@question("transformer_captioning-layer")
def test_layer_sizes(student, rng):
    """One example, one word, one place, one head: the outputs are right."""
    for count, length, places, width, heads in (
        (1, 4, 3, 6, 2),
        (2, 1, 5, 4, 4),
        (1, 3, 1, 5, 1),
        (3, 4, 4, 4, 2),
    ):
        layers = Layers(student, rng, width, heads, 7)
        tgt, memory = tensor(rng, count, length, width), tensor(rng, count, places, width)
        assert_close(layers.layer(tgt, memory), layers.want(tgt, memory), "out")


@question("transformer_captioning-layer", weight=0.5)
def test_layer_gradients(student, rng):
    """The right gradients reach the weights of linear layers and norms."""
    layers = Layers(student, rng, 6, 2, 5)
    tgt, memory = tensor(rng, 2, 4, 6), tensor(rng, 2, 3, 6)
    weights = {name: w.detach().requires_grad_() for name, w in layers.oracle.named_parameters()}

    def stage(kind: str, x: torch.Tensor) -> torch.Tensor:
        return torch.layer_norm(x, (6,), weights[f"{kind}.weight"], weights[f"{kind}.bias"])

    own, cross = (
        answers_of(module) for module in (layers.oracle.self_attn, layers.oracle.multihead_attn)
    )
    first = stage("norm1", tgt + own(tgt, tgt, tgt))
    second = stage("norm2", first + cross(first, memory, memory))
    inner = torch.addmm(weights["linear1.bias"], second.flatten(0, 1), weights["linear1.weight"].T)
    change = F.linear(F.gelu(inner), weights["linear2.weight"], weights["linear2.bias"])
    want = stage("norm3", second + change.unflatten(0, (2, 4)))
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    student.backward(layers.layer(tgt, memory, keep=True), dout)
    for name in ("linear1", "linear2", "norm2", "norm3"):
        right = weights[f"{name}.weight"].grad
        check_gradient(layers.layer.get(f"{name}.weight.grad"), right, f"{name}.weight")


@question("transformer_captioning-layer", weight=0.5)
def test_layer_single_precision(student, rng):
    """In single precision, the outputs are in single precision too, and right."""
    layers = Layers(student, rng, 8, 4, 10)
    tgt, memory = tensor(rng, 2, 3, 8), tensor(rng, 2, 5, 8)
    want = layers.want(tgt, memory)
    layers.layer.float()
    layers.oracle.float()
    got = layers.layer(tgt.float(), memory.float())
    check_precision(got, "float32")
    assert_close(got, want, "out")


@question("transformer_captioning-layer")
def test_layer_dropout(student, rng):
    """In training, dropout acts on what both attentions, GELU and linear2 return, on no sum."""
    check_decoder_dropout(student, "TransformerDecoderLayer", 0.3, 0.5)


# --- transformer_captioning-model ----------------------------------------------------------------


class Model:
    """A model of the student's whose positions and layers the check answers, and the right scores.

    shape: what comes behind N in the features: (S, D), or (D,).
    """

    def __init__(
        self,
        student: Student | None,
        rng: np.random.Generator,
        words: int = 8,
        width: int = 6,
        layers: int = 3,
        inputs: int = 5,
    ) -> None:
        self.rng, self.inputs = rng, inputs
        self.words = words_in_order(rng.permutation(words))
        self.null, self.start, self.end = (self.words[f"<{m}>"] for m in ("NULL", "START", "END"))
        self.zero = 0
        self.embed = randomize(nn.Embedding(words, width), rng)
        self.picture = randomize(nn.Linear(inputs, width), rng)
        self.head = randomize(nn.Linear(width, words), rng)
        with torch.no_grad():
            for part in (self.embed, self.head):
                part.weight *= 2
        self.places = tensor(rng, 40, width)
        self.layers = [
            randomize(nn.TransformerDecoderLayer(width, 2, 4, batch_first=True), rng)
            for _layer in range(layers)
        ]
        if student is not None:
            self.give(student)

    def give(self, student: Student) -> None:
        """Make the student's model of these parts."""
        width, layers = self.head.in_features, len(self.layers)
        self.model = build(
            student, "CaptioningTransformer", dict(self.words), self.inputs, width, 2, layers, 40
        )
        for name in ("embed", "picture", "head"):
            part = getattr(self, name).state_dict()
            named = {f"{name}.{key}": value for key, value in part.items()}
            load_weights(student, self.model, named)
        replace_attention(student, self.model, "positions", self.placed)
        replace_layers(student, self.model, [self.answer(layer) for layer in self.layers])

    def placed(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.places[: x.shape[1]].to(x.dtype)

    @staticmethod
    def answer(layer: nn.Module) -> Callable[..., torch.Tensor]:
        @torch.no_grad()
        def forward(tgt: Any, memory: Any, tgt_mask: Any = None) -> torch.Tensor:
            got = layer(tgt.double(), memory.double(), tgt_mask=inverted(tgt_mask))
            # A word that may see none is NaN, and would make all others NaN in the next layer.
            return got.nan_to_num().to(tgt.dtype)

        return forward

    def features(self, count: int, *places: int) -> torch.Tensor:
        return tensor(self.rng, count, *places, self.inputs)

    def captions(self, count: int, length: int) -> torch.Tensor:
        words = torch.from_numpy(self.rng.integers(len(self.words), size=(count, length)))
        words[:, 0] = self.start
        return words

    def hidden(self, features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        """What head should get."""
        memory = self.picture(features if features.ndim == 3 else features[:, None])
        memory, x = self.placed(memory), self.placed(self.embed(captions))
        lower = torch.from_numpy(causal(captions.shape[1]))
        for layer in self.layers:
            x = layer(x, memory, tgt_mask=~lower)
        return x

    @torch.no_grad()
    def scores(self, features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        return self.head(self.hidden(features.double(), captions))


@question("transformer_captioning-model", weight=2.5, builds_on=TABLE)
def test_model_values(student, rng):
    """With the weights of the reference, the scores are the reference's."""
    whole = Model(student, rng)
    features, captions = whole.features(3, 4), whole.captions(3, 5)
    got = whole.model(features, captions)
    assert_close(got, whole.scores(features, captions), "the scores")


@question("transformer_captioning-model", weight=0.5, builds_on=TABLE, rule=True)
def test_model_inputs(student, rng):
    """features and captions are as they were."""
    whole = Model(student, rng)
    whole.model(whole.features(3, 4), whole.captions(3, 5))
    assert_unchanged(student.changed, {0: "features", 1: "captions"})


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_one_vector(student, rng):
    """Features of a single vector a picture, (N, D), give the right scores too."""
    whole = Model(student, rng)
    features, captions = whole.features(4), whole.captions(4, 4)
    got = whole.model(features, captions)
    assert_close(got, whole.scores(features, captions), "the scores")


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_causal(student, rng):
    """Changing later words, or the padding, never changes an earlier output."""
    whole = Model(student, rng)
    features, captions = whole.features(2, 3), whole.captions(2, 7)
    before = to_array(whole.model(features, captions), "the scores")
    assert_close(before, whole.scores(features, captions), "the scores")
    for place in (2, 5):
        changed = captions.clone()
        changed[:, place:] = whole.null if place == 5 else whole.captions(2, 7)[:, place:]
        changed[:, place] = (captions[:, place] + 1) % len(whole.words)
        after = to_array(whole.model(features, changed), "the scores")
        assert_close(after[:, :place], before[:, :place], "the scores of the words before a change")


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_sizes(student, rng):
    """One picture, one word, one layer, many places: the scores are right."""
    for count, places, length, layers in ((1, 2, 3, 2), (2, 3, 1, 1), (3, 16, 12, 4), (3, 3, 3, 1)):
        whole = Model(student, rng, layers=layers, width=4, inputs=3)
        features, captions = whole.features(count, places), whole.captions(count, length)
        got = whole.model(features, captions)
        assert_close(got, whole.scores(features, captions), "the scores")


@question("transformer_captioning-model", weight=0.5, builds_on=TABLE)
def test_model_gradients(student, rng):
    """The right gradient reaches head."""
    whole = Model(student, rng)
    features, captions = whole.features(2, 3), whole.captions(2, 4)
    want = whole.head(whole.hidden(features, captions).detach())
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    student.backward(whole.model(features, captions, keep=True), dout)
    check_gradient(whole.model.get("head.weight.grad"), whole.head.weight.grad, "head.weight")


@question("transformer_captioning-model", weight=0.5, builds_on=TABLE)
def test_model_single_precision(student, rng):
    """In single precision, the scores are in single precision too, and right."""
    whole = Model(student, rng)
    features, captions = whole.features(2, 3), whole.captions(2, 4)
    whole.model.float()
    got = whole.model(features.float(), captions)
    check_precision(got, "float32")
    assert_close(got, whole.scores(features, captions), "the scores")


# --- transformer_captioning-sample ---------------------------------------------------------------


@torch.no_grad()
def greedy(
    whole: Model,
    features: torch.Tensor,
    length: int,
    marks: tuple[str, ...] = ("null", "start"),
    place: int = -1,
    again: bool = True,
    before: bool = True,
    for_good: bool = True,
) -> tuple[np.ndarray, float]:
    """The captions, and by how much the best word leads at least; every step computes all anew.

    marks, place, again, before, for_good: the words that are never said, the place whose scores
    count, whether the word said and those before it go in again, and whether a caption that ended
    stays silent. With others than these, the captions of a usual mistake.
    """
    said = read = torch.full((len(features), 1), whole.start)
    ended = torch.zeros(len(features), dtype=torch.bool)
    margin = np.inf
    forbidden = torch.tensor([getattr(whole, mark) for mark in marks], dtype=torch.int64)
    for _step in range(length):
        scores = whole.scores(features, read)[:, place]
        allowed = scores.index_fill(1, forbidden, -torch.inf)
        if not ended.all():
            best = allowed[~ended].topk(2, dim=1).values
            margin = min(margin, float((best[:, 0] - best[:, 1]).min()))
        word = allowed.argmax(1)
        latest = word[:, None] if again else read[:, :1]
        read = torch.cat([read, latest], dim=1) if before else latest
        said = torch.cat([said, word.masked_fill(ended, whole.null)[:, None]], dim=1)
        ended = (ended & for_good) | (word == whole.end)
    return said[:, 1:].numpy(), margin


#: Mistakes that must lead to other captions, each to its own.
MISTAKES: tuple[dict[str, Any], ...] = (
    {"marks": ("null",)},
    {"marks": ("start",)},
    {"marks": ()},
    {"marks": ("start", "zero")},
    {"place": 0},
    {"again": False},
    {"before": False},
    {"for_good": False},
)


def summing(tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: Any = None) -> torch.Tensor:
    """A layer that is quick, and sees the picture and all words so far, and no later ones."""
    return torch.tanh(tgt.cumsum(1) + memory.sum(1, keepdim=True))


@lru_cache(maxsize=64)
def find_case(seed: int) -> tuple[Model, torch.Tensor, np.ndarray]:
    """A model, features and captions of different lengths, where each mistake shows."""
    rng = np.random.default_rng(seed)
    whole = Model(None, rng, words=9, layers=0, inputs=4)
    while 0 in (whole.null, whole.start, whole.end):
        whole = Model(None, rng, words=9, layers=0, inputs=4)
    whole.layers.append(summing)
    while True:
        for part in (whole.embed, whole.head):
            randomize(part, rng)
        with torch.no_grad():
            whole.head.weight *= 2
            whole.head.bias[[whole.null, whole.start, 0]] += 2
            whole.head.bias[whole.end] = 1 + float(rng.normal())
        features = whole.features(5, 2)
        captions, margin = greedy(whole, features, 9)
        lengths = (captions != whole.null).sum(axis=1)
        if (
            margin > 0.01
            and len(set(lengths)) >= 3
            and 1 < lengths.min() < lengths.max()
            and (captions[:, 0] != captions[:, 1]).any()
        ):
            wrong = [greedy(whole, features, 9, **mistake)[0] for mistake in MISTAKES]
            if len({each.tobytes() for each in (captions, *wrong)}) <= len(wrong):
                continue
            return whole, features, captions


def sample_case(
    student: Student, rng: np.random.Generator
) -> tuple[Model, torch.Tensor, np.ndarray]:
    """The student's model, with forward answered too, features, and the captions to say."""
    seed = student.shared.setdefault("case", int(rng.integers(2**32)))
    whole, features, captions = find_case(seed)
    whole.give(student)
    whole.model.set("forward", student.serve(whole.scores, "forward"))
    return whole, features, captions


@question("transformer_captioning-sample", weight=3, builds_on=TABLE)
def test_sample_captions(student, rng):
    """Captions are the likeliest words, one by one, up to <END>."""
    whole, features, want = sample_case(student, rng)
    got = whole.model.sample(features, 9)
    assert_equal(got, want, "captions")


@question("transformer_captioning-sample", weight=0.5, builds_on=TABLE, rule=True)
def test_sample_inputs(student, rng):
    """features are as they were."""
    whole, features, _want = sample_case(student, rng)
    whole.model.sample(features, 9)
    assert_unchanged(student.changed, {0: "features"})


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_one_picture(student, rng):
    """A picture gets the same caption alone as among others."""
    whole, features, want = sample_case(student, rng)
    for row in range(3):
        got = whole.model.sample(features[row : row + 1], max_length=9)
        assert_equal(got, want[row : row + 1], "captions")


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_lengths(student, rng):
    """Captions have max_length places, 30 where it is not given."""
    whole, features, _want = sample_case(student, rng)
    for length in (1, 3, 30):
        got = whole.model.sample(features) if length == 30 else whole.model.sample(features, length)
        want, margin = greedy(whole, features, length)
        if margin > 1e-3:  # far from rounding
            assert_equal(got, want, "captions")
        elif to_array(got, "captions").shape != want.shape:
            raise CheckFailed(_("captions have another shape than (N, max_length)"))


@question("transformer_captioning-sample", weight=0.5, builds_on=TABLE, rule=True)
def test_sample_modes(student, rng):
    """Captions are whole numbers, the same the second time; the mode stays as it was."""
    whole, features, want = sample_case(student, rng)
    for mode in ("train", "eval"):
        getattr(whole.model, mode)()
        got = whole.model.sample(features, max_length=9)
        if to_array(got, "captions").dtype != np.int64:
            raise CheckFailed(_("captions are not of int64"))
        assert_equal(got, want, "captions")
        if whole.model.get("training") != (mode == "train"):
            raise CheckFailed(_("after sample, the model is in another mode than before"))


# --- transformer_captioning-rmsnorm --------------------------------------------------------------


def both_norms(
    student: Student, rng: np.random.Generator, width: int, eps: float | None = None
) -> tuple[Remote, nn.Module]:
    """The student's norm and PyTorch's, with the same weights."""
    oracle = randomize(nn.RMSNorm(width, eps or 1e-6), rng)
    norm = build(student, "RMSNorm", width, *([] if eps is None else [eps]))
    load_weights(student, norm, dict(oracle.state_dict()))
    return norm, oracle.requires_grad_(False)


@question("transformer_captioning-rmsnorm", weight=2)
def test_rmsnorm_values(student, rng):
    """With random weights, the results are those of PyTorch's RMSNorm."""
    norm, oracle = both_norms(student, rng, 5, 0.3)
    x = 0.5 + tensor(rng, 3, 4, 5)
    got = norm(x)
    assert_close(got, oracle(x), "the result")


@question("transformer_captioning-rmsnorm", weight=0.5, rule=True)
def test_rmsnorm_inputs(student, rng):
    """x is as it was."""
    norm, _oracle = both_norms(student, rng, 5, 0.3)
    norm(tensor(rng, 3, 4, 5))
    assert_unchanged(student.changed, {0: "x"})


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_sizes(student, rng):
    """It is so for one vector, one number, and any number of axes."""
    for shape in ((4,), (1, 6), (3, 1), (2, 3, 1, 5), (3, 3, 3)):
        norm, oracle = both_norms(student, rng, shape[-1])
        x = tensor(rng, *shape)
        assert_close(norm(x), oracle(x), "the result")


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_extremes(student, rng):
    """It is so for tiny numbers, where eps decides, for zeros, and for huge ones."""
    norm, oracle = both_norms(student, rng, 6)
    for size in (1e-3, 1e-7, 0.0, 1e100):
        x = size * tensor(rng, 4, 6)
        want = oracle(x)
        assert_close(norm(x), want, "the result", rtol=1e-6, atol=1e-12)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_precisions(student, rng):
    """In half precision squares do not overflow; every type stays itself, and is as exact."""
    norm, oracle = both_norms(student, rng, 8)
    x = tensor(rng, 4, 8)
    check_precision(norm(x), "float64")
    assert_close(norm(x), oracle(x), "the result", rtol=1e-9, atol=1e-12)
    norm.half()
    large = (1000 * x).half()
    got = norm(large)
    check_precision(got, "float16")
    want = oracle(large.double())
    assert_close(to_array(got).astype(np.float64), want, "the result", rtol=5e-3, atol=5e-3)
    norm.float()
    got = norm(x.float())
    check_precision(got, "float32")
    assert_close(got, oracle(x), "the result", rtol=1e-3, atol=1e-3)


@question("transformer_captioning-rmsnorm", weight=0.5)
def test_rmsnorm_gradients(student, rng):
    """The right gradients reach x and the weight."""
    norm, oracle = both_norms(student, rng, 5)
    oracle.requires_grad_()
    x = tensor(rng, 2, 3, 5).requires_grad_()
    want = oracle(x)
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    kept = student.put(x.detach())
    kept.requires_grad_()
    student.backward(norm(kept, keep=True), dout)
    check_gradient(kept.get("grad"), x.grad, "x")
    check_gradient(norm.get("weight.grad"), oracle.weight.grad, "weight")


# --- transformer_captioning-swiglu ---------------------------------------------------------------


def gated(x: torch.Tensor, weights: Weights) -> torch.Tensor:
    """The formula, with matrices."""
    first, second, third = (weights[f"w{n}.weight"].T for n in (1, 2, 3))
    return (x @ first / (1 + (-(x @ first)).exp()) * (x @ second)) @ third


def own_swiglu(
    student: Student, rng: np.random.Generator, width: int, hidden: int
) -> tuple[Remote, Weights]:
    layer = build(student, "SwiGLU", width, hidden)
    shapes = {"w1": (hidden, width), "w2": (hidden, width), "w3": (width, hidden)}
    weights = {f"{name}.weight": tensor(rng, *shape) for name, shape in shapes.items()}
    load_weights(student, layer, weights)
    return layer, weights


@question("transformer_captioning-swiglu", weight=2)
def test_swiglu_values(student, rng):
    """With random weights, the results are those of the formula."""
    layer, weights = own_swiglu(student, rng, 4, 7)
    x = tensor(rng, 2, 5, 4)
    assert_close(layer(x), gated(x, weights), "the result")


@question("transformer_captioning-swiglu", weight=0.5, rule=True)
def test_swiglu_inputs(student, rng):
    """x is as it was."""
    layer, _weights = own_swiglu(student, rng, 4, 7)
    layer(tensor(rng, 2, 5, 4))
    assert_unchanged(student.changed, {0: "x"})


@question("transformer_captioning-swiglu")
def test_swiglu_sizes(student, rng):
    """It is so for one vector, one number, as many hidden ones, in single precision."""
    for shape, hidden in (((3,), 5), ((2, 1), 3), ((4, 4), 4), ((2, 1, 3, 6), 2)):
        layer, weights = own_swiglu(student, rng, shape[-1], hidden)
        x = tensor(rng, *shape)
        assert_close(layer(x), gated(x, weights), "the result")
    layer.float()
    got = layer(x.float())
    check_precision(got, "float32")
    assert_close(got, gated(x, weights), "the result in single precision")


@question("transformer_captioning-swiglu", weight=0.5)
def test_swiglu_gradients(student, rng):
    """The right gradients reach x and all weights."""
    layer, weights = own_swiglu(student, rng, 3, 5)
    weights = {name: weight.requires_grad_() for name, weight in weights.items()}
    x = tensor(rng, 4, 3).requires_grad_()
    want = gated(x, weights)
    dout = tensor(rng, *want.shape)
    want.backward(dout)
    kept = student.put(x.detach())
    kept.requires_grad_()
    student.backward(layer(kept, keep=True), dout)
    check_gradient(kept.get("grad"), x.grad, "x")
    for name, weight in weights.items():
        check_gradient(layer.get(f"{name}.grad"), weight.grad, name)


# --- transformer_captioning-prenorm --------------------------------------------------------------


class PreNorm:
    """A pre-norm layer of the student's whose parts the check answers, and the right outputs."""

    def __init__(self, student: Student, rng: np.random.Generator, width: int, heads: int) -> None:
        self.parts = {
            name: randomize(nn.MultiheadAttention(width, heads, batch_first=True), rng)
            for name in ("self_attn", "cross_attn")
        }
        self.inner = randomize(nn.Sequential(nn.Linear(width, width), nn.Tanh()), rng)
        self.norms = [tensor(rng, width) for _norm in range(3)]
        self.layer = build(student, "PreNormDecoderLayer", width, heads, 5)
        for name, module in self.parts.items():
            replace_attention(student, self.layer, name, answers_of(module))
        replace_attention(student, self.layer, "feed_forward", self.changed)
        for number in range(3):
            replace_attention(student, self.layer, f"norm{number + 1}", self.norm(number))

    @torch.no_grad()
    def changed(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x.double()).to(x.dtype)

    def norm(self, number: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def normed(x: torch.Tensor) -> torch.Tensor:
            weight = self.norms[number].to(x.dtype)
            return F.rms_norm(x.detach(), x.shape[-1:], weight, 1e-6)

        return normed

    def want(self, tgt: torch.Tensor, memory: torch.Tensor, mask: Any = None) -> torch.Tensor:
        own, cross = map(answers_of, self.parts.values())
        one, two, three = map(self.norm, range(3))
        first = one(tgt)
        tgt = torch.add(tgt, own(first, first, first, mask))
        tgt = torch.add(tgt, cross(two(tgt), memory, memory))
        return torch.add(tgt, self.changed(three(tgt)))


@question("transformer_captioning-prenorm", weight=2)
def test_prenorm_values(student, rng):
    """With given parts, the outputs are those of the formulas."""
    layers = PreNorm(student, rng, 12, 3)
    tgt, memory = tensor(rng, 3, 5, 12), tensor(rng, 3, 7, 12)
    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    got = layers.layer(tgt, memory, lower)
    assert_close(got, layers.want(tgt, memory, lower), "out")


@question("transformer_captioning-prenorm", weight=0.5, rule=True)
def test_prenorm_inputs(student, rng):
    """tgt, memory and tgt_mask are as they were."""
    layers = PreNorm(student, rng, 12, 3)
    tgt, lower = tensor(rng, 3, 5, 12), torch.ones(5, 5, dtype=torch.bool).tril()
    kept = student.put(tgt)
    layers.layer(kept, tensor(rng, 3, 7, 12), lower)
    assert_unchanged(student.changed, {1: "memory", 2: "tgt_mask"})
    check_same(kept, tgt, "tgt")


@question("transformer_captioning-prenorm")
def test_prenorm_sizes(student, rng):
    """One example, one word, one place, no mask or any: the outputs are right."""
    for count, length, places, width in ((1, 4, 3, 6), (2, 1, 5, 4), (3, 4, 4, 4)):
        layers = PreNorm(student, rng, width, 2)
        tgt, memory = tensor(rng, count, length, width), tensor(rng, count, places, width)
        assert_close(layers.layer(tgt, memory), layers.want(tgt, memory), "out")
        mask = random_mask(rng, length, length)
        got = layers.layer(tgt, memory, tgt_mask=mask)
        assert_close(got, layers.want(tgt, memory, mask), "out")


@question("transformer_captioning-prenorm")
def test_prenorm_dropout(student, rng):
    """In training, dropout acts on what each of the three changes returns, and on no sum."""
    check_decoder_dropout(student, "PreNormDecoderLayer", 0.3, 0.5)


@question("transformer_captioning-prenorm", weight=0.5)
def test_prenorm_single_precision(student, rng):
    """In single precision, the outputs are in single precision too, and right."""
    layers = PreNorm(student, rng, 8, 2)
    tgt, memory = tensor(rng, 2, 3, 8), tensor(rng, 2, 5, 8)
    want = layers.want(tgt, memory)
    for module in layers.parts.values():
        module.float()
    got = layers.layer(tgt.float(), memory.float())
    check_precision(got, "float32")
    assert_close(got, want, "out")
