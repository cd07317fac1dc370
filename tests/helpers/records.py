"""Reports, compared."""

import msgspec

from autograder.record import Report


def without_times(report: Report) -> dict:
    """A report as JSON data, less what differs from one run to the next."""
    data = msgspec.to_builtins(report)
    del data["seconds"]
    for notebook in data["notebooks"].values():
        for question in notebook["questions"].values():
            del question["seconds"]
    return data
