"""Whether an execution is up to date, and if not, which part of its key changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import cache, files, fingerprints, hashing, incumbent, keys, packages, sources
from lib.cache import Entry
from lib.definitions import Library
from lib.keys import Key
from lib.plan import Execution
from lib.project import Project

REUSE, RUN, DEPENDS, BLOCKED, TAKEN = "reuse", "run", "depends", "blocked", "taken"
DATA = "data"
HASHES = "hashes.json"
_REASONS_SAID = 3


@dataclass(frozen=True)
class State:
    """What is to be done about an execution, and why.

    Parameters
    ----------
    execution : Execution
    action : str
        ``reuse``: up to date. ``run``: stale, or never run. ``depends``: stale only if what it reads comes out
        different. ``blocked``: a stage before it refused. ``taken``: its files are taken as a person left them.
    reasons : tuple of str
        One sentence a change.
    key : Key or None
        None while an input is not known.
    entry : Entry or None
        What is reused.
    source : Path or None
        The run's folder from which files are taken.
    """

    execution: Execution
    action: str
    reasons: tuple[str, ...] = ()
    key: Key | None = None
    entry: Entry | None = None
    source: Path | None = None


def said(reasons: tuple[str, ...]) -> str:
    """Return reasons as one line, which names the first and counts the others."""
    more = len(reasons) - _REASONS_SAID
    return "; ".join(reasons[:_REASONS_SAID]) + (f"; and {more} more" if more > 0 else "")


class Judge:
    """Judges executions in order, and learns from each what the next ones read.

    Parameters
    ----------
    project : Project
    force : set of str
        Names of executions that are run even if they are up to date.
    """

    def __init__(self, project: Project, *, force: Iterable[str] = ()):
        self.project = project
        self.contents: dict[str, str] = {}
        self.force = set(force)
        self._memory = hashing.Memory(project.cache / HASHES)
        self._library = Library(project.library)
        self._installed = packages.Installed()
        self._codes: dict[str, dict[str, Any]] = {}
        self._pending: list[Execution] = []
        self._places: dict[str, Path] = {}

    def afresh(self) -> "Judge":
        """Return a judge that has learnt nothing from executions yet, but need not read the code again."""
        other = Judge(self.project, force=self.force)
        other._memory, other._library, other._codes = self._memory, self._library, self._codes
        return other

    def judge(self, execution: Execution, *, thorough: bool = False) -> State:
        """Return what is to be done about an execution, given what is known of those before it."""
        waits_for = [other.name for other in self._pending if any(other.makes(name) for name in execution.reads)]
        if waits_for:
            return self._judge_half(execution, waits_for)
        key = self.key(execution)
        forced = execution.name in self.force
        entry = None if forced else cache.find(self.project.cache, execution.stage, key.text, thorough=thorough)
        if entry:
            return State(execution, REUSE, (), key, entry)
        return State(execution, RUN, ("forced",) if forced else self._reasons(execution, key), key)

    def take(self, execution: Execution, folder: Path) -> State:
        """Take what an execution wrote into a run's folder as it is there, and judge nothing."""
        for name in cache.names(folder, execution.folders):
            self.contents[name] = self._memory.of_file(folder / name)
            self._places[name] = folder / name
        return State(execution, TAKEN, (f"taken from {folder.name}",), source=folder)

    def learn(self, state: State) -> None:
        """Take in what is known after a state was acted upon, or, if nothing was run, what is not known."""
        if state.entry:
            self.contents |= state.entry.contents
            self._places |= {name: state.entry.folder / cache.FILES / name for name in state.entry.contents}
        elif state.action in (RUN, DEPENDS):
            self._pending.append(state.execution)

    def key(self, execution: Execution) -> Key:
        """Return the key of an execution whose inputs are all known."""
        inputs = {name: self.contents.get(name) for name in execution.reads}
        key = Key({**self._fixed(execution), "inputs": inputs})
        champion = self.champion() if any(name.startswith(incumbent.FOLDER) for name in inputs) else None
        if champion is None:
            return key
        if champion["base_key"] == key.base:
            return Key(key.parts, known_as=champion["key"])
        present = {name: value for name, value in incumbent.contents(champion).items() if name in inputs}
        return Key({**key.parts, "inputs": inputs | present})

    def champion(self) -> dict[str, Any] | None:
        """Return what is recorded of the champion of the model that the contract names."""
        return incumbent.told(self.project.store, self._places.get(files.DESIGN))

    def changed_since(self, execution: Execution) -> list[str]:
        """Return in words what changed in `lib` since the code of an execution was read."""
        now = Library(self.project.library).reach(execution.code.tree).definitions
        return keys.changes({"code": self._code(execution)["code"]}, {"cells": [], "code": now})

    def save(self) -> None:
        """Keep the hashes of large files for the next time."""
        self._memory.save()

    def _judge_half(self, execution: Execution, waits_for: list[str]) -> State:
        """Judge an execution some of whose inputs are being made anew, by the rest of its key."""
        told = self._last(execution)
        rest = {**self._fixed(execution), "inputs": told.get("parts", {}).get("inputs", {})}
        certain = tuple(keys.changes(told["parts"], rest)) if told else ("it was never run",)
        if execution.name in self.force:
            certain = ("forced",)
        return State(execution, RUN if certain else DEPENDS, certain or tuple(f"{n} is run first" for n in waits_for))

    def _fixed(self, execution: Execution) -> dict[str, Any]:
        """Return the parts of a key that do not depend on other executions."""
        code = self._code(execution)
        table = execution.values.get(DATA)
        return {
            "cells": code["cells"],
            "parameters": dict(execution.values),
            "data": table_hash(table, self._memory) if isinstance(table, str) else None,
            "code": code["code"],
            "packages": code["packages"],
        }

    def _code(self, execution: Execution) -> dict[str, Any]:
        """Return what depends on the notebook alone, once for all its executions."""
        if execution.stage not in self._codes:
            cells = execution.code.hashes()
            told = hashing.of_value([cells, self._library.stamp()])
            code, imported = self._memory.value(told, lambda: self._reach(execution))
            self._codes[execution.stage] = {
                "cells": cells,
                "code": code,
                "packages": self._installed.versions(imported),
            }
        return self._codes[execution.stage]

    def _reach(self, execution: Execution) -> tuple[dict[str, str], list[str]]:
        found = self._library.reach(execution.code.tree)
        return found.definitions, sorted(found.packages)

    def _last(self, execution: Execution) -> dict[str, Any]:
        return cache.last(self.project.cache, execution.stage, execution.name)

    def _reasons(self, execution: Execution, key: Key) -> tuple[str, ...]:
        told = self._last(execution)
        if not told:
            return ("it was never run",)
        changed = tuple(keys.changes(told["parts"], key.parts))
        entry = cache.load(self.project.cache, execution.stage, key.text)
        lost = entry.damage() if entry else "its outputs are no longer in the cache"
        return changed or (lost,)


def judge_all(judge: Judge, executions: Iterable[Execution]) -> list[State]:
    """Return the state of each execution, as far as can be said before anything is run."""
    states: list[State] = []
    refused = ""
    for execution in executions:
        state = judge.judge(execution) if not refused else State(execution, BLOCKED, (f"{refused} refused",))
        if not refused:
            judge.learn(state)
        if state.entry and state.entry.refused:
            refused = execution.name
        states.append(state)
    return states


def table_hash(text: str, memory: hashing.Memory) -> str:
    """Return the hash of what a source of data holds; files are read only if they changed since the last time."""
    source = sources.parse(text)
    if source.kind == "sql":
        return fingerprints.of_source(text)
    return hashing.of_value([source.part, *(memory.of_file(path) for path in sources.files_behind(source))])
