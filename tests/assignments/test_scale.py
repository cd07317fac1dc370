"""The size of experiments: full, unless the environment asks for less."""

import pytest

from assignments.scale import scaled


@pytest.mark.parametrize(("value", "size"), [(None, 5000), ("reduced", 500), ("full", 5000)])
def test_the_environment_decides(monkeypatch, value, size):
    if value is None:
        monkeypatch.delenv("ASSIGNMENTS_SCALE", raising=False)
    else:
        monkeypatch.setenv("ASSIGNMENTS_SCALE", value)
    assert scaled(5000, 500) == size
