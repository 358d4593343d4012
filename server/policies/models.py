"""The policies as they were read at the last start."""

from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class KeptPolicy(Base):
    """One society's policy. `versions` is a JSON list of `presence.policy.Policy`, oldest first."""

    __tablename__ = "policies"

    id: Mapped[str] = mapped_column(primary_key=True)
    """What its file calls the society, such as "NO"."""
    versions: Mapped[str]
