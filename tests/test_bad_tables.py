"""Tables from which nothing can be learnt, through the real command line."""

import gzip
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

PIPELINE = Path(__file__).parent.parent / "pipeline.py"
GOOD = "a,b,y\n" + "".join(f"{i % 7},x{i % 3},{i % 2}\n" for i in range(200))
LONG = "a,b,y\n" + "".join(f"{i * 7919 % 10007},x{i % 3},{i % 2}\n" for i in range(5000))
FILES = {
    "not a table": (b"\x89PNG\r\n\x1a\n\x00\x00", "y", "is not a table: it begins with", "Give CSV"),
    "truncated gzip": (gzip.compress(LONG.encode())[:-400], "y", "ends too early or is damaged", "download it again"),
    "zero rows": (b"a,b,y\n", "y", "no rows", "Give a table with at least 30 rows"),
    "one row": (b"a,b,y\n1,2,3\n", "y", "has one row", "30 are the least"),
    "only a target": (b"y\n" + b"0\n1\n" * 40, "y", "nothing to predict it from", "delimiter"),
    "all columns constant": (b"a,b,y\n" + b"1,,0\n1,,1\n" * 40, "y", "one value or nothing (a, b)", "Add columns"),
    "target absent": (GOOD.encode(), "yy", "no column 'yy'", "Did you mean y?"),
    "no target": (GOOD.encode(), "", "Which column", "Give -p target=NAME, one of a, b, y"),
    "all targets missing": (b"a,y\n" + b"1,\n2,\n" * 40, "y", "missing in each of the 80 rows", "add the values"),
    "one target": (b"a,y\n" + b"1,no\n2,no\n" * 40, "y", "one value, 'no'", "add rows with another value"),
    "one number as target": (b"a,y\n" + b"1,7\n2,7\n" * 40, "y", "one value, '7', in all", "add rows with another"),
    "a line with a cell more": (
        b"a,y\n" + b"1,0\n2,1\n" * 40 + b'"x\ny",1\n3,1,1\n',
        "y",
        "line 84 has 3 cells, the line of names has 2",
        "Correct that line",
    ),
    "words above the names": (b"Report\nof May\na,y\n" + b"1,0\n2,1\n" * 40, "y", "line 3 has 2", "above the names"),
    "too many classes": (
        ("a,y\n" + "".join(f"{i},c{i}\n" for i in range(90))).encode(),
        "y",
        "90 different texts in 90 rows",
        "join rare classes first",
    ),
}


def refuse(tmp_path, capsys, monkeypatch, source: str, target: str, *more: str) -> str:
    """Give a table to the command line, and return the one line that it says in refusing it with exit status 2."""
    folders = ("--store", str(tmp_path / "store"), "--reports", str(tmp_path / "reports"))
    monkeypatch.setattr(
        sys, "argv", [str(PIPELINE), "run", "-p", f"data={source}", "-p", f"target={target}", *more, *folders]
    )
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PIPELINE), run_name="__main__")
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.startswith("error: ") and len(said.err.splitlines()) == 1
    assert not (tmp_path / "store" / "runs").exists() or not any((tmp_path / "store" / "runs").iterdir())
    return said.err


@pytest.mark.parametrize(("content", "target", "found", "remedy"), FILES.values(), ids=FILES)
def test_a_bad_file_is_refused_with_the_place_and_the_remedy(
    tmp_path, capsys, monkeypatch, content, target, found, remedy
):
    (tmp_path / "table.csv").write_bytes(content)
    said = refuse(tmp_path, capsys, monkeypatch, str(tmp_path / "table.csv"), target)
    assert found in said and remedy in said
    assert "table.csv" in said


@pytest.mark.parametrize("parameter", ["time_column", "group_column", "slices", "exclude", "keep"])
def test_another_column_that_is_not_there_is_named_with_its_parameter(tmp_path, capsys, monkeypatch, parameter):
    (tmp_path / "table.csv").write_text(GOOD)
    asked = ("-p", f"{parameter}=bb")
    said = refuse(tmp_path, capsys, monkeypatch, str(tmp_path / "table.csv"), "y", *asked)
    assert f"no column 'bb', which -p {parameter} names. Did you mean b?" in said


def test_a_file_that_is_not_there_is_refused_with_the_nearest_table(tmp_path, capsys, monkeypatch):
    (tmp_path / "sales.csv").write_text(GOOD)
    (tmp_path / "sales.pdf").write_text("no table")
    said = refuse(tmp_path, capsys, monkeypatch, str(tmp_path / "sale.csv"), "y")
    assert "Did you mean sales.csv?" in said


def test_sql_that_fails_is_refused_with_what_the_database_said(tmp_path, capsys, monkeypatch):
    url = f"sqlite:///{tmp_path / 'd.db'}"
    with sqlalchemy.create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
    assert "syntax error" in refuse(tmp_path, capsys, monkeypatch, f"{url}::SELECT nothing FRM t", "y")
    assert "Did you mean t?" in refuse(tmp_path, capsys, monkeypatch, f"{url}::tt", "y")


def test_a_query_that_would_change_the_database_is_refused_and_changes_nothing(tmp_path, capsys, monkeypatch):
    url = f"sqlite:///{tmp_path / 'd.db'}"
    with sqlalchemy.create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INTEGER)")
    said = refuse(tmp_path, capsys, monkeypatch, f"{url}::drop table t", "y")
    assert "begins with DROP" in said and "begins with SELECT" in said
    assert sqlalchemy.inspect(sqlalchemy.create_engine(url)).get_table_names() == ["t"]


def test_a_password_is_never_shown(tmp_path, capsys, monkeypatch):
    source = "postgresql+psycopg://me:not-to-be-shown@localhost:1/db::t"
    said = refuse(tmp_path, capsys, monkeypatch, source, "y")
    assert "me:***@localhost" in said and "not-to-be-shown" not in said


def test_a_disk_without_space_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lib.readiness.LEAST_FREE_MB", 1e9)
    (tmp_path / "table.csv").write_text(GOOD)
    assert "Free some space" in refuse(tmp_path, capsys, monkeypatch, str(tmp_path / "table.csv"), "y")


def test_the_command_itself_ends_with_status_2_and_one_line(tmp_path):
    (tmp_path / "table.csv").write_text(GOOD)
    command = [sys.executable, PIPELINE, "run", "-p", f"data={tmp_path / 'table.csv'}", "-p", "target=yy"]
    ended = subprocess.run(
        [*command, "--store", tmp_path / "store"], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert "Did you mean y?" in ended.stderr
