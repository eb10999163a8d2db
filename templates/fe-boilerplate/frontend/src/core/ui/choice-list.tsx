import { Checkbox, Group, Loader, ScrollArea, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import type { Reference } from "../api/table";
import { t } from "../language/messages";
import classes from "./choice-list.module.css";
import { lowerFirst } from "./formats";
import { findByLabels } from "./grid/pasted-references";
import { SearchIcon } from "./icons";
import { findOptions, maxOptions, type Option } from "./reference-options";
import type { Messages } from "./several";
import { errorText } from "./states";

const SEARCH_DELAY = 150; // milliseconds after the last key press

export type Chosen = ReadonlyMap<string, Option>;
/** Whether the search is focused at first, and whether the page is scrolled to it then. */
export type SearchFocus = "none" | "still" | "scrolling";

interface Props {
  readonly reference: Reference;
  readonly label: string;
  readonly where: Readonly<Record<string, string>>;
  readonly chosen: Chosen;
  readonly onChange: (chosen: Chosen) => void;
  /** The options, of those given, that are linked already. They cannot be chosen. */
  readonly findLinked: (
    options: readonly Option[],
    signal: AbortSignal,
  ) => Promise<ReadonlySet<string>>;
  /** Messages by option. */
  readonly messages: Messages;
  readonly focus: SearchFocus;
  /** Shown between the search and the options. */
  readonly children?: ReactNode;
}

/**
 * A searchable list of options to check.
 *
 * Enter in the search chooses the first match, Shift and a click a range, and pasted names all that they name.
 */
export function ChoiceList(props: Props) {
  const { label, chosen, onChange, messages, focus } = props;
  const [search, setSearch] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus !== "none") input.current?.focus({ preventScroll: focus === "still" });
  }, [focus]);
  const { offered, linked, isSettled, error } = useOffered(props, search.trim());
  const free = offered.filter(({ value }) => !linked.has(value));
  const shown = search ? offered : withChosen(offered, chosen, messages);
  const choose = (options: readonly Option[], isChosen: boolean) =>
    onChange(changed(chosen, options, isChosen));
  const enter = useFirstMatch(isSettled, input, () => {
    const first = free.find(({ value }) => !chosen.has(value));
    if (search && first) choose([first], true);
  });
  const pasted = usePastedNames(props, choose);
  const last = useRef<string>(undefined);
  const toggle = (option: Option, isChosen: boolean, isRange: boolean) => {
    const range = isRange ? between(shown, last.current, option.value) : [option];
    last.current = option.value;
    choose(
      range.filter(({ value }) => !linked.has(value)),
      isChosen,
    );
  };
  const isEvery = free.length > 0 && free.every(({ value }) => chosen.has(value));
  return (
    <Stack gap="xs">
      <TextInput
        ref={input}
        data-autofocus={focus !== "none" || undefined} // for the dialog, which takes the focus itself
        type="search"
        aria-label={t("search.in", { nouns: lowerFirst(label) })}
        placeholder={t("choices.search", { nouns: lowerFirst(label) })}
        leftSection={<SearchIcon />}
        rightSection={isSettled && !pasted.isPending ? undefined : <Loader size="xs" />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        onPaste={(event) => {
          const names = namesOf(event.clipboardData.getData("text"));
          if (names.length < 2) return;
          event.preventDefault();
          pasted.choose(names);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          enter();
        }}
      />
      {pasted.missing.length > 0 && (
        <Text size="sm" c="red" role="alert">
          {t("choices.notFound", { names: pasted.missing.join(", ") })}
        </Text>
      )}
      {props.children}
      <ScrollArea.Autosize mah={300} type="auto" className={classes.box}>
        <fieldset className={classes.options} aria-label={label}>
          {free.length > 1 && (
            <Checkbox
              className={classes.all}
              label={t("choices.all", { count: free.length })}
              checked={isEvery}
              indeterminate={!isEvery && free.some(({ value }) => chosen.has(value))}
              onChange={() => choose(free, !isEvery)}
            />
          )}
          {shown.map((option) => (
            <Checkbox
              key={option.value}
              className={classes.option}
              label={<Name label={option.label} isLinked={linked.has(option.value)} />}
              disabled={linked.has(option.value)}
              checked={chosen.has(option.value) || linked.has(option.value)}
              error={messages[option.value]}
              onChange={(event) =>
                toggle(option, event.currentTarget.checked, isShifted(event.nativeEvent))
              }
            />
          ))}
          {isSettled && shown.length === 0 && (
            <Text size="sm" c="dimmed">
              {error ? errorText(error) : t("search.nothing")}
            </Text>
          )}
          {offered.length === maxOptions(search.trim()) && (
            <Text size="sm" c="dimmed">
              {t("choices.more")}
            </Text>
          )}
        </fieldset>
      </ScrollArea.Autosize>
    </Stack>
  );
}

function Name({ label, isLinked }: { label: string; isLinked: boolean }) {
  return (
    <Group gap="xs" component="span">
      {label}
      {isLinked && (
        <Text span size="xs" c="dimmed">
          {t("choices.linked")}
        </Text>
      )}
    </Group>
  );
}

/** The options that match a search, and which of them are linked already. */
function useOffered({ reference, where, findLinked }: Props, search: string) {
  const [debounced] = useDebouncedValue(search, SEARCH_DELAY);
  const { data, isFetching, error } = useQuery({
    queryKey: ["tables", reference.table, "choices", reference, debounced, where],
    queryFn: async ({ signal }) => {
      const offered = await findOptions(reference, debounced, where, signal);
      return { offered, linked: await findLinked(offered, signal) };
    },
    gcTime: 0,
    placeholderData: (last) => last,
  });
  const isSettled = search === debounced && !isFetching;
  return { offered: data?.offered ?? [], linked: data?.linked ?? NONE, isSettled, error };
}

const NONE: ReadonlySet<string> = new Set();

/** Chooses the rows that pasted names or keys stand for; `missing` are those that are no row, or several. */
function usePastedNames(
  { reference, where, findLinked }: Props,
  choose: (options: readonly Option[], isChosen: boolean) => void,
) {
  const { mutate, data, isPending } = useMutation({
    mutationFn: async (names: readonly string[]) => {
      const found = await findByLabels(reference, names, where);
      const options = [...found.values()];
      const linked = await findLinked(options, new AbortController().signal);
      const missing = names.filter((name) => !found.has(name));
      return { options: options.filter(({ value }) => !linked.has(value)), missing };
    },
    onSuccess: ({ options }) => choose(options, true),
  });
  return { choose: mutate, missing: data?.missing ?? [], isPending };
}

/** Return the names in a pasted text, one in a line or a cell. */
function namesOf(text: string): readonly string[] {
  return [...new Set(text.split(/[\r\n\t;]+/).map((name) => name.trim()))].filter(Boolean);
}

/** Return a function that chooses the first match, once the matches of what was typed are known. */
function useFirstMatch(
  isSettled: boolean,
  input: RefObject<HTMLInputElement | null>,
  chooseFirst: () => void,
): () => void {
  const [isWanted, setWanted] = useState(false);
  useEffect(() => {
    if (!isWanted || !isSettled) return;
    setWanted(false);
    chooseFirst();
    input.current?.select();
  });
  return () => setWanted(true);
}

/** Return the options with those chosen that are not among them, first those with a message. */
function withChosen(
  offered: readonly Option[],
  chosen: Chosen,
  messages: Messages,
): readonly Option[] {
  const known = new Set(offered.map(({ value }) => value));
  const all = [...[...chosen.values()].filter(({ value }) => !known.has(value)), ...offered];
  const isRejected = ({ value }: Option) => value in messages;
  return [...all.filter(isRejected), ...all.filter((option) => !isRejected(option))];
}

function changed(chosen: Chosen, options: readonly Option[], isChosen: boolean): Chosen {
  const next = new Map(chosen);
  for (const option of options) {
    if (isChosen) next.set(option.value, option);
    else next.delete(option.value);
  }
  return next;
}

/** Return the options from one to another, in either direction. */
function between(
  options: readonly Option[],
  from: string | undefined,
  to: string,
): readonly Option[] {
  const at = (value: string | undefined) => options.findIndex((option) => option.value === value);
  const [start, end] = [at(from), at(to)].sort((one, other) => one - other);
  return options.slice(start === -1 ? end : start, (end ?? 0) + 1);
}

function isShifted(event: Event): boolean {
  return event instanceof MouseEvent && event.shiftKey;
}
