import { Fragment } from "react";
import css from "./address.module.css";
import { addressesIn, groupsOf } from "./addresses";
import { CopyIcon } from "./copy-icon";

/** An address in groups, its first and last one to compare at a glance. Copied, it has no spaces in it. */
export function Address({ value, copy = false }: { value: string; copy?: boolean }) {
  const groups = groupsOf(value);
  return (
    <>
      <span className={`num ${css.address}`}>
        {groups.map((group, index) => {
          const Tag = index === 0 || index === groups.length - 1 ? "b" : "span";
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: groups have no identity but their place
            <Fragment key={index}>
              {index > 0 && <wbr />}
              <Tag>{group}</Tag>
            </Fragment>
          );
        })}
      </span>
      {copy && (
        <span className={css.copy}>
          <CopyIcon value={value} what="the address" />
        </span>
      )}
    </>
  );
}

/** The old address above the new one, group below group. */
export function AddressChange({ from, to }: { from: string | undefined; to: string }) {
  return (
    <dl className={css.change}>
      <dt>From</dt>
      <dd>{from ? <Addressed text={from} /> : <span className="dim">none</span>}</dd>
      <dt>To</dt>
      <dd>
        <Addressed text={to} />
      </dd>
    </dl>
  );
}

/** A sentence of the server's, with the addresses in it grouped. */
export function Addressed({ text }: { text: string }) {
  return addressesIn(text).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place
      <Address key={index} value={part} />
    ) : (
      part
    ),
  );
}
