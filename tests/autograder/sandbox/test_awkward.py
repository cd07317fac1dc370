"""What real student code does that a proxy may stumble over, over both transports."""

import numpy as np
import pytest

from assignments.gradients import numerical_gradient
from assignments.student import CheckFailed, Remote, StudentError

torch = pytest.importorskip("torch")

BATCHNORM = """
import numpy as np
def batchnorm_forward(x, gamma, beta, bn_param):
    mean, var = x.mean(axis=0), x.var(axis=0)
    running = bn_param.setdefault("running_mean", np.zeros_like(mean))
    running *= bn_param["momentum"]
    running += (1 - bn_param["momentum"]) * mean
    x_hat = (x - mean) / np.sqrt(var + bn_param["eps"])
    return gamma * x_hat + beta, (x_hat, var)
"""


def test_bn_param_updated_in_place(student_of):
    student = student_of(BATCHNORM)
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    param = {"mode": "train", "eps": 1e-5, "momentum": 0.5, "running_mean": np.ones(2)}
    out, _cache = student.batchnorm_forward(x, np.ones(2), np.zeros(2), param)
    assert out.shape == (2, 2)
    np.testing.assert_allclose(student.changed[3]["running_mean"], [1.5, 2.5])
    assert np.all(param["running_mean"] == 1)
    kept = student.put(param)
    for _ in range(2):
        student.batchnorm_forward(x, np.ones(2), np.zeros(2), bn_param=kept)
    np.testing.assert_allclose(kept.get("['running_mean']"), [1.75, 3.25])
    assert kept.get()["mode"] == "train"


NET = """
import numpy as np
class Net:
    def __init__(self, hidden=3, dtype=np.float64):
        self.params = {"W1": np.zeros((2, hidden), dtype), "b1": np.zeros(hidden, dtype)}
    def loss(self, X):
        return float((X @ self.params["W1"] + self.params["b1"]).sum()), {"W1": X.sum(0)}
"""


def test_parameters_of_a_model_set_and_read(student_of):
    student = student_of(NET)
    model = student.Net(hidden=4)
    assert isinstance(model, Remote)
    assert model.type_name == "Net"
    model.set("params['W1']", np.ones((2, 4)))
    np.testing.assert_array_equal(model.get("params['W1']"), np.ones((2, 4)))
    assert set(model.get("params")) == {"W1", "b1"}
    loss, grads = model.loss(np.ones((3, 2)))
    assert loss == 24.0
    np.testing.assert_array_equal(grads["W1"], [3, 3])


def test_a_type_as_argument(student_of):
    assert student_of(NET).Net(dtype=np.float32).get("params['b1']").dtype == np.float32


@pytest.mark.parametrize(
    "cache",
    ["Cache(x, 2 * x)", "{'x': x, 'f': (lambda: 1)}", "Thing(x)", "(x, 2 * x)", "[x, Thing(x)]"],
)
def test_caches_of_every_kind(student_of, cache):
    student = student_of(f"""
from collections import namedtuple
Cache = namedtuple("Cache", "x y")
class Thing:
    def __init__(self, x): self.x = x
def forward(x):
    return x + 1, {cache}
def gradient(dout, cache):
    if hasattr(cache, "x"): x = cache.x
    elif isinstance(cache, dict): x = cache["x"]
    else: x = cache[0]
    return dout * x
""")
    x = np.arange(3.0)
    out, kept = student.forward(x)
    np.testing.assert_array_equal(out, x + 1)
    np.testing.assert_array_equal(student.gradient(np.full(3, 2.0), kept), 2 * x)


MODULE = """
import torch
from torch import nn
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, 2)
        self.drop = nn.Dropout(0.5)
    def forward(self, x):
        return self.drop(self.fc(x))
"""


def test_a_torch_module(student_of):
    student = student_of(MODULE)
    block = student.Block(3)
    weight = torch.arange(6.0).reshape(2, 3)
    block.load_state_dict({"fc.weight": weight, "fc.bias": torch.zeros(2)})
    assert [tuple(p.shape) for p in student.iterate(block.parameters())] == [(2, 3), (2,)]
    block.eval()
    x = torch.ones(4, 3)
    assert torch.equal(block(x), x @ weight.T)
    block.train()
    first = block(x)
    assert not torch.equal(first, x @ weight.T)
    assert torch.equal(block(x), first)  # the same seed before every call
    assert isinstance(block.get("fc"), Remote)
    assert torch.equal(block.get("fc.weight"), weight)


def test_gradients_of_torch_functions(student_of):
    student = student_of("""
import torch
def two_layer_fc(x, params):
    w1, w2 = params
    return torch.relu(x.flatten(1) @ w1) @ w2
""")
    x, w1, w2 = torch.randn(5, 2, 2), torch.randn(4, 3), torch.randn(3, 2)
    leaves = [student.put(w.clone().requires_grad_()) for w in (w1, w2)]
    scores = student.two_layer_fc(x, leaves, keep=True)
    dout = torch.randn(5, 2)
    student.backward(scores, dout)
    w1.requires_grad_(), w2.requires_grad_()
    want = torch.relu(x.flatten(1) @ w1) @ w2
    want.backward(dout)
    assert torch.allclose(scores.get(), want.detach())
    for leaf, w in zip(leaves, (w1, w2), strict=True):
        assert torch.allclose(leaf.get("grad"), w.grad)


def test_dropout_repeats_under_the_same_seed(student_of):
    source = """
import numpy as np
def dropout(x, param):
    if "seed" in param: np.random.seed(param["seed"])
    return x * (np.random.rand(*x.shape) < param["p"])
"""
    x = np.ones(50)
    first = student_of(source, seed=1).dropout(x, {"p": 0.5})
    student = student_of(source, seed=1)
    np.testing.assert_array_equal(student.dropout(x, {"p": 0.5}), first)
    np.testing.assert_array_equal(student.dropout(x, {"p": 0.5}), first)
    assert not np.array_equal(student_of(source, seed=2).dropout(x, {"p": 0.5}), first)


def test_a_generator_and_a_function_as_arguments(student_of):
    student = student_of("""
def init(shape, rng): return rng.normal(size=shape)
def extract(images, functions): return [f(im) for im in images for f in functions]
""")
    rng = student.make("numpy.random.default_rng", 5)
    want = np.random.default_rng(5)
    for _ in range(2):  # its state moves on
        np.testing.assert_array_equal(student.init((2, 3), rng), want.normal(size=(2, 3)))
    mean = student.serve(lambda im: float(im.mean()))
    assert student.extract([np.ones(3), np.zeros(3)], [mean, mean]) == [1.0, 1.0, 0.0, 0.0]


def test_numerical_gradient_through_a_batch(student_of):
    student = student_of("def loss(W, X): return ((X @ W) ** 2).sum()")
    X, W = np.arange(6.0).reshape(2, 3), np.linspace(-1, 1, 3 * 333).reshape(3, 333)

    def losses(inputs):
        return student.batch(("loss", w, X) for w in inputs)

    gradient = numerical_gradient(losses, W)
    np.testing.assert_allclose(gradient, 2 * X.T @ (X @ W), atol=1e-4)


def test_the_first_failing_call_of_a_batch_raises(student_of):
    student = student_of("def f(x): return 1 / x")
    assert student.batch([("f", 2), ("f", 4)]) == [0.5, 0.25]
    with pytest.raises(StudentError, match="ZeroDivisionError"):
        student.batch([("f", 2), ("f", 0)])


def test_a_served_function_called_a_thousand_times(student_of):
    student = student_of("def total(f, n): return sum(f(float(i)) for i in range(n))")
    assert student.total(student.serve(lambda v: 2 * v), 1000) == 999_000


def test_nothing_is_served_but_what_the_question_allows(student_of, reference):
    student = student_of("def f(): return 1", served=reference)
    student.replace(["f"])
    with pytest.raises(StudentError, match="not available to this question"):
        student.f()
    student.restore()
    assert student.f() == 1


@pytest.fixture
def reference():
    class Layers:
        def loss(self, X):
            self.seen = self.params["W"] + X
            X *= 2
            return float(self.seen.sum())

    def bind(state):
        this = Layers()
        vars(this).update(state)
        return this, this.loss

    return {"Net.loss": bind, "double": lambda x: 2 * x}.__getitem__


def test_second_chance_with_the_reference_in_place(student_of, reference):
    student = student_of(
        """
import numpy as np
def double(x): return None
class Net:
    def __init__(self): self.params = {"W": np.ones(2)}; self.own = (i for i in [])
    def loss(self, X): return None
    def train(self, X): return self.loss(X), self.seen, X
""",
        served=reference,
    )
    model = student.Net()
    assert model.loss(np.ones(2)) is None
    student.replace(["Net.loss", "double", "Missing.method"])
    loss, seen, X = model.train(np.array([1.0, 2.0]))
    assert loss == 5.0
    np.testing.assert_array_equal(seen, [2, 3])
    np.testing.assert_array_equal(X, [2, 4])  # changed in place outside, and so inside
    assert model.get("own").type_name == "generator"
    np.testing.assert_array_equal(student.double(np.ones(2)), [2, 2])
    student.restore()
    assert model.loss(np.ones(2)) is None
    assert student.double(1) is None
    assert set(student.missing(["Net.loss", "double", "Missing"])) == {"Missing"}


def test_a_served_function_refuses_objects_of_the_students(student_of, reference):
    student = student_of("def f():\n    class A: pass\n    return double(A())", served=reference)
    student.replace(["double"])
    with pytest.raises(StudentError, match="takes only numbers, texts, arrays"):
        student.f()


def test_an_array_that_says_it_equals_everything(student_of):
    student = student_of("""
import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros(3)
def f(): return np.zeros(3).view(Yes)
def g(): return [np.zeros(3).view(Yes)]
class Int(int):
    def __eq__(self, other): return True
def h(): return Int(3)
""")
    assert student.f().type_name == "Yes"
    assert type(student.g()[0]) is Remote
    assert student.h().type_name == "Int"


def test_arrays_of_objects_stay_inside(student_of):
    student = student_of("import numpy as np\ndef f(): return np.array([1, 'a', None], object)")
    assert "object array" in repr(student.f())


def test_nan_and_infinity(student_of):
    student = student_of("def f(x):\n    x[0] = float('nan')\n    return x")
    out = student.f(np.array([1.0, np.inf]))
    assert np.isnan(out[0])
    assert np.isinf(out[1])
    assert 0 in student.changed
    student.call("f", np.array([np.nan]))
    assert student.changed == {}  # NaN it was and NaN it is


def test_huge_answers_have_a_clear_error(student_of):
    student = student_of("""
import numpy as np
def f(): return np.broadcast_to(np.float64(1), (10**5, 10**5))
def g(): return [np.zeros(6_000_000)] * 3
def h(): return 1
""")
    for name in "fg":
        with pytest.raises(StudentError, match="too large to hand over"):
            student.call(name)
    assert student.h() == 1


def test_huge_containers_and_integers_stay_inside(student_of):
    student = student_of("""
def f(): return list(range(10**6))
def g(): return 10**10_000
def h():
    deep = []
    for _ in range(100): deep = [deep]
    return deep
""")
    assert [student.call(name).type_name for name in "fgh"] == ["list", "int", "list"]


def test_iterating_is_bounded(student_of):
    student = student_of("""
def batches():
    n = 0
    while True:
        n += 1
        yield n
""")
    assert student.iterate(student.batches(), limit=4) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("source", "argument", "changed"),
    [
        ("x += 1", np.ones(2), True),
        ("x = x + 1", np.ones(2), False),
        ("x.sort()", [2, 1], True),
        ("x['a']['b'] = 1", {"a": {"b": 0}}, True),
        ("x['a'][0] = 1", {"a": np.zeros(1)}, True),
        ("x.add_(1)", torch.ones(2), True),
        ("x.append(1)", [], True),
        ("x[0][0] = 5", ([1],), True),
        ("x['a'] = object()", {"a": 1}, True),
        ("y = x", {"a": 1}, False),
    ],
)
def test_changed_inputs_are_reported(student_of, source, argument, changed):
    student = student_of(f"def f(x):\n    {source}\n    return 0")
    assert student.f(argument) == 0
    assert (0 in student.changed) is changed


def test_dictionaries_keyed_by_numpy_integers(student_of):
    student = student_of("import numpy as np\ndef f(): return {k: [0.5] for k in np.arange(2)}")
    assert student.f() == {0: [0.5], 1: [0.5]}


def test_errors_say_type_cell_and_line(student_of):
    student = student_of("""
class Bad(Exception):
    def __str__(self): return chr(27) + "[31m" + "x" * 10**6
def f():
    raise Bad
def g():
    raise NotImplementedError
def h(n):
    return h(n + 1)
""")
    with pytest.raises(StudentError) as caught:
        student.f()
    assert "Bad" in caught.value.reason
    assert "(cell 1, line 5 of f)" in caught.value.reason
    assert len(caught.value.reason) < 700
    assert caught.value.reason.isprintable()
    with pytest.raises(StudentError) as caught:
        student.g()
    assert caught.value.blank
    with pytest.raises(StudentError, match="RecursionError"):
        student.h(0)
    with pytest.raises(StudentError, match="not_there is not defined"):
        student.not_there()


TRAINING = """
import torch
def mean(model, batches, device=None, move_labels=True):
    with torch.no_grad():
        scores = torch.cat([model(x.to("cpu") if device else x) for x, _y in batches])
        labels = torch.cat([y.to(device="cpu") if move_labels else y for _x, y in batches])
        return [scores.mean().item(), labels.sum().item()]
def devices(batches): return [str(x.device) for x, _y in batches], [len(x) for x, _y in batches]
def step(model, optimizer, x):
    optimizer.zero_grad()
    model(x).sum().backward()
    optimizer.step()
"""


def test_models_optimizers_and_probes_are_made_inside(student_of):
    student = student_of(TRAINING)
    linear = student.make("torch.nn.Linear", 3, 2)
    before = linear.state_dict()
    model = student.make("watched", student.make("torch.nn.Sequential", linear))
    x = torch.ones(4, 3)
    optimizer = student.make("torch.optim.SGD", model.parameters(), 0.5)
    student.step(model, optimizer, x)
    assert torch.allclose(linear.get("weight"), before["weight"] - 0.5 * 4)
    model.eval()
    mean, total = student.mean(model, [(x, torch.ones(4, dtype=torch.int64))])
    assert mean == pytest.approx(linear(x).mean().item())
    assert total == 4
    assert model.get("seen") == [(True, True), (False, False)]


def test_a_module_inside_hands_its_calls_to_the_check(student_of):
    student = student_of(TRAINING)
    asked = []

    def answer(x, scale=1):
        asked.append(tuple(x.shape))
        return scale * x

    model = student.make("torch.nn.Sequential", student.make("torch.nn.Identity"))
    model.set("[0]", student.make("answered", student.serve(answer)))
    x = torch.ones(4, 3)
    assert torch.equal(model(x), x)
    assert torch.equal(model.get("[0]", keep=True)(x, scale=3), 3 * x)
    assert asked == [(4, 3), (4, 3)]


def test_half_precision_works_inside(student_of):
    student = student_of("import torch\ndef half(x): return x.half().float(), x.bfloat16()")
    single, half = student.half(torch.tensor([0.5, 300.0]))
    assert single.tolist() == half.tolist() == [0.5, 300.0]


def test_a_tensor_elsewhere_must_be_moved(student_of):
    student = student_of(TRAINING)
    linear = student.make("torch.nn.Linear", 3, 2)
    x, y = torch.randn(5, 3), torch.ones(5, dtype=torch.int64)
    batch = (student.make("elsewhere", x), student.make("elsewhere", y))
    assert student.devices([batch]) == (["meta"], [5])
    mean, _total = student.mean(linear, [batch], device="cpu")
    assert mean == pytest.approx(linear(x).mean().item(), abs=1e-6)
    for options in ({"device": None}, {"device": "cpu", "move_labels": False}):
        with pytest.raises(CheckFailed, match="same device"):
            student.mean(linear, [batch], **options)
