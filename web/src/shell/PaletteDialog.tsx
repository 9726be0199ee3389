import { Modal } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Waiting } from "../ui/feedback";

const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));

export function PaletteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Go to"
      size={640}
      centered={false}
      yOffset="10vh"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Suspense fallback={<Waiting rows={4} />}>
        <Palette onClose={onClose} />
      </Suspense>
    </Modal>
  );
}
