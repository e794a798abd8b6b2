import pytest
import streams

from lib import findings, monitoring, plots_monitoring


@pytest.fixture(scope="module")
def windows():
    shifted = streams.rows(300, 6, lambda table, generator: table.assign(wind=table["wind"] + 1))
    parts = [streams.window(rows) for rows in (streams.rows(300, 5), shifted)]
    return [
        monitoring.assess(streams.known(), *part, start=f"2024-0{number}-01") for number, part in enumerate(parts, 1)
    ]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in [ax.title, *ax.texts, *ax.get_xticklabels()]]


def test_scores_show_each_window_measured_and_estimated_over_the_band_of_before(windows):
    drawn = plots_monitoring.scores(findings.scores(windows), streams.known()["score"], "Scores")
    assert drawn.axes[0].get_ylabel() == "roc_auc"
    assert {"2024-01-01", "2024-02-01"} <= set(texts(drawn))
    assert len(drawn.legends[0].get_texts()) == 3


def test_only_effects_beyond_what_they_are_judged_by_have_their_number(windows):
    table = findings.effects(windows)
    drawn = plots_monitoring.effects(table, "Effects")
    assert len(drawn.axes[0].texts) == int((table >= 1).sum().sum()) >= 1


def test_distributions_say_which_columns_have_drifted(windows):
    drawn = plots_monitoring.distributions(windows[1]["drift"], "Then and now", most=2)
    assert drawn.axes[0].get_title("left") == "wind has drifted"
    assert len(drawn.axes) == 2


def test_nothing_to_show_is_a_figure_that_says_so():
    assert plots_monitoring.distributions([], "Then and now").axes[0].get_title("left") == "nothing"


def test_tables_of_windows_without_labels_or_service_are_empty_and_keep_their_columns(windows):
    bare = [{**windows[0], "performance": None, "checked": None, "service": None, "slices": [], "quality": []}]
    assert list(findings.estimates(bare)) == ["estimated", "low", "high", "measured", "held"]
    assert list(findings.service(bare)) == ["n", "errors", "p50_ms", "p95_ms"]
    assert findings.slices(bare[0], streams.known()).empty and findings.quality(bare[0]).empty
    assert findings.overview(bare).loc["2024-01-01", "labelled"] == 0


def test_a_table_puts_each_estimate_beside_the_truth(windows):
    assert findings.estimates(windows)["held"].tolist() == [window["checked"]["held"] for window in windows]
    assert findings.slices(windows[0], streams.known())["held_out"].notna().all()
