import { useLoaderData, useParams } from "@tanstack/react-router";
import { readKey } from "../../core/ui/keys";
import { FormScreen } from "../../core/ui/form-screen";

export default function EditRoute() {
  const page = useLoaderData({ from: "/$table" });
  const { key } = useParams({ from: "/$table/$key/edit" });
  return <FormScreen key={`${page.table.name}/${key}`} page={page} rowKey={readKey(key)} />;
}
