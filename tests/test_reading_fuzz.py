"""Generated tables: whatever is in them, reading ends with a table and a record of each change, or a clear refusal."""

import contextlib
import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lib import coercion, delimited, preflight, readers, reading
from lib.errors import InputError

MANY = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failing table is small already, and shrinking takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
WRITTEN = [
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False).map(repr),
    st.floats(-1e4, 1e4).map("{:,.2f}".format),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.2f}".replace(".", ",")),
    st.integers(0, 999).map("{} kg".format),
    st.integers(0, 999).map("${}".format),
    st.dates().map(str),
    st.dates(pd.Timestamp("1990-01-01").date()).map(lambda d: d.strftime("%d/%m/%Y")),
    st.datetimes(pd.Timestamp("1990-01-01").to_pydatetime()).map(lambda d: d.strftime("%m/%d/%Y %H:%M")),
    st.sampled_from(["yes", "no", "Yes", "TRUE", "0", "1"]),
    st.integers(0, 10**25).map("{:04}".format),
    PLAIN,
]
GAPS = st.sampled_from(["", "NA", "?", "None", "-", " ", "n/a", "-999", "inf", None])
OBJECTS = [
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.times(),
    st.binary(max_size=3),
    st.decimals(allow_nan=False),
    st.lists(st.integers(), max_size=2),
    st.none(),
    PLAIN,
]


@st.composite
def column(draw, n):
    """Draw the cells of a column: mostly of one sort, with gaps and strangers among them."""
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=2))
        cells = draw(st.lists(st.one_of(*some, *some, GAPS), min_size=n, max_size=n))
        return pd.Series([f" {cell}" if cell and draw(st.integers(0, 9)) == 0 else cell for cell in cells], dtype="str")
    some = draw(st.lists(st.sampled_from(OBJECTS), min_size=1, max_size=3))
    return pd.Series(draw(st.lists(st.one_of(some), min_size=n, max_size=n)), dtype=object)


@st.composite
def table(draw):
    n = draw(st.integers(1, 12))
    names = draw(st.lists(PLAIN, min_size=1, max_size=4))
    return pd.concat([draw(column(n)) for _ in names], axis=1).set_axis(names, axis=1)


@MANY
@given(table(), st.booleans())
def test_every_table_is_read_and_every_change_is_on_record(raw, with_target):
    target = reading.tidy_names(raw.columns)[0][-1] if with_target else ""
    before = raw.copy(deep=True)
    found = reading.tidy(raw, target=target)
    pd.testing.assert_frame_equal(raw, before)
    again = coercion.apply(json.loads(json.dumps(found.spec)), raw)
    assert set(again.dtypes.astype(str)) <= {"float64", "str", "datetime64[us]"}
    for position, name in enumerate(again):
        require_record(raw.iloc[:, position], again[name], found.findings[found.findings["column"] == name])


def require_record(raw: pd.Series, read: pd.Series, findings: pd.DataFrame) -> None:
    """Fail if more cells became gaps, or otherwise differ from what was written, than the findings say."""
    lost = (read.isna() & raw.notna()).to_numpy()
    as_gaps = findings[findings["action"].str.contains("into gaps")]
    assert lost.sum() == as_gaps["n_cells"].sum(), (raw.tolist(), read.tolist(), findings.values.tolist())
    pairs = zip(raw[read.notna()], read.dropna(), strict=True)
    changed = sum(not means_the_same(cell, new) for cell, new in pairs)
    recorded = findings[~findings["action"].str.contains("into gaps")]["n_cells"].sum()
    assert changed <= recorded, (raw.tolist(), read.tolist(), findings.values.tolist())


def means_the_same(cell, new) -> bool:
    """Return whether a cell came through as it was, without a reading that would deserve a word."""
    if str(cell) == new:
        return True
    try:
        return float(cell) == float(new)
    except (ValueError, TypeError, OverflowError):
        return False


@MANY
@given(
    st.integers(1, 4).flatmap(
        lambda k: st.lists(
            st.lists(
                st.text(
                    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), min_size=1, max_size=5
                ),
                min_size=k,
                max_size=k,
            ),
            min_size=2,
            max_size=8,
        )
    ),
    st.sampled_from(delimited.DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_text_that_is_all_quoted_comes_back_cell_by_cell(tmp_path, cells, delimiter, encoding):
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(cells)
    (tmp_path / "a.csv").write_bytes(stream.getvalue().encode(encoding))
    raw = readers.read(tmp_path / "a.csv")
    assert raw.fillna("").to_numpy().tolist() == cells[1:]


@MANY
@given(
    st.one_of(st.binary(max_size=200), st.text(st.sampled_from("ab1,;\t|\n\r\"' .-?"), max_size=120).map(str.encode)),
    st.sampled_from(["a.csv", "a.parquet", "a.xlsx", "a.gz"]),
)
def test_any_bytes_are_a_table_or_a_clear_refusal(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with contextlib.suppress(InputError):
        preflight.validate(str(tmp_path / name), "a")


@pytest.mark.parametrize("n_rows", [1, 2, 50])
def test_a_table_of_nothing_is_read(n_rows):
    found = reading.tidy(pd.DataFrame({"a": [np.nan] * n_rows, "b": [None] * n_rows}))
    assert found.findings["finding"].tolist()[:2] == ["empty", "empty"]
