"""Serves the application over HTTP/1.1, so that no one client takes all of it.

`gatepass.center.web.serving.server` puts the parts together: a `Door` that takes connections, the
`Guests` whom it lets in, and a protocol that ends requests that are too large or too slow.
"""
