import {
  Box,
  Button,
  Center,
  Modal,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { logIn, logOut, providerLogin, resumeSession } from "../core/api/session";
import { sessionState } from "../core/api/session-state";
import { t } from "../core/language/messages";
import { notifyFailure } from "../core/ui/removal";
import { errorText } from "../core/ui/states";
import { title } from "./application";
import { LanguageMenu } from "./language-menu";

/** Shows its children, or the login in their place while nobody is logged in to a backend that requires it. */
export function LoginGate({ children }: { children: ReactNode }) {
  const { session, isLoginRequired, provider } = useSession();
  if (!isLoginRequired || session) return children;
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="lg" w="100%" maw={360}>
        <Title order={1} size="h3" mb="md">
          {title}
        </Title>
        {provider ? <ProviderPage provider={provider} /> : <LoginForm />}
        <Box mt="md">
          <LanguageMenu />
        </Box>
      </Paper>
    </Center>
  );
}

/** Asks who was logged in to log in again when the session has ended. What was entered on the page is kept. */
export function LoginDialog() {
  const { session, isLoginRequired, provider } = useSession();
  return (
    <Modal
      opened={isLoginRequired && session !== undefined}
      onClose={() => undefined}
      withCloseButton={false}
      title={t("login.ended")}
    >
      {provider ? <ProviderTab provider={provider} /> : <LoginForm login={session?.login} />}
    </Modal>
  );
}

/** Who is logged in, and a button to log out; nothing for backends without a login. */
export function Account() {
  const { session } = useSession();
  if (!session) return null;
  const leave = () =>
    logOut().then(
      (address) => window.location.assign(address),
      (error: Error) => notifyFailure(t("login.logoutFailed"), errorText(error)),
    );
  return (
    <>
      <Text size="sm" truncate maw={160} visibleFrom="xs" title={session.role}>
        {session.login}
      </Text>
      <Button variant="default" size="compact-sm" onClick={leave}>
        {t("login.logout")}
      </Button>
    </>
  );
}

/** Leads to the identity provider, and from there back to this page. */
function ProviderPage({ provider }: { provider: string }) {
  const { pathname, search } = window.location;
  return (
    <Button component="a" href={providerLogin(pathname + search)} fullWidth>
      {t("login.with", { provider })}
    </Button>
  );
}

/** Opens the identity provider in a tab, so that this page keeps what was entered, and continues when people return. */
function ProviderTab({ provider }: { provider: string }) {
  const client = useQueryClient();
  useEffect(() => {
    const resume = async () => {
      const isOther = await resumeSession();
      if (isOther) window.location.reload();
      else if (isOther === false) await client.invalidateQueries();
    };
    window.addEventListener("focus", resume);
    return () => window.removeEventListener("focus", resume);
  }, [client]);
  return (
    <Stack gap="md">
      <Text size="sm">{t("login.newTab")}</Text>
      <Button component="a" href={providerLogin("/")} target="_blank" data-autofocus>
        {t("login.with", { provider })}
      </Button>
    </Stack>
  );
}

function LoginForm({ login: known = "" }: { login?: string }) {
  const client = useQueryClient();
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Error>();
  const [isSending, setSending] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    setProblem(undefined);
    try {
      if (await logIn(login.trim(), password)) window.location.reload();
      else await client.invalidateQueries();
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
      setPassword("");
    } finally {
      setSending(false);
    }
  };
  return (
    <form onSubmit={submit} aria-label={t("login.submit")}>
      <Stack gap="md">
        <TextInput
          label={t("login.login")}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={login}
          onChange={(event) => setLogin(event.currentTarget.value)}
          data-autofocus={known === "" || undefined}
        />
        <PasswordInput
          label={t("login.password")}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={problem && errorText(problem)}
          errorProps={{ role: "alert" }}
          visibilityToggleButtonProps={{ "aria-label": t("login.toggle") }}
          data-autofocus={known !== "" || undefined}
        />
        <Button type="submit" loading={isSending} disabled={login.trim() === "" || password === ""}>
          {t("login.submit")}
        </Button>
      </Stack>
    </form>
  );
}

function useSession() {
  return useSyncExternalStore(sessionState.subscribe, sessionState.get);
}
