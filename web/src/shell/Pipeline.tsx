import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { overviewQuery } from "../api/queries";
import type { Overview } from "../api/types";
import { count, plural } from "../ui/format";
import css from "./Header.module.css";
import { useSite } from "./site";

const Lists = lazy(() => import("./PipelineLists").then((module) => ({ default: module.PipelineList })));

type Chart = Overview["chart"];
type Tone = "draft" | "review" | "running" | "failed";

/** The way of an action from draft to result. In the header on a desk, a bottom bar on a phone. */
export function Pipeline({ bar = false }: { bar?: boolean }) {
  const site = useSite();
  const { data } = useQuery(overviewQuery(site));
  const chart = data?.chart;
  const stages = (
    <section className={css.pipeline} aria-label="Actions">
      <Stage tone="draft" word="Draft" value={chart?.draft ?? 0} />
      <Stage
        tone="review"
        word="Review"
        value={(chart?.waiting_me ?? 0) + (chart?.waiting_mine ?? 0)}
        text={chart && chart.waiting_me > 0 ? `${count(chart.waiting_me)} for me` : undefined}
      />
      <Stage
        tone="running"
        word="Running"
        value={chart?.running.requests ?? 0}
        text={
          chart && chart.running.requests > 0
            ? `${count(chart.running.done)}/${count(chart.running.total)}`
            : undefined
        }
        bad={chart && chart.running.failed > 0 ? `${count(chart.running.failed)} not done` : undefined}
      />
      <Stage tone="failed" word="Failed" value={chart?.failed_24h ?? 0} />
    </section>
  );
  if (bar) return <div className={css.bottom}>{stages}</div>;
  return (
    <>
      {stages}
      <Announcer chart={chart} />
    </>
  );
}

function Stage({
  tone,
  word,
  value,
  text,
  bad,
}: {
  tone: Tone;
  word: string;
  value: number;
  text?: string;
  /** What has gone wrong, whatever the stage. */
  bad?: string;
}) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={`${css.stage} ${value > 0 ? css[tone] : css.quiet}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="row" style={{ gap: 6 }}>
            <i className={css.dot} aria-hidden="true" />
            <span className={css.stageWord}>{word}</span>
          </span>{" "}
          <span className="num">
            {count(value)}
            {text && ", "}
            {text && (tone === "review" ? <b>{text}</b> : <span>{text}</span>)}
            {bad && ", "}
            {bad && <b className="bad">{bad}</b>}
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={word}>
        <div className={css.list}>
          {open && (
            <Suspense fallback={<p className="dim small">Loading…</p>}>
              <Lists of={tone} close={() => setOpen(false)} />
            </Suspense>
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Tells screen readers, politely, when a stage of the chart changed. */
function Announcer({ chart }: { chart: Chart | undefined }) {
  const before = useRef<Chart | undefined>(undefined);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const was = before.current;
    before.current = chart;
    if (!was || !chart) return;
    const parts = [];
    if (was.waiting_me !== chart.waiting_me)
      parts.push(`${plural(chart.waiting_me, "request waits", "requests wait")} for you`);
    if (was.draft !== chart.draft) parts.push(`${plural(chart.draft, "change")} in the draft`);
    if (was.running.requests !== chart.running.requests)
      parts.push(`${count(chart.running.requests)} running`);
    if (chart.running.failed > was.running.failed)
      parts.push(`${plural(chart.running.failed, "running target")} not done`);
    if (chart.failed_24h > was.failed_24h) parts.push(`${count(chart.failed_24h)} failed in 24 hours`);
    if (parts.length > 0) setSaid(parts.join(", "));
  }, [chart]);
  return (
    <div className="sr" aria-live="polite">
      {said}
    </div>
  );
}
