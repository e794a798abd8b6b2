"""A challenger is judged again on more rows, and chance does not get more than its share by that."""

import numpy as np
import pandas as pd
import pytest

from lib import bootstrap, comparison, duels, policy
from lib.checks import refusals

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
    promoted = 0
    for seed in range(500):
        draw = np.random.default_rng(seed)
        y, one, other = draw.normal(size=(3, 100 * policy.MOST_LOOKS))
        one, other = y + one, y + other
        for look in range(1, policy.MOST_LOOKS + 1):
            # Fewer resamples than in earnest, as many for what lies beyond an end at each look.
            given = {"confidence": duels.confidence(look), "n_resamples": 200 * 4 ** (look - 1), "random_state": seed}
            rows = slice(100 * look)
            found = bootstrap.paired_difference(DESIGN["metric"], y[rows], one[rows], other[rows], **given)
            if not refusals(comparison.duel_checks(found, metric="mae", least_gain=0.0)):
                promoted += 1
                break
    assert promoted <= 0.025 * 500


def test_a_challenger_that_few_rows_keep_out_is_let_in_by_more():
    first, last = looks(60, noises=(1.0, 1.4), seed=8)
    assert (first.won, first.undecided, last.won) == (False, True, True)


def test_each_look_is_stricter_and_all_of_them_promote_less_than_twice_the_ties_of_the_first():
    tails = [(1 - duels.confidence(look)) / 2 for look in range(1, 20)]
    assert tails[0] == pytest.approx((1 - comparison.CONFIDENCE) / 2)
    assert tails == sorted(tails, reverse=True)
    assert sum(tails) < 2 * tails[0] < 0.025


@pytest.mark.parametrize(("look", "said"), [(1, "98%"), (2, "99%")])
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
