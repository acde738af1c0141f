"""Tests: their tree mirrors the code's, and each name is a sentence."""
