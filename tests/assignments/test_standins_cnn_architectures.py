"""The stand-ins of the convolutional blocks do what the notebook describes."""

from importlib import import_module

import pytest
import torch
from torch import nn

from assignments.questions import collect, run_check
from assignments.standins.a2_networks import cnn_architectures as blocks
from assignments.student import Student, in_process
from assignments.workspace import Workspace

PUBLIC = import_module("assignments.checks.a2_networks.test_cnn_architectures")
CHECKS = [check for checks in collect(PUBLIC).values() for check in checks]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.marker.question}-{check.name}")
def test_the_stand_ins_pass_the_public_checks(check):
    result = run_check(check, Student(in_process(Workspace(vars(blocks)))), 0)
    assert result.passed, result.reason


def test_a_method_of_a_stand_in_works_in_the_class_of_a_student():
    class Half(nn.Module):
        """A student's block of which only forward is written."""

        def forward(self, x):
            return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + x)

    Half.__init__ = blocks.ResidualBlock.__init__
    torch.manual_seed(0)
    half = Half(3, 3).eval()
    torch.manual_seed(0)
    whole = blocks.ResidualBlock(3, 3).eval()
    x = torch.randn(2, 3, 5, 4)
    torch.testing.assert_close(half(x), whole(x))
