import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import type { Delivery, Webhook } from "../api/types";
import { deliverAgain, deliveriesQuery } from "../api/webhooks";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { ago, count, dateTime, NONE, plural, until } from "../ui/format";
import { refused, told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import css from "./Webhooks.module.css";

/** What a webhook was told, and what came of every try. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const query = useInfiniteQuery(deliveriesQuery(webhook.id));
  const deliveries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [open, setOpen] = useState<string>();
  const now = useNow();
  return (
    <section className="col" aria-label={`Deliveries to ${webhook.name}`}>
      <h2>Deliveries to {webhook.name}</h2>
      {query.isPending ? (
        <Waiting rows={4} height={36} />
      ) : query.isError && deliveries.length === 0 ? (
        <LoadError error={query.error} retry={() => void query.refetch()} />
      ) : deliveries.length === 0 ? (
        <Empty title="Nothing was sent yet">
          <p>Send a test message from the menu of the webhook.</p>
        </Empty>
      ) : (
        <div className="card scroll-x" style={{ padding: 0 }}>
          <table className="data stack">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">State</th>
                <th scope="col">Answer</th>
                <th scope="col" className="r">
                  Took
                </th>
                <th scope="col">
                  <span className="sr">Details</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {deliveries.map((delivery) => (
                <Fragment key={delivery.id}>
                  <Row
                    delivery={delivery}
                    now={now}
                    open={open === delivery.id}
                    onOpen={() => setOpen(open === delivery.id ? undefined : delivery.id)}
                  />
                  {open === delivery.id && (
                    <tr>
                      <td colSpan={6} data-label="">
                        <Details webhook={webhook} delivery={delivery} />
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {query.hasNextPage && (
        <div>
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </section>
  );
}

function Row({
  delivery,
  now,
  open,
  onOpen,
}: {
  delivery: Delivery;
  now: number;
  open: boolean;
  onOpen: () => void;
}) {
  const last = delivery.attempts.at(-1);
  return (
    <tr>
      <td data-label="When" className="num">
        {ago(delivery.at, now)}
      </td>
      <td data-label="What">{delivery.type}</td>
      <td data-label="State">
        <State delivery={delivery} now={now} />
      </td>
      <td data-label="Answer">{last ? (last.error ?? <span className="num">{last.status}</span>) : NONE}</td>
      <td data-label="Took" className="r num">
        {last ? `${count(last.duration_ms)} ms` : NONE}
      </td>
      <td data-label="" className="r">
        <button
          type="button"
          className="link"
          aria-expanded={open}
          aria-label={`Details of ${delivery.type}, ${dateTime(delivery.at)}`}
          onClick={onOpen}
        >
          {open ? "Less" : "More"}
        </button>
      </td>
    </tr>
  );
}

function State({ delivery, now }: { delivery: Delivery; now: number }) {
  const tries = delivery.attempts.length;
  const after = tries > 1 ? ` after ${plural(tries, "try", "tries")}` : "";
  if (delivery.state === "delivered") return <span className="good">Delivered{after}</span>;
  if (delivery.state === "failed") return <span className="bad">Given up{after}</span>;
  if (tries === 0 || delivery.next_at === null) return <span>On its way</span>;
  const next = delivery.next_at <= now ? "now" : until(delivery.next_at, now);
  return (
    <span className="warn">
      Tried {plural(tries, "time")}, again {next}
    </span>
  );
}

function Details({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const again = () =>
    deliverAgain(webhook.id, delivery.id).then(() => told("Sent once more", delivery.message), refused);
  return (
    <div className={css.details}>
      <dl className={css.facts}>
        <dt className="dim">webhook-id</dt>
        <dd className="num">{delivery.message}</dd>
        {delivery.attempts.map((attempt) => (
          <Fragment key={attempt.at}>
            <dt className="dim num">{dateTime(attempt.at)}</dt>
            <dd>
              {attempt.error ?? <span className="num">{attempt.status}</span>}{" "}
              <span className="dim num">{count(attempt.duration_ms)} ms</span>
            </dd>
          </Fragment>
        ))}
      </dl>
      <pre className={`num ${css.body}`}>{pretty(delivery.body)}</pre>
      {webhook.disabled_at === null && (
        <div>
          <Button variant="default" onClick={() => void again()}>
            Send once more
          </Button>
        </div>
      )}
    </div>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
