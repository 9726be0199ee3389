import { Modal } from "@mantine/core";
import { lazy, Suspense } from "react";
import { finishStepUp, useStepUp } from "../api/step-up";
import { Waiting } from "../ui/feedback";

const StepUpQuestion = lazy(() =>
  import("./StepUpQuestion").then((module) => ({ default: module.StepUpQuestion })),
);

/** Asks for proof of identity when the server wants a sign-in younger than this one. */
export function StepUpDialog() {
  const pending = useStepUp((state) => state.pending);
  return (
    <Modal
      opened={pending !== null}
      // Not before all have heard the key: whatever asked stays open beneath for as long as the question stands.
      onClose={() => void window.setTimeout(() => finishStepUp(false))}
      title="Confirm that it is you"
      zIndex={400}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {pending && (
        <Suspense fallback={<Waiting rows={3} />}>
          <StepUpQuestion />
        </Suspense>
      )}
    </Modal>
  );
}
