import { useQuery } from "@tanstack/react-query";
import { overviewQuery } from "../api/queries";
import { useSite } from "./site";

/** Is the account frozen? Live. */
export function useFrozen(): boolean {
  const site = useSite();
  return useQuery(overviewQuery(site)).data?.frozen ?? false;
}
