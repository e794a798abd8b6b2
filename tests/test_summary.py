"""What verbs print, where it is more than their values in a row."""

import pytest

from lib import summary


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"healthy": True, "bad": [], "alarms": []}, "2026-01-05        600 rows  healthy  no alarm"),
        (
            {"healthy": True, "bad": ["performance"], "alarms": []},
            "2026-01-05        600 rows  in doubt no alarm; bad, and no alarm yet: performance",
        ),
        (
            {"healthy": False, "bad": ["inputs", "quality"], "alarms": ["inputs"]},
            "2026-01-05        600 rows  ALARM    inputs; bad, and no alarm yet: quality",
        ),
    ],
)
def test_a_monitored_window_is_not_called_healthy_where_something_in_it_is_bad(told, line):
    windows = [{"start": "2026-01-05T00:00:00", "n": 600, **told}]
    found = {"windows": windows, "message": "A week.", "alarms": [], "report": "", "notices": {}}
    assert summary.monitored_text(found).splitlines() == [line, "A week."]
