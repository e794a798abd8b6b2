"""Turns of operations on a small project that is in use: real runs, a real registry, processes that are killed."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import living
import pytest
from sqlalchemy import text

from lib import champion, cycle, database, decisions, locks, policy, registry, rematch, standings, turns
from lib.errors import InputError

NOISE = 4.0
"""So much that a few hundred rows cannot tell a model from its opposite."""


@pytest.fixture
def made(tmp_path, store):
    return living.make(tmp_path / "project", store)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, mlflow_database):
    """Return a project in which no test leaves anything behind."""
    root = tmp_path_factory.mktemp("quiet")
    (root / "store").mkdir()
    shutil.copyfile(mlflow_database, root / "store" / mlflow_database.name)
    return living.make(root / "project", root / "store")


def turn(made, watch=lambda: None, **asked):
    return cycle.turn(made, cycle.Asked(**asked), watch, lambda event: None)


def kinds(made):
    return [each.kind for each in decisions.read(database.connect(made.store), living.NAME) if each.kind != "verdict"]


def notices(made):
    with database.connect(made.store).connect() as connection:
        return list(connection.execute(text("SELECT title FROM notices")).scalars())


def killed_turn(made, step):
    """Make a turn in a process of its own that is killed at a step, or ends if the step does not come."""
    command = [sys.executable, living.__file__, str(made.root), str(made.store), step]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=Path(living.__file__).parent
    )


def test_a_turn_without_an_alarm_watches_and_does_nothing_else(quiet):
    watched = []
    found = turn(quiet, lambda: watched.append(1))
    assert (found.status, found.exit_status, watched) == ("nothing", 0, [1])
    assert kinds(quiet) == ["promotion"]


def test_two_turns_at_once_make_one(quiet):
    inside, go_on = threading.Event(), threading.Event()
    outcomes = []

    def watch():
        inside.set()
        go_on.wait(60)

    first = threading.Thread(target=lambda: outcomes.append(turn(quiet, watch)))
    first.start()
    assert inside.wait(60)
    second = turn(quiet, lambda: outcomes.append("watched twice"))
    go_on.set()
    first.join()
    assert (second.status, second.exit_status) == ("busy", 0)
    assert [each.status for each in outcomes] == ["nothing"]
    assert not locks.is_held(quiet.locks / f"cycle-{living.NAME}")


def test_an_alarm_without_newer_labels_waits_for_them(quiet):
    living.live(quiet, month=3, n=40)
    found = turn(quiet)
    assert (found.status, found.exit_status) == ("waiting", 0)
    assert "add labels" in found.message
    assert kinds(quiet) == ["promotion"]


def test_an_alarm_that_no_retraining_answers_is_told_to_people_and_nothing_is_retrained(made):
    living.alarm(made, month=3, name="calibration")
    found = turn(made)
    assert (found.status, kinds(made)) == ("nothing", ["promotion"])
    assert "For people to look at: The score fell in month 3." in found.message


def test_kill_9_in_each_step_and_the_next_turn_goes_on_until_one_completes_it(made):
    living.live(made, month=3, sign=-1, n=900)
    steps = ["watch", "watching", "decide", "gather", "retrain", "done 01_design", "done 05_evaluation", "record"]
    for step in steps:
        died = killed_turn(made, step)
        assert died.returncode == -signal.SIGKILL, f"{step}: {died.stdout}{died.stderr}"
    last = killed_turn(made, "never")
    assert last.stdout.split() == ["promoted", "2"], last.stderr
    assert kinds(made) == ["promotion", "retraining", "promotion", "retraining"]
    assert champion.current(made.store, living.NAME).version == 2
    assert turns.pending(made, living.NAME) is None
    assert turn(made).status == "nothing"


def test_labels_without_meaning_end_in_the_design_within_the_budget_and_stay_there(made):
    living.live(made, month=3, shuffled=True)
    assert turn(made).status == "kept"
    living.alarm(made, month=4)
    assert turn(made).status == "nothing", "the next retraining waits for two windows"
    living.alarm(made, month=5)
    assert turn(made).status == "waiting", "the same rows are not tried twice"
    living.live(made, month=5, shuffled=True)
    died = killed_turn(made, "return")
    assert died.returncode == -signal.SIGKILL, died.stderr
    found = turn(made)
    assert (found.status, found.exit_status, found.unhelpful) == (policy.BACK, 4, 2)
    assert kinds(made).count("back to design") == 1
    assert notices(made) == ["back to design: t-y"]
    assert champion.current(made.store, living.NAME).version == 1
    page = Path(found.report).read_text(encoding="utf-8")
    for said in ("x has moved", "The score fell in month 5.", "threshold", "Columns to look at", "cycle --days N"):
        assert said in page
    assert "http" not in page.replace("http-equiv", "")
    living.live(made, month=6, shuffled=True)
    stopped = turn(made)
    assert (stopped.status, stopped.exit_status) == (policy.STOPPED, 4)
    acknowledge_and_go_on(made)


def test_a_challenger_that_few_rows_kept_out_is_promoted_when_newer_rows_show_that_it_is_better(made):
    living.live(made, month=3, n=300, sign=-1, noise=NOISE)
    assert turn(made, days=12).status == "kept"
    living.live(made, month=4, sign=-1, noise=NOISE)
    for step in ("compare", "watching"):
        assert killed_turn(made, step).returncode == -signal.SIGKILL
    found = turn(made, days=12)
    assert (found.status, found.version, found.exit_status) == ("promoted", 2, 0)
    assert "Look 2 at version 2, with 600 newer rows" in found.message
    assert kinds(made) == ["promotion", "retraining", "refusal", "retraining", "promotion"]
    assert registry.aliases(made.store, living.NAME) == {"champion": 2}
    assert champion.current(made.store, living.NAME).version == 2
    assert turn(made).status == "nothing", "the alarm is answered by the promotion"


def test_a_promotion_at_a_later_look_that_is_killed_in_the_middle_is_completed_by_the_next_turn(made, monkeypatch):
    living.live(made, month=3, n=300, sign=-1, noise=NOISE)
    turn(made, days=12)
    living.live(made, month=4, sign=-1, noise=NOISE)
    for place in (decisions, "record"), (champion, "keep"):
        monkeypatch.setattr(*place, interrupted)
        with pytest.raises(KeyboardInterrupt):
            turn(made)
        monkeypatch.undo()
    turn(made)
    assert kinds(made)[-1] == "promotion" and kinds(made).count("promotion") == 2
    assert champion.current(made.store, living.NAME).version == 2


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_a_challenger_is_looked_at_twice_and_each_look_is_on_record(made):
    living.live(made, month=3, shuffled=True)
    turn(made)
    looks = []
    for month in (4, 5):
        living.live(made, month=month, shuffled=True)
        standing = standings.of(made, living.NAME)
        asked = rematch.due(made, standing)
        looks.append((asked.rival.look, len(asked.since)) if asked else None)
        if asked:
            rematch.hold(made, standing, asked)
            assert rematch.due(made, standings.of(made, living.NAME)) is None, "the same rows are not judged twice"
    assert looks == [(2, 600), None]
    assert kinds(made)[-2:] == ["retraining", "comparison"]


def acknowledge_and_go_on(made):
    standings.acknowledge(made, "", "the strike is over", actor="Ana")
    living.live(made, month=7, sign=-1, n=700)
    found = turn(made)
    assert (found.status, found.exit_status) in [("promoted", 0), ("kept", 0)]
    with pytest.raises(InputError, match="Nothing is to be acknowledged"):
        standings.acknowledge(made, "", "again")
