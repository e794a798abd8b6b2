import subprocess
import sys

import pytest
import sqlalchemy
from sqlalchemy import text

from lib import database, decisions
from lib.decisions import Decision
from lib.errors import InputError


@pytest.fixture
def given(monkeypatch):
    return lambda address: monkeypatch.setenv(database.ADDRESS, address)


def test_sqlite_lets_readers_in_beside_a_writer(store):
    with database.connect(store).connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_the_schema_has_a_version_from_the_first_day(store):
    with database.connect(store).connect() as connection:
        assert connection.execute(text("SELECT version FROM schema_versions")).scalars().all() == list(
            range(1, len(database.MIGRATIONS) + 1)
        )


def _versions(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT version FROM schema_versions ORDER BY version")).scalars().all()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request, given):
    """Let the database be of either kind."""
    if request.param == "postgresql":
        given(request.getfixturevalue("postgresql"))
    yield request.param
    database._connect.cache_clear()


@pytest.mark.parametrize("before", range(1, len(database.MIGRATIONS)))
def test_a_database_of_before_is_brought_up_to_date_with_all_that_is_in_it(store, kind, before):
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(database, "MIGRATIONS", database.MIGRATIONS[:before])
        old = database.connect(store)
        kept = decisions.record(old, Decision("promotion", "late-flights", "It is better."))
    database._connect.cache_clear()
    new = database.connect(store)
    assert _versions(new) == list(range(1, len(database.MIGRATIONS) + 1))
    assert [(each.id, each.reason) for each in decisions.read(new, "late-flights")] == [(kept.id, "It is better.")]


def test_a_migration_that_fails_leaves_the_database_as_it_was(store, kind):
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        old = database.connect(store)
    with pytest.MonkeyPatch.context() as broken:
        half = [database.MIGRATIONS[0], lambda kind: ["CREATE TABLE half (a INTEGER)", "CREATE TABLE nonsense ("]]
        broken.setattr(database, "MIGRATIONS", half)
        database._connect.cache_clear()
        with pytest.raises(InputError, match="cannot be used"):
            database.connect(store)
    assert _versions(old) == [1] and not sqlalchemy.inspect(old).has_table("half")


def test_a_database_made_by_a_newer_program_is_refused(store):
    engine = database.connect(store)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO schema_versions VALUES (99, '2030-01-01')"))
    database._connect.cache_clear()
    with pytest.raises(InputError, match=f"has schema version 99; this program knows {len(database.MIGRATIONS)}"):
        database.connect(store)


def test_four_processes_can_open_a_missing_database_at_once(store):
    program = [sys.executable, "-c", f"from lib import database; database.connect({str(store)!r})"]
    processes = [subprocess.Popen(program) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0, 0]


def test_a_file_that_is_no_database_is_refused_with_its_name(store):
    (store / database.FILE).write_text("This is a letter, not a database. " * 50)
    with pytest.raises(InputError, match="predictions.db cannot be used: file is not a database"):
        database.connect(store)


def test_a_folder_that_cannot_be_made_is_refused_with_its_name(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(InputError, match="predictions.db cannot be used: "):
        database.connect(tmp_path / "store")


@pytest.mark.parametrize("address", ["not an address", "nosuch://host/name", "mysql://host/name"])
def test_an_address_of_no_supported_database_is_refused(store, given, address):
    given(address)
    with pytest.raises(InputError, match=database.ADDRESS):
        database.connect(store)


def test_a_password_is_not_shown_when_the_server_does_not_answer(store, given):
    given("postgresql://user:very-secret@127.0.0.1:9/name")
    with pytest.raises(InputError) as refused:
        database.connect(store)
    assert "very-secret" not in str(refused.value) and "user:***@127.0.0.1:9" in str(refused.value)


def test_a_wrong_password_is_not_shown(store, given, postgresql):
    url = sqlalchemy.make_url(postgresql).set(password="very-secret")
    given(url.render_as_string(hide_password=False))
    with pytest.raises(InputError, match="cannot be used") as refused:
        database.connect(store)
    assert "very-secret" not in str(refused.value)


def test_postgresql_is_used_where_the_environment_says_so(store, given, postgresql):
    given(postgresql)
    engine = database.connect(store)
    assert engine.dialect.name == "postgresql" and not (store / database.FILE).exists()
