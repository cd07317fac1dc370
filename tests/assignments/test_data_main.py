"""The command ``python -m assignments.data``."""

import io
import subprocess
import sys
import tarfile

import pytest

from assignments.data import __main__ as command
from assignments.data import cifar10
from assignments.data.download import Download, DownloadError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSIGNMENTS_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def served(monkeypatch):
    """Replace the network: a download writes a small archive in CIFAR-10's layout."""
    calls = []

    def pretend(what, path):
        calls.append(what.url)
        with tarfile.open(path, "w:gz") as tar:
            for name in (*cifar10.TRAIN_FILES, cifar10.TEST_FILE):
                tar.addfile(tarfile.TarInfo(f"cifar-10-batches-py/{name}"), io.BytesIO())

    monkeypatch.setattr(command, "download", pretend)
    return calls


def test_fetch_downloads_once_and_leaves_no_archive(cache, served, capsys):
    assert command.main(["fetch", "cifar10"]) == 0
    assert command.main(["fetch", "cifar10"]) == 0
    assert len(served) == 1
    assert [path.name for path in cache.iterdir()] == ["cifar10"]
    assert str(cache / "cifar10") in capsys.readouterr().out


def test_a_failed_download_ends_with_1_and_the_reason(monkeypatch, capsys):
    def fail(what, path):
        raise DownloadError("no way")

    monkeypatch.setattr(command, "download", fail)
    assert command.main(["fetch", "cifar10"]) == 1
    assert capsys.readouterr().err == "no way\n"


def test_offline_ends_with_1_and_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr(cifar10, "DOWNLOAD", Download("http://127.0.0.1:9/x", "0" * 64, 5))
    assert command.main(["fetch", "cifar10"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_an_interruption_ends_with_130(monkeypatch, capsys):
    def interrupt(what, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "download", interrupt)
    assert command.main(["fetch", "cifar10"]) == 130
    assert "goes on" in capsys.readouterr().err


def test_an_unknown_name_ends_with_2():
    with pytest.raises(SystemExit) as stop:
        command.main(["fetch", "imagenet"])
    assert stop.value.code == 2


def test_list_says_what_is_there(served, capsys):
    assert command.main(["list"]) == 0
    before = capsys.readouterr().out
    assert "emoji10        embedded" in before
    assert "cifar10        not downloaded (170 MB)" in before
    assert "coco           not downloaded (1 GB)" in before
    command.main(["fetch", "cifar10"])
    command.main(["list"])
    assert "cifar10        downloaded" in capsys.readouterr().out


def test_it_runs_as_a_module():
    run = subprocess.run(
        [sys.executable, "-m", "assignments.data", "list"], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert "emoji10" in run.stdout
