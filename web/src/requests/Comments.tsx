import { Button, Textarea } from "@mantine/core";
import { type RefObject, useRef, useState } from "react";
import { closeReview, comment } from "../api/governance";
import type { Request } from "../api/types";
import { ProblemNote } from "../ui/feedback";
import { dateTime, dateTimeLong } from "../ui/format";
import { sendsAtEnter } from "../ui/send-keys";
import { useKeys } from "../ui/use-keys";
import { useSubmit } from "../ui/use-submit";
import css from "./Requests.module.css";

/** What people say about it: not part of what is approved. */
export function Comments({ request }: { request: Request }) {
  const box = useRef<HTMLTextAreaElement>(null);
  useKeys("request", { c: () => box.current?.focus() });
  if (request.comments.length === 0 && !request.can_comment) return null;
  return (
    <section className="card col gap3" aria-label="Comments">
      <h2>
        Comments <span className="num dim">{request.comments.length}</span>
      </h2>
      {request.comments.length > 0 && (
        <ol className="plain col gap3">
          {request.comments.map((said) => (
            <li key={`${said.by.id} ${said.at} ${said.words}`}>
              <div>
                <b>{said.by.name}</b>{" "}
                <time
                  className="dim small num"
                  dateTime={new Date(said.at).toISOString()}
                  title={dateTimeLong(said.at)}
                >
                  {dateTime(said.at)}
                </time>
              </div>
              <div className={css.words}>{said.words}</div>
            </li>
          ))}
        </ol>
      )}
      {request.can_comment && (
        <Words
          label="Say something about it"
          note="Everybody who sees the request reads it; it stays in the log."
          send="Comment"
          box={box}
          onSend={(words) => comment(request.id, words)}
        />
      )}
    </section>
  );
}

/** A recovery is looked at afterwards, by somebody else than whoever started it. */
export function Review({ request }: { request: Request }) {
  if (!request.awaits_review) return null;
  return (
    <section className="card col gap3" aria-label="Review">
      <h2>Review this recovery</h2>
      <p className="soft">
        It lowered counts past the counts themselves. An Administrator other than whoever started it says what
        they found; that closes the review.
      </p>
      <Words
        label="What was found"
        send="Close the review"
        onSend={(words) => closeReview(request.id, words)}
      />
    </section>
  );
}

function Words({
  label,
  note,
  send,
  box,
  onSend,
}: {
  label: string;
  note?: string;
  send: string;
  box?: RefObject<HTMLTextAreaElement | null>;
  onSend: (words: string) => Promise<unknown>;
}) {
  const [text, setText] = useState("");
  const { busy, error, submit } = useSubmit(async () => {
    await onSend(text.trim());
    setText("");
  });
  return (
    <form onSubmit={submit} className="col">
      <Textarea
        ref={box}
        onKeyDown={sendsAtEnter}
        label={label}
        description={note}
        value={text}
        maxLength={1000}
        rows={2}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {error !== null && <ProblemNote error={error} />}
      <div>
        <Button type="submit" variant="default" loading={busy} disabled={text.trim() === ""}>
          {send}
        </Button>
      </div>
    </form>
  );
}
