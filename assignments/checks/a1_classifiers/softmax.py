"""What the public and hidden checks of softmax share with others."""

import math

import numpy as np

from assignments.checks.a1_classifiers.svm import (
    sizes_of,
    to_pair,
)
from assignments.compare import assert_close, to_array
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote

#: Scores of two examples. The probabilities are 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8,
#: 1/8 (right: the third).
SCORES, LABELS = np.log([[1.0, 3.0, 4.0], [4.0, 3.0, 1.0]]), np.array([1, 2])


def assert_loss_by_hand(loss):
    """Is this the cross-entropy of SCORES and LABELS?"""
    assert_close(loss, (math.log(8 / 3) + math.log(8)) / 2, "loss", show=True)


def assert_gradient_by_hand(gradient, what):
    """Is this the gradient for SCORES and LABELS?"""
    assert_close(gradient, np.array([[1, -5, 4], [4, 3, -7]]) / 16, what, show=True)


def check_model(student, name, right, W, X, y, reg):
    """Does a classifier's loss use its own weights?"""
    model = student.call(name)
    model.set("W", W)
    got = to_pair(model.loss(X, y, reg))
    for what, part, want in zip(("loss", "dW"), got, right(W, X, y, reg), strict=True):
        assert_close(part, want, what, factors=sizes_of(W, X))


def check_steps(student, rng, num_iters):
    """Train on losses and gradients of our own, whatever the batches are.

    They are given one after the other, so that the answer does not depend on how examples are
    drawn.
    """
    N, D, C, rate = 12, 4, 3, 0.05
    W = rng.normal(size=(D, C))
    losses = rng.uniform(1, 2, size=num_iters)
    gradients = rng.normal(size=(num_iters, D, C))
    calls = 0

    def loss(X, y, reg):
        nonlocal calls
        calls += 1
        if calls > num_iters:
            return 0.0, np.zeros((D, C))
        return float(losses[calls - 1]), gradients[calls - 1]

    model = student.LinearClassifier()
    model.set("W", W)
    model.set("loss", student.serve(loss, "loss"))
    history = model.train(
        rng.normal(size=(N, D)),
        rng.integers(C, size=N),
        learning_rate=rate,
        reg=0.4,
        num_iters=num_iters,
        batch_size=4,
    )
    assert_one_call_a_step(calls, num_iters)
    assert_close(to_history(history), losses, _("the loss history"))
    moved = to_array(model.get("W"), "self.W")
    if moved.shape != W.shape:
        raise CheckFailed(_("self.W changes its shape to {shape}").format(shape=moved.shape))
    assert_close(
        moved - W,
        -rate * gradients.sum(axis=0),
        _("the change of self.W"),
        factors={_("the learning rate"): rate, _("the size of a batch"): 4},
    )


#: What may be wrong with a batch. The loss that we answer with is the sum of their numbers: so the
#: history tells what was wrong, and does not depend on which examples were drawn.
BATCH_FAULTS = {
    1: N_("a batch is not of the size that batch_size says"),
    2: N_("a batch holds rows that are no training examples"),
    4: N_("labels do not belong to the examples beside them"),
    8: N_("the loss is not asked for with the reg that train was given"),
    16: N_("the batches do not change from step to step"),
    32: N_("the first batch is made of the first training examples: draw at random"),
    64: N_("some training examples are never drawn"),
    128: N_("the last training example is never drawn: np.random.randint(0, n) ends at n - 1"),
}


def check_batches(student, rng, N=40, batch_size=20, num_iters=38):
    """Look at each batch that the loss is asked for."""
    D, C, reg = 3, 4, 0.25
    X, y = rng.normal(size=(N, D)), rng.integers(C, size=N)
    places = {row.tobytes(): place for place, row in enumerate(X)}
    seen: list[list[int]] = []
    faults: set[int] = set()

    def loss(X_batch, y_batch, its_reg):
        rows = [places.get(np.asarray(row, np.float64).tobytes(), -1) for row in X_batch]
        found = {
            1: len(rows) != batch_size or len(y_batch) != batch_size,
            2: -1 in rows,
            4: len(rows) == len(y_batch) and not np.array_equal(y[rows], y_batch),
            8: its_reg != reg,
            16: bool(seen) and sorted(rows) == seen[-1],
            32: not seen and sorted(rows) == list(range(batch_size)),
        }
        seen.append(sorted(rows))
        # By chance, an example is never drawn in one run of 10**9.
        never = set(range(N)).difference(*seen) if len(seen) == num_iters else set()
        found |= {64: bool(never) and never != {N - 1}, 128: never == {N - 1}}
        faults.update(number for number, is_so in found.items() if is_so)
        return float(sum(number for number, is_so in found.items() if is_so)), np.zeros((D, C))

    model = student.LinearClassifier()
    model.set("W", np.zeros((D, C)))
    model.set("loss", student.serve(loss, "loss"))
    model.train(X, y, reg=reg, num_iters=num_iters, batch_size=batch_size)
    assert_one_call_a_step(len(seen), num_iters)
    if faults:
        raise CheckFailed(_(BATCH_FAULTS[min(faults)]))


def assert_one_call_a_step(calls, num_iters):
    """Was the loss asked for once in each step?"""
    if not calls:
        raise CheckFailed(_("self.loss is never called"))
    if calls > num_iters:
        raise CheckFailed(
            _("self.loss is called {calls} times in {steps} steps; once a step is enough").format(
                calls=calls, steps=num_iters
            )
        )


def to_history(history):
    """The loss history as an array."""
    if isinstance(history, list | tuple) and not any(isinstance(loss, Remote) for loss in history):
        return np.array([float(loss) for loss in history])
    return history
