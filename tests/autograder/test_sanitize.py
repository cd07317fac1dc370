import base64
import itertools
import struct
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from tiny_course import HOSTILE, PNG

from autograder import sanitize
from autograder.sanitize import ATTRIBUTES, MAX_TEXT, TAGS, safe_html, text_html, verified_png

WRAPPER = {"class": "student-text tex2jax_ignore mathjax_ignore"}
MATH = {"class": "tex2jax_process mathjax_process"}


class Elements(HTMLParser):
    """Collects (tag, attributes) and the text of a page, as a browser would see them."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_harmless(page):
    for tag, attributes in Elements(page).elements:
        if (tag, attributes) in [("div", WRAPPER), ("span", MATH)]:
            continue
        assert tag in TAGS - {"span"}
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | {"rel"}
        if tag == "a" and "href" in attributes:
            assert attributes["href"].lower().startswith(("http://", "https://", "mailto:"))
        if tag == "img":
            assert verified_png(attributes["src"].removeprefix("data:image/png;base64,"))


PARTS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</div>", "<div>", "<!--", "-->",
    "<![CDATA[", "<svg/onload=1>", "[a](javascript:alert(1))", "[a](http://x.y/?a=1)",
    "![i](data:image/svg+xml;base64,AAAA)", "![i](attachment:p.png)", "![", "](", "[r]: data:,x",
    "\n[r]", "<http://a.b>", "<javascript:alert(1)>", "$", "$$", "\\$", "\\", "\\(", "\\)",
    "\\\\(", "\\begin{align}", "\\end{align}", "\\href{javascript:alert(1)}{x}", "```", "``", "`",
    "~~~html", "|", "|-|-|", "\n", "\n\n", "\r", "    ", "\t", "> ", "- ", "1. ", "7) ", "# ",
    "===", "---", "**", "_", "~~", "&lt;", "&#60;", "&", "<", ">", '"', "'", "=", "`<b>`", "\xe9",
    "\x00", "\u2028", "\ud800", "</span>", '<span class="tex2jax_process mathjax_process">',
    '<div class="student-text tex2jax_ignore mathjax_ignore">', "x", " ", "www.a.b", "a@b.c",
]  # fmt: skip
PIECES = st.lists(st.sampled_from(PARTS), max_size=30).map("".join)


def test_formulas_that_are_never_closed_are_not_looked_for_again_and_again(monkeypatch):
    calls = itertools.count()
    real = sanitize.amsmath_block
    monkeypatch.setattr(sanitize, "amsmath_block", lambda *args: (next(calls), real(*args))[1])
    page = safe_html("\\begin{align}\nx\n\n" * 1000)
    assert next(calls) < 100
    assert page.count("align") == 1000
    assert "tex2jax_process" in safe_html("\\begin{align}\nx\n\\end{align}")


@settings(max_examples=300, deadline=None)
@given(st.one_of(PIECES, st.text(max_size=200)))
@example(HOSTILE)
@example('<div class="student-text tex2jax_ignore mathjax_ignore"><script>x</script></div>')
@example('<div class="student-text tex2jax_ignore mathjax_ignore">\n\n$$\n</div>')
def test_no_renderer_makes_more_of_it(text):
    page = safe_html(text, {"p.png": PNG})
    assert_harmless(page)
    assert "\n" not in page
    shown = markdown2html_mistune(page)
    assert_harmless(shown)
    assert Elements(shown).elements == Elements(page).elements
    assert safe_html(page) == page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,b)",
        "[a](//host/page)",
        "[a](page.html)",
        "<iframe src=http://a.b></iframe>",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\require{html} x$",
        "$5 or $6",
    ],
)
def test_hostile_and_odd_text_is_shown_as_text(text):
    page = safe_html(text)
    assert Elements(page).text.strip() == text
    assert {tag for tag, _ in Elements(page).elements} <= {"div", "p", "code"}


def test_markdown_is_rendered():
    page = safe_html("# A\n\nsome **bold** `x < 1`\n\n2. one\n\n| a |\n|---|\n| b |\n")
    tags = [tag for tag, _ in Elements(page).elements]
    assert tags[1:6] == ["h1", "p", "strong", "code", "ol"]
    assert "table" in tags
    assert ("ol", {"start": "2"}) in Elements(page).elements


def test_formulas_are_left_to_mathjax():
    page = safe_html(
        "so $a_1 < b_{2*3}$ and\n\n$$\n\\frac{1}{N}\n$$\n\n\\begin{align}a&=b\\end{align}"
    )
    spans = [attrs for tag, attrs in Elements(page).elements if tag == "span"]
    assert spans == [MATH] * 3
    assert "$a_1 \\lt  b_{2*3}$" in Elements(page).text
    assert "$$\\frac{1}{N}$$" in Elements(page).text
    assert "\\begin{align}a&=b\\end{align}" in Elements(page).text


def test_links_and_images():
    page = safe_html(
        "[a](https://a.b/c_d?e=f&g=h) ![remote](http://t.r/p.png) ![own](attachment:p.png) "
        "![lost](attachment:q.png) ![fake](attachment:f.png)",
        {"p.png": PNG, "f.png": base64.b64encode(b"GIF89a").decode()},
    )
    elements = Elements(page)
    rel = {"rel": "noopener noreferrer"}
    assert ("a", {"href": "https://a.b/c_d?e=f&g=h"} | rel) in elements.elements
    assert ("a", {"href": "http://t.r/p.png"} | rel) in elements.elements
    images = [attributes for tag, attributes in elements.elements if tag == "img"]
    assert images == [{"alt": "own", "src": f"data:image/png;base64,{PNG}"}]
    assert "lost" in elements.text


def test_blank_stays_blank_and_long_is_cut():
    assert safe_html(" \n\t") == ""
    page = safe_html("x" * (MAX_TEXT + 7))
    assert "(7 more characters)" in page
    assert len(page) < MAX_TEXT + 200


@pytest.mark.parametrize(
    "text", ["[" * 40_000, "![" * 20_000, "> " * 20_000, "<" * 40_000, "$" * 40_000]
)
def test_nesting_without_end_is_borne(text):
    assert_harmless(safe_html(text))


def test_plain_text_keeps_its_lines():
    page = text_html("a <b> *c*\nd \ud800")
    assert Elements(page).text == "a <b> *c*d ?"
    assert [tag for tag, _ in Elements(page).elements] == ["div", "p", "br"]
    assert safe_html(page) == page
    assert Elements(markdown2html_mistune(page)).text.strip() == "a <b> *c*d ?"


def png(width=1, height=1, magic=b"\x89PNG\r\n\x1a\n", chunk=b"IHDR"):
    data = magic + struct.pack(">I", 13) + chunk + struct.pack(">II", width, height) + bytes(16)
    return base64.b64encode(data).decode()


def test_only_png_images_of_bearable_size():
    assert verified_png(PNG) == PNG
    assert verified_png([PNG[:10] + "\n", PNG[10:]]) == PNG
    assert verified_png(png())
    for bad in (
        None, 3, "", "%%%", "é", png(magic=b"\x89JPG\r\n\x1a\n"), png(chunk=b"EVIL"),
        png(width=0), png(width=2**31, height=2**31), "A" * 10_000_000,
    ):  # fmt: skip
        assert verified_png(bad) is None


@given(st.one_of(st.text(), st.binary().map(lambda b: base64.b64encode(b).decode()), st.none()))
def test_no_data_makes_the_image_check_fail(data):
    assert verified_png(data) is None
