"""The clerks and sheets of the tests on paper, by name."""

from tests.consent.papers import at_home, back, carded, confirmed, due, quiet, second_clerk

__all__ = ["at_home", "back", "carded", "confirmed", "due", "quiet", "second_clerk"]
