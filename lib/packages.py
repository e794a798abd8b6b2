"""Installed versions of the packages that some code imports, and of those that they require in turn."""

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml", "dateutil": "python-dateutil"}
"""Names that differ between import and installation; others are looked up, which takes a third of a second."""
_VERSION = re.compile(r"^Version: *(\S+)", re.MULTILINE)
_REQUIRED = re.compile(r"^Requires-Dist: *([\w.-]+)((?:(?!extra).)*)$", re.MULTILINE)


@dataclass
class Installed:
    """What is installed, each package looked at once."""

    _seen: dict[str, tuple[str, set[str]] | None] = field(default_factory=dict)
    _modules: dict[str, list[str]] | None = None

    def versions(self, modules: Iterable[str]) -> dict[str, str]:
        """Return the versions behind imported names, with all that they require, and Python's own.

        Parameters
        ----------
        modules : iterable of str
            Top-level names as they are imported: ``{"sklearn", "json"}``. What is not installed is left out.
        """
        pending = {name for module in modules for name in self._distributions(module)}
        found: dict[str, str] = {}
        while pending:
            name = pending.pop()
            told = self._look_at(name)
            if told and name not in found:
                found[name] = told[0]
                pending |= told[1]
        return {"python": "{}.{}".format(*sys.version_info), **dict(sorted(found.items()))}

    def _distributions(self, module: str) -> list[str]:
        if module in sys.stdlib_module_names:
            return []
        name = _DISTRIBUTIONS.get(module, _normal(module))
        return [name] if self._look_at(name) else [_normal(other) for other in self._providers(module)]

    def _providers(self, module: str) -> list[str]:
        if self._modules is None:
            self._modules = dict(importlib.metadata.packages_distributions())
        return self._modules.get(module, [])

    def _look_at(self, name: str) -> tuple[str, set[str]] | None:
        if name not in self._seen:
            self._seen[name] = _metadata(name)
        return self._seen[name]


def _metadata(name: str) -> tuple[str, set[str]] | None:
    """Return the version of a package and what it requires, without its extras; None if it is not installed.

    The header is searched and not parsed, which is ten times faster; a requirement for another platform names nothing
    that is installed.
    """
    try:
        text = importlib.metadata.distribution(name).read_text("METADATA") or ""
    except importlib.metadata.PackageNotFoundError:
        return None
    header = text.partition("\n\n")[0]
    version = _VERSION.search(header)
    return (version[1] if version else "", {_normal(found[0]) for found in _REQUIRED.findall(header)})


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
