"""``gatepass center``: serve and operate the Request Center."""
