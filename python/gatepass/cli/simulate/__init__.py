"""``gatepass simulate``: a gateway to rehearse with."""
