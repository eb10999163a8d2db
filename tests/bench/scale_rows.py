"""The rows of the benchmarks of large tables: a school, its students, and rows of attendance for each of them."""

from __future__ import annotations

import psycopg
from psycopg import sql

SEARCHED_COLUMNS = ("full_name", "nickname", "nisn", "nis", "phone")
# The text of a student that the application by hand searches, and the index that it would have made for it.
SEARCHED = "full_name || ' ' || coalesce(nickname, '') || ' ' || nisn || ' ' || nis || ' ' || coalesce(phone, '')"
SEARCH_INDEX = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX by_hand_search ON students USING gin (({SEARCHED}) gin_trgm_ops)",
)

SCHOOL = """
INSERT INTO schools (npsn, name, level, address, province, city)
    VALUES ('12345678', 'SMA Negeri 1', 'SMA', 'Jl. Merdeka 1', 'Jawa Barat', 'Bandung')
"""
# Names come from lists of different lengths, so that all combinations appear; one in ten thousand has a rare one.
STUDENTS = """
INSERT INTO students (school_id, nisn, nis, nik, full_name, gender, birth_place, birth_date, religion, address, phone,
                      email, distance_km, hobbies, admitted_on, status)
    SELECT 1, to_char(n, 'FM0000000000'), 'S' || to_char(n, 'FM00000000'), to_char(n, 'FM0000000000000000'),
           (ARRAY['Putri', 'Budi', 'Siti', 'Agus', 'Dewi', 'Rizky', 'Ayu', 'Andi', 'Fitri', 'Eko', 'Maya'])[n % 11 + 1]
           || ' ' || CASE WHEN n % 10000 = 0 THEN 'Zulkarnaen' ELSE
           (ARRAY['Wijaya', 'Santoso', 'Lestari', 'Pratama', 'Hidayat', 'Siregar', 'Nugroho'])[n % 7 + 1] END,
           (ARRAY['L', 'P']::gender[])[n % 2 + 1], 'Bandung', DATE '2008-01-01' + (n % 1000)::int,
           (ARRAY['islam', 'kristen', 'katolik', 'hindu', 'buddha']::religion[])[n % 5 + 1], 'Jl. Merdeka ' || n,
           '+62812' || to_char(n, 'FM00000000'), 's' || n || '@example.com', (n % 300) / 10.0, ARRAY['membaca'],
           DATE '2023-07-01', (ARRAY['active', 'active', 'active', 'graduated']::student_status[])[n % 4 + 1]
    FROM generate_series(1, {rows}) AS n
"""
ATTENDANCE = """
INSERT INTO attendance (student_id, class_id, attendance_date, status, check_in, created_at)
    SELECT n, n / 30 + 1, DATE '2024-01-01' + day,
           (ARRAY['hadir', 'hadir', 'sakit']::attendance_status[])[(n + day) % 3 + 1],
           TIME '07:00', TIMESTAMP '2024-01-01 07:00' AT TIME ZONE 'UTC' + day * INTERVAL '1 day'
    FROM generate_series(0, {days} - 1) AS day, generate_series(1, {rows}) AS n
"""


def fill(database: str, rows: int, days: int = 10) -> bool:
    """Fill the migrated tables; return whether searches can be compared, which needs the extension `pg_trgm`.

    Each of `rows` students has attendance on each of `days` days. Foreign keys are not checked while rows are added:
    the classes of the attendance are missing.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '256MB'")
        connection.execute(SCHOOL)
        connection.execute(sql.SQL(STUDENTS).format(rows=sql.Literal(rows)))
        connection.execute(sql.SQL(ATTENDANCE).format(rows=sql.Literal(rows), days=sql.Literal(days)))
        found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
        if found:
            for statement in SEARCH_INDEX:
                connection.execute(statement)
        connection.execute("VACUUM ANALYZE")
    return found is not None
