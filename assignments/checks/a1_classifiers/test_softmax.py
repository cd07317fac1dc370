"""Public checks of the softmax notebook: examples by hand, then random ones against PyTorch."""

import math

import numpy as np

from assignments.checks.a1_classifiers.test_svm import (
    assert_no_loop,
    check_gradient,
    check_inputs,
    check_loss,
    check_own_gradient,
    gradient_of,
    loss_of,
    random_problem,
    sizes_of,
    to_pair,
)
from assignments.compare import assert_close, assert_equal, assert_unchanged, to_array
from assignments.messages import N_, _
from assignments.questions import question
from assignments.standins.a1_classifiers.softmax import softmax_loss_vectorized as right_loss
from assignments.standins.a1_classifiers.svm import svm_loss_vectorized as right_svm_loss
from assignments.student import CheckFailed, Remote

#: Scores of two examples. The probabilities are 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8,
#: 1/8 (right: the third).
SCORES, LABELS = np.log([[1.0, 3.0, 4.0], [4.0, 3.0, 1.0]]), np.array([1, 2])


@question("softmax-loss-naive")
def test_naive_by_hand(student, rng):
    """For p = 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8, 1/8 (the third) the loss is right."""
    check_loss_by_hand(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_gradient_by_hand(student, rng):
    """There, dW is half of (1/8, -5/8, 4/8) and half of (4/8, 3/8, -7/8)."""
    check_gradient_by_hand(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_loss(student, rng):
    """The loss of random examples is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_loss(student, "softmax_loss_naive", right_loss, *random_problem(rng), reg)


@question("softmax-loss-naive")
def test_naive_gradient(student, rng):
    """The gradient is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_gradient(student, "softmax_loss_naive", right_loss, *random_problem(rng), reg)


@question("softmax-loss-naive")
def test_naive_own_gradient(student, rng):
    """The gradient is that of your own loss: it agrees with the numerical gradient."""
    check_own_gradient(student, "softmax_loss_naive", *random_problem(rng), 0.1, right_loss)


@question("softmax-loss-naive")
def test_naive_large_scores(student, rng):
    """Scores of some thousands lead neither to NaN nor to infinity."""
    check_large_scores(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_tiny_probability(student, rng):
    """Where the probability of the right class rounds to zero, the loss is large, not infinite."""
    check_tiny_probability(student, "softmax_loss_naive")


@question("softmax-loss-naive")
def test_naive_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "softmax_loss_naive", *random_problem(rng))


@question("softmax-loss-vectorized")
def test_vectorized_by_hand(student, rng):
    """Loss and gradient of the two examples that softmax_loss_naive was tried on are right."""
    check_loss_by_hand(student, "softmax_loss_vectorized")
    check_gradient_by_hand(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_loss(student, rng):
    """The loss of random examples is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_loss(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), reg)


@question("softmax-loss-vectorized")
def test_vectorized_gradient(student, rng):
    """The gradient is right, without and with regularisation."""
    for reg in (0.0, 0.7):
        check_gradient(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), reg)


@question("softmax-loss-vectorized")
def test_vectorized_large_scores(student, rng):
    """Scores of some thousands lead neither to NaN nor to infinity."""
    check_large_scores(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_tiny_probability(student, rng):
    """Where the probability of the right class rounds to zero, the loss is large, not infinite."""
    check_tiny_probability(student, "softmax_loss_vectorized")


@question("softmax-loss-vectorized")
def test_vectorized_inputs(student, rng):
    """Nothing that is passed in is changed."""
    check_inputs(student, "softmax_loss_vectorized", *random_problem(rng))


@question("softmax-loss-vectorized")
def test_vectorized_has_no_loop(student, rng):
    """The loss is right, and there is no loop."""
    check_loss(student, "softmax_loss_vectorized", right_loss, *random_problem(rng), 0.7)
    assert_no_loop(student, "softmax_loss_vectorized")


@question("softmax-classifiers")
def test_softmax_uses_its_weights(student, rng):
    """Softmax().loss is the cross-entropy at self.W, with its gradient."""
    check_model(student, "Softmax", right_loss, *random_problem(rng), 0.3)


@question("softmax-classifiers")
def test_svm_uses_its_weights(student, rng):
    """LinearSVM().loss is the hinge loss at self.W, with its gradient."""
    check_model(student, "LinearSVM", right_svm_loss, *random_problem(rng), 0.3)


@question("softmax-train")
def test_train_steps(student, rng):
    """Each step moves W against the gradient, and the loss of each step is returned."""
    check_steps(student, rng, num_iters=5)


@question("softmax-train")
def test_train_batches(student, rng):
    """Each step sees a random batch of the asked size, with labels that belong to its examples."""
    check_batches(student, rng)


@question("softmax-predict")
def test_predict_by_hand(student, rng):
    """The class with the largest score is predicted."""
    model = student.Softmax()
    model.set("W", np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]]))
    X = np.array([[2.0, 1.0], [-1.0, -3.0], [0.5, 4.0], [3.0, -1.0]])
    assert_equal(model.predict(X), np.array([0, 2, 1, 0]), "y_pred", show=True)


@question("softmax-predict")
def test_predict_inputs(student, rng):
    """Neither X nor self.W is changed."""
    W = rng.normal(size=(2, 3))
    model = student.Softmax()
    model.set("W", W)
    model.predict(rng.normal(size=(4, 2)))
    assert_unchanged(student.changed, {0: "X"})
    if not np.array_equal(model.get("W"), W):
        raise CheckFailed(_("the call changes self.W in place; work on a copy"))


# --- shared with the hidden checks ---------------------------------------------------------------


def check_loss_by_hand(student, name):
    """Is the loss of the examples above right?"""
    assert_loss_by_hand(loss_of(student, name, SCORES, np.eye(2), LABELS, 0.0))


def check_gradient_by_hand(student, name):
    """Is the gradient for the examples above right? Each has a row of its own in dW."""
    assert_gradient_by_hand(gradient_of(student, name, SCORES, np.eye(2), LABELS, 0.0), "dW")


def assert_loss_by_hand(loss):
    """Is this the cross-entropy of SCORES and LABELS?"""
    assert_close(loss, (math.log(8 / 3) + math.log(8)) / 2, "loss", show=True)


def assert_gradient_by_hand(gradient, what):
    """Is this the gradient for SCORES and LABELS?"""
    assert_close(gradient, np.array([[1, -5, 4], [4, 3, -7]]) / 16, what, show=True)


def check_large_scores(student, name):
    """Rows of scores around 3000, 0 and -3000; probabilities do not notice."""
    W = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    X = np.array([[1.0, 3000.0], [1.0, 0.0], [1.0, -3000.0]])
    y = np.array([2, 0, 2])
    check_loss(student, name, right_loss, W, X, y, 0.0)
    check_gradient(student, name, right_loss, W, X, y, 0.0)


def check_tiny_probability(student, name):
    """The right class scores 2000 less than the other."""
    loss = loss_of(student, name, np.array([[0.0, 2000.0]]), np.array([[1.0]]), np.array([0]), 0.0)
    assert_close(loss, 2000.0, "loss", show=True)


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
