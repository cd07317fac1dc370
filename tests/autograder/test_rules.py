"""What is read of submitted code: what it says, what it hides, what it must not use."""

import textwrap

import pytest
from boxes import needs_bubblewrap

from assignments.notebook import Cell, plan
from assignments.questions import Seeds
from assignments.student import CheckFailed, Student, StudentError
from assignments.syntax import loop_depth, names_read
from autograder.answer_key import answer_key
from autograder.course import Course
from autograder.mistakes import Shortcut, apply_patch
from autograder.rules import IN_PLACE_OF_NUMPY, Code
from autograder.sandbox.box import Sandbox
from autograder.scoring import score_question
from autograder.session import SandboxSession

COURSE = Course()
SOURCES = [
    source
    for assignment in COURSE.assignments()
    for source in COURSE.assignment(assignment).notebooks.values()
]


def code_of(*cells: str, given=frozenset()) -> Code:
    return Code.of_kernel([textwrap.dedent(cell) for cell in cells], given)


def reader_of(*cells: str) -> Student:
    return Student(lambda *_message: {}, reading=code_of(*cells))


# --- what it says ---------------------------------------------------------------------------------


def test_the_last_definition_counts():
    code = code_of("def f(): return 1", "def f(): return 2\nclass A:\n    def g(self): return 3")
    assert "2" in code.source("f")
    assert "3" in code.source("A.g")
    newer = code_of("class A:\n    def g(self): return 3\n    def h(self): return 4",
                    "class A(A):\n    def g(self): return 5")  # fmt: skip
    assert "5" in newer.source("A.g")
    assert "4" in newer.source("A.h")


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["def g(): return 7", "f = g"], "7"),
        (["f = lambda x: x + 7"], "7"),
        (["class A:\n    def f(self): return 1", "def g(self): return 7", "A.f = g"], "7"),
        (["class A:\n    def g(self): return 7\n    f = g"], "7"),
        (["class B:\n    def f(self): return 7", "class A(B): pass"], "7"),
        (["def g(): return 7", "f, h = g, 3"], "7"),
        (["def g(): return 7", "f = [g][0]"], "[g][0]"),
        (["def g(): return 7", "f = g", "def g(): return 8"], "7"),
    ],
)
def test_other_names_for_a_function_are_followed(cells, shown):
    code = code_of(*cells)
    name = "A.f" if "class A" in "".join(cells) else "f"
    assert shown in code.source(name)


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(): return 1", "def g(): return 2", "for f in [g]: pass"],
        ["def f(): return 1", "if True:\n    def f(): return 2"],
        ["def wrap(f): return lambda: 3", "@wrap\ndef f(): return 1"],
        ["def f(): return 1", "def g(): return 2", "(f := g)"],
        ["def f(): return 1", "def g(): return 2", "with open(g) as f: pass"],
    ],
)
def test_what_is_bound_in_another_way_cannot_be_read(cells):
    with pytest.raises(CheckFailed, match="cannot be read"):
        code_of(*cells).source("f")


def test_what_is_imported_or_not_there_is_told_apart():
    code = code_of("import numpy as np\nfrom math import hypot\nN = 3\nlayers = np.linalg")
    for name in ("np", "hypot", "N", "layers", "nowhere", "A.f"):
        with pytest.raises(StudentError, match="is not defined"):
            code.source(name)


HIDDEN_LOOPS = {
    "a method by another object": "class H:\n    def run(self, X):\n        return [x for x in X]\n"
    "def f(X): return H().run(X)",
    "an operator": "class H:\n    def __matmul__(self, X):\n        for x in X: pass\n"
    "def f(X): return H() @ X",
    "a table": "def g(X): return [x for x in X]\nTABLE = {'g': g}\n"
    "def f(X): return TABLE['g'](X)",
    "an attribute": "def g(X): return [x for x in X]\nclass A: pass\nkeep = A()\nkeep.way = g\n"
    "def f(X): return keep.way(X)",
    "an argument": "def g(X): return [x for x in X]\ndef call(h, X): return h(X)\n"
    "def f(X): return call(g, X)",
    "a lambda": "g = lambda X: [x for x in X]\ndef f(X): return g(X)",
    "getattr": "class A:\n    def g(X): return [x for x in X]\n"
    "def f(X): return getattr(A, 'g')(X)",
    "a hiding name": "def g(X): return [x for x in X]\n"
    "def f(X):\n    def unused(g): pass\n    return g(X)",
    "a builtin": "def sum(X): return [x for x in X]\ndef f(X): return sum(X)",
}  # fmt: skip


@pytest.mark.parametrize("way", HIDDEN_LOOPS)
def test_a_loop_is_found_wherever_it_hides(way):
    assert loop_depth(reader_of(HIDDEN_LOOPS[way]), "f") == 1


def test_no_loop_is_seen_where_there_is_none():
    source = """
    import numpy as np
    EPS = 1e-8
    def train(X):
        for x in X: pass
    class Net:
        def train(self, X):
            for x in X: pass
        def scores(self, X):
            return np.sqrt(np.maximum(X.sum(axis=1) @ self.W.T + EPS, 0))
    def f(X, train):
        return Net.scores(train, X)
    """
    assert loop_depth(reader_of(source), "f") == 0


def test_what_is_read_is_read_through_tables_too():
    source = "def g(): return 1\nWAYS = [g]\ndef f(): return WAYS[0]()"
    assert "g" in names_read(reader_of(source), "f")


# --- what it hides --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "exec('x')",
        "eval('x')",
        "globals()['np']",
        "vars(np)",
        "__import__('scipy')",
        "__builtins__",
        "getattr(np, name)",
        "map(getattr, x, name)",
        "np.__getattr__(name)",
        "np.load(x, allow_pickle=True)",
        "setattr(np, 'dot', f)",
        "f.__wrapped__",
        "f.__code__",
        "f.__globals__",
        "x.__dict__",
        "object.__subclasses__()",
        "sys.modules['scipy']",
        "sys._getframe()",
        "np.sys.modules",
        "inspect.stack()",
        "ctypes.c_int",
        "importlib.import_module('x')",
        "gc.get_objects()",
        "linecache.cache",
        "builtins.len",
        "types.FunctionType",
        "workspace.Workspace",
        "autograder.course",
        "loads(b'')",
    ],
)
def test_what_keeps_code_from_being_read_is_named(line):
    imports = (
        "import sys, gc, inspect, ctypes, importlib, linecache, builtins, types, autograder\n"
        "import numpy as np\nfrom assignments import workspace\nfrom pickle import loads\n"
    )
    code = code_of(imports, f"def f(x, name):\n    return {line}")
    if "workspace" in line:
        code = code_of("import assignments.workspace as workspace", f"def f(): return {line}")
    assert code.obstacles, line
    assert code.obstacles[0].line == 2 or "workspace" in line
    assert code_of(imports).obstacles == []


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.dot = 3",
        "def g(): pass\ndef f():\n    global g\n    g = 3",
        "class A:\n    def __getattr__(self, name): return print",
        "class A(metaclass=type): pass",
        "x.__class__ = int",
        "def f():" + "\n" + "    return " + "(" * 60 + "+".join("1" * 900) + ")" * 60,
    ],
)
def test_what_changes_others_unseen_is_named_too(source):
    assert code_of(source).obstacles


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nif 'google.colab' in sys.modules:\n    pass",
        "import sys\ndef f(): return sys.float_info.epsilon",
        "class A:\n    def f(self, name): return getattr(self, name)",
        "class A:\n    def f(self, **more): self.__dict__.update(more)",
        "def f(x): return getattr(x, 'shape', None), x.__class__.__name__",
        "def f(model):\n    model.eval()\n    return model",
        "import re\ndef f(): return re.compile('a')",
        "def f(vars): return vars",
        "import inspect",
    ],
)
def test_honest_code_hides_nothing(source):
    assert code_of(source).obstacles == []


def test_the_given_cells_hide_nothing():
    cell = "import inspect\nprint(inspect.getsource(print))"
    assert code_of(cell).obstacles
    assert code_of(cell, given={cell}).obstacles == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_all_that_we_call_honest_can_be_read(source):
    key = answer_key(source)
    assert key.code().obstacles == []
    for patch in key.patches:
        if not isinstance(patch, Shortcut):
            patched = apply_patch(source.cells, patch)
            changed = [cell for cell in patched if cell not in source.cells]
            imports = [cell for cell in source.cells if "import " in cell.source]
            code = Code(plan([*imports, *changed], source.outline), key.given)
            assert code.obstacles == [], patch.name


# --- what it must not use -------------------------------------------------------------------------

KNN = "import numpy as np\nclass KNN:\n    def train(self, X): self.X = X\n"
REFUSED_WAYS = {
    "an import": "from scipy.spatial.distance import cdist\n" + KNN
    + "    def far(self, X): return cdist(X, self.X)",
    "an alias": "import scipy.spatial.distance as d\n" + KNN
    + "    def far(self, X): return d.cdist(X, self.X)",
    "an import inside": KNN
    + "    def far(self, X):\n        from scipy.spatial import distance\n"
    "        return distance.cdist(X, self.X)",
    "a helper": "import scipy\ndef help(*a): return scipy.spatial.distance.cdist(*a)\n" + KNN
    + "    def far(self, X): return help(X, self.X)",
    "an attribute": "from scipy.spatial.distance import cdist\n" + KNN
    + "    def setup(self): self.way = cdist\n    def far(self, X): return self.way(X, self.X)",
    "a method set later": KNN + "    def far(self, X): pass\n"
    "from scipy.spatial.distance import cdist\nKNN.far = lambda self, X: cdist(X, self.X)",
    "setattr": KNN + "    def far(self, X): pass\n"
    "from scipy.spatial.distance import cdist\nsetattr(KNN, 'far', cdist)",
    "a table": "from scipy.spatial.distance import cdist\nWAYS = {1: cdist}\n" + KNN
    + "    def far(self, X): return WAYS[1](X, self.X)",
    "a star": "from scipy.spatial.distance import *\n" + KNN
    + "    def far(self, X): return cdist(X, self.X)",
    "a default": "from scipy.spatial.distance import cdist\n" + KNN
    + "    def far(self, X, way=cdist): return way(X, self.X)",
    "a module handed on": "import scipy\n" + KNN
    + "    def far(self, X):\n        s = scipy\n        return s.spatial.distance.cdist(X, X)",
    "getattr": "import scipy\n" + KNN
    + "    def far(self, X): return getattr(scipy, 'spatial').distance.cdist(X, self.X)",
    "getattr by parts": "import scipy\n" + KNN
    + "    def far(self, X): return getattr(scipy, 'spa' + 'tial').distance.cdist(X, self.X)",
    "importlib": "import importlib\n" + KNN
    + "    def far(self, X): return importlib.import_module('sci' + 'py')",
    "a decorator": "from scipy.spatial.distance import cdist\ndef by(f): return cdist\n" + KNN
    + "    @by\n    def far(self, X): pass",
    "exec": KNN + "    def far(self, X): exec('import scipy')",
}  # fmt: skip


@pytest.mark.parametrize("way", REFUSED_WAYS)
def test_a_library_call_that_does_the_exercise_is_found(way):
    code = code_of(REFUSED_WAYS[way])
    assert code.refused({"KNN", "train", "far"}, IN_PLACE_OF_NUMPY)


@pytest.mark.parametrize(
    "source",
    [
        "from scipy.spatial.distance import cdist\n" + KNN + "    def far(self, X): return X",
        "from scipy.spatial.distance import cdist\n" + KNN
        + "    def other(self, X): return cdist(X, X)\n    def far(self, X): return X",
        "from scipy.spatial.distance import cdist\ndef far(X): return cdist(X)\n" + KNN
        + "    def far(self, X): return X\ndef far(X): return X",
        "from scipy.stats import norm\n" + KNN + "    def far(self, X): return norm.rvs(size=3)",
        "from scipy.spatial.distance import cdist\n" + KNN
        + "    def far(self, X): return X\nprint(cdist([[1]], [[2]]))",
        KNN + "    def other(self): exec('1')\n    def far(self, X): return X",
    ],
)  # fmt: skip
def test_what_a_question_does_not_reach_costs_it_nothing(source):
    assert code_of(source).refused({"KNN", "train", "far"}, IN_PLACE_OF_NUMPY) == ""


def test_the_sentence_names_what_and_where():
    said = code_of(REFUSED_WAYS["an import"]).refused({"KNN", "far"}, IN_PLACE_OF_NUMPY)
    assert said.startswith("scipy.spatial.distance.cdist (cell 1, line 5) does the exercise")
    said = code_of(REFUSED_WAYS["exec"]).refused({"KNN", "far"}, IN_PLACE_OF_NUMPY)
    assert said.startswith("exec in cell 1, line 4 may use any library")


# --- what it costs --------------------------------------------------------------------------------

#: Questions whose exercise the rule is.
RULE_IS_THE_EXERCISE = {
    "batch_normalization-batchnorm-backward-alt",
    "knn-no-loops",
    "knn-one-loop",
    "softmax-loss-vectorized",
    "svm-loss-vectorized",
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_rules_carry_a_fifth_of_the_points_at_most(source):
    for question, checks in answer_key(source).checks.items():
        total = sum(check.marker.weight for check in checks)
        rules = sum(check.marker.weight for check in checks if check.marker.rule)
        most = 1 / 2 if question in RULE_IS_THE_EXERCISE else 1 / 5
        assert rules <= most * total, question
        for check in checks:
            assert check.marker.rule or not check.name.endswith("_inputs"), check.name


def graded(assignment, notebook, cell, question):
    source = COURSE.assignment(assignment).notebooks[notebook]
    key = answer_key(source)
    cells = [*source.cells, Cell(900, "code", textwrap.dedent(cell))]
    with Sandbox(key.packages) as sandbox:
        code = Code(plan(cells, source.outline), key.given)
        session = SandboxSession(sandbox, cells, source.outline, key.files_of(), code)
        attempt = score_question(session, key, question, Seeds(b"secret"))
        session.close()
    return attempt


@needs_bubblewrap
def test_initial_weights_may_be_drawn_with_scipy():
    cell = """
    from scipy.stats import norm
    class TwoLayerNet(TwoLayerNet):
        def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10,
                     weight_scale=1e-3, reg=0.0):
            super().__init__(input_dim, hidden_dim, num_classes, weight_scale, reg)
            for name in ("W1", "W2"):
                shape = self.params[name].shape
                self.params[name] = norm.rvs(scale=weight_scale, size=shape)
    """
    attempt = graded("a1_classifiers", "two_layer_net", cell, "two_layer_net-model-init")
    assert attempt.share == 1, [result.reason for result in attempt.results]


@needs_bubblewrap
def test_a_loop_by_another_name_costs_the_rule_alone():
    cell = """
    class Rows:
        def __init__(self, knn): self.knn = knn
        def __call__(self, X): return self.knn.compute_distances_two_loops(X)
    class KNearestNeighbor(KNearestNeighbor):
        def compute_distances_no_loops(self, X):
            return Rows(self)(X)
    """
    attempt = graded("a1_classifiers", "knn", cell, "knn-no-loops")
    failed = [result.check.name for result in attempt.results if not result.passed]
    assert failed == ["test_no_loop"]


@needs_bubblewrap
def test_what_cannot_be_read_costs_every_rule_and_no_value():
    cell = "def patch():\n    setattr(np, 'dot', 3)"
    attempt = graded("a1_classifiers", "knn", cell, "knn-no-loops")
    failed = [result for result in attempt.results if not result.passed]
    assert [result.check.marker.rule for result in failed] == [True, True]
    assert "in cell 900, line 2" in failed[0].reason
