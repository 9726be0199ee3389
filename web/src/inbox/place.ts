import type { InboxItem } from "../api/types";

/** Where an item leads; nowhere if it says all there is. */
export function placeOf(item: InboxItem, site: string) {
  if (item.request)
    return { to: "/s/$site/requests/$id", params: { site, id: item.request.id }, search: {} } as const;
  if (item.topic.startsWith("hook-"))
    return { to: "/s/$site/webhooks", params: { site }, search: {} } as const;
  if (item.topic.startsWith("grt-") || item.topic.startsWith("role-"))
    return { to: "/s/$site/roles", params: { site }, search: {} } as const;
  if (item.topic.startsWith("agt-")) return { to: "/s/$site/agents", params: { site }, search: {} } as const;
  return null;
}
