"""The Request Center's pages and API.

A request passes `security` (headers, size), then `guard`, which looks the route up in the table
of `rules` and refuses whoever may not use it, then its page. `refusals` answers every error.
"""

from gatepass.center.web.app import make_app
from gatepass.center.web.warming import warm_up

__all__ = ["make_app", "warm_up"]
