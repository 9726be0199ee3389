import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { presetsQuery } from "../api/governance";
import type { PolicyChange } from "../api/types";
import { plural } from "../ui/format";
import css from "./Policies.module.css";

/** Sets of rules to begin with; choosing one only fills the changes. */
export function Presets({ off, onChoose }: { off: boolean; onChoose: (changes: PolicyChange[]) => void }) {
  const { data } = useQuery(presetsQuery);
  if (!data) return null;
  return (
    <section className={css.presets} aria-label="Presets">
      {data.items.map((preset) => (
        <div key={preset.id} className={`card ${css.preset}`}>
          <h2>{preset.title}</h2>
          <p className="dim grow">{preset.description}</p>
          {preset.changes.length === 0 ? (
            <span className="dim">This is so already.</span>
          ) : (
            <Button variant="default" disabled={off} onClick={() => onChoose(preset.changes)}>
              Look at {plural(preset.changes.length, "change")}
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}
