"""Run the source notebooks from top to bottom, solutions and hidden tests included.

They run in a copy of source/, so the source stays as it is. For each notebook one line says how
long it took and how much memory its kernel (with its children) held at most. A notebook fails that
raises, or whose own solutions lose points (with small experiments, results may).

python tools/run_notebooks.py                                    # all of them
python tools/run_notebooks.py a1_classifiers/knn --reduced       # one, with small experiments
python tools/run_notebooks.py --max-seconds 180 --max-memory 2GB # fail beyond these
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
UNITS = {"KB": 1e3, "MB": 1e6, "GB": 1e9}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Run:
    """What running one notebook took: seconds, bytes, and why it failed ("" when it did not).

    Questions that its own solutions lost points on are in ``lost``, in words by grade_id.
    """

    seconds: float
    peak_bytes: int
    failure: str
    lost: dict[str, str]


class PeakMemory:
    """The most memory (resident set, bytes) that this process's descendants held at one time."""

    def __init__(self, interval: float = 0.05):
        self.bytes = 0
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._stop.wait(self._interval):
            held = 0
            for process in own.children(recursive=True):
                try:
                    held += process.memory_info().rss
                except psutil.Error:  # ended meanwhile
                    continue
            self.bytes = max(self.bytes, held)


def run_notebook(path: Path, max_seconds: float | None = None) -> Run:
    """Run the notebook at ``path`` in its own folder; a cell over ``max_seconds`` is stopped."""
    nb = nbformat.read(path, as_version=4)
    client = NotebookClient(
        nb,
        timeout=None if max_seconds is None else int(max_seconds) + 1,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # its warnings are not about the notebook
        resources={"metadata": {"path": str(path.parent)}},
    )
    failure = ""
    start = time.monotonic()
    with PeakMemory() as peak:
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            failure = f"{_failed_cell(nb)}\n{COLOUR.sub('', str(error)).rstrip()}"
    return Run(time.monotonic() - start, peak.bytes, failure, _lost_points(nb))


def _lost_points(nb: NotebookNode) -> dict[str, str]:
    """What each test cell that ran says, where it is not full marks."""
    lost = {}
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and not about.get("solution") and cell.get("execution_count"):
            said = [o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"]
            if said != [str(float(about["points"]))]:
                lost[about["grade_id"]] = (
                    f"{' '.join(said) or 'nothing'} of {about['points']} points"
                )
    return lost


def _failed_cell(nb: NotebookNode) -> str:
    """Name the cell that a run stopped at: the last one that the kernel began."""
    begun = [(i, cell) for i, cell in enumerate(nb.cells) if "execution" in cell.metadata]
    index, cell = begun[-1] if begun else (0, nb.cells[0])
    name = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", "without id")
    return f"cell {index + 1} of {len(nb.cells)} ({name})"


def parse_size(text: str) -> int:
    """Return the bytes that "2GB" or "500 MB" stand for (decimal units)."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]B)", text.strip().upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 2GB or 500MB")
    return int(float(match[1]) * UNITS[match[2]])


def main() -> int:
    """Run the command; 0: all ran within the limits, 1: one did not, 2: no such notebook."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", help="assignments or assignment/notebook; default: all", metavar="NAME"
    )
    parser.add_argument(
        "--reduced", action="store_true", help="small experiments (ASSIGNMENTS_SCALE=reduced)"
    )
    parser.add_argument("--max-seconds", type=float, help="fail when a notebook takes longer")
    parser.add_argument("--max-memory", type=parse_size, help="fail beyond this, for example 2GB")
    options = parser.parse_args()

    found = {
        f"{path.parent.name}/{path.stem}": path for path in sorted(ROOT.glob("source/*/*.ipynb"))
    }
    chosen = [
        name
        for name in found
        if not options.names or name in options.names or name.split("/")[0] in options.names
    ]
    unknown = {n for n in options.names if n not in found} - {n.split("/")[0] for n in found}
    if unknown or not chosen:
        print(f"no notebook {', '.join(sorted(unknown)) or 'in source/'}", file=sys.stderr)
        print(f"there are: {', '.join(found) or 'none'}", file=sys.stderr)
        return 2

    if options.reduced:
        os.environ["ASSIGNMENTS_SCALE"] = "reduced"  # the kernels inherit it
    failed = 0
    with tempfile.TemporaryDirectory(prefix="notebooks-") as folder:
        shutil.copytree(ROOT / "source", folder, dirs_exist_ok=True)
        for name in chosen:
            run = run_notebook(Path(folder, f"{name}.ipynb"), options.max_seconds)
            faults = [run.failure] if run.failure else []
            if not options.reduced:
                faults += [f"{question}: {got}" for question, got in run.lost.items()]
            if options.max_seconds is not None and run.seconds > options.max_seconds:
                faults.append(f"took longer than {options.max_seconds:g} s")
            if options.max_memory is not None and run.peak_bytes > options.max_memory:
                faults.append(f"held more than {options.max_memory / 1e9:g} GB")
            verdict = "FAILED" if faults else "ok"
            print(f"{name:40} {run.seconds:7.1f} s {run.peak_bytes / 1e9:6.2f} GB  {verdict}")
            for fault in faults:
                print(f"{name}: {fault}", file=sys.stderr)
            sys.stdout.flush()
            failed += bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
