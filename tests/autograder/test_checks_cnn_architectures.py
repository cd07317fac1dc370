"""The notebook on convolutional blocks: public checks call a mistake by its name."""

import pytest

from autograder.course import Course
from tests.helpers.public import told

SOURCE = Course().assignment("a2_networks").notebooks["cnn_architectures"]


@pytest.mark.parametrize(
    ("name", "symptom"),
    [
        ("size-rounded-up", "round down"),
        ("size-pad-once", "at both ends"),
        ("size-first-place-forgotten", "before the first step"),
        ("size-stride-forgotten", "the stride is not used"),
        ("field-own-stride-first", "does not stretch its kernel"),
        ("field-last-stride-only", "the product of all strides"),
        ("field-strides-added", "they are not added"),
        ("field-kernels-multiplied", "they do not multiply"),
        ("count-buffers", "buffers are counted"),
        ("count-shared-twice", "counted twice"),
        ("count-no-biases", "biases count, too"),
        ("vgg-relu-at-the-end-only", "between the two convolutions"),
        ("vgg-no-padding", "is padding missing"),
        ("vgg-average-pool", "this is the mean"),
        ("inception-order", "are exchanged"),
        ("inception-no-relu-after-reduce", "of the 3x3 way"),
        ("inception-no-relu-at-the-end", "of the 1x1 way"),
        ("inception-project-then-pool", "it comes after it"),
        ("inception-pool-stride", "look at the paddings"),
        ("residual-relu-before-sum", "the ReLU is before the sum"),
        ("residual-relu-twice", "before the sum, too"),
        ("residual-no-second-norm", "bn2 is missing"),
        ("residual-one-norm-for-both", "bn1 is used twice"),
        ("residual-relu-before-norm", "after bn1, not before it"),
        ("residual-relu-on-shortcut", "the shortcut has a ReLU"),
        ("residual-stride-in-the-second", "the stride is in conv2"),
        ("residual-projection-for-stride-only", "is there a projection"),
        ("bottleneck-stride-first", "the stride is in conv1"),
        ("bottleneck-one-relu-missing", "after bn2"),
        ("bottleneck-no-last-norm", "bn3 is missing"),
        ("bottleneck-compares-middle", "is there a projection"),
        ("dense-new-first", "new channels come at the end"),
        ("dense-convolution-first", "come before the convolution"),
        ("dense-relu-before-norm", "after BN, not before it"),
        ("dense-no-norm", "BN is missing"),
        ("dense-changes-everything", "keep x as it is"),
        ("separable-no-groups", "as many groups"),
        ("separable-no-relu-between", "no ReLU between"),
        ("separable-no-last-relu", "no ReLU at the end"),
        ("separable-relu-before-norm", "after bn1, not before it"),
        ("separable-stride-in-pointwise", "where 2, 1 are expected"),
    ],
)
def test_public_checks_call_a_mistake_by_its_name(name, symptom):
    found = told(SOURCE, name)
    assert any(symptom in each for each in found), found
