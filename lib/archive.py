"""The features of scored batches, one Parquet file a batch, for monitoring and retraining.

``<store>/inputs/<model_name>/<batch>.parquet`` has the row key and the event time beside the features.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib import files

FOLDER = "inputs"
ROW_KEY = "row_key"
_EVENT_TIME = "cuaderno.event_time"
_ROW_KEY = "cuaderno.row_key"


def write(store: str | Path, model_name: str, batch: str, parts: Iterable[tuple[pd.DataFrame, pd.Series]]) -> str:
    """Write the features of a batch, part by part, and return the file's name in the store; whole or not at all.

    Parameters
    ----------
    parts : iterable of (DataFrame, Series)
        Features, indexed by row key, and the event time of each row.
    """
    name = f"{FOLDER}/{_safe(model_name)}/{_safe(batch)}.parquet"
    files.replace(Path(store) / name, lambda temporary: _write(temporary, parts))
    return name


def _safe(name: str) -> str:
    """Return a name that a file can have on every system."""
    return re.sub(r"[^\w.-]+", "_", name).strip(".") or "_"


def _write(target: Path, parts: Iterable[tuple[pd.DataFrame, pd.Series]]) -> None:
    writer = None
    try:
        for inputs, times in parts:
            own = {_ROW_KEY: inputs.index.astype("str"), _EVENT_TIME: times.to_numpy("datetime64[us]")}
            table = pa.Table.from_pandas(inputs.reset_index(drop=True).assign(**own), preserve_index=False)
            writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer:
            writer.close()


def read(store: str | Path, name: str, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """Return the features of those rows of a batch that lie in a time window, indexed by row key."""
    bounds = [(sign, pd.Timestamp(time).tz_localize(None)) for sign, time in ((">=", start), ("<", end)) if time]
    filters = [(_EVENT_TIME, sign, pa.scalar(time, pa.timestamp("us"))) for sign, time in bounds]
    table = pq.read_table(Path(store) / name, filters=filters or None).to_pandas()
    return table.drop(columns=_EVENT_TIME).set_index(_ROW_KEY).rename_axis(ROW_KEY)
