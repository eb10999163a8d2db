import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { t } from "../core/language/messages";
import { MoonIcon, SunIcon } from "./icons";

/** Switches between dark and light mode. The default is the color scheme of the system. */
export function ColorSchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={t(isDark ? "shell.lightMode" : "shell.darkMode")}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      {isDark ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}
