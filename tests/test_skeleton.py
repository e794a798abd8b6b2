"""What stands around the code agrees with it: dependencies, packaging, hooks, workflows."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SLOW = {"mlflow", "pandas", "sklearn", "papermill", "sqlalchemy"}
UV = os.environ.get("UV") or shutil.which("uv")


def loaded(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def pip_part():
    return next(entry["pip"] for entry in loaded("environment.yml")["dependencies"] if isinstance(entry, dict))


def test_the_conda_environment_has_the_names_and_bounds_of_the_project():
    *requirements, project = pip_part()
    assert requirements == PROJECT["project"]["dependencies"]
    assert project == "--editable ."


def test_the_conda_environment_has_the_python_of_the_project():
    plain = [entry for entry in loaded("environment.yml")["dependencies"] if isinstance(entry, str)]
    assert plain == [f"python{PROJECT['project']['requires-python']}", "pip"]


def test_the_dependencies_are_sorted_and_bounded_from_below():
    requirements = PROJECT["project"]["dependencies"]
    assert requirements == sorted(requirements)
    assert [text for text in requirements if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[\d.]+(; .+)?", text)] == []


@pytest.mark.skipif(UV is None, reason="uv is not on this machine")
def test_the_pip_part_of_the_conda_environment_can_be_installed_in_a_plain_environment(tmp_path):
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("\n".join(pip_part()), encoding="utf-8")
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "plain"], check=True)
    command = [UV, "pip", "install", "--dry-run", "--python", tmp_path / "plain", "--requirement", wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mlflow" in done.stderr and "cuaderno" in done.stderr


def test_what_the_package_needs_besides_modules_is_part_of_it():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["lib"]
    others = [path for path in (ROOT / "lib").iterdir() if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert [path.name for path in others if not any(path.match(pattern) for pattern in patterns)] == []


def test_resolution_is_pinned_by_a_date_and_the_lock_stays_out_of_the_repository():
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", PROJECT["tool"]["uv"]["exclude-newer"])
    assert "/uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("lib/new.py", False),
        ("store/mlflow.db", True),
        ("reports/2026/report.html", True),
        ("reports/dashboard.ipynb", False),
    ],
)
def test_state_is_ignored_and_the_package_is_not(path, ignored):
    done = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert (done.returncode == 0) is ignored


def test_every_ignored_rule_of_the_linter_says_why():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ignored = re.search(r"^ignore = \[\n(.*?)^\]", text, flags=re.DOTALL | re.MULTILINE)[1]
    assert all(re.search(r'"[A-Z]+\d+", +# .+', line) for line in ignored.splitlines())


def test_the_workflow_covers_three_systems_and_every_python_that_is_promised():
    matrix = loaded(".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert f">={matrix['python'][0]}" == PROJECT["project"]["requires-python"]


def test_the_hooks_of_pre_commit_are_valid_and_need_no_network():
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True, capture_output=True)
    assert [repository["repo"] for repository in loaded(".pre-commit-config.yaml")["repos"]] == ["local"]


def test_the_container_installs_by_the_readmes_command():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].startswith("pip install uv && uv sync")


@pytest.mark.parametrize(
    ("arguments", "may_import"),
    [
        (["--help"], set()),
        (["run", "--help"], set()),
        (["history"], {"sqlalchemy"}),
        (["rollback", "--reason", "There is none to go back from."], {"sqlalchemy"}),
    ],
)
def test_what_needs_no_model_answers_without_importing_what_takes_time(tmp_path, arguments, may_import):
    run = "try: runpy.run_path('pipeline.py', run_name='__main__')\nexcept SystemExit: pass\n"
    look = f"print(sorted({SLOW - may_import} & set(sys.modules)))"
    code = f"import sys, runpy; sys.argv = ['pipeline.py', *{arguments}]\n{run}{look}"
    environment = {**os.environ, "CUADERNO_STORE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_picture_and_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_the_readme_names_every_verb_and_no_other():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)[^`]*` \| \w", text, flags=re.MULTILINE)
    app = runpy.run_path(str(ROOT / "pipeline.py"))["app"]
    assert {name for name in told if not re.match(r"0\d_", name)} == {
        command.callback.__name__ for command in app.registered_commands
    }
