import { Text, Title } from "@mantine/core";
import { t } from "../core/language/messages";
import { title } from "./application";

/** The name of the application, and what to do first. */
export function Introduction() {
  return (
    <div>
      <Title order={1}>{title}</Title>
      <Text c="dimmed">{t("home.hint")}</Text>
    </div>
  );
}
