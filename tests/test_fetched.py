"""Results of queries: fetched once, in parts, with one type a column, and treated as a file from there on."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy

from lib import data, fetched, fingerprints, queries, readers, sources, splitting, workers


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    (tmp_path / "a.db").touch()
    return f"sqlite:///{tmp_path / 'a.db'}"


def say(url, *statements):
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def store(url, table):
    engine = sqlalchemy.create_engine(url)
    table.to_sql("t", engine, index=False, if_exists="replace")
    engine.dispose()
    return f"{url}::t"


def numbers(n_rows=6000):
    generator = np.random.default_rng(0)
    return pd.DataFrame({"row": np.arange(n_rows), "x": generator.normal(size=n_rows), "y": generator.random(n_rows)})


def test_a_result_larger_than_the_limit_is_drawn_from_and_all_of_it_learnt_from(database, monkeypatch):
    monkeypatch.setattr(queries, "CELLS", 2500)
    source = store(database, numbers())
    found = data.read_table(source, "y", table_mb=0.05)
    line = found.findings.iloc[0]
    assert line["finding"] == "large table" and "6,000 rows" in line["evidence"] and len(found.table) < 3000
    role = splitting.split(found.table, strategy="random")
    design = {"target": "y", "time_column": "", "group_column": "", "split": {"strategy": "random"}}
    rows = pd.concat(data.training_batches(source, found, role, design))
    assert rows.index.tolist() == rows["row"].tolist()
    assert len(rows) == 6000 - (role != "train").sum()


@pytest.mark.parametrize("n_cells", [1, 7, 10_000])
def test_a_result_is_the_same_in_however_many_parts_it_comes(database, monkeypatch, n_cells):
    monkeypatch.setattr(queries, "CELLS", n_cells)
    table = numbers(20).assign(word=list("ab") * 10, gaps=[None] * 12 + [1.5] * 8, none=[None] * 20)
    read = readers.read_source(sources.parse(store(database, table)))
    assert list(read) == list(table) and read["none"].isna().all()
    pd.testing.assert_frame_equal(read.drop(columns="none"), table.drop(columns="none"), check_dtype=False)


def test_a_result_without_rows_has_its_columns(database):
    store(database, numbers(5))
    table = readers.read_source(sources.parse(f"{database}::SELECT * FROM t WHERE x > 99"))
    assert (list(table), len(table)) == (["row", "x", "y"], 0)


def test_columns_of_one_name_stay_apart(database):
    query = sources.parse(f"{database}::SELECT 1 AS a, 2 AS a, 3 AS b")
    assert readers.read_source(query).iloc[0].tolist() == [1, 2, 3]
    assert readers.read_source(query, [1]).iloc[0].tolist() == [2]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2.5"], [1, 2.5]),
        (["NULL", "3"], [np.nan, 3]),
        (["1", "'none'", "2.5"], ["1", "none", "2.5"]),
        (["'x'", "NULL", "7"], ["x", None, "7"]),
        (["9223372036854775807", "0.5"], [9223372036854775807.0, 0.5]),
        (["x'00ff'", "1"], ["b'\\x00\\xff'", "1"]),
    ],
)
@pytest.mark.parametrize("n_cells", [1, 100])
def test_a_column_has_one_type_whatever_comes_later(tmp_path, monkeypatch, values, expected, n_cells):
    monkeypatch.setattr(queries, "CELLS", n_cells)
    query = " UNION ALL ".join(f"SELECT {value} AS a" for value in values)
    (tmp_path / "a.db").touch()
    read = readers.read_source(sources.parse(f"sqlite:///{tmp_path / 'a.db'}::{query}"))
    pd.testing.assert_series_equal(read["a"], pd.Series(expected, name="a"), check_dtype=False)


def test_what_postgresql_alone_has_is_read(postgresql, monkeypatch):
    monkeypatch.setattr(queries, "CELLS", 1)
    one = (
        "SELECT {n}.5::numeric AS money, date '2026-01-0{n}' AS day, NULL::int AS gap, array[{n}, 2] AS list, "
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1{n}'::uuid AS id, interval '{n} hours' AS span, "
        "timestamptz '2026-01-01 12:00+0{n}' AS at, '{{\"k\": {n}}}'::jsonb AS doc"
    )
    table = readers.read_source(sources.parse(f"{postgresql}::{one.format(n=1)} UNION ALL {one.format(n=2)}"))
    assert table["money"].tolist() == [Decimal("1.5"), Decimal("2.5")]
    assert table["doc"].tolist() == ["{'k': 1}", "{'k': 2}"] and table["list"].tolist() == ["[1, 2]", "[2, 2]"]
    assert table["id"].str[-1].tolist() == ["1", "2"] and table["span"].dt.seconds.tolist() == [3600, 7200]
    assert [str(day) for day in table["day"]] == ["2026-01-01", "2026-01-02"] and table["gap"].isna().all()
    assert table["at"].dt.tz_convert("UTC").dt.hour.tolist() == [11, 10]


def test_a_run_and_its_kernels_see_one_answer(database):
    source = store(database, numbers(50))
    before = fingerprints.of_source(source)
    say(database, "DELETE FROM t")
    assert fingerprints.of_source(source) == before
    code = "import sys; from lib import data; print(len(data.read(sys.argv[1])))"
    for environment, n_rows in ((workers.environment(1), "50"), (workers.environment(2), "50"), (dict(os.environ), "")):
        command = [sys.executable, "-c", code, source]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == n_rows


def test_by_hand_a_query_is_run_again_with_each_reading(database):
    source = store(database, numbers(50))
    assert len(data.read(source)) == 50
    say(database, 'DELETE FROM t WHERE "row" >= 20')
    assert len(data.read(source)) == 20


def test_what_was_fetched_goes_with_the_process_and_not_with_its_forks(tmp_path):
    source = store(f"sqlite:///{tmp_path / 'a.db'}", numbers(50))
    code = """
import os, sys
from lib import fetched, sources
path = fetched.path(sources.parse(sys.argv[1]))
if os.fork() == 0:
    sys.exit()
os.wait()
print(path, path.exists())
"""
    done = subprocess.run([sys.executable, "-c", code, source], capture_output=True, text=True, check=True)
    path, existed = done.stdout.split()
    assert existed == "True" and not Path(path).parent.exists()


def test_a_query_that_fails_leaves_nothing_behind(database):
    source = sources.parse(f"{database}::SELECT nothing")
    with pytest.raises(ValueError, match="refused"):
        fetched.path(source)
    assert not [path for path in fetched._folder().iterdir() if path.is_dir()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux remembers the most memory of a process")
def test_a_long_result_does_not_stay_in_memory(postgresql):
    code = """
import os, sys
from lib import fetched, fetching, sources, vitals, volume
fetched.path(sources.parse(sys.argv[1] + "::SELECT 1.5::float AS a"))
before = vitals.high_water_mb(os.getpid())
source = sources.parse(sys.argv[1] + "::SELECT i, i * 0.5::float AS x, sin(i) AS y FROM generate_series(1, 2000000) i")
print(sum(len(part) for part in volume.parts(source)))
print(round(vitals.high_water_mb(os.getpid()) - before))
"""
    done = subprocess.run([sys.executable, "-c", code, postgresql], capture_output=True, text=True, check=True)
    n_rows, megabytes = map(int, done.stdout.split())
    assert n_rows == 2_000_000 and megabytes < 250
