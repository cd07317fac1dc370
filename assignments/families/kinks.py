"""ReLU and maxima that note how close numbers come to where their gradient jumps.

Random inputs of a check keep away from there: on either side another gradient is right.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch.nn import functional as F

__all__ = ["Seen", "max_pool2d", "relu", "watched"]

#: How far numbers are to stay away from a kink.
MARGIN = 1e-3


@dataclass
class Seen:
    """What was seen of kinks.

    Attributes:
        nearest: the smallest distance to one.
        one_sided: whether some ReLU had numbers of one sign only.
    """

    nearest: float = float("inf")
    one_sided: bool = False

    @property
    def clear(self) -> bool:
        """Are all numbers away from kinks, and on both sides of them?"""
        return self.nearest > MARGIN and not self.one_sided


_seen: ContextVar[Seen | None] = ContextVar("_seen", default=None)


@contextmanager
def watched() -> Iterator[Seen]:
    """Note what :func:`relu` and :func:`max_pool2d` see."""
    token = _seen.set(Seen())
    try:
        yield _seen.get()  # type: ignore[misc]
    finally:
        _seen.reset(token)


def relu(x: torch.Tensor) -> torch.Tensor:
    """PyTorch's ReLU."""
    if seen := _seen.get():
        seen.nearest = min(seen.nearest, float(x.abs().min()))
        seen.one_sided |= bool((x > 0).all() or (x < 0).all())
    return F.relu(x)


def max_pool2d(x: torch.Tensor, size: int) -> torch.Tensor:
    """PyTorch's max pooling with windows of size x size side by side, on numbers from ReLU."""
    if seen := _seen.get():
        windows = F.unfold(x.flatten(0, 1)[:, None], size, stride=size)
        first, second = windows.topk(2, dim=1).values.unbind(dim=1)
        # Where all of a window is 0, no gradient passes ReLU.
        apart = torch.where(first > 0, first - second, torch.inf)
        seen.nearest = min(seen.nearest, float(apart.min()))
    return F.max_pool2d(x, size)
