import json

import numpy as np
import pandas as pd
import pytest
import streams

from lib import alarms, drift, monitoring, predicted, signals

RULES = alarms.rules(
    [
        f"{name} 2/3 warning"
        for name in ("performance", "estimate", "residuals", "calibration", "prediction", "inputs", "quality", "slices")
    ]
)


def assess(table, labelled=1.0, **given):
    return monitoring.assess(streams.known(), *streams.window(table, labelled), **given)


def bad(found):
    return {name for name, signal in found["signals"].items() if signal["bad"]}


@pytest.fixture(scope="module")
def usual():
    return assess(streams.rows(1500, 5), start="2024-01-01", end="2024-02-01")


def test_what_is_found_can_be_read_by_any_reader_of_json(usual):
    assert json.loads(json.dumps(usual), parse_constant=pytest.fail) == usual


def test_a_window_like_the_reference_is_healthy(usual):
    assert usual["healthy"] and bad(usual) == set()
    assert usual["in_words"] == "1500 rows, nothing unusual."


def test_it_has_everything_that_a_window_is_promised_to_have(usual):
    assert set(usual["performance"]) == {"metric", "value", "low", "high", "n"}
    assert set(usual["estimated"]) == {"metric", "value", "low", "high"}
    assert {"column", "value", "n", "score", "low", "high"} <= set(usual["slices"][0])
    for entry in [*usual["drift"], usual["prediction"]]:
        assert {"column", "kind", "measure", "effect", "p_value", "drifted", "in_words"} <= set(entry)
        assert len(entry["reference"]["shares"]) == len(entry["current"]["shares"])
    assert [entry["column"] for entry in usual["drift"] if entry["drifted"]] == []


def test_the_estimate_is_checked_against_the_truth_when_it_comes(usual):
    without = assess(streams.rows(1500, 5), labelled=0)
    assert without["performance"] is None and without["checked"] is None
    assert without["estimated"] == usual["estimated"]
    assert usual["checked"]["measured"] == usual["performance"]["value"] and usual["checked"]["held"]


def test_only_the_labelled_rows_are_measured():
    assert assess(streams.rows(1500, 5), labelled=0.2)["performance"]["n"] == 300


def blow(table, generator):
    return table.assign(wind=table["wind"] + 1)


def spread(table, generator):
    return table.assign(wind=table["wind"] * 1.5)


def blind(table, generator):
    return table.assign(wind=table["wind"].where(generator.random(len(table)) < 0.6))


def move_town(table, generator):
    return table.assign(town=table["town"].where(generator.random(len(table)) < 0.8, "west"))


def calm(table, generator):
    return table.assign(wind=table["wind"] * 0.2)


def unused(table, generator):
    return table.assign(noise=table["noise"] + 2)


def lose(table, generator):
    return table.assign(wind=np.nan)


CHANGES = {
    "a moved column": (blow, {"inputs", "prediction"}),
    "gaps in an important column": (blind, {"quality"}),
    "an unseen category": (move_town, {"inputs", "quality"}),
    "rows that are harder to tell apart": (calm, {"inputs", "estimate", "performance"}),
    "a column that is empty now": (lose, {"quality"}),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_each_kind_of_change_is_found_by_the_signals_that_are_for_it(change, expected):
    assert expected <= bad(assess(streams.rows(1500, 6, change)))


def test_a_change_of_the_concept_is_seen_with_labels_and_not_without():
    changed = streams.rows(1500, 7, concept=0.3)
    assert {"performance"} <= bad(assess(changed))
    assert bad(assess(changed, labelled=0)) == set()
    assert not assess(changed)["checked"]["held"]


def outgrown(n, seed):
    """Return rows in which another column matters, and the old ones tell more, so that the score stays."""
    table = streams.rows(n, seed, spread)
    odds = 1.5 * table["wind"] + (table["town"] == "south") + 1.5 * table["noise"] - 0.5
    drawn = np.random.default_rng(seed).random(n) < 1 / (1 + np.exp(-odds))
    return table.assign(late=np.where(drawn, "yes", "no"))


def test_a_model_that_is_outgrown_is_seen_though_its_score_has_not_fallen():
    found = assess(outgrown(3000, 7))
    assert "residuals" in bad(found) and "performance" not in bad(found)
    assert "Retrain" in found["signals"]["residuals"]["todo"]


def test_what_the_windows_before_teach_is_learnt_as_well():
    window = streams.window(outgrown(300, 8))
    alone = monitoring.assess(streams.known(), *window)["residuals"]
    taught = monitoring.assess(streams.known(), *window, earlier=streams.window(outgrown(4000, 6)))["residuals"]
    assert taught["value"] > alone["value"] and taught["low"] > 0 and taught["n"] == alone["n"] == 300


def test_a_window_whose_newer_half_is_of_one_class_cannot_say_whether_its_model_is_outgrown():
    table = streams.rows(1000, 7)
    found = assess(table.assign(late=table["late"].where(np.arange(1000) < 400, "no")))
    assert found["residuals"]["value"] is None and "residuals" not in found["signals"]


def test_a_model_below_its_contract_breaks_it():
    assert "contract" in bad(assess(streams.rows(1500, 7, concept=0.0)))


def test_a_column_that_the_model_does_not_use_may_drift_and_is_shown_to_have():
    found = assess(streams.rows(1500, 8, unused))
    assert found["drift"][0]["column"] == "noise" and found["drift"][0]["drifted"]
    assert "inputs" not in bad(found)
    assert "inputs" in bad(assess(streams.rows(1500, 8, unused), drifted_weight=0.0))


def test_a_slice_that_falls_is_found_though_the_whole_does_not():
    table = streams.rows(6000, 9)
    south = (table["town"] == "south").to_numpy()
    other = streams.rows(6000, 9, concept=0.2)
    found = assess(table.assign(late=np.where(south, other["late"], table["late"])))
    assert "slices" in bad(found) and "town = south" in found["signals"]["slices"]["what"]


def test_a_missing_column_is_an_alarm_and_no_error():
    window, inputs = streams.window(streams.rows(500, 5))
    found = monitoring.assess(streams.known(), window, inputs.drop(columns="wind"))
    assert found["quality"][0]["finding"] == "missing column" and "quality" in bad(found)


def test_text_in_a_column_of_numbers_is_found_and_no_error():
    window, inputs = streams.window(streams.rows(500, 5))
    inputs = inputs.assign(wind=inputs["wind"].astype("object").where(np.arange(500) % 4 > 0, "calm"))
    found = monitoring.assess(streams.known(), window, inputs)
    assert (found["quality"][0]["finding"], found["quality"][0]["n"]) == ("not of its type", 125)


@pytest.mark.parametrize("n", [0, 5, 29])
def test_a_handful_of_rows_is_not_judged(n):
    found = assess(streams.rows(n, 5))
    assert found["signals"] == {} and found["healthy"]
    assert found["in_words"] == f"{n} rows are too few to be judged."


def test_a_label_that_the_model_could_not_say_is_no_truth():
    window, inputs = streams.window(streams.rows(500, 5))
    window["label"] = window["label"].where(np.arange(500) >= 100, "perhaps")
    assert monitoring.assess(streams.known(), window, inputs)["performance"]["n"] == 400


@pytest.mark.parametrize("labels", [["0", "1", None], ["0.0", "1.0", None], [0, 1, None]])
def test_classes_that_are_numbers_are_known_however_they_are_written(labels):
    found = predicted.truth_of({"task": "binary", "classes": [0, 1]}, pd.Series(labels, dtype="object"))
    assert found[:2].tolist() == [0, 1] and np.isnan(found[2])


def test_requests_that_fail_or_are_slow_are_found():
    good = {"n": 1000, "errors": 2, "p50_ms": 3.0, "p95_ms": 20.0}
    table = streams.rows(500, 5)
    assert "service" not in bad(assess(table, service=good))
    assert "service" in bad(assess(table, service={**good, "errors": 30}))
    assert "service" in bad(assess(table, service={**good, "p95_ms": 150.0}))


@pytest.fixture(scope="module")
def stationary():
    """Return 200 windows in which nothing has changed, judged as the rules over several windows allow.

    Before the first of them, there are the version's test rows to learn from its errors.
    """
    chance = signals.chances(RULES, monitoring.ALPHA)
    test, *windows = [streams.window(streams.rows(400, 99 + number)) for number in range(201)]
    before = [
        [pd.concat(parts) for parts in zip(*[test, *windows][max(0, n - 19) : n + 1], strict=True)] for n in range(200)
    ]
    return [
        monitoring.assess(streams.known(), *window, earlier=earlier, chance=chance)
        for window, earlier in zip(windows, before, strict=True)
    ]


def test_at_most_one_stationary_window_in_a_hundred_alarms(stationary):
    assert sum(bool(window["alarms"]) for window in alarms.attached(RULES, [], stationary)) <= 2
    assert sum(window["checked"]["held"] for window in stationary) >= 180


def test_at_most_three_stationary_windows_in_a_hundred_are_bad_where_each_is_judged_alone(stationary):
    given = {"drifted_weight": 0.1, "least_loss": 0.0, "alpha": monitoring.ALPHA, "most_errors": 0.01}
    alone = [signals.of(streams.known(), window, **given) for window in stationary]
    assert sum(any(signal["bad"] for signal in found.values()) for found in alone) <= 6


def test_the_measure_that_judges_can_be_chosen():
    found = assess(streams.rows(500, 5), measure="wasserstein")
    assert {entry["measure"] for entry in found["drift"]} == {"wasserstein", drift.DEFAULT}


def test_windows_are_cut_by_the_calendar_and_leave_no_row_out():
    times = pd.Series(pd.to_datetime(["2024-01-31 23:00", "2024-02-01 00:00", "2024-04-02 12:00", "2024-01-02 00:00"]))
    found = predicted.cut(pd.DataFrame({"event_time": times}), "month")
    assert [(start, end, rows.tolist()) for start, end, rows in found] == [
        ("2024-01-01T00:00:00", "2024-02-01T00:00:00", [0, 3]),
        ("2024-02-01T00:00:00", "2024-03-01T00:00:00", [1]),
        ("2024-04-01T00:00:00", "2024-05-01T00:00:00", [2]),
    ]


def test_rows_without_times_are_cut_into_four_windows_in_their_order():
    found = predicted.cut(pd.DataFrame({"event_time": pd.Series([pd.NaT] * 10)}), "week")
    assert [len(rows) for *_, rows in found] == [3, 2, 3, 2]
