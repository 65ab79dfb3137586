"""gatepass inside existing FIX engines."""
