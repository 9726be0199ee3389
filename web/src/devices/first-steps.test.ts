import { expect, it } from "vitest";
import { standing } from "./first-steps";

const nothing = { sites: 0, agents: 0, enrolled: 0, scans: 0, others: 0 };

it.each([
  [{}, ["now", "later", "later", "later"]],
  [{ sites: 1 }, ["done", "now", "later", "later"]],
  // Made, but not set up: there is a command to run.
  [{ sites: 1, agents: 1 }, ["done", "now", "later", "later"]],
  [{ sites: 1, agents: 1, enrolled: 1 }, ["done", "done", "now", "later"]],
  [{ sites: 1, agents: 1, enrolled: 1, scans: 1 }, ["done", "done", "done", "now"]],
  [{ sites: 1, agents: 2, enrolled: 1, scans: 1, others: 2 }, ["done", "done", "done", "done"]],
  [{ others: 2 }, ["now", "later", "later", "done"]],
])("with %o the steps are %o", (has, steps) => {
  const { site, agent, scan, people } = standing({ ...nothing, ...has });
  expect([site, agent, scan, people]).toEqual(steps);
});
