import gzip
import io
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy

from lib import data, fetched, fingerprints, preflight, readers, sources
from lib.errors import InputError

NOBODY = 65534
"""The user without rights on Linux; on other systems tests do not run as root."""
TABLE = pd.DataFrame({"town": ["Bonn", "Łódź", 'a "b"'], "note": ["x\ny", "", "z;w,v"], "size": ["1.5", "2", "-3e2"]})


def same(raw):
    pd.testing.assert_frame_equal(raw.fillna(""), TABLE, check_dtype=False)


def as_bytes(table, **options):
    encoding = options.pop("encoding", "utf-8")
    return table.to_csv(index=False, lineterminator="\n", **options).encode(encoding)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.csv", {}),
        ("semicolon.csv", {"sep": ";"}),
        ("a.tsv", {"sep": "\t"}),
        ("pipe.txt", {"sep": "|"}),
        ("mark.csv", {"encoding": "utf-8-sig"}),
        ("wide.csv", {"encoding": "utf-16"}),
        ("quoted.csv", {"quoting": 1}),
    ],
)
def test_a_text_file_is_read_however_it_is_written(tmp_path, name, options):
    (tmp_path / name).write_bytes(as_bytes(TABLE, **options))
    same(readers.read(tmp_path / name))


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_that_is_not_utf_8_is_read_as_western(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes("straße,größe\nÄ,1\nÖ,2\n".encode(encoding))
    assert readers.read(tmp_path / "a.csv").to_dict("list") == {"straße": ["Ä", "Ö"], "größe": ["1", "2"]}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(tmp_path, line_end):
    (tmp_path / "a.csv").write_bytes(line_end.join(["a,b", "1,2", "3,4"]).encode())
    assert readers.read(tmp_path / "a.csv").shape == (2, 2)


def test_packed_files_are_read_by_what_they_are_and_not_by_their_name(tmp_path):
    plain = as_bytes(TABLE)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "b.csv").write_bytes(gzip.compress(plain))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("inner.csv", plain)
        archive.writestr("__MACOSX/._inner.csv", b"\x00")
    for name in ("a.csv.gz", "b.csv", "c.zip"):
        same(readers.read(tmp_path / name))


def test_codes_with_leading_zeros_and_words_for_gaps_come_raw(tmp_path):
    (tmp_path / "a.csv").write_text("code,word\n007,NA\n012,None\n")
    assert readers.read(tmp_path / "a.csv").to_dict("list") == {"code": ["007", "012"], "word": ["NA", "None"]}


def test_names_that_are_alike_or_empty_come_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text("a,a,,a [m/s]\n1,2,3,4\n")
    assert list(readers.read(tmp_path / "a.csv").columns) == ["a", "a", "", "a [m/s]"]


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n'])
def test_a_line_that_tells_excel_the_delimiter_is_no_line_of_names(tmp_path, line):
    (tmp_path / "a.csv").write_bytes((line + 'a;b\n"x, y";2\n').encode())
    found = readers.read(tmp_path / "a.csv")
    assert (found.columns.tolist(), found.iloc[0].tolist()) == (["a", "b"], ["x, y", "2"])


def test_the_names_of_rows_that_r_writes_become_a_column(tmp_path):
    (tmp_path / "a.csv").write_text('"x","y"\n"1",5,6\n"2",7,8\n')
    assert list(readers.read(tmp_path / "a.csv").columns) == ["", "x", "y"]


def test_parquet_comes_back_with_its_types_and_a_named_index(tmp_path):
    table = pd.DataFrame({"n": [1, 2], "when": pd.to_datetime(["2026-01-01", "2026-01-02"])}).set_index("when")
    table.to_parquet(tmp_path / "a.parquet")
    read = readers.read(tmp_path / "a.parquet")
    assert set(read) == {"when", "n"}
    assert read["when"].dtype.kind == "M"


def test_a_folder_is_one_table_in_the_order_of_its_files(tmp_path):
    for name, values in (("2.csv", [3, 4]), ("1.csv", [1, 2]), (".hidden.csv", [9]), ("_log.csv", [9])):
        pd.DataFrame({"a": values, "b": values}).to_csv(tmp_path / name, index=False)
    (tmp_path / "README").write_text("no table")
    assert readers.read_folder(tmp_path)["a"].tolist() == ["1", "2", "3", "4"]


def test_a_folder_whose_files_differ_is_refused_with_the_difference(tmp_path):
    pd.DataFrame({"a": [1], "b": [1]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1], "c": [1]}).to_parquet(tmp_path / "2.parquet")
    with pytest.raises(InputError, match=r"2\.parquet has other columns than .*1\.parquet: b missing, c new"):
        readers.read_folder(tmp_path)


@pytest.fixture
def database(tmp_path) -> str:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = sqlalchemy.create_engine(url)
    pd.DataFrame({"id": [1, 2, 3], "sold at": ["10:30", "11:00", "12:15"]}).to_sql("sales", engine, index=False)
    engine.dispose()
    return url


def test_a_table_and_a_query_of_sqlite_are_read(database):
    assert readers.read_source(sources.parse(f"{database}::sales")).shape == (3, 2)
    query = f"{database}::SELECT id FROM sales WHERE \"sold at\" <> '10:30' AND 'a::b' LIKE '%:%'"
    assert readers.read_source(sources.parse(query))["id"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("", r"names no table\. Its tables are: sales\."),
        ("sale", r"no table sale\. Did you mean sales\?"),
        ("SELECT nonsense FROM sales", "refused: no such column: nonsense"),
        ("DELETE FROM sales WHERE id = 9", "begins with DELETE"),
    ],
)
def test_sql_that_fails_is_refused_with_what_the_database_said(database, part, said):
    with pytest.raises(InputError, match=said):
        readers.read_source(sources.parse(f"{database}::{part}"))


def test_an_sqlite_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(InputError, match=r"There is no database file .*none\.db"):
        data.read(f"sqlite:///{tmp_path / 'none.db'}::sales")
    assert not list(tmp_path.iterdir())


def test_of_an_sqlite_file_that_is_not_there_the_nearest_files_are_named(tmp_path):
    (tmp_path / "shop.db").touch()
    with pytest.raises(InputError, match=r"no database file .*Did you mean shop\.db\?"):
        sources.normalise(f"sqlite:///{tmp_path / 'shops.db'}::SELECT * FROM t")


@pytest.mark.parametrize("url", ["nosuch://host/db::t", "postgresql+nodriver://host/db::t"])
def test_a_database_without_a_driver_is_refused(url):
    with pytest.raises(InputError, match="is not a database that can be opened"):
        data.read(url)


def test_postgresql_is_read_by_table_schema_and_query(postgresql, monkeypatch):
    engine = sqlalchemy.create_engine(postgresql)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA shop")
        connection.exec_driver_sql("CREATE TABLE shop.sales (id int, price numeric(8,2), at timestamptz, ok boolean)")
        connection.exec_driver_sql(
            "INSERT INTO shop.sales SELECT i, i * 1.5, '2026-01-01 12:00+02', i > 2 FROM generate_series(1, 4) i"
        )
    engine.dispose()
    table = data.read(f"{postgresql}::shop.sales")
    assert table["price"].tolist() == [1.5, 3.0, 4.5, 6.0]
    assert table["at"].tolist() == [pd.Timestamp("2026-01-01 10:00")] * 4
    assert data.read(f"{postgresql}::SELECT id::float AS x FROM shop.sales WHERE id % 2 = 0")["x"].tolist() == [2, 4]


def test_a_password_leaves_no_trace_but_in_the_environment(postgresql, monkeypatch):
    from postgresql import PASSWORD

    monkeypatch.setenv(sources.PASSWORD_VARIABLE, "")  # so that it is put back after the test
    kept = sources.normalise(f"{postgresql}::SELECT 1 AS one, 2 AS two")
    assert PASSWORD not in kept
    assert data.read(kept)["two"].tolist() == [2]
    for bad in (f"{postgresql}::SELECT nothing", f"{postgresql}::absent", postgresql.replace("/test_", "/no_") + "::t"):
        with pytest.raises(InputError) as refusal:
            data.read(bad)
        assert PASSWORD not in "".join(traceback.format_exception(refusal.value))


def test_a_password_that_is_not_kept_is_asked_for(postgresql, monkeypatch):
    kept = sources.hide_password(postgresql)
    monkeypatch.delenv(sources.PASSWORD_VARIABLE, raising=False)
    with pytest.raises(InputError, match=f"set the environment variable {sources.PASSWORD_VARIABLE}"):
        data.read(f"{kept}::t")


def test_a_url_in_an_environment_variable_is_never_written_down(database, monkeypatch):
    monkeypatch.setenv("SHOP", database)
    assert sources.normalise("env:SHOP::SELECT id FROM sales") == "env:SHOP::SELECT id FROM sales"
    assert data.read("env:SHOP::sales").shape == (3, 2)
    with pytest.raises(InputError, match="The environment variable SHOPS"):
        sources.normalise("env:SHOPS::sales")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:p:w@x@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("mysql://host/db?user=me&password=pw", "mysql://host/db?user=me&password=***"),
        ("postgresql://me:p/w@x@host/db", "postgresql://me:***@host/db"),
        ("postgresql://host:5432/db?options=a@b", "postgresql://host:5432/db?options=a@b"),
        ("could not reach postgresql://me:pw@host/db now", "could not reach postgresql://me:***@host/db now"),
    ],
)
def test_a_password_is_hidden_wherever_it_stands(url, shown):
    assert sources.hide_password(url) == shown


def test_a_password_among_the_options_is_refused():
    with pytest.raises(InputError, match="Put the whole URL into an environment variable") as refusal:
        sources.normalise("postgresql://host/db?password=hunter2::t")
    assert "hunter2" not in str(refusal.value)


def test_a_path_means_the_same_from_every_folder(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(as_bytes(TABLE))
    monkeypatch.chdir(tmp_path)
    assert sources.normalise("a.csv") == str(tmp_path / "a.csv")
    assert sources.normalise("a.csv::Sheet") == f"{tmp_path / 'a.csv'}::Sheet"
    assert sources.normalise("flights") == "flights"


def test_a_notebook_may_name_a_path_from_the_repository(monkeypatch):
    monkeypatch.chdir(sources.ROOT / "notebooks")
    assert sources.locate("pyproject.toml") == sources.ROOT / "pyproject.toml"


def test_a_missing_file_is_refused_with_the_nearest_names(tmp_path):
    (tmp_path / "housing.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"There is no table .*house\.csv.*Did you mean housing\.csv\?"):
        sources.normalise(str(tmp_path / "house.csv"))


def test_a_hidden_folder_is_not_offered_for_a_missing_file(tmp_path):
    (tmp_path / ".house").mkdir()
    with pytest.raises(InputError, match="There is no table") as refused:
        sources.normalise(str(tmp_path / "house.csv"))
    assert "Did you mean" not in str(refused.value)


def test_equal_content_has_an_equal_hash_and_any_change_another(tmp_path):
    (tmp_path / "a.csv").write_bytes(as_bytes(TABLE))
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    before = fingerprints.of_source(str(tmp_path / "a.csv"))
    assert fingerprints.of_source(str(tmp_path / "b.csv")) == before
    (tmp_path / "b.csv").write_bytes(as_bytes(TABLE) + b"x,y,1\n")
    assert fingerprints.of_source(str(tmp_path / "b.csv")) != before


WRITING = {
    # a query to PostgreSQL is declared as one, which alone keeps most of these out
    "a statement": ("postgresql", "/* no harm meant */ DROP TABLE sales", "syntax error"),
    "a part": ("postgresql", "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone", "must not contain"),
    "a function": ("postgresql", "SELECT nextval('numbers') AS id", "read-only"),
    "sqlite": ("sqlite", "/* no harm meant */ DROP TABLE sales", "readonly"),
}


@pytest.mark.parametrize(("kind", "query", "said"), WRITING.values(), ids=WRITING)
def test_a_query_that_hides_what_it_writes_changes_nothing(kind, query, said, database, request):
    url = database
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql")
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE sales AS SELECT 1 AS id")
            connection.exec_driver_sql("CREATE SEQUENCE numbers")
        engine.dispose()
    with pytest.raises(InputError, match=f"refused: .*{said}"):
        readers.read_source(sources.parse(f"{url}::{query}"))
    assert len(readers.read_source(sources.parse(f"{url}::sales")))


def test_the_hash_of_a_query_follows_its_result(database):
    before = fingerprints.of_source(f"{database}::sales")
    assert fingerprints.of_source(f"{database}::SELECT * FROM sales") == before
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sales SET id = 7 WHERE id = 3")
    engine.dispose()
    fetched.forget(sources.parse(f"{database}::sales"))
    assert fingerprints.of_source(f"{database}::sales") != before


def test_hashing_files_and_the_demo_does_without_pandas(tmp_path):
    (tmp_path / "a.csv").write_bytes(as_bytes(TABLE))
    code = (
        "import sys; from lib import fingerprints, sources; "
        f"fingerprints.of_source({str(tmp_path / 'a.csv')!r}); fingerprints.of_source('flights'); "
        "sources.normalise('flights'); print('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def rows(n, **columns):
    return pd.DataFrame({name: [make(i) for i in range(n)] for name, make in columns.items()})


def truncated() -> bytes:
    return gzip.compress(as_bytes(rows(5000, a=lambda i: i * 7919 % 10007, y=lambda i: i % 2)))[:-400]


GOOD = {"a": lambda i: i % 7, "b": lambda i: f"x{i % 3}", "y": lambda i: i % 2}
BAD = {
    "absent": ("a.csv", as_bytes(rows(60, **GOOD)), "yy", r"no column 'yy'.*Did you mean y\?.*a, b, y"),
    "none named": ("a.csv", as_bytes(rows(60, **GOOD)), "", r"Which column .* is to be predicted\?.*a, b, y"),
    "empty": ("a.csv", b"", "y", r"a\.csv is empty"),
    "blank": ("a.csv", b"\n\n  \n", "y", r"a\.csv is empty"),
    "no rows": ("a.csv", b"a,b,y\n", "y", "names of columns and no rows"),
    "one row": ("a.csv", b"a,b,y\n1,2,3\n", "y", "has one row; 30 are the least"),
    "few rows": ("a.csv", as_bytes(rows(5, **GOOD)), "y", "has 5 rows; 30 are the least"),
    "only a target": ("a.csv", as_bytes(rows(60, y=GOOD["y"])), "y", "has one column, 'y'"),
    "constant": (
        "a.csv",
        as_bytes(rows(60, a=lambda i: 1, b=lambda i: "", y=GOOD["y"])),
        "y",
        r"one value or nothing \(a, b\)",
    ),
    "no target": ("a.csv", as_bytes(rows(60, a=GOOD["a"], y=lambda i: "NA")), "y", "missing in each of the 60 rows"),
    "little target": (
        "a.csv",
        as_bytes(rows(60, a=GOOD["a"], y=lambda i: i % 2 if i < 9 else "")),
        "y",
        "known in 9 of the 60",
    ),
    "one value": ("a.csv", as_bytes(rows(60, a=GOOD["a"], y=lambda i: "no")), "y", "one value, 'no', in all 60 rows"),
    "classes": ("a.csv", as_bytes(rows(60, a=GOOD["a"], y=lambda i: f"n{i}")), "y", "60 different texts in 60 rows"),
    "times": ("a.csv", as_bytes(rows(60, a=GOOD["a"], y=lambda i: f"2026-01-{i % 28 + 1:02}")), "y", "is a time"),
    "truncated": ("a.csv.gz", truncated(), "y", r"a\.csv\.gz ends too early or is damaged"),
    "picture": ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "y", "is not a table: it begins with"),
    "page": ("a.csv", b"<!DOCTYPE html><html>", "y", "is not a table"),
    "json": ("a.json", b'{"a": 1}', "y", "is not a table"),
    "parquet": ("a.parquet", b"PAR1" + b"\x00" * 50, "y", "cannot be read as a table"),
    "book": ("a.xlsx", b"PK\x03\x04nothing", "y", "cannot be read as a book"),
    "zip": ("a.zip", b"PK\x03\x04nothing", "y", "ends too early or is damaged"),
    "ragged": (
        "a.csv",
        b"a,b,y\n" + b"1,2,3\n" * 50 + b"1,2,3,4\n",
        "y",
        "line 52 has 4 cells, .* has 3",
    ),
}


@pytest.mark.parametrize(("name", "content", "target", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_table_is_refused_with_the_place_and_the_remedy(tmp_path, name, content, target, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as refusal:
        data.validate(str(tmp_path / name), target)
    assert str(tmp_path) in str(refusal.value) or target == "yy"


def test_a_zip_with_two_files_and_an_empty_folder_are_refused(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "a,b")
        archive.writestr("b.csv", "a,b")
    (tmp_path / "a.zip").write_bytes(stream.getvalue())
    with pytest.raises(InputError, match=r"holds 2 files \(a\.csv, b\.csv\)"):
        data.validate(str(tmp_path / "a.zip"), "y")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no table"):
        data.validate(str(tmp_path / "empty"), "y")


@contextmanager
def as_somebody_without_rights():
    """Let root be nobody for the time of a block; anybody else is without rights to others' files already."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode of a file that takes a right away")
def test_a_file_without_permission_is_refused():
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "a.csv"
        folder.chmod(0o755)  # pytest's own folders let nobody but their owner in
        path.write_bytes(as_bytes(rows(60, **GOOD)))
        assert data.validate(str(path), "y") is None  # and all that it takes is imported
        path.chmod(0)
        with as_somebody_without_rights(), pytest.raises(InputError, match="cannot be read: Permission denied"):
            data.validate(str(path), "y")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "folder"])
def test_a_good_table_is_let_pass(tmp_path, name):
    table = rows(60, **GOOD)
    if name == "folder":
        (tmp_path / name).mkdir()
        table.to_csv(tmp_path / name / "1.csv", index=False)
    else:
        table.to_parquet(tmp_path / name) if name.endswith("parquet") else table.to_csv(tmp_path / name, index=False)
    assert data.validate(str(tmp_path / name), "y") is None


def test_the_demo_is_let_pass_unread():
    assert preflight.validate("flights", "") is None


@pytest.mark.parametrize(
    ("delimiter", "other", "price"),
    [
        (";", "7", 9.781),  # a semicolon leaves the comma to be a decimal sign
        (";", "7.25", 9781),  # another column has points for that
        ("|", "7", 9781),  # nothing speaks for it
        ("|", "0,125", 9.781),  # no group of thousands begins with 0
    ],
)
def test_three_digits_behind_a_comma_are_what_the_rest_of_the_file_says(tmp_path, delimiter, other, price):
    lines = [delimiter.join(cells) for cells in [("price", "other"), *[("9,781", other), ("11,306", other)] * 20]]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    assert data.read_table(str(tmp_path / "t.csv")).table["price"].iloc[0] == price
