"""The supervisor with make-believe children: its own conduct is under test, not theirs. `pretend.py <var> [sickly]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from portal import processes, supervisor

VAR = Path(sys.argv[1])
WEB = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"ok": true, "database": {"ok": true}}')
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
# With a child of its own, as a forking worker has.
WORKER = "import os, time; os.fork(); time.sleep(600)"
# As soon as it is told to, by a file in the folder.
DYING = """
import pathlib, sys, time
while not (pathlib.Path(sys.argv[-1]) / "die").exists():
    time.sleep(0.05)
sys.exit('the last words')
"""


def named(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments, str(VAR)]


processes.web = lambda *, port, host: named(WEB, str(port))  # type: ignore[misc,assignment]
processes.gates = lambda *, port, host: named(WEB, str(port))  # type: ignore[misc,assignment]
processes.worker = lambda: named(DYING if "sickly" in sys.argv else WORKER)  # type: ignore[misc,assignment]
processes.beat = lambda: named(WORKER)  # type: ignore[misc,assignment]
supervisor.Supervisor._prepare = lambda self: None  # type: ignore[method-assign]
os.environ["LINMEN_VAR"] = str(VAR)
sys.exit(supervisor.main())
