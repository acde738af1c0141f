"""The small model that ships with Reviewhub and answers without any key.

Term rules, deterministic judges and a calibrated linear classifier behind the same
protocol as any other model. `judge()` is in `judge.py`, the server in `server.py`.
"""

MODEL_NAME = "reviewhub-offline-1"
