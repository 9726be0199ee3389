import { IconPlugConnectedX } from "@tabler/icons-react";
import { useIsFetching } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { sessionQuery } from "../api/session";
import css from "./Shell.module.css";

const PATIENCE_MS = 4_000;

/** Says that the server hangs while it is not even known who is signed in, and so nothing else is on screen. */
export function FirstWait() {
  const first = useIsFetching({
    queryKey: sessionQuery.queryKey,
    predicate: ({ state }) => state.data === undefined,
  });
  const asking = first > 0;
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!asking) return;
    const timer = window.setTimeout(() => setLate(true), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, [asking]);
  return (
    <div role="status">
      {late && (
        <div className={css.banner}>
          <IconPlugConnectedX size={16} aria-hidden="true" />
          <span>The server does not answer. Still waiting for it…</span>
        </div>
      )}
    </div>
  );
}
