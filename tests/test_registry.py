import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from releases import MODEL_NAME, gate, raw_table
from sklearn.preprocessing import FunctionTransformer

from lib import champion, database, decisions, files, packaging, portable, registry, results, tracking
from lib.errors import InputError


def register(store, run_dir, key="key", **more):
    return registry.register(store, run_dir, run_id="run-1", key=key, base_key=f"base-{key}", **more)


def history(store):
    return [(d.kind, d.from_version, d.to_version) for d in decisions.about_champions(database.connect(store))]


@pytest.fixture
def two_champions(store, run_dir):
    register(store, run_dir, "first")
    register(store, run_dir, "second")
    return store


def test_a_run_whose_gates_passed_becomes_champion(store, run_dir):
    made = register(store, run_dir)
    assert (made.version, made.alias, made.created, made.former) == (1, "champion", True, None)
    assert champion.current(store, MODEL_NAME).version == 1
    assert history(store) == [("promotion", None, 1)]


def test_a_refused_run_stays_challenger_with_the_reasons_as_tags(store, run_dir, refused_run):
    made = register(store, refused_run)
    assert made.alias == "challenger" and "The score is what it is." in made.reason
    assert champion.current(store, MODEL_NAME) is None
    tags = tracking.connect(store).client.get_model_version(MODEL_NAME, "1").tags
    assert tags["refused: score on test rows"] == "The score is what it is."
    assert history(store) == [("refusal", None, 1)]


def test_a_refused_challenger_leaves_the_champion_in_use(store, run_dir):
    register(store, run_dir, "good")
    results.write(run_dir, "05_evaluation", checks=[gate(passed=False)])
    register(store, run_dir, "bad")
    assert registry.aliases(store, MODEL_NAME) == {"champion": 1, "challenger": 2}
    assert champion.current(store, MODEL_NAME).version == 1


def tamper(store, version):
    source = tracking.connect(store).client.get_model_version_download_uri(MODEL_NAME, str(version))
    model_id = Path(source).parent.name
    next((store / "artifacts").rglob(f"{model_id}/**/model.skops")).write_bytes(b"other")


@pytest.fixture
def kept_out(store, run_dir):
    """Return the promotion of a version that its gates refused, as it is to be recorded."""
    register(store, run_dir, "good")
    results.write(run_dir, "05_evaluation", checks=[gate(passed=False)])
    register(store, run_dir, "bad")
    return decisions.Decision("promotion", MODEL_NAME, "Newer rows say so.", "cycle", 1, 2, details={"look": 2})


def test_a_challenger_that_newer_rows_speak_for_takes_the_champions_place_on_the_record(store, kept_out):
    registry.promote(store, kept_out)
    assert registry.aliases(store, MODEL_NAME) == {"champion": 2}
    assert champion.current(store, MODEL_NAME).version == 2
    assert history(store)[-2:] == [("refusal", 1, 2), ("promotion", 1, 2)]
    assert registry.rollback(store, MODEL_NAME, "Too many alarms.").to_version == 1


def test_a_challenger_that_was_tampered_with_is_not_promoted_and_nothing_changes(store, kept_out):
    tamper(store, 2)
    with pytest.raises(InputError, match="not what was registered"):
        registry.promote(store, kept_out)
    assert registry.aliases(store, MODEL_NAME) == {"champion": 1, "challenger": 2}
    assert history(store)[-1] == ("refusal", 1, 2)


def test_the_same_key_is_registered_once(store, run_dir):
    register(store, run_dir)
    again = register(store, run_dir)
    assert (again.version, again.alias, again.created) == (1, "champion", False)
    assert history(store) == [("promotion", None, 1)]


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_rollback_without_a_reason_changes_nothing(two_champions, reason):
    with pytest.raises(InputError, match="say it in words"):
        registry.rollback(two_champions, MODEL_NAME, reason, "Ana")
    assert champion.current(two_champions, MODEL_NAME).version == 2


def test_a_rolled_back_version_is_not_promoted_again_by_the_same_key(two_champions, run_dir):
    registry.rollback(two_champions, MODEL_NAME, "Too many alarms.", "Ana")
    again = register(two_champions, run_dir, "second")
    assert (again.version, again.alias) == (2, "")
    assert champion.current(two_champions, MODEL_NAME).version == 1


def test_all_that_a_version_is_made_of_can_be_found_from_it(store, run_dir):
    register(store, run_dir)
    tags = tracking.connect(store).client.get_model_version(MODEL_NAME, "1").tags
    assert tags["sha256.data"] == portable.sha256(files.path(run_dir, files.TABLE))
    assert tags["sha256.model"] == portable.sha256(files.path(run_dir, files.MODEL))
    assert (tags["cuaderno.key"], tags["cuaderno.base_key"], tags["cuaderno.run_id"]) == ("key", "base-key", "run-1")


def test_the_commit_of_a_version_is_that_at_which_its_run_began(store, run_dir):
    connection = tracking.connect(store)
    begun = connection.client.create_run(connection.experiment_id, tags={"git.commit": "begun", "git.dirty": "true"})
    register(store, run_dir, tracking_run=begun.info.run_id)
    tags = connection.client.get_model_version(MODEL_NAME, "1").tags
    assert (tags["git.commit"], tags["git.dirty"]) == ("begun", "true")
    assert json.loads(tags["cuaderno.checks"])[0]["name"] == "score on test rows"
    assert {"git.commit", "python", "sha256.preprocessor", "metric.roc_auc"} <= tags.keys()


def test_the_hash_of_every_file_is_in_the_decision_database_and_in_the_tags(store, run_dir):
    register(store, run_dir)
    recorded = decisions.files_of(database.connect(store), MODEL_NAME, 1)
    tags = tracking.connect(store).client.get_model_version(MODEL_NAME, "1").tags
    assert recorded == json.loads(tags["cuaderno.files"])
    assert {"MLmodel", "requirements.txt", "data/model/model.skops", "data/model/contract.json"} <= recorded.keys()
    assert sum(name.startswith("code/") for name in recorded) == 3


def test_a_version_predicts_from_raw_columns(store, run_dir):
    register(store, run_dir)
    found = registry.load(store, MODEL_NAME, 1).predict(raw_table(10))
    expected = portable.load(champion.current(store, MODEL_NAME).folder / packaging.DATA).predict(raw_table(10))
    pd.testing.assert_frame_equal(found, expected)


def artifact(store, name):
    return next((store / "artifacts").rglob(name))


@pytest.mark.parametrize("name", ["model.skops", "contract.json", "portable.py", "requirements.txt"])
def test_a_tampered_version_is_refused(store, run_dir, name):
    register(store, run_dir)
    artifact(store, name).write_bytes(b"other")
    with pytest.raises(InputError, match=f"Version 1 of {MODEL_NAME} is not what was registered: .*{name} was changed"):
        registry.load(store, MODEL_NAME, 1)


def test_a_rollback_to_a_tampered_version_is_refused_and_changes_nothing(two_champions):
    tamper(two_champions, 1)
    with pytest.raises(InputError, match="is not what was registered"):
        registry.rollback(two_champions, MODEL_NAME, "Too many alarms.")
    assert champion.current(two_champions, MODEL_NAME).version == 2
    assert registry.aliases(two_champions, MODEL_NAME)["champion"] == 2


def test_a_model_with_a_hidden_type_is_not_registered(store, run_dir):
    packaging.dump(FunctionTransformer(np.load), files.path(run_dir, files.MODEL))
    with pytest.raises(InputError, match="not on the allow-list: numpy.load"):
        register(store, run_dir)
    assert registry.aliases(store, MODEL_NAME) == {}


def test_a_rollback_brings_the_former_champion_back_on_the_record(two_champions):
    decision = registry.rollback(two_champions, MODEL_NAME, "Too many alarms.", "Ana")
    assert (decision.from_version, decision.to_version, decision.actor) == (2, 1, "Ana")
    assert champion.current(two_champions, MODEL_NAME).key == "first"
    assert registry.aliases(two_champions, MODEL_NAME) == {"champion": 1}


def test_a_second_rollback_goes_one_further_back_and_a_third_is_refused(two_champions, run_dir):
    register(two_champions, run_dir, "third")
    for expected in (2, 1):
        registry.rollback(two_champions, MODEL_NAME, "Again.")
        assert champion.current(two_champions, MODEL_NAME).version == expected
    with pytest.raises(InputError, match="no champion before the current one"):
        registry.rollback(two_champions, MODEL_NAME, "Again.")


class Crash(BaseException):
    """What ends a process ends it without handlers."""


@pytest.mark.parametrize(
    ("module", "name"),
    [(decisions, "record_files"), (decisions, "record"), (champion, "keep")],
)
def test_what_a_crash_leaves_is_completed_by_the_next_call(store, run_dir, monkeypatch, module, name):
    def crash(*_):
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(module, name, crash)
        with pytest.raises(Crash):
            register(store, run_dir)
    made = register(store, run_dir)
    assert (made.version, made.alias, made.created) == (1, "champion", False)
    assert history(store) == [("promotion", None, 1)] and champion.current(store, MODEL_NAME).version == 1


def test_an_alias_moved_by_hand_is_put_on_record_and_followed(two_champions):
    tracking.connect(two_champions).client.set_registered_model_alias(MODEL_NAME, "champion", "1")
    assert registry.refresh_champion(two_champions, MODEL_NAME).version == 1
    assert history(two_champions)[-1] == ("rollback", 2, 1)


def test_a_local_copy_that_is_lost_is_fetched_again(store, run_dir):
    register(store, run_dir)
    champion.drop(store, MODEL_NAME)
    assert registry.refresh_champion(store, MODEL_NAME).version == 1


def test_two_registrations_at_once_make_one_version(store, run_dir):
    made = []
    threads = [threading.Thread(target=lambda: made.append(register(store, run_dir).version)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1, 1] and history(store) == [("promotion", None, 1)]


def verb(store, *words):
    pipeline = Path(__file__).parent.parent / "pipeline.py"
    return subprocess.run(
        [sys.executable, pipeline, *words, "--store", str(store)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_verbs_roll_back_once_and_show_the_history(two_champions):
    done = verb(two_champions, "rollback", "--reason", "Too many alarms.")
    assert done.returncode == 0 and "version 2 → 1" in done.stdout, done.stderr
    refused = verb(two_champions, "rollback", "--reason", "Again.")
    assert refused.returncode == 2 and "no champion before" in refused.stderr
    shown = json.loads(verb(two_champions, "history", "--json").stdout)
    assert [(line["kind"], line["to_version"]) for line in shown] == [
        ("promotion", 1),
        ("promotion", 2),
        ("rollback", 1),
    ]
