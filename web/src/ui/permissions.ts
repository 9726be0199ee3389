// "May I?" and "why not, and who can?", answered from the session and the server's own explanation.
import { useQuery } from "@tanstack/react-query";
import { permissionsQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { PermissionVerdict } from "../api/types";
import { roleNames } from "./actions";

export interface Can {
  allowed: boolean;
  /** A sentence for the disabled control; empty when allowed. */
  why: string;
}

export function judge(
  permission: string,
  held: readonly string[],
  verdicts: readonly PermissionVerdict[] | undefined,
): Can {
  const verdict = verdicts?.find((entry) => entry.permission === permission);
  const allowed = verdict ? verdict.verdict !== "deny" : held.includes(permission);
  if (allowed) return { allowed, why: "" };
  const reason = verdict?.reason || "Your roles do not include this.";
  const ask = verdict && verdict.who_can.length > 0 ? ` Ask: ${roleNames(verdict.who_can)}.` : "";
  return { allowed, why: `${reason}${ask}` };
}

/** The judge for this person; with a device, for that device. */
export function useCan(device?: string): (permission: string) => Can {
  const session = useSession();
  const { data } = useQuery(permissionsQuery(device));
  return (permission) => judge(permission, session.permissions, data);
}
