"""`python -m gate.calibrate FOLDER --they-agreed-in-writing`: measure the threshold with this community's own volunteers.

FOLDER holds one folder for each volunteer with some photos of theirs, taken on different days. Each of them signed that their
photos are measured once, on this machine, and then deleted; the flag says that you hold those papers. Nothing of a photo is
kept: only counts are printed, and written where --report says. Delete the folder afterwards.
"""

import argparse
import sys
from pathlib import Path

from gate import calibrating


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if not options.they_agreed_in_writing:
        sys.stderr.write(
            "Whose photos these are must have agreed to this in writing: what is measured, that only counts are kept, and"
            " that the photos are deleted afterwards. If you hold their papers, say --they-agreed-in-writing.\n"
        )
        return 2
    try:
        found = calibrating.measure(options.folder)
    except (calibrating.CannotCalibrate, OSError) as error:
        sys.stderr.write(f"cannot calibrate: {error}\n")
        return 1
    rows = calibrating.table(found)
    suggested = calibrating.suggest(rows)
    sys.stdout.write("\n".join(calibrating.lines(found, rows, suggested)) + "\n")
    if options.report:
        calibrating.write(options.report, calibrating.report(found, rows, suggested))
    return 0 if suggested is not None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gate.calibrate", description=__doc__)
    parser.add_argument("folder", type=Path, help="one folder for each volunteer")
    parser.add_argument("--they-agreed-in-writing", action="store_true", help="you hold the papers")
    parser.add_argument("--report", type=Path, help="write counts and rates there, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
