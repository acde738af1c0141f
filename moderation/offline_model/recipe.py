"""What a pipeline version with the offline model starts from.

The threshold is provisional: chosen by cross-validation on the shipped cases.
"""

from typing import Any

SUPPORTED_LANGUAGES = frozenset({"en", "id", "ms", "es", "de", "fr", "pl", "ro", "pt"})
OFFLINE_THRESHOLD = 0.8
OFFLINE_CALIBRATION: dict[str, Any] = {"method": "identity", "parameters": {}}
