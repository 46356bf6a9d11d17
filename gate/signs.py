"""What a door answers to the eye and the ear: a colour, and the name of a recording, for each reason."""

from gate.decide import Decision, Reason
from gate.drivers import Colour

# Try again, wait, or show something else: nobody was turned away for good.
_AMBER = {
    Reason.KEYPAD_WAITS,
    Reason.AMBIGUOUS_FACE,
    Reason.NO_FACE,
    Reason.SEVERAL_FACES,
    Reason.UNREADABLE_CARD,
    Reason.UNREADABLE_CODE,
    Reason.UNREADABLE_PHOTO,
    Reason.UNREADABLE_PIN,
}
# Beside an old controller that one answers, and two voices would contradict each other.
SILENT = {Reason.BESIDE}
# What is said without anybody having been decided on.
LOOKING, EXIT_OPEN = "looking", "exit_open"


def colour_of(decision: Decision) -> Colour | None:
    if decision.reason in SILENT:
        return None
    if decision.open:
        return Colour.GREEN
    return Colour.AMBER if decision.reason in _AMBER else Colour.RED


def clip_of(decision: Decision) -> str | None:
    return None if decision.reason in SILENT else decision.reason.value


def clips() -> tuple[str, ...]:
    """The name of every recording that a door may want, without its ending."""
    return (*(reason.value for reason in Reason if reason not in SILENT), LOOKING, EXIT_OPEN)
