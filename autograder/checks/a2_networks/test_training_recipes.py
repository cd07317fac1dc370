"""Hidden checks of the training recipes: against tensors, and by statistics of what was drawn."""

import math

import numpy as np

from assignments.checks.a2_networks.training_recipes import (
    crops,
    cutting,
    kaiming,
    mixing,
    searching,
    xavier,
)
from assignments.standins.a2_networks.training_recipes import (
    cosine_schedule,
    exponential_schedule,
    smoothing,
    step_schedule,
    stopping,
    warmup_schedule,
)
from autograder.families.hidden import Hidden

#: The given cells train with PyTorch; what is to be written are its recipes.
REFUSED = {
    "*": ("torch.nn.*", "torch.optim.*", "torch.distributions.*", "torchvision.*", "sklearn.*"),
    "training_recipes-random-search": ("scipy.stats.*",),
}

CHANCE = "All chance comes from rng."


# --- first weights -------------------------------------------------------------------------------


def first_weights(name, declared):
    return (
        Hidden(f"training_recipes-{name}", declared)
        .holds("Shape, mean and variance are right for a layer with few inputs and many outputs.",
               declared.check_variance, (40, 250), weight=3)
        .holds("So they are for other layers, small ones too.",
               declared.check_variance, (300, 20), (90, 90), (3, 9))
        .holds("The weights follow a normal distribution.", declared.check_normal, (150, 140))
        .holds(CHANCE, declared.check_chance, (7, 5))
    )  # fmt: skip


xavier_init = first_weights("xavier", xavier)
kaiming_init = first_weights("kaiming", kaiming)


# --- schedules -----------------------------------------------------------------------------------


def schedule(name, declared, *settings):
    """What is checked of every schedule: arrays, with these settings."""
    steps = np.arange(24)
    arrays = (steps, steps[::-1].reshape(4, 6), np.array([3, 3, 0]))
    return (
        Hidden(f"training_recipes-{name}", declared, (steps, *settings))
        .sizes("Arrays of steps give arrays of rates.", *((array, *settings) for array in arrays))
        .untouched("An array of steps is as it was.", weight=0.5)
    )  # fmt: skip


step_decay = (
    schedule("step-decay", step_schedule, 0.7, 0.6, 5)
    .cases("Every rate of three levels and more is right.",
           lambda rng: (range(30), rng.uniform(0.5, 2), rng.uniform(0.3, 0.7),
                        int(rng.integers(4, 8))), weight=2)
    .cases("Without more settings, the rate is divided by 10 every 30 steps.",
           lambda rng: ((0, 29, 30, 59, 60, 95), rng.uniform(0.5, 2)))
)  # fmt: skip

exponential_decay = (
    schedule("exponential-decay", exponential_schedule, 0.7, 0.8)
    .cases("Every rate is gamma times the one before.",
           lambda rng: (range(12), rng.uniform(0.5, 2), rng.uniform(0.6, 0.9)), weight=2)
    .sizes("They are right after hundreds of steps, and where gamma is 1 or larger.",
           *(((0, 1, 100, 400), 0.3, gamma) for gamma in (0.99, 1.0, 1.01)))
)  # fmt: skip

cosine_annealing = (
    schedule("cosine-annealing", cosine_schedule, 17, 0.7, 0.05)
    .cases("Every rate before the end is right.",
           lambda rng: (range(9), int(rng.integers(9, 14)), rng.uniform(0.5, 2),
                        rng.uniform(0.1, 0.3)), weight=2)
    .sizes("The last step has min_lr, 0 where nothing is said, and so have all after it.",
           *((late, total, 0.8, *least) for total, late in ((1, (1, 2, 8)), (8, (8, 9, 16, 43)))
             for least in ((0.2,), ())))
)  # fmt: skip

linear_warmup = (
    schedule("linear-warmup", warmup_schedule, 9, 0.7)
    .cases("The rates of the warmup are evenly spaced, up to base_lr.",
           lambda rng: (range(6), int(rng.integers(6, 11)), rng.uniform(0.5, 2)), weight=2)
    .sizes("After the warmup, and with warmup_steps of 1 or 0, the rate is base_lr.",
           ((4, 5, 6, 22), 5, 1.3), ((0, 1, 2, 10), 1, 0.6), ((0, 1, 7), 0, 1.7))
)  # fmt: skip


# --- what is done to a batch ---------------------------------------------------------------------


def labels(number, classes, num_classes, dtype=np.int64):
    """Draws labels of the first classes, and eps."""
    return lambda rng: (
        rng.permutation(np.arange(number) % classes).astype(dtype),
        num_classes,
        rng.uniform(0.1, 0.4),
    )


label_smoothing = (
    Hidden("training_recipes-label-smoothing", smoothing, (np.array([2, 5, 0, 1, 4, 3]), 6, 0.2))
    .cases("Each row has 1 - eps for its label, and an equal part of eps for every class.",
           labels(9, 6, 6), weight=2)
    .cases("So it has where classes do not occur, for a single label, and for labels of few bits.",
           labels(7, 3, 8), lambda rng: (np.array([1]), 2, 0.3), labels(6, 5, 5, np.uint8))
    .sizes("With eps = 0 rows are one-hot, with eps = 1 all classes have the same.",
           *((np.array([3, 0, 2, 2, 1]), 4, eps) for eps in (0.0, 1.0)))
    .untouched("y is as it was.", weight=0.5)
)  # fmt: skip

random_crop_flip = (
    Hidden("training_recipes-crop-flip", crops)
    .sizes("Each image is a piece of its own padded image, mirrored left to right or not.",
           ((30, 3, 5, 7), 2), weight=2)
    .holds("All places occur equally often, rows and columns and images independently.",
           crops.check_places, ((720, 1, 4, 5), 1), weight=1.5)
    .holds("Half of the images are mirrored, each by a draw of its own.",
           crops.check_mirrors, ((600, 1, 3, 5), 1), weight=1.5)
    .sizes("It is right for one image, for a pad wider than the image, and for a pad of 0.",
           ((1, 2, 6, 4), 3), ((12, 1, 2, 3), 5), ((12, 2, 5, 3), 0))
    .holds("x is as it was, and the result has its dtype: bytes, or single precision.",
           crops.check_kept, ((5, 2, 4, 6), 1, np.uint8), ((5, 2, 4, 6), 1, np.float32),
           weight=0.5, beyond=True)
    .holds(CHANCE, crops.check_chance, ((40, 1, 4, 5), 1))
)  # fmt: skip

KEPT = "x and y_onehot are as they were, and single precision stays single precision."

mixup = (
    Hidden("training_recipes-mixup", mixing)
    .holds("Images are mixed with partners that are a permutation, by one lam for the batch.",
           mixing.check_images, (13, 4), weight=2)
    .holds("Labels, one-hot or not, are mixed with the shares and partners of the images.",
           mixing.check_labels, (6, 3), (5, 9), weight=2)
    .holds("lam follows Beta(alpha, alpha), for a small and a large alpha.",
           mixing.check_lam, (6, 2, 0.3), (6, 2, 8.0), weight=1.5)
    .holds("Each example has each example as its partner equally often.",
           mixing.check_partners, (4, 2, 20.0))
    .holds(KEPT, mixing.check_kept, (6, 3, 1.0, np.float32), weight=0.5, beyond=True)
    .holds(CHANCE, mixing.check_chance, (14, 4, 5.0))
)  # fmt: skip

LARGE = ((5, 1, 24, 40), 5, 300.0)

cutmix = (
    Hidden("training_recipes-cutmix", cutting)
    .holds("In each of eight batches, one box of all images has the pixels of their partners.",
           cutting.check_images, ((6, 3, 9, 14), 4, 2.0), weight=2)
    .holds("Labels are shared by the area that the box really covers, also where it is cut off.",
           cutting.check_labels, ((6, 1, 11, 7), 4), ((5, 1, 11, 7), 8), weight=2)
    .holds("Where nothing is cut off, the box covers 1 - lam of the image, in the image's shape.",
           cutting.check_size, LARGE, weight=1.5)
    .holds("Each pixel may be the centre, so that boxes are cut off at all four borders.",
           cutting.check_centre, LARGE)
    .holds("With alpha = 0.2, every fifth box is tiny.",
           cutting.check_lam, ((5, 1, 20, 30), 5, 0.2), weight=0.5)
    .holds(KEPT, cutting.check_kept, ((6, 2, 6, 5), 4, 5.0, np.float32), weight=0.5, beyond=True)
    .holds(CHANCE, cutting.check_chance, ((12, 1, 12, 15), 12, 5.0))
)  # fmt: skip


# --- early stopping ------------------------------------------------------------------------------


def falling(rng, number):
    """Losses that fall, with noise that is often larger than the fall."""
    return (3 * 0.9 ** np.arange(number) + rng.normal(0, 0.15, number)).tolist()


def around(*steps):
    """Draws losses at these distances from a level, patience 2 or 4, and min_delta 0.5."""
    return lambda rng: (
        (rng.uniform(3, 4) + np.array(steps)).tolist(),
        2 + len(steps) // 5 * 2,
        0.5,
    )


NAN, INF = math.nan, math.inf

early_stopping = (
    Hidden("training_recipes-early-stopping", stopping)
    # In the last, a good loss right before the end begins the count again.
    .cases("On noisy losses, it stops where patience is used up and not before.",
           *(lambda rng, p=p: ([*falling(rng, 20), *(4 + rng.random(8)).tolist()], p)
             for p in (1, 2, 3, 5)),
           lambda rng: ((5.0, 6.0, 6.5, 4.0, 4.5, 4.6, 3.0, 3.1, 3.2, 3.3, 3.4), 3), weight=2)
    # Neither what is a little worse nor what is a little better counts; small steps add up.
    .cases("Only what is better by more than min_delta counts, and only that moves best.",
           around(2, 0, 0.2, -0.1), around(4, 0, -0.1, 0.2, -0.3, -2, -1.9, -2.2, -2.1, -2.3),
           *(lambda rng, p=p: (falling(rng, 30), p, 0.3) for p in (2, 4)),
           lambda rng: ((2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.25, 0.25), 3, 0.5),
           lambda rng: ((1.0, 0.5, 0.25, 0.5, 0.5), 3, 0.5), weight=1.5)
    .sizes("The same loss again is no improvement.", ([4.0] * 6, 3), ([7.0] * 3, 1))
    .sizes("NaN is no improvement, at the beginning nor later, and best stays a number.",
           ((2.0, NAN, 1.0, NAN, 0.5, NAN, NAN, NAN), 2), ((NAN, NAN, 1.0, 2.0, NAN, 3.0), 3),
           ((NAN, NAN, NAN), 2))
    .sizes("It is right for negative losses, for huge ones and for infinity.",
           ((-1.0, -2.0, -1.5, -3.0, -2.9, -2.8), 2), ((3e12, 2e12, 2.5e12, 2.6e12), 2),
           ((INF, INF, 5.0, 6.0, INF, 7.0), 3))
)  # fmt: skip


# --- random search -------------------------------------------------------------------------------

UNIT, DECADE = ("linear", 0.0, 1.0), ("log", 1.0, 10.0)
RANGES = {"rate": ("log", 2e-5, 0.3), "shift": ("linear", -1.7, 3.3), "gain": ("log", 2, 900)}
ITEMS = {"width": [8, 16, 24, 32], "norm": ["batch", None, "layer"], "size": [(3, 3), (5,)]}
MIXED = {"mixed": [1, "two", 3.5, True], "one": [7]}
CHOICE = {"rate": ("log", 1e-4, 1e-2), "width": [4, 8], "eps": ("linear", 0, 1)}

random_search = (
    Hidden("training_recipes-random-search", searching)
    .holds("Values of both kinds of ranges follow their distribution, from end to end.",
           searching.check_even, (RANGES, 400), weight=2)
    .holds("Items of a list occur equally often, and come back as they are.",
           searching.check_even, (ITEMS, 480), weight=1.5)
    .holds("A list may mix numbers and texts, or have one item; one choice or none may be asked.",
           searching.check_even, (MIXED, 40), (MIXED, 1), (MIXED, 0), ({}, 2))
    .holds("Choices and names are drawn independently of each other.",
           searching.check_independent, ({"a": UNIT, "b": DECADE, "c": UNIT}, 400))
    .holds(CHANCE, searching.check_chance, (CHOICE, 50))
)  # fmt: skip
