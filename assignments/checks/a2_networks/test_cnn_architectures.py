"""Public checks of the notebook on convolutional blocks: weights that the head can follow."""

import re
from collections.abc import Iterable

import torch

from assignments.compare import assert_close, assert_unchanged, to_array
from assignments.messages import _
from assignments.questions import question
from assignments.student import CheckFailed, Remote, Student, StudentError

Weights = dict[str, torch.Tensor]


@question("cnn_architectures-output-size")
def test_output_size_by_hand(student, rng):
    """A kernel of 3 fits six times on 8 pixels, and with padding 1 eight times."""
    check_whole(student.conv_output_size(8, 3), 6, "conv_output_size(8, 3)")
    check_whole(student.conv_output_size(8, 3, 1, 1), 8, "conv_output_size(8, 3, 1, 1)")


@question("cnn_architectures-output-size")
def test_output_size_stride(student, rng):
    """With stride 2, a kernel of 3 fits three times on 7 pixels and on 8 pixels."""
    check_whole(student.conv_output_size(7, 3, stride=2), 3, "conv_output_size(7, 3, stride=2)")
    check_whole(student.conv_output_size(8, 3, stride=2), 3, "conv_output_size(8, 3, stride=2)")


@question("cnn_architectures-receptive-field")
def test_receptive_field_stride_one(student, rng):
    """One 3x3 layer sees 3 pixels, three of them see 7, and no layer sees 1."""
    check_whole(student.receptive_field([(3, 1)]), 3, "receptive_field([(3, 1)])")
    check_whole(student.receptive_field([(3, 1)] * 3), 7, "receptive_field([(3, 1)] * 3)")
    check_whole(student.receptive_field([]), 1, "receptive_field([])")


@question("cnn_architectures-receptive-field")
def test_receptive_field_strides(student, rng):
    """A stride widens what the layers above see: kernel 3 with stride 2, then kernel 3, see 7."""
    layers = [(3, 2), (3, 1)]
    check_whole(student.receptive_field(layers), 7, "receptive_field([(3, 2), (3, 1)])")


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
    assert_close(multiply_and_pool(student, [1]), image([[5, 0]]), "out")


@question("cnn_architectures-vgg")
def test_vgg_relu(student, rng):
    """Two kernels with -1 in their middles leave 0: what is below 0 is 0 for the second one."""
    assert_close(multiply_and_pool(student, [-1, -1]), image([[0, 0]]), "out")


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
def test_inception_shape(student, rng):
    """Height and width stay, and the channels of the four ways add up."""
    net = build(student, "InceptionModule", 3, 4, 2, 5, 1, 6, 7)
    check_shape(student, net, (2, 3, 7, 6), (2, 22, 7, 6))


@question("cnn_architectures-inception")
def test_inception_order(student, rng):
    """Ways that multiply by 1, 2, 3 and 4 come out in this order."""
    net = build(student, "InceptionModule", 1, 1, 1, 1, 1, 1, 1)
    load_weights(net, middles(INCEPTION, (1, 1, 3, 1, 5, 1), (1, 1, 2, 1, 3, 4)))
    x = torch.ones(1, 1, 4, 5, dtype=torch.float64)
    want = torch.arange(1.0, 5).reshape(1, 4, 1, 1).expand(1, 4, 4, 5)
    assert_close(net(x), want, "out")


@question("cnn_architectures-inception")
def test_inception_relu(student, rng):
    """What is below 0 after any of the convolutions is 0 from there on."""
    net = build(student, "InceptionModule", 1, 1, 1, 1, 1, 1, 1)
    load_weights(net, middles(INCEPTION, (1, 1, 3, 1, 5, 1), (-1, -1, -1, -1, -1, -1)))
    x = torch.ones(1, 1, 4, 5, dtype=torch.float64)
    assert_close(net(x), torch.zeros(1, 4, 4, 5), "out")


@question("cnn_architectures-residual")
def test_residual_shape(student, rng):
    """Stride 2 halves height and width, rounded up, and the channels are those asked for."""
    check_shape(student, build(student, "ResidualBlock", 3, 8, 2), (2, 3, 7, 4), (2, 8, 4, 2))
    check_shape(student, build(student, "ResidualBlock", 3, 3), (2, 3, 7, 4), (2, 3, 7, 4))


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
    assert_close(net(image([[2, -1], [0, 4]])), image([[0, 0], [0, 0]]), "out")
    load_weights(net, residual_weights((1, 0.5)))
    assert_close(net(image([[2, -1], [0, 4]])), image([[3, 0], [0, 6]]), "out")


@question("cnn_architectures-residual")
def test_residual_projection(student, rng):
    """With stride 2, the shortcut takes every second pixel of every second row."""
    net = build(student, "ResidualBlock", 1, 1, 2)
    load_weights(net, residual_weights((0, 0)) | middles(["shortcut.0"], [1], [1]) | SHORTCUT_BN)
    assert_close(net(COUNTED), image([[1, 3], [9, 11]]), "out")


@question("cnn_architectures-bottleneck")
def test_bottleneck_shape(student, rng):
    """It gives expansion * mid_channels channels, and 4 * mid_channels if nothing is said."""
    check_shape(student, build(student, "BottleneckBlock", 3, 2, 2), (2, 3, 7, 4), (2, 8, 4, 2))
    net = build(student, "BottleneckBlock", 6, 2, expansion=3)
    check_shape(student, net, (2, 6, 5, 4), (2, 6, 5, 4))


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
    assert_close(net(image([[2, -1], [0, 4]])), image([[0, 0], [0, 0]]), "out")


@question("cnn_architectures-bottleneck")
def test_bottleneck_stride(student, rng):
    """With stride 2, a 3x3 kernel of ones still sees a pixel in row 1 and column 1."""
    net = build(student, "BottleneckBlock", 1, 1, 2, 1)
    weights = bottleneck_weights((1, 1, 1)) | middles(["shortcut.0"], [1], [0]) | SHORTCUT_BN
    load_weights(net, weights | {"conv2.weight": torch.ones(1, 1, 3, 3)})
    x = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    x[0, 0, 1, 1] = 1
    assert_close(net(x), image([[1, 1], [1, 1]]), "out")


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
    assert_close(net(image([[1, -1]])), want, "out")


@question("cnn_architectures-separable")
def test_separable_shape(student, rng):
    """Stride 2 halves height and width, rounded up, and the channels are those asked for."""
    net = build(student, "DepthwiseSeparableConv", 3, 8, 2)
    check_shape(student, net, (2, 3, 7, 4), (2, 8, 4, 2))


@question("cnn_architectures-separable")
def test_separable_by_hand(student, rng):
    """Kernels of ones count 4 pixels in a corner, 6 at an edge, 9 inside, each channel alone."""
    counts = image([[4, 6, 4], [6, 9, 6], [4, 6, 4]])
    want = torch.cat([counts, 10 * counts], dim=1)
    assert_close(count_pixels(student, batch_norm("bn1", 2)), want, "out")


@question("cnn_architectures-separable")
def test_separable_between(student, rng):
    """Where bn1 takes 50 away, the counts 40, 60 and 90 become 0, 10 and 40."""
    less = {"bn1.bias": torch.tensor([-50.0, -50.0])}
    fewer = image([[0, 10, 0], [10, 40, 10], [0, 10, 0]])
    want = torch.cat([torch.zeros(1, 1, 3, 3), fewer], dim=1)
    assert_close(count_pixels(student, batch_norm("bn1", 2) | less), want, "out")


def count_pixels(student: Student, after_depthwise: Weights) -> object:
    """What a block with kernels of ones gives for a channel of ones and one of tens."""
    net = build(student, "DepthwiseSeparableConv", 2, 2)
    weights = {
        "depthwise.weight": torch.ones(2, 1, 3, 3),
        "pointwise.weight": torch.eye(2).reshape(2, 2, 1, 1),
    }
    load_weights(net, weights | after_depthwise | batch_norm("bn2", 2))
    ones = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    return net(torch.cat([ones, 10 * ones], dim=1))


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


def check_whole(got: object, want: int, what: str) -> None:
    """Is the answer this whole number, and of a type that can be a size?"""
    array = to_array(got, what, ndim=0)
    if array.dtype.kind not in "iu":
        raise CheckFailed(
            _("{what} is a {kind}, where an int is expected").format(
                what=what, kind=type(got).__name__
            )
        )
    if array != want:
        size = _("too large") if array > want else _("too small")
        raise CheckFailed(
            _("{what} is {got}, which is {size}").format(what=what, got=int(array), size=size)
        )


def build(student: Student, name: str, *args: int, **kwargs: int) -> Remote:
    """A block of the student's, in double precision and in eval mode."""
    net = student.call(name, *args, keep=True, **kwargs)
    net.double()
    net.eval()
    return net


def path_of(name: str) -> str:
    """The path of what has this name in the state dictionary: "shortcut.0.weight" by index."""
    return re.sub(r"\.(\d+)", r"[\1]", name)


def load_weights(net: Remote, weights: Weights) -> None:
    """Put weights into a block, by their names in its state dictionary.

    The biases of convolutions, which the docstrings leave open, become 0.

    Raises:
        CheckFailed: a weight is missing or has another shape.
    """
    biases = {}
    for name, value in weights.items():
        if name.endswith(".weight"):
            check_weight(net, name, tuple(value.shape))
        if value.ndim == 4:
            biases[f"{name.removesuffix('weight')}bias"] = torch.zeros(len(value))
    net.load_state_dict(biases, strict=False)
    net.load_state_dict(weights, strict=False)


def check_weight(net: Remote, name: str, shape: tuple[int, ...]) -> None:
    """Is there a weight of this name and shape?"""
    try:
        got = tuple(net.get(f"{path_of(name)}.shape"))
    except StudentError as error:
        raise CheckFailed(
            _("there is no {name}; are the sub-modules named as the docstring says?").format(
                name=name
            )
        ) from error
    if got != shape:
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=name, got=got, want=shape
            )
        )


def fill_parameters(student: Student, net: Remote, values: torch.Tensor) -> None:
    """Set all parameters, in the order in which they were made, to the next of these values."""
    try:
        student.call("torch.nn.utils.vector_to_parameters", values, net.parameters(keep=True))
    except StudentError as error:
        if error.type != "RuntimeError":
            raise
        raise CheckFailed(_("the block has many more parameters than described")) from error


def check_convolutions(
    student: Student, net: Remote, shapes: list[tuple[int, ...]]
) -> list[tuple[int, ...]]:
    """Are the weights of the convolutions of these shapes, in this order? All shapes come back."""
    every = [tuple(tensor.shape) for tensor in student.iterate(net.parameters(keep=True))]
    convolutions = [shape for shape in every if len(shape) == 4]
    if len(convolutions) != len(shapes):
        raise CheckFailed(
            _("there are {got} convolutions, where {want} are expected").format(
                got=len(convolutions), want=len(shapes)
            ),
            _("is each a module of its own, and are they in nn.Sequential or nn.ModuleList?"),
        )
    for number, (got, want) in enumerate(zip(convolutions, shapes, strict=True), start=1):
        if got != want:
            raise CheckFailed(
                _(
                    "the weights of convolution {n} have shape {got}, where {want} is expected"
                ).format(n=number, got=got, want=want)
            )
    return every


def check_shape(
    student: Student, net: Remote, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    """Does an input of this shape give an output of that shape?"""
    shape = to_array(net(torch.ones(inputs, dtype=torch.float64)), "out").shape
    if shape != outputs:
        raise CheckFailed(
            _("for x of shape {x}, out has shape {got}, where {want} is expected").format(
                x=inputs, got=shape, want=outputs
            )
        )


def check_identity(student: Student, net: Remote) -> None:
    """Does the block give ReLU(x), and leave x as it is?"""
    x = image([[2, -1], [0, 4]])
    out = net(x)
    assert_unchanged(student.changed, {0: "x"})
    assert_close(out, image([[2, 0], [0, 4]]), "out")
