// Every key of the console, by where it works: the pages bind what is written here, and the help shows it.

interface Group {
  title: string;
  keys: Record<string, string>;
  /** Told of, and carried out by the focused control itself. */
  beside?: Record<string, string>;
}

export const KEYS = {
  pages: {
    title: "Go to",
    keys: {
      "g d": "Devices",
      "g a": "Approvals",
      "g q": "Requests",
      "g i": "Inbox",
      "g r": "Review draft",
      "g g": "Agents and scans",
      "g p": "Approval rules",
      "g l": "Audit log",
      d: "Open or close the draft panel",
      "?": "This list",
    },
    beside: { "Ctrl k": "Find a device, request, page or person" },
  },
  devices: {
    title: "Devices",
    keys: {
      "/": "Search",
      j: "Next row",
      k: "Previous row",
      x: "Select the row (Shift: the range)",
      Escape: "Clear the selection",
    },
    beside: { Enter: "Open the device" },
  },
  approvals: {
    title: "Approvals",
    keys: { j: "Next request", k: "Previous request", Enter: "Open on its own page" },
  },
  request: {
    title: "A request",
    keys: {
      a: "Approve (asks first)",
      r: "Reject (asks first)",
      c: "Comment",
      x: "Cancel it (asks first)",
    },
    beside: { "Ctrl Enter": "Send what was written" },
  },
  inbox: {
    title: "Inbox",
    keys: {
      j: "Next item",
      k: "Previous item",
      Enter: "Open what it is about",
      e: "Done, or back to the inbox",
      h: "Put off for 4 hours, or show again",
    },
  },
} as const satisfies Record<string, Group>;

export type KeyGroup = keyof typeof KEYS;
/** What is done at some of a group's keys. */
export type KeyMap<G extends KeyGroup> = Partial<
  Record<keyof (typeof KEYS)[G]["keys"], (event: KeyboardEvent) => void>
>;

/** A group's keys and what each does, as the help lists them. */
export function keysOf(group: KeyGroup): [key: string, does: string][] {
  const { keys, beside = {} }: Group = KEYS[group];
  return [...Object.entries(keys), ...Object.entries(beside)];
}
