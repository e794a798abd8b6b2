"""Whether a page was made whole: a notebook's error comes with the status 200, so that the text has to be read."""

import json
import re
from typing import NamedTuple

READY, FAILED = 'data-cuaderno="ready"', 'data-cuaderno="failed"'
SOURCE = re.compile(r"Traceback \(most recent call last\)|There was an error when executing cell")


class Verdict(NamedTuple):
    """Whether the page is as it should be, and if not why."""

    healthy: bool
    why: str


def of(status: int, text: str) -> Verdict:
    """Return the verdict on an answer of the server."""
    if status != 200:
        return Verdict(False, f"the page answers with status {status}")
    if FAILED in text or SOURCE.search(text):
        return Verdict(False, "the notebook raised an error, though the status is 200")
    if READY not in text:
        return Verdict(False, "the page ends before its last cell")
    return Verdict(True, "")


def kernel_of(text: str) -> str:
    """Return the kernel behind a page, so that it can be ended; nothing if there is none."""
    found = re.search(r'"kernelId":\s*"([\w-]+)"', text)
    return found[1] if found else ""


def told(verdict: Verdict) -> str:
    """Return a verdict for programs."""
    return json.dumps(verdict._asdict())
