import type { CSSVariablesResolver } from "@mantine/core";

/** Colors of secondary text, and of what a pointer is over, with a contrast of at least 4.5:1 to each other. */
export const readableColors: CSSVariablesResolver = ({ primaryColor }) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    [`--mantine-color-${primaryColor}-light-hover`]: `var(--mantine-color-${primaryColor}-1)`,
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-1)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-anchor": "var(--mantine-color-blue-3)",
  },
});
