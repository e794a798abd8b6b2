import pytest
import sqlalchemy
from releases import MODEL_NAME, gate
from sqlalchemy import text

from lib import database, decisions
from lib.decisions import Decision
from lib.errors import InputError


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, store, monkeypatch):
    if request.param == "postgresql":
        monkeypatch.setenv(database.ADDRESS, request.getfixturevalue("postgresql"))
    return database.connect(store)


def change(kind, to_version):
    return Decision(kind, "flights", "Because.", to_version=to_version)


def reign_after(engine, *changes):
    for kind, version in changes:
        decisions.record(engine, change(kind, version))
    return decisions.reign(engine, "flights")


def test_a_decision_comes_back_as_it_was_recorded(engine):
    asked = Decision("promotion", "flights", "Better by 0.02.", "Ana", 1, 2, "key", "run", {"gain": 0.02})
    recorded = decisions.record(engine, asked)
    assert decisions.read(engine, "flights") == [recorded]
    assert recorded.at.endswith("+00:00") and recorded.reason == asked.reason and recorded.details == {"gain": 0.02}


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="kind is one of"):
        change("whim", 1)


FORBIDDEN = ["UPDATE {} SET at = 'x'", "DELETE FROM {}"]


@pytest.mark.parametrize("table", ["decisions", "model_files"])
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_log_can_only_be_added_to(engine, table, statement):
    decisions.record(engine, change("promotion", 1))
    decisions.record_files(engine, "flights", 1, {"model.skops": "abc"})
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement.format(table)))
    assert len(decisions.read(engine)) == 1


def test_a_row_cannot_be_replaced_or_the_table_emptied(engine):
    decisions.record(engine, change("promotion", 1))
    tricks = {"sqlite": "INSERT OR REPLACE INTO decisions SELECT * FROM decisions", "postgresql": "TRUNCATE decisions"}
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(tricks[engine.dialect.name]))


def test_the_hash_of_a_file_is_written_down_once(engine):
    decisions.record_files(engine, "flights", 1, {"model.skops": "first"})
    decisions.record_files(engine, "flights", 1, {"model.skops": "second", "contract.json": "new"})
    assert decisions.files_of(engine, "flights", 1) == {"model.skops": "first", "contract.json": "new"}


P, R = "promotion", "rollback"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([(P, 1), (P, 2)], [1, 2]),
        ([(P, 1), (P, 2), (P, 3), (R, 2)], [1, 2]),
        ([(P, 1), (P, 2), (P, 3), (R, 2), (R, 1)], [1]),
        ([(P, 1), (P, 2), (R, 1), (P, 3)], [1, 3]),
        ([(P, 1), ("refusal", 2), (P, 3)], [1, 3]),
    ],
)
def test_a_rollback_goes_back_to_the_champion_before(store, changes, expected):
    assert reign_after(database.connect(store), *changes) == expected


def test_models_do_not_share_a_reign(engine):
    decisions.record(engine, Decision("promotion", "other", "Because.", to_version=7))
    assert decisions.reigning(engine, "flights") is None
    assert decisions.reigning(engine, "other") == 7


def test_a_verdict_is_recorded_once_for_a_key(engine):
    for _ in range(2):
        decisions.record_verdict(engine, "flights", "05_evaluation", [gate(passed=False)], key="k", run_id="r")
    found = decisions.read(engine, "flights", kinds=["verdict"])
    assert [d.reason for d in found] == ["05_evaluation refuses: score on test rows: The score is what it is."]


def test_the_verdicts_of_a_run_are_recorded_also_of_one_that_was_refused(store, refused_run):
    engine = database.connect(store)
    decisions.record_run(engine, refused_run, {"01_design": "a", "05_evaluation": "b"}, run_id="run-1")
    (found,) = decisions.read(engine, MODEL_NAME)
    assert found.reason.startswith("05_evaluation refuses") and (found.key, found.run_id) == ("b", "run-1")
    assert found.details["checks"][0]["name"] == "score on test rows"


def test_the_one_model_of_a_store_need_not_be_named(engine):
    decisions.record(engine, change("promotion", 1))
    assert decisions.only_model(engine) == "flights"


def test_a_model_that_was_only_refused_does_not_make_the_one_in_use_unclear(engine):
    decisions.record(engine, Decision("promotion", "flights", "Because.", to_version=1))
    decisions.record(engine, Decision("refusal", "ships", "Too little.", to_version=1))
    assert decisions.only_model(engine) == "flights" and decisions.only_model(engine, "ships") == "ships"


@pytest.mark.parametrize("name", ["", "trains"])
def test_a_model_that_is_not_clear_is_an_input_error(engine, name):
    for model in ("flights", "ships"):
        decisions.record(engine, Decision("promotion", model, "Because.", to_version=1))
    with pytest.raises(InputError, match="There are: flights, ships"):
        decisions.only_model(engine, name)


def test_the_history_tells_a_person_from_what_to_what_and_why(engine):
    decisions.record(engine, Decision("promotion", "flights", "Better by 0.02.", "Ana", 1, 2))
    decisions.record(engine, Decision("refusal", "flights", "Too slow.", from_version=2, to_version=3))
    decisions.record(engine, Decision("comparison", "flights", "Look 2.", "cycle", from_version=2, to_version=3))
    text = decisions.to_text(decisions.about_champions(engine))
    assert "flights version 1 → 2  by Ana\n    Better by 0.02." in text
    assert "flights version 3 refused, 2 stays  by pipeline\n    Too slow." in text
    assert "flights version 3 compared again, 2 stays  by cycle\n    Look 2." in text
