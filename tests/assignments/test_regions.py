"""Regions of a source cell."""

import pytest

from assignments.regions import split_regions


def test_lines_outside_and_inside():
    text = "a\n# BEGIN SOLUTION\nb\n# END SOLUTION\nc\n# BEGIN SOLUTION\n# END SOLUTION"
    assert split_regions(text, "SOLUTION") == (["a", "c"], ["b"])
    assert split_regions("a", "SOLUTION") == (["a"], [])


@pytest.mark.parametrize("text", ["BEGIN SOLUTION", "END SOLUTION", "BEGIN SOLUTION\n" * 2])
def test_a_region_that_does_not_close(text):
    with pytest.raises(ValueError, match="region is"):
        split_regions(text, "SOLUTION")
