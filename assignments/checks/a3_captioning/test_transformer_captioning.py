"""Public checks of the notebook on captioning Transformers: numbers that the head can follow."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from assignments.checks.a3_captioning.test_vision_transformer import (
    build,
    check_shape,
    load_weights,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student
from assignments.syntax import words_used

#: The words of small models, with their numbers: <NULL> is not 0.
WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}
#: What the model is made of that other questions ask for.
TABLE = {"transformer_captioning-positions": ("position_table",)}


def rows(*numbers: Sequence[float]) -> torch.Tensor:
    """One sequence of vectors, (1, T, D), in double precision."""
    return torch.tensor(numbers, dtype=torch.float64)[None]


def mask(*numbers: Sequence[int]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.bool)


# --- transformer_captioning-attention ------------------------------------------------------------


@question("transformer_captioning-attention")
def test_attention_shape(student, rng):
    """Three queries that look at five keys give three answers, for each of two examples."""
    attention = build(student, "MultiHeadAttention", 6, 2)
    asked, keys = (torch.ones(2, length, 6, dtype=torch.float64) for length in (3, 5))
    check_shape(attention(asked, keys, keys), (2, 3, 6))


@question("transformer_captioning-attention")
def test_attention_one_head(student, rng):
    """Fits 0 and ln 3 give the weights 1/4 and 3/4: of (4, 0) and (8, 4) they make (7, 3)."""
    attention = plain_attention(student, 2, 1)
    asked, keys = rows([0, math.sqrt(2) * math.log(3)]), rows([0, 0], [0, 1])
    values = rows([4, 0], [8, 4])
    known = {
        _("the fits are not divided by sqrt(d)"): mixed(math.sqrt(2) * math.log(3), values),
        _("the fits are divided by d, not by its root"): mixed(math.log(3) / 2**0.5, values),
        _("the fits are multiplied by sqrt(d)"): mixed(2 * math.log(3), values),
        _("softmax is not taken over the keys, which are the last axis"): rows([12, 4]),
        _("the fits themselves are the weights, without softmax"): math.log(3) * values[:, 1:],
        _("all keys have the same weight"): rows([6, 2]),
        _("the values are made from key, not from value"): rows([0, 0.75]),
        _("keys and values are made from query"): asked,
    }
    got = attention(asked, keys, values)
    assert_close(got, rows([7, 3]), _("the answer"), known=known, show=True)


@question("transformer_captioning-attention")
def test_attention_two_heads(student, rng):
    """Two heads of two numbers: the first has the weights 1/4 and 3/4, the second 1/2 and 1/2."""
    attention = plain_attention(student, 4, 2)
    asked = rows([math.sqrt(2) * math.log(3), 0, 0, 0])
    keys, values = rows([0, 0, 0, 0], [1, 0, 0, 0]), rows([4, 0, 4, 0], [8, 4, 8, 4])
    undivided, by_all = math.sqrt(2) * math.log(3), math.log(3) / math.sqrt(2)

    def heads(fit: float) -> torch.Tensor:
        return torch.cat([mixed(fit, values[..., :2]), rows([6, 2])], dim=2)

    known = {
        _("the fits are not divided by sqrt(d)"): heads(undivided),
        _("the fits are divided by 2, not by the root of d = embed_dim / num_heads"): heads(by_all),
        _("the fits are multiplied by sqrt(d)"): heads(2 * math.log(3)),
        _("there is only one head"): mixed(by_all, values),
        _("every other number goes to the same head"): rows([7, 2, 7, 2]),
        _("a head gets every other number, not d in a row"): rows([7, 7, 2, 2]),
    }
    got = attention(asked, keys, values)
    assert_close(got, rows([7, 3, 6, 2]), _("the answer"), known=known, show=True)


@question("transformer_captioning-attention")
def test_attention_words_stay_apart(student, rng):
    """With equal weights, (1, 2, 3, 4) and (5, 6, 7, 8) both become their mean (3, 4, 5, 6)."""
    attention = plain_attention(student, 4, 2)
    values = rows([1, 2, 3, 4], [5, 6, 7, 8])
    known = {
        _("words and heads are mixed up: split the last axis, then transpose"): rows(
            [2, 3, 2, 3], [6, 7, 6, 7]
        ),
        _(
            "before the heads, words and heads are mixed up: split the last axis, then transpose"
        ): rows([2, 3, 6, 7], [2, 3, 6, 7]),
        _("a causal mask acts, although none is handed over"): rows([1, 2, 3, 4], [3, 4, 5, 6]),
        _("after the heads, words and heads are mixed up: transpose before you reshape"): rows(
            [3, 4, 3, 4], [5, 6, 5, 6]
        ),
        _("the values are added up, not averaged"): rows([6, 8, 10, 12], [6, 8, 10, 12]),
    }
    got = attention(0 * values, values, values)
    want = rows([3, 4, 5, 6], [3, 4, 5, 6])
    assert_close(got, want, _("the answer"), known=known, show=True)


@question("transformer_captioning-attention")
def test_attention_mask(student, rng):
    """A query that may see only the first of two values gets just that, (4, 0)."""
    attention = plain_attention(student, 2, 1)
    asked, keys = rows([0, math.sqrt(2) * math.log(3)]), rows([0, 1], [0, 1])
    values = rows([4, 0], [8, 4])
    known = {
        _("the mask is turned round: True means that a query may look"): rows([8, 4]),
        _("the mask does nothing"): rows([6, 2]),
        _("forbidden fits are 0, which gives them weight; they must be minus infinity"): rows(
            [5, 1]
        ),
        _("the mask acts after the softmax, so that the weights do not add up to 1"): rows([2, 0]),
        _("the mask is added to the fits as 0 and 1"): mixed(-1, values),
    }
    got = attention(asked, keys, values, mask([True, False]))
    assert_unchanged(student.changed, {0: "query", 1: "key", 2: "value", 3: "attn_mask"})
    assert_close(got, rows([4, 0]), _("the answer"), known=known, show=True)


@question("transformer_captioning-attention")
def test_attention_layers(student, rng):
    """With the bias (1, 0) in value and (0, 5) in proj, a single value (4, 0) becomes (5, 5)."""
    attention = plain_attention(student, 2, 1)
    biases = {"value.bias": torch.tensor([1.0, 0]), "proj.bias": torch.tensor([0.0, 5])}
    load_weights(student, attention, biases)
    values = rows([4, 0])
    known = {
        _("proj is not used"): rows([5, 0]),
        _("value, the linear layer, is not used"): rows([4, 5]),
    }
    got = attention(0 * values, 0 * values, values)
    assert_close(got, rows([5, 5]), _("the answer"), known=known, show=True)


@question("transformer_captioning-attention")
def test_attention_dropout(student, rng):
    """In training with dropout 1/2, each of two weights of 1/2 becomes 0 or 1."""
    attention = student.call("MultiHeadAttention", 2, 1, 0.5, keep=True)
    attention.double()
    make_plain(student, attention, 2)
    attention.train()
    ones = torch.ones(40, 2, 2, dtype=torch.float64)
    answers = to_array(attention(ones, ones, ones), _("the answers"))
    if np.allclose(answers, 1):
        raise CheckFailed(
            _("in training, no weight is dropped"),
            _("attn_drop acts before the softmax, or not at all"),
        )
    if not np.allclose(answers, answers.round()) or not np.isclose(answers, 1).any():
        raise CheckFailed(_("in training, attn_drop does not act on the weights"))


@question("transformer_captioning-attention")
def test_attention_own(student, rng):
    """The attention is written by hand."""
    attention, ones = build(student, "MultiHeadAttention", 2, 1), rows([1, 1])
    to_array(attention(ones, ones, ones), _("the answer"))
    check_by_hand(student, "MultiHeadAttention")


#: What does an exercise in one call, by class.
FORBIDDEN = {
    "MultiHeadAttention": (
        "scaled_dot_product_attention",
        "MultiheadAttention",
        "multi_head_attention_forward",
        "TransformerDecoderLayer",
        "TransformerEncoderLayer",
        "_native_multi_head_attention",
        "_scaled_dot_product_attention_math",
    ),
    "RMSNorm": ("rms_norm", "RMSNorm", "_fused_rms_norm"),
}


def check_by_hand(student: Student, name: str) -> None:
    """Does a class do without PyTorch's functions for all of it?"""
    used = words_used(student, f"{name}.forward") & set(FORBIDDEN[name])
    if used:
        raise CheckFailed(
            _("{name} does the whole exercise; write it yourself").format(name=min(used))
        )


def mixed(fit: float, values: torch.Tensor) -> torch.Tensor:
    """Two values (1, 2, D), weighed by the softmax of 0 and ``fit``, (1, 1, D)."""
    weights = torch.tensor([0.0, fit], dtype=torch.float64).softmax(0)
    return (weights[:, None] * values[0]).sum(0)[None, None]


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
    one, small = (math.sin(1), math.cos(1)), (math.sin(0.01), math.cos(0.01))
    tenth = math.cos(0.1), math.sin(0.1)
    zero = [0, 1, 0, 1]
    known = {
        _("all sines stand before all cosines"): [
            [0, 0, 1, 1],
            [one[0], small[0], one[1], small[1]],
        ],
        _("sine and cosine are exchanged"): [[1, 0, 1, 0], [one[1], one[0], small[1], small[0]]],
        _("places count from 1, not from 0"): [[*one, *small], [*double(1), *double(0.01)]],
        _("each odd j takes j itself as its exponent, not j - 1"): [
            zero,
            [one[0], tenth[0], small[0], math.cos(0.001)],
        ],
        _("the exponent is half as large as it should be"): [zero, [*one, tenth[1], tenth[0]]],
        _("the exponent is twice as large as it should be"): [
            zero,
            [*one, math.sin(1e-4), math.cos(1e-4)],
        ],
        _("all pairs turn alike: is the exponent rounded to a whole number?"): [zero, [*one, *one]],
        _("the places are multiplied by the powers, not divided by them"): [
            zero,
            [*one, math.sin(100), math.cos(100)],
        ],
        _("there are only sines"): [[0, 0, 0, 0], [one[0], one[0], small[0], small[0]]],
    }
    table = student.position_table(2, 4)
    want = torch.tensor([zero, [*one, *small]])
    known = {name: torch.tensor(wrong) for name, wrong in known.items()}
    assert_close(table, want, _("the table"), rtol=1e-4, atol=1e-5, known=known, show=True)
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
    places = torch.arange(4.0)
    four = torch.stack([places.sin(), places.cos()], dim=1)[None].double()
    table = four[:, :3]
    x = torch.full((1, 3, 2), 10, dtype=torch.float64)
    got = encoding(x)
    assert_unchanged(student.changed, {0: "x"})
    known = {
        _("only the positions come back: they are to be added to x"): table,
        _("x comes back without its positions"): x,
        _("all places get the vector of place 0"): x + table[:, :1],
        _("all places get the vector of place 3"): x + four[:, 3:],
        _("places count from 1, not from 0"): x + four[:, 1:],
        _("x is multiplied by the positions"): x * table,
        _("x is multiplied by the root of embed_dim"): 2**0.5 * x + table,
    }
    assert_close(got, x + table, _("the result"), rtol=1e-4, atol=1e-5, known=known, show=True)


@question("transformer_captioning-positions", builds_on=TABLE)
def test_positions_dropped(student, rng):
    """In training with dropout 1/2, numbers of the sum are 0 or twice as large."""
    check_sum_dropped(student, torch.ones(2, 3, 4, dtype=torch.float64))


def double(angle: float) -> tuple[float, float]:
    """Sine and cosine of twice an angle."""
    return math.sin(2 * angle), math.cos(2 * angle)


def check_sum_dropped(student: Student, x: torch.Tensor) -> None:
    """In training, does dropout by one half act on x and positions together?"""
    encoding = student.call("PositionalEncoding", x.shape[2], 0.5, 9, keep=True)
    encoding.double()
    encoding.train()
    dropped = to_array(encoding(x), _("the result"))
    encoding.eval()
    whole = to_array(encoding(x), _("the result"))
    if dropped.shape != whole.shape:
        raise CheckFailed(_("in training, the result has another shape than in eval mode"))
    kept = np.isclose(dropped, 2 * whole)
    if not (kept | (dropped == 0)).all():
        plain = x.numpy()
        symptoms = {
            _("nothing is dropped"): (whole, whole),
            _("dropout acts on x alone, before the positions are added"): (
                whole - plain,
                whole + plain,
            ),
            _("dropout acts on the positions alone"): (plain, 2 * whole - plain),
        }
        found = [
            text
            for text, pair in symptoms.items()
            if np.any([np.isclose(dropped, one) for one in pair], axis=0).all()
        ]
        raise CheckFailed(
            _("in training, some numbers are neither 0 nor twice the sum"), (found or [""])[0]
        )
    if kept.all():
        raise CheckFailed(_("in training, no number is dropped"))


# --- transformer_captioning-layer ----------------------------------------------------------------


@question("transformer_captioning-layer")
def test_layer_asks(student, rng):
    """self_attn is asked with tgt, tgt, tgt and the mask, cross_attn with words and the memory."""
    parts = Parts(student, "TransformerDecoderLayer", 2)
    parts.run(lower=mask([True, True], [False, True]))
    parts.check_self("tgt", parts.tgt)
    normed = rows([-1, 1], [1, -1])
    parts.check_cross(_("what norm1 returned"), normed, parts.tgt)


@question("transformer_captioning-layer")
def test_layer_norms_only(student, rng):
    """Without changes, but norm1 turning signs and norm3 times 10, (1, 3) becomes (10, -10)."""
    parts = Parts(student, "TransformerDecoderLayer", 2)
    weights = {"norm1.weight": -torch.ones(2), "norm3.weight": torch.full((2,), 10.0)}
    load_weights(student, parts.layer, weights)
    want = rows([10, -10], [-10, 10])
    known = {
        _(
            "norm1 has no effect: does a later sum add tgt as it came in, or is norm1 used twice?"
        ): -want,
        _("norm3 is not used, or does not come last"): want / 10,
        _("one of the changes is not added to what came in, but replaces it"): 0 * want,
        _("nothing is normed after the sums: is this pre-norm?"): parts.tgt,
    }
    assert_close(parts.run(), want, "out", rtol=1e-4, known=known, show=True)


@question("transformer_captioning-layer")
def test_layer_gelu(student, rng):
    """Between linear1 and linear2 stands a GELU: with norms that do nothing, -1 becomes -0.159."""
    parts = Parts(student, "TransformerDecoderLayer", 2, cross=1)
    parts.norm_nothing()
    first, second = torch.zeros(3, 2), torch.zeros(2, 3)
    first[0], second[:, 0] = torch.tensor([0.5, -1]), torch.tensor([10.0, -10])
    weights = {"linear1.weight": first, "linear1.bias": torch.zeros(3), "linear2.weight": second}
    load_weights(student, parts.layer, weights)
    parts.tgt = rows([1, 3])
    came = rows([2, 2])  # what cross-attention leaves: linear1 makes -1 of it, and -2.5 of tgt

    def out(inner: float) -> torch.Tensor:
        return came + rows([10 * inner, -10 * inner])

    minus = torch.tensor(-1.0, dtype=torch.float64)
    known = {
        _("this is a ReLU"): out(0),
        _("there is no GELU"): out(-1),
        _("this is a SiLU"): out(-1 / (1 + math.e)),
        _("this is an approximation of GELU, with tanh"): out(
            torch.nn.functional.gelu(minus, approximate="tanh").item()
        ),
        _("linear1 gets what came before cross-attention"): out(gelu(-2.5)),
        _("what linear2 returns is not added to what came in"): out(gelu(-1)) - came,
    }
    assert_close(parts.run(), out(gelu(-1)), "out", rtol=1e-5, known=known, show=True)


def gelu(x: float) -> float:
    return x * (1 + math.erf(x / 2**0.5)) / 2


@question("transformer_captioning-layer")
def test_layer_sums(student, rng):
    """With norms that do nothing, changes of (1, -1), (2, -2) and (4, -4) end up in the sum."""
    parts = Parts(student, "TransformerDecoderLayer", 2, 1, 2, 4)
    parts.norm_nothing()
    change = torch.tensor([1.0, -1], dtype=torch.float64)
    out = parts.run()
    assert_unchanged(student.changed, {0: "tgt", 1: "memory"})
    known = wrong_sums(parts.tgt, change, "linear2")
    assert_close(out, parts.tgt + 7 * change, "out", known=known, show=True)


def wrong_sums(tgt: torch.Tensor, change: torch.Tensor, last: str) -> dict[str, torch.Tensor]:
    """Where changes of 1, 2 and 4 times ``change`` are to be added to tgt: mistakes by name."""
    replaced = _("what {name} returns is not added to what came in, but replaces it")
    missing = _("what {name} returns is lost: a later sum does not add what came in just before")
    return {
        replaced.format(name="self_attn"): (7 * change).expand(tgt.shape),
        replaced.format(name="cross_attn"): (6 * change).expand(tgt.shape),
        replaced.format(name=last): (4 * change).expand(tgt.shape),
        missing.format(name="self_attn"): tgt + 6 * change,
        missing.format(name="cross_attn"): tgt + 5 * change,
        _("what {name} returns is not in the sum").format(name=last): tgt + 3 * change,
        _("only the last change is in the sum"): tgt + 4 * change,
    }


@question("transformer_captioning-layer")
def test_layer_dropout(student, rng):
    """In training, dropout acts on what both attentions and linear2 return, and on no sum."""
    for place, name in enumerate(("self_attn", "cross_attn", "linear2")):
        out = dropped_change(student, "TransformerDecoderLayer", place)
        # Without dropout, all are alike: (10, 10) plus (1, -1), normed.
        if np.allclose(out, out[:, :1], atol=1e-3):
            raise CheckFailed(
                _("in training, dropout does not act on what {name} returns").format(name=name)
            )
        # One of (11, 9) that is dropped turns the order round.
        if (out[..., 0] < out[..., 1] - 1e-3).any():
            raise CheckFailed(_("in training, dropout acts on a sum, not on the change alone"))


class Parts:
    """A layer of the student's whose attention is answered here, and what it was asked.

    The answers are (1, -1) times the given sizes; those of linear2 likewise, by its bias.
    """

    def __init__(
        self,
        student: Student,
        kind: str,
        width: int,
        own: float = 0,
        cross: float = 0,
        inner: float = 0,
        share: float = 0.1,
    ) -> None:
        self.layer = build(student, kind, width, 1, 3, share)
        self.asked: dict[str, list[tuple]] = {"self_attn": [], "cross_attn": []}
        self.tgt, self.memory = rows([1, 3], [5, 1]), rows([7, 8], [9, 4], [6, 2])
        for name, size in (("self_attn", own), ("cross_attn", cross)):
            replace_attention(student, self.layer, name, self.answer(name, size))
        if kind == "TransformerDecoderLayer":
            bias = inner * torch.tensor([1.0, -1])
            zeros = {"linear2.weight": torch.zeros(width, 3), "linear2.bias": bias}
            load_weights(student, self.layer, zeros)
        self.student = student

    def norm_nothing(self) -> None:
        """Put modules that change nothing in the place of the norms."""
        for number in (1, 2, 3):
            self.layer.set(f"norm{number}", self.student.make("torch.nn.Identity"))

    def answer(self, name: str, size: float) -> Callable[..., torch.Tensor]:
        def attention(query: Any, key: Any, value: Any, attn_mask: Any = None) -> torch.Tensor:
            self.asked[name].append((query, key, value, attn_mask))
            return size * torch.tensor([1.0, -1], dtype=torch.float64).expand(1, len(query[0]), 2)

        return attention

    def run(self, lower: torch.Tensor | None = None) -> torch.Tensor:
        self.lower = lower
        return self.layer(self.tgt, self.memory, lower)

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
            raise CheckFailed(
                _("self_attn gets another mask than tgt_mask"),
                _("it is turned round") if np.array_equal(seen, ~self.lower.numpy()) else "",
            )

    def check_cross(self, what: str, words: torch.Tensor, tgt: torch.Tensor) -> None:
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


def replace_attention(
    student: Student, layer: Remote, name: str, function: Callable[..., Any]
) -> None:
    """Let a function of the check answer in the place of a part."""
    layer.set(name, student.make("answered", student.serve(function)))


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
        return tgt

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
    said, seen = rows([1, 2], [3, 4]), rows([45, 95], [55, 105])
    x, memory = placed(said), placed(2 * seen)
    first = adds(x, memory)

    def scores(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, torch.zeros(1, 2, 4)], dim=2)

    def both(x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        return scores(doubles(adds(x, memory), memory))

    known = {
        _("the words get no positions"): both(said, memory),
        _("the picture gets no positions"): both(x, 2 * seen),
        _("positions are added to the features, before picture"): both(x, 2 * placed(seen)),
        _("the vectors of the picture are averaged"): both(x, memory.mean(1, keepdim=True)),
        _("the vectors of the picture are averaged first"): both(
            x, placed(2 * seen.mean(1, keepdim=True))
        ),
        _("only the first layer counts"): scores(first),
        _("the layers do not follow one after the other"): scores(doubles(x, memory)),
        _("the second layer gets what the first returned as its memory"): scores(
            doubles(first, first)
        ),
        _("words and picture are exchanged"): both(memory, x),
        _("this is a softmax of the scores"): both(x, memory).softmax(2),
        _("this is the logarithm of a softmax of the scores"): both(x, memory).log_softmax(2),
        _("the features do not go through picture"): both(x, placed(seen)),
        _("the first layer is used twice, the second not at all"): scores(adds(first, memory)),
        _("the vectors of the words are multiplied by the root of wordvec_dim"): both(
            placed(2**0.5 * said), memory
        ),
        _("all places get the scores of the last word"): both(x, memory)[:, [1, 1]],
    }
    got = model(seen, torch.tensor([[5, 0]]))
    assert_unchanged(student.changed, {0: "features", 1: "captions"})
    assert_close(got, both(x, memory), _("the scores"), known=known, show=True)


def small_model(student: Student, words: Mapping[str, int] = WORDS, *sizes: int) -> Remote:
    """Features of two numbers, vectors of two numbers, one head, two layers."""
    return build(student, "CaptioningTransformer", dict(words), *(sizes or (2, 2, 1, 2, 9)))


def replace_layers(student: Student, model: Remote, layers: Sequence[Callable]) -> None:
    """Put functions of the check in the place of the model's layers."""
    made = [student.make("answered", student.serve(layer)) for layer in layers]
    model.set("layers", student.make("torch.nn.ModuleList", made))


def causal(length: int) -> np.ndarray:
    return np.arange(length) <= np.arange(length)[:, None]


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
    seen = seen.astype(bool)
    if not np.array_equal(seen, want):
        symptoms = {
            _("it is turned round: True means that a word may look"): ~want,
            _("it is transposed: words see those after them"): want.T,
            _("a word does not see itself"): want & ~np.eye(length, dtype=bool),
            _("words do not see themselves"): want & ~np.diag(np.arange(length) > 0),
            _("a word sees the next one, which it is to foretell"): np.tri(length, k=1, dtype=bool),
            _("all see all"): np.ones_like(want),
        }
        found = [text for text, wrong in symptoms.items() if np.array_equal(seen, wrong)]
        raise CheckFailed(_("the mask is not the causal one"), (found or [""])[0])


# --- transformer_captioning-sample ---------------------------------------------------------------


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_chain(student, rng):
    """A model that says "a red crab" after <START> says just that, <END>, and then <NULL>."""
    model = chain(
        student, {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>", "<END>": "a"}
    )
    a, red, crab = (WORDS[word] for word in ("a", "red", "crab"))
    end, null, start = (WORDS[f"<{mark}>"] for mark in ("END", "NULL", "START"))
    known = {
        _("it goes on talking after <END>"): [[a, red, crab, end, a, red]],
        _("<END> itself is missing"): [[a, red, crab, null, null, null]],
        _("<START> is among the words that are said"): [[start, a, red, crab, end, null]],
        _("each step reads only <START>, or only the first place's scores"): [[a] * 6],
        _("after <END>, it is said again and again"): [[a, red, crab, end, end, end]],
        _("a caption that has ended begins to talk again"): [[a, red, crab, end, null, red]],
    }
    got = model.sample(torch.ones(1, 4, 2, dtype=torch.float64), 6)
    want = [[a, red, crab, end, null, null]]
    assert_equal(got, want, _("the caption"), known=known, show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_never_says(student, rng):
    """A model that would like best to say <NULL> or <START> says its third best word."""
    links = {"<START>": "crab", "crab": "crab"}
    # All scores but theirs are negative: one of 0 would still be the largest.
    model = chain(student, links, {"<NULL>": 40, "<START>": 50}, base=-20)
    a, crab, null, start = (WORDS[word] for word in ("a", "crab", "<NULL>", "<START>"))
    known = {
        _("<START> is said; its score must be minus infinity"): [[start] * 3],
        _("<NULL> is said; its score must be minus infinity"): [[null] * 3],
        _("the first word that goes in is not <START>"): [[a] * 3],
        _("the last place is never written"): [[crab, crab, null]],
    }
    got = model.sample(torch.ones(1, 4, 2, dtype=torch.float64), max_length=3)
    assert_equal(got, [[crab] * 3], _("the caption"), known=known, show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_different_ends(student, rng):
    """Of two pictures, one caption ends after a word, the other after three."""
    model = chain(student, {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>"}, ends=True)
    a, red, crab, end, null = (WORDS[word] for word in ("a", "red", "crab", "<END>", "<NULL>"))
    features = torch.zeros(2, 1, 2, dtype=torch.float64)
    features[0] = 1
    known = {
        _("all stop when one ends"): [[a, end, null, null, null], [a, red, null, null, null]],
    }
    got = model.sample(features, 5)
    want = [[a, end, null, null, null], [a, red, crab, end, null]]
    assert_equal(got, want, _("the captions"), known=known, show=True)


@question("transformer_captioning-sample", builds_on=TABLE)
def test_sample_reads_all(student, rng):
    """A model whose words depend on their places alone says "crab red a": all words go in again."""
    crab, red, a, end = (WORDS[word] for word in ("crab", "red", "a", "<END>"))
    model = chain(student, {}, places=("crab", "red", "a", "<END>"))
    known = {
        _("only one word goes in at each step, or the first place's scores count"): [[crab] * 4],
    }
    got = model.sample(torch.ones(1, 4, 2, dtype=torch.float64), 4)
    assert_equal(got, [[crab, red, a, end]], _("the caption"), known=known, show=True)


def chain(
    student: Student,
    links: Mapping[str, str],
    further: Mapping[str, float] | None = None,
    ends: bool = False,
    places: Sequence[str] = (),
    base: float = 0,
) -> Remote:
    """A model without attention that says, after each word, the one that ``links`` name.

    further: scores of words at every place. ends: where a picture is all ones, the word after "a"
    is <END>. places: the words that are said at the first places, whatever was said. base: the
    score of words that are not linked; links have 10 more. What forward should give is answered by
    the check, in the place of forward.
    """
    model = build(student, "CaptioningTransformer", dict(WORDS), 2, 6, 1, 1, 60)
    table = torch.full((6, 6), base, dtype=torch.float64)
    for before, after in links.items():
        table[WORDS[before], WORDS[after]] += 10
    for word, score in (further or {}).items():
        table[:, WORDS[word]] = score
    after_a = torch.zeros(6, 6, dtype=torch.float64)
    after_a[WORDS["a"], WORDS["<END>"]] = 20 if ends else 0

    by_place = torch.zeros(60, 6, dtype=torch.float64)
    for place, word in enumerate(places):
        by_place[place, WORDS[word]] = 10

    def forward(features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        share = features.reshape(len(features), -1).mean(1)[:, None, None]
        return table[captions] + share * after_a[captions] + by_place[: captions.shape[1]]

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
    root = 50**0.5
    known = {
        _("the mean is subtracted, as in layer normalisation"): rows([-1, 2]),
        _("the squares are added up, not averaged"): rows([1 / root, 14 / root]),
        _("the root is missing"): rows([1 / 25, 14 / 25]),
        _("the weight is missing"): rows([0.2, 1.4]),
        _("this is the mean of the numbers, not of their squares"): rows([0.25, 3.5]),
        _("x is multiplied by the root mean square, not divided by it"): rows([5, 70]),
        _("x is divided by its standard deviation, from which the mean is gone"): rows(
            [1 / 18**0.5, 14 / 18**0.5]
        ),
    }
    x = rows([1, 7])
    got = norm(x)
    assert_unchanged(student.changed, {0: "x"})
    assert_close(got, rows([0.2, 2.8]), _("the result"), rtol=1e-5, known=known, show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_each(student, rng):
    """Every vector is normed by itself: (1, 7) and (10, 70) both become (0.2, 1.4)."""
    norm = build(student, "RMSNorm", 2)
    x = rows([1, 7], [10, 70])
    known = {
        _("the mean is taken over the vectors, not over the numbers of each"): x
        / x.square().mean(1, keepdim=True).sqrt(),
        _("one mean is taken over all vectors"): x / x.square().mean().sqrt(),
        _("the means do not meet their own vectors: keep the axis, with keepdim=True"): x
        / x.square().mean(2).sqrt(),
        _("each number is divided by itself"): x / x,
    }
    want = rows([0.2, 1.4], [0.2, 1.4])
    assert_close(norm(x), want, _("the result"), rtol=1e-5, known=known, show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_zero(student, rng):
    """A vector of zeros stays one: eps keeps it from being divided by 0."""
    norm = build(student, "RMSNorm", 2)
    assert_close(norm(rows([0, 0])), rows([0, 0]), _("the result"), show=True)


@question("transformer_captioning-rmsnorm")
def test_rmsnorm_half(student, rng):
    """In half precision, (300, 2100) becomes (0.2, 1.4), although its squares overflow."""
    norm = build(student, "RMSNorm", 2)
    norm.half()
    got = to_array(norm(torch.tensor([[300.0, 2100]], dtype=torch.float16)), _("the result"))
    if str(got.dtype) != "float16":
        raise CheckFailed(_("the result is not of the type of x"))
    known = {_("the squares overflow; compute them in float32"): np.zeros((1, 2))}
    want = np.array([[0.2, 1.4]])
    assert_close(got.astype(np.float64), want, _("the result"), rtol=2e-3, known=known, show=True)


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
    gate = 1 / (1 + math.exp(-2))
    known = {
        _("the gate is of w2, not of w1"): rows([60 / (1 + math.exp(-3))]),
        _("this is a sigmoid, not a SiLU"): rows([30 * gate]),
        _("there is no activation, or a ReLU"): rows([60]),
        _("this is a GELU, not a SiLU"): 60 * rows([0.5 * (1 + math.erf(2**0.5))]),
        _("the activation acts on the product"): rows([60 / (1 + math.exp(-6))]),
        _("the activation acts on both"): rows([60 * gate / (1 + math.exp(-3))]),
        _("both are added, not multiplied"): rows([10 * (2 * gate + 3)]),
        _("w2 plays no part"): rows([20 * gate]),
        _("w1 stands in the place of w2"): rows([40 * gate]),
        _("w3 plays no part"): rows([6 * gate]),
    }
    got = layer(rows([1]))
    assert_close(got, rows([60 * gate]), _("the result"), known=known, show=True)


# --- transformer_captioning-prenorm --------------------------------------------------------------


@question("transformer_captioning-prenorm")
def test_prenorm_nothing_to_add(student, rng):
    """Where all three changes are 0, tgt comes out as it went in, and is not changed itself."""
    parts = PreNormParts(student)
    out = parts.run()
    assert_unchanged(student.changed, {0: "tgt", 1: "memory"})
    known = {
        _("the sums are normed: is this post-norm, or is the norm of tgt added up?"): 1e6
        * parts.tgt,
        _("the norm of the last sum is added up, or comes after it"): 1e3 * parts.tgt,
        _("self_attn's change is added to the norm of tgt, not to tgt"): 10 * parts.tgt,
        _("cross_attn's change is added to the norm of the sum, not to the sum"): 100 * parts.tgt,
        _("one of the changes is not added to what came in, but replaces it"): 0 * parts.tgt,
    }
    assert_close(out, parts.tgt, "out", known=known, show=True)


@question("transformer_captioning-prenorm")
def test_prenorm_asks(student, rng):
    """Each change gets a normed vector, and memory as it is."""
    parts = PreNormParts(student, 1, 2)
    parts.run(lower=mask([True, True], [False, True]))
    change = torch.tensor([1.0, -1], dtype=torch.float64)
    parts.check_self(_("what norm1 makes of tgt"), 10 * parts.tgt)
    parts.check_cross(_("what norm2 makes of the sum"), 100 * (parts.tgt + change), parts.tgt)
    (inner,) = parts.once("feed_forward")
    what = _("what norm3 makes of the sum")
    check_asked("feed_forward", _("input"), inner, what, 1000 * (parts.tgt + 3 * change))


@question("transformer_captioning-prenorm")
def test_prenorm_sums(student, rng):
    """Changes of (1, -1), (2, -2) and (4, -4) all end up in the sum."""
    parts = PreNormParts(student, 1, 2, 4)
    tgt, change = parts.tgt, torch.tensor([1.0, -1], dtype=torch.float64)
    known = {
        _("the changes are added to what the norms return"): 1000
        * (100 * (10 * tgt + change) + 2 * change)
        + 4 * change,
    } | wrong_sums(tgt, change, "feed_forward")
    out = parts.run()
    assert_unchanged(student.changed, {0: "tgt", 1: "memory"})
    assert_close(out, tgt + 7 * change, "out", known=known, show=True)


@question("transformer_captioning-prenorm")
def test_prenorm_dropout(student, rng):
    """In training with dropout 1/2, each change is 0 or doubled, and tgt is never dropped."""
    for place, name in enumerate(("self_attn", "cross_attn", "feed_forward")):
        out = dropped_change(student, "PreNormDecoderLayer", place)
        kept, gone = np.isclose(abs(out - 10), 2), np.isclose(out, 10)
        if (abs(out - 10) > 3).any():
            raise CheckFailed(_("in training, dropout acts on a sum, not on the change alone"))
        if gone.all() or not (kept | gone).all() or kept.all():
            raise CheckFailed(
                _("in training, dropout does not act on what {name} returns").format(name=name)
            )


def dropped_change(student: Student, kind: str, place: int) -> np.ndarray:
    """What a layer in training with dropout makes of tens, where one change is 1 and -1.

    The norms of a post-norm layer add 10, so that dropout of a sum shows behind them too.
    """
    sizes = [0.0, 0.0, 0.0]
    sizes[place] = 1.0
    if kind == "PreNormDecoderLayer":
        parts: Parts = PreNormParts(student, *sizes, share=0.5)
    else:
        parts = Parts(student, kind, 2, *sizes, share=0.5)
        tens = torch.full((2,), 10.0)
        load_weights(student, parts.layer, {"norm1.bias": tens, "norm2.bias": tens})
    tgt = torch.full((1, 40, 2), 10.0, dtype=torch.float64)
    before = to_array(parts.layer(tgt, parts.memory), "out")
    right = [[[1, -1]]] if kind != "PreNormDecoderLayer" else [[[11, 9]]]
    if before.shape != tgt.shape or not np.allclose(before, right, atol=1e-3):
        raise CheckFailed(_("out is wrong without dropout already; see the lines above"))
    parts.layer.train()
    return to_array(parts.layer(tgt, parts.memory), "out")


class PreNormParts(Parts):
    """A pre-norm layer whose norms multiply by 10, 100 and 1000, and whose changes are given."""

    def __init__(
        self,
        student: Student,
        own: float = 0,
        cross: float = 0,
        inner: float = 0,
        share: float = 0.1,
    ) -> None:
        super().__init__(student, "PreNormDecoderLayer", 2, own, cross, share=share)
        self.asked["feed_forward"] = []

        def feed_forward(x: torch.Tensor) -> torch.Tensor:
            self.asked["feed_forward"].append((x,))
            return inner * torch.tensor([1.0, -1], dtype=torch.float64).expand(1, len(x[0]), 2)

        replace_attention(student, self.layer, "feed_forward", feed_forward)
        for number in (1, 2, 3):
            replace_attention(
                student, self.layer, f"norm{number}", lambda x, size=10.0**number: size * x
            )
