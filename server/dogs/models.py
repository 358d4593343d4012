"""Dog teams and their approvals."""

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from presence.activity import DogPlace
from presence.ids import VolunteerId
from server.db import Base


class DogTeamRecord(Base):
    """A volunteer comes with a dog that has been tested and is insured."""

    __tablename__ = "dog_teams"

    volunteer_id: Mapped[VolunteerId] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    insured_until: Mapped[date]
    """Last day of the dog's insurance."""


class DogApproval(Base):
    """The team may go to such a place, up to and including a day."""

    __tablename__ = "dog_approvals"

    volunteer_id: Mapped[VolunteerId] = mapped_column(
        ForeignKey("dog_teams.volunteer_id"), primary_key=True
    )
    place: Mapped[DogPlace] = mapped_column(primary_key=True)
    until: Mapped[date]
