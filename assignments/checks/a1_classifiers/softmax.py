"""What the public and hidden checks of softmax share: training, told apart from what it trains."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from assignments.compare import assert_close, to_array
from assignments.families.function import make
from assignments.messages import N_, _
from assignments.student import CheckFailed, Remote, Student

#: Scores of two examples. The probabilities are 1/8, 3/8, 4/8 (right: the second) and 4/8, 3/8,
#: 1/8 (right: the third).
SCORES, LABELS = np.log([[1.0, 3.0, 4.0], [4.0, 3.0, 1.0]]), np.array([1, 2])


def train(
    student: Student,
    W: np.ndarray,
    loss: Callable[[Sequence, Sequence, float], tuple[float, np.ndarray]],
    X: np.ndarray,
    y: np.ndarray,
    num_iters: int,
    **settings: float,
) -> tuple[Remote, Any]:
    """The model and the history of losses, where each step asks us for loss and gradient."""
    calls = 0

    def counted(X: Sequence, y: Sequence, reg: float) -> tuple[float, np.ndarray]:
        nonlocal calls
        calls += 1
        return loss(X, y, reg) if calls <= num_iters else (0.0, np.zeros(W.shape))

    model = make(student, "LinearClassifier", W=W, loss=student.serve(counted, "loss"))
    history = model.train(X, y, num_iters=num_iters, **settings)
    if not calls:
        raise CheckFailed(_("self.loss is never called"))
    if calls > num_iters:
        raise CheckFailed(
            _("self.loss is called {calls} times in {steps} steps; once a step is enough").format(
                calls=calls, steps=num_iters
            )
        )
    return model, history


def check_steps(student: Student, rng: np.random.Generator, num_iters: int) -> None:
    """Does each step move W by what it should, and is its loss in the history?

    Losses and gradients are given one after the other, so that the answer does not depend on how
    examples are drawn.
    """
    W, rate = rng.normal(size=(4, 3)), 0.05
    losses = rng.uniform(1, 2, size=num_iters)
    gradients = rng.normal(size=(num_iters, 4, 3))
    answers = zip(losses.tolist(), gradients, strict=True)
    X, y = rng.normal(size=(12, 4)), rng.integers(3, size=12)
    model, history = train(
        student, W, lambda *_: next(answers), X, y, num_iters,
        learning_rate=rate, reg=0.4, batch_size=4,
    )  # fmt: skip
    if isinstance(history, list | tuple) and not any(isinstance(loss, Remote) for loss in history):
        history = np.array([float(loss) for loss in history])
    assert_close(history, losses, _("the loss history"))
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


def check_batches(student: Student, rng: np.random.Generator) -> None:
    """Does each step see a random batch, with the labels that belong to its examples?"""
    N, size, num_iters, W, right_reg = 40, 20, 38, np.zeros((3, 4)), 0.25
    X, y = rng.normal(size=(N, 3)), rng.integers(4, size=N)
    places = {row.tobytes(): place for place, row in enumerate(X)}
    seen: list[list[int]] = []
    faults: set[int] = set()

    def loss(X_batch: Sequence, y_batch: Sequence, reg: float) -> tuple[float, np.ndarray]:
        rows = [places.get(np.asarray(row, np.float64).tobytes(), -1) for row in X_batch]
        found = {
            1: len(rows) != size or len(y_batch) != size,
            2: -1 in rows,
            4: len(rows) == len(y_batch) and not np.array_equal(y[rows], y_batch),
            8: reg != right_reg,
            16: bool(seen) and sorted(rows) == seen[-1],
            32: not seen and sorted(rows) == list(range(size)),
        }
        seen.append(sorted(rows))
        # By chance, an example is never drawn in one run of 10**9.
        never = set(range(N)).difference(*seen) if len(seen) == num_iters else set()
        found |= {64: bool(never) and never != {N - 1}, 128: never == {N - 1}}
        mine = [number for number, is_so in found.items() if is_so]
        faults.update(mine)
        return float(sum(mine)), W

    train(student, W, loss, X, y, num_iters, reg=right_reg, batch_size=size)
    if faults:
        raise CheckFailed(_(BATCH_FAULTS[min(faults)]))
