import { useLoaderData } from "@tanstack/react-router";
import { FormScreen } from "../../core/ui/form-screen";

export default function CreateRoute() {
  const page = useLoaderData({ from: "/$table" });
  return <FormScreen key={page.table.name} page={page} />;
}
