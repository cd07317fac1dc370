"""What checks put in the place of models and data, to see what the student's code does with them.

They are made where that code runs. PyTorch is imported only when one is made.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["answered", "elsewhere", "watched"]


def answered(function: Callable[..., Any]) -> "torch.nn.Module":
    """A module that hands every call to ``function``, such as one that the check serves."""
    import torch

    class Answered(torch.nn.Module):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

    return Answered()


def watched(model: "torch.nn.Module") -> "torch.nn.Module":
    """A module that does what ``model`` does and notes how it is called.

    Returns:
        The module. Its ``seen`` is a list with (training mode?, are gradients recorded?) of each
        call.
    """
    import torch

    class Watched(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.seen: list[tuple[bool, bool]] = []

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            self.seen.append((self.training, torch.is_grad_enabled()))
            return self.model(*args, **kwargs)

    return Watched()


def elsewhere(tensor: "torch.Tensor") -> "torch.Tensor":
    """A tensor that is as unusable as one on another device, until it is moved.

    Returns:
        A tensor of which only shape, dtype and the like can be read. ``to(...)`` gives an ordinary
        one; everything else fails as PyTorch does where devices are mixed.
    """
    import torch

    class Elsewhere(torch.Tensor):
        @classmethod
        def __torch_function__(
            cls, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None
        ) -> Any:
            if function == torch.Tensor.device.__get__:
                return torch.device("meta")
            if function.__name__ in ("to", "cpu", "cuda"):
                return function(tensor, *args[1:], **(kwargs or {}))
            if function.__name__ in ("__get__", "size", "dim", "__len__", "__repr__", "numel"):
                return super().__torch_function__(function, types, args, kwargs or {})
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices"
            )

    return tensor.as_subclass(Elsewhere)
