"""The listing-quality standards (policy section 8) as pure, deterministic code."""
