"""A small run, as the stages leave it, for tests of what is registered; and a store to register it in."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from skrub import DatetimeEncoder
from sqlalchemy import text

from lib import bootstrap, database, files, reading, reference, registry, results, scoring, tracking
from lib.checks import Check

FEATURES = ["distance", "seats", "jet", "carrier", "departure"]
MODEL_NAME = "late-flights"
ENVIRONMENT = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "CUADERNO_DATABASE_URL")


def raw_table(n_samples: int = 400) -> pd.DataFrame:
    """Return a table as a source has it: whole numbers, gaps, true and false, text, times with a zone."""
    draw = np.random.default_rng(0)
    distance = draw.integers(100, 3000, n_samples)
    table = pd.DataFrame(
        {
            "distance": distance,
            "seats": pd.array(np.where(draw.random(n_samples) < 0.2, None, 150), dtype="Int64"),
            "jet": draw.random(n_samples) < 0.5,
            "carrier": pd.Categorical(draw.choice(["UA", "DL", "AA"], n_samples)),
            "departure": pd.date_range("2013-01-01", periods=n_samples, freq="h", tz="America/New_York"),
        }
    )
    return table.assign(late=np.where(distance + draw.normal(0, 300, n_samples) > 1500, "yes", "no"))


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Path:
    """Return a run's folder, to be read only."""
    run_dir = tmp_path_factory.mktemp("run")
    found = reading.tidy(raw_table(), target="late")
    write_run(run_dir, found.table, found.spec)
    return run_dir


def write_run(run_dir: Path, table: pd.DataFrame, spec: dict) -> None:
    design = {
        "source": "flights.csv", "model_name": MODEL_NAME, "task": "binary", "classes": ["no", "yes"],
        "target": "late", "features": FEATURES, "metric": "roc_auc", "time_column": "departure", "slices": [],
    }  # fmt: skip
    files.write(run_dir, files.DESIGN, design)
    files.write(run_dir, files.READING, spec)
    files.write(run_dir, files.TABLE, table)
    files.write(run_dir, files.RECIPE, {"dropped": {}})
    files.write(run_dir, files.TRAIN, table)
    files.write(run_dir, files.MODEL, make_model().fit(table[FEATURES], table["late"]))
    write_reference(run_dir, design, table)
    until = table["departure"].max()
    files.write(run_dir, files.EVALUATION, {"chosen": "linear", "trained_until": until, "decision_threshold": None})
    results.write(run_dir, "05_evaluation", metrics={"roc_auc": 0.9}, checks=[gate(passed=True)])


def write_reference(run_dir: Path, design: dict, table: pd.DataFrame) -> None:
    """Write what monitoring compares with; the rows it was learnt from stand in for the held-out ones."""
    y = scoring.encode(design, table["late"])
    said = scoring.predict(design, files.read(run_dir, files.MODEL), table[FEATURES])
    score = bootstrap.score_interval("roc_auc", y, said, n_resamples=100)
    files.write(run_dir, files.REFERENCE, reference.build(design, table, table, y, said, score=score))


def make_model():
    numbers = make_pipeline(SimpleImputer(add_indicator=True))
    return make_pipeline(
        make_column_transformer(
            (numbers, ["distance", "seats", "jet"]),
            (OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
            (DatetimeEncoder(), "departure"),
        ),
        LogisticRegression(max_iter=5000),
    )


def gate(*, passed: bool) -> Check:
    return Check("score on test rows", 0.9 if passed else 0.4, 0.6, passed, "stop", "The score is what it is.")


@pytest.fixture
def run_dir(finished_run, tmp_path) -> Path:
    """Return a run's folder that a test may change."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture
def refused_run(run_dir) -> Path:
    """Return a run whose gate did not pass."""
    results.write(run_dir, "05_evaluation", metrics={"roc_auc": 0.4}, checks=[gate(passed=False)])
    return run_dir


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory) -> Path:
    """Return an empty MLflow database; its migrations take ten seconds, so that tests copy it."""
    store = tmp_path_factory.mktemp("mlflow")
    tracking.create_database(store / tracking.FILE)
    return store / tracking.FILE


@pytest.fixture
def store(mlflow_database, tmp_path, monkeypatch) -> Path:
    """Return the folder of an empty store."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copyfile(mlflow_database, folder / tracking.FILE)
    return folder


@pytest.fixture(scope="session")
def registered_store(mlflow_database, finished_run, tmp_path_factory) -> Path:
    """Return a store with one champion, to be read only."""
    folder = tmp_path_factory.mktemp("registered") / "store"
    folder.mkdir()
    shutil.copyfile(mlflow_database, folder / tracking.FILE)
    with pytest.MonkeyPatch.context() as environment:
        for name in ENVIRONMENT:
            environment.delenv(name, raising=False)
        registry.register(folder, finished_run, run_id="run-1", key="key", base_key="base")
    return folder


@pytest.fixture
def operating(registered_store, tmp_path, monkeypatch) -> Path:
    """Return a store with a champion in it, that a test may work with."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return Path(shutil.copytree(registered_store, tmp_path / "operating"))


def copy_records(store: Path, url: str, monkeypatch) -> None:
    """Let another database have what a store's own knows of its versions, and be the store's from now on."""
    with database.connect(store).connect() as connection:
        known = {name: connection.execute(text(f"SELECT * FROM {name}")).mappings().all() for name in RECORDS}
    monkeypatch.setenv(database.ADDRESS, url)
    with database.connect(store).begin() as connection:
        for table, rows in known.items():
            columns = [name for name in rows[0] if name != "id"]
            add = f"INSERT INTO {table} ({', '.join(columns)}) VALUES (:{', :'.join(columns)})"
            connection.execute(text(add), [dict(row) for row in rows])


RECORDS = ("decisions", "model_files")
