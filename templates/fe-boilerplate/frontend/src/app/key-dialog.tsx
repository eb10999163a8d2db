import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { keyHeaders, keyRequired, setKey as storeKey } from "../core/api/api-key";

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
      title="API key required"
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">
            Ask the operator of this application for the key. It is stored until you close this tab.
          </Text>
          <PasswordInput
            label="API key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={wasRejected && key === "" && "The key was not accepted"}
            errorProps={{ role: "alert" }}
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the key" }}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button type="submit" disabled={key.trim() === ""}>
              Continue
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
