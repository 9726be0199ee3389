import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { placesQuery } from "../api/people";
import { ALL_SITES } from "../api/queries";
import { useSession } from "../api/session";
import type { SiteRef } from "../api/types";

/** The site in the address: a site id, or "all". */
export function useSite(): string {
  return useParams({ strict: false }).site ?? ALL_SITES;
}

/** The sites in scope: the one in the address, or each that this person sees. */
export function useSitesInScope(): SiteRef[] {
  const site = useSite();
  const { sites } = useSession();
  return site === ALL_SITES ? sites : sites.filter((entry) => entry.id === site);
}

export function useSiteName(): (id: string | null) => string {
  const { sites } = useSession();
  return (id) => sites.find((site) => site.id === id)?.name ?? id ?? "All sites";
}

/** Names whatever a grant reaches; an id where this person does not see it. */
export function useNodeName(): (id: string) => string {
  const siteName = useSiteName();
  const { permissions } = useSession();
  const { data } = useQuery({ ...placesQuery, enabled: permissions.includes("device.list") });
  const all = [...(data?.containers ?? []), ...(data?.groups ?? []), ...(data?.subAccounts ?? [])];
  return (id) => all.find((place) => place.id === id)?.name ?? siteName(id);
}
