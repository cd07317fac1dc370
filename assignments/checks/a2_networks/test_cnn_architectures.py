"""Public checks of the notebook on convolutional blocks: weights that the head can follow."""

from typing import Any

import numpy as np

from assignments.compare import assert_equal
from assignments.families.checks import Checks
from assignments.messages import _
from assignments.questions import Battery
from assignments.standins.a2_networks.cnn_architectures import (
    bottleneck,
    dense,
    field,
    inception,
    output_size,
    residual,
    separable,
    vgg,
)

# --- numbers of a network ------------------------------------------------------------------------

conv_output_size = (
    Checks("cnn_architectures-output-size", output_size)
    .by_hand("A kernel of 3 fits six times on 8 pixels.", size=8, kernel=3, out=6)
    .by_hand("With padding 1, it fits eight times.", size=8, kernel=3, stride=1, pad=1, out=8)
    .by_hand("With stride 2, it fits three times on 8 pixels.", size=8, kernel=3, stride=2, out=3)
    .by_hand("So it does on 7 pixels.", size=7, kernel=3, stride=2, out=3)
)

receptive_field = (
    Checks("cnn_architectures-receptive-field", field, ([(3, 2), (3, 1)],))
    .by_hand("One 3x3 layer sees 3 pixels.", layers=((3, 1),), out=3)
    .by_hand("Three of them see 7.", layers=((3, 1),) * 3, out=7)
    .by_hand("No layer sees 1.", layers=(), out=1)
    .by_hand("A stride widens what the layers above see: kernel 3 with stride 2, then 3, see 7.",
             layers=((3, 2), (3, 1)), out=7)
    .by_hand("Jumps multiply: strides 2, 2 and 1 with kernels of 3 add 2, 4 and 8 pixels.",
             layers=((3, 2), (3, 2), (3, 1)), out=15)
    .by_hand("Strides 2, 1 and 1 add 2, 4 and 4.", layers=((3, 2), (3, 1), (3, 1)), out=11)
    .untouched("The list of layers is not changed.")
)  # fmt: skip

count_parameters = Battery("cnn_architectures-count-parameters")


def check_count(student, model, want):
    assert_equal(student.count_parameters(model), want, _("the number of parameters"), show=True)


@count_parameters.check()
def linear(student, rng):
    """A linear layer from 3 to 4 numbers has 12 weights and 4 biases."""
    check_count(student, student.call("torch.nn.Linear", 3, 4), 16)


@count_parameters.check()
def buffers(student, rng):
    """Batch normalisation of 5 channels has 10 parameters; running averages do not count."""
    check_count(student, student.call("torch.nn.BatchNorm2d", 5), 10)


@count_parameters.check()
def once(student, rng):
    """A layer that stands in a model twice counts once, and a frozen one does not count."""
    layer, frozen = (student.call("torch.nn.Linear", 2, 2) for _layer in range(2))
    frozen.requires_grad_(False)
    check_count(student, student.call("torch.nn.Sequential", layer, layer, frozen), 6)


@count_parameters.check()
def tied(student, rng):
    """Two layers of 3 by 3 that share their weights, and have biases of their own, have 9 + 6."""
    first, second = (student.call("torch.nn.Linear", 3, 3) for _layer in range(2))
    student.set(second, "weight", first.get("weight", keep=True))
    check_count(student, student.call("torch.nn.Sequential", first, second), 15)


# --- weights for the eye -------------------------------------------------------------------------


def middles(**values):
    """Convolutions of one channel that multiply: kernel and factor by name."""
    kernels = {name: np.zeros((1, 1, size, size)) for name, (size, _factor) in values.items()}
    for name, (size, factor) in values.items():
        kernels[name][0, 0, size // 2, size // 2] = factor
    return {f"{name}.weight": kernel for name, kernel in kernels.items()}


def norms(**values):
    """Batch normalisations of one channel that multiply and add."""
    named = {name: {"weight": [by], "bias": [term]} for name, (by, term) in values.items()}
    return {f"{name}.{part}": v for name, parts in named.items() for part, v in parts.items()}


def image(*rows):
    """One image of one channel, (1, 1, H, W)."""
    return np.array([[rows]], dtype=float)


def pixels(*values):
    """Images of one pixel, (N, 1, 1, 1)."""
    return np.array(values, dtype=float).reshape(-1, 1, 1, 1)


ONE: dict[str, Any] = {"in_channels": 1, "out_channels": 1}
SQUARE = image([2, -1], [0, 4])
TWO = np.concatenate([SQUARE, 3 - SQUARE], axis=1)
COUNTED = np.arange(1.0, 17).reshape(1, 1, 4, 4)
#: Batch normalisation adds 1e-5 to the variance.
NEAR: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}


# --- blocks --------------------------------------------------------------------------------------

FOUR = image([1, 5, -1, -2], [2, 3, -4, -3])

vgg_block = (
    Checks("cnn_architectures-vgg", vgg)
    .holds("Height and width are halved, and an odd last row or column is dropped.",
           vgg.check_shape, ((3, 8, 2), (6, 5)))
    .holds("Asked for three convolutions, it registers three of 3x3, the first from in_channels.",
           vgg.check_weights, ((2, 4, 3), (4, 4)))
    .by_hand("A kernel with 1 in its middle and 0 around it leaves the largest of four pixels, "
             "or 0.", **ONE, num_convs=1, params=middles(conv1=(3, 1)), x=FOUR, out=image([5, 0]))
    .by_hand("Two kernels with -1 in their middles leave 0: what is below 0 is 0 for the second.",
             **ONE, num_convs=2, params=middles(conv1=(3, -1), conv2=(3, -1)),
             x=FOUR, out=image([0, 0]))
)  # fmt: skip

SEVEN = (3, 4, 2, 5, 1, 6, 7)
INCEPTION = dict.fromkeys(
    ("in_channels", "c1", "c3_reduce", "c3", "c5_reduce", "c5", "pool_proj"), 1
)


def branches(*factors):
    """An Inception module of one channel whose convolutions multiply by these."""
    names = ("conv1", "conv3_reduce", "conv3", "conv5_reduce", "conv5", "pool_proj")
    pairs = zip((1, 1, 3, 1, 5, 1), factors, strict=True)
    return {**INCEPTION, "params": middles(**dict(zip(names, pairs, strict=True)))}


inception_module = (
    Checks("cnn_architectures-inception", inception)
    .holds("The six convolutions have the documented names, kernels and channels.",
           inception.check_weights, (SEVEN, (2, 2)))
    .holds("Height and width stay, and the channels of the four branches add up.",
           inception.check_shape, (SEVEN, (7, 6)))
    .holds("It works even on an image of one pixel.", inception.check_shape, (SEVEN, (1, 1)))
    .by_hand("Branches that multiply by 1, 2, 3 and 4 come out in this order.",
             **branches(1, 1, 2, 1, 3, 4), x=np.ones((1, 1, 4, 5)),
             out=np.ones((1, 4, 4, 5)) * np.array([1, 2, 3, 4])[:, None, None])
    .by_hand("The pool is first: of -1, -2, -3 and -4 it leaves -1, and times -1 that is 1.",
             **branches(0, 0, 0, 0, 0, -1), x=image([-1, -2], [-3, -4]),
             out=np.ones((1, 4, 2, 2)) * np.array([0, 0, 0, 1])[:, None, None])
    .by_hand("What is below 0 after any of the convolutions is 0 from there on.",
             **branches(*[-1] * 6), x=np.ones((1, 1, 4, 5)), out=np.zeros((1, 4, 4, 5)))
)  # fmt: skip


def two(first, second, **more):
    return middles(conv1=(3, first), conv2=(3, second), **more)


#: Beside the pixel itself, the second convolution adds its right neighbour.
NEIGHBOUR = np.array([[[[0, 0, 0], [0, 1, 1], [0, 0, 0.0]]]])
SHORTCUT = {"shortcut.0.weight": np.ones((1, 1, 1, 1))}

residual_block = (
    Checks("cnn_architectures-residual", residual, ((1, 1), (2, 2)))
    .holds("Stride 2 halves height and width, rounded up, and the channels are those asked for.",
           residual.check_shape, *((made, (7, 4)) for made in ((3, 8, 2), (3, 3), (3, 8))))
    .by_hand("Where F gives 0 and the shape stays, the block gives ReLU(x).",
             in_channels=2, out_channels=2, params={}, x=TWO, out=np.maximum(TWO, 0), **NEAR)
    .untouched("x is not changed.")
    .by_hand("F is -3 ReLU(x) for one set of weights: 2 - 6 is below 0, and so becomes 0.",
             **ONE, params=two(1, -3), x=SQUARE, out=image([0, 0], [0, 0]), **NEAR)
    .by_hand("With * 2, - 1, ReLU, * (-1), then * 2 + 3, the pixels 3, 1 and 0.25 give 0, 2, 3.25.",
             **ONE, params=two(2, -1) | norms(bn1=(1, -1), bn2=(2, 3)),
             x=pixels(3, 1, 0.25, -1, -6), out=pixels(0, 2, 3.25, 2, 0), **NEAR)
    .by_hand("conv1 has the stride: it takes 1, 3, 9 and 11; conv2 adds to each its right "
             "neighbour.", **ONE, stride=2, params=two(1, 0) | {"conv2.weight": NEIGHBOUR},
             x=COUNTED, out=image([4, 3], [20, 11]), **NEAR)
    .by_hand("With stride 2, the shortcut takes every second pixel of every second row.",
             **ONE, stride=2, params=SHORTCUT, x=COUNTED, out=image([1, 3], [9, 11]), **NEAR)
)  # fmt: skip

SAME: dict[str, Any] = {"in_channels": 1, "mid_channels": 1, "stride": 1, "expansion": 1}
SUMS = {"conv2.weight": np.ones((1, 1, 3, 3))}


def three(first, second, third):
    return middles(conv1=(1, first), conv2=(3, second), conv3=(1, third))


bottleneck_block = (
    Checks("cnn_architectures-bottleneck", bottleneck, ((1, 1, 1, 1), (2, 2)))
    .holds("It gives expansion * mid_channels channels, and 4 * mid_channels if nothing is said.",
           bottleneck.check_shape, ((3, 2, 2), (7, 4)), ((6, 2, 1, 3), (5, 4)), ((2, 2), (5, 4)))
    .by_hand("Where F gives 0 and the shape stays, the block gives ReLU(x).",
             in_channels=2, mid_channels=2, stride=1, expansion=1, params={}, x=TWO,
             out=np.maximum(TWO, 0), **NEAR)
    .untouched("x is not changed.")
    .by_hand("F is -3 ReLU(x) for one set of weights: 2 - 6 is below 0, and so becomes 0.",
             **SAME, params=three(1, 3, -1), x=SQUARE, out=image([0, 0], [0, 0]), **NEAR)
    .by_hand("With * 3, - 1; * (-2), * 2 + 10; * 1, - 1.5 the pixels 3, 1, 0.25 give 1.5, 1.5, "
             "8.75.", **SAME,
             params=three(3, -2, 1) | norms(bn1=(1, -1), bn2=(2, 10), bn3=(1, -1.5)),
             x=pixels(3, 1, 0.25, -1, -20), out=pixels(1.5, 1.5, 8.75, 7.5, 0), **NEAR)
    .by_hand("conv2, of ones, sees all pixels, and with its stride leaves every second sum.",
             **{**SAME, "stride": 2}, params=three(1, 1, 1) | SUMS | norms(bn3=(1, -20)),
             x=COUNTED, out=image([0, 10], [37, 79]), **NEAR)
    .holds("In training, the first BN sees all pixels, the others what the stride of conv2 leaves.",
           bottleneck.check_training, ((1, 1, 2, 1), (4, 4)))
)  # fmt: skip

ALL_AND_NEW = np.zeros((1, 2, 3, 3))
ALL_AND_NEW[:, :, 1, 1] = 1


def constant(value, channels):
    """A layer that gives this value, whatever it sees."""
    kernel = np.zeros((1, channels, 3, 3))
    kernel[0, 0, 1, 1] = value / 100
    place = channels - 1
    return {f"norms.{place}.weight": np.zeros(channels), f"convs.{place}.weight": kernel,
            f"norms.{place}.bias": np.full(channels, 100.0)}  # fmt: skip


dense_block = (
    Checks("cnn_architectures-dense", dense, ((1, 1, 1), (2, 2)))
    .holds("Height and width stay, and each layer adds growth_rate channels.",
           dense.check_shape, ((3, 4, 2), (5, 6)))
    .by_hand("1 becomes (1, 2, 3) and -1 becomes (-1, 0, 0) with the weights 2, then 1 and 1.",
             in_channels=1, growth_rate=1, num_layers=2,
             params=middles(**{"convs.0": (3, 2)}) | {"convs.1.weight": ALL_AND_NEW},
             x=image([1, -1]), out=np.array([[[[1.0, -1]], [[2, 0]], [[3, 0]]]]), **NEAR)
    .by_hand("With norm * 2 - 1 and convolution * (-3), 3, -2 and 1 get -15, 0 and -3 beside them.",
             in_channels=1, growth_rate=1, num_layers=1,
             params=middles(**{"convs.0": (3, -3)}) | norms(**{"norms.0": (2, -1)}),
             x=pixels(3, -2, 1), out=np.concatenate([pixels(3, -2, 1), pixels(-15, 0, -3)], 1),
             **NEAR)
    .by_hand("Layers that give 1, 2 and 3, whatever they see, stand in this order behind x.",
             in_channels=1, growth_rate=1, num_layers=3,
             params=constant(1, 1) | constant(2, 2) | constant(3, 3),
             x=pixels(7), out=np.array([7.0, 1, 2, 3]).reshape(1, 4, 1, 1), **NEAR)
    .untouched("x is not changed.")
)  # fmt: skip

TENS = np.ones((1, 2, 3, 3)) * np.array([1, 10])[:, None, None]
COUNTS = np.array([[4.0, 6, 4], [6, 9, 6], [4, 6, 4]])
BOTH: dict[str, Any] = {"in_channels": 2, "out_channels": 2}
COUNTING = {"depthwise.weight": np.ones((2, 1, 3, 3)),
            "pointwise.weight": np.eye(2).reshape(2, 2, 1, 1)}  # fmt: skip

separable_conv = (
    Checks("cnn_architectures-separable", separable)
    .holds("Stride 2 halves height and width, rounded up, and the channels are those asked for.",
           separable.check_shape, ((3, 8, 2), (7, 4)))
    .by_hand("Kernels of ones count 4 pixels in a corner, 6 at an edge, 9 inside, each channel "
             "alone.", **BOTH, params=COUNTING, x=TENS, out=np.array([[COUNTS, 10 * COUNTS]]),
             **NEAR)
    .by_hand("Where bn1 takes 50 away, the counts 40, 60 and 90 become 0, 10 and 40.",
             **BOTH, params=COUNTING | {"bn1.bias": [-50.0, -50.0]}, x=TENS,
             out=np.array([[0 * COUNTS, np.maximum(10 * COUNTS - 50, 0)]]), **NEAR)
    .by_hand("With * (-1), * 2 - 1 and ReLU, then * (-3), + 10 and ReLU, 3, -2, 1, -5 give 10, 1, "
             "10, 0.", **ONE, params=middles(depthwise=(3, -1), pointwise=(1, -3))
             | norms(bn1=(2, -1), bn2=(1, 10)),
             x=pixels(3, -2, 1, -5), out=pixels(10, 1, 10, 0), **NEAR)
    .holds("In training, both BN see what the stride of the depthwise convolution leaves.",
           separable.check_training, ((2, 3, 2), (4, 5)))
)  # fmt: skip
