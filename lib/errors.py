"""Everything that Cuaderno raises on purpose, and the exit status that each becomes.

::

    CuadernoError
    ├── InputError      2  wrong use or unusable input: nothing was started, or nothing more than was needed to see it
    │   └── OutOfSpace  2  a disk filled up while something was written
    ├── StageFailed     1  a notebook raised, died or ran out of time
    ├── GateRefused     3  a check that may stop the run did not pass
    └── BackToDesign    4  retraining does not help: the design has to change
"""


class CuadernoError(Exception):
    """Base of the errors whose message is meant for the user and needs no traceback."""

    exit_status = 1


class InputError(CuadernoError, ValueError):
    """Wrong use or unusable input, found before any work was started, or by the stage that cannot use it."""

    exit_status = 2


class OutOfSpace(InputError):
    """A disk filled up while something was written; what was finished is kept, and the next run goes on from there."""


class StageFailed(CuadernoError, RuntimeError):
    """A stage's notebook raised, its kernel died, or it ran out of time."""

    exit_status = 1


class GateRefused(CuadernoError):
    """A check with severity ``stop`` did not pass."""

    exit_status = 3


class BackToDesign(CuadernoError):
    """Retraining has not helped often enough that the design has to change."""

    exit_status = 4
