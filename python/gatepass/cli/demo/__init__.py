"""``gatepass demo``: a short tour of gatepass."""
