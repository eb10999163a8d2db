"""Plausible values for columns, selected by the words in their names: the first matching line of a table applies.

A pattern is matched with `table.column`, then with the column's comment in place of its name. Words are separated by
`_` or `.`. The values are proposals: the types, lengths, patterns and rules of the columns decide what is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from faker import Faker

Text = Callable[[Faker], str]
Item = TypeVar("Item")

_PUPIL = r"(?:student|pupil|child|children|kid)s?"
_PERSON = (
    r"(?:student|pupil|teacher|parent|guardian|user|customer|staff|employee|author|actor|admin|person|people|member"
    r"|contact|driver|patient|doctor|sender|receiver|account)s?(?:_account)?s?"
)


def _province(fake: Faker) -> str:
    """Return a state or province, or a city in locales without them."""
    return str(fake.state() if hasattr(fake, "state") else fake.city())


def _school_year(fake: Faker) -> str:
    first = fake.random_int(2019, 2025)
    return f"{first}/{first + 1}"


def _password_hash(fake: Faker) -> str:
    """Return what has the form of a hash and belongs to no password: computing one takes long."""
    return f"$argon2id$v=19$m=65536,t=3,p=4${fake.pystr(22, 22)}${fake.pystr(43, 43)}"


TEXTS: tuple[tuple[str, Text], ...] = (
    (r"e?_?mails?|emailaddress", lambda fake: fake.email()),
    (r"phones?|mobile|fax|telephone|cell|whatsapp|homephone", lambda fake: fake.phone_number()),
    (r"urls?|website|homepage|links?|uri", lambda fake: fake.url()),
    (r"user_?agent", lambda fake: fake.user_agent()),
    (r"ip|ip_address|ip_addr|remote_addr", lambda fake: fake.ipv4()),
    (r"host|hostname|domain", lambda fake: fake.domain_name()),
    (r"mac|mac_address", lambda fake: fake.mac_address()),
    (r"mime|mime_type|content_type|media_type", lambda _: "application/pdf"),
    (r"file|file_?name|filename|attachment", lambda fake: fake.file_name(extension="pdf")),
    (r"path|file_path|photopath|storage_key", lambda fake: fake.file_path(depth=2, extension="pdf")),
    (r"passw(?:or)?d_(?:hash|digest)|hashed_passw(?:or)?d", _password_hash),
    (r"passw(?:or)?d|hash|digest|checksum|secret|token|fingerprint", lambda fake: fake.sha256()),
    (r"uuid|guid|gid", lambda fake: fake.uuid4()),
    (r"user_?name|login|nick|screen_name", lambda fake: fake.user_name()),
    (r"first_?name|given_name|forename|nickname", lambda fake: fake.first_name()),
    (r"last_?name|surname|family_name", lambda fake: fake.last_name()),
    (r"(?:full|contact|principal|display|ship|billing|father|mother|guardian|recipient)_?name",
     lambda fake: fake.name()),
    (r"title_before|prefix|salutation|title_of_courtesy|titleofcourtesy", lambda fake: fake.prefix()),
    (r"title_after|suffix", lambda fake: fake.suffix()),
    (r"homeroom|author|composer|signed_by|recipient", lambda fake: fake.name()),
    (r"school(?:s)?\.name|school_name", lambda fake: f"{fake.last_name()} {fake.city()}"),
    (rf"{_PERSON}\.name", lambda fake: fake.name()),
    (r"company|company_?name|organi[sz]ation|publisher|manufacturer|supplier|employer|brand|workplace",
     lambda fake: fake.company()),
    (r"job|occupation|profession|position|job_?title|contact_?title", lambda fake: fake.job()),
    (r"country_?code|nationality", lambda fake: fake.country_code()),
    (r"country|country\.name", lambda fake: fake.country()),
    (r"city|town|birth_?place|place_of_birth|municipality|city\.name", lambda fake: fake.city()),
    (r"province|state|region", _province),
    (r"post(?:al)?_?code|zip|zip_?code", lambda fake: fake.postcode()),
    (r"street|address2?|address_?line|home_address", lambda fake: fake.street_address()),
    (r"district|sub_?district|village|suburb|neighbou?rhood", lambda fake: fake.city()),
    (r"class(?:es)?\.name|class_name", lambda fake: fake.bothify("%?", letters="ABCD")),
    (r"room|building|location|venue", lambda fake: fake.bothify("Room ?-1##", letters="ABCD")),
    (r"academic_year|school_year", _school_year),
    (r"currency|currency_code", lambda fake: fake.currency_code()),
    (r"locale", lambda fake: fake.locales[0].replace("_", "-")),
    (r"language|lang|mother_tongue", lambda fake: fake.language_name()),
    (r"time_?zone|tz", lambda fake: fake.timezone()),
    (r"colou?r", lambda fake: fake.hex_color()),
    (r"slug|key|handle", lambda fake: fake.slug()),
    (r"ip|version", lambda fake: fake.numerify("%.#.#")),
    (r"isbn", lambda fake: fake.isbn13()),
    (r"iban|account_number", lambda fake: fake.iban()),
    (r"subject(?:s)?\.name|hobb(?:y|ies)|interests?|tags?|category|genre|category_name|genre\.name",
     lambda fake: fake.word().capitalize()),
    (r"nomor|nis|number|no|phone_extension|extension", lambda fake: fake.numerify("%####")),
    (r"code|sku|reference|ref|serial|barcode|abbreviation", lambda fake: fake.bothify("??-####").upper()),
    (r"title|subject|headline|name|label|caption|agenda|theme",
     lambda fake: fake.sentence(nb_words=3).rstrip(".")),
    ((r"description|notes?|comments?|body|content|message|text|summary|bio|remarks?|reason|details?|feedback"
      r"|special_features"),
     lambda fake: fake.paragraph(nb_sentences=2)),
)  # fmt: skip

# Minimum and maximum of plausible numbers.
NUMBERS: tuple[tuple[str, tuple[int, int]], ...] = (
    (r"latitude|lat", (-11, 6)),
    (r"longitude|lng|lon", (95, 141)),
    (r"age", (6, 60)),
    (r"year|release_year|angkatan", (2005, 2026)),
    (r"month", (1, 12)),
    (r"day", (1, 28)),
    (r"hours?", (1, 12)),
    (r"minutes?|duration|duration_minutes|length|rental_duration", (10, 120)),
    (r"milliseconds|ms", (60_000, 600_000)),
    (r"bytes|size|file_size|size_bytes", (1_000, 9_000_000)),
    (r"capacity|max_students|seats", (24, 40)),
    (r"current_students|registered_count|enrolled|current_\w+", (0, 24)),
    (r"grade_levels?|level|grade", (1, 12)),
    (r"rating|stars|priority", (1, 5)),
    (r"discount|tax|tax_rate|rate", (0, 1)),
    (r"score|percentage|percent|passing_score|weight", (50, 100)),
    (r"height", (110, 190)),
    (r"distance|distance_km", (0, 25)),
    (r"quantity|qty|stock|units|in_stock|copies", (1, 50)),
    (r"sort_order|sort|position|rank|order|sequence|ordinal", (1, 20)),
    (r"semester|term|shift", (1, 2)),
)
DEFAULT_NUMBERS = (1, 100)

# Amounts of money: MONEY_RANGE, in multiples of the locale's unit (1 where it is not listed).
MONEY = r"price|amount|cost|fee|budget|salary|income|balance|paid|due|total|amount_\w+|late_fee|freight|\w+_(?:price|cost|amount)"
MONEY_UNITS = {"id_ID": 5_000, "vi_VN": 10_000, "ko_KR": 1_000, "ja_JP": 100, "hu_HU": 300}
MONEY_RANGE = (10, 1_000)

# Days relative to the reference date of a row, earliest and latest: ends are later than beginnings.
DATE_OFFSETS: tuple[tuple[str, tuple[int, int]], ...] = (
    (rf"{_PUPIL}\.(?:birth_?date|born\w*|date_of_birth|dob)", (-6_500, -2_300)),
    (r"birth_?date|born|born_on|date_of_birth|dob|birthday", (-22_000, -8_000)),
    (r"established|established_on|founded|founded_on", (-20_000, -4_000)),
    (r"hire_?date|hired_on|hired_at", (-2_000, -300)),
    ((r"admitted_on|created|created_at|created_on|create_date|from|start|starts?_?(?:on|at|date)|effective_from|valid_from"
      r"|issued_on|issued_at|published_at|opened_at|enrolled_on|assigned_on|joined_on|order_?date|rental_date|\w+_from"),
     (0, 0)),
    (r"updated|updated_at|updated_on|modified_at|last_update|last_login\w*|last_seen\w*|changed_at", (1, 30)),
    (r"paid_at|payment_date|approved_at|received_at|read_at|checked_at|submitted_at|ship\w*_?date|return_date", (1, 25)),
    ((r"end|ends?_?(?:on|at|date)|effective_until|valid_until|valid_to|expires?_?\w*|due|due_?\w*|required_?date|until|to"
      r"|left_on|left_at|graduated_on|released_on|returned_\w+|closed_at|finished_at|\w+_until"),
     (31, 120)),
)  # fmt: skip
DEFAULT_DATE_OFFSETS = (0, 30)

# Hours of the day, earliest and latest.
HOURS: tuple[tuple[str, tuple[int, int]], ...] = (
    (r"start|starts|from|start_\w+|check_in|open|opens|begin|time_in", (7, 11)),
    (r"end|ends|to|until|end_\w+|check_out|close|closes|time_out", (12, 17)),
)
DEFAULT_HOURS = (8, 16)

# Percentage of rows in which a nullable column is empty.
EMPTY_PERCENT: tuple[tuple[str, int], ...] = (
    (r"deleted\w*|archived\w*|cancell?ed\w*|revoked\w*|void\w*|withdrawn\w*|locked\w*", 95),
    (r"left_\w+|graduated\w*|released\w*|discontinued\w*|terminated\w*|picture|photo", 75),
)
DEFAULT_EMPTY_PERCENT = 12


def lookup(table: tuple[tuple[str, Item], ...], name: str, default: Item) -> Item:
    """Return the item of the first line of a table whose pattern matches a name, or `default`."""
    return next((item for words, item in table if has_word(words, name)), default)


def has_word(words: str, name: str) -> bool:
    """Whether a name contains one of the words of a pattern."""
    return _word_pattern(words).search(name) is not None


@cache
def _word_pattern(words: str) -> re.Pattern[str]:
    """Return a pattern that finds whole words within a name."""
    return re.compile(rf"(?:^|[._])(?:{words})(?:$|[_\d])")
