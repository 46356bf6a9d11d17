"""What feeds this device just now, as Linux tells it. What it does not tell is not known: never guessed."""

from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")
MAINS, BATTERY, UNKNOWN = "mains", "battery", "unknown"
_LINES = {"Mains", "USB", "UPS", "Wireless"}


def feeding(supplies: Path = SUPPLIES) -> str:
    """Any line that is on feeds it; a battery that is being drawn from does, where no line is."""
    lines: list[bool] = []
    drawn = False
    try:
        found = sorted(supplies.iterdir())
    except OSError:
        return UNKNOWN
    for supply in found:
        kind = _read(supply / "type")
        if kind in _LINES and (online := _read(supply / "online")) in ("0", "1"):
            lines.append(online == "1")
        drawn = drawn or (kind == "Battery" and _read(supply / "status") == "Discharging")
    if any(lines):
        return MAINS
    return BATTERY if drawn or lines else UNKNOWN


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
