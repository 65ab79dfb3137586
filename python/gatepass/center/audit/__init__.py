"""The audit log: written, chained, verified, and shown to those who may see it."""
