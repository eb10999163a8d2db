"""The school schema on a real PostgreSQL: it loads completely, and its rules are enforced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

SCHOOL_SQL = Path(__file__).parents[2] / "plans" / "school.sql"

Values = dict[str, Any]

# For every table the values it cannot do without. A value @table is the key of that table's one row.
REQUIRED: dict[str, Values] = {
    "schools": {
        "npsn": "20104001",
        "name": "SMP Negeri 1 Bandung",
        "level": "SMP",
        "address": "Jl. Merdeka 1",
        "city": "Bandung",
        "province": "Jawa Barat",
    },
    "subjects": {"school_id": "@schools", "code": "MTK-7", "name": "Matematika"},
    "classes": {"school_id": "@schools", "name": "VII-A", "grade_level": 7, "academic_year": "2025/2026"},
    "students": {
        "school_id": "@schools",
        "nisn": "0123456789",
        "nis": "25001",
        "full_name": "Siti Rahma",
        "gender": "P",
        "birth_place": "Bandung",
        "birth_date": "2012-03-04",
        "religion": "islam",
        "address": "Jl. Asia Afrika 2",
    },
    "teachers": {
        "school_id": "@schools",
        "nik": "3273010101800001",
        "full_name": "Budi Santoso",
        "gender": "L",
        "birth_date": "1980-01-01",
        "religion": "kristen",
        "email": "Budi@sekolah.sch.id",
        "phone": "+628123456789",
    },
    "parents": {
        "school_id": "@schools",
        "nik": "3273010101820002",
        "full_name": "Dewi Lestari",
        "relation": "ibu",
        "gender": "P",
        "phone": "08123456789",
    },
    "admins": {
        "school_id": "@schools",
        "full_name": "Agus Salim",
        "gender": "L",
        "position": "Bendahara",
        "email": "agus@sekolah.sch.id",
    },
    "class_teachers": {"class_id": "@classes", "teacher_id": "@teachers"},
    "enrollments": {"student_id": "@students", "class_id": "@classes"},
    "subject_teachers": {"subject_id": "@subjects", "teacher_id": "@teachers", "academic_year": "2025/2026"},
    "class_subjects": {"class_id": "@classes", "subject_id": "@subjects", "semester": "ganjil"},
    "schedules": {
        "class_subject_id": "@class_subjects",
        "day": "senin",
        "start_time": "07:00",
        "end_time": "08:20",
    },
    "attendance": {"student_id": "@students", "class_id": "@classes"},
    "grade_components": {
        "class_subject_id": "@class_subjects",
        "name": "Sumatif 1",
        "assessment_type": "sumatif_materi",
        "weight": 40,
    },
    "grades": {"grade_component_id": "@grade_components", "student_id": "@students", "score": 80},
    "p5_projects": {
        "school_id": "@schools",
        "title": "Bank Sampah",
        "theme": "gaya_hidup_berkelanjutan",
        "dimensions": "{kreatif,mandiri}",
        "phase": "D",
        "academic_year": "2025/2026",
        "semester": "ganjil",
        "starts_on": "2025-08-01",
        "ends_on": "2025-10-31",
    },
    "p5_enrollments": {"project_id": "@p5_projects", "student_id": "@students"},
    "p5_assessments": {
        "p5_enrollment_id": "@p5_enrollments",
        "dimension": "kreatif",
        "element": "Menghasilkan gagasan",
        "achievement": "BSH",
    },
    "fees": {
        "school_id": "@schools",
        "name": "SPP",
        "fee_type": "spp",
        "academic_year": "2025/2026",
        "amount": "350000.00",
    },
    "fee_payments": {
        "fee_id": "@fees",
        "student_id": "@students",
        "invoice_number": "INV-202507-0001",
        "amount_due": "350000.00",
    },
    "announcements": {"school_id": "@schools", "title": "Libur", "body": "Sekolah libur."},
    "events": {
        "school_id": "@schools",
        "title": "Upacara",
        "starts_at": "2025-08-17 07:00+07",
        "ends_at": "2025-08-17 09:00+07",
    },
    "documents": {
        "school_id": "@schools",
        "document_type": "ijazah",
        "title": "Ijazah SD",
        "file_name": "ijazah.pdf",
        "size_bytes": 1024,
    },
    "user_accounts": {
        "school_id": "@schools",
        "username": "siti.rahma",
        "email": "siti@sekolah.sch.id",
        "password_hash": "$2b$12$abcdefghijklmnopqrstuv",
        "role": "student",
    },
}

NATIONAL_IDS = [
    ("schools", "npsn", 8),
    ("students", "nisn", 10),
    ("students", "nik", 16),
    ("teachers", "nip", 18),
    ("teachers", "nuptk", 16),
    ("teachers", "nik", 16),
    ("parents", "nik", 16),
    ("admins", "nip", 18),
]

# What a second row of these tables must not share with the first, besides the column in question.
SECOND_ROW: dict[str, Values] = {
    "schools": {"npsn": "20104002"},
    "students": {"nisn": "0123456780", "nis": "25002"},
    "teachers": {"nik": "3273010101800003", "email": "guru@sekolah.sch.id"},
    "parents": {"nik": "3273010101820004"},
    "admins": {"email": "admin@sekolah.sch.id"},
}

# Every CHECK over several columns: values that break it, and values next to them that do not.
CROSS_COLUMN: dict[str, tuple[str, Values, Values]] = {
    "classes_capacity_not_exceeded_check": (
        "classes",
        {"capacity": 30, "current_students": 31},
        {"capacity": 30, "current_students": 30},
    ),
    "students_born_before_admission_check": (
        "students",
        {"birth_date": "2020-07-01", "admitted_on": "2020-07-01"},
        {"birth_date": "2020-06-30", "admitted_on": "2020-07-01"},
    ),
    "students_graduation_order_check": (
        "students",
        {"admitted_on": "2025-07-01", "graduated_on": "2025-07-01"},
        {"admitted_on": "2025-07-01", "graduated_on": "2025-07-02"},
    ),
    "teachers_asn_has_nip_check": (
        "teachers",
        {"employment_status": "PPPK"},
        {"employment_status": "PPPK", "nip": "198001012005011001"},
    ),
    "teachers_born_before_hiring_check": (
        "teachers",
        {"birth_date": "2000-01-01", "hired_on": "2000-01-01"},
        {"birth_date": "2000-01-01", "hired_on": "2000-01-02"},
    ),
    "teachers_employment_order_check": (
        "teachers",
        {"hired_on": "2020-01-02", "left_on": "2020-01-01"},
        {"hired_on": "2020-01-02", "left_on": "2020-01-02"},
    ),
    "class_teachers_assignment_order_check": (
        "class_teachers",
        {"assigned_on": "2025-07-02", "released_on": "2025-07-01"},
        {"assigned_on": "2025-07-02", "released_on": "2025-07-02"},
    ),
    "enrollments_stay_order_check": (
        "enrollments",
        {"enrolled_on": "2025-07-02", "left_on": "2025-07-01"},
        {"enrolled_on": "2025-07-02", "left_on": "2025-07-02"},
    ),
    "schedules_time_order_check": (
        "schedules",
        {"start_time": "08:00", "end_time": "08:00"},
        {"start_time": "08:00", "end_time": "08:01"},
    ),
    "schedules_effective_order_check": (
        "schedules",
        {"effective_from": "2025-07-01", "effective_until": "2025-07-01"},
        {"effective_from": "2025-07-01", "effective_until": "2025-12-31"},
    ),
    "attendance_time_order_check": (
        "attendance",
        {"check_in": "13:00", "check_out": "07:00"},
        {"check_in": "07:00", "check_out": "13:00"},
    ),
    "grades_remedial_helps_check": (
        "grades",
        {"score": 60, "remedial_score": 59},
        {"score": 60, "remedial_score": 60},
    ),
    "p5_projects_date_order_check": (
        "p5_projects",
        {"starts_on": "2025-08-01", "ends_on": "2025-08-01"},
        {"starts_on": "2025-08-01", "ends_on": "2025-08-02"},
    ),
    "fees_late_fee_below_amount_check": (
        "fees",
        {"amount": 100, "late_fee": 100},
        {"amount": 100, "late_fee": "99.99"},
    ),
    "fee_payments_not_overpaid_check": (
        "fee_payments",
        {"amount_due": 100, "amount_paid": "100.01"},
        {"amount_due": 100, "amount_paid": 100},
    ),
    "fee_payments_paid_has_proof_check": (
        "fee_payments",
        {"status": "paid", "paid_at": "2025-07-05 10:00+07"},
        {"status": "paid", "paid_at": "2025-07-05 10:00+07", "method": "qris"},
    ),
    "announcements_published_has_date_check": (
        "announcements",
        {"status": "published"},
        {"status": "published", "published_at": "2025-07-05 10:00+07"},
    ),
    "announcements_expiry_order_check": (
        "announcements",
        {"published_at": "2025-07-05 10:00+07", "expires_at": "2025-07-05 10:00+07"},
        {"published_at": "2025-07-05 10:00+07", "expires_at": "2025-07-06 10:00+07"},
    ),
    "admins_not_own_supervisor_check": (
        "admins",
        {"id": 900, "supervisor_id": 900},
        {"id": 900, "supervisor_id": None},
    ),
    "events_time_order_check": (
        "events",
        {"starts_at": "2025-08-17 07:00+07", "ends_at": "2025-08-17 00:00+00"},  # the same moment
        {"starts_at": "2025-08-17 07:00+07", "ends_at": "2025-08-17 00:01+00"},
    ),
    "events_capacity_not_exceeded_check": (
        "events",
        {"capacity": 2, "registered_count": 3},
        {"registered_count": 3},
    ),
    "documents_one_owner_check": (
        "documents",
        {"student_id": "@students", "teacher_id": "@teachers"},
        {"student_id": "@students"},
    ),
    "documents_validity_order_check": (
        "documents",
        {"issued_on": "2025-07-01", "expires_on": "2025-07-01"},
        {"issued_on": "2025-07-01", "expires_on": "2025-07-02"},
    ),
    "user_accounts_owner_has_role_check": (
        "user_accounts",
        {"role": "parent", "student_id": "@students"},
        {"role": "student", "student_id": "@students"},
    ),
}


class School:
    """The loaded schema with one row in every table, seen from one transaction."""

    def __init__(self, connection: psycopg.Connection, keys: dict[str, Any]) -> None:
        self.connection = connection
        self.keys = keys  # of the one row of each table

    def add(self, table: str, **values: Any) -> Any:
        """Add a row of the required values, changed by `values`; return its first column, the key."""
        row = {
            column: self.keys[value[1:]] if isinstance(value, str) and value.startswith("@") else value
            for column, value in (REQUIRED[table] | values).items()
        }
        # Text for every value: PostgreSQL casts it to the column's type, as it does for a form's fields.
        statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Literal(None if value is None else str(value)) for value in row.values()),
        )
        added = self.connection.execute(statement).fetchone()
        assert added is not None
        return added[0]

    def clear(self, table: str) -> None:
        """Delete the table's one row, and the rows that belong to it."""
        self.connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table)))

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query.encode()).fetchall()

    def one(self, query: str) -> Any:
        """Return the only value of a query."""
        [(value,)] = self.all(query)
        return value


@pytest.fixture(scope="module")
def filled_school(postgres_server: PostgresServer) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a database with one row in every table, and the keys of these rows."""
    with postgres_server.new_database() as url:
        keys: dict[str, Any] = {}
        with psycopg.connect(url) as connection:
            connection.execute(SCHOOL_SQL.read_bytes())
            school = School(connection, keys)
            for table in REQUIRED:
                keys[table] = school.add(table)
        yield url, keys


@pytest.fixture
def school(filled_school: tuple[str, dict[str, Any]]) -> Iterator[School]:
    """A school for one test; the changes of the test are undone."""
    url, keys = filled_school
    with psycopg.connect(url) as connection:
        yield School(connection, keys)
        connection.rollback()


def test_school_sql_loads_in_one_script_without_error_or_notice(postgres_database: str) -> None:
    notices: list[str | None] = []
    with psycopg.connect(postgres_database) as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        connection.execute(SCHOOL_SQL.read_bytes())
    assert notices == []


def test_school_sql_has_the_24_tables_and_one_view(school: School) -> None:
    relations = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = '{}'"
    assert {name for (name,) in school.all(relations.format("r"))} == set(REQUIRED)
    assert len(REQUIRED) == 24
    assert school.all(relations.format("v")) == [("rapor",)]


def test_every_table_takes_a_row_of_only_what_it_requires(school: School) -> None:
    """In the order of REQUIRED, so that no two tables can require each other."""
    for table in REQUIRED:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        assert school.connection.execute(query).fetchone() == (1,), table
    required = school.all(
        """
        SELECT table_name::text, array_agg(column_name::text ORDER BY column_name)
        FROM information_schema.columns
        WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
        GROUP BY table_name
        """
    )
    assert {table: sorted(values) for table, values in REQUIRED.items()} == dict(required)


def test_enums_are_about_twenty_all_used_and_mostly_shared(school: School) -> None:
    users = dict(
        school.all(
            """
            SELECT t.typname::text, count(DISTINCT c.oid) FROM pg_type AS t
            LEFT JOIN pg_attribute AS a ON a.atttypid IN (t.oid, t.typarray)
            LEFT JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
            WHERE t.typtype = 'e' GROUP BY t.typname
            """
        )
    )
    assert 18 <= len(users) <= 22
    assert [name for name, tables in users.items() if tables == 0] == []
    assert sum(tables > 1 for tables in users.values()) >= len(users) / 2


def test_columns_cover_the_types_that_generators_must_know(school: School) -> None:
    types = {
        name
        for (name,) in school.all(
            """
            SELECT DISTINCT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
            JOIN pg_class AS c ON c.oid = a.attrelid
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
            """
        )
    }
    assert types >= {
        "bigint",
        "boolean",
        "character varying(50)[]",
        "character(1)",
        "date",
        "day_of_week[]",
        "integer",
        "integer[]",
        "jsonb",
        "numeric(12,2)",
        "smallint",
        "text",
        "text[]",
        "time without time zone",
        "timestamp with time zone",
        "uuid",
    }


def test_keys_are_of_every_kind(school: School) -> None:
    identities = dict(
        school.all("SELECT attidentity::text, count(*) FROM pg_attribute WHERE attidentity <> '' GROUP BY 1")
    )
    assert identities == {"a": 21, "d": 1}
    composite = school.all(
        """
        SELECT conrelid::regclass::text FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'p' AND cardinality(conkey) > 1
        """
    )
    assert composite == [("class_teachers",)]
    assert school.one("SELECT pg_typeof(id)::text FROM documents") == "uuid"
    school.add("schools", id=77, npsn="20104077")  # BY DEFAULT: an imported school keeps its id
    with pytest.raises(errors.GeneratedAlways):
        school.connection.execute(
            "INSERT INTO subjects (id, school_id, code, name) SELECT 77, id, 'IPA', 'IPA' FROM schools"
        )


def test_json_columns_are_all_named_metadata(school: School) -> None:
    names = school.all(
        """
        SELECT column_name::text, count(*) FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'jsonb' GROUP BY 1
        """
    )
    assert names == [("metadata", 12)]


@pytest.mark.parametrize(("table", "column", "digits"), NATIONAL_IDS, ids=str)
def test_national_id_takes_its_digits_and_nothing_else(school: School, table: str, column: str, digits: int) -> None:
    right = "9876543210987654321"[:digits]
    school.clear(table)
    for wrong in ("", right[:-1], right[:-1] + "X", right[:-1] + " ", "A" * digits):
        with pytest.raises(errors.CheckViolation) as caught, school.connection.transaction():
            school.add(table, **{column: wrong})
        assert caught.value.diag.constraint_name == f"{table}_{column}_check"
    with pytest.raises(errors.StringDataRightTruncation), school.connection.transaction():
        school.add(table, **{column: right + "1"})
    school.add(table, **{column: right})


@pytest.mark.parametrize(("table", "column", "digits"), NATIONAL_IDS, ids=str)
def test_national_id_belongs_to_one_row_only(school: School, table: str, column: str, digits: int) -> None:
    right = "9876543210987654321"[:digits]
    school.clear(table)
    school.add(table, **{column: right})
    with pytest.raises(errors.UniqueViolation) as caught:
        school.add(table, **(SECOND_ROW[table] | {column: right}))
    assert caught.value.diag.constraint_name == f"{table}_{column}_key"


def test_cross_column_checks_are_all_tried_below(school: School) -> None:
    checks = school.all(
        "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND cardinality(conkey) > 1 ORDER BY 1"
    )
    assert [name for (name,) in checks] == sorted(CROSS_COLUMN)


@pytest.mark.parametrize("check", CROSS_COLUMN)
def test_cross_column_check_rejects_and_accepts(school: School, check: str) -> None:
    table, wrong, right = CROSS_COLUMN[check]
    school.clear(table)
    with pytest.raises(errors.CheckViolation) as caught, school.connection.transaction():
        school.add(table, **wrong)
    assert caught.value.diag.constraint_name == check
    school.add(table, **right)


def test_homeroom_teacher_must_exist_and_is_forgotten_when_deleted(school: School) -> None:
    with pytest.raises(errors.ForeignKeyViolation) as caught, school.connection.transaction():
        school.connection.execute("UPDATE classes SET homeroom_teacher_id = 999")
    assert caught.value.diag.constraint_name == "classes_homeroom_teacher_id_fkey"

    school.connection.execute("UPDATE classes SET homeroom_teacher_id = %s", [school.keys["teachers"]])
    school.connection.execute("DELETE FROM teachers")
    assert school.one("SELECT homeroom_teacher_id FROM classes") is None


def test_homeroom_teacher_has_one_class_a_year(school: School) -> None:
    teacher = school.keys["teachers"]
    school.add("classes", name="VII-B", homeroom_teacher_id=teacher)
    school.add("classes", name="VII-B", homeroom_teacher_id=teacher, academic_year="2026/2027")
    with pytest.raises(errors.UniqueViolation) as caught:
        school.add("classes", name="VII-C", homeroom_teacher_id=teacher)
    assert caught.value.diag.constraint_name == "classes_homeroom_teacher_id_academic_year_idx"


def test_primary_parent_must_exist_and_is_forgotten_when_deleted(school: School) -> None:
    with pytest.raises(errors.ForeignKeyViolation) as caught, school.connection.transaction():
        school.connection.execute("UPDATE students SET primary_parent_id = 999")
    assert caught.value.diag.constraint_name == "students_primary_parent_id_fkey"

    school.connection.execute("UPDATE students SET primary_parent_id = %s", [school.keys["parents"]])
    school.connection.execute("DELETE FROM parents")
    assert school.one("SELECT primary_parent_id FROM students") is None


def test_deleting_an_owner_takes_what_is_meaningless_without_it(school: School) -> None:
    school.connection.execute("DELETE FROM p5_projects")
    assert school.one("SELECT count(*) FROM p5_enrollments") == 0
    assert school.one("SELECT count(*) FROM p5_assessments") == 0


def test_student_with_payments_cannot_be_deleted(school: School) -> None:
    for table in ("grades", "enrollments"):
        school.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    with pytest.raises(errors.RestrictViolation) as caught:
        school.connection.execute("DELETE FROM students")
    assert caught.value.diag.constraint_name == "fee_payments_student_id_fkey"


def test_student_has_one_active_enrollment(school: School) -> None:
    other = school.add("classes", name="VII-B")
    school.add("enrollments", class_id=other, status="withdrawn")
    with pytest.raises(errors.UniqueViolation) as caught:
        school.connection.execute("UPDATE enrollments SET status = 'active'")
    assert caught.value.diag.constraint_name == "enrollments_student_id_active_idx"


def test_attendance_is_one_row_a_day_and_one_a_lesson(school: School) -> None:
    school.add("attendance", schedule_id="@schedules")
    with pytest.raises(errors.UniqueViolation) as caught, school.connection.transaction():
        school.add("attendance", schedule_id="@schedules")
    assert caught.value.diag.constraint_name == "attendance_student_id_attendance_date_schedule_id_key"
    with pytest.raises(errors.UniqueViolation) as caught:
        school.add("attendance")
    assert caught.value.diag.constraint_name == "attendance_student_id_whole_day_idx"


def test_email_of_an_account_is_unique_in_any_case(school: School) -> None:
    with pytest.raises(errors.UniqueViolation) as caught:
        school.add("user_accounts", username="siti2", email="SITI@sekolah.sch.id")
    assert caught.value.diag.constraint_name == "user_accounts_lower_email_idx"


def test_updated_at_moves_with_every_update(school: School) -> None:
    tables = [
        table
        for (table,) in school.all(
            "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'updated_at'"
        )
    ]
    assert len(tables) == 20
    for table in tables:
        name = sql.Identifier(table)
        school.connection.execute(sql.SQL("UPDATE {} SET updated_at = '2001-01-01'").format(name))
        moved = sql.SQL("SELECT updated_at = now() FROM {}").format(name)
        assert school.connection.execute(moved).fetchone() == (True,), table


def test_final_score_is_computed_and_cannot_be_given(school: School) -> None:
    assert school.one("SELECT final_score FROM grades") == 80
    school.connection.execute("UPDATE grades SET remedial_score = 85")
    assert school.one("SELECT final_score FROM grades") == 85
    with pytest.raises(errors.GeneratedAlways):
        school.connection.execute("UPDATE grades SET final_score = 100")


def test_rapor_weighs_the_components(school: School) -> None:
    exam = school.add("grade_components", name="Sumatif akhir", assessment_type="sumatif_akhir", weight=60)
    school.add("grades", grade_component_id=exam, score=70)
    student, subject = school.keys["students"], school.keys["subjects"]
    [row] = school.all("SELECT student_id, subject_id, semester::text, score, is_passed FROM rapor")
    assert row == (student, subject, "ganjil", 74, False)  # (80 * 40 + 70 * 60) / 100, and 75 passes


def test_every_reference_has_an_index(school: School) -> None:
    bare = school.all(
        """
        SELECT conname::text FROM pg_constraint AS k WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index AS i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]
        )
        """
    )
    assert bare == []


def test_every_table_says_what_it_is(school: School) -> None:
    silent = school.all(
        """
        SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND obj_description(oid, 'pg_class') IS NULL
        """
    )
    assert silent == []
