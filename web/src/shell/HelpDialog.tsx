import { Kbd, Modal, Switch } from "@mantine/core";
import { usePrefs } from "../ui/prefs";

const KEYS: [string, [string, string][]][] = [
  [
    "Go to",
    [
      ["g d", "Devices"],
      ["g a", "Approvals"],
      ["g i", "Inbox"],
      ["g r", "Review draft"],
      ["g g", "Agents and scans"],
      ["g p", "Approval rules"],
      ["g l", "Audit log"],
      ["d", "Open or close the draft panel"],
    ],
  ],
  [
    "Devices",
    [
      ["/", "Search"],
      ["j k", "Next, previous row"],
      ["x", "Select the row (Shift: the range)"],
      ["Enter", "Open the device"],
      ["Esc", "Clear the selection"],
    ],
  ],
  [
    "Approvals",
    [
      ["j k", "Next, previous request"],
      ["Enter", "Open on its own page"],
      ["a", "Approve (asks first)"],
      ["r", "Reject (asks first)"],
      ["c", "Cancel your own request (asks first)"],
    ],
  ],
  [
    "Inbox",
    [
      ["j k", "Next, previous item"],
      ["Enter", "Open what it is about"],
      ["e", "Done, or back to the inbox"],
      ["h", "Put off for 4 hours, or show again"],
    ],
  ],
];

export function HelpDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const singleKeys = usePrefs((prefs) => prefs.singleKeys);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard"
      size={560}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="col gap4">
        {KEYS.map(([group, keys]) => (
          <section key={group} className="col">
            <h3>{group}</h3>
            <dl className="keys">
              {keys.map(([key, word]) => (
                <div key={key} className="row">
                  <dt className="row" style={{ width: 72, gap: 4 }}>
                    {key.split(" ").map((part) => (
                      <Kbd key={part}>{part}</Kbd>
                    ))}
                  </dt>
                  <dd style={{ margin: 0 }}>{word}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <Switch
          label="Single-key shortcuts"
          description="Switch off if they get in the way of speech input or another tool."
          checked={singleKeys}
          onChange={(event) => usePrefs.setState({ singleKeys: event.currentTarget.checked })}
        />
      </div>
    </Modal>
  );
}
