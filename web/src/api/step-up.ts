// The question for the password before something that needs a fresh sign-in. One question at a time:
// callers wait for the dialog that the shell shows while `pending` is set.
import { create } from "zustand";
import { ProblemError } from "./problem";

interface StepUp {
  pending: { resolve: () => void; reject: (error: Error) => void } | null;
}
export const useStepUp = create<StepUp>(() => ({ pending: null }));

export function askPassword(): Promise<void> {
  return new Promise((resolve, reject) => {
    useStepUp.getState().pending?.reject(cancelled());
    useStepUp.setState({ pending: { resolve, reject } });
  });
}

/** Does no question stand in front of the other dialogs? Escape is meant for them only then. */
export const useInFront = () => useStepUp((state) => state.pending === null);

export function finishStepUp(confirmed: boolean) {
  const pending = useStepUp.getState().pending;
  useStepUp.setState({ pending: null });
  if (confirmed) pending?.resolve();
  else pending?.reject(cancelled());
}

function cancelled(): ProblemError {
  return new ProblemError({
    type: "about:blank",
    title: "Not confirmed",
    status: 401,
    code: "step_up_cancelled",
    detail: "Nothing was done: this needs a fresh proof that it is you.",
  });
}
