import { ActionIcon, Button, CopyButton, Select, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconFileText, IconFilter, IconRefresh, IconX } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { peopleQuery } from "../api/people";
import { auditQuery } from "../api/queries";
import { useSite } from "../shell/site";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { count, shortHash } from "../ui/format";
import { GatedPage } from "../ui/gate";
import { useCan } from "../ui/permissions";
import css from "./Audit.module.css";
import { AuditEntryRow } from "./AuditEntryRow";
import { type AuditSearch, dayRange } from "./search";

const route = getRouteApi("/s/$site/audit");

export function AuditPage() {
  return (
    <GatedPage needs="audit.view" name="Audit log">
      <Log />
    </GatedPage>
  );
}

function Log() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const site = useSite();
  const { from, to, ...rest } = search;
  const query = useInfiniteQuery(auditQuery({ ...rest, ...dayRange(from, to) }));
  const first = query.data?.pages[0];
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.keys(search).length > 0;
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Audit log</h1>
          <Link to="/s/$site/audit/as-of" params={{ site }} className="row small">
            The account as it was…
          </Link>
          <p className="dim">
            {first ? (
              <>
                <span className="num">{count(first.total)}</span> {filtered && "matching "}
                {first.total === 1 ? "entry" : "entries"}, newest first
              </>
            ) : (
              "Loading…"
            )}
          </p>
        </div>
        <div className="col">
          {first && <ChainHead head={first.head} />}
          <Exports search={search} />
        </div>
      </header>
      <AuditFilters
        key={JSON.stringify(search)}
        search={search}
        apply={(next) => void navigate({ search: next })}
        refresh={() => void query.refetch()}
        busy={query.isFetching}
      />
      {query.isPending ? (
        <Waiting rows={10} />
      ) : query.isError && entries.length === 0 ? (
        <LoadError error={query.error} retry={() => void query.refetch()} />
      ) : entries.length === 0 ? (
        <Empty
          title={filtered ? "No entry matches" : "The log is empty"}
          icon={<IconFileText size={28} aria-hidden="true" className="dim" />}
        >
          {filtered && (
            <button type="button" className="link" onClick={() => void navigate({ search: {} })}>
              Remove all filters
            </button>
          )}
        </Empty>
      ) : (
        <>
          <ol className={`plain ${css.list}`}>
            {entries.map((entry) => (
              <AuditEntryRow key={entry.seq} entry={entry} />
            ))}
          </ol>
          {query.hasNextPage && (
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Show older entries
            </Button>
          )}
        </>
      )}
    </div>
  );
}

/** The end of the hash chain: note it down, and nobody can rewrite what came before unnoticed. */
function ChainHead({ head }: { head: { seq: number; hash: string } }) {
  return (
    <div
      className="small dim row"
      title="Every entry holds the hash of the one before it; this is the last one"
    >
      <span>
        Chain head <span className="num">{count(head.seq)}</span> ·{" "}
        <span className="num">{shortHash(head.hash)}</span>
      </span>
      <CopyButton value={`${head.seq} ${head.hash}`}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="subtle"
            size={24}
            aria-label="Copy number and hash of the chain head"
            onClick={copy}
          >
            {copied ? <IconCheck size={14} aria-hidden="true" /> : <IconCopy size={14} aria-hidden="true" />}
          </ActionIcon>
        )}
      </CopyButton>
    </div>
  );
}

function AuditFilters({
  search,
  apply,
  refresh,
  busy,
}: {
  search: AuditSearch;
  apply: (search: AuditSearch) => void;
  refresh: () => void;
  busy: boolean;
}) {
  const [values, setValues] = useState(search);
  const [open, setOpen] = useState(false);
  const set = Object.keys(search).length;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    apply(
      Object.fromEntries(
        Object.entries(values).filter(([, value]) => typeof value === "string" && value.trim() !== ""),
      ),
    );
  };
  const field = (key: keyof AuditSearch, label: string, type = "text", placeholder?: string) => (
    <TextInput
      size="xs"
      label={label}
      type={type}
      placeholder={placeholder}
      value={values[key] ?? ""}
      maxLength={200}
      onChange={(event) => setValues({ ...values, [key]: event.currentTarget.value })}
    />
  );
  const without = (key: keyof AuditSearch) => {
    const { [key]: _, ...rest } = search;
    apply(rest);
  };
  return (
    <search className={css.filters}>
      <Button
        className={css.fold}
        variant="default"
        aria-expanded={open}
        aria-controls="audit-filters"
        leftSection={<IconFilter size={16} aria-hidden="true" />}
        onClick={() => setOpen(!open)}
      >
        {set > 0 ? `Filters, ${set} set` : "Filters"}
      </Button>
      <form id="audit-filters" className={open ? css.open : css.form} onSubmit={submit}>
        {field("q", "Text")}
        <Who value={values.actor} onChange={(actor) => setValues({ ...values, actor })} />
        {field("object", "About", "text", "dev-12, site-1")}
        {field("request", "Request", "text", "R-12, or words")}
        {field("from", "From", "date")}
        {field("to", "To", "date")}
        <Button type="submit" variant="default">
          Filter
        </Button>
      </form>
      {LINKED.filter((key) => search[key] !== undefined).map((key) => (
        <span key={key} className={css.token}>
          <span className="dim">{LINKED_WORD[key]}</span> <span className="num">{search[key]}</span>
          <button
            type="button"
            aria-label={`Remove the filter ${LINKED_WORD[key]}`}
            onClick={() => without(key)}
          >
            <IconX size={13} aria-hidden="true" />
          </button>
        </span>
      ))}
      {set > 0 && (
        <Button variant="subtle" onClick={() => apply({})}>
          Clear
        </Button>
      )}
      <span className="grow" />
      <ActionIcon variant="default" size={30} loading={busy} aria-label="Refresh" onClick={refresh}>
        <IconRefresh size={15} aria-hidden="true" />
      </ActionIcon>
    </search>
  );
}

/** By name, for those who may see people; agents and keys are chosen by following a link of an entry. */
function Who({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const sees = useCan()("user.view").allowed;
  const { data } = useQuery({ ...peopleQuery, enabled: sees });
  const people = data?.items.map((person) => ({ value: person.id, label: person.name })) ?? [];
  const known = value === undefined || people.some((person) => person.value === value);
  return (
    <Select
      size="xs"
      label="Who"
      placeholder="Anybody"
      data={known ? people : [...people, { value, label: value }]}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      searchable
      clearable
    />
  );
}

/** Filters that are chosen by following a link of an entry. */
const LINKED = ["type"] as const;
const LINKED_WORD = { type: "Type" };

/** The table as it is filtered, and the whole chain. */
function Exports({ search }: { search: AuditSearch }) {
  const { from, to, ...rest } = search;
  const range = dayRange(from, to);
  const query = new URLSearchParams(rest as Record<string, string>);
  for (const [key, value] of Object.entries(range)) if (value !== undefined) query.set(key, String(value));
  return (
    <span className="row small">
      <a href={`/api/v1/audit/export.csv?${query}`} className="row" download>
        CSV
      </a>
      <a
        href="/api/v1/audit/export.jsonl"
        className="row"
        download
        title="The whole log; adit audit verify proves that nothing is missing or altered"
      >
        Whole log (JSONL)
      </a>
    </span>
  );
}
