import io
import shlex

import pytest

from lib import parameters, progress
from lib.events import KINDS, Event


class Terminal(io.StringIO):
    """A stream that says it is a terminal, as a test has none."""

    def isatty(self):
        return True


def told(*events, stream=None, **kwargs):
    stream = stream or io.StringIO()
    with progress.shown(stream=stream, **kwargs) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_a_notebook_gets_a_line_where_it_starts_and_where_it_ends():
    text = told(Event("started", "02_eda", expected_seconds=75), Event("done", "02_eda", seconds=71.2))
    assert [line.split(maxsplit=1)[1] for line in text.splitlines()] == [
        "started, about 1 min 15 s",
        "done in 1 min 11 s",
    ]


def test_plain_lines_do_not_name_every_cell_but_show_life_after_a_while():
    cells = [Event("cell", "02_eda", cell=n, n_cells=9, seconds=n * 10.0, expected_seconds=80) for n in range(1, 7)]
    lines = told(*cells).splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        "cell 3 of 9, 30 s of about 1 min 20 s",
        "cell 6 of 9, 1 min 0 s of about 1 min 20 s",
    ]


def test_plain_lines_hold_no_control_characters():
    assert "\x1b" not in told(*[Event(kind, "01_design") for kind in KINDS])


@pytest.mark.parametrize("kind", ["refused", "failed", "started"])
def test_the_reason_stands_on_the_line_in_one_sentence(kind):
    assert told(Event(kind, "01_design", message="Too little.\nMore text.")).strip().endswith(": Too little.")


def test_quiet_shows_nothing():
    assert told(*[Event(kind, "01_design") for kind in KINDS], quiet=True) == ""


def test_a_terminal_shows_every_execution_with_its_cell_and_expected_time():
    events = [Event("planned", "01_design"), Event("planned", "02_eda", expected_seconds=20)]
    events += [Event("cell", "01_design", cell=2, n_cells=7, seconds=3, expected_seconds=8)]
    text = told(*events, stream=Terminal())
    assert "01_design" in text and "cell 2 of 7" in text and "of about 8.0 s" in text and "about 20 s" in text


def test_every_kind_of_event_has_its_line_and_its_sign():
    for kind in KINDS:
        assert progress.line(Event(kind, "01_design")).startswith("01_design")
        assert kind in progress.SIGNS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.34, "0.3 s"), (42.6, "43 s"), (60, "1 min 0 s"), (3599.7, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations_are_said_as_a_person_says_them(seconds, text):
    assert progress.duration(seconds) == text


def test_the_ending_names_verdict_score_version_report_and_next_command():
    result = {
        "status": "done",
        "metric": "roc_auc",
        "score": 0.7312,
        "version": 3,
        "alias": "champion",
        "report": "r.html",
    }
    text = progress.ending(result)
    assert [line.split()[0] for line in text.splitlines()] == ["run", "score", "model", "report", "next"]
    assert "roc_auc 0.731" in text and "version 3 is champion" in text and "r.html" in text


def test_the_ending_lists_the_gates_and_which_of_them_refused():
    gates = [
        {"name": "score", "value": 0.7, "limit": 0.6, "passed": True},
        {"name": "latency", "value": 90, "limit": 50, "passed": False},
    ]
    text = progress.ending({"status": "refused", "gates": gates})
    assert "passed   score: found 0.7, limit 0.6" in text and "REFUSED  latency: found 90, limit 50" in text


def test_the_ending_of_a_run_with_nothing_to_do_says_so():
    assert "nothing has changed since" in progress.ending({"status": "done", "seconds": 12.0, "new": False})


def test_the_ending_of_a_refused_run_says_why_and_what_to_do():
    text = progress.ending({"status": "refused", "message": "gain: found 0.1\nslice: found 0.2", "seconds": 12.0})
    assert "refused in 12 s" in text and "slice: found 0.2" in text and "pipeline.py run" in text


def test_the_command_that_goes_on_from_a_refusal_has_the_parameters_of_the_run():
    given = {"data": "my table.csv", "target": "price", "candidates": ["linear", "forest"]}
    text = progress.ending({"status": "refused", "parameters": given})
    typed = shlex.split(text.splitlines()[-1].split("pipeline.py run ")[1].split("  (")[0])
    assert parameters.given(typed[1::2]) == given | {"candidates": '["linear", "forest"]'}
