import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { previewRequest } from "../api/mutations";
import type { Action, Preview } from "../api/types";

/** Between the last key and the question. */
const CALM_MS = 300;

export interface Foretold {
  rule: Preview["rule"] | undefined;
  /** What it would change, as it stood when it was last asked about. */
  preview: Preview | undefined;
  /** Why it could not be asked for. */
  refusal: unknown;
  /** It could be sent as it stands. */
  fits: boolean;
}

/** What the server says of something while it is still being written: by which rule it would go, or why it could not. */
export function useForetold(action: Action | null, targets: readonly string[] = []): Foretold {
  const text = action && JSON.stringify(action);
  const [settled] = useDebouncedValue(text, CALM_MS);
  const { data, error, isFetching } = useQuery({
    queryKey: ["preview", settled, targets],
    queryFn: () => previewRequest(JSON.parse(settled ?? ""), [...targets]),
    enabled: settled !== null,
    placeholderData: (previous) => previous,
    staleTime: 0,
    // What is asked about may have a password in it.
    gcTime: 0,
    retry: false,
  });
  const isOfThis = text !== null && settled === text && !isFetching;
  return {
    rule: data?.rule,
    preview: data,
    refusal: isOfThis ? error : null,
    fits: isOfThis && !error && data !== undefined,
  };
}
