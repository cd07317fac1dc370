"""The filter of system calls: what it refuses, and that numerical code never notices."""

import errno
import sys

import numpy as np
import pytest
from boxes import needs_bubblewrap, open_notebook

from assignments.student import Student
from autograder.sandbox import syscalls
from autograder.sandbox.box import Sandbox
from autograder.sandbox.limits import SandboxUnavailable

pytestmark = needs_bubblewrap
pyseccomp = pytest.importorskip("pyseccomp")

CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if result == -1 else 0
def families():
    import socket
    made = []
    for family in range(64):
        try: socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError as error:
            if error.errno != 97: made.append((family, error.errno))
        else: made.append(family)
    return made
"""


@pytest.fixture(scope="module")
def student():
    with Sandbox() as sandbox:
        yield Student(open_notebook(sandbox, CALL))


def number_of(name: str) -> int:
    return pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)


@pytest.mark.parametrize("name", syscalls.REFUSED)
def test_refused(student, name):
    numbers = syscalls.numbers([name])
    if not numbers:
        pytest.skip("this architecture has no such call")
    # Arguments that a kernel without the filter would answer differently.
    assert student.call("call", numbers[name], 0, 0, 0, 0, 0, 0) == errno.EPERM


@pytest.mark.parametrize("number", [435, 453, 470, 511])
def test_absent(student, number):
    assert student.call("call", number, 0, 0) == errno.ENOSYS


def test_new_namespaces_are_refused_however_they_are_asked_for(student):
    for flag in syscalls._NAMESPACES:
        assert student.call("call", number_of("clone"), flag | 17, 0, 0, 0, 0) == errno.EPERM


def test_limits_of_other_processes_are_refused_and_own_are_not(student):
    assert student.call("call", number_of("prlimit64"), 1, 7, 0, 0) == errno.EPERM
    assert student.call("call", number_of("prlimit64"), 2**32, 7, 0, 0) == errno.EPERM
    assert student.call("call", number_of("prlimit64"), 0, 7, 0, 0) == 0


def test_families_of_sockets(student):
    assert set(student.families()) <= {1, 2, 10, 16}


@pytest.mark.skipif(number_of("read") != 0, reason="only on x86-64")
def test_foreign_interfaces_are_refused():
    """x32 has numbers of its own; the interface of 32 bits is entered by an interrupt."""
    code = """
import ctypes, mmap, os
def x32():
    return ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39))
def i386():
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
def died(name):
    pid = os.fork()
    if pid == 0:
        os._exit(3 if globals()[name]() > 0 else 4)
    return os.waitstatus_to_exitcode(os.wait()[1])
"""
    with Sandbox() as sandbox:
        student = Student(open_notebook(sandbox, code))
        assert student.died("x32") != 3
        assert student.died("i386") != 3


NUMERICAL = """
import numpy as np
def arrays():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(200, 200))
    u, s, v = np.linalg.svd(a)
    return float(abs(u * s @ v - a).max()), float(abs(np.fft.ifft(np.fft.fft(a)) - a).max())
def scipys():
    import scipy.linalg, scipy.optimize, scipy.signal, scipy.stats
    found = scipy.optimize.minimize(lambda x: ((x - 3) ** 2).sum(), np.zeros(2)).x
    convolved = scipy.signal.convolve2d(np.ones((3, 3)), np.ones((2, 2)))
    return found, scipy.stats.norm.cdf(0.0), convolved
def tensors():
    import torch
    from torch import nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    x = torch.randn(2, 3, 8, 8)
    nn.functional.cross_entropy(net(x), torch.tensor([1, 2])).backward()
    grad = bool(net[0].weight.grad.abs().sum() > 0)
    half = torch.randn(64, 64).bfloat16() @ torch.randn(64, 64).bfloat16()
    single = (torch.randn(9, 9).half() @ torch.randn(9, 9).half()).float()
    finite = bool(half.float().isfinite().all() and single.isfinite().all())
    return grad, finite, len(list(torch.utils.data.DataLoader(list(range(6)), batch_size=4)))
def processes():
    import ctypes, multiprocessing, threading, time
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=queue.put, args=(3,))
    process.start()
    got = queue.get(); process.join()
    seen = []
    thread = threading.Thread(target=seen.append, args=(4,)); thread.start(); thread.join()
    less = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)
    return got, seen, less(4)
"""


def test_numerical_code_never_notices(torch_sandbox):
    student = Student(open_notebook(torch_sandbox, NUMERICAL))
    assert max(student.arrays()) < 1e-10
    assert student.tensors() == (True, True, 2)
    assert student.processes() == (3, [4], 5)


def test_scipy_works_mounted_and_not_loaded():
    pytest.importorskip("scipy")
    with Sandbox(("numpy", "scipy")) as sandbox:
        student = Student(
            open_notebook(
                sandbox,
                NUMERICAL + "\nimport sys\ndef loaded(): return 'scipy' in sys.modules",
            )
        )
        assert student.loaded() is False
        found, half, _convolved = student.scipys()
        np.testing.assert_allclose(found, [3, 3], atol=1e-4)
        assert half == 0.5


def test_without_the_library_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    syscalls.program.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match="apt install libseccomp2"):
            Sandbox().start()
    finally:
        syscalls.program.cache_clear()
