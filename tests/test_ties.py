"""A retraining that changes nothing must not change the champion: simulated ties through the gates that decide."""

import numpy as np

from lib import bootstrap, comparison
from lib.checks import refusals

N_DAYS, ROWS_A_DAY = 40, 5


def tie(seed):
    """Return a truth and two predictions that are equally good; the rows of a day share what the models get wrong."""
    draw = np.random.default_rng(seed)
    y = (draw.random(N_DAYS * ROWS_A_DAY) < 0.4).astype("int64")
    shared = draw.normal(0, 0.2, (2, N_DAYS)).repeat(ROWS_A_DAY, axis=1)
    return y, np.clip(0.3 + 0.3 * y + shared + draw.normal(0, 0.2, (2, len(y))), 0.01, 0.99)


def test_of_500_ties_on_rows_that_belong_together_at_most_one_in_forty_is_promoted():
    clusters, promoted = np.arange(N_DAYS).repeat(ROWS_A_DAY), 0
    for seed in range(500):
        y, (challenger, champion) = tie(seed)
        given = {"clusters": clusters, "n_resamples": 200, "confidence": comparison.CONFIDENCE, "random_state": seed}
        found = bootstrap.paired_difference("neg_brier_score", y, challenger, champion, **given)
        promoted += not refusals(comparison.duel_checks(found, metric="neg_brier_score", least_gain=0.0))
    assert promoted <= 0.025 * 500
