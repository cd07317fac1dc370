"""``quiz("knn-distances")``: a few questions with one click each, to see whether a section sank in.

::

    from assignments.quiz import quiz

Nothing is graded; how many answers were right at the first click is kept with the progress. The
questions stand in ``quizzes/<assignment>/<notebook>.md``, beside this file::

    ## knn-distances
    ### How far apart are $(0, 0)$ and $(3, 4)$?
    - [ ] 7
      That is the L1 distance: 3 + 4.
    - [x] 5
      The root of 9 + 16.
    - [ ] 25
      The square root is missing.

A quiz's name begins with its notebook's. It has three or four questions, each with three or four
choices, of which one is right; the indented lines below a choice say why it is or is not. Text may
hold ``code``, *emphasis*, **bold**, [links](https://...) and $mathematics$; a question, further
paragraphs and fenced code.
"""

import html
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from assignments.messages import _
from assignments.plots import PALETTE
from assignments.progress_file import keep

__all__ = ["FOLDER", "Choice", "Question", "QuizError", "find_quiz", "quiz", "read_quizzes"]

#: Where the questions of all notebooks lie.
FOLDER = Path(__file__).parent / "quizzes"

_RIGHT, _WRONG = PALETTE[0], PALETTE[4]  # blue and vermilion differ to everyone
_LETTERS = "abcd"


class QuizError(ValueError):
    """A file of quizzes is not written as it should be; says which, and in which line."""

    def __init__(self, file: Path, line: int, what: str) -> None:
        super().__init__(f"{file.name}, line {line}: {what}")


@dataclass(frozen=True)
class Choice:
    """A choice, and why it is or is not the right one."""

    text: str
    right: bool
    reason: str


@dataclass(frozen=True)
class Question:
    """A question and its choices, of which one is right."""

    text: str
    choices: tuple[Choice, ...]

    @property
    def answer(self) -> str:
        """The letter of the right choice."""
        return next(
            letter for letter, choice in zip(_LETTERS, self.choices, strict=False) if choice.right
        )


def quiz(name: str, answers: str = "") -> None:
    """Ask the questions of a quiz; a click on a choice says at once whether and why it is right.

    Args:
        name: the quiz, as its cell names it.
        answers: a letter for each question, such as ``"bca"``, where there is nothing to click.

    Raises:
        LookupError: there is no such quiz.
        ValueError: ``answers`` does not fit the questions.
    """
    questions = find_quiz(name)
    if answers:
        print(_marked(name, questions, answers))
    elif not InteractiveShell.initialized():
        print(_as_text(name, questions))
    else:
        shown: dict[str, Any] = {
            "text/html": _as_html(questions),
            "text/plain": _as_text(name, questions),
        }
        if importlib.util.find_spec("ipywidgets"):
            shown = _as_widget(name, questions)._repr_mimebundle_() | shown
        display(shown, raw=True)


# --- finding and reading -----------------------------------------------------------------------


def find_quiz(name: str, folder: Path = FOLDER) -> list[Question]:
    """The questions of a quiz.

    Raises:
        LookupError: there is none of this name; says which the notebook has, or all.
        QuizError: its file is not written as it should be.
    """
    files = sorted(folder.glob("*/*.md"))
    of_notebook = [file for file in files if name.startswith(f"{file.stem}-")]
    quizzes = {
        known: questions
        for file in of_notebook or files
        for known, questions in read_quizzes(file).items()
    }
    if name in quizzes:
        return quizzes[name]
    raise LookupError(
        _("there is no quiz {name!r}. There are: {names}.").format(
            name=name, names=", ".join(quizzes) or _("none")
        )
    )


def read_quizzes(file: Path) -> dict[str, list[Question]]:
    """The quizzes of a notebook, by name.

    Args:
        file: ``quizzes/<assignment>/<notebook>.md``.

    Raises:
        QuizError: it is not written as it should be.
    """
    lines = list(enumerate(file.read_text(encoding="utf-8").splitlines(), start=1))
    title, sections = _split(lines, r"## +(.*?) *")
    _refuse_stray(file, [line for line in title if not line[1].startswith("# ")])
    quizzes: dict[str, list[Question]] = {}
    for number, head, below in sections:
        name = head[1]
        if not re.fullmatch(rf"{re.escape(file.stem)}-[a-z0-9-]+", name):
            raise QuizError(file, number, f"a quiz of this notebook is called {file.stem}-...")
        if name in quizzes:
            raise QuizError(file, number, f"there is a quiz {name} above")
        stray, questions = _split(below, r"### +(.*?) *")
        _refuse_stray(file, stray)
        if not 3 <= len(questions) <= 4:
            raise QuizError(file, number, f"{name} has not three or four questions")
        quizzes[name] = [_question(file, *question) for question in questions]
    if not quizzes:
        raise QuizError(file, 1, f"there is no quiz: ## {file.stem}-...")
    return quizzes


Lines = list[tuple[int, str]]


def _split(lines: Lines, mark: str) -> tuple[Lines, list[tuple[int, re.Match[str], Lines]]]:
    """The lines above the first that matches; then each that does, its number, those below it."""
    heads = [
        (at, found) for at, (_n, line) in enumerate(lines) if (found := re.fullmatch(mark, line))
    ]
    ends = [*(at for at, _found in heads), len(lines)]
    parts = [
        (lines[at][0], found, lines[at + 1 : end])
        for (at, found), end in zip(heads, ends[1:], strict=True)
    ]
    return lines[: ends[0]], parts


def _question(file: Path, number: int, head: re.Match[str], below: Lines) -> Question:
    more, choices = _split(below, r"- \[([ x])\] +(.*?) *")
    _refuse_stray(file, [line for line in more if re.match(r"#|[-*] ?\[", line[1])])
    text = "\n".join([head[1], *(line for _number, line in more)]).strip()
    if text.count("```") % 2:
        raise QuizError(file, number, "the fenced code has no end")
    found = tuple(_choice(file, *choice) for choice in choices)
    if not 3 <= len(found) <= 4:
        raise QuizError(file, number, "the question has not three or four choices")
    if sum(choice.right for choice in found) != 1:
        raise QuizError(file, number, "the question has not exactly one right choice, - [x]")
    if len({choice.text for choice in found}) < len(found):
        raise QuizError(file, number, "two choices of the question say the same")
    return Question(text, found)


def _choice(file: Path, number: int, head: re.Match[str], below: Lines) -> Choice:
    _refuse_stray(file, [line for line in below if not line[1].startswith("  ")])
    reason = " ".join(line.strip() for _number, line in below if line.strip())
    if not reason:
        raise QuizError(file, number, "the choice has no reason below it, indented by two spaces")
    return Choice(head[2], head[1] == "x", reason)


def _refuse_stray(file: Path, lines: Lines) -> None:
    for number, line in lines:
        if line.strip():
            raise QuizError(file, number, f"what is this line? {line.strip()[:60]!r}")


# --- as text -----------------------------------------------------------------------------------


def _as_text(name: str, questions: list[Question]) -> str:
    """The questions, and how to answer them."""
    lines = []
    for number, question in enumerate(questions, start=1):
        lines.append(f"{number}. {question.text}")
        for letter, choice in zip(_LETTERS, question.choices, strict=False):
            lines.append(f"   {letter}) {choice.text}")
        lines.append("")
    example = "".join(_LETTERS[number % 3] for number in range(len(questions)))
    lines.append(
        _("Answer with {call}, a letter for each question.").format(
            call=f'quiz("{name}", answers="{example}")'
        )
    )
    return "\n".join(lines)


def _marked(name: str, questions: list[Question], answers: str) -> str:
    """Which answers are right, and why."""
    given = re.sub(r"[\s,]", "", answers.lower())
    if len(given) != len(questions):
        raise ValueError(
            _("{name} has {count} questions, and {answers!r} answers {given}").format(
                name=name, count=len(questions), answers=answers, given=len(given)
            )
        )
    lines = []
    for number, (letter, question) in enumerate(zip(given, questions, strict=True), start=1):
        at = _LETTERS.find(letter)
        if not 0 <= at < len(question.choices):
            raise ValueError(
                _("question {number} has no choice {letter!r}").format(number=number, letter=letter)
            )
        choice = question.choices[at]
        lines.append(f"{number}. {_verdict(choice)} {letter}) {choice.text}\n   {choice.reason}")
    right = sum(
        letter == question.answer for letter, question in zip(given, questions, strict=True)
    )
    keep("quizzes", name, right=right, of=len(questions))
    lines.append(_("{right} of {total} right.").format(right=right, total=len(questions)))
    return "\n".join(lines)


def _verdict(choice: Choice) -> str:
    return _("✓ Right.") if choice.right else _("✗ Not this one.")


# --- in a notebook -----------------------------------------------------------------------------


def _as_widget(name: str, questions: list[Question]) -> Any:
    """The questions with a button for each choice."""
    import ipywidgets as widgets

    first: dict[int, bool] = {}  # was the first click on a question right?
    result = widgets.HTML()

    def row(number: int, letter: str, choice: Choice) -> Any:
        button = widgets.Button(
            description=letter,
            tooltip=_("Choose {letter}").format(letter=letter),
            layout={"width": "4em", "flex": "none"},
        )
        text = widgets.HTMLMath(_inline(choice.text), layout={"flex": "1", "width": "auto"})

        def clicked(_button: Any) -> None:
            button.description = f"{'✓' if choice.right else '✗'} {letter}"
            text.value = _inline(choice.text) + _reason(choice)
            if number not in first:
                first[number] = choice.right
                if len(first) == len(questions):
                    right = sum(first.values())
                    told = _("{right} of {total} right at the first click.")
                    result.value = html.escape(told.format(right=right, total=len(questions)))
                    keep("quizzes", name, right=right, of=len(questions))

        button.on_click(clicked)
        return widgets.HBox([button, text], layout={"align_items": "baseline"})

    rows: list[Any] = []
    for number, question in enumerate(questions, start=1):
        rows.append(widgets.HTMLMath(_numbered(number, question)))
        rows += [
            row(number, letter, choice)
            for letter, choice in zip(_LETTERS, question.choices, strict=False)
        ]
    return widgets.VBox([*rows, result], layout={"max_width": "48em"})


def _as_html(questions: list[Question]) -> str:
    """The questions with a fold for each choice: for pages, and where there are no widgets."""
    parts = []
    for number, question in enumerate(questions, start=1):
        parts.append(_numbered(number, question))
        for letter, choice in zip(_LETTERS, question.choices, strict=False):
            summary = f"<summary>{letter}) {_inline(choice.text)}</summary>"
            parts.append(f"<details>{summary}{_reason(choice)}</details>")
    return "\n".join(parts)


def _numbered(number: int, question: Question) -> str:
    first, *others = [
        part for part in re.split(r"(```.*?```)|\n\n", question.text, flags=re.S) if part
    ]
    return f"<p><b>{number}. {_inline(first)}</b></p>" + "".join(
        f"<pre>{html.escape(code[1].strip())}</pre>"
        if (code := re.fullmatch(r"```\w*\n(.*)```", part, re.S))
        else f"<p>{_inline(part)}</p>"
        for part in others
        if part.strip()
    )


def _reason(choice: Choice) -> str:
    """Why, behind a bar whose colour says the same as the sign does."""
    colour = _RIGHT if choice.right else _WRONG
    return (
        f'<div style="border-left: 4px solid {colour}; padding-left: 0.6em; margin: 0.2em 0">'
        f"<b>{html.escape(_verdict(choice))}</b> {_inline(choice.reason)}</div>"
    )


def _inline(text: str) -> str:
    """HTML of a line of Markdown; mathematics stays as it is, for MathJax."""
    kept: list[str] = []  # code and mathematics, in which a star is no emphasis

    def keep(found: re.Match[str]) -> str:
        part = found[0]
        kept.append(f"<code>{part[1:-1]}</code>" if part.startswith("`") else part)
        return f"\0{len(kept) - 1}\0"

    text = html.escape(text.replace("\0", ""), quote=False)
    text = re.sub(r"`[^`]+`|\$\$[^$]+\$\$|\$[^$]+\$", keep, text)
    text = re.sub(r"\[([^]]+)\]\((https?://[^)\s\"]+)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"(?<!\w)\*([^*\s][^*]*)\*", r"<em>\1</em>", text)
    return re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], text)
