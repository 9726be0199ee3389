import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { client } from "../api/client";
import { queryClient } from "../api/query";
import type { ApiKey, OwnApiKeys } from "../api/types";
import { KeyDialog } from "./KeyDialog";
import { KeysPage } from "./KeysPage";
import { networksIn, originsInWords, originsOf } from "./origins";

vi.mock("../api/session", () => ({ useSession: () => ({ account: { id: "acc-1", name: "Quarry" } }) }));
vi.mock("../shell/site", () => ({ useSite: () => "all" }));
vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="/">{children}</a>,
}));

beforeEach(() => queryClient.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const key = (patch: Partial<ApiKey> = {}): ApiKey => ({
  id: "key-1",
  etag: "0123",
  name: "Books",
  grant: "grt-1",
  role: "Accountant",
  holder: "usr-2",
  made_by: "usr-2",
  access: "read_only",
  token_id: "1f2e3d4c",
  former: null,
  from: "anywhere",
  require_hmac: false,
  issued_at: 1_800_000_000_000,
  expires_at: null,
  revoked_at: null,
  standing: "live",
  calls: 0,
  last_used: null,
  ...patch,
});
const GRANT: OwnApiKeys["grants"][number] = {
  id: "grt-1",
  role_title: "Accountant",
  api_access: "read_write",
  expires_at: null,
};

function shown(element: ReactNode) {
  render(
    <QueryClientProvider client={queryClient}>
      <MantineProvider env="test">{element}</MantineProvider>
    </QueryClientProvider>,
  );
}

/** The page with what the server would answer. */
function page(data: OwnApiKeys | null) {
  const answer = data
    ? { data, response: new Response(null, { status: 200 }) }
    : {
        error: {
          type: "",
          title: "Unavailable",
          status: 503,
          code: "unavailable",
          detail: "Try again shortly",
        },
        response: new Response(null, { status: 503 }),
      };
  vi.spyOn(client, "GET").mockResolvedValue(answer as never);
  shown(<KeysPage />);
}

it("says who gives API access to whoever has none, and offers nothing", async () => {
  page({ grants: [], items: [] });
  expect(await screen.findByText("No API access")).toBeTruthy();
  const button = screen.getByRole("button", { name: /New key/ });
  expect(button.getAttribute("aria-disabled")).toBe("true");
});

it("says that there are no keys yet", async () => {
  page({ grants: [GRANT], items: [] });
  expect(await screen.findByText("No keys yet")).toBeTruthy();
});

it("says what went wrong and tries again", async () => {
  page(null);
  fireEvent.click(await screen.findByRole("button", { name: "Try again" }, { timeout: 10_000 }));
  await waitFor(() => expect(vi.mocked(client.GET).mock.calls.length).toBeGreaterThan(1));
});

it("tells of each key how it stands, from where it is used and how it was used last", async () => {
  const used = { at: Date.now() - 60_000, address: "203.0.113.7", agent: "books/1.0" };
  const former = { token_id: "aaaabbbb", until: Date.now() + 3_600_000 };
  page({
    grants: [GRANT],
    items: [
      key({ calls: 1234, last_used: used, former, from: { networks: ["203.0.113.0/24"] } }),
      key({ id: "key-2", name: "Old", revoked_at: 1, standing: "key_revoked" }),
      key({ id: "key-3", name: "Orphan", standing: "key_grant_ended" }),
    ],
  });
  const [, first, second, third] = await screen.findAllByRole("row");
  for (const words of [
    "203.0.113.7",
    "books/1.0",
    "203.0.113.0/24",
    "1f2e3d4c",
    "aaaabbbb",
    "Works",
    "Read only",
  ])
    expect(first?.textContent).toContain(words);
  expect(second?.textContent).toContain("Revoked");
  expect(within(second as HTMLElement).queryByRole("button")).toBeNull();
  expect(third?.textContent).toContain("Your role no longer covers it");
});

it("asks a key that writes for its networks before it is sent, and sends what was chosen", async () => {
  const made = { key: null, token: "adit_rw_x", signing_secret: "adit_sign_x", request: null };
  const post = vi
    .spyOn(client, "POST")
    .mockResolvedValue({ data: made, response: new Response(null, { status: 202 }) } as never);
  const onMade = vi.fn();
  shown(<KeyDialog grants={[GRANT]} onClose={vi.fn()} onMade={onMade} />);
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Treasury" } });
  expect(screen.getByRole("button", { name: "Make it" }).hasAttribute("disabled")).toBe(false);
  fireEvent.click(screen.getByRole("radio", { name: "Read and write" }));
  const send = screen.getByRole("button", { name: "Ask for it" });
  expect(send.hasAttribute("disabled")).toBe(true);
  fireEvent.change(screen.getByLabelText("Networks"), { target: { value: "203.0.113.0/24, 198.51.100.7" } });
  fireEvent.click(screen.getByRole("checkbox", { name: /must be signed/ }));
  fireEvent.click(send);
  await waitFor(() => expect(onMade).toHaveBeenCalledWith("Treasury", made));
  const [path, options] = post.mock.calls[0] as unknown as [string, { body: unknown; headers: object }];
  expect(path).toBe("/me/keys");
  expect(options.headers).toHaveProperty("Idempotency-Key");
  expect(options.body).toEqual({
    grant: "grt-1",
    name: "Treasury",
    access: "read_write",
    expires_in_days: 90,
    from: { networks: ["203.0.113.0/24", "198.51.100.7"] },
    require_hmac: true,
  });
});

it("offers no key that writes under a role whose access is read-only", () => {
  shown(<KeyDialog grants={[{ ...GRANT, api_access: "read_only" }]} onClose={vi.fn()} onMade={vi.fn()} />);
  expect(screen.getByRole("radio", { name: "Read and write" }).hasAttribute("disabled")).toBe(true);
});

it("reads networks as they are typed", () => {
  expect(networksIn(" 10.0.0.0/8,\n\n2001:db8::/32 ")).toEqual(["10.0.0.0/8", "2001:db8::/32"]);
  expect(originsOf(true, "10.0.0.1")).toBe("anywhere");
  expect(originsInWords({ networks: ["10.0.0.0/8", "::1/128"] })).toBe("10.0.0.0/8, ::1/128");
});
