"""Requests and answers in the forms of MLflow's scoring protocol."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lib.cells import Refused

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
JSON, CSV = "application/json", "text/csv"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes either half of a character beyond the first 65,536."""


class Malformed(ValueError):
    """A body is not in any of the forms that are understood."""


class Unsupported(Malformed):
    """A body is of another type of content."""


def rows_of(body: bytes, content_type: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the rows that a request asks about, each by the names of its columns.

    Parameters
    ----------
    body : bytes
    content_type : str
        ``application/json`` or ``text/csv``.
    names : sequence of str
        The columns of the model, for rows that come without names.

    Raises
    ------
    Malformed, Unsupported
        Saying what was expected.
    """
    kind, _, options = content_type.partition(";")
    charset = options.partition("charset=")[2].strip().strip('"').lower() or "utf-8"
    if kind.strip().lower() not in (JSON, CSV) or charset not in ("utf-8", "utf8"):
        raise Unsupported(f"The content type is {JSON} or {CSV}, in UTF-8; found {content_type or 'none'!r}.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None
    rows = _of_csv(text) if kind.strip().lower() == CSV else _of_json(text, names)
    if not rows:
        raise Malformed("The request has no rows.")
    return rows


def _of_csv(text: str) -> list[Mapping[str, Any]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Malformed(f"The body is not CSV: {error}.") from None
    if not lines:
        raise Malformed("The body is empty; the first line of CSV names the columns.")
    names, *rows = lines
    rows = [row for row in rows if row]
    _require_widths(rows, names)
    return [{name: cell or None for name, cell in zip(names, row, strict=True)} for row in rows]


def _of_json(text: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    if _HALF.search(text):
        _require_whole_characters(value)
    given = [form for form in FORMS if isinstance(value, dict) and form in value]
    if len(given) != 1:
        raise Malformed(f"The body is an object with one of {', '.join(FORMS)}; found {_shape(value)}.")
    return _FORMS[given[0]](value[given[0]], names)


def _require_whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start].encode("ascii", "backslashreplace").decode()
        raise Malformed(f"The body has half of a character, {half}, without its other half.") from None


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"one with {', '.join(map(repr, list(value)[:10])) or 'nothing'}"
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")


def _split(value: Any, names: Sequence[str]) -> list[Mapping[str, Any]]:
    columns, data = (value.get("columns"), value.get("data")) if isinstance(value, dict) else (None, None)
    if not _is_list_of(columns, (str, int)) or not _is_list_of(data, list):
        raise Malformed('"dataframe_split" has "columns", a list of names, and "data", a list of rows.')
    found = [str(name) for name in columns]
    _require_widths(data, found)
    return [dict(zip(found, row, strict=True)) for row in data]


def _records(value: Any, names: Sequence[str]) -> list[Mapping[str, Any]]:
    if not _is_list_of(value, dict):
        raise Malformed('"dataframe_records" is a list of rows, each an object by the names of its columns.')
    return value


def _instances(value: Any, names: Sequence[str]) -> list[Mapping[str, Any]]:
    if _is_list_of(value, dict):
        return value
    if _is_list_of(value, list):
        _require_widths(value, names)
        return [dict(zip(names, row, strict=True)) for row in value]
    raise Malformed('"instances" is a list of rows: objects by name, or lists with a value for each column.')


def _inputs(value: Any, names: Sequence[str]) -> list[Mapping[str, Any]]:
    if not isinstance(value, dict):
        return _instances(value, names)
    columns = {name: cells if isinstance(cells, list) else [cells] for name, cells in value.items()}
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) != 1:
        raise Malformed(f'"inputs" has a list for each column, all of one length; found lengths {sorted(lengths)}.')
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


_FORMS = dict(zip(FORMS, (_split, _records, _instances, _inputs), strict=True))


def _is_list_of(value: Any, kinds: type | tuple[type, ...]) -> bool:
    return isinstance(value, list) and all(isinstance(each, kinds) for each in value)


def _require_widths(rows: Sequence[Sequence], names: Sequence[str]) -> None:
    wrong = next((n for n, row in enumerate(rows) if len(row) != len(names)), None)
    if wrong is not None:
        raise Malformed(f"Row {wrong} has {len(rows[wrong])} values, and there are {len(names)} columns.")


def answer(predictions: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the body of an answer."""
    return json.dumps({"predictions": list(predictions)}).encode()


def error(code: str, message: str, found: Refused | None = None) -> bytes:
    """Return the body of a refusal, as MLflow has it, with the column and the row where there is one."""
    told: dict[str, Any] = {"error_code": code, "message": message}
    if found is not None and found.column is not None:
        told |= {"column": found.column, "row": found.row}
    return json.dumps(told, ensure_ascii=True).encode()


def plain(value: Any) -> Any:
    """Return a value as JSON has it; a gap as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
