import { useRouterState } from "@tanstack/react-router";

/** The token of a link: it stands after the #, which browsers do not send. It stays until the next page is there. */
export function useToken(): string {
  return useRouterState({ select: (state) => (state.resolvedLocation ?? state.location).hash });
}
