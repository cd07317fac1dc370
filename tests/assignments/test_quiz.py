"""Quizzes: files are read strictly; a click, or a letter, is answered with a reason."""

import html
import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments import quiz as engine
from assignments.quiz import FOLDER, Choice, Question, QuizError, find_quiz, quiz, read_quizzes

FILES = sorted(FOLDER.glob("*/*.md"))
GOOD = """\
# A title

## knn-distances

### How far apart are $(0, 0)$ and $(3, 4)$?
- [ ] 7
  That is the *L1* distance.
- [x] 5
  The root of $9 + 16$,
  and $1 < 2$.
- [ ] 25
  The root is missing.

### What does this print?

```python
print(np.ones((3, 4)).sum(axis=0).shape)
```

- [ ] `(3,)`
  That is `axis=1`.
- [ ] `(3, 4)`
  A sum takes the axis away.
- [x] `(4,)`
  See [NumPy](https://numpy.org).
### Third?
- [x] one
  Yes.
- [ ] two
  No.
- [ ] three
  No.
- [ ] four
  Nor this.
"""


@pytest.fixture
def written(tmp_path):
    """Writes a file of the notebook knn, and gives its path."""

    def write(text):
        file = tmp_path / "a1_classifiers" / "knn.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def recorded(monkeypatch):
    """What is kept with the progress."""
    results = []
    monkeypatch.setattr(
        engine, "keep", lambda section, name, **what: results.append((section, name, what))
    )
    return results


@pytest.fixture
def good(written, monkeypatch, recorded):
    """The quiz above, found by its name."""
    monkeypatch.setattr(engine, "find_quiz", lambda name: read_quizzes(written(GOOD))[name])
    return read_quizzes(written(GOOD))["knn-distances"]


def test_a_question_has_text_choices_and_reasons(good):
    assert [len(question.choices) for question in good] == [3, 3, 4]
    assert "".join(question.answer for question in good) == "bca"
    assert good[0].choices[1] == Choice("5", True, "The root of $9 + 16$, and $1 < 2$.")
    assert good[1].text.startswith("What does this print?\n\n```python\n")


WORDS = st.builds(
    # What begins like a word is no Markdown of a block.
    lambda first, text: (first + text.replace("```", "")).strip(),
    st.sampled_from("abc0"),
    st.text("abc xyz$*`[]()#-<&0"),
)


@given(data=st.data())
def test_what_is_written_is_what_is_read(tmp_path_factory, data):
    def question():
        texts = data.draw(st.lists(WORDS, min_size=3, max_size=4, unique=True))
        right = data.draw(st.integers(0, len(texts) - 1))
        choices = [Choice(t, n == right, data.draw(WORDS)) for n, t in enumerate(texts)]
        return Question(data.draw(WORDS), tuple(choices))

    quizzes = {
        f"knn-{name}": [question() for _ in range(data.draw(st.integers(3, 4)))]
        for name in data.draw(st.sets(st.sampled_from(["one", "two", "k-3"]), min_size=1))
    }
    lines = []
    for name, questions in quizzes.items():
        lines.append(f"## {name}")
        for asked in questions:
            lines.append(f"### {asked.text}")
            for choice in asked.choices:
                lines += [f"- [{'x' if choice.right else ' '}] {choice.text}", f"  {choice.reason}"]
    file = tmp_path_factory.mktemp("quizzes") / "knn.md"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read_quizzes(file) == quizzes


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("# A title", "A title", 1, "what is this line"),
        ("## knn-distances", "## svm-distances", 3, "called knn-"),
        ("## knn-distances", "## knn-", 3, "called knn-"),
        ("- [x] 5", "- [ ] 5", 5, "exactly one right"),
        ("- [ ] 7", "- [x] 7", 5, "exactly one right"),
        ("- [ ] 7", "- [X] 7", 6, "what is this line"),
        ("  That is the *L1* distance.", "", 6, "no reason"),
        ("  That is the *L1* distance.", "That is it.", 7, "what is this line"),
        ("- [ ] 25\n  The root is missing.\n", "", 5, "three or four choices"),
        ("- [ ] 25", "- [ ] 7", 5, "say the same"),
        ("- [ ] four", "- [ ] five\n  No.\n- [ ] four", 26, "three or four choices"),
        (")\n```", ")", 14, "no end"),
        ("### Third?", "", 3, "three or four questions"),
        (GOOD[GOOD.index("### Third") :], "", 3, "three or four questions"),
        (GOOD[11:], "", 1, "no quiz"),
        ("# A title", GOOD, 37, "a quiz knn-distances above"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(written, old, new, line, what):
    assert old in GOOD
    with pytest.raises(QuizError, match=rf"^knn\.md, line \d+: .*{what}") as error:
        read_quizzes(written(GOOD.replace(old, new, 1)))
    assert f"line {line}:" in str(error.value)


def test_a_wrong_name_is_answered_with_those_that_there_are(written):
    folder = written(GOOD).parents[1]
    assert len(find_quiz("knn-distances", folder)) == 3
    for name in ("knn-k", "nothing"):
        with pytest.raises(LookupError, match=rf"'{name}'.*knn-distances"):
            find_quiz(name, folder)


def test_letters_are_answered_with_reasons(good, recorded, capsys):
    quiz("knn-distances", answers="b, c d")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "1. ✓ Right. b) 5"
    assert printed[1].strip() == "The root of $9 + 16$, and $1 < 2$."
    assert printed[4] == "3. ✗ Not this one. d) four"
    assert printed[-1] == "2 of 3 right."
    assert recorded == [("quizzes", "knn-distances", {"right": 2, "of": 3})]


@pytest.mark.parametrize("answers", ["bc", "bcaa", "bcx", "bdc"])
def test_letters_that_do_not_fit_are_refused(good, recorded, answers):
    with pytest.raises(ValueError, match="question"):
        quiz("knn-distances", answers=answers)
    assert not recorded


def test_a_plain_terminal_gets_text(good, capsys):
    quiz("knn-distances")
    printed = capsys.readouterr().out
    assert "1. How far apart are $(0, 0)$ and $(3, 4)$?\n   a) 7\n   b) 5" in printed
    assert 'quiz("knn-distances", answers="' in printed
    assert "✓" not in printed
    assert "The root" not in printed


@pytest.fixture
def shown(good, monkeypatch):
    """What a notebook is given to show."""
    bundles = []
    monkeypatch.setattr(engine.InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(engine, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_without_widgets_a_notebook_gets_folds(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    quiz("knn-distances")
    (bundle,) = shown
    assert set(bundle) == {"text/html", "text/plain"}
    page = bundle["text/html"]
    assert page.count("<details>") == page.count("</details>") == 10
    assert "<em>L1</em>" in page
    assert "$1 &lt; 2$" in page
    assert "<pre>print(np.ones((3, 4)).sum(axis=0).shape)</pre>" in page
    assert '<a href="https://numpy.org">NumPy</a>' in page


def test_a_click_is_answered_at_once_and_the_first_of_each_question_counts(good, recorded, shown):
    quiz("knn-distances")
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    box = engine._as_widget("knn-distances", good)
    rows = [child.children for child in box.children if hasattr(child, "children")]
    assert len(rows) == 10

    def click(number):
        button, text = rows[number]
        button.click()
        return button.description, text.value

    assert not [text for _button, text in rows if "Right" in text.value]
    sign, text = click(0)
    assert sign == "✗ a"
    assert "Not this one" in text
    assert "<em>L1</em>" in text
    sign, text = click(1)  # the second of this question
    assert sign == "✓ b"
    assert "Right" in text
    click(5)
    assert not recorded
    click(6)
    assert recorded == [("quizzes", "knn-distances", {"right": 2, "of": 3})]
    assert box.children[-1].value == "2 of 3 right at the first click."
    click(6)
    assert len(recorded) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b & *c*", "a &lt; b &amp; <em>c</em>"),
        ("**bold `x*y*z`**", "<strong>bold <code>x*y*z</code></strong>"),
        ("$a*b*c$ and 2 * 3 * 4", "$a*b*c$ and 2 * 3 * 4"),
        ("<script>", "&lt;script&gt;"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
    ],
)
def test_markdown_of_a_line(text, expected):
    assert engine._inline(text) == expected


# --- the quizzes of the course -----------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_file_belongs_to_a_notebook_that_asks_its_quizzes(file):
    """Reading checks the rest: names, numbers, one right choice each, reasons."""
    source = FOLDER.parents[1] / "source" / file.parent.name / f"{file.stem}.ipynb"
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    asked = {
        name: cell
        for cell in cells
        if cell["cell_type"] == "code"
        for name in re.findall(r"^quiz\(\"(.*?)\"\)", "".join(cell["source"]), re.M)
    }
    assert set(asked) == set(read_quizzes(file))
    for cell in asked.values():
        assert "experiment" in cell["metadata"]["tags"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_right_choice_is_not_always_the_same_letter(file):
    letters = [q.answer for questions in read_quizzes(file).values() for q in questions]
    assert len(set(letters)) > 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_markdown_leaves_nothing_behind(file):
    """No star, tick or bracket of Markdown is shown as it is."""
    for questions in read_quizzes(file).values():
        page = html.unescape(engine._as_html(questions))
        page = re.sub(r"<pre>.*?</pre>|<code>.*?</code>|\$\$?[^$]+\$\$?", "", page, flags=re.S)
        assert not re.search(r"`|\*\*|\]\(", page)
