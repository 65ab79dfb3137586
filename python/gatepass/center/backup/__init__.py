"""Backups of the whole store, and the way back."""
