import { QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { queryClient, reread } from "./query";

it("reads once more what was being read while it changed, however often it did", async () => {
  const reads: ((value: string) => void)[] = [];
  const queryFn = () => new Promise<string>((resolve) => reads.push(resolve));
  const observer = new QueryObserver(queryClient, { queryKey: ["thing", "one"], queryFn });
  const end = observer.subscribe(() => {});
  const shows = (value: string) =>
    expect.poll(() => observer.getCurrentResult().data, { timeout: 60_000 }).toBe(value);
  reads[0]?.("old");
  await shows("old");
  reread(["thing"]);
  expect(reads.length).toBe(2);
  for (let change = 0; change < 5; change++) reread(["thing"]);
  expect(reads.length).toBe(2);
  reads[1]?.("older than the change");
  await expect.poll(() => reads.length, { timeout: 60_000 }).toBe(3);
  reads[2]?.("new");
  await shows("new");
  await expect.poll(() => queryClient.isFetching(), { timeout: 60_000 }).toBe(0);
  expect(reads.length).toBe(3);
  end();
});
