"""What cnn_architectures asks for, declared once; thin modules of PyTorch are twins and stand-ins.

Names, arguments and names of sub-modules are as the notebook describes them. A method may find
itself in a student's class, beside methods of theirs; so none uses super().
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from assignments.compare import assert_close, to_array
from assignments.families.function import Function
from assignments.families.module import Case, Module, parameter_shapes, path_of
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student, explained

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
            self.add_module(f"conv{place + 1}", _conv(before, out_channels, 3))

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
        self.conv1 = _conv(in_channels, c1, 1)
        self.conv3_reduce = _conv(in_channels, c3_reduce, 1)
        self.conv3 = _conv(c3_reduce, c3, 3)
        self.conv5_reduce = _conv(in_channels, c5_reduce, 1)
        self.conv5 = _conv(c5_reduce, c5, 5)
        self.pool_proj = _conv(in_channels, pool_proj, 1)

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


def _conv(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size, but for its stride; the notebook leaves biases open."""
    return nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)


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


# --- declarations --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counting(Function):
    """A function whose result is a whole number."""

    def read(self, answer: Any, case: Any) -> dict[str, Any]:
        array = to_array(answer, "out", ndim=0)
        if array.dtype.kind not in "iu":
            reason = _("{what} is a {kind}, where an int is expected")
            raise CheckFailed(reason.format(what="out", kind=type(answer).__name__))
        return {"out": answer}


output_size = Counting(
    "conv_output_size", conv_output_size, arguments=("size", "kernel", "stride", "pad")
)
field = Counting("receptive_field", receptive_field, arguments=("layers",))

# Parts of PyTorch's messages, and what a mistake that leads there may be.
ERRORS = {
    "expected input": N_("a convolution gets another number of channels than it was made for"),
    "at non-singleton dimension 1": N_(
        "what is added has other channels: is there a projection, or is it to be concatenated?"
    ),
    "at non-singleton dimension": N_("what is added has another height or width: look at strides"),
    "except in dimension 1": N_("the branches have other heights or widths"),
    "except in dimension 0": N_("channels are axis 1: dim=1"),
    "running_mean should contain": N_("a BN was made for another number of channels than it gets"),
    "Output size is too small": N_("images get too small: is padding missing, or a pool too much?"),
    "Kernel size can't be greater": N_("images get too small: is padding missing?"),
    "mixed dtype": N_("are layers kept in a plain list? nn.ModuleList registers them"),
    "is not a Module subclass": N_("nn.Sequential(*layers) takes the layers apart, with a star"),
    "divisible by groups": N_("as many groups as channels go in, for the depthwise one alone"),
}


def images(
    rng: np.random.Generator, settings: Sequence[int], image: tuple[int, int], N: int = 3
) -> tuple[Sequence[int], list[torch.Tensor]]:
    """What a block is made with, its channels first, and N images of this height and width."""
    return settings, [torch.from_numpy(rng.normal(size=(N, settings[0], *image)))]


@dataclass(frozen=True)
class Block(Module):
    """A block of convolutions, from images to images."""

    def call(self, student: Student, case: Case) -> Any:
        with explained(ERRORS):
            return super().call(student, case)

    def check_weights(self, student: Student, case: Case) -> None:
        """Have the layers the documented names and shapes?"""
        self.made(student, case)

    def check_shape(self, student: Student, case: Case) -> None:
        """Has the result, as the block is made, the right shape?"""
        with explained(ERRORS):
            out = to_array(self.fresh(student, *case.settings)(*case.inputs), "out")
        want = self.right(case)["out"].shape
        if out.shape != want:
            reason = _("for x of shape {x}, out has shape {got}, where {want} is expected")
            x = tuple(case.inputs[0].shape)
            raise CheckFailed(reason.format(x=x, got=out.shape, want=tuple(want)))


class Stack(Block):
    """A block whose convolutions have names of the student's choice: they count in their order."""

    def made(self, student: Student, case: Case) -> Remote:
        module = self.fresh(student, *case.settings)
        module.to(case.dtype)
        module.eval()
        right = [value.detach() for value in case.twin.state_dict().values()]
        shapes = parameter_shapes(student, module)
        names = [name for name, shape in shapes.items() if len(shape) == 4]
        found, want = [shapes[name] for name in names], [tuple(weight.shape) for weight in right]
        if found != want:
            reason = _("the convolutions have weights of shapes {got}, where {want} are expected")
            raise CheckFailed(
                reason.format(got=found, want=want),
                _("is each a module of its own, and are they in nn.Sequential or nn.ModuleList?"),
            )
        state = {name: torch.zeros(shape) for name, shape in shapes.items()}
        module.load_state_dict({**state, **dict(zip(names, right, strict=True))})
        return module

    def check_gradients(self, student: Student, case: Case) -> None:
        module, (x,) = self.made(student, case), case.inputs
        out, weights = case.twin(x), list(case.twin.parameters())
        dout = torch.arange(1.0, out.numel() + 1, dtype=out.dtype).sin().view_as(out)
        student.backward(module(x, keep=True), dout)
        names = [n for n, shape in parameter_shapes(student, module).items() if len(shape) == 4]
        for name, want in zip(names, torch.autograd.grad(out, weights, dout), strict=True):
            if (got := module.get(f"{path_of(name)}.grad")) is None:
                raise CheckFailed(_("no gradient reaches {name}").format(name=name))
            assert_close(got, want, _("the gradient of {name}").format(name=name))


vgg = Stack("VGGBlock", VGGBlock, images)
inception = Block("InceptionModule", InceptionModule, images)
residual = Block("ResidualBlock", ResidualBlock, images)
bottleneck = Block("BottleneckBlock", BottleneckBlock, images)
dense = Block("DenseBlock", DenseBlock, images)
separable = Block("DepthwiseSeparableConv", DepthwiseSeparableConv, images)
