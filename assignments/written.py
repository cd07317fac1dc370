"""Written answers: is there one, what does its source give, and what is each point for?"""

import re

from assignments.regions import split_regions

__all__ = ["PLACEHOLDERS", "is_answered", "mark_scheme"]

#: What a release may say where the answer goes: ours (nbgrader_config.py) and nbgrader's own.
PLACEHOLDERS = ("Write your answer here.", "YOUR ANSWER HERE", "YOUR CODE HERE")


def is_answered(text: str, source: str = "") -> bool:
    """Has a written answer at least one line that was not given?

    Args:
        text: the cell as it stands in the learner's notebook.
        source: the cell as it stands in the source; what lies outside its regions was given.
    """
    given, _solution = split_regions(source, "SOLUTION")
    given, _scheme = split_regions("\n".join(given), "MARK SCHEME")
    return bool(_lines(text) - _lines("\n".join(given)))


def _lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()} - {"", *PLACEHOLDERS}


def mark_scheme(scheme: str) -> dict[int, tuple[float, str]]:
    """What each numbered line of a mark scheme gives: points and text, by number.

    Args:
        scheme: the lines inside its region. The first says the points: ``0.5 each.`` or
            ``1: 0.5, 2: 1.``.
    """
    first, *rest = scheme.strip().splitlines() or [""]
    items = {int(found[1]): found[2] for line in rest if (found := re.match(r"(\d+)\. (.*)", line))}
    if each := re.match(r"([\d.]+) each\.", first):
        return {number: (float(each[1]), text) for number, text in items.items()}
    stated = re.findall(r"(\d+): ([\d.]*\d)", first)
    return {int(number): (float(points), items.get(int(number), "")) for number, points in stated}
