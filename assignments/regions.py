"""The regions of a source cell: what nbgrader's marks set apart from what students get."""

__all__ = ["split_regions"]


def split_regions(text: str, name: str) -> tuple[list[str], list[str]]:
    """Split a cell's text into the lines outside and inside its regions of one kind.

    Args:
        name: ``"SOLUTION"``, ``"HIDDEN TESTS"`` or ``"MARK SCHEME"``.

    Raises:
        ValueError: a region is not closed, closed twice, or nested.
    """
    outside: list[str] = []
    inside: list[str] = []
    opened = False
    for line in text.split("\n"):
        if f"BEGIN {name}" in line or f"END {name}" in line:
            if opened == (f"BEGIN {name}" in line):
                wrong = "is opened inside another" if opened else "is closed but never opened"
                raise ValueError(f"a {name} region {wrong}")
            opened = not opened
        else:
            (inside if opened else outside).append(line)
    if opened:
        raise ValueError(f"a {name} region is not closed; add END {name}")
    return outside, inside
