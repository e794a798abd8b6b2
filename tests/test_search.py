"""A search ends: after so many trials, or when its seconds are used up."""

import pytest

from lib import search


@pytest.mark.parametrize(
    ("elapsed", "longest", "is_left"),
    [(30, 10, True), (59, 61, True), (59, 62, False), (61, 1, False), (70, 70, False)],
)
def test_a_trial_that_would_take_the_search_to_twice_its_seconds_is_not_begun(elapsed, longest, is_left):
    assert search.time_is_left([{"seconds": 1}, {"seconds": longest}], elapsed, 60) is is_left
