"""What has to be executed, in order: derived from what each notebook reads and writes."""

import difflib
import graphlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lib import dependencies, parameters, sources
from lib.dependencies import Code
from lib.errors import InputError
from lib.project import Project

OPERATIONS = {"06_monitoring"}
"""Notebooks of other verbs than `run`."""
ONE, MANY = "candidate", "candidates"
"""A notebook with the first parameter is executed once for each value of the second, which another notebook has."""


@dataclass(frozen=True)
class Execution:
    """One execution of a notebook: a stage, or a stage for one candidate.

    Parameters
    ----------
    name : str
        ``"03_cleaning"`` or ``"04_training/linear"``.
    stage : str
        The notebook's name without suffix.
    notebook : Path
    values : mapping of name to value
        The resolved parameters, without `run_dir`.
    code : Code
    reads, writes : tuple of str
        Files below the run's folder.
    optional : frozenset of str
        Those of `reads` that it can do without.
    """

    name: str
    stage: str
    notebook: Path
    values: Mapping[str, Any]
    code: Code
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    optional: frozenset[str]

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders, below the run's, that are this execution's alone."""
        depth = 2 if ONE in self.values else 1
        return tuple(sorted({"/".join(PurePosixPath(name).parts[:depth]) for name in self.writes}))

    def makes(self, file: str) -> bool:
        """Return whether a file lies in a folder of this execution."""
        return any(file.startswith(f"{folder}/") for folder in self.folders)


def stages(notebooks: Path) -> dict[str, Path]:
    """Return the notebooks that are stages of a run, by name."""
    found = {path.stem: path for path in sorted(notebooks.glob("0*.ipynb"))}
    return {name: path for name, path in found.items() if name not in OPERATIONS}


def make(project: Project, given: Mapping[str, Any]) -> list[Execution]:
    """Return all executions of a run in an order in which each comes after those it reads from.

    Raises
    ------
    InputError
        If a parameter is unknown or not of its type, a notebook does not parse, or the stages depend on each other in
        a circle.
    """
    given = {**given, **({"data": sources.normalise(str(given["data"]))} if "data" in given else {})}
    found = stages(project.notebooks)
    if not found:
        raise InputError(f"There is no notebook in {project.notebooks} whose name begins with 0.")
    values = parameters.resolve({name: parameters.of_notebook(path) for name, path in found.items()}, given)
    names = dependencies.constants(project.library / "files.py")
    codes = {name: dependencies.of_notebook(path, names) for name, path in found.items()}
    candidates = next((each[MANY] for each in values.values() if MANY in each), [])
    executions = [e for name in found for e in _executions(name, found[name], values[name], codes[name], candidates)]
    return _in_order(executions)


def select(executions: Iterable[Execution], wanted: Iterable[str]) -> list[Execution]:
    """Return the executions that are asked for and those that they need, in order; all if none is asked for.

    Raises
    ------
    InputError
        If a name stands for no stage, with the nearest that does.
    """
    executions, wanted = list(executions), list(wanted)
    chosen = {e.name for name in wanted for e in named(executions, name)} if wanted else {e.name for e in executions}
    for execution in reversed(executions):
        if execution.name in chosen:
            chosen |= {producer.name for producer in upstream(execution, executions)}
    return [execution for execution in executions if execution.name in chosen]


def named(executions: Iterable[Execution], name: str) -> list[Execution]:
    """Return the executions that a user means by ``03_cleaning``, ``03``, ``cleaning`` or ``04_training/linear``."""
    executions = list(executions)
    found = [e for e in executions if name in (e.name, e.stage, e.stage.split("_")[0], e.stage.partition("_")[2])]
    if not found:
        known = sorted({e.stage for e in executions} | {e.name for e in executions})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"There is no stage {name}.{hint} Known are: {', '.join(known)}.")
    return found


def upstream(execution: Execution, executions: Iterable[Execution]) -> list[Execution]:
    """Return the executions that make what another reads."""
    return [other for other in executions if any(other.makes(name) for name in execution.reads)]


def _executions(
    stage: str, notebook: Path, values: Mapping[str, Any], code: Code, candidates: list[str]
) -> Iterator[Execution]:
    fan_out = ONE in values and any(f"{{{ONE}}}" in name for name in code.writes)
    for candidate in candidates if fan_out else [None]:
        own = {**values, ONE: candidate} if fan_out else values
        fields = [candidate] if fan_out else candidates
        yield Execution(
            name=f"{stage}/{candidate}" if fan_out else stage,
            stage=stage,
            notebook=notebook,
            values=own,
            code=code,
            reads=_filled(code.reads, fields),
            writes=_filled(code.writes, fields),
            optional=frozenset(_filled(code.optional, fields)),
        )


def _filled(names: Iterable[str], candidates: Iterable[str]) -> tuple[str, ...]:
    """Return names of files with each candidate in place of the braces."""
    return tuple(sorted({name.replace(f"{{{ONE}}}", candidate) for name in names for candidate in candidates or [""]}))


def _in_order(executions: list[Execution]) -> list[Execution]:
    by_name = {execution.name: execution for execution in executions}
    sorter = graphlib.TopologicalSorter(
        {e.name: [p.name for p in upstream(e, executions) if p.name != e.name] for e in executions}
    )
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        circle = " reads from ".join(reversed(error.args[1]))
        raise InputError(f"The stages depend on each other in a circle: {circle}.") from None
    order: list[Execution] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        # Candidates stay in the order in which the user listed them.
        order += [execution for execution in executions if execution.name in ready]
        sorter.done(*ready)
    return [by_name[execution.name] for execution in order]
