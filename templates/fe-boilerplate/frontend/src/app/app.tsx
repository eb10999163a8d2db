import { MantineProvider, mergeThemeOverrides } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { t } from "../core/language/messages";
import { theme } from "../own/theme";
import { readableColors } from "./contrast";
import { LoginGate } from "./login";
import { queryClient } from "./query-client";
import { router } from "./router";

/** Return the theme in which the button that closes a notification has a name. */
function named() {
  const closeButtonProps = { "aria-label": t("close") };
  return mergeThemeOverrides(
    { components: { Notification: { defaultProps: { closeButtonProps } } } },
    theme,
  );
}

/** The application: providers and router. */
export function App() {
  const [ownTheme] = useState(named);
  return (
    <MantineProvider
      theme={ownTheme}
      defaultColorScheme="auto"
      cssVariablesResolver={readableColors}
    >
      <QueryClientProvider client={queryClient}>
        <ModalsProvider>
          <Notifications position="bottom-right" />
          <LoginGate>
            <RouterProvider router={router} />
          </LoginGate>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
