"""What the public and hidden checks of transformer_captioning share."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from assignments.compare import assert_close, assert_single, to_array
from assignments.families.module import Case
from assignments.messages import _
from assignments.standins.a3_captioning.transformer_captioning import captioner, rmsnorm
from assignments.student import CheckFailed, Remote, Student

#: What the model is made of that other questions ask for.
TABLE = {"transformer_captioning-positions": ("position_table",)}

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


def check_half(student: Student, case: Case) -> None:
    """Is the norm right in half precision, where squares overflow, and stays the result in it?"""
    x = (1000 * case.inputs[0]).half()
    case = replace(case, inputs=[x], dtype=torch.float16)
    got = to_array(rmsnorm.call(student, case), _("the result"))
    if got.dtype != np.float16:
        raise CheckFailed(_("the result is not of the type of x"))
    want = rmsnorm.right(case)["out"]
    assert_close(got.astype(np.float64), want, _("the result"), rtol=5e-3, atol=5e-3)


def check_precisions(student: Student, case: Case) -> None:
    """Is the norm as exact as numbers in double, single and half precision allow?"""
    rmsnorm.check(student, case, rtol=1e-9, atol=1e-12)
    assert_single(**rmsnorm.check(student, rmsnorm.single(case)))
    check_half(student, case)


def speaker(
    student: Student, words: Mapping[str, int], forward: Callable[..., torch.Tensor]
) -> Remote:
    """The student's model, with scores (N, T, V) of features and captions by the check."""
    model = captioner.fresh(student, dict(words), 4, 6, 1, 1, 60)
    model.set("forward", student.serve(forward, "forward"))
    return model
