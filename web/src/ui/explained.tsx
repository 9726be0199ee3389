import { useQuery } from "@tanstack/react-query";
import { explainQuery, peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import type { Explanation } from "../api/types";
import { scopeWords } from "../roles/scope";
import { useNodeName } from "../shell/site";
import { roleNames } from "./actions";
import { LoadError } from "./feedback";
import { permissionTitle } from "./permission-words";

/** The server's own answer to "why may, or may not, this person?". */
export function Explained({
  subject,
  permission,
  resource,
}: {
  subject: string;
  permission: string;
  resource?: string;
}) {
  const { data, error, refetch } = useQuery(explainQuery(subject, permission, resource));
  const grantWords = useGrantWords();
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  return (
    <div role="status" aria-live="polite">
      {data
        ? explanation(data, permission, grantWords).map((line) => <div key={line}>{line}</div>)
        : "Asking the server…"}
    </div>
  );
}

/** "the role Technician, everywhere" of a grant's id, for whoever may see grants. */
function useGrantWords(): (grant: string) => string {
  const session = useSession();
  const nodeName = useNodeName();
  const may = session.permissions.includes("user.view");
  const { data } = useQuery({ ...peopleQuery, enabled: may });
  return (id) => {
    const grant = data?.items.flatMap((person) => person.grants).find((each) => each.id === id);
    return grant ? `the role ${grant.role_title}, ${scopeWords(grant.scope, nodeName)}` : "a role given here";
  };
}

/** The answer in sentences. */
export function explanation(
  answer: Explanation,
  permission: string,
  grantWords: (grant: string) => string,
): string[] {
  const via = answer.via ? ` by ${grantWords(answer.via)}` : "";
  if (answer.decision === "allow") return [`The server says: allowed${via}.`];
  if (answer.decision === "needs_request")
    return [`The server says: may ask for it${via}; it, or some of it, waits for others or for its time.`];
  const lines = [
    `Missing: “${permissionTitle(answer.missing ?? permission)}” (${answer.missing ?? permission}).`,
  ];
  if (answer.who_can.length > 0) lines.push(`Held by: ${roleNames(answer.who_can)}.`);
  return lines;
}
