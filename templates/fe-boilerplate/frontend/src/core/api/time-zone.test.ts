import { expect, test, vi } from "vitest";
import { today } from "./rules";
import { currentMoment, recordTimeZone } from "./time-zone";

test("the current day is that of the application", () => {
  const stored = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  });
  vi.useFakeTimers({ now: new Date("2026-01-01T21:17:42Z"), toFake: ["Date"] });
  try {
    expect(currentMoment()).toEqual(["2026-01-01", "21:17"]);
    recordTimeZone(new Headers({ "X-Time-Zone": "Asia/Jakarta" }));
    expect(currentMoment()).toEqual(["2026-01-02", "04:17"]);
    expect(today()).toBe("2026-01-02");
    recordTimeZone(new Headers());
    expect(today()).toBe("2026-01-02");
  } finally {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  }
});
