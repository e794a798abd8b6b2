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
for place, uri in enumerate(sys.argv[2:]):
    mlflow.pyfunc.load_model(uri).predict(pd.read_parquet(sys.argv[1])).to_parquet(f"answer-{place}.parquet")
"""


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


def test_a_registered_model_predicts_in_an_environment_of_its_own_requirements(store, run_dir, tmp_path):
    registry.register(store, run_dir, run_id="run-1", key="key", base_key="base")
    folder = champion.current(store, MODEL_NAME).folder.resolve()
    python = make_environment(tmp_path, folder / "requirements.txt")
    raw_table(50).to_parquet(tmp_path / "raw.parquet")
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking.address(store), "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [python, "-I", "-c", PROGRAM, tmp_path / "raw.parquet", f"models:/{MODEL_NAME}@champion", folder]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = registry.load(store, MODEL_NAME, 1).predict(raw_table(50))
    for place in range(2):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"answer-{place}.parquet"), expected)
