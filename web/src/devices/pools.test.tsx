import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client } from "../api/client";
import { queryClient } from "../api/query";
import type { Action, PoolsNow, Preview } from "../api/types";
import { DraftButton } from "../requests/DraftButton";
import { change } from "../testing/fixtures";
import { PoolsDialog } from "./PoolsDialog";
import { actionOf, hasPasswords, saidOf, startOf, withName, withoutPasswords } from "./pools";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="/">{children}</a>,
}));

beforeEach(() => queryClient.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const URL = "stratum+tcp://pool.example:3333";
const text = (value: string | null, kinds = 1) => ({ value, kinds });
const now = (pools: PoolsNow["pools"], patch: Partial<PoolsNow> = {}): PoolsNow => ({
  devices: 3,
  not_reported: 0,
  pools,
  ...patch,
});
const ALIKE = now([{ url: text(URL), user: { ...text("farm.rig"), template: null } }]);
const BY_NAME = now([{ url: text(URL), user: { ...text(null, 3), template: "farm.{name}" } }]);
const MIXED = now([{ url: text(null, 2), user: { ...text(null, 3), template: null } }]);

it("begins with what all have, or the template that makes it, and else says that they differ", () => {
  expect(startOf(ALIKE)[0]).toEqual({ url: URL, user: "farm.rig", password: "" });
  expect(saidOf(ALIKE, 0)).toEqual([]);
  expect(startOf(BY_NAME)[0]).toEqual({ url: URL, user: "farm.{name}", password: "" });
  expect(saidOf(BY_NAME, 0)[0]).toContain("made by farm.{name}");
  expect(startOf(MIXED)[0]).toEqual({ url: "", user: "", password: "" });
  expect(saidOf(MIXED, 0)).toEqual([
    "They differ in the address now: there are 2.",
    "They differ in the worker name now: there are 3.",
  ]);
  expect(startOf(ALIKE)).toHaveLength(3);
});

it("asks for whole pools only, and for a password only where one is typed", () => {
  const pool = (url: string, user: string, password = "") => ({ url, user, password });
  const blank = pool("", "");
  expect(actionOf([blank, blank, blank])).toBeNull();
  expect(actionOf([pool(URL, " "), blank, blank])).toBeNull();
  expect(actionOf([pool(URL, "a"), pool("", "b"), blank])).toBeNull();
  expect(actionOf([pool(URL, "a"), pool("", "", "hunter2"), blank])).toBeNull();
  expect(actionOf([pool(` ${URL} `, "a"), pool(URL, "b", "hunter2"), blank])).toEqual({
    action: "set_pools",
    params: {
      pools: [
        { url: URL, user: "a" },
        { url: URL, user: "b", password: "hunter2" },
      ],
    },
  });
});

it("sends nothing back that was answered in the place of a password", () => {
  const answered: Action = {
    action: "set_pools",
    params: {
      pools: [
        { url: URL, user: "a", password: { sealed: "0123" } },
        { url: URL, user: "b" },
      ],
    },
  };
  expect(hasPasswords(answered)).toBe(true);
  const sent = withoutPasswords(answered);
  expect(JSON.stringify(sent)).not.toContain("sealed");
  expect(hasPasswords(sent)).toBe(false);
  expect(sent).toEqual({
    action: "set_pools",
    params: {
      pools: [
        { url: URL, user: "a" },
        { url: URL, user: "b" },
      ],
    },
  });
  const other: Action = { action: "reboot", params: {} };
  expect([hasPasswords(other), withoutPasswords(other)]).toEqual([false, other]);
});

it("drafts nothing again whose passwords nobody has, and says so", () => {
  const pool = { url: URL, user: "a" };
  const button = (pools: (typeof pool & { password?: { sealed: string } })[]) =>
    render(
      <MantineProvider env="test">
        <DraftButton
          word="Draft a retry"
          site="site-1"
          action={{ action: "set_pools", params: { pools } }}
          targets={["dev-1"]}
        />
      </MantineProvider>,
    );
  button([pool]);
  expect(screen.getByRole("button", { name: "Draft a retry" })).toBeTruthy();
  cleanup();
  button([{ ...pool, password: { sealed: "0123" } }]);
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByText(/pool passwords are not kept/)).toBeTruthy();
});

it("puts a name where the cursor is", () => {
  expect(withName("farm.x", 5, 5, "{ip4}")).toEqual({ text: "farm.{ip4}x", at: 10 });
  expect(withName("farm.x", 5, 6, "{name}").text).toBe("farm.{name}");
});

/** What the server says of each template. */
function answers(pools: PoolsNow) {
  const asked: string[] = [];
  const POST = async (path: string, { body }: { body: { action: Action } }) => {
    if (path === "/devices/pools") return { data: pools, response: new Response() };
    const params = body.action.action === "set_pools" ? body.action.params : { pools: [] };
    const user = params.pools[0]?.user ?? "";
    asked.push(user);
    if (user.includes("{serail}")) {
      const error = { title: "Invalid", detail: "{serail} is no name", status: 422, code: "invalid" };
      return { error, response: new Response(null, { status: 422 }) };
    }
    const users = ["dev-1", "dev-2"].map((device) => ({
      device,
      old: "farm.old",
      new: user.replace("{name}", device),
    }));
    const made = { template: user, first: users, more: 1 };
    const changes = [change({ field: "pool_user", of: "pool 1", users: made })];
    const warnings = [
      { code: "same_worker_name", devices: ["dev-1", "dev-2"], detail: "2 devices share it" },
    ];
    const data = { changes, warnings: user.includes("{name}") ? [] : warnings } as unknown as Preview;
    return { data, response: new Response() };
  };
  vi.spyOn(client, "POST").mockImplementation(POST as never);
  return asked;
}

function shown(onSet: (action: Action) => void) {
  render(
    <QueryClientProvider client={queryClient}>
      <MantineProvider env="test">
        <PoolsDialog targets={["dev-1", "dev-2", "dev-3"]} onClose={() => {}} onSet={onSet} />
      </MantineProvider>
    </QueryClientProvider>,
  );
}

it("shows what the first devices would get as it is written, and refuses what the server refuses", async () => {
  answers(ALIKE);
  const onSet = vi.fn();
  shown(onSet);
  const user = (await screen.findByLabelText("Pool: worker name")) as HTMLInputElement;
  expect(user.value).toBe("farm.rig");
  const password = screen.getByLabelText("Pool: password") as HTMLInputElement;
  expect([password.type, password.value, password.autocomplete]).toEqual(["password", "", "off"]);
  expect(document.querySelectorAll("input[type=password]")).toHaveLength(3);
  expect(screen.getAllByText("Optional. Never shown again.")).toHaveLength(3);
  expect(await screen.findByText("2 devices share it")).toBeTruthy();

  fireEvent.change(user, { target: { value: "farm." } });
  fireEvent.focus(user);
  user.setSelectionRange(5, 5);
  fireEvent.click(screen.getByRole("button", { name: "{name}" }));
  expect(user.value).toBe("farm.{name}");
  const table = await screen.findByRole("table");
  await waitFor(() => expect(within(table).getByText("farm.dev-2")).toBeTruthy());
  expect(within(table).getAllByText("farm.old →")).toHaveLength(2);
  expect(screen.getByText("and 1 more name")).toBeTruthy();
  await waitFor(() => expect(screen.queryByText("2 devices share it")).toBeNull());

  const add = screen.getByRole("button", { name: "Add to the draft" }) as HTMLButtonElement;
  await waitFor(() => expect(add.disabled).toBe(false));
  fireEvent.change(user, { target: { value: "farm.{serail}" } });
  expect(await screen.findByText("{serail} is no name")).toBeTruthy();
  expect(add.disabled).toBe(true);

  fireEvent.change(user, { target: { value: "farm.{name}" } });
  fireEvent.change(password, { target: { value: "hunter2" } });
  await waitFor(() => expect(add.disabled).toBe(false));
  fireEvent.click(add);
  const pools = [{ url: URL, user: "farm.{name}", password: "hunter2" }];
  await waitFor(() => expect(onSet).toHaveBeenCalledWith({ action: "set_pools", params: { pools } }));
});

it("says how many have not reported what they have", async () => {
  answers(now([], { not_reported: 3 }));
  shown(() => {});
  expect(await screen.findByText("What they have now is not reported.")).toBeTruthy();
});
