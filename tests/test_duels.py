"""A challenger is judged again on more rows, and chance does not get more than its share by that."""

import numpy as np
import pandas as pd
import pytest

from lib import comparison, duels, policy

DESIGN = {"metric": "neg_mean_absolute_error", "task": "regression", "target": "y", "least_gain": 0.0}
DESIGN |= {"time_column": "", "group_column": "", "slices": [], "slice_loss": 0.1}


def looks(n, *, noises, seed):
    """Return the verdicts of all looks at a challenger, each with `n` more rows than the one before."""
    draw, found = np.random.default_rng(seed), []
    rows = pd.DataFrame({"y": draw.normal(size=n * policy.MOST_LOOKS)})
    said = [rows["y"].to_numpy() + draw.normal(0, noise, len(rows)) for noise in noises]
    for look in range(1, policy.MOST_LOOKS + 1):
        part = slice(look * n)
        found.append(duels.fight(DESIGN, rows.iloc[part], *(each[part] for each in said), look=look))
        if not found[-1].undecided:
            break
    return found


def test_of_500_ties_all_looks_together_promote_at_most_one_in_forty():
    promoted = [looks(100, noises=(1.0, 1.0), seed=seed)[-1].won for seed in range(500)]
    assert sum(promoted) <= 0.025 * 500


def test_a_challenger_that_few_rows_keep_out_is_let_in_by_more():
    first, *_, last = looks(60, noises=(1.0, 1.3), seed=1)
    assert (first.won, first.undecided, last.won) == (False, True, True)


def test_each_look_is_stricter_and_all_of_them_are_less_than_twice_as_lenient_as_the_first():
    tails = [(1 - duels.confidence(look)) / 2 for look in range(1, 20)]
    assert tails[0] == pytest.approx((1 - comparison.CONFIDENCE) / 2)
    assert tails == sorted(tails, reverse=True)
    assert sum(tails) < 2 * tails[0]


@pytest.mark.parametrize(("look", "said"), [(1, "98%"), (2, "99%"), (3, "99.5%")])
def test_the_reason_says_how_sure_a_look_has_to_be(look, said):
    tie = pd.DataFrame({"y": np.arange(50.0)})
    found = duels.fight(DESIGN, tie, tie["y"].to_numpy(), tie["y"].to_numpy(), look=look)
    assert f"with {said} confidence" in found.reason


CHANCE, USEFUL = sorted(comparison.GAIN_OVER_CHAMPION)


@pytest.mark.parametrize(
    ("refused", "high", "undecided"),
    [
        ([CHANCE], 0.05, True),
        ([CHANCE, USEFUL], 0.05, True),
        ([CHANCE, USEFUL], 0.009, False),
        ([CHANCE, "no slice loses against the champion"], 0.05, False),
        ([CHANCE, "the model file is small enough"], 0.05, False),
        ([], 0.05, False),
        ([CHANCE], None, False),
        ([CHANCE], float("nan"), False),
    ],
)
def test_newer_rows_can_only_overrule_a_gain_that_was_too_small_or_too_uncertain(refused, high, undecided):
    assert duels.is_undecided(refused, high, 0.01) is undecided
