import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { giveKey, keyHeaders, keyWanted } from "../core/api/api-key";

/** Asks for the backend's key where it refuses to answer without one, and has everything read again with it. */
export function KeyDialog() {
  const isWanted = useSyncExternalStore(keyWanted.subscribe, keyWanted.get);
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const wasWrong = Object.keys(keyHeaders()).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    giveKey(key.trim());
    setKey("");
    void client.invalidateQueries();
  };
  return (
    <Modal
      opened={isWanted}
      onClose={() => undefined}
      withCloseButton={false}
      title="This application asks for a key"
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">Who runs it can tell you. It is kept until you close the tab.</Text>
          <PasswordInput
            label="Key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={wasWrong && key === "" && "The last one was not right"}
            errorProps={{ role: "alert" }}
            visibilityToggleButtonProps={{ "aria-label": "Show or hide" }}
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
