import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
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
