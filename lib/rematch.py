"""A challenger that was kept out, compared with the champion again on its own test rows and those labelled since.

Neither has learnt from any of them: the challenger's rows end before its test rows, and the champion's before that.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import database, decisions, duels, files, newer, policy, registry, scoring, standings
from lib.conclusion import Conclusion
from lib.decisions import Decision
from lib.duels import Verdict
from lib.outcome import Outcome
from lib.policy import Contender
from lib.project import Project
from lib.standings import Standing

LEAST_NEW_ROWS = 100
"""Labelled since it was compared last; fewer would hardly say anything new."""


@dataclass(frozen=True)
class Rematch:
    """A comparison that can be made.

    Parameters
    ----------
    rival : Contender
    version : int
        Of the challenger.
    run_dir : Path
        The run that made it, with the champion that it met.
    since : DataFrame of shape (n_samples, n_columns)
        Rows labelled since.
    """

    rival: Contender
    version: int
    run_dir: Path
    since: pd.DataFrame = field(repr=False)


def attempt(project: Project, model_name: str) -> Outcome | None:
    """Compare a challenger again, if newer rows ask for it; return how the turn came out if it is champion now."""
    found = standings.of(project, model_name)
    if decisions.reigning(database.connect(project.store), model_name) != found.champion.version:
        # A turn was cut off between the word in the log and the copy of the files.
        registry.refresh_champion(project.store, model_name)
        found = standings.of(project, model_name)
    asked = due(project, found)
    verdict = hold(project, found, asked) if asked else None
    if verdict is None or not verdict.won:
        return None
    now, run_id = standings.of(project, model_name), str(asked.rival.retraining.run_id)
    told = {"status": "promoted", "message": f"Promoted. {verdict.reason}"}
    return replace(Outcome.of(now, now.next_step()), **told, version=asked.version, run_id=run_id)


def is_undecided(project: Project, concluded: Conclusion | None) -> bool:
    """Return whether newer rows may yet show that the model of a run is better than the champion."""
    run_dir = project.runs / concluded.run_id if concluded else None
    if run_dir is None or not files.exists(run_dir, files.EVALUATION):
        return False
    contract, met = files.read(run_dir, files.DESIGN), files.read(run_dir, files.EVALUATION).get("champion")
    refused = [gate["name"] for gate in concluded.gates if not gate["passed"]]
    return bool(met) and duels.is_undecided(refused, (met["gain"] or {}).get("high"), contract["least_gain"])


def due(project: Project, found: Standing) -> Rematch | None:
    """Return the comparison that newer rows ask for, or None.

    Without a column of times it cannot be told which rows are newer, and a challenger is judged once.
    """
    rival = policy.contender(found.log, found.design.identity)
    if rival is None or found.next_step(again=True).action != policy.COMPARE:
        return None
    run_dir, version = project.runs / str(rival.retraining.run_id), rival.retraining.to_version
    if version is None or not files.exists(run_dir, files.CHAMPION_INFO) or not files.exists(run_dir, files.TEST):
        return None
    contract, met = files.read(run_dir, files.DESIGN), files.read(run_dir, files.CHAMPION_INFO)
    time, test = contract["time_column"], files.read(run_dir, files.TEST)
    if met["version"] != found.champion.version or not time or not pd.api.types.is_datetime64_any_dtype(test[time]):
        return None
    later = newer.labelled(project, found.champion.model_name, contract)
    later = later[later[time] > test[time].max()]
    enough = len(later) - _seen(found.log, rival) >= LEAST_NEW_ROWS
    return Rematch(rival, version, run_dir, later) if enough else None


def hold(project: Project, found: Standing, rematch: Rematch) -> Verdict:
    """Compare, put the outcome on record, and promote the challenger if it won."""
    name, champion = found.champion.model_name, found.champion.version
    verdict, rival = _judged(rematch), rematch.rival
    said = f"Look {rival.look} at version {rematch.version}, with {len(rematch.since):,} newer rows: {verdict.reason}"
    told: dict[str, Any] = {"window": found.window, "design": found.design.identity, "look": rival.look}
    told |= {"n_newer": len(rematch.since), "undecided": verdict.undecided, "retraining": rival.retraining.id}
    kind = "promotion" if verdict.won else "comparison"
    run_id = rival.retraining.run_id
    entry = Decision(kind, name, said, "cycle", champion, rematch.version, run_id=run_id, details=told)
    if verdict.won:
        registry.promote(project.store, entry)
    else:
        decisions.record(database.connect(project.store), entry)
    return Verdict(verdict.won, verdict.undecided, verdict.gain, said)


def _judged(rematch: Rematch) -> Verdict:
    run_dir = rematch.run_dir
    contract, test = files.read(run_dir, files.DESIGN), files.read(run_dir, files.TEST)
    since = rematch.since.reindex(columns=test.columns)
    models = files.read(run_dir, files.MODEL), files.read(run_dir, files.CHAMPION_MODEL)
    asked = contract["features"], files.read(run_dir, files.CHAMPION_INFO)["features"]
    # Each part is asked by itself: put together, columns would take types that no model has seen.
    said = [
        np.concatenate([scoring.predict(contract, model, part[names]) for part in (test, since)])
        for model, names in zip(models, asked, strict=True)
    ]
    rows = pd.concat([test, since], ignore_index=True)
    return duels.fight(contract, rows, *said, look=rematch.rival.look)


def _seen(log: list[Decision], rival: Contender) -> int:
    """Return how many newer rows there were when it was compared last."""
    told = [each.details for each in log if each.details.get("retraining") == rival.retraining.id]
    return int(told[-1]["n_newer"]) if told else 0
