import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { allocationQuery, walletQuery } from "../api/money";
import { peopleQuery, placesQuery, rolesQuery } from "../api/people";
import type { Action, Request } from "../api/types";
import { AllocationDialog } from "../money/AllocationDialog";
import { WalletDialog } from "../money/WalletDialog";
import { GrantDialog } from "../people/GrantDialog";
import { AmendRules } from "../policies/AmendRules";
import { RoleDialog } from "../roles/RoleDialog";
import { useSite } from "../shell/site";

type Of<Name extends Action["action"]> = Extract<Action, { action: Name }>["params"];
interface Amended {
  request: Request;
  onClose: () => void;
}

/** The dialog that what a request asks for was made with, filled with it. */
export function AmendAsk({ request, onClose }: Amended) {
  const { action } = request;
  const rest = { request, onClose };
  switch (action.action) {
    case "set_policies":
      return <AmendRules {...rest} asked={action.params.changes} />;
    case "set_wallet":
    case "set_allocation":
      return <AmendMoney {...rest} action={action.action} subAccount={action.params.sub_account} />;
    case "add_grant":
      return <AmendGrant {...rest} asked={action.params} user={action.params.user} />;
    case "change_grant":
      return <AmendGrant {...rest} asked={action.params} grant={action.params.grant} />;
    case "create_role":
      return <AmendRole {...rest} asked={action.params} code="" />;
    case "change_role":
      return <AmendRole {...rest} asked={action.params} code={action.params.role} />;
    default:
      return null;
  }
}

function AmendMoney({
  request,
  onClose,
  action,
  subAccount,
}: Amended & { action: "set_wallet" | "set_allocation"; subAccount: string }) {
  const site = useSite();
  const navigate = useNavigate();
  const places = useQuery(placesQuery).data;
  const wallet = useQuery({ ...walletQuery(subAccount), enabled: action === "set_wallet" }).data;
  const allocation = useQuery({ ...allocationQuery(subAccount), enabled: action === "set_allocation" }).data;
  const name = places?.subAccounts.find((each) => each.id === subAccount)?.name ?? subAccount;
  const onAsked = ({ id }: Request) => void navigate({ to: "/s/$site/requests/$id", params: { site, id } });
  const rest = { name, amends: request, onClose, onAsked };
  if (wallet) return <WalletDialog of={wallet} {...rest} />;
  return allocation ? <AllocationDialog of={allocation} {...rest} /> : null;
}

function AmendGrant({
  request,
  onClose,
  asked: { role, scope, remark, expires_at, api_access },
  user,
  grant,
}: Amended & { asked: Of<"add_grant"> | Of<"change_grant">; user?: string; grant?: string }) {
  const people = useQuery(peopleQuery).data?.items;
  if (!people) return null;
  const person =
    people.find((each) => each.id === user || each.grants.some((held) => held.id === grant)) ?? null;
  const asked = { role, scope, remark, expires_at, api_access };
  return (
    <GrantDialog
      task={{ kind: "amend", request, person, asked }}
      onClose={onClose}
      // Whom it is for is registered.
      onInvite={onClose}
    />
  );
}

function AmendRole({
  request,
  onClose,
  asked: { name, permissions },
  code,
}: Amended & { asked: Pick<Of<"create_role">, "name" | "permissions">; code: string }) {
  const { data } = useQuery(rolesQuery);
  if (!data) return null;
  return (
    <RoleDialog
      task={{ kind: "amend", request, role: { code, name, permissions } }}
      catalogue={data}
      onClose={onClose}
    />
  );
}
