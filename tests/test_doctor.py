import http.server
import socket
import threading

import pytest

from lib import database, doctor


def state(finding):
    return finding.state, finding.todo != ""


def test_a_kernel_starts_and_imports_lib():
    assert state(doctor.kernel()) == ("well", False)


def test_packages_that_are_not_as_asked_for_are_named(tmp_path):
    wanted = tmp_path / "pyproject.toml"
    wanted.write_text('[project]\ndependencies = ["typer>=99", "rich", "not-there-at-all"]')
    found = doctor.versions(wanted)
    assert state(found) == ("ill", True) and "typer" in found.found and "not-there" in found.found
    assert "rich" not in found.found


def test_a_folder_that_cannot_be_made_is_ill(tmp_path):
    (tmp_path / "file").write_text("")
    assert state(doctor.folder("store", tmp_path / "file" / "store")) == ("ill", True)
    assert not list(tmp_path.glob("*/*")) and state(doctor.folder("store", tmp_path / "a" / "b"))[0] != "ill"


def test_a_disk_that_is_nearly_full_is_worth_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_GB", 1e9)
    assert state(doctor.folder("store", tmp_path)) == ("note", True)


def test_a_database_that_is_away_is_ill_and_its_password_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv(database.ADDRESS, "postgresql://ana:not-to-be-shown@127.0.0.1:1/none")
    found = doctor.database(tmp_path)
    assert state(found) == ("ill", True) and "not-to-be-shown" not in found.found


def test_a_store_without_a_database_is_well_and_stays_without(tmp_path, monkeypatch):
    monkeypatch.delenv(database.ADDRESS, raising=False)
    assert state(doctor.database(tmp_path / "store")) == ("well", False) and not (tmp_path / "store").exists()
    database.connect(tmp_path / "made")
    assert doctor.database(tmp_path / "made").found == "sqlite answers"


def test_postgresql_that_answers_is_well(tmp_path, postgresql, monkeypatch):
    monkeypatch.setenv(database.ADDRESS, postgresql)
    assert doctor.database(tmp_path).found == "postgresql answers"


def test_telemetry_that_somebody_turned_on_is_ill(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert state(doctor.tracking(tmp_path)) == ("well", False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    assert state(doctor.tracking(tmp_path)) == ("ill", True)


class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_tracking_server_is_asked_whether_it_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert state(doctor.tracking(tmp_path)) == ("ill", True)
    with http.server.HTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        assert state(doctor.tracking(tmp_path)) == ("well", False)


def test_a_port_that_is_taken_is_worth_a_note():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.listen()
        assert state(doctor.free_port("serve", port)) == ("note", True)
    assert state(doctor.free_port("serve", port)) == ("well", False)


@pytest.mark.parametrize(("states", "well"), [(["well", "note"], True), (["well", "ill"], False)])
def test_only_what_is_ill_makes_the_whole_ill_and_each_line_says_what_to_do(states, well):
    report = doctor.told(doctor.Finding(f"thing {name}", name, "found", "Do this.") for name in states)
    assert report["well"] is well and doctor.text(report).count("Do this.") == len(states)
