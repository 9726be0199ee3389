// Word about one's own actions, bottom right. Errors stay until closed.
import { notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { hasCode, problemOf } from "../api/problem";

export function told(title: string, message?: ReactNode) {
  const id = notifications.show({ title, message, autoClose: 6_000, withBorder: true });
  passing.add(id);
}
const passing = new Set<string>();

/** Takes away what was told on the page before, so that it covers nothing of the next; errors stay. */
export function clearTold() {
  for (const id of passing) notifications.hide(id);
  passing.clear();
}

export function refused(error: unknown) {
  if (hasCode(error, "step_up_cancelled")) return;
  const problem = problemOf(error);
  notifications.show({
    title: problem.title,
    message: problem.detail,
    autoClose: false,
    withBorder: true,
    role: "alert",
    className: "toast-error",
  });
}
