import { IconListDetails } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { requestsQuery, scoped } from "../api/queries";
import { useSite } from "../shell/site";
import { Empty } from "../ui/feedback";
import { Listing, ListingHead } from "../ui/listing";
import { RequestFilters } from "./RequestFilters";
import css from "./Requests.module.css";
import { RequestTable } from "./RequestTable";
import { filterOf, isFiltered, type RequestsSearch } from "./search";

const route = getRouteApi("/s/$site/requests");

const TABS = ["all", "mine"] as const;
const WORD = { all: "All", mine: "Mine" };
const NONE: Record<(typeof TABS)[number], [string, string]> = {
  all: [
    "No requests yet",
    "Every request of the sites you see appears here, from its submission to its result.",
  ],
  mine: [
    "You have submitted nothing",
    "What you submit from the draft appears here, with its way to the result.",
  ],
};

/** Every request that the reader sees, found again by who, what, where and how it stands. */
export function RequestsPage() {
  const site = useSite();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(requestsQuery(filterOf(search, scoped(site))));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const tab = search.mine ? "mine" : "all";
  const filtered = isFiltered(search);
  const change = (patch: Partial<RequestsSearch>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...patch }), replace });
  const clear = () => void navigate({ search: search.mine ? { mine: true } : {} });
  return (
    <div className={css.listPage}>
      <ListingHead
        title="Requests"
        label="Whose requests"
        tabs={TABS}
        words={WORD}
        counts={{}}
        tab={tab}
        onTab={(next) => change({ mine: next === "mine" || undefined })}
      />
      <RequestFilters search={search} change={change} total={query.data?.pages[0]?.total} />
      {filtered && items.length === 0 && query.isSuccess && !query.hasNextPage ? (
        <Empty title="No request matches these filters">
          <button type="button" className="link" onClick={clear}>
            Remove all filters
          </button>
        </Empty>
      ) : (
        <Listing
          className={css.list}
          label={WORD[tab]}
          query={query}
          count={items.length}
          none={NONE[tab]}
          icon={IconListDetails}
          height={44}
        >
          <RequestTable items={items} onPerson={(person) => change({ person })} />
        </Listing>
      )}
    </div>
  );
}
