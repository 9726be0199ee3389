import { Link } from "@tanstack/react-router";
import type { Share } from "../api/money";
import { useNodeName, useSite } from "../shell/site";
import { Address } from "../ui/address";
import { NONE } from "../ui/format";
import { AmountTable } from "./MoneyCard";
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
    <AmountTable label={label} heads={["Recipient", "Share"]}>
      {shares.map((share) => (
        <tr key={sameAs(share.recipient)}>
          <td>
            <To recipient={share.recipient} copy />
          </td>
          <td className="r num">{percent(share.basis_points)}</td>
        </tr>
      ))}
    </AmountTable>
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
    <AmountTable label={label} heads={["Recipient", "From", "To"]}>
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
    </AmountTable>
  );
}
