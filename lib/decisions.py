"""The decision log: every verdict, promotion, refusal and rollback, with who, when, from what, to what, and why.

Rows are only ever added; the database itself refuses anything else.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from lib import database, files, results
from lib.checks import Check, refusals, to_records
from lib.errors import InputError

KINDS = (
    "verdict", "promotion", "refusal", "rollback", "alarm", "retraining", "comparison", "back to design",
    "acknowledgement",
)  # fmt: skip
CHANGES_OF_CHAMPION = ("promotion", "rollback")


@dataclass(frozen=True)
class Decision:
    """One line of the log.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    model_name : str
    reason : str
        In words, for a person.
    actor : str
        Who decided: a person's name, or ``"pipeline"``.
    from_version, to_version : int or None
        The champion before and after; for a refusal the champion that stays and the version that was refused.
    key, run_id : str or None
        The content key and the run that it belongs to.
    details : mapping
        What can be looked up later, such as the checks.
    at : str
        UTC, ISO 8601; set when it is recorded.
    id : int or None
        Place in the log; set when it is recorded.
    """

    kind: str
    model_name: str
    reason: str
    actor: str = "pipeline"
    from_version: int | None = None
    to_version: int | None = None
    key: str | None = None
    run_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    id: int | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {KINDS}, not {self.kind!r}")


def record(engine: Engine, decision: Decision) -> Decision:
    """Add a decision to the log and return it as it stands there, with its time and place."""
    row = asdict(decision) | {"at": database.now(), "details": json.dumps(decision.details, default=str)}
    del row["id"]
    query = f"INSERT INTO decisions ({', '.join(row)}) VALUES (:{', :'.join(row)}) RETURNING id"
    with engine.begin() as connection:
        return replace(decision, at=row["at"], id=connection.execute(text(query), row).scalar_one())


def record_verdict(
    engine: Engine, model_name: str, stage: str, checks: Iterable[Check], *, key: str, run_id: str
) -> None:
    """Add the verdict of a stage to the log: how many checks passed, and in words those that refuse.

    A verdict that the log already holds for the same stage, key and outcome is not added again.
    """
    checks = list(checks)
    reason = verdict_in_words(stage, checks)
    known = {(found.key, found.reason) for found in read(engine, model_name, kinds=("verdict",))}
    if checks and (key, reason) not in known:
        details = {"stage": stage, "checks": to_records(checks)}
        record(engine, Decision("verdict", model_name, reason, key=key, run_id=run_id, details=details))


def record_run(engine: Engine, run_dir: Path, keys: Mapping[str, str], *, run_id: str) -> None:
    """Add the verdicts of a run's executions to the log.

    Parameters
    ----------
    run_dir : Path
        The run's files.
    keys : mapping of str to str
        The content key of each execution, by its name.
    run_id : str
    """
    if not files.exists(run_dir, files.DESIGN):
        return
    model_name = files.read(run_dir, files.DESIGN)["model_name"]
    for name, key in keys.items():
        if files.exists(run_dir, f"{name}/{results.FILE}"):
            record_verdict(engine, model_name, name, results.read(run_dir, name)["checks"], key=key, run_id=run_id)


def verdict_in_words(stage: str, checks: list[Check]) -> str:
    """Return the outcome of a stage's checks as a sentence or two."""
    refused = refusals(checks)
    if not refused:
        return f"{stage}: {sum(check.passed for check in checks)} of {len(checks)} checks passed, none refuses."
    return f"{stage} refuses: " + " ".join(f"{check.name}: {check.explanation}" for check in refused)


def read(engine: Engine, model_name: str | None = None, *, kinds: Iterable[str] = KINDS) -> list[Decision]:
    """Return the decisions about a model, or about all, the oldest first."""
    query = "SELECT * FROM decisions WHERE (:name IS NULL OR model_name = :name) ORDER BY id"
    if engine.dialect.name == "postgresql":
        query = query.replace(":name IS NULL", "CAST(:name AS TEXT) IS NULL")
    with engine.connect() as connection:
        rows = connection.execute(text(query), {"name": model_name}).mappings().all()
    wanted = set(kinds)
    return [Decision(**{**row, "details": json.loads(row["details"])}) for row in rows if row["kind"] in wanted]


def reign(engine: Engine, model_name: str) -> list[int]:
    """Return the champions that a rollback can fall back on, the current one last.

    A promotion adds a version; a rollback takes the newest away, so that a second one goes one further back.
    """
    versions: list[int] = []
    for change in read(engine, model_name, kinds=CHANGES_OF_CHAMPION):
        if change.kind == "rollback":
            versions = [*versions[: _last(versions, change.to_version)], change.to_version]
        elif change.to_version not in versions[-1:]:
            versions.append(change.to_version)
    return versions


def reigning(engine: Engine, model_name: str) -> int | None:
    """Return the champion that the log knows, None if there is none."""
    return (reign(engine, model_name) or [None])[-1]


def _last(versions: list[int], version: int) -> int:
    """Return where a version stands, counted from the end; the end if it is not there."""
    places = [place for place, found in enumerate(versions) if found == version]
    return places[-1] if places else len(versions)


def record_files(engine: Engine, model_name: str, version: int, digests: Mapping[str, str]) -> None:
    """Write down the SHA-256 of each file of a version, once and for good."""
    known = files_of(engine, model_name, version)
    rows = [
        {"at": database.now(), "model_name": model_name, "version": version, "name": name, "sha256": digest}
        for name, digest in digests.items()
        if name not in known
    ]
    query = """INSERT INTO model_files (at, model_name, version, name, sha256)
        VALUES (:at, :model_name, :version, :name, :sha256)"""
    if rows:
        with engine.begin() as connection:
            connection.execute(text(query), rows)


def files_of(engine: Engine, model_name: str, version: int) -> dict[str, str]:
    """Return the SHA-256 of each file of a version, as it was written down when the version was made."""
    query = "SELECT name, sha256 FROM model_files WHERE model_name = :model_name AND version = :version"
    with engine.connect() as connection:
        return {
            row.name: row.sha256
            for row in connection.execute(text(query), {"model_name": model_name, "version": version})
        }


def about_champions(engine: Engine) -> list[Decision]:
    """Return who or what changed the champion of any model, or was refused, the oldest first."""
    others = ("refusal", "retraining", "comparison", "back to design", "acknowledgement")
    return read(engine, kinds=(*CHANGES_OF_CHAMPION, *others))


def models(engine: Engine) -> list[str]:
    """Return the models that the log tells of."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT DISTINCT model_name FROM decisions ORDER BY 1")).scalars())


def only_model(engine: Engine, name: str = "") -> str:
    """Return the model that is meant: the one named, the only one that the store knows, or that alone has a champion.

    Raises
    ------
    InputError
        If there is no such model, or there are several and none is named.
    """
    known = models(engine)
    if name in known:
        return name
    # A table that was only tried, and refused, does not make the model in use unclear.
    likely = known if name or len(known) < 2 else [each for each in known if reigning(engine, each)] or known
    if not name and len(likely) == 1:
        return likely[0]
    there = f"There are: {', '.join(known)}." if known else "None is registered yet."
    said = f"--model {name} is unknown." if name else "Name one with --model."
    raise InputError(f"Which model? {said} {there}")


def to_json(found: Iterable[Decision]) -> str:
    """Return decisions as a JSON list, for programs."""
    return json.dumps([asdict(decision) for decision in found], ensure_ascii=False, indent=1)


def to_text(found: Iterable[Decision]) -> str:
    """Return decisions as lines, for a person."""
    lines = [
        f"{decision.at[:19].replace('T', ' ')} UTC  {decision.kind:<10} {decision.model_name} {_move(decision)}  "
        f"by {decision.actor}\n    {decision.reason}"
        for decision in found
    ]
    return "\n".join(lines) or "No decision is on record yet."


def _move(decision: Decision) -> str:
    versions = [version for version in (decision.from_version, decision.to_version) if version is not None]
    if decision.kind == "refusal":
        return f"version {decision.to_version} refused" + (f", {versions[0]} stays" if len(versions) > 1 else "")
    if decision.kind == "comparison":
        return f"version {decision.to_version} compared again, {decision.from_version} stays"
    return "version " + " → ".join(map(str, versions))
