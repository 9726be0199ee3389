import { Menu } from "@mantine/core";
import {
  IconBolt,
  IconBulb,
  IconBulbOff,
  IconChevronDown,
  IconPlayerPause,
  IconPlayerPlay,
  IconPower,
  IconRefresh,
  IconServer,
} from "@tabler/icons-react";
import type { Action, DeviceRow } from "../api/types";
import { POWER_MODES, permissionOf, unsupportedBy } from "../ui/actions";
import { GatedButton } from "../ui/gated";
import type { Can } from "../ui/permissions";

const PLAIN: { action: Action; word: string; icon: typeof IconPower }[] = [
  { action: { action: "reboot", params: {} }, word: "Reboot", icon: IconPower },
  { action: { action: "restart_mining", params: {} }, word: "Restart mining", icon: IconRefresh },
  { action: { action: "pause", params: {} }, word: "Pause", icon: IconPlayerPause },
  { action: { action: "resume", params: {} }, word: "Resume", icon: IconPlayerPlay },
  { action: { action: "locate", params: { on: true } }, word: "Locate on", icon: IconBulb },
  { action: { action: "locate", params: { on: false } }, word: "Locate off", icon: IconBulbOff },
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
  const why = (action: Action) =>
    can(permissionOf(action.action)).why || (device && unsupportedBy(device, action)) || "";
  const modeWhy =
    can("device.power_mode").why ||
    (device && !device.supports.includes("set_power_mode") ? "This device does not take it" : "");
  const poolsWhy =
    can("device.pools").why ||
    (device && !device.supports.includes("set_pools") ? "This device does not take it" : "");
  return (
    <>
      <Menu disabled={modeWhy !== ""}>
        <Menu.Target>
          <GatedButton
            why={modeWhy}
            variant="default"
            loading={busy}
            leftSection={<IconBolt size={14} aria-hidden="true" />}
            rightSection={<IconChevronDown size={13} aria-hidden="true" />}
          >
            Power mode
          </GatedButton>
        </Menu.Target>
        <Menu.Dropdown>
          {POWER_MODES.map((mode) => {
            const action: Action = { action: "set_power_mode", params: { mode } };
            const off = why(action);
            return (
              <Menu.Item key={mode} disabled={off !== ""} title={off} onClick={() => ask(action)}>
                {mode[0]?.toUpperCase() + mode.slice(1)}
              </Menu.Item>
            );
          })}
        </Menu.Dropdown>
      </Menu>
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
      <GatedButton
        why={poolsWhy}
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
