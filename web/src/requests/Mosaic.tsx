import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type MouseEvent, useEffect, useRef, useState } from "react";
import type { Item } from "../api/types";
import { count } from "../ui/format";
import { STATE_WORD, TONE, TONE_WORD, TONES, type Tone, tally } from "./items";
import css from "./Requests.module.css";

const GAP = 2;
function cellSize(count: number): number {
  if (count <= 400) return 16;
  if (count <= 2_500) return 10;
  return 6;
}

const COLOUR: Record<Tone, string> = {
  waiting: "--text-3",
  running: "--accent",
  ok: "--done",
  failed: "--vermilion-fill",
  unsure: "--amber",
  left: "--text-3",
};

/** Every target as a square, coloured and marked by its result. The table below is its equivalent in words. */
export function Mosaic({ items }: { items: readonly Item[] }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("dark");
  const [under, setUnder] = useState<Item | null>(null);
  const size = cellSize(items.length);
  const step = size + GAP;
  const across = Math.max(1, Math.floor((width + GAP) / step));
  const height = Math.ceil(items.length / across) * step;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes the colours that are read below
  useEffect(() => {
    const node = canvas.current;
    const context = node?.getContext("2d");
    if (!node || !context || width === 0) return;
    const scale = window.devicePixelRatio || 1;
    node.width = width * scale;
    node.height = height * scale;
    context.scale(scale, scale);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(node);
    const colours = Object.fromEntries(
      TONES.map((tone) => [tone, style.getPropertyValue(COLOUR[tone]).trim()]),
    );
    items.forEach((item, index) => {
      const x = (index % across) * step;
      const y = Math.floor(index / across) * step;
      paint(context, TONE[item.state], colours[TONE[item.state]] ?? "", x, y, size);
    });
  }, [items, width, height, across, size, step, scheme]);

  const onMove = (event: MouseEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / step);
    const row = Math.floor((event.clientY - box.top) / step);
    setUnder(column < across ? (items[row * across + column] ?? null) : null);
  };
  const counts = tally(items);
  const label = TONES.filter((tone) => counts[tone] > 0)
    .map((tone) => `${count(counts[tone])} ${TONE_WORD[tone].toLowerCase()}`)
    .join(", ");
  return (
    <div ref={ref} className="col">
      <canvas
        ref={canvas}
        className={css.mosaic}
        role="img"
        aria-label={`Targets: ${label}`}
        style={{ width, height }}
        onMouseMove={onMove}
        onMouseLeave={() => setUnder(null)}
      />
      <span className="small dim wide-only" aria-hidden="true">
        {under
          ? `${under.target.name}, ${under.target.ip}: ${STATE_WORD[under.state]}${under.message ? `. ${under.message}` : ""}`
          : "\u00a0"}
      </span>
    </div>
  );
}

function paint(
  context: CanvasRenderingContext2D,
  tone: Tone,
  colour: string,
  x: number,
  y: number,
  size: number,
) {
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, size / 8);
  const inset = context.lineWidth / 2;
  if (tone === "waiting" || tone === "left") {
    context.strokeRect(x + inset, y + inset, size - 2 * inset, size - 2 * inset);
    if (tone === "left") line(context, x, y + size, x + size, y);
    return;
  }
  if (tone === "failed") {
    line(context, x + inset, y + inset, x + size - inset, y + size - inset, size / 4);
    line(context, x + size - inset, y + inset, x + inset, y + size - inset, size / 4);
    return;
  }
  if (tone === "running") {
    context.globalAlpha = 0.35;
    context.fillRect(x, y, size, size);
    context.globalAlpha = 1;
    context.fillRect(x, y + size / 2, size, size / 2);
    return;
  }
  if (tone === "unsure") {
    context.beginPath();
    context.moveTo(x + size / 2, y);
    context.lineTo(x + size, y + size);
    context.lineTo(x, y + size);
    context.fill();
    return;
  }
  context.fillRect(x, y, size, size);
}

function line(
  context: CanvasRenderingContext2D,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  width?: number,
) {
  const before = context.lineWidth;
  if (width) context.lineWidth = width;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.lineWidth = before;
}

/** The same mark as in the mosaic, for legend and table. */
export function ToneMark({ tone }: { tone: Tone }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("dark");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes the colour that is read below
  useEffect(() => {
    const node = canvas.current;
    const context = node?.getContext("2d");
    if (!node || !context) return;
    const scale = window.devicePixelRatio || 1;
    node.width = node.height = 10 * scale;
    context.scale(scale, scale);
    paint(context, tone, getComputedStyle(node).getPropertyValue(COLOUR[tone]).trim(), 0, 0, 10);
  }, [tone, scheme]);
  return (
    <span className={css.mark} aria-hidden="true">
      <canvas ref={canvas} className={css.mark} />
    </span>
  );
}
