from datetime import datetime

import pytest

from lib import alarms
from lib.errors import InputError

RULES = alarms.rules(["performance 2/3 stop", "inputs 1/1 info", "quality 3/3 warning"])


def window(number, *bad, judged=("performance", "inputs", "quality")):
    signals = {
        name: {"bad": name in bad, "value": 0.5, "limit": 0.6, "what": f"{name} in words.", "todo": "Do it."}
        for name in judged
    }
    return {"start": f"2024-0{number}-01", "end": f"2024-0{number + 1}-01", "signals": signals}


def names(*windows):
    return [alarm["name"] for alarm in alarms.raised(RULES, windows)]


def test_one_bad_window_is_not_yet_an_alarm_where_two_are_wanted():
    assert names(window(1), window(2, "performance")) == []


def test_the_second_bad_one_of_three_is_and_says_since_when_how_bad_and_what_to_do():
    windows = [window(1, "performance"), window(2), window(3, "performance")]
    assert alarms.raised(RULES, windows) == [
        {
            "name": "performance",
            "severity": "stop",
            "what": "performance in words. (2 of the last 3 windows)",
            "since": "2024-01-01",
            "value": 0.5,
            "limit": 0.6,
            "todo": "Do it.",
        }
    ]


def test_an_alarm_is_over_when_the_newest_window_is_good():
    assert names(window(1, "performance"), window(2, "performance"), window(3)) == []


def test_a_bad_window_too_long_ago_does_not_count():
    assert names(window(1, "performance"), window(2), window(3), window(4, "performance")) == []


def test_a_window_that_could_not_tell_counts_neither_way():
    blind = window(2, judged=("inputs",))
    assert names(window(1, "performance"), blind, window(3, "performance")) == ["performance"]
    assert names(window(1, "performance"), window(3, "performance"), blind) == ["performance"]


def test_windows_of_the_former_champion_count_neither_way():
    former = {**window(1, "performance"), "model_version": 1}
    assert names(former, {**window(2, "performance"), "model_version": 2}) == []
    assert names(former, {**window(2, "performance"), "model_version": 1}) == ["performance"]


def test_a_service_that_fails_goes_on_failing_across_a_promotion():
    rules = alarms.rules(["service 2/3 warning"])
    slow = [{**window(number, "service", judged=("service",)), "model_version": number} for number in (1, 2)]
    assert [alarm["name"] for alarm in alarms.raised(rules, slow)] == ["service"]


def test_the_gravest_alarm_comes_first():
    windows = [window(number, "inputs", "quality", "performance") for number in (1, 2, 3)]
    assert names(*windows) == ["performance", "quality", "inputs"]


def test_each_window_gets_the_alarms_that_stood_at_its_end():
    assessed = [window(2, "performance"), window(3), window(4, "inputs")]
    found = alarms.attached(RULES, [window(1, "performance")], assessed)
    assert [[alarm["name"] for alarm in each["alarms"]] for each in found] == [["performance"], [], ["inputs"]]
    assert [each["healthy"] for each in found] == [False, True, True]


def test_a_window_names_what_is_bad_in_it_before_that_is_an_alarm_if_a_rule_is_about_it():
    rules = alarms.rules(["performance 2/3 stop", "inputs 1/1 info"])
    (found,) = alarms.attached(rules, [], [window(1, "performance", "inputs", "quality")])
    assert (found["bad"], found["healthy"]) == (["performance"], True)


def test_a_check_refuses_for_an_alarm_with_severity_stop_only():
    windows = [window(number, "inputs", "quality", "performance") for number in (1, 2, 3)]
    found = alarms.checks(RULES, alarms.attached(RULES, [], windows)[-1])
    assert [check.refuses for check in found] == [True, False, False]
    assert "Since 2024-01-01. Do it." in found[0].explanation
    assert all(check.passed for check in alarms.checks(RULES, alarms.attached(RULES, [], [window(1)])[-1]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("performance", "written as"),
        ("performance 2/3", "written as"),
        ("speed 2/3 stop", "speed is none of performance"),
        ("performance 2/3 loud", "loud is none of info"),
        ("performance 4/3 stop", "4 of the last 3 windows cannot be"),
        ("performance 0/3 stop", "0 of the last 3 windows cannot be"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_the_reason(text, said):
    with pytest.raises(InputError, match=said):
        alarms.rules([text])


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [
        ("22-7", 23, True),
        ("22-7", 6, True),
        ("22-7", 7, False),
        ("22-7", 12, False),
        ("1-5", 4, True),
        ("1-5", 5, False),
        ("0-24", 12, True),
        ("", 3, False),
    ],
)
def test_quiet_hours_may_reach_over_midnight(hours, hour, quiet):
    assert alarms.is_quiet(hours, datetime(2024, 1, 1, hour, 30)) is quiet  # noqa: DTZ001


@pytest.mark.parametrize("hours", ["night", "22", "22-25", "22-7-8"])
def test_quiet_hours_that_cannot_be_are_refused(hours):
    with pytest.raises(InputError, match="two hours of the day"):
        alarms.is_quiet(hours, datetime(2024, 1, 1))  # noqa: DTZ001
