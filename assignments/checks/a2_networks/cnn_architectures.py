"""What the public and hidden checks of cnn_architectures share with others."""

import re

import torch

from assignments.compare import to_array
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError, explained

Weights = dict[str, torch.Tensor]


def block_errors() -> dict[str, str]:
    """Parts of PyTorch's messages, and what a mistake that leads there may be."""
    return {
        "expected input": _("a convolution gets another number of channels than it was made for"),
        "at non-singleton dimension 1": _(
            "what is added has other channels: is there a projection, or is it to be concatenated?"
        ),
        "at non-singleton dimension": _(
            "what is added has another height or width: look at strides"
        ),
        "except in dimension 1": _("the branches have other heights or widths"),
        "except in dimension 0": _("channels are axis 1: dim=1"),
        "running_mean should contain": _(
            "a BN was made for another number of channels than it gets"
        ),
        "Output size is too small": _(
            "images get too small: is padding missing, or a pool too much?"
        ),
        "Kernel size can't be greater": _("images get too small: is padding missing?"),
        "mixed dtype": _("are layers kept in a plain list? nn.ModuleList registers them"),
        "is not a Module subclass": _("nn.Sequential(*layers) takes the layers apart, with a star"),
        "divisible by groups": _("as many groups as channels go in, for the depthwise one alone"),
    }


def check_whole(got: object, want: int, what: str) -> None:
    """Is the answer this whole number, and of a type that can be a size?"""
    array = to_array(got, what, ndim=0)
    if array.dtype.kind not in "iu":
        raise CheckFailed(
            _("{what} is a {kind}, where an int is expected").format(
                what=what, kind=type(got).__name__
            ),
            _("// divides and rounds down, and gives an int")
            if what.startswith("conv_output")
            else "",
        )
    if array != want:
        size = _("too large") if array > want else _("too small")
        raise CheckFailed(
            _("{what} is {got}, which is {size}").format(what=what, got=int(array), size=size)
        )


def build(student: Student, name: str, *args: int, **kwargs: int) -> Remote:
    """A block of the student's, in double precision and in eval mode."""
    with explained(block_errors()):
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
            ),
            _cause_of_missing(name),
        ) from error
    if got != shape:
        raise CheckFailed(
            _("{what} has shape {got}, where {want} is expected").format(
                what=name, got=got, want=shape
            ),
            _cause_of_weight(name, got, shape),
        )


def _cause_of_missing(name: str) -> str:
    if name.startswith("shortcut.0"):
        return _("where stride is not 1, or the channels differ, shortcut is a convolution and BN")
    if name.startswith("shortcut.1"):
        return _("the shortcut's convolution is followed by BN")
    return ""


def _cause_of_weight(name: str, got: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(got) != len(want):
        return ""
    if got[2:] != want[2:]:
        return _("the kernel has another size")
    if name.startswith("depthwise") and got[0] == want[0]:
        return _("each channel by itself: as many groups as there are channels")
    return _("other numbers of channels than described")


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
                ).format(n=number, got=got, want=want),
                _cause_of_weight("", got, want),
            )
    return every
