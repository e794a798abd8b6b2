"""The notebooks' own code, stage after stage, in this process: no kernels, no cache, no tracking.

What the stages make of a table, in seconds and without a run's machinery: for benchmarks of the tables, and to give
the notebooks hundreds of tables that nobody would think of. From a shell:
``uv run python -m tests.in_process FOLDER data=PATH target=COLUMN``.
"""

import builtins
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import data, parameters
from lib.errors import GateRefused, InputError

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
TRAINING, EVALUATION = "04_training", "05_evaluation"
STAGES = ("01_design", "02_eda", "03_cleaning", TRAINING, EVALUATION)
PASSED, REFUSED, UNUSABLE = "passed", "refused", "unusable"


@dataclass
class Outcome:
    """How it ended: a verdict (passed, refused) or an unusable table, why, and the seconds of each execution."""

    verdict: str = PASSED
    message: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


def run(
    run_dir: Path,
    given: Mapping[str, Any],
    *,
    stages=STAGES,
    listener: Callable[[str, float], None] = lambda *_: None,
    beyond_refusals: bool = False,
) -> Outcome:
    """Execute the stages on a table and return how that ended; any other exception than a verdict comes through.

    Parameters
    ----------
    run_dir : Path
        Folder of the run's files.
    given : mapping
        Parameters, as on the command line; `sample` is 0 as there.
    stages : sequence of str
        Notebooks to execute, in order.
    listener : callable
        Told the name of each execution that has ended, and its seconds.
    beyond_refusals : bool
        Execute what follows a gate that refused, too, as a person who reruns the notebooks by hand may; the outcome
        tells of the first refusal.
    """
    paths = {stage: NOTEBOOKS / f"{stage}.ipynb" for stage in STAGES}
    values = parameters.resolve({s: parameters.of_notebook(p) for s, p in paths.items()}, {"sample": 0, **given})
    outcome = Outcome()
    with _as_in_a_notebook():
        try:
            first = values[STAGES[0]]
            if STAGES[0] in stages:
                data.validate(first["data"], first["target"], gaps=first["gaps"])
            for stage in stages:
                for name, more in _executions(stage, values):
                    began, refusal = time.perf_counter(), ""
                    try:
                        _execute(paths[stage], {**values[stage], **more, parameters.RUN_DIR: str(run_dir)})
                    except GateRefused as refused:
                        refusal = str(refused)
                    outcome.seconds[name] = time.perf_counter() - began
                    listener(name, outcome.seconds[name])
                    if refusal and outcome.verdict == PASSED:
                        outcome.verdict, outcome.message = REFUSED, refusal
                    if refusal and not beyond_refusals:
                        return outcome
        except InputError as error:
            outcome.verdict, outcome.message = UNUSABLE, str(error)
    return outcome


def _executions(stage: str, values: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    if stage != TRAINING:
        yield stage, {}
        return
    for candidate in values[EVALUATION]["candidates"]:
        yield f"{stage}/{candidate}", {"candidate": candidate}


def _execute(notebook: Path, values: Mapping[str, Any]) -> None:
    """Execute the code cells; the values replace what the cell of parameters has set."""
    names: dict[str, Any] = {"__name__": notebook.stem}
    for cell in parameters.cells(notebook):
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{notebook.stem}/{cell.get('id', '')}", "exec")
            exec(code, names)  # noqa: S102  the cells are this repository's
            if "parameters" in cell["metadata"].get("tags", []):
                names.update(values)


@contextmanager
def _as_in_a_notebook() -> Iterator[None]:
    """Let the cells find the folder of the notebooks and `display`, and close the figures that they leave."""
    import matplotlib as mpl

    mpl.use("Agg")
    before, display = Path.cwd(), getattr(builtins, "display", None)
    builtins.display = lambda *values, **options: None
    os.chdir(NOTEBOOKS)
    try:
        yield
    finally:
        os.chdir(before)
        if display is None:
            del builtins.display
        import matplotlib.pyplot as plt

        plt.close("all")


def main(folder: str, *given: str) -> None:
    """Run all stages on a table and print how that ended."""
    values = dict(value.partition("=")[::2] for value in given)
    outcome = run(Path(folder).resolve(), values, listener=lambda name, s: print(f"{name:22} {s:6.1f} s", flush=True))
    print(f"{outcome.verdict} {outcome.message}")


if __name__ == "__main__":
    main(*sys.argv[1:])
