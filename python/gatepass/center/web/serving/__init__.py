"""Serves the application over HTTP/1.1, within bounds, so that no client can take all of it.

`gatepass.center.web.serving.server` puts the parts together: a `Door` that accepts connections, the
`Guests` that it lets in, and a protocol that ends requests that are too large or too slow.
"""
