"""The Request Center in a real browser.

Its own package, so that the browser runs only during these tests.
"""
