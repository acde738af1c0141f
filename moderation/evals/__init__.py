"""Labelled cases through the true pipeline, scored."""
