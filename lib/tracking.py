"""Runs, metrics and artifacts in MLflow; with `registry` the only module that imports it."""

import os
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow  # noqa: E402  (telemetry is switched off first)

from lib import results  # noqa: E402


def connect(store: Path) -> str:
    """Point MLflow at the store unless its own settings point elsewhere, and return the address."""
    store.mkdir(parents=True, exist_ok=True)
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(store / 'mlflow.db').resolve()}"
    mlflow.set_tracking_uri(uri)
    if mlflow.get_experiment_by_name("cuaderno") is None:
        mlflow.create_experiment("cuaderno", artifact_location=(store / "artifacts").resolve().as_uri())
    mlflow.set_experiment("cuaderno")
    return uri


def log_stage(parent_run_id: str, name: str, values: dict, run_dir: Path, report: Path) -> None:
    """Log one execution as a child of the pipeline's run."""
    found = results.read(run_dir, name)
    with mlflow.start_run(run_name=name, parent_run_id=parent_run_id, nested=True):
        mlflow.log_params(values)
        mlflow.log_metrics(found["metrics"])
        mlflow.log_artifact(report)
        mlflow.log_artifact(run_dir / name / results.FILE)
