import pytest
from releases import FEATURES, MODEL_NAME

from lib import champion, files, packaging, portable, registry
from lib.errors import InputError


@pytest.fixture
def registered(store, run_dir):
    registry.register(store, run_dir, run_id="run-1", key="key", base_key="base")
    return store


def test_a_model_that_was_never_registered_has_no_champion(store):
    assert champion.current(store, "unknown") is None


def test_the_champion_says_what_it_is(registered, run_dir):
    found = champion.current(registered, MODEL_NAME)
    assert (found.version, found.key, found.base_key) == (1, "key", "base")
    assert found.sha256 == portable.sha256(found.model) == portable.sha256(files.path(run_dir, files.MODEL))
    assert found.info["features"] == FEATURES and found.info["trained_until"].startswith("2013-01")


@pytest.mark.parametrize("name", ["model.skops", "contract.json"])
def test_a_champion_whose_file_was_changed_is_refused(registered, name):
    (champion.current(registered, MODEL_NAME).folder / packaging.DATA / name).write_bytes(b"other")
    with pytest.raises(InputError, match=f"{name} was changed. It is not used"):
        champion.current(registered, MODEL_NAME)


def test_a_file_that_joined_the_champion_is_refused(registered):
    (champion.current(registered, MODEL_NAME).folder / "code" / "more.py").write_text("print()")
    with pytest.raises(InputError, match="more.py was not there"):
        champion.current(registered, MODEL_NAME)


def test_a_champion_without_hashes_on_record_is_refused(registered):
    (registered / "predictions.db").unlink()
    from lib import database

    database._connect.cache_clear()
    with pytest.raises(InputError, match="no hashes of it are on record"):
        champion.current(registered, MODEL_NAME)


def test_a_champion_moves_with_its_store(registered, tmp_path):
    from lib import database

    database._connect.cache_clear()
    moved = registered.rename(tmp_path / "elsewhere")
    found = champion.current(moved, MODEL_NAME)
    assert portable.load(found.folder / packaging.DATA).contract["target"] == "late"


def test_the_champion_is_read_without_mlflow(registered):
    import subprocess
    import sys

    program = (
        "import sys; from lib import champion;"
        f"assert champion.current({str(registered)!r}, {MODEL_NAME!r}).version == 1; assert 'mlflow' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
