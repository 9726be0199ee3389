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
import { actionTitle, POWER_MODES, permissionOf, unsupportedBy } from "../ui/actions";
import { GatedButton } from "../ui/gated";
import type { Can } from "../ui/permissions";

const PLAIN: { action: Action; icon: typeof IconPower }[] = [
  { action: { action: "reboot", params: {} }, icon: IconPower },
  { action: { action: "restart_mining", params: {} }, icon: IconRefresh },
  { action: { action: "pause", params: {} }, icon: IconPlayerPause },
  { action: { action: "resume", params: {} }, icon: IconPlayerPlay },
  { action: { action: "locate", params: { on: true } }, icon: IconBulb },
  { action: { action: "locate", params: { on: false } }, icon: IconBulbOff },
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
      {PLAIN.map(({ action, icon: Icon }) => (
        <GatedButton
          key={actionTitle(action)}
          why={why(action)}
          variant="default"
          disabled={busy}
          leftSection={<Icon size={14} aria-hidden="true" />}
          onClick={() => ask(action)}
        >
          {actionTitle(action)}
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
