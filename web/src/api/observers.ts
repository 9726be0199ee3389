// Observer links: what people without an account see by them, and who hands them out.
import { queryOptions } from "@tanstack/react-query";
import { client, unwrap, withStepUp } from "./client";
import { keepRequest } from "./mutations";
import { queryClient } from "./query";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type ObserverLink = Schemas["ObserverLink"];
export type ObserverLinkAsk = Schemas["ObserverLinkAsk"];
export type ObserverLinkMade = Schemas["ObserverLinkMade"];
export type ObserverSections = Schemas["ObserverSections"];
export type ObserverPage = Schemas["ObserverPage"];
export type ObserverSubAccount = Schemas["ObserverSubAccount"];

/** What an open page shows is looked up again this often: what is switched off is gone by then. */
const REFRESH_MS = 30_000;

/** A page by its link's token, or by its name where pages are open. */
export const observedQuery = (sought: { token: string } | { coin: string; name: string }) =>
  queryOptions({
    queryKey: ["observed", sought],
    // The token each time: another tab may have opened another link since.
    queryFn: (): Promise<ObserverPage> =>
      "token" in sought
        ? unwrap(client.POST("/observe", { body: { token: sought.token } }))
        : unwrap(
            client.GET("/observe/{coin}/{sub_account}", {
              params: { path: { coin: sought.coin, sub_account: sought.name } },
            }),
          ),
    refetchInterval: (query) => (query.state.error ? false : REFRESH_MS),
    retry: false,
    gcTime: 0,
  });

export const observerLinksQuery = queryOptions({
  queryKey: ["observer-links"],
  queryFn: () => unwrap(client.GET("/observer-links")),
});

const reread = () => void queryClient.invalidateQueries(observerLinksQuery);

export function issueObserverLink(body: ObserverLinkAsk) {
  return withStepUp(async () => {
    const made = await unwrap(client.POST("/observer-links", { body }));
    keepRequest(made.request);
    reread();
    return made;
  });
}

export async function revokeObserverLink(id: string) {
  const request = await unwrap(client.DELETE("/observer-links/{id}", { params: { path: { id } } }));
  reread();
  return keepRequest(request);
}

export function protectObservers(on: boolean, sections: ObserverSections) {
  return withStepUp(async () => {
    const body = on ? { on } : { on, sections };
    const request = await unwrap(client.PUT("/observer-protection", { body }));
    reread();
    return keepRequest(request);
  });
}
