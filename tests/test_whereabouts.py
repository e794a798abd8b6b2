import subprocess
import sys
from pathlib import Path

import boards
import histories
from sqlalchemy import text

from lib import database, decisions, locks, whereabouts, windows
from lib.decisions import Decision
from lib.whereabouts import CYCLE, LABELS, MONITOR, RUN, SCORE, STATUS

ROOT = Path(__file__).parent.parent


def test_the_next_command_follows_from_what_was_done_last(empty):
    assert whereabouts.of(empty)[1] == RUN and not empty.store.exists()
    with locks.hold(boards.running(empty), "run now"):
        assert whereabouts.of(empty)[1] == STATUS
    assert "ended early" in whereabouts.of(empty)[0]


def test_a_refused_run_is_told_with_its_report(empty):
    stands, command = whereabouts.of(boards.refused(empty))
    assert "score on test rows" in stands and "report.html" in stands and command == STATUS


def test_a_model_is_scored_with_then_watched_then_labelled_then_cycled(empty):
    boards.fresh(empty)
    engine = database.connect(empty.store)
    assert whereabouts.of(empty)[1] == SCORE
    for row, command in {
        f"daily VALUES ('{histories.MODEL}', 1, '2026-01-01', 5, 1, 1, 0)": MONITOR,
        "": LABELS,
        f"labels (model_name, row_key, label, at) VALUES ('{histories.MODEL}', 'a', '1', '2026')": CYCLE,
    }.items():
        if row:
            with engine.begin() as connection:
                connection.execute(text(f"INSERT INTO {row}"))
        else:
            windows.write(engine, [windows.Window(histories.MODEL, 1, "2026-01-01", "2026-01-02", 5)])
        assert whereabouts.of(empty)[1] == command


def test_a_run_that_ended_early_goes_on_with_its_parameters_and_a_retraining_with_its_turn(empty):
    boards.running(empty, given={"data": "my table.csv", "target": "price"})
    assert whereabouts.of(empty)[1] == f"{RUN} -p 'data=my table.csv' -p target=price"
    boards.running(empty, given={"data": str(empty.turns / "prices" / "now.parquet")})
    assert whereabouts.of(empty)[1] == CYCLE


def test_a_retraining_that_was_refused_is_no_refusal_of_the_model_in_use(empty):
    boards.fresh(empty)
    engine = database.connect(empty.store)
    given = {"data": str(empty.turns / "late" / "now.parquet")}
    boards.running(empty, started="2030-01-01T00:00", status="refused", message="", given=given)
    assert "is in use" in whereabouts.of(empty)[0] and whereabouts.of(empty)[1] == SCORE
    decisions.record(engine, Decision("back to design", histories.MODEL, "3 retrainings did not help."))
    stands, command = whereabouts.of(empty)
    assert "back to its design: 3 retrainings did not help." in stands and command.startswith(f"{CYCLE} --acknowledge")
    decisions.record(engine, Decision("acknowledgement", histories.MODEL, "Seen.", actor="Ana"))
    assert whereabouts.of(empty)[1] == SCORE


def test_the_command_alone_says_where_one_is(tmp_path):
    command = [sys.executable, ROOT / "pipeline.py"]
    environment = {"CUADERNO_STORE": str(tmp_path), "PATH": "", "SYSTEMROOT": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Nothing was run yet.\nNext:  uv run pipeline.py run\n")
