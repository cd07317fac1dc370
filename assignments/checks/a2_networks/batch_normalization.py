"""How batchnorm_backward_alt finds its gradients: what its public and its hidden checks share."""

import ast
from typing import Any

import numpy as np

from assignments.messages import _
from assignments.standins.a2_networks.batch_normalization import batchnorm_alt
from assignments.student import CheckFailed, Student, StudentError
from assignments.syntax import names_read, same_code

#: The steps through the graph divide at nearly every one; the formula, by std and by N at most
#: twice each, even where it computes x_hat again.
IN_FORMULA = 4
STEPS, FORMULA = "batchnorm_backward", batchnorm_alt.backward.name


def check_shape(array: np.ndarray, shape: tuple[int, ...], what: str = "out") -> None:
    """Has an array the shape of x?"""
    if array.shape != shape:
        reason = _("{what} has shape {got}, where {want} is expected")
        raise CheckFailed(reason.format(what=what, got=array.shape, want=shape))


def check_on_its_own(student: Student, case: Any) -> None:
    """Is it right, without batchnorm_backward?"""
    batchnorm_alt.backward.check(student, case)
    if STEPS in names_read(student, FORMULA):
        raise CheckFailed(_("it uses batchnorm_backward; write the formula instead"))


def check_not_copied(student: Student, case: Any) -> None:
    """Is it right, and not the steps of batchnorm_backward again? Both may hold the formula."""
    batchnorm_alt.backward.check(student, case)
    try:
        same = same_code(student, FORMULA, STEPS)
    except StudentError:  # there is no batchnorm_backward
        return
    tree = ast.parse(student.source(FORMULA))
    divisions = sum(isinstance(node, ast.Div | ast.Pow) for node in ast.walk(tree))
    if same and divisions > IN_FORMULA:
        raise CheckFailed(_("these are the steps of batchnorm_backward; write the formula instead"))


def check_own_way(student: Student, case: Any) -> None:
    """Is it right, without batchnorm_backward and without its steps?"""
    check_on_its_own(student, case)
    check_not_copied(student, case)
