"""Stand-ins for the dropout notebook: PyTorch draws what is kept."""

import numpy as np
import torch

__all__ = ["dropout_backward", "dropout_forward"]


def dropout_forward(x: np.ndarray, dropout_param: dict) -> tuple[np.ndarray, tuple]:
    """Inverted dropout.

    x: array of any shape.
    dropout_param: p, the probability to keep a number; mode, "train" or "test"; seed, if the same
        numbers are to be dropped each time.
    Returns (out, cache): out in the shape of x; cache is (dropout_param, mask), where mask holds
        1 / p for what is kept and 0 for the rest, or is None in test mode.
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_param['mode'] is {mode!r}; it should be 'train' or 'test'")
    if mode == "test":
        return np.array(x), (dropout_param, None)
    mask = draw_mask(x.shape, p, dropout_param.get("seed")).astype(x.dtype)
    return _keep(x, mask), (dropout_param, mask)


def dropout_backward(dout: np.ndarray, cache: tuple) -> np.ndarray:
    """dout and the cache of dropout_forward -> dx."""
    _dropout_param, mask = cache
    # Linear and elementwise, so forward and backward pass are the same product.
    return np.array(dout) if mask is None else _keep(dout, mask)


def draw_mask(shape: tuple[int, ...], p: float, seed: int | None) -> np.ndarray:
    """1 / p where a number is kept, 0 elsewhere."""
    # Without a seed of its own, dropout follows np.random.seed, as the weights do.
    seed = np.random.randint(2**31) if seed is None else int(seed)
    generator = torch.Generator().manual_seed(seed)
    kept = torch.empty(shape, dtype=torch.float64).bernoulli_(p, generator=generator)
    return kept.numpy() / p


def _keep(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.multiply(values, mask)
