"""The gateway, and a QuickFIX acceptor beside it, under the same load."""
