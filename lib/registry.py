"""Model versions in MLflow's registry: registered once, promoted or refused by their checks, rolled back on the record.

MLflow's alias `champion` says which version is in use; the decision log says why; the files in the store's `champion`
folder are what is read. Each step can be repeated, so that the next call completes what a crash has left.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lib import champion, database, decisions, locks, packaging, portable, provenance, release, scratch, tracking
from lib.checks import refusals
from lib.decisions import Decision
from lib.errors import InputError
from lib.release import Registered

CHAMPION = "champion"
CHALLENGER = "challenger"
KEY = "cuaderno.key"
FILES = "cuaderno.files"
_MOVED = (
    "The alias was found at this version without a decision on record: it was moved in MLflow, or a run ended before "
    "the decision was written down."
)


def register(
    store: str | Path, run_dir: str | Path, *, run_id: str, key: str, base_key: str, tracking_run: str = ""
) -> Registered:
    """Make the run's chosen model a version, and champion or challenger as its checks say; once for each key.

    Parameters
    ----------
    store : str or Path
        The store's folder.
    run_dir : str or Path
        The run's files.
    run_id : str
        The pipeline's name of the run.
    key, base_key : str
        Content keys of 05_evaluation, with and without the champion as an input.
    tracking_run : str
        MLflow's id of the run, from `Tracker.finish`.
    """
    made = release.gather(Path(run_dir), run_id=run_id, key=key, base_key=base_key)
    with _connected(store) as connection:
        known = _version_of_key(connection.client, made.model_name, key)
        version = known or _create(connection, made, tracking_run)
        decision = _decide(store, connection, made, version)
        _synchronize(store, connection, made.model_name)
        alias = _alias_of(connection, made.model_name, version)
    return Registered(made.model_name, version, alias, known is None, decision.from_version, decision.reason)


def _version_of_key(client, model_name: str, key: str) -> int | None:
    found = client.search_model_versions(f"name = '{model_name}' AND tags.`{KEY}` = '{key}'")
    return min((int(version.version) for version in found), default=None)


def _create(connection: tracking.Connection, made: release.Release, tracking_run: str) -> int:
    client, run = connection.client, tracking_run or None
    if not client.search_registered_models(f"name = '{made.model_name}'"):
        client.create_registered_model(made.model_name)
    logged = client.create_logged_model(connection.experiment_id, made.model_name, run)
    with scratch.folder() as temporary:
        folder = _save(made, temporary, logged.model_id, run)
        client.log_model_artifacts(logged.model_id, str(folder))
        digests = packaging.digests(folder)
    client.finalize_logged_model(logged.model_id, "READY")
    # Hashes and key come with the version itself: there is no moment at which it exists without them.
    tags = {**made.tags, **_begun_at(client, run), FILES: json.dumps(digests)}
    source = f"models:/{logged.model_id}"
    with tracking.as_default(client.tracking_uri):
        return int(client.create_model_version(made.model_name, source, run, tags, model_id=logged.model_id).version)


def _begun_at(client, run: str | None) -> dict[str, str]:
    """Return the commit at which the run began: the source may have been committed to while it worked."""
    known = client.get_run(run).data.tags if run else {}
    return {name: known[name] for name in provenance.COMMIT if name in known}


def _save(made: release.Release, temporary: Path, model_id: str, run: str | None) -> Path:
    """Write the model as MLflow keeps it: files, source, requirements, signature."""
    packaging.pack(temporary / "model", made.model, made.contract, made.info, made.reference)
    code = packaging.code(temporary)
    folder = temporary / "saved"
    with warnings.catch_warnings():
        # MLflow warns of its own type hints when it is imported, and misses an example row, which would be a row of the
        # user's data in the registry.
        warnings.simplefilter("ignore", UserWarning)
        from mlflow import pyfunc
        from mlflow.models import Model

        pyfunc.save_model(
            str(folder),
            loader_module=f"{code.name}.{Path(portable.__file__).stem}",
            data_path=str(temporary / "model"),
            code_paths=[str(code)],
            pip_requirements=packaging.requirements(made.model),
            signature=_signature(made.contract),
            metadata={"columns": {c["raw"]: "time" if "part" in c else c["kind"] for c in _columns(made.contract)}},
            mlflow_model=Model(model_uuid=model_id, model_id=model_id, run_id=run),
        )
    return folder


def _signature(contract: Mapping[str, Any]):
    """Name the columns and say which are required; of any type, for the model itself brings them to theirs.

    A typed signature refuses whole numbers for floats, gaps in integers, categories and time zones before the model
    has seen them.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    needed: dict[str, bool] = {}
    for column in _columns(contract):  # parts of a time share the raw column
        needed[column["raw"]] = needed.get(column["raw"], False) or column["name"] in contract["required"]
    inputs = [ColSpec(AnyType(), name, required=required) for name, required in needed.items()]
    answers = [ColSpec("double" if contract["task"] == "regression" else AnyType(), portable.PREDICTION)]
    answers += [ColSpec("double", portable.PROBABILITY.format(label=label)) for label in contract["classes"]]
    return ModelSignature(Schema(inputs), Schema(answers))


def _columns(contract: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return contract["reading"]["columns"]


def _decide(store, connection: tracking.Connection, made: release.Release, version: int) -> Decision:
    """Give a version its alias and write down why, unless that has been done; return the decision."""
    engine, client = database.connect(store), connection.client
    tags = client.get_model_version(made.model_name, str(version)).tags
    decisions.record_files(engine, made.model_name, version, json.loads(tags[FILES]))
    for known in decisions.read(engine, made.model_name, kinds=("promotion", "refusal")):
        if known.to_version == version:
            return known
    kind, alias = ("refusal", CHALLENGER) if refusals(made.checks) else ("promotion", CHAMPION)
    former = decisions.reigning(engine, made.model_name)
    client.set_registered_model_alias(made.model_name, alias, str(version))
    asked = Decision(kind, made.model_name, made.reason, "pipeline", former, version, made.key, made.run_id)
    return decisions.record(engine, asked)


def _alias_of(connection: tracking.Connection, model_name: str, version: int) -> str:
    found = [name for name, number in _aliases(connection, model_name).items() if number == version]
    return CHAMPION if CHAMPION in found else CHALLENGER if CHALLENGER in found else ""


def aliases(store: str | Path, model_name: str) -> dict[str, int]:
    """Return the version behind each alias; empty if the model is not registered."""
    return _aliases(tracking.connect(store), model_name)


def _aliases(connection: tracking.Connection, model_name: str) -> dict[str, int]:
    if not connection.client.search_registered_models(f"name = '{model_name}'"):
        return {}
    found = connection.client.get_registered_model(model_name).aliases
    return {name: int(version) for name, version in found.items()}


def refresh_champion(store: str | Path, model_name: str) -> champion.Champion | None:
    """Bring decision log and local copy in line with MLflow's alias, and return the champion.

    Raises
    ------
    InputError
        If the files of the version behind the alias are not what was recorded of them.
    """
    with _connected(store) as connection:
        _synchronize(store, connection, model_name)
    return champion.current(store, model_name)


def _synchronize(store, connection: tracking.Connection, model_name: str) -> None:
    version = _aliases(connection, model_name).get(CHAMPION)
    if version is None:
        champion.drop(store, model_name)
        return
    engine = database.connect(store)
    reign = decisions.reign(engine, model_name)
    if reign[-1:] != [version]:
        kind = "rollback" if version in reign else "promotion"
        former = reign[-1] if reign else None
        decisions.record(engine, Decision(kind, model_name, _MOVED, "unknown", former, version))
    if not champion.is_kept(store, model_name, version):
        with _fetched(store, connection, model_name, version) as folder:
            champion.keep(store, model_name, folder, version)


@contextmanager
def _fetched(store, connection: tracking.Connection, model_name: str, version: int) -> Iterator[Path]:
    """Yield a copy of a version's files, compared with what was recorded of them."""
    from mlflow.artifacts import download_artifacts

    uri = connection.client.get_model_version_download_uri(model_name, str(version))
    with scratch.folder() as temporary:
        folder = Path(
            download_artifacts(artifact_uri=uri, dst_path=str(temporary), tracking_uri=connection.client.tracking_uri)
        )
        champion.verify(store, model_name, version, folder)
        yield folder


def load(store: str | Path, model_name: str, version: int) -> portable.Model:
    """Return a version, ready to predict, if its files are what was recorded of them.

    Raises
    ------
    InputError
        If they are not.
    """
    with _fetched(store, tracking.connect(store), model_name, version) as folder:
        return portable.load(folder / packaging.DATA)


def promote(store: str | Path, asked: Decision) -> Decision:
    """Make a challenger champion that newer rows have shown to be better, and write down why.

    Parameters
    ----------
    store : str or Path
        The store's folder.
    asked : Decision
        The promotion as it is to stand in the log.

    Raises
    ------
    InputError
        If the version's files are not what was recorded of them; nothing was changed then.
    """
    name, version = asked.model_name, asked.to_version
    with _connected(store) as connection, _fetched(store, connection, name, version) as folder:
        connection.client.set_registered_model_alias(name, CHAMPION, str(version))
        if _aliases(connection, name).get(CHALLENGER) == version:
            connection.client.delete_registered_model_alias(name, CHALLENGER)
        decision = decisions.record(database.connect(store), asked)
        champion.keep(store, name, folder, version)
    return decision


def rollback(store: str | Path, model_name: str, reason: str, actor: str = "") -> Decision:
    """Make the champion before the current one champion again, and write down why.

    Raises
    ------
    InputError
        If there is none, its files are not what was recorded of them, or no reason is given; nothing was changed then.
    """
    if not reason.strip():
        raise InputError("A rollback stays on the record with its reason: say it in words with --reason.")
    with _connected(store) as connection:
        _synchronize(store, connection, model_name)
        engine = database.connect(store)
        reign = decisions.reign(engine, model_name)
        if len(reign) < 2:
            raise InputError(f"{model_name} has no champion before the current one. `pipeline.py history` shows all.")
        now, before = reign[-1], reign[-2]
        with _fetched(store, connection, model_name, before) as folder:
            connection.client.set_registered_model_alias(model_name, CHAMPION, str(before))
            asked = Decision("rollback", model_name, reason, actor or provenance.person(), now, before)
            decision = decisions.record(engine, asked)
            champion.keep(store, model_name, folder, before)
    return decision


@contextmanager
def _connected(store: str | Path) -> Iterator[tracking.Connection]:
    """Yield a connection, to one process at a time."""
    connection = tracking.connect(store)
    with locks.alone(Path(store) / "registry.lock"):
        yield connection
