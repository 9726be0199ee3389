// Looking at the console the way a role would see it: pages and controls go by that role's permissions. Data stay
// one's own, the server is never told, and nothing that changes anything is sent while it lasts.
import { create } from "zustand";
import { holdChanges } from "../api/client";
import type { RoleInfo } from "../api/types";

interface SeeAs {
  role: RoleInfo | null;
}
export const useSeeAs = create<SeeAs>(() => ({ role: null }));

export function seeAs(role: RoleInfo | null) {
  holdChanges(
    role && {
      type: "about:blank",
      title: "Nothing was sent",
      status: 403,
      code: "seeing_as",
      detail: `You look at the console as ${role.name}. Stop that first to change anything.`,
    },
  );
  useSeeAs.setState({ role });
}
