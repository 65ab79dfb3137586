"""``gatepass simulate``: a gateway for rehearsals."""
