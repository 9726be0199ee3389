import { useNavigate } from "@tanstack/react-router";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { told } from "./toast";

/** After something was asked for: said if it is done, shown if it waits for others. */
export function useOutcome() {
  const site = useSite();
  const navigate = useNavigate();
  return async (request: Request, done: string) => {
    if (request.state === "executed") told(done, `Recorded as R-${request.number}.`);
    else await navigate({ to: "/s/$site/requests/$id", params: { site, id: request.id } });
  };
}
