"""The ``student`` that a check is given: a proxy for the student's code.

A check is written against it once and runs on both sides::

    dists = student.compute_distances(X)            # call a function, get plain values
    model = student.TwoLayerNet(hidden_dim=5)       # an object stays inside; this is a Remote
    model.set("params['W1']", W1)                   # set and get by path
    loss, grads = model.loss(X, y)

In a student's kernel the messages go straight to a :class:`~assignments.workspace.Workspace`; in
grading they go over the wire of the sandbox.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from assignments.form import note_form
from assignments.messages import N_, _
from assignments.values import (
    MAX_BYTES,
    Handle,
    HandleTable,
    Served,
    call_and_compare,
    export_value,
    import_value,
)

__all__ = [
    "MAX_NAME",
    "MAX_TEXT",
    "CheckFailed",
    "Files",
    "Reading",
    "Remote",
    "Reply",
    "Student",
    "StudentError",
    "Transport",
    "explained",
    "files_here",
    "in_process",
    "no_such_name",
]


#: Characters of an exception's message that are told.
MAX_TEXT = 500
#: Characters of a type's or a function's name that are told, and of what else is said of a type.
MAX_NAME = 40
#: Lines and cells beyond this are none.
_MAX_PLACE = 100_000


class CheckFailed(AssertionError):
    """A check did not pass.

    Attributes:
        reason: what is wrong, as the student reads it.
        symptom: what the answer alone tells of the cause ("every sign is flipped"), or "".
    """

    def __init__(self, reason: str, symptom: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.symptom = symptom


class StudentError(CheckFailed):
    """The student's code raised an exception.

    Args:
        error: as :func:`_checked_error` leaves it.
        length: characters of its message that may be told.
    """

    def __init__(self, error: Mapping[str, Any], length: int = MAX_TEXT) -> None:
        self.type: str = error["type"]
        self.message: str = _clipped(error["message"], length)
        self._all: str = error["message"]
        #: The type and the place, which are the same when an exception comes up again.
        self.what = f"{self.type}{_place(error)}"
        if self.blank:
            reason = self.message or _("not implemented yet")
        elif self.type == "SyntaxError" or (self.type == "NameError" and not error["line"]):
            reason = self.message  # it says all
        else:
            reason = _("your code raised {error}{where}").format(
                error=f"{self.type}: {self.message}".rstrip(": "), where=_place(error)
            )
        super().__init__(reason)

    @property
    def blank(self) -> bool:
        """Is this only the ``raise NotImplementedError`` of the untouched release?"""
        return self.type == "NotImplementedError"


@contextmanager
def explained(causes: Mapping[str, str]) -> Iterator[None]:
    """Where the student's code raises an exception with such a text, add what may be the cause."""
    try:
        yield
    except StudentError as error:
        for text, cause in causes.items():
            if text in error._all:
                error.symptom = _(cause)
                break
        raise


def _place(error: Mapping[str, Any]) -> str:
    """Where in the student's code an exception came up, in brackets, as far as that is known."""
    if not error["line"]:
        return ""
    place = _("line {line} of {function}") if error["function"] else _("line {line}")
    place = place.format(line=error["line"], function=error["function"])
    return (_(" (cell {cell}, {place})") if error["cell"] else _(" ({place})")).format(
        cell=error["cell"], place=place
    )


#: Carries a message to the workspace and brings the reply; meanwhile the student's code may call
#: served functions, which the second argument answers.
Transport = Callable[[dict, Callable[[dict], dict]], dict]


@dataclass(frozen=True)
class Reply:
    """One reply, as kept in a transcript."""

    operation: str
    value: Any = None
    error: Mapping[str, Any] | None = None
    changed: Mapping[int | str, Any] = field(default_factory=dict)


class ServedFunctions(Protocol):
    """Finds the function or method that answers a served name; KeyError if it may not be had."""

    def __call__(self, name: str) -> Callable[..., Any]: ...


def _nothing_served(name: str) -> Callable[..., Any]:
    raise KeyError(name)


class Reading(Protocol):
    """Reads the source text of a notebook's code."""

    def source(self, name: str) -> str:
        """Of a function, class or method; StudentError if no cell defines it."""

    def methods(self, attribute: str) -> list[str]:
        """What an attribute of this name may be: ``["Net.loss"]``."""


def no_such_name(name: str) -> StudentError:
    """No cell of the notebook defines this name."""
    message = _("{name} is not defined").format(name=name)
    return StudentError({"type": "NameError", "message": message, "cell": 0, "line": 0})


#: Finds a file that lies beside the notebook; LookupError says why it cannot be had.
Files = Callable[[str], bytes]


def files_here(name: str) -> bytes:
    """A file of the current folder, which is that of the notebook while its kernel runs."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        reason = _("{file} is not there: {why}; run the cell that saves it, then try again")
        raise LookupError(reason.format(file=name, why=error.strerror)) from None


class Student:
    """Calls the student's code; every name that is not a method here is one of the student's.

    Args:
        transport: where messages go.
        seed: what ``random``, NumPy and torch are seeded with before every call.
        served: finds the functions that the question allows the student's code to be served.
        files: finds the files beside the notebook.
        shared: see the property of this name.
        reading: reads the source text of the code.
        course_seed: see the attribute of this name.
        text: characters of an exception's message that a reason may tell.

    Attributes:
        transcript: all replies so far.
        asked: the names and attributes that the check has called, read or set.
        course_seed: seeds what is the same for everybody, such as held-out images.
    """

    def __init__(
        self,
        transport: Transport,
        seed: int = 0,
        served: ServedFunctions = _nothing_served,
        files: Files = files_here,
        shared: dict[str, Any] | None = None,
        reading: "Reading | None" = None,
        course_seed: int = 0,
        text: int = MAX_TEXT,
    ) -> None:
        self._transport = transport
        self._seed = seed
        self._served = served
        self._own_served: dict[str, Callable[..., Any]] = {}
        self._files = files
        self._shared = {} if shared is None else shared
        self._reading = reading
        self.transcript: list[Reply] = []
        self.asked: set[str] = set()
        self.course_seed = course_seed
        self._text = text

    def __getattr__(self, name: str) -> "Callable[..., Any]":
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.call(name, *args, **kwargs)

    # --- what a check may do -------------------------------------------------------------------

    def call(self, target: "str | Remote", *args: Any, keep: bool = False, **kwargs: Any) -> Any:
        """Call a function by name, or a kept callable.

        Args:
            target: a name, a dotted path (``"model.forward"``) or a :class:`Remote`.
            keep: leave the result inside, whatever it is, and return a :class:`Remote`.

        Raises:
            StudentError: the student's code raised.
        """
        return self._ask({**self._call_message(target, args, kwargs), "keep": keep})

    def put(self, value: Any) -> "Remote":
        """Keep a value inside, so that what calls do to it in place can be read back."""
        return self._ask({"op": "put", "value": self._export(value)})

    def get(self, target: "str | Remote", path: str = "", keep: bool = False) -> Any:
        """Read a value by path, such as ``get(model, "params['W1']")``."""
        return self._ask({"op": "get", **_address(target, path), "keep": keep})

    def set(self, target: "str | Remote", path: str, value: Any) -> None:
        """Write a value by path, such as ``set(model, "params['W1']", W1)``."""
        self._ask({"op": "set", **_address(target, path), "value": self._export(value)})

    def make(self, kind: str, *args: Any) -> "Remote":
        """Make a helper object inside: ``make("numpy.random.default_rng", 0)``.

        Args:
            kind: one of :data:`assignments.workspace.MAKERS`, or a class of ``torch.nn`` or
                ``torch.optim``: ``make("torch.nn.Linear", 3, 2)``.
        """
        return self._ask({"op": "make", "kind": kind, "args": [self._export(a) for a in args]})

    def iterate(self, target: "str | Remote", limit: int = 1000) -> list:
        """The first items of something iterable, at most ``limit``."""
        return self._ask({"op": "iterate", **_address(target, ""), "limit": limit})

    def backward(self, target: "str | Remote", gradient: Any) -> None:
        """Call ``backward(gradient)`` on a kept torch tensor."""
        self._ask({"op": "backward", **_address(target, ""), "gradient": self._export(gradient)})

    def batch(self, calls: Iterable[tuple]) -> list:
        """Many calls in one message.

        Args:
            calls: tuples ``(target, *args)``.

        Returns:
            The results in order. The first failing call raises as a single call would.
        """
        parts = [
            {**self._call_message(target, args, {}), "seed": self._seed} for target, *args in calls
        ]
        replies = self._ask({"op": "batch", "parts": parts}, plain=True)
        if not isinstance(replies, list) or len(replies) != len(parts):
            raise CheckFailed(_("the answer to a batch of calls is malformed"))
        return [self._result("call", reply) for reply in replies]

    def serve(self, function: Callable[..., Any], name: str = "f") -> Served:
        """Pass the result as an argument: the student's code can call ``function`` through it."""
        name = f"{name}#{len(self._own_served)}"
        self._own_served[name] = function
        return Served(name)

    def source(self, target: str) -> str:
        """The source text of a function or of a method (``"Net.loss"``), for reading its syntax.

        Raises:
            StudentError: no cell defines it.
            CheckFailed: it cannot be read.
        """
        if self._reading is None:
            raise CheckFailed(_("the source of {name} cannot be read").format(name=target))
        return self._reading.source(target)

    def methods(self, attribute: str) -> list[str]:
        """What an attribute of this name may be, of the notebook's code: ``["Net.loss"]``."""
        return [] if self._reading is None else self._reading.methods(attribute)

    def file(self, name: str) -> bytes:
        """A file that was handed in beside the notebook; its content is not to be trusted.

        Raises:
            CheckFailed: it is missing or was not read; the reason says which.
        """
        try:
            return self._files(name)
        except LookupError as error:
            raise CheckFailed(str(error.args[0])) from None

    def missing(self, names: Iterable[str]) -> dict[str, str]:
        """Of some names (``"Net.loss"``), those that are not defined, with the reason."""
        reply = self._ask({"op": "defined", "names": list(names)})
        return reply if isinstance(reply, dict) else {}

    def replace(self, names: Iterable[str]) -> None:
        """From now on the reference answers these names of the student's; see ``restore``."""
        self._ask({"op": "serve", "names": list(names)})

    def restore(self) -> None:
        """Undo ``replace``."""
        self._ask({"op": "restore"})

    @property
    def shared(self) -> dict[str, Any]:
        """What the checks of one question keep for each other, such as an answer that took long."""
        return self._shared

    @property
    def changed(self) -> Mapping[int | str, Any]:
        """Arguments that the last call changed: position or keyword, with what is in it now."""
        return self.transcript[-1].changed if self.transcript else {}

    # --- messages ------------------------------------------------------------------------------

    def narrow(self, place: int) -> None:
        """Let one part alone of the last reply tell of mistakes; the others are not asked for."""
        last = self.transcript[-1]
        if isinstance(last.value, list | tuple) and place < len(last.value):
            self.retell(last.value[place])

    def retell(self, value: Any) -> None:
        """Let this tell of mistakes in the place of what the last reply holds."""
        self.transcript[-1] = replace(self.transcript[-1], value=value)

    def _call_message(self, target: "str | Remote", args: Iterable, kwargs: Mapping) -> dict:
        return {
            "op": "call",
            **_address(target, ""),
            "args": [self._export(value) for value in args],
            "kwargs": {key: self._export(value) for key, value in kwargs.items()},
        }

    def _ask(self, message: dict, plain: bool = False) -> Any:
        for part in message.get("parts", [message]):
            self.asked.update(key for how, key in part.get("path", ()) if how == "attr")
            if isinstance(part.get("root"), str):
                self.asked.add(part["root"])
        reply = self._transport({**message, "seed": self._seed}, self._answer)
        if plain and isinstance(reply, dict) and "value" in reply:
            return reply["value"]
        return self._result(message["op"], reply)

    def _result(self, operation: str, reply: Any) -> Any:
        if not isinstance(reply, dict) or not ({"value", "error"} & reply.keys()):
            raise CheckFailed(_("your code's answer is malformed"))
        if "error" in reply:
            error = _checked_error(reply["error"])
            self.transcript.append(Reply(operation, error=error))
            raise StudentError(error, self._text)
        changed = reply.get("changed", {})
        kept = Reply(operation, reply["value"], changed=changed if type(changed) is dict else {})
        self.transcript.append(kept)
        if reply.get("matrix") is True:
            note_form(_("a result is of type np.matrix, where a NumPy array is documented"))
        return self._wrap(reply["value"])

    def _export(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._handle
        if type(value) in (list, tuple):
            return type(value)(self._export(item) for item in value)
        if type(value) is dict:
            return {key: self._export(item) for key, item in value.items()}
        exported = export_value(value, _REFUSING)
        return exported

    def _wrap(self, value: Any) -> Any:
        if type(value) is Handle:
            texts = (_plain(text, MAX_NAME) for text in (value.type_name, value.detail))
            return Remote(self, Handle(value.id, *texts))
        if type(value) in (list, tuple):
            return type(value)(self._wrap(item) for item in value)
        if type(value) is dict:
            return {key: self._wrap(item) for key, item in value.items()}
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and 0 in shape and max(shape) > MAX_BYTES:
            # The sizes of an array without elements are free: they could say anything.
            raise CheckFailed(_("your code's answer is malformed"))
        if hasattr(value, "requires_grad"):
            return value.detach()
        return value

    def _answer(self, request: dict) -> dict:
        """Answer the student's code, which calls a served function."""
        try:
            name, args, kwargs = request["served"], request["args"], request["kwargs"]
            state = request["state"]
            if not (type(name) is str and type(args) is list and type(kwargs) is dict):
                raise TypeError("malformed request")
            function = self._own_served.get(name) or self._served(name)
        except (KeyError, TypeError):
            name = str(request.get("served"))[:80]
            message = _("{name} is not available to this question").format(name=name)
            return {"error": {"type": "LookupError", "message": message, "cell": 0, "line": 0}}
        try:
            plain_args = [import_value(value, _NO_HANDLES, _no_functions) for value in args]
            plain_kwargs = {
                key: import_value(value, _NO_HANDLES, _no_functions)
                for key, value in kwargs.items()
            }
            reply: dict = {}
            if state is not None:
                this, function = function(state)
            result, changed = call_and_compare(function, plain_args, plain_kwargs, (args, kwargs))
            reply["value"] = export_value(result, _REFUSING_RESULTS)
            if state is not None:
                reply["state"] = export_value(dict(vars(this)), _REFUSING_RESULTS)
            if changed:
                reply["changed"] = {
                    place: export_value(
                        plain_args[place] if isinstance(place, int) else plain_kwargs[place],
                        _REFUSING_RESULTS,
                    )
                    for place in changed
                }
            return reply
        except Exception as error:
            message = f"{type(error).__name__}: {error}"[:300]
            return {"error": {"type": "ServedError", "message": message, "cell": 0, "line": 0}}


class Remote:
    """A value that stays with the student's code; its methods can be called from here."""

    def __init__(self, student: Student, handle: Handle) -> None:
        self._student = student
        self._handle = handle

    def __getattr__(self, name: str) -> "Callable[..., Any]":
        if name.startswith("_"):
            raise AttributeError(name)
        path = [("attr", name)]

        def method(*args: Any, keep: bool = False, **kwargs: Any) -> Any:
            message = self._student._call_message(self, args, kwargs)
            return self._student._ask({**message, "path": path, "keep": keep})

        return method

    def __call__(self, *args: Any, keep: bool = False, **kwargs: Any) -> Any:
        return self._student.call(self, *args, keep=keep, **kwargs)

    def get(self, path: str = "", keep: bool = False) -> Any:
        """Read from it by path; without a path, itself by value where that can be."""
        return self._student.get(self, path, keep)

    def set(self, path: str, value: Any) -> None:
        """Write into it by path."""
        self._student.set(self, path, value)

    @property
    def type_name(self) -> str:
        return self._handle.type_name

    def __repr__(self) -> str:
        return f"<the student's {self._handle}>"


def in_process(workspace: Any) -> Transport:
    """A transport to a workspace of this very process."""

    def transport(message: dict, answer: Callable[[dict], dict]) -> dict:
        workspace.call_out = answer
        try:
            reply = workspace.answer(message)
        finally:
            workspace.call_out = None
        if reply.get("error", {}).get("type") == "KeyboardInterrupt":
            raise KeyboardInterrupt  # the Stop button of the student's kernel
        return reply

    return transport


class _Refusing(HandleTable):
    """Lets only those values through that cross as they are."""

    def __init__(self, advice: str) -> None:
        super().__init__()
        self._advice = advice

    def add(self, value: Any) -> Handle:
        raise TypeError(_(self._advice).format(kind=type(value).__name__))

    def __getitem__(self, number: int) -> Any:
        raise TypeError(_(self._advice).format(kind=_("an object of your own")))


_REFUSING = _Refusing("a check cannot pass a {kind}: use student.put, make or serve")
_NO_HANDLES = _Refusing(
    N_("it takes only numbers, texts, arrays, and containers of them; not {kind}")
)
_REFUSING_RESULTS = _Refusing(N_("its result is of type {kind}, which cannot be handed over"))


def _no_functions(served: Served) -> Callable[..., Any]:
    raise TypeError("a served function cannot be given functions")


def _address(target: "str | Remote", path: str) -> dict:
    """The root and the steps of a path, as a message carries them."""
    if isinstance(target, Remote):
        return {"root": target._handle, "path": _steps(path)}
    steps = _steps(f".{target}{path}" if path.startswith("[") or not path else f".{target}.{path}")
    return {"root": steps[0][1], "path": steps[1:]}


@lru_cache
def _steps(path: str) -> list[tuple[str, Any]]:
    """``"params['W1'].data"`` as ``[("attr", "params"), ("item", "W1"), ("attr", "data")]``."""
    if not path:
        return []
    text = f"_{path}" if path[0] in ".[" else f"_.{path}"
    node = ast.parse(text, mode="eval").body
    steps: list[tuple[str, Any]] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            steps.append(("attr", node.attr))
        elif isinstance(node, ast.Subscript):
            steps.append(("item", ast.literal_eval(node.slice)))
        else:
            raise ValueError(f"not a path of attributes and items: {path!r}")
        node = node.value
    return steps[::-1]


def _checked_error(error: Any) -> dict:
    """An error reply in exactly the form it should have, whatever was sent."""
    error = error if type(error) is dict else {}

    def place(number: Any) -> int:
        return number if type(number) is int and 0 <= number <= _MAX_PLACE else 0

    return {
        "type": _plain(error.get("type"), MAX_NAME) or "Exception",
        "message": _plain(error.get("message"), MAX_TEXT),
        "cell": place(error.get("cell")),
        "line": place(error.get("line")),
        "function": _plain(error.get("function"), MAX_NAME),
    }


def _plain(text: Any, length: int) -> str:
    """At most so many characters of a text, those that cannot be shown as spaces."""
    text = text if type(text) is str else ""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:length])


def _clipped(text: str, length: int) -> str:
    """A text on one line and with an ellipsis, if it is longer than it may be."""
    return text if len(text) <= length else f"{' '.join(text.split())[: length - 1]}…"
