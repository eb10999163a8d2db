import { MantineProvider, mergeThemeOverrides } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { theme } from "../own/theme";
import { readableColors } from "./contrast";
import { LoginGate } from "./login";
import { queryClient } from "./query-client";
import { router } from "./router";

// The button that closes a notification needs a name.
const closeButtonProps = { "aria-label": "Close" };
const named = mergeThemeOverrides(
  { components: { Notification: { defaultProps: { closeButtonProps } } } },
  theme,
);

/** The application: providers and router. */
export function App() {
  return (
    <MantineProvider theme={named} defaultColorScheme="auto" cssVariablesResolver={readableColors}>
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
