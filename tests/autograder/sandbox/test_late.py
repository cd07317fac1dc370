"""Modules that are loaded when something of them is used, and not before."""

import subprocess
import sys

import pytest

BEGIN = "import sys; from autograder.sandbox.late import LateModules\n" + (
    "sys.meta_path.insert(0, LateModules())\n"
)
IS_LOADED = "'figure' in vars(sys.modules['matplotlib.pyplot'])"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        "import matplotlib.pyplot as plt",
        "from matplotlib import pyplot as plt",
        "import matplotlib; import matplotlib.pyplot; plt = matplotlib.pyplot",
    ],
)
def test_an_import_loads_nothing_until_it_is_used(line):
    code = f"{line}\nbefore = {IS_LOADED}\nplt.figure\nprint(before, {IS_LOADED})"
    assert run(code) == "False True"


def test_what_is_used_works_in_whatever_order():
    code = """
from matplotlib import cm
import matplotlib.pyplot as plt
import matplotlib
matplotlib.use("agg")
figure, axis = plt.subplots()
axis.plot([1, 2], color=cm.viridis(0.5))
print(len(axis.lines), matplotlib.get_backend())
"""
    assert run(code) == "1 agg"


def test_what_is_not_there_fails_as_ever():
    code = """
for line in ("from matplotlib import nothing_like_it", "import matplotlib.nothing_like_it"):
    try:
        exec(line)
    except ImportError as error:
        print(type(error).__name__)
"""
    assert run(code) == "ImportError\nModuleNotFoundError"
