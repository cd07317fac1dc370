"""What the public and hidden checks of knn share."""

import numpy as np

from assignments.compare import assert_equal
from assignments.messages import _
from assignments.standins.a1_classifiers.knn import one_loop, trained, vote
from assignments.student import CheckFailed, Student, StudentError
from assignments.syntax import loop_depth


def check_one_loop(student: Student, rng: np.random.Generator) -> None:
    """Is compute_distances_one_loop right, with one loop, and only one level deep?"""
    one_loop.check(student, one_loop.inputs(rng))
    depth = loop_depth(student, one_loop.name)
    if depth == 0:
        raise CheckFailed(_("there is no loop; this version goes through one set in a loop"))
    if depth > 1:
        raise CheckFailed(_("there is a loop within a loop: {depth} deep").format(depth=depth))


def check_method(student: Student, tables: np.ndarray, y_train: np.ndarray, k: int) -> None:
    """Does predict take the distances of the method that num_loops says?

    Args:
        tables: (3, num_test, num_train), distances for the methods of no, one and two loops: each
            answers with its own, so the labels tell which was called.
    """
    classifier = trained(student, y_train=y_train)
    for loops, table in zip(("no_loops", "one_loop", "two_loops"), tables, strict=True):
        method = f"compute_distances_{loops}"
        classifier.set(method, student.serve(lambda X, table=table: table, method))
    X = np.zeros((tables.shape[1], 1))
    for given in ({"num_loops": 0}, {"num_loops": 1}, {"num_loops": 2}, {}):
        what = f"y_pred (num_loops={given.get('num_loops', _('not given'))})"
        want = vote(y_train, tables[given.get("num_loops", 0)], k)
        assert_equal(classifier.predict(X, k=k, **given), want, what)


def check_refused(student: Student, *wrong: int) -> None:
    """Does predict raise a ValueError for these num_loops?"""
    X = np.eye(6)
    classifier = trained(student, X_train=X, y_train=np.arange(6))
    for num_loops in wrong:
        try:
            classifier.predict(X, k=1, num_loops=num_loops)
        except StudentError as error:
            if error.blank:
                raise
            if error.type != "ValueError":
                reason = _("num_loops={num_loops} raises {type}, not ValueError")
                raise CheckFailed(reason.format(num_loops=num_loops, type=error.type)) from error
        else:
            raise CheckFailed(_("num_loops={num_loops} raises nothing").format(num_loops=num_loops))
