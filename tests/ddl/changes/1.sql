-- A choir, as it began.
CREATE TYPE voice AS ENUM ('soprano', 'alto', 'bass');
CREATE TYPE size AS ENUM ('small', 'large');
CREATE DOMAIN code AS text CONSTRAINT code_check CHECK (length(VALUE) >= 2);

CREATE TABLE choirs (
    id     serial CONSTRAINT choirs_pk PRIMARY KEY,
    title  varchar(20) NOT NULL,
    size   size NOT NULL DEFAULT 'small',
    code   code,
    note   text,
    CONSTRAINT choirs_title_key UNIQUE (title)
);

CREATE TABLE singers (
    id        integer GENERATED ALWAYS AS IDENTITY CONSTRAINT singers_pk PRIMARY KEY,
    nick      varchar(50) NOT NULL,
    voice     voice NOT NULL DEFAULT 'alto',
    voices    voice[] NOT NULL DEFAULT '{}',
    age       integer,
    fee       numeric(10,4),
    token     uuid,
    extra     jsonb NOT NULL DEFAULT '{}',
    joined_at timestamptz NOT NULL DEFAULT now(),
    choir_id  integer CONSTRAINT singers_choir_fk REFERENCES choirs (id),
    leader_id integer CONSTRAINT singers_leader_fk REFERENCES singers (id) ON DELETE CASCADE,
    shout     text GENERATED ALWAYS AS (upper(nick)) STORED,
    CONSTRAINT singers_age_check CHECK (age > 3)
);
CREATE INDEX singers_bass_idx ON singers (nick) WHERE voice = 'bass';
CREATE INDEX singers_lower_idx ON singers (lower(nick));
COMMENT ON TABLE singers IS 'Who sings.';
COMMENT ON COLUMN singers.nick IS 'As the others call them; it''s short: a, b';

CREATE TABLE attendances (
    singer_id integer NOT NULL CONSTRAINT attendances_singer_fk REFERENCES singers (id) ON DELETE CASCADE,
    held_on   date NOT NULL,
    remark    varchar(30),
    CONSTRAINT attendances_pk PRIMARY KEY (singer_id, held_on)
);

CREATE TABLE rumours (
    id   integer CONSTRAINT rumours_pk PRIMARY KEY,
    text text NOT NULL
);
