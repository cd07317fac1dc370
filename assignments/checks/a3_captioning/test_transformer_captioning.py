"""Public checks of the notebook on captioning Transformers, most to be followed by hand."""

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from assignments.checks.a3_captioning.transformer_captioning import (
    FORBIDDEN,
    TABLE,
    WORDS,
    Both,
    assert_answers,
    causal,
    check_decoder_dropout,
    mask,
    norm_nothing,
    numbers,
    replace_attention,
    replace_layers,
)
from assignments.checks.a3_captioning.vision_transformer import (
    build,
    check_same,
    check_shape,
    load_weights,
    tensor,
)
from assignments.compare import (
    assert_close,
    assert_equal,
    assert_unchanged,
    relative_error,
    to_array,
    unpack,
)
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student
from assignments.syntax import words_used


def rows(*numbers: Sequence[float]) -> torch.Tensor:
    """One sequence of vectors, (1, T, D), in double precision."""
    return torch.tensor(numbers, dtype=torch.float64)[None]


# --- transformer_captioning-attention ------------------------------------------------------------


@question("transformer_captioning-attention")
def test_attention_one_head(student, rng):
    """Scores 0 and ln 3 give the weights 1/4 and 3/4: of (4, 0) and (8, 4) they make (7, 3)."""
    attention = plain_attention(student, 2, 1)
    asked, keys = rows([0, math.sqrt(2) * math.log(3)]), rows([0, 0], [0, 1])
    got = attention(asked, keys, rows([4, 0], [8, 4]))
    assert_close(got, rows([7, 3]), _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_two_heads(student, rng):
    """Two heads of two numbers: the first has the weights 1/4 and 3/4, the second 1/2 and 1/2."""
    attention = plain_attention(student, 4, 2)
    asked = rows([math.sqrt(2) * math.log(3), 0, 0, 0])
    keys, values = rows([0, 0, 0, 0], [1, 0, 0, 0]), rows([4, 0, 4, 0], [8, 4, 8, 4])
    got = attention(asked, keys, values)
    assert_close(got, rows([7, 3, 6, 2]), _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_words_stay_apart(student, rng):
    """With equal weights, (1, 2, 3, 4) and (5, 6, 7, 8) both become their mean (3, 4, 5, 6)."""
    attention = plain_attention(student, 4, 2)
    values = rows([1, 2, 3, 4], [5, 6, 7, 8])
    want = rows([3, 4, 5, 6], [3, 4, 5, 6])
    assert_close(attention(0 * values, values, values), want, _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_mask(student, rng):
    """A query that may see only the first of two values gets just that, (4, 0)."""
    attention = plain_attention(student, 2, 1)
    asked, keys = rows([0, math.sqrt(2) * math.log(3)]), rows([0, 1], [0, 1])
    got = attention(asked, keys, rows([4, 0], [8, 4]), mask([True, False]))
    assert_unchanged(student.changed, {0: "query", 1: "key", 2: "value", 3: "attn_mask"})
    assert_close(got, rows([4, 0]), _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_layers(student, rng):
    """With the bias (1, 0) in value and (0, 5) in proj, a single value (4, 0) becomes (5, 5)."""
    attention = plain_attention(student, 2, 1)
    biases = {"value.bias": torch.tensor([1.0, 0]), "proj.bias": torch.tensor([0.0, 5])}
    load_weights(student, attention, biases)
    values = rows([4, 0])
    got = attention(0 * values, 0 * values, values)
    assert_close(got, rows([5, 5]), _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_large_scores(student, rng):
    """Scores of 0 and 1000 give the weights 0 and 1: nothing overflows."""
    attention = plain_attention(student, 2, 1)
    asked, keys = rows([0, math.sqrt(2) * 1000]), rows([0, 0], [0, 1])
    got = attention(asked, keys, rows([4, 0], [8, 4]))
    assert_close(got, rows([8, 4]), _("the answer"), show=True)


@question("transformer_captioning-attention")
def test_attention_values(student, rng):
    """With random weights, three queries get from five keys, or three, what PyTorch gives them."""
    both = Both(student, rng, 6, 2)
    query, key, value = tensor(rng, 2, 3, 6), tensor(rng, 2, 5, 6), tensor(rng, 2, 5, 6)
    assert_answers(both.attention(query, key, value), both.want(query, key, value))
    key, value, lower = key[:, :3], value[:, :3], torch.from_numpy(causal(3))
    got = both.attention(query, key, value, lower)
    assert_answers(got, both.want(query, key, value, lower), _("the answers with a causal mask"))


@question("transformer_captioning-attention")
def test_attention_dropout(student, rng):
    """In training, dropout 1/2 makes each weight 0 or 1: (1, 1) and (2, 2) give 0, 1, 2 or 3."""
    attention = student.call("MultiHeadAttention", 2, 1, 0.5, keep=True)
    attention.double()
    make_plain(student, attention, 2)
    attention.train()
    ones = torch.ones(40, 2, 2, dtype=torch.float64)
    values = rows([1, 1], [2, 2]).expand(40, 2, 2)
    answers = to_array(attention(ones, ones, values), _("the answers")).round(6)
    if np.unique(answers).tolist() != [0, 1, 2, 3] or (answers[..., 0] != answers[..., 1]).any():
        raise CheckFailed(_("in training, attn_drop does not act on the weights"))


@question("transformer_captioning-attention")
def test_attention_own(student, rng):
    """The attention is written by hand."""
    attention, ones = build(student, "MultiHeadAttention", 2, 1), rows([1, 1])
    to_array(attention(ones, ones, ones), _("the answer"))
    check_by_hand(student, "MultiHeadAttention")


def check_by_hand(student: Student, name: str) -> None:
    """Does a class do without PyTorch's functions for all of it?"""
    read = f"words of {name}"
    if read not in student.shared:  # parsing takes longer than most checks
        student.shared[read] = words_used(student, f"{name}.forward")
    used = student.shared[read] & set(FORBIDDEN[name])
    if used:
        raise CheckFailed(
            _("{name} does the whole exercise; write it yourself").format(name=min(used))
        )


def plain_attention(student: Student, width: int, heads: int) -> Remote:
    """Attention whose linear layers change nothing."""
    attention = build(student, "MultiHeadAttention", width, heads)
    make_plain(student, attention, width)
    return attention


def make_plain(student: Student, attention: Remote, width: int) -> None:
    names = ("query", "key", "value", "proj")
    weights = {f"{name}.weight": torch.eye(width) for name in names}
    load_weights(student, attention, weights | {f"{n}.bias": torch.zeros(width) for n in names})


# --- transformer_captioning-positions ------------------------------------------------------------


@question("transformer_captioning-positions")
def test_positions_table(student, rng):
    """Place 0 of four numbers is (0, 1, 0, 1); place 1 is (sin 1, cos 1, sin 0.01, cos 0.01)."""
    table = student.position_table(2, 4)
    want = torch.tensor([[0, 1, 0, 1], [f(x) for x in (1, 0.01) for f in (math.sin, math.cos)]])
    assert_close(table, want, _("the table"), rtol=1e-4, atol=1e-5, show=True)
    kind = str(to_array(table).dtype)
    if kind != "float32":
        raise CheckFailed(_("the table is of {kind}, where float32 is expected").format(kind=kind))


@question("transformer_captioning-positions")
def test_positions_odd(student, rng):
    """With three numbers, place 1 is (sin 1, cos 1, sin 0.00215)."""
    small = math.sin(10000 ** (-2 / 3))
    want = torch.tensor([[0, 1, 0], [math.sin(1), math.cos(1), small]])
    assert_close(
        student.position_table(2, 3), want, _("the table"), rtol=1e-4, atol=1e-5, show=True
    )


@question("transformer_captioning-positions", builds_on=TABLE)
def test_positions_added(student, rng):
    """Three vectors (10, 10) in a row get the vectors of the places 0, 1 and 2 on top."""
    encoding = build(student, "PositionalEncoding", 2, 0.1, 9)
    places = torch.arange(3.0)
    x = torch.full((1, 3, 2), 10, dtype=torch.float64)
    want = x + torch.stack([places.sin(), places.cos()], dim=1)
    got = encoding(x)
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, want, _("the result"), rtol=1e-4, atol=1e-4, show=True)


@question("transformer_captioning-positions", builds_on=TABLE)
def test_positions_dropped(student, rng):
    """In training with dropout 1/2, numbers of the sum are 0 or twice as large."""
    encoding = student.call("PositionalEncoding", 4, 0.5, 9, keep=True)
    encoding.double()
    encoding.train()
    x = torch.ones(2, 3, 4, dtype=torch.float64)
    dropped = to_array(encoding(x), _("the result"))
    encoding.eval()
    assert_close(dropped, np.where(dropped == 0, 0, 2 * to_array(encoding(x))), _("the result"))
    if dropped.all() or not dropped.any():
        raise CheckFailed(_("in training, no number is dropped, or all are"))


# --- transformer_captioning-layer ----------------------------------------------------------------


@question("transformer_captioning-layer")
def test_layer_asks(student, rng):
    """self_attn is asked with tgt, tgt, tgt and the mask, cross_attn with words and the memory."""
    parts = Parts(student, "TransformerDecoderLayer", tells=True)
    norm_nothing(student, parts.layer)
    parts.run(lower=mask([True, True], [False, True]))
    parts.check_self("tgt", parts.tgt)
    words = parts.tgt + told(parts.tgt, parts.tgt, parts.tgt, parts.lower)
    parts.check_cross(_("what norm1 returned"), words)


@question("transformer_captioning-layer")
def test_layer_norms(student, rng):
    """norm1 flips signs, linear2 adds (0.5, -0.5), norm3 has 10: (1, 3) becomes (10, -10)."""
    parts = Parts(student, "TransformerDecoderLayer", inner=0.5)
    weights = {"norm1.weight": -torch.ones(2), "norm3.weight": torch.full((2,), 10.0)}
    load_weights(student, parts.layer, weights)
    assert_close(parts.run(), rows([10, -10], [-10, 10]), "out", rtol=1e-4, show=True)


@question("transformer_captioning-layer")
def test_layer_gelu(student, rng):
    """Between linear1 and linear2 stands a GELU: with norms that do nothing, -1 becomes -0.159."""
    parts = Parts(student, "TransformerDecoderLayer", cross=1)
    norm_nothing(student, parts.layer)
    first, second = torch.zeros(3, 2), torch.zeros(2, 3)
    first[0], second[:, 0] = torch.tensor([0.5, -1]), torch.tensor([10.0, -10])
    weights = {"linear1.weight": first, "linear1.bias": torch.zeros(3), "linear2.weight": second}
    load_weights(student, parts.layer, weights)
    parts.tgt = rows([1, 3])  # cross-attention makes (2, 2) of it, and linear1 -1 of that
    want = rows([2 - 1.58655254, 2 + 1.58655254])
    assert_close(parts.run(), want, "out", rtol=1e-6, show=True)


@question("transformer_captioning-layer")
def test_layer_sums(student, rng):
    """With norms that do nothing, changes of (1, -1), (2, -2) and (4, -4) end up in the sum."""
    parts = Parts(student, "TransformerDecoderLayer", 1, 2, 4)
    norm_nothing(student, parts.layer)
    assert_close(parts.run(), parts.tgt + rows([7, -7]), "out", show=True)


@question("transformer_captioning-layer")
def test_layer_dropout(student, rng):
    """In training, dropout acts on what both attentions, GELU and linear2 return, on no sum."""
    check_decoder_dropout(student, "TransformerDecoderLayer", 0.3)


def told(query: Any, key: Any, value: Any, attn_mask: Any = None) -> torch.Tensor:
    """An answer of attention that tells what was asked."""
    seen = 0.0 if attn_mask is None else told_mask(attn_mask)
    return query / 2 + key.mean(1, keepdim=True) / 4 + value.mean(1, keepdim=True) / 8 + seen


def told_mask(attn_mask: Any) -> float:
    """A number that tells one mask from another."""
    numbers = torch.as_tensor(attn_mask).double().flatten()
    return float(numbers @ torch.arange(1.0, len(numbers) + 1, dtype=torch.float64).sqrt())


class Parts:
    """A layer of the student's whose attention is answered here, and what it was asked.

    The answers are (1, -1) times the given sizes, those of linear2 by its bias. If it tells, the
    answers of attention depend on all that was asked.
    """

    def __init__(
        self,
        student: Student,
        kind: str,
        own: float = 0,
        cross: float = 0,
        inner: float = 0,
        tells: bool = False,
    ) -> None:
        self.student, self.tells = student, tells
        self.layer = build(student, kind, 2, 1, 3)
        self.asked: dict[str, list[tuple]] = {"self_attn": [], "cross_attn": []}
        self.tgt, self.memory = rows([1, 3], [5, 1]), rows([7, 8], [9, 4], [6, 2])
        for name, size in (("self_attn", own), ("cross_attn", cross)):
            replace_attention(student, self.layer, name, self.answer(name, size))
        if kind == "TransformerDecoderLayer":
            bias = inner * torch.tensor([1.0, -1])
            zeros = {"linear2.weight": torch.zeros(2, 3), "linear2.bias": bias}
            load_weights(student, self.layer, zeros)

    def answer(self, name: str, size: float) -> Callable[..., torch.Tensor]:
        def attention(query: Any, key: Any, value: Any, attn_mask: Any = None) -> torch.Tensor:
            self.asked[name].append((query, key, value, attn_mask))
            if self.tells:
                return told(query, key, value, attn_mask)
            return size * torch.tensor([1.0, -1], dtype=torch.float64).expand(1, len(query[0]), 2)

        return attention

    def run(self, lower: torch.Tensor | None = None) -> torch.Tensor:
        self.lower, kept = lower, self.student.put(self.tgt)
        out = self.layer(kept, self.memory, lower)
        assert_unchanged(self.student.changed, {1: "memory"})
        check_same(kept, self.tgt, "tgt")
        return out

    def once(self, name: str) -> tuple:
        """What a part was asked with."""
        if len(self.asked[name]) != 1:
            raise CheckFailed(
                _("{name} is called {times} times, where once is expected").format(
                    name=name, times=len(self.asked[name])
                )
            )
        return self.asked[name][0]

    def check_self(self, what: str, words: torch.Tensor) -> None:
        *three, attn_mask = self.once("self_attn")
        for role, got in zip(("query", "key", "value"), three, strict=True):
            check_asked("self_attn", role, got, what, words)
        if attn_mask is None:
            raise CheckFailed(_("self_attn is called without the mask; hand tgt_mask over"))
        seen = to_array(attn_mask, "attn_mask")
        if not np.array_equal(seen.astype(bool), self.lower.numpy()):
            raise CheckFailed(_("self_attn gets another mask than tgt_mask"))

    def check_cross(self, what: str, words: torch.Tensor) -> None:
        query, key, value, attn_mask = self.once("cross_attn")
        for role, got in (("key", key), ("value", value)):
            check_asked("cross_attn", role, got, "memory", self.memory)
        check_asked("cross_attn", "query", query, what, words)
        if attn_mask is not None:
            raise CheckFailed(_("cross_attn gets a mask, but every word may see the whole picture"))


def check_asked(name: str, role: str, got: Any, what: str, want: torch.Tensor) -> None:
    array = to_array(got, role)
    if array.shape != tuple(want.shape) or not np.allclose(array, want, rtol=1e-4, atol=1e-4):
        raise CheckFailed(
            _("{name} does not get {what} as its {role}").format(name=name, what=what, role=role)
        )


# --- transformer_captioning-model ----------------------------------------------------------------


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_shape(student, rng):
    """Two captions of three words give scores (2, 3, 6), for one vector a picture and for four."""
    model = small_model(student)
    words = torch.tensor([[5, 0, 4], [5, 2, 4]])
    for shape in ((2, 2), (2, 4, 2)):
        check_shape(model(torch.ones(shape, dtype=torch.float64), words), (2, 3, 6))


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_mask(student, rng):
    """Each layer gets the causal mask: a word may look at itself and those before."""
    model = small_model(student)
    seen: list = []

    def layer(tgt: Any, memory: Any, tgt_mask: Any = None) -> Any:
        seen.append(tgt_mask)
        return tgt if tgt_mask is None else tgt + told_mask(tgt_mask)

    replace_layers(student, model, [layer, layer])
    model(torch.ones(1, 4, 2, dtype=torch.float64), torch.tensor([[5, 3, 1]]))
    if len(seen) != 2:
        raise CheckFailed(_("of two layers, {number} are called").format(number=len(seen)))
    for one in seen:
        check_causal(one, 3)


@question("transformer_captioning-model", builds_on=TABLE)
def test_model_by_hand(student, rng):
    """With layers that only add and double, the scores are those that one works out by hand."""
    model = small_model(student)
    words, head = torch.zeros(6, 2), torch.zeros(6, 2)
    words[5], words[0] = torch.tensor([1.0, 2]), torch.tensor([3.0, 4])
    head[0, 0] = head[1, 1] = 1
    weights = {"embed.weight": words, "picture.weight": 2 * torch.eye(2), "head.weight": head}
    weights |= {"picture.bias": torch.zeros(2), "head.bias": torch.zeros(6)}
    load_weights(student, model, weights)

    def placed(x: torch.Tensor) -> torch.Tensor:
        """Adds (10, 20) at place 0 and (20, 40) at place 1."""
        steps = torch.arange(1, x.shape[1] + 1, dtype=torch.float64)
        return x + steps[:, None] * torch.tensor([10.0, 20], dtype=torch.float64)

    def adds(tgt: Any, memory: Any, tgt_mask: Any = None) -> Any:
        return tgt + memory.sum(1, keepdim=True)

    def doubles(tgt: Any, memory: Any, tgt_mask: Any = None) -> Any:
        return 2 * tgt + memory.sum(1, keepdim=True)

    replace_attention(student, model, "positions", placed)
    replace_layers(student, model, [adds, doubles])
    seen, said = rows([45, 95], [55, 105]), rows([1, 2], [3, 4])
    memory = placed(2 * seen)
    want = doubles(adds(placed(said), memory), memory)
    got = model(seen, torch.tensor([[5, 0]]))
    assert_unchanged(student.changed, {0: "features", 1: "captions"})
    want = torch.cat([want, torch.zeros(1, 2, 4)], dim=2)
    assert_close(got, want, _("the scores"), show=True)


def small_model(student: Student, words: Mapping[str, int] = WORDS, *sizes: int) -> Remote:
    """Features of two numbers, vectors of two numbers, one head, two layers."""
    return build(student, "CaptioningTransformer", dict(words), *(sizes or (2, 2, 1, 2, 9)))


def check_causal(got: Any, length: int) -> None:
    """Is this the causal mask, True (or 1) where a word may look?"""
    if got is None:
        raise CheckFailed(_("a layer gets no mask"))
    seen = to_array(got, _("the mask"))
    while seen.ndim > 2 and len(seen) == 1:
        seen = seen[0]
    want = causal(length)
    if seen.shape != want.shape:
        raise CheckFailed(
            _("the mask has shape {got}, where {want} is expected").format(
                got=seen.shape, want=want.shape
            )
        )
    if np.isinf(seen).any():
        raise CheckFailed(_("the mask holds infinities; it is to be True or False"))
    if not np.array_equal(seen.astype(bool), want):
        raise CheckFailed(_("the mask is not the causal one"))


# --- transformer_captioning-sample ---------------------------------------------------------------


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_chain(student, rng):
    """A model that says "a red crab" after <START> says just that, <END>, and then <NULL>."""
    links = {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>", "<END>": "a"}
    got = chain(student, scores_of(links)).sample(pictures(1), 6)
    assert_unchanged(student.changed, {0: "features"})
    assert_equal(got, numbers("a red crab <END> <NULL> <NULL>"), _("the caption"), show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_never_says(student, rng):
    """A model that would like best to say <NULL> or <START> says its third best word."""
    links = {"<START>": "crab", "crab": "crab"}
    # All scores but theirs are negative: one of 0 would still be the largest.
    model = chain(student, scores_of(links, -20, 50, 40), scores_of(links, -20, 40, 50))
    got = model.sample(pictures(0, 1), max_length=3)
    assert_equal(got, numbers(*["crab crab crab"] * 2), _("the captions"), show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_different_ends(student, rng):
    """Of two pictures, one caption ends after a word, the other after three."""
    links = {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>"}
    model = chain(student, scores_of(links), scores_of({**links, "a": "<END>"}))
    want = numbers("a <END> <NULL> <NULL> <NULL>", "a red crab <END> <NULL>")
    assert_equal(model.sample(pictures(1, 0), 5), want, _("the captions"), show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_reads_all(student, rng):
    """A model whose words depend on their places alone says "crab red a": all words go in again."""
    model = chain(student, scores_of({}), places=("crab", "red", "a", "<END>"))
    want = numbers("crab red a <END>")
    assert_equal(model.sample(pictures(1), 4), want, _("the caption"), show=True)


def pictures(*numbers: float) -> torch.Tensor:
    """Features of pictures of zeros or of ones, (N, 4, 2)."""
    return torch.tensor(numbers, dtype=torch.float64)[:, None, None].expand(-1, 4, 2).clone()


def scores_of(
    links: Mapping[str, str], base: float = 0, null: float = 0, start: float = 0
) -> torch.Tensor:
    """Scores of the next word, (V, V), a row for each word: the one that is linked has 1 more.

    null, start: the scores of <NULL> and <START> after every word.
    """
    table = torch.full((len(WORDS), len(WORDS)), base, dtype=torch.float64)
    for before, after in links.items():
        table[WORDS[before], WORDS[after]] += 1
    table[:, WORDS["<NULL>"]], table[:, WORDS["<START>"]] = null, start
    return table


def chain(
    student: Student,
    table: torch.Tensor,
    ones: torch.Tensor | None = None,
    places: Sequence[str] = (),
) -> Remote:
    """A model without attention whose scores depend on the word before, as ``table`` says.

    ones: the table for pictures of ones. places: the words that are said at the first places,
    whatever was said. What forward should give is answered by the check, in the place of forward.
    """
    model = build(student, "CaptioningTransformer", dict(WORDS), 2, 6, 1, 1, 60)
    more = torch.zeros_like(table) if ones is None else ones - table
    by_place = torch.zeros(60, 6, dtype=torch.float64)
    for place, word in enumerate(places):
        by_place[place, WORDS[word]] = 1

    def forward(features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        share = features.reshape(len(features), -1).mean(1)[:, None, None]
        return table[captions] + share * more[captions] + by_place[: captions.shape[1]]

    def layer(tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: Any = None) -> torch.Tensor:
        return forward(memory[:, :, :1], tgt.argmax(2))

    load_weights(
        student,
        model,
        {
            "embed.weight": torch.eye(6),
            "picture.weight": torch.eye(6)[:, :2],
            "picture.bias": torch.zeros(6),
            "head.weight": torch.eye(6),
            "head.bias": torch.zeros(6),
        },
    )
    model.set("positions", student.make("torch.nn.Identity"))
    replace_layers(student, model, [layer])
    model.set("forward", student.serve(forward, "forward"))
    return model


# --- transformer_captioning-rmsnorm --------------------------------------------------------------


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_by_hand(student, rng):
    """(1, 7) has the root mean square 5: with the weights 1 and 2 it becomes (0.2, 2.8)."""
    norm = build(student, "RMSNorm", 2)
    load_weights(student, norm, {"weight": torch.tensor([1.0, 2])})
    got = norm(rows([1, 7]))
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, rows([0.2, 2.8]), _("the result"), rtol=1e-5, show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_each(student, rng):
    """Every vector is normed by itself: (1, 7) and (10, 70) both become (0.2, 1.4)."""
    norm = build(student, "RMSNorm", 2)
    got = norm(rows([1, 7], [10, 70]))
    assert_close(got, rows([0.2, 1.4], [0.2, 1.4]), _("the result"), rtol=1e-5, show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_eps(student, rng):
    """With eps 11, (1, 7) becomes (1, 7) / 6, exact to all digits, and zeros stay zeros."""
    got = build(student, "RMSNorm", 2, 11.0)(rows([1, 7], [0, 0]))
    want = rows([1 / 6, 7 / 6], [0, 0])
    assert_close(got, want, _("the result"), show=True)
    if relative_error(got, want) > 1e-12:
        raise CheckFailed(_("in float64, half of the digits are lost"))


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_half(student, rng):
    """In half precision, (300, 2100) becomes (0.2, 1.4), although its squares overflow."""
    norm = build(student, "RMSNorm", 2)
    norm.half()
    got = to_array(norm(torch.tensor([[300.0, 2100]], dtype=torch.float16)), _("the result"))
    if str(got.dtype) != "float16":
        raise CheckFailed(_("the result is not of the type of x"))
    want = np.array([[0.2, 1.4]])
    assert_close(got.astype(np.float64), want, _("the result"), rtol=2e-3, show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_own(student, rng):
    """The norm is written by hand."""
    to_array(build(student, "RMSNorm", 2)(rows([1, 1])), _("the result"))
    check_by_hand(student, "RMSNorm")


# --- transformer_captioning-swiglu ---------------------------------------------------------------


@question("transformer_captioning-swiglu")
def test_swiglu_shape(student, rng):
    """Vectors keep their length, however many there are."""
    layer = build(student, "SwiGLU", 4, 7)
    check_shape(layer(torch.ones(2, 3, 4, dtype=torch.float64)), (2, 3, 4))


@question("transformer_captioning-swiglu")
def test_swiglu_by_hand(student, rng):
    """With W1 = 2, W2 = 3 and W3 = 10, 1 becomes 10 · silu(2) · 3 = 52.848."""
    layer = build(student, "SwiGLU", 1, 1)
    weights = {
        f"w{n}.weight": torch.tensor([[size]]) for n, size in ((1, 2.0), (2, 3.0), (3, 10.0))
    }
    load_weights(student, layer, weights)
    got = layer(rows([1]))
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, rows([60 / (1 + math.exp(-2))]), _("the result"), show=True)


# --- transformer_captioning-prenorm --------------------------------------------------------------


@question("transformer_captioning-prenorm")
def test_prenorm_nothing_to_add(student, rng):
    """Where all three changes are 0, tgt comes out as it went in, and is not changed itself."""
    parts = PreNormParts(student)
    assert_close(parts.run(), parts.tgt, "out", show=True)


@question("transformer_captioning-prenorm")
def test_prenorm_asks(student, rng):
    """Each change gets a normed vector, and memory as it is."""
    parts = PreNormParts(student, tells=True)
    parts.run(lower=mask([True, True], [False, True]))
    normed = 10 * parts.tgt
    parts.check_self(_("what norm1 makes of tgt"), normed)
    words = parts.tgt + told(normed, normed, normed, parts.lower)
    parts.check_cross(_("what norm2 makes of the sum"), 100 * words)
    words = words + told(100 * words, parts.memory, parts.memory)
    (inner,) = parts.once("feed_forward")
    what = _("what norm3 makes of the sum")
    check_asked("feed_forward", _("input"), inner, what, 1000 * words)


@question("transformer_captioning-prenorm")
def test_prenorm_sums(student, rng):
    """Changes of (1, -1), (2, -2) and (4, -4) all end up in the sum."""
    parts = PreNormParts(student, 1, 2, 4)
    assert_close(parts.run(), parts.tgt + rows([7, -7]), "out", show=True)


@question("transformer_captioning-prenorm")
def test_prenorm_dropout(student, rng):
    """In training, dropout acts on what each of the three changes returns, and on no sum."""
    check_decoder_dropout(student, "PreNormDecoderLayer", 0.3)


class PreNormParts(Parts):
    """A pre-norm layer whose norms multiply by 10, 100 and 1000, and whose changes are given."""

    def __init__(
        self,
        student: Student,
        own: float = 0,
        cross: float = 0,
        inner: float = 0,
        tells: bool = False,
    ) -> None:
        super().__init__(student, "PreNormDecoderLayer", own, cross, tells=tells)
        self.asked["feed_forward"] = []

        def feed_forward(x: torch.Tensor) -> torch.Tensor:
            self.asked["feed_forward"].append((x,))
            if self.tells:
                return x / 2
            return inner * torch.tensor([1.0, -1], dtype=torch.float64).expand(1, len(x[0]), 2)

        replace_attention(student, self.layer, "feed_forward", feed_forward)
        for number in (1, 2, 3):
            replace_attention(
                student, self.layer, f"norm{number}", lambda x, size=10.0**number: size * x
            )


# --- transformer_captioning-star-temperature -----------------------------------------------------

#: How often a word is drawn whose score is ln 4, beside one of 0, at some temperatures.
SHARES = {1.0: 4 / 5, 2.0: 2 / 3, 0.5: 16 / 17}


@question("transformer_captioning-star-temperature")
def test_temperature_shares(student, rng):
    """Of scores 0 and ln 4, the second word is drawn 4, 2 and 16 times as often at 1, 2 and 1/2."""
    scores = torch.tensor([[0.0, math.log(4)]]).expand(4000, 2)
    for temperature, want in SHARES.items():
        share = drawn(student, scores, temperature).mean()
        if abs(share - want) > 0.04:  # five standard deviations and more
            raise CheckFailed(
                _("at temperature {temperature:g} its share is {share:.2f}, not {want:.2f}").format(
                    temperature=temperature, share=share, want=want
                )
            )


@question("transformer_captioning-star-temperature")
def test_temperature_rows(student, rng):
    """Each row is drawn by its own scores, and a score of -inf is never drawn."""
    words = rng.integers(6, size=50)
    scores = torch.full((50, 6), -torch.inf)
    scores[torch.arange(50), torch.from_numpy(words)] = -3.0
    assert_equal(drawn(student, scores, 5.0), words, _("the words"))


@question("transformer_captioning-star-temperature")
def test_temperature_low(student, rng):
    """At a temperature of 0.001 the likeliest word is said, and nothing overflows."""
    scores = torch.from_numpy(rng.permuted(np.tile(np.arange(5.0), (40, 1)), axis=1)) * 100
    want = scores.argmax(dim=1).numpy()
    assert_equal(drawn(student, scores, 0.001), want, _("the words"))


def drawn(student: Student, scores: torch.Tensor, temperature: float) -> np.ndarray:
    """The words that are drawn, (N,); the scores are left alone."""
    words = to_array(student.draw_words(scores, temperature), _("the words"))
    assert_unchanged(student.changed, {0: "scores"})
    check_shape(words, (len(scores),))
    return words


# --- transformer_captioning-star-beam ------------------------------------------------------------

#: The probabilities of the words 0 (<START>), 1 (<END>), 2 and 3 after each word. Greedily, 2 and
#: <END> are said, 0.6 times 0.5; but 3 and <END> have 0.4 times 0.9.
FOLLOWS = np.array([[0, 0, 0.6, 0.4], [0, 0, 0, 0], [0, 0.5, 0.25, 0.25], [0, 0.9, 0.05, 0.05]])


@question("transformer_captioning-star-beam")
def test_beam_greedy(student, rng):
    """A beam of one caption is greedy: it says 2 and <END>, with a probability of 0.3."""
    check_beam(student, by_last_word, 1, 5, [2, 1], math.log(0.3))


@question("transformer_captioning-star-beam")
def test_beam_two(student, rng):
    """A beam of two finds 3 and <END>, with a probability of 0.36."""
    check_beam(student, by_last_word, 2, 5, [3, 1], math.log(0.36))


@question("transformer_captioning-star-beam")
def test_beam_length(student, rng):
    """After max_length words it stops, also where no caption has ended."""
    check_beam(student, by_last_word, 2, 1, [2], math.log(0.6))


@question("transformer_captioning-star-beam")
def test_beam_everything(student, rng):
    """A beam that has room for all captions finds the likeliest of all."""
    for _case in range(4):
        scores = prefix_scores(rng, 3, 4)
        total, words = max(
            (sum(float(scores([0, *words[:t]])[words[t]]) for t in range(len(words))), words)
            for length in range(1, 5)
            for words in itertools.product(range(3), repeat=length)
            if 1 not in words[:-1] and (length == 4 or words[-1] == 1)
        )
        check_beam(student, scores, 100, 4, list(words), total)


@question("transformer_captioning-star-beam")
def test_beam_between(student, rng):
    """Beams of two and three captions keep just these, those that have ended among them."""
    for width in (2, 3, 2, 3):
        scores = prefix_scores(rng, 5, 6)
        beam: list[tuple[float, list[int]]] = [(0.0, [0])]
        for _step in range(6):
            ended = [pair for pair in beam if pair[1][-1] == 1]
            longer = (
                (total + value, [*words, word])
                for total, words in beam
                if words[-1] != 1
                for word, value in enumerate(scores(words).tolist())
            )
            beam = heapq.nlargest(width, itertools.chain(ended, longer))
        check_beam(student, scores, width, 6, beam[0][1][1:], beam[0][0])


def check_beam(
    student: Student,
    scores: Callable[[Sequence[int]], np.ndarray],
    width: int,
    max_length: int,
    want: list[int],
    total: float,
) -> None:
    """Is this the caption that is found, and its sum?"""
    answer = student.beam_search(student.serve(scores), 0, 1, width, max_length)
    found, got = unpack(answer, "beam_search", ("words", "total"))
    note = f" (width {width}, max_length {max_length})"
    words = [int(word) for word in found]
    if words != want:
        raise CheckFailed(
            _("words{note}: {got}, where {want} is expected").format(
                note=note, got=words, want=want
            )
        )
    assert_close(got, total, "total" + note, show=True)


def by_last_word(words: Sequence[int]) -> np.ndarray:
    """Log-probabilities by FOLLOWS."""
    with np.errstate(divide="ignore"):
        return np.log(FOLLOWS[int(words[-1])])


def prefix_scores(
    rng: np.random.Generator, V: int, length: int
) -> Callable[[Sequence[int]], np.ndarray]:
    """Log-probabilities of V words that depend on the place and the last two words."""
    raw = rng.normal(0, 1.5, size=(length + 1, V, V, V))
    tables = raw - np.log(np.exp(raw).sum(axis=3, keepdims=True))

    def scores(words: Sequence[int]) -> np.ndarray:
        return tables[len(words) - 1, int(words[-2]) if len(words) > 1 else 0, int(words[-1])]

    return scores
