"""Installed versions of the packages that some code imports, and of those that they require in turn."""

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from functools import cache

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml", "dateutil": "python-dateutil"}
"""Names that differ between import and installation; others are looked up, which takes a third of a second."""


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions behind imported names, with all that they require, and Python's own.

    Parameters
    ----------
    modules : iterable of str
        Top-level names as they are imported: ``{"sklearn", "json"}``. What is not installed is left out.
    """
    pending = {name for module in modules for name in _distributions(module)}
    found: dict[str, str] = {}
    while pending:
        name = pending.pop()
        version = _version(name)
        if name not in found and version:
            found[name] = version
            pending |= _requirements(name)
    return {"python": "{}.{}".format(*sys.version_info), **dict(sorted(found.items()))}


def _distributions(module: str) -> list[str]:
    if module in sys.stdlib_module_names:
        return []
    name = _DISTRIBUTIONS.get(module, _normal(module))
    return [name] if _version(name) else [_normal(n) for n in _installed().get(module, [])]


def _requirements(name: str) -> set[str]:
    """Return what a distribution requires, without extras; a marker for another platform names nothing installed."""
    required = importlib.metadata.distribution(name).requires or []
    return {_normal(re.match(r"[\w.-]+", line)[0]) for line in required if "extra" not in line}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _installed() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())
