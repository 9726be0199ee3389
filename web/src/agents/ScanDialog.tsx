import { Checkbox, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { type Credential, changeScanTask, createScanTask, type ScanTask } from "../api/estate";
import type { Agent } from "../api/types";
import { FormDialog } from "../ui/form-dialog";
import { useOutcome } from "../ui/use-outcome";
import { Credentials } from "./Credentials";
import { RangeHelp, useRangesFit } from "./RangeHelp";
import { rangesOf } from "./ranges";

/** Between the last key and the question. */
const CALM_MS = 300;
const LEAST_S = 30;
const MOST_S = 86_400;

/** A new scan task, or another shape for one. */
export function ScanDialog({
  agent,
  task,
  onClose,
}: {
  agent: Agent;
  task: ScanTask | null;
  onClose: () => void;
}) {
  const [name, setName] = useState(task?.name ?? "");
  const [text, setText] = useState(task?.ranges.join("\n") ?? "");
  const [interval, setInterval] = useState<number | string>(task?.interval_s ?? 300);
  const [enabled, setEnabled] = useState(task?.enabled ?? true);
  const [toUnknown, setToUnknown] = useState(task?.passwords_to_unknown ?? false);
  // Null: as they are.
  const [credentials, setCredentials] = useState<Credential[] | null>(task ? null : []);
  const [settled] = useDebouncedValue(text, CALM_MS);
  const ranges = useMemo(() => rangesOf(settled), [settled]);
  const fit = useRangesFit(agent.id, ranges, task?.id) && settled === text;
  const tell = useOutcome();
  const seconds = Number(interval);
  const whole = credentials?.every((each) => each.password !== "") ?? true;
  const send = async () => {
    const asked = {
      name: name.trim(),
      ranges,
      interval_s: seconds,
      passwords_to_unknown: toUnknown,
    };
    const keys = credentials && (task || credentials.length > 0) ? { credentials } : {};
    if (!task) {
      const { request } = await createScanTask({ agent: agent.id, ...asked, ...keys });
      onClose();
      await tell(request, `${asked.name} added`);
      return;
    }
    const { request, passwords_dropped } = await changeScanTask(task, { ...asked, enabled, ...keys });
    onClose();
    await tell(
      request,
      passwords_dropped
        ? "Scan task changed, and its passwords are gone: type them again"
        : "Scan task changed",
    );
  };
  return (
    <FormDialog
      title={task ? `Change ${task.name}` : `Add a scan task to ${agent.name}`}
      size={560}
      confirm={task ? "Change" : "Add"}
      ready={name.trim() !== "" && fit && seconds >= LEAST_S && seconds <= MOST_S && whole}
      onClose={onClose}
      send={send}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        autoComplete="off"
        required
        withAsterisk={false}
        data-autofocus
      />
      <Textarea
        label="Addresses to search"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        rows={4}
        maxLength={12_000}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)" } }}
        required
        withAsterisk={false}
      />
      <RangeHelp agent={agent.id} ranges={ranges} task={task?.id} />
      <NumberInput
        label="Every, seconds"
        description="How often they are searched: from every 30 seconds to once a day."
        value={interval}
        onChange={setInterval}
        min={LEAST_S}
        max={MOST_S}
        allowDecimal={false}
        hideControls
      />
      <Credentials stored={task?.has_credentials ?? false} chosen={credentials} onChange={setCredentials} />
      <Checkbox
        label="Send passwords also to machines not confirmed with them"
        description="Antminers are found, and Avalons take pools, only with it: they are shown the password by whoever answers at the address."
        checked={toUnknown}
        onChange={(event) => setToUnknown(event.currentTarget.checked)}
      />
      {task?.has_credentials && credentials === null && (
        <p className="dim small">
          Stored passwords stay only while they reach nothing new: type them again if you add addresses or
          switch this on.
        </p>
      )}
      {task && (
        <Checkbox
          label="Switched on"
          description="Off, it searches nothing; machines that it found stay listed."
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}
