import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event, text

from lib import database, predictions
from lib.predictions import SERVED, Labelled, Origin


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, store, monkeypatch):
    if request.param == "postgresql":
        monkeypatch.setenv(database.ADDRESS, request.getfixturevalue("postgresql"))
    return store


def scored(n=4, *, start="2013-07-01", prefix="row", probability=0.25):
    keys = pd.Index([f"{prefix}-{i}" for i in range(n)], name="row_key")
    values = pd.Series(probability, index=keys, dtype="float64")
    told = {
        "event_time": pd.date_range(start, periods=n, freq="12h"),
        "prediction": np.where(values > 0.5, "yes", "no"),
        "probability": values,
        "input_hash": [f"hash-{i}" for i in range(n)],
    }
    return pd.DataFrame(told, index=keys)


def rows(place, table="predictions"):
    with database.connect(place).connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def written(place, *tables, version=1):
    return [predictions.write(place, "m", table, Origin(f"batch-{i}", version)) for i, table in enumerate(tables)]


def test_a_window_gives_back_what_was_written(place):
    assert written(place, scored()) == [4]
    found = predictions.window(place, "m")
    assert found.index.tolist() == ["row-0", "row-1", "row-2", "row-3"]
    assert found["event_time"].tolist() == list(pd.date_range("2013-07-01", periods=4, freq="12h"))
    assert set(found["prediction"]) == {"no"} and set(found["probability"]) == {0.25}
    assert set(found["model_version"]) == {1} and set(found["batch"]) == {"batch-0"} and found["label"].isna().all()


def test_the_same_rows_by_the_same_version_change_nothing(place):
    assert written(place, scored(), scored(), scored(6)) == [4, 0, 2]
    assert rows(place) == 6 == predictions.daily(place, "m")["n"].sum()


def test_a_newer_version_counts_in_a_window_and_the_older_can_be_asked_for(place):
    written(place, scored())
    written(place, scored(probability=0.75), version=2)
    assert set(predictions.window(place, "m")["prediction"]) == {"yes"}
    assert set(predictions.window(place, "m", model_version=1)["prediction"]) == {"no"}
    assert rows(place) == 8


def test_a_window_begins_at_its_start_and_ends_before_its_end(place):
    written(place, scored())
    found = predictions.window(place, "m", "2013-07-01T12:00", pd.Timestamp("2013-07-02T12:00", tz="UTC"))
    assert found.index.tolist() == ["row-1", "row-2"]


def test_an_empty_window_has_the_columns_of_a_full_one(place):
    written(place, scored())
    empty = predictions.window(place, "m", "2030-01-01")
    assert list(empty) == list(predictions.window(place, "m")) and len(empty) == 0
    assert len(predictions.window(place, "unknown")) == 0 and len(predictions.daily(place, "unknown")) == 0


@pytest.mark.parametrize("labels_first", [False, True])
def test_labels_meet_their_predictions_in_any_order(place, labels_first):
    labels = pd.Series(["yes", "no", "yes"], index=["row-0", "row-1", "elsewhere"])
    if labels_first:
        assert predictions.label(place, "m", labels) == Labelled(3, 0, 0, 3)
    written(place, scored())
    if not labels_first:
        assert predictions.label(place, "m", labels) == Labelled(3, 0, 0, 1)
    assert predictions.window(place, "m")["label"].fillna("").tolist() == ["yes", "no", "", ""]
    assert predictions.daily(place, "m")["n_labelled"].tolist() == [2, 0]


def test_a_correction_counts_once_and_keeps_what_was_before(place):
    written(place, scored())
    predictions.label(place, "m", pd.Series(["yes", "no"], index=["row-0", "row-1"]))
    changed = pd.Series(["no", "no", None], index=["row-0", "row-1", "row-2"])
    assert predictions.label(place, "m", changed) == Labelled(0, 1, 1, 0)
    assert predictions.label(place, "m", changed) == Labelled(0, 0, 2, 0)
    assert predictions.window(place, "m")["label"].iloc[0] == "no"
    assert predictions.daily(place, "m")["n_labelled"].sum() == 2
    with database.connect(place).connect() as connection:
        kept = connection.execute(text("SELECT row_key, before, after FROM label_corrections")).all()
    assert kept == [("row-0", "yes", "no")]


def test_a_correction_cannot_be_taken_from_the_record(place):
    for label in ("yes", "no"):
        predictions.label(place, "m", pd.Series([label], index=["row-0"]))
    with pytest.raises(Exception, match="append-only"), database.connect(place).begin() as connection:
        connection.execute(text("DELETE FROM label_corrections"))


def test_a_regression_has_numbers_with_all_their_digits(place):
    numbers = [0.1 + 0.2, 3.0, -1e-17, 12345678.9]
    table = scored().drop(columns="probability").assign(prediction=numbers)
    written(place, table)
    predictions.label(place, "m", pd.Series([1 / 3, 3.0], index=["row-0", "row-1"]))
    found = predictions.window(place, "m")
    assert found["prediction"].tolist() == numbers and found["label"].tolist()[:2] == [1 / 3, 3.0]
    assert predictions.daily(place, "m")["mean"].iloc[0] == pytest.approx((0.3 + 3) / 2)


def test_whole_numbers_for_classes_are_the_same_text_however_they_come(place):
    written(place, scored().assign(prediction=[0, 1, 0, 1]))
    predictions.label(place, "m", pd.Series([1.0, None, 0.0], index=["row-0", "row-1", "row-2"]))
    found = predictions.window(place, "m")
    assert found["prediction"].tolist() == ["0", "1", "0", "1"] and found["label"].iloc[0] == "1"


def test_several_classes_have_a_probability_each(place):
    table = scored().assign(probabilities='{"a": 0.5, "b": 0.25, "c": 0.25}')
    written(place, table)
    found = predictions.window(place, "m")
    assert found[["probability_a", "probability_c"]].iloc[0].tolist() == [0.5, 0.25]


def test_what_is_counted_by_day_is_what_the_rows_say(place):
    table = scored(4, probability=[0.25, 0.75, 0.5, 0.9])
    written(place, table)
    found = predictions.daily(place, "m")
    assert found["n"].tolist() == [2, 2] and found["n_no"].tolist() == [1, 1] and found["n_yes"].tolist() == [1, 1]
    assert found["mean"].tolist() == pytest.approx([0.5, 0.7]) and found["std"].tolist() == pytest.approx([0.25, 0.2])
    assert len(predictions.daily(place, "m", "2013-07-02", "2013-07-03")) == 1


def features(table):
    return pd.DataFrame({"x": np.arange(float(len(table))), "town": "Ávila"}, index=table.index)


@pytest.mark.parametrize("batch", ["july", SERVED, "a/b: c"])
def test_the_inputs_of_a_window_come_back(place, batch):
    table = scored()
    predictions.write(place, "m", table, Origin(batch, 1), features(table))
    found = predictions.inputs(place, "m", "2013-07-01T12:00", "2013-07-02T12:00")
    pd.testing.assert_frame_equal(found, features(table).iloc[1:3], check_dtype=False)
    assert found.index.equals(predictions.window(place, "m", "2013-07-01T12:00", "2013-07-02T12:00").index)


def test_inputs_of_batches_and_of_served_rows_come_together(place):
    july, asked = scored(), scored(prefix="asked")
    predictions.write(place, "m", july, Origin("july", 1), features(july))
    predictions.write(place, "m", asked, Origin(SERVED, 1), features(asked))
    assert predictions.inputs(place, "m").notna().all(axis=None) and len(predictions.inputs(place, "m")) == 8


def test_a_served_row_without_a_key_of_its_own_gets_the_label_of_its_content(place):
    content = "0123456789abcdef" * 2
    table = scored(2).assign(input_hash=content).set_axis([f"{content}/r1-0", f"{content}/r2-0"])
    predictions.write(place, "m", table, Origin(SERVED, 1))
    assert predictions.label(place, "m", pd.Series(["yes"], index=[content])).waiting == 0
    assert predictions.window(place, "m")["label"].tolist() == ["yes", "yes"]
    assert predictions.daily(place, "m")["n_labelled"].sum() == 2


def test_a_batch_that_fails_in_the_middle_leaves_nothing(place):
    from lib import records

    def parts():
        yield scored()
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        records.write(place, "m", parts(), Origin("july", 1))
    assert rows(place) == 0 == rows(place, "batches") and len(predictions.daily(place, "m")) == 0


def test_rows_among_which_some_were_known_are_counted_as_new_ones_are(place):
    table = scored(6, probability=[0.25, 0.75, 0.5, 0.9, 0.125, 0.75])
    assert written(place, table.iloc[2:3], table) == [1, 5]
    predictions.write(place, "whole", table, Origin("all", 1))
    pd.testing.assert_frame_equal(predictions.daily(place, "m"), predictions.daily(place, "whole"))


def test_numbers_among_which_some_were_known_are_counted_as_new_ones_are(place):
    table = scored(4).drop(columns="probability").assign(prediction=[0.5, 1.0, 2.0, -1e9])
    assert written(place, table.iloc[2:3], table) == [1, 3]
    predictions.write(place, "whole", table, Origin("all", 1))
    pd.testing.assert_frame_equal(predictions.daily(place, "m"), predictions.daily(place, "whole"))


def test_more_rows_than_one_statement_takes_are_all_written(place):
    table = scored(1234)
    assert written(place, table, table) == [1234, 0]
    assert predictions.window(place, "m").index.tolist() == table.index.tolist()


def test_a_row_that_cannot_be_written_undoes_all_of_them(place):
    table = scored(700)
    table.loc["row-650", "input_hash"] = None
    with pytest.raises(Exception, match="(?i)not.null"):
        written(place, table)
    assert rows(place) == 0
    assert written(place, scored()) == [4]


def test_predictions_of_an_earlier_schema_are_what_they_were_and_new_ones_follow(place):
    own, other = "a" * 32, "b" * 32
    before = [
        (3, "b", f"{own}-2", own, "2026-01-31T23:59:59.999+00:00"),
        (5, "b", own, other, "1969-12-31T23:59:59.001+00:00"),
        (8, "b", "order 1", "c" * 40, "8307-02-28T00:00:00.003+00:00"),
        (9, SERVED, own, own, "2026-02-01T00:00:00.000+00:00"),
    ]
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(database, "MIGRATIONS", database.MIGRATIONS[:4])
        with database.connect(place).begin() as connection:
            for number, batch, key, content, time in before:
                given = "" if connection.dialect.name == "sqlite" else "OVERRIDING SYSTEM VALUE"
                connection.exec_driver_sql(
                    f"""INSERT INTO predictions (id, model_name, batch, row_key, event_time, prediction, model_version,
                        preprocessor_version, input_hash, at) {given}
                        VALUES ({number}, 'm', '{batch}', '{key}', '{time}', 'yes', 1, 'p', '{content}', 'at')"""
                )
    database._connect.cache_clear()
    written(place, scored(1))
    with database.connect(place).connect() as connection:
        columns = "id, batch, row_key, input_hash, event_time"
        found = connection.execute(text(f"SELECT {columns} FROM predictions ORDER BY id")).all()
    assert [tuple(row) for row in found[:4]] == before
    assert tuple(found[4])[:4] == (10, "batch-0", "row-0", "hash-0")


@pytest.mark.parametrize("batch", ["b", SERVED])
def test_a_row_whose_key_is_the_hash_of_its_content_says_so(place, batch):
    content = "a" * 32
    served = scored(2).assign(input_hash=content).set_axis([f"{content}/r1-0", f"{content}/r2-0"])
    predictions.write(place, "m", served, Origin(batch, 1))
    with database.connect(place).connect() as connection:
        assert connection.execute(text("SELECT input_hash FROM predictions")).scalars().all() == [content, content]


@pytest.fixture
def plans(store):
    """What SQLite says of how it goes about each statement."""
    known = []

    def ask(connection, cursor, statement, parameters, context, executemany):
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")) and not executemany:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            known.extend((row[3], statement) for row in cursor.fetchall())

    engine = database.connect(store)
    event.listen(engine, "before_cursor_execute", ask)
    yield known
    event.remove(engine, "before_cursor_execute", ask)


def test_a_few_rows_or_labels_more_are_never_looked_for_among_all_predictions(store, plans):
    for batch in ("first", SERVED):
        predictions.write(store, "m", scored(prefix=batch), Origin(batch, 1))
        predictions.label(store, "m", pd.Series("yes", index=[f"{batch}-0", f"{batch}-9"]))
        predictions.write(store, "m", scored(6, prefix=batch), Origin(f"{batch}-again", 1))
    predictions.window(store, "m", "2013-07-01", "2013-07-02")
    assert any("predicted_by_time (version_id=? AND event_ms>? AND event_ms<?)" in plan for plan, _ in plans)
    through_all = [
        each for each in plans if each[0].startswith("SCAN r") or "predicted_by_time (version_id=?)" in each[0]
    ]
    assert through_all == []
