"""The rules of the project, held against its own source; and each rule against an example that breaks it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import conventions
import pytest

ROOT = Path(__file__).parent.parent
LIB = {path.stem: path for path in sorted((ROOT / "lib").glob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in LIB.items()}
STAGES = sorted(path.stem.partition("_")[2] for path in (ROOT / "notebooks").glob("0*.ipynb"))
STAGE_MODULES = sorted(set(STAGES) & set(LIB))
TOP_LEVEL = {"pipeline.py", "notebooks", "reports", "lib", "tests", "environment.yml", "README.md", "store"}
JOINED = {"pyproject.toml", "LICENSE", "CHANGELOG.md"}
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".ipynb", ".css", ".j2", ".txt", ""}

MLFLOW = {"tracking", "registry"}
ENVIRONMENT = {
    "dashboard": "the folders, and what a visitor asks for, come to the kernel by its environment",
    "dashboard_server": "the token of the dashboard, and the folders for its kernels",
    "database": "the address of the prediction database, with its password",
    "fetched": "a kernel finds by it what its run has fetched from a database",
    "hosting": "the token that requests have to bring",
    "forkserver": "a forked kernel takes the environment of the one who asked for it",
    "kernels": "a kernel gets the environment of its caller",
    "notify": "the address to tell people at, which may hold a password",
    "provisioning": "the same",
    "queries": "the password of the user's database",
    "sources": "a source that holds a password is named by a variable",
    "tracking": "MLflow's own settings choose its server",
    "workers": "kernels side by side get their share of the cores",
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


def over_all(check, names=LIB):
    return [f"lib/{name}.py: {found}" for name in names for found in check(TREES[name])]


def test_every_stage_has_its_module_and_its_tests():
    missing = [f"lib/{stem}.py" for stem in STAGES if stem not in LIB and stem != "eda"]
    missing += [f"tests/test_{stem}.py" for stem in STAGE_MODULES if not (ROOT / f"tests/test_{stem}.py").exists()]
    assert missing == []


def test_imports_point_one_way():
    assert conventions.circles({name: conventions.imported(tree) & set(LIB) for name, tree in TREES.items()}) == []


@pytest.mark.parametrize("name", STAGE_MODULES)
def test_a_stage_module_imports_no_other_stage_module(name):
    assert conventions.imported(TREES[name]) & set(STAGES) <= {"design"} - {name} or name == "design"


@pytest.mark.parametrize("name", STAGE_MODULES)
def test_a_stage_module_prints_plots_reads_and_writes_nothing(name):
    assert conventions.effects(TREES[name]) == []


def test_only_tracking_and_registry_import_mlflow():
    assert {name for name, tree in TREES.items() if "mlflow" in conventions.packages(tree)} <= MLFLOW


@pytest.mark.parametrize("name", STAGE_MODULES)
def test_no_function_of_a_stage_changes_what_it_was_given(name):
    assert conventions.mutations(TREES[name]) == []


def test_lib_reads_the_environment_only_where_it_is_said_why():
    assert {name for name, tree in TREES.items() if conventions.environment_reads(tree)} <= set(ENVIRONMENT)


def test_one_function_raises_for_a_verdict_and_the_runner_passes_it_on():
    raising = {name for name, tree in TREES.items() if conventions.verdicts_raised(tree)}
    assert raising <= {"checks", "runner"}


def test_modules_are_nouns_of_the_domain_and_short():
    assert set(LIB) & conventions.ATTICS == set()
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in LIB.items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
    assert sum(length > 250 for length in lengths.values()) <= len(LIB) / 10


def test_functions_are_small():
    assert over_all(lambda tree: conventions.long_functions(tree, 45)) == []
    functions = [f for tree in TREES.values() for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]
    long = over_all(lambda tree: conventions.long_functions(tree, 30))
    assert len(long) <= len(functions) / 10


def test_the_top_level_is_what_the_design_says():
    names = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL | JOINED
    assert "uv.lock" not in names


def test_no_configuration_file_repeats_a_parameter():
    kinds = {".yaml", ".yml", ".toml", ".ini", ".cfg", ".env"}
    found = {path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix in kinds}
    outside = {name for name in found if not name.startswith(".")}
    assert outside == {"environment.yml", "pyproject.toml"}


def test_no_file_has_open_ends_or_names_a_machine_or_a_package_index():
    found = []
    for path in tracked():
        if path.suffix in TEXT:
            text = path.read_text(encoding="utf-8")
            hits = [
                match[0]
                for rule in (conventions.OPEN_ENDS, conventions.FOREIGN)
                for match in rule.finditer(_plain(text))
            ]
            found += [f"{path.relative_to(ROOT)}: {hit}" for hit in hits]
    assert found == []


def test_ruff_has_nothing_to_say():
    for arguments in (["check", "--output-format=concise"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *arguments, "."]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _plain(text: str) -> str:
    """Return a text without pictures in base64, in which any word may occur by chance."""
    return re.sub(r'"[A-Za-z0-9+/=\\n]{200,}"', '""', text)


BROKEN = {
    "a print": (conventions.effects, "print(1)"),
    "a plot": (conventions.effects, "from matplotlib import pyplot"),
    "a table read": (conventions.effects, "import pandas as pd\npd.read_csv('x')"),
    "tracking": (conventions.effects, "def f():\n    import mlflow"),
    "an item set": (conventions.mutations, "def f(X):\n    X['a'] = 1"),
    "an item set deeply": (conventions.mutations, "def f(X):\n    X.loc[0, 'a'] += 1"),
    "an item deleted": (conventions.mutations, "def f(d):\n    del d['a']"),
    "an attribute set": (conventions.mutations, "def f(*, model):\n    model.a = 1"),
    "a list appended to": (conventions.mutations, "def f(x):\n    x.append(1)"),
    "work in place": (conventions.mutations, "def f(X):\n    X.fillna(0, inplace=True)"),
    "the environment": (conventions.environment_reads, "import os\nos.environ.get('A')"),
    "a verdict raised": (conventions.verdicts_raised, "raise GateRefused('no')"),
    "a long function": (
        lambda tree: conventions.long_functions(tree, 2),
        "def f():\n    a = 1\n    b = 2\n    return a",
    ),
    "a definition": (lambda tree: conventions.definitions(ast.unparse(tree)), "if True:\n    def f(): pass"),
    "a class": (lambda tree: conventions.definitions(ast.unparse(tree)), "class A: pass"),
    "a circle": (lambda _: conventions.circles({"a": ["b"], "b": ["c"], "c": ["a"]}), ""),
}


@pytest.mark.parametrize(("check", "code"), BROKEN.values(), ids=BROKEN)
def test_each_rule_finds_the_example_that_breaks_it(check, code):
    assert check(ast.parse(code)) != []


KEPT = {
    "a copy": (conventions.mutations, "def f(X):\n    X = X.copy()\n    X['a'] = 1"),
    "a value of its own": (conventions.mutations, "def f(x):\n    found = []\n    found.append(x)\n    return found"),
    "a method of its own": (conventions.mutations, "class A:\n    def f(self):\n        self.x = 1"),
    "an inner function": (conventions.mutations, "def f(x):\n    return lambda y: y"),
    "a long docstring": (
        lambda tree: conventions.long_functions(tree, 1),
        'def f():\n    """A\n\n    b\n    """\n    return 1',
    ),
}


@pytest.mark.parametrize(("check", "code"), KEPT.values(), ids=KEPT)
def test_no_rule_complains_of_what_is_allowed(check, code):
    assert check(ast.parse(code)) == []


@pytest.mark.parametrize("text", ["/ho" + "me/ana/x", "C:\\Us" + "ers", "/tm" + "p/a", "https://py" + "pi.org"])
def test_a_path_of_a_machine_or_an_index_is_found(text):
    assert conventions.FOREIGN.search(text)


def test_late_imports_count_and_those_for_type_checkers_do_not():
    tree = ast.parse("if TYPE_CHECKING:\n    from lib import a\ndef f():\n    from lib import b\n    import lib.c")
    assert conventions.imported(tree) == {"b", "c"}
