"""Log when codes can no longer be sent, and when they can again."""

from __future__ import annotations

import logging
import threading

from gatepass.center.context import Courier
from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import DeliveryError

logger = logging.getLogger("gatepass.center")


class WatchedCourier:
    """Passes codes to a courier, and logs each change between success and failure."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._lock = threading.Lock()
        self._problem = ""

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Deliver a text with the courier. Raises what the courier raises."""
        problem = ""
        try:
            self._courier.send_code(mobile, email, text)
        except DeliveryError as error:
            problem = str(error)
            raise
        finally:
            self._note(problem)

    def _note(self, problem: str) -> None:
        with self._lock:
            before, self._problem = self._problem, problem
        if problem and problem != before:
            logger.error("verification codes: %s", problem)
        elif before and not problem:
            logger.warning("verification codes: sending works again")
