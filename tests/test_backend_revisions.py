"""The next revision: its number, its predecessor, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext, GeneratedFile
from runner.generation.fastapi.migration.revisions import FOLDER
from runner.generation.registry import load_agent
from runner.records.errors import AgentError

ONE = "CREATE TABLE t (id int PRIMARY KEY);"
TWO = "CREATE TABLE t (id int PRIMARY KEY, a int);"
THREE = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"


class Folder:
    """The folder of the revisions over several runs of the agent, and the agent's state."""

    def __init__(self, dialect: str = "postgres") -> None:
        self.dialect = dialect
        self.texts: dict[str, str] = {}
        self.memory: Any = None

    def generate(self, ddl: str) -> list[str]:
        """Run the agent once and return the new revision files; existing ones stay unchanged."""
        context = AgentContext(schema=read_ddl_text(ddl, self.dialect), memory=self.memory, present=self._present)
        agent = load_agent("be-boilerplate")
        files = dict(_revisions(agent.generate(context)))
        self.memory = agent.remember(context)
        assert {file.mode for file in files.values()} == {"once"}
        new = {name: file.text for name, file in files.items() if name not in self.texts}
        assert all(self.texts[name] == files[name].text for name in files if name in self.texts)
        self.texts |= new
        return sorted(new)

    def _present(self, folder: str) -> dict[str, str]:
        """Return the files directly in a folder of the workspace, by name."""
        paths = {f"{FOLDER}/{path}": text for path, text in self.texts.items()}
        split = {path: path.rpartition("/") for path in paths}
        return {split[path][2]: text for path, text in paths.items() if split[path][0] == folder}

    def add(self, name: str, revision: str, *before: str) -> None:
        """Add a revision written by the user."""
        follows = before[0] if len(before) == 1 else before
        self.texts[name] = f'revision: str = "{revision}"\ndown_revision = {follows!r}\n'

    def follows(self, name: str) -> str:
        (found,) = re.findall(r'^down_revision = "(.*)"$', self.texts[name], re.MULTILINE)
        return str(found)


def _revisions(files: Any) -> list[tuple[str, GeneratedFile]]:
    return [(file.path.removeprefix(f"{FOLDER}/"), file) for file in files if file.path.startswith(f"{FOLDER}/")]


@pytest.fixture
def folder() -> Folder:
    made = Folder()
    made.generate(ONE)
    return made


def test_the_first_revision_is_written_once(folder: Folder) -> None:
    assert sorted(folder.texts) == [
        "0001_initial.py",
        "0001_initial/postgresql/2_tables/1_t.py",
        "0001_initial/sqlite/1_t.py",
    ]
    assert folder.generate(ONE) == []


def test_tables_are_created_in_the_order_of_the_ddl() -> None:
    made = Folder()
    ddl = "CREATE TABLE z (id serial PRIMARY KEY); CREATE TABLE a (id int PRIMARY KEY DEFAULT nextval('z_id_seq'));"
    assert [name for name in made.generate(ddl) if "2_tables" in name] == [
        "0001_initial/postgresql/2_tables/1_z.py",
        "0001_initial/postgresql/2_tables/2_a.py",
    ]


def test_a_change_adds_a_revision_that_follows_the_last(folder: Folder) -> None:
    added = folder.generate(TWO)
    assert added == ["0002_schema.py"]
    assert folder.follows("0002_schema.py") == "0001"
    assert folder.generate(TWO) == []
    assert folder.generate(THREE)[0].startswith("0003_schema")
    assert folder.follows("0003_schema.py") == "0002"


def test_changing_back_adds_a_revision_too(folder: Folder) -> None:
    folder.generate(TWO)
    folder.generate(ONE)
    assert folder.texts["0003_schema.py"].count("DROP COLUMN a") == 1
    assert "UPGRADE_LOSES" in folder.texts["0003_schema.py"]


def test_the_same_inputs_give_the_same_bytes() -> None:
    made = [Folder(), Folder()]
    for each in made:
        for ddl in (ONE, TWO, THREE):
            each.generate(ddl)
    assert made[0].texts == made[1].texts
    assert made[0].memory == made[1].memory


def test_an_attempt_that_was_not_recorded_is_repeated_with_the_same_result(folder: Folder) -> None:
    texts, memory = dict(folder.texts), folder.memory
    folder.generate(TWO)
    again = Folder()
    again.texts, again.memory = texts, memory  # as the writer shows the folder after a kill
    again.generate(TWO)
    assert again.texts == folder.texts


def test_a_revision_of_the_users_is_followed(folder: Folder) -> None:
    folder.add("0002_mine.py", "0002", "0001")
    assert folder.generate(TWO)[0].startswith("0003_schema")
    assert folder.follows("0003_schema.py") == "0002"
    folder.add("1975ea83b712_trigger.py", "1975ea83b712", "0003")
    folder.texts["helpers.py"] = "ANSWER = 42\n"
    assert folder.generate(THREE)[0].startswith("0004_schema")
    assert folder.follows("0004_schema.py") == "1975ea83b712"


def test_two_heads_must_be_merged_first(folder: Folder) -> None:
    folder.add("0002_a.py", "a", "0001")
    folder.add("0002_b.py", "b", "0001")
    with pytest.raises(AgentError, match=r"2 newest revisions \(a, b\).*alembic merge heads"):
        folder.generate(TWO)
    folder.add("0003_join.py", "join", "a", "b")
    folder.generate(TWO)
    assert folder.follows("0004_schema.py") == "join"


def test_a_removed_revision_is_an_error(folder: Folder) -> None:
    folder.generate(TWO)
    del folder.texts["0002_schema.py"]
    with pytest.raises(AgentError, match=r"0002_schema\.py is missing"):
        folder.generate(TWO)


def test_a_removed_folder_starts_again(folder: Folder) -> None:
    folder.generate(TWO)
    folder.texts.clear()
    folder.generate(TWO)
    assert "a integer" in folder.texts["0001_initial/postgresql/2_tables/1_t.py"]
    assert folder.memory["revisions"] == ["0001_initial"]


def test_without_a_memory_the_first_revision_must_be_that_of_the_schema(folder: Folder) -> None:
    folder.memory = None
    assert folder.generate(ONE) == []
    folder.memory = None
    with pytest.raises(AgentError, match="makes another schema than the DDL"):
        folder.generate(TWO)


def test_a_memory_that_cannot_be_read_is_an_error(folder: Folder) -> None:
    folder.memory = {"format": 1, "revisions": ["0001_initial"]}
    with pytest.raises(AgentError, match="cannot be read"):
        folder.generate(TWO)
    folder.memory = {"format": 3}
    with pytest.raises(AgentError, match="later version"):
        folder.generate(TWO)


@pytest.mark.parametrize(
    "picture",
    [
        None,
        [],
        {"tables": None},
        {"tables": [None]},
        {"tables": [{"name": "t", "sqlite": None}]},
        {"tables": [{"name": "t", "sqlite": {"name": "t"}, "unknown": 1}]},
        {"tables": [{"name": "t", "sqlite": {"name": "t"}, "columns": [{"name": "id"}]}]},
    ],
)
def test_a_remembered_snapshot_that_is_none_is_an_error(folder: Folder, picture: Any) -> None:
    folder.memory["picture"] = picture
    with pytest.raises(AgentError, match="cannot be read"):
        folder.generate(TWO)


def test_an_application_from_before_searches_had_indexes_gets_them_in_a_revision() -> None:
    made = Folder()
    ddl = "CREATE TABLE t (id int PRIMARY KEY, a text);"
    made.generate(ddl)
    made.memory["format"] = 1
    (table,) = made.memory["picture"]["tables"]
    table["indexes"] = [index for index in table["indexes"] if "search" not in index["name"]]
    assert made.generate(ddl) == ["0002_schema.py"]
    text = made.texts["0002_schema.py"]
    assert text.startswith('"""T: t_search_idx added.\n"""')
    assert text.index("CREATE EXTENSION IF NOT EXISTS pg_trgm") < text.index("CREATE INDEX t_search_idx ON t")
    assert "DROP INDEX IF EXISTS t_search_idx" in text
    assert '"sqlite": [],' in text
    assert made.memory["format"] == 2
    assert made.generate(ddl) == []


def test_an_application_from_before_indexes_of_words_gets_them_in_a_revision() -> None:
    made = Folder()
    ddl = "CREATE TABLE t (id int PRIMARY KEY, a text);"
    made.generate(ddl)
    (table,) = made.memory["picture"]["tables"]
    for index in table["indexes"]:
        del index["otherwise"]
    assert made.generate(ddl) == ["0002_schema.py"]
    text = made.texts["0002_schema.py"]
    assert text.count("    ELSE\n        CREATE INDEX t_search_idx ON t USING gin (to_tsvector(") == 1  # one way only
    assert made.generate(ddl) == []


def test_a_revision_that_is_no_python_is_named(folder: Folder) -> None:
    folder.texts["0002_mine.py"] = "revision = (\n"
    with pytest.raises(AgentError, match=r"0002_mine\.py: its revision cannot be read"):
        folder.generate(TWO)
