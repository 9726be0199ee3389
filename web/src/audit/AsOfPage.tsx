import { Button, TextInput } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type AsOf, asOfQuery } from "../api/governance";
import { RuleCells, RuleHeads } from "../policies/RuleCells";
import { scopeWords } from "../roles/scope";
import { useNodeName, useSite } from "../shell/site";
import { Empty, LoadError, Note, Waiting } from "../ui/feedback";
import { count, dateTimeLong, plural } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";

const route = getRouteApi("/s/$site/audit/as-of");

/** Who held what, which rules were in force and what waited, at a moment or after a record of the log. */
export function AsOfPage() {
  const site = useSite();
  const { at, seq } = route.useSearch();
  const navigate = route.useNavigate();
  const [moment, setMoment] = useState(at ?? "");
  const when = seq !== undefined ? { seq } : at ? { at: new Date(at).getTime() } : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (moment) void navigate({ search: { at: moment } });
  };
  return (
    <div className="page">
      <Link to="/s/$site/audit" params={{ site }} className="row small">
        <IconArrowLeft size={14} aria-hidden="true" /> Audit log
      </Link>
      <header>
        <h1>The account as it was</h1>
        <p className="dim">
          Rights, rules and open requests at a moment, replayed from the log. To a record: “the account after
          this” in the log.
        </p>
      </header>
      <form className="row wrap" style={{ alignItems: "flex-end" }} onSubmit={submit}>
        <TextInput
          label="Moment"
          type="datetime-local"
          step={1}
          value={moment}
          onChange={(event) => setMoment(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={moment === ""}>
          Show
        </Button>
      </form>
      {when && <Past when={when} />}
    </div>
  );
}

function Past({ when }: { when: { seq?: number; at?: number } }) {
  const { data, error, refetch } = useQuery(asOfQuery(when));
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={6} />;
  return (
    <>
      <p>
        After record <b className="num">{count(data.seq)}</b>, {dateTimeLong(data.at)}.
      </p>
      {data.frozen && <Note tone="warn" title="The account was frozen" />}
      {!data.exists ? (
        <Empty title="There was no account yet" />
      ) : (
        <>
          <People data={data} />
          <Rules data={data} />
          <Requests data={data} />
        </>
      )}
    </>
  );
}

function People({ data }: { data: AsOf }) {
  const nodeName = useNodeName();
  if (data.people.length === 0) return null;
  return (
    <section className="col">
      <h2>
        People <span className="num dim">{data.people.length}</span>
      </h2>
      <div className="card scroll-x" style={{ padding: 0 }}>
        <table className="data stack">
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">Role and where</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {data.people.map((person) => (
              <tr key={person.id}>
                <td data-label="Person">
                  <b>{person.name}</b>
                </td>
                <td data-label="Role and where">
                  <div>
                    {person.grants.map((grant) => (
                      <div key={grant.id}>
                        {grant.role_title} <span className="dim">{scopeWords(grant.scope, nodeName)}</span>
                      </div>
                    ))}
                  </div>
                </td>
                <td data-label="State">{person.suspended ? <b className="warn">Suspended</b> : "Active"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Rules({ data }: { data: AsOf }) {
  if (data.policies.length === 0) return null;
  return (
    <section className="col">
      <h2>Approval rules</h2>
      <div className="card scroll-x" style={{ padding: 0 }}>
        <table className="data stack">
          <thead>
            <tr>
              <RuleHeads />
              <th scope="col">Who counted</th>
            </tr>
          </thead>
          <tbody>
            {data.policies.map((policy) => (
              <tr key={policy.scenario}>
                <RuleCells rule={policy} />
                <td data-label="Who counted">{policy.who?.map((person) => person.name).join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Requests({ data }: { data: AsOf }) {
  const site = useSite();
  return (
    <section className="col">
      <h2>
        Open requests <span className="num dim">{count(data.open_requests)}</span>
      </h2>
      {data.requests.length === 0 ? (
        <p className="dim">None was open.</p>
      ) : (
        <ul className="plain card col">
          {data.requests.map((request) => (
            <li key={request.id} className="row between wrap">
              <Link to="/s/$site/requests/$id" params={{ site, id: request.id }}>
                R-{request.number} {request.title}
              </Link>
              <span className="row">
                <span className="dim">
                  {request.initiator.name}, {plural(request.approvals.have, "approval")} of{" "}
                  {request.approvals.need}
                </span>
                <RequestStateMark state={request.state} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
