import { Button, Checkbox, Modal } from "@mantine/core";
import { IconCopy, IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { Note } from "../ui/feedback";
import css from "./Security.module.css";

/** The codes, this once: the dialog closes only when somebody says that they are kept. */
export function RecoveryCodes({
  codes,
  email,
  onClose,
}: {
  codes: string[];
  email: string;
  onClose: () => void;
}) {
  const [kept, setKept] = useState(false);
  const [copied, setCopied] = useState("");
  const text = `Adit recovery codes for ${email} at ${location.host}\nEach works once.\n\n${codes.join("\n")}\n`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("Copied");
    } catch {
      setCopied("Copying did not work: select the codes and copy them by hand.");
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title="Your recovery codes"
      withCloseButton={false}
      closeOnEscape={kept}
      closeOnClickOutside={false}
    >
      <div className="col gap3">
        <Note tone="warn" title="Shown only now">
          Each signs you in once when the phone is lost. Keep them where the phone is not.
        </Note>
        <ol className={`num ${css.codes}`} aria-label="Recovery codes">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
        <div className="row wrap">
          <Button
            variant="default"
            leftSection={<IconCopy size={14} aria-hidden="true" />}
            onClick={() => void copy()}
          >
            Copy
          </Button>
          <Button
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden="true" />}
            onClick={() => download("adit-recovery-codes.txt", text)}
          >
            Download
          </Button>
          <span role="status" className="small soft">
            {copied}
          </span>
        </div>
        <Checkbox
          label="I have kept them"
          checked={kept}
          onChange={(event) => setKept(event.currentTarget.checked)}
        />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button disabled={!kept} onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function download(name: string, text: string) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
