"""tools/install.py, with a stand-in for the commands that it runs."""

import importlib.util
import os
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "install.py"
LOCK = "numpy==2.3.1\nnvidia-cudnn==9.1 ; x\ntorch==2.9.0\ntorchvision==0.24 ; x\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """The module, at work on an empty clone; ``calls`` holds what it ran."""
    spec = importlib.util.spec_from_file_location("install", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "INSTALLED", venv / ".installed")
    module.calls = []

    def run(*command):
        module.calls.append(" ".join(command[1:]))
        venv.mkdir(exist_ok=True)

    monkeypatch.setattr(module, "run", run)
    return module


def test_everything_in_the_versions_of_the_lock(install, tmp_path):
    install.install()
    assert install.calls == [
        f"-m venv {tmp_path / '.venv'}",
        f"-m pip install -r {tmp_path / 'requirements.lock'}",
        f"-m pip install --no-deps --no-build-isolation -e {tmp_path}",
    ]


def test_nothing_is_installed_twice_until_the_lock_changes(install, tmp_path):
    install.install()
    install.calls.clear()
    install.install()
    assert install.calls == []
    later = install.INSTALLED.stat().st_mtime + 5
    os.utime(tmp_path / "requirements.lock", (later, later))
    install.install()
    assert install.calls


def test_torch_from_an_index_of_its_own(install, tmp_path):
    install.install("cpu-index")
    assert "-m pip install --no-deps --index-url cpu-index torch==2.9.0 torchvision==0.24" in (
        install.calls
    )
    assert (tmp_path / ".venv" / "requirements.txt").read_text() == "numpy==2.3.1\n"


def test_a_step_that_fails_ends_it_and_is_done_again(install, monkeypatch):
    def fail(*command):
        raise SystemExit(1)

    monkeypatch.setattr(install, "run", fail)
    with pytest.raises(SystemExit):
        install.install()
    assert not install.INSTALLED.exists()


def test_an_old_python_is_told(install, monkeypatch):
    monkeypatch.setattr(install, "OLDEST", (99, 0))
    with pytest.raises(SystemExit, match=r"Install Python 3\.11 or newer"):
        install.install()
