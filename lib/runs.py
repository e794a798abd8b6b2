"""Runs as MLflow keeps them: made, found again by their key, and ended for those who died."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib import provenance

RUN_ID, STAGE, KEY = "cuaderno.run_id", "cuaderno.stage", "cuaderno.key"


@dataclass(frozen=True)
class Connection:
    """MLflow's client for one store, and the experiment to write to."""

    client: Any
    experiment_id: str


def create(connection: Connection, name: str, started: float, tags: Mapping[str, str]) -> str:
    """Start a run and return its id."""
    run = connection.client.create_run(connection.experiment_id, int(started * 1000), dict(tags), run_name=name)
    return run.info.run_id


def maker(connection: Connection, name: str, key: str) -> str:
    """Return the run that made what is reused, or an empty text if MLflow has no record of it."""
    found = connection.client.search_runs(
        [connection.experiment_id],
        f"tags.`{KEY}` = '{key}' AND tags.`{STAGE}` = '{name}' AND tags.`cuaderno.status` != 'reused'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return found[0].info.run_id if found else ""


def mark_killed(connection: Connection) -> None:
    """Mark the runs as killed that say they are running, and whose process is gone."""
    running = connection.client.search_runs(
        [connection.experiment_id], "attributes.status = 'RUNNING'", max_results=1000
    )
    gone = {run.info.run_id for run in running if provenance.is_gone(run.data.tags)}
    for run in running:
        if run.info.run_id in gone or run.data.tags.get("mlflow.parentRunId") in gone:
            connection.client.set_tag(run.info.run_id, "cuaderno.status", "killed")
            connection.client.set_terminated(run.info.run_id, "KILLED")
