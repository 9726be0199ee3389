import { Kbd, Switch } from "@mantine/core";
import { KEYS, type KeyGroup, keysOf } from "../ui/keys";
import { usePrefs } from "../ui/prefs";

const GROUPS = Object.keys(KEYS) as KeyGroup[];
const shown: Record<string, string> = { Escape: "Esc" };

/** Every key and what it does. */
export function HelpKeys() {
  const singleKeys = usePrefs((prefs) => prefs.singleKeys);
  return (
    <div className="col gap4">
      {GROUPS.map((group) => (
        <section key={group} className="col">
          <h3>{KEYS[group].title}</h3>
          <dl className="keys">
            {keysOf(group).map(([key, word]) => (
              <div key={key} className="row">
                <dt className="row" style={{ width: 88, gap: 4 }}>
                  {key.split(" ").map((part, place) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the same key twice is told apart by its place
                    <Kbd key={place}>{shown[part] ?? part}</Kbd>
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
  );
}
