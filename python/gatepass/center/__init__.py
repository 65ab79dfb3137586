"""The Request Center: a service that issues, downloads, rotates and deletes key pairs.

Needs the extra ``center``: ``pip install 'gatepass[center]'``.
"""
