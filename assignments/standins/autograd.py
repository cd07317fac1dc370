"""What the stand-ins share: gradients by PyTorch for functions of NumPy arrays."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

__all__ = ["backward", "labels", "leaves"]


def leaves(*arrays: np.ndarray) -> list[torch.Tensor]:
    """Copies of floating-point arrays as tensors that gradients can be asked for."""
    return [torch.from_numpy(np.array(a)).requires_grad_() for a in arrays]


def labels(y: np.ndarray) -> torch.Tensor:
    """A copy of labels as a tensor."""
    return torch.from_numpy(np.array(y, np.int64))


def backward(
    function: Callable[..., torch.Tensor], inputs: Sequence[np.ndarray], dout: np.ndarray
) -> list[np.ndarray]:
    """The gradients of sum(function(*inputs) * dout), one for each input."""
    tensors = leaves(*inputs)
    out = function(*tensors)
    weights = torch.from_numpy(np.array(dout)).to(out.dtype)
    return [gradient.numpy() for gradient in torch.autograd.grad(out, tensors, weights)]
