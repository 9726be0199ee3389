import { hashKey, MutationCache, QueryCache, QueryClient, type QueryKey } from "@tanstack/react-query";
import { hasCode, ProblemError } from "./problem";

let onSignedOut = () => {};
/** What to do when any answer says that the session has ended. */
export function whenSignedOut(action: () => void) {
  onSignedOut = action;
}
let onGone = () => {};
/** What to do when any answer says that this person holds nothing on the account any more. */
export function whenGone(action: () => void) {
  onGone = action;
}
const GONE = ["no_account", "account_gone", "account_unopened", "account_suspended"];
export const isGone = (error: unknown) => GONE.some((code) => hasCode(error, code));

function watch(error: unknown) {
  if (hasCode(error, "not_signed_in")) onSignedOut();
  if (isGone(error)) onGone();
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: watch }),
  mutationCache: new MutationCache({ onError: watch }),
  defaultOptions: {
    queries: {
      // The live stream says when something changed; nothing is fetched again because time passed.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) =>
        count < 2 &&
        !(error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500),
    },
    mutations: { retry: false },
  },
});

/** What is to be read once more when the read under way has ended. */
const again = new Set<string>();

/** Reads anew what is shown of this, as it has changed. A read under way may have begun before the change: it is let finish, so
 * that many changes do not keep it from ever ending, and one more follows. */
export function reread(queryKey: QueryKey) {
  const name = hashKey(queryKey);
  if (again.has(name)) return;
  const busy = queryClient.isFetching({ queryKey }) > 0;
  const read = queryClient.invalidateQueries({ queryKey }, { cancelRefetch: false });
  if (!busy) return;
  again.add(name);
  void read.finally(() => {
    again.delete(name);
    reread(queryKey);
  });
}
