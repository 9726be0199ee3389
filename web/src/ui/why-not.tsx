import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import { useSite } from "../shell/site";
import { permissionTitle } from "./permission-words";
import type { Can } from "./permissions";
import { useSeeAs } from "./see-as";

/** What is missing and where, who has it, who can give it and how to ask: the server's own sentence, and the people in it by name. */
export function WhyNot({ can }: { can: Can }) {
  const site = useSite();
  const role = useSeeAs((state) => state.role);
  return (
    <div className="col" role="status">
      <b>
        {permissionTitle(can.permission)}: not for {role ? `a ${role.name}` : "you"}
        {can.device && " on this device"}
      </b>
      <p className="soft">{can.why}</p>
      <Givers ids={can.people ?? []} />
      <Link to="/s/$site/roles" params={{ site }} search={{ permission: can.permission }} className="small">
        Who can do this?
      </Link>
    </div>
  );
}

/** Named to whoever may see people; the server names nobody to others. */
function Givers({ ids }: { ids: string[] }) {
  const session = useSession();
  const may = session.permissions.includes("user.view");
  const { data: people } = useQuery({ ...peopleQuery, enabled: may && ids.length > 0 });
  const names = people?.items.filter((person) => ids.includes(person.id)).map((person) => person.name) ?? [];
  return names.length > 0 && <p className="soft">Who can give it: {names.join(", ")}.</p>;
}
