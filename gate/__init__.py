"""What runs at the door: wire format, sealing, local store, decisions, faces, and the agent. Free of Django.

Nothing here imports another room; `access` imports `wire`, `sealing` and (in a worker) `faces`. This is the only
room that imports cv2, dlib or face_recognition, and it loads dlib on first use only, so that a web process
that imports `gate.wire` never carries four face models in memory.

Keeps, at the door:

- law 1: a card opens by itself; nothing here asks for a face where a card was shown.
- law 10: faces do not travel. Matching happens on the device, templates are sealed to it, no photo is ever
  written, sent or put in an event.
- law 12: "unknown" never becomes "complete". An erasure is reported only after the device has looked at its own
  disk and not found what it erased.
- law 13: a stale copy never stops a resident's card. Faces have an offline life, cards do not.
"""
