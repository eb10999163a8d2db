"""The files of one attempt at a sub-task and what the manifest knows of them: from the comparison to the record.

Used by `writer`, in one thread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runner.generation.workspace.base_store import BaseTexts
from runner.generation.workspace.line_ends import digest, is_one_of
from runner.generation.workspace.manifest import CREATED, Manifest, is_left_behind
from runner.generation.workspace.record_format import FileRecord, Record
from runner.generation.workspace.safe_paths import locate
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from runner.generation.workspace.base_store import BaseStore
    from runner.generation.workspace.directory import Directory

Verb = Literal["create", "update", "identical", "keep", "merge", "conflict", "absent", "remove", "leave"]


class NewFile(NamedTuple):
    """A generated file with what follows from it."""

    path: str  # as the agent named it
    name: str  # its place in the workspace with links followed, as locks and claims know it
    data: bytes
    sha256: str
    once: bool
    executable: bool


class Outcome(NamedTuple):
    """What is to be done with one file, and what is recorded of it.

    `data` is written, None for nothing; `beside` are files to write beside it, by suffix. `base` is the text to merge
    from the next time, None where it is unknown. `edited` is the digest of an edited file with all that was generated.
    `marked` tells whether the file has the markers of an earlier run, which are about what was generated then.
    """

    verb: Verb
    data: bytes | None = None
    beside: tuple[tuple[str, bytes], ...] = ()
    base: bytes | None = None
    edited: str = ""
    marked: bool = False


class Batch:
    """The files of one sub-task, and what the manifest knows of them.

    `committed` returns an earlier text of a file by its path and digest, None where there is none. With it, the base
    store holds only the texts of edited files, which no commit has.
    """

    def __init__(
        self,
        manifest: Manifest,
        bases: BaseStore,
        owner: str,
        files: Sequence[NewFile],
        former: Sequence[str] = (),
        committed: Callable[[str, str], bytes | None] | None = None,
    ) -> None:
        self.owner = owner
        self._manifest = manifest
        self._bases = bases
        self._committed = committed
        self._files = files
        task_id, _, piece = owner.partition("/")
        self.name = (task_id, piece)
        previous = manifest.load(*self.name)
        self.previous = {} if previous is None else {file.path: file for file in previous.files}
        self.recorded = previous is not None
        self._base = "" if previous is None else previous.base
        wanted = {file.path for file in files}
        self.unwanted = tuple(
            file for path, file in self.previous.items() if path not in wanted and file.mode == "generated"
        )
        self._interrupted = manifest.intent(*self.name)
        self._intended = False
        self._saved = ""  # name of the texts that the intent belongs to
        self._texts: BaseTexts | None = None
        self._former = self._find_former(former) if former and not self.recorded else None
        self.outcomes: dict[str, Outcome] = {}  # by path
        self.diffs: dict[str, str] = {}  # by path

    def sweep(self, workspace: Directory) -> None:
        """Remove what a killed attempt at this sub-task half wrote, and what it created and is not generated now."""
        if not self._interrupted:
            return
        for folder in sorted({file.name.rpartition("/")[0] for file in self._files}):
            workspace.sweep(folder)
        unwanted = self._interrupted.keys() - {file.path for file in self._files} - self.previous.keys()
        for path in sorted(path for path in unwanted if CREATED in self._interrupted[path]):
            try:
                name = locate(workspace.root, path)
                current = workspace.read(name)
                if current is not None and self.left_behind(path, current.data):
                    workspace.remove(name)
            except (OSError, WorkspaceError) as error:
                raise WorkspaceError(f"{path}: a killed attempt left it, and it cannot be removed: {error}") from error

    def left_behind(self, path: str, data: bytes) -> bool:
        """Whether a `once` file is as a killed attempt created it."""
        return path not in self.previous and is_left_behind(self._interrupted, path, data)

    def wrote(self, path: str, data: bytes) -> bool:
        """Whether the present file is as this or another sub-task once wrote it."""
        before = self.previous.get(path)
        return (
            (before is not None and is_one_of(data, (before.sha256,)))
            or is_one_of(data, self._interrupted.get(path, ()))
            or is_one_of(data, self._manifest.recorded(path))
        )

    def missing_on_purpose(self, workspace: Directory) -> frozenset[str]:
        """Return the paths of generated files that a person deleted.

        Where every file of the sub-task in a top folder is missing, the folder was removed to have it generated again.
        """
        known = [
            file
            for file in self._files
            if (before := self.previous.get(file.path)) and before.mode == "generated" and not file.once
        ]
        missing = {file.path for file in known if not workspace.exists(file.name)} - self._interrupted.keys()
        if not missing:
            return frozenset()
        deleted = {path for path in missing if self.previous[path].deleted}
        present = {_top(file.path) for file in known if file.path not in missing}
        return frozenset(deleted | {path for path in missing if _top(path) in present})

    def base_of(self, file: NewFile, data: bytes) -> bytes | None:
        """Return the text that an edited file was generated as, None where it is unknown.

        A file that a killed attempt merged is as that attempt generated it, with the edits.
        """
        path = file.path
        for known in self._interrupted.get(path, ()):
            merged, _, rest = known.partition(" ")
            generated, _, name = rest.partition(" ")
            if name and is_one_of(data, (merged,)):
                text = self._bases.load(*self.name, name).base.get(path)
                if text is not None and digest(text) == generated:
                    return text
        before = self.previous.get(path)
        if before is None:
            return None
        text = self._recorded_texts().base.get(path)
        if text is not None and digest(text) == before.sha256:
            return text
        if before.sha256 == file.sha256 and not before.kept:  # one that was kept may never have been generated
            return file.data
        return None if self._committed is None else self._committed(path, before.sha256)

    def _find_former(self, pieces: Sequence[str]) -> tuple[Record, BaseTexts, Mapping[str, str]] | None:
        """Return the record of the table's last name that has one, its texts, and its paths by the new ones."""
        from runner.generation.merging.renaming import renamed_paths  # noqa: PLC0415 - few tables are renamed

        for piece in reversed(pieces):
            record = self._manifest.load(self.name[0], piece)
            if record is not None:
                texts = self._bases.load(self.name[0], piece, record.base)
                old, new = ([file.path for file in files] for files in (record.files, self._files))
                return record, texts, renamed_paths(old, new)
        return None

    def former(self, path: str) -> tuple[FileRecord, bytes | None] | None:
        """Return what a new file was when its table had another name: its record, and the text that was generated.

        The text is None where it is unknown, as that of a `once` file.
        """
        if self._former is None:
            return None
        record, texts, paths = self._former
        before = next((file for file in record.files if file.path == paths.get(path)), None)
        if before is None:
            return None
        text = texts.base.get(before.path)
        return before, text if text is not None and digest(text) == before.sha256 else None

    def renamed_texts(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield what was generated for each file under the table's former name, and what is generated for it now."""
        for file in self._files:
            former = self.former(file.path)
            if former is not None and former[1] is not None:
                yield former[1], file.data

    def began(self, path: str) -> bool:
        """Whether a killed attempt was about to write the file."""
        return path in self._interrupted

    def has_conflict(self, path: str) -> bool:
        """Whether the file had a conflict when it was last recorded."""
        before = self.previous.get(path)
        return before is not None and before.conflict

    def intend(self, workspace: Directory, file: NewFile, outcome: Outcome) -> None:
        """Write the intent, before the first file is changed, and before each file that is merged.

        Raises OSError as the file system reports it.
        """
        if not self._intended:
            self._begin({file.path for file in self._files if file.once and not workspace.exists(file.name)})
        if not self._saved and (outcome.edited or self._committed is None):
            self._saved = self._bases.save(*self.name, self._generated_texts())
        if outcome.edited:
            self._manifest.intend(*self.name, {file.path: f"{outcome.edited} {file.sha256} {self._saved}"})

    def _begin(self, created: Collection[str] = ()) -> None:
        """Write the intent; `created` are the paths of `once` files that do not exist yet."""
        hashes = {file.path: file.sha256 for file in self._files if not file.once or file.path in created}
        self._manifest.intend(*self.name, hashes, created)
        self._intended = True

    def save(self, agent: str, memory: Any, inputs_digest: str, part_digest: str) -> None:
        """Write the base texts and the record of the files as they now are, and remove earlier base texts.

        Raises OSError as the file system reports it, and WorkspaceError where the record cannot be written.
        """
        base = self._save_texts()
        task_id, piece = self.name
        record = Record(
            task_id=task_id,
            piece=piece,
            agent=agent,
            files=tuple(self._file_record(file, self.outcomes[file.path]) for file in self._files),
            memory=memory,
            base=base,
        )
        edits = {path: outcome.edited for path, outcome in sorted(self.outcomes.items()) if outcome.edited}
        old = {self._base, self._saved, *(self._bases.names(*self.name) if self._interrupted else ())} - {base, ""}
        if old and not self._intended:  # else the next run knows nothing of it where this one is killed meanwhile
            self._begin()
        self._manifest.save(
            record, inputs_digest, part_digest, edits, lambda: self._bases.remove(*self.name, *sorted(old))
        )

    def _save_texts(self) -> str:
        texts = self._generated_texts()
        base = {
            path: data
            for path, data in texts.base.items()
            if (self.outcomes[path].verb != "absent" or path not in self.previous)
            and (self._committed is None or self.outcomes[path].edited)
        }
        unmerged = {path: outcome for path, outcome in self.outcomes.items() if outcome.verb in {"keep", "conflict"}}
        if unmerged:
            base = {path: data for path, data in base.items() if path not in unmerged}
            base |= {path: outcome.base for path, outcome in unmerged.items() if outcome.base is not None}
        waiting = {path: texts.base[path] for path in unmerged}
        absent = {path for path, outcome in self.outcomes.items() if outcome.verb == "absent"}
        marked = {path for path, outcome in unmerged.items() if outcome.marked}
        if absent or marked:
            before = self._recorded_texts()
            base |= {path: data for path, data in before.base.items() if path in absent}
            waiting |= {path: data for path, data in before.waiting.items() if path in absent | marked}
        saved = BaseTexts(base=base, waiting=waiting)
        return self._bases.save(*self.name, saved) if saved.base or saved.waiting else ""

    def _generated_texts(self) -> BaseTexts:
        return BaseTexts(base={file.path: file.data for file in self._files if not file.once})

    def _recorded_texts(self) -> BaseTexts:
        if self._texts is None:
            self._texts = self._bases.load(*self.name, self._base)
        return self._texts

    def _file_record(self, file: NewFile, outcome: Outcome) -> FileRecord:
        """Return the record of a file.

        One that was kept stays recorded as it was before it was edited, so that undoing the edit is enough to have it
        updated again. So does one that is missing: when it is back, it gets what was generated meanwhile.
        """
        if outcome.verb == "absent" and file.path in self.previous:
            return replace(self.previous[file.path], deleted=True)
        unmerged = outcome.verb in {"keep", "conflict"}
        before = self.previous.get(file.path) if unmerged else None
        known = before.sha256 if before is not None else file.sha256
        return FileRecord(
            path=file.path,
            sha256=digest(outcome.base) if unmerged and outcome.base is not None else known,
            mode="once" if file.once else "generated",
            kept=unmerged,
            conflict=outcome.verb == "conflict",
            deleted=outcome.verb == "absent",
        )


def _top(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""
