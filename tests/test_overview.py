import boards
import histories
import pytest
from sqlalchemy import text

from lib import database, decisions, health, locks, observed, overview, views, windows
from lib.decisions import Decision


def state(project):
    return overview.read(project)["health"]


def test_where_nothing_has_happened_the_first_command_is_named_and_no_database_is_made(empty):
    found = overview.read(empty)
    assert (found["health"]["state"], found["models"], found["notices"]) == ("none", [], [])
    assert "pipeline.py run" in found["health"]["next"] and not empty.store.exists()


def test_a_run_at_work_is_said_and_one_whose_process_died_is_not_taken_for_it(empty):
    with locks.hold(boards.running(empty), "run now"):
        at_work = overview.read(empty)
    assert at_work["notices"][0]["kind"] == "running" and "being made" in at_work["health"]["why"]
    assert overview.read(empty)["notices"][0]["text"].startswith("The newest run, now, was ended from outside")


def test_a_refused_model_is_not_in_use_and_the_gate_is_named(empty):
    found = state(boards.refused(empty))
    assert found["state"] == "refused" and "score on test rows" in found["why"]


def test_a_champion_that_nobody_has_used_is_not_called_healthy(empty):
    found = state(boards.fresh(empty))
    assert found["state"] == "unwatched" and "score --data" in found["next"]


def test_a_model_is_healthy_since_the_window_after_its_last_alarm(full):
    last = [window for window in overview.read(full)["windows"] if window["alarms"]][-1]
    found = state(full)
    assert found["state"] == "healthy" and found["since"] == health.day(last["end"])


def test_an_alarm_in_the_newest_window_says_why_since_when_and_what_to_do(full):
    alarm = {
        "name": "drift",
        "severity": "warning",
        "what": "humid moved.",
        "since": "2026-02-20",
        "todo": "Look at it.",
    }
    boards.change_windows(full, alarms=[alarm], healthy=False, in_words="humid moved.")
    found = state(full)
    assert list(found.values()) == ["alarm", "Alarm", "humid moved.", "20 February 2026", "Look at it."]


def test_a_window_that_is_bad_and_no_alarm_yet_is_not_called_healthy(full):
    boards.change_windows(full, bad=["performance"], in_words="roc_auc fell.")
    found = state(full)
    assert (found["state"], found["word"], found["why"]) == ("doubtful", "In doubt", "roc_auc fell.")


def test_a_model_sent_back_to_its_design_stays_there_until_somebody_acknowledges(full):
    engine = database.connect(full.store)
    decisions.record(engine, Decision("back to design", histories.MODEL, "Three retrainings did not help."))
    assert state(full)["state"] == "design"
    decisions.record(engine, Decision("acknowledgement", histories.MODEL, "The target has changed.", actor="Ana"))
    assert state(full)["state"] == "healthy"


def test_many_predictions_after_the_last_window_are_not_called_healthy(full):
    engine = database.connect(full.store)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO daily VALUES (:m, 3, :day, 100, 1, 1, 0)"),
            [{"m": histories.MODEL, "day": f"2026-04-{n:02}"} for n in range(1, 10)],
        )
    found = state(full)
    assert found["state"] == "unwatched" and "nobody has looked" in found["why"]


def test_a_database_that_is_away_is_said_and_the_design_is_still_shown(full, monkeypatch):
    monkeypatch.setenv(database.ADDRESS, "postgresql://ana:not-to-be-shown@127.0.0.1:1/none")
    found = overview.read(full)
    assert found["health"]["state"] == "away" and found["dossier"]["design"]["metric"] == "roc_auc"
    assert "not-to-be-shown" not in str(found)


def test_a_file_that_is_no_database_is_said_to_be_away(full):
    for path in full.store.glob(f"{database.FILE}*"):
        path.unlink()
    (full.store / database.FILE).write_bytes(b"not a database at all, whatever its name may say" * 100)
    assert state(full)["state"] == "away"


def test_windows_are_read_light_and_one_of_them_whole(full):
    engine = database.connect(full.store)
    light, whole = observed.windows(engine, histories.MODEL), windows.read(engine, histories.MODEL)
    assert [w["performance"] for w in light] == [w.payload["performance"] for w in whole]
    assert [w["healthy"] for w in light] == [w.payload["healthy"] for w in whole] and "drift" not in light[0]
    assert overview.window(full, histories.MODEL, light[3]["start"]) == whole[3].payload


def test_postgresql_gives_the_same_as_sqlite(full, postgresql, monkeypatch):
    here = database.connect(full.store)
    monkeypatch.setenv(database.ADDRESS, postgresql)
    there = database.connect(full.store)
    windows.write(there, windows.read(here, histories.MODEL))
    assert observed.windows(there, histories.MODEL) == observed.windows(here, histories.MODEL)
    assert observed.models(there) == [histories.MODEL]


def test_a_window_without_labels_is_estimated_and_the_page_says_how_labels_come(full):
    boards.change_windows(full, performance=None)
    found = overview.read(full)
    assert views.NO_LABELS in [block.text for block in views.performance(found) if isinstance(block, views.Words)]


def test_a_score_that_one_class_cannot_give_is_no_number(full):
    one = {"metric": "roc_auc", "value": None, "low": None, "high": None, "n": 12}
    boards.change_windows(full, performance=one)
    found = overview.read(full)
    assert views.ONE_CLASS in [block.text for block in views.performance(found) if isinstance(block, views.Words)]


@pytest.mark.parametrize(("days", "version", "n"), [(0, 0, 90), (10, 0, 10), (0, 2, 32), (5, 1, 5)])
def test_windows_are_chosen_by_period_and_version(full_store, days, version, n):
    assert len(views.chosen(overview.read(full_store)["windows"], days, version)) == n


def test_one_of_several_models_is_shown_when_it_is_named(full):
    other = Decision("promotion", "prices", "It is better.", to_version=1)
    decisions.record(database.connect(full.store), other)
    assert overview.read(full)["models"] == [histories.MODEL, "prices"]
    assert overview.read(full, "prices")["decisions"][0]["reason"] == "It is better."
    assert overview.read(full)["model_name"] == histories.MODEL
