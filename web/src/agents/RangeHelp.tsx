import { useQuery } from "@tanstack/react-query";
import { rangesQuery } from "../api/estate";
import { Note, ProblemNote } from "../ui/feedback";
import { count, plural } from "../ui/format";

/** Merged ranges named; more say nothing more. */
const FEW = 8;

/** What the server makes of ranges as they are typed: how many addresses, what is wrong, and whose they are already. */
export function RangeHelp({ agent, ranges, task }: { agent: string; ranges: string[]; task?: string }) {
  const { data, error } = useQuery({ ...rangesQuery(agent, ranges, task), enabled: ranges.length > 0 });
  if (ranges.length === 0)
    return (
      <p className="dim small">
        One range a line, as 10.0.0.0/24, 10.0.0.9-10.0.1.20, 10.0.0.1-254 or 10.0.0.7.
      </p>
    );
  if (error) return <ProblemNote error={error} />;
  if (!data) return <p className="dim small">Asking the server…</p>;
  const { problems, overlaps, merged, addresses } = data;
  return (
    <div className="col" role="status" aria-label="What these ranges come to">
      {problems.length > 0 && (
        <Note tone="bad" title={`${plural(problems.length, "range does", "ranges do")} not work`}>
          {problems.map(({ index, problem }) => (
            <div key={`${index} ${problem}`}>
              {index != null && !problem.includes(ranges[index] ?? "") && (
                <b className="num">{ranges[index]} </b>
              )}
              {problem}
            </div>
          ))}
        </Note>
      )}
      {overlaps.length > 0 && (
        <Note tone="bad" title="Searched already">
          {overlaps.map((overlap) => (
            <div key={overlap.scan_task}>
              <b>{overlap.name}</b> has <span className="num">{overlap.ranges.join(", ")}</span>
            </div>
          ))}
          Two scan tasks of a site do not share addresses.
        </Note>
      )}
      <p className="small soft">
        <b>{plural(addresses, "address", "addresses")}</b>
        {merged.length > 0 && (
          <>
            {": "}
            <span className="num">{merged.slice(0, FEW).join(", ")}</span>
            {merged.length > FEW && ` and ${count(merged.length - FEW)} more`}
          </>
        )}
      </p>
    </div>
  );
}

/** Would the server take these ranges? */
export function useRangesFit(agent: string, ranges: string[], task?: string): boolean {
  const { data, isPlaceholderData } = useQuery({
    ...rangesQuery(agent, ranges, task),
    enabled: ranges.length > 0,
  });
  return (
    ranges.length > 0 &&
    data !== undefined &&
    !isPlaceholderData &&
    data.problems.length === 0 &&
    data.overlaps.length === 0
  );
}
