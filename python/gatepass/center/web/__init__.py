"""The Request Center's pages and API.

A request passes `security` (headers, size), then `guard`, which looks up its route in the table of
`rules` and refuses senders that may not use it, then its page. `refusals` answers every error.
"""

from gatepass.center.web.app import make_app
from gatepass.center.web.warming import warm_up

__all__ = ["make_app", "warm_up"]
