import { IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useLive } from "../api/live";
import { age } from "../ui/format";
import { useNow } from "../ui/use-now";
import css from "./Shell.module.css";

const PATIENCE_MS = 2_500;

/** Says that the numbers on screen are not live, once a break lasts longer than a blink. */
export function StaleBanner() {
  const since = useLive((live) => live.since);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (since === null) {
      setShown(false);
      return;
    }
    const timer = window.setTimeout(() => setShown(true), since + PATIENCE_MS - Date.now());
    return () => window.clearTimeout(timer);
  }, [since]);
  return <div role="status">{shown && since !== null && <Banner since={since} />}</div>;
}

function Banner({ since }: { since: number }) {
  const now = useNow(1_000);
  return (
    <div className={css.banner}>
      <IconPlugConnectedX size={16} aria-hidden="true" />
      <span>
        Not live: the server does not answer. What you see is <span className="num">{age(now - since)}</span>{" "}
        old. Trying again…
      </span>
    </div>
  );
}
