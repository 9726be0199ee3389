import { Modal } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Waiting } from "../ui/feedback";

const HelpKeys = lazy(() => import("./HelpKeys").then((module) => ({ default: module.HelpKeys })));

export function HelpDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard"
      size={560}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Suspense fallback={<Waiting rows={6} />}>
        <HelpKeys />
      </Suspense>
    </Modal>
  );
}
