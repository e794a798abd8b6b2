"""Plan the stages from their notebooks, and execute them in order."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import parameters
from lib.errors import InputError

FAN_OUT = {"04_training": ("candidate", "05_evaluation", "candidates")}


@dataclass(frozen=True)
class Execution:
    """One execution of a notebook: a stage, or a stage for one candidate."""

    name: str
    notebook: Path
    values: Mapping[str, Any]


def stages(notebooks: Path) -> dict[str, Path]:
    """Return the notebooks that are stages of the pipeline, by name, in order."""
    return {path.stem: path for path in sorted(notebooks.glob("0*.ipynb"))}


def plan(notebooks: Path, given: Mapping[str, Any]) -> list[Execution]:
    """Return what has to be executed, in order, with the value of each parameter.

    Raises
    ------
    InputError
        If a parameter is unknown or not of its type.
    """
    found = stages(notebooks)
    values = parameters.resolve({name: parameters.of_notebook(path) for name, path in found.items()}, given)
    return [execution for name, path in found.items() for execution in _executions(name, path, values)]


def _executions(name: str, notebook: Path, values: Mapping[str, dict]) -> Iterable[Execution]:
    if name not in FAN_OUT:
        yield Execution(name, notebook, values[name])
        return
    one, stage, many = FAN_OUT[name]
    for value in values[stage][many]:
        yield Execution(f"{name}/{value}", notebook, {**values[name], one: value})


def execute(execution: Execution, run_dir: Path, report_dir: Path) -> Exception | None:
    """Execute one notebook into the report folder; return what it raised, or None."""
    import papermill

    report = report_dir / f"{execution.name}.ipynb"
    report.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            execution.notebook,
            report,
            {parameters.RUN_DIR: str(run_dir), **execution.values},
            cwd=execution.notebook.parent,
            request_save_on_cell_execute=False,
            progress_bar=False,
        )
    except papermill.PapermillExecutionError as error:
        return error
    return None


def run(
    executions: Iterable[Execution], run_dir: Path, report_dir: Path, on_done: Callable[[Execution], None]
) -> None:
    """Execute the plan; stop at the first notebook that raises.

    Raises
    ------
    StageFailed
        If a notebook raised.
    GateRefused
        If it raised because a check refused.
    """
    from lib.errors import GateRefused, StageFailed

    for execution in executions:
        error = execute(execution, run_dir, report_dir)
        if error is not None and error.ename == "GateRefused":
            on_done(execution)
            raise GateRefused(error.evalue)
        if error is not None and error.ename == "InputError":
            raise InputError(error.evalue)
        if error is not None:
            raise StageFailed(f"{execution.name} failed: {re.sub(chr(27) + '.*?m', '', str(error))}")
        on_done(execution)
