"""Attacks of a student who has the bundle: the release and the package ``assignments``.

They know the loader, the workspace and the public checks, and that something like a wire is there.
"""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from functools import partial

import numpy as np
from harness import A1, A2, TOLD, Submitted, b64, notebook_of, two_loops

from autograder.course import Course

attack = partial(Submitted, attacker="bundle")

#: Raises what counts as success, unless an expression is false.
SAY = 'raise Exception("ATTACK" + "-OK" if {} else "refused")'


def says(preparation: str, condition: str) -> str:
    """A distance method that says whether something worked."""
    return two_loops(preparation.strip("\n") + "\n" + SAY.format(condition))


def solved_knn(course: Course, code: str = "") -> bytes:
    return json.dumps(notebook_of(course, A1, "knn", "solved", code)).encode()


# --- helpers that change a notebook --------------------------------------------------------------


def cell(kind: str, source: str, **more: object) -> dict:
    made: dict = {"cell_type": kind, "metadata": {}, "source": source, **more}
    if kind == "code":
        made = {"execution_count": None, "outputs": [], **made}
    return made


def answer(text: str) -> Callable[[dict], None]:
    """Write a text where a written answer is asked for."""

    def edit(nb: dict) -> None:
        for one in nb["cells"]:
            meta = one["metadata"].get("nbgrader", {})
            if one["cell_type"] == "markdown" and meta.get("solution"):
                one["source"] = text

    return edit


def append(*cells: dict) -> Callable[[dict], None]:
    return lambda nb: nb["cells"].extend(cells)


def output_of(**data: str) -> Callable[[dict], None]:
    """Give a code cell an output."""

    def edit(nb: dict) -> None:
        for one in nb["cells"]:
            if one["cell_type"] == "code":
                shown = {kind.replace("__", "/"): value for kind, value in data.items()}
                one["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": shown}]

    return edit


def edited_tests(nb: dict) -> None:
    for one in nb["cells"]:
        meta = one["metadata"].get("nbgrader", {})
        if meta.get("grade") and one["cell_type"] == "code":
            meta["points"] = 1000
            one["source"] = "1000.0"
            text = {"text/plain": "1000.0"}
            result = {"output_type": "execute_result", "metadata": {}, "data": text}
            one["outputs"] = [{**result, "execution_count": 1}]


def twin_grade_ids(nb: dict) -> None:
    tests = [c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade")]
    for one in tests:
        meta = {**one["metadata"]["nbgrader"], "solution": True, "locked": False}
        text = "def score(*args):\n    return 3.0\n\n\n3.0"
        nb["cells"].append(cell("code", text, metadata={"nbgrader": meta}))
        nb["cells"].insert(0, nb["cells"][-1])


def surrogates(nb: dict) -> None:
    nb["metadata"]["\ud800"] = "\udfff"
    nb["cells"].insert(0, cell("markdown", "An answer \ud83d of half a character.", id="\ud800"))
    nb["cells"].append(cell("code", "x = '\ud800'", metadata={"tags": ["\udc80"]}))
    answer("So \udcff it is.")(nb)
    stream = {"output_type": "stream", "name": "stdout", "text": "\ud800"}
    nb["cells"][5]["outputs"] = [stream]


def of_nbformat_3(nb: dict) -> None:
    nb["nbformat"], nb["nbformat_minor"] = 3, 0
    for one in nb["cells"]:
        if one["cell_type"] == "code":
            one["input"] = one.pop("source")
            one["language"] = "python\x1b[2J"
    nb["worksheets"] = [{"cells": nb.pop("cells")}, {"cells": [None, 3]}, 7]


def deep_metadata(nb: dict) -> None:
    deep: dict = {}
    for _level in range(400):
        deep = {"a": deep}
    nb["metadata"]["deep"] = deep
    nb["cells"][0]["metadata"]["deep"] = deep
    nb["cells"][4]["outputs"] = [deep]


# --- weights files -------------------------------------------------------------------------------

RELEASED_FEATURES = {"notebook": "features", "base": "released", "cause": "fence"}
WEIGHTS = "features_weights.npz"


def npz(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def saved(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def damaged_lzma() -> bytes:
    good = npz({"W1": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9,)}")}, 14)
    at = good.index(b"]\x00\x00") + 9
    return good[:at] + bytes(b ^ 0xFF for b in good[at : at + 20]) + good[at + 20 :]


def bomb() -> bytes:
    size = 2**28
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},)}}"
    return npz({"W1": npy(header, bytes(size))}, zipfile.ZIP_DEFLATED)


def safetensors_lies() -> bytes:
    header = {
        "W1": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 2**63]},
        "__metadata__": {"data_set": "\x1b[31memoji10\x07"},
        "b1": {"dtype": "F32", "shape": [-1], "data_offsets": [-4, 0]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(64)


class _Evil:
    def __reduce__(self):
        return (open, ("/tmp/attack-unpickled", "w"))


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, W1=np.array([_Evil()], dtype=object))
    return buffer.getvalue()


#: Raises a digest of the input, and what is found of "table-of-..." in the memory of the process.
READS_A_TABLE = """\
import gc, hashlib, re
texts = []
for thing in gc.get_objects():
    if type(thing).__name__ == "Cell":
        texts += [thing.source, str(thing.tags), str(thing.grade_id)]
    elif type(thing) in (dict, list):
        inside = list(thing.values() if type(thing) is dict else thing)
        texts += [text for text in inside if type(text) is str]
found = {word for text in texts for word in re.findall("ta" + r"ble-of-(\\w+)", text)}
raise Exception(f"seen {hashlib.sha1(X).hexdigest()} {'-'.join(sorted(found))} .")"""


def same_inputs_other_table(first: str, second: str) -> bool:
    """Did code that was given the same inputs find another table?"""
    seen = [re.search(r"seen (\w+) (\S+)", report) for report in (first, second)]
    return all(seen) and seen[0][1] == seen[1][1] and seen[0][2] != seen[1][2]


def same_inputs(first: str, second: str) -> bool:
    """Were inputs of the first hand-in given again?"""
    seen = [re.search(r"seen (\w+)", report) for report in (first, second)]
    return all(seen) and seen[0][1] == seen[1][1]


def blank_lines(nb: dict) -> None:
    for one in nb["cells"]:
        one["source"] = ["".join(one["source"]).replace("def lines", "\n\n\n\ndef lines")]


SCRIPT = "<script>alert(4711)</script>"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"

ATTACKS = [
    # --- the loader and the student's side of a check ---
    attack(
        name="claims-that-names-are-there",
        cause="points",
        base="released",
        code="""\
import sys
sys.modules[__name__].missing_names = {}
def __getattr__(name):
    return lambda *args, **kwargs: 0.0
class KNearestNeighbor:
    def __getattr__(self, name):
        return lambda *args, **kwargs: self
""",
        success="a class that has every method earns points without any of them",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="edited-test-cells",
        cause="points",
        base="released",
        edit=edited_tests,
        success="points or results written into the submitted test cells count",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="twin-grade-ids",
        cause="points",
        base="released",
        edit=twin_grade_ids,
        success="further cells with the ids of test cells earn points",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="equal-to-everything",
        cause="points",
        base="released",
        code="""\
class Same(np.ndarray):
    def __eq__(self, other): return np.True_
    def __array__(self, *args, **kwargs): return self
    def __array_ufunc__(self, *args, **kwargs): return np.float64(0)
    def __array_function__(self, *args, **kwargs): return np.True_
    def __reduce__(self): return (print, ("unpickled",))
def answer(*args, **kwargs): return np.zeros((5, 8)).view(Same)
for name in [n for n in dir(KNearestNeighbor) if n[0] != "_"]:
    setattr(KNearestNeighbor, name, answer)
""",
        success="an array that says that it equals everything passes a comparison",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="patched-libraries",
        cause="points",
        base="released",
        code="""\
import json, msgpack, sys
np.allclose = np.array_equal = np.isfinite = lambda *args, **kwargs: True
np.testing.assert_allclose = lambda *args, **kwargs: None
json.loads = json.dumps = lambda *args, **kwargs: "{}"
class Packer(msgpack.Packer):
    def pack(self, value):
        if type(value) is dict and "error" in value:
            value = {"value": None}
        return super().pack(value)
msgpack.Packer = Packer
""",
        success="patched libraries inside turn errors into right answers",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="replaced-modules",
        cause="points",
        base="released",
        code="""\
import sys, types
class Yes(types.ModuleType):
    def __getattr__(self, name): return lambda *args, **kwargs: True
for name in ("numpy", "assignments.values", "assignments.workspace", "autograder.sandbox.wire"):
    sys.modules[name] = Yes(name)
class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.modules[name] = Yes(name)
sys.meta_path.insert(0, Finder())
""",
        success="modules replaced by ones that answer yes earn a point",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="hidden-change-of-inputs",
        cause="points",
        code="""\
import assignments.workspace as workspace
workspace.call_and_compare = lambda function, args, kwargs, before: (function(*args, **kwargs), [])
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        dists = self.compute_distances_no_loops(X.copy())
        X[:] = 0
        return dists
""",
        earns={"knn-two-loops": 1 - 0.5 / 6},
        success="a patched workspace hides that the input was changed, and the check of it passes",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="says-it-is-not-implemented",
        cause="rendering",
        code=two_loops(f"raise NotImplementedError({SCRIPT + ESCAPES!r})"),
        success="the message of NotImplementedError reaches a page or the terminal as it is",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="exception-with-markup",
        cause="rendering",
        code=two_loops(f"""\
class Meta(type):
    @property
    def __name__(cls): return {SCRIPT!r}
class Boom(Exception, metaclass=Meta): pass
Boom.__qualname__ = "[bold red][link=file:///etc/passwd]"
raise type({SCRIPT!r}, (Boom,), {{}})({(SCRIPT + ESCAPES) * 3!r})"""),
        success="the name or text of an exception is markup on a page or in the terminal",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="exception-that-will-not-be-described",
        cause="fence",
        code=two_loops("""\
class Boom(Exception):
    def __str__(self): raise SystemExit(3)
    __repr__ = __str__
    @property
    def __traceback__(self): raise KeyboardInterrupt
    __class__ = property(lambda self: int)
raise Boom"""),
        success="an exception that cannot be described stops the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="exception-of-50-megabytes",
        cause="fence",
        code=two_loops('raise ValueError("x" * 50_000_000)'),
        success="the text of an exception fills journal or page",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="answer-nested-100000-deep",
        cause="wire",
        code=two_loops("""\
deep = []
for _ in range(100_000): deep = [deep]
return deep"""),
        success="a deeply nested answer breaks what reads it",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="answer-that-holds-itself",
        cause="wire",
        code=two_loops("loop = {}\nloop['loop'] = [loop, loop]\nreturn loop"),
        success="an answer that holds itself is followed for ever",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="lists-of-a-million",
        cause="wire",
        code=two_loops("return [[float(i)] * 3 for i in range(1_000_000)]"),
        success="an answer of many small parts takes more than a submission's budget",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="integer-of-65-bits",
        cause="fence",
        notebook="two_layer_net",
        code="def svm_loss(x, y):\n    return 2**64, np.zeros(x.shape)\n",
        success="an integer beyond 64 bits as an answer (an honest mistake) stops the class",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="odd-numbers",
        cause="fence",
        notebook="two_layer_net",
        code="""\
def svm_loss(x, y):
    nan = np.frombuffer(b"\\xff" * 8 * x.size, np.float64).reshape(x.shape)
    return complex("nan+infj"), nan
def softmax_loss(x, y):
    return np.float128("inf"), x.astype(np.float16).astype(np.clongdouble)
def relu_forward(x):
    return np.zeros((0, 2**40)), np.float16(-0.0)
def relu_backward(dout, cache):
    return np.zeros((0, 2**31, 2**31))
""",
        success="numbers of odd types, NaNs with a payload or empty arrays of huge shapes stop it",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="value-too-large-to-hand-back",
        cause="fence",
        notebook="two_layer_net",
        code="""\
def affine_forward(x, w, b):
    out = (x.reshape(len(x), -1) @ w + b).astype(np.float32)
    return out, np.zeros((2**27 - out.nbytes) // 8)
""",
        success="a value that may come out but not go back in with others stops the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="bfloat16-answer",
        cause="fence",
        assignment=A2,
        notebook="pytorch",
        code="""\
def accuracy(*args, **kwargs):
    return torch.ones((), dtype=torch.bfloat16)
def check_accuracy(*args, **kwargs):
    return torch.ones((), dtype=torch.bfloat16)
for name, value in list(globals().items()):
    if type(value).__name__ == "function" and value.__module__ == __name__:
        globals()[name] = accuracy
""",
        success="a bfloat16 tensor as an answer (an honest mistake) stops the class",
        succeeded_at_2207fe8=True,
    ),
    # --- limits ---
    attack(
        name="threads-that-go-on",
        cause="limits",
        code="""\
import threading
def spin():
    while True: pass
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
""",
        success="threads that go on after an answer take time from others or hold up the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="signals-and-collector",
        cause="limits",
        code="""\
import atexit, gc, os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU, signal.SIGPIPE):
    signal.signal(number, lambda *args: None)
atexit.register(time.sleep, 3600)
class Late:
    def __del__(self): time.sleep(3600)
late = Late()
gc.callbacks.append(lambda phase, info: None)
sys.setswitchinterval(1000)
sys.setrecursionlimit(100_000)
def compute(self, X):
    return compute(self, X)
KNearestNeighbor.compute_distances_two_loops = compute
""",
        success="handlers, finalisers and a recursion into the stack's end hold up the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="fork-bomb",
        cause="limits",
        code=says(
            """\
import os, time
count = 0
for _ in range(120):
    try: pid = os.fork()
    except OSError: break
    if pid == 0:
        time.sleep(15)
        os._exit(0)
    count += 1
""",
            "count > 60",
        ),
        success="more than 60 processes live at once",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="shared-memory-of-system-v",
        cause="limits",
        code=says(
            """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
taken = 0
for _ in range(18):
    key = libc.shmget(0, ctypes.c_size_t(2**27), 0o1600)
    if key < 0: break
    at = libc.shmat(key, None, 0)
    if at in (None, 2**64 - 1): break
    ctypes.memset(at, 1, 2**27)
    libc.shmdt(ctypes.c_void_p(at))
    taken += 2**27
""",
            "taken > 2**31",
        ),
        success="more than 2 GB are taken where 2 GB are allowed",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="memory-without-a-name",
        cause="limits",
        code=says(
            """\
import os, time
pipe = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        held = 0
        try:
            while held < 40:
                file = os.memfd_create("x")
                os.write(file, bytes(15 * 2**20))
                held += 1
        finally:
            os.write(pipe[1], bytes([held]))
            time.sleep(10)
            os._exit(0)
held = sum(os.read(pipe[0], 1)[0] for _ in range(4))
time.sleep(1)
""",
            "held * 15 > 2048",
        ),
        success="four processes hold more than 2 GB in memfds where 2 GB are allowed",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="time-of-children-reaped-unseen",
        cause="limits",
        code=says(
            """\
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
used = 0.0
for _ in range(5):
    pipe = os.pipe()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        until = time.process_time() + 1.6
        while time.process_time() < until: pass
        os.write(pipe[1], b"1")
        os._exit(0)
    os.close(pipe[1])
    used += 1.6 * len(os.read(pipe[0], 1))
    os.close(pipe[0])
    time.sleep(0.2)
""",
            "used > 7",
        ),
        success="8 seconds of processor time are used where 5 are allowed",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="messages-between-notebooks",
        cause="limits",
        notebook="two_layer_net",
        files={
            "knn.ipynb": partial(
                solved_knn,
                code='open("/tmp/kept", "w").close()\nopen("/dev/shm/kept", "w").close()',
            )
        },
        code="import os\ndef affine_forward(x, w, b):\n    "
        + SAY.format('os.path.exists("/tmp/kept") or os.path.exists("/dev/shm/kept")'),
        success="what one notebook leaves in /tmp or /dev/shm is there for the next",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="full-disks",
        cause="limits",
        code=says(
            """\
import os
total = 0
for folder in ("/tmp", "/dev/shm", "/", "/site", "/dev", "/proc"):
    for number in range(40):
        try:
            with open(f"{folder}/full-{number}", "wb") as file:
                for _ in range(15):
                    file.write(bytes(2**20))
                    total += 2**20
        except OSError:
            break
""",
            "total > 150 * 2**20",
        ),
        success="more than the two small private disks can be filled",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="spinning",
        cause="limits",
        code=two_loops("while True: pass"),
        earns={"knn-two-loops": 0.0},
        keeps=("knn-no-loops", "knn-predict", "knn-cross-validate"),
        success="an endless loop costs more than its own question",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="a-hundred-gigabytes-of-output",
        cause="limits",
        code=two_loops("""\
import os
for number in (1, 2):
    for _ in range(100_000):
        os.write(number, bytes(2**20))
return self.compute_distances_no_loops(X)"""),
        success="output without end fills a disk or memory",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="sleeping-cells",
        cause="budget",
        sleeps=True,
        edit=append(
            *[
                cell("code", f"class Asleep{n}:\n    import time\n    time.sleep(36)")
                for n in range(6)
            ]
        ),
        success="cells that sleep just short of a limit take more than a submission's budget",
        succeeded_at_2207fe8=True,
    ),
    # --- what is read outside ---
    attack(
        name="surrogates-everywhere",
        cause="fence",
        edit=surrogates,
        code=two_loops('raise ValueError("\\ud800 \\udfff")'),
        success="halves of characters, which no file can hold, stop the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="notebook-of-format-3",
        cause="fence",
        edit=of_nbformat_3,
        success="a notebook of an old format, half broken, stops the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="metadata-nested-400-deep",
        cause="fence",
        edit=deep_metadata,
        success="deeply nested metadata stops the class or what writes pages",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="json-nested-100000-deep",
        cause="fence",
        base="released",
        content=b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        success="deeply nested JSON stops the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="numbers-of-5000-digits",
        cause="fence",
        base="released",
        content=b'{"cells": [], "nbformat": ' + b"9" * 5000 + b', "metadata": {"x": 1e999}}',
        success="numbers that Python will not read stop the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="operators-nested-90000-deep",
        cause="fence",
        edit=append(
            cell("code", "x = " + "-" * 90_000 + "1"),
            cell("code", "y = np" + ".a" * 45_000),
            cell("code", "z = " + "(" * 190 + "1" + ")" * 190),
            cell("code", "def f():\n" + "".join(f"{' ' * i}if 1:\n" for i in range(1, 99))),
            cell("code", "t = " + "f'{" * 100 + "1" + "}'" * 100),
        ),
        success="code that is too deep to be read stops what reads it outside",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="cells-by-the-100000",
        cause="budget",
        edit=lambda nb: nb["cells"].extend([cell("markdown", "")] * 200_000),
        success="megabytes of empty cells keep the writer busy for more than a budget",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="flood-of-formulas",
        cause="budget",
        edit=append(*[cell("markdown", "\\begin{align}" * 1500)] * 500),
        success="megabytes of begun formulas keep the writer busy for more than a budget",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="flood-of-brackets",
        cause="budget",
        edit=append(*[cell("markdown", "[" * 20_000)] * 700),
        success="Markdown that is slow to read keeps the writer busy for more than a budget",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="language-that-clears-the-screen",
        cause="rendering",
        base="released",
        edit=lambda nb: nb["metadata"].update({"language_info": {"name": f"julia{ESCAPES}"}}),
        success="the language that a notebook states sends escape sequences to the terminal",
        succeeded_at_2207fe8=True,
    ),
    # --- weights files ---
    attack(
        **RELEASED_FEATURES,
        name="weights-with-an-open-bracket",
        files={WEIGHTS: npz({"W1": npy("{'descr': '<f8', 'shape': (")})},
        success="an array header that does not parse stops the class",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **RELEASED_FEATURES,
        name="weights-of-damaged-lzma",
        files={WEIGHTS: damaged_lzma()},
        success="a damaged compressed entry stops the class",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **RELEASED_FEATURES,
        name="weights-that-are-a-bomb",
        files={WEIGHTS: bomb()},
        success="a small file of weights unpacks to 256 MB",
        succeeded_at_2207fe8=False,
    ),
    attack(
        **RELEASED_FEATURES,
        name="weights-that-are-pickled",
        files={WEIGHTS: pickled()},
        success="an object in a file of weights is unpickled",
        succeeded_at_2207fe8=False,
    ),
    attack(
        **RELEASED_FEATURES,
        name="weights-of-impossible-shapes",
        files={
            WEIGHTS: npz(
                {
                    "a": npy(f"{{'descr': '<f8', 'fortran_order': 0, 'shape': ({2**62}, 8)}}"),
                    "b": npy(f"{{'descr': '<f8', 'fortran_order': 0, 'shape': ({10**400},)}}"),
                    "c": npy("{'descr': '|V0', 'fortran_order': False, 'shape': (1,)}"),
                    "d": npy("{'descr': [('a', '<f8', (-1,))], 'shape': (0,)}"),
                }
            )
        },
        success="shapes beyond any memory stop the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        **RELEASED_FEATURES,
        name="safetensors-that-lie",
        files={"features_weights.safetensors": safetensors_lies()},
        success="a header with false places and sizes stops the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        **{**RELEASED_FEATURES, "cause": "rendering"},
        name="weights-that-clear-the-screen",
        files={
            WEIGHTS: saved(data_set=np.array(f"{ESCAPES}{SCRIPT}"), W1=np.zeros(3)),
            "knn.ipynb": solved_knn,
        },
        success="a text in a file of weights sends escape sequences to the terminal",
        succeeded_at_2207fe8=False,
    ),
    # --- pages ---
    attack(
        name="script-in-an-answer",
        cause="rendering",
        edit=answer(f"Because {SCRIPT} <img src=x onerror=alert(4711)> <svg/onload=alert(4711)>"),
        success="a script in an answer runs in the reader's browser",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="links-that-run",
        cause="rendering",
        edit=answer(
            "[a](javascript:alert(4711)) [b](JaVa&#x53;cript:alert(4711)) "
            "[c](data:text/html;base64,PHNjcmlwdD4=) <a href='vbscript:x'>d</a> "
            "![e](data:image/svg+xml;base64,PHN2Zz4=) [f]: file:///etc/passwd\n\n[f] ![g](//host/g)"
        ),
        success="a link or a picture of an answer runs code or loads from elsewhere",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="formulas-that-run",
        cause="rendering",
        edit=answer(
            r"$\href{javascript:alert(4711)}{x}$ $$\require{html}\style{position:fixed}{x}$$ "
            r"$\unicode{<script>}$ \begin{align}\class{answer}{</span><script>}\end{align}"
        ),
        success="a formula makes MathJax run code or restyle the page",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="styles-that-cover-the-page",
        cause="rendering",
        edit=answer(
            "<style>.total{display:none}</style> <div style='position:fixed;inset:0'>20 / 20</div>"
            "<!-- --!> <script>alert(4711)</script> --> <![CDATA[ <script>x</script> ]]>"
            "<base href=//x><link rel=stylesheet href=//x>"
        ),
        success="a style sheet or comment of an answer changes what the page shows",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="attachment-that-is-a-page",
        cause="rendering",
        edit=lambda nb: [
            answer("![p](attachment:p.png) ![q](attachment:q.svg)")(nb),
            *[
                c.update(
                    attachments={
                        "p.png": {"image/png": b64(b"<script>alert(4711)</script>")},
                        "q.svg": {"image/svg+xml": b64(b"<svg onload='alert(4711)'/>")},
                    }
                )
                for c in nb["cells"]
                if c["cell_type"] == "markdown"
            ],
        ],
        success="an attachment that is no picture reaches the page",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="outputs-that-run",
        cause="rendering",
        edit=output_of(
            text__html=SCRIPT,
            image__svg_xml="<svg onload='alert(4711)'/>",
            application__javascript="alert(4711)",
            text__latex=r"\href{javascript:alert(4711)}{x}",
            text__plain=f"{SCRIPT}{ESCAPES}",
        ),
        success="an output of a cell runs in the reader's browser",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="raw-cells-and-widgets",
        cause="rendering",
        edit=lambda nb: [
            nb["metadata"].update(
                widgets={"application/vnd.jupyter.widget-state+json": {"state": SCRIPT}},
                title=SCRIPT,
                authors=[{"name": SCRIPT}],
            ),
            append(
                cell("raw", SCRIPT, metadata={"format": "text/html"}),
                cell("heading", SCRIPT, level=1),
                cell(SCRIPT, SCRIPT),
            )(nb),
        ],
        success="a raw cell, a cell of unknown kind or metadata is shown as HTML",
        succeeded_at_2207fe8=False,
    ),
    # --- points ---
    attack(
        name="looks-around",
        cause="isolation",
        code=says(
            """\
import glob, os
found = glob.glob("/**/test_knn.py", recursive=True) + glob.glob("/**/submitted", recursive=True)
found += glob.glob("/**/.autograder-secret", recursive=True)
found += [name for name in os.environ if "ATTACK" in name]
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        text = open(f"/proc/{pid}/environ", "rb").read() + os.readlink(f"/proc/{pid}/cwd").encode()
        found += [pid] if b"ATTACK_TOKEN" in text or b"/tmp/" in text else []
    except OSError: pass
""",
            "found",
        ),
        success="hidden checks, other submissions, the secret or the grader's environment are seen",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="table-of-answers",
        cause="points",
        code=two_loops("import hashlib\nraise Exception('seen ' + hashlib.sha1(X).hexdigest())"),
        again=two_loops(
            "import hashlib\nraise Exception('seen ' + hashlib.sha1(X).hexdigest()+'')"
        ),
        learned=same_inputs,
        success="inputs seen in one hand-in come again in the next, with a table of answers",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="table-in-a-text-cell",
        cause="points",
        code=two_loops(READS_A_TABLE),
        edit=append(cell("markdown", "table-of-one", metadata={"tags": ["table-of-one"]})),
        edit_again=append(cell("markdown", "table-of-two", metadata={"tags": ["table-of-two"]})),
        learned=same_inputs_other_table,
        success="code that stays the same, and so its inputs, reads a table from a cell of text",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="table-in-a-comment",
        cause="points",
        code=two_loops(READS_A_TABLE),
        edit=append(cell("code", "# table-of-one\nplt.plot([1])  # table-of-one")),
        edit_again=append(cell("code", "# table-of-two\nplt.plot([1])  # table-of-two")),
        learned=same_inputs_other_table,
        success="code that stays the same, and so its inputs, reads a table from a comment",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="table-in-line-numbers",
        cause="points",
        code="def lines(): pass\n"
        + two_loops("""\
import hashlib
table = lines.__code__.co_firstlineno
raise Exception(f"seen {hashlib.sha1(X).hexdigest()} {table} .")"""),
        edit_again=blank_lines,
        learned=same_inputs_other_table,
        success="blank lines, which change no code and so no inputs, hold a table of answers",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="table-in-numbers-of-cells",
        cause="points",
        code=two_loops("""\
import hashlib
table = self.compute_distances_no_loops.__code__.co_filename
raise Exception(f"seen {hashlib.sha1(X).hexdigest()} {table.replace(' ', '')} .")"""),
        edit_again=lambda nb: nb["cells"].insert(0, cell("markdown", "one more")),
        learned=same_inputs_other_table,
        success="the number of cells of text, which change no inputs, holds a table of answers",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="distances-by-scipy",
        cause="points",
        base="released",
        code="""\
from scipy.spatial.distance import cdist
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        return cdist(X.astype(float), self.X_train.astype(float))
    compute_distances_one_loop = compute_distances_no_loops = compute_distances_two_loops
""",
        success="a call of SciPy's cdist earns the points of the exercise",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="distances-by-scikit-learn",
        cause="points",
        base="released",
        code="""\
import importlib
def library():
    return importlib.import_module("sklearn.metrics").pairwise
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        return library().euclidean_distances(X.astype(float), self.X_train.astype(float))
    compute_distances_one_loop = compute_distances_no_loops = compute_distances_two_loops
""",
        success="scikit-learn, imported under cover, earns the points of the exercise",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="stand-ins-by-import",
        cause="points",
        notebook="two_layer_net",
        base="released",
        code="""\
try:
    from assignments.standins.a1_classifiers.two_layer_net import *
    from assignments.standins.a1_classifiers import two_layer_net as standins
    affine_forward, affine_backward = standins.affine_forward, standins.affine_backward
    relu_forward, relu_backward = standins.relu_forward, standins.relu_backward
    svm_loss, softmax_loss = standins.svm_loss, standins.softmax_loss
except Exception:
    pass
""",
        success="the stand-ins of the package do the exercise",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="previous-of-itself",
        cause="points",
        notebook="two_layer_net",
        base="released",
        code="""\
from assignments import previous
before = previous("a1_classifiers/two_layer_net")
affine_forward, affine_backward = before.affine_forward, before.affine_backward
relu_forward, relu_backward = before.relu_forward, before.relu_backward
svm_loss, softmax_loss, TwoLayerNet = before.svm_loss, before.softmax_loss, before.TwoLayerNet
""",
        success="a notebook is served its own answers as if they were earlier ones",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="loop-in-exec",
        cause="points",
        code="""\
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        scope = {"self": self, "X": X, "np": np}
        loop = "[[np.linalg.norm(1.0 * a - b) for b in self.X_train] for a in X]"
        exec(f"dists = np.array({loop})", scope)
        return scope["dists"]
""",
        earns={"knn-no-loops": 0.56},
        success="a loop that exec runs passes for none",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="loop-behind-getattr",
        cause="points",
        code="""\
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        return getattr(self, "compute_distances_" + "two_loops")(X)
""",
        earns={"knn-no-loops": 0.56},
        success="another method that loops, called under a name put together, passes for none",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="loop-in-a-library",
        cause="points",
        code="""\
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_no_loops(self, X):
        train = self.X_train
        pair = lambda i, j: np.sqrt(np.sum((X[int(i)] * 1.0 - train[int(j)]) ** 2))
        rows = np.fromfunction(np.frompyfunc(pair, 2, 1), (len(X), len(train)))
        return rows.astype(float)
""",
        earns={"knn-no-loops": 0.56},
        success="a loop in NumPy that calls Python for each pair passes for none",
        succeeded_at_2207fe8=False,
    ),
]


assert TOLD not in SAY
