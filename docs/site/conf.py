"""How Sphinx builds the site (`make site`); what it reads, autograder/site/pages.py writes."""

from importlib.util import find_spec
from pathlib import Path

project = "Computer-vision assignments"
html_title = "Computer vision in notebooks"
language = "en"

extensions = ["myst_nb"]
myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_merge_streams = True

# Formulas as SVG from one file, which also a browser without a network and a server can read.
_mathjax = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static/mathjax/tex-svg.js"
mathjax_path = _mathjax.name
mathjax3_config = {
    "options": {"enableMenu": False},
    "tex": {"inlineMath": [["$", "$"], ["\\(", "\\)"]]},
}
myst_mathjax_classes = "mathjax_process|math|text_html"  # the last: what cells put out as HTML

html_theme = "sphinx_book_theme"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "footer_content_items": [],
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
}
html_static_path = ["static", str(_mathjax)]
html_css_files = ["site.css"]
html_sourcelink_suffix = ""
html_use_index = False
