import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { endOtherSessions, endSession, sessionsQuery } from "../api/account";
import { LoadError, Waiting } from "../ui/feedback";
import { ago, dateTime, plural } from "../ui/format";
import { refused, told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import { useSubmit } from "../ui/use-submit";
import { browserName } from "./browser";
import { Section } from "./Section";
import css from "./Security.module.css";

export function SessionSection() {
  const { data, error, refetch } = useQuery(sessionsQuery);
  const now = useNow();
  const others = data?.items.filter((session) => !session.current).length ?? 0;
  const endAll = useSubmit(async () => {
    try {
      const { ended } = await endOtherSessions();
      told(`${plural(ended, "session")} ended`);
    } catch (problem) {
      refused(problem);
    }
  });
  const end = async (id: string, name: string) => {
    try {
      await endSession(id);
      told("Session ended", name);
    } catch (problem) {
      refused(problem);
      void refetch();
    }
  };
  return (
    <Section
      title="Where you are signed in"
      state="End what you do not know, then change the password."
      action={
        others > 0 && (
          <Button variant="default" loading={endAll.busy} onClick={() => void endAll.submit()}>
            End all others
          </Button>
        )
      }
    >
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={2} height={44} />
      ) : (
        <ul className={css.list}>
          {data.items.map((session) => {
            const name = browserName(session.user_agent);
            return (
              <li key={session.id}>
                <div className="grow">
                  <div className="row wrap">
                    <span title={session.user_agent}>{name}</span>
                    <span className="num dim">{session.address}</span>
                    {session.current && <span className={`${css.tag} ${css.here}`}>this one</span>}
                  </div>
                  <div className="dim small">
                    signed in {dateTime(session.created_at)}, used {ago(session.last_seen_at, now)}, ends{" "}
                    {dateTime(session.expires_at)}
                  </div>
                </div>
                {!session.current && (
                  <Button
                    variant="default"
                    aria-label={`End the session of ${name} at ${session.address}`}
                    onClick={() => void end(session.id, name)}
                  >
                    End
                  </Button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
