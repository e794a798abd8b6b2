"""The command line: one verb for each step of the model's life."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lib.errors import CuadernoError, GateRefused, InputError

ROOT = Path(__file__).resolve().parent
MODEL_NAME = "cuaderno"

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Take a model through its life, from design to operations."""


@app.command()
def run(
    parameter: Annotated[list[str], typer.Option("-p", help="A parameter of the notebooks, as name=value.")] = [],  # noqa: B006
) -> None:
    """Bring the stages up to date, in order, and register the result."""
    from lib import runner

    given = dict(_pair(text) for text in parameter)
    executions = runner.plan(ROOT / "notebooks", given)
    run_id = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    run_dir, report_dir = ROOT / "store" / "runs" / run_id, ROOT / "reports" / run_id
    typer.echo(f"run {run_id}: {len(executions)} notebooks")
    runner.run(executions, run_dir, report_dir, lambda execution: typer.echo(f"done {execution.name}"))
    _register(executions, run_dir, report_dir)


def _register(executions, run_dir: Path, report_dir: Path) -> None:
    import mlflow

    from lib import files, registry, results, tracking

    tracking.connect(ROOT / "store")
    with mlflow.start_run(run_name=run_dir.name) as parent:
        pass
    for execution in executions:
        tracking.log_stage(
            parent.info.run_id, execution.name, dict(execution.values), run_dir, report_dir / f"{execution.name}.ipynb"
        )
    found = results.read(run_dir, "05_evaluation")["checks"]
    version, alias = registry.register(files.read(run_dir, files.MODEL), MODEL_NAME, parent.info.run_id, found)
    typer.echo(f"version {version} is {alias}")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"-p takes name=value, not {text!r}.")
    return name, value


if __name__ == "__main__":
    try:
        app(standalone_mode=True)
    except CuadernoError as error:
        print(f"{'refused' if isinstance(error, GateRefused) else 'error'}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
