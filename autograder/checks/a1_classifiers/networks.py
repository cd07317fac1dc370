"""What hidden checks against PyTorch's automatic gradients share."""

import numpy as np
import torch

__all__ = ["leaf"]


def leaf(array: np.ndarray) -> torch.Tensor:
    """A tensor that gradients can be asked for."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)
