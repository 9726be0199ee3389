import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/people";
import { words } from "../ui/format";

/** The name of a role by its code. */
export function useRoleTitle(): (code: string) => string {
  const { data } = useQuery(rolesQuery);
  return (code) => data?.roles.find((role) => role.code === code)?.name ?? words(code);
}
