"""Public checks of the convolutional-networks notebook: small images, and numerical gradients."""

import math

import numpy as np

from assignments.families.checks import Checks
from assignments.standins.a2_networks.convolutional_networks import (
    conv,
    max_pool,
    net,
    pooling,
    spatial_batchnorm,
    spatial_groupnorm,
)

# --- convolutional_networks-conv ------------------------------------------------------------------

PLAIN, PADDED = {"stride": 1, "pad": 0}, {"stride": 1, "pad": 1}
#: A filter of 3 x 3 with a single 1, in its upper left corner.
CORNER = np.zeros((1, 1, 3, 3))
CORNER[0, 0, 0, 0] = 1

conv_forward = (
    Checks("convolutional_networks-conv-forward", conv.forward, ((1, 2, 3, 4), (2, 2, 2, 2), 1, 1))
    .by_hand(
        "A 2 x 2 filter with 1 in its first and -1 in its last corner gives differences, plus 0.5.",
        x=[[[[1, 2, 4], [5, 0, 2], [3, 7, 6]]]], w=[[[[1, 0], [0, -1]]]], b=[0.5], conv_param=PLAIN,
        out=[[[[1.5, 0.5], [-1.5, -5.5]]]],
    )
    .by_hand(
        "With pad = 1 a 3 x 3 filter with a single 1, in its upper left corner, moves the image.",
        x=[[[[1, 2], [3, 4]]]], w=CORNER, b=[0], conv_param=PADDED, out=[[[[0, 0], [0, 1]]]],
    )
    .by_hand(
        "With stride 2 and a filter of one 1, every second row and column of 5 x 4 pixels is left.",
        x=np.arange(20.0).reshape(1, 1, 5, 4), w=[[[[1]]]], b=[0],
        conv_param={"stride": 2, "pad": 0}, out=[[[[0, 2], [8, 10], [16, 18]]]],
    )
    .by_hand(
        "Two channels are added up, two filters make two channels, each with its own bias.",
        x=[[[[1, 2]], [[10, 20]]]], w=[[[[1]], [[1]]], [[[3]], [[0]]]], b=[0.5, -0.5],
        conv_param=PLAIN, out=[[[[11.5, 22.5]], [[2.5, 5.5]]]],
    )
    .by_hand(
        "A filter of 1 x 2 with 1 and 10 adds ten times the right neighbour.",
        x=[[[[1, 2, 3], [4, 5, 6]]]], w=[[[[1, 10]]]], b=[0], conv_param=PLAIN,
        out=[[[[21, 32], [54, 65]]]],
    )
    .untouched()
)  # fmt: skip

conv_backward = (
    Checks("convolutional_networks-conv-backward", conv.backward, ((2, 2, 3, 4), (3, 2, 2, 2)))
    .by_hand(
        "For x = (1, 2, 3), the filter (1, 10) and dout = (3, 5) the gradients are right.",
        x=[[[[1, 2, 3]]]], w=[[[[1, 10]]]], b=[0], conv_param=PLAIN, dout=[[[[3, 5]]]],
        db=[8], dw=[[[[13, 21]]]], dx=[[[[3, 35, 50]]]],
    )
    .by_hand(
        "With pad = 1 a 3 x 3 filter with a single 1, in its upper left corner, moves dout back.",
        x=[[[[1, 2], [3, 4]]]], w=CORNER, b=[0], conv_param=PADDED, dout=[[[[5, 6], [7, 8]]]],
        dx=[[[[8, 0], [0, 0]]]],
    )
    .numerical(
        "dx, dw and db agree with numerical gradients of your conv_forward_naive.",
        ((2, 2, 3, 4), (3, 2, 2, 2), 1, 1),
    )
    .numerical(
        "They are so with stride 2 and without padding, where some pixels are in no window.",
        ((1, 2, 4, 6), (2, 2, 2, 3), 2, 0),
    )
    .untouched("dout is not changed.")
)  # fmt: skip

# --- convolutional_networks-max-pool --------------------------------------------------------------

max_pool_forward = (
    Checks("convolutional_networks-max-pool-forward", max_pool.forward, ((2, 2, 4, 4), 2, 2, 2))
    .by_hand(
        "Windows of 2 x 2 with stride 2 leave the largest of each; a fifth column is left out.",
        x=[[[[1, 5, -4, -2, 9], [3, 2, -1, -3, 9]], [[2, 6, -3, -1, 10], [4, 3, 0, -2, 10]]]],
        pool_param=pooling(2, 2, 2), out=[[[[5, -1]], [[6, 0]]]],
    )
    .by_hand(
        "Windows of 1 x 2 with stride 1 overlap.",
        x=[[[[1, 5, 2, 3], [9, 8, 7, 6]]]], pool_param=pooling(1, 2, 1),
        out=[[[[5, 5, 3], [9, 8, 7]]]],
    )
    .untouched()
)  # fmt: skip

max_pool_backward = (
    Checks("convolutional_networks-max-pool-backward", max_pool.backward, ((2, 2, 4, 4), 2, 2, 2))
    .by_hand(
        "The gradient goes to the largest number of each window, and 0 to the others.",
        x=[[[[1, 5, -4, -2], [3, 2, -1, -3]]]], pool_param=pooling(2, 2, 2), dout=[[[[10, 20]]]],
        dx=[[[[0, 10, 0, 0], [0, 0, 20, 0]]]],
    )
    .by_hand(
        "The maximum of two windows gets the gradients of both.",
        x=[[[[1, 5, 2]]]], pool_param=pooling(1, 2, 1), dout=[[[[3, 4]]]], dx=[[[[0, 7, 0]]]],
    )
    .by_hand(
        "Of equal maxima, the first gets everything.",
        x=[[[[0, 2], [2, 2]]]], pool_param=pooling(2, 2, 1), dout=[[[[6]]]],
        dx=[[[[0, 6], [0, 0]]]], beyond=True,
    )
    .untouched("dout is not changed.")
)  # fmt: skip

# --- convolutional_networks-model -----------------------------------------------------------------

NET = {"num_filters": 2, "filter_size": 3, "hidden_dim": 6, "num_classes": 3, "N": 4}

model_init = (
    Checks("convolutional_networks-model-init", net.init)
    .sizes(
        "All six arrays have the right shapes, and the biases are 0.",
        {"input_dim": (2, 7, 10), "num_filters": 3, "filter_size": 5, "hidden_dim": 6,
         "num_classes": 4},
    )
    .holds(
        "The weights scatter around 0 with the standard deviation weight_scale.",
        net.init.check_spread,
        {"input_dim": (3, 4, 4), "num_filters": 20, "hidden_dim": 50, "num_classes": 30,
         "weight_scale": 0.02},
    )
    .holds(
        "All arrays are in the precision that dtype names.",
        net.init.check_precision,
        {"input_dim": (2, 6, 8), "num_filters": 3, "dtype": np.float32},
    )
)  # fmt: skip

model_scores = (
    Checks("convolutional_networks-model-scores", net.scores)
    # The filter doubles each pixel. The largest are 6 and -2, which ReLU raises to 0.
    # Hidden units: 6 + 0 = 6, and -6 + 0 + 1 = -5, which ReLU raises to 0.
    .by_hand(
        "An image of 2 x 4 pixels gets the scores that you can compute by hand.",
        input_dim=(1, 2, 4), num_filters=1, filter_size=1, hidden_dim=2, num_classes=2,
        W1=[[[[2]]]], b1=[0], W2=[[1, -1], [1, 1]], b2=[0, 1], W3=[[0.5, -2], [7, 7]], b3=[1, 0],
        X=[[[[1, 2, -1, -2], [-1, 3, -4, -3]]]], scores=[[4, -12]],
    )
    .sizes("Three images of 5 x 6 pixels get a score for each of 4 classes.",
           {**NET, "input_dim": (2, 5, 6), "num_classes": 4, "N": 3})
)  # fmt: skip

model_loss = (
    Checks("convolutional_networks-model-loss", net.loss)
    .by_hand(
        "With all scores equal, the loss of four classes is log 4.",
        input_dim=(1, 2, 2), num_filters=1, filter_size=1, hidden_dim=2, num_classes=4,
        W1=[[[[2]]]], b1=[0.5], W2=[[1, -1]], b2=[0, 1], W3=np.zeros((2, 4)), b3=np.zeros(4),
        X=[[[[1, 2], [0, -1]]], [[[3, 0], [1, 1]]]], y=np.array([0, 3]), loss=math.log(4),
    )
    # All scores are equal, so what is beyond log 2 is regularisation.
    .by_hand(
        "With reg = 0.1, half of 0.1 times the sum of all squared weights is added.",
        input_dim=(1, 2, 2), num_filters=2, filter_size=1, hidden_dim=3, num_classes=2, reg=0.1,
        W1=np.full((2, 1, 1, 1), 3.0), b1=[5, 0], W2=np.full((2, 3), 2.0), b2=np.zeros(3),
        W3=[[1, 1], [2, 2], [0, 0]], b3=[4, 4],
        X=[[[[1, 2], [0, -1]]], [[[3, 0], [1, 1]]]], y=np.array([0, 1]),
        loss=math.log(2) + 0.05 * (2 * 3**2 + 6 * 2**2 + 2 * 1**2 + 2 * 2**2),
    )
)  # fmt: skip

model_gradients = (
    Checks(
        "convolutional_networks-model-gradients", net.gradients,
        {**NET, "input_dim": (2, 4, 4), "reg": 0.5},
    )
    .numerical("The six gradients agree with numerical gradients of your loss.",
               {**NET, "input_dim": (2, 4, 5)})
    .holds(
        "What reg = 1 adds to them is the gradient of the regularisation.",
        net.gradients.check_regularisation,
        {**NET, "input_dim": (2, 4, 4), "reg": 1.0},
    )
    .untouched("X, y and the parameters are not changed.")
)  # fmt: skip

# --- convolutional_networks-spatial-batchnorm and -groupnorm --------------------------------------

spatial_batchnorm_forward = (
    Checks("convolutional_networks-spatial-batchnorm-forward", spatial_batchnorm.forward)
    .holds(
        "With gamma 1 and beta 0, each channel has mean 0 and standard deviation 1 in training.",
        spatial_batchnorm.forward.check_standardised,
        ((3, 4, 5, 2),),
    )
    .by_hand(
        "In the test, the running averages are used: (10 - 4) / 3 is 2, times 5, plus 1, is 11.",
        x=[[[[10, 10]], [[1, 1]]], [[[10, 10]], [[1, 1]]]], gamma=[5, 2], beta=[1, -3],
        bn_param={"mode": "test", "eps": 1e-12, "running_mean": [4, 1], "running_var": [9, 4]},
        out=[[[[11, 11]], [[-3, -3]]], [[[11, 11]], [[-3, -3]]]],
    )
    .by_hand(
        "Training with momentum 0.75 leaves a quarter of each channel's mean in bn_param.",
        x=[[[[7, 9]], [[-4, -4]]], [[[8, 8]], [[-6, -2]]]], gamma=[1, 1], beta=[0, 0],
        bn_param={
            "mode": "train", "momentum": 0.75, "running_mean": [0, 0], "running_var": [1, 1],
        },
        running_mean=[2, -1],
    )
)  # fmt: skip

NUMERICAL = "dx, dgamma and dbeta agree with numerical gradients of your forward function."

spatial_batchnorm_backward = (
    Checks(
        "convolutional_networks-spatial-batchnorm-backward", spatial_batchnorm.backward,
        ((2, 3, 2, 3),),
    )
    .numerical(NUMERICAL, ((2, 3, 2, 3),))
    .untouched("dout is not changed.")
)  # fmt: skip

ONES = np.ones((1, 2, 1, 1))

spatial_groupnorm_forward = (
    Checks(
        "convolutional_networks-spatial-groupnorm-forward", spatial_groupnorm.forward,
        ((2, 4, 2, 3), 2),
    )
    .by_hand(
        "8, 2, 2, 0 in two channels have mean 3 and deviation 3; gamma and beta come after that.",
        x=[[[[8, 2]], [[2, 0]], [[30, 10]], [[10, 30]]], [[[0, 2]], [[2, 8]], [[5, 7]], [[5, 7]]]],
        gamma=[[[[3]], [[6]], [[9]], [[12]]]], beta=[[[[0]], [[1]], [[0]], [[-1]]]],
        G=2, gn_param={"eps": 0.0},
        out=[
            [[[5, -1]], [[-1, -5]], [[9, -9]], [[-13, 11]]],
            [[[-3, -1]], [[-1, 11]], [[-9, 9]], [[-13, 11]]],
        ],
    )
    .untouched("x, gamma and beta are not changed, though reshape may give another view of them.")
    .by_hand(
        "With eps = 3, the numbers 1 and 3 become -0.5 and 0.5: their variance, 1, plus 3 is 4.",
        x=[[[[1]], [[3]]]], gamma=ONES, beta=0 * ONES, G=1, gn_param={"eps": 3.0},
        out=[[[[-0.5]], [[0.5]]]],
    )
    .holds(
        "With gamma 1 and beta 0, each group of each image has mean 0 and standard deviation 1.",
        spatial_groupnorm.forward.check_standardised,
        ((2, 6, 4, 5), 3),
    )
)  # fmt: skip

spatial_groupnorm_backward = (
    Checks(
        "convolutional_networks-spatial-groupnorm-backward", spatial_groupnorm.backward,
        ((2, 4, 2, 3), 2),
    )
    # x_hat is (-1, -1, 1, 1).
    .by_hand(
        "For one group, (1, 1, 5, 5), and dout = (8, 0, 0, 0), the gradients are right.",
        x=[[[[1]], [[1]], [[5]], [[5]]]], gamma=[[[[3]], [[2]], [[2]], [[2]]]],
        beta=[[[[0]], [[0]], [[0]], [[0]]]], G=1, gn_param={"eps": 0.0},
        dout=[[[[8]], [[0]], [[0]], [[0]]]],
        dbeta=[[[[8]], [[0]], [[0]], [[0]]]], dgamma=[[[[-8]], [[0]], [[0]], [[0]]]],
        dx=[[[[6]], [[-6]], [[0]], [[0]]]],
    )
    .numerical(NUMERICAL, ((2, 4, 2, 3), 2, 0.5))
    .untouched("dout is not changed.")
)  # fmt: skip
