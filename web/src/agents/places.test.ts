import { expect, it } from "vitest";
import { twoAddresses } from "./places";

const own = (ip: string | null) => ({ ip, by_holder: true });
const others = (ip: string | null) => ({ ip, by_holder: false });

it("says which address is followed, and what to do about the other", () => {
  const said = twoAddresses("10.0.0.1", [others("10.0.0.9"), own("10.0.0.7")]);
  expect(said?.says).toBe("answers at two addresses: 10.0.0.1 (followed) and 10.0.0.7");
  expect(said?.todo).toContain("Look for what is at 10.0.0.7:");
  expect(said?.todo).toContain("disconnect 10.0.0.1; once it is silent, the other is followed by itself");
});

it("names every address, and says where one is out of reach", () => {
  expect(twoAddresses("10.0.0.1", [own("10.0.0.7"), own("10.0.0.8")])?.says).toBe(
    "answers at 3 addresses: 10.0.0.1 (followed), 10.0.0.7 and 10.0.0.8",
  );
  expect(twoAddresses(null, [own(null)])?.says).toBe(
    "answers at two addresses: an address out of your reach (followed) and an address out of your reach",
  );
});

it("says nothing of what other agents claim", () => {
  expect(twoAddresses("10.0.0.1", [others("10.0.0.7")])).toBeNull();
  expect(twoAddresses("10.0.0.1", [])).toBeNull();
});
