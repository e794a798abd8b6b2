import pytest

from lib import policy
from lib.decisions import Decision

OLD = "2013-08-01"


def entry(kind, *, helped=False, window=OLD, design="a"):
    return Decision(kind, "m", "because", details={"helped": helped, "window": window, "design": design}, at=window)


FAILED, HELPED = entry("retraining"), entry("retraining", helped=True)
BACK, SEEN, PROMOTED = entry("back to design"), entry("acknowledgement"), entry("promotion")


WEEKS = [f"2013-08-{day:02}" for day in (1, 8, 15, 22, 29)]


def step(log, *, windows=WEEKS, alarms=("drift",), design="a", budget=3):
    return policy.next_step(log, windows=windows, alarms=alarms, design=design, budget=budget)


def test_without_an_alarm_nothing_is_done():
    assert step([], alarms=()).action == policy.NOTHING


def test_an_alarm_asks_for_a_retraining_and_says_which_of_how_many():
    found = step([FAILED])
    assert (found.action, found.unhelpful) == (policy.RETRAIN, 1)
    assert found.reason == "drift. Retraining 2 of 3."


def test_an_alarm_is_answered_once_a_window():
    assert step([HELPED], windows=WEEKS[:1]).action == policy.NOTHING
    assert step([HELPED], windows=WEEKS[:2]).action == policy.RETRAIN


@pytest.mark.parametrize(("log", "wait"), [([FAILED], 2), ([FAILED, FAILED], 4), ([FAILED] * 6, 8)])
def test_each_retraining_that_did_not_help_doubles_how_long_the_next_one_waits(log, wait):
    later = [f"2013-09-{day:02}" for day in range(1, 10)]
    put_off = step(log, windows=[OLD, *later[: wait - 1]], budget=9)
    assert put_off.action == policy.NOTHING and put_off.reason.endswith("after 1 window more.")
    assert step(log, windows=[OLD, *later[:wait]], budget=9).action == policy.RETRAIN


def test_windows_of_rows_are_counted_in_their_order_and_not_as_text():
    windows = ["row 6000", "row 7500", "row 9000", "row 10500"]
    failed = entry("retraining", window="row 9000")
    assert step([failed], windows=windows).reason.endswith("after 1 window more.")
    assert step([failed], windows=[*windows, "row 12000"]).action == policy.RETRAIN
    assert policy.last_window([failed, entry("retraining", window="row 10500")], "a") == "row 10500"


def test_a_design_that_changed_may_answer_the_same_window_again():
    assert step([FAILED], windows=WEEKS[:1], design="b").action == policy.RETRAIN


@pytest.mark.parametrize(
    ("log", "spent"),
    [
        ([FAILED, FAILED, FAILED], 3),
        ([FAILED, FAILED, HELPED, FAILED], 1),
        ([FAILED, FAILED, PROMOTED], 0),
        ([FAILED, SEEN, FAILED], 1),
        ([FAILED, entry("retraining", design="b"), FAILED], 1),
        ([FAILED, entry("verdict"), entry("refusal"), entry("rollback"), FAILED], 2),
    ],
)
def test_retrainings_that_did_not_help_are_counted_in_a_row(log, spent):
    assert policy.unhelpful(log, "a") == spent
    assert policy.tried(log, "a") == [each for each in log if each.kind == "retraining"][-spent or len(log) :]


def test_a_retraining_that_only_began_counts_for_nothing():
    begun = Decision("retraining", "m", "begun", details={"design": "a", "turn": "1"})
    assert policy.unhelpful([FAILED, begun], "a") == 1
    assert policy.last_window([begun], "a") == ""


def test_a_spent_budget_goes_back_to_design_even_after_the_alarm_has_gone():
    assert step([FAILED] * 3).action == policy.BACK
    assert step([FAILED] * 3, alarms=()).action == policy.BACK


def test_a_design_without_a_budget_goes_back_at_the_first_alarm_and_not_before():
    assert step([], budget=0).action == policy.BACK
    assert step([], budget=0, alarms=()).action == policy.NOTHING


def test_after_the_return_nothing_is_retrained_whatever_the_alarms():
    found = step([FAILED] * 3 + [BACK])
    assert found.action == policy.STOPPED
    assert "--acknowledge" in found.reason


@pytest.mark.parametrize("after", [SEEN, PROMOTED])
def test_a_person_or_a_new_champion_ends_the_return(after):
    found = step([FAILED] * 3 + [BACK, after])
    assert (found.action, found.unhelpful) == (policy.RETRAIN, 0)


def test_a_changed_design_ends_the_return():
    assert step([FAILED] * 3 + [BACK], design="b").action == policy.RETRAIN


def kept(*, window=OLD, undecided=True, design="a", kind="retraining"):
    """Return a challenger that was kept out, by a retraining or when it was compared again."""
    told = {"window": window, "design": design, "undecided": undecided}
    return Decision(kind, "m", "", details=told | ({"helped": False} if kind == "retraining" else {}), at=window)


def looked(window, **given):
    return kept(window=window, kind="comparison", **given)


def again(log, **given):
    return policy.next_step(log, windows=WEEKS, design="a", budget=3, **{"alarms": (), "again": True, **given})


def test_a_challenger_that_was_not_refuted_is_compared_again_in_the_next_window_alarm_or_not():
    found = again([kept()])
    assert (found.action, found.unhelpful) == (policy.COMPARE, 1)
    assert "look 2 of 2" in found.reason


def test_without_newer_rows_nothing_is_compared_again():
    assert again([kept()], again=False).action == policy.NOTHING
    assert again([kept(window=WEEKS[-1])]).action == policy.NOTHING


@pytest.mark.parametrize(
    "log",
    [
        [kept(undecided=False)],
        [kept(), looked(WEEKS[1], undecided=False)],
        [kept(), looked(WEEKS[1])],
        [kept(), PROMOTED],
        [kept(), entry("rollback")],
        [kept(design="b")],
        [kept(), Decision("retraining", "m", "begun", details={"design": "a"})],
    ],
    ids=["refuted", "refuted later", "two looks", "promoted", "rolled back", "other design", "newer retraining"],
)
def test_a_challenger_whose_time_is_over_is_not_compared_again(log):
    assert policy.contender(log, "a") is None
    assert again(log).action == policy.NOTHING


def test_a_spent_budget_goes_back_to_design_before_anything_is_compared_again():
    assert again([kept(), kept(), kept()]).action == policy.BACK


def test_a_promotion_at_a_later_look_answers_its_window_and_clears_the_count():
    won = Decision("promotion", "m", "", details={"window": WEEKS[-1], "design": "a"}, at=WEEKS[-1])
    found = again([kept(), won], alarms=("drift",))
    assert (found.action, found.unhelpful) == (policy.NOTHING, 0)
