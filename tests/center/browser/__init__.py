"""The Request Center in a real browser.

A package of its own, so that the browser lives as long as these tests and no longer.
"""
