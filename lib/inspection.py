"""The verb `monitor`: which windows are new, what the notebook finds in them, and what becomes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lib import alarms, champion, database, decisions, files, locks, monitoring, notify, parameters, plan, windows
from lib import periods as calendar
from lib.decisions import Decision
from lib.errors import InputError
from lib.windows import Window

STAGE = "06_monitoring"
MOST_ROWS = 500_000
"""Predictions that one execution of the notebook is given; more windows are monitored in several executions."""
