"""``gatepass center``: the Request Center, served and kept."""
