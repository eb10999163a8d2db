import { ActionIcon, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { FileFormat } from "../api/table";
import { t } from "../language/messages";
import { DownloadIcon } from "./icons";
import { type ListState, queryOf, shownColumns } from "./list-state";
import type { AnyPage } from "./page";
import { notifyFailure } from "./removal";
import { saveFile } from "./save-file";
import { errorText } from "./states";

interface Props {
  readonly page: AnyPage;
  readonly state: ListState;
}

interface Choice {
  readonly format: FileFormat;
  readonly columns?: readonly string[];
}

/** Exports the rows of a list: its filters, order and columns, or all columns. */
export function FileExport({ page, state }: Props) {
  // By the API client rather than by links, so that the request has all required headers
  const { mutate, isPending } = useMutation({
    mutationFn: ({ format, columns }: Choice) =>
      page.table.exportFile(format, queryOf(state, []), columns),
    onSuccess: (content, { format }) => saveFile(content, `${page.nav.name}.${format}`),
    onError: (error) => notifyFailure(t("export.failed"), errorText(error)),
  });
  const columns = shownColumns(page, state).filter((name) => page.table.schemas.read.shape[name]);
  return (
    // A menu has no children but its items (WAI-ARIA), so no placeholder takes the focus.
    <Menu position="bottom-end" shadow="md" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          variant="default"
          size="input-sm"
          aria-label={t("export.open")}
          title={t("export.open")}
          loading={isPending}
        >
          <DownloadIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => mutate({ format: "xlsx", columns })}>
          {t("export.xlsx")}
        </Menu.Item>
        <Menu.Item onClick={() => mutate({ format: "csv", columns })}>{t("export.csv")}</Menu.Item>
        <Menu.Item onClick={() => mutate({ format: "csv" })}>{t("export.all")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
