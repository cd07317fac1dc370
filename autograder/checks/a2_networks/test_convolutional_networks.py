"""Hidden checks of the convolutional-networks notebook, against PyTorch's layers and gradients.

In every question the first check takes random inputs on which each wrong formula gives an answer
of its own: nothing is square, strides do not come out even, nothing is centred on zero. Special
cases follow.
"""

import numpy as np

from assignments.standins.a2_networks.convolutional_networks import (
    conv,
    max_pool,
    net,
    spatial_batchnorm,
    spatial_groupnorm,
)
from autograder.families.hidden import SINGLE, Hidden

#: The given fast layers answer these questions; the network is built of them.
WITHHELD = dict.fromkeys(
    (
        "convolutional_networks-conv-forward",
        "convolutional_networks-conv-backward",
        "convolutional_networks-max-pool-forward",
        "convolutional_networks-max-pool-backward",
    ),
    frozenset({"assignments.fast_layers", "assignments.layers"}),
)

# A layer that lost points is served whole: one half could not read the other half's cache. A
# network may also stand on the layers of this notebook.
CONV, POOL = ((f"{name}_forward_naive", f"{name}_backward_naive") for name in ("conv", "max_pool"))
MODEL = {
    "convolutional_networks-conv-forward": CONV,
    "convolutional_networks-conv-backward": CONV,
    "convolutional_networks-max-pool-forward": POOL,
    "convolutional_networks-max-pool-backward": POOL,
    "convolutional_networks-model-init": ("ThreeLayerConvNet.__init__",),
}

IN_SINGLE = "Inputs in single precision give right results."


def single(exercise, size):
    """Draws a case in single precision, which the docstrings do not ask results to keep."""
    return lambda rng: exercise.single(exercise.draw(rng, size))


# --- convolutional_networks-conv ------------------------------------------------------------------

#: Images, filters, stride and padding.
CONV_SIZE = ((2, 3, 7, 10), (4, 3, 3, 4), 2, 1)

conv_forward = (
    Hidden("convolutional_networks-conv-forward", conv.forward, CONV_SIZE)
    .values("Images of three channels are right, with filters of 3 x 4, padding and a stride of 2.",
            weight=3)
    .sizes("It is right without padding and with stride 1.", ((2, 3, 5, 6), (4, 3, 2, 3)))
    .sizes(
        "It is right for other strides and paddings, also where a window does not fit in the end.",
        ((2, 3, 8, 6), (4, 3, 3, 3), 3, 0), ((2, 3, 5, 9), (4, 3, 2, 4), 3, 2),
        ((2, 3, 6, 4), (4, 3, 5, 2), 4, 3), ((2, 3, 4, 7), (4, 3, 4, 7), 1, 0),
    )
    .sizes(
        "It is right for a single image, a single channel, a single filter, and filters of 1 x 1.",
        ((1, 2, 5, 4), (3, 2, 3, 3), 1, 1), ((3, 1, 5, 4), (2, 1, 3, 3), 1, 1),
        ((2, 3, 5, 4), (1, 3, 2, 2), 1, 1), ((2, 4, 5, 4), (5, 4, 1, 1), 1, 1),
    )
    .cases(IN_SINGLE, single(conv.forward, CONV_SIZE), weight=0.5, beyond=True, **SINGLE)
    .repeated()
)  # fmt: skip

conv_backward = (
    Hidden(
        "convolutional_networks-conv-backward", conv.backward, CONV_SIZE,
        builds_on={"convolutional_networks-conv-forward": ("conv_forward_naive",)},
    )
    .gradients("dw", weight=2)
    .gradients("dx", weight=2)
    .gradients("db")
    .sizes("All three are right without padding.", ((2, 3, 5, 6), (4, 3, 2, 3)))
    .sizes(
        "All three are right for other strides and paddings, and where pixels are in no window.",
        ((1, 2, 8, 6), (3, 2, 3, 3), 3, 0), ((3, 1, 5, 9), (2, 1, 2, 4), 3, 2),
        ((2, 2, 6, 4), (1, 2, 5, 2), 4, 3), ((2, 3, 4, 4), (2, 3, 1, 1), 2, 0),
    )
    .cases(IN_SINGLE, single(conv.backward, CONV_SIZE), weight=0.5, beyond=True, **SINGLE)
    .repeated()
)  # fmt: skip

# --- convolutional_networks-max-pool --------------------------------------------------------------

#: Images, height and width of a window, stride: windows overlap, and do not fit in the end.
POOL_SIZE = ((2, 3, 8, 10), 2, 3, 2)
OTHER_WINDOWS = (
    ((2, 2, 6, 8), 3, 3, 1), ((2, 2, 7, 9), 3, 2, 2), ((2, 2, 9, 5), 2, 3, 4),
    ((2, 2, 5, 6), 2, 5, 3), ((2, 2, 4, 6), 4, 6, 1),
)  # fmt: skip

max_pool_forward = (
    Hidden("convolutional_networks-max-pool-forward", max_pool.forward, POOL_SIZE)
    .values("Windows that are not square and overlap are right, also for negative numbers.",
            weight=2)
    .sizes("Windows of 2 x 2 with stride 2 are right.", ((3, 2, 4, 6), 2, 2, 2))
    .sizes(
        "It is right for other windows and strides, also where a window does not fit in the end.",
        *OTHER_WINDOWS,
    )
    .repeated()
)  # fmt: skip

max_pool_backward = (
    Hidden(
        "convolutional_networks-max-pool-backward", max_pool.backward, POOL_SIZE,
        builds_on={"convolutional_networks-max-pool-forward": ("max_pool_forward_naive",)},
    )
    .gradients("dx", weight=2)
    .sizes("It is so for windows of 2 x 2 with stride 2, which do not overlap.",
           ((3, 2, 4, 6), 2, 2, 2), weight=1.5)
    .sizes("It is so for other windows and strides, also where pixels are in no window.",
           *OTHER_WINDOWS)
    .sizes(
        "Of several equal maxima, the first of the window gets everything.",
        *(((2, 3, 7, 8), *window, True) for window in ((2, 2, 2), (3, 2, 1), (2, 3, 2))),
        beyond=True,
    )
    .repeated()
)  # fmt: skip

# --- convolutional_networks-model -----------------------------------------------------------------

SMALL = {
    "input_dim": (2, 7, 6), "num_filters": 3, "filter_size": 3, "hidden_dim": 4, "num_classes": 5,
    "N": 4,
}  # fmt: skip
OTHER = {**SMALL, "input_dim": (3, 4, 9), "filter_size": 1, "N": 3}
LARGE = {"input_dim": (3, 8, 6), "num_filters": 30, "filter_size": 5, "hidden_dim": 40,
         "num_classes": 60}  # fmt: skip
TINY = {"input_dim": (1, 4, 6), "num_filters": 2, "filter_size": 3, "hidden_dim": 5}

model_init = (
    Hidden("convolutional_networks-model-init", net.init)
    .sizes(
        "All six arrays have the right shapes, whatever the sizes, and the biases are 0; odd "
        "heights and widths are rounded down.",
        *(
            {"input_dim": images, "num_filters": F, "filter_size": K, "hidden_dim": M,
             "num_classes": classes, "weight_scale": 0.3}
            for images, F, K, M, classes in (
                ((2, 7, 10), 4, 3, 6, 5), ((1, 8, 5), 3, 5, 9, 2), ((3, 6, 6), 2, 1, 4, 7),
            )
        ),
        weight=3,
    )
    .holds(
        "All weights scatter around 0, with the standard deviation weight_scale.",
        net.init.check_spread,
        *({**LARGE, "weight_scale": scale} for scale in (0.003, 0.4)),
        weight=2,
    )
    .holds(
        "Without arguments it is made for CIFAR-10: 32 filters of 7 x 7, 100 hidden units.",
        net.init.check_spread, {}, weight=0.5,
    )
    .holds(
        "All arrays have the dtype that was asked for, single precision by default.",
        net.init.check_precision, TINY, {**TINY, "dtype": np.float64}, weight=0.5,
    )
)  # fmt: skip

model_scores = (
    Hidden("convolutional_networks-model-scores", net.scores, SMALL, builds_on=MODEL)
    .values("Without labels, loss returns the scores that PyTorch computes.", weight=3)
    .sizes(
        "It does so for a single image, other filters, and images of other sizes.",
        {**SMALL, "input_dim": (1, 8, 8), "filter_size": 5, "N": 1}, OTHER,
    )
    .single()
    .repeated(times=2)
)  # fmt: skip

model_loss = (
    Hidden("convolutional_networks-model-loss", net.loss, builds_on=MODEL)
    .sizes("With regularisation, the loss is the one that PyTorch computes.",
           {**SMALL, "reg": 0.6}, weight=2)
    .sizes("Without regularisation, it is so, too.", SMALL)
)  # fmt: skip

model_gradients = (
    Hidden(
        "convolutional_networks-model-gradients", net.gradients, {**SMALL, "reg": 0.6},
        builds_on=MODEL, cpu=10,
    )
    .values("With regularisation, grads has the right gradients of W2, b2, W3 and b3.",
            "W2", "b2", "W3", "b3", weight=2)
    .values("With regularisation, grads has the right gradients of W1 and b1.",
            "W1", "b1", weight=2)
    .sizes("All six are right without regularisation, for images and filters of other sizes.",
           OTHER, weight=2)
    .repeated()
)  # fmt: skip

# --- convolutional_networks-spatial-batchnorm and -groupnorm --------------------------------------

SPATIAL = (3, 4, 2, 5)

spatial_batchnorm_forward = (
    Hidden("convolutional_networks-spatial-batchnorm-forward", spatial_batchnorm.forward,
           (SPATIAL,))
    .values("In training, the outputs are those of PyTorch.", weight=2)
    .sizes("In the test they are, too, by the running averages.",
           (SPATIAL, "test"), (SPATIAL, "test", 1e-5), weight=2)
    .values("Training moves the running averages in bn_param, by means over images and places.",
            "running_mean", "running_var", "out")
    .sizes("It is right for a single image, a single channel, and images of one pixel.",
           ((1, 3, 4, 3),), ((4, 1, 3, 2),), ((5, 6, 1, 1),), weight=0.5)
)  # fmt: skip

spatial_batchnorm_backward = (
    Hidden(
        "convolutional_networks-spatial-batchnorm-backward", spatial_batchnorm.backward,
        (SPATIAL,),
        builds_on={
            "convolutional_networks-spatial-batchnorm-forward": ("spatial_batchnorm_forward",)
        },
    )
    .gradients("dx", weight=2)
    .gradients("dgamma", "dbeta")
    .sizes("All three are right for a single image and a single channel.",
           ((1, 3, 4, 3),), ((4, 1, 3, 2),), weight=0.25)
    .repeated(weight=0.25)
)  # fmt: skip

GROUPS = ((3, 6, 2, 5), 2)

spatial_groupnorm_forward = (
    Hidden("convolutional_networks-spatial-groupnorm-forward", spatial_groupnorm.forward, GROUPS)
    .values("Groups of three channels are those of PyTorch.", weight=2)
    .sizes(
        "It is right for other numbers of groups, from one for all to one for each channel.",
        *(((2, C, 3, 2), G, 1e-5) for C, G in ((6, 1), (6, 3), (6, 6), (8, 4), (1, 1))),
    )
    .cases("Where gn_param has no eps, it is 1e-5.",
           lambda rng: (*spatial_groupnorm.inputs(rng, *GROUPS)[:-1], {}), weight=0.25)
    .cases(IN_SINGLE, single(spatial_groupnorm.forward, GROUPS), weight=0.25, beyond=True,
           **SINGLE)
    .repeated()
)  # fmt: skip

spatial_groupnorm_backward = (
    Hidden(
        "convolutional_networks-spatial-groupnorm-backward", spatial_groupnorm.backward, GROUPS,
        builds_on={
            "convolutional_networks-spatial-groupnorm-forward": ("spatial_groupnorm_forward",)
        },
    )
    .gradients("dx", weight=2)
    .gradients("dgamma", "dbeta")
    .sizes("All three are right for other numbers of groups, and with a small eps.",
           ((2, 3, 3, 2), 1), ((1, 8, 2, 3), 4, 1e-5), ((2, 5, 3, 4), 5))
    .cases(IN_SINGLE, single(spatial_groupnorm.backward, GROUPS), weight=0.25, beyond=True,
           rtol=1e-3, atol=1e-4)
    .repeated(weight=0.25)
)  # fmt: skip
