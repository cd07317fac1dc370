"""Public checks of the notebook on convolutional blocks: weights that the head can follow."""

from collections.abc import Iterable

import torch

from assignments.checks.a2_networks.cnn_architectures import (
    Weights,
    block_errors,
    build,
    check_convolutions,
    check_weight,
    check_whole,
    fill_parameters,
    load_weights,
)
from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, explained


@question("cnn_architectures-output-size")
def test_output_size_by_hand(student, rng):
    """A kernel of 3 fits six times on 8 pixels, and with padding 1 eight times."""
    check_whole(student.conv_output_size(8, 3), 6, "conv_output_size(8, 3)")
    check_whole(student.conv_output_size(8, 3, 1, 1), 8, "conv_output_size(8, 3, 1, 1)")


@question("cnn_architectures-output-size")
def test_output_size_stride(student, rng):
    """With stride 2, a kernel of 3 fits three times on 7 pixels and on 8 pixels."""
    for size in (8, 7):
        what = f"conv_output_size({size}, 3, stride=2)"
        check_whole(student.conv_output_size(size, 3, stride=2), 3, what)


@question("cnn_architectures-receptive-field")
def test_receptive_field_stride_one(student, rng):
    """One 3x3 layer sees 3 pixels, three of them see 7, and no layer sees 1."""
    check_field(student, [(3, 1)], 3)
    check_field(student, [(3, 1)] * 3, 7)
    check_field(student, [], 1)


@question("cnn_architectures-receptive-field")
def test_receptive_field_strides(student, rng):
    """A stride widens what the layers above see: kernel 3 with stride 2, then kernel 3, see 7."""
    check_field(student, [(3, 2), (3, 1)], 7)
    assert_unchanged(student.changed, {0: "layers"})


@question("cnn_architectures-receptive-field")
def test_receptive_field_jumps(student, rng):
    """Jumps multiply: strides 2, 2 and 1 with kernels of 3 add 2, 4 and 8 pixels to the first."""
    check_field(student, [(3, 2), (3, 2), (3, 1)], 15)
    check_field(student, [(3, 2), (3, 1), (3, 1)], 11)


def check_field(student: Student, layers: list[tuple[int, int]], want: int) -> None:
    """Is the field of these layers as wide?"""
    check_whole(student.receptive_field(layers), want, f"receptive_field({layers})")


@question("cnn_architectures-count-parameters")
def test_count_parameters_linear(student, rng):
    """A linear layer from 3 to 4 numbers has 12 weights and 4 biases."""
    model = student.call("torch.nn.Linear", 3, 4)
    check_whole(student.count_parameters(model), 16, _("the number of parameters"))


@question("cnn_architectures-count-parameters")
def test_count_parameters_buffers(student, rng):
    """Batch normalisation of 5 channels has 10 parameters; running averages do not count."""
    model = student.call("torch.nn.BatchNorm2d", 5)
    check_whole(student.count_parameters(model), 10, _("the number of parameters"))


@question("cnn_architectures-count-parameters")
def test_count_parameters_once(student, rng):
    """A layer that stands in a model twice counts once, and a frozen one does not count."""
    layer, frozen = (student.call("torch.nn.Linear", 2, 2) for _layer in range(2))
    frozen.requires_grad_(False)
    model = student.call("torch.nn.Sequential", layer, layer, frozen)
    check_whole(student.count_parameters(model), 6, _("the number of parameters"))


@question("cnn_architectures-count-parameters")
def test_count_parameters_tied(student, rng):
    """Two layers of 3 by 3 that share their weights, and have biases of their own, have 9 + 6."""
    first, second = (student.call("torch.nn.Linear", 3, 3) for _layer in range(2))
    student.set(second, "weight", first.get("weight", keep=True))
    model = student.call("torch.nn.Sequential", first, second)
    check_whole(student.count_parameters(model), 15, _("the number of parameters"))


@question("cnn_architectures-vgg")
def test_vgg_shape(student, rng):
    """Height and width are halved, and an odd last row or column is dropped."""
    check_shape(student, build(student, "VGGBlock", 3, 8, 2), (2, 3, 6, 5), (2, 8, 3, 2))


@question("cnn_architectures-vgg")
def test_vgg_number_of_layers(student, rng):
    """Asked for three convolutions, it registers three of 3x3, the first from in_channels."""
    net = build(student, "VGGBlock", 2, 4, 3)
    fill_parameters(student, net, torch.zeros(3000, dtype=torch.float64))
    check_convolutions(student, net, [(4, 2, 3, 3), (4, 4, 3, 3), (4, 4, 3, 3)])


@question("cnn_architectures-vgg")
def test_vgg_by_hand(student, rng):
    """A kernel with 1 in its middle and 0 around it leaves the largest of four pixels, or 0."""
    assert_close(multiply_and_pool(student, [1]), image([[5, 0]]), "out", show=True)


@question("cnn_architectures-vgg")
def test_vgg_relu(student, rng):
    """Two kernels with -1 in their middles leave 0: what is below 0 is 0 for the second one."""
    assert_close(multiply_and_pool(student, [-1, -1]), image([[0, 0]]), "out", show=True)


def multiply_and_pool(student: Student, values: list[float]) -> object:
    """What a VGG block of one channel gives whose convolutions multiply by these."""
    net = build(student, "VGGBlock", 1, 1, len(values))
    fill_parameters(student, net, torch.zeros(1000, dtype=torch.float64))
    shapes = check_convolutions(student, net, [(1, 1, 3, 3)] * len(values))
    left = iter(values)
    parts = [middle(3, next(left)) if len(shape) == 4 else torch.zeros(shape) for shape in shapes]
    fill_parameters(student, net, torch.cat([part.flatten() for part in parts]).double())
    return net(image([[1, 5, -1, -2], [2, 3, -4, -3]]))


INCEPTION = ("conv1", "conv3_reduce", "conv3", "conv5_reduce", "conv5", "pool_proj")


@question("cnn_architectures-inception")
def test_inception_weights(student, rng):
    """The six convolutions have the documented names, kernels and channels."""
    net = build(student, "InceptionModule", 3, 4, 2, 5, 1, 6, 7)
    shapes = ((4, 3, 1, 1), (2, 3, 1, 1), (5, 2, 3, 3), (1, 3, 1, 1), (6, 1, 5, 5), (7, 3, 1, 1))
    for name, shape in zip(INCEPTION, shapes, strict=True):
        check_weight(net, f"{name}.weight", shape)


@question("cnn_architectures-inception")
def test_inception_shape(student, rng):
    """Height and width stay, and the channels of the four branches add up."""
    net = build(student, "InceptionModule", 3, 4, 2, 5, 1, 6, 7)
    check_shape(student, net, (2, 3, 7, 6), (2, 22, 7, 6))


@question("cnn_architectures-inception")
def test_inception_pixel(student, rng):
    """It works even on an image of one pixel."""
    net = build(student, "InceptionModule", 3, 4, 2, 5, 1, 6, 7)
    check_shape(student, net, (2, 3, 1, 1), (2, 22, 1, 1))


@question("cnn_architectures-inception")
def test_inception_order(student, rng):
    """Branches that multiply by 1, 2, 3 and 4 come out in this order."""
    net = inception_by_hand(student, (1, 1, 2, 1, 3, 4))
    want = torch.arange(1.0, 5).reshape(1, 4, 1, 1).expand(1, 4, 4, 5)
    check_out(net, torch.ones(1, 1, 4, 5, dtype=torch.float64), want)


@question("cnn_architectures-inception")
def test_inception_pool(student, rng):
    """The pool is first: of -1, -2, -3 and -4 it leaves -1, and times -1 that is 1 everywhere."""
    net = inception_by_hand(student, (0, 0, 0, 0, 0, -1))
    want = torch.zeros(1, 4, 2, 2)
    want[0, 3] = 1
    check_out(net, image([[-1, -2], [-3, -4]]), want)


@question("cnn_architectures-inception")
def test_inception_relu(student, rng):
    """What is below 0 after any of the convolutions is 0 from there on."""
    net = inception_by_hand(student, (-1, -1, -1, -1, -1, -1))
    check_out(net, torch.ones(1, 1, 4, 5, dtype=torch.float64), torch.zeros(1, 4, 4, 5))


def inception_by_hand(student: Student, values: tuple[float, ...]) -> Remote:
    """An Inception module whose convolutions, of one channel, multiply by these."""
    net = build(student, "InceptionModule", 1, 1, 1, 1, 1, 1, 1)
    load_weights(net, middles(INCEPTION, (1, 1, 3, 1, 5, 1), values))
    return net


@question("cnn_architectures-residual")
def test_residual_shape(student, rng):
    """Stride 2 halves height and width, rounded up, and the channels are those asked for."""
    check_shape(student, build(student, "ResidualBlock", 3, 8, 2), (2, 3, 7, 4), (2, 8, 4, 2))
    check_shape(student, build(student, "ResidualBlock", 3, 3), (2, 3, 7, 4), (2, 3, 7, 4))
    check_shape(student, build(student, "ResidualBlock", 3, 8), (2, 3, 7, 4), (2, 8, 7, 4))


@question("cnn_architectures-residual")
def test_residual_identity(student, rng):
    """Where F gives 0 and the shape stays, the block gives ReLU(x), and x is not changed."""
    net = build(student, "ResidualBlock", 1, 1)
    load_weights(net, residual_weights((0, 0)))
    check_identity(student, net)


@question("cnn_architectures-residual")
def test_residual_by_hand(student, rng):
    """F is -3 ReLU(x) for one set of weights: 2 - 6 is below 0, and so becomes 0."""
    net = build(student, "ResidualBlock", 1, 1)
    load_weights(net, residual_weights((1, -3)))
    check_out(net, image([[2, -1], [0, 4]]), torch.zeros(1, 1, 2, 2))


@question("cnn_architectures-residual")
def test_residual_norms(student, rng):
    """With * 2, - 1, ReLU, * (-1), then * 2 + 3, the pixels 3, 1 and 0.25 give 0, 2, 3.25."""
    net = build(student, "ResidualBlock", 1, 1)
    norms = affine_norm("bn1", 1, -1) | affine_norm("bn2", 2, 3)
    load_weights(net, middles(["conv1", "conv2"], [3, 3], [2, -1]) | norms)
    check_out(net, pixels(3, 1, 0.25, -1, -6), pixels(0, 2, 3.25, 2, 0))
    assert_unchanged(student.changed, {0: "x"})


@question("cnn_architectures-residual")
def test_residual_stride(student, rng):
    """conv1 has the stride: it takes 1, 3, 9 and 11; conv2 adds to each its right neighbour."""
    net = build(student, "ResidualBlock", 1, 1, 2)
    weights = residual_weights((1, 1)) | middles(["shortcut.0"], [1], [0]) | SHORTCUT_BN
    weights["conv2.weight"][..., 2] = weights["conv2.weight"][..., 1]
    load_weights(net, weights)
    check_out(net, COUNTED, image([[4, 3], [20, 11]]))


@question("cnn_architectures-residual")
def test_residual_projection(student, rng):
    """With stride 2, the shortcut takes every second pixel of every second row, and so out."""
    net = build(student, "ResidualBlock", 1, 1, 2)
    load_weights(net, residual_weights((0, 0)) | middles(["shortcut.0"], [1], [1]) | SHORTCUT_BN)
    want = image([[1, 3], [9, 11]])
    assert_close(net.shortcut(COUNTED), want, "shortcut(x)", show=True)
    check_out(net, COUNTED, want)


@question("cnn_architectures-bottleneck")
def test_bottleneck_shape(student, rng):
    """It gives expansion * mid_channels channels, and 4 * mid_channels if nothing is said."""
    check_shape(student, build(student, "BottleneckBlock", 3, 2, 2), (2, 3, 7, 4), (2, 8, 4, 2))
    net = build(student, "BottleneckBlock", 6, 2, expansion=3)
    check_shape(student, net, (2, 6, 5, 4), (2, 6, 5, 4))
    check_shape(student, build(student, "BottleneckBlock", 2, 2), (2, 2, 5, 4), (2, 8, 5, 4))


@question("cnn_architectures-bottleneck")
def test_bottleneck_identity(student, rng):
    """Where F gives 0 and the shape stays, the block gives ReLU(x), and x is not changed."""
    net = build(student, "BottleneckBlock", 1, 1, expansion=1)
    load_weights(net, bottleneck_weights((0, 0, 0)))
    check_identity(student, net)


@question("cnn_architectures-bottleneck")
def test_bottleneck_by_hand(student, rng):
    """F is -3 ReLU(x) for one set of weights: 2 - 6 is below 0, and so becomes 0."""
    net = build(student, "BottleneckBlock", 1, 1, expansion=1)
    load_weights(net, bottleneck_weights((1, 3, -1)))
    check_out(net, image([[2, -1], [0, 4]]), torch.zeros(1, 1, 2, 2))


@question("cnn_architectures-bottleneck")
def test_bottleneck_norms(student, rng):
    """With * 3, - 1; * (-2), * 2 + 10; * 1, - 1.5 the pixels 3, 1, 0.25 give 1.5, 1.5, 8.75."""
    net = build(student, "BottleneckBlock", 1, 1, expansion=1)
    norms = affine_norm("bn1", 1, -1) | affine_norm("bn2", 2, 10) | affine_norm("bn3", 1, -1.5)
    load_weights(net, middles(["conv1", "conv2", "conv3"], [1, 3, 1], [3, -2, 1]) | norms)
    check_out(net, pixels(3, 1, 0.25, -1, -20), pixels(1.5, 1.5, 8.75, 7.5, 0))
    assert_unchanged(student.changed, {0: "x"})


@question("cnn_architectures-bottleneck")
def test_bottleneck_stride(student, rng):
    """With stride 2, a 3x3 kernel of ones still sees a pixel in row 1 and column 1."""
    net = build(student, "BottleneckBlock", 1, 1, 2, 1)
    weights = bottleneck_weights((1, 1, 1)) | middles(["shortcut.0"], [1], [0]) | SHORTCUT_BN
    load_weights(net, weights | {"conv2.weight": torch.ones(1, 1, 3, 3)})
    x = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    x[0, 0, 1, 1] = 1
    check_out(net, x, torch.ones(1, 1, 2, 2))


@question("cnn_architectures-bottleneck")
def test_bottleneck_stride_place(student, rng):
    """conv2, of ones, sees all pixels, and with its stride leaves every second sum."""
    net = build(student, "BottleneckBlock", 1, 1, 2, 1)
    weights = bottleneck_weights((1, 1, 1)) | middles(["shortcut.0"], [1], [0]) | SHORTCUT_BN
    bias = {"bn3.bias": torch.tensor([-20.0])}
    load_weights(net, weights | {"conv2.weight": torch.ones(1, 1, 3, 3)} | bias)
    strides = [tuple(net.get(f"conv{n}.stride")) for n in (1, 2, 3)]
    if strides != [(1, 1), (2, 2), (1, 1)]:
        raise CheckFailed(
            _("the strides of conv1, conv2 and conv3 are {got}, where 1, 2, 1 are expected").format(
                got=", ".join(str(stride[0]) for stride in strides)
            )
        )
    check_out(net, COUNTED, image([[0, 10], [37, 79]]))


@question("cnn_architectures-dense")
def test_dense_shape(student, rng):
    """Height and width stay, and each layer adds growth_rate channels."""
    check_shape(student, build(student, "DenseBlock", 3, 4, 2), (2, 3, 5, 6), (2, 11, 5, 6))


@question("cnn_architectures-dense")
def test_dense_by_hand(student, rng):
    """1 becomes (1, 2, 3) and -1 becomes (-1, 0, 0) with the weights 2, then 1 and 1."""
    net = build(student, "DenseBlock", 1, 1, 2)
    weights = middles(["convs.0"], [3], [2]) | batch_norm("norms.0", 1) | batch_norm("norms.1", 2)
    both = torch.zeros(1, 2, 3, 3)
    both[:, :, 1, 1] = 1
    load_weights(net, weights | {"convs.1.weight": both})
    want = torch.cat([image([[1, -1]]), image([[2, 0]]), image([[3, 0]])], dim=1)
    check_out(net, image([[1, -1]]), want)


@question("cnn_architectures-dense")
def test_dense_norm(student, rng):
    """With norm * 2 - 1 and convolution * (-3), 3, -2 and 1 get -15, 0 and -3 beside them."""
    net = build(student, "DenseBlock", 1, 1, 1)
    load_weights(net, middles(["convs.0"], [3], [-3]) | affine_norm("norms.0", 2, -1))
    x = pixels(3, -2, 1)
    check_out(net, x, torch.cat([x, pixels(-15, 0, -3)], dim=1))
    assert_unchanged(student.changed, {0: "x"})


@question("cnn_architectures-dense")
def test_dense_order(student, rng):
    """Layers that give 1, 2 and 3, whatever they see, stand in this order behind the input."""
    net = build(student, "DenseBlock", 1, 1, 3)
    weights = {}
    for layer in range(3):
        weights |= batch_norm(f"norms.{layer}", layer + 1)
        weights[f"norms.{layer}.bias"] = torch.full((layer + 1,), 100.0)
        weights[f"convs.{layer}.weight"] = torch.zeros(1, layer + 1, 3, 3)
        weights[f"norms.{layer}.weight"] = torch.zeros(layer + 1)
        weights[f"convs.{layer}.weight"][0, 0, 1, 1] = (layer + 1) / 100
    load_weights(net, weights)
    check_out(net, pixels(7), torch.tensor([7.0, 1, 2, 3]).reshape(1, 4, 1, 1))


@question("cnn_architectures-separable")
def test_separable_shape(student, rng):
    """Stride 2 halves height and width, rounded up, and the channels are those asked for."""
    net = build(student, "DepthwiseSeparableConv", 3, 8, 2)
    check_shape(student, net, (2, 3, 7, 4), (2, 8, 4, 2))


@question("cnn_architectures-separable")
def test_separable_by_hand(student, rng):
    """Kernels of ones count 4 pixels in a corner, 6 at an edge, 9 inside, each channel alone."""
    counts = image([[4, 6, 4], [6, 9, 6], [4, 6, 4]])
    count_pixels(student, batch_norm("bn1", 2), torch.cat([counts, 10 * counts], dim=1))


@question("cnn_architectures-separable")
def test_separable_between(student, rng):
    """Where bn1 takes 50 away, the counts 40, 60 and 90 become 0, 10 and 40."""
    less = {"bn1.bias": torch.tensor([-50.0, -50.0])}
    fewer = image([[0, 10, 0], [10, 40, 10], [0, 10, 0]])
    want = torch.cat([torch.zeros(1, 1, 3, 3), fewer], dim=1)
    count_pixels(student, batch_norm("bn1", 2) | less, want)


@question("cnn_architectures-separable")
def test_separable_norms(student, rng):
    """With * (-1), * 2 - 1 and ReLU, then * (-3), + 10 and ReLU, 3, -2, 1, -5 give 10, 1, 10, 0."""
    net = build(student, "DepthwiseSeparableConv", 1, 1)
    norms = affine_norm("bn1", 2, -1) | affine_norm("bn2", 1, 10)
    load_weights(net, middles(["depthwise", "pointwise"], [3, 1], [-1, -3]) | norms)
    check_out(net, pixels(3, -2, 1, -5), pixels(10, 1, 10, 0))


@question("cnn_architectures-separable")
def test_separable_stride(student, rng):
    """The depthwise convolution has the stride: the pointwise one only mixes what is left."""
    net = build(student, "DepthwiseSeparableConv", 2, 3, 2)
    strides = [tuple(net.get(f"{name}.stride")) for name in ("depthwise", "pointwise")]
    if strides != [(2, 2), (1, 1)]:
        raise CheckFailed(
            _("the strides of depthwise and pointwise are {got}, where 2, 1 are expected").format(
                got=", ".join(str(stride[0]) for stride in strides)
            )
        )


def count_pixels(student: Student, after_depthwise: Weights, want: torch.Tensor) -> None:
    """Does a block with kernels of ones give this for a channel of ones and one of tens?"""
    net = build(student, "DepthwiseSeparableConv", 2, 2)
    weights = {
        "depthwise.weight": torch.ones(2, 1, 3, 3),
        "pointwise.weight": torch.eye(2).reshape(2, 2, 1, 1),
    }
    load_weights(net, weights | after_depthwise | batch_norm("bn2", 2))
    ones = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    check_out(net, torch.cat([ones, 10 * ones], dim=1), want)


# --- weights for the eye -------------------------------------------------------------------------


def image(rows: list[list[float]]) -> torch.Tensor:
    """One image of one channel, (1, 1, H, W)."""
    return torch.tensor(rows, dtype=torch.float64)[None, None]


COUNTED = torch.arange(1.0, 17, dtype=torch.float64).reshape(1, 1, 4, 4)


def middle(kernel: int, value: float) -> torch.Tensor:
    """The weight of a convolution of one channel that multiplies by this number."""
    weight = torch.zeros(1, 1, kernel, kernel)
    weight[0, 0, kernel // 2, kernel // 2] = value
    return weight


def middles(names: Iterable[str], kernels: Iterable[int], values: Iterable[float]) -> Weights:
    """Such convolutions by name."""
    return {
        f"{name}.weight": middle(kernel, value)
        for name, kernel, value in zip(names, kernels, values, strict=True)
    }


def batch_norm(name: str, channels: int) -> Weights:
    """A batch normalisation that in eval mode changes nothing: eps is made up for."""
    return {
        f"{name}.weight": torch.ones(channels),
        f"{name}.bias": torch.zeros(channels),
        f"{name}.running_mean": torch.zeros(channels),
        f"{name}.running_var": torch.full((channels,), 1 - 1e-5, dtype=torch.float64),
    }


def affine_norm(name: str, factor: float, term: float) -> Weights:
    """A batch normalisation of one channel that in eval mode multiplies and adds."""
    values = {f"{name}.weight": torch.tensor([factor]), f"{name}.bias": torch.tensor([term])}
    return batch_norm(name, 1) | {part: value.double() for part, value in values.items()}


def pixels(*values: float) -> torch.Tensor:
    """Images of one pixel, (N, 1, 1, 1)."""
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1, 1)


SHORTCUT_BN = batch_norm("shortcut.1", 1)


def residual_weights(values: tuple[float, float]) -> Weights:
    """A residual block of one channel whose convolutions multiply by these."""
    norms = batch_norm("bn1", 1) | batch_norm("bn2", 1)
    return middles(["conv1", "conv2"], [3, 3], values) | norms


def bottleneck_weights(values: tuple[float, float, float]) -> Weights:
    """A bottleneck block of one channel whose convolutions multiply by these."""
    norms = batch_norm("bn1", 1) | batch_norm("bn2", 1) | batch_norm("bn3", 1)
    return middles(["conv1", "conv2", "conv3"], [1, 3, 1], values) | norms


# --- shared with the hidden checks ---------------------------------------------------------------


def check_out(net: Remote, x: torch.Tensor, want: torch.Tensor) -> None:
    """Does the block give these numbers for x?"""
    with explained(block_errors()):
        out = net(x)
    assert_close(out, want, "out", show=True)


def check_shape(
    student: Student, net: Remote, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    """Does an input of this shape give an output of that shape?"""
    with explained(block_errors()):
        out = net(torch.ones(inputs, dtype=torch.float64))
    shape = to_array(out, "out").shape
    if shape != outputs:
        raise CheckFailed(
            _("for x of shape {x}, out has shape {got}, where {want} is expected").format(
                x=inputs, got=shape, want=outputs
            ),
            _cause_of_shape(shape, outputs),
        )


def _cause_of_shape(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(got) == len(want) and got[1] != want[1]:
        return _("the number of channels, axis 1, is another one")
    if len(got) == len(want) and got[2:] != want[2:]:
        return _("height and width follow from padding, stride and pool: look at each of them")
    return ""


def check_identity(student: Student, net: Remote) -> None:
    """Does the block give ReLU(x), and leave x as it is?"""
    out = net(x := image([[2, -1], [0, 4]]))
    assert_unchanged(student.changed, {0: "x"})
    assert_close(out, x.clamp(min=0), "out", show=True)
