"""The views in the order of the page: each with its heading and a sentence on how to read it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lib import views, views_design, views_record


class Section(NamedTuple):
    """One view on a page: its place in the address, its heading, how to read it, and what makes it of a state."""

    slug: str
    title: str
    about: str
    blocks: Callable[[Mapping[str, Any]], list[views.Block]]


ALL = (
    Section(
        "performance",
        "Performance",
        "The blue line is measured where labels have come, with its 95 % interval; the dotted one is estimated without "
        "labels. A triangle is an alarm, a dotted upright line a retraining, a solid one a new champion. It would be "
        "alarming if the whole band lay under the contract's line.",
        views.performance,
    ),
    Section(
        "drift",
        "Drift",
        "How far each input of the newest window lies from the reference, the farthest first. A bar in orange moved "
        "beyond what was agreed. An input that moves matters most if the model goes by it.",
        lambda found: views.drift(found["latest"]),
    ),
    Section(
        "quality",
        "Data quality",
        "What the newest window's rows lack or have that they should not, and how the service answered.",
        lambda found: views.quality(found["latest"]),
    ),
    Section(
        "slices",
        "Slices",
        "The score of each group of rows that the contract names. One far behind the rest would be alarming.",
        lambda found: views.slices(found, found["latest"]),
    ),
    Section(
        "design",
        "Design",
        "What the model is for, what was agreed before it was made, and every verdict on it.",
        views_design.design,
    ),
    Section(
        "experiments",
        "Experiments",
        "The candidates on the same rows with their intervals, what the chosen one goes by, and whether its "
        "probabilities mean what they say.",
        views_design.experiments,
    ),
    Section(
        "cleaning",
        "Cleaning",
        "Which columns were left out and why, and how much the others say the same thing twice (VIF).",
        views_design.cleaning,
    ),
    Section(
        "decisions",
        "Decisions",
        "The log of who or what decided, when, and why. Rows are only ever added to it.",
        views_record.decisions,
    ),
    Section(
        "replay",
        "Replay",
        "The past gone through again as if live, under several policies of retraining, and what each cost and gained.",
        views_record.replay,
    ),
    Section(
        "runs", "Runs", "Every run, refused ones too, with its notebooks as they were executed.", views_record.runs
    ),
)
"""All views."""
