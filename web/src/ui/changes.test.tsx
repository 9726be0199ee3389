import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { ChangeRow } from "../api/types";
import { change } from "../testing/fixtures";
import { ChangeRows, ChangesLine } from "./changes";

afterEach(cleanup);

const show = (rows: ChangeRow[]) =>
  render(
    <MantineProvider env="test">
      <ChangeRows rows={rows} />
    </MantineProvider>,
  );

const thief = change({
  field: "pool_user",
  label: "Pool account",
  of: "pool 1",
  old: "farm.rig",
  new: "thief.rig",
  devices: 3,
  weight: "money",
  caution: "another_account",
  text: "Pool 1 account: 3 devices mine for another account: farm.rig → thief.rig",
});
const url = change({
  field: "pool_url",
  label: "Pool address",
  of: "pool 1",
  old: "stratum+tcp://pool.example:3333",
  new: "stratum+tcp://pool.example:3333",
  devices: 3,
  weight: "same",
  text: "Pool 1 address: stratum+tcp://pool.example:3333, as before (3 devices)",
});

it("shows another pool account apart from everything else and before it", () => {
  show([thief, url]);
  const first = screen.getByRole("region", { name: "Look at this first" });
  expect(first.textContent).toContain("Mines for another account");
  expect(first.textContent).toContain("3 devices mine for another account");
  expect(within(first).getByText("farm.rig")).toBeTruthy();
  expect(within(first).getByText("thief.rig")).toBeTruthy();
  const table = screen.getByRole("table");
  expect(first.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  expect(table.textContent).toContain("= stratum+tcp://pool.example:3333, as before");
});

it("says of one device that it mines, and of what nobody knows that it is not known", () => {
  const unknown = change({
    ...thief,
    before: "unknown",
    old: null,
    devices: 1,
    caution: "account_unknown",
  });
  show([unknown]);
  const first = screen.getByRole("region", { name: "Look at this first" });
  expect(first.textContent).toContain("1 device mines for an account that is not known now");
  expect(first.textContent).toContain("not known→thenthief.rig");
  expect(document.body.textContent).not.toContain("as before");
});

it("draws every row, and those under which it was asked apart", () => {
  const rows = [
    change({ field: "name", label: "Name", old: "“Norte”", new: "“Sur”", text: "a", devices: 0 }),
    change({
      field: "ends",
      label: "Until",
      before: "none",
      old: null,
      new: "no end",
      text: "b",
      devices: 0,
    }),
    change({
      field: "revision",
      label: "Revision",
      before: "none",
      old: null,
      new: "2",
      weight: "context",
      text: "Revision: 2",
    }),
  ];
  show(rows);
  expect(screen.getAllByRole("row")).toHaveLength(3);
  expect(screen.queryByRole("region", { name: "Look at this first" })).toBeNull();
  expect(screen.getByText("Revision: 2").closest("details")).toBeTruthy();
});

it("is one line in a list", () => {
  render(<ChangesLine text={thief.text} />);
  expect(document.body.textContent).toBe(thief.text);
});

it("tells template and names device by device, and how many more there are", () => {
  const first = [
    { device: "dev-1", old: "farm.old", new: "farm.dev-1" },
    { device: "dev-2", old: null, new: "farm.dev-2" },
  ];
  const made = change({
    ...thief,
    caution: "another_worker",
    old: "farm.* (several workers)",
    new: "farm.{name} (dev-1 farm.old → farm.dev-1, dev-2 farm.dev-2 and 7 more; list 0a1b2c3d)",
    users: { template: "farm.{name}", first, more: 7 },
  });
  show([made]);
  const names = within(screen.getByRole("region", { name: "Look at this first" })).getByRole("list", {
    name: "Device by device",
  });
  const lines = within(names)
    .getAllByRole("listitem")
    .map((line) => line.textContent);
  expect(lines).toEqual(["dev-1: farm.old → farm.dev-1", "dev-2: farm.dev-2", "and 7 more devices"]);
  expect(screen.getAllByText("farm.{name}")).toHaveLength(2);
});
