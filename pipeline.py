"""The command line: one verb for each step of the model's life."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lib.errors import CuadernoError, GateRefused, InputError

ROOT = Path(__file__).resolve().parent
Store = Annotated[Path, typer.Option(help="The folder of all state.", envvar="CUADERNO_STORE")]
AsJson = Annotated[bool, typer.Option("--json", help="The result for programs, alone on standard output.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Take a model through its life, from design to operations."""


@app.command()
def run(
    parameter: Annotated[list[str], typer.Option("-p", help="A parameter of the notebooks, as name=value.")] = [],  # noqa: B006
) -> None:
    """Bring the stages up to date, in order, and register the result."""
    from lib import registry, runner, tracking

    given = dict(_pair(text) for text in parameter)
    executions = runner.plan(ROOT / "notebooks", given)
    run_id = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    run_dir, report_dir = ROOT / "store" / "runs" / run_id, ROOT / "reports" / run_id
    typer.echo(f"run {run_id}: {len(executions)} notebooks")
    tracker = tracking.Tracker(ROOT / "store", run_id, given)
    runner.run(executions, run_dir, report_dir, lambda execution: typer.echo(f"done {execution.name}"))
    for execution in executions:
        report = report_dir / f"{execution.name}.ipynb"
        tracker.stage(execution.name, values=execution.values, run_dir=run_dir, report=report, key=run_id)
    tracked = tracker.finish()
    made = registry.register(ROOT / "store", run_dir, run_id=run_id, key=run_id, base_key=run_id, tracking_run=tracked)
    typer.echo(f"version {made.version} is {made.alias}")


@app.command()
def history(store: Store = ROOT / "store", as_json: AsJson = False) -> None:
    """Show who or what changed the champion, when, from what to what, and why."""
    from lib import database, decisions

    found = decisions.about_champions(database.connect(store))
    typer.echo(decisions.to_json(found) if as_json else decisions.to_text(found))


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why, in words; it stays on the record.")],
    model: Annotated[str, typer.Option(help="Which model, where the store has several.")] = "",
    store: Store = ROOT / "store",
    as_json: AsJson = False,
) -> None:
    """Make the previous champion champion again, at once, on the record."""
    from lib import database, decisions, registry

    name = decisions.only_model(database.connect(store), model)
    found = registry.rollback(store, name, reason)
    typer.echo(decisions.to_json([found]) if as_json else decisions.to_text([found]))


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
