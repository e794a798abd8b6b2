import pytest

from lib import flights


@pytest.fixture(scope="module", name="table")
def whole_year():
    return flights.read()


def test_the_table_has_every_flight_once_in_order_of_time(table):
    assert table.shape == (336776, 37)
    assert table["time_hour"].is_monotonic_increasing


def test_late_is_a_quarter_of_an_hour_or_never_arrived(table):
    delay = table["arr_delay"]
    assert table["late"].eq(1).equals(delay.ge(15) | delay.isna())


def test_every_flight_keeps_the_weather_of_its_hour(table):
    assert table["temp"].isna().mean() < 0.01
    assert table["pressure"].isna().mean() == pytest.approx(0.11, abs=0.02)


def test_history_ends_where_operations_begin(table):
    history, operations = flights.history(), flights.operations()
    assert len(history) + len(operations) == len(table)
    assert history["time_hour"].max() < operations["time_hour"].min()


def test_a_missing_plane_gives_a_cancelled_flight_away_and_is_kept_out(table):
    assert table.loc[table["tailnum"].isna(), "late"].mean() == 1.0
    assert {"tailnum", *flights.PLANE} <= set(flights.CONTRACT["exclude"])


def test_what_is_known_after_departure_is_kept_out():
    after = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
    assert after <= set(flights.CONTRACT["exclude"])
