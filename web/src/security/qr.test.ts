import { encode } from "uqr";
import { expect, it } from "vitest";
import { drawQr } from "./qr";

/** Puts the path back onto a grid. */
function modules({ size, path }: { size: number; path: string }): boolean[][] {
  const grid = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let i = 0; i < Number(width); i++) {
      const row = grid[Number(y)];
      if (row) row[Number(x) + i] = true;
    }
  return grid;
}

it("draws every module of the code, and a quiet zone of four around it", () => {
  const text = "otpauth://totp/Adit:owner%40demo.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Adit";
  const { data } = encode(text, { ecc: "M", border: 0 });
  const drawn = modules(drawQr(text));
  expect(drawn).toHaveLength(data.length + 8);
  expect(drawn.slice(4, -4).map((row) => row.slice(4, -4))).toEqual(data);
  const edge = drawn.flatMap((row, y) => row.filter((_, x) => Math.min(x, y) < 4));
  expect(edge.some(Boolean)).toBe(false);
});
