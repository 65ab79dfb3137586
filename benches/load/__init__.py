"""The gateway and a QuickFIX acceptor under the same load."""
