"""Streams, messages, progress, signals, and how a run of the command ends."""
