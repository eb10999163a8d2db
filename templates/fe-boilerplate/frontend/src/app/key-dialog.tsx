import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { keyHeaders, keyRequired, setKey as storeKey } from "../core/api/api-key";
import { t } from "../core/language/messages";

/** Asks for the API key when the backend rejects a request without a valid one, then reloads all data. */
export function KeyDialog() {
  const isRequired = useSyncExternalStore(keyRequired.subscribe, keyRequired.get);
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const wasRejected = Object.keys(keyHeaders()).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    storeKey(key.trim());
    setKey("");
    void client.invalidateQueries();
  };
  return (
    <Modal
      opened={isRequired}
      onClose={() => undefined}
      withCloseButton={false}
      title={t("key.title")}
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">{t("key.hint")}</Text>
          <PasswordInput
            label={t("key.label")}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={wasRejected && key === "" && t("key.rejected")}
            errorProps={{ role: "alert" }}
            visibilityToggleButtonProps={{ "aria-label": t("key.toggle") }}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button type="submit" disabled={key.trim() === ""}>
              {t("key.continue")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
