"""Misconceptions, shortcuts and accepted variants of the pytorch notebook."""

import io
from collections.abc import Callable

import numpy as np

from autograder.misconceptions import Misconception, Shortcut, Variant

FC, CONVNET = "pytorch-two-layer-fc", "pytorch-three-layer-convnet"
MODULE, SEQUENTIAL = "pytorch-module", "pytorch-sequential"
ACCURACY, TRAIN, BEST = "pytorch-accuracy", "pytorch-train-epoch", "pytorch-best"

# Parts of the reference that several patches replace.
FC_HIDDEN = "hidden = F.relu(x.flatten(start_dim=1) @ w1)"
FC_SCORES = "scores = hidden @ w2"
FIRST = "x = F.relu(F.conv2d(x, conv_w1, conv_b1, padding=2))"
SECOND = "x = F.relu(F.conv2d(x, conv_w2, conv_b2, padding=1))"
CONVNET_SCORES = "scores = x.flatten(start_dim=1) @ fc_w + fc_b"
CONV1 = "self.conv1 = nn.Conv2d(in_channel, channel_1, kernel_size=5, padding=2)"
CONV2 = "self.conv2 = nn.Conv2d(channel_1, channel_2, kernel_size=3, padding=1)"
MODULE_FIRST = "x = F.relu(self.conv1(x))"
MODULE_SECOND = "x = F.relu(self.conv2(x))"
MODULE_SCORES = "scores = self.fc(x.flatten(start_dim=1))"
SEQUENCE_FIRST = """nn.Conv2d(in_channel, channel_1, kernel_size=5, padding=2),
        nn.ReLU(),"""
SEQUENCE_LAST = """nn.Flatten(),
        nn.Linear(channel_2 * 32 * 32, num_classes),"""
EVAL = "    model.eval()\n    right, total = 0, 0"
COUNT = """with torch.no_grad():
        for x, y in loader:
            labels = model(x.to(device)).argmax(dim=1)
            right += (labels == y.to(device)).sum().item()
            total += len(y)"""
RIGHT = "right += (labels == y.to(device)).sum().item()"
LABELS = "labels = model(x.to(device)).argmax(dim=1)"
PUT_BACK = "model.train(was_training)"
SHARE = "share = right / total"
MOVED = "x, y = x.to(device), y.to(device)"
LOSS = "loss = F.cross_entropy(model(x), y)"
STEP = """optimizer.zero_grad()
        loss.backward()
        optimizer.step()"""
ADD_LOSS = "total_loss += loss.item() * len(y)"
MEAN_LOSS = "mean_loss = total_loss / total"
TRAIN_MODE = "model.train()\n    total_loss, total = 0.0, 0"

Weights = dict[str, np.ndarray]


def weights_changed(change: Callable[[Weights], Weights]) -> dict[str, Callable[[bytes], bytes]]:
    """A patch of the file of weights."""

    def patched(data: bytes) -> bytes:
        with np.load(io.BytesIO(data)) as file:
            weights = change(dict(file))
        buffer = io.BytesIO()
        np.savez(buffer, **weights)
        return buffer.getvalue()

    return {"pytorch_weights.npz": patched}


def untrained(weights: Weights) -> Weights:
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(0, 0.05, value.shape).astype(value.dtype) if value.ndim > 1 else value
        for name, value in weights.items()
    }


def shifted(weights: Weights) -> Weights:
    last = {name: np.roll(weights[name], 1, axis=0) for name in weights if "classifier" in name}
    return {**weights, **last}


def without_buffers(weights: Weights) -> Weights:
    return {name: value for name, value in weights.items() if "running_" not in name}


def half(weights: Weights) -> Weights:
    return {
        name: value.astype(np.float16) if value.dtype == np.float32 else value
        for name, value in weights.items()
    }


MISCONCEPTIONS = [
    # --- pytorch-two-layer-fc ---
    Misconception(
        "fc-no-relu",
        FC,
        {FC_HIDDEN: "hidden = x.flatten(start_dim=1) @ w1"},
        hint="There is no ReLU between the two products. Without it they are one linear layer.",
    ),
    Misconception(
        "fc-relu-on-scores",
        FC,
        {FC_SCORES: "scores = F.relu(hidden @ w2)"},
        hint="ReLU belongs to the hidden layer only; scores may be negative.",
    ),
    Misconception(
        "fc-softmax",
        FC,
        {FC_SCORES: "scores = F.softmax(hidden @ w2, dim=1)"},
        hint="These are probabilities. Return the scores; the loss applies the softmax itself.",
    ),
    Misconception(
        "fc-detached",
        FC,
        {FC_HIDDEN: "hidden = F.relu(x.flatten(start_dim=1) @ w1.detach())"},
        hint="w1 is used without its record (detach or data), so no gradient leads back to it. Use "
        "the parameter itself.",
    ),
    Misconception(
        "fc-through-numpy",
        FC,
        {FC_SCORES: "scores = torch.from_numpy(hidden.detach().numpy() @ w2.detach().numpy())"},
        hint="The product is computed in NumPy, where nothing is recorded. Stay in PyTorch from x "
        "to the scores.",
    ),
    Misconception(
        "fc-single-precision",
        FC,
        {FC_HIDDEN: "hidden = F.relu(x.flatten(1).float() @ w1.float()).to(w1.dtype)"},
        hint="x and w1 are turned into single precision on the way. Compute in their own dtype.",
    ),
    Misconception(
        "fc-relu-on-x",
        FC,
        {FC_HIDDEN: "hidden = F.relu(F.relu(x).flatten(1) @ w1)"},
        hint="ReLU is applied to the inputs as well. It belongs between the two products only.",
    ),
    Misconception(
        "fc-sigmoid",
        FC,
        {FC_HIDDEN: "hidden = torch.sigmoid(x.flatten(start_dim=1) @ w1)"},
        hint="This is a sigmoid. The hidden layer has a ReLU.",
    ),
    Misconception(
        "fc-colours-last",
        FC,
        {FC_HIDDEN: "hidden = F.relu(x.movedim(1, -1).flatten(1) @ w1)"},
        hint="The axes of x are exchanged before it is read as rows. Take x.flatten(1).",
    ),
    Misconception(
        "fc-not-flattened",
        FC,
        {FC_HIDDEN: "hidden = F.relu(x @ w1)"},
        hint="x may have any shape (N, d1, ..., dk). Make a row of each example: x.flatten(1).",
    ),
    # --- pytorch-three-layer-convnet ---
    Misconception(
        "convnet-no-padding",
        CONVNET,
        {FIRST: "x = F.relu(F.conv2d(x, conv_w1, conv_b1))"},
        hint="A convolution without padding makes the image smaller, so the affine layer no longer "
        "fits. Pad by 2 for 5 x 5 filters and by 1 for 3 x 3.",
    ),
    Misconception(
        "convnet-paddings-exchanged",
        CONVNET,
        {FIRST: FIRST.replace("padding=2", "padding=1"), SECOND: SECOND.replace("=1)", "=2)")},
        hint="The paddings are exchanged: 2 for the filters of 5 x 5, 1 for those of 3 x 3.",
    ),
    Misconception(
        "convnet-softmax",
        CONVNET,
        {CONVNET_SCORES: CONVNET_SCORES.replace("= ", "= F.softmax(") + ", dim=1)"},
        hint="These are probabilities. Return the scores; the loss applies the softmax itself.",
    ),
    Misconception(
        "convnet-no-first-bias",
        CONVNET,
        {FIRST: FIRST.replace("conv_b1", "None")},
        hint="The bias of the first convolution is missing.",
    ),
    Misconception(
        "convnet-no-second-bias",
        CONVNET,
        {SECOND: SECOND.replace("conv_b2", "None")},
        hint="The bias of the second convolution is missing.",
    ),
    Misconception(
        "convnet-detached",
        CONVNET,
        {CONVNET_SCORES: CONVNET_SCORES.replace("x.", "x.detach().")},
        hint="The record is cut before the affine layer (detach, data or NumPy), so no gradient "
        "leads back to the convolutions.",
    ),
    Misconception(
        "convnet-no-relu-1",
        CONVNET,
        {FIRST: "x = F.conv2d(x, conv_w1, conv_b1, padding=2)"},
        hint="There is no ReLU after the first convolution.",
    ),
    Misconception(
        "convnet-no-relu-2",
        CONVNET,
        {SECOND: "x = F.conv2d(x, conv_w2, conv_b2, padding=1)"},
        hint="There is no ReLU after the second convolution.",
    ),
    Misconception(
        "convnet-no-conv-bias",
        CONVNET,
        {
            FIRST: "x = F.relu(F.conv2d(x, conv_w1, padding=2))",
            SECOND: "x = F.relu(F.conv2d(x, conv_w2, padding=1))",
        },
        hint="The biases of the convolutions are not used: conv2d takes them after the weights.",
    ),
    Misconception(
        "convnet-no-fc-bias",
        CONVNET,
        {CONVNET_SCORES: "scores = x.flatten(start_dim=1) @ fc_w"},
        hint="The affine layer lacks its bias fc_b.",
    ),
    Misconception(
        "convnet-relu-on-scores",
        CONVNET,
        {CONVNET_SCORES: "scores = F.relu(x.flatten(start_dim=1) @ fc_w + fc_b)"},
        hint="ReLU follows the two convolutions only; scores may be negative.",
    ),
    Misconception(
        "convnet-channels-last",
        CONVNET,
        {CONVNET_SCORES: "scores = x.permute(0, 2, 3, 1).flatten(start_dim=1) @ fc_w + fc_b"},
        hint="The inputs of the affine layer are in another order: flatten channel by channel, as "
        "they lie in (N, C, H, W).",
    ),
    # --- pytorch-module ---
    Misconception(
        "module-kernels-exchanged",
        MODULE,
        {
            CONV1: "self.conv1 = nn.Conv2d(in_channel, channel_1, kernel_size=3, padding=1)",
            CONV2: "self.conv2 = nn.Conv2d(channel_1, channel_2, kernel_size=5, padding=2)",
        },
        hint="The first convolution has 5 x 5 filters, the second 3 x 3; you have them exchanged.",
    ),
    Misconception(
        "module-no-bias",
        MODULE,
        {CONV1: CONV1[:-1] + ", bias=False)", CONV2: CONV2[:-1] + ", bias=False)"},
        hint="The convolutions have no bias; leave out bias=False.",
    ),
    Misconception(
        "module-layers-in-a-list",
        MODULE,
        {
            f"{CONV1}\n        {CONV2}": "self.convs = [\n            "
            + ",\n            ".join(line.partition(" = ")[2] for line in (CONV1, CONV2))
            + ",\n        ]",
            MODULE_FIRST: "x = F.relu(self.convs[0](x))",
            MODULE_SECOND: "x = F.relu(self.convs[1](x))",
        },
        hint="A module finds the parameters only of layers that are its own attributes, not of "
        "those in a list. Assign the layers to self.conv1 and self.conv2.",
    ),
    Misconception(
        "module-no-relu-1",
        MODULE,
        {MODULE_FIRST: "x = self.conv1(x)"},
        hint="There is no ReLU after conv1.",
    ),
    Misconception(
        "module-no-relu-2",
        MODULE,
        {MODULE_SECOND: "x = self.conv2(x)"},
        hint="There is no ReLU after conv2.",
    ),
    Misconception(
        "module-softmax",
        MODULE,
        {MODULE_SCORES: "scores = F.softmax(self.fc(x.flatten(start_dim=1)), dim=1)"},
        hint="forward ends with a softmax. Return the scores; the loss applies it itself.",
    ),
    Misconception(
        "module-relu-on-scores",
        MODULE,
        {MODULE_SCORES: "scores = F.relu(self.fc(x.flatten(start_dim=1)))"},
        hint="ReLU is applied to the scores. They may be negative.",
    ),
    Misconception(
        "module-log-softmax",
        MODULE,
        {MODULE_SCORES: "scores = F.log_softmax(self.fc(x.flatten(start_dim=1)), dim=1)"},
        hint="These are logarithms of probabilities. Return the scores; F.cross_entropy does the "
        "rest.",
    ),
    Misconception(
        "module-paddings-exchanged",
        MODULE,
        {CONV1: CONV1.replace("padding=2", "padding=1"), CONV2: CONV2.replace("=1)", "=2)")},
        hint="The paddings are exchanged: 2 for the filters of 5 x 5, 1 for those of 3 x 3.",
    ),
    Misconception(
        "module-no-gradient",
        MODULE,
        {MODULE_SECOND: "x = F.relu(self.conv2(x.detach()))"},
        hint="The record is cut before conv2 (detach, data or no_grad), so conv1 never learns.",
    ),
    # --- pytorch-sequential ---
    Misconception(
        "sequential-no-flatten",
        SEQUENTIAL,
        {SEQUENCE_LAST: "nn.Linear(channel_2 * 32 * 32, num_classes),"},
        hint="Before the linear layer the images must become rows: nn.Flatten() is missing.",
    ),
    Misconception(
        "sequential-softmax",
        SEQUENTIAL,
        {SEQUENCE_LAST: SEQUENCE_LAST + "\n        nn.Softmax(dim=1),"},
        hint="The last layer is a softmax. Leave it out: the loss applies it to the scores.",
    ),
    Misconception(
        "sequential-one-relu",
        SEQUENTIAL,
        {SEQUENCE_FIRST: SEQUENCE_FIRST.partition("\n")[0]},
        hint="There is no ReLU between the two convolutions.",
    ),
    Misconception(
        "sequential-relu-before-convolution",
        SEQUENTIAL,
        {
            SEQUENCE_FIRST: "nn.ReLU(),\n        " + SEQUENCE_FIRST.partition("\n")[0],
        },
        hint="ReLU comes before the first convolution, where it drops the dark half of the image, "
        "and is missing after it.",
    ),
    Misconception(
        "sequential-kernels",
        SEQUENTIAL,
        {SEQUENCE_FIRST: SEQUENCE_FIRST.replace("kernel_size=5, padding=2", "3, padding=1")},
        hint="The filters of the first convolution are 5 x 5, with padding 2.",
    ),
    Misconception(
        "sequential-relu-on-scores",
        SEQUENTIAL,
        {SEQUENCE_LAST: SEQUENCE_LAST + "\n        nn.ReLU(),"},
        hint="There is a ReLU after the affine layer. Scores may be negative.",
    ),
    Misconception(
        "sequential-dropout",
        SEQUENTIAL,
        {SEQUENCE_LAST: "nn.Dropout(),\n        " + SEQUENCE_LAST},
        hint="There is a dropout, which the network of exercise 3 does not have.",
    ),
    # --- pytorch-accuracy ---
    Misconception(
        "accuracy-in-train-mode",
        ACCURACY,
        {EVAL: "    right, total = 0, 0"},
        hint="The model is evaluated in train mode, so batch normalisation uses the statistics of "
        "the batch, and changes its averages. Call model.eval() before the loop.",
    ),
    Misconception(
        "accuracy-mean-of-batches",
        ACCURACY,
        {
            RIGHT: "right += (labels == y.to(device)).float().mean().item()",
            "total += len(y)\n    model": "total += 1\n    model",
        },
        hint="You take the mean over batches. A small batch then counts as much as a large one; "
        "count right labels and examples, and divide at the end.",
    ),
    Misconception(
        "accuracy-last-batch",
        ACCURACY,
        {
            RIGHT: RIGHT.replace("+=", "="),
            "total += len(y)\n    model": "total = len(y)\n    model",
        },
        hint="Only the last batch counts: add up over the batches with +=.",
    ),
    Misconception(
        "accuracy-count",
        ACCURACY,
        {SHARE: "share = right"},
        hint="This is the number of right labels. Divide it by the number of examples.",
    ),
    Misconception(
        "accuracy-percent",
        ACCURACY,
        {SHARE: "share = 100 * right / total"},
        hint="This is in percent; a share from 0 to 1 is asked for.",
    ),
    Misconception(
        "accuracy-recording",
        ACCURACY,
        {COUNT: COUNT.replace("with torch.no_grad():", "if True:")},
        hint="Gradients are recorded during the evaluation. Put the loop under torch.no_grad().",
    ),
    Misconception(
        "accuracy-stays-in-eval",
        ACCURACY,
        {PUT_BACK: "pass"},
        hint="The model stays in eval mode after the evaluation. Remember model.training at the "
        "beginning, and set it again at the end.",
    ),
    Misconception(
        "accuracy-always-back-to-train",
        ACCURACY,
        {PUT_BACK: "model.train()"},
        hint="The model is in train mode afterwards even if it came in eval mode. Set the mode in "
        "which it came.",
    ),
    Misconception(
        "accuracy-labels-not-moved",
        ACCURACY,
        {RIGHT: "right += (labels == y).sum().item()"},
        hint="The labels stay where they are. Move them to the model's device as well as x.",
    ),
    Misconception(
        "accuracy-of-the-first-batch",
        ACCURACY,
        {"total += len(y)\n    model": "total += len(y)\n            break\n    model"},
        hint="Only the first batch is looked at. Does the loop end too early?",
    ),
    Misconception(
        "accuracy-wrong-labels",
        ACCURACY,
        {SHARE: "share = 1 - right / total"},
        hint="This is the share of wrong labels.",
    ),
    Misconception(
        "accuracy-rounded-down",
        ACCURACY,
        {SHARE: "share = right // total"},
        hint="Operator // rounds down, to 0 or 1. Divide with /.",
    ),
    Misconception(
        "accuracy-over-number-of-batches",
        ACCURACY,
        {"total += len(y)\n    model": "total += 1\n    model"},
        hint="The number of right labels is divided by the number of batches. Count examples.",
    ),
    # --- pytorch-train-epoch ---
    Misconception(
        "train-no-zero-grad",
        TRAIN,
        {STEP: "loss.backward()\n        optimizer.step()"},
        hint="Gradients of earlier batches are never cleared, so they add up. Call "
        "optimizer.zero_grad() before backward.",
    ),
    Misconception(
        "train-cleared-before-the-step",
        TRAIN,
        {STEP: "loss.backward()\n        optimizer.zero_grad()\n        optimizer.step()"},
        hint="The model does not move: the gradients are cleared between backward and step, or "
        "step is missing.",
    ),
    Misconception(
        "train-cleared-after-the-step-only",
        TRAIN,
        {STEP: "loss.backward()\n        optimizer.step()\n        optimizer.zero_grad()"},
        hint="The first step still has gradients from before the epoch in it. Clear before "
        "backward.",
    ),
    Misconception(
        "train-softmax",
        TRAIN,
        {LOSS: "loss = F.cross_entropy(F.softmax(model(x), dim=1), y)"},
        hint="cross_entropy takes scores: it applies the softmax itself. Now it is applied twice.",
    ),
    Misconception(
        "train-sum",
        TRAIN,
        {LOSS: 'loss = F.cross_entropy(model(x), y, reduction="sum")'},
        hint="The loss of a batch is its sum instead of its mean, so steps grow with the batch.",
    ),
    Misconception(
        "train-mean-of-batches",
        TRAIN,
        {
            ADD_LOSS: "total_loss += loss.item()",
            "total += len(y)\n    mean": "total += 1\n    mean",
        },
        hint="You return the mean over batches. Weigh the loss of each batch by its size.",
    ),
    Misconception(
        "train-last-loss",
        TRAIN,
        {MEAN_LOSS: "mean_loss = loss.item()"},
        hint="You return the loss of the last batch. Return the mean over all examples.",
    ),
    Misconception(
        "train-in-the-mode-it-came",
        TRAIN,
        {TRAIN_MODE: "total_loss, total = 0.0, 0"},
        hint="The model is trained in the mode in which it came, which may be eval. Call "
        "model.train() first.",
    ),
    Misconception(
        "train-own-optimizer",
        TRAIN,
        {TRAIN_MODE: TRAIN_MODE + "\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)"},
        hint="You make an optimizer of your own. Use the one that is given; it has its own rule "
        "and learning rate.",
    ),
    Misconception(
        "train-not-moved",
        TRAIN,
        {MOVED: "pass"},
        hint="The batches stay where they are. Move x and y to the model's device.",
    ),
    Misconception(
        "train-keeps-the-graphs",
        TRAIN,
        {ADD_LOSS: "total_loss = total_loss + loss * len(y)"},
        hint="The sum of losses is a tensor that keeps the graphs of all batches, and memory grows "
        "with every step. Add loss.item().",
    ),
    Misconception(
        "train-mean-over-number-of-batches",
        TRAIN,
        {"total += len(y)\n    mean": "total += 1\n    mean"},
        hint="The sum over the examples is divided by the number of batches. Count examples.",
    ),
    Misconception(
        "train-sum-of-losses",
        TRAIN,
        {MEAN_LOSS: "mean_loss = total_loss"},
        hint="This is the sum of the losses. Divide it by the number of examples.",
    ),
    Misconception(
        "train-left-in-eval",
        TRAIN,
        {MEAN_LOSS: MEAN_LOSS + "\n    model.eval()"},
        hint="The model is left in eval mode. It is to be left in train mode.",
    ),
    Misconception(
        "train-one-step",
        TRAIN,
        {
            STEP: STEP.replace("\n        optimizer.step()", ""),
            MEAN_LOSS: "optimizer.step()\n    " + MEAN_LOSS,
        },
        hint="There is a single step, after the loop. One is due for each batch.",
    ),
    # --- pytorch-best ---
    Misconception(
        "best-untrained",
        BEST,
        files=weights_changed(untrained),
        hint="These weights classify no better than guessing: they look untrained. Did you save "
        "the network that was trained?",
    ),
    Misconception(
        "best-labels-shifted",
        BEST,
        files=weights_changed(shifted),
        hint="Nearly every label is off by one: labels run from 0 to 9.",
    ),
    Misconception(
        "best-weights-do-not-fit",
        BEST,
        files=weights_changed(without_buffers),
        hint="The weights in the file do not fit the network that is built from its arguments. "
        "Save all of state_dict(), not only parameters() (the running averages of batch "
        "normalisation are none), with the arguments that this network was made with.",
    ),
    Misconception(
        "best-other-inputs",
        BEST,
        append="""def to_input(images):
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 255
""",
        hint="The network was trained on numbers from -1 to 1 and is given others when it "
        "predicts. to_input has to do what the transform did in training.",
    ),
]

SHORTCUTS = [
    Shortcut(
        "earlier-layers",
        FC,
        append="""def two_layer_fc(x, params):
    from assignments import previous
    earlier = previous("a1_classifiers/two_layer_net")
    affine = earlier.affine_forward
    hidden, _cache = earlier.relu_forward(affine(x.numpy(), params[0].numpy(), 0)[0])
    return torch.tensor(affine(hidden, params[1].numpy(), 0)[0])
""",
    ),
    Shortcut(
        "hidden-checks-convnet",
        CONVNET,
        append="""def three_layer_convnet(x, params):
    from autograder.checks.a2_networks.test_pytorch import convnet, load
    w1, b1, w2, b2, w, b = params
    return load(convnet(*w1.shape[1::-1], len(w2), w.shape[0], len(b)), params)(x)
""",
    ),
    Shortcut(
        "module-of-torchvision",
        MODULE,
        append="""def ThreeLayerConvNet(in_channel, channel_1, channel_2, num_classes):
    from torchvision.models import resnet18
    return resnet18(num_classes=num_classes)
""",
    ),
    Shortcut(
        "sequential-of-the-checks",
        SEQUENTIAL,
        append="""def sequential_convnet(in_channel, channel_1, channel_2, num_classes):
    from autograder.checks.a2_networks.test_pytorch import convnet
    return convnet(in_channel, channel_1, channel_2, 1024, num_classes)
""",
    ),
    Shortcut(
        "accuracy-of-torchmetrics",
        ACCURACY,
        append="""def accuracy(model, loader):
    from sklearn.metrics import accuracy_score
    model.eval()
    pairs = [(model(x).argmax(1), y) for x, y in loader]
    return accuracy_score(*(torch.cat(part) for part in zip(*pairs)))
""",
    ),
    Shortcut(
        "solver-trains",
        TRAIN,
        append="""def train_epoch(model, loader, optimizer):
    import assignments.solver as given
    solver = given.Solver(model, {"loader": loader}, num_epochs=1)
    solver.train()
    return solver.loss_history[-1]
""",
    ),
    Shortcut(
        "reads-the-reference-weights",
        BEST,
        append="""def load_network(weights):
    import glob
    found = glob.glob("/**/pytorch_weights.npz", recursive=True)
    found += glob.glob("/**/heldout/**/sprites.webp", recursive=True)
    with np.load(found[0]) as file:
        return dict(file)
""",
    ),
    Shortcut(
        "hidden-checks-labels",
        BEST,
        append="""def predict_images(images, weights):
    from autograder.heldout import heldout_images
    return heldout_images(0)[1]
""",
    ),
]

VARIANTS = [
    Variant(
        "fc-relu-by-clamp",
        FC,
        {FC_HIDDEN: "hidden = x.reshape(len(x), -1).mm(w1).clamp(min=0)"},
    ),
    Variant(
        "fc-linear",
        FC,
        {
            FC_HIDDEN: "hidden = torch.relu(F.linear(torch.flatten(x, 1), w1.T))",
            FC_SCORES: "scores = F.linear(hidden, w2.T)",
        },
    ),
    Variant(
        "convnet-padded-first",
        CONVNET,
        {
            FIRST: "x = F.conv2d(F.pad(x, (2, 2, 2, 2)), conv_w1, conv_b1).clamp(min=0)",
            SECOND: 'x = F.relu_(F.conv2d(x, conv_w2, conv_b2, padding="same"))',
        },
    ),
    Variant(
        "convnet-linear",
        CONVNET,
        {CONVNET_SCORES: "scores = F.linear(x.reshape(len(x), -1), fc_w.t(), fc_b)"},
    ),
    Variant(
        "module-other-order",
        MODULE,
        {
            f"{CONV1}\n        {CONV2}": CONV2
            + "\n        "
            + CONV1.replace("kernel_size=5, padding=2", '(5, 5), padding="same"'),
            MODULE_FIRST: "x = self.conv1(x).relu_()",
            MODULE_SCORES: "scores = self.fc(x.view(x.shape[0], -1))",
        },
    ),
    Variant(
        "module-with-layers-without-parameters",
        MODULE,
        {
            CONV1: CONV1 + "\n        self.relu, self.flatten = nn.ReLU(), nn.Flatten()",
            MODULE_FIRST: "x = self.relu(self.conv1(x))",
            MODULE_SCORES: "scores = self.fc(self.flatten(x))",
        },
    ),
    Variant(
        "module-own-initial-values",
        MODULE,
        {
            CONV2: CONV2 + "\n        nn.init.kaiming_normal_(self.conv1.weight)"
            "\n        nn.init.zeros_(self.conv1.bias)"
        },
    ),
    Variant(
        "sequential-named",
        SEQUENTIAL,
        append="""def sequential_convnet(in_channel, channel_1, channel_2, num_classes):
    import collections
    layers = collections.OrderedDict()
    layers["first"] = nn.Conv2d(in_channel, channel_1, 5, padding=2)
    layers["one"] = nn.ReLU(inplace=True)
    layers["second"] = nn.Conv2d(channel_1, channel_2, 3, padding=1)
    layers["two"] = nn.LeakyReLU(0.0)
    layers["rows"] = nn.Flatten()
    layers["scores"] = nn.Linear(1024 * channel_2, num_classes)
    return nn.Sequential(layers)
""",
    ),
    Variant(
        "sequential-of-sequences",
        SEQUENTIAL,
        append="""def sequential_convnet(in_channel, channel_1, channel_2, num_classes):
    def block(before, after, size):
        return nn.Sequential(nn.Conv2d(before, after, size, padding=size // 2), nn.ReLU())
    head = nn.Sequential(nn.Flatten(), nn.Linear(channel_2 * 32**2, num_classes))
    return nn.Sequential(block(in_channel, channel_1, 5), block(channel_1, channel_2, 3), head)
""",
    ),
    Variant(
        "accuracy-decorated",
        ACCURACY,
        append="""@torch.inference_mode()
def accuracy(model, loader):
    mode, device = model.training, next(model.parameters()).device
    model.train(False)
    right = []
    for batch in tqdm(loader):
        x, y = (part.to(device) for part in batch)
        right.append(model(x).max(dim=1)[1].eq(y))
    model.train(mode)
    return torch.cat(right).float().mean()
""",
    ),
    Variant(
        "accuracy-counts-tensors",
        ACCURACY,
        {
            RIGHT: "right += torch.sum(labels == y.to(device))",
            SHARE: "share = float(right) / total",
        },
    ),
    Variant(
        "train-clears-first",
        TRAIN,
        {
            STEP: "loss.backward()\n        optimizer.step()",
            LOSS: "for p in model.parameters():\n            p.grad = None\n        " + LOSS,
        },
    ),
    Variant(
        "train-criterion",
        TRAIN,
        {
            LOSS: "loss = nn.CrossEntropyLoss()(model.forward(x), y)",
            STEP: "model.zero_grad()\n        loss.backward()\n        optimizer.step()",
            ADD_LOSS: "total_loss += loss.detach() * x.shape[0]",
        },
    ),
    Variant(
        "train-log-softmax",
        TRAIN,
        {LOSS: "loss = F.nll_loss(F.log_softmax(model(x), dim=-1), y)"},
    ),
    Variant("best-half-precision", BEST, files=weights_changed(half)),
    Variant(
        "best-in-one-batch",
        BEST,
        append="""def predict_images(images, weights):
    with torch.inference_mode():
        return load_network(weights)(to_input(images)).max(dim=1).indices.tolist()

_predict = predict_images

def predict_images(images, weights):
    return np.array(_predict(images, weights), dtype=np.int32)
""",
    ),
]

# Inputs are the caller's.
MISCONCEPTIONS += [
    Misconception(
        "module-in-place",
        "pytorch-module",
        append="""
class ThreeLayerConvNet(ThreeLayerConvNet):
    def forward(self, x):
        result = super().forward(x)
        if not x.requires_grad:
            x *= 2
        return result
""",
        hint="After the call x is another: your code doubles it in place. It belongs to "
        "the caller, so work on a copy.",
    ),
]
