"""Backups of the whole store, and how to restore them."""
