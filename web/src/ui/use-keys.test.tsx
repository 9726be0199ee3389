import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HelpDialog } from "../shell/HelpDialog";
import { KEYS, type KeyGroup, keysOf } from "./keys";
import { usePrefs } from "./prefs";
import { sendsAtEnter } from "./send-keys";
import { useKeys } from "./use-keys";

beforeEach(() => usePrefs.setState({ singleKeys: true }));
afterEach(cleanup);

const act = { a: vi.fn(), x: vi.fn() };
function Page() {
  useKeys("request", act);
  return <input aria-label="Search" />;
}

it("a key does what is bound to it, but not while somebody types or has switched keys off", () => {
  render(<Page />);
  fireEvent.keyDown(document.body, { key: "x" });
  expect(act.x).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(screen.getByLabelText("Search"), { key: "x" });
  fireEvent.keyDown(document.body, { key: "x", ctrlKey: true });
  fireEvent.keyDown(document.body, { key: "c" });
  usePrefs.setState({ singleKeys: false });
  cleanup();
  render(<Page />);
  fireEvent.keyDown(document.body, { key: "a" });
  expect([act.a.mock.calls.length, act.x.mock.calls.length]).toEqual([0, 1]);
});

it("the help tells every key of every group", async () => {
  render(
    <MantineProvider env="test">
      <HelpDialog opened onClose={() => {}} />
    </MantineProvider>,
  );
  const groups = Object.keys(KEYS) as KeyGroup[];
  // The list comes by itself, and all of it at once.
  for (const group of groups.slice(0, 1))
    await screen.findByRole("heading", { name: KEYS[group].title }, { timeout: 20_000 });
  for (const group of groups) {
    screen.getByRole("heading", { name: KEYS[group].title });
    for (const [, does] of keysOf(group)) expect(screen.getAllByText(does).length).toBeGreaterThan(0);
  }
});

it("Ctrl and Enter send a text of several lines, if it may be sent", () => {
  const send = vi.fn((event) => event.preventDefault());
  const form = (disabled: boolean) => (
    <form onSubmit={send}>
      <textarea aria-label="Words" onKeyDown={sendsAtEnter} />
      <button type="submit" disabled={disabled}>
        Send
      </button>
    </form>
  );
  const { rerender } = render(form(true));
  const press = (ctrlKey: boolean) =>
    fireEvent.keyDown(screen.getByLabelText("Words"), { key: "Enter", ctrlKey });
  press(true);
  rerender(form(false));
  press(false);
  expect(send).not.toHaveBeenCalled();
  press(true);
  expect(send).toHaveBeenCalledTimes(1);
});
