"""Hidden checks of the dropout notebook, by what dropout is: a share p of the values, times 1 / p.

The first answers that are asked for (the smallest and the largest value) are the same whatever is
kept. Their order is such that the first of them that is wrong tells the mistakes apart.
"""

from assignments.checks.a2_networks.dropout import dropout
from autograder.families.hidden import Hidden

#: A single example shows a mask for each example, and one (D,) a mask for each batch.
SHAPES = ((1, 80), (70,), (3, 4, 5, 6))

forward_train = (
    Hidden("dropout-forward-train", dropout.forward, ((9, 11),))
    .sizes("With p = 1 nothing is dropped.", ((30, 40), "train", 1.0))
    .holds("What is kept is divided by p, and the rest is 0.",
           dropout.forward.check_extremes, ((60, 80), "train", 0.0, 1.7), weight=3)
    .holds("The share of values that are kept is p, for small and for large p, and no row and no "
           "column is kept or dropped as a whole.",
           dropout.forward.check_share,
           *(((100, 100), "train", p, 1.0) for p in (0.2, 0.45, 0.7, 0.9)), weight=3)
    .sizes("Numbers of any size and sign, in an array of any shape, are either divided by p or 0.",
           *((shape,) for shape in SHAPES))
    .holds("The same seed keeps the same values, other seeds others, and not as many.",
           dropout.forward.check_seeds, ((20, 30),), weight=2)
    .single()
    .untouched("x is as it was.", weight=0.5)
)  # fmt: skip

forward_test = (
    Hidden("dropout-forward-test", dropout.forward, ((4, 5), "test"))
    .holds("In test mode nothing is dropped and nothing is scaled.",
           dropout.forward.check_extremes, ((60, 80), "test", 0.0, 1.7), weight=2)
    .sizes("That holds for numbers of any size and sign, in an array of any shape.",
           *((shape, "test") for shape in SHAPES))
    .untouched("x is as it was.", weight=0.5)
    .single()
)  # fmt: skip

backward = (
    Hidden(
        "dropout-backward", dropout.backward, ((6, 10),),
        # Forward is served whole: what it keeps is read from its out.
        builds_on=dict.fromkeys(
            ("dropout-forward-train", "dropout-forward-test"), ("dropout_forward",)
        ),
    )
    .holds("The gradient is divided by p where a value was kept, and nowhere larger.",
           dropout.backward.check_extremes, ((60, 80),), weight=2)
    .holds("It passes where a value was kept, and only there, for arrays of any shape.",
           dropout.backward.check_mask, *((shape,) for shape in SHAPES), weight=2)
    .holds("Without a seed, two layers that share one dropout_param have a mask each.",
           dropout.backward.check_two_layers, ((6, 50),), weight=2)
    .holds("The mask is that of the forward pass, also when the seed has changed since.",
           dropout.backward.check_seed_changed, ((20, 30),))
    .holds("In test mode the gradient passes as it is.",
           dropout.backward.check_mask, ((7, 11), "test"))
    .untouched("In both modes dout is as it was.", weight=0.5)
)  # fmt: skip
