"""What the hidden checks of vision_transformer share with others."""

import torch

from assignments.compare import assert_close, to_array
from assignments.messages import _
from assignments.student import CheckFailed


def check_precision(got: object, want: str) -> None:
    """Is the answer of the precision of the question?"""
    if str(to_array(got, "the result").dtype) != want:
        raise CheckFailed(
            _("for an input of {want}, the result is not of {want}").format(want=want)
        )


def check_gradient(got: torch.Tensor | None, want: torch.Tensor, name: str) -> None:
    if got is None:
        raise CheckFailed(_("no gradient reaches {name}").format(name=name))
    assert_close(got, want, f"the gradient of {name}", atol=1e-8)
