"""``gatepass sign``, ``verify``, ``explain`` and ``samples``: Logons from files and logs."""
