"""Whether a merged text can be used: it parses, and every name that it uses is still defined.

Python, JSON, YAML and TOML are parsed. TypeScript is given to Biome, the formatter of the generated frontend, where the
`PATH` has it; its brackets, strings and names are checked in any case. Nothing of the workspace is executed.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import shutil
import subprocess
import tomllib
from functools import cache

from runner.generation.merging.source_tokens import CLOSING, OPENING, language_of, tokens

_SECONDS = 30.0  # for the formatter
_DECLARATION = re.compile(r"\b(?:const|let|var|function|class|type|interface|enum)\s+([A-Za-z_$][\w$]*)")
_IMPORT_NAMES = re.compile(r"""(?s)\bimport\b([^;"'(]*?)\bfrom\b""")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_MODULE_NAMES = frozenset({"__name__", "__file__", "__doc__", "__package__", "__spec__", "__path__", "__class__"})


def problem_of(path: str, text: str, edited: str, generated: str) -> str | None:
    """Return why a text that was merged from these two cannot be used, None if it can.

    Syntax that the generated text has, too, such as comments in JSON, is none of the merge's, nor are names that one of
    the two does not define.
    """
    problem = _syntax_problem(path, text)
    if problem is not None:
        if _syntax_problem(path, generated):
            return None
        own = _syntax_problem(path, edited)
        return f"your file does not parse: {own}" if own else f"the merged text does not parse: {problem}"
    unknown = undefined_names(path, text) - undefined_names(path, edited) - undefined_names(path, generated)
    return f"{', '.join(sorted(unknown))}: used, but no longer defined" if unknown else None


def _syntax_problem(path: str, text: str) -> str | None:
    try:
        match language_of(path):
            case "python":
                ast.parse(text)
            case "json":
                json.loads(text)
            case "yaml":
                import yaml  # noqa: PLC0415 - few merged files are YAML

                yaml.compose(text, Loader=yaml.SafeLoader)
            case "typescript":
                return _unbalanced(text) or _formatter_problem(path, text)
            case _:
                if path.endswith(".toml"):
                    tomllib.loads(text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        return str(error)
    except Exception as error:
        if type(error).__module__.startswith("yaml"):
            return str(error)
        raise
    return None


def undefined_names(path: str, text: str) -> set[str]:
    """Return the names that source text uses and does not define, as far as that is known without running it."""
    language = language_of(path)
    if language == "python":
        try:
            return _undefined_in_python(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError):
            return set()
    return set()


def _undefined_in_python(tree: ast.Module) -> set[str]:
    used: set[str] = set()
    bound = set(dir(builtins)) | _MODULE_NAMES
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name):
                bound.add(name)
            case (
                ast.arg(arg=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                bound.add(name)
            case ast.alias(name=name, asname=alias):
                if name == "*":
                    return set()
                bound.add(alias or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                bound.update(names)
            case _:
                pass
    return used - bound


def declared_names(text: str) -> set[str]:
    """Return the names that TypeScript imports or declares."""
    names = set(_DECLARATION.findall(text))
    for listed in _IMPORT_NAMES.findall(text):
        for part in re.split(r"[{},]", listed):
            words = _NAME.findall(part)
            if words and words != ["type"]:
                names.add(words[-1])
    return names


def used_names(text: str) -> set[str]:
    """Return the names that TypeScript uses outside of strings, comments, imports and properties."""
    body = _IMPORT_NAMES.sub("", text)
    names: set[str] = set()
    before = ""
    found = [token for token in tokens(body, "typescript") if token.kind not in {"space", "comment"}]
    for index, token in enumerate(found):
        after = found[index + 1].text if index + 1 < len(found) else ""
        if token.kind == "word" and before != "." and after != ":":
            names.add(token.text)
        elif token.kind == "string" and token.text.startswith("`"):
            names |= set(_NAME.findall(token.text))
        before = token.text
    return names


def _unbalanced(text: str) -> str | None:
    waiting: list[str] = []
    for token in tokens(text, "typescript"):
        if token.text in OPENING:
            waiting.append(OPENING[token.text])
        elif token.text in CLOSING and (not waiting or waiting.pop() != token.text):
            return f"an unexpected {token.text!r}"
    return f"a missing {waiting[-1]!r}" if waiting else None


@cache
def formatter() -> str | None:
    """Return the path of Biome, where there is one."""
    return shutil.which("biome")


def _formatter_problem(path: str, text: str) -> str | None:
    """Return what Biome finds wrong with the syntax of a text; None where there is no Biome."""
    biome = formatter()
    if biome is None:
        return None
    name = "merged" + path[path.rindex(".") :]
    try:
        done = subprocess.run(  # noqa: S603 - a program of the user's PATH
            [biome, "format", f"--stdin-file-path={name}"],
            input=text.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # as where there is none
    return None if done.returncode == 0 else done.stderr.decode("utf-8", "replace").strip()[:500]
