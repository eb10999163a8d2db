import { MantineProvider } from "@mantine/core";

/** The whole application. */
export function App() {
  return <MantineProvider>…</MantineProvider>;
}
