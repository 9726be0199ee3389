import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Person } from "../api/account-types";
import { peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import type { PermissionInfo, Policy, RoleCatalogue } from "../api/types";
import { useNodeName, useSite } from "../shell/site";
import { Approvers } from "../ui/approver-list";
import { plural, words } from "../ui/format";
import { judge } from "../ui/permissions";
import { scenarioTitle } from "../ui/scenario-words";
import { Mark } from "./Mark";
import { holders, outcome, rulesOf, same } from "./outcome";
import css from "./Roles.module.css";
import { scopeWords } from "./scope";

/** "Who can do this?": roles, people, and the rule it falls under. */
export function WhoCan({
  permission,
  catalogue,
  policies,
}: {
  permission: PermissionInfo;
  catalogue: RoleCatalogue;
  policies: Policy[];
}) {
  const site = useSite();
  const held = holders(catalogue.roles, permission.name);
  const rules = rulesOf(permission, policies);
  return (
    <dl className={css.who}>
      {permission.reserved && (
        <>
          <dt>Reserved</dt>
          <dd>
            There is nothing yet that it lets anybody do. Roles hold it already, so that they fit on the day
            when there is.
          </dd>
        </>
      )}
      <dt>Roles</dt>
      <dd>
        {held.length === 0 ? (
          "None."
        ) : (
          <ul className="plain row wrap">
            {held.map((role) => (
              <li key={role.name} className={css.chip}>
                <Mark what={outcome(role, permission, policies)} /> {role.name}
              </li>
            ))}
          </ul>
        )}
      </dd>
      <People roles={held.map((role) => role.name)} />
      <dt>Rule</dt>
      <dd>
        {rules.length === 0
          ? permission.scenario
            ? `Falls under ${scenarioTitle(permission.scenario)}.`
            : "None: whoever may do it does it at once."
          : rules.slice(0, 3).map((rule) => (
              <div key={rule.scenario}>
                <Link to="/s/$site/rules" params={{ site }} title={rule.scenario}>
                  {scenarioTitle(rule.scenario)}
                </Link>
                : {plural(rule.required, "approval")}
                {rule.required_other > 0 && `, ${rule.required_other} by somebody else`}, by{" "}
                <Approvers of={rule.approvers} />
              </div>
            ))}
        {rules.length > 3 && <div className="dim">and {rules.length - 3} more of its family</div>}
      </dd>
      <dt>Code</dt>
      <dd>
        <span className="num">{permission.name}</span>
        <span className="dim">
          , {words(permission.risk).toLowerCase()}
          {permission.hashcore && `; in HashCore: “${permission.hashcore}”`}
        </span>
      </dd>
    </dl>
  );
}

/** Names, for whoever may see people. */
function People({ roles }: { roles: string[] }) {
  const session = useSession();
  const may = judge("user.view", session.permissions, undefined).allowed;
  const { data } = useQuery({ ...peopleQuery, enabled: may });
  const nodeName = useNodeName();
  if (!data) return null;
  const holdersOf = data.items
    .filter((person) => !person.suspended)
    .flatMap((person) => matching(person, roles).map((grant) => ({ person, grant })));
  return (
    <>
      <dt>People</dt>
      <dd>
        {holdersOf.length === 0 ? (
          "Nobody has one of these roles."
        ) : (
          <ul className="plain row wrap">
            {holdersOf.slice(0, 30).map(({ person, grant }) => (
              <li key={grant.id} className={css.chip}>
                {person.name}
                <span className="dim">
                  {grant.role_title}, {scopeWords(grant.scope, nodeName)}
                </span>
              </li>
            ))}
            {holdersOf.length > 30 && <li className="dim">and {holdersOf.length - 30} more</li>}
          </ul>
        )}
      </dd>
    </>
  );
}

const matching = (person: Person, roles: string[]) =>
  person.grants.filter((grant) => roles.some((role) => same(role, grant.role_title)));
