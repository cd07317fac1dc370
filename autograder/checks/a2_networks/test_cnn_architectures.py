"""Hidden checks of the notebook on convolutional blocks.

Blocks get random weights and are held against torch.nn.functional, in double precision. Running
averages, gammas and betas are random too. The sizes of the first images are such that wrong strides
give wrong numbers rather than an error.
"""

from contextlib import suppress

import numpy as np
import torch
from torch.nn import functional as F

from assignments.checks.a2_networks.cnn_architectures import (
    build,
    check_convolutions,
    check_whole,
    fill_parameters,
    load_weights,
    path_of,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, StudentError

Shapes = dict[str, tuple[int, ...]]


# --- cnn_architectures-output-size ---------------------------------------------------------------


def check_output_size(student, size, kernel, stride, pad):
    want = F.conv1d(torch.zeros(1, 1, size), torch.ones(1, 1, kernel), None, stride, pad).shape[2]
    check_whole(student.conv_output_size(size, kernel, stride, pad), want, "the size")


@question("cnn_architectures-output-size", weight=2)
def test_output_size_values(student, rng):
    """The sizes are those of PyTorch's convolutions."""
    # Here each wrong formula gives another number.
    check_output_size(student, 20, 12, 3, 6)
    for _example in range(20):
        kernel, stride, pad = (int(rng.integers(*span)) for span in ((1, 8), (1, 5), (0, 4)))
        check_output_size(student, int(rng.integers(kernel, 60)), kernel, stride, pad)


@question("cnn_architectures-output-size")
def test_output_size_tight(student, rng):
    """They are so where the kernel fits only once, or hangs over the end at the next stop."""
    for kernel in (2, 3, 5):
        for stride in (2, 3, 4):
            check_output_size(student, kernel, kernel, stride, 0)
            check_output_size(student, kernel + stride - 1, kernel, stride, 0)


@question("cnn_architectures-output-size")
def test_output_size_defaults(student, rng):
    """Without stride and pad, it is the size for stride 1 and no padding."""
    size, kernel = int(rng.integers(20, 40)), int(rng.integers(2, 9))
    check_whole(student.conv_output_size(size, kernel), len(range(size - kernel + 1)), "the size")


# --- cnn_architectures-receptive-field -----------------------------------------------------------


def span_of_gradient(layers: list[tuple[int, int]]) -> int:
    """How far apart are the first and the last pixel that one output depends on? Tried out."""
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    x = torch.zeros(1, 1, size + 6, dtype=torch.float64, requires_grad=True)
    out = x
    for kernel, stride in layers:
        out = F.conv1d(out, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    (seen,) = torch.autograd.grad(out[0, 0, 0], x)
    (places,) = torch.nonzero(seen[0, 0], as_tuple=True)
    return int(places.max() - places.min()) + 1


@question("cnn_architectures-receptive-field", weight=2)
def test_receptive_field_values(student, rng):
    """The fields are as wide as the gradient of one output says."""
    shapes = [[(5, 2), (3, 3), (4, 2), (2, 1)]]
    for depth in (2, 3, 4, 5):
        kernels, strides = rng.integers(1, 6, size=depth), rng.integers(1, 4, size=depth)
        shapes.append(list(zip(kernels.tolist(), strides.tolist(), strict=True)))
    for layers in shapes:
        check_whole(student.receptive_field(layers), span_of_gradient(layers), "the field")


@question("cnn_architectures-receptive-field")
def test_receptive_field_one_layer(student, rng):
    """One layer sees its kernel, whatever its stride; without layers it is one pixel."""
    for stride in (1, 2, 5):
        kernel = int(rng.integers(2, 12))
        check_whole(student.receptive_field([(kernel, stride)]), kernel, "the field")
    check_whole(student.receptive_field([]), 1, "the field of no layer")


@question("cnn_architectures-receptive-field", weight=0.5, rule=True)
def test_receptive_field_inputs(student, rng):
    """The list of layers is as it was."""
    student.receptive_field([(5, 2), (3, 3), (4, 2)])
    assert_unchanged(student.changed, {0: "layers"})


@question("cnn_architectures-receptive-field")
def test_receptive_field_pixelwise(student, rng):
    """A 1x1 convolution adds nothing itself, but its stride counts for the layers above."""
    for layers in ([(1, 1), (3, 1)], [(1, 2), (3, 1)], [(3, 2), (1, 3), (4, 1)]):
        check_whole(student.receptive_field(layers), span_of_gradient(layers), "the field")


# --- cnn_architectures-count-parameters ----------------------------------------------------------


def check_count(student, model, want):
    check_whole(student.count_parameters(model), want, "the number of parameters")


@question("cnn_architectures-count-parameters", weight=2)
def test_count_parameters_values(student, rng):
    """Frozen parameters, shared ones and buffers are counted as described."""
    a, b = int(rng.integers(3, 9)), int(rng.integers(10, 20))
    first, second = (student.call("torch.nn.Linear", a, a) for _layer in range(2))
    student.set(second, "weight", first.get("weight", keep=True))
    norm = student.call("torch.nn.BatchNorm1d", a)
    last = student.call("torch.nn.Linear", a, b)
    last.get("weight", keep=True).requires_grad_(False)
    model = student.call("torch.nn.Sequential", first, norm, second, last)
    check_count(student, model, a * a + 2 * a + 2 * a + b)


@question("cnn_architectures-count-parameters")
def test_count_parameters_repeated(student, rng):
    """A module that stands in a model twice counts once."""
    a = int(rng.integers(3, 9))
    layer = student.call("torch.nn.Linear", a, a)
    model = student.call("torch.nn.Sequential", layer, student.call("torch.nn.ReLU"), layer)
    check_count(student, model, a * a + a)


@question("cnn_architectures-count-parameters")
def test_count_parameters_frozen(student, rng):
    """A frozen model has none, and a model without parameters neither."""
    model = student.call("torch.nn.Conv2d", 3, 5, 3)
    model.requires_grad_(False)
    check_count(student, model, 0)
    check_count(student, student.call("torch.nn.ReLU"), 0)


# --- shared by the blocks ------------------------------------------------------------------------


def tensor(rng, shape):
    return torch.from_numpy(rng.normal(size=shape))


def norm(name: str, channels: int) -> Shapes:
    return {f"{name}.weight": (channels,)}


def draw(rng: np.random.Generator, shapes: Shapes) -> dict[str, torch.Tensor]:
    """Random weights: convolutions by shape, and all that a batch normalisation has."""
    weights = {}
    for name, shape in shapes.items():
        if len(shape) == 4:
            weights[name] = tensor(rng, shape) / (shape[1] * shape[2] * shape[3]) ** 0.5
            continue
        owner = name.removesuffix(".weight")
        weights[name] = torch.from_numpy(rng.uniform(0.5, 1.5, size=shape))
        weights[f"{owner}.bias"] = tensor(rng, shape) / 2
        weights[f"{owner}.running_mean"] = tensor(rng, shape) / 2
        weights[f"{owner}.running_var"] = torch.from_numpy(rng.uniform(0.3, 2, size=shape))
    return weights


class Oracle:
    """Computes with named weights; in training it renews their running averages."""

    def __init__(self, weights: dict[str, torch.Tensor], training: bool = False) -> None:
        self.weights = {name: value.clone() for name, value in weights.items()}
        self.training = training

    def conv(self, x: torch.Tensor, name: str, stride: int = 1, groups: int = 1) -> torch.Tensor:
        kernel = self.weights[f"{name}.weight"]
        return F.conv2d(x, kernel, None, stride, kernel.shape[2] // 2, groups=groups)

    def norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        parts = ("running_mean", "running_var", "weight", "bias")
        arguments = [self.weights[f"{name}.{part}"] for part in parts]
        return F.batch_norm(x, *arguments, training=self.training)

    def shortcut(self, x: torch.Tensor, stride: int) -> torch.Tensor:
        if "shortcut.0.weight" not in self.weights:
            return x
        return self.norm(self.conv(x, "shortcut.0", stride), "shortcut.1")


def with_weights(student, rng, name, args, shapes):
    """A block with random weights, and these.

    A projection that should not be there gives the mean of the channels, not random numbers: two
    students with the same mistake give the same answer.
    """
    weights = draw(rng, shapes)
    net = build(student, name, *args)
    load_weights(net, weights)
    if "shortcut.0.weight" not in shapes:
        channels = args[0]
        mean = {
            "shortcut.0.weight": torch.full((channels, channels, 1, 1), 1 / channels),
            "shortcut.0.bias": torch.zeros(channels),
        }
        with suppress(StudentError):  # not a projection as the docstring describes it
            net.load_state_dict(mean, strict=False)
    return net, weights


def check_block(student, rng, name, args, shapes, forward, image, single=False):
    """In eval mode, with random weights, is the block's output that of the oracle?"""
    net, weights = with_weights(student, rng, name, args, shapes)
    x = tensor(rng, (3, args[0], *image))
    want = forward(Oracle(weights), x)
    if single:
        net.float()
        x = x.float()
    out = net(x)
    if single and to_array(out, "out").dtype != np.float32:
        raise CheckFailed(_("for x in single precision, out is not in single precision"))
    assert_close(out, want, f"out (of {name}{args})")


def check_training(student, rng, name, args, shapes, forward, image):
    """In training mode: batch statistics, and running averages that follow them."""
    net, weights = with_weights(student, rng, name, args, shapes)
    net.train()
    x = tensor(rng, (4, args[0], *image))
    oracle = Oracle(weights, training=True)
    want = forward(oracle, x)
    assert_close(net(x), want, "out in training mode")
    for key, value in oracle.weights.items():
        if "running" in key:
            assert_close(net.get(path_of(key)), value, f"{key} after a step")


def check_gradients(student, rng, name, args, shapes, forward, image):
    """The gradients of x and of all weights, in eval mode."""
    net, weights = with_weights(student, rng, name, args, shapes)
    x = tensor(rng, (2, args[0], *image)).requires_grad_()
    oracle = Oracle(weights)
    leaves = {key: value for key, value in oracle.weights.items() if "running" not in key}
    for value in leaves.values():
        value.requires_grad_()
    want = forward(oracle, x)
    dout = tensor(rng, want.shape)
    wanted = torch.autograd.grad(want, [x, *leaves.values()], dout)
    kept = student.put(x)
    out = net(kept, keep=True)
    assert_close(out.get(), want, "out")
    student.backward(out, dout)
    check_gradient(kept.get("grad"), wanted[0], "x")
    for key, right in zip(leaves, wanted[1:], strict=True):
        check_gradient(net.get(f"{path_of(key)}.grad"), right, key)


def check_gradient(got, want, name):
    if got is None:
        raise CheckFailed(_("no gradient reaches {name}").format(name=name))
    assert_close(got, want, f"the gradient of {name}")


def check_inputs(student, rng, name, args, shapes, forward, image):
    """x stays as it is, and out is right; twice."""
    net, weights = with_weights(student, rng, name, args, shapes)
    x = tensor(rng, (2, args[0], *image))
    for _call in range(2):
        out = net(x)
        assert_unchanged(student.changed, {0: "x"})
        assert_close(out, forward(Oracle(weights), x), "out")


# --- cnn_architectures-vgg -----------------------------------------------------------------------


def vgg(student, rng, channels, width, convs, image):
    """A block with random parameters; x, the parameters, and what they should give for x."""
    net = build(student, "VGGBlock", channels, width, convs)
    kernels = [(width, before, 3, 3) for before in [channels] + [width] * (convs - 1)]
    values = tensor(rng, sum(2 * np.prod(kernel) for kernel in kernels)) / 3
    fill_parameters(student, net, values)
    shapes = check_convolutions(student, net, kernels)
    parameters = []
    for shape in shapes:
        first, values = values.tensor_split([int(np.prod(shape))])
        parameters.append(first.reshape(shape).requires_grad_())
    out = x = tensor(rng, (3, channels, *image))
    for kernel, after in zip(parameters, [*parameters[1:], None], strict=True):
        if kernel.ndim == 4:
            bias = after if after is not None and after.ndim == 1 else None
            out = F.conv2d(out, kernel, bias, padding=1).clamp(min=0)
    return net, x, parameters, F.max_pool2d(out, 2)


@question("cnn_architectures-vgg", weight=2)
def test_vgg_values(student, rng):
    """With random weights, the outputs are those of torch.nn.functional."""
    net, x, _parameters, want = vgg(student, rng, 2, 3, 2, (6, 8))
    assert_close(net(x), want, "out")


@question("cnn_architectures-vgg")
def test_vgg_depths(student, rng):
    """They are so for one, three and four convolutions, and for images of odd sizes."""
    for channels, width, convs, image in ((3, 4, 1, (7, 5)), (3, 3, 3, (5, 9)), (2, 5, 4, (4, 7))):
        net, x, _parameters, want = vgg(student, rng, channels, width, convs, image)
        assert_close(net(x), want, f"out (of {convs} convolutions)")


@question("cnn_architectures-vgg")
def test_vgg_gradients(student, rng):
    """The right gradients reach all parameters."""
    net, x, parameters, want = vgg(student, rng, 2, 3, 3, (6, 5))
    dout = tensor(rng, want.shape)
    out = net(x, keep=True)
    assert_close(out.get(), want, "out")
    student.backward(out, dout)
    names = [name for name, _value in student.iterate(net.named_parameters(keep=True))]
    for name, right in zip(names, torch.autograd.grad(want, parameters, dout), strict=True):
        check_gradient(net.get(f"{path_of(name)}.grad"), right, name)


# --- cnn_architectures-inception -----------------------------------------------------------------


def inception_shapes(channels, c1, c3_reduce, c3, c5_reduce, c5, pool_proj) -> Shapes:
    return {
        "conv1.weight": (c1, channels, 1, 1),
        "conv3_reduce.weight": (c3_reduce, channels, 1, 1),
        "conv3.weight": (c3, c3_reduce, 3, 3),
        "conv5_reduce.weight": (c5_reduce, channels, 1, 1),
        "conv5.weight": (c5, c5_reduce, 5, 5),
        "pool_proj.weight": (pool_proj, channels, 1, 1),
    }


def inception(oracle, x):
    branches = [oracle.conv(x, "conv1")]
    for name in ("conv3", "conv5"):
        branches.append(oracle.conv(oracle.conv(x, f"{name}_reduce").clamp(min=0), name))
    around = F.pad(x, (1, 1, 1, 1), value=-torch.inf).unfold(2, 3, 1).unfold(3, 3, 1)
    branches.append(oracle.conv(around.amax(dim=(4, 5)), "pool_proj"))
    return torch.cat(branches, dim=1).clamp(min=0)


def on_inception(check, student, rng, args, image, **options):
    shapes = inception_shapes(*args)
    check(student, rng, "InceptionModule", args, shapes, inception, image, **options)


@question("cnn_architectures-inception", weight=2)
def test_inception_values(student, rng):
    """With random weights, the outputs are those of torch.nn.functional."""
    on_inception(check_block, student, rng, (3, 4, 2, 4, 3, 4, 4), (6, 8))


@question("cnn_architectures-inception")
def test_inception_sizes(student, rng):
    """They are so for other channels and odd sizes, even one pixel, also in single precision."""
    for args, image in (
        ((2, 1, 1, 2, 2, 1, 1), (1, 1)),
        ((5, 2, 3, 4, 1, 6, 3), (7, 5)),
        ((2, 1, 1, 2, 2, 1, 1), (3, 9)),
    ):
        on_inception(check_block, student, rng, args, image, single=True)


@question("cnn_architectures-inception")
def test_inception_gradients(student, rng):
    """The right gradients reach x and all weights."""
    on_inception(check_gradients, student, rng, (3, 2, 2, 3, 2, 4, 2), (5, 6))


# --- cnn_architectures-residual ------------------------------------------------------------------


def shortcut_shapes(channels: int, width: int, stride: int) -> Shapes:
    if stride == 1 and channels == width:
        return {}
    return {"shortcut.0.weight": (width, channels, 1, 1)} | norm("shortcut.1", width)


def on_residual(check, student, rng, channels, width, stride, image, **options):
    shapes = {"conv1.weight": (width, channels, 3, 3)} | norm("bn1", width)
    shapes |= {"conv2.weight": (width, width, 3, 3)} | norm("bn2", width)
    shapes |= shortcut_shapes(channels, width, stride)

    def forward(oracle, x):
        hidden = oracle.norm(oracle.conv(x, "conv1", stride), "bn1").clamp(min=0)
        change = oracle.norm(oracle.conv(hidden, "conv2"), "bn2")
        return (change + oracle.shortcut(x, stride)).clamp(min=0)

    args = (channels, width, stride)
    check(student, rng, "ResidualBlock", args, shapes, forward, image, **options)


@question("cnn_architectures-residual", weight=3)
def test_residual_values(student, rng):
    """With random weights, the outputs are right: with stride, with other channels, with both."""
    for channels, width, stride in ((4, 4, 1), (4, 5, 1), (4, 4, 2), (4, 5, 2)):
        on_residual(check_block, student, rng, channels, width, stride, (4, 3))


@question("cnn_architectures-residual")
def test_residual_sizes(student, rng):
    """They are so for images of odd sizes and for stride 3, also in single precision."""
    for channels, width, stride, image in (
        (3, 3, 1, (5, 9)),
        (3, 6, 2, (7, 11)),
        (5, 2, 2, (8, 5)),
        (2, 2, 3, (10, 7)),
    ):
        on_residual(check_block, student, rng, channels, width, stride, image, single=True)


@question("cnn_architectures-residual", weight=2)
def test_residual_training(student, rng):
    """In training mode, outputs and running averages are right."""
    on_residual(check_training, student, rng, 3, 3, 1, (6, 5))
    on_residual(check_training, student, rng, 3, 4, 2, (6, 5))


@question("cnn_architectures-residual", weight=2)
def test_residual_gradients(student, rng):
    """The right gradients reach x and all weights, also through the shortcut."""
    on_residual(check_gradients, student, rng, 3, 3, 1, (5, 4))
    on_residual(check_gradients, student, rng, 2, 3, 2, (5, 4))


@question("cnn_architectures-residual", rule=True)
def test_residual_inputs(student, rng):
    """x stays as it is, and the outputs are right."""
    on_residual(check_inputs, student, rng, 3, 3, 1, (5, 6))


# --- cnn_architectures-bottleneck ----------------------------------------------------------------


def on_bottleneck(check, student, rng, channels, mid, stride, expansion, image, **options):
    width = mid * expansion
    shapes = {"conv1.weight": (mid, channels, 1, 1)} | norm("bn1", mid)
    shapes |= {"conv2.weight": (mid, mid, 3, 3)} | norm("bn2", mid)
    shapes |= {"conv3.weight": (width, mid, 1, 1)} | norm("bn3", width)
    shapes |= shortcut_shapes(channels, width, stride)

    def forward(oracle, x):
        hidden = oracle.norm(oracle.conv(x, "conv1"), "bn1").clamp(min=0)
        hidden = oracle.norm(oracle.conv(hidden, "conv2", stride), "bn2").clamp(min=0)
        change = oracle.norm(oracle.conv(hidden, "conv3"), "bn3")
        return (change + oracle.shortcut(x, stride)).clamp(min=0)

    args = (channels, mid, stride, expansion)
    check(student, rng, "BottleneckBlock", args, shapes, forward, image, **options)


@question("cnn_architectures-bottleneck", weight=3)
def test_bottleneck_values(student, rng):
    """With random weights, the outputs are right: with stride, with other channels, with both."""
    for channels, mid, stride, expansion in (
        (6, 2, 1, 3),
        (3, 3, 1, 2),
        (6, 2, 2, 3),
        (5, 5, 2, 2),
    ):
        on_bottleneck(check_block, student, rng, channels, mid, stride, expansion, (4, 3))


@question("cnn_architectures-bottleneck")
def test_bottleneck_sizes(student, rng):
    """They are so for images of odd sizes and expansion 1 and 4, also in single precision."""
    for channels, mid, stride, expansion, image in (
        (8, 2, 1, 4, (5, 9)),
        (3, 3, 1, 1, (7, 6)),
        (3, 2, 2, 4, (7, 11)),
        (2, 3, 3, 2, (8, 10)),
    ):
        numbers = (channels, mid, stride, expansion)
        on_bottleneck(check_block, student, rng, *numbers, image, single=True)


@question("cnn_architectures-bottleneck", weight=2)
def test_bottleneck_training(student, rng):
    """In training mode, outputs and running averages are right."""
    on_bottleneck(check_training, student, rng, 6, 3, 1, 2, (6, 5))
    on_bottleneck(check_training, student, rng, 3, 2, 2, 3, (6, 5))


@question("cnn_architectures-bottleneck")
def test_bottleneck_gradients(student, rng):
    """The right gradients reach x and all weights, also through the shortcut."""
    on_bottleneck(check_gradients, student, rng, 4, 2, 1, 2, (5, 4))
    on_bottleneck(check_gradients, student, rng, 3, 2, 2, 2, (5, 4))


# --- cnn_architectures-dense ---------------------------------------------------------------------


def dense(oracle, x):
    pieces = [x]
    while f"convs.{len(pieces) - 1}.weight" in oracle.weights:
        layer = len(pieces) - 1
        ready = oracle.norm(torch.cat(pieces, dim=1), f"norms.{layer}").clamp(min=0)
        pieces.append(oracle.conv(ready, f"convs.{layer}"))
    return torch.cat(pieces, dim=1)


def on_dense(check, student, rng, channels, growth, layers, image, **options):
    shapes: Shapes = {}
    for layer in range(layers):
        width = channels + layer * growth
        shapes |= norm(f"norms.{layer}", width)
        shapes[f"convs.{layer}.weight"] = (growth, width, 3, 3)
    check(student, rng, "DenseBlock", (channels, growth, layers), shapes, dense, image, **options)


@question("cnn_architectures-dense", weight=2)
def test_dense_values(student, rng):
    """With random weights, the outputs are those of torch.nn.functional."""
    on_dense(check_block, student, rng, 3, 2, 3, (4, 6))


@question("cnn_architectures-dense")
def test_dense_sizes(student, rng):
    """They are so for one and four layers, other growth rates and odd sizes."""
    for channels, growth, layers, image in (
        (4, 2, 1, (5, 7)),
        (2, 5, 4, (3, 7)),
        (5, 1, 2, (9, 4)),
    ):
        on_dense(check_block, student, rng, channels, growth, layers, image, single=True)


@question("cnn_architectures-dense")
def test_dense_training(student, rng):
    """In training mode, outputs and running averages are right."""
    on_dense(check_training, student, rng, 3, 2, 3, (5, 4))


@question("cnn_architectures-dense")
def test_dense_gradients(student, rng):
    """The right gradients reach x and all weights, and x stays as it is."""
    on_dense(check_gradients, student, rng, 2, 3, 3, (4, 5))
    on_dense(check_inputs, student, rng, 2, 3, 2, (4, 5))


# --- cnn_architectures-separable -----------------------------------------------------------------


def on_separable(check, student, rng, channels, width, stride, image, **options):
    shapes = {"depthwise.weight": (channels, 1, 3, 3)} | norm("bn1", channels)
    shapes |= {"pointwise.weight": (width, channels, 1, 1)} | norm("bn2", width)

    def forward(oracle, x):
        alone = oracle.norm(oracle.conv(x, "depthwise", stride, groups=channels), "bn1")
        return oracle.norm(oracle.conv(alone.clamp(min=0), "pointwise"), "bn2").clamp(min=0)

    args = (channels, width, stride)
    check(student, rng, "DepthwiseSeparableConv", args, shapes, forward, image, **options)


@question("cnn_architectures-separable", weight=2)
def test_separable_values(student, rng):
    """With random weights, the outputs are those of torch.nn.functional."""
    on_separable(check_block, student, rng, 3, 5, 2, (8, 6))


@question("cnn_architectures-separable")
def test_separable_sizes(student, rng):
    """They are so for other strides and channels and odd sizes, also in single precision."""
    for channels, width, stride, image in (
        (4, 4, 1, (5, 7)),
        (6, 2, 2, (9, 5)),
        (1, 3, 3, (7, 10)),
    ):
        on_separable(check_block, student, rng, channels, width, stride, image, single=True)


@question("cnn_architectures-separable")
def test_separable_training(student, rng):
    """In training mode, outputs and running averages are right."""
    on_separable(check_training, student, rng, 3, 4, 2, (7, 6))


@question("cnn_architectures-separable")
def test_separable_gradients(student, rng):
    """The right gradients reach x and all weights."""
    on_separable(check_gradients, student, rng, 4, 3, 2, (5, 6))
