"""The student's side of every check: live names, kept values, and the few things a check may ask.

A :class:`Workspace` answers messages, plain dictionaries. In a student's kernel it is called
directly; in the sandbox it sits behind the wire. Nothing here is trusted by the grader: whatever a
reply claims is judged on the other side.
"""

import importlib
import itertools
import linecache
import random
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import numpy as np

from assignments import probes
from assignments.messages import N_, _
from assignments.notebook import WRITE_HERE, describe_error
from assignments.values import (
    Exporter,
    Handle,
    HandleTable,
    Served,
    call_and_compare,
    export_value,
    import_value,
    write_back,
)

__all__ = ["MAKERS", "Workspace"]

#: What ``make`` may build inside, besides what the student's code defines.
MAKERS: dict[str, Callable[..., Any]] = {
    "numpy.random.default_rng": np.random.default_rng,
    "answered": probes.answered,
    "elsewhere": probes.elsewhere,
    "watched": probes.watched,
}
#: Modules of which ``make`` may build whatever they define (``torch.optim.SGD``).
_MAKER_MODULES = ("torch.nn", "torch.optim")

#: File names of code in a loaded notebook, and in a running kernel.
_CELL = re.compile(r"<.* cell (\d+)>|<ipython-input-(\d+)|.*ipykernel_\d+[/\\]")

_ABSENT = object()
#: The name of a class, even of one whose metaclass would rather not say.
_type_name = type.__dict__["__name__"].__get__


class Workspace:
    """Live names and kept values, reached through messages.

    Args:
        names: the namespace of the student's code.
        missing: for names that are not there, the reason.
        absent: the reason for all others.
        call_out: asks the check's side to answer a served function. It takes a message
            ``{"served", "args", "kwargs", "state"}`` and returns a reply like those made here.
    """

    def __init__(
        self,
        names: MutableMapping[str, Any],
        missing: Mapping[str, str] | None = None,
        call_out: Callable[[dict], dict] | None = None,
        absent: str = N_("{name} is not defined"),
    ) -> None:
        self.names = names
        self.missing = missing if missing is not None else {}
        self.absent = absent
        self.call_out = call_out
        self.table = HandleTable()
        self._replaced: list[tuple[Any, str, Any]] = []

    def answer(self, message: dict) -> dict:
        """Do what a message asks.

        Returns:
            ``{"value": ...}``, with ``"changed"`` when the call changed its arguments, or
            ``{"error": {"type", "message", "cell", "line", "function"}}``.
        """
        try:
            operation = getattr(self, f"_do_{message['op']}")
            if "seed" in message:
                _reseed(message["seed"])
            return operation(message)
        except BaseException as error:
            return {"error": self._describe(error)}

    # --- operations --------------------------------------------------------------------------

    def _do_call(self, message: dict) -> dict:
        function = self._find(message)
        before = (message["args"], message["kwargs"])
        args, kwargs = self._import(before[0]), self._import(before[1])
        result, changed = call_and_compare(function, args, kwargs, before)
        reply = self._reply(result, message)
        if changed:
            reply["changed"] = {
                place: export_value((args if isinstance(place, int) else kwargs)[place], self.table)
                for place in changed
            }
        return reply

    def _do_put(self, message: dict) -> dict:
        return {"value": self.table.add(self._import(message["value"]))}

    def _do_get(self, message: dict) -> dict:
        return self._reply(self._find(message), message)

    def _do_set(self, message: dict) -> dict:
        *path, (how, key) = message["path"]
        owner = self._find({**message, "path": path})
        value = self._import(message["value"])
        if how == "attr":
            setattr(owner, key, value)
        else:
            owner[self._import(key)] = value
        return {"value": None}

    def _do_make(self, message: dict) -> dict:
        maker = _maker(message["kind"])
        made = maker(*[self._import(value) for value in message["args"]])
        return {"value": self.table.add(made)}

    def _do_iterate(self, message: dict) -> dict:
        items = itertools.islice(iter(self._find(message)), message["limit"])
        return self._reply(list(items), message)

    def _do_backward(self, message: dict) -> dict:
        self._find(message).backward(self._import(message["gradient"]))
        return {"value": None}

    def _do_batch(self, message: dict) -> dict:
        return {"value": [self.answer(part) for part in message["parts"]]}

    def _do_defined(self, message: dict) -> dict:
        """Of some names, those that are missing, with the reason."""
        absent = {}
        for name in message["names"]:
            root, *attributes = name.split(".")
            try:
                value = self._name(root)
                for attribute in attributes:
                    value = getattr(value, attribute)
            except (NameError, AttributeError) as error:
                absent[name] = str(error)
        return {"value": absent}

    def _do_serve(self, message: dict) -> dict:
        """Replace functions and methods by ones that the check's side answers."""
        for name in message["names"]:
            owner_name, _dot, attribute = name.rpartition(".")
            if not owner_name:
                self._replace(self.names, name, self._served_function(Served(name)))
                continue
            if not isinstance(self.names.get(owner_name), type):
                self._replace(self.names, owner_name, type(owner_name, (), {}))
            self._replace(self.names[owner_name], attribute, self._served_method(name))
        return {"value": None}

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        if isinstance(owner, MutableMapping):
            self._replaced.append((owner, name, owner.get(name, _ABSENT)))
            owner[name] = value
        else:
            self._replaced.append((owner, name, vars(owner).get(name, _ABSENT)))
            setattr(owner, name, value)

    def _do_restore(self, message: dict) -> dict:
        """Undo every ``serve``."""
        while self._replaced:
            owner, name, value = self._replaced.pop()
            if isinstance(owner, MutableMapping):
                if value is _ABSENT:
                    owner.pop(name, None)
                else:
                    owner[name] = value
            elif value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        return {"value": None}

    # --- helpers -----------------------------------------------------------------------------

    def _name(self, name: str) -> Any:
        try:
            return self.names[name]
        except KeyError:
            raise NameError(self._why_missing(name), name=name) from None

    def _why_missing(self, name: str) -> str:
        return self.missing.get(name) or _(self.absent).format(name=name)

    def _find(self, message: dict) -> Any:
        root = message["root"]
        value = self.table[root.id] if isinstance(root, Handle) else self._name(root)
        for how, key in message["path"]:
            value = getattr(value, key) if how == "attr" else value[self._import(key)]
        return value

    def _import(self, value: Any) -> Any:
        return import_value(value, self.table, self._served_function)

    def _reply(self, value: Any, message: dict) -> dict:
        if message.get("keep"):
            return {"value": self.table.add(value)}
        exporter = Exporter(self.table)
        reply = {"value": exporter.export(value)}
        return {**reply, "matrix": True} if exporter.matrix else reply

    def _served_function(self, served: Served) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            return self._call_out(served.name, args, kwargs, None)

        function.__name__ = function.__qualname__ = re.split("[.:]", served.name)[-1]
        return function

    def _served_method(self, name: str) -> Callable[..., Any]:
        def method(this: Any, *args: Any, **kwargs: Any) -> Any:
            return self._call_out(name, args, kwargs, this)

        method.__name__ = name.rpartition(".")[2]
        return method

    def _call_out(self, name: str, args: tuple, kwargs: dict, this: Any) -> Any:
        if self.call_out is None:
            raise RuntimeError(_("{name} is not available in grading").format(name=name))
        reply = self.call_out(
            {
                "served": name,
                "args": [export_value(value, self.table) for value in args],
                "kwargs": {key: export_value(value, self.table) for key, value in kwargs.items()},
                "state": None if this is None else export_value(dict(vars(this)), self.table),
            }
        )
        if "error" in reply:
            raise RuntimeError(f"{name}: {reply['error']['message']}")
        for place, new in reply.get("changed", {}).items():
            write_back(args[place] if isinstance(place, int) else kwargs[place], self._import(new))
        if this is not None:
            for key, value in reply["state"].items():
                setattr(this, key, self._import(value))
        return self._import(reply["value"])

    def _describe(self, error: BaseException) -> dict:
        """An exception as plain bounded text, with the last place in the student's code."""
        message = describe_error(error)
        if isinstance(error, NameError) and isinstance(error.name, str):
            message = self.missing.get(error.name) or message
        cell = line = 0
        function = ""
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if found := _CELL.match(code.co_filename):
                cell, line = int(found[1] or found[2] or 0), trace.tb_lineno
                function = "" if code.co_name == "<module>" else code.co_qualname
                if isinstance(error, NotImplementedError) and not message:
                    message = _left_over(code.co_filename, line)
            trace = trace.tb_next
        return {
            "type": _type_name(type(error))[:80],
            "message": message,
            "cell": cell,
            "line": line,
            "function": str.partition(function, ".<locals>")[0][:80],
        }


def _left_over(file: str, line: int) -> str:
    """What to say of a bare ``raise NotImplementedError`` below code that the student wrote."""
    above = linecache.getline(file, line - 1).strip() or linecache.getline(file, line - 2).strip()
    if not above or above == WRITE_HERE:
        return ""
    return _("the line `raise NotImplementedError` is still reached; remove it")


def _maker(kind: str) -> Callable[..., Any]:
    module, _dot, name = kind.rpartition(".")
    if module in _MAKER_MODULES:
        return getattr(importlib.import_module(module), name)
    return MAKERS[kind]


def _reseed(seed: int) -> None:
    """Make chance repeat: the same before every call."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed: it asks for GPUs, slowly
