import { expect, it } from "vitest";
import { browserName } from "./browser";

it("names browser and system", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";
  expect(browserName(chrome)).toBe("Chrome on Linux");
  expect(browserName(`${chrome} Edg/148.0`)).toBe("Edge on Linux");
  expect(
    browserName(
      "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
    ),
  ).toBe("Safari on iPhone");
  expect(browserName("Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0")).toBe(
    "Firefox on Android",
  );
});

it("leaves alone what it does not know", () => {
  expect(browserName("curl/8.14")).toBe("curl");
  expect(browserName("something/1.0")).toBe("something/1.0");
  expect(browserName(" ")).toBe("Unknown program");
});
