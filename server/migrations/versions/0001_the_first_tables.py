"""The first tables.

Revision 0001, the first.
Made on 2026-11-23
"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_record"), ["record"], unique=False)

    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "visit",
                "card",
                "volunteer",
                "assignment",
                "briefing",
                "house",
                "kiosk",
                "alert",
                "status_list",
                name="changekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("institution_id", sa.String(), nullable=True),
        sa.Column("volunteer_id", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("versions", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_table(
        "status_lists",
        sa.Column("list", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("list", name=op.f("pk_status_lists")),
    )
    op.create_table(
        "sun_reads",
        sa.Column("chip", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("presentation", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_uncertain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("chip", "counter", name=op.f("pk_sun_reads")),
    )
    op.create_table(
        "volunteers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("missing_courses", sa.String(), nullable=False),
        sa.Column("dog_team", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_institution_id", sa.String(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteers")),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "held_by",
            sa.Enum(
                "activity_leader",
                "chapter_admin",
                "district_officer",
                name="heldby",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_conversations_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index("ix_conversations_last", ["volunteer_id", "day"], unique=False)

    op.create_table(
        "dog_teams",
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("insured_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_dog_teams_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("volunteer_id", name=op.f("pk_dog_teams")),
    )
    op.create_table(
        "societies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("policy_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.id"], name=op.f("fk_societies_policy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_societies")),
    )
    op.create_table(
        "chapters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("society_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("leader_name", sa.String(), nullable=False),
        sa.Column("leader_phone", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["society_id"], ["societies.id"], name=op.f("fk_chapters_society_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chapters")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("society_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "blocking", "grace", "recommended", name="coursekind", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("required_from", sa.Date(), nullable=False),
        sa.Column("grace_days", sa.BigInteger(), nullable=False),
        sa.Column("validity_months", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["society_id"], ["societies.id"], name=op.f("fk_courses_society_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
    )
    with op.batch_alter_table("courses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_courses_society_id"), ["society_id"], unique=False)

    op.create_table(
        "dog_approvals",
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column(
            "place",
            sa.Enum(
                "walk",
                "common_room",
                "single_room",
                "home",
                name="dogplace",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["dog_teams.volunteer_id"], name=op.f("fk_dog_approvals_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("volunteer_id", "place", name=op.f("pk_dog_approvals")),
    )
    op.create_table(
        "institutions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("society_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("lowest_assurance", sa.BigInteger(), nullable=False),
        sa.Column("has_dogs", sa.Boolean(), nullable=False),
        sa.Column("night_asked", sa.Date(), nullable=True),
        sa.Column("briefing_major", sa.BigInteger(), nullable=True),
        sa.Column("briefing_minor", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["society_id"], ["societies.id"], name=op.f("fk_institutions_society_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institutions")),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("major", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_acknowledgements_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_acknowledgements_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_acknowledgements")),
    )
    with op.batch_alter_table("acknowledgements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_acknowledgements_volunteer_id"), ["volunteer_id"], unique=False
        )
        batch_op.create_index(
            "ix_acknowledgements_whose", ["institution_id", "volunteer_id"], unique=False
        )

    op.create_table(
        "assignments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("chapter_id", sa.String(), nullable=False),
        sa.Column(
            "activity",
            sa.Enum(
                "visit",
                "walk",
                "dog_visit",
                "song_hour",
                "reading",
                "cafe",
                "games",
                "vigil",
                name="activity",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chapter_id"], ["chapters.id"], name=op.f("fk_assignments_chapter_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_assignments_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_assignments_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assignments_institution_id"), ["institution_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_assignments_volunteer_id"), ["volunteer_id"], unique=False
        )

    op.create_table(
        "briefings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("major", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "superseded",
                name="briefingstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sections", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_briefings_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefings")),
        sa.UniqueConstraint(
            "institution_id",
            "language",
            "major",
            "minor",
            name=op.f("uq_briefings_institution_id_language_major_minor"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("chapter_id", sa.String(), nullable=False),
        sa.Column("list", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("cti", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "active",
                "suspended",
                "lost",
                "to_be_returned",
                "returned",
                "destroyed",
                "replaced",
                "excluded",
                name="cardstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapters.id"], name=op.f("fk_cards_chapter_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_cards_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("cti", name=op.f("uq_cards_cti")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cards_volunteer_id"), ["volunteer_id"], unique=False)
        batch_op.create_index("uq_cards_place", ["list", "index"], unique=True)

    op.create_table(
        "chapter_memberships",
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("chapter_id", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chapter_id"], ["chapters.id"], name=op.f("fk_chapter_memberships_chapter_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_chapter_memberships_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("volunteer_id", "chapter_id", name=op.f("pk_chapter_memberships")),
    )
    with op.batch_alter_table("chapter_memberships", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_chapter_memberships_chapter_id"), ["chapter_id"], unique=False
        )

    op.create_table(
        "courses_taken",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_courses_taken_course_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_courses_taken_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses_taken")),
        sa.UniqueConstraint(
            "volunteer_id",
            "course_id",
            "day",
            name=op.f("uq_courses_taken_volunteer_id_course_id_day"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("courses_taken", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_courses_taken_course_id"), ["course_id"], unique=False)

    op.create_table(
        "kiosks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silence_told", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_linked", sa.Boolean(), nullable=False),
        sa.Column("connection", sa.BigInteger(), nullable=True),
        sa.Column("link_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("program", sa.String(), nullable=True),
        sa.Column("uptime_ms", sa.BigInteger(), nullable=True),
        sa.Column("outbox_depth", sa.BigInteger(), nullable=True),
        sa.Column("oldest_entry_ms", sa.BigInteger(), nullable=True),
        sa.Column("parked", sa.BigInteger(), nullable=True),
        sa.Column("unreadable", sa.BigInteger(), nullable=True),
        sa.Column(
            "clock_trust",
            sa.Enum("synced", "rtc", "floor", name="clocktrust", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("readers", sa.String(), nullable=True),
        sa.Column("roster_issued", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lists_issued", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lists_refused", sa.BigInteger(), nullable=True),
        sa.Column("free_disk_mb", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_kiosks_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kiosks")),
    )
    with op.batch_alter_table("kiosks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_kiosks_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "standings",
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("activities", sa.String(), nullable=False),
        sa.Column("acknowledged_major", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column(
            "visit_state",
            sa.Enum(
                "open",
                "possible",
                "closed",
                "left_unknown",
                name="visitstate",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("arrived", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_arrival", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "doubt",
            sa.Enum(
                "sent_to_staff",
                "card_unclear",
                "forgotten",
                "elsewhere",
                name="doubt",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("doubted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_vigil", sa.Boolean(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_event", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_standings_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_standings_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "volunteer_id", name=op.f("pk_standings")),
    )
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_standings_volunteer_id"), ["volunteer_id"], unique=False
        )

    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "possible",
                "closed",
                "left_unknown",
                name="visitstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_arrival", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "doubt",
            sa.Enum(
                "sent_to_staff",
                "card_unclear",
                "forgotten",
                "elsewhere",
                name="doubt",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("doubted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_vigil", sa.Boolean(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_visits_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_visits_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("ix_visits_state", ["institution_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_visits_visit"), ["visit"], unique=False)
        batch_op.create_index(batch_op.f("ix_visits_volunteer_id"), ["volunteer_id"], unique=False)
        batch_op.create_index(
            "ix_visits_whose", ["institution_id", "volunteer_id", "began"], unique=False
        )

    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "refused",
                "left_in_doubt",
                "accepted_offline",
                "let_in_with_warning",
                "kiosk_silent",
                "still_here_at_night",
                name="alertkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "told",
            sa.Enum(
                "chapter",
                "institution",
                "other_home",
                "leader",
                name="tell",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "ok",
                "not_genuine",
                "unknown_card",
                "too_weak",
                "card_blocked",
                "paused",
                "elsewhere",
                "replayed",
                "not_yet_valid",
                "expired",
                "course_missing",
                "no_contact",
                name="reason",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("card_list", sa.BigInteger(), nullable=True),
        sa.Column("card_index", sa.BigInteger(), nullable=True),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("volunteer_id", sa.String(), nullable=True),
        sa.Column("chapter_id", sa.String(), nullable=True),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("told_home_id", sa.String(), nullable=True),
        sa.Column("kiosk_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapters.id"], name=op.f("fk_alerts_chapter_id")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_alerts_institution_id")
        ),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.id"], name=op.f("fk_alerts_kiosk_id")),
        sa.ForeignKeyConstraint(
            ["told_home_id"], ["institutions.id"], name=op.f("fk_alerts_told_home_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_alerts_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index("ix_alerts_card", ["card_list", "card_index", "at"], unique=False)
        batch_op.create_index("ix_alerts_chapter", ["chapter_id", "at"], unique=False)
        batch_op.create_index("ix_alerts_institution", ["institution_id", "at"], unique=False)

    op.create_table(
        "card_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state_before",
            sa.Enum(
                "ordered",
                "active",
                "suspended",
                "lost",
                "to_be_returned",
                "returned",
                "destroyed",
                "replaced",
                "excluded",
                name="cardstate",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "state_after",
            sa.Enum(
                "ordered",
                "active",
                "suspended",
                "lost",
                "to_be_returned",
                "returned",
                "destroyed",
                "replaced",
                "excluded",
                name="cardstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_card_events_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("card_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_events_card_id"), ["card_id"], unique=False)

    op.create_table(
        "chips",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("sun", "uid", name="chipkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_chips_card_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chips")),
        sa.UniqueConstraint("card_id", "kind", name=op.f("uq_chips_card_id_kind")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kiosk_id", sa.String(), nullable=True),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "arrived",
                "left",
                "briefing_acknowledged",
                "attempt_refused",
                "went_out",
                "came_back",
                "said_here",
                "said_gone",
                "let_in",
                name="eventkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("boot_ms", sa.BigInteger(), nullable=True),
        sa.Column("wall", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "trust",
            sa.Enum("synced", "rtc", "floor", name="clocktrust", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_uncertain", sa.Boolean(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=True),
        sa.Column("card_list", sa.BigInteger(), nullable=True),
        sa.Column("card_index", sa.BigInteger(), nullable=True),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
        sa.Column("is_vigil", sa.Boolean(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "known_to_us",
                "leader_agreed",
                "card_forgotten",
                "card_damaged",
                name="letinreason",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column(
            "basis",
            sa.Enum("live", "roster", name="basis", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_events_institution_id")
        ),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosks.id"], name=op.f("fk_events_kiosk_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_events_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_card", ["card_list", "card_index"], unique=False)
        batch_op.create_index("ix_events_who", ["volunteer_id", "at"], unique=False)
        batch_op.create_index(
            "ix_events_whose", ["institution_id", "volunteer_id", "at"], unique=False
        )

    op.create_table(
        "refused_attempts",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.String(), nullable=False),
        sa.Column("kiosk_id", sa.String(), nullable=False),
        sa.Column("volunteer_id", sa.String(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "ok",
                "not_genuine",
                "unknown_card",
                "too_weak",
                "card_blocked",
                "paused",
                "elsewhere",
                "replayed",
                "not_yet_valid",
                "expired",
                "course_missing",
                "no_contact",
                name="reason",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "basis",
            sa.Enum("live", "roster", name="basis", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_refused_attempts_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["kiosk_id"], ["kiosks.id"], name=op.f("fk_refused_attempts_kiosk_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_refused_attempts_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_refused_attempts")),
    )
    with op.batch_alter_table("refused_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_refused_attempts_where", ["institution_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("refused_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_refused_attempts_where")

    op.drop_table("refused_attempts")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_whose")
        batch_op.drop_index("ix_events_who")
        batch_op.drop_index("ix_events_card")

    op.drop_table("events")
    op.drop_table("chips")
    with op.batch_alter_table("card_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_events_card_id"))

    op.drop_table("card_events")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_institution")
        batch_op.drop_index("ix_alerts_chapter")
        batch_op.drop_index("ix_alerts_card")

    op.drop_table("alerts")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index("ix_visits_whose")
        batch_op.drop_index(batch_op.f("ix_visits_volunteer_id"))
        batch_op.drop_index(batch_op.f("ix_visits_visit"))
        batch_op.drop_index("ix_visits_state")

    op.drop_table("visits")
    with op.batch_alter_table("standings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_standings_volunteer_id"))

    op.drop_table("standings")
    with op.batch_alter_table("kiosks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kiosks_institution_id"))

    op.drop_table("kiosks")
    with op.batch_alter_table("courses_taken", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_courses_taken_course_id"))

    op.drop_table("courses_taken")
    with op.batch_alter_table("chapter_memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_chapter_memberships_chapter_id"))

    op.drop_table("chapter_memberships")
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.drop_index("uq_cards_place")
        batch_op.drop_index(batch_op.f("ix_cards_volunteer_id"))

    op.drop_table("cards")
    op.drop_table("briefings")
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignments_volunteer_id"))
        batch_op.drop_index(batch_op.f("ix_assignments_institution_id"))

    op.drop_table("assignments")
    with op.batch_alter_table("acknowledgements", schema=None) as batch_op:
        batch_op.drop_index("ix_acknowledgements_whose")
        batch_op.drop_index(batch_op.f("ix_acknowledgements_volunteer_id"))

    op.drop_table("acknowledgements")
    op.drop_table("institutions")
    op.drop_table("dog_approvals")
    with op.batch_alter_table("courses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_courses_society_id"))

    op.drop_table("courses")
    op.drop_table("chapters")
    op.drop_table("societies")
    op.drop_table("dog_teams")
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index("ix_conversations_last")

    op.drop_table("conversations")
    op.drop_table("volunteers")
    op.drop_table("sun_reads")
    op.drop_table("status_lists")
    op.drop_table("policies")
    op.drop_table("leases")
    op.drop_table("cursors")
    op.drop_table("changes")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_record"))

    op.drop_table("audit")
