"""Misconceptions, shortcuts and accepted variants of the notebook on convolutional blocks."""

from autograder.misconceptions import Misconception, Shortcut, Variant

SIZE, FIELD = "cnn_architectures-output-size", "cnn_architectures-receptive-field"
COUNT, VGG = "cnn_architectures-count-parameters", "cnn_architectures-vgg"
INCEPTION, RESIDUAL = "cnn_architectures-inception", "cnn_architectures-residual"
BOTTLENECK, DENSE = "cnn_architectures-bottleneck", "cnn_architectures-dense"
SEPARABLE = "cnn_architectures-separable"

# Parts of the reference that several patches replace.
SIZE_FORMULA = "return (size + 2 * pad - kernel) // stride + 1"
START = "field = jump = 1"
GROW = "field += (kernel - 1) * jump"
JUMP = "jump *= stride"
TOTAL = "return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)"
VGG_LOOP = "for channels in [in_channels] + [out_channels] * (num_convs - 1):"
VGG_LAYERS = "layers += [nn.Conv2d(channels, out_channels, 3, padding=1), nn.ReLU()]"
VGG_NET = "self.layers = nn.Sequential(*layers, nn.MaxPool2d(2))"
PIXEL = "pixel = F.relu(self.conv1(x))"
SMALL = "small = F.relu(self.conv3(F.relu(self.conv3_reduce(x))))"
LARGE = "large = F.relu(self.conv5(F.relu(self.conv5_reduce(x))))"
POOLED = "pooled = F.relu(self.pool_proj(F.max_pool2d(x, 3, stride=1, padding=1)))"
WAYS = "return torch.cat([pixel, small, large, pooled], dim=1)"
CONV1 = "self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)"
CONV2 = "self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)"
CHANGES = "if stride != 1 or in_channels != out_channels:"
PROJECTION = "projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)"
SHORTCUT = "self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))"
HIDDEN = "out = F.relu(self.bn1(self.conv1(x)))"
CHANGE = "out = self.bn2(self.conv2(out))"
SUM = "return F.relu(out + self.shortcut(x))"
WIDE = "wide = expansion * mid_channels"
NARROW_CONV = "self.conv1 = nn.Conv2d(in_channels, mid_channels, 1, bias=False)"
MIDDLE_CONV = "self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, stride, padding=1, bias=False)"
WIDE_CHANGES = "if stride != 1 or in_channels != wide:"
WIDE_PROJECTION = "projection = nn.Conv2d(in_channels, wide, 1, stride, bias=False)"
WIDE_SHORTCUT = "self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(wide))"
MIDDLE = "narrow = F.relu(self.bn2(self.conv2(narrow)))"
WIDE_SUM = "return F.relu(self.bn3(self.conv3(narrow)) + self.shortcut(x))"
WIDTHS = "widths = [in_channels + i * growth_rate for i in range(num_layers)]"
NORMS = "self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)"
NEW = "new = conv(F.relu(norm(x)))"
GATHER = "x = torch.cat([x, new], dim=1)"
DEPTHWISE = "in_channels, in_channels, 3, stride, padding=1, groups=in_channels, bias=False"
POINTWISE = "self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)"
ALONE = "alone = F.relu(self.bn1(self.depthwise(x)))"
MIXED = "return F.relu(self.bn2(self.pointwise(alone)))"

MISCONCEPTIONS = [
    # --- output-size ---
    Misconception(
        "size-rounded-up",
        SIZE,
        {SIZE_FORMULA: "return -((kernel - size - 2 * pad) // stride) + 1"},
        hint="You round up: the last stop, where the kernel hangs over the end, does not count.",
    ),
    Misconception(
        "size-pad-once",
        SIZE,
        {SIZE_FORMULA: "return (size + pad - kernel) // stride + 1"},
        hint="There are pad zeros at both ends, so the row is longer by 2 * pad.",
    ),
    Misconception(
        "size-first-place-forgotten",
        SIZE,
        {SIZE_FORMULA: "return (size + 2 * pad - kernel) // stride"},
        hint="You count the steps. The place where the kernel stands before the first step counts "
        "too.",
    ),
    Misconception(
        "size-kernel-forgotten",
        SIZE,
        {SIZE_FORMULA: "return (size + 2 * pad) // stride"},
        hint="The kernel has to lie within the padded input: where does its left end stop?",
    ),
    Misconception(
        "size-one-before-division",
        SIZE,
        {SIZE_FORMULA: "return (size + 2 * pad - kernel + 1) // stride"},
        hint="The 1 for the first place is added after the division by the stride.",
    ),
    Misconception(
        "size-not-whole",
        SIZE,
        {SIZE_FORMULA: "return (size + 2 * pad - kernel) / stride + 1"},
        hint="The division leaves a fraction of a place. Use //, which rounds down to an int.",
    ),
    Misconception(
        "size-stride-forgotten",
        SIZE,
        {SIZE_FORMULA: "return size + 2 * pad - kernel + 1"},
        hint="The stride is not used: the kernel stops at every stride-th place only.",
    ),
    Misconception(
        "size-without-brackets",
        SIZE,
        {SIZE_FORMULA: "return size + 2 * pad - kernel // stride + 1"},
        hint="Only kernel is divided by stride: // comes before + and -. Put brackets around the "
        "difference.",
    ),
    # --- receptive-field ---
    Misconception(
        "field-strides-ignored",
        FIELD,
        {JUMP: "jump *= 1"},
        hint="The strides play no part in your field. After a stride of 2, neighbours are two "
        "pixels apart, and a kernel covers twice as much.",
    ),
    Misconception(
        "field-own-stride-first",
        FIELD,
        {f"{GROW}\n        {JUMP}": f"{JUMP}\n        {GROW}"},
        hint="A layer's own stride does not widen what it sees; it counts for the layers after "
        "it. Add first, then multiply the jump.",
    ),
    Misconception(
        "field-whole-kernel",
        FIELD,
        {GROW: "field += kernel * jump"},
        hint="A kernel of size k adds k - 1 places: one of them is there already.",
    ),
    Misconception(
        "field-last-stride-only",
        FIELD,
        {JUMP: "jump = stride"},
        hint="The jump is the product of all strides so far, and not the last one alone.",
    ),
    Misconception(
        "field-strides-added",
        FIELD,
        {JUMP: "jump += stride - 1"},
        hint="Strides multiply: two layers of stride 2 make neighbours four pixels apart.",
    ),
    Misconception(
        "field-from-the-top",
        FIELD,
        {"for kernel, stride in layers:": "for kernel, stride in list(reversed(layers)):"},
        hint="You go through the layers from the last to the first with the rule for the other "
        "direction. The list begins at the input.",
    ),
    Misconception(
        "field-starts-at-zero",
        FIELD,
        {START: "field, jump = 0, 1"},
        hint="Without any layer, one pixel sees itself: begin with 1.",
    ),
    Misconception(
        "field-kernels-multiplied",
        FIELD,
        {GROW: "field *= kernel"},
        hint="You multiply the kernels. Each adds (kernel - 1) * jump pixels.",
    ),
    # --- count-parameters ---
    Misconception(
        "count-frozen",
        COUNT,
        {TOTAL: "return sum(weight.numel() for weight in model.parameters())"},
        hint="Frozen parameters are counted. Only those with requires_grad are trained.",
    ),
    Misconception(
        "count-buffers",
        COUNT,
        {TOTAL: "return sum(value.numel() for value in model.state_dict().values())"},
        hint="state_dict holds buffers as well (the running averages of batch normalisation), and "
        "shared parameters twice. Take model.parameters().",
    ),
    Misconception(
        "count-shared-twice",
        COUNT,
        {
            TOTAL: "return sum(p.numel() for module in model.modules() "
            "for p in module.parameters(recurse=False) if p.requires_grad)"
        },
        hint="A parameter that two modules share is counted in each of them. model.parameters() "
        "gives it once.",
    ),
    Misconception(
        "count-tensors",
        COUNT,
        {TOTAL: "return len([p for p in model.parameters() if p.requires_grad])"},
        hint="You count the tensors, and not the numbers in them.",
    ),
    Misconception(
        "count-no-biases",
        COUNT,
        {
            TOTAL: "return sum(p.numel() for p in model.parameters() "
            "if p.requires_grad and p.ndim > 1)"
        },
        hint="Only weights are counted; biases, and gamma and beta, are parameters too.",
    ),
    Misconception(
        "count-lengths",
        COUNT,
        {TOTAL: TOTAL.replace("weight.numel()", "len(weight)")},
        hint="len of a tensor is the length of its first axis. numel() is how many numbers it has.",
    ),
    # --- vgg ---
    Misconception(
        "vgg-no-padding",
        VGG,
        {VGG_LAYERS: VGG_LAYERS.replace(", padding=1", "")},
        hint="The convolutions are not padded, so each takes two pixels off height and width.",
    ),
    Misconception(
        "vgg-relu-at-the-end-only",
        VGG,
        {
            VGG_LAYERS: "layers += [nn.Conv2d(channels, out_channels, 3, padding=1)]",
            VGG_NET: VGG_NET.replace("*layers, ", "*layers, nn.ReLU(), "),
        },
        hint="There is one ReLU at the end. Without one in between, two convolutions are just one "
        "larger convolution.",
    ),
    Misconception(
        "vgg-no-relu-after-the-last",
        VGG,
        {VGG_NET: VGG_NET.replace("*layers, ", "*layers[:-1], ")},
        hint="The last convolution has no ReLU; each of them has one, before the pool.",
    ),
    Misconception(
        "vgg-average-pool",
        VGG,
        {VGG_NET: VGG_NET.replace("MaxPool2d", "AvgPool2d")},
        hint="The pool takes the mean of four numbers, where it is to take the largest.",
    ),
    Misconception(
        "vgg-pool-after-each",
        VGG,
        {
            VGG_LAYERS: "layers += [nn.Conv2d(channels, out_channels, 3, padding=1)]\n"
            "            layers += [nn.ReLU(), nn.MaxPool2d(2)]",
            VGG_NET: "self.layers = nn.Sequential(*layers)",
        },
        hint="You pool after each convolution. There is one pool, at the end of the block.",
    ),
    Misconception(
        "vgg-stride-one-pool",
        VGG,
        {VGG_NET: VGG_NET.replace("MaxPool2d(2)", "MaxPool2d(2, stride=1)")},
        hint="The pool has stride 1, so its windows overlap and the size is not halved.",
    ),
    Misconception(
        "vgg-one-layer-repeated",
        VGG,
        {
            VGG_LOOP: "again = nn.Conv2d(out_channels, out_channels, 3, padding=1)\n"
            "        for place in range(num_convs):",
            VGG_LAYERS: "layers += [again, nn.ReLU()]\n            if place == 0:\n"
            "                layers[0] = nn.Conv2d(in_channels, out_channels, 3, padding=1)",
        },
        hint="One and the same convolution is in the block several times, and its weights are "
        "shared. Make a new one for each place.",
    ),
    # --- inception ---
    Misconception(
        "inception-order",
        INCEPTION,
        {WAYS: "return torch.cat([pixel, large, small, pooled], dim=1)"},
        hint="The ways are concatenated in another order than described.",
    ),
    Misconception(
        "inception-pool-first",
        INCEPTION,
        {WAYS: "return torch.cat([pooled, pixel, small, large], dim=1)"},
        hint="The way of the pool comes last in the concatenation.",
    ),
    Misconception(
        "inception-no-relu-after-reduce",
        INCEPTION,
        {
            SMALL: "small = F.relu(self.conv3(self.conv3_reduce(x)))",
            LARGE: "large = F.relu(self.conv5(self.conv5_reduce(x)))",
        },
        hint="The 1x1 convolutions before the 3x3 and the 5x5 one have a ReLU of their own. "
        "Without it, the two could be multiplied into one.",
    ),
    Misconception(
        "inception-no-relu-at-the-end",
        INCEPTION,
        {
            PIXEL: "pixel = self.conv1(x)",
            SMALL: "small = self.conv3(F.relu(self.conv3_reduce(x)))",
            LARGE: "large = self.conv5(F.relu(self.conv5_reduce(x)))",
            POOLED: "pooled = self.pool_proj(F.max_pool2d(x, 3, stride=1, padding=1))",
        },
        hint="The last convolution of each way has no ReLU.",
    ),
    Misconception(
        "inception-average-pool",
        INCEPTION,
        {POOLED: POOLED.replace("max_pool2d", "avg_pool2d")},
        hint="The pool takes means, where it is to take the largest number.",
    ),
    Misconception(
        "inception-project-then-pool",
        INCEPTION,
        {POOLED: "pooled = F.max_pool2d(F.relu(self.pool_proj(x)), 3, stride=1, padding=1)"},
        hint="In the last way the pool comes first, and then the 1x1 convolution.",
    ),
    Misconception(
        "inception-pool-stride",
        INCEPTION,
        {POOLED: POOLED.replace("stride=1, ", "")},
        hint="Without stride=1, a pool moves by its own size, and its way becomes smaller than the "
        "others.",
    ),
    Misconception(
        "inception-padding-of-five",
        INCEPTION,
        {"nn.Conv2d(c5_reduce, c5, 5, padding=2)": "nn.Conv2d(c5_reduce, c5, 5, padding=1)"},
        hint="A 5x5 kernel needs padding 2 to keep height and width; padding 1 is for 3x3.",
    ),
    Misconception(
        "inception-sum",
        INCEPTION,
        {WAYS: "return pixel + small + large + pooled"},
        hint="The ways are added; they are to be concatenated, so that nothing is mixed.",
    ),
    Misconception(
        "inception-batch-axis",
        INCEPTION,
        {WAYS: WAYS.replace("dim=1", "dim=0")},
        hint="You concatenate along axis 0, the examples. The channels are axis 1.",
    ),
    Misconception(
        "inception-no-reduction",
        INCEPTION,
        {
            "nn.Conv2d(c3_reduce, c3, 3, padding=1)": "nn.Conv2d(in_channels, c3, 3, padding=1)",
            "nn.Conv2d(c5_reduce, c5, 5, padding=2)": "nn.Conv2d(in_channels, c5, 5, padding=2)",
            SMALL: "small = F.relu(self.conv3(x))",
            LARGE: "large = F.relu(self.conv5(x))",
        },
        hint="The 3x3 and the 5x5 convolution work on x itself. They are to work on what the 1x1 "
        "convolutions before them give; that is what makes the module cheap.",
    ),
    # --- residual ---
    Misconception(
        "residual-relu-before-sum",
        RESIDUAL,
        {SUM: "return F.relu(out) + self.shortcut(x)"},
        hint="The last ReLU comes before the sum. It belongs after it: F(x) has to be able to take "
        "something away from x.",
    ),
    Misconception(
        "residual-no-last-relu",
        RESIDUAL,
        {SUM: "return out + self.shortcut(x)"},
        hint="There is no ReLU after the sum.",
    ),
    Misconception(
        "residual-relu-twice",
        RESIDUAL,
        {SUM: "return F.relu(F.relu(out) + self.shortcut(x))"},
        hint="There is a ReLU before the sum as well. F ends with batch normalisation, without "
        "ReLU, so that it can take something away from x.",
    ),
    Misconception(
        "residual-no-shortcut",
        RESIDUAL,
        {SUM: "return F.relu(out)"},
        hint="x is not added: this is a plain block, without its shortcut.",
    ),
    Misconception(
        "residual-no-projection",
        RESIDUAL,
        {CHANGES: "if not in_channels:"},
        hint="The shortcut is never projected. Where stride or channels change, x does not have "
        "the shape of F(x), and a 1x1 convolution with BN has to give it that shape.",
    ),
    Misconception(
        "residual-projection-for-stride-only",
        RESIDUAL,
        {CHANGES: "if stride != 1:"},
        hint="The shortcut is projected when the stride is not 1, but not when only the number of "
        "channels changes. Either is enough.",
    ),
    Misconception(
        "residual-projection-for-channels-only",
        RESIDUAL,
        {CHANGES: "if in_channels != out_channels:"},
        hint="The shortcut is projected when the number of channels changes, but not when only "
        "the stride is not 1. Either is enough.",
    ),
    Misconception(
        "residual-always-projected",
        RESIDUAL,
        {CHANGES: "if stride:"},
        hint="The shortcut is projected even where x has the right shape already. There it is to "
        "hand x on as it is.",
    ),
    Misconception(
        "residual-stride-in-both",
        RESIDUAL,
        {CONV2: CONV2.replace("3, padding", "3, stride, padding")},
        hint="Both convolutions have the stride, so that the image shrinks twice. Only the first "
        "one has it.",
    ),
    Misconception(
        "residual-stride-in-the-second",
        RESIDUAL,
        {
            CONV1: CONV1.replace("3, stride, padding", "3, padding"),
            CONV2: CONV2.replace("3, padding", "3, stride, padding"),
        },
        hint="The second convolution has the stride; it belongs to the first one.",
    ),
    Misconception(
        "residual-shortcut-without-stride",
        RESIDUAL,
        {PROJECTION: PROJECTION.replace("1, stride, bias", "1, bias")},
        hint="The 1x1 convolution of the shortcut lacks the stride, so that its output is larger "
        "than that of F.",
    ),
    Misconception(
        "residual-shortcut-without-norm",
        RESIDUAL,
        {SHORTCUT: "self.shortcut = nn.Sequential(projection)"},
        hint="In the shortcut, batch normalisation follows the 1x1 convolution.",
    ),
    Misconception(
        "residual-shortcut-of-three",
        RESIDUAL,
        {PROJECTION: "projection = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)"},
        hint="The convolution of the shortcut has a 3x3 kernel; 1x1 is enough to change channels.",
    ),
    Misconception(
        "residual-no-norms",
        RESIDUAL,
        {HIDDEN: "out = F.relu(self.conv1(x))", CHANGE: "out = self.conv2(out)"},
        hint="The batch normalisations are there, but forward does not use them.",
    ),
    Misconception(
        "residual-no-second-norm",
        RESIDUAL,
        {CHANGE: "out = self.conv2(out)"},
        hint="bn2 is not used: batch normalisation follows each of the two convolutions.",
    ),
    Misconception(
        "residual-one-norm-for-both",
        RESIDUAL,
        {CHANGE: "out = self.bn1(self.conv2(out))"},
        hint="bn1 is used twice. Each convolution has a batch normalisation of its own, with its "
        "own averages.",
    ),
    Misconception(
        "residual-no-relu-between",
        RESIDUAL,
        {HIDDEN: "out = self.bn1(self.conv1(x))"},
        hint="Between the two convolutions there is no ReLU, so that F is linear.",
    ),
    Misconception(
        "residual-relu-before-norm",
        RESIDUAL,
        {HIDDEN: "out = self.bn1(F.relu(self.conv1(x)))"},
        hint="The ReLU comes before bn1; the order is convolution, BN, ReLU.",
    ),
    Misconception(
        "residual-changes-x",
        RESIDUAL,
        {SUM: "total = self.shortcut(x)\n        total += out\n        return F.relu(total)"},
        hint="Where the shortcut is the identity, what you add to with += is x itself, which "
        "others still need. Write a + b.",
    ),
    Misconception(
        "residual-relu-on-shortcut",
        RESIDUAL,
        {SUM: "return F.relu(out + F.relu(self.shortcut(x)))"},
        hint="The shortcut has a ReLU of its own. It hands x on as it is.",
    ),
    # --- bottleneck ---
    Misconception(
        "bottleneck-stride-first",
        BOTTLENECK,
        {
            NARROW_CONV: NARROW_CONV.replace("1, bias", "1, stride, bias"),
            MIDDLE_CONV: MIDDLE_CONV.replace("3, stride, ", "3, "),
        },
        hint="The first 1x1 convolution has the stride; here it belongs to the 3x3 one.",
    ),
    Misconception(
        "bottleneck-expansion-four",
        BOTTLENECK,
        {WIDE: "wide = 4 * mid_channels"},
        hint="The expansion is always 4; it is an argument.",
    ),
    Misconception(
        "bottleneck-not-widened",
        BOTTLENECK,
        {WIDE: "wide = mid_channels"},
        hint="The last convolution gives mid_channels channels; it is to give expansion times as "
        "many.",
    ),
    Misconception(
        "bottleneck-compares-middle",
        BOTTLENECK,
        {WIDE_CHANGES: "if stride != 1 or in_channels != mid_channels:"},
        hint="Whether the shortcut needs a projection depends on the channels that F gives in the "
        "end, expansion * mid_channels.",
    ),
    Misconception(
        "bottleneck-relu-before-sum",
        BOTTLENECK,
        {WIDE_SUM: "return F.relu(self.bn3(self.conv3(narrow))) + self.shortcut(x)"},
        hint="The last ReLU comes before the sum. It belongs after it: F(x) has to be able to take "
        "something away from x.",
    ),
    Misconception(
        "bottleneck-no-last-relu",
        BOTTLENECK,
        {WIDE_SUM: "return self.bn3(self.conv3(narrow)) + self.shortcut(x)"},
        hint="There is no ReLU after the sum.",
    ),
    Misconception(
        "bottleneck-no-shortcut",
        BOTTLENECK,
        {WIDE_SUM: "return F.relu(self.bn3(self.conv3(narrow)))"},
        hint="x is not added: this is a plain block, without its shortcut.",
    ),
    Misconception(
        "bottleneck-one-relu-missing",
        BOTTLENECK,
        {MIDDLE: "narrow = self.bn2(self.conv2(narrow))"},
        hint="After bn2 there is no ReLU.",
    ),
    Misconception(
        "bottleneck-no-last-norm",
        BOTTLENECK,
        {WIDE_SUM: "return F.relu(self.conv3(narrow) + self.shortcut(x))"},
        hint="bn3 is not used: batch normalisation follows each of the three convolutions.",
    ),
    Misconception(
        "bottleneck-shortcut-without-norm",
        BOTTLENECK,
        {WIDE_SHORTCUT: "self.shortcut = nn.Sequential(projection)"},
        hint="In the shortcut, batch normalisation follows the 1x1 convolution.",
    ),
    # --- dense ---
    Misconception(
        "dense-new-first",
        DENSE,
        {GATHER: "x = torch.cat([new, x], dim=1)"},
        hint="The new channels stand in front. The input comes first, and new ones at the end.",
    ),
    Misconception(
        "dense-only-the-last",
        DENSE,
        {
            WIDTHS: "widths = [in_channels] + [growth_rate] * (num_layers - 1)",
            NEW: "new = conv(F.relu(norm(x[:, -conv.in_channels :])))",
        },
        hint="Each layer sees only what the one before it gave. It is to see the input and what "
        "all layers before it gave.",
    ),
    Misconception(
        "dense-only-the-new",
        DENSE,
        {
            NEW: f"before = self.convs[0].in_channels\n            {NEW}",
            "return x\n        ### END": "return x[:, before:]\n        ### END",
        },
        hint="The input is missing in the result: it stands in front of all the new channels.",
    ),
    Misconception(
        "dense-grows-by-input",
        DENSE,
        {WIDTHS: "widths = [in_channels * (i + 1) for i in range(num_layers)]"},
        hint="Layer i gets i times growth_rate channels more than the first one, and not i times "
        "in_channels.",
    ),
    Misconception(
        "dense-convolution-first",
        DENSE,
        {
            NORMS: "self.norms = nn.ModuleList(nn.BatchNorm2d(growth_rate) for _width in widths)",
            NEW: "new = F.relu(norm(conv(x)))",
        },
        hint="Your layer is convolution, BN, ReLU. Here it is BN, ReLU, convolution, so BN sees "
        "all the channels that come in.",
    ),
    Misconception(
        "dense-relu-before-norm",
        DENSE,
        {NEW: "new = conv(norm(F.relu(x)))"},
        hint="The ReLU comes before BN; the order is BN, ReLU, convolution.",
    ),
    Misconception(
        "dense-no-relu",
        DENSE,
        {NEW: "new = conv(norm(x))"},
        hint="Between BN and convolution there is no ReLU.",
    ),
    Misconception(
        "dense-no-norm",
        DENSE,
        {NEW: "new = conv(F.relu(x))"},
        hint="The batch normalisations are there, but forward does not use them.",
    ),
    Misconception(
        "dense-changes-everything",
        DENSE,
        {NEW: "x = F.relu(norm(x))\n            new = conv(x)"},
        hint="What was there is normalised and rectified for good. BN and ReLU are for the "
        "layer's own use; the concatenation keeps x as it came.",
    ),
    # --- separable ---
    Misconception(
        "separable-no-groups",
        SEPARABLE,
        {DEPTHWISE: DEPTHWISE.replace("groups=in_channels, ", "")},
        hint="The depthwise convolution mixes all channels: it lacks groups=in_channels.",
    ),
    Misconception(
        "separable-stride-in-pointwise",
        SEPARABLE,
        {
            DEPTHWISE: DEPTHWISE.replace("3, stride, ", "3, "),
            POINTWISE: POINTWISE.replace("1, bias", "1, stride, bias"),
        },
        hint="The pointwise convolution has the stride; it belongs to the depthwise one.",
    ),
    Misconception(
        "separable-no-relu-between",
        SEPARABLE,
        {ALONE: "alone = self.bn1(self.depthwise(x))"},
        hint="Between the depthwise and the pointwise convolution there is no ReLU.",
    ),
    Misconception(
        "separable-no-norm-between",
        SEPARABLE,
        {ALONE: "alone = F.relu(self.depthwise(x))"},
        hint="bn1 is not used: batch normalisation follows the depthwise convolution.",
    ),
    Misconception(
        "separable-nothing-between",
        SEPARABLE,
        {ALONE: "alone = self.depthwise(x)"},
        hint="Between the two convolutions there are neither BN nor ReLU.",
    ),
    Misconception(
        "separable-no-last-relu",
        SEPARABLE,
        {MIXED: "return self.bn2(self.pointwise(alone))"},
        hint="There is no ReLU at the end.",
    ),
    Misconception(
        "separable-relu-before-norm",
        SEPARABLE,
        {ALONE: "alone = self.bn1(F.relu(self.depthwise(x)))"},
        hint="The ReLU comes before bn1; the order is convolution, BN, ReLU.",
    ),
    Misconception(
        "separable-no-padding",
        SEPARABLE,
        {DEPTHWISE: DEPTHWISE.replace("padding=1, ", "")},
        hint="The depthwise convolution is not padded, so it takes two pixels off the size.",
    ),
]

_STAND_IN = "from assignments.standins.a2_networks.cnn_architectures import {0}\n{0} = {0}\n"
_HIDDEN = "from autograder.checks.a2_networks import test_cnn_architectures as hidden"

SHORTCUTS = [
    Shortcut(
        "hidden-check-field",
        FIELD,
        append=f"""def receptive_field(layers):
    {_HIDDEN}
    return hidden.span_of_gradient(layers)
""",
    ),
    Shortcut("stand-in-size", SIZE, append=_STAND_IN.format("conv_output_size")),
    Shortcut("stand-in-field", FIELD, append=_STAND_IN.format("receptive_field")),
    Shortcut("stand-in-count", COUNT, append=_STAND_IN.format("count_parameters")),
    Shortcut("stand-in-vgg", VGG, append=_STAND_IN.format("VGGBlock")),
    Shortcut("stand-in-inception", INCEPTION, append=_STAND_IN.format("InceptionModule")),
    Shortcut("stand-in-residual", RESIDUAL, append=_STAND_IN.format("ResidualBlock")),
    Shortcut(
        "torchvision-residual",
        RESIDUAL,
        append="""class ResidualBlock(ResidualBlock):
    def __init__(self, in_channels, out_channels, stride=1):
        from torchvision.models.resnet import BasicBlock

        nn.Module.__init__(self)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels)
            )
        block = BasicBlock(in_channels, out_channels, stride, self.shortcut)
        self.conv1, self.bn1, self.conv2, self.bn2 = block.conv1, block.bn1, block.conv2, block.bn2
        self.block = [block]
""",
    ),
    Shortcut("stand-in-bottleneck", BOTTLENECK, append=_STAND_IN.format("BottleneckBlock")),
    Shortcut("stand-in-dense", DENSE, append=_STAND_IN.format("DenseBlock")),
    Shortcut("stand-in-separable", SEPARABLE, append=_STAND_IN.format("DepthwiseSeparableConv")),
]

VARIANTS = [
    Variant(
        "size-counted",
        SIZE,
        {SIZE_FORMULA: "return len(range(0, size + 2 * pad - kernel + 1, stride))"},
    ),
    Variant(
        "size-floor",
        SIZE,
        {SIZE_FORMULA: "return int(np.floor((size - kernel + 2 * pad) / stride + 1))"},
    ),
    Variant(
        "size-numpy-int",
        SIZE,
        {SIZE_FORMULA: "return np.int64((size + 2 * pad - kernel) // stride) + 1"},
    ),
    Variant(
        "field-backwards",
        FIELD,
        {
            START: "field = 1",
            "for kernel, stride in layers:": "for kernel, stride in layers[::-1]:",
            GROW: "field = (field - 1) * stride + kernel",
            JUMP: "continue",
        },
    ),
    Variant(
        "field-product",
        FIELD,
        append="""
def receptive_field(layers):
    strides = [int(np.prod([stride for _, stride in layers[:i]])) for i in range(len(layers))]
    return 1 + sum((layer[0] - 1) * jump for layer, jump in zip(layers, strides))
""",
    ),
    Variant(
        "count-shapes",
        COUNT,
        {TOTAL: "return sum(np.prod(p.shape) for p in model.parameters() if p.requires_grad)"},
    ),
    Variant(
        "count-named",
        COUNT,
        {
            TOTAL: "total = torch.tensor(0)\n    for _name, p in model.named_parameters():\n"
            "        total += p.nelement() * p.requires_grad\n    return total"
        },
    ),
    Variant(
        "vgg-module-list",
        VGG,
        append="""
class VGGBlock(nn.Module):
    def __init__(self, in_channels, out_channels, num_convs):
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding="same", bias=False)
        self.others = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding="same", bias=False)
            for _ in range(num_convs - 1)
        )

    def forward(self, x):
        x = torch.relu(self.first(x))
        for conv in self.others:
            x = torch.relu(conv(x))
        return F.max_pool2d(x, kernel_size=2, stride=2)
""",
    ),
    Variant("vgg-pool-then-relu", VGG, {VGG_NET: f"{VGG_NET[:-1]}, nn.ReLU(inplace=True))"}),
    Variant(
        "inception-no-bias",
        INCEPTION,
        {
            "self.conv1 = nn.Conv2d(in_channels, c1, 1)": "self.conv1 = nn.Conv2d(in_channels, c1, "
            "1, bias=False)"
        },
    ),
    Variant(
        "inception-pool-module",
        INCEPTION,
        {
            "self.conv5 = nn": "self.pool = nn.MaxPool2d(3, 1, 1)\n        self.conv5 = nn",
            POOLED: "pooled = self.pool_proj(self.pool(x))",
            WAYS: "return torch.cat((pixel, small, large, pooled), 1).relu_()",
        },
    ),
    Variant(
        "residual-with-biases",
        RESIDUAL,
        {
            CONV1: "self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)",
            PROJECTION: "projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride)",
        },
    ),
    Variant(
        "residual-empty-sequential",
        RESIDUAL,
        {
            "self.shortcut = nn.Identity()\n        if stride != 1 or in_channels != out": "self."
            "shortcut = nn.Sequential()\n        if stride != 1 or in_channels != out",
            SUM: "out += self.shortcut(x)\n        return F.relu(out, inplace=True)",
        },
    ),
    Variant(
        "residual-no-shortcut-module",
        RESIDUAL,
        {
            SHORTCUT: f"{SHORTCUT}\n        else:\n            self.shortcut = None",
            SUM: "return (out + (x if self.shortcut is None else self.shortcut(x))).clamp(min=0)",
        },
    ),
    Variant(
        "residual-relu-module",
        RESIDUAL,
        {
            CONV1: f"self.relu = nn.ReLU(inplace=True)\n        {CONV1}",
            HIDDEN: "out = self.relu(self.bn1(self.conv1(x)))",
            SUM: "return self.relu(out + self.shortcut(x))",
        },
    ),
    Variant(
        "bottleneck-with-biases",
        BOTTLENECK,
        {MIDDLE_CONV: MIDDLE_CONV.replace(", bias=False", "")},
    ),
    Variant(
        "bottleneck-sequential",
        BOTTLENECK,
        {
            WIDE_SUM: "change = nn.Sequential(self.conv3, self.bn3)(narrow)\n"
            "        return torch.add(change, self.shortcut(x)).relu()"
        },
    ),
    Variant(
        "dense-list",
        DENSE,
        append="""
class DenseBlock(DenseBlock):
    def forward(self, x):
        features = [x]
        for i in range(len(self.convs)):
            features.append(self.convs[i](torch.relu(self.norms[i](torch.cat(features, 1)))))
        return torch.cat(features, 1)
""",
    ),
    Variant(
        "dense-with-biases",
        DENSE,
        {
            "nn.Conv2d(width, growth_rate, 3, padding=1, bias=False)": "nn.Conv2d(width, "
            "growth_rate, 3, padding=1)"
        },
    ),
    Variant(
        "separable-sequential",
        SEPARABLE,
        {
            ALONE: "return nn.Sequential(self.depthwise, self.bn1, nn.ReLU(), self.pointwise, "
            "self.bn2, nn.ReLU())(x)"
        },
    ),
    Variant(
        "separable-with-biases",
        SEPARABLE,
        {POINTWISE: "self.pointwise = nn.Conv2d(in_channels, out_channels, kernel_size=(1, 1))"},
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "receptive-field-empties-layers",
        "cnn_architectures-receptive-field",
        append="""
_right_receptive_field = receptive_field

def receptive_field(layers):
    result = _right_receptive_field(layers)
    layers.clear()
    return result
""",
        hint="After the call the list of layers is another: your code takes the layers off it. It "
        "belongs to the caller, so work on a copy.",
    ),
]
