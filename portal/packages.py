"""`pip check`, save for the one complaint that is known. `python -m portal.packages` in `make check`."""

from __future__ import annotations

import subprocess
import sys

# face_recognition asks for `dlib` by name; `dlib-bin` provides the module (see requirements-overrides.txt).
KNOWN = frozenset({"face-recognition 1.3.0 requires dlib, which is not installed."})


def complaints(said: str) -> list[str]:
    """What is neither known nor the line that says all is well; and what is known but no longer said."""
    lines = {line.strip() for line in said.splitlines() if line.strip()}
    unknown = sorted(lines - KNOWN - {"No broken requirements found."})
    return unknown + [f"no longer said, so take it off the list: {line}" for line in sorted(KNOWN - lines)]


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = complaints(done.stdout + done.stderr)
    sys.stdout.write("\n".join(found or ["Packages fit together, aside from the known override."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
