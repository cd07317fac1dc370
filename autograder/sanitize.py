"""A student's Markdown as HTML that stays harmless whoever renders it next.

nbgrader's feedback page and formgrader render Markdown cells with their HTML intact. So a written
answer is rendered here, cut down to a short list of tags, and stored **on one line inside a
``<div>``**: Markdown renderers pass such a line through unchanged, and whatever the student wrote
as HTML is seen as text.
"""

import base64
import binascii
import html
import re
import struct
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from mdit_py_plugins.amsmath import RE_OPEN, amsmath_block, amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from assignments.messages import _

__all__ = ["safe_html", "text_html", "verified_png"]

#: A written answer is cut after this many characters: links within links take quadratic time.
MAX_TEXT = 20_000
#: Formulas that are opened and never closed, after which none is looked for in that text.
MAX_OPEN = 20
#: A longer formula is shown as text.
MAX_FORMULA = 5_000
#: Larger images are dropped (bytes; pixels).
MAX_PNG = 4_000_000
MAX_PIXELS = 40_000_000

TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li",
    "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "img": {"alt", "src"}, "ol": {"start"}}
_VOID = {"br", "hr", "img"}
_PNG_URL = "data:image/png;base64,"

#: MathJax looks only inside elements of the second kind; all other text keeps its dollar signs.
_OPEN = '<div class="student-text tex2jax_ignore mathjax_ignore">'
_CLOSE = "</div>"
_MATH_CLASS = "tex2jax_process mathjax_process"
#: MathJax commands that make links, attributes or styles, load code, or define such commands.
_FORBIDDEN_TEX = re.compile(
    r"\\(?:href|url|require|class|cssId|style|html\w*|data|mmlToken|bbox|includegraphics|special"
    r"|csname|catcode|[egx]?def|let|futurelet|(?:new|renew|provide)(?:command|environment)"
    r"|DeclareMathOperator|Declare\w+|begingroup|texttip|mathtip|action|toggle)(?![A-Za-z])"
)
#: Characters that a Markdown renderer might read as markup, or that end a line.
_SPECIAL = re.compile(r"[\n!#$%&*:<>@[\\\]^_`{|}~\"]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def safe_html(markdown: str, images: Mapping[str, str] | None = None) -> str:
    """Render a student's Markdown as one line of harmless HTML.

    HTML in the text, scripts and links other than http, https and mailto are shown as text, images
    from elsewhere as links; formulas keep their dollar signs for MathJax. Applying the function to
    its own result changes nothing.

    Args:
        markdown: the text of the cell.
        images: for the names that ``attachment:`` refers to, PNG images in base64.

    Returns:
        A ``<div>`` without line breaks; the empty string for a text that is blank.
    """
    text = markdown.encode("utf-8", "replace").decode("utf-8")
    if text.startswith(_OPEN) and text.endswith(_CLOSE):
        inside = text[len(_OPEN) : -len(_CLOSE)]
        if _clean(inside) == inside:
            return text
    text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        return ""
    if len(text) > MAX_TEXT:
        left_out = len(text) - MAX_TEXT
        text = text[:MAX_TEXT] + "\n\n" + _("({count} more characters)").format(count=left_out)
    pngs = {name: png for name, data in (images or {}).items() if (png := verified_png(data))}
    rendered = _renderer().render(text, {"images": pngs, "open": 0})
    return _OPEN + _clean(rendered) + _CLOSE


def text_html(text: str) -> str:
    """Plain text as one line of harmless HTML that keeps its line breaks."""
    text = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode("utf-8"))
    return f"{_OPEN}<p>{'<br>'.join(_refer(line) for line in text.splitlines())}</p>{_CLOSE}"


def verified_png(data: object) -> str | None:
    """Base64 data in canonical form if it is a PNG image of bearable size, else None."""
    if isinstance(data, list):
        data = "".join(part for part in data if isinstance(part, str))
    if not isinstance(data, str) or len(data) > MAX_PNG * 3 // 2:
        return None
    try:
        png = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(png) > MAX_PNG or len(png) < 33 or png[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    if png[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", png[16:24])
    if not 0 < width * height <= MAX_PIXELS:
        return None
    return base64.b64encode(png).decode("ascii")


# --- Markdown to HTML ----------------------------------------------------------------------------


@cache
def _renderer() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # "$5 or $6" is no formula: a closing dollar has no digit after it.
    md.use(dollarmath_plugin, allow_labels=False, allow_digits=False, double_inline=True)
    md.use(amsmath_plugin)
    md.block.ruler.at("amsmath", _formula_block, _INTERRUPTS)  # type: ignore[arg-type]
    md.validateLink = _is_link  # type: ignore[method-assign]
    for kind in ("math_inline", "math_inline_double", "math_block", "amsmath"):
        md.add_render_rule(kind, _render_math)
    md.add_render_rule("image", _render_image)
    return md


#: What a formula ends as a heading would, without a blank line.
_INTERRUPTS = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The plugin's rule, which reads to the end of the text for each formula that is not closed."""
    if state.env["open"] > MAX_OPEN:
        return False
    found = amsmath_block(state, start, end, silent)
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not found and re.match(RE_OPEN, first):
        state.env["open"] += 1
    return found


def _is_link(url: str) -> bool:
    return re.match(r"(?:https?://|mailto:|attachment:)", url, re.IGNORECASE) is not None


def _render_math(renderer, tokens, index, options, env) -> str:
    token = tokens[index]
    dollars = {"math_inline": "$", "amsmath": ""}.get(token.type, "$$")
    # Whoever takes this line for Markdown again must not meet "<" inside a formula.
    tex = token.content.strip().replace("<", r"\lt ").replace(">", r"\gt ")
    span = f'<span class="{_MATH_CLASS}">{html.escape(dollars + tex + dollars)}</span>'
    return span if token.type in ("math_inline", "math_inline_double") else f"<p>{span}</p>\n"


def _render_image(renderer, tokens, index, options, env) -> str:
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    alt = html.escape(token.content)
    png = env["images"].get(source.removeprefix("attachment:"))
    if png and source.startswith("attachment:"):
        return f'<img alt="{alt}" src="{_PNG_URL}{png}">'
    return f'<a href="{html.escape(source)}">{alt or html.escape(source)}</a>'


# --- HTML to harmless HTML -----------------------------------------------------------------------


def _clean(rendered: str) -> str:
    """Only the tags and attributes of the lists above, on one line."""
    writer = _OneLine()
    writer.feed(
        nh3.clean(
            rendered,
            tags=TAGS,
            attributes=ATTRIBUTES,
            attribute_filter=_allowed_value,
            url_schemes={"http", "https", "mailto", "data"},
            url_relative="deny",
            allowed_classes={"span": set(_MATH_CLASS.split())},
        )
    )
    writer.close()
    return "".join(writer.parts)


def _allowed_value(tag: str, attribute: str, value: str) -> str | None:
    match tag, attribute:
        case "img", "src":
            if not value.startswith(_PNG_URL):
                return None
            png = verified_png(value.removeprefix(_PNG_URL))
            return png and _PNG_URL + png
        case "a", "href":
            return None if value.lower().startswith(("data:", "attachment:")) else value
        case "ol", "start":
            return value if re.fullmatch(r"\d{1,9}", value) else None
    return value


def _refer(text: str) -> str:
    """Text with everything that could be markup, quotes or line ends as character references."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


class _OneLine(HTMLParser):
    """Writes well-formed HTML again, all text referred; checks each formula."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.formula: str | None = None  # the text of the formula being read
        self.inner_spans = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "span":
            if self.formula is not None or values.get("class") != _MATH_CLASS:
                self.inner_spans += 1
            else:
                self.formula = ""
        elif self.formula is None:
            if tag == "img" and "src" not in values:
                self.parts.append(_refer(values.get("alt", "")))
                return
            written = "".join(f' {name}="{_refer(value)}"' for name, value in values.items())
            self.parts.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            if self.inner_spans:
                self.inner_spans -= 1
            elif self.formula is not None:
                self.parts.append(_formula(self.formula))
                self.formula = None
        elif self.formula is None and tag not in _VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self.formula is None:
            self.parts.append(_refer(data))
        else:
            self.formula += data


def _formula(tex: str) -> str:
    if len(tex) > MAX_FORMULA or _FORBIDDEN_TEX.search(tex):
        return f"<code>{_refer(tex)}</code>"
    # Dollars and backslashes stay readable for renderers that look for formulas in the source.
    kept = html.escape(tex, quote=False).replace("\n", "&#10;")
    return f'<span class="{_MATH_CLASS}">{kept}</span>'
