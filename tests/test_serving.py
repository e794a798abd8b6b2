import asyncio
import json

import httpx
import numpy as np
import pandas as pd
import pytest
from releases import MODEL_NAME, raw_table
from servers import ROWS

from lib import answers, desk, labelling, portable, predictions, serving, spool
from lib.following import Follower


@pytest.fixture
def make(operating):
    """Return what makes servers without a process, none of which follows or drains by itself."""
    made = []

    def server(**options):
        key = options.pop("key", "")
        made.append(serving.Server(operating, Follower(operating, answers.in_use(operating), key), **options))
        return made[-1]

    yield server
    for each in made:
        each.writer.close()


def ask(server, *requests):
    """Send requests at once, and return the responses."""

    async def send():
        transport = httpx.ASGITransport(app=serving.application(server))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await asyncio.gather(*(client.request(*request[:2], **request[2]) for request in requests))

    return asyncio.run(send())


def post(server, body, **headers):
    options = {"json": body} if not isinstance(body, (bytes, str)) else {"content": body}
    return ask(server, ("POST", "/invocations", options | {"headers": headers}))[0]


def get(server, path, **headers):
    return ask(server, ("GET", path, {"headers": headers}))[0]


def expected(store, rows=ROWS):
    table = answers.in_use(store).model.predict(pd.DataFrame(rows))
    return json.loads(json.dumps(table.to_dict("records")))


def split(rows):
    return {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}


FORMS = {
    "dataframe_records": lambda rows: rows,
    "dataframe_split": split,
    "instances": lambda rows: rows,
    "inputs": lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_mlflow_gets_the_answers_of_the_model(make, operating, form):
    found = post(make(), {form: FORMS[form](ROWS)})
    assert found.status_code == 200 and found.json()["predictions"] == expected(operating)


def test_csv_gets_the_same_answers(make, operating):
    body = pd.DataFrame(ROWS).astype({"jet": int}).to_csv(index=False)
    found = post(make(), body, **{"content-type": "text/csv; charset=utf-8"})
    assert found.json()["predictions"] == expected(operating)


def test_rows_without_names_are_taken_in_the_order_of_the_columns(make, operating):
    server = make()
    rows = [[row[name] for name in server.follower.desk.names] for row in ROWS]
    assert post(server, {"instances": rows}).json()["predictions"] == expected(operating)


def test_requests_that_wait_are_answered_together_and_each_gets_its_own(make, operating):
    server = make()
    found = ask(server, *[("POST", "/invocations", {"json": {"instances": [row]}}) for row in ROWS[:8]])
    assert [one.json()["predictions"][0] for one in found] == expected(operating)[:8]
    assert b'cuaderno_requests_together_bucket{le="4.0"} 0.0' in server.metrics()


def test_a_bad_request_takes_no_other_with_it(make, operating):
    bad = {**ROWS[0], "distance": "far"}
    found = ask(make(), *[("POST", "/invocations", {"json": {"instances": [row]}}) for row in (ROWS[0], bad, ROWS[1])])
    assert [one.status_code for one in found] == [200, 422, 200]
    assert found[2].json()["predictions"] == expected(operating)[1:2]


def changed(**cells):
    return {"dataframe_records": [ROWS[0], {**ROWS[0], **cells}]}


REFUSED = {
    "text for a number": (changed(distance="far"), "distance"),
    "far out of range": (changed(distance=10**7), "distance"),
    "a gap that training never had": (changed(carrier=None), "carrier"),
    "a list": (changed(carrier=["UA"]), "carrier"),
    "an object": (changed(distance={}), "distance"),
    "no time": (changed(departure="soon"), "departure"),
    "a number for a time": (changed(departure=12), "departure"),
    "a number without end": (changed(distance=10**400), "distance"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_row_that_breaks_the_contract_is_refused_by_column_and_row(make, why):
    body, column = REFUSED[why]
    found = post(make(), json.dumps(body), **{"content-type": "application/json"})
    assert found.status_code == 422 and (found.json()["column"], found.json()["row"]) == (column, 1)
    assert f"Row 1, column '{column}': expected" in found.json()["message"]


def test_a_missing_column_is_named_and_one_that_may_have_gaps_may_be_missing(make):
    server = make()
    without = [{name: cell for name, cell in ROWS[0].items() if name != "distance"}]
    assert "column 'distance' is missing" in post(server, {"instances": without}).json()["message"]
    assert post(server, {"instances": [{k: v for k, v in ROWS[0].items() if k != "seats"}]}).status_code == 200


JSON = "application/json"
MALFORMED = [
    (b"{", JSON, 400), (b"", JSON, 400), (b"[1]", JSON, 400), (b"{}", JSON, 400), (b"\xff", JSON, 400),
    (b'{"instances": []}', JSON, 400), (b'{"instances": [1]}', JSON, 400), (b'{"instances": [[1]]}', JSON, 400),
    (b'{"inputs": {"a": [1], "b": []}}', JSON, 400),
    (b'{"dataframe_split": {"columns": ["a"], "data": [[]]}}', JSON, 400),
    (b'{"instances": [{"carrier": "\\ud83d"}]}', JSON, 400), (b'{"instances": [{"\\uDE00": 1}]}', JSON, 400),
    (b'{"instances": [{}], "inputs": []}', JSON, 400), (b"[" * 100_000, JSON, 400), (b"a,b\n1\n", "text/csv", 400),
    (b"", "text/csv", 400), (b"{}", "text/plain", 415), (b"{}", "application/json; charset=latin-1", 415),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "status"), MALFORMED)
def test_a_malformed_body_is_refused_without_a_traceback(make, body, kind, status):
    found = post(make(), body, **{"content-type": kind})
    assert found.status_code == status and set(found.json()) == {"error_code", "message"}
    assert "Traceback" not in found.text and "File " not in found.text


def test_a_body_over_the_limit_is_refused(make):
    server = make(limits=serving.Limits(body_bytes=1000))
    assert post(server, {"instances": ROWS}).status_code == 413
    assert b'cuaderno_requests_total{status="413"} 1.0' in server.metrics()
    assert post(server, {"instances": ROWS[:1]}).status_code == 200


def test_a_request_that_waited_too_long_is_told_so(make):
    found = post(make(limits=serving.Limits(seconds=-1.0)), {"instances": ROWS})
    assert found.status_code == 504 and "No answer within" in found.json()["message"]


def test_a_request_that_does_not_end_loses_its_place(make):
    async def slowly():
        yield b'{"instances": ['
        await asyncio.sleep(5)
        yield b"]}"

    found = ask(make(limits=serving.Limits(seconds=0.1)), ("POST", "/invocations", {"content": slowly()}))[0]
    assert found.status_code == 408 and "not whole within 0.1 seconds" in found.json()["message"]


def test_a_model_that_fails_shows_nothing_of_itself(make, monkeypatch, caplog):
    server = make()

    def fail(self, X):
        raise RuntimeError("the secret of the model")

    monkeypatch.setattr(portable.Model, "columns", fail)
    found = post(server, {"instances": ROWS})
    assert found.status_code == 500 and "secret" not in found.text and "secret" in caplog.text


@pytest.mark.parametrize("path", ["/version", "/model", "/metrics", "/docs", "/openapi.json"])
def test_without_the_token_nothing_is_told_but_that_the_server_lives(make, path):
    server = make(token="open-sesame")
    assert get(server, path).status_code == 401 == post(server, {"instances": ROWS}).status_code
    assert get(server, path, authorization="Bearer wrong").status_code == 401
    assert get(server, path, authorization="Bearer open-sesame").status_code == 200
    assert get(server, "/ping").status_code == 200 == get(server, "/health").status_code


def test_ping_health_and_version_answer_as_mlflow_does(make):
    import importlib.metadata

    server = make()
    assert get(server, "/ping").text == "\n" == get(server, "/health").text
    assert get(server, "/version").text == importlib.metadata.version("mlflow")


def test_an_unknown_address_is_a_404_in_json(make):
    assert get(make(), "/nowhere").json()["error_code"] == "ENDPOINT_NOT_FOUND"
    assert get(make(), "/invocations").status_code == 405


def test_the_documentation_needs_nothing_from_elsewhere(make):
    page = get(make(), "/docs").text
    assert "distance" in page and "http://" not in page and "https://" not in page and "<script" not in page


def test_the_example_in_the_documentation_is_answered(make):
    server = make()
    spec = get(server, "/openapi.json").json()
    example = spec["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert post(server, example).status_code == 200


def test_metrics_tell_of_requests_versions_and_the_database(make):
    server = make()
    post(server, {"instances": ROWS})
    told = get(server, "/metrics").text
    assert 'cuaderno_requests_total{status="200"} 1.0' in told and f"cuaderno_rows_total {len(ROWS)}.0" in told
    assert "cuaderno_model_version 1.0" in told and "cuaderno_spool_bytes" in told


def test_an_answer_is_in_the_database_with_all_that_belongs_to_it(make, operating):
    server = make()
    found = post(server, {"instances": ROWS[:3]})
    assert server.drain.once()
    window = predictions.window(operating, MODEL_NAME)
    assert window["prediction"].tolist() == [one["prediction"] for one in found.json()["predictions"]]
    assert window["event_time"].tolist() == [pd.Timestamp(row["departure"]).tz_localize(None) for row in ROWS[:3]]
    assert set(window["batch"]) == {predictions.SERVED}
    kept = predictions.inputs(operating, MODEL_NAME).reset_index(drop=True)
    assert np.allclose(kept["distance"], [row["distance"] for row in ROWS[:3]])


def test_the_same_question_twice_is_two_answers_and_brought_twice_it_is_one(make, operating):
    server = make()
    for _ in range(2):
        post(server, {"instances": ROWS[:1]})
    path = spool.waiting(operating)[0]
    lines = [line for _, line in spool.lines(path)]
    assert desk.write(operating, lines) == 2 and desk.write(operating, lines) == 0


def test_labels_find_served_rows_by_their_content(make, operating, tmp_path):
    server = make()
    post(server, {"instances": ROWS[:5]})
    server.drain.once()
    truth = raw_table(50).head(5).astype({"jet": int})
    truth.to_csv(tmp_path / "truth.csv", index=False)
    assert labelling.label(operating, str(tmp_path / "truth.csv")).n_waiting == 0
    assert predictions.window(operating, MODEL_NAME)["label"].tolist() == truth["late"].tolist()


def test_rows_can_be_named_by_a_column(make, operating):
    server = make(key="flight")
    assert "'flight' names the row" in post(server, {"instances": ROWS[:1]}).json()["message"]
    post(server, {"instances": [{**ROWS[0], "flight": "IB1"}]})
    server.drain.once()
    assert predictions.window(operating, MODEL_NAME).index.tolist() == ["IB1"]


def test_the_last_line_of_a_killed_server_may_be_torn(make, operating):
    server = make()
    post(server, {"instances": ROWS[:1]})
    server.writer.close()
    path = spool.waiting(operating)[0]
    path.write_bytes(path.read_bytes() + b'{"model_name": "la')
    assert server.drain.once() and len(predictions.window(operating, MODEL_NAME)) == 1
    assert spool.waiting(operating) == []
    server.writer = spool.Writer(operating)


def test_how_the_service_was_is_counted_by_minute(make, operating):
    server = make()
    post(server, {"instances": ROWS[:1]})
    post(server, b"{", **{"content-type": JSON})
    server.drain.once()
    told = predictions.service(operating, MODEL_NAME)
    assert (told["n"], told["errors"]) == (2, 0) and told["p50_ms"] <= told["p95_ms"]


def test_lines_of_many_requests_are_in_the_database_as_those_of_one(operating):
    found = desk.Desk(answers.in_use(operating))
    bodies = [json.dumps({"dataframe_records": [row]}).encode() for row in ROWS]
    lines = [found.answer([desk.Asked(body, "application/json")]) for body in bodies]
    assert desk.write(operating, lines) == len(ROWS) and desk.write(operating, lines) == 0
    kept = predictions.inputs(operating, MODEL_NAME)
    expected = portable.coerce(pd.DataFrame(ROWS), found.answerer.contract)
    pd.testing.assert_frame_equal(
        kept.sort_values("distance", ignore_index=True), expected.sort_values("distance", ignore_index=True)
    )
