"""A query's result on its way into a Parquet file: parts as the driver gives them, and one type a column in the end."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib import queries, sources


def fetch(source: sources.Source, target: Path) -> None:
    """Run a query and write its result, of which some rows at a time are in memory.

    Whether a column holds numbers or words is known when its last row has come. So the parts are written as they are,
    and when all are there, as one file.

    Parameters
    ----------
    source : Source
    target : Path
        The Parquet file, which is there as a whole or not at all.

    Raises
    ------
    InputError
        If there is no such database or table, or the query fails; the message holds no password.
    """
    work = target.with_name(f"{target.stem}-{uuid.uuid4().hex}")
    work.mkdir()
    try:
        schemas = [_write(table, work / f"{k}.arrow") for k, table in enumerate(_tables(source))]
        schema = _together(schemas)
        with pq.ParquetWriter(work / target.name, schema) as writer:
            for k in range(len(schemas)):
                writer.write_table(_as(_read(work / f"{k}.arrow"), schema))
                (work / f"{k}.arrow").unlink()
        (work / target.name).replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _tables(source: sources.Source) -> Iterator[pa.Table]:
    for frame in queries.parts(source.place, source.part):
        columns = [_array(frame.iloc[:, position]) for position in range(frame.shape[1])]
        yield pa.Table.from_arrays(columns, names=[str(name) for name in frame])


def _array(column: pd.Series) -> pa.Array:
    """Return a column with the type of its values; as text where they have several, or one that no file has."""
    try:
        found = pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError):
        return _text(column)
    is_plain = not pa.types.is_nested(found.type) and not isinstance(found.type, pa.BaseExtensionType)
    return found if is_plain else _text(column)


def _text(column: pd.Series) -> pa.Array:
    return pa.array([None if _is_gap(value) else str(value) for value in column], pa.string())


def _is_gap(value) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def _write(table: pa.Table, path: Path) -> pa.Schema:
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return table.schema


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path), "rb") as stream:
        return pa.ipc.open_file(stream).read_all()


def _together(schemas: list[pa.Schema]) -> pa.Schema:
    names = schemas[0].names
    types = [[schema.field(position).type for schema in schemas] for position in range(len(names))]
    return pa.schema([pa.field(name, _common(found)) for name, found in zip(names, types, strict=True)])


def _common(types: list[pa.DataType]) -> pa.DataType:
    """Return the type that holds the values of all parts: text where numbers and words have come."""
    try:
        schemas = [pa.schema([pa.field("x", each)]) for each in dict.fromkeys(types)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return pa.string()


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [_cast(column, field.type) for column, field in zip(table.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_string(wanted) and not pa.types.is_string(column.type):
        return pa.chunked_array([_text(column.to_pandas())])
    return column.cast(wanted, safe=False)
