import { create } from "zustand";
import { persist } from "zustand/middleware";

/** How this person likes the console in this browser. */
interface Prefs {
  draftOpen: boolean;
  draftPinned: boolean;
  compact: boolean;
  singleKeys: boolean;
  navNarrow: boolean;
}
export const usePrefs = create<Prefs>()(
  persist<Prefs>(
    () => ({ draftOpen: false, draftPinned: false, compact: false, singleKeys: true, navNarrow: false }),
    { name: "adit-prefs" },
  ),
);
