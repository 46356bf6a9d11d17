"""What a door answers to the eye and the ear: a colour, and the name of a recording, for each reason (`gate.words`)."""

from gate import words
from gate.decide import Decision, Reason
from gate.drivers import Colour

# Beside an old controller that one answers, and two voices would contradict each other.
SILENT = {Reason.BESIDE}
# What is said without anybody having been decided on.
LOOKING, EXIT_OPEN = "looking", "exit_open"


def colour_of(decision: Decision) -> Colour | None:
    if decision.reason in SILENT:
        return None
    return Colour.GREEN if decision.open else words.of(decision.reason).light


def clip_of(decision: Decision) -> str | None:
    return None if decision.reason in SILENT else words.of(decision.reason).clip


def clips() -> tuple[str, ...]:
    """The name of every recording that a door may want, without its ending."""
    return (*(words.of(reason).clip for reason in Reason if reason not in SILENT), LOOKING, EXIT_OPEN)
