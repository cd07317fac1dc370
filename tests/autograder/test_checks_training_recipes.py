"""The training recipes: public checks call a mistake by its name."""

import pytest

from autograder.course import Course
from tests.helpers.public import told

SOURCE = Course().assignment("a2_networks").notebooks["training_recipes"]


@pytest.mark.parametrize(
    ("name", "symptom"),
    [
        ("xavier-one", "1 / (fan_in + fan_out)"),
        ("xavier-is-kaiming", "as Kaiming has it"),
        ("xavier-uniform", "do not follow a normal distribution"),
        ("xavier-transposed", "a row for each input"),
        ("xavier-global-chance", "from rng alone"),
        ("kaiming-fan-out", "2 / fan_out"),
        ("kaiming-own-generator", "from rng alone"),
        ("step-decay-one-late", "one step too late"),
        ("step-decay-subtracts", "multiply by it"),
        ("step-decay-no-arrays", "step may be an array"),
        ("exponential-decay-e", "gamma itself is the factor"),
        ("exponential-decay-all-powered", "base_lr is raised"),
        ("cosine-rises-again", "limit step to total_steps"),
        ("cosine-minimum-on-top", "its height is"),
        ("cosine-minimum-as-limit", "a limit here"),
        ("cosine-quarter-wave", "a quarter of a wave"),
        ("cosine-no-arrays", "step may be an array"),
        ("warmup-from-zero", "it begins at 0"),
        ("warmup-divides-by-zero", "max(warmup_steps, 1)"),
        ("smoothing-over-others", "by the wrong classes only"),
        ("smoothing-eps-each", "by all C classes"),
        ("smoothing-classes-seen", "not all need occur"),
        ("crop-last-place-missing", "where 0, 1, 2 may be"),
        ("crop-same-for-all", "all images have the same place"),
        ("crop-same-both-ways", "always equal"),
        ("crop-flip-same-for-all", "by a draw of its own"),
        ("crop-edge-repeated", "the border is of zeros"),
        ("crop-double-precision", "np.empty_like"),
        ("mixup-labels-exchanged", "are exchanged"),
        ("mixup-two-permutations", "draw one permutation"),
        ("mixup-even-lam", "rng.beta(alpha, alpha)"),
        ("mixup-beta-one", "rng.beta(alpha, alpha)"),
        ("mixup-reversed", "draws the same twice"),
        ("mixup-double-precision", "a plain one"),
        ("cutmix-drawn-share", "what is left after cutting off"),
        ("cutmix-no-root", "is the root missing?"),
        ("cutmix-sides-exchanged", "rows are H"),
        ("cutmix-always-inside", "any pixel may be the centre"),
        ("cutmix-corner-drawn", "not its corner"),
        ("stopping-one-late", "one loss too late"),
        ("stopping-never-reset", "begin again at 0"),
        ("stopping-equal-counts", "<=, not <"),
        ("stopping-nan-counts", "every comparison with NaN"),
        ("stopping-begins-at-zero", "does best begin at infinity"),
        ("search-log-ignored", "not its logarithm"),
        ("search-log-not-undone", "take the exponential"),
        ("search-mixed-bases", "the same base"),
        ("search-one-draw", "for each name of a choice"),
        ("search-same-dictionary", "make a new dictionary"),
        ("search-last-item-missing", "0 to n - 1"),
    ],
)
def test_public_checks_call_a_mistake_by_its_name(name, symptom):
    found = told(SOURCE, name)
    assert any(symptom in each for each in found), found
