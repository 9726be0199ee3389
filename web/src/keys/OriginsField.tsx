import { Radio, Textarea } from "@mantine/core";

/** From where a key may be used. */
export function OriginsField({
  anywhere,
  networks,
  mayWiden,
  onChange,
}: {
  anywhere: boolean;
  networks: string;
  /** Off for a key that is limited already: it only becomes narrower. */
  mayWiden: boolean;
  onChange: (anywhere: boolean, networks: string) => void;
}) {
  return (
    <fieldset className="col gap2" style={{ border: 0, padding: 0, margin: 0 }}>
      <Radio.Group
        label="Used from"
        value={anywhere ? "anywhere" : "networks"}
        onChange={(value) => onChange(value === "anywhere", networks)}
      >
        <div className="row gap3 wrap">
          <Radio value="networks" label="These networks" />
          <Radio value="anywhere" label="Anywhere" disabled={!mayWiden} />
        </div>
      </Radio.Group>
      {!anywhere && (
        <Textarea
          label="Networks"
          description="One on each line: an address, or one with a prefix like 203.0.113.0/24."
          value={networks}
          onChange={(event) => onChange(false, event.currentTarget.value)}
          rows={3}
          maxLength={2000}
          spellCheck={false}
          autoComplete="off"
        />
      )}
    </fieldset>
  );
}
