"""Trainings on stretches of history, as a retraining makes them: same recipe, candidate and gates, without a search.

Two policies that retrain on the same stretch share one training, and one prediction of each window.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from lib import bootstrap, cleaning, duels, folds, missingness, scoring, training
from lib.duels import Verdict
from lib.periods import Window

MAX_VIF = 5.0
"""The default of 03_cleaning, which only the linear candidate minds."""

LEAST_TEST_SHARE = 0.05
"""Fewer of the rows than this are no judge of a challenger, however short the windows are."""

Span = tuple[int, int]
"""Rows learnt from: the first, and the first one after them."""


@dataclass(frozen=True)
class World:
    """A table in order of time, its windows, and what is trained on it.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        In order of time.
    windows : list of Window
    design : mapping
        The contract.
    candidate : str
        A key of `training.CANDIDATES`.
    params : mapping
        Of its estimator, as a search found them.
    history : int
        Windows that a training learns from; 0 for all.
    most_rows : int
        Rows that a training learns from, drawn from its stretch; 0 for all.
    random_state : int
    """

    table: pd.DataFrame = field(repr=False)
    windows: Sequence[Window]
    design: Mapping[str, Any]
    candidate: str = "boosting"
    params: Mapping[str, Any] = field(default_factory=dict)
    history: int = 0
    most_rows: int = 0
    random_state: int = 0

    def truth(self, rows: slice) -> np.ndarray:
        """Return the truth of some rows, coded as scores want it."""
        return scoring.encode(self.design, self.table[self.design["target"]].iloc[rows])

    def clusters(self, rows: slice) -> np.ndarray | None:
        """Return which of some rows belong together."""
        belong = {name: self.design[name] for name in ("time_column", "group_column")}
        return bootstrap.clusters_of(self.table.iloc[rows], **belong)

    def stretch(self, newest: int) -> tuple[Span, slice]:
        """Return what a training learns from when window `newest` is the newest labelled one, and what it is tried on.

        The newest windows, enough for `LEAST_TEST_SHARE` of the rows, are kept back to compare champion and challenger.
        """
        last, test = self.windows[newest].last, newest
        while test > self._oldest(test) + 1 and last - self.windows[test].first < self._enough(test, last):
            test -= 1
        begins = self.windows[test].first
        return (self.windows[self._oldest(test)].first, begins), slice(begins, last)

    def _oldest(self, test: int) -> int:
        return max(0, test - self.history) if self.history else 0

    def _enough(self, test: int, last: int) -> float:
        return LEAST_TEST_SHARE * (last - self.windows[self._oldest(test)].first)


class Trainer:
    """Trains, predicts and compares, each of them once.

    Parameters
    ----------
    world : World
    """

    def __init__(self, world: World):
        self.world = world
        self._models: dict[Span, tuple[Pipeline, float]] = {}
        self._predictions: dict[tuple[Span, int, int], np.ndarray] = {}
        self._duels: dict[tuple[Span, Span, int, int, int], tuple[Verdict, float]] = {}

    @property
    def n_trainings(self) -> int:
        """How many models were fitted, shared ones once."""
        return len(self._models)

    def seconds(self, span: Span) -> float:
        """Return how long the training on a stretch took."""
        return self._model(span)[1]

    def model(self, span: Span) -> Pipeline:
        """Return the model of a stretch."""
        return self._model(span)[0]

    def predict(self, span: Span, rows: slice) -> np.ndarray:
        """Return what the model of a stretch says of some rows."""
        key = (span, rows.start, rows.stop)
        if key not in self._predictions:
            X = self.world.table[self.world.design["features"]].iloc[rows]
            with threadpool_limits(1):
                self._predictions[key] = scoring.predict(self.world.design, self.model(span), X)
        return self._predictions[key]

    def score_of(self, span: Span, rows: slice) -> float:
        """Return the score of a stretch's model on some rows."""
        return scoring.score(self.world.design["metric"], self.world.truth(rows), self.predict(span, rows))

    def score(self, span: Span, rows: slice) -> bootstrap.Interval:
        """Return the same with its interval."""
        given = {"clusters": self.world.clusters(rows), "n_resamples": 200}
        metric = self.world.design["metric"]
        return bootstrap.score_interval(metric, self.world.truth(rows), self.predict(span, rows), **given)

    def duel(self, challenger: Span, champion: Span, rows: slice, *, look: int = 1) -> tuple[Verdict, float]:
        """Return how a duel on rows that neither has seen comes out, and how many seconds it took."""
        key = (challenger, champion, rows.start, rows.stop, look)
        if key not in self._duels:
            began = time.perf_counter()
            said = [self.predict(span, rows) for span in (challenger, champion)]
            found = duels.fight(self.world.design, self.world.table.iloc[rows], *said, look=look)
            self._duels[key] = found, time.perf_counter() - began
        return self._duels[key]

    def _model(self, span: Span) -> tuple[Pipeline, float]:
        if span not in self._models:
            began = time.perf_counter()
            self._models[span] = self._trained(span), time.perf_counter() - began
        return self._models[span]

    def _trained(self, span: Span) -> Pipeline:
        world = self.world
        rows = folds.subsample(
            world.table.iloc[slice(*span)], world.design, world.most_rows, random_state=world.random_state
        )
        # One thread: on a machine that does other things two wait for each other longer than they work.
        with threadpool_limits(1):
            recipe = make_recipe(rows, world.design, linear=world.candidate == "linear")
            given = {"random_state": world.random_state, **world.params}
            model = training.make_candidate(world.candidate, world.design, recipe, **given)
            return training.fit(model, rows, world.design, recipe, world.candidate)


def make_recipe(train: pd.DataFrame, design: Mapping[str, Any], *, linear: bool = False) -> dict[str, Any]:
    """Return what 03_cleaning would decide from these rows, with gaps filled by medians.

    Collinearity is looked at only for a linear candidate, which alone minds it.
    """
    X = train[design["features"]]
    dropped = cleaning.uninformative_columns(X)
    kinds = cleaning.column_kinds(X.drop(columns=list(dropped)))
    dependent = cleaning.dependent_columns(X[kinds["numeric"]])
    kinds["numeric"] = [name for name in kinds["numeric"] if name not in dependent]
    chosen = cleaning.reduce_collinearity(X[kinds["numeric"]], max_vif=MAX_VIF)[0] if linear else kinds["numeric"]
    return cleaning.recipe(
        kinds,
        dropped=dropped | dependent,
        missing=missingness.nothing_missing(),
        linear_numeric=chosen,
        hidden_gaps=list(design.get("missingness_leaks", [])),
        max_vif=MAX_VIF,
    )
