import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client } from "../api/client";
import type { DeviceConflict } from "../api/estate";
import { queryClient } from "../api/query";
import { Conflicts } from "./Conflicts";

vi.mock("../api/session", () => ({
  useSession: () => ({ account: { id: "acc-1", name: "Quarry" }, permissions: ["device.move"] }),
}));
vi.mock("../ui/use-outcome", () => ({ useOutcome: () => () => undefined }));

beforeEach(() => queryClient.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const NORTH = { id: "agt-1", name: "north", site: "site-1", site_name: "Norte" };
const SOUTH = { id: "agt-2", name: "south", site: "site-2", site_name: "Sur" };
type Claim = DeviceConflict["claims"][number];
const claim = (agent: Claim["agent"], ip: string): Claim => ({
  agent,
  ip,
  by_holder: agent?.id === NORTH.id,
  since: 1_800_000_000_000,
});

function shown(...claims: Claim[]) {
  const conflict: DeviceConflict = {
    device: "dev-1",
    mac: "02:ad:17:00:00:01",
    serial: null,
    ip: "10.0.0.1",
    model: "M50",
    holder: NORTH,
    claims,
  };
  const ok = (data: unknown) => ({ data, response: new Response(null, { status: 200 }) });
  vi.spyOn(client, "GET").mockImplementation(((path: string) =>
    Promise.resolve(ok(path === "/device-conflicts" ? { total: 1, items: [conflict] } : []))) as never);
  render(
    <QueryClientProvider client={queryClient}>
      <MantineProvider env="test">
        <Conflicts />
      </MantineProvider>
    </QueryClientProvider>,
  );
}

const buttons = () => screen.getAllByRole("button").map((button) => button.textContent);

it("offers to keep what its own agent sees at two addresses, and no move to that agent", async () => {
  shown(claim(NORTH, "10.0.0.7"));
  expect(
    await screen.findByText(/answers at two addresses: 10.0.0.1 \(followed\) and 10.0.0.7/),
  ).toBeTruthy();
  expect(screen.queryByText(/sees it, too/)).toBeNull();
  expect(buttons()).toEqual(["Keep…"]);
});

it("offers a move to each other agent once, however many addresses it names", async () => {
  shown(claim(NORTH, "10.0.0.7"), claim(SOUTH, "10.0.0.1"), claim(SOUTH, "10.0.0.8"));
  expect(await screen.findByText(/is with north on Norte; south on Sur sees it, too/)).toBeTruthy();
  expect(buttons()).toEqual(["Keep…", "Move to south…"]);
});
