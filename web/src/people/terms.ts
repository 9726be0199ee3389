// The terms of a grant as the form holds them, and what the server is told.
import type { ApiAccess, GrantScope, GrantTerms, Person, PersonGrant } from "../api/account-types";
import type { RoleInfo } from "../api/types";
import { same } from "../roles/outcome";
import { readScope, type ScopeNode } from "../roles/scope";
import { plural } from "../ui/format";

export interface Terms {
  /** The role's code. */
  role: string;
  everywhere: boolean;
  /** Where, unless everywhere. */
  nodes: ScopeNode[];
  remark: string;
  /** Local date, "2027-03-31", or empty for no end. */
  until: string;
  api: ApiAccess;
}

export const NO_TERMS: Terms = { role: "", everywhere: true, nodes: [], remark: "", until: "", api: "none" };

/** Of a grant, or of what a request asks one to be. */
export function termsOf(grant: PersonGrant | GrantTerms): Terms {
  const scope = readScope(grant.scope);
  return {
    role: grant.role,
    everywhere: scope === "all",
    nodes: scope === "all" ? [] : scope.nodes,
    remark: grant.remark ?? "",
    until: grant.expires_at == null ? "" : localDate(grant.expires_at),
    api: grant.api_access ?? "none",
  };
}

/** A grant with API access always reaches everything. */
export const scopeOf = (terms: Terms): GrantScope =>
  terms.everywhere || terms.api !== "none" ? "all" : { nodes: terms.nodes };

export function toSend(terms: Terms): GrantTerms {
  return {
    role: terms.role,
    scope: scopeOf(terms),
    ...(terms.remark.trim() && { remark: terms.remark.trim() }),
    ...(terms.until && { expires_at: endOfDay(terms.until) }),
    ...(terms.api !== "none" && { api_access: terms.api }),
  };
}

/** Do they say the same? */
export const sameTerms = (one: Terms, other: Terms): boolean =>
  JSON.stringify(toSend(one)) === JSON.stringify(toSend(other));

/** Why it cannot be sent yet, or an empty text. */
export function incomplete(terms: Terms, now: number): string {
  if (terms.role === "") return "Choose a role.";
  if (!terms.everywhere && terms.api === "none" && terms.nodes.length === 0)
    return "Choose at least one place.";
  if (terms.until !== "" && endOfDay(terms.until) <= now) return "The end lies in the past.";
  return "";
}

/** What somebody should know before giving this. */
export function cautionsOf(terms: Terms): string[] {
  const found: string[] = [];
  const all = scopeOf(terms) === "all";
  if (all && terms.role === "viewer")
    found.push(
      "A Viewer with everything sees every machine, those of other clients too. For a hosting client choose their sub-account.",
    );
  if (terms.api === "read_write") found.push("A read and write key acts without a person: give it an end.");
  return found;
}

/** Why this person cannot give the role: nobody gives what they do not hold. */
export function ungivable(role: RoleInfo, held: readonly string[]): string {
  if (role.code === "owner") return "There is one Owner; ownership is transferred";
  const lacking = role.permissions.filter((permission) => !held.includes(permission));
  return lacking.length === 0 ? "" : `holds ${plural(lacking.length, "permission")} that you do not`;
}

/** People by name, e-mail, remark or role. */
export function found(people: readonly Person[], text: string, role: string | undefined): Person[] {
  const sought = text.trim().toLowerCase().split(/\s+/);
  return people.filter((person) => {
    if (role && !person.grants.some((grant) => same(grant.role_title, role))) return false;
    const all = [
      person.name,
      person.email ?? "",
      ...person.grants.flatMap((grant) => [grant.role_title, grant.remark ?? ""]),
    ]
      .join(" ")
      .toLowerCase();
    return sought.every((word) => all.includes(word));
  });
}

function endOfDay(date: string): number {
  return new Date(`${date}T23:59:59`).getTime();
}
function localDate(at: number): string {
  const day = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
