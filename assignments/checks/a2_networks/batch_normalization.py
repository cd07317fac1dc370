"""What the public and hidden checks of batch_normalization share with others."""

import ast

import numpy as np

from assignments.checks.a1_classifiers.two_layer_net import forward
from assignments.compare import assert_close, unpack
from assignments.messages import _
from assignments.student import CheckFailed, Remote, Student, StudentError
from assignments.syntax import names_read, same_code

#: The steps through the graph divide at nearly every one; the formula, by std and by N at most
#: twice each, even where it computes x_hat again.
IN_FORMULA = 4
PARTS = ("dx", "dgamma", "dbeta")
BACKWARD, BACKWARD_ALT = "batchnorm_backward", "batchnorm_backward_alt"
LAYERNORM_BACKWARD = "layernorm_backward"


def batchnorm(student: Student, *arguments: object) -> object:
    """The outputs of batchnorm_forward."""
    return forward(student, "batchnorm_forward", *arguments)[0]


def check_running(
    student: Student, settings: Remote, mean: np.ndarray, var: np.ndarray, show: bool = False
) -> None:
    """Are these the running averages in bn_param now?"""
    for name, want in (("running_mean", mean), ("running_var", var)):
        assert_close(student.get(settings, f"[{name!r}]"), want, name, show=show)


def check_shape(array: np.ndarray, shape: tuple[int, ...], what: str = "out") -> None:
    """Has an array the shape of x?"""
    if array.shape != shape:
        reason = _("{what} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(what=what, got=array.shape, want=shape))


def gradients(student: Student, backward: str, dout: np.ndarray, cache: object) -> list:
    """dx, dgamma and dbeta from a backward function."""
    return unpack(student.call(backward, dout, cache), backward, PARTS)


def check_no_call(student: Student) -> None:
    """Does batchnorm_backward_alt do without batchnorm_backward?"""
    if BACKWARD in names_read(student, BACKWARD_ALT):
        raise CheckFailed(_("it uses batchnorm_backward; write the formula instead"))


def check_not_copied(student: Student) -> None:
    """Is it more than the steps of batchnorm_backward again? Both may hold the formula."""
    try:
        same = same_code(student, BACKWARD_ALT, BACKWARD)
    except StudentError:  # there is no batchnorm_backward
        return
    if same and divisions(student.source(BACKWARD_ALT)) > IN_FORMULA:
        raise CheckFailed(_("these are the steps of batchnorm_backward; write the formula instead"))


def divisions(source: str) -> int:
    """How often a code divides or takes a power."""
    return sum(isinstance(node, ast.Div | ast.Pow) for node in ast.walk(ast.parse(source)))
