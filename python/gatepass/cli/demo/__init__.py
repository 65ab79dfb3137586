"""``gatepass demo``: a story that runs all of it."""
