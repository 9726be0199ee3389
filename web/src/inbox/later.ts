// When an item that is put off comes back.

export interface Later {
  word: string;
  at: number;
}

const HOUR_MS = 3_600_000;
/** A shift begins. */
const MORNING = 8;

/** The choices, as of `now`, in local time. */
export function laters(now: number): Later[] {
  const morning = new Date(now);
  morning.setHours(MORNING, 0, 0, 0);
  if (morning.getTime() <= now) morning.setDate(morning.getDate() + 1);
  const monday = new Date(morning);
  monday.setDate(monday.getDate() + ((8 - monday.getDay()) % 7 || (sameDay(monday, now) ? 7 : 0)));
  return [
    { word: "In 1 hour", at: now + HOUR_MS },
    { word: "In 4 hours", at: now + 4 * HOUR_MS },
    { word: sameDay(morning, now) ? "This morning" : "Tomorrow morning", at: morning.getTime() },
    ...(monday.getTime() === morning.getTime() ? [] : [{ word: "Monday morning", at: monday.getTime() }]),
  ];
}

function sameDay(date: Date, now: number): boolean {
  return date.toDateString() === new Date(now).toDateString();
}
