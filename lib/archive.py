"""The features of scored batches, one Parquet file a batch, for monitoring and retraining.

``<store>/inputs/<model_name>/<batch>.parquet`` has the row key and the event time beside the features.
"""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib import files

FOLDER = "inputs"
ROW_KEY = "row_key"
_EVENT_TIME = "cuaderno.event_time"
_ROW_KEY = "cuaderno.row_key"
Parts = Iterable[tuple[pd.DataFrame, pd.Series]]


def write(store: str | Path, model_name: str, batch: str, parts: Parts) -> str:
    """Write the features of a batch, part by part, and return the file's name in the store; whole or not at all.

    Parameters
    ----------
    parts : iterable of (DataFrame, Series)
        Features, indexed by row key, and the event time of each row.
    """
    name = _name(model_name, batch)
    files.replace(Path(store) / name, lambda temporary: write_to(temporary, parts))
    return name


def keep(store: str | Path, model_name: str, batch: str, made: Path) -> str:
    """Put a file that `write_to` made in its place, and return its name in the store."""
    name = _name(model_name, batch)
    (Path(store) / name).parent.mkdir(parents=True, exist_ok=True)
    made.replace(Path(store) / name)
    return name


def _name(model_name: str, batch: str) -> str:
    return f"{FOLDER}/{safe(model_name)}/{safe(batch)}.parquet"


def safe(name: str) -> str:
    """Return a name that a file can have on every system."""
    return re.sub(r"[^\w.-]+", "_", name).strip(".") or "_"


def write_to(target: Path, parts: Parts) -> None:
    """Write features into a file; none is made if there are no parts."""
    with Writer(target) as writer:
        for inputs, times in parts:
            writer.add(inputs, times)


class Writer(AbstractContextManager):
    """Writes features into a file, part by part; none is made if there are no parts."""

    def __init__(self, target: Path):
        self.target = target
        self._writer: pq.ParquetWriter | None = None

    def add(self, inputs: pd.DataFrame, times: pd.Series) -> None:
        """Write features, indexed by row key, and the event time of each row."""
        own = {_ROW_KEY: inputs.index.astype("str"), _EVENT_TIME: times.to_numpy("datetime64[us]")}
        table = pa.Table.from_pandas(inputs.reset_index(drop=True).assign(**own), preserve_index=False)
        self._writer = self._writer or pq.ParquetWriter(self.target, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def __exit__(self, *error) -> None:
        """Bring the file to its end."""
        if self._writer:
            self._writer.close()


def read(store: str | Path, name: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """Return the features of those rows of a batch that lie in a time window, indexed by row key."""
    bounds = [(sign, pd.Timestamp(time).tz_localize(None)) for sign, time in ((">=", start), ("<", end)) if time]
    filters = [(_EVENT_TIME, sign, pa.scalar(time, pa.timestamp("us"))) for sign, time in bounds]
    table = pq.read_table(Path(store) / name, filters=filters or None).to_pandas()
    return table.drop(columns=_EVENT_TIME).set_index(_ROW_KEY).rename_axis(ROW_KEY)
