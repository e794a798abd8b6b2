import numpy as np
import pandas as pd
import pytest

from lib import alarms, design, periods, replay
from lib.errors import InputError
from lib.trainer import Trainer, World
from lib.watching import Watcher

FELL = [alarms.Rule("performance", 1, 1, "stop")]


def table(n_windows=8, n=400, turns_at=4, noise=0.5):
    """Return windows of one month each, in which a column means the opposite from month `turns_at` on."""
    draw = np.random.default_rng(0)
    at = pd.date_range("2013-01-01", periods=n_windows * 30, freq="D").repeat(n // 30)
    x, sign = draw.normal(size=len(at)), np.where(np.arange(len(at)) < turns_at * 30 * (n // 30), 1, -1)
    y = (sign * x + noise * draw.normal(size=len(at)) > 0).astype("int64")
    return pd.DataFrame({"at": at, "x": x, "z": draw.normal(size=len(at)), "y": y})


def world(frame, **given):
    contract = design.contract("t.csv", frame, target="y", time_column="at", least_gain=0.02)
    return World(frame, periods.cut(frame["at"], "month"), contract, "linear", **given)


def replayed(frame, rules, rule=FELL, **given):
    trainer = Trainer(world(frame, **given))
    walks = [replay.walk(trainer, name, rules, Watcher(trainer, rule)) for name in replay.POLICIES]
    return replay.compare(trainer, walks, rules), trainer


@pytest.fixture(scope="module")
def turned():
    return replayed(table(), replay.Rules(start=2), history=2)


def test_a_model_that_is_never_retrained_does_not_recover_from_a_turn(turned):
    scores = [window["score"] for window in turned[0]["never"]["windows"]]
    assert min(scores[:2]) > 0.9
    assert max(scores[2:]) < 0.2


@pytest.mark.parametrize("policy", ["always", "alarm"])
def test_a_retraining_recovers_and_its_gain_is_beyond_chance(turned, policy):
    found = turned[0][policy]
    assert found["windows"][-1]["score"] > 0.8
    assert found["gain"]["low"] > 0.1
    assert found["promotions"] >= 1


def test_an_alarm_retrains_only_after_the_turn(turned):
    found = turned[0]["alarm"]
    assert found["retrainings"] < turned[0]["always"]["retrainings"]
    assert all(each["at"] > "2013-05" for each in found["attempts"])
    assert found["windows"][0]["alarms"] == []


def test_policies_share_trainings_and_the_first_champion(turned):
    found, trainer = turned
    assert trainer.n_trainings <= 1 + found["always"]["retrainings"]
    assert len({found[policy]["windows"][0]["score"] for policy in found}) == 1


def test_no_window_is_scored_by_a_model_that_has_seen_it(turned):
    trainer = turned[1]
    walk = replay.walk(trainer, "always", replay.Rules(start=2), lambda *_: [])
    windows = trainer.world.windows[2:]
    assert all(last <= window.first for (_, last), window in zip(walk.champions, windows, strict=True))


def test_a_challenger_is_tried_on_rows_that_neither_side_has_seen(turned):
    span, rows = turned[1].world.stretch(5)
    assert span[1] == rows.start
    assert rows.stop == turned[1].world.windows[5].last


def test_with_a_delay_nothing_is_learnt_from_labels_that_have_not_come():
    trainer = Trainer(world(table(), history=2))
    walk = replay.walk(trainer, "always", replay.Rules(start=2, delay=2), lambda *_: [])
    windows = trainer.world.windows
    assert walk.duels[0]["at"] == windows[4].end
    for place, (_, last) in enumerate(walk.champions, start=2):
        assert last <= windows[max(place - 1 - 2, 1)].last


def test_without_a_change_an_alarm_retrains_nothing():
    found, _ = replayed(table(turns_at=99), replay.Rules(start=2))
    assert found["alarm"]["retrainings"] == 0
    assert found["always"]["promotions"] == 0


def test_an_alarm_that_no_retraining_answers_goes_back_to_design():
    frame = table(n_windows=9)
    frame["y"] = frame["y"].where(frame["at"] < "2013-04", np.random.default_rng(1).integers(0, 2, len(frame)))
    found, _ = replayed(frame, replay.Rules(start=2, budget=2), history=1)
    assert found["alarm"]["returned"] is not None
    assert found["alarm"]["retrainings"] == 2


def test_a_challenger_that_one_window_kept_out_is_promoted_by_two_without_another_retraining():
    trainer, rules = Trainer(world(table(n=240, turns_at=3, noise=3.0), history=1)), replay.Rules(start=3)
    walk = replay.walk(trainer, "alarm", rules, lambda champion, judged, met: ["It fell."] if met.stop == 5 else [])
    assert [(duel["look"], duel["promoted"]) for duel in walk.duels] == [(1, False), (2, True)]
    challenger, kept_back = trainer.world.stretch(4)
    assert walk.champions[-2:] == [challenger, challenger]
    assert walk.judged == kept_back
    found = replay.compare(trainer, [replay.walk(trainer, "never", rules, lambda *_: []), walk], rules)["alarm"]
    assert (found["retrainings"], found["promotions"]) == (1, 1)
    assert found["windows"][2]["promoted"] and not found["windows"][2]["retrained"]


def test_short_windows_are_put_together_until_they_can_judge():
    frame = table(n=900)
    daily = World(frame, periods.cut(frame["at"], "day"), {}, "linear")
    test = daily.stretch(len(daily.windows) - 1)[1]
    assert 0.05 * len(frame) <= test.stop - test.start < 0.06 * len(frame)


@pytest.mark.parametrize(("n_windows", "start"), [(3, 2), (8, 1), (2, 2), (4, 3)])
def test_a_history_that_is_too_short_is_refused(n_windows, start):
    with pytest.raises(InputError, match="two windows of history and two"):
        replay.require_enough(n_windows, start)
