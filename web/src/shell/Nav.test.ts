import { expect, it } from "vitest";
import { markOf } from "./Nav";

it("marks the page that is open, and the one that it is a part of, and no other", () => {
  expect(markOf("/s/all/requests", "/s/all/requests")).toBe("page");
  expect(markOf("/s/all/requests", "/s/all/requests/R-1")).toBe("true");
  expect(markOf("/s/all/sites", "/s/all/sites-of-others")).toBeUndefined();
  expect(markOf("/s/all/review", "/s/all/requests")).toBeUndefined();
});
