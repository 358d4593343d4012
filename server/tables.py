"""All tables, for whoever needs the whole schema: migrations and tests."""

from server import audit, changes, leases
from server.briefings import models as briefings
from server.cards import models as cards
from server.courses import models as courses
from server.db import Base
from server.dogs import models as dogs
from server.institutions import models as institutions
from server.kiosks import models as kiosks
from server.notices import models as notices
from server.people import models as people
from server.policies import models as policies
from server.visits import models as visits

__all__ = [
    "audit",
    "briefings",
    "cards",
    "changes",
    "courses",
    "dogs",
    "institutions",
    "kiosks",
    "leases",
    "metadata",
    "notices",
    "people",
    "policies",
    "visits",
]

metadata = Base.metadata
