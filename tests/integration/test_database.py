"""The database as every part of the server opens it."""

import traceback

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.db import writing


def test_an_error_does_not_repeat_what_was_to_be_written(engine: sa.Engine) -> None:
    name = "Astrid"
    statement = sa.text("INSERT INTO volunteers (first_name) VALUES (:name)")
    with writing(engine) as session, pytest.raises(DBAPIError) as error:
        session.execute(statement, {"name": name})
    assert name not in "".join(traceback.format_exception(error.value))
