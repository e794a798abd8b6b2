"""The verb `monitor` on a store with a champion: what is new is monitored once, recorded, reported and told."""

import json
from pathlib import Path

import pandas as pd
import pytest
from releases import MODEL_NAME, raw_table

from lib import (
    batches,
    champion,
    database,
    decisions,
    files,
    inspection,
    labelling,
    notify,
    project,
    reading,
    windows,
)
from lib.errors import InputError

ROOT = Path(__file__).parent.parent
RULES = ["performance 1/1 stop", "inputs 1/1 warning", "quality 1/1 warning"]


def monitor(store, **given):
    values = {"rules": RULES, **given.pop("given", {})}
    at = project.at(ROOT, store, store.parent / "reports")
    return inspection.monitor(at, inspection.Asked(given=values, **given), lambda event: None)


@pytest.fixture
def engine(operating):
    return database.connect(operating)


def score(store, tmp_path, rows, name):
    rows.to_parquet(tmp_path / name)
    batches.score(store, str(tmp_path / name))
    return str(tmp_path / name)


def test_each_window_is_monitored_once_and_again_when_its_labels_come(operating, engine, tmp_path):
    source = score(operating, tmp_path, raw_table(), "january.parquet")
    found = monitor(operating)
    assert [window["start"][:10] for window in found.windows] == ["2012-12-31", "2013-01-07", "2013-01-14"]
    assert found.exit_status == 0 and found.alarms == []
    assert Path(found.report).read_text(encoding="utf-8").count("<h1") >= 1
    assert all(window.payload["performance"] is None for window in windows.read(engine, MODEL_NAME))
    assert all(window.payload["estimated"]["value"] > 0.7 for window in windows.read(engine, MODEL_NAME))
    again = monitor(operating)
    assert again.windows == [] and again.exit_status == 0 and "Nothing new" in again.message
    labelling.label(operating, source)
    assert len(monitor(operating).windows) == 3
    assert [window.payload["performance"]["n"] for window in windows.read(engine, MODEL_NAME)] == [
        window.n for window in windows.read(engine, MODEL_NAME)
    ]


def test_an_alarm_is_in_the_log_in_the_report_and_among_the_notices_and_ends_with_3(operating, engine, tmp_path):
    rows = raw_table().assign(distance=100, late=lambda table: table["late"].iloc[::-1].to_numpy())
    labelling.label(operating, score(operating, tmp_path, rows, "strange.parquet"))
    found = monitor(operating)
    assert found.exit_status == 3
    assert {"performance", "quality"} <= {alarm["name"] for alarm in found.alarms}
    logged = decisions.read(engine, MODEL_NAME, kinds=("alarm",))
    assert any("Retrain on newer rows" in decision.reason for decision in logged)
    assert found.notices["waiting"] == len(found.alarms)
    assert found.notices["reason"] == f"{notify.ADDRESS} is not set"
    n_logged = len(logged)
    assert len(monitor(operating, start="2013-01-07").windows) == 2
    assert len(decisions.read(engine, MODEL_NAME, kinds=("alarm",))) == n_logged
    assert not list((operating / "monitoring").iterdir())
    assert json.dumps(found.as_dict())


def test_the_test_rows_of_the_champion_are_learnt_from_and_counted_nowhere(operating, engine, tmp_path):
    given = {"given": {"by": "month"}, "unfinished": True, "start": "2013-01-01"}
    labelling.label(operating, score(operating, tmp_path, raw_table(), "january.parquet"))
    monitor(operating, **given)
    (alone,) = windows.read(engine, MODEL_NAME)
    run_dir = operating / "runs" / champion.current(operating, MODEL_NAME).info["run_id"]
    test = reading.tidy(raw_table(), target="late").table
    test["departure"] -= pd.Timedelta(days=31)
    files.write(run_dir, files.TEST, test)
    files.write(run_dir, files.TEST_PREDICTIONS, pd.DataFrame({"truth": test["late"], "prediction": 0.5}))
    monitor(operating, **given)
    (taught,) = windows.read(engine, MODEL_NAME)
    assert taught.n == alone.n == 400
    assert taught.payload["performance"] == alone.payload["performance"]
    assert taught.payload["residuals"]["n"] == alone.payload["residuals"]["n"]
    assert taught.payload["residuals"]["value"] != alone.payload["residuals"]["value"]


def test_nothing_predicted_is_nothing_to_monitor(operating):
    found = monitor(operating)
    assert found.exit_status == 0 and "no window of predictions has ended yet" in found.message


def test_a_store_without_a_champion_is_refused_with_what_to_do(store):
    with pytest.raises(InputError, match="There is nothing in .* `pipeline.py run` makes a model"):
        monitor(store)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rules": "speed 2/3 stop"}, "speed is none of"),
        ({"by": "hour"}, "by takes one of"),
        ({"quiet_hours": "night"}, "two hours of the day"),
        ({"drift_measure": "feeling"}, "feeling"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_before_anything_starts(operating, given, said):
    with pytest.raises(InputError, match=said):
        monitor(operating, given=given)


def test_a_champion_without_a_reference_profile_is_refused_with_what_to_do(operating):
    (folder,) = (operating / "champion" / MODEL_NAME).glob("1")
    (folder / "data" / "model" / "reference.json").unlink()
    with pytest.raises(InputError, match="not what was registered"):
        monitor(operating)
