"""Fixtures that several test modules share."""

from postgresql import postgresql, postgresql_server  # noqa: F401  a fixture is found by its name
