"""The key of an execution: everything that its outputs follow from, by part, so that a change can be named in words."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lib import hashing

CHAMPION = "champion/"


@dataclass(frozen=True)
class Key:
    """What an execution's outputs follow from.

    Parameters
    ----------
    parts : mapping
        ``cells``: hash of each code cell. ``parameters``: resolved values. ``inputs``: hash of each input file, None
        if it is not there. ``data``: hash of the source table, for the stage that reads it. ``code``: hash of each
        definition of `lib` that the cells reach. ``packages``: installed versions.
    known_as : str
        The key under which the champion was registered, if this execution made the champion: it is not compared with
        itself, and what it was compared with then stays true.
    """

    parts: Mapping[str, Any]
    known_as: str = ""

    @property
    def text(self) -> str:
        """The key as it names folders: 32 hexadecimal digits."""
        return self.known_as or hashing.of_value(self.parts)[:32]

    @property
    def base(self) -> str:
        """The key as it would be if there were no champion to compare with."""
        inputs = {name: value for name, value in self.parts["inputs"].items() if not name.startswith(CHAMPION)}
        return hashing.of_value({**self.parts, "inputs": inputs})[:32]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between the parts of two keys, one sentence a change.

    Parameters
    ----------
    old, new : mapping
        As in `Key.parts`.
    """
    found = [sentence for part, describe in _DESCRIBED.items() for sentence in describe(old.get(part), new.get(part))]
    return found or (["other packages are used"] if old.get("packages") != new.get("packages") else [])


def _cells(old: list[str] | None, new: list[str]) -> Iterable[str]:
    moves = difflib.SequenceMatcher(None, old or [], new, autojunk=False).get_opcodes()
    for kind, _, _, start, end in moves:
        numbers = ", ".join(str(number) for number in range(start + 1, end + 1))
        if kind == "delete":
            yield "a code cell was removed"
        elif kind != "equal":
            yield f"code cell {numbers} {'is new' if kind == 'insert' else 'changed'}"


def _parameters(old: Mapping | None, new: Mapping) -> Iterable[str]:
    for name, before, now in _different(old, new):
        if name not in new:
            yield f"parameter {name} is gone"
        elif name not in (old or {}):
            yield f"parameter {name} is new"
        else:
            yield f"parameter {name}: {before!r} became {now!r}"


def _inputs(old: Mapping | None, new: Mapping) -> Iterable[str]:
    for name, before, now in _different(old, new):
        yield f"input {name} {_became(before, now) if name in new else 'is no longer read'}"


def _became(before: Any, now: Any) -> str:
    if now is None:
        return "is not there any more"
    return "changed" if before is not None else "is new"


def _data(old: str | None, new: str | None) -> Iterable[str]:
    return ["the source table changed"] if old != new else []


def _code(old: Mapping | None, new: Mapping) -> Iterable[str]:
    """Name the definitions that changed; those newly used or no longer used only if none did."""
    different = list(_different(old, new))
    changed = [name for name, before, now in different if before is not None and now is not None]
    if changed:
        return [f"{name} changed" for name in changed]
    return [f"{name} is {'now' if before is None else 'no longer'} used" for name, before, _ in different]


def _packages(old: Mapping | None, new: Mapping) -> Iterable[str]:
    """Name the versions that changed; packages newly used come with code that changed."""
    for name, before, now in _different(old, new):
        if before and now:
            yield f"package {name}: {before} became {now}"


def _different(old: Mapping | None, new: Mapping | None) -> Iterable[tuple[str, Any, Any]]:
    old, new = old or {}, new or {}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            yield name, old.get(name), new.get(name)


_DESCRIBED: dict[str, Callable[[Any, Any], Iterable[str]]] = {
    "cells": _cells,
    "parameters": _parameters,
    "code": _code,
    "packages": _packages,
    "data": _data,
    "inputs": _inputs,
}
