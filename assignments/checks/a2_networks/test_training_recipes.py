"""Public checks of the training recipes: schedules by hand, and what was drawn at random."""

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
from assignments.compare import assert_equal
from assignments.families.checks import Checks
from assignments.standins.a2_networks.training_recipes import (
    cosine_schedule,
    exponential_schedule,
    smoothing,
    step_schedule,
    stopping,
    warmup_schedule,
)

# --- first weights -------------------------------------------------------------------------------

SHAPE = "A layer of 30 inputs and 20 outputs gets weights of shape (30, 20), each its own number."
NORMAL = "The weights follow a normal distribution."
CHANCE = "All chance comes from rng: equal generators give equal results."

xavier_init = (
    Checks("training_recipes-xavier", xavier)
    .sizes(SHAPE, (30, 20))
    .holds("With 100 inputs and 300 outputs, the variance is about 2 / 400.",
           xavier.check_variance, (100, 300))
    .holds(NORMAL, xavier.check_normal, (100, 300))
    .holds(CHANCE, xavier.check_chance, (7, 5))
)  # fmt: skip

kaiming_init = (
    Checks("training_recipes-kaiming", kaiming)
    .sizes(SHAPE, (30, 20))
    .holds("With 100 inputs and 300 outputs, the variance is about 2 / 100.",
           kaiming.check_variance, (100, 300))
    .holds(NORMAL, kaiming.check_normal, (100, 300))
    .holds(CHANCE, kaiming.check_chance, (7, 5))
)  # fmt: skip


# --- schedules -----------------------------------------------------------------------------------

ARRAY = "It takes an array of steps, too."
SAME_ARRAY = "An array of steps is not changed."

step_decay = (
    Checks("training_recipes-step-decay", step_schedule, (np.arange(24), 0.8, 0.25, 10))
    .by_hand("With drop 0.25 and every 10, steps 0, 9, 10, 25 have the rates 0.8, 0.8, 0.2, 0.05.",
             step=(0, 9, 10, 25), base_lr=0.8, drop=0.25, every=10, rate=[0.8, 0.8, 0.2, 0.05])
    .by_hand("It takes an array of steps, too; drop is 0.1 and every is 30 where nothing is said.",
             step=np.array([0, 30, 60]), base_lr=1.0, rate=[1.0, 0.1, 0.01])
    .untouched(SAME_ARRAY)
)  # fmt: skip

exponential_decay = (
    Checks("training_recipes-exponential-decay", exponential_schedule, (np.arange(24), 0.8, 0.25))
    .by_hand("With gamma 0.25, steps 0, 1, 2, 3 have the rates 0.8, 0.2, 0.05, 0.0125.",
             step=range(4), base_lr=0.8, gamma=0.25, rate=[0.8, 0.2, 0.05, 0.0125])
    .by_hand(ARRAY, step=np.array([0, 2]), base_lr=3.0, gamma=0.1, rate=[3.0, 0.03])
    .untouched(SAME_ARRAY)
)  # fmt: skip

cosine_annealing = (
    Checks("training_recipes-cosine-annealing", cosine_schedule, (np.arange(24), 6, 1.0))
    .by_hand("From 1 to 0.2 in 6 steps: 1 at step 0, 0.8 at step 2, 0.6 at step 3, 0.2 at step 6.",
             step=(0, 2, 3, 6), total_steps=6, base_lr=1.0, min_lr=0.2, rate=[1.0, 0.8, 0.6, 0.2])
    .by_hand("After the last step it stays at min_lr.",
             step=(7, 12), total_steps=6, base_lr=1.0, min_lr=0.2, rate=[0.2, 0.2])
    .by_hand("It takes an array of steps, too; min_lr is 0 where nothing is said.",
             step=np.array([0, 3, 6, 9]), total_steps=6, base_lr=1.0, rate=[1.0, 0.5, 0.0, 0.0])
    .untouched(SAME_ARRAY)
)  # fmt: skip

linear_warmup = (
    Checks("training_recipes-linear-warmup", warmup_schedule, (np.arange(24), 4, 0.8))
    .by_hand("With 4 warmup steps to 0.8, the rates are 0.2, 0.4, 0.6, 0.8, and stay at 0.8.",
             step=range(6), warmup_steps=4, base_lr=0.8, rate=[0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    .by_hand("Without warmup, warmup_steps = 0, all steps have the rate base_lr.",
             step=(0, 1, 5), warmup_steps=0, base_lr=0.8, rate=[0.8, 0.8, 0.8])
    .by_hand(ARRAY, step=np.array([0, 1, 7]), warmup_steps=2, base_lr=1.0, rate=[0.5, 1.0, 1.0])
    .untouched(SAME_ARRAY)
)  # fmt: skip


# --- what is done to a batch ---------------------------------------------------------------------

label_smoothing = (
    Checks("training_recipes-label-smoothing", smoothing, (np.array([2, 0, 1]), 3, 0.1))
    .by_hand("With eps = 0.4 and four classes, the right class has 0.7 and each other one 0.1.",
             y=np.array([2, 0]), num_classes=4, eps=0.4,
             rows=[[0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]])
    .by_hand("With eps = 0, the rows are one-hot, also for a class that does not occur.",
             y=np.array([1, 0, 1]), num_classes=3, eps=0.0,
             rows=[[0, 1, 0], [1, 0, 0], [0, 1, 0]])
    .untouched("y is not changed.")
)  # fmt: skip

random_crop_flip = (
    Checks("training_recipes-crop-flip", crops, ((6, 2, 4, 5), 1))
    .sizes("Every image of a batch is a piece of its own padded image, mirrored or not.",
           ((6, 2, 4, 5), 1))
    .holds("With pad = 0, about half of 100 images are mirrored, each by its own draw.",
           crops.check_mirrors, ((100, 1, 3, 4), 0))
    .holds("With pad = 1 there are 3 x 3 places for a piece, and 300 images have all of them.",
           crops.check_places, ((300, 1, 3, 4), 1))
    .holds(CHANCE, crops.check_chance, ((40, 1, 3, 4), 1))
    .holds("Bytes stay bytes.", crops.check_kept, ((3, 1, 3, 4), 1, np.uint8), beyond=True)
    .untouched("x is not changed.")
)  # fmt: skip

KEPT = "Images and labels in single precision (float32) stay so."
INPUTS = "x and y_onehot are not changed."

mixup = (
    Checks("training_recipes-mixup", mixing, (12, 12))
    .holds("Each image is lam times itself plus 1 - lam times a partner, with one lam for all.",
           mixing.check_images, (12, 12))
    .holds("The labels are mixed as the images are.", mixing.check_labels, (12, 12))
    .holds("lam follows Beta(alpha, alpha): close to 0 or 1 for a small alpha, to 1/2 for a large.",
           mixing.check_lam, (6, 2, 0.3), (6, 2, 8.0))
    .holds("All chance comes from rng, and the partners are drawn anew each time.",
           mixing.check_chance, (12, 12))
    .holds(KEPT, mixing.check_kept, (12, 3, 2.0, np.float32), beyond=True)
    .untouched(INPUTS)
)  # fmt: skip

cutmix = (
    Checks("training_recipes-cutmix", cutting, ((5, 2, 6, 8), 5))
    .holds("All images have the same box, and in it the pixels of a partner, at the same place.",
           cutting.check_images, ((5, 2, 6, 8), 5))
    .holds("The share of the partner in a label is the share of its pixels, in each of 8 batches.",
           cutting.check_labels, ((5, 1, 6, 8), 5))
    .holds("For lam = 1/2 a whole box has 0.71 of the rows and of the columns.",
           cutting.check_size, ((5, 1, 20, 40), 5, 300.0))
    .holds("Any pixel may be the centre, so that boxes are cut off at all four borders.",
           cutting.check_centre, ((5, 1, 20, 40), 5, 300.0))
    .holds(CHANCE, cutting.check_chance, ((11, 1, 10, 16), 5))
    .holds(KEPT, cutting.check_kept, ((5, 1, 6, 8), 3, 1.0, np.float32), beyond=True)
    .untouched(INPUTS)
)  # fmt: skip


# --- early stopping ------------------------------------------------------------------------------

NO, YES = False, True

early_stopping = (
    Checks("training_recipes-early-stopping", stopping)
    .by_hand("With patience 2, the losses 5, 4, 4.5, 3, 3.5, 3.2, 3.1 stop at the last but one.",
             losses=[5, 4, 4.5, 3, 3.5, 3.2, 3.1], patience=2,
             stops=np.array([NO, NO, NO, NO, NO, YES, YES]), best=[5, 4, 4, 3, 3, 3, 3])
    .by_hand("The same loss again is no improvement: with patience 2, the losses 1, 1, 1 stop.",
             losses=[1, 1, 1], patience=2, stops=np.array([NO, NO, YES]))
    .by_hand("With min_delta 1 and patience 2, the losses 5, 5.5, 4.5 stop; 3.8 counts again.",
             losses=[5, 5.5, 4.5, 3.8], patience=2, min_delta=1.0,
             stops=np.array([NO, NO, YES, NO]), best=[5, 5, 5, 3.8])
    .by_hand("NaN is no improvement: with patience 2, the losses 1, NaN, NaN stop.",
             losses=[1, math.nan, math.nan], patience=2, stops=np.array([NO, NO, YES]))
)  # fmt: skip


@early_stopping.check()
def two(student, rng):
    """Two trainings are watched independently of each other."""
    first, second = (student.EarlyStopping(2) for _training in range(2))
    told = [(first, 1.0), (first, 2.0), (second, 3.0), (second, 4.0), (first, 2.0)]
    stops = np.array([each.step(loss) for each, loss in told])
    assert_equal(stops, np.array([NO, NO, NO, NO, YES]), "stops", show=True)


# --- random search -------------------------------------------------------------------------------

RATE, SHIFT = ("log", 1e-4, 1.0), ("linear", 2.0, 2.5)
THREE = {"rate": ("log", 1e-4, 1e-1), "eps": ("linear", 0.0, 0.3), "width": [8, 16]}

random_search = (
    Checks("training_recipes-random-search", searching, (THREE, 3))
    .sizes("Three choices are a list of three dictionaries, with a value in range for each name.",
           (THREE, 3))
    .holds("Of 300 rates between 0.0001 and 1, about half lie below 0.01.",
           searching.check_even, ({"rate": RATE}, 300))
    .holds("Of 300 numbers between 2 and 2.5, about half lie below 2.25.",
           searching.check_even, ({"shift": SHIFT}, 300))
    .holds("Choices, and the names of a choice, have nothing to do with each other.",
           searching.check_independent, ({"rate": RATE, "shift": SHIFT}, 300))
    .holds(CHANCE, searching.check_chance,
           ({"rate": RATE, "eps": ("linear", 0.0, 0.3), "width": list(range(50))}, 10))
    .holds("Items of a list come back as they are (8 as an int, None as None), all as often.",
           searching.check_even, ({"item": [8, None, (3, 3), "relu"]}, 200))
    .untouched("space is not changed.")
)  # fmt: skip
