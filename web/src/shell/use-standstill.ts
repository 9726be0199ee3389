import { useQuery } from "@tanstack/react-query";
import { overviewQuery } from "../api/queries";
import type { RequestSummary } from "../api/types";
import type { Standstill } from "../requests/phases";
import { useSite } from "./site";

/** What of the account keeps this request from being carried out. Live. */
export function useStandstill({ waits_while }: Pick<RequestSummary, "waits_while">): Standstill {
  const site = useSite();
  const overview = useQuery(overviewQuery(site)).data;
  return waits_while.find((what) => overview?.[what]) ?? null;
}
