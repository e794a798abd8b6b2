"""Models as skops files: nothing is unpickled, and only types from an allow-list are loaded."""

from pathlib import Path
from typing import Any

import skops.io

from lib.errors import InputError

TRUSTED = ("numpy.", "scipy.", "sklearn.", "skrub.", "pandas.")


def dump(estimator: Any, target: Path) -> None:
    """Write an estimator to a skops file."""
    skops.io.dump(estimator, target)


def types_of(estimator: Any) -> list[str]:
    """Return the types in an estimator that skops does not trust by itself, checked against the allow-list.

    Raises
    ------
    InputError
        If there is a type from outside the allow-list.
    """
    return _allowed(skops.io.get_untrusted_types(data=skops.io.dumps(estimator)), "the model")


def load(source: Path) -> Any:
    """Read an estimator from a skops file.

    Raises
    ------
    InputError
        If the file holds a type from outside the allow-list.
    """
    trusted = _allowed(skops.io.get_untrusted_types(file=source), str(source))
    return skops.io.load(source, trusted=trusted)


def _allowed(types: list[str], holder: str) -> list[str]:
    foreign = [name for name in types if not name.startswith(TRUSTED)]
    if foreign:
        raise InputError(f"{holder} holds types that are not trusted: {', '.join(foreign)}. It was not loaded.")
    return types
