"""gatepass inside engines that people already run."""
