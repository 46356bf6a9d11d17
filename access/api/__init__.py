"""What gates say and hear, under /api/gate/v1/. No sessions, no cookies: every request is signed by its device."""
