"""Access: gates, devices, credentials, rules, enrolment, and the API that gates poll.

Keeps laws 1, 2, 3, 10 and 13: no gate is biometric-only, no rule can mention a kind of credential, no biometric row
exists without standing, faces go sealed to one device, and nobody is locked out.
"""
