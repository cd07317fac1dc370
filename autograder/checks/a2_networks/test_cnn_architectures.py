"""Hidden checks of the notebook on convolutional blocks.

Blocks get random weights, running averages, gammas and betas, in double precision. The sizes of the
first images are such that wrong strides give wrong numbers rather than an error.
"""

from assignments.compare import assert_equal
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
from autograder.families.hidden import Hidden

# --- numbers of a network ------------------------------------------------------------------------


def any_size(rng):
    kernel, stride, pad = (int(rng.integers(*span)) for span in ((1, 8), (1, 5), (0, 4)))
    return int(rng.integers(kernel, 60)), kernel, stride, pad


conv_output_size = (
    Hidden("cnn_architectures-output-size", output_size)
    # In the first, each wrong formula gives another number.
    .cases("The sizes are those of PyTorch's convolutions.",
           lambda rng: (20, 12, 3, 6), *[any_size] * 20, weight=2)
    .sizes("They are so where the kernel fits only once, or hangs over the end at the next stop.",
           *((kernel + more, kernel, stride, 0) for kernel in (2, 3, 5) for stride in (2, 3, 4)
             for more in (0, stride - 1)))
    .cases("Without stride and pad, it is the size for stride 1 and no padding.",
           lambda rng: (int(rng.integers(20, 40)), int(rng.integers(2, 9))))
)  # fmt: skip


def any_layers(rng):
    numbers = rng.integers(1, [[6], [4]], size=(2, int(rng.integers(2, 6))))
    return ([(int(kernel), int(stride)) for kernel, stride in numbers.T],)


receptive_field = (
    Hidden("cnn_architectures-receptive-field", field, ([(5, 2), (3, 3), (4, 2)],))
    .cases("The fields are as wide as the layers reach.",
           lambda rng: ([(5, 2), (3, 3), (4, 2), (2, 1)],), *[any_layers] * 4, weight=2)
    .sizes("One layer sees its kernel, whatever its stride; without layers it is one pixel.",
           *(([(kernel, stride)],) for kernel, stride in ((4, 1), (7, 2), (11, 5))), ([],))
    .sizes("A 1x1 convolution adds nothing itself, but its stride counts for the layers above.",
           ([(1, 1), (3, 1)],), ([(1, 2), (3, 1)],), ([(3, 2), (1, 3), (4, 1)],))
    .untouched("The list of layers is as it was.", weight=0.5)
)  # fmt: skip

count_parameters = Battery("cnn_architectures-count-parameters")


def check_count(student, model, want):
    assert_equal(student.count_parameters(model), want, "the number of parameters")


@count_parameters.check(weight=2)
def values(student, rng):
    """Frozen parameters, shared ones and buffers are counted as described."""
    a, b = int(rng.integers(3, 9)), int(rng.integers(10, 20))
    first, second, last = (student.call("torch.nn.Linear", a, n) for n in (a, a, b))
    student.set(second, "weight", first.get("weight", keep=True))
    last.get("weight", keep=True).requires_grad_(False)
    norm = student.call("torch.nn.BatchNorm1d", a)
    model = student.call("torch.nn.Sequential", first, norm, second, last)
    check_count(student, model, a * a + 2 * a + 2 * a + b)


@count_parameters.check()
def repeated(student, rng):
    """A module that stands in a model twice counts once."""
    a = int(rng.integers(3, 9))
    layer = student.call("torch.nn.Linear", a, a)
    model = student.call("torch.nn.Sequential", layer, student.call("torch.nn.ReLU"), layer)
    check_count(student, model, a * a + a)


@count_parameters.check()
def frozen(student, rng):
    """A frozen model has none, and a model without parameters neither."""
    model = student.call("torch.nn.Conv2d", 3, 5, 3)
    model.requires_grad_(False)
    check_count(student, model, 0)
    check_count(student, student.call("torch.nn.ReLU"), 0)


# --- blocks --------------------------------------------------------------------------------------

VALUES = "With random weights, the outputs are those of torch.nn.functional."
PROJECTED = "With random weights, outputs are right: with stride, with other channels, with both."
TRAINING = "In training mode, outputs and running averages are right."
GRADIENTS = "The right gradients reach x and all weights."

vgg_block = (
    Hidden("cnn_architectures-vgg", vgg, ((2, 3, 2), (6, 8)))
    .values(VALUES, weight=2)
    .sizes("They are so for one, three and four convolutions, and for images of odd sizes.",
           ((3, 4, 1), (7, 5)), ((3, 3, 3), (5, 9)), ((2, 5, 4), (4, 7)))
    .holds("The right gradients reach all weights.", vgg.check_gradients, ((2, 3, 3), (6, 5)))
)  # fmt: skip

inception_module = (
    Hidden("cnn_architectures-inception", inception, ((3, 4, 2, 4, 3, 4, 4), (6, 8)))
    .values(VALUES, weight=2)
    .sizes("They are so for other channels and odd sizes, even one pixel.",
           ((2, 1, 1, 2, 2, 1, 1), (1, 1)), ((5, 2, 3, 4, 1, 6, 3), (7, 5)),
           ((2, 1, 1, 2, 2, 1, 1), (3, 9)), weight=0.75)
    .single(weight=0.25)
    .holds(GRADIENTS, inception.check_gradients, ((3, 2, 2, 3, 2, 4, 2), (5, 6)))
)  # fmt: skip

residual_block = (
    Hidden("cnn_architectures-residual", residual, ((4, 5, 2), (4, 3)))
    .sizes(PROJECTED, *((made, (4, 3)) for made in ((4, 4, 1), (4, 5, 1), (4, 4, 2), (4, 5, 2))),
           weight=3)
    .sizes("They are so for images of odd sizes and for stride 3.", ((3, 3, 1), (5, 9)),
           ((3, 6, 2), (7, 11)), ((5, 2, 2), (8, 5)), ((2, 2, 3), (10, 7)), weight=0.75)
    .single(weight=0.25)
    .holds(TRAINING, residual.check_training, ((3, 3, 1), (6, 5)), ((3, 4, 2), (6, 5)), weight=2)
    .holds("The right gradients reach x and all weights, also through the shortcut.",
           residual.check_gradients, ((3, 3, 1), (5, 4)), ((2, 3, 2), (5, 4)), weight=2)
    .repeated("x stays as it is, and the outputs are right.", times=2, size=((3, 3, 1), (5, 6)),
              weight=1)
)  # fmt: skip

bottleneck_block = (
    Hidden("cnn_architectures-bottleneck", bottleneck, ((5, 5, 2, 2), (4, 3)))
    .sizes(PROJECTED, *((made, (4, 3)) for made in ((6, 2, 1, 3), (3, 3, 1, 2), (6, 2, 2, 3),
                                                    (5, 5, 2, 2))), weight=3)
    .sizes("They are so for images of odd sizes and expansion 1 and 4.",
           ((8, 2, 1, 4), (5, 9)), ((3, 3, 1, 1), (7, 6)), ((3, 2, 2, 4), (7, 11)),
           ((2, 3, 3, 2), (8, 10)), weight=0.75)
    .single(weight=0.25)
    .holds(TRAINING, bottleneck.check_training, ((6, 3, 1, 2), (6, 5)), ((3, 2, 2, 3), (6, 5)),
           weight=2)
    .holds("The right gradients reach x and all weights, also through the shortcut.",
           bottleneck.check_gradients, ((4, 2, 1, 2), (5, 4)), ((3, 2, 2, 2), (5, 4)))
)  # fmt: skip

dense_block = (
    Hidden("cnn_architectures-dense", dense, ((3, 2, 3), (4, 6)))
    .values(VALUES, weight=2)
    .sizes("They are so for one and four layers, other growth rates and odd sizes.",
           ((4, 2, 1), (5, 7)), ((2, 5, 4), (3, 7)), ((5, 1, 2), (9, 4)), weight=0.75)
    .single(weight=0.25)
    .holds(TRAINING, dense.check_training, ((3, 2, 3), (5, 4)))
    .holds(GRADIENTS, dense.check_gradients, ((2, 3, 3), (4, 5)), weight=0.75)
    .repeated("x stays as it is, and the outputs are right.", times=2, weight=0.25)
)  # fmt: skip

separable_conv = (
    Hidden("cnn_architectures-separable", separable, ((3, 5, 2), (8, 6)))
    .values(VALUES, weight=2)
    .sizes("They are so for other strides and channels and odd sizes.",
           ((4, 4, 1), (5, 7)), ((6, 2, 2), (9, 5)), ((1, 3, 3), (7, 10)), weight=0.75)
    .single(weight=0.25)
    .holds(TRAINING, separable.check_training, ((3, 4, 2), (7, 6)))
    .holds(GRADIENTS, separable.check_gradients, ((4, 3, 2), (5, 6)))
)  # fmt: skip
