import { useQuery } from "@tanstack/react-query";
import { type Forecast, forecastQuery, type Supposition } from "../api/governance";
import type { Policy } from "../api/types";
import { Note, ProblemNote, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import css from "./Policies.module.css";
import { isSerious, warningWords } from "./words";

/** What a supposition would come to: what changes, scenario by scenario, and what to know before asking. */
export function Foretold({ supposed }: { supposed: Supposition }) {
  const { data, error } = useQuery(forecastQuery(supposed));
  if (error) return <ProblemNote error={error} />;
  if (!data) return <Waiting rows={2} />;
  return <Outcome forecast={data} />;
}

function Outcome({ forecast }: { forecast: Forecast }) {
  const changed = forecast.scenarios.filter((entry) => entry.changed);
  const blocked = changed.filter((entry) => !entry.after.can_be_met && entry.before.can_be_met);
  return (
    <div className="col gap3">
      {forecast.refusal && (
        <Note tone="bad" title="It would be refused">
          {forecast.refusal.detail}
        </Note>
      )}
      {blocked.length > 0 && (
        <Note
          tone="bad"
          title={`${plural(blocked.length, "scenario")} could not be approved any more by anybody.`}
        />
      )}
      {changed.length === 0 ? (
        <p className="dim">Nothing would change for any rule.</p>
      ) : (
        <ul className={`plain ${css.foretold}`}>
          {changed.map((entry) => (
            <li key={entry.scenario}>
              <b className="num">{entry.scenario}</b>
              <div className="soft">
                <Counts of={entry.before} /> <span aria-hidden="true">→</span>
                <span className="sr">then</span> <Counts of={entry.after} />
              </div>
              <Who of={entry.after} />
              {entry.after.warnings.map((code) => (
                <div key={code} className={isSerious(code) ? "warn" : "dim"}>
                  {warningWords(code)}
                </div>
              ))}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Counts({ of }: { of: Policy }) {
  return (
    <span className="num">
      {of.required} of {of.available}
      {of.required_other > 0 && ` (${of.required_other} by others)`}
    </span>
  );
}

/** Who counts, by name where the reader may know. */
export function Who({ of }: { of: Policy }) {
  if (!of.who) return null;
  const names = of.who.map((person) => person.name);
  const limited = of.limited?.map((person) => person.name) ?? [];
  return (
    <div className="dim small">
      {names.length > 0 ? names.join(", ") : "Nobody"}
      {limited.length > 0 && <>; without counting, in part or for a time: {limited.join(", ")}</>}
    </div>
  );
}
