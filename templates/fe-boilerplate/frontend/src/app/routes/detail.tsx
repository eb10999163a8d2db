import { useLoaderData, useParams } from "@tanstack/react-router";
import { DetailScreen } from "../../core/ui/detail-screen";
import { readKey } from "../../core/ui/keys";

export default function DetailRoute() {
  const page = useLoaderData({ from: "/$table" });
  const { key } = useParams({ from: "/$table/$key" });
  return <DetailScreen key={`${page.table.name}/${key}`} page={page} rowKey={readKey(key)} />;
}
