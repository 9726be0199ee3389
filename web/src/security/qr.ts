import { encode } from "uqr";

/** Quiet zone that scanners want around the code, in modules. */
const QUIET = 4;

export interface QrDrawing {
  /** Side of the square, modules, the quiet zone included. */
  size: number;
  /** The dark modules as one SVG path: a run of modules a row is one rectangle. */
  path: string;
}

export function drawQr(text: string): QrDrawing {
  const { data } = encode(text, { ecc: "M", border: 0 });
  let path = "";
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end++;
      path += `M${x + QUIET} ${y + QUIET}h${end - x}v1h${x - end}z`;
      x = end;
    }
  }
  return { size: data.length + 2 * QUIET, path };
}
