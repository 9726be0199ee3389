import type { KeyboardEvent } from "react";

/** Ctrl or ⌘ with Enter sends the form of a text that has lines of its own; Escape outside a dialog leaves the text. */
export function sendsAtEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const form = event.currentTarget.form;
    const send = form?.querySelector<HTMLButtonElement>("button[type=submit]");
    if (send && !send.disabled) form?.requestSubmit(send);
  }
  if (event.key === "Escape" && !event.currentTarget.closest("[role=dialog]")) event.currentTarget.blur();
}
