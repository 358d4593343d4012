"""What Alembic runs. The connection comes from whoever asks for the migration."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from server.db import UtcTime
from server.tables import metadata


def render(_kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Migrations name the column types of the database, not classes of ours that may change."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
