"""Generated tables through the notebooks' own code: a verdict or a clear refusal, never anything else.

The suite takes five hundred as far as their contract, split and folds, and a few of them to the end; many more by hand,
which takes some seconds a table: ``CUADERNO_TABLES=500 uv run pytest tests/test_any_table.py -k verdict``.
"""

import os
import tempfile
import warnings
from pathlib import Path

import in_process
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lib import census, data, design, folds, splitting
from lib.errors import InputError

N_TABLES = int(os.environ.get("CUADERNO_TABLES", "5"))
TRIED = settings(
    max_examples=N_TABLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failing table is small already, and shrinking takes hours
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
READ = settings(TRIED, max_examples=500)
QUICK = {"candidates": "rule,linear,boosting", "search_trials": "1", "n_splits": "2", "diagnostic_rows": "200"}
NAMES = [
    "a",
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
}


@st.composite
def tables(draw):
    """Draw a table whose columns mostly tell of the target, in odd forms, with gaps, and the name of its target."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    z = generator.normal(size=draw(st.sampled_from([5, 31, 45, 120, 300, 400])))
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=6))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=len(kinds) + 1, max_size=len(kinds) + 1, unique=True))
    # a column that says all of the target would end most runs at the search for leaks
    blurred = [z + generator.normal(0, draw(st.sampled_from([0.1, 1.0])), len(z)) for _ in kinds]
    columns = [COLUMNS[kind](told, generator) for kind, told in zip(kinds, blurred, strict=True)]
    table = pd.DataFrame(dict(zip(names, columns, strict=False)))
    for name in draw(st.lists(st.sampled_from(names[:-1]), max_size=3)):
        table[name] = (
            table[name].astype(object).mask(generator.random(len(z)) < draw(st.sampled_from([0.1, 0.5, 0.95])))
        )
    target = pd.Series(TARGETS[draw(st.sampled_from(list(TARGETS)))](z, generator))
    gaps = generator.random(len(z)) < draw(st.sampled_from([0, 0, 0.1]))
    table[names[-1]] = target.astype(object).mask(gaps) if gaps.any() else target
    return table, names[-1]


def end_of(table: pd.DataFrame, target: str, **more) -> in_process.Outcome:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False)
        return in_process.run(Path(folder) / "run", {"data": str(path), "target": target, **QUICK, **more})


@TRIED
@given(tables())
def test_a_generated_table_comes_to_a_verdict_or_a_clear_refusal(drawn):
    outcome = end_of(*drawn)
    assert outcome.verdict in (in_process.PASSED, in_process.REFUSED, in_process.UNUSABLE)
    assert outcome.verdict == in_process.PASSED or len(outcome.message) > 30


def refusal_before_training(table: pd.DataFrame, target: str) -> str:
    """Read a table, agree on it, split and fold it; return in which words that was refused, if it was."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = str(Path(folder) / "table.csv")
        table.to_csv(path, index=False)
        try:
            data.validate(path, target)
            found = data.read_table(path, target)
            names = {column["raw"]: column["name"] for column in found.spec["columns"]}
            contract = design.contract(path, found.table, names=names, target=target)
            goes_by = {name: contract[name] for name in ("time_column", "group_column", "target")}
            role = splitting.split(found.table, **goes_by, **contract["split"])
            folds.make(found.table[role == "train"], contract)
        except InputError as error:
            return str(error)
    left_out = found.findings.loc[found.findings["finding"] == "missing target", "n_cells"].sum()
    assert len(found.table) + left_out == len(table)
    train = found.table[role == "train"]
    assert census.of(train, census.frame(train, contract)).n_samples == len(train)
    return ""


@READ
@given(tables())
def test_five_hundred_generated_tables_are_read_agreed_on_and_split_or_refused_in_words(drawn):
    said = refusal_before_training(*drawn)
    assert not said or len(said) > 30
