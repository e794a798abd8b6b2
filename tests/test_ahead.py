import threading

import pytest

from lib import ahead


def test_parts_come_in_order_and_all_of_them():
    assert list(ahead.of(iter(range(5)))) == [0, 1, 2, 3, 4] and list(ahead.of(iter([]))) == []


def test_the_next_part_is_made_while_the_one_before_is_in_use():
    made = [threading.Event() for _ in range(2)]

    def parts():
        for event in made:
            event.set()
            yield event

    for _ in ahead.of(parts()):
        assert made[1].wait(timeout=30)


def test_what_goes_wrong_while_a_part_is_made_is_raised_where_it_is_waited_for():
    def parts():
        yield 1
        raise OSError("the disk is gone")

    found = ahead.of(parts())
    assert next(found) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)


def test_an_iterator_of_which_nobody_wants_more_is_closed():
    closed = threading.Event()

    def parts():
        try:
            yield from range(100)
        finally:
            closed.set()

    found = ahead.of(parts())
    next(found)
    found.close()
    assert closed.is_set()
