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
    check_half,
    speaker,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array, unpack
from assignments.families.checks import Checks
from assignments.families.module import Module
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
)
from assignments.student import CheckFailed, Student
from assignments.syntax import words_used


def check_own(student: Student, module: Module, size: tuple) -> None:
    """Does a class do without PyTorch's functions for all of it?"""
    module.call(student, module.draw(np.random.default_rng(0), size))
    used = words_used(student, f"{module.name}.forward") & set(FORBIDDEN[module.name])
    if used:
        reason = _("{name} does the whole exercise; write it yourself")
        raise CheckFailed(reason.format(name=min(used)))


def plain(width: int) -> dict[str, Any]:
    """Attention whose linear layers change nothing."""
    names = ("query", "key", "value", "proj")
    params = {f"{name}.weight": np.eye(width) for name in names}
    return {"embed_dim": width, "num_heads": width // 2, "params": params}


# --- transformer_captioning-attention ------------------------------------------------------------

#: Times a key of 1, and by the root of two numbers, the score is ln 3: three times the weight.
LN3 = math.sqrt(2) * math.log(3)

multi_head_attention = (
    Checks("transformer_captioning-attention", attention, (2, 3, 5, 6, 2))
    .by_hand(
        "Scores 0 and ln 3 give the weights 1/4 and 3/4: of (4, 0) and (8, 4) they make (7, 3).",
        **plain(2), query=[[[0, LN3]]], key=[[[0, 0], [0, 1]]], value=[[[4, 0], [8, 4]]],
        answers=[[[7, 3]]],
    )
    .by_hand(
        "Two heads of two numbers: the first has the weights 1/4 and 3/4, the second 1/2 and 1/2.",
        **plain(4), query=[[[LN3, 0, 0, 0]]], key=[[[0, 0, 0, 0], [1, 0, 0, 0]]],
        value=[[[4, 0, 4, 0], [8, 4, 8, 4]]], answers=[[[7, 3, 6, 2]]],
    )
    .by_hand(
        "With equal weights, (1, 2, 3, 4) and (5, 6, 7, 8) both become their mean (3, 4, 5, 6).",
        **plain(4), query=np.zeros((1, 2, 4)), key=np.zeros((1, 2, 4)),
        value=[[[1, 2, 3, 4], [5, 6, 7, 8]]], answers=[[[3, 4, 5, 6], [3, 4, 5, 6]]],
    )
    .by_hand(
        "A query that may see only the first of two values gets just that, (4, 0).",
        **plain(2), query=[[[0, LN3]]], key=[[[0, 1], [0, 1]]], value=[[[4, 0], [8, 4]]],
        attn_mask=np.array([[True, False]]), answers=[[[4, 0]]],
    )
    .by_hand(
        "With the bias (1, 0) in value and (0, 5) in proj, a single value (4, 0) becomes (5, 5).",
        embed_dim=2, num_heads=1,
        params={**plain(2)["params"], "value.bias": [1, 0], "proj.bias": [0, 5]},
        query=[[[0, 0]]], key=[[[0, 0]]], value=[[[4, 0]]], answers=[[[5, 5]]],
    )
    .by_hand(
        "Scores of 0 and 1000 give the weights 0 and 1: nothing overflows.",
        **plain(2), query=[[[0, math.sqrt(2) * 1000]]], key=[[[0, 0], [0, 1]]],
        value=[[[4, 0], [8, 4]]], answers=[[[8, 4]]],
    )
    .sizes(
        "With random weights, three queries get from five keys, or three, what PyTorch gives them.",
        (2, 3, 5, 6, 2), (2, 3, 3, 6, 2, "causal"),
    )
    .untouched(size=(2, 3, 5, 6, 2, "any"))
    .holds("In training, dropout acts on the weights.", attention.check_dropout,
           (1, 2, 2, 4, 2, "", 0.5))
)  # fmt: skip


@multi_head_attention.check(rule=True)
def own_attention(student, rng):
    """The attention is written by hand."""
    check_own(student, attention, (1, 1, 1, 2, 1))


# --- transformer_captioning-positions ------------------------------------------------------------

positions = (
    Checks("transformer_captioning-positions", table)
    .by_hand(
        "Place 0 of four numbers is (0, 1, 0, 1); place 1 is (sin 1, cos 1, sin 0.01, cos 0.01).",
        max_len=2, embed_dim=4, rtol=1e-4, atol=1e-5,
        table=[[0, 1, 0, 1], [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)]],
    )
    .by_hand(
        "With three numbers, place 1 is (sin 1, cos 1, sin 0.00215).",
        max_len=2, embed_dim=3, rtol=1e-4, atol=1e-5,
        table=[[0, 1, 0], [math.sin(1), math.cos(1), math.sin(10000 ** (-2 / 3))]],
    )
)  # fmt: skip


@positions.check(beyond=True)
def table_is_single(student, rng):
    """The table is of float32."""
    kind = to_array(student.position_table(3, 4)).dtype
    if kind != np.float32:
        raise CheckFailed(_("the table is of {kind}, where float32 is expected").format(kind=kind))


positions = (
    positions.about(encoding, (2, 3, 4), builds_on=TABLE)
    .by_hand(
        "Three vectors (10, 10) in a row get the vectors of the places 0, 1 and 2 on top.",
        embed_dim=2, max_len=9, x=[[[10, 10]] * 3],
        out=[[[10 + math.sin(place), 10 + math.cos(place)] for place in range(3)]],
    )
    .untouched("x is not changed.")
    .holds("In training, dropout acts on the sum.", encoding.check_dropout, (1, 2, 3, 0.5))
)  # fmt: skip


# --- transformer_captioning-layer and transformer_captioning-prenorm ------------------------------


def same(x: torch.Tensor) -> torch.Tensor:
    """What a norm answers that does nothing."""
    return x


NO_NORMS = {"norm1": same, "norm2": same, "norm3": same}


def change(size: float) -> Callable[..., torch.Tensor]:
    """A part that answers (1, -1) times a size, whatever it is asked."""
    return lambda x, *others: size * torch.tensor([1.0, -1]).expand(x.shape)


def changes(own: float, cross: float) -> dict[str, Callable[..., torch.Tensor]]:
    """What both attentions of a layer answer."""
    return {"self_attn": change(own), "cross_attn": change(cross)}


TWO_WORDS: dict[str, Any] = {
    "input_dim": 2, "num_heads": 1, "dim_feedforward": 3,
    "tgt": [[[1, 3], [5, 1]]], "memory": [[[7, 8], [9, 4], [6, 2]]],
}  # fmt: skip

decoder_layer = (
    Checks("transformer_captioning-layer", decoder, (2, 3, 4, 6, 2))
    .holds(
        "self_attn is asked with tgt, tgt, tgt and the mask, cross_attn with words and the memory.",
        decoder.check_asked, (1, 3, 2, 4, 2),
    )
    .by_hand(
        "norm1 flips signs, linear2 adds (0.5, -0.5), norm3 has 10: (1, 3) becomes (10, -10).",
        **TWO_WORDS, parts=changes(0, 0), rtol=1e-4,
        params={"norm1.weight": [-1, -1], "linear2.bias": [0.5, -0.5], "norm3.weight": [10, 10]},
        out=[[[10, -10], [-10, 10]]],
    )
    # Cross-attention makes (2, 2) of (1, 3), and linear1 -1 of that; GELU makes -0.158655.
    .by_hand(
        "Between linear1 and linear2 stands a GELU: with norms that do nothing, -1 becomes -0.159.",
        **TWO_WORDS | {"tgt": [[[1, 3]]]}, parts={**changes(0, 1), **NO_NORMS}, rtol=1e-6,
        params={"linear1.weight": [[0.5, -1], [0, 0], [0, 0]],
                "linear2.weight": [[10, 0, 0], [-10, 0, 0]]},
        out=[[[2 - 1.58655254, 2 + 1.58655254]]],
    )
    .by_hand(
        "With norms that do nothing, changes of (1, -1), (2, -2) and (4, -4) end up in the sum.",
        **TWO_WORDS, parts={**changes(1, 2), **NO_NORMS}, params={"linear2.bias": [4, -4]},
        out=[[[8, -4], [12, -6]]],
    )
    .untouched()
    .holds(
        "In training, dropout acts on what both attentions, GELU and linear2 return, on no sum.",
        decoder.check_dropout, (1, 1, 2, 3, 1, "", 0.3),
    )
)  # fmt: skip

prenorm_layer = (
    Checks("transformer_captioning-prenorm", prenorm, (2, 3, 4, 6, 2))
    .by_hand(
        "Where all three changes are 0, tgt comes out as it went in.",
        **TWO_WORDS, parts={**changes(0, 0), **NO_NORMS, "feed_forward": change(0)},
        out=TWO_WORDS["tgt"],
    )
    .holds("Each change gets a normed vector, and memory as it is.",
           prenorm.check_asked, (1, 3, 2, 4, 2))
    .by_hand(
        "Changes of (1, -1), (2, -2) and (4, -4) all end up in the sum.",
        **TWO_WORDS, parts={**changes(1, 2), **NO_NORMS, "feed_forward": change(4)},
        out=[[[8, -4], [12, -6]]],
    )
    .sizes("With random weights, the outputs are those of the formulas.", (2, 3, 4, 6, 2))
    .untouched()
    .holds(
        "In training, dropout acts on what each of the three changes returns, and on no sum.",
        prenorm.check_dropout, (1, 1, 2, 3, 1, "", 0.3),
    )
)  # fmt: skip


# --- transformer_captioning-model ----------------------------------------------------------------

#: <NULL> is not 0.
SAYS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}


def adds(tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: Any = None) -> torch.Tensor:
    return tgt + memory.sum(1, keepdim=True)


def doubles_and_adds(tgt: torch.Tensor, memory: torch.Tensor, tgt_mask: Any = None) -> torch.Tensor:
    return 2 * tgt + memory.sum(1, keepdim=True)


def placed(x: torch.Tensor) -> torch.Tensor:
    """Adds 10 at place 0 and 20 at place 1."""
    return x + 10 * torch.arange(1, x.shape[1] + 1)[:, None]


model = (
    Checks("transformer_captioning-model", captioner, (2, 4, 3), builds_on=TABLE)
    .sizes("Two captions get their scores, for one vector a picture and for four.",
           (2, 0, 3), (2, 4, 3))
    .holds("Each layer gets the causal mask: a word may look at itself and those before.",
           captioner.check_asked, (1, 4, 3))
    # The picture becomes (12, 14) and (26, 28), with a sum of (38, 42); the words (11, 12) and
    # (23, 24), then (49, 54) and (61, 66).
    .by_hand(
        "With layers that only add and double, the scores are those that one works out by hand.",
        word_to_idx=SAYS, input_dim=2, wordvec_dim=2, num_heads=1, num_layers=2,
        parts={"positions": placed, "layers": [adds, doubles_and_adds]},
        params={"picture.weight": [[2, 0], [0, 2]],
                "embed.weight": [[3, 4], [0, 0], [0, 0], [0, 0], [0, 0], [1, 2]],
                "head.weight": [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]]},
        features=[[[1, 2], [3, 4]]], captions=np.array([[5, 0]]),
        scores=[[[136, 150, 0, 0, 0, 0], [160, 174, 0, 0, 0, 0]]],
    )
    .untouched()
)  # fmt: skip


# --- transformer_captioning-sample ---------------------------------------------------------------

sample = Battery("transformer_captioning-sample", builds_on=TABLE)


@sample.check()
def chain(student, rng):
    """A model that says "a red crab" after <START> says just that, <END>, and then <NULL>."""
    links = {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>", "<END>": "a"}
    check_said(student, follows(links), 1, "a red crab <END> <NULL> <NULL>")


@sample.check()
def never_says(student, rng):
    """A model that would like best to say <NULL> or <START> says its third best word."""
    table = follows({"<START>": "crab", "crab": "crab"}) - 20
    # All scores but theirs are negative: one of 0 would still be the largest.
    table[:, [SAYS["<NULL>"], SAYS["<START>"]]] = torch.tensor([50.0, 40]).double()
    tables = torch.stack([table, table[:, [0, 5, 2, 3, 4, 1]]])
    check_said(student, tables, 2, *["crab crab crab"] * 2)


@sample.check()
def different_ends(student, rng):
    """Of two pictures, one caption ends after a word, the other after three."""
    links = {"<START>": "a", "a": "red", "red": "crab", "crab": "<END>"}
    tables = torch.stack([follows({**links, "a": "<END>"}), follows(links)])
    check_said(student, tables, 2, "a <END> <NULL> <NULL> <NULL>", "a red crab <END> <NULL>")


@sample.check()
def reads_all(student, rng):
    """A model whose words depend on their places alone says "crab red a": all words go in again."""
    spoken = torch.eye(6, dtype=torch.float64)[numbers("crab red a <END>")[0]]
    model = speaker(student, SAYS, lambda features, captions: spoken[None, : captions.shape[1]])
    got = model.sample(torch.zeros(1, 4, dtype=torch.float64), 4)
    assert_equal(got, numbers("crab red a <END>"), _("the caption"), show=True)


def follows(links: Mapping[str, str]) -> torch.Tensor:
    """Scores of the next word, (V, V), a row for each word: the one that is linked has 1."""
    table = torch.zeros(len(SAYS), len(SAYS), dtype=torch.float64)
    for before, after in links.items():
        table[SAYS[before], SAYS[after]] = 1
    return table


def numbers(*captions: str) -> list[list[int]]:
    """The numbers of the words of captions."""
    return [[SAYS[word] for word in caption.split()] for caption in captions]


def check_said(student: Student, table: torch.Tensor, count: int, *captions: str) -> None:
    """Does a model whose scores depend on the word before, as a table says, say these captions?

    Args:
        table: (V, V), or one for each picture; the features of picture n are n everywhere.
    """
    tables = table.expand(count, *table.shape[-2:])

    def forward(features: torch.Tensor, captions: torch.Tensor) -> torch.Tensor:
        pictures = features.flatten(1)[:, :1].long()
        return tables[pictures, captions]

    features = torch.arange(float(count), dtype=torch.float64)[:, None].expand(-1, 4).clone()
    want = numbers(*captions)
    got = speaker(student, SAYS, forward).sample(features, len(want[0]))
    assert_unchanged(student.changed, {0: "features"})
    assert_equal(got, want, _("the captions"), show=True)


# --- transformer_captioning-rmsnorm and transformer_captioning-swiglu -----------------------------

root_mean_square = (
    Checks("transformer_captioning-rmsnorm", rmsnorm, ((2, 3),))
    .by_hand(
        "(1, 7) has the root mean square 5: with the weights 1 and 2 it becomes (0.2, 2.8).",
        dim=2, params={"weight": [1, 2]}, x=[[[1, 7]]], out=[[[0.2, 2.8]]], rtol=1e-5,
    )
    .by_hand(
        "Every vector is normed by itself: (1, 7) and (10, 70) both become (0.2, 1.4).",
        dim=2, x=[[[1, 7], [10, 70]]], out=[[[0.2, 1.4], [0.2, 1.4]]], rtol=1e-5,
    )
    .by_hand(
        "With eps 11, (1, 7) becomes (1, 7) / 6, exact to all digits, and zeros stay zeros.",
        dim=2, eps=11.0, x=[[[1, 7], [0, 0]]], out=[[[1 / 6, 7 / 6], [0, 0]]],
        rtol=1e-12, atol=1e-12,
    )
    .holds("In half precision, the squares of large numbers do not overflow.", check_half,
           ((3, 4), 1e-6))
    .untouched("x is not changed.")
)  # fmt: skip


@root_mean_square.check(rule=True)
def own_norm(student, rng):
    """The norm is written by hand."""
    check_own(student, rmsnorm, ((1, 2),))


gated = (
    Checks("transformer_captioning-swiglu", swiglu, ((2, 4), 7))
    .sizes("Vectors keep their length, however many there are.", ((2, 3, 4), 7))
    .by_hand(
        "With W1 = 2, W2 = 3 and W3 = 10, 1 becomes 10 · silu(2) · 3 = 52.848.",
        dim=1, hidden_dim=1, params={"w1.weight": [[2]], "w2.weight": [[3]], "w3.weight": [[10]]},
        x=[[[1]]], out=[[[60 / (1 + math.exp(-2))]]],
    )
    .untouched("x is not changed.")
)  # fmt: skip


# --- transformer_captioning-star-temperature -----------------------------------------------------

temperature = Battery("transformer_captioning-star-temperature")

#: How often a word is drawn whose score is ln 4, beside one of 0, at some temperatures.
SHARES = {1.0: 4 / 5, 2.0: 2 / 3, 0.5: 16 / 17}


@temperature.check()
def temperature_shares(student, rng):
    """Of scores 0 and ln 4, the second word is drawn 4, 2 and 16 times as often at 1, 2 and 1/2."""
    scores = torch.tensor([[0.0, math.log(4)]]).expand(4000, 2)
    for degrees, want in SHARES.items():
        share = drawn(student, scores, degrees).mean()
        if abs(share - want) > 0.04:  # five standard deviations and more
            raise CheckFailed(
                _("at temperature {temperature:g} its share is {share:.2f}, not {want:.2f}").format(
                    temperature=degrees, share=share, want=want
                )
            )


@temperature.check()
def temperature_rows(student, rng):
    """Each row is drawn by its own scores, and a score of -inf is never drawn."""
    words = rng.integers(6, size=50)
    scores = torch.full((50, 6), -torch.inf)
    scores[torch.arange(50), torch.from_numpy(words)] = -3.0
    assert_equal(drawn(student, scores, 5.0), words, _("the words"))


@temperature.check()
def temperature_low(student, rng):
    """At a temperature of 0.001 the likeliest word is said, and nothing overflows."""
    scores = torch.from_numpy(rng.permuted(np.tile(np.arange(5.0), (40, 1)), axis=1)) * 100
    want = scores.argmax(dim=1).numpy()
    assert_equal(drawn(student, scores, 0.001), want, _("the words"))


def drawn(student: Student, scores: torch.Tensor, temperature: float) -> np.ndarray:
    """The words that are drawn, (N,); the scores are left alone."""
    words = to_array(student.draw_words(scores, temperature), _("the words"))
    assert_unchanged(student.changed, {0: "scores"})
    if words.shape != (len(scores),):
        reason = _("{what} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(what=_("the words"), got=words.shape, want=(len(scores),)))
    return words


# --- transformer_captioning-star-beam ------------------------------------------------------------

beam = Battery("transformer_captioning-star-beam")

#: The probabilities of the words 0 (<START>), 1 (<END>), 2 and 3 after each word. Greedily, 2 and
#: <END> are said, 0.6 times 0.5; but 3 and <END> have 0.4 times 0.9.
FOLLOWS = np.array([[0, 0, 0.6, 0.4], [0, 0, 0, 0], [0, 0.5, 0.25, 0.25], [0, 0.9, 0.05, 0.05]])


@beam.check()
def beam_greedy(student, rng):
    """A beam of one caption is greedy: it says 2 and <END>, with a probability of 0.3."""
    check_beam(student, by_last_word, 1, 5, [2, 1], math.log(0.3))


@beam.check()
def beam_two(student, rng):
    """A beam of two finds 3 and <END>, with a probability of 0.36."""
    check_beam(student, by_last_word, 2, 5, [3, 1], math.log(0.36))


@beam.check()
def beam_length(student, rng):
    """After max_length words it stops, also where no caption has ended."""
    check_beam(student, by_last_word, 2, 1, [2], math.log(0.6))


@beam.check()
def beam_everything(student, rng):
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


@beam.check()
def beam_between(student, rng):
    """Beams of two and three captions keep just these, those that have ended among them."""
    for width in (2, 3, 2, 3):
        scores = prefix_scores(rng, 5, 6)
        kept: list[tuple[float, list[int]]] = [(0.0, [0])]
        for _step in range(6):
            ended = [pair for pair in kept if pair[1][-1] == 1]
            longer = (
                (total + value, [*words, word])
                for total, words in kept
                if words[-1] != 1
                for word, value in enumerate(scores(words).tolist())
            )
            kept = heapq.nlargest(width, itertools.chain(ended, longer))
        check_beam(student, scores, width, 6, kept[0][1][1:], kept[0][0])


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
