// The counts beside the filters. Where they are of the devices that the header counts, they are the header's own, of the same
// moment: a page never says two numbers for one thing.
import type { DevicePage, Overview } from "../api/types";
import { type DeviceSearch, isFiltered, listOf } from "./search";

type Counted = Pick<DevicePage, "total" | "facets">;

export function countedAs(
  header: Overview | undefined,
  { status, ...others }: DeviceSearch,
  page: Counted | undefined,
): Counted | undefined {
  if (!header || !page || isFiltered(others)) return page;
  const { total: all, ...by } = header.devices;
  const listed = Object.values(page.facets.status).reduce((sum, count) => sum + count, 0);
  // The header is of all that the reader's dashboards show, which need not be all that their lists do.
  if (listed !== all) return page;
  const chosen = listOf(status);
  const counts: Record<string, number> = by;
  const total = chosen.length === 0 ? all : chosen.reduce((sum, word) => sum + (counts[word] ?? 0), 0);
  return { total, facets: { ...page.facets, status: by } };
}
