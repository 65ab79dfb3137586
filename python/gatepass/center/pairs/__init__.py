"""Firms, sessions and key pairs: generated, downloaded, deleted, expired, and read by gateways."""
