import { useLoaderData, useParams } from "@tanstack/react-router";
import { FormScreen } from "../../core/ui/form-screen";
import { readKey } from "../../core/ui/keys";

export default function EditRoute() {
  const page = useLoaderData({ from: "/$table" });
  const { key } = useParams({ from: "/$table/$key/edit" });
  return <FormScreen key={`${page.table.name}/${key}`} page={page} rowKey={readKey(key)} />;
}
