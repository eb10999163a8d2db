"""The dispatcher with keywords alone: what it classifies, leaves undecided, and refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.plan.dispatcher import KINDS, AgentDispatcher, resolve_agent
from runner.plan.dispatcher import llm as language_model
from runner.records.errors import ClassificationError

WORDS_ALONE = AgentDispatcher(enable_llm=False)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("BE setup for the school management backend", "be-boilerplate"),
        ("backend setup", "be-boilerplate"),
        ("Backend boilerplate", "be-boilerplate"),
        ("Create the new school backend", "be-boilerplate"),
        ("setup a backend for this project", "be-boilerplate"),
        ("Set up the back-end", "be-boilerplate"),
        ("scaffold a be", "be-boilerplate"),
        ("FE setup", "fe-boilerplate"),
        ("frontend boilerplate", "fe-boilerplate"),
        ("create frontend", "fe-boilerplate"),
        ("Initialise the front end", "fe-boilerplate"),
        ("setup frontend project", "fe-boilerplate"),
        ("The frontend should be set up.", "fe-boilerplate"),
        ("BE CRUD APIs for school management", "be-crud"),
        ("be crud apis", "be-crud"),
        ("Backend CRUD", "be-crud"),
        ("API generation", "be-crud"),
        ("Generate the Backend APIs", "be-crud"),
        ("create CRUD API for students", "be-crud"),
        ("Backend CRUD APIs for the frontend", "be-crud"),
        ("CRUD-APIs", "be-crud"),
        ("FE CRUD services", "fe-crud"),
        ("Frontend services for students", "fe-crud"),
        ("service generation", "fe-crud"),
        ("generate the school's services", "fe-crud"),
        ("create crud services", "fe-crud"),
        ("UI CRUD pages", "ui-crud"),
        ("Schema docs for the school", "schema-docs"),
        ("ER diagram of the database", "schema-docs"),
        ("UI pages", "ui-crud"),
        ("page generation", "ui-crud"),
        ("FE CRUD pages for school", "ui-crud"),
        ("Frontend page generation", "ui-crud"),
    ],
)
def test_classify_finds_the_kind_by_its_phrases(description: str, kind: str) -> None:
    for text in (description, description.upper(), f"Please: {description}, by tonight!"):
        if "should be" in description and text.isupper():
            continue  # BE in capitals is the backend, not the verb
        answer = WORDS_ALONE.classify(text)
        assert (answer.kind, answer.method) == (kind, "keywords")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_phrase_title_and_slug_means_its_kind(kind: object) -> None:
    assert kind in KINDS
    for known in KINDS:
        if known == kind:
            for text in (known.title, known.slug, *known.phrases):
                assert WORDS_ALONE.classify(f"Now {text} for 24 tables").kind == known.slug


@pytest.mark.parametrize(
    "description",
    [
        "",
        "   ",
        "Generate the school",
        "FE CRUD for school",
        "FE CRUD APIs",
        "CRUD",
        "Better crudeness capitals",
        "The CRUD is to be done",
        "backendsetup",
        "reset-ups",
        "the setup. A backend is there.",
        "create pages that call the backend",
    ],
)
def test_classify_does_not_guess_where_no_phrase_matches(description: str) -> None:
    with pytest.raises(ClassificationError) as caught:
        WORDS_ALONE.classify(description)
    message = str(caught.value)
    assert message.startswith(f"{description!r} names no agent kind. Name the kind with `agent:`")
    for kind in KINDS:
        for text in (kind.slug, kind.title, *kind.phrases):
            assert text in message
    assert "language model" not in message


@pytest.mark.parametrize(
    ("description", "fits"),
    [
        ("Create backend and frontend", "BE Boilerplate (create, backend) and FE Boilerplate (create, frontend)"),
        ("BE/FE setup", "BE Boilerplate (be, setup) and FE Boilerplate (fe, setup)"),
        ("Backend APIs. Frontend services.", "BE CRUD APIs (backend, apis) and FE CRUD Services (frontend, services)"),
    ],
)
def test_classify_does_not_guess_between_two_equal_kinds(description: str, fits: str) -> None:
    with pytest.raises(ClassificationError) as caught:
        WORDS_ALONE.classify(description)
    assert f"fits several agent kinds equally well: {fits}. Name the kind" in str(caught.value)


def test_most_distinct_words_win_and_the_confidence_is_their_share() -> None:
    alone = WORDS_ALONE.classify("BE CRUD APIs for school management")
    assert alone.confidence == 1.0
    assert alone.keywords == ("be", "crud", "apis")
    assert alone.reasoning == "BE CRUD APIs (be, crud, apis)"
    contested = WORDS_ALONE.classify("UI CRUD Pages: list, edit. Then frontend services.")
    assert (contested.kind, contested.confidence) == ("ui-crud", 0.6)
    assert contested.keywords == ("ui", "crud", "pages")
    assert contested.reasoning == "UI CRUD Pages (ui, crud, pages); against FE CRUD Services (frontend, services)"


def test_a_repeated_word_counts_once() -> None:
    answer = WORDS_ALONE.classify("backend setup, backend setup and backend setup")
    assert answer.keywords == ("backend", "setup")


def test_keywords_add_phrases_and_kinds_of_the_users_own() -> None:
    dispatcher = AgentDispatcher(
        enable_llm=False, keywords={"be-crud": ["schnittstellen bauen"], "my_agents:Docs": ["write docs"]}
    )
    assert dispatcher.classify("Schnittstellen für die Schule bauen").kind == "be-crud"
    assert dispatcher.classify("Write the docs").kind == "my_agents:Docs"
    assert dispatcher.classify("backend crud").kind == "be-crud"
    with pytest.raises(ClassificationError, match=r"my_agents:Docs: .*write docs"):
        dispatcher.classify("nothing")


@settings(deadline=None)
@given(st.text(max_size=80))
def test_classify_takes_any_text(description: str) -> None:
    try:
        answer = WORDS_ALONE.classify(description)
    except ClassificationError:
        return
    assert answer.kind in {kind.slug for kind in KINDS}
    assert 0 < answer.confidence <= 1


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("be-crud", "be-crud"),
        (" BE-CRUD ", "be-crud"),
        ("BE CRUD APIs", "be-crud"),
        ("ui  crud pages", "ui-crud"),
        ("fe boilerplate", "fe-boilerplate"),
        ("my_agents:Docs", "my_agents:Docs"),
        ("package.module:ClassName", "package.module:ClassName"),
        ("be crud", None),
        ("", None),
        ("module:", None),
        (":Class", None),
        ("a..b:Class", None),
        ("a/b:Class", None),
        ("a:b:c", None),
        ("C:\\agents", None),
    ],
)
def test_resolve_agent_takes_slugs_titles_and_classes(text: str, agent: str | None) -> None:
    assert resolve_agent(text) == agent


def test_without_a_key_no_language_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setattr(language_model.LanguageModel, "classify", lambda *_: pytest.fail("it was asked"))
    for dispatcher in (AgentDispatcher(), AgentDispatcher(api_key="  "), AgentDispatcher("key", enable_llm=False)):
        with pytest.raises(ClassificationError, match="names no agent kind"):
            dispatcher.classify("Generate the school")


def test_importing_the_dispatcher_imports_nothing_heavy() -> None:
    code = (
        "import sys, runner.plan.dispatcher as d; d.AgentDispatcher('key').classify('BE setup');"
        "print(*sorted({'anthropic', 'pydantic', 'jinja2', 'sqlglot', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
