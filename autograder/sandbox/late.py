"""Modules that are there but loaded only when something of them is used.

Every notebook imports matplotlib and hardly a graded function draws; importing it takes half a
second of processor time, which nobody should wait for a few hundred times a class.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from typing import Any

__all__ = ["LATE", "LateModules"]

#: Distributions, and modules of the same name, that are loaded late.
LATE = frozenset({"matplotlib"})


class LateModules(importlib.abc.MetaPathFinder):
    """Put first into :data:`sys.meta_path`, it finds modules of :data:`LATE` and runs none."""

    def __init__(self) -> None:
        self.loading = False

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if self.loading or fullname.partition(".")[0] not in LATE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _LateLoader(spec.loader, self)
        return spec


class _LateLoader(importlib.abc.Loader):
    def __init__(self, real: importlib.abc.Loader, finder: LateModules) -> None:
        self.real = real
        self.finder = finder

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _LateModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass

    def load(self, module: types.ModuleType) -> None:
        """Load it for good, and at once what it imports itself: cycles must see no half modules."""
        module.__class__ = types.ModuleType
        outermost, self.finder.loading = not self.finder.loading, True
        try:
            parent = sys.modules.get(module.__name__.rpartition(".")[0])
            if isinstance(parent, _LateModule):
                parent.load()
            self.real.exec_module(module)
        finally:
            self.finder.loading = not outermost


class _LateModule(types.ModuleType):
    """Loads itself when something is asked of it that is no module below it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        below = f"{self.__name__}.{name}"
        if hasattr(self, "__path__") and importlib.util.find_spec(below):
            return importlib.import_module(below)
        self.load()
        return getattr(self, name)

    def load(self) -> None:
        assert self.__spec__ is not None
        assert isinstance(self.__spec__.loader, _LateLoader)
        self.__spec__.loader.load(self)
