"""The one outgoing connection, to robots and to whoever is asked for more about an event.

`transport` has the class, `connections` bounds what HTTP alone does not, and `apprise` sends through the Apprise
library.
"""

from posthouse.transport.connections import TOTAL_SECONDS
from posthouse.transport.transport import BODY_BYTES, REMEDIES, Transport

__all__ = ["BODY_BYTES", "REMEDIES", "TOTAL_SECONDS", "Transport"]
