import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { theme } from "../own/theme";
import { readableColors } from "./contrast";
import { LoginGate } from "./login";
import { queryClient } from "./query-client";
import { router } from "./router";

/** The application: providers and router. */
export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={readableColors}>
      <QueryClientProvider client={queryClient}>
        <ModalsProvider>
          <Notifications position="top-right" />
          <LoginGate>
            <RouterProvider router={router} />
          </LoginGate>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
