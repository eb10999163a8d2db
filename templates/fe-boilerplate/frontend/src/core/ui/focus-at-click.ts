import type { MouseEvent } from "react";

/**
 * Properties of a group of buttons below inputs: a button receives the focus when it is clicked, not when it is pressed.
 *
 * An input that loses the focus may grow, as a list does that adds what was typed to its items. If that happened at the
 * press, the button would move away from under the pointer, and the browser would send no click.
 */
export const FOCUS_AT_CLICK = {
  onMouseDown: (event: MouseEvent) => event.preventDefault(),
  onClickCapture: ({ target }: MouseEvent) => {
    if (target instanceof Element) target.closest<HTMLElement>("button, a")?.focus();
  },
} as const;
