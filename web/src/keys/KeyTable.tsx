import type { ReactNode } from "react";
import type { ApiKey } from "../api/types";
import { ago, count, dateTime } from "../ui/format";
import { originsInWords } from "./origins";

const STANDING: Record<ApiKey["standing"], [word: string, tone: string]> = {
  live: ["Works", "good"],
  key_revoked: ["Revoked", "dim"],
  key_expired: ["Expired", "dim"],
  key_grant_ended: ["Your role no longer covers it", "bad"],
};

/** Keys with what they may do and how they were used. */
export function KeyTable({
  keys,
  now,
  menu,
}: {
  keys: ApiKey[];
  now: number;
  menu: (apiKey: ApiKey) => ReactNode;
}) {
  return (
    <div className="card scroll-x" style={{ padding: 0 }}>
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Used from</th>
            <th scope="col">State</th>
            <th scope="col">Last used</th>
            <th scope="col" className="r">
              Calls
            </th>
            <th scope="col">Made</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((apiKey) => (
            <tr key={apiKey.id}>
              <td data-label="Name">
                {apiKey.name}
                <div className="dim small num">{apiKey.token_id}</div>
              </td>
              <td data-label="May">
                {apiKey.access === "read_write" ? "Read and write" : "Read only"}
                {apiKey.role && <div className="dim small">as {apiKey.role}</div>}
                {apiKey.require_hmac && <div className="dim small">signed</div>}
              </td>
              <td data-label="Used from">{originsInWords(apiKey.from)}</td>
              <td data-label="State">
                <State apiKey={apiKey} now={now} />
              </td>
              <td data-label="Last used">
                {apiKey.last_used ? (
                  <>
                    {ago(apiKey.last_used.at, now)}
                    <div className="dim small num">{apiKey.last_used.address}</div>
                    {apiKey.last_used.agent && <div className="dim small">{apiKey.last_used.agent}</div>}
                  </>
                ) : (
                  "never"
                )}
              </td>
              <td data-label="Calls" className="r num">
                {count(apiKey.calls)}
              </td>
              <td data-label="Made">{dateTime(apiKey.issued_at)}</td>
              <td data-label="Ends">
                {apiKey.expires_at === null ? "with the role" : dateTime(apiKey.expires_at)}
              </td>
              <td data-label="" className="r menu">
                {menu(apiKey)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function State({ apiKey, now }: { apiKey: ApiKey; now: number }) {
  const [word, tone] = STANDING[apiKey.standing];
  return (
    <>
      <span className={tone}>{word}</span>
      {apiKey.former && apiKey.former.until > now && (
        <div className="dim small">
          The secret before (<span className="num">{apiKey.former.token_id}</span>) opens until{" "}
          {dateTime(apiKey.former.until)}
        </div>
      )}
    </>
  );
}
