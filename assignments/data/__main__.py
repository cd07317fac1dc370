"""Data sets from the command line.

python -m assignments.data list          what there is, and what is on this machine
python -m assignments.data fetch NAME    download a data set, or go on where it stopped

Exit status: 0 done, 1 the download failed, 2 wrong arguments, 130 interrupted.
"""

import argparse
import sys

from assignments.data import cifar10, coco
from assignments.data.download import DownloadError, download
from assignments.data.folders import cache_folder, embedded_folder
from assignments.messages import _

FETCHED = {"cifar10": cifar10, "coco": coco}


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m assignments.data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help=_("show the data sets and where they are"))
    fetch_parser = commands.add_parser("fetch", help=_("download a data set"))
    fetch_parser.add_argument("name", choices=sorted(FETCHED), metavar="NAME")
    options = parser.parse_args(arguments)
    try:
        if options.command == "list":
            list_sets()
        else:
            fetch(options.name)
    except (DownloadError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("Interrupted. Run the command again: it goes on there."), file=sys.stderr)
        return 130
    return 0


def list_sets() -> None:
    """Print each data set, what it needs and where it is."""
    for name in ("emoji10", "emoji_scenes"):
        print(
            _("{name}   embedded, needs no download: {folder}").format(
                name=f"{name:12}", folder=embedded_folder("emoji")
            )
        )
    for name, module in FETCHED.items():
        if module.is_present():
            print(
                _("{name}   downloaded: {folder}").format(name=f"{name:12}", folder=module.folder())
            )
        else:
            print(
                _(
                    "{padded}   not downloaded ({about}): python -m assignments.data fetch {name}"
                ).format(padded=f"{name:12}", name=name, about=module.DOWNLOAD.about)
            )


def fetch(name: str) -> None:
    """Download and unpack one data set, unless it is there already. Raises DownloadError."""
    module = FETCHED[name]
    if not module.is_present():
        archive = cache_folder() / module.DOWNLOAD.url.rsplit("/", 1)[-1]
        download(module.DOWNLOAD, archive)
        module.unpack(archive)
        archive.unlink()
    print(_("{name} is in {folder}").format(name=name, folder=module.folder()))


if __name__ == "__main__":
    sys.exit(main())
