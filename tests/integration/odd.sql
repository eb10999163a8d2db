-- Names, types and checks that real schemas seldom have: what is generated from them has to hold all the same.
CREATE TYPE mood AS ENUM ('it''s "fine"', 'sad', '', 'a,b');
CREATE DOMAIN positive AS numeric(10,3) CHECK (VALUE > 0.5);
CREATE TABLE "Order Details" (
  "class" text NOT NULL, "default" integer NOT NULL, "new" bigint CHECK ("new" > 9007199254740993),
  "Größe (cm)" numeric(3,5), "1st" boolean, "weird ""quote""" varchar(30) CHECK ("weird ""quote""" ~ '^\w+/[\d\-\]]{2,}$'),
  PRIMARY KEY ("class", "default")
);
CREATE TABLE lonely (id serial PRIMARY KEY);
CREATE TABLE pair (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE log (at timestamptz, text text);
CREATE TABLE "таблица" ("ключ" text PRIMARY KEY, "значение" jsonb NOT NULL DEFAULT '{}');
CREATE TABLE map (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), promise interval NOT NULL, "symbol" bytea, error inet,
  moods mood[] NOT NULL, grid integer[][] , big bigint[] NOT NULL DEFAULT '{}', prices numeric(6,2)[],
  mood mood NOT NULL DEFAULT 'sad', price positive NOT NULL, ratio double precision CHECK (ratio BETWEEN 0 AND 1.5),
  level smallint NOT NULL CHECK (level IN (1, 2, 3)), starts time NOT NULL, ends time NOT NULL CHECK (ends <> '12:00'),
  opened timestamp, closed timestamptz CHECK (closed > '2020-01-01 00:00:00+00'),
  amount numeric(20,2) NOT NULL, paid numeric(20,2) NOT NULL DEFAULT 0,
  label varchar(30) NOT NULL CHECK (label <> '' AND label ~ '^[a-z]{2,4}(-[A-Z.]+)?$'),
  CHECK (starts < ends), CHECK (paid <= amount AND (closed IS NULL OR paid = amount)),
  CHECK (amount + 1 > paid * 2 OR label IS NOT NULL), CHECK (num_nonnulls(opened, closed) >= 1),
  CHECK (opened IS NULL OR opened < closed), CHECK (moods <@ ARRAY['sad']::mood[] OR char_length(label) > 3),
  CONSTRAINT "a very long name of a constraint, with ""quotes"" and so on, that nobody wants" CHECK (lower(label) <> upper(label) OR coalesce(paid, 0) > 3 OR level IN (1, 2) OR NOT (mood = 'sad' AND price > 100))
);
CREATE TABLE "select" (id bigint PRIMARY KEY, "function" integer REFERENCES lonely, "Order_class" text, "Order_default" integer,
  parent bigint REFERENCES "select", FOREIGN KEY ("Order_class", "Order_default") REFERENCES "Order Details");
CREATE TABLE tags (tag varchar(20) PRIMARY KEY CHECK (tag ~ '^[^\s/]+$'));
CREATE TABLE moments (at timestamptz, d date, price numeric(8,2), flag boolean, PRIMARY KEY (at, d, price, flag));
CREATE TABLE a_table_with_a_name_that_is_so_long_that_no_line_can_hold_it (id int PRIMARY KEY, a_column_with_a_name_that_is_so_long_that_no_line_can_hold_it varchar(100) NOT NULL CHECK (a_column_with_a_name_that_is_so_long_that_no_line_can_hold_it ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$'));
COMMENT ON TABLE lonely IS 'Ends a comment */ and goes on "here" with `ticks` ${x} for quite a while, so that it has to be wrapped.';
