"""The test rows of a version stand before what it predicts in use, and are counted nowhere."""

import numpy as np
import pandas as pd
import pytest

from lib import files, predicted, unlearnt

KNOWN = {"task": "binary", "classes": [0, 1], "time_column": "at"}


WEEK = "2013-03-04T00:00:00"


def keys(n):
    return pd.Index([f"live {i}" for i in range(n)], name="row_key")


@pytest.fixture
def live():
    """Return what was predicted in March, as the prediction database has it."""
    at = pd.date_range("2013-03-06 06:00", periods=50, freq="h")
    rows = pd.DataFrame({"event_time": at, "probability": 0.5, "label": "1", "model_version": 7, "batch": "b"})
    inputs = pd.DataFrame({"x": np.arange(50.0), "town": pd.Series(["a"] * 50, dtype="str")})
    return rows.set_axis(keys(50)), inputs.set_axis(keys(50))


@pytest.fixture
def run_dir(tmp_path):
    """Return a run whose test rows go up to the hour at which those in use begin."""
    at = pd.date_range(end="2013-03-06 05:00", periods=80, freq="h")
    test = pd.DataFrame({"at": at, "x": np.arange(80), "town": pd.Categorical(["b"] * 80), "y": 1}).sample(frac=1)
    files.write(tmp_path, files.TEST, test)
    files.write(tmp_path, files.TEST_PREDICTIONS, pd.DataFrame({"truth": test["y"], "prediction": test["x"] / 80}))
    return tmp_path


def test_test_rows_come_first_as_rows_of_the_same_version_with_their_truth(run_dir, live):
    rows, inputs = unlearnt.ahead(run_dir, KNOWN, 7, *live, start=WEEK)
    assert rows["event_time"].is_monotonic_increasing
    assert list(rows.columns) == list(live[0].columns)
    assert set(rows["model_version"]) == {7} and set(rows["label"]) == {"1"}
    assert rows["probability"].iloc[:3].tolist() == [0, 1 / 80, 2 / 80]
    assert inputs["x"].iloc[:3].tolist() == [0.0, 1.0, 2.0]
    assert inputs.dtypes.equals(live[1].dtypes) and rows.index.equals(inputs.index) and rows.index.is_unique


def test_what_the_first_window_is_learnt_from_are_the_test_rows(run_dir, live):
    rows, inputs = unlearnt.ahead(run_dir, KNOWN, 7, *live, start=WEEK)
    part = np.flatnonzero(rows.index.str.startswith("live"))
    assert len(predicted.before(rows, inputs, part)[0]) == len(rows) - 50 == 26


def test_test_rows_of_a_week_that_is_monitored_are_left_out(run_dir, live):
    rows, _ = unlearnt.ahead(run_dir, KNOWN, 7, *live, start=WEEK)
    (week,) = (part for start, _, part in predicted.cut(rows, "week") if start == WEEK)
    assert rows.index[week].str.startswith("live").all()


def test_of_a_run_that_is_gone_or_rows_without_times_nothing_is_taken(run_dir, live, tmp_path):
    rows, inputs = live
    assert len(unlearnt.ahead(tmp_path / "gone", KNOWN, 7, rows, inputs, start=WEEK)[0]) == 50
    assert len(unlearnt.ahead(run_dir, KNOWN, 7, rows.assign(event_time=pd.NaT), inputs, start=WEEK)[0]) == 50
    assert len(unlearnt.ahead(run_dir, KNOWN, 7, rows.iloc[:0], inputs.iloc[:0], start=WEEK)[0]) == 0


def test_what_is_put_in_front_can_be_written_for_the_notebook(run_dir, live, tmp_path):
    for table in unlearnt.ahead(run_dir, KNOWN, 7, *live, start=WEEK):
        table.to_parquet(tmp_path / "t.parquet")
