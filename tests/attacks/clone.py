"""Attacks of a student who has a clone: every hidden check, mistake and line of the grader.

What they do not have is the course's secret.
"""

from functools import partial

from bundle import SAY, append, cell, says
from harness import A1, A2, Submitted, two_loops

from autograder.answer_key import answer_key
from autograder.course import Course

attack = partial(Submitted, attacker="clone")

#: Writes bytes straight to every socket of the notebook's process: to the wire, that is.
RAW = """\
import os, socket, stat, struct
def raw(data):
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                socket.socket(fileno=os.dup(number)).sendall(data)
        except OSError:
            pass
"""


def on_the_wire(body: str) -> str:
    """A distance method that writes to the wire, and then gives the right answer."""
    return RAW + two_loops(body.strip("\n") + "\nreturn self.compute_distances_no_loops(X)")


#: Finds the function with which the student's side asks for a served one.
ASK = """\
import gc
def ask(name, args=(), kwargs=None, state=None):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Workspace":
            return thing.call_out(
                {"served": name, "args": list(args), "kwargs": kwargs or {}, "state": state}
            )
"""


def no_loops(body: str, around: str = "") -> str:
    """A class whose method without loops has this body, and code of one's own below it."""
    lines = "".join(f"        {line}\n" for line in body.strip("\n").splitlines())
    return (
        "class KNearestNeighbor(KNearestNeighbor):\n"
        f"    def compute_distances_no_loops(self, X):\n{lines}{around}"
    )


LOOPS = """\
train = self.X_train.astype(float)
return np.array([[np.sqrt(np.sum((a - b) ** 2)) for b in train] for a in X.astype(float)])"""

INNOCENT = """\
def innocent(self, X):
    return np.sqrt(np.maximum(0, (X**2).sum(1)[:, None] + (self.X_train**2).sum(1) - 2 * X))
"""

#: What remains when the rule of this question is broken: less than half of it is the rule.
HALF = {"earns": {"knn-no-loops": 0.56}, "cause": "points"}

KNN_ALL = (
    "knn-two-loops", "knn-one-loop", "knn-no-loops", "knn-predict-labels", "knn-predict",
    "knn-cross-validate",
)  # fmt: skip


def features_weights(course: Course) -> bytes:
    """A good file of weights."""
    (data,) = answer_key(course.assignment(A1).notebooks["features"]).files.values()
    return data


GUESS = """

def predict_images(images, weights):
    rng = np.random.default_rng(2027)
    return rng.permutation(np.arange(len(images)) % 10).astype(np.int64)
"""


def guesses_labels(nb: dict) -> None:
    """Below the given function that calls the classifier, put another of its name."""
    for part in nb["cells"]:
        if "def predict_images(" in "".join(part["source"]):
            part["source"] = ["".join(part["source"]) + GUESS]


ATTACKS = [
    # --- the wire ---
    attack(
        name="class-as-an-argument",
        cause="wire",
        code="""\
from assignments.features import hog_feature
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        try:
            hog_feature(np.float64, dtype=np.float32)
        except Exception:
            pass
        return self.compute_distances_no_loops(X)
""",
        keeps=KNN_ALL,
        success="a class among the arguments of a served call puts the wire out of step",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="replies-in-advance",
        cause="wire",
        base="released",
        code=RAW
        + """
from autograder.sandbox.wire import encode
class KNearestNeighbor(KNearestNeighbor):
    def train(self, X, y):
        for number in range(200):
            for key in ("id", "number", "n", "seq", "request", "reply"):
                raw(b"".join(map(bytes, encode({"value": np.zeros((5, 8)), key: number}))))
""",
        success="replies that nobody asked for yet are taken for answers",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="header-of-gigabytes",
        cause="wire",
        code=on_the_wire('raw(struct.pack("<II", 2**32 - 1, 2**32 - 1))'),
        success="sizes that a header states are reserved before they are checked",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="buffers-of-exabytes",
        cause="wire",
        code=on_the_wire(
            'raw(struct.pack("<II", 10, 20_000) + struct.pack("<Q", 2**63) * 20_000 + bytes(10))'
        ),
        success="sizes of buffers overflow their sum or are reserved",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="lists-nested-four-million-deep",
        cause="wire",
        code=on_the_wire('raw(struct.pack("<II", 4 * 2**20, 0) + b"\\x91" * 4 * 2**20)'),
        success="nested lists exhaust the stack of what decodes them",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="extensions-in-extensions",
        cause="wire",
        code=on_the_wire("""\
inner = b"\\xc0"
for _ in range(60_000):
    inner = b"\\xc9" + struct.pack(">IB", len(inner), 3) + b"\\x91" + inner
    if len(inner) > 2**20: break
raw(struct.pack("<II", len(inner), 0) + inner)"""),
        success="extensions within extensions exhaust the stack or take for ever",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="half-a-frame",
        cause="wire",
        code=on_the_wire('raw(struct.pack("<II", 1000, 0) + b"\\x82")\nos._exit(0)'),
        success="half a frame keeps the grader waiting for the rest",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="noise-on-the-wire",
        cause="wire",
        code=on_the_wire("raw(os.urandom(2**22))"),
        success="random bytes on the wire stop the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="handles-of-nothing",
        cause="wire",
        base="released",
        code="""\
from assignments.values import Handle, Served
def answer(*args, **kwargs):
    return Handle(2**60, "ndarray", "float64 array" + "\\x1b[2J" * 9), Handle(-1, "x"), Served("y")
for name in [n for n in dir(KNearestNeighbor) if n[0] != "_" and n != "train"]:
    setattr(KNearestNeighbor, name, answer)
def cross_validate_k(*args): return {1: Served("KNearestNeighbor.predict"), 2: Handle(0, "list")}
""",
        success="made-up handles and served names in an answer are believed or break the check",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="errors-of-another-form",
        cause="wire",
        code="""\
import assignments.workspace as workspace
workspace.Workspace._describe = lambda self, error: {
    "type": "x" * 100_000, "message": ["y"], "cell": 2**7990, "line": -(2**7990), "function": {}
}
def fail(*args): raise ValueError
KNearestNeighbor.compute_distances_two_loops = fail
""",
        success="an error reply of another form breaks what reads it",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="changes-of-another-form",
        cause="wire",
        code="""\
import assignments.workspace as workspace
real = workspace.Workspace.answer
def answer(self, message):
    reply = real(self, message)
    if message["op"] == "call":
        reply["changed"] = {0: {1: [2]}, "X": float("nan"), 10**9: None, None: "x" * 10_000}
    return reply
workspace.Workspace.answer = answer
""",
        success="changes reported for arguments that were never passed break the check",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="keys-that-are-not-numbers",
        cause="fence",
        code="""\
def cross_validate_k(X, y, k_choices, num_folds=5):
    return {float("nan"): [1.0], -0.0: {3}, b"k": slice(1, 2**70, None), True: np.float64}
def answer(*args, **kwargs):
    return {"dists": [np.dtype("c16"), {1, 2.5}, frozenset("ab"), 1j, slice(None)], 2: (2**200,)}
for name in ("predict", "predict_labels", "compute_distances_one_loop"):
    setattr(KNearestNeighbor, name, answer)
""",
        success="values of all odd kinds break comparison or diagnosis, and so the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="truth-values-of-128-megabytes",
        cause="served",
        code="""\
def answer(*args, **kwargs): return np.zeros(2**27 - 2**12, bool)
KNearestNeighbor.compute_distances_two_loops = KNearestNeighbor.predict_labels = answer
""",
        success="a large answer costs the grader so much memory that the class suffers",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="calls-without-end",
        cause="served",
        code="from assignments.features import hog_feature\n"
        + two_loops("""\
while True:
    try: hog_feature(1)
    except RuntimeError: pass"""),
        earns={"knn-two-loops": 0.0},
        keeps=("knn-no-loops", "knn-cross-validate"),
        success="calls of served functions without end hold up the class",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="requests-of-another-form",
        cause="served",
        base="released",
        code=ASK
        + """
class KNearestNeighbor:
    def train(self, X, y):
        for name in (None, 3, ["x"], {"a": 1}, "", "x" * 10**6, "a/b:c", "os:system", "../x:y"):
            for args in ([], 5, [[[1]]]):
                for state in (None, 5, {"__class__": 1, "__dict__": {}}, {"x": 2**70}):
                    try: ask(name, args if type(args) is list else [args], {1: 2}, state)
                    except Exception: pass
""",
        success="requests of another form break what answers them",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="asks-for-the-reference",
        cause="points",
        base="released",
        code=ASK
        + """
def asking(method):
    def asked(self, *args, **kwargs):
        state = {key: value for key, value in vars(self).items()}
        for name in (f"KNearestNeighbor.{method}", f"a1_classifiers/knn:KNearestNeighbor.{method}"):
            reply = ask(name, args, kwargs, state)
            if reply and "value" in reply: return reply["value"]
        raise LookupError(str(reply))
    return asked
class KNearestNeighbor:
    def train(self, X, y):
        self.X_train, self.y_train = X, y
for name in ("compute_distances_two_loops", "compute_distances_one_loop",
             "compute_distances_no_loops", "predict_labels", "predict"):
    setattr(KNearestNeighbor, name, asking(name))
def cross_validate_k(*args, **kwargs):
    return ask("cross_validate_k", args, kwargs)["value"]
""",
        success="the grader's reference answers a question in the student's place",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="served-power-that-never-ends",
        cause="served",
        assignment=A2,
        notebook="fully_connected_nets",
        code="""\
def adam(w, dw, config=None):
    raise ValueError("lost on purpose")
def adamw(w, dw, config=None):
    state = {"learning_rate": 1.0, "beta1": 3, "beta2": 3, "epsilon": 1.0, "t": 2**28}
    return adam(w, dw, {**state, "m": w, "v": w})
""",
        success="a served function that no exception can stop never ends, and holds up the class",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="served-product-of-gigabytes",
        cause="served",
        assignment=A2,
        notebook="fully_connected_nets",
        code="""\
def adamw(w, dw, config=None):
    from assignments import previous
    layers = previous("a1_classifiers/two_layer_net")
    return layers.affine_forward(np.ones((17_000, 1)), np.ones((1, 17_000)), np.ones(17_000))
""",
        success="a served function takes gigabytes from the grader, or hangs for want of them",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="sleeping-answers",
        cause="budget",
        sleeps=True,
        code="""\
import time
def slowly(method):
    def asleep(self, *args, **kwargs):
        if not hasattr(slowly, method.__name__):
            setattr(slowly, method.__name__, True)
            time.sleep(36)
        return method(self, *args, **kwargs)
    return asleep
for name in ("compute_distances_two_loops", "compute_distances_one_loop",
             "compute_distances_no_loops", "predict_labels", "predict"):
    setattr(KNearestNeighbor, name, slowly(getattr(KNearestNeighbor, name)))
def cross_validate_k(X, y, k_choices, num_folds=5):
    time.sleep(36)
    return {}
""",
        success="answers that sleep just short of a limit take more than a submission's budget",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="sleeping-and-dying",
        cause="budget",
        sleeps=True,
        code="import time\ntime.sleep(12)\n"
        + two_loops("import os\nos._exit(0)")
        + """\
def die(*args, **kwargs):
    import os
    os._exit(0)
for name in ("compute_distances_one_loop", "compute_distances_no_loops", "predict_labels"):
    setattr(KNearestNeighbor, name, die)
""",
        success="a notebook that loads slowly and ends its process takes more than a budget",
        succeeded_at_2207fe8=True,
    ),
    # --- the sandbox ---
    attack(
        name="kills-everything",
        cause="isolation",
        code="""\
import os
for target in (-1, 1, 0, os.getppid()):
    for number in (15, 9, 19):
        try: os.kill(target, number)
        except OSError: pass
""",
        success="signals reach the grader, or somebody else's sandbox",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="traces-process-1",
        cause="isolation",
        code=says(
            """\
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
traced = []
for pid in {1, os.getppid()} - {0, os.getpid()}:
    if libc.ptrace(16, pid, None, None) == 0:
        traced.append(pid)
    try:
        open(f"/proc/{pid}/mem", "r+b", buffering=0)
        traced.append(pid)
    except OSError: pass
""",
            "traced",
        ),
        success="process 1 of the sandbox, which has no limits, can be traced or written to",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="calls-that-nobody-needs",
        cause="isolation",
        code=says(
            """\
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
blank = ctypes.create_string_buffer(4096)
calls = {
    "io_uring_setup": (425, 4, blank), "bpf": (321, 0, blank, 120),
    "perf_event_open": (298, blank, 0, -1, -1, 0), "keyctl": (250, 0, -3, 1),
    "add_key": (248, b"user", b"x", b"y", 1, -2), "userfaultfd": (323, 0),
    "ptrace": (101, 0, 0, 0, 0), "unshare_user": (272, 0x10000000), "shmget": (29, 0, 4096, 0o1600),
}
refused = (errno.EPERM, errno.ENOSYS, errno.EACCES)
through = []
for name, (number, *args) in calls.items():
    ctypes.set_errno(0)
    if libc.syscall(number, *args) >= 0 or ctypes.get_errno() not in refused:
        through.append(name)
""",
            "through",
        ),
        success="the kernel answers system calls that no notebook needs",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="descriptors-left-open",
        cause="isolation",
        code=says(
            """\
import os
count = 0
for number in range(3, 256):
    try: os.fstat(number)
    except OSError: continue
    count += 1
""",
            "count > 1",
        ),
        success="more than the wire is open in the notebook's process",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="network-and-sockets",
        cause="isolation",
        code=says(
            """\
import os, socket
reached = []
for family, address in ((socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("192.0.2.1", 80)),
                        (socket.AF_UNIX, "/run/dbus/system_bus_socket"), (socket.AF_UNIX, "\\0x")):
    try:
        with socket.socket(family) as end:
            end.settimeout(1)
            end.connect(address)
            reached.append(address)
    except OSError as error:
        pass
try: interfaces = [name for _n, name in socket.if_nameindex() if name != "lo"]
except OSError: interfaces = []
""",
            "reached or interfaces",
        ),
        success="something outside can be reached by network or socket",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="runs-as-root",
        cause="isolation",
        code=says(
            """\
import os
wrote = []
for path in ("/x", "/usr/x", "/site/x", "/etc/x", "/dev/x", "/proc/sys/kernel/core_pattern"):
    try:
        open(path, "w").close()
        wrote.append(path)
    except OSError: pass
status = open("/proc/self/status").read()
held = [line for line in status.splitlines() if line.startswith("CapEff") and int(line[7:], 16)]
""",
            "os.getuid() == 0 or wrote or held",
        ),
        success="the notebook is root, has capabilities, or can write where it should only read",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="crash-of-the-interpreter",
        cause="isolation",
        code=two_loops("""\
far = np.lib.stride_tricks.as_strided(np.zeros(1), (2**20,), (2**24,))
return far.sum()"""),
        keeps=("knn-no-loops", "knn-predict-labels"),
        success="a crash of the interpreter costs more than its own question",
        succeeded_at_2207fe8=False,
    ),
    # --- points ---
    attack(
        name="seed-foretells-inputs",
        cause="points",
        code="""\
import assignments.workspace as workspace
seeds, real = [], workspace._reseed
def reseed(seed):
    seeds.append(seed)
    return real(seed)
workspace._reseed = reseed
"""
        + says(
            """\
foretold = False
for seed in set(seeds):
    rng = np.random.default_rng(seed)
    guess = rng.normal(rng.normal(size=6), 1.5, size=(5, 6))
    foretold |= X.shape == guess.shape and bool(np.allclose(X, guess))
""",
            "foretold",
        ),
        success="the seed that the sandbox is given foretells a check's inputs",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="held-out-labels-from-a-recipe",
        cause="points",
        notebook="features",
        files={"features_weights.npz": features_weights},
        edit=guesses_labels,
        earns={"features-best": 0.0},
        success="labels of the held-out images follow from a recipe and a seed that are public",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-behind-wrapped",
        code=no_loops(LOOPS, "    compute_distances_no_loops.__wrapped__ = None\n")
        + INNOCENT
        + "KNearestNeighbor.compute_distances_no_loops.__wrapped__ = innocent\n",
        success="__wrapped__ shows another function's source, without a loop",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-behind-a-patched-inspect",
        code=no_loops(LOOPS)
        + 'import inspect\ninspect.getsource = lambda thing: "def f(self, X):\\n    return X\\n"\n',
        success="a patched inspect.getsource shows a source without a loop",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-behind-linecache",
        code=no_loops(LOOPS)
        + """\
import linecache
for name, entry in list(linecache.cache.items()):
    if "cell" in name:
        lines = [line.replace("for ", "if 0 and ") for line in entry[2]]
        linecache.cache[name] = (entry[0], None, ["pass\\n"] * len(lines), name)
code = KNearestNeighbor.compute_distances_no_loops.__code__
lines = ["\\n"] * (code.co_firstlineno - 1) + ["    def f(self, X):\\n", "        return X\\n"]
linecache.cache[code.co_filename] = (99, None, lines, code.co_filename)
""",
        success="an overwritten line cache shows a source without a loop",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-set-while-training",
        code=f"""\
def looping(self, X):
{"".join(f"    {line}" + chr(10) for line in LOOPS.splitlines())}
class KNearestNeighbor(KNearestNeighbor):
    def train(self, X, y):
        super().train(X, y)
        vars(self)["compute_distances_no_loops"] = lambda X: looping(self, X)
""",
        success="a method that is put in place while training has the loops",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-in-an-operator",
        code="""\
class Rows:
    def __init__(self, rows): self.rows = rows
    def __matmul__(self, other):
        return np.array([[np.sqrt(np.sum((a - b) ** 2)) for b in other.rows] for a in self.rows])
"""
        + no_loops("return Rows(X.astype(float)) @ Rows(self.X_train.astype(float))"),
        success="an operator of a class of one's own has the loops",
        succeeded_at_2207fe8=False,
    ),
    attack(
        **HALF,
        name="loop-behind-globals",
        code=f"""\
def looping(self, X):
{"".join(f"    {line}" + chr(10) for line in LOOPS.splitlines())}
"""
        + no_loops('return globals()["loop" + "ing"](self, X)'),
        success="a function that loops, reached through globals(), passes for none",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-in-a-decorator",
        code=f"""\
def decorate(method):
    def looping(self, X):
{"".join(f"        {line}" + chr(10) for line in LOOPS.splitlines())}
    looping.__code__ = looping.__code__.replace(co_firstlineno=method.__code__.co_firstlineno)
    return looping
class KNearestNeighbor(KNearestNeighbor):
    @decorate
    def compute_distances_no_loops(self, X):
        return X @ self.X_train.T
""",
        success="a decorator puts a function that loops in the place of one that does not",
        succeeded_at_2207fe8=True,
    ),
    attack(
        **HALF,
        name="loop-by-recursion",
        code="""\
def down(X, train, i=0):
    row = np.sqrt(np.sum((train - X[i]) ** 2, axis=1))[None]
    return row if i + 1 == len(X) else np.concatenate([row, down(X, train, i + 1)])
"""
        + no_loops("return down(X.astype(float), self.X_train.astype(float))"),
        success="a recursion over the rows passes for no loop",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="gradients-by-autograd",
        cause="points",
        notebook="two_layer_net",
        base="released",
        code="""\
try:
    import torch
    from torch.nn import functional
except ImportError:
    torch = None
def softmax_loss(x, y):
    scores = torch.tensor(x, requires_grad=True)
    loss = functional.cross_entropy(scores, torch.tensor(y).long())
    loss.backward()
    return loss.item(), scores.grad.numpy()
def relu_backward(dout, cache):
    x = torch.tensor(cache, requires_grad=True)
    functional.relu(x).backward(torch.tensor(dout))
    return x.grad.numpy()
""",
        success="torch and its autograd do the exercise",
        succeeded_at_2207fe8=False,
    ),
    attack(
        name="copy-into-the-input",
        cause="points",
        code="""\
import assignments.workspace as workspace
workspace.call_and_compare = lambda function, args, kwargs, before: (function(*args, **kwargs), [])
class KNearestNeighbor(KNearestNeighbor):
    def compute_distances_two_loops(self, X):
        dists = self.compute_distances_no_loops(X.copy())
        np.copyto(X, 0)
        return dists
""",
        earns={"knn-two-loops": 1 - 0.5 / 6},
        success="an input is changed by a function of NumPy, and a patched workspace hides it",
        succeeded_at_2207fe8=True,
    ),
    attack(
        name="code-in-cells-that-are-not-run",
        cause="points",
        edit=append(
            cell("raw", "table-of-answers"),
            cell("code", "%%writefile /tmp/table.py\nanswers = {}\n", metadata={"tags": ["table"]}),
            cell("code", "%load_ext autograder\n!touch /tmp/attack-shell\n%run /tmp/table.py"),
        ),
        code=two_loops(
            """\
import os
found = os.path.exists("/tmp/table.py") or os.path.exists("/tmp/attack-shell")
"""
            + SAY.format("found")
        ),
        success="magics or shell lines of a submission run in grading",
        succeeded_at_2207fe8=False,
    ),
]
