"""A champion at work: from columns that it takes to what is written down of its answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import champion, coercion, database, decisions, packaging, portable, rowkeys
from lib.champion import Champion
from lib.errors import InputError


@dataclass(frozen=True)
class Answerer:
    """The champion with its model in memory.

    Parameters
    ----------
    champion : Champion
    model : portable.Model
    """

    champion: Champion
    model: portable.Model

    @property
    def contract(self) -> dict[str, Any]:
        """How raw columns are read, and what they have to be like."""
        return self.model.contract

    @property
    def preprocessor_version(self) -> str:
        """A hash of the steps before the estimator."""
        return str(self.champion.info.get("preprocessor") or self.champion.sha256[:12])

    @property
    def classes(self) -> list[str]:
        """The classes as they are written down, the positive one last; none for a regression."""
        if self.contract["task"] == "regression":
            return []
        known = self.contract["classes"] or self.model.estimator.classes_.tolist()
        return coercion.as_text(pd.Series(known)).tolist()


def in_use(store: str | Path, model: str = "") -> Answerer:
    """Return the champion of a model, or of the only one that the store has, ready to answer.

    Raises
    ------
    InputError
        If there is none, or it is not what was registered.
    """
    name = decisions.only_model(database.of_known(store), model)
    found = champion.current(store, name)
    if found is None:
        raise InputError(f"{name} has no champion. `pipeline.py run` makes one; `pipeline.py history` shows why not.")
    try:
        return Answerer(found, portable.load(found.folder / packaging.DATA))
    except portable.Untrusted as error:
        raise InputError(str(error)) from None


def event_times(answerer: Answerer, raw: pd.DataFrame) -> pd.Series | None:
    """Return the times of a table's rows, UTC without a zone; None where it has no column of times."""
    name = answerer.champion.info.get("time_column")
    entry = answerer.contract.get("time") or {"name": name, "raw": name, "kind": "time"}
    found = next((known for known in (entry["name"], entry["raw"]) if known and known in raw), None)
    if found is None:
        return None
    return coercion.convert(raw[found], {**entry, "kind": "time"}, answerer.contract["reading"]["gap_words"])


def hashes(X: pd.DataFrame, times: pd.Series | None) -> np.ndarray:
    """Return the hash of each row's content: what the model takes, and its time where it has one."""
    return rowkeys.hashes(X if times is None else X.assign(**{"the time of the row": times}))


def texts(hashed: np.ndarray) -> list[str]:
    """Return hashes as the database has them."""
    return rowkeys.as_text(hashed)


def written(answer: pd.DataFrame, times: pd.Series | None, hashed: Sequence[str], at: pd.Timestamp) -> pd.DataFrame:
    """Return the columns that `predictions.write` takes, in the order of the rows.

    Parameters
    ----------
    answer : DataFrame
        What the model said, as `portable.Model.answer` returns it.
    times : Series or None
        When each row happened; where it is not known, `at` stands for it.
    hashed : sequence of str
        The hash of each row's content.
    at : Timestamp
        Now.
    """
    happened = pd.Series(at, index=answer.index) if times is None else times.fillna(at)
    table = pd.DataFrame({"event_time": happened, "prediction": answer[portable.PREDICTION], "input_hash": hashed})
    classes = answer.drop(columns=portable.PREDICTION)
    if classes.shape[1] == 2:
        return table.assign(probability=classes.iloc[:, 1])
    if classes.shape[1]:
        names = [name.removeprefix(portable.PROBABILITY.format(label="")) for name in classes]
        rows = classes.to_numpy()
        each = [json.dumps(dict(zip(names, row, strict=True))) for row in rows.tolist()]
        return table.assign(probability=rows.max(axis=1), probabilities=each)
    return table
