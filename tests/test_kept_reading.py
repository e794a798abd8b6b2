"""A model that was retrained on tidy rows reads raw tables as the first one did."""

import json

import living
import pandas as pd

from lib import champion, coercion, cycle, data, files, portable, reading, workspace


def test_a_tidy_table_that_says_how_it_was_read_keeps_that_reading(tmp_path):
    cells = {" price ": ["1,5 €", "2,25 €", "-200 €", "3,75 €"] * 10, "paid": ["Ja", "ja", "nein", "?"] * 10}
    raw = pd.DataFrame(cells | {"y": range(40)})
    first = reading.tidy(raw, target="y", gaps=["price=-200"])
    table = first.table.copy()
    table.attrs[reading.KEPT] = first.spec
    table.to_parquet(tmp_path / "newer.parquet", index=False)
    again = data.read_table(str(tmp_path / "newer.parquet"), "y")
    assert again.spec == first.spec
    pd.testing.assert_frame_equal(again.table, first.table)
    pd.testing.assert_frame_equal(coercion.apply(again.spec, raw), coercion.apply(first.spec, raw))


def test_a_column_that_a_kept_reading_does_not_know_is_read_from_its_cells():
    first = reading.tidy(pd.DataFrame({"a": ["1,5", "2,5"] * 10, "y": range(20)}), target="y")
    table = first.table.assign(new=["x", "y"] * 10)
    table.attrs[reading.KEPT] = first.spec
    assert list(reading.tidy(table, target="y").table) == ["a", "y", "new"]


def test_a_retrained_model_reads_raw_tables_as_the_first_one_did(tmp_path, store):
    made = living.make(tmp_path / "project", store)
    base = workspace.folders(made)[0]
    spec = files.read(base, files.READING)
    x = next(column for column in spec["columns"] if column["name"] == "x")
    x |= {"raw": " x (mm) ", "decimal": ",", "codes": [-200.0]}
    files.write(base, files.READING, spec)
    living.live(made, month=3, sign=-1, n=900)
    found = cycle.turn(made, cycle.Asked(), lambda: None, lambda event: None)
    assert (found.status, found.version) == ("promoted", 2)
    folder = champion.current(made.store, living.NAME).folder
    contract = json.loads(next(folder.rglob(portable.CONTRACT)).read_text(encoding="utf-8"))
    raw = pd.DataFrame({" x (mm) ": ["1,5", "-200"], "z": [0.5, 1.0]})
    assert portable.coerce(raw, contract)["x"].fillna(0).tolist() == [1.5, 0]
