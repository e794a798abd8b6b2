"""The views of the dashboard and of its static twin, as blocks of words, pictures and tables.

A view is made from what `overview.read` found, and knows neither widgets nor pages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lib import figures
from lib.health import day


class Link(NamedTuple):
    """A cell of a table that leads to a page."""

    text: str
    page: str


@dataclass(frozen=True)
class Words:
    """A paragraph; `kind` is ``"note"`` for what is said in place of something that is not there."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, with a sentence for those who cannot see it."""

    figure: figures.Figure
    words: str


@dataclass(frozen=True)
class Table:
    """Rows under headings, with the name of the file that they can be saved as."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Markdown:
    """A text with headings, as the model card."""

    text: str


Block = Words | Picture | Table | Markdown


def performance(found: Mapping[str, Any], *, last_days: int = 0, version: int = 0) -> list[Block]:
    """Return the score over time with what was decided, the versions side by side, and predictions by day.

    Parameters
    ----------
    found : mapping
        As `overview.read` returns it.
    last_days : int
        How much of the past to show; 0 for all.
    version : int
        Whose windows; 0 for all.
    """
    windows = chosen(found["windows"], last_days, version)
    design = found["dossier"]["design"]
    if not windows:
        none = AWAY if found["latest"].get("away") else NO_WINDOWS
        return [Words(none, "note"), *_versions(found), *_volume(found["daily"], last_days)]
    words = _performance_words(windows)
    drawn = figures.performance(windows, found["decisions"], design.get("threshold"), design.get("metric", "score"))
    unlabelled = [] if any(w["measured"] for w in windows) else [Words(NO_LABELS, "note")]
    one_class = [Words(ONE_CLASS, "note")] if _one_class(windows) else []
    return [
        Words(words),
        *unlabelled,
        *one_class,
        Picture(drawn, words),
        Table("windows", WINDOW_COLUMNS, [_window_row(window) for window in reversed(windows)]),
        *_versions(found),
        *_volume(found["daily"], last_days),
    ]


AWAY = "The database cannot be read, so nobody can say here what it holds."
NO_WINDOWS = "No window was looked at yet: `uv run pipeline.py monitor` compares what was predicted with the reference."
NO_LABELS = (
    "No labels have come for these windows, so the score is estimated. `uv run pipeline.py labels --data TABLE` adds "
    "them when they arrive."
)
ONE_CLASS = "Some windows have labels of one class only; a score that ranks two classes cannot be measured on them."
WINDOW_COLUMNS = ("window", "version", "predictions", "measured", "low", "high", "estimated", "alarms", "in words")


def drift(latest: Mapping[str, Any], feature: str = "") -> list[Block]:
    """Return the inputs of a window ranked by how far they moved, and one of them now against the reference."""
    entries = latest.get("drift") or []
    if not entries:
        return [Words(AWAY if latest.get("away") else "Nothing was compared with the reference yet.", "note")]
    moved = [entry["column"] for entry in entries if entry["drifted"]]
    words = f"{len(moved)} of {len(entries)} inputs moved: {', '.join(moved[:5])}." if moved else "No input moved."
    ranked = figures.ranking(
        [entry["column"] for entry in entries],
        [entry["effect"] for entry in entries],
        "How far each input moved",
        "effect size",
        marked=moved,
    )
    table = Table("drift", DRIFT_COLUMNS, [[entry.get(name) for name in DRIFT_KEYS] for entry in entries])
    return [Words(words), Picture(ranked, words), *distribution(latest, feature or entries[0]["column"]), table]


DRIFT_COLUMNS = ("input", "kind", "measure", "effect", "p-value", "moved", "in words")
DRIFT_KEYS = ("column", "kind", "measure", "effect", "p_value", "drifted", "in_words")


def features(latest: Mapping[str, Any]) -> list[str]:
    """Return what a distribution can be shown of: the inputs, the most moved first, and the prediction."""
    entries = [*(latest.get("drift") or []), *([latest["prediction"]] if latest.get("prediction") else [])]
    return [entry["column"] for entry in entries]


def distribution(latest: Mapping[str, Any], feature: str) -> list[Block]:
    """Return one column's distribution now against the reference, in words and picture."""
    entries = [*(latest.get("drift") or []), *([latest["prediction"]] if latest.get("prediction") else [])]
    entry = next((each for each in entries if each["column"] == feature), None)
    if entry is None or not entry.get("reference") or not entry.get("current"):
        return [Words(f"Of {feature}, no distribution was kept.", "note")]
    return [Words(entry["in_words"]), Picture(figures.distribution(entry), entry["in_words"])]


def quality(latest: Mapping[str, Any]) -> list[Block]:
    """Return what is wrong with the data of a window, and how the service did."""
    if not latest or latest.get("away"):
        return [Words(AWAY if latest else "The data of no window were looked at yet.", "note")]
    findings, service = latest.get("quality") or [], latest.get("service")
    rows = [[each["column"], each["finding"], each["n"], each["share"]] for each in findings]
    table = Table("quality", ("column", "finding", "rows", "share"), rows)
    served = [
        Words(
            f"Service: {service['n']:,} requests, {service['errors']:,} errors; half were answered within "
            f"{service['p50_ms']:.1f} ms, 95 % within {service['p95_ms']:.1f} ms."
        )
    ] if service else []  # fmt: skip
    return [table if rows else Words("Nothing is wrong with the data of this window.", "note"), *served]


def slices(found: Mapping[str, Any], latest: Mapping[str, Any], column: str = "") -> list[Block]:
    """Return the score of each slice, in the newest window or, without one, on the test rows."""
    rows = slice_rows(found, latest)
    shown = [row for row in rows if not column or row["column"] == column]
    if not shown:
        return [Words("The contract names no slices: `-p slices=COLUMN` makes the gates look at each group.", "note")]
    design = found["dossier"]["design"]
    named = [
        {**row, "name": f"{row['column']} = {row['value']}", "value": row["score"]} for row in shown if row["score"]
    ]
    origin = "in this window" if latest.get("slices") else "on the test rows"
    title = f"{design.get('metric', 'score').replace('_', ' ')} of each slice {origin}"
    drawn = figures.intervals(named, title, design.get("metric", "score"), design.get("threshold"))
    cells = [[row["column"], row["value"], row["n"], row["score"], row["low"], row["high"]] for row in shown]
    return [Picture(drawn, title), Table("slices", ("column", "value", "rows", "score", "low", "high"), cells)]


def slice_rows(found: Mapping[str, Any], latest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the slices of the newest window, or those of the evaluation."""
    tested = found["dossier"]["evaluation"].get("slices") or []
    return latest.get("slices") or [{**row, "n": row.get("n_samples")} for row in tested]


def chosen(windows: Sequence[Mapping[str, Any]], last_days: int = 0, version: int = 0) -> list[Mapping[str, Any]]:
    """Return the windows of the last days, counted back from the newest, and of one version."""
    mine = [window for window in windows if not version or window["model_version"] == version]
    if not last_days or not mine:
        return mine
    return [window for window in mine if window["start"] >= _days_before(mine[-1]["end"], last_days)]


def _days_before(moment: str, days: int) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(moment[:19]) - timedelta(days=days)).isoformat()


def _versions(found: Mapping[str, Any]) -> list[Block]:
    tested = [run for run in found["versions"] if run["test"]]
    if not tested:
        return []
    rows = [{"name": _version_name(run), **run["test"]} for run in tested]
    title = "Versions on the test rows that each was judged by"
    drawn = figures.intervals(rows, title, tested[0]["metric"], found["dossier"]["design"].get("threshold"))
    cells = [
        [_version_name(run), run["chosen"], run["test"].get("value"), run["test"].get("low"), run["test"].get("high"),
         _mean(found["windows"], run["version"]), day(str(run["trained_until"] or "")),
         page_of(run["run_id"], found["pages"])]
        for run in tested
    ]  # fmt: skip
    columns = ("version", "candidate", "test score", "low", "high", "mean measured in use", "trained until", "run")
    return [Picture(drawn, title), Table("versions", columns, cells)]


def _version_name(run: Mapping[str, Any]) -> str:
    return f"version {run['version']}{' (champion)' if run['is_champion'] else ''}"


def _mean(windows: Iterable[Mapping[str, Any]], version: int) -> float | None:
    values = [w["measured"]["value"] for w in windows if w["model_version"] == version and w["measured"]]
    return sum(values) / len(values) if values else None


def _volume(daily: Sequence[Mapping[str, Any]], last_days: int) -> list[Block]:
    shown = list(daily[-last_days:] if last_days else daily)
    if not shown:
        return []
    n = sum(row["n"] for row in shown)
    labelled = sum(row["n_labelled"] for row in shown)
    words = (
        f"{n:,} predictions on {len(shown):,} days, {labelled / n:.0%} of them with labels." if n else "No prediction."
    )
    return [Words(words), Picture(figures.volume(shown), words)]


def _performance_words(windows: Sequence[Mapping[str, Any]]) -> str:
    alarmed = sum(bool(window["alarms"]) for window in windows)
    first, last = day(windows[0]["start"]), day(windows[-1]["end"])
    counted = "1 window" if len(windows) == 1 else f"{len(windows):,} windows"
    return f"{counted} from {first} to {last}, {alarmed or 'none'} with an alarm."


def _one_class(windows: Sequence[Mapping[str, Any]]) -> bool:
    return any(window["performance"] and not window["measured"] for window in windows)


def _window_row(window: Mapping[str, Any]) -> list[Any]:
    measured, estimated = window["measured"] or {}, window["estimated"] or {}
    span = f"{window['start'][:10]} to {window['end'][:10]}"
    alarms = ", ".join(alarm.get("name", "") for alarm in window["alarms"])
    scores = [measured.get("value"), measured.get("low"), measured.get("high"), estimated.get("value")]
    return [span, window["model_version"], window["n"], *scores, alarms, window["in_words"]]


def page_of(run_id: str, pages: Mapping[str, str]) -> str | Link:
    """Return a run with a link to its page, if it has one."""
    return Link(run_id, pages[run_id]) if run_id in pages else run_id
