"""Stand-ins for the notebook on convolutional blocks: thin modules of PyTorch.

Names, arguments and names of sub-modules are as the notebook describes them. A method may find
itself in a student's class, beside methods of theirs; so none uses super().
"""

from collections.abc import Sequence
from operator import attrgetter

import torch
from torch import nn
from torch.nn import functional as F

__all__ = [
    "BottleneckBlock",
    "DenseBlock",
    "DepthwiseSeparableConv",
    "InceptionModule",
    "ResidualBlock",
    "VGGBlock",
    "conv_output_size",
    "count_parameters",
    "receptive_field",
]


def conv_output_size(size: int, kernel: int, stride: int = 1, pad: int = 0) -> int:
    """Size of the input and of the kernel, stride, padding at each end -> size of the output."""
    row = torch.empty(1, 1, size, device="meta")  # a shape without numbers
    kernels = torch.empty(1, 1, kernel, device="meta")
    return F.conv1d(row, kernels, stride=stride, padding=pad).shape[2]


def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """Pairs (kernel, stride) from the input on -> pixels that one number of the last sees."""
    width = 1
    for kernel, stride in reversed(layers):
        width = kernel + stride * (width - 1)
    return width


def count_parameters(model: nn.Module) -> int:
    """How many numbers training can change; shared ones count once."""
    return sum(map(torch.numel, filter(attrgetter("requires_grad"), model.parameters())))


class VGGBlock(nn.Module):
    """num_convs times (3x3 convolution, ReLU), then a 2x2 max-pool."""

    def __init__(self, in_channels: int, out_channels: int, num_convs: int) -> None:
        nn.Module.__init__(self)
        for place in range(num_convs):
            before = out_channels if place else in_channels
            self.add_module(f"conv{place + 1}", nn.Conv2d(before, out_channels, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, out_channels, H // 2, W // 2)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                x = module(x).relu()
        return F.max_pool2d(x, 2)


class InceptionModule(nn.Module):
    """1x1; 1x1 then 3x3; 1x1 then 5x5; max-pool then 1x1: side by side, concatenated."""

    def __init__(
        self,
        in_channels: int,
        c1: int,
        c3_reduce: int,
        c3: int,
        c5_reduce: int,
        c5: int,
        pool_proj: int,
    ) -> None:
        nn.Module.__init__(self)
        self.conv1 = _conv(in_channels, c1, 1, bias=True)
        self.conv3_reduce = _conv(in_channels, c3_reduce, 1, bias=True)
        self.conv3 = _conv(c3_reduce, c3, 3, bias=True)
        self.conv5_reduce = _conv(in_channels, c5_reduce, 1, bias=True)
        self.conv5 = _conv(c5_reduce, c5, 5, bias=True)
        self.pool_proj = _conv(in_channels, pool_proj, 1, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, c1 + c3 + c5 + pool_proj, H, W)."""
        branches = (
            self.conv1(x),
            self.conv3(self.conv3_reduce(x).relu()),
            self.conv5(self.conv5_reduce(x).relu()),
            self.pool_proj(F.max_pool2d(x, 3, 1, 1)),
        )
        return torch.cat(branches, 1).relu()


class ResidualBlock(nn.Module):
    """ReLU(F(x) + shortcut(x)) with F = conv3x3-BN-ReLU-conv3x3-BN."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        nn.Module.__init__(self)
        _add_layers(self, (in_channels, out_channels, out_channels), (3, 3), (stride, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        return _add_change(self, x, 2)


class BottleneckBlock(nn.Module):
    """ReLU(F(x) + shortcut(x)) with F = conv1x1-BN-ReLU-conv3x3-BN-ReLU-conv1x1-BN."""

    def __init__(
        self, in_channels: int, mid_channels: int, stride: int = 1, expansion: int = 4
    ) -> None:
        nn.Module.__init__(self)
        channels = (in_channels, mid_channels, mid_channels, expansion * mid_channels)
        _add_layers(self, channels, (1, 3, 1), (1, stride, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, expansion * mid_channels, ceil(H / stride), ...)."""
        return _add_change(self, x, 3)


class DenseBlock(nn.Module):
    """num_layers times BN-ReLU-conv3x3, each on the input and all that came before."""

    def __init__(self, in_channels: int, growth_rate: int, num_layers: int) -> None:
        nn.Module.__init__(self)
        self.norms, self.convs = nn.ModuleList(), nn.ModuleList()
        for layer in range(num_layers):
            before = in_channels + growth_rate * layer
            self.norms.append(nn.BatchNorm2d(before))
            self.convs.append(_conv(before, growth_rate, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, in_channels + num_layers * growth_rate, H, W)."""
        for layer, conv in enumerate(self.convs):
            x = torch.cat((x, conv(self.norms[layer](x).relu())), 1)
        return x


class DepthwiseSeparableConv(nn.Module):
    """Depthwise conv3x3-BN-ReLU, pointwise conv1x1-BN-ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        nn.Module.__init__(self)
        self.depthwise = _conv(in_channels, in_channels, 3, stride, in_channels)
        self.pointwise = _conv(in_channels, out_channels, 1)
        self.bn1, self.bn2 = nn.BatchNorm2d(in_channels), nn.BatchNorm2d(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        x = self.bn1(self.depthwise(x)).relu()
        return self.bn2(self.pointwise(x)).relu()


def _conv(
    before: int, after: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False
) -> nn.Conv2d:
    """A convolution that keeps the size, but for its stride."""
    return nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=bias)


def _add_layers(
    block: nn.Module, channels: Sequence[int], kernels: Sequence[int], strides: Sequence[int]
) -> None:
    """Give a residual block its conv1, bn1, conv2, bn2, ... and its shortcut."""
    for place, (kernel, stride) in enumerate(zip(kernels, strides, strict=True)):
        conv = _conv(channels[place], channels[place + 1], kernel, stride)
        block.add_module(f"conv{place + 1}", conv)
        block.add_module(f"bn{place + 1}", nn.BatchNorm2d(channels[place + 1]))
    first, last, stride = channels[0], channels[-1], max(strides)
    if first == last and stride == 1:
        block.shortcut = nn.Identity()
    else:
        block.shortcut = nn.Sequential(_conv(first, last, 1, stride), nn.BatchNorm2d(last))


def _add_change(block: nn.Module, x: torch.Tensor, depth: int) -> torch.Tensor:
    """The sum of F(x), made of so many convolutions, and the shortcut, after ReLU."""
    change = x
    for place in range(1, depth + 1):
        change = block.get_submodule(f"conv{place}")(change)
        change = block.get_submodule(f"bn{place}")(change)
        if place < depth:
            change = change.relu()
    return (change + block.get_submodule("shortcut")(x)).relu()
