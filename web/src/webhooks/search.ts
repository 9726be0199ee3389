export interface WebhooksSearch {
  /** Whose deliveries are shown. */
  webhook?: string;
}
export function webhooksSearch(search: Record<string, unknown>): WebhooksSearch {
  return typeof search.webhook === "string" && search.webhook !== "" ? { webhook: search.webhook } : {};
}
