import { NavLink, ScrollArea, Stack, Text, TextInput } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { t } from "../core/language/messages";
import { navigation } from "../core/ui/registry";
import { type Entry, grouped } from "./groups";
import { HomeIcon, LinkIcon } from "./icons";
import { LanguageMenu } from "./language-menu";

const SEARCH_THRESHOLD = 12; // tables

/** Links to all tables by group, with a search field if there are many tables. */
export function Navigation() {
  const [search, setSearch] = useState("");
  const groups = grouped(navigation, search);
  const links = useRef<HTMLDivElement>(null);
  const shown = useLocation({ select: ({ pathname }) => pathname.split("/")[1] });
  useEffect(() => {
    const all = [...(links.current?.querySelectorAll("a") ?? [])];
    const own = all.find((link) => link.getAttribute("href") === `/${shown}`);
    own?.scrollIntoView({ block: "nearest" });
  }, [shown]);
  return (
    <Stack gap="xs" h="100%">
      {navigation.length > SEARCH_THRESHOLD && (
        <TextInput
          aria-label={t("nav.find")}
          placeholder={t("nav.find")}
          type="search"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <ScrollArea ref={links} flex={1} type="auto" scrollbarSize={8}>
        <NavLink
          label={t("nav.home")}
          leftSection={<HomeIcon />}
          renderRoot={(props) => (
            <Link {...props} to="/" activeOptions={{ exact: true }} activeProps={active} />
          )}
        />
        {groups.map((group) => (
          <section key={group.name} aria-label={group.name}>
            <Text size="xs" fw={600} c="dimmed" tt="uppercase" px="sm" pt="md" pb={4}>
              {group.name}
            </Text>
            {group.entries.map((entry) => (
              <TableLink key={entry.name} entry={entry} />
            ))}
          </section>
        ))}
        {groups.length === 0 && (
          <Text c="dimmed" p="sm">
            {t(search ? "nav.noMatch" : "nav.noTables")}
          </Text>
        )}
      </ScrollArea>
      <LanguageMenu />
    </Stack>
  );
}

const active = { "data-active": true };

function TableLink({ entry }: { entry: Entry }) {
  return (
    <NavLink
      label={entry.label}
      leftSection={entry.isLink ? <LinkIcon /> : undefined}
      renderRoot={(props) => (
        <Link {...props} to="/$table" params={{ table: entry.name }} activeProps={active} />
      )}
    />
  );
}
