import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { itemsQuery } from "../api/queries";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { Note } from "../ui/feedback";
import { count } from "../ui/format";
import { pageOf } from "./again";
import { DraftButton } from "./DraftButton";
import { failedTargets } from "./items";
import { ToneMark } from "./Mosaic";
import { advice, fellShort, missedOf, shortfall } from "./missed";
import css from "./Requests.module.css";

const MOST_NAMES = 12;
const MOST_GROUPS = 8;

/** On what it was not done, why not, and what to do: before anything else that a request that has ended says. */
export function NotDone({ request }: { request: Request }) {
  const site = useSite();
  const short = fellShort(request);
  const { data: items } = useQuery({ ...itemsQuery(request.id), enabled: short });
  if (!short || !items) return null;
  const missed = missedOf(items);
  if (missed.length === 0) return null;
  const failed = failedTargets(items);
  const page = pageOf(request.action);
  return (
    <Note tone={request.state === "failed" ? "bad" : "warn"} title={shortfall(request, items)}>
      <ul className={`plain col ${css.missed}`} aria-label="What was not done">
        {missed.slice(0, MOST_GROUPS).map(({ tone, word, why, names }) => (
          <li key={`${word} ${why}`}>
            <ToneMark tone={tone} />
            <span className={css.words}>
              <b>{names.slice(0, MOST_NAMES).join(", ")}</b>
              {names.length > MOST_NAMES && ` and ${count(names.length - MOST_NAMES)} more`}: {word}
              {word !== "" && why !== "" && ", "}
              {why}
            </span>
          </li>
        ))}
      </ul>
      {missed.length > MOST_GROUPS && (
        <p>The table below has {count(missed.length - MOST_GROUPS)} more reasons.</p>
      )}
      {advice(request, missed).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {failed.length > 0 && (
        <DraftButton
          word={`Draft a retry for ${count(failed.length)} failed`}
          site={request.site}
          action={request.action}
          targets={failed}
        />
      )}
      {page && (
        <Link to={page.to} params={{ site }}>
          {page.word}
        </Link>
      )}
    </Note>
  );
}
