"""What a run was made of and what it found, in MLflow; with `registry` the only module that imports it.

MLflow takes seconds to import, and more to create its database, so a `Tracker` does all of it in a thread of its own
while the notebooks run.
"""

import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import locks, provenance, runs, scratch, trackable
from lib.errors import CuadernoError
from lib.runs import Connection

if TYPE_CHECKING:
    from mlflow import MlflowClient

FILE = "mlflow.db"
EXPERIMENT = "cuaderno"
# The second would copy the lock of whatever project the process happens to run in.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
STATUS = {"done": "FINISHED", "refused": "FINISHED", "failed": "FAILED", "killed": "KILLED"}


def address(store: Path) -> str:
    """Return where MLflow keeps its runs: what its own settings say, or a database in the store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(Path(store).resolve() / FILE).as_posix()}"


def telemetry_is_off() -> bool:
    """Return whether MLflow sends its makers nothing; so it is, unless somebody has set otherwise."""
    name = "MLFLOW_DISABLE_TELEMETRY"
    return os.environ.get(name, _SETTINGS[name]).lower() in ("true", "1")


def connect(store: str | Path) -> Connection:
    """Return a connection to MLflow's store, created first if it is missing.

    Parameters
    ----------
    store : str or Path
        The store's folder; an address in ``MLFLOW_TRACKING_URI`` takes precedence for runs, not for artifacts.
    """
    client = _client(address(Path(store)))
    return Connection(client, _experiment(client, Path(store).resolve() / "artifacts"))


def _client(uri: str) -> "MlflowClient":
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    # MLflow logs, with a traceback, what it raises anyway
    for name, level in {"mlflow": logging.CRITICAL, "alembic": logging.WARNING}.items():
        logging.getLogger(name).setLevel(level)
    if uri.startswith("sqlite:///"):
        create_database(Path(uri.removeprefix("sqlite:///")))
    return MlflowClient(tracking_uri=uri, registry_uri=os.environ.get("MLFLOW_REGISTRY_URI") or uri)


@contextmanager
def as_default(uri: str) -> Iterator[None]:
    """Make an address MLflow's default for a while: parts of its own client ask for no other."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    os.environ["MLFLOW_TRACKING_URI"] = uri
    try:
        yield
    finally:
        os.environ.pop("MLFLOW_TRACKING_URI")
        os.environ.update({} if before is None else {"MLFLOW_TRACKING_URI": before})


def create_database(path: Path) -> None:
    """Create MLflow's database whole or not at all, by one process while the others wait.

    Several processes that find none race in its migrations, and one that is killed leaves half a database.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.alone(path.with_name(path.name + ".lock")):
        if path.exists():
            return
        # What `mlflow server` does to an empty database; the client offers no way that also closes it again.
        from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine_with_retry

        unfinished = path.with_name(f".unfinished-{path.name}")
        unfinished.unlink(missing_ok=True)
        engine = create_sqlalchemy_engine_with_retry(f"sqlite:///{unfinished.as_posix()}")
        _initialize_tables(engine)
        engine.dispose()
        unfinished.replace(path)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=wal")
        connection.close()


def _experiment(client: "MlflowClient", artifacts: Path) -> str:
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    found = client.get_experiment_by_name(name)
    if found is not None:
        return found.experiment_id
    # A server keeps artifacts where it likes; without one they belong to the store.
    served = client.tracking_uri.startswith(("http:", "https:"))
    try:
        return client.create_experiment(name, artifact_location=None if served else artifacts.as_uri())
    except MlflowException:  # another process was faster
        return client.get_experiment_by_name(name).experiment_id


class Tracker:
    """Records one run of the pipeline: a parent run, and a child for each stage and candidate.

    Parameters
    ----------
    store : str or Path
        The store's folder.
    run_id : str
        The pipeline's own name of the run.
    values : mapping
        Parameters of the run as a whole.
    """

    def __init__(self, store: str | Path, run_id: str, values: Mapping[str, Any]):
        self._store, self._run_id, self._values = Path(store), run_id, dict(values)
        self._started = time.time()
        self._work: queue.SimpleQueue = queue.SimpleQueue()
        self._error: Exception | None = None
        self._parent = ""
        self._thread = threading.Thread(target=self._record, name="tracking", daemon=True)
        self._thread.start()

    def stage(
        self,
        name: str,
        *,
        values: Mapping[str, Any],
        run_dir: str | Path,
        report: str | Path | None,
        key: str,
        reused: bool = False,
        seconds: float = 0.0,
        peak_memory_mb: float | None = None,
        status: str = "done",
    ) -> None:
        """Record one execution, as a child of the run; returns at once.

        Parameters
        ----------
        name : str
            The stage, or the stage and candidate: ``"04_training/linear"``.
        values : mapping
            Its resolved parameters.
        run_dir : str or Path
            The run's folder, which has to stay as it is until `finish` returns.
        report : str, Path or None
            The executed notebook; an HTML file beside it is recorded as well.
        key : str
            The content key of the execution.
        reused : bool
            Whether its outputs came from the cache; the child then points to the run that made them.
        seconds, peak_memory_mb : float
            What the execution took.
        status : {"done", "refused", "failed", "killed"}
        """
        found = trackable.execution(
            name, values, Path(run_dir), report and Path(report), seconds=seconds, peak_memory_mb=peak_memory_mb
        )
        ended = time.time()
        self._work.put(lambda connection: self._log_stage(connection, found, key, reused, status, ended))

    def finish(self, status: str = "done") -> str:
        """Wait until everything is recorded, end the run, and return MLflow's id of it.

        Parameters
        ----------
        status : {"done", "refused", "failed", "killed"}

        Raises
        ------
        CuadernoError
            If something could not be recorded.
        """
        self._work.put(lambda connection: self._end(connection, status))
        self._work.put(None)
        self._thread.join()
        if self._error is not None:
            where = address(self._store)
            said = _cause(self._error)
            raise CuadernoError(f"The run could not be recorded in MLflow at {where}: {said}") from self._error
        return self._parent

    def _record(self) -> None:
        try:
            connection = connect(self._store)
            runs.mark_killed(connection)
            self._parent = self._start(connection)
            while (step := self._work.get()) is not None:
                step(connection)
        except Exception as error:  # noqa: BLE001  raised again by `finish`, in the caller's thread
            self._error = error

    def _start(self, connection: Connection) -> str:
        tags = {runs.RUN_ID: self._run_id, **provenance.commit(), **provenance.machine(), **provenance.process()}
        if "git.commit" in tags:
            tags["mlflow.source.git.commit"] = tags["git.commit"]
        run = runs.create(connection, self._run_id, self._started, tags)
        log_batch(connection, run, trackable.Content(params=trackable.params(self._values)))
        connection.client.log_dict(run, provenance.packages(), "packages.json")
        return run

    def _log_stage(self, connection, found: trackable.Content, key, reused, status, ended) -> None:
        tags = {runs.STAGE: found.name, runs.KEY: key, runs.RUN_ID: self._run_id, "mlflow.parentRunId": self._parent}
        tags |= {"cuaderno.status": "reused" if reused else status}
        if reused:
            tags |= {"cuaderno.made_by": runs.maker(connection, found.name, key)}
        run = runs.create(connection, found.name, ended - found.seconds, tags)
        log_batch(connection, run, found)
        if not reused:
            _log_files(connection, run, found)
        connection.client.set_terminated(run, STATUS[status], int(ended * 1000))

    def _end(self, connection: Connection, status: str) -> None:
        connection.client.set_tag(self._parent, "cuaderno.status", status)
        connection.client.set_terminated(self._parent, STATUS[status])


def _cause(error: BaseException) -> str:
    """Return what went wrong first; what MLflow and SQLAlchemy make of it quotes the whole statement."""
    return _cause(error.__cause__) if error.__cause__ else str(error)


def log_batch(connection: Connection, run: str, content: trackable.Content) -> None:
    """Write parameters, metrics and tags, in as few calls as MLflow's limits allow."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    parts = {
        "params": [Param(name, value) for name, value in content.params.items()],
        "metrics": [Metric(name, value, now, 0) for name, value in content.metrics.items()],
        "tags": [RunTag(name, value) for name, value in content.tags.items()],
    }
    for start in range(0, max(map(len, parts.values())), trackable.BATCH):
        batch = {name: entries[start : start + trackable.BATCH] for name, entries in parts.items()}
        connection.client.log_batch(run, **batch, synchronous=True)


def _log_files(connection: Connection, run: str, content: trackable.Content) -> None:
    with scratch.folder() as folder:
        trackable.lay_out(content, folder)
        connection.client.log_artifacts(run, str(folder))
