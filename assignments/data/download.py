"""Download one file: with a progress bar, resumed where it broke off, checked at the end."""

import hashlib
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from assignments.messages import _

BLOCK = 1 << 18  # bytes read at once
TIMEOUT = 30  # seconds without a byte


class DownloadError(Exception):
    """A download that failed; the text says why and what to do next."""


@dataclass(frozen=True)
class Download:
    """What to download.

    url: the address.
    sha256, size: checksum and size in bytes of the right file; None where nobody publishes them.
    about: the size in words.
    """

    url: str
    sha256: str | None = None
    size: int | None = None
    about: str = ""


def download(what: Download, path: Path) -> None:
    """Download a file to `path`; do nothing if the right file is there already.

    A download that breaks off leaves ``path.part``, and the next call goes on from there.
    Raises DownloadError.
    """
    if path.is_file() and what.sha256 in (None, _sha256(path)):
        return
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = _receive(what, part)
    except urllib.error.HTTPError as error:
        raise DownloadError(
            _("The server answered {code} {reason} for {url}. Try again later.").format(
                code=error.code, reason=error.reason, url=what.url
            )
        ) from error
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        ConnectionError,
        TimeoutError,
    ) as error:
        raise DownloadError(
            _(
                "{url} cannot be reached ({reason}). Check the network and run the command again: "
                "it goes on where it stopped. The embedded data set emoji10 needs no network."
            ).format(url=what.url, reason=getattr(error, "reason", error) or type(error).__name__)
        ) from error
    except OSError as error:
        raise DownloadError(
            _(
                "{path} cannot be written ({reason}). Free some space, or choose another folder "
                "with the environment variable ASSIGNMENTS_DATA."
            ).format(path=part, reason=error)
        ) from error

    if part.stat().st_size < size:
        raise DownloadError(
            _(
                "The connection broke off after {received} of {size} bytes. "
                "Run the command again: it goes on where it stopped."
            ).format(received=part.stat().st_size, size=size)
        )
    if what.sha256 not in (None, _sha256(part)):
        part.unlink()
        raise DownloadError(
            _(
                "What came from {url} is not the expected file (its checksum differs) and was "
                "deleted. Run the command again; if that does not help, tell the course's staff."
            ).format(url=what.url)
        )
    part.replace(path)


def _receive(what: Download, part: Path) -> int:
    """Append to `part` what is missing, or start anew where the server cannot resume.

    Returns the size of the whole file.
    """
    have = part.stat().st_size if part.exists() else 0
    if what.size is not None and have > what.size:
        part.unlink()
        have = 0
    if have == what.size:
        return have
    request = urllib.request.Request(what.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have and what.size is None:  # nothing comes after what we have
            return have
        raise
    with reply:
        resumed = have > 0 and _starts_at(reply, have)
        start = have if resumed else 0
        size = what.size
        if size is None:
            size = start + int(reply.headers.get("Content-Length") or 0)
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(
                total=size or None,
                initial=start,
                desc=what.url.rsplit("/", 1)[-1],
                unit="B",
                unit_scale=True,
            ) as bar,
        ):
            while block := reply.read(BLOCK):
                file.write(block)
                bar.update(len(block))
                if size and file.tell() > size:  # not our file: the checksum will say so
                    break
    return size


def _starts_at(reply: http.client.HTTPResponse, position: int) -> bool:
    """Whether the server's answer is the part of the file from `position` on."""
    content_range = reply.headers.get("Content-Range", "")
    return reply.status == 206 and content_range.startswith(f"bytes {position}-")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
