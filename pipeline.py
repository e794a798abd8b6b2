"""The command line: one verb for each step of the model's life."""

import gc as garbage
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lib.errors import CuadernoError, GateRefused

ROOT = Path(__file__).resolve().parent

Store = Annotated[Path | None, typer.Option(help="The folder of all state.", envvar="CUADERNO_STORE")]
Reports = Annotated[Path | None, typer.Option(help="The folder of the runs' reports.", envvar="CUADERNO_REPORTS")]
Data = Annotated[str, typer.Option(help="A file, a folder, URL::TABLE, env:NAME, or flights:2013-07 of the demo.")]
Model = Annotated[str, typer.Option(help="Which model, where the store has several.")]
Key = Annotated[str, typer.Option(help="The column that names the rows; else they are known by their content.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result for programs, alone on standard output.")]
Parameters = Annotated[list[str] | None, typer.Option("-p", "--parameter", help="NAME=VALUE, for the notebooks.")]
ParameterFile = Annotated[Path | None, typer.Option("-f", "--file", help="A YAML file of parameters; -p goes first.")]

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(asked: typer.Context) -> None:
    """Take a model through its life, from design to operations."""
    if asked.invoked_subcommand is None:
        from lib import whereabouts

        given = (os.environ.get(name) for name in ("CUADERNO_STORE", "CUADERNO_REPORTS"))
        typer.echo(whereabouts.text(_project(*(Path(path) if path else None for path in given))))


@app.command()
def run(
    stage: Annotated[list[str] | None, typer.Argument(help="Stages to bring up to date; all if none is named.")] = None,
    parameter: Parameters = None,
    file: ParameterFile = None,
    start: Annotated[str, typer.Option("--from", help="Start here, on the files of the newest run.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Execute what is up to date, too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be executed, and why.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Candidates of 04_training side by side.")] = 1,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds that a notebook may take.")] = 4 * 3600,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Bring the stages up to date, in order, and register the result."""
    from lib import parameters, runner, summary
    from lib.execution import Limits

    given = parameters.given(parameter or [], file)
    request = runner.Request(given, tuple(stage or ()), start, force, Limits(jobs, time_limit))
    project = _project(store, reports)
    if dry_run:
        judge, states = runner.assess(project, request)
        judge.save()
        return _show(summary.plan(states), summary.plan_text, as_json)
    from lib import progress

    with _interruptible(project), progress.shown(quiet=as_json) as listener:
        found = runner.run(project, request, listener)
    _show(summary.conclusion(found, given), progress.ending, as_json)
    raise typer.Exit(found.exit_status)


@app.command()
def status(
    parameter: Parameters = None,
    file: ParameterFile = None,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Say which stages are up to date, and if not why; the champion; the last verdicts."""
    from lib import parameters, status, summary

    found = status.of(_project(store, reports), parameters.given(parameter or [], file))
    _show(found, summary.status_text, as_json)


@app.command()
def score(data: Data, key: Key = "", model: Model = "", store: Store = None, as_json: AsJson = False) -> None:
    """Predict a batch with the champion and write it to the prediction database; the same batch changes nothing."""
    from lib import batches, summary

    project = _project(store)
    with _interruptible(project):
        found = batches.score(project.store, data, model=model, key=key)
    _show(found.as_dict(), summary.scored_text, as_json)


@app.command()
def labels(
    data: Data,
    label: Annotated[str, typer.Option(help="The column with the truth; the model's target, if none is named.")] = "",
    key: Key = "",
    model: Model = "",
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Add the truth, when it arrives, to the predictions it belongs to; in any order, corrections included."""
    from lib import labelling, summary

    project = _project(store)
    with _interruptible(project):
        found = labelling.label(project.store, data, model=model, key=key, column=label)
    _show(found.as_dict(), summary.labelled_text, as_json)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Beyond this machine only with a token in CUADERNO_SERVE_TOKEN.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
    key: Key = "",
    model: Model = "",
    body_limit: Annotated[int, typer.Option(min=1, help="Bytes that a request may have.")] = 8 * 2**20,
    time_limit: Annotated[float, typer.Option(min=0.01, help="Seconds for a request, and for its answer.")] = 30.0,
    store: Store = None,
) -> None:
    """Serve the champion over HTTP; promotion and rollback are followed, and every answer is recorded."""
    from lib import hosting, serving

    limits = serving.Limits(body_limit, time_limit)
    hosting.serve(_project(store).store, model=model, key=key, host=host, port=port, limits=limits, tell=typer.echo)


@app.command()
def monitor(
    parameter: Parameters = None,
    file: ParameterFile = None,
    model: Model = "",
    start: Annotated[str, typer.Option("--from", help="Monitor the windows from this date on again.")] = "",
    unfinished: Annotated[bool, typer.Option("--unfinished", help="The window that is still running, too.")] = False,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Monitor what was predicted since the last window; alarms are recorded and sent to CUADERNO_ALARM_URL."""
    from lib import inspection, parameters, progress, summary, twin

    project = _project(store, reports)
    asked = inspection.Asked(model, parameters.given(parameter or [], file), start, unfinished)
    with _interruptible(project), progress.shown(quiet=as_json) as listener, twin.renewed(project):
        found = inspection.monitor(project, asked, listener)
    _show(found.as_dict(), summary.monitored_text, as_json)
    raise typer.Exit(found.exit_status)


@app.command()
def history(store: Store = None, as_json: AsJson = False) -> None:
    """Show who or what changed the champion, when, from what to what, and why."""
    from lib import database, decisions

    folder = _project(store).store
    found = decisions.about_champions(database.connect(folder)) if database.is_there(folder) else []
    typer.echo(decisions.to_json(found) if as_json else decisions.to_text(found))


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why, in words; it stays on the record.")],
    model: Model = "",
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Make the previous champion champion again, at once, on the record."""
    from lib import database, decisions

    folder = _project(store).store
    meant = decisions.only_model(database.of_known(folder), model)
    from lib import registry  # brings MLflow and scikit-learn, which a model that is not there needs no waiting for

    found = registry.rollback(folder, meant, reason)
    typer.echo(decisions.to_json([found]) if as_json else decisions.to_text([found]))


@app.command()
def cycle(
    model: Annotated[str, typer.Option(help="Which model, where the store has several.")] = "",
    days: Annotated[int, typer.Option(min=0, help="How far back a retraining looks, in days; 0 for all.")] = 0,
    acknowledge: Annotated[str | None, typer.Option(help="Why retraining may go on after a return to design.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a turn would do.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Candidates of 04_training side by side.")] = 1,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds that a notebook may take.")] = 4 * 3600,
    parameter: Parameters = None,
    file: ParameterFile = None,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Make one turn, for a scheduler: monitor; on an alarm retrain, compare, and promote, keep or go back to design."""
    from lib import decisions, operations, outcome, parameters, progress, twin

    project = _project(store, reports)
    if acknowledge is not None:
        return typer.echo(decisions.to_text([operations.acknowledge(project, model, acknowledge)]))
    asked = operations.asked(model, days, jobs, time_limit, parameters.given(parameter or [], file))
    if dry_run:
        return _show(operations.plan(project, asked), lambda told: told["in_words"], as_json)
    with _interruptible(project), progress.shown(quiet=as_json) as listener, twin.renewed(project):
        found = operations.turn(project, asked, listener)
    _show(outcome.as_dict(found), lambda _: outcome.text(found), as_json)
    raise typer.Exit(found.exit_status)


@app.command()
def replay(
    by: Annotated[str, typer.Option(help="Length of a window: hour, day, week, month, quarter, or a number of rows.")],
    data: Annotated[str, typer.Option(help="A table; the champion's own history, or else the demo, if none.")] = "",
    target: Annotated[str, typer.Option(help="The column to predict, of a table that is named.")] = "",
    time: Annotated[str, typer.Option(help="The column that orders its rows; else as inferred.")] = "",
    candidate: Annotated[str, typer.Option(help="What to train on it: boosting, forest or linear.")] = "",
    begin: Annotated[str, typer.Option("--from", help="The first window to predict; else after a quarter.")] = "",
    history: Annotated[int, typer.Option(help="Windows that a training learns from; 0 for all.")] = 0,
    delay: Annotated[int, typer.Option(help="Windows that pass until labels arrive.")] = 0,
    rule: Annotated[list[str] | None, typer.Option(help="An alarm, as 'inputs 1/2 stop'; else the notebook's.")] = None,
    budget: Annotated[int, typer.Option(help="Retrainings without help until design; -1: as designed.")] = -1,
    rows: Annotated[int, typer.Option(help="Rows that a training learns from; 0 for all.")] = 30_000,
    model: Annotated[str, typer.Option(help="Whose history, where the store has several models.")] = "",
    parameter: Parameters = None,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Walk through history as if live and compare never retraining, always, and on alarm."""
    from lib import parameters, replay_report, replays

    asked = replays.Asked(
        by, data, target, time, candidate, model, begin, history, delay, budget, tuple(rule or ()), rows,
        parameters.given(parameter or []),
    )  # fmt: skip
    tell = (lambda text: None) if as_json else (lambda text: typer.echo(text, err=True))
    project = _project(store, reports)
    with _interruptible(project):
        found = replays.run(project, asked, tell)
    _show(found, replay_report.text, as_json)


@app.command()
def doctor(store: Store = None, reports: Reports = None, as_json: AsJson = False) -> None:
    """See whether all that the other verbs need is there and works, and say what to do."""
    from lib import doctor

    found = doctor.told(doctor.examine(_project(store, reports)))
    _show(found, doctor.text, as_json)
    raise typer.Exit(0 if found["well"] else 2)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen.")] = 8866,
    host: Annotated[str, typer.Option(help="The address to listen at; others than this machine need a token.")] = (
        "127.0.0.1"
    ),
    visitors: Annotated[int, typer.Option(min=1, help="How many may look at once.")] = 10,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser at it.")] = True,
    store: Store = None,
    reports: Reports = None,
) -> None:
    """Show how the model is doing, on a page for people; CUADERNO_DASHBOARD_TOKEN makes it ask for a token."""
    from lib import dashboard_server

    place = dashboard_server.Place(host, port, visitors)
    dashboard_server.serve(_project(store, reports), place, browser=browser, say=typer.echo)


@app.command()
def gc(
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest runs to keep.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    store: Store = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Remove old runs and cached stages; never what a model version was made from, or a person made by hand."""
    from lib import retention, summary

    project = _project(store, reports)
    folders = retention.plan(project, keep)
    freed = 0 if dry_run else retention.remove(folders)
    _show({"removed": [str(folder) for folder in folders], "freed_bytes": freed}, summary.removal_text, as_json)


def _project(store: Path | None, reports: Path | None = None):
    from lib import project

    return project.at(ROOT, store, reports)


def _show(value, as_text, as_json: bool) -> None:
    typer.echo(json.dumps(value, indent=2, default=str) if as_json else as_text(value))


@contextmanager
def _interruptible(project) -> Iterator[None]:
    """End on Ctrl-C, on SIGTERM and on a full disk with one line and the exit status that a shell expects."""
    from lib import space

    try:
        with space.explained(project.store, project.reports):
            yield
    except KeyboardInterrupt as error:
        from lib import interrupts

        typer.echo("interrupted: what was finished is kept; the same command goes on from there.", err=True)
        raise typer.Exit(interrupts.exit_status(error)) from None


def entry() -> None:
    """Run the command line, and turn what is raised on purpose into one message and its exit status."""
    try:
        app()
    except CuadernoError as error:
        typer.echo(f"{'refused' if isinstance(error, GateRefused) else 'error'}: {error}", err=True)
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": str(error), "exit_status": error.exit_status}, indent=2))
        sys.exit(error.exit_status)
    finally:
        # Looking for garbage among all modules one last time takes up to a second, and the system frees them anyway.
        garbage.freeze()


if __name__ == "__main__":
    entry()
