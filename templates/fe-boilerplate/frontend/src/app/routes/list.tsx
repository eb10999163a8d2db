import { useLoaderData } from "@tanstack/react-router";
import { ListScreen } from "../../core/ui/list-screen";

export default function ListRoute() {
  const page = useLoaderData({ from: "/$table" });
  return <ListScreen key={page.table.name} page={page} />;
}
