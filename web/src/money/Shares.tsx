import { Link } from "@tanstack/react-router";
import type { Share } from "../api/money";
import { useNodeName, useSite } from "../shell/site";
import { Address } from "../ui/address";
import { NONE } from "../ui/format";
import css from "./Money.module.css";
import { compared, percent, type Recipient, sameAs } from "./shares";

/** To whom a share goes. */
function To({ recipient, copy = false }: { recipient: Recipient; copy?: boolean }) {
  const nodeName = useNodeName();
  const site = useSite();
  if (recipient.to === "wallet") return "Its own wallet";
  if (recipient.to === "address") return <Address value={recipient.address} copy={copy} />;
  return (
    <Link to="/s/$site/sub-accounts/$id" params={{ site, id: recipient.sub_account }}>
      {nodeName(recipient.sub_account)}
    </Link>
  );
}

/** Who gets how much. */
export function ShareTable({ shares, label }: { shares: readonly Share[]; label: string }) {
  return (
    <table className={`data ${css.shares}`} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Recipient</th>
          <th scope="col" className="r">
            Share
          </th>
        </tr>
      </thead>
      <tbody>
        {shares.map((share) => (
          <tr key={sameAs(share.recipient)}>
            <td>
              <To recipient={share.recipient} copy />
            </td>
            <td className="r num">{percent(share.basis_points)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Who gets how much before and after. */
export function ShareChanges({
  before,
  after,
  label,
}: {
  before: readonly Share[];
  after: readonly Share[];
  label: string;
}) {
  return (
    <table className={`data ${css.shares}`} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Recipient</th>
          <th scope="col" className="r">
            From
          </th>
          <th scope="col" className="r">
            To
          </th>
        </tr>
      </thead>
      <tbody>
        {compared(before, after).map(({ recipient, from, to }) => (
          <tr key={sameAs(recipient)}>
            <td>
              <To recipient={recipient} />
            </td>
            <td className="r num dim">{from === null ? NONE : percent(from)}</td>
            <td className="r num">
              {from === to ? percent(to ?? 0) : <b>{to === null ? "nothing" : percent(to)}</b>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
