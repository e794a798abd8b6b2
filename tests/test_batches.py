import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from releases import MODEL_NAME, copy_records, raw_table
from sqlalchemy import text

from lib import batches, champion, database, intake, packaging, portable, predictions
from lib.errors import InputError

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request, operating, monkeypatch):
    """Return a store whose database is of either kind; the champion's record moves with it."""
    if request.param == "postgresql":
        copy_records(operating, request.getfixturevalue("postgresql"), monkeypatch)
    return operating


def table(n_rows):
    """Return rows that a CSV file can hold as they are."""
    return raw_table(n_rows).astype({"jet": "int64"})


def saved(rows, path):
    rows.to_parquet(path) if path.suffix == ".parquet" else rows.to_csv(path, index=False)
    return str(path)


@pytest.fixture
def july(tmp_path):
    return saved(table(40), tmp_path / "july.parquet")


def answers_of(store, rows):
    found = champion.current(store, MODEL_NAME)
    return portable.load(found.folder / packaging.DATA).predict(rows)


def count(store, name="predictions"):
    with database.connect(store).connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()


def test_a_batch_is_in_the_database_as_the_champion_answers_it(anywhere, july):
    done = batches.score(anywhere, july)
    assert (done.n_rows, done.n_new, done.n_set_aside, done.model_version) == (40, 40, 0, 1)
    found, expected = predictions.window(anywhere, MODEL_NAME), answers_of(anywhere, table(40))
    assert found["prediction"].tolist() == expected["prediction"].tolist()
    assert found["probability"].tolist() == pytest.approx(expected["probability_yes"].tolist(), abs=1e-12)
    times = table(40)["departure"].dt.tz_convert("UTC").dt.tz_localize(None)
    assert found["event_time"].tolist() == times.tolist()
    with database.connect(anywhere).connect() as connection:
        row = connection.execute(text("SELECT * FROM predictions")).mappings().first()
    assert row["batch"] == done.batch and row["model_version"] == 1
    assert len(row["preprocessor_version"]) == 12 and len(row["input_hash"]) == 32 and row["at"].endswith("+00:00")


def test_the_inputs_of_a_batch_are_kept_as_the_model_took_them(operating, july):
    batches.score(operating, july)
    kept = predictions.inputs(operating, MODEL_NAME)
    contract = answers_contract(operating)
    expected = portable.coerce(table(40), contract)
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), expected, check_dtype=False)


def answers_contract(store):
    return portable.load(champion.current(store, MODEL_NAME).folder / packaging.DATA).contract


def test_the_same_batch_again_changes_nothing(anywhere, july):
    first = batches.score(anywhere, july)
    again = batches.score(anywhere, july)
    assert (again.batch, again.n_rows, again.n_new) == (first.batch, 40, 0)
    assert count(anywhere) == 40 and count(anywhere, "batches") == 1


def test_the_same_rows_in_another_file_are_the_same_rows(operating, july, tmp_path):
    batches.score(operating, july)
    other = saved(table(40).iloc[::-1], tmp_path / "other.csv")
    assert batches.score(operating, other).n_new == 0 and count(operating) == 40


def test_rows_that_are_alike_are_all_predicted(operating, tmp_path):
    doubled = saved(pd.concat([table(5)] * 3), tmp_path / "thrice.csv")
    assert batches.score(operating, doubled).n_new == 15
    keys = predictions.window(operating, MODEL_NAME).index
    assert keys.is_unique and sum(key.endswith("-3") for key in keys) == 5


def test_rows_alike_are_counted_across_the_parts_of_a_table(operating, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "PART", 4)
    doubled = saved(pd.concat([table(5)] * 3), tmp_path / "thrice.parquet")
    assert batches.score(operating, doubled).n_new == 15


def test_rows_can_be_named_by_a_column(operating, tmp_path):
    rows = table(6).assign(flight=[f"IB{i}" for i in range(6)])
    rows.loc[2, "flight"] = None
    done = batches.score(operating, saved(rows, tmp_path / "named.csv"), key="flight")
    assert (done.n_new, done.n_set_aside) == (5, 1)
    assert set(predictions.window(operating, MODEL_NAME).index) == {"IB0", "IB1", "IB3", "IB4", "IB5"}
    assert "flight is missing" in Path(done.set_aside).read_text(encoding="utf-8")


def test_rows_that_break_the_contract_are_set_aside_and_none_is_lost(operating, tmp_path):
    rows = table(20).astype({"distance": object})
    rows.loc[3, "distance"] = "far"
    rows.loc[7, "distance"] = 10**9
    done = batches.score(operating, saved(rows, tmp_path / "dirty.csv"))
    assert (done.n_rows, done.n_set_aside) == (18, 2)
    aside = pd.read_csv(done.set_aside, index_col="row")
    assert aside.index.tolist() == [4, 8] and aside["distance"].tolist() == ["far", "1000000000"]
    assert aside[intake.WHY].str.contains("distance is").all()
    assert {line["column"] for line in done.report} == {"distance"}


@pytest.mark.parametrize("key", [None, "", " ", "a\0b", "k" * 501])
def test_a_row_without_a_key_that_every_database_could_hold_is_set_aside(anywhere, tmp_path, key):
    rows = raw_table(5).drop(columns="late").assign(order=["1", "2", key, "4", "5"])
    rows.to_parquet(tmp_path / "orders.parquet")
    found = batches.score(anywhere, str(tmp_path / "orders.parquet"), key="order")
    assert (found.n_new, found.n_set_aside) == (4, 1) and "order is missing or no name" in Path(
        found.set_aside
    ).read_text()


def test_what_was_set_aside_can_be_corrected_and_scored(operating, tmp_path):
    rows = table(20).astype({"distance": object})
    rows.loc[3, "distance"] = "far"
    done = batches.score(operating, saved(rows, tmp_path / "dirty.csv"))
    corrected = pd.read_csv(done.set_aside).assign(distance=500)
    assert batches.score(operating, saved(corrected, tmp_path / "corrected.csv")).n_new == 1


def test_a_table_of_which_no_row_can_be_used_is_refused_with_the_reason(operating, tmp_path):
    path = saved(table(5).assign(distance=10**9), tmp_path / "far.csv")
    with pytest.raises(InputError, match="None of the 5 rows .* distance: expected"):
        batches.score(operating, path)
    assert count(operating) == 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: table(5).drop(columns=["distance", "carrier"]),
            "Columns missing from the table: distance, carrier",
        ),
        (lambda: table(0), "has no rows"),
    ],
)
def test_an_unusable_table_is_refused(operating, tmp_path, make, told):
    with pytest.raises(InputError, match=told):
        batches.score(operating, saved(make(), tmp_path / "bad.csv"))
    assert not list((operating / "staging").rglob("*.parquet"))


def test_a_column_that_the_model_can_do_without_may_be_missing(operating, tmp_path):
    assert batches.score(operating, saved(table(5).drop(columns="seats"), tmp_path / "few.csv")).n_new == 5


def test_a_missing_column_of_keys_is_named_with_the_nearest(operating, july):
    with pytest.raises(InputError, match="no column 'distanc' of keys. Did you mean distance"):
        batches.score(operating, july, key="distanc")


def test_where_there_is_no_store_it_is_said_how_to_get_one(store, july):
    with pytest.raises(InputError, match="There is nothing in .* `pipeline.py run` makes a model"):
        batches.score(store, july)


def test_a_store_without_a_model_says_so(store, july):
    database.connect(store)
    with pytest.raises(InputError, match="None is registered yet"):
        batches.score(store, july)


def test_scoring_does_without_mlflow(operating, july):
    program = (
        f"import sys; from lib import batches; batches.score({str(operating)!r}, {july!r});"
        "assert 'mlflow' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


MOMENTS = {
    "while it predicts": ("lib.answers", "written"),
    "when all is predicted": ("lib.archive", "keep"),
    "while it writes": ("lib.records", "_count"),
    "before it is noted": ("lib.records", "_note"),
}


def ended(work):
    """Do something in a process of its own, forked to have all imports, and return the signal that ended it."""
    database._connect.cache_clear()
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(timeout=60)
    return -process.exitcode


@pytest.mark.skipif(sys.platform != "linux", reason="Windows and macOS do not fork")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_call_leaves_nothing_half_written_and_the_next_one_finishes(anywhere, july, moment):
    module, function = MOMENTS[moment]

    def die(*values, **options):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(importlib.import_module(module), function, die)
        assert ended(lambda: batches.score(anywhere, july)) == signal.SIGKILL
    assert count(anywhere) == 0 == count(anywhere, "batches") and len(predictions.daily(anywhere, MODEL_NAME)) == 0
    assert batches.score(anywhere, july).n_new == 40
    assert count(anywhere) == 40 == predictions.daily(anywhere, MODEL_NAME)["n"].sum()
    assert not [path for path in (anywhere / "staging").rglob("*") if path.is_file()]


def test_two_calls_at_once_write_a_batch_once(operating, july):
    program = [sys.executable, "-c", f"from lib import batches; batches.score({str(operating)!r}, {july!r})"]
    both = [subprocess.Popen(program) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert count(operating) == 40


def test_the_command_says_what_it_did(operating, july):
    done = subprocess.run(
        [sys.executable, "pipeline.py", "score", "--data", july, "--store", str(operating)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "40 rows of batch july-" in done.stdout and "40 new." in done.stdout


def test_a_table_that_is_not_there_is_an_error_of_use(operating):
    done = subprocess.run(
        [sys.executable, "pipeline.py", "score", "--data", "nowhere.csv", "--store", str(operating)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "There is no table nowhere.csv" in done.stderr and "Traceback" not in done.stderr
