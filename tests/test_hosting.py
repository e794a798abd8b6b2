"""The server as a process of its own: under load, killed, without its database, and by its own specification."""

import asyncio
import socket
import subprocess
import sys

import pytest
from releases import MODEL_NAME, copy_records
from servers import Clients, running
from sqlalchemy import text

from lib import bulk, database, hosting, registry, serving
from lib.errors import InputError


def test_a_host_beyond_this_machine_needs_a_token(operating, monkeypatch):
    monkeypatch.delenv(hosting.TOKEN, raising=False)
    with pytest.raises(InputError, match="needs a token: set CUADERNO_SERVE_TOKEN"):
        hosting.serve(operating, model="", key="", host="192.0.2.1", port=0, limits=serving.Limits(), tell=print)


def test_a_port_that_is_taken_is_an_error_of_use():
    with hosting._listening("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(InputError, match=f"Port {port} on 127.0.0.1 cannot be used"),
            hosting._listening("127.0.0.1", port),
        ):
            pass


def test_an_answer_in_two_packets_waits_for_nobody():
    async def accepted(listener):
        found = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, writer: found.set_result(writer), sock=listener)
        async with server:
            _, client = await asyncio.open_connection(*listener.getsockname())
            writer = await found
            delay_is_off = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            client.close()
            writer.close()
            return delay_is_off

    with hosting._listening("127.0.0.1", 0) as listener:
        assert asyncio.run(accepted(listener))


def in_database(store):
    with database.connect(store).connect() as connection:
        keys = connection.execute(text("SELECT row_key FROM predictions WHERE batch = 'served'")).scalars().all()
    return {key.partition("/")[2].rpartition("-")[0] for key in keys}


def test_promotion_and_rollback_are_followed_under_load_and_no_answer_is_lost(operating, run_dir):
    with running(operating) as (process, address), Clients(address) as clients:
        clients.wait_for(lambda: len(clients.answers) > 20)
        registry.register(operating, run_dir, run_id="run-2", key="key-2", base_key="base-2")
        clients.wait_for(lambda: clients.versions()[-1:] == ["2"])
        registry.rollback(operating, MODEL_NAME, "to see that it is followed")
        clients.wait_for(lambda: clients.answers[-1][1] == "1")
        clients.__exit__()
        process.terminate()
        said = process.communicate(timeout=60)
    assert process.returncode == 0 and "every answer is in the database" in said[0]
    assert clients.failures == [] and in_database(operating) == {request for request, _, _ in clients.answers}
    assert "Version 2 answers instead of version 1" in said[1] and "Traceback" not in said[1]


def test_a_killed_server_loses_no_answer_and_the_next_one_brings_them(operating):
    with running(operating) as (process, address), Clients(address) as clients:
        clients.wait_for(lambda: len(clients.answers) > 50)
        process.kill()
        process.wait()
    answered = {request for request, _, _ in clients.answers}
    with running(operating) as (process, _):
        clients.wait_for(lambda: answered <= in_database(operating))


def test_a_database_that_is_stopped_under_load_loses_no_answer(operating, monkeypatch):
    import postgresql as servers

    with servers.server() as url:
        copy_records(operating, url, monkeypatch)
        with running(operating) as (process, address), Clients(address) as clients:
            clients.wait_for(lambda: len(clients.answers) > 20)
            with servers.stopped(url):
                before = len(clients.answers)
                clients.wait_for(lambda: len(clients.answers) > before + 50)
            clients.wait_for(lambda: len(in_database(operating)) > before + 50)
            clients.__exit__()
            process.terminate()
            said = process.communicate(timeout=60)
        assert clients.failures == [] and in_database(operating) == {request for request, _, _ in clients.answers}
        assert servers.PASSWORD not in said[0] + said[1] and "answers wait in the spool" in said[1]
        database._connect.cache_clear()


def test_answers_go_on_while_another_writer_has_the_database_and_none_is_lost(operating):
    with running(operating) as (process, address), Clients(address) as clients:
        clients.wait_for(lambda: len(clients.answers) > 20)
        with bulk.alone(database.connect(operating), MODEL_NAME):
            held = in_database(operating)
            before = len(clients.answers)
            clients.wait_for(lambda: len(clients.answers) > before + 300)
            assert in_database(operating) == held
        clients.__exit__()
        process.terminate()
        process.communicate(timeout=60)
    assert clients.failures == [] and in_database(operating) == {request for request, _, _ in clients.answers}


def test_the_server_keeps_what_its_specification_promises(operating, monkeypatch, tmp_path):
    monkeypatch.setenv(hosting.TOKEN, "open-sesame")
    with running(operating) as (_, address):
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--seed", "1",
            "--header", "Authorization: Bearer open-sesame", "--max-examples", "25", "--max-time", "40",
            # Numbers written as text are read, and rows may have more columns: the server takes more than it promises.
            "--exclude-checks", "negative_data_rejection", "--no-color", "--generation-database", "none",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
