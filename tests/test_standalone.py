import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from releases import MODEL_NAME, raw_table

from lib import champion, registry, tracking

PROGRAM = """
import importlib.util, sys
import mlflow.pyfunc
import pandas as pd
assert importlib.util.find_spec("lib") is None, "this repository is not in the model's environment"
model = mlflow.pyfunc.load_model(sys.argv[1])
model.predict(pd.read_parquet(sys.argv[2])).to_parquet(sys.argv[3])
"""


@pytest.fixture(scope="module")
def environments(tmp_path_factory):
    """Return a function that makes an environment with the packages of a requirements file, and nothing else."""
    return lambda requirements: make_environment(tmp_path_factory.mktemp("clean"), requirements)


def make_environment(folder: Path, requirements: Path) -> Path:
    if shutil.which("uv") is None:
        pytest.skip("a clean environment is made by uv, which is not on the path")
    subprocess.run(["uv", "venv", "-q", "--python", sys.executable, folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = subprocess.run(
        ["uv", "pip", "install", "-q", "--python", python, "-r", requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode and any(sign in installed.stderr for sign in ("dns error", "connect", "offline")):
        pytest.skip(f"the package index cannot be reached: {installed.stderr.strip()[-200:]}")
    assert installed.returncode == 0, installed.stderr
    return python


def test_a_registered_model_predicts_in_an_environment_of_its_own_requirements(store, run_dir, tmp_path, environments):
    registry.register(store, run_dir, run_id="run-1", key="key", base_key="base")
    python = environments(champion.current(store, MODEL_NAME).folder / "requirements.txt")
    raw_table(50).to_parquet(tmp_path / "raw.parquet")
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking.address(store), "MLFLOW_DISABLE_TELEMETRY": "true"}
    for uri in (f"models:/{MODEL_NAME}@champion", str(champion.current(store, MODEL_NAME).folder)):
        command = [python, "-I", "-c", PROGRAM, uri, tmp_path / "raw.parquet", tmp_path / "answer.parquet"]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        expected = registry.load(store, MODEL_NAME, 1).predict(raw_table(50))
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "answer.parquet"), expected)
