"""The database as every part of the server opens it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.db import writing


def test_an_error_does_not_repeat_what_was_to_be_written(engine: sa.Engine) -> None:
    statement = sa.text("INSERT INTO volunteers (first_name) VALUES (:name)")
    with writing(engine) as session, pytest.raises(DBAPIError) as error:
        session.execute(statement, {"name": "Astrid"})
    assert "Astrid" not in str(error.value)
