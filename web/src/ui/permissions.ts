// "May I?" and "why not, and who can?", answered from the session and the server's own explanation; or, while
// somebody looks at the console as a role, from that role.
import { useQuery } from "@tanstack/react-query";
import { permissionsQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { PermissionVerdict, RoleInfo } from "../api/types";
import { permissionTitle } from "./permission-words";
import { useSeeAs } from "./see-as";

export interface Can {
  allowed: boolean;
  /** A sentence for the disabled control; empty when allowed. */
  why: string;
  /** What was asked about, for the longer explanation. */
  permission: string;
  /** On which device, if on one. */
  device?: string;
  /** Ids of people who can give it, for whoever may see people. */
  people?: string[];
}

export function judge(
  permission: string,
  held: readonly string[],
  verdicts: readonly PermissionVerdict[] | undefined,
  device?: string,
): Can {
  const verdict = verdicts?.find((entry) => entry.permission === permission);
  const allowed = verdict ? verdict.verdict !== "deny" : held.includes(permission);
  const about = { permission, ...(device && { device }) };
  if (allowed) return { allowed, why: "", ...about };
  const reason = verdict?.reason || "Your roles do not include this.";
  const why = `${reason.charAt(0).toUpperCase()}${reason.slice(1).replace(/([^.])$/, "$1.")}`;
  return { allowed, why, people: verdict?.why_not?.people ?? [], ...about };
}

/** What a role would be told. */
export function judgeAs(permission: string, role: RoleInfo): Can {
  const allowed = role.permissions.includes(permission);
  const why = allowed ? "" : `As ${role.name}: the role does not include “${permissionTitle(permission)}”.`;
  return { allowed, why, permission };
}

/** The judge for this person; with a device, for that device. */
export function useCan(device?: string): (permission: string) => Can {
  const session = useSession();
  const role = useSeeAs((state) => state.role);
  const { data } = useQuery(permissionsQuery(device));
  return (permission) =>
    role ? judgeAs(permission, role) : judge(permission, session.permissions, data, device);
}
