import { Anchor, AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure, useDocumentTitle } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { t } from "../core/language/messages";
import { navOf } from "../core/ui/registry";
import { title } from "./application";
import { ColorSchemeSwitch } from "./color-scheme";
import { KeyDialog } from "./key-dialog";
import { Account, LoginDialog } from "./login";
import { Navigation } from "./navigation";

/** The layout of every page: header, navigation (collapsed on small screens) and content. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const main = useNavigationEffects(close);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 264, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip-link" href="#content">
        {t("shell.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap" miw={0}>
            <Burger
              hiddenFrom="sm"
              size="sm"
              opened={opened}
              onClick={toggle}
              aria-label={t("shell.navigation")}
              aria-expanded={opened}
              aria-controls="navigation"
            />
            <Anchor
              fw={700}
              size="lg"
              c="var(--mantine-color-text)"
              underline="never"
              truncate
              renderRoot={(props) => <Link {...props} to="/" />}
            >
              {title}
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Account />
            <ColorSchemeSwitch />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar id="navigation" aria-label={t("shell.tables")} p="xs">
        <Navigation />
      </AppShell.Navbar>
      {/* The space at the end lets people scroll every action above a notification. */}
      <AppShell.Main id="content" ref={main} tabIndex={-1} pb={112}>
        <Outlet />
      </AppShell.Main>
      <KeyDialog />
      <LoginDialog />
    </AppShell>
  );
}

/** After navigation: set the document title, collapse the navigation, and move the focus to the content. */
function useNavigationEffects(close: () => void) {
  const main = useRef<HTMLElement>(null);
  const path = useLocation({ select: (location) => location.pathname });
  const table = navOf(path.split("/")[1] ?? "");
  useDocumentTitle(table ? `${table.label} · ${title}` : title);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    close();
    main.current?.focus({ preventScroll: true });
  }, [path, close]);
  return main;
}
