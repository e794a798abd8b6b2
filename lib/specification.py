"""The server's interface as OpenAPI, typed by the model's contract, and as a page that needs no network."""

import html
import json
from collections.abc import Mapping
from typing import Any

from lib import payloads, portable
from lib.answers import Answerer
from lib.cells import Column
from lib.desk import Desk

_TIME = r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
"""A time that is sure to be read; others are, too, as they were in the training table."""
_REFUSALS = {
    "400": "The body is in none of the forms.",
    "401": "The token is missing or wrong.",
    "408": "The request did not arrive whole within the time that the server allows.",
    "413": "The body is larger than the server takes.",
    "415": "The content type is neither JSON nor CSV, in UTF-8.",
    "422": "A row breaks the model's contract; the column and the row are named.",
    "500": "The model could not answer.",
    "503": "The server is ending.",
    "504": "The answer took longer than the server allows.",
}


def openapi(desk: Desk, *, token: bool) -> dict[str, Any]:
    """Return the description of the server for the model that it serves."""
    answerer = desk.answerer
    spec = {
        "openapi": "3.1.0",
        "info": {
            "title": answerer.champion.model_name,
            "version": str(answerer.champion.version),
            "description": "The champion over HTTP, by MLflow's scoring protocol.",
        },
        "paths": {
            "/invocations": {"post": _invocations(desk)},
            "/ping": {"get": _plain("Whether the server answers.", "application/json")},
            "/health": {"get": _plain("The same.", "application/json")},
            "/version": {"get": _plain("The version of MLflow whose protocol is spoken.", "application/json")},
            "/model": {"get": _model()},
            "/metrics": {"get": _plain("Counts and latencies, for Prometheus.", "text/plain")},
        },
        "components": {"schemas": {"Row": row(desk), "Answer": _answer(answerer), "Refusal": _REFUSAL}},
    }
    if token:
        spec["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, methods in spec["paths"].items():
            for method in methods.values():
                if path not in ("/ping", "/health"):
                    method["security"] = [{"token": []}]
                    method["responses"]["401"] = _refused(_REFUSALS["401"])
    return spec


_REFUSAL = {
    "type": "object",
    "properties": {
        "error_code": {"type": "string"},
        "message": {"type": "string"},
        "column": {"type": "string", "description": "the column that was refused"},
        "row": {"type": "integer", "description": "its row, counted from 0"},
    },
    "required": ["error_code", "message"],
}


def _refused(why: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {"description": why, "content": content}


def _plain(summary: str, content_type: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": summary, "content": {content_type: {}}}}}


def _model() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object", "required": ["name", "version"]}}}
    summary = "Which model and version answers, and what it takes."
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}


def _invocations(desk: Desk) -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}
    forms = {"dataframe_records": rows, "instances": rows, "inputs": rows}
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    refusals = {status: _refused(why) for status, why in _REFUSALS.items() if status != "401"}
    return {
        "summary": "Predict rows.",
        "description": "One of the forms of MLflow: `dataframe_records`, `instances` or `inputs` with a list of rows, "
        "`inputs` with a list for each column, or `dataframe_split` with `columns` and `data`; or CSV with a line of "
        "names. Numbers may be written as text, and columns that the model does not take are left out.",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [_form(name, schema) for name, schema in forms.items()]},
                    "example": {"dataframe_records": [example(desk)]},
                }
            },
        },
        "responses": {"200": {"description": "A prediction for each row.", "content": answer}, **refusals},
    }


def _form(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def row(desk: Desk) -> dict[str, Any]:
    """Return the schema of a row: each column with its type, its range or its known categories, and its gaps."""
    columns = desk.reader.columns
    named = {desk.key: {"type": ["string", "integer"], "minLength": 1}} if desk.key else {}
    return {
        "type": "object",
        "properties": {**named, **{column.raw: _cell(column) for column in columns}},
        "required": list(dict.fromkeys([*named, *(one.raw for one in columns if one.needed or not one.gaps)])),
    }


def _cell(column: Column) -> dict[str, Any]:
    gap = ["null"] if column.gaps else []
    if column.asked == "number":
        bounds = {} if column.low is None else {"minimum": column.low, "maximum": column.high}
        return {"type": ["number", *gap], **bounds}
    if column.asked == "time":
        return {"type": ["string", *gap], "pattern": _TIME, "examples": ["2013-07-01T12:00:00Z"]}
    known = column.learnt.get("categories", [])
    words = sorted(word for word in column.words if word)
    filled = {} if column.gaps else {"pattern": r"^[!-~]+$", "not": {"enum": words}}
    return {"type": ["string", *gap], **filled, **({"examples": known[:5]} if known else {})}


def _answer(answerer: Answerer) -> dict[str, Any]:
    number = {"type": "number"}
    if not answerer.classes:
        names = {portable.PREDICTION: number}
    else:
        named = answerer.contract["classes"] or answerer.model.estimator.classes_.tolist()
        names = {portable.PREDICTION: {"enum": named}}
        names |= {portable.PROBABILITY.format(label=name): number for name in named}
    predicted = {"type": "object", "properties": names, "required": list(names)}
    properties = {"predictions": {"type": "array", "items": predicted}}
    return {"type": "object", "properties": properties, "required": ["predictions"]}


def example(desk: Desk) -> dict[str, Any]:
    """Return a row that the model can be asked about: the middle of each range, and the first of each category."""
    found = {desk.key: "1"} if desk.key else {}
    for column in desk.reader.columns:
        learnt = column.learnt
        if column.part:
            found[column.raw] = "2013-07-01T12:00:00"
        elif column.kind == "number":
            found[column.raw] = (learnt["low"] + learnt["high"]) / 2 if "low" in learnt else None
        elif column.kind == "time":
            found[column.raw] = learnt.get("low")
        else:
            found[column.raw] = (learnt.get("categories") or ["text"])[0]
    return found


def page(desk: Desk) -> str:
    """Return the documentation as one page of HTML, without script and without anything from elsewhere."""
    info = desk.answerer.champion
    lines = "".join(
        f"<tr><td>{html.escape(column.raw)}<td>{html.escape(column.expected())}<td>{'yes' if column.gaps else 'no'}"
        f"<td>{html.escape(', '.join(column.learnt.get('categories', [])[:8]))}"
        for column in {column.raw: column for column in desk.reader.columns}.values()
    )
    body = json.dumps({"dataframe_records": [example(desk)]}, indent=2, ensure_ascii=False)
    refusals = "".join(f"<tr><td>{status}<td>{html.escape(why)}" for status, why in _REFUSALS.items())
    forms = ", ".join(payloads.FORMS)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(info.model_name)}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse}}td,th{{border:1px solid #bbb;padding:.2em .6em;text-align:left}}
pre{{background:#f4f4f4;padding:1em;overflow:auto}}</style>
<h1>{html.escape(info.model_name)}, version {info.version}</h1>
<p><code>POST /invocations</code> predicts rows, given as JSON in one of MLflow's forms ({forms}) or as CSV.
The same in a form for programs is at <a href="openapi.json">openapi.json</a>; the other addresses are
<code>/ping</code>, <code>/health</code>, <code>/version</code>, <code>/model</code> and <code>/metrics</code>.</p>
<h2>A request</h2><pre>{html.escape(body)}</pre>
<h2>The columns</h2><table><tr><th>column<th>expected<th>may be a gap<th>known categories{lines}</table>
<h2>Refusals</h2><table>{refusals}</table></html>"""
