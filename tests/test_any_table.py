"""Generated tables through the notebooks' own code: a verdict or a clear refusal, never anything else.

The suite takes five hundred as far as their contract, split and folds, and some of them to the end; as many by hand,
which takes about half an hour: ``CUADERNO_TABLES=500 uv run pytest tests/test_any_table.py -k verdict``.
"""

import os
import tempfile
import warnings
from pathlib import Path

import in_process
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lib import census, data, design, folds, footprint, splitting
from lib.errors import InputError

N_TABLES = int(os.environ.get("CUADERNO_TABLES", "10"))
TRIED = settings(
    max_examples=N_TABLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failing table is small already, and shrinking takes hours
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
READ = settings(TRIED, max_examples=500)
FOUND_LATE = ("Cross-validation needs", "has left no column")
"""What only a later stage than the first can find unusable."""
QUICK = {"search_trials": "2", "n_splits": "2", "diagnostic_rows": "200"}
CANDIDATES = ["constant,linear,boosting", "rule,forest", "rule,boosting", "constant,rule,linear"]
SIZES = [8, 31, 45, 45, 80, 120, 120, 300, 400]
NAMES = [
    "a",
    "a",  # twice, as in many an export
    "b b",
    "c[0]",
    "d<1>",
    "$x^$",
    "é=ü",
    "x_1",
    "Größe (kg)",
    "日付",
    "y__z",
    "{f}",
    "%s",
    "$t$",
    "n/a",
    "col.1",
    "",
    " padded ",
    "target",
    "prediction",
    "customer_id",
    "index",
    "a,b",
    'say "so"',
    "x" * 120,
    "😀",
    "0",
]
COLUMNS = {
    "number": lambda z, draw: z + draw.normal(0, 0.5, len(z)),
    "huge": lambda z, draw: np.exp(np.clip(20 * z, -300, 300)),
    "whole": lambda z, draw: np.round(3 * z).astype("int64"),
    "text number": lambda z, draw: [f"{1000 * v:,.2f} €" for v in z],
    "comma": lambda z, draw: [f"{v:.3f}".replace(".", ",") for v in z],
    "truth": lambda z, draw: z > 0,
    "yes": lambda z, draw: np.where(z + draw.normal(0, 1, len(z)) > 0, "Yes", "no"),
    "category": lambda z, draw: np.array(list("abcde"))[np.clip(np.round(z + 2).astype(int), 0, 4)],
    "many": lambda z, draw: [f"k{draw.integers(0, 60)}" for _ in z],
    "words": lambda z, draw: [" ".join(draw.choice(["cold", "warm", "dry", "wet"], 4)) + f" {v:.1f}" for v in z],
    "identifier": lambda z, draw: np.arange(len(z)) + 1000,
    "constant": lambda z, draw: ["same"] * len(z),
    "empty": lambda z, draw: [None] * len(z),
    "noise": lambda z, draw: draw.normal(size=len(z)),
    "infinite": lambda z, draw: np.where(draw.random(len(z)) < 0.1, np.inf, z),
    "code": lambda z, draw: np.where(draw.random(len(z)) < 0.1, -999, np.round(10 * z + 50)),
    "date": lambda z, draw: pd.Timestamp("2020-01-31") + pd.to_timedelta(np.arange(len(z)), unit="D"),
    "moment": lambda z, draw: [f"{1 + int(5 * abs(v))}/{1 + i % 12}/2021 1{i % 10}:00" for i, v in enumerate(z)],
    "mixed": lambda z, draw: [v if i % 3 else f"about {v:.0f}" for i, v in enumerate(z)],
    "unit": lambda z, draw: [f"{v:.1f} kg" for v in 70 + 10 * z],
    "share": lambda z, draw: [f"{v:.0f}%" for v in 50 + 10 * z],
    "words of truth": lambda z, draw: np.where(z > 0, "TRUE", "FALSE"),
    "huge whole": lambda z, draw: [str(10**18 + int(1e6 * v)) for v in z],
    "beyond": lambda z, draw: np.where(z > 1, 1e300, z),
    "tiny": lambda z, draw: 1e-300 * z,
    "blank": lambda z, draw: np.where(draw.random(len(z)) < 0.5, "", "x"),
    "free text": lambda z, draw: [
        f"Line {i}:\n'{'good' if v > 0 else 'bad'}', \"so\" he said; <b>" for i, v in enumerate(z)
    ],
    "many words": lambda z, draw: [" ".join(draw.choice(list("abcdefgh"), 30)) for _ in z],
    "uuid": lambda z, draw: [f"{draw.integers(0, 2**60):015x}" for _ in z],
    "padded": lambda z, draw: [f"{int(abs(100 * v)):06d}" for v in z],
    "zone": lambda z, draw: [
        str(pd.Timestamp("2021-03-27", tz="Europe/Madrid") + pd.Timedelta(hours=6 * i)) for i, _ in enumerate(z)
    ],
    "german date": lambda z, draw: (
        pd.Timestamp("2021-01-01") + pd.to_timedelta(draw.integers(0, 900, len(z)), unit="D")
    ).strftime("%d.%m.%Y"),
    "long ago": lambda z, draw: [f"{draw.integers(1200, 2900)}-02-0{1 + i % 9}" for i, _ in enumerate(z)],
    "clock": lambda z, draw: [f"{draw.integers(0, 24):02d}:{draw.integers(0, 60):02d}" for _ in z],
    "seconds": lambda z, draw: 1_600_000_000 + draw.integers(0, 10**7, len(z)),
    "begins late": lambda z, draw: np.where(np.arange(len(z)) > 0.7 * len(z), z, np.nan),
    "once": lambda z, draw: np.where(np.arange(len(z)) == len(z) // 2, 1.0, 0.0),
    "who": lambda z, draw: draw.integers(0, max(2, len(z) // 4), len(z)),
    "gap words": lambda z, draw: np.where(
        draw.random(len(z)) < 0.3, draw.choice(["N/A", "-", "?", "null"], len(z)), np.round(z, 2).astype(str)
    ),
}
TARGETS = {
    "two": lambda z, draw: (z + draw.normal(0, 0.3, len(z)) > 0.3).astype(int),
    "words": lambda z, draw: np.where(z > 0, "good & cheap", "bad <b>"),
    "rare": lambda z, draw: (z > np.sort(z)[-4]).astype(int),
    "three": lambda z, draw: np.digitize(z + draw.normal(0, 0.2, len(z)), [-0.6, 0.6]),
    "many": lambda z, draw: [f"c{v}" for v in np.clip(np.round(2 * z + 4), 0, 8).astype(int)],
    "counts": lambda z, draw: draw.poisson(np.exp(np.clip(1 + z, None, 6))),
    "skewed": lambda z, draw: np.exp(2 * z + draw.normal(0, 0.2, len(z))),
    "value": lambda z, draw: 1e6 + z + draw.normal(0, 0.3, len(z)),
    "capped": lambda z, draw: np.minimum(z + 3, 4.0),
    "chance": lambda z, draw: draw.integers(0, 2, len(z)),
    "truth": lambda z, draw: z + draw.normal(0, 0.3, len(z)) > 0,
    "truth in words": lambda z, draw: np.where(z > 0, "yes", "no"),
    "one": lambda z, draw: [1] * len(z),
    "few": lambda z, draw: np.where(np.arange(len(z)) < 3, "rare", np.where(z > 0, "a", "b")),
    "share": lambda z, draw: 1 / (1 + np.exp(-3 * z)),
    "mostly zero": lambda z, draw: np.where(z > 0.8, np.exp(z), 0.0),
    "infinite": lambda z, draw: np.where(draw.random(len(z)) < 0.05, np.inf, z),
    "huge": lambda z, draw: 1e200 * (z + draw.normal(0, 0.2, len(z))),
    "negative": lambda z, draw: -np.exp(z) - 5,
    "date": lambda z, draw: pd.Timestamp("2021-01-01") + pd.to_timedelta(np.round(100 * z), unit="D"),
    "euros": lambda z, draw: [f"{v:,.2f} €" for v in 1000 * np.exp(z)],
}


@st.composite
def tables(draw):
    """Draw a table whose columns mostly tell of the target, in odd forms, with gaps, and the name of its target."""
    # one number, so that each table differs from the others in everything
    generator = np.random.default_rng(draw(st.integers(0, 2**64 - 1)))
    z = generator.normal(size=generator.choice(SIZES))
    kinds = generator.choice(list(COLUMNS), generator.integers(1, 8))
    names = generator.choice(NAMES, len(kinds) + 1, replace=False).tolist()
    # a column that says all of the target would end most runs at the search for leaks
    blurred = [z + generator.normal(0, generator.choice([0.3, 1.0]), len(z)) for _ in kinds]
    columns = [pd.Series(COLUMNS[kind](told, generator)) for kind, told in zip(kinds, blurred, strict=True)]
    for place in generator.choice(len(kinds), generator.integers(0, 3)):
        columns[place] = _with_gaps(columns[place], generator, generator.choice([0.1, 0.5, 0.95]))
    y = pd.Series(TARGETS[generator.choice(list(TARGETS))](z, generator))
    columns.append(_with_gaps(y, generator, generator.choice([0, 0, 0.1])))
    return pd.concat(columns, axis=1).set_axis(names, axis=1), names[-1]


def _with_gaps(column: pd.Series, generator, share: float) -> pd.Series:
    return column.astype(object).mask(generator.random(len(column)) < share) if share else column


@st.composite
def requests(draw):
    """Draw what is asked beside the table: which candidates, and at times a group, a split or a task."""
    more = draw(st.sampled_from([{}, {}, {}, {"strategy": "random"}, {"time_column": "none"}, {"task": "counts"}]))
    return {**QUICK, "candidates": draw(st.sampled_from(CANDIDATES)), **more, "by group": draw(st.integers(0, 3)) == 0}


def end_of(table: pd.DataFrame, target: str, asked) -> in_process.Outcome:
    """Take a table through all stages, also those after a refusal, as a person may by hand."""
    group = {"group_column": str(table.columns[0])} if asked["by group"] and table.shape[1] > 2 else {}
    given = {name: value for name, value in asked.items() if name != "by group"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = written(table, Path(folder))
        given |= {"data": str(path), "target": target, **group}
        return in_process.run(Path(folder) / "run", given, beyond_refusals=True)


def written(table: pd.DataFrame, folder: Path) -> Path:
    """Write a table to a file: to Parquet, in the types that it has, where that takes it, and every second one."""
    if len(table) % 2 and table.columns.is_unique:
        try:
            table.to_parquet(folder / "table.parquet", index=False)
            return folder / "table.parquet"
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


@pytest.fixture
def weighed_once(monkeypatch):
    """Take one figure for the memory of every model: measuring it needs a process of its own, half of all seconds."""
    monkeypatch.setattr(footprint, "memory", lambda model_file, X: 200.0)


@TRIED
@given(drawn=tables(), asked=requests())
def test_a_generated_table_comes_to_a_verdict_or_a_clear_refusal(weighed_once, drawn, asked):
    outcome = end_of(*drawn, asked)
    assert outcome.verdict == in_process.PASSED or len(outcome.message) > 30
    if outcome.verdict == in_process.UNUSABLE and outcome.seconds:
        assert any(words in outcome.message for words in FOUND_LATE)


def refusal_before_training(table: pd.DataFrame, target: str) -> str:
    """Read a table, agree on it, split and fold it; return in which words that was refused, if it was."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = str(written(table, Path(folder)))
        try:
            data.validate(path, target)
            found = data.read_table(path, target)
            names = {column["raw"]: column["name"] for column in found.spec["columns"]}
            contract = design.contract(path, found.table, names=names, target=target)
            goes_by = {name: contract[name] for name in ("time_column", "group_column", "target")}
            role = splitting.split(found.table, **goes_by, **contract["split"])
            folds.make(found.table[role == "train"], contract)
            train = found.table[role == "train"]
            assert census.of(train, census.frame(train, contract)).n_samples == len(train)
        except InputError as error:
            return str(error)
    left_out = found.findings.loc[found.findings["finding"] == "missing target", "n_cells"].sum()
    assert len(found.table) + left_out == len(table)
    return ""


@READ
@given(tables())
def test_five_hundred_generated_tables_are_read_agreed_on_and_split_or_refused_in_words(drawn):
    said = refusal_before_training(*drawn)
    assert not said or len(said) > 30
