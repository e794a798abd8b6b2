"""The alarms that monitoring would have raised in history, by the same reference profiles, signals and rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lib import alarms, explanation, monitoring, reference, residuals, standings
from lib.alarms import Rule
from lib.trainer import Span, Trainer


class Watcher:
    """Monitors windows of history as `monitor` would, each once for a champion.

    Parameters
    ----------
    trainer : Trainer
    rules : sequence of alarms.Rule
    limits : mapping
        Keywords of `monitoring.assess`.
    """

    def __init__(self, trainer: Trainer, rules: Sequence[Rule], limits: Mapping[str, Any] | None = None):
        self.trainer, self.rules, self.limits = trainer, list(rules), dict(limits or {})
        self._references: dict[tuple[Span, int], dict[str, Any]] = {}
        self._windows: dict[tuple[Span, int], dict[str, Any]] = {}

    def __call__(self, champion: Span, judged: slice, met: range) -> list[str]:
        """Return the alarms that stand at the end of the windows that a champion has met, in words."""
        if not len(met):
            return []
        seen = [self._assessed(champion, judged, place, met.start) for place in met]
        return [each["what"] for each in alarms.raised(self.rules, seen) if standings.is_answerable(each)]

    def _assessed(self, champion: Span, judged: slice, place: int, first: int) -> dict[str, Any]:
        if (champion, place) not in self._windows:
            known = self._reference(champion, judged)
            window = self.trainer.world.windows[place]
            frame, inputs = self._predicted(champion, window.rows, known["features"])
            named = {"start": window.start, "end": window.end, "earlier": self._earlier(champion, judged, place, first)}
            found = monitoring.assess(known, frame, inputs, **named, **self.limits)
            self._windows[champion, place] = found
        return self._windows[champion, place]

    def _earlier(self, champion: Span, judged: slice, place: int, first: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return rows that the champion has not learnt from, as many as are learnt from: its test rows, and windows."""
        windows, since = self.trainer.world.windows, place
        while since > first and windows[place].first - windows[since].first < residuals.MOST_ROWS:
            since -= 1
        features = self._reference(champion, judged)["features"]
        rows = [judged, *(window.rows for window in windows[since:place])]
        met = [self._predicted(champion, each, features) for each in rows]
        return tuple(pd.concat([each[part] for each in met]).tail(residuals.MOST_ROWS) for part in (0, 1))

    def _predicted(self, champion: Span, rows: slice, features: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return rows of history as the prediction database would have them, and their features."""
        world = self.trainer.world
        table = world.table.iloc[rows]
        return as_predicted(world.design, table, self.trainer.predict(champion, rows)), table[features]

    def _reference(self, champion: Span, judged: slice) -> dict[str, Any]:
        if (champion, judged.start) not in self._references:
            world = self.trainer.world
            learnt, test = world.table.iloc[slice(*champion)], world.table.iloc[judged]
            model, truth = self.trainer.model(champion), world.truth(judged)
            given = {"random_state": world.random_state}
            weights = explanation.importance(world.design, model, test[world.design["features"]], truth, **given)
            said, score = self.trainer.predict(champion, judged), self.trainer.score(champion, judged)
            self._references[champion, judged.start] = reference.build(
                world.design, learnt, test, truth, said, score=score, importance=weights["loss"].to_dict(), **given
            )
        return self._references[champion, judged.start]


def as_predicted(design: Mapping[str, Any], rows: pd.DataFrame, said) -> pd.DataFrame:
    """Return rows with what was said of them as the prediction database would have them."""
    time = design["time_column"]
    has_times = bool(time) and pd.api.types.is_datetime64_any_dtype(rows[time])
    times = rows[time] if has_times else pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    truth = rows[design["target"]]
    if design["task"] == "regression":
        return pd.DataFrame({"event_time": times, "prediction": said, "probability": float("nan"), "label": truth})
    found = pd.DataFrame({"event_time": times, "label": truth.astype(object).map(str, na_action="ignore")})
    if design["task"] == "binary":
        return found.assign(probability=said)
    return found.assign(**{f"probability_{label}": said[:, i] for i, label in enumerate(design["classes"])})
