"""Faults of a built site that a reader would meet: dead links, pictures without words."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["find_faults"]


def find_faults(site: Path) -> list[str]:
    """Look through all pages of a site, without a network.

    Returns:
        A sentence for each link within the site that leads nowhere, each file that a page loads
        from elsewhere, and each picture without alternative text.
    """
    found = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: _Page(path) for path in found}  # less the theme's templates
    faults = []
    for path, page in pages.items():
        faults += [f"{path.relative_to(site)}: {fault}" for fault in _faults(path, page, pages)]
    return faults


class _Page(HTMLParser):
    """What a page links to, what it loads, its anchors, and pictures without words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.wordless: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.add(values["href"])
        if "src" in values:
            self.loaded.add(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.add(values["href"])
        if tag == "img" and not values.get("alt", "").strip():
            self.wordless.append(values.get("src", "")[:80])


def _faults(path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    yield from (f"the picture {name} has no alternative text" for name in page.wordless)
    for target in sorted(page.links | page.loaded):
        parts = urlsplit(target)
        if parts.scheme == "data" or (parts.scheme and target not in page.loaded):
            continue  # links to other sites are not followed
        if parts.scheme or parts.netloc:
            yield f"{target} is loaded from elsewhere; the site must work without a network"
            continue
        file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not file.is_file():
            yield f"the link {target} leads nowhere"
        elif parts.fragment and unquote(parts.fragment) not in pages[file].anchors:
            yield f"the link {target} leads to no place of that page"
