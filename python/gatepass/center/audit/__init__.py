"""The audit log: write, chain, verify and read its entries."""
