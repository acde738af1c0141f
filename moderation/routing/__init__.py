"""Auto-approve or ask: guardrails, calibrated confidence, threshold."""
