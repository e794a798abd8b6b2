"""Tables larger than the memory they may take: sized before they are read, drawn from as they are read, and said so."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lib import data, sources, splitting, volume


def numbers(n_rows=6000):
    generator = np.random.default_rng(0)
    return pd.DataFrame({"row": np.arange(n_rows), "x": generator.normal(size=n_rows), "y": generator.random(n_rows)})


@pytest.fixture(params=["parquet", "csv", "folder", "gzip", "zip", "bz2", "xz"])
def stored(request, tmp_path):
    table = numbers()
    if request.param == "parquet":
        table.to_parquet(tmp_path / "t.parquet", row_group_size=1000)
        return tmp_path / "t.parquet"
    if request.param in ("gzip", "zip", "bz2", "xz"):
        # What the file is called says nothing of its being packed.
        table.to_csv(tmp_path / "t.csv", index=False, compression=request.param)
        return tmp_path / "t.csv"
    (tmp_path / "f").mkdir()
    for k in range(3):
        table.iloc[2000 * k : 2000 * (k + 1)].to_csv(tmp_path / "f" / f"{k}.csv", index=False)
    table.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / ("t.csv" if request.param == "csv" else "f")


def test_rows_are_drawn_as_if_the_whole_table_had_been_there(stored, monkeypatch):
    monkeypatch.setattr(volume, "PART", 700)
    drawn = volume.draw(sources.parse(str(stored)), 500, 0)
    assert (len(drawn.table), drawn.n_source) == (500, 6000)
    assert drawn.table["row"].astype(int).tolist() == drawn.places.tolist() == sorted(set(drawn.places))


def test_the_draw_does_not_depend_on_how_many_rows_are_read_at_a_time(stored, monkeypatch):
    first = volume.draw(sources.parse(str(stored)), 500, 0).places
    monkeypatch.setattr(volume, "PART", 321)
    np.testing.assert_array_equal(volume.draw(sources.parse(str(stored)), 500, 0).places, first)


def test_each_part_of_the_table_has_the_same_chance(tmp_path, monkeypatch):
    monkeypatch.setattr(volume, "PART", 500)
    numbers().to_parquet(tmp_path / "t.parquet")
    places = [volume.draw(sources.parse(str(tmp_path / "t.parquet")), 300, seed).places for seed in range(20)]
    tenths = np.bincount(np.concatenate(places) // 600, minlength=10)
    assert tenths.min() > 0.85 * 600 and tenths.max() < 1.15 * 600


def test_fewer_rows_than_may_be_drawn_are_all_of_them(stored):
    assert len(volume.draw(sources.parse(str(stored)), 10_000, 0).table) == 6000


def test_a_table_is_sized_about_right_before_it_is_read(tmp_path):
    numbers(400_000).to_parquet(tmp_path / "t.parquet")
    numbers(400_000).to_csv(tmp_path / "t.csv", index=False)
    numbers(400_000).to_csv(tmp_path / "t.csv.gz", index=False, compression={"method": "gzip", "compresslevel": 1})
    for name in ("t.parquet", "t.csv", "t.csv.gz"):
        source = sources.parse(str(tmp_path / name))
        taken = sum(part.memory_usage(deep=True).sum() for part in volume.parts(source)) / 1e6
        assert volume.megabytes(source) == pytest.approx(taken, rel=0.25)


def test_a_table_too_large_is_sampled_and_the_findings_say_so(tmp_path):
    numbers().to_parquet(tmp_path / "t.parquet")
    found = data.read_table(str(tmp_path / "t.parquet"), "y", table_mb=0.05)
    line = found.findings.iloc[0]
    assert line["finding"] == "large table" and "6,000 rows" in line["evidence"] and "table_mb" in line["action"]
    assert found.n_source == 6000 and len(found.table) < 3000
    assert found.table.memory_usage(deep=True).sum() < 0.06e6


def test_a_table_that_fits_is_read_whole_and_nothing_is_said(tmp_path):
    numbers().to_parquet(tmp_path / "t.parquet")
    found = data.read_table(str(tmp_path / "t.parquet"), "y", table_mb=50)
    assert (len(found.table), found.n_source) == (6000, 0)
    assert "large table" not in found.findings["finding"].tolist()


@pytest.mark.parametrize("strategy", ["random", "time"])
def test_the_batches_to_learn_from_hold_all_rows_but_those_held_out_and_those_after_them(tmp_path, strategy):
    table = numbers()
    table.loc[::50, "y"] = np.nan
    table.to_parquet(tmp_path / "t.parquet")
    source = str(tmp_path / "t.parquet")
    found = data.read_table(source, "y", table_mb=0.05)
    role = splitting.split(found.table, strategy=strategy)
    design = {"target": "y", "time_column": "", "group_column": "", "split": {"strategy": strategy}}
    rows = pd.concat(data.training_batches(source, found, role, design))
    assert rows.index.tolist() == rows["row"].tolist()
    assert not set(rows.index) & set(found.places[role != "train"])
    assert set(found.places[role == "train"]) <= set(rows.index)
    last = found.places[role == "train"].max() if strategy == "time" else 5999
    held_out = set(found.places[role != "train"])
    assert len(rows) == sum(place % 50 != 0 and place not in held_out for place in range(last + 1))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux remembers the most memory of a process")
def test_a_file_read_in_parts_does_not_stay_in_memory(tmp_path):
    generator = np.random.default_rng(0)
    with pq.ParquetWriter(tmp_path / "t.parquet", pa.schema([(name, "float64") for name in "abcdefgh"])) as writer:
        for _ in range(32):
            writer.write_table(pa.table({name: generator.normal(size=100_000) for name in "abcdefgh"}))
    numbers().to_parquet(tmp_path / "small.parquet")
    code = """
import os, sys
from lib import sources, vitals, volume
parts = volume.parts(sources.parse(sys.argv[1]))
next(volume.parts(sources.parse(sys.argv[2])))
before = vitals.high_water_mb(os.getpid())
for part in parts:
    del part
print(round(vitals.high_water_mb(os.getpid()) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t.parquet", tmp_path / "small.parquet"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 100, done.stdout  # MB, of a file of 200
