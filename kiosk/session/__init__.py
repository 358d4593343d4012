"""The kiosk's mind: what to do about what happened. It does nothing itself.

`table` is the theory of operation, `machine` the methods it names, the others what they need.
"""

from kiosk.session.machine import Session

__all__ = ["Session"]
