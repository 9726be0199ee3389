import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { explainQuery, peopleQuery, rolesQuery } from "../api/people";
import { useSession } from "../api/session";
import { useSite } from "../shell/site";
import { roleNames } from "./actions";
import { permissionTitle } from "./permission-words";
import type { Can } from "./permissions";
import { useSeeAs } from "./see-as";

/** What is missing, which roles have it, and which people can give it. */
export function WhyNot({ can }: { can: Can }) {
  const session = useSession();
  const site = useSite();
  const role = useSeeAs((state) => state.role);
  const { data } = useQuery({
    ...explainQuery(session.user.id, can.permission, can.device),
    enabled: role === null,
  });
  const { data: catalogue } = useQuery({ ...rolesQuery, enabled: role !== null });
  const roles = role
    ? (catalogue?.roles
        .filter((each) => each.permissions.includes(can.permission))
        .map((each) => each.name) ?? [])
    : (data?.who_can ?? []);
  return (
    <div className="col" role="status">
      <b>
        {permissionTitle(can.permission)}: not for {role ? `a ${role.name}` : "you"}
        {can.device && " on this device"}
      </b>
      <p className="soft">
        Missing: <span className="num">{data?.missing ?? can.permission}</span>.
        {roles.length > 0 && ` ${roleNames(roles)} ${roles.length === 1 ? "has" : "have"} it.`}
      </p>
      <WhoGives />
      <Link to="/s/$site/roles" params={{ site }} search={{ permission: can.permission }} className="small">
        Who can do this?
      </Link>
    </div>
  );
}

/** Roles are given by whoever manages people: named, to whoever may see people. */
function WhoGives() {
  const session = useSession();
  const may = session.permissions.includes("user.view");
  const { data: people } = useQuery({ ...peopleQuery, enabled: may });
  const { data: catalogue } = useQuery(rolesQuery);
  const giving = catalogue?.roles.filter((role) => role.permissions.includes("user.manage")) ?? [];
  const names = people?.items
    .filter((person) => !person.suspended)
    .filter((person) => person.grants.some((grant) => giving.some((role) => role.name === grant.role_title)))
    .map((person) => person.name);
  if (giving.length === 0) return null;
  const who = roleNames(giving.map((role) => role.name));
  return (
    <p className="soft">
      A role that has it can be given by {who}
      {names && names.length > 0 && ` (${names.slice(0, 5).join(", ")})`}.
    </p>
  );
}
