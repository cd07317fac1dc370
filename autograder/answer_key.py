"""The answer key of a notebook: hidden checks, reference solution, mistakes, variants.

All of it is our own code and runs in the grader's process; nothing of a student's comes here.
"""

import contextlib
import importlib
import io
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

import assignments
from assignments.notebook import Cell, NotebookModule, load, plan
from assignments.questions import Check, collect
from assignments.student import Files, ServedFunctions
from autograder.course import CourseError, SourceNotebook
from autograder.mistakes import Mistake, Patch, apply_patch, load_patches
from autograder.rules import IN_PLACE_OF_NUMPY, Code
from autograder.scope import Scope
from autograder.session import LiveSession

__all__ = ["AnswerKey", "answer_key"]


class AnswerKey:
    """What the grader knows of one source notebook.

    Args:
        source: the notebook; its checks are found by its assignment's and its own name.
    """

    def __init__(self, source: SourceNotebook) -> None:
        self.source = source
        name = f"autograder.checks.{source.assignment}.test_{source.name}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name and not name.startswith(error.name):
                raise
            raise CourseError(
                f"{source.path} has no hidden checks: {name.replace('.', '/')}.py is missing"
            ) from None
        #: Hidden checks by question.
        self.checks: dict[str, list[Check]] = collect(module)
        #: For questions that given names would answer: those names, or modules of helpers.
        self.withheld: Mapping[str, frozenset[str]] = getattr(module, "WITHHELD", {})
        #: For questions, or ``"*"`` for all, patterns of dotted names that would do the exercise.
        self._refused: Mapping[str, tuple[str, ...]] = getattr(module, "REFUSED", {})
        #: Files that are handed in with this notebook, as the reference has them.
        self.files: Mapping[str, bytes] = getattr(module, "FILES", {})
        self._modules: dict[str, NotebookModule] = {}
        self._earlier_modules: dict[str, NotebookModule] = {}
        self._codes: dict[str, Code] = {}
        self._sources: dict[str, SourceNotebook] = {}

    @property
    def packages(self) -> frozenset[str]:
        """Distributions that students may import in this notebook, at home and in grading."""
        return self.source.packages

    @cached_property
    def patches(self) -> list[Patch]:
        return load_patches(self.source.assignment, self.source.name)

    def mistakes(self, question: str) -> list[Mistake]:
        return [p for p in self.patches if isinstance(p, Mistake) and p.question == question]

    @property
    def reference(self) -> NotebookModule:
        """The source notebook as a module."""
        return self._module("", self.source.cells)

    def patched(self, patch: Patch) -> NotebookModule:
        """The source notebook with a mistake or a variant in it."""
        if patch.name not in self._modules:
            return self._module(patch.name, apply_patch(self.source.cells, patch))
        return self._modules[patch.name]

    def _module(self, name: str, cells: list[Cell]) -> NotebookModule:
        if name not in self._modules:
            with self._references_for_previous(), contextlib.redirect_stdout(io.StringIO()):
                module = load(cells, self.source.outline, f"key_{self.source.name}")
            self._modules[name] = module
        return self._modules[name]

    @contextlib.contextmanager
    def _references_for_previous(self) -> Iterator[None]:
        """While it lasts, ``previous()`` gives source notebooks, whose solutions are complete.

        They are loaded once for this key. No other has them: a notebook may put functions of its
        own into an earlier one.
        """
        before = assignments.previous
        assignments.previous = self._previous
        try:
            yield
        finally:
            assignments.previous = before

    def _previous(self, name: str) -> NotebookModule:
        if name not in self._earlier_modules:
            source = self.source_of(name)
            module = load(source.cells, source.outline, f"key_{self.source.name}_{source.name}")
            self._earlier_modules[name] = module
        return self._earlier_modules[name]

    def source_of(self, name: str) -> SourceNotebook:
        """The source of a notebook ``"assignment/notebook"`` of the same course.

        Raises:
            CourseError: it is not there.
        """
        if name not in self._sources:
            assignment, _slash, notebook = name.partition("/")
            path = self.source.path.parents[1] / assignment / f"{notebook}.ipynb"
            if not path.is_file():
                raise CourseError(
                    f"{self.source.assignment}/{self.source.name} stands on {name}, and {path} is "
                    "not there: copy that notebook's source into the course, too"
                )
            self._sources[name] = SourceNotebook(assignment, notebook, path)
        return self._sources[name]

    def files_of(self, patch: Patch | None = None) -> Files:
        """The files beside the reference, or beside a patched one."""
        change = patch.files if patch else {}

        def find(name: str) -> bytes:
            data = self.files[name]
            return change[name](data) if name in change else data

        return find

    def session(self, patch: Patch | None = None) -> LiveSession:
        """The reference with its files, or a patched one, ready to be called in this process."""
        module = self.patched(patch) if patch else self.reference
        return LiveSession(
            vars(module), module.missing_names, self.files_of(patch), self.code(patch)
        )

    def code(self, patch: Patch | None = None) -> Code:
        """What the reference says, or a patched one."""
        name = patch.name if patch else ""
        if name not in self._codes:
            cells = apply_patch(self.source.cells, patch) if patch else self.source.cells
            self._codes[name] = Code(plan(cells, self.source.outline), self.given)
        return self._codes[name]

    @cached_property
    def given(self) -> frozenset[str]:
        """Texts of the source's cells that are no solutions."""
        return frozenset(cell.source for cell in self.source.cells if not cell.solution)

    def refused(self, question: str) -> tuple[str, ...]:
        """Patterns of dotted names that would do a question's exercise."""
        usual = () if "torch" in self.packages else IN_PLACE_OF_NUMPY
        return (*self._refused.get("*", usual), *self._refused.get(question, ()))

    @cached_property
    def scope(self) -> Scope:
        return Scope.of(self.source.cells, self.source.outline)

    def served(self, question: str, replaced: Iterable[str] = ()) -> ServedFunctions:
        """What the student's code may be served while a question is graded.

        That is the scope of the source notebook's given cells: functions of earlier notebooks
        (``"a1_classifiers/two_layer_net:affine_forward"``) and of given helpers
        (``"assignments.features:hog_feature"``). Never what this notebook's solutions define, nor
        what ``WITHHELD`` of the hidden checks names, since it would answer the question.

        Args:
            replaced: names of this notebook (``"f"``, ``"Net.loss"``) that the reference answers.
        """
        own = frozenset(replaced)
        withheld = self.withheld.get(question, frozenset())

        def find(name: str) -> Callable[..., Any]:
            if name in own:
                return self._own(name)
            origin, colon, attribute = name.partition(":")
            if not colon or attribute in self._answers or {name, origin} & withheld:
                raise KeyError(name)
            return self._given(origin, attribute)

        return find

    @cached_property
    def _answers(self) -> frozenset[str]:
        """The functions and classes that solutions of this notebook define."""
        return frozenset().union(*self.source.outline.solutions.values())

    def _given(self, origin: str, name: str) -> Callable[..., Any]:
        """A function that this notebook was given, by where it comes from.

        Raises:
            KeyError: it was not given that.
        """
        if origin in self.scope.earlier:
            return answer_key(self.source_of(origin))._bound(name)
        if origin in self.scope.helpers:
            module = importlib.import_module(origin)
            if name in module.__all__ and isinstance(vars(module)[name], types.FunctionType):
                return vars(module)[name]
        raise KeyError(name)

    def _bound(self, name: str) -> Callable[..., Any]:
        """A function that this notebook's solutions define, or that it was given itself.

        Raises:
            KeyError: there is none of this name.
        """
        function = vars(self.reference)[name]
        if name in self._answers and isinstance(function, types.FunctionType):
            return function
        for origin in (*self.scope.earlier, *self.scope.helpers):
            with contextlib.suppress(KeyError):
                return self._given(origin, name)
        raise KeyError(name)

    def _own(self, name: str) -> Callable[..., Any]:
        owner, _dot, method = name.rpartition(".")
        if not owner:
            return getattr(self.reference, name)
        cls = getattr(self.reference, owner)

        def bind(state: dict) -> tuple[Any, Callable[..., Any]]:
            """An object of the reference's class in the state of the student's, and its method."""
            this = cls.__new__(cls)
            vars(this).update(state)
            return this, getattr(this, method)

        return bind


@cache
def answer_key(source: SourceNotebook) -> AnswerKey:
    """The answer key of a source notebook, made once in a process."""
    return AnswerKey(source)
