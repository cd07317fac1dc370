"""Downloads, from a server on this machine."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assignments.data.download import Download, DownloadError, download

CONTENT = bytes(range(256)) * 5000


class Handler(BaseHTTPRequestHandler):
    """Serves `CONTENT`; the address says how badly."""

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path == "/missing":
            self.send_error(404)
            return
        start = 0
        if asked and int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) >= len(CONTENT):
            self.send_error(416)
            return
        if asked and self.path != "/no-resume":
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        body = CONTENT[start:]
        if self.path == "/wrong":
            body = b"x" * len(body)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/breaks":
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.ranges = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def source(server, path: str) -> Download:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return Download(f"http://127.0.0.1:{server.server_port}{path}", sha256, len(CONTENT))


def test_a_file_arrives_with_a_progress_bar(server, tmp_path, capsys):
    path = tmp_path / "new" / "file"
    download(source(server, "/file"), path)
    assert path.read_bytes() == CONTENT
    assert "100%" in capsys.readouterr().err
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_file_that_is_there_is_not_asked_for_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    download(source(server, "/file"), tmp_path / "file")
    assert server.ranges == []


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    path = tmp_path / "file"
    with pytest.raises(DownloadError, match="goes on where it stopped"):
        download(source(server, "/breaks"), path)
    assert not path.exists()
    half = (tmp_path / "file.part").stat().st_size
    assert 0 < half < len(CONTENT)
    download(source(server, "/file"), path)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={half}-"]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    download(source(server, "/no-resume"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]


def test_a_whole_part_needs_no_server(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    download(source(server, "/missing"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges == []


def test_a_part_that_is_too_long_is_thrown_away(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    download(source(server, "/file"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [0, 1000])
def test_wrong_content_is_deleted(server, tmp_path, kept):
    if kept:
        (tmp_path / "file.part").write_bytes(b"y" * kept)
    path = "/file" if kept else "/wrong"
    with pytest.raises(DownloadError, match="checksum"):
        download(source(server, path), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_the_answer_of_the_server_is_told(server, tmp_path):
    with pytest.raises(DownloadError, match="404"):
        download(source(server, "/missing"), tmp_path / "file")


def test_no_server_is_told_with_what_works_offline(tmp_path):
    offline = Download("http://127.0.0.1:9/file", "0" * 64, 10)
    with pytest.raises(DownloadError, match=r"cannot be reached.*emoji10 needs no network"):
        download(offline, tmp_path / "file")


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(DownloadError, match=r"cannot be written.*ASSIGNMENTS_DATA"):
        download(source(server, "/file"), tmp_path / "folder" / "file")


# -- where nobody publishes size and checksum ------------------------------------------------------


def unchecked(server, path: str) -> Download:
    return Download(f"http://127.0.0.1:{server.server_port}{path}")


def test_size_is_what_the_server_says(server, tmp_path, capsys):
    path = tmp_path / "file"
    with pytest.raises(DownloadError, match="goes on where it stopped"):
        download(unchecked(server, "/breaks"), path)
    half = path.with_name("file.part").stat().st_size
    assert 0 < half < len(CONTENT)
    download(unchecked(server, "/file"), path)
    assert path.read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={half}-"
    download(unchecked(server, "/file"), path)
    assert len(server.ranges) == 2


def test_a_download_that_was_whole_already(server, tmp_path):
    path = tmp_path / "file"
    path.with_name("file.part").write_bytes(CONTENT)
    download(unchecked(server, "/file"), path)
    assert path.read_bytes() == CONTENT
