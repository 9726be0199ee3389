import { useQuery } from "@tanstack/react-query";
import { explainQuery } from "../api/people";
import type { Explanation } from "../api/types";
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
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  return (
    <div role="status" aria-live="polite">
      {data
        ? explanation(data, permission).map((line) => <div key={line}>{line}</div>)
        : "Asking the server…"}
    </div>
  );
}

/** The answer in sentences. */
export function explanation(answer: Explanation, permission: string): string[] {
  const via = answer.via ? `by grant ${answer.via}` : "";
  if (answer.decision === "allow") return [`The server says: allowed ${via}`.trim().concat(".")];
  if (answer.decision === "needs_request")
    return [`The server says: may ask for it ${via}`.trim().concat("; others must approve.")];
  const lines = [
    `Missing: “${permissionTitle(answer.missing ?? permission)}” (${answer.missing ?? permission}).`,
  ];
  if (answer.who_can.length > 0) lines.push(`Held by: ${roleNames(answer.who_can)}.`);
  return lines;
}
