"""The verb `replay` on a table of the user's: what it keeps, shows and refuses."""

import json
from pathlib import Path

import pytest
from test_replay import table

from lib import project, replay_report, replays
from lib.errors import InputError

ROOT = Path(__file__).parent.parent
RULE = ("performance 1/1 stop",)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    root = tmp_path_factory.mktemp("replays")
    table(n_windows=6, n=300, turns_at=3).to_csv(root / "t.csv", index=False)
    return project.at(ROOT, root / "store", root / "reports")


def asked(here, **given):
    named = {"by": "month", "data": str(here.store.parent / "t.csv"), "target": "y", "candidate": "linear"}
    return replays.Asked(**{**named, "rules": RULE, "history": 2, **given})


@pytest.fixture(scope="module")
def found(here):
    return replays.run(here, asked(here))


def test_the_result_is_kept_in_the_store_as_plain_values(here, found):
    kept = json.loads((here.store / "replay" / found["name"] / "result.json").read_text(encoding="utf-8"))
    assert set(kept["policies"]) == {"never", "always", "alarm"}
    window = kept["policies"]["alarm"]["windows"][0]
    assert {"start", "end", "score", "low", "high", "n"} <= set(window)
    assert {"retrainings", "promotions", "seconds", "gain"} <= set(kept["policies"]["always"])


def test_the_page_and_the_figure_need_nothing_else(here, found):
    page = Path(found["page"]).read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == 1
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert Path(found["page"]).with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_the_table_on_the_terminal_has_a_row_for_each_policy(found):
    text = replay_report.text(found)
    assert all(name in text for name in ("never", "always", "alarm", "gain over never", found["page"]))


def test_a_time_column_is_inferred_and_the_metric_said(found):
    assert found["metric"] == "roc_auc"
    assert found["policies"]["never"]["windows"][0]["start"] == "2013-03-01"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target": "why"}, "why"),
        ({"time": "when"}, "when"),
        ({"by": "year"}, "--by takes hour, day"),
        ({"by": "quarter"}, "two windows of history and two"),
        ({"begin": "2020"}, "leaves nothing"),
        ({"candidate": "rule"}, "Name another"),
        ({"candidate": "oracle"}, "There is no candidate"),
        ({"rules": ("performance often",)}, "A rule is written as"),
        ({"delay": -1}, "0 or more"),
        ({"given": {"metrik": "r2"}}, "Did you mean metric"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(here, given, said):
    with pytest.raises(InputError, match=said):
        replays.run(here, asked(here, **given))


def test_windows_of_rows_need_no_time(here):
    found = replays.run(here, asked(here, by="300", time="none"))
    assert found["policies"]["never"]["windows"][0]["start"] == "row 600"
