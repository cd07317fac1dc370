"""Measure the fast layers: how many times faster than loops, and how near to PyTorch.

    python bench/convolution.py [--repeat 5]

Forward and backward of a convolution and of max pooling in single precision: the notebook's loops
over images and pixels, ``assignments.fast_layers``, and PyTorch, all on one thread and in one run,
so that the ratios hold on other machines, too. Processor time is measured, so other work does not
count. The loops see fewer images and are scaled up. Ends with exit status 1 when the fast
convolutions are less than `AT_LEAST` times as fast as the loops. (The notebook's max pooling
loops over places only, not over images, so its way forward is not slow.)
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when NumPy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from torch.nn import functional as F

from assignments import fast_layers
from autograder.answer_key import answer_key
from autograder.course import Course

AT_LEAST = 20
N, LOOPED = 100, 2  # images, for all and for the loops
CONVOLUTIONS = {
    "3 channels, 32 filters of 7 x 7": (3, 32, 7),
    "16 channels, 32 filters of 3 x 3": (16, 32, 3),
}
POOLINGS = {"2 x 2, stride 2": (2, 2), "3 x 3, stride 2": (3, 2)}
CHANNELS, SIZE = 32, 32


def seconds(function: Callable[[], object], repeat: int) -> float:
    """The shortest of some runs."""
    times = []
    for _run in range(repeat):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def of_layer(module: object, name: str, arrays: list, param: dict, repeat: int) -> list[float]:
    """Seconds of a layer, forward and backward; name: "conv_{}_fast" and the like."""
    forward, backward = (getattr(module, name.format(way)) for way in ("forward", "backward"))
    out, cache = forward(*arrays, param)
    return [
        seconds(lambda: forward(*arrays, param), repeat),
        seconds(lambda: backward(out, cache), repeat),
    ]


def of_torch(function: Callable, arrays: list, repeat: int) -> list[float]:
    """Seconds of a function of PyTorch's, forward and backward."""
    leaves = [torch.from_numpy(array).requires_grad_() for array in arrays]
    out = function(*leaves)
    dout = torch.ones_like(out)
    return [
        seconds(lambda: function(*leaves), repeat),
        seconds(lambda: torch.autograd.grad(out, leaves, dout, retain_graph=True), repeat),
    ]


def report(title: str, naive: list[float], fast: list[float], pytorch: list[float]) -> float:
    """Print a row for each way; return how many times faster than the loops, at the least."""
    for way, loops, ours, theirs in zip(("forward", "backward"), naive, fast, pytorch, strict=True):
        print(
            f"{title:<34} {way:<9} {1e3 * ours:7.1f} ms   {loops / ours:6.0f} times as fast as "
            f"loops   {ours / theirs:4.1f} times as long as PyTorch",
            flush=True,
        )
    return min(loops / ours for loops, ours in zip(naive, fast, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="runs, of which the shortest counts")
    repeat = parser.parse_args().repeat
    torch.set_num_threads(1)
    loops = answer_key(Course().assignment("a2_networks").notebooks["convolutional_networks"])
    rng = np.random.default_rng(0)

    def measure(title: str, name: str, arrays: list, param: dict, function: Callable) -> float:
        few = [arrays[0][:LOOPED], *arrays[1:]]
        naive = of_layer(loops.reference, f"{name}_{{}}_naive", few, param, 1)
        naive = [value * N / LOOPED for value in naive]
        fast = of_layer(fast_layers, f"{name}_{{}}_fast", arrays, param, repeat)
        return report(title, naive, fast, of_torch(function, arrays, repeat))

    ratios = []
    for title, (channels, filters, size) in CONVOLUTIONS.items():
        shapes = ((N, channels, SIZE, SIZE), (filters, channels, size, size), (filters,))
        arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
        pad = size // 2
        param = {"stride": 1, "pad": pad}
        function = partial(F.conv2d, padding=pad)
        ratios.append(measure(title, "conv", arrays, param, function))
    for title, (size, stride) in POOLINGS.items():
        x = rng.normal(size=(N, CHANNELS, SIZE, SIZE)).astype(np.float32)
        param = {"pool_height": size, "pool_width": size, "stride": stride}
        function = partial(F.max_pool2d, kernel_size=size, stride=stride)
        measure(f"max pooling {title}", "max_pool", [x], param, function)
    if min(ratios) < AT_LEAST:
        raise SystemExit(f"The smallest ratio is {min(ratios):.0f}; it should be {AT_LEAST}.")


if __name__ == "__main__":
    main()
