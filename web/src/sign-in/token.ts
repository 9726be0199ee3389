import { useRouterState } from "@tanstack/react-router";

/** The token of a link: it stands after the #, which browsers do not send. */
export function useToken(): string {
  return useRouterState({ select: (state) => state.location.hash });
}
