"""What the public and hidden checks of transformer_captioning share with others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from assignments.checks.a3_captioning.vision_transformer import (
    INNER,
    LATE,
    QUIET,
    WIDTH,
    Weights,
    build,
    check_dropped,
    load_weights,
    own_names,
    randomize,
)
from assignments.compare import (
    assert_close,
    to_array,
)
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student

#: The words of small models, with their numbers: <NULL> is not 0.
WORDS = {"a": 0, "<NULL>": 1, "red": 2, "<END>": 3, "crab": 4, "<START>": 5}
#: What the model is made of that other questions ask for.
TABLE = {"transformer_captioning-positions": ("position_table",)}


def mask(*numbers: Sequence[int]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.bool)


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


def assert_answers(got: object, want: torch.Tensor, what: str = "") -> None:
    """Are they close, up to a root that was taken in single precision?"""
    assert_close(got, want, what or _("the answers"), rtol=1e-5, atol=1e-7)


class Both:
    """The student's attention and PyTorch's, with the same weights, in eval mode."""

    def __init__(
        self, student: Student, rng: np.random.Generator, width: int, heads: int, share: float = 0.1
    ) -> None:
        oracle = nn.MultiheadAttention(width, heads, batch_first=True)
        self.oracle = randomize(oracle, rng)
        # Larger scores, so that softmax is far from even.
        with torch.no_grad():
            oracle.in_proj_weight[: 2 * width] *= 1.5
        self.attention = build(student, "MultiHeadAttention", width, heads, share)
        load_weights(student, self.attention, own_names(self.oracle.state_dict()))

    def want(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any = None
    ) -> torch.Tensor:
        forbidden = None if mask is None else ~mask
        return self.oracle(query, key, value, attn_mask=forbidden, need_weights=False)[0].detach()


def replace_attention(
    student: Student, layer: Remote, name: str, function: Callable[..., Any]
) -> None:
    """Let a function of the check answer in the place of a part."""
    layer.set(name, student.make("answered", student.serve(function)))


def check_decoder_dropout(student: Student, kind: str, *shares: float) -> None:
    """Does dropout act on each change of a layer of this kind, and on nothing else?"""
    check_rest_kept(student, kind, partial(give_parts, student, kind, "", QUIET))
    inner = [("GELU, and then linear2,", INNER, 2), ("linear2", LATE, 1)]
    if kind == "PreNormDecoderLayer":
        inner = [("feed_forward", QUIET, 1)]
    for name, weights, times in (*inner, ("self_attn", QUIET, 1), ("cross_attn", QUIET, 1)):
        for share in shares:
            give = partial(give_parts, student, kind, name, weights)
            check_dropped(student, kind, share, give, times, name)


def check_rest_kept(student: Student, kind: str, give: Callable[[Remote], None]) -> None:
    """Where all changes are 0, does training give what eval mode gives?"""
    layer = student.call(kind, WIDTH, 2, WIDTH, 0.5, keep=True)
    layer.double()
    give(layer)
    tgt = torch.linspace(1, 7, 3 * WIDTH, dtype=torch.float64).sin().reshape(1, 3, WIDTH)
    layer.eval()
    want = to_array(layer(tgt, tgt), "out")
    layer.train()
    out = to_array(layer(tgt, tgt), "out")
    if out.shape != want.shape or not np.allclose(out, want):
        raise CheckFailed(_("in training, dropout acts on more than the changes"))


def give_parts(student: Student, kind: str, chosen: str, weights: Weights, layer: Remote) -> None:
    """Let one part of a layer answer with ones, the others with zeros."""
    pre_norm = kind == "PreNormDecoderLayer"
    for name in ("self_attn", "cross_attn", "feed_forward")[: 3 if pre_norm else 2]:
        replace_attention(student, layer, name, constant(float(name == chosen)))
    if pre_norm:
        norm_nothing(student, layer)
    else:
        load_weights(student, layer, weights)


def constant(size: float) -> Callable[..., torch.Tensor]:
    """What answers with the same number everywhere."""

    def answer(query: torch.Tensor, *_others: Any, **_named: Any) -> torch.Tensor:
        return torch.full_like(query, size)

    return answer


def norm_nothing(student: Student, layer: Remote) -> None:
    """Put modules that change nothing in the place of the norms."""
    for number in (1, 2, 3):
        layer.set(f"norm{number}", student.make("torch.nn.Identity"))


def replace_layers(student: Student, model: Remote, layers: Sequence[Callable]) -> None:
    """Put functions of the check in the place of the model's layers."""
    made = [student.make("answered", student.serve(layer)) for layer in layers]
    model.set("layers", student.make("torch.nn.ModuleList", made))


def causal(length: int) -> np.ndarray:
    return np.arange(length) <= np.arange(length)[:, None]


def numbers(*captions: str) -> list[list[int]]:
    """The numbers of the words of captions."""
    return [[WORDS[word] for word in caption.split()] for caption in captions]
