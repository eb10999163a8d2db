import type { ReactNode } from "react";

/** The shell's icons, in the color of the surrounding text. They are decorative: hidden from assistive technology. */
export function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      width="20"
      height="20"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z" />
  </Icon>
);

export const HomeIcon = () => (
  <Icon>
    <path d="M3 9l7-6 7 6M5 8v9h10V8" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <rect x="2" y="7" width="7" height="6" rx="3" />
    <rect x="11" y="7" width="7" height="6" rx="3" />
    <path d="M7 10h6" />
  </Icon>
);
