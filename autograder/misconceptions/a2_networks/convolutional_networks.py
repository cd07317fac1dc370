"""Misconceptions, shortcuts and accepted variants of the convolutional-networks notebook."""

from autograder.misconceptions import Misconception, Shortcut, Variant
from autograder.misconceptions.a1_classifiers.two_layer_net import no_half, score_mistakes

NAME = "convolutional_networks-{}".format
CONV, CONV_BACK = NAME("conv-forward"), NAME("conv-backward")
POOL, POOL_BACK = NAME("max-pool-forward"), NAME("max-pool-backward")
INIT, SCORES = NAME("model-init"), NAME("model-scores")
LOSS, GRADIENTS = NAME("model-loss"), NAME("model-gradients")
SPATIAL, SPATIAL_BACK = NAME("spatial-batchnorm-forward"), NAME("spatial-batchnorm-backward")
GROUP, GROUP_BACK = NAME("spatial-groupnorm-forward"), NAME("spatial-groupnorm-backward")

# Parts of the reference that several patches replace.
H_OUT = "H_out = (H + 2 * pad - HH) // stride + 1"
W_OUT = "W_out = (W + 2 * pad - WW) // stride + 1"
PADDED = "    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
OUT = "out = np.zeros((N, F, H_out, W_out), x.dtype)"
CONV_LOOP = "for n, f, i, j in np.ndindex(out.shape):"
CORNER = "top, left = i * stride, j * stride"
WINDOW = "window = padded[n, :, top : top + HH, left : left + WW]"
WEIGHED = "out[n, f, i, j] = np.sum(window * w[f]) + b[f]"
CONV_CACHE = "cache = (x, w, b, conv_param)"
CONV_UNPACK = "x, w, _b, conv_param = cache"
X_PADDED = "x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
ROWS = "rows = slice(i * stride, i * stride + HH)"
COLUMNS = "columns = slice(j * stride, j * stride + WW)"
DW = "dw[f] += dout[n, f, i, j] * x_padded[n, :, rows, columns]"
DX_WINDOW = "dx_padded[n, :, rows, columns] += dout[n, f, i, j] * w[f]"
DX = "dx = dx_padded[:, :, pad : pad + H, pad : pad + W]"
DB = "db = dout.sum(axis=(0, 2, 3))"
POOLED = "out = np.zeros((N, C, 1 + (H - height) // stride, 1 + (W - width) // stride), x.dtype)"
POOL_LOOP = "for i, j in np.ndindex(out.shape[2:]):"
POOL_CORNER = "top, left = stride * i, stride * j"
LARGEST = "out[:, :, i, j] = x[:, :, top : top + height, left : left + width].max(axis=(2, 3))"
POOL_CACHE = "cache = (x, pool_param)"
POOL_UNPACK = "x, pool_param = cache"
DPOOL_LOOP = "for n, c, i, j in np.ndindex(dout.shape):"
DPOOL_CORNER = "row, column = i * stride, j * stride"
DPOOL_WINDOW = "window = x[n, c, row : row + height, column : column + width]"
ARGMAX = "down, right = np.unravel_index(np.argmax(window), window.shape)"
DPOOL = "dx[n, c, row + down, column + right] += dout[n, c, i, j]"
DPOOL_ALL = f"{ARGMAX}\n        {DPOOL}"
SHAPE_W1 = '"W1": (num_filters, C, filter_size, filter_size),'
SHAPE_W2 = '"W2": (num_filters * (H // 2) * (W // 2), hidden_dim),'
SHAPE_W3 = '"W3": (hidden_dim, num_classes),'
DRAWN = "self.params[name] = np.random.normal(0, weight_scale, size=shape)"
B1 = 'self.params["b1"] = np.zeros(num_filters)'
B2 = 'self.params["b2"] = np.zeros(hidden_dim)'
B3 = 'self.params["b3"] = np.zeros(num_classes)'
CAST = "self.params[name] = self.params[name].astype(dtype)"
CONV_LAYER = (
    "pooled, conv_cache = conv_relu_pool_forward(X, W1, b1, self.conv_param, self.pool_param)"
)
HIDDEN = "hidden, relu_cache = relu_forward(before)"
SCORES_LINE = "scores, affine3_cache = affine_forward(hidden, W3, b3)"
RETURN_SCORES = "            return scores"
PENALTY = "loss = data_loss + 0.5 * self.reg * sum(np.sum(weights**2) for weights in (W1, W2, W3))"
DSCORES = 'dhidden, dW3, grads["b3"] = affine_backward(dscores, affine3_cache)'
DBEFORE = "dbefore = relu_backward(dhidden, relu_cache)"
DCONV = '_dX, dW1, grads["b1"] = conv_relu_pool_backward(dpooled, conv_cache)'
GRAD_1, GRAD_2, GRAD_3 = (f'grads["W{n}"] = dW{n} + self.reg * W{n}' for n in (1, 2, 3))
BATCH_ROWS = "    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)"
BATCH = "out_rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)"
BATCH_OUT = "out = out_rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)"
DBATCH_ROWS = "dout_rows = dout.transpose(0, 2, 3, 1).reshape(-1, C)"
DBATCH = "dx_rows, dgamma, dbeta = batchnorm_backward(dout_rows, cache)"
DBATCH_DX = "dx = dx_rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)"
GROUPS = "groups = x.reshape(len(x), G, -1)"
GROUP_STD = "std = np.sqrt(groups.var(axis=2, keepdims=True) + eps)"
GROUP_HAT = "x_hat = (groups - groups.mean(axis=2, keepdims=True)) / std"
GROUP_OUT = "out = gamma * x_hat.reshape(x.shape) + beta"
GROUP_CACHE = "cache = (x_hat, std, gamma)"
GROUP_UNPACK = "x_hat, std, gamma = cache"
DGAMMA = "dgamma = np.sum(dout * x_hat.reshape(dout.shape), axis=(0, 2, 3), keepdims=True)"
DBETA = "dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)"
DX_HAT = "dx_hat = (dout * gamma).reshape(x_hat.shape)"
BY_MEAN = "by_mean = dx_hat.mean(axis=2, keepdims=True)"
BY_VARIANCE = "by_variance = x_hat * (dx_hat * x_hat).mean(axis=2, keepdims=True)"
GROUP_DX = "dx = ((dx_hat - by_mean - by_variance) / std).reshape(dout.shape)"

MISCONCEPTIONS = [
    # --- conv-forward ---
    Misconception(
        "conv-flipped",
        CONV,
        {WEIGHED: "out[n, f, i, j] = np.sum(window * w[f, :, ::-1, ::-1]) + b[f]"},
        hint="You turn the filter by 180 degrees, as signal processing does. Here each weight is "
        "multiplied by the pixel that lies below it.",
    ),
    Misconception(
        "conv-transposed-filter",
        CONV,
        {
            WINDOW: "window = padded[n, :, top : top + WW, left : left + HH]",
            WEIGHED: "out[n, f, i, j] = np.sum(window * w[f].transpose(0, 2, 1)) + b[f]",
            H_OUT: H_OUT.replace("HH", "WW"),
            W_OUT: W_OUT.replace("WW", "HH"),
        },
        hint="Rows and columns of the filter are exchanged: w is (F, C, HH, WW), the height first.",
    ),
    Misconception(
        "conv-no-bias",
        CONV,
        {WEIGHED: "out[n, f, i, j] = np.sum(window * w[f])"},
        hint="The bias is missing: b[f] is added to every number of channel f.",
    ),
    Misconception(
        "conv-bias-in-every-place",
        CONV,
        {WEIGHED: "out[n, f, i, j] = np.sum(window * w[f] + b[f])"},
        hint="You add the bias to each product of the window, so that it counts C * HH * WW "
        "times. Add it once, after the sum.",
    ),
    Misconception(
        "conv-bias-of-every-channel",
        CONV,
        {
            WEIGHED: "out[n, f, i, j] = sum(np.sum(window[c] * w[f, c]) + b[f] "
            "for c in range(len(window)))"
        },
        hint="You add the bias once for each input channel. It belongs to the filter, and is added "
        "once, after the sum over channels.",
    ),
    Misconception(
        "conv-first-channel",
        CONV,
        {WEIGHED: "out[n, f, i, j] = np.sum(window[0] * w[f, 0]) + b[f]"},
        hint="Only the first channel is looked at. The sum runs over all channels of the image, "
        "and a filter has weights for each of them.",
    ),
    Misconception(
        "conv-mean",
        CONV,
        {WEIGHED: "out[n, f, i, j] = np.mean(window * w[f]) + b[f]"},
        hint="You take the mean over the window; the products are added up.",
    ),
    Misconception(
        "conv-stride-forgotten",
        CONV,
        {CORNER: "top, left = i, j"},
        hint="The output has the right size, but its windows lie side by side: the window of "
        "out[i, j] begins at row i * stride and column j * stride.",
    ),
    Misconception(
        "conv-pads-with-edge",
        CONV,
        {PADDED: f'{PADDED[:-1]}, mode="edge")'},
        hint="You continue the image over its border by its own pixels; padding means zeros here.",
    ),
    Misconception(
        "conv-pads-one-side",
        CONV,
        {PADDED: "    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))"},
        hint="All your zeros are at the bottom and on the right; `pad` of them belong on each "
        "side.",
    ),
    Misconception(
        "conv-pad-counted-once",
        CONV,
        {H_OUT: H_OUT.replace("2 * pad", "pad"), W_OUT: W_OUT.replace("2 * pad", "pad")},
        hint="The output is too small: zeros are added on both sides, so there are 2 * pad rows "
        "and columns more.",
    ),
    Misconception(
        "conv-square",
        CONV,
        {W_OUT: "W_out = H_out"},
        hint="You take the output's width to be its height. Compute it from W and WW; images and "
        "filters need not be square.",
    ),
    Misconception(
        "conv-padding-everywhere",
        CONV,
        {PADDED: "    padded = np.pad(x, pad)"},
        hint="np.pad(x, pad) puts zeros around all four axes, so that there are empty images and "
        "channels as well. Say for each axis how many: none for the first two.",
    ),
    Misconception(
        "conv-whole-numbers",
        CONV,
        {OUT: OUT.replace("x.dtype", "int")},
        hint="Your outputs are whole numbers: `out` is an array of integers, which rounds what is "
        "put into it.",
    ),
    # --- conv-backward ---
    Misconception(
        "conv-dx-with-padding",
        CONV_BACK,
        {DX: "dx = dx_padded"},
        hint="dx still has the padding around it. Cut it off: dx has the shape of x.",
    ),
    Misconception(
        "conv-dx-cut-from-corner",
        CONV_BACK,
        {DX: "dx = dx_padded[:, :, :H, :W]"},
        hint="You cut dx out of the upper left corner of the padded array. The image lies in the "
        "middle of it, from row and column `pad` on.",
    ),
    Misconception(
        "conv-dx-cut-by-minus-pad",
        CONV_BACK,
        {DX: "dx = dx_padded[:, :, pad:-pad, pad:-pad]"},
        hint="This is right with padding, but with pad = 0 the slice 0:-0 is empty. Count from "
        "the front: pad : pad + H.",
    ),
    Misconception(
        "conv-dx-assigned",
        CONV_BACK,
        {DX_WINDOW: DX_WINDOW.replace("+=", "=")},
        hint="In dx you overwrite what other windows and filters have given. A pixel is in "
        "several windows, and all of its gradients are added up: +=, not =.",
    ),
    Misconception(
        "conv-dw-assigned",
        CONV_BACK,
        {DW: DW.replace("+=", "=")},
        hint="In dw you overwrite, so that only the last window counts. All windows of all images "
        "share the filter, and their gradients are added up: +=, not =.",
    ),
    Misconception(
        "conv-dw-mean",
        CONV_BACK,
        {DB: f"{DB}\n    dw /= len(x)"},
        hint="You divide dw by the number of images. If there is a mean in the loss, its 1/N is in "
        "dout already; here gradients are added up.",
    ),
    Misconception(
        "conv-dw-of-first-filter",
        CONV_BACK,
        {DW: DW.replace("dw[f]", "dw")},
        hint="Every filter gets the gradients of all of them. dout[n, f, i, j] belongs to filter f "
        "only: add to dw[f].",
    ),
    Misconception(
        "conv-dx-flipped",
        CONV_BACK,
        {DX_WINDOW: DX_WINDOW.replace("w[f]", "w[f, :, ::-1, ::-1]")},
        hint="You turn the filter for dx. On the way forward each weight was multiplied by the "
        "pixel below it, so on the way back it hands the gradient to this very pixel.",
    ),
    Misconception(
        "conv-back-without-stride",
        CONV_BACK,
        {ROWS: "rows = slice(i, i + HH)", COLUMNS: "columns = slice(j, j + WW)"},
        hint="On the way back you forget the stride: the windows are the same as on the way "
        "forward, from row i * stride and column j * stride on.",
    ),
    Misconception(
        "conv-back-edge-padding",
        CONV_BACK,
        {X_PADDED: f'{X_PADDED[:-1]}, mode="edge")'},
        hint="dw is wrong at the border: pad with zeros, as on the way forward.",
    ),
    Misconception(
        "conv-db-mean",
        CONV_BACK,
        {DB: "db = dout.mean(axis=(0, 2, 3))"},
        hint="db is a sum over images and places, not a mean.",
    ),
    Misconception(
        "conv-db-keeps-places",
        CONV_BACK,
        {DB: "db = dout.sum(axis=0)"},
        hint="db is summed over the images only. A filter has the same bias at all places, so the "
        "sum runs over these, too.",
    ),
    Misconception(
        "conv-db-no-axis",
        CONV_BACK,
        {DB: "db = dout.sum()"},
        hint="db is a single number; it has one for each filter.",
    ),
    Misconception(
        "conv-gradients-swapped",
        CONV_BACK,
        {"return dx, dw, db": "return dw, dx, db"},
        hint="The gradients come back in another order than the inputs: dx, dw, db.",
    ),
    Misconception(
        "conv-dout-in-place",
        CONV_BACK,
        {
            DB: "db = dout[0]\n    for image in dout[1:]:\n        db += image\n    "
            "db = db.sum(axis=(1, 2))"
        },
        hint="The gradients are right, but dout[0] is a view, not a copy: += on it changes dout, "
        "which the caller may still need.",
    ),
    # --- max-pool-forward ---
    Misconception(
        "pool-mean",
        POOL,
        {LARGEST: LARGEST.replace(".max(", ".mean(")},
        hint="You take the mean of each window. That is average pooling; the largest number is "
        "asked for.",
    ),
    Misconception(
        "pool-absolute",
        POOL,
        {LARGEST: LARGEST.replace("= x[", "= np.abs(x)[")},
        hint="You take the largest absolute value. Max pooling keeps the sign: of -3 and 1 the "
        "maximum is 1.",
    ),
    Misconception(
        "pool-at-least-zero",
        POOL,
        {LARGEST: f"{LARGEST}\n        out[:, :, i, j] = np.maximum(out[:, :, i, j], 0)"},
        hint="Where all numbers of a window are negative you return 0: is 0 the value that your "
        "maximum begins with? The largest of negative numbers is negative.",
    ),
    Misconception(
        "pool-over-channels",
        POOL,
        {LARGEST: LARGEST.replace("axis=(2, 3)", "axis=(1, 2, 3)")[:-1] + ")[:, np.newaxis]"},
        hint="You take the maximum over all channels as well. Each channel is pooled by itself.",
    ),
    Misconception(
        "pool-stride-forgotten",
        POOL,
        {POOL_CORNER: "top, left = i, j"},
        hint="The output has the right size, but its windows lie side by side: multiply i and j by "
        "the stride.",
    ),
    Misconception(
        "pool-no-overlap",
        POOL,
        append="""
def max_pool_forward_naive(x, pool_param):
    height, width = pool_param["pool_height"], pool_param["pool_width"]
    N, C, H, W = x.shape
    H, W = H // height, W // width
    windows = x[:, :, : H * height, : W * width].reshape(N, C, H, height, W, width)
    return windows.max(axis=(3, 5)), (x, pool_param)
""",
        hint="Your windows move by their own size. They move by the stride; where it is smaller, "
        "they overlap, and no reshape can cut them out.",
    ),
    Misconception(
        "pool-window-transposed",
        POOL,
        {
            LARGEST: "out[:, :, i, j] = x[:, :, top : top + width, left : left + height]"
            ".max(axis=(2, 3))"
        },
        hint="Height and width of the window are exchanged.",
    ),
    Misconception(
        "pool-square",
        POOL,
        {
            LARGEST: "out[:, :, i, j] = x[:, :, top : top + height, left : left + height]"
            ".max(axis=(2, 3))"
        },
        hint="You use pool_height for the width of the window, too.",
    ),
    Misconception(
        "pool-rounds-up",
        POOL,
        {POOLED: "out = np.zeros((N, C, 1 - (height - H) // stride, 1 - (width - W) // stride))"},
        hint="You round the size of the output up, so that the last windows hang over the border. "
        "What does not fill a whole window is left out: round down.",
    ),
    Misconception(
        "pool-first-number",
        POOL,
        {LARGEST: "out[:, :, i, j] = x[:, :, top, left]"},
        hint="You keep the first number of each window, not the largest.",
    ),
    # --- max-pool-backward ---
    Misconception(
        "pool-gradient-assigned",
        POOL_BACK,
        {DPOOL: DPOOL.replace("+=", "=")},
        hint="You overwrite. Windows may overlap, and a number that is the maximum of several "
        "gets all of their gradients: +=, not =.",
    ),
    Misconception(
        "pool-gradient-to-all-maxima",
        POOL_BACK,
        {
            DPOOL_ALL: "dx[n, c, row : row + height, column : column + width] += "
            "(window == window.max()) * dout[n, c, i, j]"
        },
        hint="Where a window has several equal maxima, each of them gets the whole gradient in "
        "your code. The docstring gives it to the first one only, as np.argmax finds it.",
    ),
    Misconception(
        "pool-gradient-shared",
        POOL_BACK,
        {
            DPOOL_ALL: "maxima = window == window.max()\n        "
            "dx[n, c, row : row + height, column : column + width] += "
            "maxima / maxima.sum() * dout[n, c, i, j]"
        },
        hint="Equal maxima share the gradient in your code. The docstring gives all of it to the "
        "first one.",
    ),
    Misconception(
        "pool-gradient-to-the-last",
        POOL_BACK,
        {
            ARGMAX: "down, right = np.unravel_index(window.size - 1 - "
            "np.argmax(window.ravel()[::-1]), window.shape)"
        },
        hint="Of equal maxima the last one gets the gradient; the docstring asks for the first.",
    ),
    Misconception(
        "pool-gradient-spread",
        POOL_BACK,
        {
            DPOOL_ALL: "dx[n, c, row : row + height, column : column + width] += "
            "dout[n, c, i, j] / window.size"
        },
        hint="You spread the gradient evenly over the window. That is the way back of average "
        "pooling; here only the maximum gets it.",
    ),
    Misconception(
        "pool-gradient-everywhere",
        POOL_BACK,
        {DPOOL_ALL: "dx[n, c, row : row + height, column : column + width] += dout[n, c, i, j]"},
        hint="Every number of the window gets the gradient; only the largest one should.",
    ),
    Misconception(
        "pool-gradient-only-mask",
        POOL_BACK,
        {DPOOL: "dx[n, c, row + down, column + right] += 1"},
        hint="You count how often a number is the maximum. By the chain rule each time adds dout, "
        "not 1.",
    ),
    Misconception(
        "pool-gradient-of-corner",
        POOL_BACK,
        {DPOOL: "dx[n, c, down, right] += dout[n, c, i, j]"},
        hint="np.unravel_index counts from the corner of the window. Add the window's own row and "
        "column.",
    ),
    Misconception(
        "pool-gradient-to-the-corner",
        POOL_BACK,
        {DPOOL: "dx[n, c, row, column] += dout[n, c, i, j]"},
        hint="The corner of each window gets the gradient. It belongs to the place of the maximum, "
        "which np.argmax finds in the window.",
    ),
    Misconception(
        "pool-gradient-without-stride",
        POOL_BACK,
        {DPOOL_CORNER: "row, column = i, j"},
        hint="On the way back you forget the stride: windows begin at i * stride and j * stride.",
    ),
    Misconception(
        "pool-gradient-times-maximum",
        POOL_BACK,
        {DPOOL: f"{DPOOL} * window.max()"},
        hint="You multiply dout by the maximum itself. When the maximum grows by a little, the "
        "output grows by as much: the factor is 1.",
    ),
    # --- model-init ---
    Misconception(
        "init-no-pooling",
        INIT,
        {SHAPE_W2: '"W2": (num_filters * H * W, hidden_dim),'},
        hint="W2 has too many rows: pooling halves height and width before the affine layer.",
    ),
    Misconception(
        "init-pooled-once",
        INIT,
        {SHAPE_W2: '"W2": (num_filters * (H * W // 2), hidden_dim),'},
        hint="W2 has too many rows: pooling halves both height and width, which leaves a quarter "
        "of the numbers.",
    ),
    Misconception(
        "init-quarter",
        INIT,
        {SHAPE_W2: '"W2": (num_filters * (H * W // 4), hidden_dim),'},
        hint="W2 is right for even sizes only. Where height or width is odd, pooling rounds each "
        "of them down by itself: (H // 2) * (W // 2).",
    ),
    Misconception(
        "init-input-channels",
        INIT,
        {SHAPE_W2: '"W2": (C * (H // 2) * (W // 2), hidden_dim),'},
        hint="The rows of W2 are counted with the channels of the image. After the convolution "
        "there is one channel for each filter.",
    ),
    Misconception(
        "init-filter-axes",
        INIT,
        {SHAPE_W1: '"W1": (C, num_filters, filter_size, filter_size),'},
        hint="The first two axes of W1 are exchanged: filters first, then channels.",
    ),
    Misconception(
        "init-no-scale",
        INIT,
        {DRAWN: "self.params[name] = np.random.normal(0, 1, size=shape)"},
        hint="weight_scale is not used; the weights have a standard deviation of 1.",
    ),
    Misconception(
        "init-scale-as-variance",
        INIT,
        {DRAWN: "self.params[name] = np.random.normal(0, weight_scale**0.5, size=shape)"},
        hint="weight_scale is the standard deviation; you take it for the variance.",
    ),
    Misconception(
        "init-zeros",
        INIT,
        {DRAWN: "self.params[name] = np.zeros(shape)"},
        hint="All weights are 0. Then all filters are the same and get the same gradient, and stay "
        "the same for ever; chance has to make them different.",
    ),
    Misconception(
        "init-uniform",
        INIT,
        {DRAWN: "self.params[name] = weight_scale * np.random.rand(*shape)"},
        hint="np.random.rand draws numbers from 0 to 1, none of them negative. A normal "
        "distribution around 0 is asked for.",
    ),
    Misconception(
        "init-random-biases",
        INIT,
        {
            B1: B1.replace("zeros(", "random.normal(0, weight_scale, "),
            B2: B2.replace("zeros(", "random.normal(0, weight_scale, "),
            B3: B3.replace("zeros(", "random.normal(0, weight_scale, "),
        },
        hint="The biases are random; they begin at 0. The weights already make things different.",
    ),
    Misconception(
        "init-always-double",
        INIT,
        {CAST: CAST.replace("dtype", "np.float64")},
        hint="The parameters are in double precision, whatever dtype says. Bring them to dtype, "
        "and training takes half the memory and half the time.",
    ),
    Misconception(
        "init-bias-for-each-place",
        INIT,
        {B1: 'self.params["b1"] = np.zeros((num_filters, H, W))'},
        hint="b1 has a number for each place. A filter has one bias, the same at all places: (F,).",
    ),
    # --- model-scores ---
    Misconception(
        "scores-no-relu",
        SCORES,
        {HIDDEN: "hidden, relu_cache = before, None", DBEFORE: "dbefore = dhidden"},
        hint="There is no ReLU between the two affine layers, which are then no more than one.",
    ),
    Misconception(
        "scores-relu-at-the-end",
        SCORES,
        {
            SCORES_LINE: f"{SCORES_LINE}\n        scores, end_cache = relu_forward(scores)",
            DSCORES: DSCORES.replace("dscores,", "relu_backward(dscores, end_cache),"),
        },
        hint="There is a ReLU after the last layer as well. Scores may be negative; softmax wants "
        "to see them.",
    ),
    Misconception(
        "scores-no-relu-after-convolution",
        SCORES,
        {
            CONV_LAYER: "pooled, conv_cache = conv_forward_fast(X, W1, b1, self.conv_param)\n"
            "        pooled, pool_cache = max_pool_forward_fast(pooled, self.pool_param)",
            DCONV: "dpooled = max_pool_backward_fast(dpooled, pool_cache)\n        "
            '_dX, dW1, grads["b1"] = conv_backward_fast(dpooled, conv_cache)',
        },
        hint="There is no ReLU after the convolution. Without one, it and the affine layer are "
        "nearly a single linear layer.",
    ),
    Misconception(
        "scores-no-bias",
        SCORES,
        {RETURN_SCORES: "            return hidden @ W3"},
        hint="The bias b3 of the last layer is missing.",
    ),
    *score_mistakes(SCORES, RETURN_SCORES),
    Misconception(
        "scores-hidden",
        SCORES,
        {RETURN_SCORES: "            return hidden"},
        hint="You return the hidden units; the last affine layer makes scores of them.",
    ),
    # --- model-loss ---
    Misconception(
        "loss-no-regularisation",
        LOSS,
        {PENALTY: "loss = data_loss"},
        hint="The regularisation is missing from the loss: 0.5 * reg times the sum of all squared "
        "weights.",
    ),
    no_half(LOSS, PENALTY),
    Misconception(
        "loss-filters-not-regularised",
        LOSS,
        {PENALTY: PENALTY.replace("(W1, W2, W3)", "(W2, W3)")},
        hint="The filters, W1, are not regularised in the loss; their squares count as well.",
    ),
    Misconception(
        "loss-biases-regularised",
        LOSS,
        {PENALTY: PENALTY.replace("(W1, W2, W3)", "self.params.values()")},
        hint="The biases are regularised as well; only the weights are to be.",
    ),
    Misconception(
        "loss-norms",
        LOSS,
        {PENALTY: PENALTY.replace("np.sum(weights**2)", "np.sqrt(np.sum(weights**2))")},
        hint="You add the norms of the weights; their squares are asked for.",
    ),
    Misconception(
        "loss-mean-again",
        LOSS,
        {PENALTY: PENALTY.replace("data_loss +", "data_loss / len(X) +")},
        hint="You divide the data loss by N; softmax_loss has done so already.",
    ),
    # --- model-gradients ---
    Misconception(
        "gradients-no-regularisation",
        GRADIENTS,
        {
            GRAD_1: 'grads["W1"] = dW1',
            GRAD_2: 'grads["W2"] = dW2',
            GRAD_3: 'grads["W3"] = dW3',
        },
        hint="The gradient of the regularisation is missing: 0.5 * reg * W**2 has the gradient "
        "reg * W.",
    ),
    Misconception(
        "gradients-regularisation-twice",
        GRADIENTS,
        {
            GRAD_1: GRAD_1.replace("self.reg", "2 * self.reg"),
            GRAD_2: GRAD_2.replace("self.reg", "2 * self.reg"),
            GRAD_3: GRAD_3.replace("self.reg", "2 * self.reg"),
        },
        hint="The gradient of the regularisation is twice what it should be: the factor 0.5 in the "
        "loss and the 2 of the square cancel.",
    ),
    Misconception(
        "gradients-filters-not-regularised",
        GRADIENTS,
        {GRAD_1: 'grads["W1"] = dW1'},
        hint="The gradient of the filters, W1, lacks its regularisation.",
    ),
    Misconception(
        "gradients-no-relu",
        GRADIENTS,
        {DBEFORE: "dbefore = dhidden"},
        hint="The way back skips the ReLU between the affine layers: what went through "
        "relu_forward comes back through relu_backward.",
    ),
    Misconception(
        "gradients-mean-again",
        GRADIENTS,
        {DSCORES: f"dscores = dscores / len(X)\n        {DSCORES}"},
        hint="You divide by N once more; softmax_loss has done so already.",
    ),
    Misconception(
        "gradients-biases-regularised",
        GRADIENTS,
        {
            GRAD_3: f"{GRAD_3}\n        for name in ('b1', 'b2', 'b3'):\n            "
            "grads[name] = grads[name] + self.reg * self.params[name]"
        },
        hint="The biases are regularised as well; only the weights are to be.",
    ),
    Misconception(
        "gradients-lower-case",
        GRADIENTS,
        {GRAD_3: f'{GRAD_3}\n        grads = {{f"d{{name}}": grads[name] for name in grads}}'},
        hint="The gradients have to have the names of the parameters, W1 and not dW1: the solver "
        "looks them up by name.",
    ),
    # --- spatial-batchnorm-forward ---
    Misconception(
        "spatial-reshape-only",
        SPATIAL,
        {BATCH_ROWS: "    rows = x.reshape(-1, C)", BATCH_OUT: "out = out_rows.reshape(x.shape)"},
        hint="x.reshape(-1, C) mixes the channels: reshape moves no numbers, and in (N, C, H, W) "
        "the last axis is not C. Transpose to (N, H, W, C) first.",
    ),
    Misconception(
        "spatial-not-transposed-back",
        SPATIAL,
        {BATCH_OUT: "out = out_rows.reshape(N, C, H, W)"},
        hint="The numbers are normalised well, but come back in the wrong places: reshape to "
        "(N, H, W, C) first, then bring C back to the second place.",
    ),
    Misconception(
        "spatial-channels-last",
        SPATIAL,
        {BATCH_OUT: "out = out_rows.reshape(N, H, W, C)"},
        hint="Your result is (N, H, W, C); bring the channels back to the second place.",
    ),
    Misconception(
        "spatial-each-place",
        SPATIAL,
        {
            BATCH: 'rows = x.reshape(N, -1)\n    places = {**bn_param, "mode": "train"}\n    '
            "places.pop('running_mean', None), places.pop('running_var', None)\n    "
            "out_rows, cache = batchnorm_forward(rows, np.repeat(gamma, H * W), "
            "np.repeat(beta, H * W), places)",
            BATCH_OUT: "out = out_rows.reshape(x.shape)",
        },
        hint="You normalise each place of each channel by itself, over the images. The mean of a "
        "channel runs over images *and* places.",
    ),
    Misconception(
        "spatial-each-image",
        SPATIAL,
        {
            BATCH: f"{BATCH}\n    "
            "x_hat = x - x.mean(axis=(2, 3), keepdims=True)\n    "
            "x_hat = x_hat / np.sqrt(x.var(axis=(2, 3), keepdims=True) + 1e-5)",
            BATCH_OUT: "out = gamma.reshape(1, C, 1, 1) * x_hat + beta.reshape(1, C, 1, 1)",
        },
        hint="You normalise each image by itself, which is instance normalisation. Here the mean "
        "of a channel runs over all images of the batch, too.",
    ),
    Misconception(
        "spatial-copy-of-parameters",
        SPATIAL,
        {BATCH: BATCH.replace("bn_param", "dict(bn_param)")},
        hint="The outputs are right, but the running averages are lost: you hand over a copy of "
        "bn_param. The caller's dictionary has to be updated.",
    ),
    Misconception(
        "spatial-always-training",
        SPATIAL,
        {BATCH: BATCH.replace("bn_param", '{**bn_param, "mode": "train"}')},
        hint='You normalise by the batch in the test as well. With mode "test" the running '
        "averages are used: hand bn_param over as it is.",
    ),
    Misconception(
        "spatial-no-scale",
        SPATIAL,
        {BATCH: BATCH.replace("gamma, beta", "np.ones(C), np.zeros(C)")},
        hint="gamma and beta are not used.",
    ),
    # --- spatial-batchnorm-backward ---
    Misconception(
        "spatial-back-reshape-only",
        SPATIAL_BACK,
        {
            DBATCH_ROWS: "dout_rows = dout.reshape(-1, C)",
            DBATCH_DX: "dx = dx_rows.reshape(dout.shape)",
        },
        hint="dout.reshape(-1, C) mixes the channels. Transpose to (N, H, W, C) first, as on the "
        "way forward.",
    ),
    Misconception(
        "spatial-back-not-transposed",
        SPATIAL_BACK,
        {DBATCH_DX: "dx = dx_rows.reshape(N, C, H, W)"},
        hint="dx has the right numbers in the wrong places: reshape to (N, H, W, C) first, then "
        "bring C back to the second place.",
    ),
    Misconception(
        "spatial-back-channels-last",
        SPATIAL_BACK,
        {DBATCH_DX: "dx = dx_rows.reshape(N, H, W, C)"},
        hint="Your dx is (N, H, W, C); bring the channels back to the second place.",
    ),
    Misconception(
        "spatial-back-mean",
        SPATIAL_BACK,
        {DBATCH: f"{DBATCH}\n    dgamma, dbeta = dgamma / (H * W), dbeta / (H * W)"},
        hint="You divide dgamma and dbeta by the number of places; they are sums.",
    ),
    Misconception(
        "spatial-back-parameter-shape",
        SPATIAL_BACK,
        {
            DBATCH: f"{DBATCH}\n    dgamma, dbeta = "
            "dgamma.reshape(1, C, 1, 1), dbeta.reshape(1, C, 1, 1)"
        },
        hint="dgamma and dbeta have the shape of gamma and beta, (C,).",
    ),
    Misconception(
        "spatial-back-swapped",
        SPATIAL_BACK,
        {DBATCH: "dx_rows, dbeta, dgamma = batchnorm_backward(dout_rows, cache)"},
        hint="dgamma and dbeta are exchanged: batchnorm_backward returns dx, dgamma, dbeta.",
    ),
    # --- spatial-groupnorm-forward ---
    Misconception(
        "group-all-channels",
        GROUP,
        {GROUPS: "groups = x.reshape(len(x), 1, -1)"},
        hint="You normalise over all channels of an image, which is layer normalisation. Each "
        "group has a mean and a variance of its own.",
    ),
    Misconception(
        "group-each-channel",
        GROUP,
        {GROUPS: "groups = x.reshape(len(x), x.shape[1], -1)"},
        hint="You normalise each channel by itself, which is instance normalisation. The C / G "
        "channels of a group share mean and variance.",
    ),
    Misconception(
        "group-interleaved",
        GROUP,
        {
            GROUPS: "N, C, H, W = x.shape\n    groups = x.reshape(N, C // G, G, H, W)"
            ".transpose(0, 2, 1, 3, 4).reshape(N, G, -1)",
            GROUP_OUT: "x_hat = x_hat.reshape(N, G, C // G, H, W).transpose(0, 2, 1, 3, 4)\n    "
            "x_hat = x_hat.reshape(x.shape)\n    out = gamma * x_hat + beta",
        },
        hint="Your groups take every G-th channel. A group is C / G channels that follow each "
        "other: reshape to (N, G, C // G, H, W), G before C // G.",
    ),
    Misconception(
        "group-size-for-number",
        GROUP,
        {GROUPS: "groups = x.reshape(len(x), x.shape[1] // G, -1)"},
        hint="You take G for the number of channels in a group; it is the number of groups.",
    ),
    Misconception(
        "group-over-batch",
        GROUP,
        {
            GROUP_STD: "std = np.sqrt(groups.var(axis=(0, 2), keepdims=True) + eps)",
            GROUP_HAT: "x_hat = (groups - groups.mean(axis=(0, 2), keepdims=True)) / std",
        },
        hint="Mean and variance run over the images, too. In group normalisation each image is "
        "normalised by itself.",
    ),
    Misconception(
        "group-variance-unbiased",
        GROUP,
        {GROUP_STD: "std = np.sqrt(groups.var(axis=2, keepdims=True, ddof=1) + eps)"},
        hint="Your variance is divided by one less than the number of values; here it is divided "
        "by their number (ddof=0).",
    ),
    Misconception(
        "group-by-variance",
        GROUP,
        {GROUP_STD: "std = groups.var(axis=2, keepdims=True) + eps"},
        hint="You divide by the variance; its square root is missing.",
    ),
    Misconception(
        "group-eps-fixed",
        GROUP,
        {GROUP_STD: GROUP_STD.replace("eps", "1e-5")},
        hint="eps is fixed; take it from gn_param.",
    ),
    Misconception(
        "group-eps-outside",
        GROUP,
        {GROUP_STD: "std = np.sqrt(groups.var(axis=2, keepdims=True)) + eps"},
        hint="eps is added to the standard deviation; it belongs under the root, to the variance.",
    ),
    Misconception(
        "group-no-shift",
        GROUP,
        {GROUP_OUT: "out = gamma * x_hat.reshape(x.shape)"},
        hint="beta is not added.",
    ),
    Misconception(
        "group-shift-first",
        GROUP,
        {GROUP_OUT: "out = gamma * (x_hat.reshape(x.shape) + beta)"},
        hint="beta is added before gamma multiplies, so it is multiplied as well. Scale first.",
    ),
    Misconception(
        "group-in-place",
        GROUP,
        {GROUP_HAT: "groups -= groups.mean(axis=2, keepdims=True)\n    x_hat = groups / std"},
        hint="out is right, but x is changed: reshape gives another view of the same numbers, and "
        "-= works on them. Subtract into a new array.",
    ),
    # --- spatial-groupnorm-backward ---
    Misconception(
        "group-back-constants",
        GROUP_BACK,
        {GROUP_DX: "dx = (dx_hat / std).reshape(dout.shape)"},
        hint="You treat mean and variance as constants. Each number of x moves both, and the "
        "formula has a term for each.",
    ),
    Misconception(
        "group-back-no-mean",
        GROUP_BACK,
        {GROUP_DX: "dx = ((dx_hat - by_variance) / std).reshape(dout.shape)"},
        hint="The term of the mean is missing from dx.",
    ),
    Misconception(
        "group-back-no-variance",
        GROUP_BACK,
        {GROUP_DX: "dx = ((dx_hat - by_mean) / std).reshape(dout.shape)"},
        hint="The term of the variance is missing from dx.",
    ),
    Misconception(
        "group-back-no-gamma",
        GROUP_BACK,
        {DX_HAT: "dx_hat = dout.reshape(x_hat.shape)"},
        hint="dx lacks gamma: the gradient with respect to x_hat is dout * gamma.",
    ),
    Misconception(
        "group-back-sums",
        GROUP_BACK,
        {
            BY_MEAN: BY_MEAN.replace("mean(axis", "sum(axis"),
            BY_VARIANCE: BY_VARIANCE.replace("mean(axis", "sum(axis"),
        },
        hint="The terms of mean and variance are divided by the number of values in a group.",
    ),
    Misconception(
        "group-back-by-places",
        GROUP_BACK,
        {
            BY_MEAN: "count = dout.shape[2] * dout.shape[3]\n    "
            "by_mean = dx_hat.sum(axis=2, keepdims=True) / count",
            BY_VARIANCE: "by_variance = x_hat * (dx_hat * x_hat).sum(axis=2, keepdims=True) "
            "/ count",
        },
        hint="You divide by the number of places; a group has C / G times as many values.",
    ),
    Misconception(
        "group-back-parameter-shape",
        GROUP_BACK,
        {
            DGAMMA: DGAMMA.replace(", keepdims=True", ""),
            DBETA: DBETA.replace(", keepdims=True", ""),
        },
        hint="The numbers in dgamma and dbeta are right, but they have the shape of gamma and "
        "beta, (1, C, 1, 1): keepdims=True.",
    ),
    Misconception(
        "group-back-swapped",
        GROUP_BACK,
        {GROUP_DX: f"{GROUP_DX}\n    dgamma, dbeta = dbeta, dgamma"},
        hint="dgamma and dbeta are exchanged.",
    ),
    Misconception(
        "group-back-dgamma-without-x",
        GROUP_BACK,
        {DGAMMA: "dgamma = np.sum(dout * gamma, axis=(0, 2, 3), keepdims=True)"},
        hint="gamma multiplies the normalised numbers, so dgamma is the sum of dout * x_hat.",
    ),
]

_FAST = """
import numpy as np
from assignments.fast_layers import {0}_fast as fast

def {0}_naive(*arguments):
    return fast(*arguments)
"""
_STAND_IN = "from assignments.standins.a2_networks.convolutional_networks import {0}\n{0} = {0}\n"
_STAND_IN_NET = (
    "from assignments.standins.a2_networks.convolutional_networks import "
    "ThreeLayerConvNet as StandIn\n\n"
    "class ThreeLayerConvNet(ThreeLayerConvNet):\n    def __init__(self, *args, **kwargs):\n"
    "        self.net = StandIn(*args, **kwargs)\n        self.params = self.net.params\n\n"
    "    def loss(self, X, y=None):\n        return self.net.loss(X, y)\n"
)
_PREVIOUS = """
from assignments import previous

def {0}(*arguments):
    return previous("a2_networks/convolutional_networks").{0}(*arguments)
"""

SHORTCUTS = [
    Shortcut("fast-conv-forward", CONV, append=_FAST.format("conv_forward")),
    Shortcut(
        "torch-conv-forward",
        CONV,
        append="""
import torch

def conv_forward_naive(x, w, b, conv_param):
    x, w, b = map(torch.tensor, (x, w, b))
    out = torch.nn.functional.conv2d(x, w, b, conv_param["stride"], conv_param["pad"])
    return out.numpy(), None
""",
    ),
    Shortcut(
        "scipy-conv-forward",
        CONV,
        append="""
import numpy as np
from scipy.signal import correlate

def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = [[correlate(image, f, mode="valid")[0, ::stride, ::stride] for f in w] for image in x]
    return np.array(out) + b[:, None, None], None
""",
    ),
    Shortcut("stand-in-conv-forward", CONV, append=_STAND_IN.format("conv_forward_naive")),
    Shortcut(
        "given-conv-forward",
        CONV,
        append="""
from assignments.layers import conv_forward_fast as conv_forward_naive
""",
    ),
    Shortcut("fast-conv-backward", CONV_BACK, append=_FAST.format("conv_backward")),
    Shortcut("previous-conv-backward", CONV_BACK, append=_PREVIOUS.format("conv_backward_naive")),
    Shortcut("fast-max-pool-forward", POOL, append=_FAST.format("max_pool_forward")),
    Shortcut(
        "scikit-image-max-pool-forward",
        POOL,
        append="""
import numpy as np
from skimage.measure import block_reduce

def max_pool_forward_naive(x, pool_param):
    window = (1, 1, pool_param["pool_height"], pool_param["pool_width"])
    return block_reduce(x, window, np.max), (x, pool_param)
""",
    ),
    Shortcut("fast-max-pool-backward", POOL_BACK, append=_FAST.format("max_pool_backward")),
    Shortcut(
        "stand-in-max-pool-backward", POOL_BACK, append=_STAND_IN.format("max_pool_backward_naive")
    ),
    Shortcut("stand-in-init", INIT, append=_STAND_IN_NET),
    Shortcut("stand-in-scores", SCORES, append=_STAND_IN_NET),
    Shortcut("stand-in-loss", LOSS, append=_STAND_IN_NET),
    Shortcut("stand-in-gradients", GRADIENTS, append=_STAND_IN_NET),
    Shortcut("stand-in-spatial", SPATIAL, append=_STAND_IN.format("spatial_batchnorm_forward")),
    Shortcut(
        "previous-spatial-backward",
        SPATIAL_BACK,
        append=_PREVIOUS.format("spatial_batchnorm_backward"),
    ),
    Shortcut("stand-in-group", GROUP, append=_STAND_IN.format("spatial_groupnorm_forward")),
    Shortcut(
        "hidden-checks-group-backward",
        GROUP_BACK,
        append="""
def spatial_groupnorm_backward(dout, cache):
    from autograder.checks.a2_networks.test_convolutional_networks import group_norm
    return group_norm(dout, *cache)
""",
    ),
]

VARIANTS = [
    Variant(
        "conv-four-loops",
        CONV,
        {
            CONV_LOOP: "places = [(n, f, i, j) for n in range(N) for f in range(F) "
            "for i in range(H_out) for j in range(W_out)]\n    for n, f, i, j in places:",
            PADDED: "    padded = np.zeros((N, x.shape[1], H + 2 * pad, W + 2 * pad))\n    "
            "padded[:, :, pad : pad + H, pad : pad + W] = x",
        },
    ),
    Variant(
        "conv-sliding-windows",
        CONV,
        append="""
from numpy.lib.stride_tricks import sliding_window_view

def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.tensordot(windows, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return out + b.reshape(1, -1, 1, 1), (x, w, b, conv_param)
""",
    ),
    Variant(
        "conv-window-of-all-images",
        CONV,
        {
            CONV_LOOP: "for i, j in np.ndindex(H_out, W_out):",
            WINDOW: "window = padded[:, :, top : top + HH, left : left + WW]",
            WEIGHED: "out[:, :, i, j] = window.reshape(N, -1) @ w.reshape(F, -1).T + b",
        },
    ),
    Variant(
        "conv-double-precision",
        CONV,
        {OUT: OUT.replace(", x.dtype", "")},
    ),
    Variant(
        "conv-dictionary-cache",
        CONV_BACK,
        {
            CONV_CACHE: 'cache = {"x": x, "w": w, "param": conv_param}',
            CONV_UNPACK: 'x, w, conv_param = cache["x"], cache["w"], cache["param"]',
        },
    ),
    Variant(
        "conv-named-cache",
        CONV_BACK,
        {
            CONV_CACHE: "import collections\n\n    "
            'cache = collections.namedtuple("Cache", "x w b param")(x, w, b, conv_param)'
        },
    ),
    Variant(
        "conv-back-by-places",
        CONV_BACK,
        append="""
def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
    H_out, W_out = dout.shape[2:]
    for p, q in np.ndindex(w.shape[2:]):
        rows = slice(p, p + stride * (H_out - 1) + 1, stride)
        columns = slice(q, q + stride * (W_out - 1) + 1, stride)
        dw[:, :, p, q] = np.einsum("nfij,ncij->fc", dout, padded[:, :, rows, columns])
        dpadded[:, :, rows, columns] += np.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
    H, W = x.shape[2:]
    return dpadded[:, :, pad : H + pad, pad : W + pad], dw, np.einsum("nfij->f", dout)
""",
    ),
    Variant(
        "pool-four-loops",
        POOL,
        {
            POOL_LOOP: "for n, c, i, j in np.ndindex(out.shape):",
            LARGEST: "out[n, c, i, j] = np.max(x[n, c, top : top + height, left : left + width])",
        },
    ),
    Variant(
        "pool-minus-infinity",
        POOL,
        {
            LARGEST: "out[:, :, i, j] = -np.inf\n        for p, q in np.ndindex(height, width):\n"
            "            out[:, :, i, j] = np.maximum(out[:, :, i, j], x[:, :, top + p, left + q])"
        },
    ),
    Variant(
        "pool-sliding-windows",
        POOL,
        append="""
from numpy.lib.stride_tricks import sliding_window_view

def max_pool_forward_naive(x, pool_param):
    shape = (pool_param["pool_height"], pool_param["pool_width"])
    windows = sliding_window_view(x, shape, axis=(2, 3))
    step = pool_param["stride"]
    return windows[:, :, ::step, ::step].max(axis=(4, 5)), (x, pool_param)
""",
    ),
    Variant(
        "pool-back-first-of-many",
        POOL_BACK,
        {
            ARGMAX: "down, right = np.argwhere(window == window.max())[0]",
        },
    ),
    Variant(
        "pool-back-mask",
        POOL_BACK,
        {
            DPOOL_ALL: "mask = np.zeros(window.size)\n        mask[window.argmax()] = 1\n        "
            "dx[n, c, row : row + height, column : column + width] += "
            "mask.reshape(window.shape) * dout[n, c, i, j]"
        },
    ),
    Variant(
        "pool-back-object-cache",
        POOL_BACK,
        {
            POOL_CACHE: "import types\n\n    cache = types.SimpleNamespace(x=x, param=pool_param)",
            POOL_UNPACK: "x, pool_param = cache.x, cache.param",
        },
    ),
    Variant(
        "init-one-by-one",
        INIT,
        {DRAWN: "self.params[name] = weight_scale * np.random.randn(*shape)"},
    ),
    Variant(
        "init-generator",
        INIT,
        {
            DRAWN: "self.params[name] = np.random.default_rng(len(name) + sum(shape)).normal("
            "scale=weight_scale, size=shape)"
        },
    ),
    Variant(
        "scores-fast-layers",
        SCORES,
        {
            CONV_LAYER: "pooled, conv_cache = conv_forward_fast(X, W1, b1, self.conv_param)\n"
            "        pooled, c2 = max_pool_forward_fast(pooled, self.pool_param)\n        "
            "pooled, c3 = relu_forward(pooled)",
            DCONV: "dpooled = max_pool_backward_fast(relu_backward(dpooled, c3), c2)\n        "
            '_dX, dW1, grads["b1"] = conv_backward_fast(dpooled, conv_cache)',
        },
    ),
    Variant(
        "scores-own-layers",
        SCORES,
        {
            CONV_LAYER: "pooled, conv_cache = conv_forward_naive(X, W1, b1, self.conv_param)\n"
            "        pooled, c2 = relu_forward(pooled)\n        "
            "pooled, c3 = max_pool_forward_naive(pooled, self.pool_param)",
            DCONV: "dpooled = relu_backward(max_pool_backward_naive(dpooled, c3), c2)\n        "
            '_dX, dW1, grads["b1"] = conv_backward_naive(dpooled, conv_cache)',
        },
    ),
    Variant("loss-as-array", LOSS, {PENALTY: f"{PENALTY}\n        loss = np.asarray(loss)"}),
    Variant(
        "loss-by-names",
        LOSS,
        {
            PENALTY: "loss = data_loss\n        for name, value in self.params.items():\n"
            "            if value.ndim > 1:\n                "
            "loss += 0.5 * self.reg * np.sum(value * value)"
        },
    ),
    Variant(
        "gradients-own-layers",
        GRADIENTS,
        {
            CONV_LAYER: "pooled, conv_cache = conv_forward_naive(X, W1, b1, self.conv_param)\n"
            "        pooled, c2 = relu_forward(pooled)\n        "
            "pooled, c3 = max_pool_forward_naive(pooled, self.pool_param)",
            DCONV: "dpooled = relu_backward(max_pool_backward_naive(dpooled, c3), c2)\n        "
            '_dX, dW1, grads["b1"] = conv_backward_naive(dpooled, conv_cache)',
        },
    ),
    Variant(
        "gradients-in-place",
        GRADIENTS,
        {
            GRAD_1: 'grads["W1"] = dW1\n        grads["W1"] += self.reg * W1',
            GRAD_2: 'grads["W2"] = dW2\n        grads["W2"] += self.reg * W2',
        },
    ),
    Variant(
        "spatial-moveaxis",
        SPATIAL,
        {
            BATCH_ROWS: "    rows = np.moveaxis(x, 1, -1).reshape(N * H * W, C)",
            BATCH_OUT: "out = np.moveaxis(out_rows.reshape(N, H, W, C), -1, 1)",
        },
    ),
    Variant(
        "spatial-by-hand",
        SPATIAL,
        append="""
def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(C))
    running_var = bn_param.get("running_var", np.zeros(C))
    mean, var = running_mean, running_var
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    std = np.sqrt(var + eps).reshape(1, C, 1, 1)
    x_hat = (x - mean.reshape(1, C, 1, 1)) / std
    out = gamma.reshape(1, C, 1, 1) * x_hat + beta.reshape(1, C, 1, 1)
    return out, (x_hat, std, gamma)
""",
    ),
    Variant(
        "spatial-back-moveaxis",
        SPATIAL_BACK,
        {
            DBATCH_ROWS: "dout_rows = np.moveaxis(dout, 1, -1).reshape(-1, C)",
            DBATCH_DX: "dx = np.moveaxis(dx_rows.reshape(N, H, W, C), -1, 1)",
        },
    ),
    Variant(
        "spatial-back-alt",
        SPATIAL_BACK,
        {
            DBATCH: DBATCH.replace("batchnorm_b", "batch_normalization.batchnorm_b").replace(
                "backward", "backward_alt"
            )
        },
    ),
    Variant(
        "group-five-axes",
        GROUP,
        {
            GROUPS: "N, C, H, W = x.shape\n    groups = x.reshape(N, G, C // G, H, W)",
            GROUP_STD: "std = np.sqrt(groups.var(axis=(2, 3, 4), keepdims=True) + eps)",
            GROUP_HAT: "x_hat = (groups - groups.mean(axis=(2, 3, 4), keepdims=True)) / std",
        },
    ),
    Variant(
        "group-loop",
        GROUP,
        append="""
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    out = np.empty_like(x)
    size = x.shape[1] // G
    for n in range(len(x)):
        for g in range(G):
            part = x[n, g * size : (g + 1) * size]
            scaled_part = (part - part.mean()) / (part.var() + gn_param.get("eps", 1e-5)) ** 0.5
            out[n, g * size : (g + 1) * size] = scaled_part
    return gamma * out + beta, None
""",
    ),
    Variant(
        "group-back-object-cache",
        GROUP_BACK,
        {
            GROUP_CACHE: "import types\n\n    "
            "cache = types.SimpleNamespace(x_hat=x_hat, std=std, gamma=gamma)",
            GROUP_UNPACK: "x_hat, std, gamma = cache.x_hat, cache.std, cache.gamma",
        },
    ),
    Variant(
        "group-back-one-formula",
        GROUP_BACK,
        {
            GROUP_DX: "m = x_hat.shape[2]\n    dx = (m * dx_hat - dx_hat.sum(axis=2, keepdims=True)"
            " - x_hat * (dx_hat * x_hat).sum(axis=2, keepdims=True)) / (m * std)\n    "
            "dx = dx.reshape(dout.shape)"
        },
    ),
]
