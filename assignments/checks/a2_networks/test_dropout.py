"""Public checks of the dropout notebook: what is kept, by how much it grows, and the gradient."""

import numpy as np

from assignments.checks.a2_networks.dropout import dropout
from assignments.families.checks import Checks

QUARTER = {"p": 0.25, "mode": "train", "seed": 3}
THREES = np.full((20, 10), 3.0)

forward_train = (
    Checks("dropout-forward-train", dropout.forward, ((12, 10),))
    .by_hand(
        "With p = 1 nothing is dropped.",
        x=[[1, 2, 3, 4], [5, 6, 7, 8]], dropout_param={"p": 1.0, "mode": "train"},
        out=[[1, 2, 3, 4], [5, 6, 7, 8]],
    )
    .holds("With p = 0.3, about three of ten values are kept, each by itself.",
           dropout.forward.check_share, ((100, 100), "train", 0.3, 1.0))
    .sizes("x may be a single example (D,), or have four dimensions.", ((80,),), ((2, 3, 4, 5),))
    .untouched("x is not changed.")
    .holds("The same seed keeps the same values, and another seed others, and not as many.",
           dropout.forward.check_seeds, ((20, 10), "train", 0.5))
    .single()
)  # fmt: skip


@forward_train.check()
def quarter(student, rng):
    """With p = 0.25, every 3 becomes either 12 or 0."""
    dropout.forward.check_extremes(student, (THREES, QUARTER), show=True)


forward_test = Checks("dropout-forward-test", dropout.forward, ((12, 10), "test"))


@forward_test.check()
def test_mode(student, rng):
    """In test mode the values come out as they went in."""
    x = np.tile([[1.0], [2.0], [3.0]], 50)
    dropout.forward.check_extremes(student, (x, {"p": 0.5, "mode": "test"}), show=True)


forward_test.untouched("x is not changed.").single()

backward = (
    Checks("dropout-backward", dropout.backward, ((6, 10),))
    .numerical("In training, dx is the numerical gradient of your dropout_forward.",
               ((4, 5), "train", 0.6))
    .holds("Another seed afterwards changes nothing: dx is 0 where out was.",
           dropout.backward.check_seed_changed, ((6, 10), "train", 0.5))
    .holds("Of two layers that share one dropout_param, each has a mask of its own.",
           dropout.backward.check_two_layers, ((6, 10), "train", 0.5))
    .numerical("In test mode, dx is the numerical gradient, too.", ((4, 5), "test", 0.6))
    .untouched("dout is not changed.")
)  # fmt: skip


@backward.check()
def quarter_of_dout(student, rng):
    """With p = 0.25, every 3 in dout becomes either 12 or 0 in dx."""
    case = (np.ones(THREES.shape), QUARTER, THREES)
    dropout.backward.check_extremes(student, case, show=True)
