"""A real JupyterLab and a real browser, on this machine alone."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory) -> Iterator[Callable[[Path], str]]:
    """Start JupyterLab in a folder; gives the address that a browser opens, with its token."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(
            _server(folder, tmp_path_factory.mktemp("jupyter-home"))
        )


@pytest.fixture(scope="module")
def browser():
    """Chromium; its pages reach this machine only."""
    if CHROMIUM is None:
        reason = "no chromium; tools/install_system_packages.sh chromium installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # two cores, and other tests beside this one
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh page, large enough for a notebook; ``dialogs`` holds the messages that popped up."""
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.set_default_timeout(60_000)
    page.route(
        lambda url: not url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:")),
        lambda route: route.abort(),
    )
    page.dialogs = []
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    yield page
    page.close()


@contextlib.contextmanager
def _server(folder: Path, home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "log.txt"
    with open(log, "w") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={folder}",
            ],
            cwd=folder,
            env=os.environ | {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")},
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        _await(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", process, log)
        yield f"http://127.0.0.1:{port}/lab?token={TOKEN}"
    finally:
        process.terminate()  # it ends its kernels, too
        process.wait()


def _await(address: str, process: subprocess.Popen, log: Path) -> None:
    for _attempt in range(600):
        assert process.poll() is None, f"JupyterLab ended:\n{log.read_text()[-2000:]}"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")
