import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lib import cells, coercion, data, files, packaging, portable, preflight, reading, schema, seasons, specification
from lib.errors import InputError


def raw_table(n=800, *, part="hour"):
    """Return rows whose target follows a part of their time, written as people do, and nothing else."""
    draw = np.random.default_rng(0)
    apart = {"hour": "37min", "weekday": "13h", "month": "2D"}[part]
    times = pd.Series(pd.date_range("2021-01-01", periods=n, freq=apart))
    y = 5 * (coercion.part_of(times, part) % 2) + draw.normal(size=n)
    return pd.DataFrame({" sold at": times.dt.strftime("%d.%m.%Y %H:%M"), "noise": draw.normal(size=n), "y": y})


def read(raw):
    return reading.tidy(raw, target="y")


@pytest.fixture(scope="module")
def found():
    return seasons.added(read(raw_table()), "t.csv", "y", " sold at")


@pytest.mark.parametrize("part", coercion.PARTS)
def test_a_part_of_the_time_that_tells_of_the_target_is_a_column(part):
    found = seasons.added(read(raw_table(part=part)), "t.csv", "y", "")
    assert list(found.table)[3:] == [f"{part} of sold at"] and found.spec[seasons.ENOUGH] == [part]
    line = found.findings.set_index("finding").loc["calendar"]
    assert "of the variance of y" in line["evidence"] and "-p exclude=" in line["action"]


def test_a_part_tells_of_classes_as_well():
    raw = raw_table()
    found = seasons.added(read(raw.assign(y=np.where(raw["y"] > 2, "high", "low"))), "t.csv", "y", "sold at")
    assert found.spec[seasons.ENOUGH] == ["hour"]


def test_a_part_that_tells_nothing_or_that_a_column_has_already_is_none():
    raw = raw_table()
    idle = raw.assign(y=np.random.default_rng(1).normal(size=len(raw)))
    assert seasons.added(read(idle), "t.csv", "y", "").spec[seasons.ENOUGH] == []
    known = raw.assign(hr=pd.to_datetime(raw[" sold at"], format="%d.%m.%Y %H:%M").dt.hour.map("h{}".format))
    assert seasons.added(read(known), "t.csv", "y", "").spec[seasons.ENOUGH] == []


@pytest.mark.parametrize(("source", "time"), [("flights", ""), ("t.csv", "none"), ("t.csv", "noise"), ("t.csv", "x")])
def test_the_demo_and_a_table_without_a_time_stay_as_they_are(source, time):
    before = read(raw_table())
    assert seasons.added(before, source, "y", time) is before


def test_the_newest_rows_are_not_looked_at():
    raw = raw_table()
    raw.loc[: int(0.6 * len(raw)), "y"] = np.random.default_rng(1).normal(size=int(0.6 * len(raw)) + 1)
    assert seasons.added(read(raw), "t.csv", "y", "").spec[seasons.ENOUGH] == []


def test_a_later_table_gets_the_part_whether_it_is_raw_or_tidy(found):
    later = raw_table().iloc[300:310].reset_index(drop=True)
    expected = found.table["hour of sold at"].iloc[300:310].tolist()
    assert coercion.apply(found.spec, later)["hour of sold at"].tolist() == expected
    assert coercion.apply(found.spec, found.table.iloc[300:310])["hour of sold at"].tolist() == expected


@pytest.fixture(scope="module")
def contract(found):
    X = found.table[["noise", "hour of sold at"]]
    return {"reading": packaging.narrowed(found.spec, list(X)), "schema": schema.learn(X), "required": list(X)}


@pytest.mark.parametrize(("name", "cell"), [(" sold at", "03.02.2021 17:45"), ("hour of sold at", 17)])
def test_one_row_of_a_request_gets_the_part(contract, name, cell):
    assert cells.Reader(contract).read([{name: cell, "noise": 0.5}])["hour of sold at"] == [17]


def test_a_request_without_the_time_or_with_a_word_for_it_is_refused_by_its_name(contract):
    with pytest.raises(cells.Refused, match="column ' sold at' is missing"):
        cells.Reader(contract).read([{"noise": 0.5}])
    with pytest.raises(cells.Refused, match="expected a time, as .* found 'noon'"):
        cells.Reader(contract).read([{" sold at": "noon", "noise": 0.5}])
    with pytest.raises(portable.Unusable, match="takes times, and none"):
        portable.coerce(pd.DataFrame({" sold at": ["noon"], "noise": [0.5]}), contract)


def test_a_retraining_keeps_the_parts_it_has(found, tmp_path):
    table = found.table.copy()
    table.attrs[reading.KEPT] = json.loads(json.dumps(found.spec))
    files.replace(tmp_path / "t.parquet", lambda path: table.to_parquet(path, index=False))
    again = data.read_table(str(tmp_path / "t.parquet"), "y")
    assert seasons.added(again, "t.parquet", "y", "sold at").spec == found.spec
    pd.testing.assert_frame_equal(again.table, found.table)


def test_a_part_may_be_named_before_it_is_there(tmp_path):
    raw_table().to_csv(tmp_path / "t.csv", index=False)
    preflight.validate(str(tmp_path / "t.csv"), "y", columns={"exclude": ["hour of sold at"]})
    with pytest.raises(InputError, match="no column 'hours'"):
        preflight.validate(str(tmp_path / "t.csv"), "y", columns={"exclude": ["hours"]})


def test_the_interface_asks_for_the_time_once_and_not_for_its_parts(contract):
    both = {**contract["reading"]["columns"][1], "name": "weekday of sold at", "part": "weekday"}
    columns = [*contract["reading"]["columns"], both]
    learnt = contract["schema"]["columns"] | {both["name"]: {"type": "number", "gaps": False, "low": 0.0, "high": 6.0}}
    reader = cells.Reader(
        {**contract, "reading": {**contract["reading"], "columns": columns}, "schema": {"columns": learnt}}
    )
    asked = specification.row(SimpleNamespace(reader=reader, key=""))
    assert asked["required"] == ["noise", " sold at"]
    assert asked["properties"][" sold at"]["type"] == ["string"]
    assert reader.read([specification.example(SimpleNamespace(reader=reader, key=""))])[both["name"]] == [0]
