import itertools
import re

import boards
import histories
import pytest

from lib import database, decisions, drawing, figures, markup, overview, sections, twin, views
from lib.decisions import Decision


@pytest.fixture(scope="session")
def page(full_store):
    return twin.page(overview.read(full_store), {})


def test_the_page_needs_nothing_from_elsewhere_and_holds_no_script(page):
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    outside = {link for link in links if not link.startswith(("data:", "#"))}
    assert all(link.endswith("/report.html") for link in outside)
    assert "<script" not in page and "default-src 'none'" in page


def test_every_view_is_there_with_its_heading_and_the_navigation_leads_to_each(page):
    for section in sections.ALL:
        assert f'<section class="view" id="{section.slug}"' in page and f'href="#{section.slug}"' in page


def test_every_picture_is_described(page):
    assert len(re.findall("<svg", page)) == len(re.findall(r'<svg[^>]+aria-label="[^"]+"', page)) > 8


def test_the_page_of_every_state_is_made_and_small(empty, tmp_path):
    for put in (lambda made: made, boards.refused, boards.fresh):
        assert put(empty) and 1000 < len(twin.write(empty).read_text(encoding="utf-8")) < 1_000_000


def test_two_years_of_daily_windows_stay_under_five_megabytes(empty):
    histories.two_years(empty)
    histories.a_replay(empty)
    assert twin.write(empty).stat().st_size < 5_000_000


def test_another_model_has_a_page_of_its_own_that_leads_back(full):
    decisions.record(database.connect(full.store), Decision("promotion", "prices/2", "Better.", to_version=1))
    assert 'href="model-prices-2.html"' in twin.write(full).read_text(encoding="utf-8")
    assert 'href="index.html"' in (full.reports / "model-prices-2.html").read_text(encoding="utf-8")


def test_what_the_database_says_is_shown_and_never_obeyed(full):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    decisions.record(database.connect(full.store), Decision("rollback", histories.MODEL, evil, to_version=1))
    boards.change_windows(full, in_words=evil)
    text = twin.write(full).read_text(encoding="utf-8")
    assert "<script" not in text and "<img" not in text and "&lt;script&gt;" in text


def test_a_folder_that_cannot_be_written_is_said_and_ends_nothing(full):
    (full.reports / twin.INDEX).mkdir()
    assert "could not be written" in twin.refresh(full)


def test_a_table_is_saved_whole_and_no_cell_of_it_is_a_formula():
    table = views.Table("t", ("a", "b"), [["=1+1", views.Link("run", "page")], [-1.5, None]])
    assert markup.as_csv(table).splitlines() == ["a,b", "'=1+1,run", "-1.5,"]


def test_html_in_a_model_card_is_shown_and_not_obeyed():
    found = markup.markdown("# Card\n\n<b onclick=x>bold</b>")
    assert "<h3>Card</h3>" in found and "<b" not in found


def test_every_figure_is_one_that_plotly_accepts(full_store):
    import plotly.graph_objects as go

    found = overview.read(full_store)
    drawn = [b.figure for section in sections.ALL for b in section.blocks(found) if isinstance(b, views.Picture)]
    assert len(drawn) >= 9
    for figure in drawn:
        go.Figure({"data": figure["data"], "layout": figure["layout"]})


def test_a_decision_outside_the_windows_is_not_drawn():
    window = {"start": "2026-01-01", "end": "2026-01-02", "measured": None, "alarms": []}
    told = {"estimated": {"value": 0.7}, **window}
    promoted = {"kind": "promotion", "to_version": 2}
    drawn = figures.performance(
        [told], [{**promoted, "at": "2025-01-01T00:00"}, {**promoted, "at": "2026-01-01T05:00"}], None, "auc"
    )
    assert len(drawn["layout"]["shapes"]) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "True"),
        (166054, "166,054"),
        (0.123456, "0.1235"),
        (3.0, "3"),
        (2000.0, "2,000"),
        ("a", "a"),
        (1e-9, "1e-09"),
    ],
)
def test_values_are_shown_as_a_person_reads_them(value, text):
    assert markup.short(value) == text


@pytest.mark.parametrize(
    ("edges", "n", "names"),
    [
        ([0, 1, 2], 2, ["0 to 1", "1 to 2"]),
        ([1, 2], 3, ["under 1", "1 to 2", "2 or more"]),
        ([5], 2, ["under 5", "5 or more"]),
        ([], 1, ["all"]),
    ],
)
def test_bins_are_named_by_their_edges_whether_or_not_the_outer_ones_are_closed(edges, n, names):
    side = {"edges": edges, "shares": [1 / n] * n}
    entry = {"column": "a", "in_words": "It moved.", "reference": side, "current": side}
    found = views.distribution({"drift": [entry]}, "a")
    assert found[1].figure["data"][0]["x"] == names
    assert twin.drawing.svg(found[1].figure, "words").count("<rect") >= 2 * n


def test_the_labels_under_a_figure_do_not_run_into_each_other(full_store):
    latest = overview.read(full_store)["latest"]
    entry = next(each for each in latest["drift"] if each["kind"] == "numeric")
    drawn = drawing.svg(figures.distribution(entry), "")
    labels = [(float(x), text) for x, text in re.findall(r'<text x="([\d.]+)"[^>]*>([^<]+ to [^<]+)</text>', drawn)]
    assert len(labels) > 3
    for (left, first), (right, second) in itertools.pairwise(labels):
        assert right - left > 3.5 * (len(first) + len(second))
