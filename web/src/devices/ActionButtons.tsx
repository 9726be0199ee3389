import { Menu } from "@mantine/core";
import {
  IconBolt,
  IconBulb,
  IconChevronDown,
  IconPlayerPause,
  IconPlayerPlay,
  IconPower,
  IconRefresh,
  IconServer,
} from "@tabler/icons-react";
import type { Action, DeviceRow, OpKind } from "../api/types";
import { POWER_MODES, permissionOf, unsupportedBy } from "../ui/actions";
import { words } from "../ui/format";
import { GatedButton, whyText } from "../ui/gated";
import { GatedItem } from "../ui/gated-item";
import type { Can } from "../ui/permissions";

const PLAIN: { action: Action; word: string; icon: typeof IconPower }[] = [
  { action: { action: "reboot", params: {} }, word: "Reboot", icon: IconPower },
  { action: { action: "restart_mining", params: {} }, word: "Restart mining", icon: IconRefresh },
  { action: { action: "pause", params: {} }, word: "Pause", icon: IconPlayerPause },
  { action: { action: "resume", params: {} }, word: "Resume", icon: IconPlayerPlay },
];

/** What can be asked of devices, each with its reason when this person or this device cannot. */
export function ActionButtons({
  can,
  ask,
  askPools,
  busy,
  device,
}: {
  can: (permission: string) => Can;
  ask: (action: Action) => void;
  askPools: () => void;
  busy: boolean;
  device?: DeviceRow;
}) {
  const why = (action: Action): Why => {
    const may = can(permissionOf(action.action));
    return may.allowed ? ((device && unsupportedBy(device, action)) ?? "") : may;
  };
  const kindWhy = (kind: OpKind): Why => {
    const may = can(permissionOf(kind));
    if (!may.allowed) return may;
    return device && !device.supports.includes(kind) ? "This device does not take it" : "";
  };
  return (
    <>
      <Choice
        word="Power mode"
        icon={IconBolt}
        why={kindWhy("set_power_mode")}
        busy={busy}
        options={POWER_MODES.map((mode): Option => {
          const action: Action = { action: "set_power_mode", params: { mode } };
          return { word: words(mode), why: whyText(why(action)), run: () => ask(action) };
        })}
      />
      {PLAIN.map(({ action, word, icon: Icon }) => (
        <GatedButton
          key={word}
          why={why(action)}
          variant="default"
          disabled={busy}
          leftSection={<Icon size={14} aria-hidden="true" />}
          onClick={() => ask(action)}
        >
          {word}
        </GatedButton>
      ))}
      <Choice
        word="Locate"
        icon={IconBulb}
        why={kindWhy("locate")}
        busy={busy}
        options={[true, false].map((on): Option => {
          const action: Action = { action: "locate", params: { on } };
          return { word: on ? "Light on" : "Light off", why: whyText(why(action)), run: () => ask(action) };
        })}
      />
      <GatedButton
        why={kindWhy("set_pools")}
        variant="default"
        disabled={busy}
        leftSection={<IconServer size={14} aria-hidden="true" />}
        onClick={askPools}
      >
        Set pools…
      </GatedButton>
    </>
  );
}

type Why = string | Can;

interface Option {
  word: string;
  why: string;
  run: () => void;
}

/** A button that opens the values an action can have. */
function Choice({
  word,
  icon: Icon,
  why,
  busy,
  options,
}: {
  word: string;
  icon: typeof IconPower;
  why: Why;
  busy: boolean;
  options: Option[];
}) {
  return (
    <Menu disabled={whyText(why) !== ""}>
      <Menu.Target>
        <GatedButton
          why={why}
          variant="default"
          disabled={busy}
          leftSection={<Icon size={14} aria-hidden="true" />}
          rightSection={<IconChevronDown size={13} aria-hidden="true" />}
        >
          {word}
        </GatedButton>
      </Menu.Target>
      <Menu.Dropdown>
        {options.map((option) => (
          <GatedItem key={option.word} why={option.why} run={option.run}>
            {option.word}
          </GatedItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
