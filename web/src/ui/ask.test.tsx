import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { ProblemError, toProblem } from "../api/problem";
import { askPassword } from "../api/step-up";
import { StepUpDialog } from "../shell/StepUpDialog";
import { Ask } from "./ask";
import { GatedButton } from "./gated";

vi.mock("../shell/StepUpQuestion", () => ({ StepUpQuestion: () => null }));
afterEach(cleanup);

function show(onConfirm: (reason: string) => Promise<unknown>, onClose = vi.fn()) {
  render(
    <MantineProvider env="test">
      <Ask
        opened
        title="Reject R-12?"
        confirm="Reject"
        reason="required"
        onConfirm={onConfirm}
        onClose={onClose}
      />
    </MantineProvider>,
  );
  return onClose;
}

it("asks for a reason before it lets anything happen", async () => {
  const onConfirm = vi.fn(async () => {});
  const onClose = show(onConfirm);
  const confirm = screen.getByRole("button", { name: "Reject" });
  expect(confirm).toHaveProperty("disabled", true);
  fireEvent.change(screen.getByLabelText("Reason"), { target: { value: "  not now " } });
  fireEvent.click(confirm);
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(onConfirm).toHaveBeenCalledExactlyOnceWith("not now");
});

it("stays open with the refusal when the server refuses", async () => {
  const refusal = toProblem({ title: "Too late", detail: "The request has expired.", code: "expired" }, 410);
  const onClose = show(() => Promise.reject(new ProblemError(refusal)));
  fireEvent.change(screen.getByLabelText("Reason"), { target: { value: "no" } });
  fireEvent.click(screen.getByRole("button", { name: "Reject" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Too late");
  expect(alert.textContent).toContain("The request has expired.");
  expect(onClose).not.toHaveBeenCalled();
});

it("shows a button that cannot be used with its reason, and does nothing on click", () => {
  const onClick = vi.fn();
  render(
    <MantineProvider env="test">
      <GatedButton why="Ask: Owner." onClick={onClick}>
        Reboot
      </GatedButton>
    </MantineProvider>,
  );
  const button = screen.getByRole("button", { name: /Reboot.*Ask: Owner/ });
  fireEvent.click(button);
  expect(button.getAttribute("aria-disabled")).toBe("true");
  expect(onClick).not.toHaveBeenCalled();
});

it("stays open with what was typed while the question who it is is called off by Escape", async () => {
  const onConfirm = () => askPassword();
  const onClose = vi.fn();
  render(
    <MantineProvider env="test">
      <StepUpDialog />
      <Ask
        opened
        title="Approve R-12?"
        confirm="Approve"
        reason="optional"
        onConfirm={onConfirm}
        onClose={onClose}
      />
    </MantineProvider>,
  );
  fireEvent.change(screen.getByLabelText("Reason (optional)"), { target: { value: "Seen." } });
  fireEvent.click(screen.getByRole("button", { name: "Approve" }));
  await screen.findByText("Confirm that it is you");
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect((await screen.findByRole("alert")).textContent).toContain("Not confirmed");
  expect(screen.getByLabelText("Reason (optional)")).toHaveProperty("value", "Seen.");
  expect(onClose).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(onClose).toHaveBeenCalledOnce();
});
